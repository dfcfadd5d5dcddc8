/* aco doctor: a ledger that is well, and each thing that it can find wrong. */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/doctor.h"
#include "ledger/spool.h"
#include "tests/int/harness.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const char *url;
static struct db *db;
static struct conf conf;
static char empty_text[] = "";

/* A ledger made by the program itself from captured transcripts. */
static int setup(void **state)
{
	static char home[] = "/nonexistent";
	struct harness_run how = {0};
	const char *env[2] = {NULL, NULL};
	char *var;

	(void)state;
	if (!url) { /* which the harness turns off, and doctor would tell */
		harness_conf("fsync = on\nfull_page_writes = on");
		harness_reload();
	}
	url = harness_db("doctor");
	var = xasprintf("ACO_DATABASE_URL=%s", url);
	env[0] = var;
	how.env = env;
	HARNESS_ACO_OK(&how, "up");
	HARNESS_ACO_OK(&how, "import", "claude-code", "tests/data/claude_code");
	HARNESS_ACO_OK(&how, "import", "codex", "tests/data/codex");
	HARNESS_ACO_OK(&how, "import", "litellm",
		       "tests/data/traces/litellm.spendlogs.json");
	free(var);
	db = harness_open(url);
	conf = (struct conf){.home = home,
			     .pg_bin = empty_text,
			     .partitions_ahead = 3,
			     .spool = empty_text};
	conf.database_url = xasprintf("%s", url);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	free(conf.database_url);
	return 0;
}

/* ---- what a run found ---- */

struct report {
	struct doctor_finding f[32];
	size_t n;
};

static void collect(void *arg, const struct doctor_finding *f)
{
	struct report *r = arg;

	assert_true(r->n < N(r->f));
	r->f[r->n++] = *f;
}

static enum doctor_state examine(struct report *r, enum doctor_scope scope,
				 int32_t day)
{
	const struct doctor_opts o = {.scope = scope, .day = day};

	r->n = 0;
	return doctor_run(&conf, &o, collect, r);
}

static const struct doctor_finding *finding(const struct report *r,
					    const char *name)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!strcmp(r->f[i].name, name))
			return &r->f[i];
	}
	fail_msg("no check is called %s", name);
	return NULL;
}

/* Nothing but `name` (NULL: nothing at all) is wrong. */
static void only_wrong(const struct report *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++) {
		bool expected = name && !strcmp(r->f[i].name, name);

		if ((r->f[i].state == DOCTOR_FAIL) != expected)
			fail_msg("%s: %s (%s)", r->f[i].name, r->f[i].found,
				 doctor_state_name(r->f[i].state));
	}
}

/* ---- the tests ---- */

static void well(void **state)
{
	struct report r;

	(void)state;
	assert_true(harness_sql_i64(db, "SELECT count(*) FROM attempt") >= 3);
	assert_true(harness_sql_i64(db, "SELECT count(DISTINCT day) FROM "
					"attempt") > 1);
	assert_int_not_equal(examine(&r, DOCTOR_ALL, 0), DOCTOR_FAIL);
	only_wrong(&r, NULL);
	assert_int_equal(finding(&r, "attempt sums")->state, DOCTOR_OK);
	assert_int_equal(finding(&r, "task sums")->state, DOCTOR_OK);
	assert_int_equal(finding(&r, "names")->state, DOCTOR_OK);
	assert_int_equal(finding(&r, "disk")->state, DOCTOR_SKIP);
	for (int i = 0; i < 5; i++)
		assert_int_not_equal(examine(&r, DOCTOR_RANDOM, 0),
				     DOCTOR_FAIL);
}

/* Every one of these is found, by the check whose business it is, and only
 * there; mended, all is well again. */
