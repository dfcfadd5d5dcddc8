#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "ledger/base/clock.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void test_parse(void **state)
{
	/* The numbers are those of `date -u -d ... +%s`. */
	static const struct {
		const char *s;
		int64_t us;
	} cases[] = {
		{"1970-01-01", 0},
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-24T01:02:03.000004Z", 1795482123000004},
		{"2026-11-24 01:02:03", 1795482123000000},
		{"2026-11-24t01:02:03z", 1795482123000000},
		{"2026-11-24T01:02", 1795482120000000},
		{"2026-11-24T01:02:03.5Z", 1795482123500000},
		{"2026-11-24T01:02:03,5Z", 1795482123500000},
		{"2026-11-24T01:02:03.123456789Z", 1795482123123456},
		{"2026-11-24T03:02:03+02:00", 1795482123000000},
		{"2026-11-24T03:02:03+0200", 1795482123000000},
		{"2026-11-24T03:02:03+02", 1795482123000000},
		{"2026-11-23T19:32:03-05:30", 1795482123000000},
		{"2024-02-29", 1709164800000000},
		{"2000-02-29", 951782400000000},
		{"1969-12-31T23:59:59.999999Z", -1},
		{"1900-03-01", -2203891200000000},
		{"2016-12-31T23:59:60Z", 1483228800000000},
		{"0001-01-01", -62135596800000000},
		{"9999-12-31T23:59:59.999999Z", 253402300799999999},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		int64_t us = 77;

		if (!clock_parse(str_from(cases[i].s), &us))
			fail_msg("refused: %s", cases[i].s);
		if (us != cases[i].us)
			fail_msg("%s gave %lld", cases[i].s, (long long)us);
	}
}

static void test_parse_refuses(void **state)
{
	static const char *const cases[] = {"",
					    "x",
					    "2026",
					    "2026-11",
					    "2026-13-01",
					    "2026-00-01",
					    "2026-01-00",
					    "2026-01-32",
					    "2026-02-29",
					    "1900-02-29",
					    "2026-04-31",
					    "0000-01-01",
					    "2026-1-1",
					    "26-01-01",
					    "2026/01/01",
					    "2026-11-24T",
					    "2026-11-24T1:02:03",
					    "2026-11-24T24:00:00",
					    "2026-11-24T01:60:00",
					    "2026-11-24T01:02:60",
					    "2026-11-24T01:59:61",
					    "2026-11-24T01:02:03.",
					    "2026-11-24T01:02:03.Z",
					    "2026-11-24T01:02:03+",
					    "2026-11-24T01:02:03+1",
					    "2026-11-24T01:02:03+24:00",
					    "2026-11-24T01:02:03+01:60",
					    "2026-11-24T01:02:03+01:",
					    "2026-11-24T01:02:03ZZ",
					    "2026-11-24T01:02:03 Z",
					    " 2026-11-24",
					    "2026-11-24 ",
					    "2026-11-24Z",
					    "-026-11-24",
					    "+2026-11-24",
					    "1795482123"};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		int64_t us = 77;

		if (clock_parse(str_from(cases[i]), &us))
			fail_msg("took: %s", cases[i]);
		assert_int_equal(us, 77);
	}
	assert_false(clock_parse(STR_NONE, &(int64_t){0}));
	assert_false(
		clock_parse((struct str){"2026-11-24\0", 11}, &(int64_t){0}));
}

/* Every day of 800 years, against libc. */
static void test_days_agree_with_libc(void **state)
{
	char ours[16], theirs[16];

	(void)state;
	for (int32_t day = -146097; day < 146097; day++) {
		time_t t = (time_t)day * 86400;
		int64_t us;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		strftime(theirs, sizeof(theirs), "%Y-%m-%d", &tm);
		clock_format_day(day, ours, sizeof(ours));
		if (strcmp(ours, theirs) != 0)
			fail_msg("day %d is %s, not %s", day, theirs, ours);
		if (!clock_parse(str_from(ours), &us) || us != day * US_PER_DAY)
			fail_msg("%s does not come back", ours);
	}
}

static void test_format(void **state)
{
	static const int64_t times[] = {0,
					1,
					-1,
					1795482123000004,
					-62135596800000000,
					253402300799999999};
	char buf[32];
	int64_t us;

	(void)state;
	assert_string_equal(clock_format(1795482123000004, buf, sizeof(buf)),
			    "2026-11-24T01:02:03.000004Z");
	assert_string_equal(clock_format(-1, buf, sizeof(buf)),
			    "1969-12-31T23:59:59.999999Z");
	assert_string_equal(clock_format(TIME_NONE, buf, sizeof(buf)), "");
	assert_string_equal(
		clock_format_sec(1795482123999999, buf, sizeof(buf)),
		"2026-11-24T01:02:03Z");
	assert_string_equal(clock_format_sec(TIME_NONE, buf, sizeof(buf)), "");
	for (size_t i = 0; i < N(times); i++) {
		clock_format(times[i], buf, sizeof(buf));
		assert_true(clock_parse(str_from(buf), &us));
		assert_int_equal(us, times[i]);
	}
	clock_format(INT64_MAX, buf, sizeof(buf));
	clock_format(INT64_MIN + 1, buf, sizeof(buf));
	assert_true(strlen(buf) < sizeof(buf));
}

static void test_day(void **state)
{
	(void)state;
	assert_int_equal(clock_day(TIME_NONE), DAY_UNDATED);
	assert_int_equal(clock_day(0), 0);
	assert_int_equal(clock_day(-1), -1);
	assert_int_equal(clock_day(-US_PER_DAY), -1);
	assert_int_equal(clock_day(US_PER_DAY - 1), 0);
	assert_int_equal(clock_day(US_PER_DAY), 1);
	assert_int_equal(clock_day(1795482123000004), 20781);
}

static void test_fix(void **state)
{
	int64_t mono;

	(void)state;
	clock_fix(42);
	assert_int_equal(clock_now_us(), 42);
	mono = clock_mono_us();
	assert_true(mono > 42);
	clock_fix(TIME_NONE);
	assert_true(clock_now_us() > INT64_C(1600000000) * US_PER_SEC);
	assert_true(clock_mono_us() >= mono);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_days_agree_with_libc),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_day),
		cmocka_unit_test(test_fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
