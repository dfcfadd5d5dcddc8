/* The oracle: exact where all is seen, and where it is hidden its interval
 * covers the truth about as often as it says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/oracle.h"
#include "router/stat.h"
#include "tests/shared.h"

#define ARMS_MAX 16

/* A full matrix: what every arm did on every task. */
struct world {
	int n, arms, classes;
	int *class_id;
	struct mx_cell *cell; /* [task * arms + arm] */
	int tiers[ARMS_MAX];
};

static void world_init(struct world *w, int n, int arms, int classes)
{
	*w = (struct world){.n = n, .arms = arms, .classes = classes};
	w->class_id = xcalloc((size_t)n, sizeof(*w->class_id));
	w->cell = xcalloc((size_t)n * (size_t)arms, sizeof(*w->cell));
	for (int a = 0; a < arms; a++)
		w->tiers[a] = 1 + 4 * a / (arms > 1 ? arms - 1 : 1);
}

static void world_release(struct world *w)
{
	free(w->class_id);
	free(w->cell);
}

/* Stronger arms cost more and succeed more; arms of a task share a difficulty
 * that the class tells only a part of. */
static void generate(struct world *w, int n, uint64_t seed)
{
	uint64_t r = seed;

	world_init(w, n, 4, 5);
	for (int t = 0; t < n; t++) {
		double z = stat_normal(0.001 + 0.998 * stat_uniform(&r));

		w->class_id[t] = (int)(stat_uniform(&r) * w->classes);
		for (int a = 0; a < w->arms; a++) {
			double x = 0.3 * a - 0.3 * w->class_id[t] + 0.4 -
				   0.7 * z -
				   0.7 * stat_normal(0.001 +
						     0.998 * stat_uniform(&r));
			double cost =
				pow(3, a) * 0.01 * (0.5 + stat_uniform(&r));

			w->cell[t * w->arms + a] = (struct mx_cell){
				.success = x > 0,
				.cost_pusd = (int64_t)(cost * 1e12),
				.propensity = 1};
		}
	}
}

static double true_oracle(const struct world *w)
{
	double sum = 0;

	for (int t = 0; t < w->n; t++) {
		const struct mx_cell *c = &w->cell[t * w->arms];
		int64_t best = INT64_MAX, cheapest = INT64_MAX;

		for (int a = 0; a < w->arms; a++) {
			if (c[a].cost_pusd < cheapest)
				cheapest = c[a].cost_pusd;
			if ((double)c[a].success >= ORACLE_CUT &&
			    c[a].cost_pusd < best)
				best = c[a].cost_pusd;
		}
		sum += (double)(best < INT64_MAX ? best : cheapest) / 1e12;
	}
	return sum;
}

/* What a log of one hiding holds, and a model of class means fitted on it. */
struct logged {
	struct oracle_in *in;
	struct mx_cell *seen;
	float *p;
	int64_t *est;
};

static void logged_init(struct logged *l, const struct world *w)
{
	size_t cells = (size_t)w->n * (size_t)w->arms;

	l->in = xcalloc((size_t)w->n, sizeof(*l->in));
	l->seen = xcalloc(cells, sizeof(*l->seen));
	l->p = xcalloc((size_t)(w->classes * w->arms), sizeof(*l->p));
	l->est = xcalloc((size_t)(w->classes * w->arms), sizeof(*l->est));
}

static void logged_release(struct logged *l)
{
	free(l->in);
	free(l->seen);
	free(l->p);
	free(l->est);
}

/* Half of the decisions by the policy (a middling arm by class), half drawn;
 * on `shadow` of the tasks every arm runs. */
static void hide(const struct world *w, uint64_t seed, double shadow,
		 struct logged *l)
{
	const double explore = 0.5;
	uint64_t r = seed;

	for (int t = 0; t < w->n; t++) {
		int liked = (w->class_id[t] + w->arms / 2) % w->arms;
		bool drawn = stat_uniform(&r) < explore;
		int arm = drawn ? (int)(stat_uniform(&r) * w->arms) : liked;
		bool all = stat_uniform(&r) < shadow;
		const struct mx_cell *c = &w->cell[t * w->arms];

		for (int a = 0; a < w->arms; a++) {
			struct mx_cell *s = &l->seen[t * w->arms + a];

			*s = c[a];
			if (a != arm && !all)
				*s = (struct mx_cell){.success = NAN,
						      .cost_pusd = MONEY_NONE};
		}
		l->in[t] = (struct oracle_in){
			.arm = arm,
			.success = c[arm].success,
			.cost_pusd = c[arm].cost_pusd,
			.propensity = (float)(explore / w->arms +
					      (arm == liked ? 1 - explore : 0)),
			.all_propensity = (float)shadow,
			.p = l->p + w->class_id[t] * w->arms,
			.est_pusd = l->est + w->class_id[t] * w->arms,
			.seen = l->seen + t * w->arms,
		};
	}
}

/* Class means of what was seen, shrunk; worse than any trained model. */
static void model(const struct world *w, struct logged *l)
{
	size_t cells = (size_t)(w->classes * w->arms);
	double *n = xcalloc(2 * cells, sizeof(*n)), *s = n + cells;
	double all[ARMS_MAX] = {0}, won[ARMS_MAX] = {0}, cost[ARMS_MAX] = {0};
	double *c = xcalloc(cells, sizeof(*c));

	for (int t = 0; t < w->n; t++) {
		int a = l->in[t].arm, at = w->class_id[t] * w->arms + a;
		double y = (double)l->in[t].success >= ORACLE_CUT;

		n[at]++;
		s[at] += y;
		c[at] += (double)l->in[t].cost_pusd;
		all[a]++;
		won[a] += y;
		cost[a] += (double)l->in[t].cost_pusd;
	}
	for (size_t i = 0; i < cells; i++) {
		size_t a = i % (size_t)w->arms;
		double rate = (won[a] + 0.5) / (all[a] + 1);

		l->p[i] = (float)((s[i] + 4 * rate) / (n[i] + 4));
		l->est[i] = (int64_t)((c[i] + 4 * cost[a] / fmax(all[a], 1)) /
				      (n[i] + 4));
	}
	free(n);
	free(c);
}

