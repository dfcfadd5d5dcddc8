/* Decisions: floors and budgets hold whatever is asked, what is odd is taken
 * for what is not known, the same ask gives the same decision; static, learned
 * and cascading plans are those that a plain calculation finds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "router/accept.h"
#include "router/bundle_build.h"
#include "router/bundle_plain.h"
#include "router/decide_int.h"
#include "router/forest_int.h"
#include "router/stat.h"

#define MAX    ((size_t)16 << 20)
#define RANDOM 100000

static uint64_t dice = 1;

static uint64_t any(uint64_t n)
{
	return stat_random(&dice) % n;
}

/* ---- a bundle to decide with ---- */

/* A forest of one tree: x[column] < 0.5 ? a : b. */
static int stump(struct bundle_build *build, enum forest_kind kind,
		 int features, int column, float a, float b)
{
	struct forest_head h = {FOREST_MAGIC,
				(uint32_t)kind,
				1,
				1,
				(uint32_t)features,
				0,
				forest_bytes(1, 1),
				{0}};
	struct forest_node n[2] = {{0, 0}, {0.5F, (uint32_t)column * 2}};
	float leaves[2] = {a, b};
	uint16_t covers[2] = {30000, 35535};
	char bytes[128] = {0};

	assert_int_equal(h.bytes, sizeof(bytes));
	memcpy(bytes, &h, sizeof(h));
	memcpy(bytes + sizeof(h), n, sizeof(n));
	memcpy(bytes + sizeof(h) + sizeof(n), leaves, sizeof(leaves));
	memcpy(bytes + sizeof(h) + sizeof(n) + sizeof(leaves), covers,
	       sizeof(covers));
	return bundle_build_forest(build, (struct str){bytes, sizeof(bytes)});
}

static float logit(double p)
{
	return (float)log(p / (1 - p));
}

#define ARMS 4 /* small 1, mid 3, big 5, and tier:4 for others */

static const float rate[ARMS] = {0.5F, 0.7F, 0.8F, 0.75F};
static const float seen[ARMS] = {100, 100, 100, 100};
/* in units of 3,000,000 fusd: 0.001, 0.01, 0.1, 0.05 dollars */
static const float cost[ARMS] = {1e12F / 3e6F, 1e13F / 3e6F, 1e14F / 3e6F,
				 5e13F / 3e6F};

static void add_class(struct bundle_build *b, const char *name,
		      enum policy_kind kind, int floor, float accept)
{
	float bonus[POLICY_RUNGS * ARMS];
	struct bundle_class c = {
		.name = str_from(name),
		.parent = str_is(str_from(name), "fleet") ? -1 : 0,
		.tasks = 100,
		.floor = floor,
		.rate = rate,
		.seen = seen,
		.cost = cost,
		.tier_rate = {0.5F, NAN, 0.7F, 0.75F, 0.8F},
		.policy = {.kind = kind,
			   .low = 0,
			   .high = 2,
			   .high_share = 0.5F,
			   .lambda = 2,
			   .accept = accept,
			   .false_accept = 0.05F,
			   .confidence = 0.95F,
			   .accept_rate = 0.6F},
	};

	for (int i = 0; i < POLICY_RUNGS * ARMS; i++)
		bonus[i] = i % ARMS ? 0 : 0.4F;
	if (str_is(c.name, "first")) {
		c.bonus = bonus;
		c.policy.usd = 0.1F;
		for (int g = 0; g < POLICY_RUNGS; g++)
			c.policy.mode[g] = MODE_ESCALATE | MODE_FIRST;
	}
	if (str_is(c.name, "samples"))
		c.together[0] = 0.1F;
	if (str_is(c.name, "ranged")) {
		c.policy.usd = 1;
		for (int g = 5; g < POLICY_RUNGS; g++)
			c.policy.mode[g] = MODE_LEARNED;
	}
	if (str_is(c.name, "saving")) {
		c.policy.usd = 1;
		c.policy.lambda = 0;
		memset(c.policy.mode, MODE_LEARNED, POLICY_RUNGS);
	}
	bundle_build_class(b, &c);
}

/* Where feature 0 ("bytes") is low, all arms succeed; where it is high, only
 * the dear ones do. Replies are good by EVIDENCE_SCHEMA or not. */
static struct bundle *bundle_of(bool accept)
{
	struct bundle_build *b = bundle_build_new();
	static const struct {
		const char *name;
		int tier;
		double easy, hard;
	} arms[ARMS] = {
		{"small", 1, 0.95, 0.1},
		{"mid", 3, 0.96, 0.4},
		{"big", 5, 0.97, 0.9},
		{"tier:4", 4, 0.96, 0.7},
	};
	struct bundle *out = NULL;
	struct buf bytes;
	struct err e;
	int n = feature_total();

