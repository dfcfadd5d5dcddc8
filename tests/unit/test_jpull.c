#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/buf.h"
#include "ledger/base/jpull.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct str exact(const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	return (struct str){copy, n};
}

/* Every value, as a sum of what is in it; reading all of them by hand. */
static void walk(struct jpull *j, struct buf *out)
{
	struct jpull_text t;
	struct str number;
	bool b;

	switch (jpull_type(j)) {
	case JPULL_OBJECT:
		buf_addc(out, '{');
		if (jpull_enter(j, '{')) {
			while (jpull_key(j, &t)) {
				buf_addf(out, "%.*s:", STR_ARG(t.raw));
				walk(j, out);
			}
		}
		buf_addc(out, '}');
		break;
	case JPULL_ARRAY:
		buf_addc(out, '[');
		if (jpull_enter(j, '[')) {
			while (jpull_item(j))
				walk(j, out);
		}
		buf_addc(out, ']');
		break;
	case JPULL_STRING:
		if (jpull_string(j, &t))
			buf_addf(out, "'%.*s'%s", STR_ARG(t.raw),
				 t.escaped ? "\\" : "");
		break;
	case JPULL_NUMBER:
		if (jpull_number(j, &number))
			buf_addf(out, "%.*s,", STR_ARG(number));
		break;
	case JPULL_BOOL:
		if (jpull_bool(j, &b))
			buf_addc(out, b ? 't' : 'f');
		break;
	case JPULL_NULL:
		buf_addc(out, 'n');
		jpull_skip(j);
		break;
	case JPULL_NONE:
		jpull_skip(j);
		break;
	}
}

static void test_walk(void **state)
{
	static const struct {
		const char *text, *seen;
	} cases[] = {
		{"{}", "{}"},
		{" [ ] ", "[]"},
		{"{\"a\":[1,-2.5e3,{\"b\":null}],\"c\":\"x\\n\",\"\":true}",
		 "{a:[1,-2.5e3,{b:n}]c:'x\\n'\\:t}"},
		{"[\"a string of more than eight bytes, \xc3\xa4\",false]",
		 "['a string of more than eight bytes, \xc3\xa4'f]"},
		{"7", "7,"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases) * 2; i++) {
		struct str text = exact(cases[i / 2].text);
		struct jpull j;
		struct buf out;
		struct err e;

		buf_init(&out, 4096);
		assert_int_equal(jpull_check(text, 64, &e), RC_OK);
		if (i % 2)
			jpull_init_checked(&j, text);
		else
			jpull_init(&j, text);
		walk(&j, &out);
		assert_string_equal(buf_str(&out), cases[i / 2].seen);
		assert_int_equal(jpull_end(&j, &e), RC_OK);
		/* And over all of it. */
		if (i % 2)
			jpull_init_checked(&j, text);
		else
			jpull_init(&j, text);
		jpull_skip(&j);
		assert_int_equal(jpull_end(&j, &e), RC_OK);
		buf_release(&out);
		free((void *)(uintptr_t)text.p);
	}
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} cases[] = {
		{"", 0},
		{"[", 1},
		{"[1", 2},
		{"[1 2]", 3},
		{"[1,]", 3},
		{"[,1]", 1},
		{"{", 1},
		{"{\"a\"", 4},
		{"{\"a\" 1}", 5},
		{"{\"a\":}", 5},
		{"{\"a\":1,}", 7},
		{"{a:1}", 1},
		{"{,}", 1},
		{"[1}", 2},
		{"{\"a\":1]", 6},
		{"01", 1},
		{"1.", 2},
		{"-", 1},
		{"tru", 0},
		{"\"a", 2},
		{"\"\\x\"", 2},
		{"\"\\u12g4\"", 2},
		{"\"\n\"", 1},
		{"\"\xff\"", 1},
		{"1 1", 2},
		{"[1]]", 3},
		{"\"\xed\xa0\x80\"", 1},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct str text = exact(cases[i].text);
		char where[64];
		struct jpull j;
		struct buf out;
		struct err e;

		snprintf(where, sizeof(where), "at byte %zu:", cases[i].at);
		if (jpull_check(text, 64, &e) != RC_BAD ||
		    !strstr(e.msg, where))
			fail_msg("%s: not %s %s", cases[i].text, where, e.msg);
		/* Value by value the same. */
		buf_init(&out, 4096);
		jpull_init(&j, text);
		walk(&j, &out);
		if (jpull_end(&j, &e) != RC_BAD || !strstr(e.msg, where))
			fail_msg("%s: walk: not %s %s", cases[i].text, where,
				 e.msg);
		buf_release(&out);
		free((void *)(uintptr_t)text.p);
	}
}

