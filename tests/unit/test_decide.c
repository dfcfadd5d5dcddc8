/* Decisions: floors and budgets hold, what is odd is taken for what is not
 * known; static and learned plans are those that a plain calculation finds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/decide_world.h"

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
	};

	return cmocka_run_group_tests(tests, decide_world, NULL);
}
