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
 * Of outcome files the truth is not known: there the refit is compared on other
 * tasks too, and what is told is how many promotions these contradict. */
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

struct counts {
	int nulls, null_passed, points, cheaper;
	int better, better_passed, worse, worse_passed;
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

static bool ask(const struct gate_row *rows, int n, double price,
		const struct gate_opts *o)
{
	struct gate g = {.price = price};

	gate_judge(rows, n, m.classes, m.n_classes, o, &g);
	tell(&g);
	return g.passed;
}

/* The candidate, made better by so much. */
static bool improved(const struct gate_row *rows, int n, double price,
		     const struct gate_opts *o, double points, double cheaper)
{
	struct gate_row *v = xcalloc((size_t)n + 1, sizeof(*v));
	uint64_t r = o->seed;
	double failed = 0;
	bool passed;

	memcpy(v, rows, (size_t)n * sizeof(*v));
	for (int i = 0; i < n; i++)
		failed += (v[i].next_success < 0.5) / (double)n;
	for (int i = 0; i < n; i++) {
		v[i].next_usd *= 1 - cheaper;
		if (v[i].next_success < 0.5 &&
		    stat_uniform(&r) < points / failed)
			v[i].next_success = 1;
	}
	passed = ask(v, n, price, o);
	free(v);
	return passed;
}

struct worth {
	double success, usd; /* means */
};

/* A pair, judged on tasks of its own; one that is no better, on several sets of
 * them. */
static void replay(struct bundle *const *b, const struct worth *true_worth,
		   int i, int k, int set, uint64_t seed, struct counts *c)
{
	int from = FITS * FIT_TASKS + set * JUDGE_TASKS, n;
	double points = true_worth[k].success - true_worth[i].success;
	double share = true_worth[k].usd / true_worth[i].usd - 1;
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
		c->nulls++;
		c->null_passed += g.passed;
		c->points += improved(rows, n, g.price, &o, 0.03, 0);
		c->cheaper += improved(rows, n, g.price, &o, 0, 0.1);
	} else if (points - g.price * share * true_worth[i].usd > 0) {
		c->better++;
		c->better_passed += g.passed;
	} else {
		c->worse++;
		c->worse_passed += g.passed;
	}
	fprintf(stderr, "truly %+.4f %+.4f: ", points, share);
	tell(&g);
	free(side);
	free(rows);
}

/* What each bundle is truly worth; they are even in number. */
static void truths(struct bundle *const *b, struct worth *out)
{
	enum mx_side *side = xcalloc(TASKS, sizeof(*side));
	struct gate_row *rows = xcalloc(TASKS, sizeof(*rows));
	struct gate_opts o;
	struct gate g;

	gate_defaults(&o);
	o.boot = 1;
	sides(TASKS - TRUE_TASKS, TASKS, MX_JUDGE, side);
	for (int i = 0; i < FITS; i += 2) {
		gate_compare(b[i], b[i + 1], &m, side, &o, &g);
		out[i] = (struct worth){g.now.success, g.now.usd};
		out[i + 1] = (struct worth){g.next.success, g.next.usd};
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

	for (int s = 0; s < sets && c->nulls < most; s++)
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
		c->nulls, c->null_passed, c->points, c->cheaper);
	free(side);
	matrix_release(&m);
}

static void generated(int64_t replays)
{
	struct counts c = {0};

	for (uint64_t w = 0; w < WORLDS_MAX && c.nulls < replays; w++)
		play_world(7000 + w, replays, &c);
	printf("gate: of %d replays with a refit that is no better %d "
	       "promoted; made 3 points better %d, made 10 %% cheaper %d\n"
	       "gate: beside these, of %d refits truly better %d promoted, of "
	       "%d truly worse %d\n",
	       c.nulls, c.null_passed, c.points, c.cheaper, c.better,
	       c.better_passed, c.worse, c.worse_passed);
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

static void of_files(int64_t replays, const char *const *files, int n_files)
{
	struct mx_opts mx = {0};
	struct gate_row *rows;
	struct gate_opts o;
	int passed = 0, wrong = 0, points = 0, cheaper = 0;
	struct err e;

	gate_defaults(&o);
	matrix_init(&m);
	if (matrix_read(&m, files, n_files, &mx, &e) != RC_OK) {
		err_print(&e);
		exit(1);
	}
	rows = xcalloc((size_t)m.n_tasks, sizeof(*rows));
	for (int64_t i = 0; i < replays; i++) {
		uint64_t seed = 9000 + (uint64_t)i;
		struct buf x, y;
		struct bundle *a = fit_part(0, seed, &x);
		struct bundle *b = fit_part(1, seed, &y);
		struct gate again, g;
		int n;

		play_part(a, b, 3, seed, rows, &again);
		n = play_part(a, b, 2, seed, rows, &g);
		passed += g.passed;
		wrong += g.passed && again.gain <= 0;
		o.seed = seed;
		points += improved(rows, n, g.price, &o, 0.03, 0);
		cheaper += improved(rows, n, g.price, &o, 0, 0.1);
		fprintf(stderr,
			"%lld: %d judged, gain %+.4f, again %+.4f: %s\n",
			(long long)i, n, g.gain, again.gain, g.reason);
		bundle_drop(a);
		bundle_drop(b);
		buf_release(&x);
		buf_release(&y);
	}
	printf("gate: of %lld refits on other rows of the files %d promoted, "
	       "of which %d were no better on yet others; made 3 points better "
	       "%d, made 10 %% cheaper %d\n",
	       (long long)replays, passed, wrong, points, cheaper);
	free(rows);
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
