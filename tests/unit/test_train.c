/* Training on made-up outcomes: what is learnt, what serves, that nothing of
 * judged rows is looked at, that bytes are the same again, and data that has
 * nothing to teach. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "ledger/money.h"
#include "router/accept.h"
#include "router/bundle_build.h"
#include "router/router.h"
#include "router/stat.h"
#include "router/train.h"

#define ARMS 3

static const char *const names[ARMS] = {"small", "middle", "large"};
static const int64_t costs[ARMS] = {1000000000, 5000000000, 20000000000};

/* Made-up tasks: in "told" one feature tells whether the small arm succeeds;
 * in "even" the small one is the best; in "steep" only the large one is good.
 */
enum kind {
	TOLD,
	EVEN,
	STEEP,
	KINDS
};

struct world {
	struct matrix m;
	float *x;
	float *evidence;
};

static double chance(enum kind kind, int arm, float signal)
{
	switch (kind) {
	case TOLD:
		return arm == 2 || signal < 5 ? 0.95 : arm ? 0.5 : 0.1;
	case EVEN:
		return arm ? 0.7 : 0.8;
	case STEEP:
		return arm == 2 ? 0.9 : 0.2;
	case KINDS:
		break;
	}
	return 0;
}

static void world_make(struct world *w, int tasks, uint64_t seed)
{
	struct matrix *m = &w->m;

	memset(w, 0, sizeof(*w));
	m->n_arms = ARMS;
	m->n_classes = KINDS;
	m->n_tasks = tasks;
	m->n_features = feature_count();
	m->schema = feature_schema();
	m->arms = xcalloc(ARMS, sizeof(*m->arms));
	m->classes = xcalloc(KINDS, sizeof(*m->classes));
	m->tasks = xcalloc((size_t)tasks, sizeof(*m->tasks));
	m->cells = xcalloc((size_t)tasks * ARMS, sizeof(*m->cells));
	w->x = xcalloc((size_t)tasks * (size_t)m->n_features, sizeof(float));
	w->evidence = xcalloc((size_t)tasks * EVIDENCE_N, sizeof(float));
	m->classes[TOLD] = STR("work/told");
	m->classes[EVEN] = STR("work/even");
	m->classes[STEEP] = STR("steep");
	for (int a = 0; a < ARMS; a++)
		m->arms[a] = (struct mx_arm){.name = str_from(names[a]),
					     .tier = 2 * a + 1,
					     .mean_cost_pusd = costs[a]};
	for (int t = 0; t < tasks; t++) {
		float *x = w->x + (size_t)t * (size_t)m->n_features;

		for (int j = 0; j < m->n_features; j++)
			x[j] = j < 8 ? (float)(stat_random(&seed) % 10) : 0;
		m->tasks[t] = (struct mx_task){
			.id = STR("t"),
			.class_id = t % KINDS,
			.group = stat_mix((uint64_t)t / 6 + 1),
			.at_us = INT64_MIN,
			.weight = 1,
			.x = x,
		};
		for (int a = 0; a < ARMS; a++)
			*matrix_cell(m, t, a) = (struct mx_cell){
				.success =
					stat_uniform(&seed) <
					chance((enum kind)(t % KINDS), a, x[3]),
				.cost_pusd =
					costs[a] +
					(int64_t)(stat_random(&seed) % 1000000),
				.propensity = 1,
			};
	}
}

static void world_free(struct world *w)
{
	free(w->m.arms);
	free(w->m.classes);
	free(w->m.tasks);
	free(w->m.cells);
	free(w->x);
	free(w->evidence);
}

static void fit(const struct world *w, const enum mx_side *side, int threads,
		struct buf *out)
{
	struct train_opts o;
	struct err e = {"", ""};

	train_defaults(&o);
	o.threads = threads;
	o.trees = 60;
	o.protos = 100;
	buf_init(out, BUNDLE_BYTES_MAX);
	if (train_fit(out, &w->m, side, &o, &e))
		fail_msg("%s", e.msg);
}

static struct bundle *view(const struct buf *b)
{
	struct bundle *out;
	struct err e = {"", ""};

	if (bundle_view(&out, b->p, b->len, &e))
		fail_msg("%s", e.msg);
	return out;
}

