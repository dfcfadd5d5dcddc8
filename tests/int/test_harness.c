/* The harness itself: databases from the template, a server that comes back
 * after kill -9, and the program's output. */
#include "tests/int/harness.h"

static void databases(void **state)
{
	const char *url = harness_db("one");
	struct db *db = harness_open(url);

	(void)state;
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 0);
	harness_sql(db, "CREATE TABLE t (a int); INSERT INTO t VALUES (7)");
	assert_int_equal(harness_sql_i64(db, "SELECT a FROM t"), 7);
	assert_string_equal(harness_sql_text(db, "SELECT 'x' || a FROM t"),
			    "x7");
	db_close(db);
	db = harness_open(harness_db("one")); /* fresh again */
	assert_string_equal(harness_sql_text(db, "SELECT to_regclass('t')"),
			    "");
	db_close(db);
	db = harness_open(harness_db_empty("two"));
	assert_string_equal(
		harness_sql_text(db, "SELECT to_regclass('attempt')"), "");
	db_close(db);
}

static void kill_and_start(void **state)
{
	const char *url = harness_db("three");
	struct db *db = harness_open(url);

	(void)state;
	harness_sql(db, "CREATE TABLE t AS SELECT 1 AS a");
	db_close(db);
	harness_kill();
	harness_start();
	db = harness_open(url);
	assert_int_equal(harness_sql_i64(db, "SELECT a FROM t"), 1);
	db_close(db);
}

static void program(void **state)
{
	struct harness_end end = HARNESS_ACO(NULL, "--version");

	(void)state;
	assert_int_equal(end.code, 0);
	ASSERT_CONTAINS(end.out, "aco ");
	harness_end_free(&end);
	end = HARNESS_ACO(NULL, "no-such-command");
	assert_int_equal(end.code, 2);
	ASSERT_CONTAINS(end.err, "unknown command");
	harness_end_free(&end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(databases),
		cmocka_unit_test(kill_and_start),
		cmocka_unit_test(program),
	};

	return harness_main("harness", tests, sizeof(tests) / sizeof(tests[0]));
}