struct tally {
	int runs, covered;
	double width; /* mean, as a share of the gap */
};

static void hide_often(const struct world *w, int runs, double shadow,
		       struct tally *out)
{
	double truth = true_oracle(w);
	struct logged l;

	*out = (struct tally){.runs = runs};
	logged_init(&l, w);
	for (int i = 0; i < runs; i++) {
		struct oracle_out o;

		hide(w, 1000 + (uint64_t)i, shadow, &l);
		model(w, &l);
		oracle_estimate(l.in, w->n, w->arms, w->tiers, 200, 1, &o);
		assert_true(o.randomised);
		out->covered +=
			o.oracle_low_usd <= truth && truth <= o.oracle_high_usd;
		out->width += (o.oracle_high_usd - o.oracle_low_usd) /
			      fabs(o.paid_usd - truth) / runs;
	}
	logged_release(&l);
	print_message("shadow %.0f %%: %d of %d covered, width %.3f of the "
		      "gap\n",
		      100 * shadow, out->covered, runs, out->width);
}

static void generated(void **state)
{
	struct tally t;
	struct world w;

	(void)state;
	generate(&w, 1000, 5);
	hide_often(&w, 200, 0, &t);
	assert_in_range(t.covered, 170, 200);
	world_release(&w);
	generate(&w, 4000, 6);
	hide_often(&w, 200, 0.1, &t);
	assert_in_range(t.covered, 170, 195);
	assert_true(t.width < 0.25);
	world_release(&w);
}

/* All that there is to see is seen: no interval but that of the sample. */
static void whole(void **state)
{
	struct oracle_out o;
	struct logged l;
	struct world w;

	(void)state;
	generate(&w, 300, 9);
	logged_init(&l, &w);
	hide(&w, 1, 1, &l);
	model(&w, &l);
	oracle_estimate(l.in, w.n, w.arms, w.tiers, 200, 1, &o);
	assert_int_equal(o.judged, 300);
	assert_int_equal(o.observed, 300);
	assert_false(o.randomised);
	assert_true(fabs(o.oracle_usd - true_oracle(&w)) < 1e-9);
	assert_true(o.oracle_low_usd < o.oracle_usd);
	assert_true(o.oracle_high_usd > o.oracle_usd);
	assert_true(fabs(o.oracle_success_low - o.oracle_success_high) < 1e-9);
	assert_true(o.strongest_usd > o.oracle_usd);
	assert_true(o.capture < 1);
	logged_release(&l);
	world_release(&w);
}

/* Nothing to go by: no crash, no figure out of the air. */
static void bare(void **state)
{
	const int tiers[] = {1, 5};
	struct oracle_in in[3] = {
		{.arm = 1, .success = NAN, .propensity = 1},
		{.arm = 1,
		 .success = 1,
		 .cost_pusd = PUSD_PER_USD,
		 .propensity = 1},
		{.arm = 7,
		 .success = 0,
		 .cost_pusd = PUSD_PER_USD,
		 .propensity = 0.5F},
	};
	struct oracle_out o;

	(void)state;
	oracle_estimate(in, 3, 2, tiers, 100, 1, &o);
	assert_int_equal(o.judged, 2);
	assert_int_equal(o.observed, 0);
	assert_true(o.oracle_usd > 1.99 && o.oracle_usd < 2.01);
	oracle_estimate(in, 1, 2, tiers, 100, 1, &o);
	assert_int_equal(o.judged, 0);
	oracle_estimate(in, 3, 1000, tiers, 100, 1, &o);
	assert_int_equal(o.judged, 0);
	oracle_estimate(NULL, 0, 2, tiers, 100, 1, &o);
	assert_int_equal(o.judged, 0);
	assert_true(isnan(o.capture));
}

/* Real outcomes, where they are. */
static void benchmark(void **state)
{
	char *path = shared_need("coderouterbench_id");
	const char *const paths[] = {path};
	struct matrix m;
	struct tally t;
	struct world w;
	struct err e;
	int n = 0;

	(void)state;
	matrix_init(&m);
	assert_int_equal(matrix_read(&m, paths, 1, &(struct mx_opts){0}, &e),
			 RC_OK);
	world_init(&w, m.n_tasks, m.n_arms, m.n_classes);
	for (int i = 0; i < m.n_tasks; i++) {
		bool full = m.tasks[i].judge;

		for (int a = 0; a < m.n_arms; a++)
			full &= mx_seen(&m, i, a);
		if (!full)
			continue;
		w.class_id[n] = m.tasks[i].class_id;
		for (int a = 0; a < m.n_arms; a++)
			w.cell[n * m.n_arms + a] = *matrix_cell(&m, i, a);
		n++;
	}
	w.n = n;
	matrix_release(&m);
	free(path);
	hide_often(&w, 200, 0.1, &t);
	assert_in_range(t.covered, 170, 195);
	assert_true(t.width < 0.25);
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(bare),
		cmocka_unit_test(generated),
		cmocka_unit_test(benchmark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