static const struct bundle_class *named(const struct bundle *b,
					const char *name)
{
	const struct bundle_class *c = bundle_class(b, str_from(name));

	assert_non_null(c);
	return c;
}

static void test_serves(void **state)
{
	const struct bundle_arm *arms;
	const struct bundle_class *c, *all;
	struct world w;
	struct buf out;
	struct bundle *b;

	(void)state;
	world_make(&w, 1800, 3);
	fit(&w, NULL, 1, &out);
	b = view(&out);
	assert_int_equal(bundle_arms(b, &arms), ARMS);
	for (int a = 0; a < ARMS; a++) {
		assert_true(arms[a].own);
		assert_int_equal(arms[a].tier, 2 * a + 1);
		assert_true(arms[a].success >= 0 && arms[a].cost >= 0);
		assert_true(arms[a].spread < 0.1F);
	}
	/* The fleet, "work" and the three classes. */
	assert_int_equal(bundle_classes(b, &all), 5);
	c = named(b, "work/told");
	assert_int_equal(c->policy.kind, POLICY_LEARNED);
	assert_true(c->policy.lambda > 0);
	assert_int_equal(c->tasks, 600);
	assert_true(str_is(all[c->parent].name, "work"));
	assert_float_equal(c->rate[2], 0.95, 0.03);
	assert_float_equal(c->cost[0], 1e9, 2e6);
	/* Where nothing tells, the static policy serves. */
	c = named(b, "work/even");
	assert_int_equal(c->policy.kind, POLICY_STATIC);
	assert_true(c->policy.low == 0);
	c = named(b, "steep");
	assert_int_equal(c->policy.kind, POLICY_STATIC);
	assert_int_equal(c->policy.high, 2);
	assert_true(c->policy.low == 2 || c->policy.high_share > 0.95F);
	bundle_drop(b);
	buf_release(&out);
	world_free(&w);
}

/* Tasks without a text that fare otherwise than those of their class with one:
 * each kind has a table of its own, and requests are of the one or other. */
static void test_blind(void **state)
{
	const struct str even = STR("work/even"), told = STR("work/told");
	const struct bundle_class *c, *part, *all;
	struct route_arm arms[ARMS];
	struct decision d;
	struct world w;
	struct buf out;
	struct bundle *b;

	(void)state;
	world_make(&w, 1800, 3);
	for (int t = EVEN; t < w.m.n_tasks; t += 2 * KINDS) {
		w.m.tasks[t].x = NULL;
		for (int a = 0; a < ARMS; a++)
			matrix_cell(&w.m, t, a)->success = 0;
	}
	/* Of these too few to tell. */
	for (int t = TOLD; t < 50 * KINDS; t += KINDS)
		w.m.tasks[t].x = NULL;
	fit(&w, NULL, 1, &out);
	b = view(&out);
	assert_int_equal(bundle_classes(b, &all), 6);
	c = named(b, "work/even");
	part = named(b, "work/even" BUNDLE_BLIND);
	assert_int_equal(c->tasks, 600);
	assert_int_equal(part->tasks, 300);
	assert_ptr_equal(&all[part->parent], c);
	for (int a = 0; a < ARMS; a++)
		assert_true(part->rate[a] < 0.03F && c->rate[a] > 0.3F);
	assert_ptr_equal(bundle_class_asked(b, even, true), part);
	assert_ptr_equal(bundle_class_asked(b, even, false), c);
	assert_ptr_equal(bundle_class_asked(b, told, true), named(b, told.p));
	for (int a = 0; a < ARMS; a++)
		arms[a] = (struct route_arm){.model = str_from(names[a]),
					     .tier = 2 * a + 1,
					     .in_fusd = -1,
					     .cached_fusd = -1,
					     .out_fusd = -1,
					     .allowed = true};
	for (int seen = 0; seen < 2; seen++) {
		struct route_ask ask = {
			.x = seen ? w.m.tasks[EVEN + KINDS].x : NULL,
			.n_x = seen ? feature_count() : 0,
			.class_name = even,
			.arms = arms,
			.n_arms = ARMS,
			.pinned = -1,
			.budget_left_pusd = -1,
			.goal = ROUTE_QUALITY,
			.target = 1,
		};

		router_decide(b, &ask, &d);
		for (int a = 0; a < ARMS; a++)
			assert_true(seen ? d.view[a].p > 0.5F
					 : d.view[a].p < 0.03F);
	}
	bundle_drop(b);
	buf_release(&out);
	world_free(&w);
}