	for (int i = 0; i < ARMS; i++) {
		struct bundle_arm a = {.name = str_from(arms[i].name),
				       .tier = arms[i].tier,
				       .own = true,
				       .cost = -1,
				       .price_unit = 3e6F};

		a.success = stump(b, FOREST_LOGISTIC, n, 0, logit(arms[i].easy),
				  logit(arms[i].hard));
		if (i < 2)
			a.cost = stump(b, FOREST_VALUE, n, 0, logf(cost[i]),
				       logf(cost[i]) + 0.1F);
		bundle_build_arm(b, &a);
	}
	if (accept)
		bundle_build_accept(b, stump(b, FOREST_LOGISTIC, ACCEPT_COLUMNS,
					     EVIDENCE_DOUBTFUL, logit(0.98),
					     logit(0.02)));
	add_class(b, "fleet", POLICY_STRONGEST, 1, 2);
	add_class(b, "static", POLICY_STATIC, 1, 2);
	add_class(b, "learned", POLICY_LEARNED, 1, 2);
	add_class(b, "ranged", POLICY_LEARNED, 1, 2);
	add_class(b, "saving", POLICY_LEARNED, 1, 2);
	add_class(b, "cascade", POLICY_LEARNED, 1, 0.9F);
	add_class(b, "high", POLICY_LEARNED, 4, 0.9F);
	add_class(b, "samples", POLICY_LEARNED, 1, 2);
	add_class(b, "first", POLICY_STATIC, 1, 2);
	buf_init(&bytes, MAX);
	if (bundle_build_write(b, &bytes, &e) ||
	    bundle_view(&out, bytes.p, bytes.len, &e))
		fail_msg("%s", e.msg);
	bundle_build_free(b);
	/* a view does not own its bytes: they live with the test */
	return out;
}

static struct bundle *plain, *judged;

static int set_up(void **state)
{
	(void)state;
	plain = bundle_of(false);
	judged = bundle_of(true);
	return 0;
}

static struct route_arm arms[] = {
	{STR("small"), 1, 3000000, 300000, 3000000, 0, true},
	{STR("mid"), 3, 3000000, 300000, 3000000, 0, true},
	{STR("big"), 5, 3000000, 300000, 3000000, 0, true},
};
static float easy[FEATURE_MAX], hard[FEATURE_MAX] = {9};

static struct route_ask ask_of(const char *class, const float *x)
{
	for (size_t i = 0; i < 3; i++) {
		arms[i].allowed = true;
		arms[i].switch_pusd = 0;
		arms[i].in_fusd = arms[i].out_fusd = 3000000;
	}
	return (struct route_ask){
		.x = x,
		.n_x = feature_count(),
		.class_name = str_from(class),
		.arms = arms,
		.n_arms = 3,
		.pinned = -1,
		.budget_left_pusd = -1,
		.goal = ROUTE_QUALITY,
		.target = 1,
	};
}

static int arm_of(const struct bundle *b, const struct route_ask *a)
{
	struct decision d;

	router_decide(b, a, &d);
	assert_int_equal(d.plan.arm[0], d.arm);
	return d.arm;
}

/* ---- plain cases ---- */

static void test_strongest(void **state)
{
	struct route_ask a = ask_of("fleet", easy);
	struct decision d;

	(void)state;
	assert_int_equal(arm_of(plain, &a), 2);
	a.class_name = STR("never seen");
	assert_int_equal(arm_of(plain, &a), 2);
	a.class_name = STR_NONE;
	assert_int_equal(arm_of(plain, &a), 2);
	arms[2].allowed = false;
	assert_int_equal(arm_of(plain, &a), 1);
	a.floor = 4;
	a.floor_why = "route_floors";
	router_decide(plain, &a, &d);
	assert_int_equal(d.arm, -1);
	assert_int_equal(d.plan.kind, PLAN_STOP);
	assert_string_equal(d.bound_by, "floor 4: route_floors");
	a.n_arms = 0;
	router_decide(plain, &a, &d);
	assert_string_equal(d.bound_by, "no arms");
	/* with the shipped bundle too */
	a = ask_of("anything", easy);
	assert_int_equal(arm_of(bundle_shipped(), &a) >= 0, true);
}

static void test_learned(void **state)
{
	struct route_ask a = ask_of("learned", easy);
	struct decision d;

	(void)state;
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_LEARNED);
	assert_int_equal(d.arm, 0);
	assert_true(fabs((double)d.view[0].p - 0.95) < 1e-5);
	assert_true(llabs(d.view[0].expected_cost_pusd - 1000000000) < 100000);
	assert_true(d.view[0].low < d.view[0].p &&
		    d.view[0].p < d.view[0].high);
	assert_false(d.view[0].borrowed);
	assert_true(d.propensity >= 1);
	a.x = hard; /* 0.9 - 2 * 0.1 against 0.1 - 2 * 0.001 and 0.4 - 2 * 0.01
		     */
	assert_int_equal(arm_of(plain, &a), 2);
	a.goal = ROUTE_FAILURE; /* a failure costs 10 cents */
	a.target = 0.1;
	router_decide(plain, &a, &d);
	assert_true(fabs((double)d.lambda - 10) < 1e-5);
	assert_int_equal(d.arm, 1);        /* 0.3 against 0.09 and -0.1 */
	arms[1].switch_pusd = 60000000000; /* a lost cache, 6 cents */
	assert_int_equal(arm_of(plain, &a), 0);
	arms[1].switch_pusd = 0;
	/* a new price acts at once */
	arms[2].in_fusd = arms[2].out_fusd = 100000;
	assert_int_equal(arm_of(plain, &a), 2);
	/* parts of a class */
	a = ask_of("learned/python", easy);
	assert_int_equal(arm_of(plain, &a), 0);
}

