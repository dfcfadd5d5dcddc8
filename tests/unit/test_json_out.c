#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/base/json.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void test_document(void **state)
{
	struct json_out o;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	json_out_str(&o, "s", STR("a\"b\\c\n\x01\x7f\xc3\xa9"));
	json_out_str(&o, "bad", STR("x\xffy\xe2\x82"));
	json_out_str(&o, "none", STR_NONE);
	json_out_arr(&o, "list");
	json_out_i64(&o, NULL, INT64_MIN);
	json_out_bool(&o, NULL, true);
	json_out_obj(&o, NULL);
	json_out_end(&o, '}');
	json_out_arr(&o, NULL);
	json_out_end(&o, ']');
	json_out_null(&o, NULL);
	json_out_end(&o, ']');
	json_out_raw(&o, "raw", STR("[1]"));
	json_out_str(&o, "k\"", STR(""));
	json_out_end(&o, '}');
	assert_string_equal(
		buf_str(&b),
		"{\"s\":\"a\\\"b\\\\c\\n\\u0001\x7f\xc3\xa9\","
		"\"bad\":\"x\xef\xbf\xbdy\xef\xbf\xbd\xef\xbf\xbd\","
		"\"none\":null,"
		"\"list\":[-9223372036854775808,true,{},[],null],"
		"\"raw\":[1],\"k\\\"\":\"\"}");
	buf_release(&b);
}

/* A byte that must be escaped is seen wherever it stands among plain ones. */
static void test_odd_bytes(void **state)
{
	static const struct {
		char c;
		const char *text;
	} odd[] = {{'"', "\\\""},
		   {'\\', "\\\\"},
		   {'\n', "\\n"},
		   {1, "\\u0001"},
		   {0x1f, "\\u001f"}};

	(void)state;
	for (size_t i = 0; i < N(odd); i++) {
		for (size_t at = 0; at < 20; at++) {
			char in[21] = "aaaaaaaaaaaaaaaaaaaa", want[64];
			struct json_out o;
			struct buf b;

			in[at] = odd[i].c;
			snprintf(want, sizeof(want), "\"%.*s%s%s\"", (int)at,
				 in, odd[i].text, in + at + 1);
			buf_init(&b, 1000);
			json_out_init(&o, &b);
			json_out_str(&o, NULL, (struct str){in, 20});
			assert_string_equal(buf_str(&b), want);
			buf_release(&b);
		}
	}
}

/* The same float is read again, to the bit. */
static void test_floats(void **state)
{
	static const struct {
		float v;
		const char *text;
	} cases[] = {{0, "0"},
		     {-0.5F, "-0.5"},
		     {1, "1"},
		     {1234567, "1234567"},
		     {0.1F, "0.100000001"},
		     {NAN, "null"},
		     {INFINITY, "null"}};
	struct json_out o;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < N(cases); i++) {
		buf_clear(&b);
		json_out_init(&o, &b);
		json_out_float(&o, NULL, cases[i].v);
		assert_string_equal(buf_str(&b), cases[i].text);
	}
	for (uint32_t bits = 1; bits < 0x7f800000; bits += 104729) {
		float v, back;

		memcpy(&v, &bits, sizeof(v));
		buf_clear(&b);
		json_out_init(&o, &b);
		json_out_float(&o, NULL, -v);
		back = strtof(buf_str(&b), NULL);
		assert_float_equal(back, -v, 0);
	}
	buf_release(&b);
}

static void test_doubles(void **state)
{
	static const struct {
		double v;
		int digits;
		const char *text;
	} cases[] = {{0, 6, "0"},
		     {2.0 / 3, 4, "0.6667"},
		     {0.1, 17, "0.10000000000000001"},
		     {-1e-300, 6, "-1e-300"},
		     {NAN, 6, "null"},
		     {-INFINITY, 17, "null"}};
	struct json_out o;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < N(cases); i++) {
		buf_clear(&b);
		json_out_init(&o, &b);
		json_out_double(&o, NULL, cases[i].v, cases[i].digits);
		assert_string_equal(buf_str(&b), cases[i].text);
	}
	buf_release(&b);
}

static void test_times(void **state)
{
	struct json_out o;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	json_out_init(&o, &b);
	json_out_obj(&o, NULL);
	json_out_time(&o, "at", 1795482123000004);
	json_out_time(&o, "never", TIME_NONE);
	json_out_end(&o, '}');
	assert_string_equal(
		buf_str(&b),
		"{\"at\":\"2026-11-24T01:02:03.000004Z\",\"never\":null}");
	buf_release(&b);
}

/* Whatever bytes go out come back the same, when they were UTF-8. */
static void test_round_trip(void **state)
{
	struct json_doc doc;
	struct arena arena;
	struct json_out o;
	struct buf b;

	(void)state;
	json_doc_init(&doc, 100);
	arena_init(&arena, 1 << 20);
	buf_init(&b, 1000);
	for (unsigned c = 0; c < 0x800; c++) {
		char text[8] = "x";
		struct str s = {text, 0}, back;

		if (c < 0x80) {
			text[s.len++] = (char)c;
		} else {
			text[s.len++] = (char)(0xc0 | c >> 6);
			text[s.len++] = (char)(0x80 | (c & 0x3f));
		}
		text[s.len++] = '.';
		buf_clear(&b);
		json_out_init(&o, &b);
		json_out_str(&o, NULL, s);
		assert_int_equal(json_parse(&doc, str_from(buf_str(&b)), NULL),
				 RC_OK);
		back = json_str(doc.nodes, &arena);
		assert_true(str_eq(s, back));
	}
	buf_release(&b);
	arena_release(&arena);
	json_doc_release(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_odd_bytes),
		cmocka_unit_test(test_floats),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
