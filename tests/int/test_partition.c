/* Days that are made ahead, and days that retention drops. */
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/partition.h"
#include "tests/int/harness.h"

/* 2026-11-24 12:00 UTC */
#define NOON INT64_C(1795521600000000)

static struct db *db;
static const char *url;

static int setup(void **state)
{
	(void)state;
	url = harness_db("partition");
	db = harness_open(url);
	clock_fix(NOON);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clock_fix(TIME_NONE);
	db_close(db);
	db = NULL;
	return 0;
}

static int64_t days_of(const char *parent)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM pg_inherits WHERE inhparent = "
		 "'%s'::regclass",
		 parent);
	return harness_sql_i64(db, sql);
}

static void ahead(void **state)
{
	static const char *const parents[] = {
		"attempt",  "attempt_key",           "step",
		"decision", "attempt_rollup_minute", "task_rollup_minute",
	};
	int64_t n = -1;
	struct err e;

	(void)state;
	ASSERT_OK(partition_missing(db, 3, &n, &e), &e);
	assert_int_equal(n, 4);
	ASSERT_OK(partition_ahead(db, 3, &n, &e), &e);
	assert_int_equal(n, 4);
	ASSERT_OK(partition_missing(db, 3, &n, &e), &e);
	assert_int_equal(n, 0);
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		assert_int_equal(days_of(parents[i]), 5); /* and 1970 */
	assert_string_equal(harness_sql_text(db, "SELECT to_regclass("
						 "'attempt_20261127')::text"),
			    "attempt_20261127");
	ASSERT_OK(partition_ahead(db, 3, &n, &e), &e);
	assert_int_equal(n, 0);
	clock_fix(NOON + US_PER_DAY);
	ASSERT_OK(partition_ahead(db, 3, &n, &e), &e);
	assert_int_equal(n, 1);
}

static void retain(void **state)
{
	int64_t n = -1;
	struct err e;

	(void)state;
	harness_sql(db, "SELECT aco_make_day(d::date) FROM generate_series("
			"timestamp '2026-11-01', '2026-11-24', '1 day') d");
	ASSERT_OK(partition_retain(db, 0, &n, &e), &e);
	assert_int_equal(n, 0);
	assert_int_equal(days_of("attempt"), 25);
	/* Ten days back from the 24th is the 14th: it stays. */
	ASSERT_OK(partition_retain(db, 10, &n, &e), &e);
	assert_int_equal(n, 13);
	assert_int_equal(days_of("attempt"), 12);
	assert_int_equal(days_of("task_rollup_minute"), 12);
	assert_string_equal(harness_sql_text(db, "SELECT to_regclass("
						 "'attempt_20261113')"),
			    "");
	assert_string_equal(harness_sql_text(db, "SELECT to_regclass("
						 "'attempt_20261114')::text"),
			    "attempt_20261114");
	/* What has no date is kept. */
	assert_string_equal(harness_sql_text(db, "SELECT to_regclass("
						 "'attempt_19700101')::text"),
			    "attempt_19700101");
	ASSERT_OK(partition_retain(db, 10, &n, &e), &e);
	assert_int_equal(n, 0);
}

/* A reader makes retention give up soon and cleanly; later it works. */
static void reader_in_the_way(void **state)
{
	struct db *reader = harness_open(url);
	int64_t n = -1;
	struct err e;

	(void)state;
	harness_sql(db, "SELECT aco_make_day('2026-11-01'), "
			"aco_make_day('2026-11-02')");
	harness_sql(reader, "BEGIN; SELECT count(*) FROM attempt");
	assert_int_equal(partition_retain(db, 5, &n, &e), RC_DOWN);
	ASSERT_CONTAINS(e.hint, "lock");
	assert_int_equal(n, 0);
	assert_int_equal(days_of("attempt"), 3);
	/* The patience was of that transaction alone. */
	assert_string_equal(harness_sql_text(db, "SHOW lock_timeout"), "10s");
	harness_sql(reader, "COMMIT");
	ASSERT_OK(partition_retain(db, 5, &n, &e), &e);
	assert_int_equal(n, 2);
	db_close(reader);
}

/* Making a day blocks neither readers nor writers. */
static void nobody_waits(void **state)
{
	struct db *other = harness_open(url);
	int64_t n;
	struct err e;

	(void)state;
	harness_sql(db, "SET lock_timeout = '1s'");
	harness_sql(other, "BEGIN; SELECT count(*) FROM attempt; "
			   "INSERT INTO step (day, id, task_id, kind) VALUES "
			   "('1970-01-01', gen_random_uuid(), "
			   "gen_random_uuid(), 'plan')");
	ASSERT_OK(partition_ahead(db, 1, &n, &e), &e);
	assert_int_equal(n, 2);
	harness_sql(other, "COMMIT");
	db_close(other);
}

static void ignore(void *arg, const struct db_status *st,
		   const struct db_result *res)
{
	(void)res;
	*(enum rc *)arg = st->rc;
}

/* Two make the same day: the second waits for the first, and sees what it
 * did although it had looked before. */
static void at_once(void **state)
{
	static const struct sql_stmt make = {
		"make", "SELECT 1 FROM aco_make_day('2026-12-01')", "", true};
	struct db *other = harness_open(url);
	enum rc rc = RC_BUG;
	struct err e;

	(void)state;
	assert_string_equal(harness_sql_text(db, "SELECT to_regclass("
						 "'attempt_20261201')"),
			    "");
	harness_sql(other, "BEGIN; SELECT aco_make_day('2026-12-01')");
	ASSERT_OK(db_start(db, &make, NULL, ignore, &rc, &e), &e);
	assert_int_equal(db_wait(db, 100, &e), RC_BUSY);
	harness_sql(other, "COMMIT");
	ASSERT_OK(db_wait(db, 10000, &e), &e);
	assert_int_equal(rc, RC_OK);
	assert_int_equal(days_of("attempt"), 2);
	db_close(other);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(ahead),        CASE(retain),  CASE(reader_in_the_way),
		CASE(nobody_waits), CASE(at_once),
	};

	return harness_main("partition", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