/* Each price is served as was judged best there: by the models where a dollar
 * is worth 0.3 and more, else by the class's table. */
static void test_judged_range(void **state)
{
	struct route_ask a = ask_of("ranged", hard);
	struct decision d;

	(void)state;
	a.goal = ROUTE_FAILURE;
	a.target = 0.6;
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_LEARNED);
	a.target = 10;
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_STATIC);
	assert_true(fabs((double)d.lambda - 0.1) < 1e-5);
	assert_int_equal(d.arm, 2); /* 0.1 more success, 9 cents more */
	a.unguarded = true;
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_LEARNED);
}

/* The models were seen to be better by price alone, and not to reach the
 * success that was aimed at: a goal of quality is served by the table, whose
 * strongest arm keeps it, be the models' saving ever so good. */
static void test_quality_is_kept(void **state)
{
	struct route_ask a = ask_of("saving", easy);
	struct decision d;

	(void)state;
	for (int i = 0; i < 2; i++) {
		a.target = i ? 1 : NAN; /* without a target: all of it */
		router_decide(plain, &a, &d);
		assert_int_equal(d.policy, POLICY_STATIC);
		assert_int_equal(d.arm, 2);
	}
	a.unguarded = true;
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_LEARNED);
	a.unguarded = false;
	a.goal = ROUTE_FAILURE;
	a.target = 0.5;
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_LEARNED);
	assert_int_equal(d.arm, 0);
	a.goal = ROUTE_BUDGET;
	a.target = 0.05;
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_LEARNED);
	/* where the models reach it, at their own lambda, they serve */
	a = ask_of("ranged", easy);
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_LEARNED);
	assert_true(fabs((double)d.lambda - 2) < 1e-6);
}

static void test_borrowed(void **state)
{
	struct route_ask a = ask_of("learned", hard);
	struct route_arm others[] = {
		{STR("new-4"), 4, 3000000, 0, 3000000, 0, true},
		{STR("new-2"), 2, 3000000, 0, 3000000, 0, true},
		{STR("new-5"), 5, -1, -1, -1, 0, true},
	};
	struct decision d;

	(void)state;
	a.arms = others;
	router_decide(plain, &a, &d);
	assert_true(d.view[0].borrowed && d.view[1].borrowed);
	assert_true(fabs((double)d.view[0].p - 0.7) < 1e-5); /* tier:4 */
	assert_true(fabs((double)d.view[1].p - 0.1) < 1e-5); /* small */
	assert_true(fabs((double)d.view[2].p - 0.9) < 1e-5); /* big */
	assert_true(llabs(d.view[2].expected_cost_pusd - 100000000000) <
		    10000000); /* at the price it was learnt at */
}

static void test_static(void **state)
{
	struct route_ask a = ask_of("static", hard);
	int n[3] = {0};
	struct decision d;

	(void)state;
	assert_int_equal(arm_of(plain, &a), 2); /* all of the success */
	a.target = 0.9; /* 0.72: of mid 0.7 and big 0.8 a mixture, 4 to 1 */
	for (int i = 0; i < 20000; i++) {
		a.seed = (uint64_t)i;
		router_decide(plain, &a, &d);
		assert_int_equal(d.policy, POLICY_STATIC);
		assert_true(fabs((double)d.propensity -
				 (d.arm == 1 ? 0.8 : 0.2)) < 1e-4);
		n[d.arm]++;
	}
	assert_int_equal(n[0], 0);
	assert_in_range(n[2], 3600, 4400);
	a.goal = ROUTE_BUDGET; /* 0.0055: small and mid, one to one */
	a.target = 0.0055;
	router_decide(plain, &a, &d);
	assert_true(fabs((double)d.propensity - 0.5) < 1e-3);
	a.goal = ROUTE_FAILURE; /* small to mid: 0.2 for 0.009 */
	a.target = 0.04;
	assert_int_equal(arm_of(plain, &a), 0);
	a.target = 0.05;
	assert_int_equal(arm_of(plain, &a), 1);
	a.target = 2;
	assert_int_equal(arm_of(plain, &a), 2);
}