/* One large group whose feature tells the contrary of what it tells in hundreds
 * of small ones: a surprise, and only one. */
static void test_focus(void **state)
{
	struct world w;
	struct buf out;
	struct bundle *b;

	(void)state;
	world_make(&w, 1800, 3);
	for (int t = 1200; t < 1800; t++) {
		struct mx_task *task = &w.m.tasks[t];

		task->group = 1;
		for (int a = 0; a < ARMS - 1 && t % KINDS == TOLD; a++)
			matrix_cell(&w.m, t, a)->success = task->x[3] >= 5;
	}
	fit(&w, NULL, 1, &out);
	b = view(&out);
	assert_true(bundle_fleet(b)->focus.common >= 0.5F);
	bundle_drop(b);
	buf_release(&out);
	world_free(&w);
}

/* Where a feature tells which arm fails, what models say of one arm apart from
 * the others counts; where the arms' success is drawn by lot it hardly does. */
static void test_class_focus(void **state)
{
	struct bundle_focus told, even;
	struct world w;
	struct buf out;
	struct bundle *b;

	(void)state;
	world_make(&w, 1800, 3);
	fit(&w, NULL, 1, &out);
	b = view(&out);
	told = named(b, "work/told")->focus;
	even = named(b, "work/even")->focus;
	assert_true(told.common >= 0.75F && told.apart >= 0.75F);
	assert_true(even.apart <= 0.5F &&
		    named(b, "steep")->focus.apart <= 0.5F);
	bundle_drop(b);
	buf_release(&out);
	world_free(&w);
}

static void test_certificate(void **state)
{
	const struct json *doc, *classes;
	struct world w;
	struct buf out;
	struct bundle *b;
	struct json_doc d;
	struct err e;
	double ece = 1, skill = 0;

	(void)state;
	world_make(&w, 1800, 3);
	fit(&w, NULL, 1, &out);
	b = view(&out);
	json_doc_init(&d, 1 << 16);
	assert_int_equal(json_parse(&d, bundle_certificate(b), &e), RC_OK);
	doc = &d.nodes[0];
	assert_true(json_double(json_path(doc, "metrics.ece"), &ece));
	assert_true(ece < 0.03);
	assert_true(json_double(json_path(doc, "metrics.brier_skill"), &skill));
	assert_true(skill > 0.1);
	classes = json_get(doc, "classes");
	assert_int_equal(classes->count, 5);
	assert_true(
		json_str_is(json_get(json_first(classes), "name"), "fleet"));
	assert_true(json_is(json_path(doc, "plane.points"), JSON_ARRAY));
	json_doc_release(&d);
	bundle_drop(b);
	buf_release(&out);
	world_free(&w);
}

static void test_same_bytes(void **state)
{
	struct world w;
	struct buf a, b;

	(void)state;
	world_make(&w, 600, 5);
	fit(&w, NULL, 1, &a);
	fit(&w, NULL, 2, &b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.p, b.p, a.len);
	buf_release(&a);
	buf_release(&b);
	world_free(&w);
}

static void test_nothing_leaks(void **state)
{
	enum mx_side side[900];
	struct world w;
	struct buf a, b;

	(void)state;
	world_make(&w, 900, 7);
	for (int t = 0; t < 900; t++)
		side[t] = t < 600 ? MX_FIT : t < 750 ? MX_JUDGE : MX_OUT;
	fit(&w, side, 1, &a);
	for (int t = 600; t < 900; t++) {
		w.m.tasks[t].x = NULL;
		for (int k = 0; k < ARMS; k++)
			*matrix_cell(&w.m, t, k) =
				(struct mx_cell){.success = 0, .cost_pusd = 1};
	}
	fit(&w, side, 1, &b);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.p, b.p, a.len);
	buf_release(&a);
	buf_release(&b);
	world_free(&w);
}

/* Over several draws of data in which nothing is to be learnt, the learned
 * policy hardly ever serves, neither at the quality aimed at nor at a price.
 * (All classes of a draw have the same rows.) */
