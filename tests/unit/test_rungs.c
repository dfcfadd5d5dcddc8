/* What serves at each price is judged on rows that nothing was made from: where
 * replies tell that they are bad, they are sent on, and a cheap arm comes first
 * for that; where they tell nothing, neither. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/evidence.h"
#include "router/bundle_build.h"
#include "router/router.h"
#include "router/stat.h"
#include "router/train.h"

#define ARMS  2
#define TASKS 1200
#define SMALL 0
#define LARGE 1

/* Replies of class "told" say how good they are, those of "mute" nothing. */
enum {
	TOLD,
	MUTE,
	KINDS
};

struct world {
	struct matrix m;
	float *evidence;
};

static bool all_free;

static void add_cell(struct world *w, int task, int arm, uint64_t *seed)
{
	float *v = w->evidence + (size_t)(task * ARMS + arm) * EVIDENCE_N;
	bool good = stat_uniform(seed) < (arm == LARGE ? 0.9 : 0.5);
	double says = stat_uniform(seed);

	for (int i = 0; i < EVIDENCE_N; i++)
		v[i] = NAN;
	if (task % KINDS == TOLD)
		says = good ? 0.4 + 0.6 * says : 0.6 * says;
	v[EVIDENCE_LOGPROB_MEAN] = (float)(says - 1);
	*matrix_cell(&w->m, task, arm) = (struct mx_cell){
		.success = good,
		.cost_pusd = all_free       ? 0
			     : arm == LARGE ? 10000000000
					    : 1000000000,
		.propensity = 1,
		.evidence = v,
	};
}

static void world_make(struct world *w, uint64_t seed)
{
	struct matrix *m = &w->m;

	*w = (struct world){.m = {.n_arms = ARMS,
				  .n_classes = KINDS,
				  .n_tasks = TASKS,
				  .n_features = feature_count(),
				  .schema = feature_schema()}};
	m->arms = xcalloc(ARMS, sizeof(*m->arms));
	m->classes = xcalloc(KINDS, sizeof(*m->classes));
	m->tasks = xcalloc(TASKS, sizeof(*m->tasks));
	m->cells = xcalloc((size_t)TASKS * ARMS, sizeof(*m->cells));
	w->evidence = xcalloc((size_t)TASKS * ARMS * EVIDENCE_N, sizeof(float));
	m->classes[TOLD] = STR("told");
	m->classes[MUTE] = STR("mute");
	m->arms[SMALL] = (struct mx_arm){
		.name = STR("small"), .tier = 1, .mean_cost_pusd = 1000000000};
	m->arms[LARGE] = (struct mx_arm){
		.name = STR("large"), .tier = 5, .mean_cost_pusd = 10000000000};
	for (int t = 0; t < TASKS; t++) {
		m->tasks[t] = (struct mx_task){
			.id = STR("t"),
			.class_id = t % KINDS,
			.group = stat_mix((uint64_t)t / 2 + 1),
			.at_us = INT64_MIN,
			.weight = 1,
		};
		for (int a = 0; a < ARMS; a++)
			add_cell(w, t, a, &seed);
	}
}

static void world_free(struct world *w)
{
	free(w->m.arms);
	free(w->m.classes);
	free(w->m.tasks);
	free(w->m.cells);
	free(w->evidence);
}

static struct bundle *fit(const struct world *w, struct buf *bytes)
{
	struct bundle *b = NULL;
	struct train_opts o;
	struct err e = {"", ""};

	train_defaults(&o);
	o.trees = 40;
	buf_init(bytes, BUNDLE_BYTES_MAX);
	if (train_fit(bytes, &w->m, NULL, &o, &e) ||
	    bundle_view(&b, bytes->p, bytes->len, &e))
		fail_msg("%s", e.msg);
	return b;
}

static int rungs_with(const struct bundle *b, const char *name, int bits)
{
	const struct bundle_class *c = bundle_class(b, str_from(name));
	int n = 0;

	assert_non_null(c);
	assert_true(c->policy.usd > 0);
	for (int g = 0; g < POLICY_RUNGS; g++)
		n += (c->policy.mode[g] & bits) == bits;
	return n;
}

