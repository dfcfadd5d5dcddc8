/* Figures as people and as programs read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "tui/fmt.h"
#include "tui/spark.h"
#include "tui/text.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

struct number {
	int64_t in;
	const char *want;
};

static void check(const struct number *c, size_t n, char *fn(int64_t, char *))
{
	char buf[FMT_TEXT];

	for (size_t i = 0; i < n; i++)
		assert_string_equal(fn(c[i].in, buf), c[i].want);
}

static void counts(void **state)
{
	static const struct number cases[] = {
		{0, "0"},
		{7, "7"},
		{999, "999"},
		{1000, "1,000"},
		{9999, "9,999"},
		{10000, "10.0k"},
		{99999, "99.9k"},
		{123456, "123k"},
		{999999, "999k"},
		{1000000, "1.00M"},
		{1234567, "1.23M"},
		{56789000, "56.7M"},
		{INT64_C(9990000000), "9.99G"},
		{INT64_C(1234567890123), "1.23T"},
		{-5, "-5"},
	};

	(void)state;
	check(cases, N(cases), fmt_count);
}

static void digits(void **state)
{
	static const struct number cases[] = {
		{0, "0"},
		{1234567, "1,234,567"},
		{-1000, "-1,000"},
		{INT64_MAX, "9,223,372,036,854,775,807"},
		{INT64_MIN, "-9,223,372,036,854,775,808"},
	};

	(void)state;
	check(cases, N(cases), fmt_digits);
}

static void percents(void **state)
{
	static const struct number cases[] = {
		{0, "0%"},       {1, "<0.1%"},      {400, "<0.1%"},
		{1000, "0.1%"},  {12345, "1.2%"},   {833333, "83.3%"},
		{500000, "50%"}, {999999, "99.9%"}, {1000000, "100%"},
	};

	(void)state;
	check(cases, N(cases), fmt_percent);
}

static void spans(void **state)
{
	static const struct number cases[] = {
		{0, "0us"},
		{850, "850us"},
		{12345, "12ms"},
		{1234567, "1.2s"},
		{59999999, "59.9s"},
		{125 * US_PER_SEC, "2m05s"},
		{3720 * US_PER_SEC, "1h02m"},
		{273600 * US_PER_SEC, "3d04h"},
	};
	char buf[FMT_TEXT];

	(void)state;
	check(cases, N(cases), fmt_span);
	assert_int_equal(fmt_span(-US_PER_SEC * 5, buf)[0], '-');
	assert_int_equal(fmt_span(INT64_MIN, buf)[0], '-');
}

static void times(void **state)
{
	char buf[FMT_TEXT];
	int64_t us;

	(void)state;
	assert_true(fmt_set_zone("UTC"));
	assert_true(clock_parse(STR("2026-11-24T23:30:05.9Z"), &us));
	assert_string_equal(fmt_time(us, buf), "2026-11-24 23:30:05");
	assert_string_equal(fmt_time_near(us, us, buf), "11-24 23:30:05");
	assert_string_equal(fmt_time_near(us - 400 * US_PER_DAY, us, buf),
			    "2025-10-20 23:30");
	assert_string_equal(fmt_time(TIME_NONE, buf), "-");
	assert_string_equal(fmt_time(-1, buf), "1969-12-31 23:59:59");
	assert_string_equal(fmt_zone(us, buf), "UTC");
	assert_true(fmt_midnight(us) % US_PER_DAY == 0);
	assert_true(fmt_midnight(us) <= us);

	assert_false(fmt_set_zone("Nowhere/Town"));
	assert_false(fmt_set_zone("../etc/passwd"));
	assert_false(fmt_set_zone(""));
	if (fmt_set_zone("Asia/Kolkata")) {
		assert_string_equal(fmt_time(us, buf), "2026-11-25 05:00:05");
		assert_true(us - fmt_midnight(us) <
			    6 * 3600 * (int64_t)US_PER_SEC);
		assert_true(fmt_set_zone("UTC"));
	}
}

static void money(void **state)
{
	char buf[FMT_TEXT];

	(void)state;
	assert_string_equal(fmt_money_exact(0, buf), "0");
	assert_string_equal(fmt_money_exact(1, buf), "0.000000000001");
	assert_string_equal(fmt_money_exact(30355000000, buf), "0.030355");
	assert_string_equal(fmt_money_exact(-1500000000000, buf), "-1.5");
	assert_string_equal(fmt_money_exact((__int128)INT64_MAX * 1000000, buf),
			    "9223372036854.775807");
	assert_string_equal(fmt_micro_exact(833333, buf), "0.833333");
	assert_string_equal(fmt_micro_exact(1000000, buf), "1");
	assert_string_equal(fmt_micro_exact(50, buf), "0.00005");
	/* Sums beyond int64 still are shown. */
	assert_string_equal(fmt_money((__int128)INT64_MAX * 1000, buf),
			    "$9,223,372,036");
	assert_string_equal(fmt_money((__int128)INT64_MAX * -1000, buf),
			    "-$9,223,372,036");
	assert_string_equal(fmt_money(30355000000, buf), "$0.0304");
}