static void test_null(void **state)
{
	int served = 0, rungs = 0;

	(void)state;
	for (uint64_t seed = 20; seed < 26; seed++) {
		const struct bundle_class *c;
		uint64_t r = seed;
		struct world w;
		struct buf out;
		struct bundle *b;

		world_make(&w, 600, seed);
		for (int t = 0; t < 600; t++)
			w.m.tasks[t].class_id = EVEN;
		for (int i = 0; i < 600 * ARMS; i++)
			w.m.cells[i].success = stat_uniform(&r) < 0.6;
		fit(&w, NULL, 1, &out);
		b = view(&out);
		c = named(b, "work/even");
		served += c->policy.lambda > 0;
		for (int g = 0; g < POLICY_RUNGS; g++)
			rungs += c->policy.mode[g] & MODE_LEARNED;
		bundle_drop(b);
		buf_release(&out);
		world_free(&w);
	}
	assert_in_range(served, 0, 1);
	assert_in_range(rungs, 0, 3);
}

/* Two free arms, of which one feature tells which is right: no dollar is worth
 * anything there. That the models choose is known by the lambda that they were
 * judged at, which is not nought. */
static void test_nothing_costs(void **state)
{
	struct route_arm arms[ARMS];
	const struct bundle_class *c;
	struct world w;
	struct buf out;
	struct bundle *b;
	uint64_t seed = 5;

	(void)state;
	world_make(&w, 900, 31);
	for (int t = 0; t < 900; t++) {
		bool low = w.m.tasks[t].x[3] < 5;

		w.m.tasks[t].class_id = EVEN;
		for (int a = 0; a < ARMS; a++) {
			double p = a == 2 ? 0.3 : low == !a ? 0.9 : 0.2;

			matrix_cell(&w.m, t, a)->success =
				stat_uniform(&seed) < p;
			if (a < 2)
				matrix_cell(&w.m, t, a)->cost_pusd = 0;
		}
	}
	fit(&w, NULL, 1, &out);
	b = view(&out);
	c = named(b, "work/even");
	assert_int_equal(c->policy.kind, POLICY_LEARNED);
	assert_true(c->policy.lambda > 0);
	assert_int_equal(policy_rung(&c->policy, (double)c->policy.lambda), 0);
	assert_true(c->policy.mode[0] & MODE_LEARNED);
	for (int a = 0; a < ARMS; a++)
		arms[a] = (struct route_arm){.model = str_from(names[a]),
					     .tier = 2 * a + 1,
					     .in_fusd = -1,
					     .cached_fusd = -1,
					     .out_fusd = -1,
					     .allowed = true};
	for (int t = 0; t < 20; t++) {
		struct route_ask ask = {
			.x = w.m.tasks[t].x,
			.n_x = feature_count(),
			.class_name = STR("work/even"),
			.arms = arms,
			.n_arms = ARMS,
			.pinned = -1,
			.budget_left_pusd = -1,
			.goal = ROUTE_QUALITY,
			.target = 1,
		};
		struct decision d;

		router_decide(b, &ask, &d);
		assert_int_equal(d.policy, POLICY_LEARNED);
		assert_int_equal(d.arm, w.m.tasks[t].x[3] < 5 ? 0 : 1);
	}
	bundle_drop(b);
	buf_release(&out);
	world_free(&w);
}

/* Runs of a task that were repeated tell how alike their fates are, class by
 * class; where none were nobody plans with samples. */
static void test_repeats(void **state)
{
	struct world w;
	struct buf out;
	struct bundle *b;

	(void)state;
	world_make(&w, 900, 21);
	for (int t = 0; t < 900; t++) {
		struct mx_cell *c = matrix_cell(&w.m, t, 0);
		bool good = c->success > 0.5F;

		c->runs = 3;
		c->good = good ? 3 : 0;   /* a second is as the first */
		if (t % KINDS == STEEP) { /* each is a new chance */
			c->good = (uint16_t)(t / KINDS % 2 + t / KINDS / 2 % 2 +
					     t / KINDS / 4 % 2);
			c->success = (float)c->good / 3;
		}
	}
	fit(&w, NULL, 1, &out);
	b = view(&out);
	assert_true(named(b, "work/told")->together[0] > 0.95F);
	assert_true(named(b, "work/even")->together[0] > 0.9F);
	assert_true(named(b, "steep")->together[0] > 0);
	assert_true(named(b, "steep")->together[0] < 0.3F);
	assert_true(bundle_fleet(b)->together[0] > 0.3F);
	/* other tiers were not repeated */
	assert_true(named(b, "steep")->together[4] <= 0);
	bundle_drop(b);
	buf_release(&out);
	for (int t = 29; t < 900; t++) /* too few */
		matrix_cell(&w.m, t, 0)->runs = 1;
	fit(&w, NULL, 1, &out);
	b = view(&out);
	assert_true(bundle_fleet(b)->together[0] <= 0);
	assert_true(named(b, "steep")->together[0] <= 0);
	bundle_drop(b);
	buf_release(&out);
	world_free(&w);
}

