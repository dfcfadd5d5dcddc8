/* Migrations: from nothing, twice, at the same time, half way, and against
 * databases that another build has made. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/migrate.h"
#include "ledger/sql_stmt.h"
#include "tests/int/harness.h"

static struct db *db;
static const char *url;

static int setup_empty(void **state)
{
	(void)state;
	url = harness_db_empty("migrate");
	db = harness_open(url);
	return 0;
}

static int setup_current(void **state)
{
	(void)state;
	url = harness_db("migrate");
	db = harness_open(url);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	db = NULL;
	return 0;
}

static void from_nothing(void **state)
{
	int applied = -1;
	struct err e;

	(void)state;
	assert_int_equal(migrate_check(db, &e), RC_BAD);
	ASSERT_CONTAINS(e.msg, "no ledger");
	ASSERT_CONTAINS(e.hint, "aco up");
	ASSERT_OK(migrate_up(db, &applied, &e), &e);
	assert_int_equal(applied, sql_migration_count);
	ASSERT_OK(migrate_check(db, &e), &e);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM "
					     "schema_migration WHERE "
					     "length(checksum) = 32 AND "
					     "program LIKE 'aco %'"),
			 sql_migration_count);
	ASSERT_OK(migrate_up(db, &applied, &e), &e);
	assert_int_equal(applied, 0);
	/* No lock stays behind. */
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM pg_locks "
					     "WHERE locktype = 'advisory'"),
			 0);
}

static void newer(void **state)
{
	struct err e;

	(void)state;
	harness_sql(db, "INSERT INTO schema_migration (version, name, "
			"checksum, program) VALUES "
			"(999, 'later', '\\x00', 'aco 99')");
	assert_int_equal(migrate_check(db, &e), RC_BAD);
	ASSERT_CONTAINS(e.msg, "schema version 999");
	ASSERT_CONTAINS(e.hint, "install");
	assert_int_equal(migrate_up(db, NULL, &e), RC_BAD);
	ASSERT_CONTAINS(e.msg, "schema version 999");
}

static void changed(void **state)
{
	struct err e;

	(void)state;
	harness_sql(db, "UPDATE schema_migration SET checksum = "
			"sha256('something else') WHERE version = 1");
	assert_int_equal(migrate_check(db, &e), RC_BAD);
	ASSERT_CONTAINS(e.msg, "0001_init");
	ASSERT_CONTAINS(e.hint, "another build");
	assert_int_equal(migrate_up(db, NULL, &e), RC_BAD);
}

/* A version that we know was left out. */
static void gap(void **state)
{
	struct err e;

	(void)state;
	harness_sql(db, "UPDATE schema_migration SET version = 0 "
			"WHERE version = 1");
	assert_int_equal(migrate_check(db, &e), RC_BAD);
	assert_int_equal(migrate_up(db, NULL, &e), RC_BAD);
	ASSERT_CONTAINS(e.msg, "0000_init");
}

/* A migration that fails leaves nothing of itself, and can be run again. */
static void fails_half_way(void **state)
{
	int applied = -1;
	struct err e;

	(void)state;
	harness_sql(db, "CREATE TABLE outcome (in_the_way int)");
	assert_int_equal(migrate_up(db, &applied, &e), RC_BUG);
	ASSERT_CONTAINS(e.msg, "migration 0001_init");
	ASSERT_CONTAINS(e.msg, "outcome");
	assert_int_equal(applied, 0);
	assert_string_equal(harness_sql_text(db, "SELECT to_regclass('task')"),
			    "");
	assert_int_equal(migrate_check(db, &e), RC_BAD);
	harness_sql(db, "DROP TABLE outcome");
	ASSERT_OK(migrate_up(db, &applied, &e), &e);
	assert_int_equal(applied, sql_migration_count);
}

static void read_only(void **state)
{
	struct err e;

	(void)state;
	harness_sql(db, "ALTER DATABASE migrate SET "
			"default_transaction_read_only = on");
	db_close(db);
	db = harness_open(url);
	assert_int_equal(migrate_up(db, NULL, &e), RC_DOWN);
	ASSERT_CONTAINS(e.msg, "read-only");
	ASSERT_CONTAINS(e.hint, "primary");
}

/* A standby that is up to date has nothing to write. */
static void read_only_current(void **state)
{
	int applied = -1;
	struct err e;

	(void)state;
	harness_sql(db, "SET default_transaction_read_only = on");
	ASSERT_OK(migrate_up(db, &applied, &e), &e);
	assert_int_equal(applied, 0);
	ASSERT_OK(migrate_check(db, &e), &e);
}

#define PEERS 4

/* Several at once: one applies, the others wait and find it done. */
static void at_once(void **state)
{
	pid_t pid[PEERS];
	int total = 0;

	(void)state;
	for (int i = 0; i < PEERS; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (!pid[i]) {
			struct db *mine = NULL;
			int applied = 0;
			struct err e = {"", ""};

			if (db_open(&mine, url, "peer", &e) ||
			    migrate_up(mine, &applied, &e)) {
				err_print(&e);
				_exit(100);
			}
			_exit(applied);
		}
	}
	for (int i = 0; i < PEERS; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		assert_true(WEXITSTATUS(status) < 100);
		total += WEXITSTATUS(status);
	}
	assert_int_equal(total, sql_migration_count);
}

/* The one that waits sees what the holder of the lock does. */
static void waits_for_lock(void **state)
{
	struct db *other = harness_open(url);
	pid_t pid;
	int status;

	(void)state;
	harness_sql(other, "SELECT pg_advisory_lock(7023117409123)");
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct db *mine = NULL;
		int applied = 0;
		struct err e;

		if (db_open(&mine, url, "peer", &e) ||
		    migrate_up(mine, &applied, &e))
			_exit(100);
		_exit(applied);
	}
	while (!harness_sql_i64(db, "SELECT count(*) FROM pg_locks WHERE "
				    "locktype = 'advisory' AND NOT granted"))
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_string_equal(
		harness_sql_text(other, "SELECT to_regclass('task')"), "");
	db_close(other);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), sql_migration_count);
}

#define EMPTY(f)   cmocka_unit_test_setup_teardown(f, setup_empty, teardown)
#define CURRENT(f) cmocka_unit_test_setup_teardown(f, setup_current, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EMPTY(from_nothing),        CURRENT(newer),
		CURRENT(changed),           CURRENT(gap),
		EMPTY(fails_half_way),      EMPTY(read_only),
		CURRENT(read_only_current), EMPTY(at_once),
		EMPTY(waits_for_lock),
	};

	return harness_main("migrate", tests, sizeof(tests) / sizeof(tests[0]));
}
