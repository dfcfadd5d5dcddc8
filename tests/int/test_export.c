/* The export: names, order, exact values, bounds, and what happens when the
 * other end of standard output is gone. */
#include "tests/int/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/export.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Two dated days and the undated one; texts with everything that needs care;
 * amounts from nothing to the largest. */
static const char seed[] =
	"INSERT INTO dict (id, kind, name) OVERRIDING SYSTEM VALUE VALUES"
	" (1001, 'team', 'none'), (1002, 'agent', 'bot, \"quoted\"'),"
	" (1003, 'class', 'coding'), (1004, 'class', 'support'),"
	" (1005, 'sender', 'test'), (1006, 'source', 'native'),"
	" (1007, 'tool', E'multi\\nline'), (1008, 'finish', '');"
	"INSERT INTO model (id, provider, name, tier) OVERRIDING SYSTEM VALUE"
	" VALUES (1001, 'anthropic', 'm-1', 3);"
	"SELECT aco_make_day('2026-11-01'), aco_make_day('2026-11-02');"
	"INSERT INTO task (id, sender_id, ext_id, team_id, agent_id, class_id,"
	" class_rank, who_ranks, attrs, started_at, cost_pusd, success_micro)"
	" VALUES"
	" (md5('t1')::uuid, 1005, 'one', 1001, 1002, 1003, 1, 4,"
	"  '{\"cwd\": \"/a b\"}', '2026-11-01 10:00+00', 1, 250000),"
	" (md5('t2')::uuid, 1005, 'two', 1001, 1002, 1004, 6, 4, NULL,"
	"  '2026-11-02 10:00+00', 12345678901234567890123, NULL),"
	" (md5('t3')::uuid, 1005, 'undated', 1001, 1002, 1003, 7, 4, NULL,"
	"  NULL, 0, 1000000);"
	"INSERT INTO step (day, id, task_id, seq, kind, tool_id, failed,"
	" started_at) VALUES"
	" ('2026-11-01', md5('s1')::uuid, md5('t1')::uuid, 1, 'edit', 1007,"
	"  true, '2026-11-01 10:00+00'),"
	" ('1970-01-01', md5('s3')::uuid, md5('t3')::uuid, NULL, 'other', NULL,"
	"  NULL, NULL);"
	"INSERT INTO attempt (day, id, task_id, step_id, step_day, model_id,"
	" status, quality, started_at, received_at, uncached_in, output,"
	" cost_pusd, source_id, finish_id, prov, keys)"
	" SELECT day::date, md5(name)::uuid, md5(task)::uuid, md5('s1')::uuid,"
	"  '2026-11-01', 1001, 'ok', 'exact', started::timestamptz, now(),"
	"  uncached, 7, cost, 1006, 1008, 0, ''"
	" FROM (VALUES"
	"  ('2026-11-02', 'a4', 't2', '2026-11-02 00:00+00', 0, 0::bigint),"
	"  ('2026-11-01', 'a2', 't1', '2026-11-01 23:59:59.999999+00', 3, NULL),"
	"  ('2026-11-01', 'a3', 't1', '2026-11-01 10:00+00', 2,"
	"   9223372036854775807),"
	"  ('2026-11-01', 'a1', 't1', '2026-11-01 10:00+00', 1, 30355000000),"
	"  ('1970-01-01', 'a0', 't3', NULL, NULL, 1)"
	" ) v (day, name, task, started, uncached, cost);"
	"INSERT INTO outcome (id, task_id, source_id, key, success_micro, label,"
	" at) VALUES"
	" (md5('o1')::uuid, md5('t1')::uuid, 1006, 'reward', 500000, '',"
	"  '2026-11-03 00:00+00'),"
	" (md5('o2')::uuid, md5('t1')::uuid, 1006, 'reward', NULL, 'passed',"
	"  '2026-11-04 00:00+00'),"
	" (md5('o3')::uuid, md5('t2')::uuid, 1006, 'reward', 1, NULL, NULL);"
	"INSERT INTO trial (id, source, task_ext_id, task_class, model,"
	" success_micro, cost_pusd, at) VALUES"
	" (md5('x1')::uuid, 'b', 'zeta', 'coding', 'm', 1000000, NULL, NULL),"
	" (md5('x2')::uuid, 'B', 'zeta', 'support', 'm', 0, 100,"
	"  '2026-11-01 00:00+00');"
	"INSERT INTO decision (day, id, task_id, decided_at, policy, plan, live,"
	" propensity, p_success, reasons, feature_schema, features,"
	" expected_cost_pusd) VALUES"
	" ('2026-11-01', md5('d1')::uuid, md5('t1')::uuid,"
	"  '2026-11-01 09:00+00', 'p', 'single(1)', true, 0.1, '{0.5,0.25}',"
	"  '[{\"rule\": \"floor\"}]', md5('schema')::uuid,"
	"  '{1.5,NaN,-2,NULL}', '{30355000000,NULL}');"
	"UPDATE attempt SET evidence = '{0,NaN,1}' WHERE id = md5('a1')::uuid;";

