#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/json.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

struct fixture {
	struct json_doc doc;
	struct arena arena;
};

static int setup(void **state)
{
	static struct fixture f;

	json_doc_init(&f.doc, 10000);
	arena_init(&f.arena, 1 << 20);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	json_doc_release(&f->doc);
	arena_release(&f->arena);
	return 0;
}

/* The text lies in a block of exactly its size, so that the address sanitizer
 * sees a read behind its end. */
static enum rc parse_exact(struct json_doc *d, struct str s, struct err *e)
{
	char *copy = malloc(s.len ? s.len : 1);
	enum rc rc;

	assert_non_null(copy);
	memcpy(copy, s.p, s.len);
	rc = json_parse(d, (struct str){copy, s.len}, e);
	free(copy);
	return rc;
}

static const struct json *parse(struct fixture *f, const char *text)
{
	struct err e;

	if (json_parse(&f->doc, str_from(text), &e) != RC_OK)
		fail_msg("%s: %s", text, e.msg);
	return f->doc.nodes;
}

static void test_accepts(void **state)
{
	static const char *const cases[] = {
		"null",
		"true",
		"false",
		"0",
		"-0",
		"1",
		"-1",
		"1.5",
		"1e5",
		"1E+5",
		"1e-5",
		"0.0e0",
		"\"\"",
		"\"a\"",
		"[]",
		"{}",
		"[ ]",
		"{ }",
		" [1 , 2 ] ",
		"[[],[[]],{}]",
		"{\"a\":1}",
		"{\"a\":{\"b\":[{}]}}",
		"\t\r\n 1\n",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
		"\"\\uD83D\\uDE00\"",
		"\"\\ud800\"",
		"\"\x7f\"",
		"\"\xc3\xa9\xe2\x82\xac\"",
		"{\"\":1}",
		"123456789012345678901234567890",
		"\"12345678 16 bytes\\u00e9 and then some more\""};
	struct fixture *f = *state;

	for (size_t i = 0; i < N(cases); i++) {
		struct err e;

		if (parse_exact(&f->doc, str_from(cases[i]), &e) != RC_OK)
			fail_msg("refused %s: %s", cases[i], e.msg);
	}
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text;
		size_t at; /* the byte that the message names */
	} cases[] = {
		{"", 0},
		{" ", 1},
		{"nul", 0},
		{"nulll", 4},
		{"True", 0},
		{"NaN", 0},
		{"Infinity", 0},
		{"-", 1},
		{"+1", 0},
		{"01", 1},
		{"-01", 2},
		{".5", 0},
		{"1.", 2},
		{"1.e1", 2},
		{"1e", 2},
		{"1e+", 3},
		{"0x10", 1},
		{"1 2", 2},
		{"[1] x", 4},
		{"[", 1},
		{"[1", 2},
		{"[1,", 3},
		{"[1,]", 3},
		{"[,1]", 1},
		{"[1 2]", 3},
		{"[1}", 2},
		{"{", 1},
		{"{\"a\"", 4},
		{"{\"a\":", 5},
		{"{\"a\":1", 6},
		{"{\"a\":1,", 7},
		{"{\"a\":1,}", 7},
		{"{\"a\" 1}", 5},
		{"{a:1}", 1},
		{"{1:1}", 1},
		{"{,}", 1},
		{"{\"a\":1]", 6},
		{"]", 0},
		{"}", 0},
		{",", 0},
		{"\"", 1},
		{"\"abc", 4},
		{"\"\\", 2},
		{"\"\\\"", 3},
		{"\"\\x\"", 2},
		{"\"\\u12\"", 2},
		{"\"\\u12", 2},
		{"\"\\u123g\"", 2},
		{"\"a\nb\"", 2},
		{"\"12345678\n\"", 9},
		{"\"\x80\"", 1},
		{"\"\xc3\"", 1},
		{"\"\xc0\xaf\"", 1},
		{"\"\xed\xa0\x80\"", 1},
		{"\"\xf4\x90\x80\x80\"", 1},
		{"\"12345678\xff\"", 9},
		{"\xef\xbb\xbf{}", 0}, /* byte order mark */
		{"/* c */ 1", 0},
		{"[1] // c", 4},
		{"'a'", 0},
		{"{\"a\":undefined}", 5},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < N(cases); i++) {
		char where[40];
		struct err e;

		if (parse_exact(&f->doc, str_from(cases[i].text), &e) != RC_BAD)
			fail_msg("took %s", cases[i].text);
		snprintf(where, sizeof(where), "at byte %zu:", cases[i].at);
		if (!strstr(e.msg, where))
			fail_msg("%s: %s", cases[i].text, e.msg);
		assert_int_equal(f->doc.n, 0);
	}
	assert_int_equal(json_parse(&f->doc, (struct str){"1\0", 2}, NULL),
			 RC_BAD);
	assert_int_equal(json_parse(&f->doc, (struct str){"\"\0\"", 3}, NULL),
			 RC_BAD);
	assert_int_equal(json_parse(&f->doc, STR_NONE, NULL), RC_BAD);
}

