/* What of a server's log says why it does not start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/cluster_int.h"

static void assert_words(const char *log, const char *want)
{
	struct buf b;
	struct str got;

	buf_init(&b, 4096);
	buf_adds(&b, log);
	got = cluster_last_words(&b);
	assert_true(str_is(got, want));
	buf_release(&b);
}

static void last_words(void **state)
{
	(void)state;
	assert_words("12:00 [1] LOG:  starting\n"
		     "12:00 [1] FATAL:  no lock file\n"
		     "12:01 [1] FATAL:  No space left on device\n"
		     "12:01 [1] LOG:  database system is shut down\n",
		     "FATAL:  No space left on device");
	/* Those who connected too early are not why. */
	assert_words("12:00 [1] PANIC:  No space left on device\n"
		     "12:01 [2] FATAL:  the database system is not yet "
		     "accepting connections\n",
		     "PANIC:  No space left on device");
	assert_words("initdb: error: could not write\n",
		     "error: could not write");
	assert_words("one\n\ntwo\n", "two");
}

static void nothing_said(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 16);
	assert_int_equal(cluster_last_words(&b).len, 0);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_words),
		cmocka_unit_test(nothing_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
