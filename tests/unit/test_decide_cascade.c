/* Decisions of several steps: cascades, replies that are judged, samples, and
 * what is told of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/json.h"
#include "router/decide_int.h"
#include "tests/unit/decide_world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cascade), cmocka_unit_test(test_stands),
		cmocka_unit_test(test_judge),   cmocka_unit_test(test_given),
		cmocka_unit_test(test_samples), cmocka_unit_test(test_sampling),
		cmocka_unit_test(test_explain),
	};

	return cmocka_run_group_tests(tests, decide_world, NULL);
}
