/* Ranges of time: presets, what the command line takes, sparklines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "tui/range.h"
#include "tui/spark.h"

#define MIN  (60 * US_PER_SEC)
#define HOUR (60 * MIN)
#define T0   (INT64_C(1795478400) * US_PER_SEC) /* 2026-11-24T00:00Z */

static void ranges(void **state)
{
	int64_t now = T0 + 12 * HOUR + 90 * US_PER_SEC;
	struct range r = {.preset = RANGE_15M};
	struct query_span s = range_span(&r, now);

	(void)state;
	assert_true(s.until_us == T0 + 12 * HOUR + 2 * MIN);
	assert_true(s.until_us - s.since_us == 15 * MIN);
	r = range_step(&r, -1);
	assert_int_equal(r.preset, RANGE_ALL);
	assert_true(range_span(&r, now).all);
	r = range_step(&r, 1);
	assert_int_equal(r.preset, RANGE_15M);
}

static void sparks(void **state)
{
	int64_t now = T0 + 12 * HOUR + 90 * US_PER_SEC;

	(void)state;
	for (int preset = 0; preset < RANGE_N; preset++) {
		for (int old = 0; old < 400; old += 7) {
			struct range r = {.preset = preset};
			struct range_spark s =
				range_spark(&r, now, now - old * 5 * HOUR);
			int64_t unit = query_grain_us(s.grain);

			assert_in_range(s.slots, 1, SPARK_MAX);
			assert_true(s.since_us < s.until_us);
			assert_true(s.since_us % unit == 0);
			assert_true(s.until_us % unit == 0);
			/* Now is inside, and so is the span's beginning. */
			assert_true(s.until_us > now);
			assert_true(range_span(&r, now).all ||
				    s.since_us <= range_span(&r, now).since_us);
		}
	}
}

static void times_given(void **state)
{
	int64_t now = T0, us;
	struct range r;
	struct err e;

	(void)state;
	assert_int_equal(range_parse("24h", NULL, now, &r, &e), RC_OK);
	assert_int_equal(r.preset, RANGE_24H);
	assert_int_equal(range_parse("36h", NULL, now, &r, &e), RC_OK);
	assert_int_equal(r.preset, RANGE_FIXED);
	assert_true(r.since_us == T0 - 36 * HOUR && r.until_us == TIME_NONE);
	assert_int_equal(range_parse("2026-11-01", "2w", now, &r, &e), RC_OK);
	assert_true(r.until_us == T0 - 14 * US_PER_DAY);
	assert_int_equal(range_parse("1h", "2h", now, &r, &e), RC_BAD);
	assert_int_equal(range_parse("soon", NULL, now, &r, &e), RC_BAD);
	assert_int_equal(range_parse("-3h", NULL, now, &r, &e), RC_BAD);
	assert_int_equal(range_parse("", NULL, now, &r, &e), RC_BAD);
	assert_int_equal(
		range_parse_time(STR("9223372036854775807w"), now, &us, &e),
		RC_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(sparks),
		cmocka_unit_test(times_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