/* Every beginning of a good document is refused, and read within bounds. */
static void test_every_prefix_is_refused(void **state)
{
	static const char text[] =
		"{\"k\":[1.5e3,true,false,null,\"\\u00e9\xc3\xa9\",{\"x\":{}}]}";
	struct fixture *f = *state;

	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(
			parse_exact(&f->doc, (struct str){text, n}, NULL),
			RC_BAD);
	assert_int_equal(parse_exact(&f->doc, STR(text), NULL), RC_OK);
}

static void nested(struct buf *b, size_t depth)
{
	buf_clear(b);
	for (size_t i = 0; i < depth; i++)
		buf_adds(b, i % 2 ? "{\"a\":" : "[");
	buf_adds(b, "1");
	for (size_t i = depth; i-- > 0;)
		buf_addc(b, i % 2 ? '}' : ']');
}

static void test_depth_limit(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, 1 << 20);
	nested(&b, JSON_MAX_DEPTH);
	assert_int_equal(json_parse(&f->doc, str_from(b.p), NULL), RC_OK);
	nested(&b, JSON_MAX_DEPTH + 1);
	assert_int_equal(json_parse(&f->doc, str_from(b.p), NULL), RC_BAD);
	nested(&b, 100000);
	assert_int_equal(json_parse(&f->doc, str_from(b.p), NULL), RC_BAD);
	buf_release(&b);
}

static void test_node_limit(void **state)
{
	struct json_doc d;

	(void)state;
	json_doc_init(&d, 4);
	assert_int_equal(json_parse(&d, STR("[1,2,3]"), NULL), RC_OK);
	assert_int_equal(d.n, 4);
	assert_int_equal(json_parse(&d, STR("[1,2,3,4]"), NULL), RC_BAD);
	assert_int_equal(json_parse(&d, STR("[1,2,[]]"), NULL), RC_OK);
	json_doc_release(&d);
	json_doc_init(&d, 0);
	assert_int_equal(json_parse(&d, STR("1"), NULL), RC_BAD);
	json_doc_release(&d);
}

static void test_structure(void **state)
{
	struct fixture *f = *state;
	const struct json *v = parse(
		f,
		" {\"a\" : [1, [2, 3], {}], \"b\":{\"c\":null}, \"d\":\"x\"} ");
	const struct json *a, *m;

	assert_int_equal(v->span, 10);
	assert_int_equal(v->count, 3);
	assert_int_equal(v->text.p[v->text.len - 1], '}');
	a = json_first(v);
	assert_true(str_is(a->key, "a"));
	assert_true(str_is(a->text, "[1, [2, 3], {}]"));
	assert_int_equal(a->count, 3);
	assert_int_equal(a->span, 6);
	m = json_first(a);
	assert_true(str_is(m->text, "1"));
	assert_null(m->key.p);
	m = json_next(a, m);
	assert_int_equal(m->type, JSON_ARRAY);
	m = json_next(a, m);
	assert_int_equal(m->type, JSON_OBJECT);
	assert_null(json_first(m));
	assert_null(json_next(a, m));
	m = json_next(v, a);
	assert_true(str_is(m->key, "b"));
	m = json_next(v, m);
	assert_true(str_is(m->key, "d"));
	assert_null(json_next(v, m));
	assert_true(json_is(json_path(v, "b.c"), JSON_NULL));
	assert_null(json_path(v, "b.c.d"));
	assert_null(json_path(v, "b.x"));
	assert_null(json_path(v, "a.0"));
	assert_true(json_str_is(json_path(v, "d"), "x"));
}