static void test_bounds(void **state)
{
	struct route_ask a = ask_of("learned", easy);
	struct decision d;

	(void)state;
	a.floor = 3;
	a.floor_why = "mine";
	router_decide(plain, &a, &d);
	assert_int_equal(d.arm, 1);
	assert_int_equal(d.floor, 3);
	assert_string_equal(d.bound_by, "floor 3: mine");
	a.class_name = STR("legal"); /* which the bundle does not know */
	router_decide(plain, &a, &d);
	assert_int_equal(d.arm, 2);
	assert_int_equal(d.floor, 4);
	a.class_name = STR("Legal/contracts");
	assert_int_equal(arm_of(plain, &a), 2);
	a = ask_of("high", easy);
	assert_int_equal(arm_of(plain, &a), 2);
	a = ask_of("learned", hard);
	a.budget_left_pusd = 50000000000; /* 5 cents */
	router_decide(plain, &a, &d);
	assert_int_equal(d.arm, 1);
	assert_string_equal(d.bound_by, "budget");
	a.budget_left_pusd = 0;
	router_decide(plain, &a, &d);
	assert_int_equal(d.arm, -1);
	assert_string_equal(d.bound_by, "budget");
	a = ask_of("learned", easy);
	a.pinned = 1;
	a.pinned_why = "signed thinking";
	router_decide(plain, &a, &d);
	assert_int_equal(d.arm, 1);
	assert_string_equal(d.bound_by, "pinned: signed thinking");
	a.floor = 5; /* a floor is obeyed by the pinned as well */
	router_decide(plain, &a, &d);
	assert_int_equal(d.arm, -1);
	a = ask_of("learned", easy);
	a.pinned = 1;
	arms[1].allowed = false;
	router_decide(plain, &a, &d);
	assert_int_equal(d.arm, -1);
	assert_non_null(strstr(d.bound_by, "pinned"));
}

/* Vectors of another version, or none: what is known of the class serves. */
static void test_foreign(void **state)
{
	struct route_ask a = ask_of("learned", hard);
	struct decision d;

	(void)state;
	a.n_x--;
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_STATIC);
	assert_int_equal(d.arm, 2);
	assert_non_null(strstr(d.bound_by, "schema"));
	a = ask_of("learned", hard);
	a.schema.b[0] = 1;
	router_decide(plain, &a, &d);
	assert_non_null(strstr(d.bound_by, "schema"));
	a.schema = feature_schema();
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_LEARNED);
	a.x = NULL;
	router_decide(plain, &a, &d);
	assert_int_equal(d.policy, POLICY_STATIC);
	assert_string_equal(d.bound_by, "");
}

static void test_explore(void **state)
{
	struct route_ask a = ask_of("learned", easy);
	int n[3] = {0}, explored = 0;
	struct decision d;

	(void)state;
	a.explore = 0.3;
	for (int i = 0; i < 30000; i++) {
		a.seed = (uint64_t)i;
		router_decide(plain, &a, &d);
		n[d.arm]++;
		explored += d.explored;
		assert_true(fabs((double)d.propensity - (d.arm ? 0.1 : 0.8)) <
			    1e-5);
	}
	assert_in_range(explored, 8700, 9300);
	assert_in_range(n[1], 2750, 3250);
	assert_in_range(n[2], 2750, 3250);
	/* a mixture's own chance counts */
	a = ask_of("static", easy);
	a.target = 0.9;
	a.explore = 0.3;
	memset(n, 0, sizeof(n));
	for (int i = 0; i < 30000; i++) {
		a.seed = (uint64_t)i;
		router_decide(plain, &a, &d);
		n[d.arm]++;
		assert_true(fabs((double)d.propensity - (d.arm == 0   ? 0.1
							 : d.arm == 1 ? 0.66
								      : 0.24)) <
			    1e-4);
	}
	assert_in_range(n[1], 30000 * 0.64, 30000 * 0.68);
	/* never below a floor nor above a budget; not when pinned */
	a.floor = 3;
	a.budget_left_pusd = 50000000000;
	for (int i = 0; i < 1000; i++) {
		a.seed = (uint64_t)i;
		assert_int_equal(arm_of(plain, &a), 1);
	}
	a = ask_of("learned", easy);
	a.explore = 0.5;
	a.pinned = 2;
	for (int i = 0; i < 100; i++) {
		a.seed = (uint64_t)i;
		assert_int_equal(arm_of(plain, &a), 2);
	}
}

/* ---- cascades ---- */

