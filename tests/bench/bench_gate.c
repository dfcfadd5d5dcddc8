/* How often the gate promotes, asked as a night asks it: bundles are trained,
 * decide for themselves, and are judged on tasks that neither was made from.
 *
 *   bench_gate [REPLAYS [FILE...]]
 *
 * A replay is a bundle that serves and a candidate that was fitted on as many
 * other tasks of the same distribution. Such a refit may truly be better, by
 * luck of its rows. What it is truly worth is known from tasks whose success
 * and cost are told as what they were drawn from: within half a point and 3 %
 * of cost it is no better, and a promotion of it is wrong. Replays go on until
 * there are REPLAYS (200) of those. Each of them is then made truly better by 3
 * points, or 10 % cheaper, and asked about again.
 *
 * A pair that is alike in total need not be so in each class: where one model
 * is almost as good as a dearer one, two fits may choose differently, and the
 * one pays twice as much in that class for a quarter of a point. A candidate
 * that is better in total then may have a class that is truly worse, and
 * refusing it is what the gate promises. So it is told how many have such a
 * class (worse by more than a point of success, costs at what a dollar buys on
 * the class's own hull; and, apart, on that of all), and how many of those were
 * promoted. None are left out of the other counts.
 *
 * Of outcome files the truth is not known: there the refit is compared on other
 * tasks too, by gain at what a dollar buys. Refits on a quarter of a file
 * differ by more than what they are made better by (30 % of cost and more): a
 * dear one made 10 % cheaper is still dear. So it is told how many were better
 * on other tasks, and of those how many were promoted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "router/bundle_build.h"
#include "router/gate.h"
#include "router/stat.h"
#include "router/train.h"

#define REPLAYS     200
#define FITS        6    /* bundles of a world */
#define FIT_TASKS   4000 /* that each learns from */
#define JUDGE_TASKS 1500 /* of a replay */
#define TRUE_TASKS  8000
#define SETS        4 /* that judge a pair that is no better */
#define PAIRS       (FITS * (FITS - 1))
#define TASKS       (FITS * FIT_TASKS + PAIRS * JUDGE_TASKS + TRUE_TASKS)
#define ARMS        5
#define CLASSES     6
#define WORLDS_MAX  60
#define SAME_POINTS 0.005
#define SAME_COST   0.03
#define CLASS_WORSE 0.01 /* of success */

static struct matrix m;

/* ---- a world ---- */

struct world {
	double ability[ARMS], usd[ARMS];
	double hard[CLASSES];         /* mean difficulty of a class */
	double liking[CLASSES][ARMS]; /* of a class for an arm */
};

static double normal(uint64_t *r)
{
	double u = fmax(stat_uniform(r), 1e-12);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * stat_uniform(r));
}

static void world_make(struct world *w, uint64_t *r)
{
	for (int a = 0; a < ARMS; a++) {
		w->ability[a] = 0.5 * a + 0.2 * normal(r);
		w->usd[a] = 0.004 * pow(3, a) * exp(0.2 * normal(r));
	}
	for (int c = 0; c < CLASSES; c++) {
		w->hard[c] = 0.2 + 0.9 * normal(r);
		for (int a = 0; a < ARMS; a++)
			w->liking[c][a] = 0.35 * normal(r);
	}
}

/* A prompt tells a part of the difficulty and of the cost. */
static int vector(double hard, double size, float *x)
{
	struct buf b;
	int n, words = (int)fmin(fmax(3 * hard + 8, 0), 24);

	buf_init(&b, 1 << 16);
	buf_adds(&b, "Please print the list");
	for (int i = 0; i < words; i++)
		buf_adds(&b, " and debug the race condition, prove it;");
	for (int i = 0; i < (int)(6 * size) && i < 60; i++)
		buf_adds(&b, " line of a file");
	n = feature_text((struct str){b.p, b.len}, x);
	buf_release(&b);
	return n;
}

struct task {
	double hard, size, shared; /* what all arms find in it */
	int class_id;
};

