/* Whatever is asked, floors and budgets hold; and the same ask gives the same
 * decision, also among many about one request. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "router/bundle_plain.h"
#include "router/stat.h"
#include "tests/unit/decide_world.h"

#define RANDOM 100000

static uint64_t dice = 1;

static uint64_t any(uint64_t n)
{
	return stat_random(&dice) % n;
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
		cmocka_unit_test(test_anything),
		cmocka_unit_test(test_memo),
	};

	return cmocka_run_group_tests(tests, decide_world, NULL);
}