/* A class of few tasks borrows the static policy of all together, which of few
 * tasks themselves know nothing. (In all together the models may choose: they
 * tell the six tasks that want the large arm from the rest, for which the table
 * takes it, too.) */
static void test_few(void **state)
{
	const struct bundle_class *fleet, *c;

	(void)state;
	for (int n = 300; n > 10; n -= 285) {
		enum policy_kind kind =
			n > 20 ? POLICY_STATIC : POLICY_STRONGEST;
		struct world w;
		struct buf out;
		struct bundle *b;

		world_make(&w, n, 17);
		for (int t = 0; t < n; t++) {
			w.m.tasks[t].class_id = t < 6 ? STEEP : EVEN;
			for (int a = 0; a < ARMS; a++)
				matrix_cell(&w.m, t, a)->success =
					t < 6 ? a == 2 : t % 5 != 0;
		}
		fit(&w, NULL, 1, &out);
		b = view(&out);
		fleet = bundle_fleet(b);
		c = named(b, "steep");
		assert_int_equal(fleet->policy.kind == POLICY_STRONGEST,
				 kind == POLICY_STRONGEST);
		assert_int_equal(c->policy.kind, kind);
		assert_int_equal(c->policy.low, fleet->policy.low);
		assert_int_equal(c->policy.high, fleet->policy.high);
		assert_float_equal(c->policy.high_share,
				   fleet->policy.high_share, 1e-6);
		bundle_drop(b);
		buf_release(&out);
		world_free(&w);
	}
}

/* ---- data that has nothing to teach ---- */

enum odd {
	ODD_SUCCESS,
	ODD_FAILURE,
	ODD_COSTS,
	ODD_ZERO_COSTS,
	ODD_PROMPTS,
	ODD_GROUP,
	ODD_ONE_ROW,
	ODD_ONE_ARM,
	ODD_UNSEEN_ARM,
	ODD_LABELS,
	ODDS
};

static void make_odd(struct world *w, enum odd odd)
{
	struct matrix *m = &w->m;

	if (odd == ODD_ONE_ROW)
		m->n_tasks = 1;
	for (int t = 0; t < m->n_tasks; t++) {
		m->tasks[t].x = odd == ODD_PROMPTS ? NULL : m->tasks[t].x;
		m->tasks[t].group = odd == ODD_GROUP ? 7 : m->tasks[t].group;
		m->tasks[t].class_id = 0;
		for (int a = 0; a < ARMS; a++) {
			struct mx_cell *c = matrix_cell(m, t, a);

			if (odd == ODD_SUCCESS || odd == ODD_FAILURE)
				c->success = odd == ODD_SUCCESS;
			if (odd == ODD_COSTS)
				c->cost_pusd = MONEY_NONE;
			if (odd == ODD_ZERO_COSTS)
				c->cost_pusd = 0;
			if ((odd == ODD_ONE_ARM && a != 1) ||
			    (odd == ODD_UNSEEN_ARM && a == 2))
				c->success = NAN;
			if (odd == ODD_LABELS) {
				c->success = a == 1 ? INFINITY : 0.3F;
				c->propensity = NAN;
				m->tasks[t].weight = NAN;
			}
		}
	}
}

static void test_odd(void **state)
{
	(void)state;
	for (int odd = 0; odd < ODDS; odd++) {
		const struct bundle_class *fleet;
		struct world w;
		struct buf out;
		struct bundle *b;

		world_make(&w, 300, 11);
		make_odd(&w, (enum odd)odd);
		fit(&w, NULL, 1, &out);
		b = view(&out);
		fleet = bundle_fleet(b);
		assert_true(fleet->policy.low >= 0 && fleet->policy.low < ARMS);
		if (odd == ODD_SUCCESS)
			assert_int_equal(fleet->policy.low, 0);
		if (odd == ODD_COSTS || odd == ODD_ONE_ROW)
			assert_int_equal(fleet->policy.kind, POLICY_STRONGEST);
		if (odd == ODD_ONE_ARM)
			assert_int_equal(fleet->policy.low, 1);
		bundle_drop(b);
		buf_release(&out);
		world_free(&w);
	}
}