static void add_arm(struct mx_build *b, const struct world *w,
		    const struct task *t, int at, int arm, const float *x,
		    int n, uint64_t *r)
{
	bool truth = at >= TASKS - TRUE_TASKS;
	double usd = w->usd[arm] * t->size * exp(0.4 * normal(r));
	double fit = w->ability[arm] + w->liking[t->class_id][arm] - t->hard;
	/* arms fail together: a half of what decides is the task's own */
	double z = fit + 0.7 * t->shared + 0.7 * normal(r);
	char id[32], class_name[32], model[32], repo[32];
	struct ev_trial trial = {
		.source = STR("made"),
		.at_us = TIME_NONE,
		.features = x,
		.n_features = n,
		.feature_schema = feature_schema(),
		.success_micro = z > 0 ? 1000000 : 0,
		.cost_pusd = (int64_t)(usd * 1e12),
	};
	struct err e;

	if (truth) { /* what the verdict and the cost are drawn from */
		trial.success_micro = (int32_t)(5e5 * erfc(-fit / M_SQRT2));
		trial.cost_pusd = (int64_t)(w->usd[arm] * t->size *
					    exp(0.4 * 0.4 / 2) * 1e12);
	}
	snprintf(id, sizeof(id), "t%d", at);
	snprintf(class_name, sizeof(class_name), "c%d", t->class_id);
	snprintf(model, sizeof(model), "m%d", arm);
	snprintf(repo, sizeof(repo), "a/r%d", at / 2);
	trial.task_ext_id = str_from(id);
	trial.task_class = str_from(class_name);
	trial.model = str_from(model);
	if (mx_build_add(b, &trial, str_from(repo), false, &e) != RC_OK)
		exit(1);
}

static void make(uint64_t seed)
{
	struct mx_build *b;
	struct world w;
	struct err e;
	uint64_t r = stat_mix(seed);

	matrix_init(&m);
	b = mx_build_new(&m, &(struct mx_opts){.group_by = "repo"});
	world_make(&w, &r);
	for (int i = 0; i < TASKS; i++) {
		struct task t = {.class_id = (int)(stat_uniform(&r) * CLASSES),
				 .size = exp(0.5 * normal(&r)),
				 .shared = normal(&r)};
		float x[FEATURE_MAX];
		int n;

		t.hard = w.hard[t.class_id] + 0.8 * normal(&r);
		n = vector(t.hard, t.size, x);
		for (int a = 0; a < ARMS; a++)
			add_arm(b, &w, &t, i, a, x, n, &r);
	}
	if (mx_build_end(b, &e) != RC_OK)
		exit(1);
}

/* ---- bundles ---- */

static void sides(int from, int to, enum mx_side what, enum mx_side *side)
{
	for (int t = 0; t < m.n_tasks; t++)
		side[t] = t >= from && t < to ? what : MX_OUT;
}

static struct bundle *fit(const enum mx_side *side, uint64_t seed,
			  struct buf *bytes)
{
	struct bundle *b = NULL;
	struct train_opts o;
	struct err e;

	train_defaults(&o);
	o.trees = 20;
	o.depth = 4;
	o.folds = 2;
	o.protos = 100;
	o.seed = seed;
	buf_init(bytes, BUNDLE_BYTES_MAX);
	if (train_fit(bytes, &m, side, &o, &e) != RC_OK ||
	    bundle_view(&b, bytes->p, bytes->len, &e) != RC_OK) {
		err_print(&e);
		exit(1);
	}
	return b;
}

/* ---- what is counted ---- */

/* Candidates, and those of them that have a class which is truly worse at its
 * own price, or at that of all. */
struct tally {
	int n, passed, own, own_passed, all, all_passed;
};

struct counts {
	struct tally null, points, cheaper, better, worse;
};

/* For whoever looks into it. */
static void tell(const struct gate *g)
{
	fprintf(stderr,
		"passed %d gain %+.4f low %+.4f success %+.4f low %+.4f "
		"saved %+.4f low %+.4f price %.4f %s\n",
		g->passed, g->gain, g->gain_low,
		g->next.success - g->now.success, g->success_low,
		g->saved_usd / g->now.usd, g->saved_low_usd / g->now.usd,
		g->price * g->now.usd, g->reason);
}

static bool is_null(double points, double share)
{
	return fabs(points) <= SAME_POINTS && fabs(share) <= SAME_COST;
}