static void test_cascade(void **state)
{
	struct route_ask a = ask_of("cascade", hard);
	struct decision d;
	struct buf text;
	struct str names[3] = {arms[0].model, arms[1].model, arms[2].model};

	(void)state;
	buf_init(&text, 1000);
	/* At four successes a dollar mid, then big, is worth more than big. */
	a.goal = ROUTE_FAILURE;
	a.target = 0.25;
	router_decide(judged, &a, &d);
	assert_int_equal(d.plan.kind, PLAN_CASCADE);
	assert_int_equal(d.plan.arm[d.plan.n - 1], 2);
	assert_true(d.plan_pusd < d.view[2].expected_cost_pusd);
	plan_text(&d.plan, names, &text);
	assert_non_null(strstr(buf_str(&text), "-> big)"));
	/* no accept model, no cascade */
	router_decide(plain, &a, &d);
	assert_int_equal(d.plan.kind, PLAN_SINGLE);
	a.class_name = STR("learned"); /* nor where none may be accepted */
	router_decide(judged, &a, &d);
	assert_int_equal(d.plan.kind, PLAN_SINGLE);
	buf_release(&text);
}

/* Where what is replied stands nothing is chosen for what comes after it, and
 * where it does not, it is told what that may be worth. */
static void test_stands(void **state)
{
	struct route_ask a = ask_of("cascade", hard);
	struct decision d;

	(void)state;
	a.goal = ROUTE_FAILURE;
	a.target = 0.25;
	router_decide(judged, &a, &d);
	assert_int_equal(d.plan.kind, PLAN_CASCADE);
	assert_true(d.judge_gain > 0 && d.judge_gain < 1);
	a.stands = true;
	router_decide(judged, &a, &d);
	assert_int_equal(d.plan.kind, PLAN_SINGLE);
	assert_true(d.judge_gain <= 0);
	/* 0.5 + 0.4 with what mends it, against 0.8 - 0.1 * 0.5 */
	a = ask_of("first", hard);
	a.goal = ROUTE_FAILURE;
	a.target = 2;
	router_decide(judged, &a, &d);
	assert_int_equal(d.arm, 0);
	assert_true(fabs((double)d.judge_gain - 0.4) < 1e-6);
	a.stands = true;
	router_decide(judged, &a, &d);
	assert_int_equal(d.arm, 2);
	assert_true(d.judge_gain <= 0);
	/* nothing above it may serve: it stands anyhow */
	a.stands = false;
	arms[1].allowed = arms[2].allowed = false;
	router_decide(judged, &a, &d);
	assert_int_equal(d.arm, 0);
	assert_true(d.judge_gain <= 0);
	/* nobody judges */
	a = ask_of("first", hard);
	router_decide(plain, &a, &d);
	assert_true(d.judge_gain <= 0);
}

static void good_reply(float *e, float doubtful)
{
	for (int i = 0; i < EVIDENCE_N; i++)
		e[i] = NAN;
	e[EVIDENCE_FINISH] = FINISH_STOP;
	e[EVIDENCE_DOUBTFUL] = doubtful;
}

static void test_judge(void **state)
{
	struct route_ask a = ask_of("cascade", hard);
	float e[2][EVIDENCE_N];
	struct route_tried t[2] = {{0, e[0], EVIDENCE_N, 1000000000},
				   {2, e[1], EVIDENCE_N, 100000000000}};
	struct decision d;

	(void)state;
	a.tried = t;
	a.n_tried = 1;
	good_reply(e[0], 0);
	good_reply(e[1], 1);
	router_judge(judged, &a, &d);
	assert_true(d.accept);
	assert_int_equal(d.arm, -1);
	assert_true(fabs((double)d.p_accept - 0.98) < 1e-5);
	good_reply(e[0], 1);
	router_judge(judged, &a, &d);
	assert_false(d.accept);
	assert_true(d.arm == 1 || d.arm == 2);
	assert_true(fabs((double)d.p_accept - 0.02) < 1e-5);
	/* nothing is tried twice */
	a.n_tried = 2;
	router_judge(judged, &a, &d);
	assert_true(d.arm == 1 || (d.arm == -1 && d.accept));
	/* pinned, or the last one left: it stands */
	a.n_tried = 1;
	a.pinned = 0;
	router_judge(judged, &a, &d);
	assert_true(d.accept);
	a.pinned = -1;
	/* what is no answer does not, even without a model */
	e[0][EVIDENCE_FINISH] = FINISH_ERROR;
	a.class_name = STR("fleet");
	router_judge(plain, &a, &d);
	assert_false(d.accept);
	assert_int_equal(d.arm, 2);
	arms[1].allowed = arms[2].allowed = false;
	router_judge(plain, &a, &d);
	assert_false(d.accept);
	assert_int_equal(d.arm, -1);
	assert_string_equal(d.bound_by, "nothing left to try");
	/* without evidence nothing is known against it */
	a = ask_of("cascade", hard);
	t[0].evidence = NULL;
	a.tried = t;
	a.n_tried = 1;
	router_judge(judged, &a, &d);
	assert_true(d.accept && isnan(d.p_accept));
	/* nothing tried yet: a decision */
	a.n_tried = 0;
	router_judge(judged, &a, &d);
	assert_true(d.arm >= 0);
	/* an arm that is none */
	a.n_tried = 1;
	t[0].arm = 99;
	router_judge(judged, &a, &d);
	assert_true(d.accept);
}