static void test_no_rows(void **state)
{
	enum mx_side side[30];
	struct train_opts o;
	struct world w;
	struct buf out;
	struct err e;

	(void)state;
	world_make(&w, 30, 1);
	train_defaults(&o);
	for (int t = 0; t < 30; t++)
		side[t] = MX_JUDGE;
	buf_init(&out, BUNDLE_BYTES_MAX);
	assert_int_equal(train_fit(&out, &w.m, side, &o, &e), RC_BAD);
	assert_int_equal(out.len, 0);
	w.m.n_arms = 0;
	assert_int_equal(train_fit(&out, &w.m, NULL, &o, &e), RC_BAD);
	buf_release(&out);
	world_free(&w);
}

/* ---- the accept model ---- */

/* Replies of the middle arm, whose mean log-probability says how likely it is
 * to be good. */
static void add_evidence(struct world *w, uint64_t seed)
{
	for (int t = 0; t < w->m.n_tasks; t++) {
		struct mx_cell *c = matrix_cell(&w->m, t, 1);
		float *v = w->evidence + (size_t)t * EVIDENCE_N;
		double p = stat_uniform(&seed);

		matrix_cell(&w->m, t, 0)->cost_pusd = MONEY_NONE;
		matrix_cell(&w->m, t, 2)->cost_pusd = MONEY_NONE;
		for (int i = 0; i < EVIDENCE_N; i++)
			v[i] = NAN;
		v[EVIDENCE_FINISH] = FINISH_STOP;
		v[EVIDENCE_LOGPROB_MEAN] = (float)(p - 1);
		c->evidence = v;
		c->cost_pusd = MONEY_NONE;
		c->success = stat_uniform(&seed) < (p > 0.5 ? 0.99 : 0.3);
	}
}

static void test_accept(void **state)
{
	const struct bundle_class *fleet;
	struct world w;
	struct buf out;
	struct bundle *b;
	float v[EVIDENCE_N], x[ACCEPT_COLUMNS];
	const struct forest *f;

	(void)state;
	world_make(&w, 1500, 13);
	add_evidence(&w, 5);
	fit(&w, NULL, 1, &out);
	b = view(&out);
	f = bundle_accept(b);
	assert_non_null(f);
	fleet = bundle_fleet(b);
	assert_true(fleet->policy.accept < 1);
	assert_true(fleet->policy.false_accept <= 0.05F);
	assert_true(fleet->policy.accept_rate > 0.2F);
	for (int i = 0; i < EVIDENCE_N; i++)
		v[i] = NAN;
	v[EVIDENCE_FINISH] = FINISH_STOP;
	v[EVIDENCE_LOGPROB_MEAN] = -0.1F;
	accept_row(v, EVIDENCE_N, 0.6F, 0, 0, 3, 1, x);
	assert_true(calibrate(&fleet->accept, forest_predict(f, x)) > 0.9F);
	v[EVIDENCE_LOGPROB_MEAN] = -0.9F;
	accept_row(v, EVIDENCE_N, 0.6F, 0, 0, 3, 1, x);
	assert_true(calibrate(&fleet->accept, forest_predict(f, x)) < 0.6F);
	bundle_drop(b);
	buf_release(&out);
	/* Replies that say nothing, half of them wrong: hardly any passes. */
	for (int t = 0; t < w.m.n_tasks; t++)
		matrix_cell(&w.m, t, 1)->success = (float)(t % 2);
	fit(&w, NULL, 1, &out);
	b = view(&out);
	fleet = bundle_fleet(b);
	assert_true(fleet->policy.false_accept <= 0.05F);
	assert_true(fleet->policy.accept_rate < 0.12F);
	bundle_drop(b);
	buf_release(&out);
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serves),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_blind),
		cmocka_unit_test(test_focus),
		cmocka_unit_test(test_class_focus),
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_nothing_leaks),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_nothing_costs),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_repeats),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_no_rows),
		cmocka_unit_test(test_accept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
