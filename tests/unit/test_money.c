/* Exact money: what is read, how it is rounded, what is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/money.h"

#define I128_MAX ((__int128)(((unsigned __int128)1 << 127) - 1))

static void test_parse_pusd(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{"0", 0},
		{"0.0", 0},
		{"0e9", 0},
		{"0e999999999999999999999", 0},
		{"12", 12 * PUSD_PER_USD},
		{"0.030355", INT64_C(30355000000)},
		{"0.00013925", 139250000},
		{"1e-7", 100000},
		{"1E-7", 100000},
		{"1.5e+1", 15 * PUSD_PER_USD},
		{"0.000000000001", 1},
		{"0.020354999999999998", INT64_C(20355000000)},
		{"0.0016150000000000001", 1615000000},
		/* half to even, and what is just beside a half */
		{"0.0000000000005", 0},
		{"0.00000000000050000000000000000000000000001", 1},
		{"0.0000000000015", 2},
		{"0.0000000000025", 2},
		{"0.0000000000035", 4},
		{"0.00000000000249999999999999999999999999999", 2},
		{"0.0000000000025000000000000000000000000000000000001", 3},
		{"5e-13", 0},
		{"15e-13", 2},
		{"1e-400", 0},
		{"1e-99999999999999999999", 0},
		{"10000000000000000000000000000e-40", 1},
		{"0.00000000000000000000000000000000000000000001", 0},
		/* the limit of int64 */
		{"9223372.036854775807", INT64_MAX},
		{"9223372.0368547758074", INT64_MAX},
		{"9.223372036854775807e6", INT64_MAX},
		{"9223372036854775807e-12", INT64_MAX},
		{"1000000", 1000000 * PUSD_PER_USD},
		{"0.00000000000000000000000000000000000000001e41",
		 PUSD_PER_USD},
		{"1000000000000000000000000000000000000000000e-42",
		 PUSD_PER_USD},
		{"1234567890123456789012345678901234567890123e-42",
		 INT64_C(1234567890123)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got = -1;

		if (!money_parse_pusd(str_from(cases[i].text), &got))
			fail_msg("%s is refused", cases[i].text);
		if (got != cases[i].want)
			fail_msg("%s gives %lld", cases[i].text,
				 (long long)got);
	}
}

static void test_parse_refuses(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"-1",
		"-0",
		"+1",
		".5",
		"5.",
		"1e",
		"1e+",
		"e5",
		"01",
		"00",
		"1.2.3",
		"1,5",
		"0x10",
		"nan",
		"inf",
		"Infinity",
		"$1",
		"1 ",
		" 1",
		"1e5.5",
		"1e 5",
		"--1",
		"9223372.036854775808",
		"9223372.0368547758075",
		"9223373",
		"1e7",
		"1e999",
		"1e99999999999999999999",
		"123456789012345678901234567890123456789012345678901234567890",
	};
	int64_t got = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (money_parse_pusd(str_from(bad[i]), &got))
			fail_msg("'%s' is taken", bad[i]);
	}
	assert_false(money_parse_pusd(STR_NONE, &got));
	assert_false(money_parse_pusd((struct str){"1\0", 2}, &got));
	assert_int_equal(got, 77);
}

static void test_parse_fusd(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} good[] = {
		{"", MONEY_NONE},
		{"0", 0},
		{"3", INT64_C(3000000000)},
		{"3.75", INT64_C(3750000000)},
		{"0.000000001", 1},
		{"0.0000000010", 1},
		{"0.00875", 8750000},
		{"1e-9", 1},
		{"9223372036.854775807", INT64_MAX},
	};
	static const char *const bad[] = {
		"0.0000000001", "1e-10", "1.0000000001", "9223372036.854775808",
		"-1",           " ",     "1e-999",       "free"};
	int64_t got;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		got = 5;
		assert_true(money_parse_fusd(str_from(good[i].text), &got));
		assert_int_equal(got, good[i].want);
	}
	got = 5;
	assert_true(money_parse_fusd(STR_NONE, &got));
	assert_int_equal(got, MONEY_NONE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (money_parse_fusd(str_from(bad[i]), &got))
			fail_msg("'%s' is taken", bad[i]);
	}
}

static void test_round(void **state)
{
	static const struct {
		int64_t n, den, want;
	} cases[] = {
		{0, 1000, 0},
		{499, 1000, 0},
		{500, 1000, 0},
		{501, 1000, 1},
		{1499, 1000, 1},
		{1500, 1000, 2},
		{2500, 1000, 2},
		{2501, 1000, 3},
		{-499, 1000, 0},
		{-500, 1000, 0},
		{-501, 1000, -1},
		{-1500, 1000, -2},
		{-2500, 1000, -2},
		{1, 1, 1},
		{1, 2, 0},
		{3, 2, 2},
		{5, 2, 2},
		{-3, 2, -2},
		{999, 2000, 0},
		{1000, 2000, 0},
		{1001, 2000, 1},
		{3000, 2000, 2},
		{7, 3, 2},
		{8, 3, 3},
		{INT64_MAX, 1, INT64_MAX},
		{-INT64_MAX, 1, -INT64_MAX},
	};
	int64_t got;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(money_round(cases[i].n, cases[i].den, &got));
		if (got != cases[i].want)
			fail_msg("%lld / %lld gives %lld",
				 (long long)cases[i].n, (long long)cases[i].den,
				 (long long)got);
	}
	/* Beside the bound between short and long division. */
	for (int64_t n = INT64_MAX / 2 - 3; n < INT64_MAX / 2 + 3; n++) {
		int64_t even = n / 2 + (n % 4 == 3);

		assert_true(money_round(n, 2, &got));
		assert_int_equal(got, even);
		assert_true(money_round(-(__int128)n, 2, &got));
		assert_int_equal(got, -even);
	}
	assert_true(money_round_fusd((__int128)INT64_MAX * 1000 + 499, &got));
	assert_int_equal(got, INT64_MAX);
	assert_false(money_round_fusd((__int128)INT64_MAX * 1000 + 500, &got));
	assert_false(money_round_fusd((__int128)INT64_MIN * 1000, &got));
	assert_false(money_round_fusd(I128_MAX, &got));
	assert_false(money_round_fusd(-I128_MAX, &got));
}

