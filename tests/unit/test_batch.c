#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/batch.h"
#include "ledger/money.h"

#define NOW INT64_C(1800000000000000)

static struct batch *b;
static uint32_t task;

static int setup(void **state)
{
	struct ev_task t = {.sender = STR("test"),
			    .ext_id = STR("run-1"),
			    .rank = RANK_OTHER};

	(void)state;
	clock_fix(NOW);
	b = batch_new(1 << 20);
	assert_int_equal(batch_task(b, &t, &task, NULL), RC_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	batch_free(b);
	clock_fix(TIME_NONE);
	return 0;
}

static struct ev_attempt good(void)
{
	struct ev_attempt a;

	ev_attempt_init(&a);
	a.task = task;
	a.keys[0] = ev_key("test", STR("scope"), STR("call-1"));
	a.n_keys = 1;
	a.model = STR("gpt-5");
	a.source = STR("native");
	a.started_us = NOW - US_PER_DAY;
	a.ended_us = NOW - US_PER_DAY + 5;
	a.usage.n[USAGE_UNCACHED_IN] = 10;
	a.usage.n[USAGE_OUTPUT] = 5;
	return a;
}

static void refused(const struct ev_attempt *a, const char *why)
{
	struct err e;
	size_t before = b->n_attempts;

	assert_int_equal(batch_attempt(b, a, &e), RC_BAD);
	if (!strstr(e.msg, why))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, why);
	assert_int_equal(b->n_attempts, before);
}

static void defaults_of_a_task(void **state)
{
	(void)state;
	assert_true(str_is(b->tasks[task].e.team, "none"));
	assert_true(str_is(b->tasks[task].e.agent, "test"));
	assert_true(str_is(b->tasks[task].e.class_name, "unattributed"));
	assert_int_equal(b->tasks[task].e.class_rank, CLASS_NOBODY);
}

static void one_task_one_index(void **state)
{
	struct ev_task t = {.sender = STR("test"),
			    .ext_id = STR("run-1"),
			    .class_name = STR("coding"),
			    .class_rank = CLASS_GUESSED,
			    .rank = RANK_TRANSCRIPT,
			    .agent = STR("fixer")};
	uint32_t again;

	(void)state;
	assert_int_equal(batch_task(b, &t, &again, NULL), RC_OK);
	assert_int_equal(again, task);
	assert_int_equal(b->n_tasks, 1);
	assert_true(str_is(b->tasks[task].e.class_name, "coding"));
	assert_true(str_is(b->tasks[task].e.agent, "fixer"));
}

static void good_attempt_goes_in(void **state)
{
	struct ev_attempt a = good();

	(void)state;
	assert_int_equal(batch_attempt(b, &a, NULL), RC_OK);
	assert_int_equal(batch_rows(b), 1);
	assert_true(b->attempts[0].e.model.p != a.model.p);
}

static void each_bad_field_is_named(void **state)
{
	struct ev_attempt a;

	(void)state;
	a = good();
	a.usage.n[USAGE_OUTPUT] = -7;
	refused(&a, "output is negative (-7)");
	a = good();
	a.usage.n[USAGE_CACHE_READ] = INT64_MAX;
	refused(&a, "cache_read is beyond belief");
	a = good();
	a.usage.n[USAGE_REASONING] = 6;
	refused(&a, "reasoning (6) is more than output (5)");
	a = good();
	a.started_us = a.ended_us = NOW + 2 * US_PER_DAY;
	refused(&a, "is in the future");
	a = good();
	a.started_us = a.ended_us = 1;
	refused(&a, "is before 2010");
	a = good();
	a.ended_us = a.started_us - 1;
	refused(&a, "the end is before the start");
	a = good();
	a.model = STR("caf\xe9");
	refused(&a, "model is not UTF-8");
	a = good();
	a.finish_reason = (struct str){"a\0b", 3};
	refused(&a, "finish reason is not UTF-8");
	a = good();
	a.n_keys = 0;
	refused(&a, "without an identifier");
	a = good();
	a.model = STR_NONE;
	refused(&a, "without a model");
	a = good();
	a.reported_cost_pusd = -1;
	refused(&a, "reported cost is negative");
}

static void a_full_batch_says_so_and_keeps_what_it_has(void **state)
{
	struct ev_attempt a = good();
	enum rc rc;
	size_t n = 0;

	(void)state;
	while ((rc = batch_attempt(b, &a, NULL)) == RC_OK)
		n++;
	assert_int_equal(rc, RC_BUSY);
	assert_true(n > 1000);
	assert_int_equal(batch_rows(b), n);
	assert_true(str_is(b->attempts[n - 1].e.model, "gpt-5"));
	batch_clear(b);
	assert_int_equal(batch_rows(b), 0);
}

static struct ev_outcome verdict(void)
{
	return (struct ev_outcome){.task = task,
				   .source = STR("ci"),
				   .key = STR("tests"),
				   .success_micro = 1000000,
				   .at_us = NOW};
}