/* The candidate, made better by so much. */
static struct gate improved(const struct gate_row *rows, int n, double price,
			    const struct gate_opts *o, double points,
			    double cheaper)
{
	struct gate_row *v = xcalloc((size_t)n + 1, sizeof(*v));
	struct gate g = {.price = price};
	uint64_t r = o->seed;
	double failed = 0;

	memcpy(v, rows, (size_t)n * sizeof(*v));
	for (int i = 0; i < n; i++)
		failed += (v[i].next_success < 0.5) / (double)n;
	for (int i = 0; i < n; i++) {
		v[i].next_usd *= 1 - cheaper;
		if (v[i].next_success < 0.5 &&
		    stat_uniform(&r) < points / failed)
			v[i].next_success = 1;
	}
	gate_judge(v, n, m.classes, m.n_classes, o, &g);
	tell(&g);
	free(v);
	return g;
}

struct worth {
	double success, usd, price; /* means; success that a dollar buys */
	struct worth_class {
		double success, usd, price, n;
	} class[CLASSES];
};

/* Whether a class of `next`, made better by so much, is truly worse. */
static bool hurts(const struct worth *now, const struct worth *next, bool own,
		  double points, double cheaper)
{
	for (int k = 0; k < CLASSES; k++) {
		const struct worth_class *a = &now->class[k],
					 *b = &next->class[k];
		double mended = points / (1 - next->success);
		double success = b->success + mended * (1 - b->success);
		double usd = b->usd * (1 - cheaper);

		if (success - a->success -
			    (own ? a->price : now->price) * (usd - a->usd) <
		    -CLASS_WORSE)
			return true;
	}
	return false;
}

static void count(struct tally *t, bool passed, const struct worth *now,
		  const struct worth *next, double points, double cheaper)
{
	bool own = hurts(now, next, true, points, cheaper);
	bool all = hurts(now, next, false, points, cheaper);

	t->n++;
	t->passed += passed;
	t->own += own;
	t->own_passed += own && passed;
	t->all += all;
	t->all_passed += all && passed;
	fprintf(stderr,
		"%s, a class is truly worse: at its price %s, at that "
		"of all %s\n",
		passed ? "promoted" : "refused", own ? "yes" : "no",
		all ? "yes" : "no");
}

/* A pair, judged on tasks of its own; one that is no better, on several sets of
 * them. */
static void replay(struct bundle *const *b, const struct worth *true_worth,
		   int i, int k, int set, uint64_t seed, struct counts *c)
{
	int from = FITS * FIT_TASKS + set * JUDGE_TASKS, n;
	const struct worth *now = &true_worth[i], *next = &true_worth[k];
	double points = next->success - now->success;
	double share = next->usd / now->usd - 1;
	enum mx_side *side = xcalloc(TASKS, sizeof(*side));
	struct gate_row *rows = xcalloc(TASKS, sizeof(*rows));
	struct gate_opts o;
	struct gate g;

	gate_defaults(&o);
	o.seed = seed;
	sides(from, from + JUDGE_TASKS, MX_JUDGE, side);
	n = gate_play(b[i], b[k], &m, side, &o, rows, &g);
	gate_judge(rows, n, m.classes, m.n_classes, &o, &g);
	if (is_null(points, share)) {
		bool better = improved(rows, n, g.price, &o, 0.03, 0).passed;
		bool cheaper = improved(rows, n, g.price, &o, 0, 0.1).passed;

		count(&c->null, g.passed, now, next, 0, 0);
		count(&c->points, better, now, next, 0.03, 0);
		count(&c->cheaper, cheaper, now, next, 0, 0.1);
	} else {
		bool better = points - g.price * share * now->usd > 0;

		count(better ? &c->better : &c->worse, g.passed, now, next, 0,
		      0);
	}
	fprintf(stderr, "truly %+.4f %+.4f: ", points, share);
	tell(&g);
	free(side);
	free(rows);
}

static void classes_of(const struct gate_row *rows, int n, struct worth *out)
{
	for (int i = 0; i < n; i++) {
		struct worth_class *k = &out->class[rows[i].class_id];

		k->n++;
		k->success += (rows[i].now_success - k->success) / k->n;
		k->usd += (rows[i].now_usd - k->usd) / k->n;
		k->price = rows[i].price;
	}
}