static const struct route_arm arms[ARMS] = {
	{STR("small"), 1, -1, -1, -1, 0, true},
	{STR("large"), 5, -1, -1, -1, 0, true},
};

static struct route_ask ask_of(const char *class_name, double price)
{
	return (struct route_ask){
		.class_name = str_from(class_name),
		.arms = arms,
		.n_arms = ARMS,
		.pinned = -1,
		.budget_left_pusd = -1,
		.goal = ROUTE_FAILURE,
		.target = price,
		.seed = 1,
	};
}

/* Who answers after a reply of the small arm that says so much; -1: it may
 * stand. */
static int next_of(const struct bundle *b, const char *class_name, double price,
		   float says)
{
	float v[EVIDENCE_N];
	struct route_tried tried = {SMALL, v, EVIDENCE_N, 1000000000};
	struct route_ask a = ask_of(class_name, price);
	struct decision d;

	for (int i = 0; i < EVIDENCE_N; i++)
		v[i] = NAN;
	v[EVIDENCE_LOGPROB_MEAN] = says - 1;
	a.tried = &tried;
	a.n_tried = 1;
	router_judge(b, &a, &d);
	return d.accept ? -1 : d.arm;
}

static void test_sent_on(void **state)
{
	struct world w;
	struct buf bytes;
	struct bundle *b;
	struct route_ask a;
	struct decision d;

	(void)state;
	world_make(&w, 3);
	b = fit(&w, &bytes);
	assert_true(rungs_with(b, "told", MODE_ESCALATE) >= 4);
	assert_true(rungs_with(b, "told", MODE_FIRST) >= 1);
	assert_int_equal(rungs_with(b, "told", MODE_LEARNED), 0);
	assert_int_equal(rungs_with(b, "mute", MODE_ESCALATE), 0);
	/* 0.4 of success for 0.9 cents: from 2.3 cents a failure the large arm
	 * is worth it, and the small one first, which is right half of the
	 * time and says so, is better still. */
	a = ask_of("told", 0.03);
	router_decide(b, &a, &d);
	assert_int_equal(d.arm, SMALL);
	assert_int_equal(d.policy, POLICY_STATIC);
	assert_int_equal(next_of(b, "told", 0.03, 0.1F), LARGE);
	assert_int_equal(next_of(b, "told", 0.03, 0.9F), -1);
	assert_int_equal(next_of(b, "told", 0.0001, 0.1F), -1);
	a = ask_of("mute", 0.05);
	router_decide(b, &a, &d);
	assert_int_equal(d.arm, LARGE);
	assert_int_equal(next_of(b, "mute", 0.05, 0.1F), -1);
	bundle_drop(b);
	buf_release(&bytes);
	world_free(&w);
}

/* Where all models are free, too, what serves was judged: replies that tell
 * nothing are not sent on. */
static void all_free_is_judged(void **state)
{
	struct world w;
	struct buf bytes;
	struct bundle *b;
	struct route_ask a;
	struct decision d;

	(void)state;
	all_free = true;
	world_make(&w, 3);
	all_free = false;
	for (int i = 0; i < ARMS; i++)
		w.m.arms[i].mean_cost_pusd = 0;
	b = fit(&w, &bytes);
	assert_int_equal(rungs_with(b, "mute", MODE_ESCALATE), 0);
	a = ask_of("mute", 1);
	router_decide(b, &a, &d);
	assert_int_equal(d.arm, LARGE);
	assert_int_equal(next_of(b, "mute", 1, 0.1F), -1);
	bundle_drop(b);
	buf_release(&bytes);
	world_free(&w);
}