static void sparks(void **state)
{
	struct series s = {.n = 4, .v = {0, 1, 50, 100}};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	text_set_unicode(true);
	spark_draw(&b, &s, 4);
	assert_string_equal(buf_str(&b), " ▁▄█");
	buf_clear(&b);
	spark_draw(&b, &s, 6);
	assert_string_equal(buf_str(&b), "   ▁▄█");
	buf_clear(&b);
	spark_draw(&b, &s, 2);
	assert_string_equal(buf_str(&b), "▁█");
	buf_clear(&b);
	text_set_unicode(false);
	spark_draw(&b, &s, 4);
	assert_string_equal(buf_str(&b), " .-#");
	buf_release(&b);

	assert_string_equal(spark_word(&s), "rising");
	s = (struct series){.n = 3, .v = {9, 100, 1}};
	assert_string_equal(spark_word(&s), "falling");
	s = (struct series){.n = 2, .v = {9, 9}};
	assert_string_equal(spark_word(&s), "steady");
	s = (struct series){.n = 5};
	assert_string_equal(spark_word(&s), "none");
}

static void figures_as_people_write_them(void **state)
{
	char buf[FMT_TEXT];

	(void)state;
	fmt_set_digits(",", ".");
	assert_string_equal(fmt_digits(1234567, buf), "1.234.567");
	assert_string_equal(fmt_count(12345, buf), "12,3k");
	assert_string_equal(fmt_count(9876, buf), "9.876");
	assert_string_equal(fmt_percent(333000, buf), "33,3%");
	assert_string_equal(fmt_change(-33000, buf), "-3,3%");
	assert_string_equal(fmt_span(1200000, buf), "1,2s");
	assert_string_equal(fmt_money(INT64_C(1460000000000), buf), "$1,46");
	/* What programs read stays as it is. */
	assert_string_equal(fmt_money_exact(INT64_C(1460000000000), buf),
			    "1.46");
	assert_string_equal(fmt_micro_exact(500000, buf), "0.5");
	fmt_set_digits(",", "\xe2\x80\xaf");
	assert_string_equal(fmt_digits(1234567, buf), "1\xe2\x80\xaf"
						      "234\xe2\x80\xaf"
						      "567");
	fmt_set_digits("", "far too long");
	assert_string_equal(fmt_digits(1234567, buf), "1,234,567");
	assert_string_equal(fmt_percent(333000, buf), "33.3%");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(digits),
		cmocka_unit_test(percents),
		cmocka_unit_test(spans),
		cmocka_unit_test(times),
		cmocka_unit_test(money),
		cmocka_unit_test(sparks),
		cmocka_unit_test(figures_as_people_write_them),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