/* What each bundle is truly worth. */
static void truths(struct bundle *const *b, struct worth *out)
{
	enum mx_side *side = xcalloc(TASKS, sizeof(*side));
	struct gate_row *rows = xcalloc(TASKS, sizeof(*rows));
	struct gate_opts o;
	struct gate g;

	gate_defaults(&o);
	o.boot = 1;
	sides(TASKS - TRUE_TASKS, TASKS, MX_JUDGE, side);
	for (int i = 0; i < FITS; i++) {
		int n = gate_play(b[i], b[i], &m, side, &o, rows, &g);

		gate_judge(rows, n, m.classes, m.n_classes, &o, &g);
		out[i] = (struct worth){.success = g.now.success,
					.usd = g.now.usd,
					.price = g.price};
		classes_of(rows, n, &out[i]);
	}
	free(side);
	free(rows);
}

static void replays_of(struct bundle *const *b, const struct worth *worth,
		       int i, int k, int pair, uint64_t seed, int64_t most,
		       struct counts *c)
{
	double points = worth[k].success - worth[i].success;
	double share = worth[k].usd / worth[i].usd - 1;
	int sets = is_null(points, share) ? SETS : 1;

	for (int s = 0; s < sets && c->null.n < most; s++)
		replay(b, worth, i, k, (pair + s * 7) % PAIRS,
		       seed * 1000 + (uint64_t)(pair * SETS + s), c);
}

static void play_world(uint64_t seed, int64_t most, struct counts *c)
{
	enum mx_side *side = xcalloc(TASKS, sizeof(*side));
	struct bundle *b[FITS];
	struct worth worth[FITS];
	struct buf bytes[FITS];
	int pair = 0;

	make(seed);
	for (int i = 0; i < FITS; i++) {
		sides(i * FIT_TASKS, (i + 1) * FIT_TASKS, MX_FIT, side);
		b[i] = fit(side, seed + (uint64_t)i, &bytes[i]);
	}
	truths(b, worth);
	for (int i = 0; i < FITS; i++) {
		for (int k = 0; k < FITS; k++) {
			if (i != k)
				replays_of(b, worth, i, k, pair++, seed, most,
					   c);
		}
	}
	for (int i = 0; i < FITS; i++) {
		fprintf(stderr, "world %llu: bundle %d %.4f at $%.5f\n",
			(unsigned long long)seed, i, worth[i].success,
			worth[i].usd);
		bundle_drop(b[i]);
		buf_release(&bytes[i]);
	}
	fprintf(stderr, "so far %d null, %d promoted; %d, %d when better\n",
		c->null.n, c->null.passed, c->points.passed, c->cheaper.passed);
	free(side);
	matrix_release(&m);
}

static void print_hurt(const char *what, const struct tally *t)
{
	printf("gate: %s: %d of %d have a class that is truly worse by a point "
	       "at its own price, %d of them promoted; of the others %d of %d; "
	       "at the price of all %d, %d promoted\n",
	       what, t->own, t->n, t->own_passed, t->passed - t->own_passed,
	       t->n - t->own, t->all, t->all_passed);
}

static void generated(int64_t replays)
{
	struct counts c = {0};

	for (uint64_t w = 0; w < WORLDS_MAX && c.null.n < replays; w++)
		play_world(7000 + w, replays, &c);
	printf("gate: of %d replays with a refit that is no better %d "
	       "promoted; made 3 points better %d, made 10 %% cheaper %d\n"
	       "gate: beside these, of %d refits truly better %d promoted, of "
	       "%d truly worse %d\n",
	       c.null.n, c.null.passed, c.points.passed, c.cheaper.passed,
	       c.better.n, c.better.passed, c.worse.n, c.worse.passed);
	print_hurt("no better", &c.null);
	print_hurt("3 points better", &c.points);
	print_hurt("10 % cheaper", &c.cheaper);
	print_hurt("refits truly better", &c.better);
	print_hurt("refits truly worse", &c.worse);
}

/* ---- outcome files ---- */

/* 0, 1: fitted on by the one, the other; 2: judged; 3: compared again. */
static int part_of(int task, uint64_t seed)
{
	return (int)(stat_mix(m.tasks[task].group ^ stat_mix(seed)) >> 20) & 3;
}

static struct bundle *fit_part(int part, uint64_t seed, struct buf *bytes)
{
	enum mx_side *side = xcalloc((size_t)m.n_tasks, sizeof(*side));
	struct bundle *b;