static void test_demoted(void **state)
{
	struct world w;
	struct buf bytes;
	struct bundle *b;
	struct err e;

	(void)state;
	world_make(&w, 3);
	b = fit(&w, &bytes);
	assert_true(bundle_demote(b, ""));
	assert_true(rungs_with(b, "told", MODE_ESCALATE) > 0);
	assert_true(bundle_demote(b, "2"));
	assert_true(rungs_with(b, "told", MODE_ESCALATE) > 0);
	assert_true(bundle_demote(b, "0.1"));
	assert_int_equal(rungs_with(b, "told", MODE_ESCALATE), 0);
	bundle_drop(b);
	for (int i = 0; i < 6; i++) { /* what cannot be read holds for all */
		static const char *const lists[] = {"all", "7",  "2.",
						    "x",   "-1", "2..2"};

		if (bundle_view(&b, bytes.p, bytes.len, &e))
			fail_msg("%s", e.msg);
		assert_true(bundle_demote(b, lists[i]) == (i == 0));
		assert_int_equal(rungs_with(b, "told", MODE_ESCALATE), 0);
		bundle_drop(b);
	}
	if (bundle_view(&b, bytes.p, bytes.len, &e))
		fail_msg("%s", e.msg);
	assert_true(bundle_demote(b, "all"));
	assert_int_equal(rungs_with(b, "told", MODE_ESCALATE), 0);
	bundle_drop(b);
	buf_release(&bytes);
	world_free(&w);
}

static void test_rung(void **state)
{
	struct policy p = {.kind = POLICY_LEARNED};

	(void)state;
	assert_int_equal(policy_rung(&p, 1), -1);
	assert_int_equal(policy_mode(&p, 1, false),
			 MODE_LEARNED | MODE_ESCALATE | MODE_ALONE);
	p.usd = 0.5F;
	for (int g = 0; g < POLICY_RUNGS; g++) {
		p.mode[g] = (uint8_t)(g % MODE_BITS);
		assert_int_equal(policy_rung(&p, policy_rung_lambda(0.5, g)),
				 g);
		assert_int_equal(
			policy_mode(&p, policy_rung_lambda(0.5, g), false),
			g % MODE_BITS);
	}
	/* A reply that stands is chosen by the models only if they were
	 * judged so. */
	p.mode[0] = MODE_LEARNED;
	assert_int_equal(policy_mode(&p, 0, true), MODE_LEARNED);
	p.mode[0] = MODE_LEARNED | MODE_ESCALATE | MODE_FIRST;
	assert_int_equal(policy_mode(&p, 0, true), 0);
	p.mode[0] |= MODE_ALONE;
	assert_int_equal(policy_mode(&p, 0, true), MODE_LEARNED);
	p.mode[0] = MODE_ESCALATE;
	assert_int_equal(policy_mode(&p, 0, true), 0);
	assert_int_equal(policy_rung(&p, 0), 0);
	assert_int_equal(policy_rung(&p, -1), 0);
	assert_int_equal(policy_rung(&p, 1e30), POLICY_RUNGS - 1);
	assert_int_equal(policy_rung(&p, INFINITY), POLICY_RUNGS - 1);
}

static void near(double a, double b)
{
	if (!(fabs(a - b) < 1e-6))
		fail_msg("%g is not %g", a, b);
}

static void test_focus(void **state)
{
	const double rate[3] = {0.5, 0.8, NAN};
	double p[3] = {0.7, 0.6, 0.9};

	(void)state;
	bundle_focus_on((struct bundle_focus){1, 1}, p, rate, 3);
	near(p[0], 0.7);
	near(p[1], 0.6);
	bundle_focus_on((struct bundle_focus){1, 0}, p, rate, 3);
	/* both moved by the mean of the two moves, in log odds */
	near(log(p[0] / (1 - p[0])),
	     (log(0.7 / 0.3) + log(0.6 / 0.4) - log(0.8 / 0.2)) / 2);
	near(log(p[1] / (1 - p[1])) - log(0.8 / 0.2), log(p[0] / (1 - p[0])));
	near(p[2], 0.9);
	bundle_focus_on((struct bundle_focus){0, 0}, p, rate, 3);
	near(p[0], 0.5);
	near(p[1], 0.8);
	near(p[2], 0.9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rung),
		cmocka_unit_test(test_focus),
		cmocka_unit_test(test_sent_on),
		cmocka_unit_test(all_free_is_judged),
		cmocka_unit_test(test_demoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