/* Samples are taken where repeated runs told what they are worth, and by those
 * who can take them. */
static void test_samples(void **state)
{
	struct route_ask a = ask_of("samples", easy);
	struct decision d;

	(void)state;
	router_decide(plain, &a, &d);
	assert_int_equal(d.plan.kind, PLAN_SINGLE);
	a.samples = 3;
	router_decide(plain, &a, &d);
	assert_int_equal(d.plan.kind, PLAN_BEST_OF);
	assert_int_equal(d.plan.n, 3);
	assert_int_equal(d.arm, 0);
	/* beta(8.55, 0.45): two good 0.90725, three 0.870135 */
	assert_true(fabs((double)d.p_plan - 0.98148) < 1e-4);
	assert_true(llabs(d.plan_pusd - 2085500000) < 1000000);
	a.class_name = STR("learned");
	router_decide(plain, &a, &d);
	assert_int_equal(d.plan.kind, PLAN_SINGLE);
	a.class_name = STR("static");
	router_decide(plain, &a, &d);
	assert_int_equal(d.plan.kind, PLAN_SINGLE);
	/* three of them cost more than is left */
	a.class_name = STR("samples");
	a.budget_left_pusd = 2500000000;
	router_decide(plain, &a, &d);
	assert_true(d.plan.n < 3);
}

static void unseen(float *e, double agreement)
{
	for (int i = 0; i < EVIDENCE_N; i++)
		e[i] = NAN;
	e[EVIDENCE_AGREEMENT] = (float)agreement;
}

static void test_sampling(void **state)
{
	struct route_ask a = ask_of("samples", easy);
	float e[3][EVIDENCE_N];
	struct route_tried t[3] = {{0, e[0], EVIDENCE_N, 1000000000},
				   {0, e[1], EVIDENCE_N, 1000000000},
				   {0, e[2], EVIDENCE_N, 1000000000}};
	struct decision d;

	(void)state;
	a.samples = 3;
	a.tried = t;
	a.n_tried = 1;
	unseen(e[0], NAN);
	unseen(e[1], 1);
	unseen(e[2], 0.5);
	router_judge(plain, &a, &d);
	assert_false(d.accept);
	assert_int_equal(d.arm, 0);
	assert_int_equal(d.plan.kind, PLAN_BEST_OF);
	a.n_tried = 2;
	router_judge(plain, &a, &d);
	assert_true(d.accept);
	assert_int_equal(d.arm, -1);
	assert_true(fabs((double)d.p_accept - 0.99207) < 1e-4);
	unseen(e[1], 0);
	router_judge(plain, &a, &d);
	assert_false(d.accept);
	assert_int_equal(d.arm, 0);
	a.n_tried = 3;
	router_judge(plain, &a, &d);
	assert_true(d.accept);
	/* all differ: another arm is worth more than one in two */
	unseen(e[2], 0);
	router_judge(plain, &a, &d);
	assert_false(d.accept);
	assert_true(d.arm > 0);
	assert_true(fabs((double)d.p_accept - 0.5) < 1e-6);
	/* who does not sample is not asked to */
	a.samples = 0;
	a.n_tried = 1;
	router_judge(plain, &a, &d);
	assert_true(d.arm != 0);
}

static void test_given(void **state)
{
	(void)state;
	for (int i = 1; i < 20; i++)
		for (int k = 1; k < 20; k++) {
			double first = i / 20.0, second = k / 20.0;
			double same = plan_given(second, first, first);

			assert_true(plan_given(second, first, 0) <=
				    second + 1e-9);
			assert_true(plan_given(second, first, 1) >=
				    second - 1e-9);
			assert_true(fabs(same - second) < 1e-9);
		}
}

static void test_explain(void **state)
{
	struct route_ask a = ask_of("learned", hard);
	struct json_doc doc;
	struct decision d;
	struct buf json;
	struct err e;
	const struct json *moved;

	(void)state;
	buf_init(&json, 4096);
	json_doc_init(&doc, 1000);
	router_decide(plain, &a, &d);
	router_explain(plain, &a, &d, &json);
	assert_int_equal(json_parse(&doc, (struct str){json.p, json.len}, &e),
			 RC_OK);
	assert_true(json_str_is(json_get(doc.nodes, "rule"), "learned"));
	assert_true(json_str_is(json_get(doc.nodes, "kind"), "single"));
	assert_int_equal(json_get(doc.nodes, "arms")->count, 3);
	moved = json_first(json_get(doc.nodes, "moved"));
	assert_true(json_str_is(json_get(moved, "feature"), "bytes"));
	assert_null(json_next(json_get(doc.nodes, "moved"), moved));
	/* a stop, and many arms with long names: still an object, bounded */
	a.pinned = 1;
	a.floor = 5;
	buf_clear(&json);
	router_decide(plain, &a, &d);
	router_explain(plain, &a, &d, &json);
	assert_int_equal(json_parse(&doc, (struct str){json.p, json.len}, &e),
			 RC_OK);
	json_doc_release(&doc);
	buf_release(&json);
}