static void test_depth(void **state)
{
	(void)state;
	for (int depth = 1; depth <= JPULL_MAX_DEPTH + 1; depth++) {
		char text[2 * JPULL_MAX_DEPTH + 8];
		struct jpull j;
		struct buf out;

		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		text[2 * depth] = 0;
		assert_int_equal(jpull_check(str_from(text), depth - 1, NULL),
				 RC_BAD);
		assert_int_equal(jpull_check(str_from(text), depth, NULL),
				 depth <= JPULL_MAX_DEPTH ? RC_OK : RC_BAD);
		buf_init(&out, 4096);
		jpull_init(&j, str_from(text));
		walk(&j, &out);
		assert_int_equal(jpull_end(&j, NULL),
				 depth <= JPULL_MAX_DEPTH ? RC_OK : RC_BAD);
		buf_release(&out);
	}
}

/* Asking for another type skips the value, and the next is right. */
static void test_other_type(void **state)
{
	struct jpull_text t;
	struct str number;
	struct jpull j;
	bool b;

	(void)state;
	jpull_init(&j, STR("[1,\"a\",{\"k\":[]},true,null,[2],\"end\"]"));
	assert_true(jpull_enter(&j, '['));
	assert_true(jpull_item(&j));
	assert_false(jpull_string(&j, &t));
	assert_true(jpull_item(&j));
	assert_false(jpull_number(&j, &number));
	assert_true(jpull_item(&j));
	assert_false(jpull_enter(&j, '['));
	assert_true(jpull_item(&j));
	assert_false(jpull_enter(&j, '{'));
	assert_true(jpull_item(&j));
	assert_false(jpull_bool(&j, &b));
	assert_true(jpull_item(&j));
	assert_false(jpull_string(&j, &t));
	assert_true(jpull_item(&j));
	assert_true(jpull_string(&j, &t));
	assert_true(str_is(t.raw, "end"));
	assert_false(jpull_item(&j));
	assert_int_equal(jpull_end(&j, NULL), RC_OK);
}

static void test_leave(void **state)
{
	static const char text[] =
		"[{\"a\":1,\"b\":[{}],\"c\":\"}\"},[1,[2],\"]\",3],{\"d\":4}]";

	(void)state;
	for (int checked = 0; checked < 2; checked++) {
		struct jpull_text t;
		struct str n;
		struct jpull j;

		if (checked)
			jpull_init_checked(&j, STR(text));
		else
			jpull_init(&j, STR(text));
		assert_true(jpull_enter(&j, '[') && jpull_item(&j));
		assert_true(jpull_enter(&j, '{') && jpull_key(&j, &t));
		jpull_skip(&j);
		jpull_leave(&j, '}');
		assert_true(jpull_item(&j) && jpull_enter(&j, '['));
		assert_true(jpull_item(&j) && jpull_number(&j, &n));
		jpull_leave(&j, ']');
		assert_true(jpull_item(&j) && jpull_enter(&j, '{'));
		assert_true(jpull_key(&j, &t) && jpull_number(&j, &n));
		assert_true(str_is(n, "4"));
		jpull_leave(&j, '}');
		assert_false(jpull_item(&j));
		assert_int_equal(jpull_end(&j, NULL), RC_OK);
	}
}

static void test_text(void **state)
{
	struct jpull_text t = {STR("a\\u0000\\ud83d\\ude00\\ud800\\n\\/"),
			       true};
	struct arena a;
	struct str s;

	(void)state;
	arena_init(&a, 64);
	s = jpull_text(t, &a);
	assert_true(str_is(s, "a\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd\n/"));
	t = (struct jpull_text){STR("plain"), false};
	assert_ptr_equal(jpull_text(t, &a).p, t.raw.p);
	arena_release(&a);
	arena_init(&a, 4);
	t = (struct jpull_text){STR("\\n\\n\\n"), true};
	assert_null(jpull_text(t, &a).p);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),  cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_depth), cmocka_unit_test(test_other_type),
		cmocka_unit_test(test_leave), cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
