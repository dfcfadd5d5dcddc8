/* How often the gate promotes: 200 replays in which the candidate is a refit on
 * other rows of the same distribution, and 200 in which what serves is made 3
 * points better, or 10 % cheaper. Both routers are trained, decide
 * for themselves, and are judged on rows that neither saw. A refit may truly
 * be better or worse, by luck of its rows: three times as many rows again tell
 * which, and a promotion of one that is not better counts as wrong. */
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
#define TASKS   7800 /* of a world, in six parts */

static struct matrix m;

static const struct mx_cell *cell(const void *ctx, int task, int arm)
{
	return matrix_cell(ctx, task, arm);
}

/* part 0, 1: fitted on by the one, the other; 2: judged; 3: the truth. Whole
 * groups. */
static int part_of(int task)
{
	int at = task / 2 % 6; /* groups of two */

	return at < 3 ? at : 3;
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
static void gate(const struct bundle *a, const struct bundle *b, int part,
		 struct gate *out)
{
	enum mx_side *side = xcalloc((size_t)m.n_tasks, sizeof(*side));
	struct gate_opts o;

	for (int t = 0; t < m.n_tasks; t++)
		side[t] = part_of(t) == part ? MX_JUDGE : MX_OUT;
	gate_defaults(&o);
	gate_compare(a, b, &m, side, &o, out);
	free(side);
}

static int world(uint64_t seed, struct duel_row *rows, struct gate *judged,
		 struct gate *truth)
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
	gate(a, b, 2, judged);
	gate(a, b, 3, truth);
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

/* What serves against itself, made better by so much. */
static bool promoted(const struct duel_row *rows, int n, double points,
		     double cheaper, double price, uint64_t seed)
{
	struct duel_row *v = xcalloc((size_t)n, sizeof(*v));
	struct duel_result out;
	struct duel_opts o;
	double failed = 0;

	memcpy(v, rows, (size_t)n * sizeof(*v));
	for (int i = 0; i < n; i++) { /* what serves, and better */
		v[i].new_success = v[i].old_success;
		v[i].new_cost = v[i].old_cost;
	}
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
	int passed = 0, wrong = 0, points = 0, cheaper = 0;

	if (argc > 1 && !str_i64(str_from(argv[1]), &replays))
		return 2;
	for (int64_t i = 0; i < replays; i++) {
		uint64_t seed = 7000 + (uint64_t)i;
		struct gate judged, truth;
		int n = world(seed, rows, &judged, &truth);

		passed += judged.passed;
		wrong += judged.passed && truth.gain <= 0;
		points += promoted(rows, n, 0.03, 0, judged.price, seed);
		cheaper += promoted(rows, n, 0, 0.1, judged.price, seed);
	}
	printf("gate: of %lld replays promoted: a refit on other rows %d, of "
	       "which %d were not better; 3 points better %d, 10 %% cheaper "
	       "%d (by duel)\n",
	       (long long)replays, passed, wrong, points, cheaper);
	free(rows);
	return 0;
}