/* ---- whatever is asked ---- */

static double odd_number(void)
{
	static const double odds[] = {0,         -1,    1,      0.5,
				      NAN,       1e300, 1e-300, INFINITY,
				      -INFINITY, 2,     0.01};

	return odds[any(sizeof(odds) / sizeof(odds[0]))];
}

static int64_t odd_amount(void)
{
	static const int64_t odds[] = {0,          -1,           1,
				       INT64_MAX,  INT64_MIN,    3000000,
				       1000000000, 100000000000, 5000000};

	return odds[any(sizeof(odds) / sizeof(odds[0]))];
}

static void odd_ask(struct route_ask *a, struct route_arm *arm,
		    struct route_tried *tried, float *x, float *evidence)
{
	static const char *const classes[] = {
		"fleet", "static",  "learned", "cascade", "high",
		"legal", "unknown", "",        "a/b/c",   "medical.x"};
	static const char *const models[] = {"small",  "mid",   "big",
					     "other",  "",      "tier:4",
					     "tier:9", "tier:2"};

	for (int i = 0; i < ROUTE_ARMS_MAX + 2; i++)
		arm[i] = (struct route_arm){str_from(models[any(8)]),
					    (int)any(8) - 1,
					    odd_amount(),
					    odd_amount(),
					    odd_amount(),
					    odd_amount(),
					    any(4) != 0};
	for (int i = 0; i < FEATURE_MAX; i++)
		x[i] = any(3) ? (float)any(100) : (float)odd_number();
	for (int i = 0; i < EVIDENCE_N; i++)
		evidence[i] = any(2) ? NAN : (float)odd_number();
	for (int i = 0; i < ROUTE_TRIED_MAX + 1; i++)
		tried[i] = (struct route_tried){
			(int)any(40) - 2, any(4) ? evidence : NULL,
			(int)any(EVIDENCE_N + 1), odd_amount()};
	*a = (struct route_ask){
		.x = any(8) ? x : NULL,
		.n_x = any(8) ? feature_count() : (int)any(1000) - 10,
		.class_name = str_from(classes[any(10)]),
		.floor = any(3) ? 0 : (int)any(9) - 2,
		.floor_why = any(2) ? "conf" : NULL,
		.arms = any(50) ? arm : NULL,
		.n_arms = any(20) ? (int)any(8)
				  : (int)any(ROUTE_ARMS_MAX + 3) - 1,
		.pinned = any(10) ? -1 : (int)any(10),
		.pinned_why = any(2) ? "why" : NULL,
		.prompt_tokens = odd_amount(),
		.cached_tokens = odd_amount(),
		.max_output = odd_amount(),
		.budget_left_pusd = any(3) ? -1 : odd_amount(),
		.tried = tried,
		.n_tried = (int)any(ROUTE_TRIED_MAX + 2),
		.goal = (enum route_goal)any(3),
		.target = odd_number(),
		.explore = any(2) ? 0.1 : odd_number(),
		.seed = stat_random(&dice),
	};
}

static void check(const struct bundle *b, const struct route_ask *a,
		  const struct decision *d)
{
	int n = a->arms ? a->n_arms : 0, floor = 1;

	n = n < 0 ? 0 : n > ROUTE_ARMS_MAX ? ROUTE_ARMS_MAX : n;
	assert_true(d->propensity > 0 && d->propensity <= 1);
	if (bundle_plain_floor(a->class_name) > floor)
		floor = bundle_plain_floor(a->class_name);
	if (str_is(a->class_name, "high") && b != bundle_shipped())
		floor = 4;
	if (a->floor > floor)
		floor = a->floor;
	assert_int_equal(d->floor, floor);
	if (d->arm < 0) {
		assert_int_equal(d->plan.kind, PLAN_STOP);
		return;
	}
	assert_in_range(d->plan.n, 1, PLAN_ARMS_MAX);
	assert_int_equal(d->plan.arm[0], d->arm);
	for (int i = 0; i < d->plan.n; i++) {
		int arm = d->plan.arm[i];
		int tier;

		assert_in_range(arm, 0, n - 1);
		tier = a->arms[arm].tier < 1 ? 1 : a->arms[arm].tier;
		assert_true(a->arms[arm].allowed);
		assert_true((tier > 5 ? 5 : tier) >= floor);
		assert_true(a->pinned < 0 || a->pinned == arm);
		assert_true(a->budget_left_pusd < 0 ||
			    d->view[arm].expected_cost_pusd <=
				    a->budget_left_pusd);
	}
}

