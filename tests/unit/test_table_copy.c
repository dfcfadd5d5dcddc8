/* The file that a copy of a table is kept in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/table_copy.h"
#include "ledger/base/path.h"

static void who_may_write_is_believed(void **state)
{
	char dir[] = "/tmp/aco-table-XXXXXX", path[64], other[64];
	static char much[80000];
	struct buf b;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/keys", dir);
	snprintf(other, sizeof(other), "%s/link", dir);
	buf_init(&b, 70000);
	assert_int_equal(table_file_read(path, &b, &e), RC_OK);
	assert_int_equal(b.len, 0); /* there is none */
	assert_int_equal(path_replace(path, "text\n", 5, 0600, &e), RC_OK);
	assert_int_equal(table_file_read(path, &b, &e), RC_OK);
	assert_string_equal(buf_str(&b), "text\n");
	/* Others could have put something into it. */
	buf_clear(&b);
	assert_int_equal(chmod(path, 0622), 0);
	assert_int_equal(table_file_read(path, &b, &e), RC_DENIED);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(table_file_read(path, &b, &e), RC_OK);
	/* No links, no folders, not more than fits. */
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(table_file_read(other, &b, &e), RC_DOWN);
	assert_int_equal(table_file_read(dir, &b, &e), RC_DENIED);
	buf_clear(&b);
	assert_int_equal(path_replace(path, much, sizeof(much), 0600, &e),
			 RC_OK);
	assert_int_equal(table_file_read(path, &b, &e), RC_BAD);
	buf_release(&b);
	unlink(path);
	unlink(other);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_may_write_is_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