static void broken(void **state)
{
	static const struct {
		const char *name, *wrong, *mend;
	} cases[] = {
		{"attempt sums",
		 "UPDATE attempt_rollup SET output = output + 1 "
		 "WHERE grain = 'minute'",
		 "UPDATE attempt_rollup SET output = output - 1 "
		 "WHERE grain = 'minute'"},
		{"attempt sums",
		 "UPDATE attempt_rollup SET cost_pusd = cost_pusd - 1 "
		 "WHERE grain = 'hour'",
		 "UPDATE attempt_rollup SET cost_pusd = cost_pusd + 1 "
		 "WHERE grain = 'hour'"},
		/* A group that should not be there at all. */
		{"attempt sums",
		 "INSERT INTO attempt_rollup SELECT grain, bucket, 77, class_id,"
		 " agent_id, team_id, model_id, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,"
		 " 0 FROM attempt_rollup WHERE grain = 'day' LIMIT 1",
		 "DELETE FROM attempt_rollup WHERE slot = 77"},
		{"task sums",
		 "UPDATE task_rollup SET started = started + 1 "
		 "WHERE grain = 'day'",
		 "UPDATE task_rollup SET started = started - 1 "
		 "WHERE grain = 'day'"},
		{"task sums",
		 "UPDATE task_rollup SET paid_pusd = paid_pusd + 1 "
		 "WHERE grain = 'minute'",
		 "UPDATE task_rollup SET paid_pusd = paid_pusd - 1 "
		 "WHERE grain = 'minute'"},
		{"tasks", "UPDATE task SET output = output + 1",
		 "UPDATE task SET output = output - 1"},
		{"names",
		 "ALTER TABLE attempt_key RENAME TO k;"
		 "CREATE TABLE attempt_key AS SELECT * FROM k;"
		 "DELETE FROM attempt_key",
		 "DROP TABLE attempt_key; ALTER TABLE k RENAME TO attempt_key"},
		{"names",
		 "INSERT INTO attempt_key SELECT day, gen_random_uuid(), "
		 "attempt_day, gen_random_uuid() FROM attempt_key LIMIT 1",
		 "DELETE FROM attempt_key k WHERE NOT EXISTS (SELECT FROM "
		 "attempt a WHERE a.id = k.attempt_id)"},
		{"schema",
		 "UPDATE schema_migration SET checksum = checksum || '\\x00'",
		 "UPDATE schema_migration SET checksum = substr(checksum, 1, "
		 "32)"},
		{"prices",
		 "ALTER TABLE price RENAME TO p; CREATE TABLE price "
		 "AS SELECT * FROM p WHERE false",
		 "DROP TABLE price; ALTER TABLE p RENAME TO price"},
		{"database",
		 "ALTER DATABASE doctor SET default_transaction_read_only = on",
		 "BEGIN READ WRITE; ALTER DATABASE doctor RESET "
		 "default_transaction_read_only; COMMIT"},
	};
	struct report r;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		harness_sql(db, cases[i].wrong);
		if (examine(&r, DOCTOR_ALL, 0) != DOCTOR_FAIL)
			fail_msg("not seen: %s", cases[i].wrong);
		only_wrong(&r, cases[i].name);
		assert_true(finding(&r, cases[i].name)->advice[0]);
		harness_sql(db, cases[i].mend);
		assert_int_not_equal(examine(&r, DOCTOR_ALL, 0), DOCTOR_FAIL);
	}
}

/* A model or task that is gone takes other sums with it: here only that it is
 * seen counts. */
static void orphans(void **state)
{
	struct report r;

	(void)state;
	harness_sql(db, "UPDATE attempt SET task_id = gen_random_uuid()");
	assert_int_equal(examine(&r, DOCTOR_ALL, 0), DOCTOR_FAIL);
	assert_int_equal(finding(&r, "attempts")->state, DOCTOR_FAIL);
	ASSERT_CONTAINS(finding(&r, "attempts")->found, "of task");
}

static void warnings(void **state)
{
	struct report r;

	(void)state;
	harness_sql(db, "DROP TABLE attempt_key_19700101, attempt_19700101;"
			"SELECT aco_make_day('1970-01-01');"
			"INSERT INTO dead_letter (id, source, origin, reason) "
			"VALUES (gen_random_uuid(), 'test', 'x:1', "
			"'it was bad')");
	harness_sql(db, "UPDATE price SET source_date = '2020-01-01'");
	conf.partitions_ahead = 30;
	assert_int_equal(examine(&r, DOCTOR_RANDOM, 0), DOCTOR_WARN);
	only_wrong(&r, NULL);
	assert_int_equal(finding(&r, "days ahead")->state, DOCTOR_WARN);
	ASSERT_CONTAINS(finding(&r, "days ahead")->found, "27 of the days");
	assert_int_equal(finding(&r, "refused rows")->state, DOCTOR_WARN);
	ASSERT_CONTAINS(finding(&r, "refused rows")->found, "it was bad");
	assert_int_equal(finding(&r, "prices")->state, DOCTOR_WARN);
}

/* A day that is right and one that is wrong. */
static void one_day(void **state)
{
	int64_t first = harness_sql_i64(db, "SELECT min(day) - '1970-01-01' "
					    "FROM attempt WHERE day > "
					    "'1970-01-01'");
	struct report r;

	(void)state;
	harness_sql(db, "UPDATE attempt_rollup SET output = output + 1 WHERE "
			"grain = 'day' AND bucket = (SELECT max(bucket) FROM "
			"attempt_rollup WHERE grain = 'day')");
	assert_int_not_equal(examine(&r, DOCTOR_DAY, (int32_t)first),
			     DOCTOR_FAIL);
	assert_int_equal(examine(&r, DOCTOR_ALL, 0), DOCTOR_FAIL);
	only_wrong(&r, "attempt sums");
	ASSERT_CONTAINS(finding(&r, "attempt sums")->found, "recomputed");
}

/* Days that retention dropped are not missed. */
static void after_retention(void **state)
{
	struct report r;
	char sql[96];

	(void)state;
	snprintf(sql, sizeof(sql), "SELECT aco_drop_before('%s')",
		 harness_sql_text(db, "SELECT max(day)::text FROM attempt"));
	assert_true(harness_sql_i64(db, sql) > 0);
	assert_int_not_equal(examine(&r, DOCTOR_ALL, 0), DOCTOR_FAIL);
	only_wrong(&r, NULL);
}

