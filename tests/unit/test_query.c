/* Spans of time: what is read for them is exactly what they hold, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/query_spend.h"
#include "ledger/query_watch.h"

#define MIN  (60 * US_PER_SEC)
#define HOUR (60 * MIN)
#define T0   (INT64_C(1795478400) * US_PER_SEC) /* 2026-11-24T00:00Z */

/* Edges ascend, cover the span, and lie on their grain where rows of that
 * grain are read. */
static void check_edges(const struct query_span *s)
{
	static const int64_t grain[] = {MIN, HOUR, US_PER_DAY, HOUR, MIN};
	int64_t e[QUERY_EDGES];

	query_edges(s, e);
	assert_true(e[0] == s->since_us && e[5] == s->until_us);
	for (int i = 0; i < 5; i++) {
		assert_true(e[i] <= e[i + 1]);
		if (e[i] == e[i + 1])
			continue;
		assert_true(e[i] % grain[i] == 0);
		assert_true(e[i + 1] % grain[i] == 0);
	}
	/* No more than an hour of minutes and a day of hours at either end. */
	assert_true(e[1] - e[0] <= 2 * HOUR && e[5] - e[4] <= HOUR);
	assert_true(e[2] - e[1] <= 2 * US_PER_DAY && e[4] - e[3] <= US_PER_DAY);
}

static void edges(void **state)
{
	uint32_t seed = 99;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct query_span s = {0};
		int64_t len;

		seed = seed * 1664525 + 1013904223;
		s.since_us = T0 - (int64_t)(seed % 200000) * MIN;
		seed = seed * 1664525 + 1013904223;
		len = (int64_t)(seed >> 8) % (i % 2 ? 200 : 100000);
		s.until_us = s.since_us + len * MIN;
		check_edges(&s);
	}
}

static void spans_are_cut_to_minutes(void **state)
{
	struct query_span s = {T0 + 1, T0 + MIN + 1, false};

	(void)state;
	s = query_span_cut(s);
	assert_true(s.since_us == T0 && s.until_us == T0 + 2 * MIN);
	/* What has no date lies on day 0 and is not reached by any bound. */
	s = query_span_cut((struct query_span){0, T0, false});
	assert_true(s.since_us == US_PER_DAY);
	s = query_span_cut((struct query_span){T0, T0 - MIN, false});
	assert_true(s.since_us == s.until_us);
}

static void all_reads_days_alone(void **state)
{
	struct query_span s = {.all = true};
	int64_t e[QUERY_EDGES];

	(void)state;
	query_edges(&s, e);
	assert_true(e[0] == 0 && e[1] == 0 && e[2] == 0);
	assert_true(e[3] > T0 * 2 && e[3] == e[4] && e[4] == e[5]);
}

static void cost_of_a_success(void **state)
{
	struct query_group c = {.judged = 3};
	__int128 v;

	(void)state;
	assert_false(query_cost_per_success(&c, &v));
	c.success_micro = 1500000; /* one and a half */
	c.paid_judged_pusd = 100;
	assert_true(query_cost_per_success(&c, &v));
	assert_true(v == 67);
	c.paid_judged_pusd = (__int128)INT64_MAX * 1000;
	assert_true(query_cost_per_success(&c, &v));
	assert_true(v == ((__int128)INT64_MAX * 2000 + 1) / 3);
}

/* Against R: prop.test(c(8), c(10), correct = FALSE), and its ends. */
static void interval_of_a_rate(void **state)
{
	int64_t low, high;

	(void)state;
	query_wilson(8000000, 10, &low, &high);
	assert_in_range(low, 490100, 490200);
	assert_in_range(high, 943300, 943400);
	query_wilson(0, 4, &low, &high);
	assert_int_equal(low, 0);
	assert_in_range(high, 489800, 489950);
	query_wilson(4000000, 4, &low, &high);
	assert_in_range(low, 510050, 510200);
	assert_int_equal(high, 1000000);
}

static void saving_that_was_realised(void **state)
{
	struct query_oracle o = {.paid_pusd = 60, .oracle_pusd = 40};
	int64_t micro;

	(void)state;
	assert_false(query_capture(&o, &micro));
	o.has_strongest = true;
	o.strongest_pusd = 40;
	assert_false(query_capture(&o, &micro));
	o.strongest_pusd = 120;
	assert_true(query_capture(&o, &micro));
	assert_int_equal(micro, 750000);
}

static void budgets_are_used_and_projected(void **state)
{
	struct query_budget b = {.settled_pusd = 30,
				 .reserved_pusd = 20,
				 .ledger_pusd = 40,
				 .limit_pusd = 100};
	__int128 v;

	(void)state;
	assert_int_equal(query_budget_used(&b), 500000);
	b.in_ledger = true;
	assert_int_equal(query_budget_used(&b), 600000);
	b.limit_pusd = 0;
	assert_int_equal(query_budget_used(&b), 1000000);
	b.in_ledger = false;
	b.settled_pusd = b.reserved_pusd = 0;
	assert_int_equal(query_budget_used(&b), 0);

	assert_false(query_projected(10, T0, T0 + 24 * HOUR, T0 + HOUR, &v));
	assert_false(query_projected(10, T0, TIME_NONE, T0 + HOUR, &v));
	assert_true(query_projected(10, T0, T0 + 24 * HOUR, T0 + 6 * HOUR, &v));
	assert_true(v == 40);
	/* Sums beyond 64 bits. */
	assert_true(query_projected((__int128)INT64_MAX * 1000, T0,
				    T0 + 24 * HOUR, T0 + 12 * HOUR, &v));
	assert_true(v == (__int128)INT64_MAX * 2000);
	assert_true(query_projected(10, T0, T0 + HOUR, T0 + 9 * HOUR, &v));
	assert_true(v == 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges),
		cmocka_unit_test(spans_are_cut_to_minutes),
		cmocka_unit_test(all_reads_days_alone),
		cmocka_unit_test(cost_of_a_success),
		cmocka_unit_test(interval_of_a_rate),
		cmocka_unit_test(saving_that_was_realised),
		cmocka_unit_test(budgets_are_used_and_projected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
