/* How often the gate's comparison promotes: 200 replays in which the candidate
 * is a refit on other rows of the same distribution, and 200 in which it is
 * that and 3 points better, or 10 % cheaper. Both routers are trained, ask for
 * themselves, and are judged on rows that neither saw. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/bundle_build.h"
#include "router/duel.h"
#include "router/gate.h"
#include "router/replay.h"
#include "router/stat.h"
#include "router/train.h"
#include "tests/unit/matrix_make.h"

#define REPLAYS 200
#define TASKS   3900 /* of a world: two fits and what is judged, alike */

static struct matrix m;

static const struct mx_cell *cell(const void *ctx, int task, int arm)
{
	return matrix_cell(ctx, task, arm);
}

/* part 0, 1: fitted on by the one, the other; 2: judged. Whole groups. */
static int part_of(int task)
{
	return task / 2 % 3; /* groups of two */
}

static struct bundle *fit(int part, struct buf *bytes)
{
	enum mx_side *side = xcalloc((size_t)m.n_tasks, sizeof(*side));
	struct bundle *b = NULL;
	struct train_opts o;
	struct err e;

	for (int t = 0; t < m.n_tasks; t++)
		side[t] = part_of(t) == part ? MX_FIT : MX_OUT;
	train_defaults(&o);
	o.trees = 10;
	o.folds = 2;
	buf_init(bytes, BUNDLE_BYTES_MAX);
	if (train_fit(bytes, &m, side, &o, &e) != RC_OK ||
	    bundle_view(&b, bytes->p, bytes->len, &e) != RC_OK) {
		err_print(&e);
		exit(1);
	}
	free(side);
	return b;
}

/* What a bundle reaches and pays on the judged rows. */
static void play(struct replay *k, const struct bundle *b, int task, double *s,
		 double *c)
{
	struct replay_trail t;
	struct route_ask ask;
	struct decision d;

	replay_ask(k, task, NULL, ROUTE_QUALITY, 1, &ask);
	router_decide(b, &ask, &d);
	replay_walk(k, b, &ask, &d, task, cell, &m, &t);
	*s = t.success;
	*c = t.cost;
}

/* The gate itself, as a night asks it. */
static bool gate(const struct bundle *a, const struct bundle *b, double *price)
{
	enum mx_side *side = xcalloc((size_t)m.n_tasks, sizeof(*side));
	struct gate_opts o;
	struct gate g;

	for (int t = 0; t < m.n_tasks; t++)
		side[t] = part_of(t) == 2 ? MX_JUDGE : MX_OUT;
	gate_defaults(&o);
	gate_compare(a, b, &m, side, &o, &g);
	*price = g.price;
	free(side);
	return g.passed;
}

static int world(uint64_t seed, struct duel_row *rows, bool *passed,
		 double *price)
{
	const struct make_opts with = {.tasks = TASKS,
				       .arms = 3,
				       .classes = 4,
				       .group_size = 2,
				       .prompts = true,
				       .seed = seed};
	double order[3] = {0, 1, 2};
	struct bundle *a, *b;
	struct buf x, y;
	struct replay k;
	int n = 0;

	make_matrix(&m, &with);
	a = fit(0, &x);
	b = fit(1, &y);
	*passed = gate(a, b, price);
	replay_init(&k, &m, order, order, seed);
	for (int t = 0; t < m.n_tasks; t++) {
		struct duel_row *r = &rows[n];

		if (part_of(t) != 2)
			continue;
		*r = (struct duel_row){.group = m.tasks[t].group,
				       .class_id = m.tasks[t].class_id,
				       .weight = 1};
		play(&k, a, t, &r->old_success, &r->old_cost);
		play(&k, b, t, &r->new_success, &r->new_cost);
		n++;
	}
	bundle_drop(a);
	bundle_drop(b);
	buf_release(&x);
	buf_release(&y);
	matrix_release(&m);
	return n;
}

/* The candidate as it is, and truly better by so much. */
static bool promoted(const struct duel_row *rows, int n, double points,
		     double cheaper, double price, uint64_t seed)
{
	struct duel_row *v = xcalloc((size_t)n, sizeof(*v));
	struct duel_result out;
	struct duel_opts o;
	double failed = 0;

	memcpy(v, rows, (size_t)n * sizeof(*v));
	for (int i = 0; i < n; i++)
		failed += (v[i].new_success < 0.5) / (double)n;
	for (int i = 0; i < n; i++) {
		v[i].new_cost *= 1 - cheaper;
		if (v[i].new_success < 0.5 &&
		    stat_uniform(&seed) < points / failed)
			v[i].new_success = 1;
	}
	duel_defaults(&o);
	o.price = price;
	o.boot = 200;
	duel_judge(v, n, 4, &o, &out);
	free(v);
	return out.promote;
}

int main(int argc, char **argv)
{
	int64_t replays = REPLAYS;
	struct duel_row *rows = xcalloc(TASKS, sizeof(*rows));
	int gated = 0, null = 0, points = 0, cheaper = 0;

	if (argc > 1 && !str_i64(str_from(argv[1]), &replays))
		return 2;
	for (int64_t i = 0; i < replays; i++) {
		uint64_t seed = 7000 + (uint64_t)i;
		double price;
		bool passed;
		int n = world(seed, rows, &passed, &price);

		gated += passed;
		null += promoted(rows, n, 0, 0, price, seed);
		points += promoted(rows, n, 0.03, 0, price, seed);
		cheaper += promoted(rows, n, 0, 0.1, price, seed);
	}
	printf("gate: of %lld replays promoted: refit on other rows %d; by duel "
	       "%d, 3 points better %d, 10 %% cheaper "
	       "%d\n",
	       (long long)replays, gated, null, points, cheaper);
	free(rows);
	return 0;
}