	for (int t = 0; t < m.n_tasks; t++)
		side[t] = part_of(t, seed) == part ? MX_FIT : MX_OUT;
	b = fit(side, seed, bytes);
	free(side);
	return b;
}

static int play_part(const struct bundle *a, const struct bundle *b, int part,
		     uint64_t seed, struct gate_row *rows, struct gate *g)
{
	enum mx_side *side = xcalloc((size_t)m.n_tasks, sizeof(*side));
	struct gate_opts o;
	int n;

	for (int t = 0; t < m.n_tasks; t++)
		side[t] = part_of(t, seed) == part ? MX_JUDGE : MX_OUT;
	gate_defaults(&o);
	o.seed = seed;
	n = gate_play(a, b, &m, side, &o, rows, g);
	gate_judge(rows, n, m.classes, m.n_classes, &o, g);
	free(side);
	return n;
}

/* A pair on the tasks that judge, and on yet others. */
struct pair {
	struct gate_row *rows, *other;
	int n, n_other;
	struct gate g, again;
};

/* The candidate made better: it may be dearer than what serves all the same. */
static void count_file(const struct pair *p, uint64_t seed, double points,
		       double cheaper, struct tally *t)
{
	struct gate_opts o;
	struct gate g, again;

	gate_defaults(&o);
	o.seed = seed;
	g = improved(p->rows, p->n, p->g.price, &o, points, cheaper);
	again = improved(p->other, p->n_other, p->again.price, &o, points,
			 cheaper);
	t->n++;
	t->passed += g.passed;
	t->all += again.gain > 0;
	t->all_passed += g.passed && again.gain > 0;
}

static void replay_file(uint64_t seed, struct pair *p, struct counts *c)
{
	struct buf x, y;
	struct bundle *a = fit_part(0, seed, &x), *b = fit_part(1, seed, &y);

	p->n_other = play_part(a, b, 3, seed, p->other, &p->again);
	p->n = play_part(a, b, 2, seed, p->rows, &p->g);
	c->null.n++;
	c->null.passed += p->g.passed;
	c->null.all_passed += p->g.passed && p->again.gain > 0;
	count_file(p, seed, 0.03, 0, &c->points);
	count_file(p, seed, 0, 0.1, &c->cheaper);
	fprintf(stderr,
		"%llu: %d judged, gain %+.4f, saved %+.4f, again %+.4f, "
		"%+.4f: %s\n",
		(unsigned long long)seed, p->n, p->g.gain,
		p->g.saved_usd / p->g.now.usd, p->again.gain,
		p->again.saved_usd / p->again.now.usd, p->g.reason);
	bundle_drop(a);
	bundle_drop(b);
	buf_release(&x);
	buf_release(&y);
}

static void of_files(int64_t replays, const char *const *files, int n_files)
{
	struct mx_opts mx = {0};
	struct counts c = {0};
	struct pair p;
	struct err e;

	matrix_init(&m);
	if (matrix_read(&m, files, n_files, &mx, &e) != RC_OK) {
		err_print(&e);
		exit(1);
	}
	p.rows = xcalloc((size_t)m.n_tasks, sizeof(*p.rows));
	p.other = xcalloc((size_t)m.n_tasks, sizeof(*p.other));
	for (int64_t i = 0; i < replays; i++)
		replay_file(9000 + (uint64_t)i, &p, &c);
	printf("gate: of %d refits on other rows of the files %d promoted, "
	       "of which %d were better on yet others; made 3 points better "
	       "%d promoted, %d of the %d that were better on others; made "
	       "10 %% cheaper %d, %d of %d\n",
	       c.null.n, c.null.passed, c.null.all_passed, c.points.passed,
	       c.points.all_passed, c.points.all, c.cheaper.passed,
	       c.cheaper.all_passed, c.cheaper.all);
	free(p.rows);
	free(p.other);
	matrix_release(&m);
}

int main(int argc, char **argv)
{
	int64_t replays = REPLAYS;

	if (argc > 1 && !str_i64(str_from(argv[1]), &replays))
		return 2;
	if (argc > 2)
		of_files(replays, (const char *const *)argv + 2, argc - 2);
	else
		generated(replays);
	return 0;
}
