#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

static void test_set_returns_rc_and_clears_hint(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, RC_BUSY, "queue %d", 7), RC_BUSY);
	assert_string_equal(e.msg, "queue 7");
	assert_string_equal(e.hint, "");
	err_hint(&e, "wait %s", "a little");
	assert_string_equal(e.hint, "wait a little");
	assert_int_equal(err_set(&e, RC_BAD, "other"), RC_BAD);
	assert_string_equal(e.hint, "");
}

static void test_null_err(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, RC_DOWN, "x"), RC_DOWN);
	err_hint(NULL, "x");
	err_prefix(NULL, "x");
}

static void test_own_text_as_argument(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, RC_BAD, "inner"), RC_BAD);
	assert_int_equal(err_set(&e, RC_BAD, "outer: %s", e.msg), RC_BAD);
	assert_string_equal(e.msg, "outer: inner");
}

static void test_prefix_keeps_hint(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, RC_BAD, "no colon"), RC_BAD);
	err_hint(&e, "add one");
	err_prefix(&e, "%s:%d", "f.json", 12);
	err_prefix(&e, "importing");
	assert_string_equal(e.msg, "importing: f.json:12: no colon");
	assert_string_equal(e.hint, "add one");
}

static void test_no_control_bytes(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, RC_BAD, "%s",
				 "a\nb\x1b[2Jc\x7f"
				 "d\xc2\x9b"
				 "e\xff"
				 "f\xc3\xa9"),
			 RC_BAD);
	assert_string_equal(e.msg, "a b [2Jc d  e?f\xc3\xa9");
}

static void test_cut_at_character(void **state)
{
	struct err e;
	char text[2000];
	size_t n = 0;

	(void)state;
	text[n++] = 'x'; /* so that no multiple of 3 ends at the limit */
	while (n + 3 < sizeof(text)) {
		text[n++] = (char)0xe2;
		text[n++] = (char)0x82;
		text[n++] = (char)0xac;
	}
	text[n] = 0;
	assert_int_equal(err_set(&e, RC_BAD, "%s", text), RC_BAD);
	assert_true(strlen(e.msg) >= sizeof(e.msg) - 4);
	assert_true(str_utf8_ok(str_from(e.msg)));
	assert_null(strchr(e.msg, '?'));
	err_hint(&e, "%s", text);
	assert_true(strlen(e.hint) < sizeof(e.hint));
	assert_true(str_utf8_ok(str_from(e.hint)));
	err_prefix(&e, "%s", text + 1);
	assert_true(strlen(e.msg) < sizeof(e.msg));
	assert_true(str_utf8_ok(str_from(e.msg)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_returns_rc_and_clears_hint),
		cmocka_unit_test(test_null_err),
		cmocka_unit_test(test_own_text_as_argument),
		cmocka_unit_test(test_prefix_keeps_hint),
		cmocka_unit_test(test_no_control_bytes),
		cmocka_unit_test(test_cut_at_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