static struct db *seeded;

static struct export_opts everything(void)
{
	return (struct export_opts){
		.since_us = TIME_NONE, .until_us = TIME_NONE, .limit = -1};
}

/* What an export writes; *rows may be NULL. */
static char *export_text(const char *kind, const struct export_opts *o,
			 int64_t *rows)
{
	struct err e = {0};
	char path[256];
	char *text;
	int fd;

	snprintf(path, sizeof(path), "%s/out", harness_dir());
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	ASSERT_OK(export_run(seeded, export_kind_find(str_from(kind)), o, fd,
			     rows, &e),
		  &e);
	close(fd);
	harness_sql(seeded, "COMMIT");
	text = harness_read(path);
	return text;
}

static void assert_export(const char *kind, const struct export_opts *o,
			  const char *suffix)
{
	char *got = export_text(kind, o, NULL), *want;
	char path[128];

	snprintf(path, sizeof(path), "tests/data/export/%s.%s", kind, suffix);
	if (getenv("ACO_EXPORT_UPDATE"))
		harness_write(path, got);
	want = harness_read(path);
	assert_string_equal(got, want);
	free(want);
	free(got);
}

/* How many rows, and that there are so many lines. */
static int64_t count_rows(const char *kind, const struct export_opts *o)
{
	int64_t rows = -1, lines = 0;
	char *text = export_text(kind, o, &rows);

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, rows + (o->format == EXPORT_CSV));
	free(text);
	return rows;
}

static int seed_once(void **state)
{
	(void)state;
	seeded = harness_open(harness_db("export"));
	harness_sql(seeded, seed);
	return 0;
}

static int close_once(void **state)
{
	(void)state;
	db_close(seeded);
	return 0;
}

/* Every kind in both formats, compared with tests/data/export. To renew the
 * files after a change of the views: ACO_EXPORT_UPDATE=1, and read the diff. */
static void exact_bytes(void **state)
{
	struct export_opts o = everything();

	(void)state;
	for (const struct export_kind *k = export_kinds; k->name; k++) {
		o.format = EXPORT_JSON;
		assert_export(k->name, &o, "jsonl");
		o.format = EXPORT_CSV;
		assert_export(k->name, &o, "csv");
	}
}

static void windows(void **state)
{
	struct export_opts o = everything();

	(void)state;
	assert_int_equal(count_rows("attempts", &o), 5);
	assert_true(clock_parse(STR("2026-11-01T10:00:00Z"), &o.since_us));
	assert_int_equal(count_rows("attempts", &o), 4);
	assert_true(clock_parse(STR("2026-11-02"), &o.until_us));
	assert_int_equal(count_rows("attempts", &o), 3);
	o.since_us++;
	assert_int_equal(count_rows("attempts", &o), 1);
	assert_int_equal(count_rows("tasks", &o), 0);
	o = everything();
	o.class_name = STR("support");
	assert_int_equal(count_rows("attempts", &o), 1);
	assert_int_equal(count_rows("tasks", &o), 1);
	assert_int_equal(count_rows("steps", &o), 0);
	assert_int_equal(count_rows("outcomes", &o), 1);
	assert_int_equal(count_rows("trials", &o), 1);
	assert_int_equal(count_rows("decisions", &o), 0);
	o.class_name = STR("no such class");
	o.format = EXPORT_CSV;
	assert_int_equal(count_rows("attempts", &o), 0);
	o = everything();
	o.limit = 3; /* across days */
	assert_int_equal(count_rows("attempts", &o), 3);
	o.limit = 0;
	assert_int_equal(count_rows("attempts", &o), 0);
	assert_int_equal(count_rows("tasks", &o), 0);
}

static void arrival_only_when_asked(void **state)
{
	struct export_opts o = everything();
	char *text = export_text("attempts", &o, NULL);

	(void)state;
	assert_null(strstr(text, "received_at"));
	free(text);
	o.arrival = true;
	text = export_text("attempts", &o, NULL);
	assert_non_null(strstr(text, "\"received_at\":\"2"));
	free(text);
}

static void nowhere_to_write(void **state)
{
	struct export_opts o = everything();
	const struct export_kind *kind = export_kind_find(STR("attempts"));
	struct err e = {0};
	int fds[2], full = open("/dev/full", O_WRONLY);

	(void)state;
	assert_true(full >= 0);
	assert_int_equal(export_run(seeded, kind, &o, full, NULL, &e), RC_DOWN);
	ASSERT_CONTAINS(e.msg, "No space left on device");
	close(full);
	harness_sql(seeded, "ROLLBACK");
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(export_run(seeded, kind, &o, fds[1], NULL, &e),
			 RC_DOWN);
	ASSERT_CONTAINS(e.msg, "Broken pipe");
	close(fds[1]);
	harness_sql(seeded, "ROLLBACK");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(exact_bytes, seed_once),
		cmocka_unit_test(windows),
		cmocka_unit_test(arrival_only_when_asked),
		cmocka_unit_test_teardown(nowhere_to_write, close_once),
	};

	return harness_main("export", tests, N(tests));
}