static void test_get(void **state)
{
	struct fixture *f = *state;
	const struct json *v;
	int64_t n;

	v = parse(f, "{\"k\":1,\"other\":9,\"k\":2,\"\\u006b\":3}");
	assert_true(json_i64(json_get(v, "k"), &n));
	assert_int_equal(n, 3); /* of duplicates the last wins */
	v = parse(f, "{\"a\\n\\u00e9\\ud83d\\ude00\":5,\"\":6}");
	assert_true(json_i64(json_get(v, "a\n\xc3\xa9\xf0\x9f\x98\x80"), &n));
	assert_int_equal(n, 5);
	assert_true(json_i64(json_get(v, ""), &n));
	assert_int_equal(n, 6);
	assert_null(json_get(v, "a\n"));
	assert_null(json_get(v, "a\n\xc3\xa9\xf0\x9f\x98\x80x"));
	assert_null(json_get(parse(f, "[1]"), "k"));
	assert_null(json_get(parse(f, "\"k\""), "k"));
}

static void test_absent_is_harmless(void **state)
{
	struct fixture *f = *state;
	int64_t n = 7;
	double x = 7;

	assert_null(json_get(NULL, "a"));
	assert_null(json_path(NULL, "a.b"));
	assert_null(json_first(NULL));
	assert_null(json_next(NULL, NULL));
	assert_false(json_is(NULL, JSON_NULL));
	assert_false(json_present(NULL));
	assert_false(json_true(NULL));
	assert_false(json_i64(NULL, &n));
	assert_false(json_double(NULL, &x));
	assert_null(json_str(NULL, &f->arena).p);
	assert_false(json_str_is(NULL, ""));
	assert_int_equal(n, 7);
	assert_false(json_present(parse(f, "null")));
	assert_true(json_present(parse(f, "false")));
	assert_true(json_true(parse(f, "true")));
	assert_false(json_true(parse(f, "1")));
}

static void test_i64(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t v;
	} cases[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"-0.0e99999999999999999999", true, 0},
		{"1", true, 1},
		{"1.0", true, 1},
		{"1e3", true, 1000},
		{"1.5e1", true, 15},
		{"1.50e1", true, 15},
		{"1200e-2", true, 12},
		{"1000000000000000000000e-20", true, 10},
		{"-12.000", true, -12},
		{"0.001e3", true, 1},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9.223372036854775807e18", true, INT64_MAX},
		{"9007199254740993", true, 9007199254740993}, /* 2^53+1 */
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"1e19", false, 0},
		{"1e99999999999999999999", false, 0},
		{"1e-99999999999999999999", false, 0},
		{"1.5", false, 0},
		{"15e-1", false, 0},
		{"\"42\"", true, 42},
		{"\"-42\"", true, -42},
		{"\"4.0\"", false, 0},
		{"\"\"", false, 0},
		{"\" 4\"", false, 0},
		{"\"9223372036854775808\"", false, 0},
		{"true", false, 0},
		{"null", false, 0},
		{"[1]", false, 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < N(cases); i++) {
		int64_t v = 77;

		if (json_i64(parse(f, cases[i].text), &v) != cases[i].ok)
			fail_msg("%s", cases[i].text);
		if (v != (cases[i].ok ? cases[i].v : 77))
			fail_msg("%s: %lld", cases[i].text, (long long)v);
	}
}

