#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/rc.h"

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(rc_name(RC_OK), "ok");
	assert_string_equal(rc_name(RC_BAD), "bad");
	assert_string_equal(rc_name(RC_DENIED), "denied");
	assert_string_equal(rc_name(RC_BUSY), "busy");
	assert_string_equal(rc_name(RC_DOWN), "down");
	assert_string_equal(rc_name(RC_BUG), "bug");
	assert_non_null(rc_name((enum rc)99));
}

static void test_sqlstate(void **state)
{
	static const struct {
		const char *state;
		enum rc rc;
	} cases[] = {
		{"22P02", RC_BAD},  /* invalid text representation */
		{"22003", RC_BAD},  /* out of range */
		{"23502", RC_BAD},  /* not null */
		{"23514", RC_BAD},  /* check */
		{"23505", RC_BUSY}, /* unique */
		{"23503", RC_DOWN}, /* foreign key: not the row's own */
		{"08006", RC_DOWN}, /* connection failure */
		{"25006", RC_DOWN}, /* read-only transaction */
		{"40001", RC_DOWN}, /* serialization */
		{"40P01", RC_DOWN}, /* deadlock */
		{"53300", RC_DOWN}, /* too many connections */
		{"55P03", RC_DOWN}, /* lock not available */
		{"57P01", RC_DOWN}, /* admin shutdown */
		{"58030", RC_DOWN}, /* I/O error */
		{"42P01", RC_BUG},  /* undefined table */
		{"42501", RC_DOWN}, /* privilege */
		{"26000", RC_BUG},  /* no such prepared statement */
		{"34000", RC_BUG},  /* no such cursor */
		{"XX000", RC_DOWN}, /* unknown to us */
		{"", RC_DOWN},      {NULL, RC_DOWN},
		{"22", RC_DOWN}, /* not a SQLSTATE */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rc_from_sqlstate(cases[i].state), cases[i].rc);
}

static void test_exit(void **state)
{
	(void)state;
	assert_int_equal(rc_exit(RC_OK), 0);
	assert_int_equal(rc_exit(RC_BAD), 1);
	assert_int_equal(rc_exit(RC_BUG), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sqlstate),
		cmocka_unit_test(test_exit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