static void a_verdict_with_a_name_is_one_at_any_time(void **state)
{
	struct ev_outcome o = verdict();

	(void)state;
	for (int i = 0; i < 4; i++) {
		o.at_us = NOW - i % 2;
		o.same_as = i < 2 ? STR_NONE : STR("retry-1/0");
		assert_int_equal(batch_outcome(b, &o, NULL), RC_OK);
	}
	assert_false(uuid_eq(b->outcomes[0].id, b->outcomes[1].id));
	assert_true(uuid_eq(b->outcomes[2].id, b->outcomes[3].id));
	assert_false(uuid_eq(b->outcomes[0].id, b->outcomes[2].id));
	/* A correction is another row. */
	o.success_micro = 0;
	assert_int_equal(batch_outcome(b, &o, NULL), RC_OK);
	assert_false(uuid_eq(b->outcomes[3].id, b->outcomes[4].id));
}

static void a_claim_needs_its_time(void **state)
{
	struct ev_claim c = {.sum = good(), .due_us = NOW + 5};
	struct err e;

	(void)state;
	assert_int_equal(batch_claim(b, &c, NULL), RC_OK);
	assert_int_equal(batch_rows(b), 1);
	c.due_us = TIME_NONE;
	assert_int_equal(batch_claim(b, &c, &e), RC_BAD);
	assert_string_equal(e.msg, "claim without a due time");
	c.due_us = NOW;
	c.sum.started_us = TIME_NONE;
	assert_int_equal(batch_claim(b, &c, &e), RC_BAD);
	assert_string_equal(e.msg, "claim without a start and an end");
	assert_int_equal(batch_rows(b), 1);
	batch_clear(b);
	assert_int_equal(batch_rows(b), 0);
}

static void a_decision_is_checked(void **state)
{
	static const float inf[] = {1, HUGE_VALF};
	struct ev_decision d, x;
	struct err e;

	(void)state;
	ev_decision_init(&d);
	d.task = task;
	d.id = ev_key("d", STR("x"), STR("1"));
	d.decided_us = NOW;
	d.policy = STR("static");
	d.plan = STR("single(2)");
	assert_int_equal(batch_decision(b, &d, NULL), RC_OK);
	assert_int_equal(batch_rows(b), 1);
#define REFUSED(change, why)                                                   \
	do {                                                                   \
		x = d;                                                         \
		change;                                                        \
		assert_int_equal(batch_decision(b, &x, &e), RC_BAD);           \
		assert_string_equal(e.msg, why);                               \
	} while (0)
	REFUSED(x.id = (struct uuid){{0}}, "decision without an id");
	REFUSED(x.decided_us = TIME_NONE, "decision without a time");
	REFUSED(x.policy = STR_NONE, "decision without a policy");
	REFUSED(x.plan = STR_NONE, "decision without a plan");
	REFUSED(x.propensity = 0, "propensity is not within 0..1");
	REFUSED(x.propensity = (double)NAN, "propensity is not within 0..1");
	REFUSED(x.n_tiers = 6, "tiers: 6 values, at most 5");
	REFUSED((x.features = inf, x.n_features = 2),
		"features is infinite (value 1)");
	REFUSED(x.reasons = STR("[1]"), "reasons: not an object");
	REFUSED((x.n_tiers = 2, x.expected_cost_pusd[1] = -2),
		"expected cost is negative");
	x.task = 99;
	assert_int_equal(batch_decision(b, &x, &e), RC_BUG);
	assert_int_equal(batch_rows(b), 1);
	batch_clear(b);
	assert_int_equal(batch_rows(b), 0);
}

static void evidence_is_finite_and_short(void **state)
{
	struct ev_attempt a = good();
	char want[80];
	struct err e;

	(void)state;
	a.n_evidence = EVIDENCE_N;
	assert_int_equal(batch_attempt(b, &a, NULL), RC_OK);
	a.evidence[3] = HUGE_VALF;
	assert_int_equal(batch_attempt(b, &a, &e), RC_BAD);
	assert_string_equal(e.msg, "evidence is infinite (value 3)");
	a.n_evidence = EVIDENCE_N + 1;
	assert_int_equal(batch_attempt(b, &a, &e), RC_BAD);
	snprintf(want, sizeof(want), "evidence: %d values, at most %d",
		 EVIDENCE_N + 1, EVIDENCE_N);
	assert_string_equal(e.msg, want);
}

static void ids_do_not_run_together(void **state)
{
	(void)state;
	assert_false(uuid_eq(task_id_of(STR("ab"), STR("c")),
			     task_id_of(STR("a"), STR("bc"))));
	assert_false(uuid_eq(ev_key("x", STR("s"), STR("1")),
			     ev_key("y", STR("s"), STR("1"))));
	assert_true(uuid_eq(ev_key("x", STR("s"), STR("1")),
			    ev_key("x", STR("s"), STR("1"))));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(defaults_of_a_task),
		T(one_task_one_index),
		T(good_attempt_goes_in),
		T(each_bad_field_is_named),
		T(a_full_batch_says_so_and_keeps_what_it_has),
		T(a_verdict_with_a_name_is_one_at_any_time),
		T(a_claim_needs_its_time),
		T(a_decision_is_checked),
		T(evidence_is_finite_and_short),
		T(ids_do_not_run_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