static void test_double(void **state)
{
	struct fixture *f = *state;
	char digits[300];
	double d = 0;

	assert_true(json_double(parse(f, "0.1"), &d));
	assert_true(d > 0.0999 && d < 0.1001);
	assert_true(json_double(parse(f, "-1.7976931348623157e308"), &d));
	assert_true(d <= -DBL_MAX);
	assert_false(json_double(parse(f, "1e999"), &d));
	assert_false(json_double(parse(f, "\"1.5\""), &d));
	/* Longer than any buffer, and still exact in its exponent. */
	memset(digits, '1', sizeof(digits));
	memcpy(digits + sizeof(digits) - 6, "e-290", 6);
	assert_true(json_double(parse(f, digits), &d));
	assert_true(d > 1110 && d < 1112);
}

/* A locale whose decimal point is a comma must not matter. */
static void test_double_in_any_locale(void **state)
{
	static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",
					    "fr_FR.UTF-8", "de_DE"};
	struct fixture *f = *state;
	bool found = false;
	double d = 0;

	for (size_t i = 0; i < N(names) && !found; i++)
		found = setlocale(LC_NUMERIC, names[i]) != NULL;
	assert_true(json_double(parse(f, "2.5"), &d));
	setlocale(LC_NUMERIC, "C");
	assert_true(d > 2.4 && d < 2.6);
}

static void test_str(void **state)
{
	static const struct {
		const char *text;
		struct str want;
	} cases[] = {
		{"\"\"", {"", 0}},
		{"\"abc\"", {"abc", 3}},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", {"\"\\/\b\f\n\r\t", 8}},
		{"\"\\u0041\\u00e9\\u20AC\"", {"A\xc3\xa9\xe2\x82\xac", 6}},
		{"\"\\ud83d\\ude00\"", {"\xf0\x9f\x98\x80", 4}},
		{"\"\\udbff\\udfff\"", {"\xf4\x8f\xbf\xbf", 4}},
		{"\"\\ud83d\"", {"\xef\xbf\xbd", 3}},
		{"\"\\ude00x\"", {"\xef\xbf\xbdx", 4}},
		{"\"\\ud83d\\u0041\"",
		 {"\xef\xbf\xbd"
		  "A",
		  4}},
		{"\"\\ud83d\\ud83d\\ude00\"",
		 {"\xef\xbf\xbd\xf0\x9f\x98\x80", 7}},
		{"\"a\\u0000b\"", {"a\0b", 3}},
		{"12.50", {"12.50", 5}},
		{"true", {NULL, 0}},
		{"null", {NULL, 0}},
		{"[]", {NULL, 0}},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < N(cases); i++) {
		struct str s = json_str(parse(f, cases[i].text), &f->arena);

		if (!str_eq(s, cases[i].want))
			fail_msg("%s gave %.*s", cases[i].text, STR_ARG(s));
	}
	assert_true(json_str_is(parse(f, "\"a\\u0062\""), "ab"));
	assert_false(json_str_is(parse(f, "\"a\\u0062\""), "a"));
	assert_false(json_str_is(parse(f, "1"), "1"));
}

static void test_str_is_zero_copy(void **state)
{
	static const char text[] = "\"plain\"";
	struct fixture *f = *state;

	assert_int_equal(json_parse(&f->doc, STR(text), NULL), RC_OK);
	assert_ptr_equal(json_str(f->doc.nodes, &f->arena).p, text + 1);
	assert_int_equal(f->arena.used, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_accepts),
		CASE(test_refuses),
		CASE(test_every_prefix_is_refused),
		CASE(test_depth_limit),
		CASE(test_node_limit),
		CASE(test_structure),
		CASE(test_get),
		CASE(test_absent_is_harmless),
		CASE(test_i64),
		CASE(test_double),
		CASE(test_double_in_any_locale),
		CASE(test_str),
		CASE(test_str_is_zero_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