static void test_format(void **state)
{
	static const struct {
		int64_t pusd;
		const char *exact, *brief;
	} cases[] = {
		{MONEY_NONE, "", "-"},
		{0, "0", "$0.00"},
		{1, "0.000000000001", "$1.00e-12"},
		{-1, "-0.000000000001", "-$1.00e-12"},
		{15, "0.000000000015", "$1.50e-11"},
		{999499, "0.000000999499", "$9.99e-7"},
		{999500, "0.0000009995", "$0.00000100"},
		{1000000, "0.000001", "$0.00000100"},
		{139250000, "0.00013925", "$0.000139"},
		{INT64_C(30355000000), "0.030355", "$0.0304"},
		{INT64_C(500000000000), "0.5", "$0.500"},
		{INT64_C(999499999999), "0.999499999999", "$0.999"},
		{INT64_C(999500000000), "0.9995", "$1.00"},
		{INT64_C(1000000000000), "1", "$1.00"},
		{INT64_C(-1500000000000), "-1.5", "-$1.50"},
		{INT64_C(12345000000000), "12.345", "$12.34"},
		{INT64_C(12355000000000), "12.355", "$12.36"},
		{INT64_C(999994000000000), "999.994", "$999.99"},
		{INT64_C(999996000000000), "999.996", "$1,000"},
		{INT64_C(1234000000000000), "1234", "$1,234"},
		{INT64_C(1234500000000000), "1234.5", "$1,234"},
		{INT64_C(99999499999999999), "99999.499999999999", "$99,999"},
		{INT64_C(99999500000000000), "99999.5", "$100.0k"},
		{INT64_C(123456000000000000), "123456", "$123.5k"},
		{INT64_C(999949999999999999), "999949.999999999999", "$999.9k"},
		{INT64_C(999950000000000000), "999950", "$1.000M"},
		{INT64_MAX, "9223372.036854775807", "$9.223M"},
		{-INT64_MAX, "-9223372.036854775807", "-$9.223M"},
	};
	char buf[MONEY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_string_equal(money_format(cases[i].pusd, buf),
				    cases[i].exact);
		assert_string_equal(money_format_short(cases[i].pusd, buf),
				    cases[i].brief);
	}
	assert_string_equal(money_format_fusd_mtok(INT64_C(3750000000), buf),
			    "3.75");
	assert_string_equal(money_format_fusd_mtok(0, buf), "0");
	assert_string_equal(money_format_fusd_mtok(1, buf), "0.000000001");
	assert_string_equal(money_format_fusd_mtok(MONEY_NONE, buf), "");
}

static void test_format_sums(void **state)
{
	__int128 big = (__int128)INT64_MAX * 1000000;
	char buf[MONEY_TEXT];

	(void)state;
	assert_string_equal(money_format_sum(big, buf), "9223372036854.775807");
	assert_string_equal(money_format_sum(-big, buf),
			    "-9223372036854.775807");
	assert_string_equal(money_format_sum_short(big, buf), "$9.223T");
	assert_string_equal(money_format_sum_short(big / 1000, buf), "$9.223B");
	assert_string_equal(money_format_sum(I128_MAX, buf),
			    "170141183460469231731687303.715884105727");
	assert_string_equal(money_format_sum(-I128_MAX - 1, buf),
			    "-170141183460469231731687303.715884105728");
	assert_string_equal(money_format_sum_short(-I128_MAX - 1, buf),
			    "-$170141183.5E");
}

/* Whatever is printed exactly is read back as the same number, and the short
 * form is never zero for what is not. */
static void test_round_trip(void **state)
{
	uint64_t x = 88172645463325252u;
	char buf[MONEY_TEXT];
	int64_t back;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int64_t v;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		v = (int64_t)(x >> 1) >> (i % 63);
		money_format(v, buf);
		assert_true(money_parse_pusd(str_from(buf), &back));
		assert_int_equal(back, v);
		money_format_fusd_mtok(v, buf);
		assert_true(money_parse_fusd(str_from(buf), &back));
		assert_int_equal(back, v);
		if (v)
			assert_string_not_equal(money_format_short(v, buf),
						"$0.00");
		assert_true(strlen(buf) <= 11);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_pusd),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_fusd),
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_sums),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