/* Whether any arm may serve at all, money aside. */
static bool possible(const struct route_ask *a, int floor)
{
	int n = a->arms ? a->n_arms : 0;

	for (int i = 0; i < n && i < ROUTE_ARMS_MAX; i++) {
		int tier = a->arms[i].tier < 1 ? 1 : a->arms[i].tier;

		if (a->arms[i].allowed && (tier > 5 ? 5 : tier) >= floor &&
		    (a->pinned < 0 || a->pinned == i))
			return true;
	}
	return false;
}

static void test_anything(void **state)
{
	static struct route_arm arm[ROUTE_ARMS_MAX + 2];
	struct route_tried tried[ROUTE_TRIED_MAX + 1];
	float x[FEATURE_MAX], evidence[EVIDENCE_N];
	const struct bundle *b[3] = {plain, judged, bundle_shipped()};
	static struct decision d, again;
	struct buf json;

	(void)state;
	buf_init(&json, 1 << 20);
	for (int i = 0; i < RANDOM; i++) {
		const struct bundle *with = b[any(3)];
		struct route_ask a;

		odd_ask(&a, arm, tried, x, evidence);
		router_decide(with, &a, &d);
		check(with, &a, &d);
		if (a.budget_left_pusd < 0)
			assert_int_equal(d.arm >= 0, possible(&a, d.floor));
		if (d.arm < 0)
			assert_true(*d.bound_by != 0);
		router_decide(with, &a, &again);
		assert_int_equal(d.arm, again.arm);
		assert_memory_equal(&d.plan, &again.plan, sizeof(d.plan));
		if (i % 100 == 0) {
			buf_clear(&json);
			router_explain(with, &a, &d, &json);
			assert_true(buf_ok(&json) && json.len <= 4096);
		}
		router_judge(with, &a, &d);
		check(with, &a, &d);
		assert_false(d.accept && d.arm >= 0);
	}
	buf_release(&json);
}

/* ---- many questions about one request ---- */

static void assert_same(const struct decision *a, const struct decision *b,
			int n)
{
	assert_memory_equal(&a->plan, &b->plan, sizeof(a->plan));
	assert_int_equal(a->arm, b->arm);
	assert_int_equal(a->policy, b->policy);
	assert_int_equal(a->floor, b->floor);
	assert_int_equal(a->accept, b->accept);
	assert_int_equal(a->explored, b->explored);
	assert_int_equal(a->plan_pusd, b->plan_pusd);
	assert_string_equal(a->bound_by, b->bound_by);
	assert_memory_equal(&a->propensity, &b->propensity, sizeof(float));
	assert_memory_equal(&a->lambda, &b->lambda, sizeof(float));
	assert_int_equal(isnan(a->p_accept), isnan(b->p_accept));
	assert_true(isnan(a->p_accept) || a->p_accept >= b->p_accept);
	assert_true(isnan(a->p_accept) || a->p_accept <= b->p_accept);
	for (int i = 0; i < n; i++) {
		assert_memory_equal(&a->view[i].p, &b->view[i].p,
				    sizeof(float));
		assert_int_equal(a->view[i].expected_cost_pusd,
				 b->view[i].expected_cost_pusd);
	}
}

static void test_memo(void **state)
{
	static const char *const classes[] = {"learned", "static", "fleet",
					      "legal"};
	struct route_memo *memo = route_memo_new();
	struct decision with_memo, fresh;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		const struct bundle *b = any(2) ? judged : plain;
		struct route_ask a =
			ask_of(classes[any(4)], any(2) ? easy : hard);

		a.budget_left_pusd = any(4) ? -1 : (int64_t)any(1000000000000);
		route_memo_forget(memo);
		for (int q = 0; q < 12; q++) {
			const float evidence[EVIDENCE_N] = {(float)any(2)};
			struct route_tried tried = {
				.arm = (int)any(3),
				.evidence = evidence,
				.n_evidence = EVIDENCE_N,
				.cost_pusd = (int64_t)any(100000000000),
			};

			a.goal = any(2) ? ROUTE_FAILURE : ROUTE_QUALITY;
			a.target = exp((double)any(100) / 10 - 7);
			a.unguarded = any(2);
			a.explore = any(2) ? 0.3 : 0;
			a.seed = any(1000);
			a.tried = any(2) ? &tried : NULL;
			a.n_tried = a.tried ? 1 : 0;
			a.memo = NULL;
			router_judge(b, &a, &fresh);
			a.memo = memo;
			router_judge(b, &a, &with_memo);
			assert_same(&fresh, &with_memo, a.n_arms);
		}
	}
	route_memo_free(memo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strongest),
		cmocka_unit_test(test_learned),
		cmocka_unit_test(test_judged_range),
		cmocka_unit_test(test_quality_is_kept),
		cmocka_unit_test(test_borrowed),
		cmocka_unit_test(test_static),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_explore),
		cmocka_unit_test(test_cascade),
		cmocka_unit_test(test_stands),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_sampling),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_anything),
		cmocka_unit_test(test_memo),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
