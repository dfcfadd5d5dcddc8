#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ledger/base/str.h"
#include "ledger/base/utf8.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void test_absent_is_not_empty(void **state)
{
	(void)state;
	assert_null(str_from(NULL).p);
	assert_non_null(str_from("").p);
	assert_false(str_eq(STR_NONE, STR("")));
	assert_true(str_eq(STR_NONE, STR_NONE));
	assert_true(str_eq(STR(""), STR("")));
	assert_false(str_is(STR_NONE, ""));
	assert_false(str_starts(STR_NONE, ""));
	assert_false(str_ends(STR_NONE, ""));
	assert_false(str_contains(STR_NONE, ""));
	assert_true(str_cmp(STR_NONE, STR("")) < 0);
	assert_true(str_cmp(STR(""), STR_NONE) > 0);
	assert_int_equal(str_cmp(STR_NONE, STR_NONE), 0);
}

static void test_compare(void **state)
{
	struct str hello = STR("hello world");

	(void)state;
	assert_true(str_is(hello, "hello world"));
	assert_false(str_is(hello, "hello worl"));
	assert_true(str_starts(hello, "hello"));
	assert_false(str_starts(hello, "hello world!"));
	assert_true(str_ends(hello, "world"));
	assert_false(str_ends(hello, "x hello world"));
	assert_true(str_contains(hello, "lo wo"));
	assert_true(str_contains(hello, ""));
	assert_false(str_contains(hello, "lo  wo"));
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("ab"), STR("a")) > 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_cmp(STR("ab"), STR("ab")), 0);
}

static void test_trim(void **state)
{
	(void)state;
	assert_true(str_is(str_trim(STR(" \t\r\n\v\fa b \n")), "a b"));
	assert_true(str_is(str_trim(STR("   ")), ""));
	assert_null(str_trim(STR_NONE).p);
	assert_int_equal(str_trim(STR("\xc2\xa0x")).len, 3); /* ASCII only */
}

static void test_i64(void **state)
{
	static const struct {
		const char *s;
		bool ok;
		int64_t v;
	} cases[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"007", true, 7},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"99999999999999999999999", false, 0},
		{"", false, 0},
		{"-", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"1.0", false, 0},
		{"1e3", false, 0},
		{"--1", false, 0},
		{"0x1", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		int64_t v = 77;

		assert_int_equal(str_i64(str_from(cases[i].s), &v),
				 cases[i].ok);
		assert_int_equal(v, cases[i].ok ? cases[i].v : 77);
	}
	assert_false(str_i64(STR_NONE, &(int64_t){0}));
}

static void test_utf8(void **state)
{
	static const struct {
		struct str s;
		bool ok;
	} cases[] = {
		{{"", 0}, true},
		{{"plain ascii, more than eight bytes", 34}, true},
		{{"a\0b", 3}, false},
		{{"12345678\0b345678", 16}, false},
		{{"1234567\0", 8}, false},
		{{"\x01\x7f", 2}, true},
		{{"\xc3\xa9", 2}, true},
		{{"\xe2\x82\xac", 3}, true},
		{{"\xf0\x9f\x98\x80", 4}, true},
		{{"\xf4\x8f\xbf\xbf", 4}, true},
		{{"\xf4\x90\x80\x80", 4}, false}, /* U+110000 */
		{{"\xc0\x80", 2}, false},         /* overlong NUL */
		{{"\xc1\xbf", 2}, false},
		{{"\xe0\x9f\xbf", 3}, false},
		{{"\xf0\x8f\xbf\xbf", 4}, false},
		{{"\xed\x9f\xbf", 3}, true},
		{{"\xed\xa0\x80", 3}, false}, /* surrogate */
		{{"\xee\x80\x80", 3}, true},
		{{"\x80", 1}, false},
		{{"12345678\x80", 9}, false},
		{{"\xc3", 1}, false},
		{{"\xe2\x82", 2}, false},
		{{"\xf0\x9f\x98", 3}, false},
		{{"\xc3"
		  "a",
		  2},
		 false},
		{{"\xf5\x80\x80\x80", 4}, false},
		{{"\xff", 1}, false},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_int_equal(str_utf8_ok(cases[i].s), cases[i].ok);
	assert_true(str_utf8_ok(STR_NONE));
}

/* Every code point goes out and comes back as one character. */
static void test_utf8_put_all(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		char out[4];
		size_t n;

		if (cp >= 0xd800 && cp < 0xe000)
			continue;
		n = utf8_put(cp, out);
		if (utf8_len((const uint8_t *)out, n) != n)
			fail_msg("U+%04X", (unsigned)cp);
	}
}

static void test_utf8_clean(void **state)
{
	char text[] = "a\tb\x1b"
		      "c\xff"
		      "d\xc2\x85"
		      "e\xc3\xa9\xe2\x82";

	(void)state;
	utf8_clean(text);
	assert_string_equal(text, "a b c?d  e\xc3\xa9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent_is_not_empty),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_i64),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_put_all),
		cmocka_unit_test(test_utf8_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