static void no_ledger(void **state)
{
	struct report r;

	(void)state;
	free(conf.database_url);
	conf.database_url = xstrdup(harness_db_empty("nothing"));
	assert_int_equal(examine(&r, DOCTOR_ALL, 0), DOCTOR_FAIL);
	only_wrong(&r, "schema");
	ASSERT_CONTAINS(finding(&r, "schema")->advice, "aco up");
	free(conf.database_url);
	conf.database_url = xstrdup(harness_url("absent"));
	assert_int_equal(examine(&r, DOCTOR_ALL, 0), DOCTOR_FAIL);
	only_wrong(&r, "database");
	assert_int_equal(finding(&r, "tasks")->state, DOCTOR_SKIP);
}

/* What waits in a spool is told, old records as a warning. */
static void spooled(void **state)
{
	const char *dir = harness_dir();
	char *one = xasprintf("%s/3", dir), *kept = xstrdup(dir);
	struct spool *s = NULL;
	struct str got;
	int64_t at_us;
	struct err e = {"", ""};
	struct report r;

	(void)state;
	conf.spool = kept;
	examine(&r, DOCTOR_RANDOM, 0);
	assert_int_equal(finding(&r, "spool")->state, DOCTOR_OK);
	ASSERT_OK(spool_open(&s, one, 1 << 20, 1 << 16, &e), &e);
	ASSERT_OK(spool_put(s, STR("a record"), clock_now_us(), &e), &e);
	ASSERT_OK(spool_sync(s, &e), &e);
	examine(&r, DOCTOR_RANDOM, 0);
	assert_int_equal(finding(&r, "spool")->state, DOCTOR_OK);
	ASSERT_CONTAINS(finding(&r, "spool")->found, "1 record");
	spool_close(s);
	ASSERT_OK(spool_open(&s, one, 1 << 20, 1 << 16, &e), &e);
	ASSERT_OK(spool_get(s, 0, &got, &at_us, &e), &e);
	ASSERT_OK(spool_done(s, &e), &e);
	ASSERT_OK(spool_put(s, STR("old"), US_PER_SEC, &e), &e);
	ASSERT_OK(spool_sync(s, &e), &e);
	spool_close(s);
	assert_int_not_equal(examine(&r, DOCTOR_RANDOM, 0), DOCTOR_FAIL);
	assert_int_equal(finding(&r, "spool")->state, DOCTOR_WARN);
	assert_int_equal(finding(&r, "daemon")->state, DOCTOR_SKIP);
	conf.spool = empty_text;
	free(one);
	free(kept);
}

static void command(void **state)
{
	char *var = xasprintf("ACO_DATABASE_URL=%s", url);
	const char *env[] = {var, NULL};
	struct harness_run how = {.env = env};
	struct harness_end end = HARNESS_ACO(&how, "doctor", "--all");

	(void)state;
	assert_int_equal(end.code, 0);
	ASSERT_CONTAINS(end.out, "ok    attempt sums");
	harness_end_free(&end);
	harness_sql(db, "UPDATE task SET output = output + 1");
	end = HARNESS_ACO(&how, "doctor", "--all", "--json");
	assert_int_equal(end.code, 1);
	ASSERT_CONTAINS(end.out, "\"name\":\"tasks\",\"state\":\"fail\"");
	ASSERT_CONTAINS(end.out, "\"state\":\"fail\"}\n");
	harness_end_free(&end);
	end = HARNESS_ACO(&how, "doctor", "--day", "yesterday");
	assert_int_equal(end.code, 2);
	harness_end_free(&end);
	end = HARNESS_ACO(&how, "doctor", "--all", "--day", "2026-11-24");
	assert_int_equal(end.code, 2);
	harness_end_free(&end);
	free(var);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void budgets(void **state)
{
	struct report r;

	(void)state;
	harness_sql(db, "INSERT INTO budget (scope, subject, period,"
			" limit_pusd) VALUES ('key', 'k', 'total', 1000);"
			"INSERT INTO budget_account SELECT id, 'k',"
			" '1970-01-01Z', 'infinity', 0, 1001, 0 FROM budget");
	examine(&r, DOCTOR_ALL, 0);
	only_wrong(&r, NULL);
	assert_int_equal(finding(&r, "budgets")->state, DOCTOR_WARN);
	harness_sql(db, "UPDATE budget_account SET leased_pusd = 5");
	assert_int_equal(examine(&r, DOCTOR_ALL, 0), DOCTOR_FAIL);
	only_wrong(&r, "budgets");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(well),
		CASE(broken),
		CASE(orphans),
		CASE(budgets),
		CASE(warnings),
		CASE(one_day),
		CASE(after_retention),
		CASE(no_ledger),
		CASE(spooled),
		CASE(command),
	};

	return harness_main("doctor", tests, N(tests));
}
