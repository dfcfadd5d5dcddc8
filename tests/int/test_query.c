/* The read models against the raw rows: the figures of any span of time are
 * those that adding up the attempts and tasks in it gives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/query_spend.h"
#include "tests/int/harness.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define MIN  (60 * US_PER_SEC)
#define NOW  (INT64_C(1795521600) * US_PER_SEC) /* 2026-11-24T12:00Z */

/* Nothing here writes: one database serves all tests. */
static struct db *seeded(void)
{
	static struct db *db;

	if (!db)
		db = harness_seeded("query");
	return db;
}

static struct db_result *ask(struct db *db, const struct sql_stmt *stmt,
			     struct db_args *a)
{
	struct db_result *r = harness_ask(db, stmt, a);

	db_args_release(a);
	return r;
}

static void time_literal(char *buf, size_t size, int64_t us)
{
	char text[40];

	snprintf(buf, size, "'%s'::timestamptz",
		 clock_format(us, text, sizeof(text)));
}

/* One row a class from the raw tables, as text, to be compared. */
static void raw_fleet(struct db *db, const struct query_span *s, char *out,
		      size_t size)
{
	char since[64], until[64], sql[2048];

	time_literal(since, sizeof(since), s->all ? 0 : s->since_us);
	time_literal(until, sizeof(until), s->all ? NOW * 2 : s->until_us);
	snprintf(
		sql, sizeof(sql),
		"SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') "
		"FROM (SELECT concat_ws(' ', class_id, sum(n), sum(err), "
		"sum(unp), sum(cost), sum(ui), sum(cr), sum(o), sum(tasks), "
		"sum(judged), sum(succ), sum(esc), sum(paid), sum(pj)) AS line "
		"FROM (SELECT t.class_id, 1 AS n, (a.status <> 'ok')::int AS "
		"err, (a.cost_pusd IS NULL)::int AS unp, coalesce(a.cost_pusd, "
		"0)::numeric AS cost, coalesce(a.uncached_in, 0) AS ui, "
		"coalesce(a.cache_read, 0) AS cr, coalesce(a.output, 0) AS o, "
		"0 AS tasks, 0 AS judged, 0 AS succ, 0 AS esc, 0::numeric AS "
		"paid, 0::numeric AS pj FROM attempt a JOIN task t ON t.id = "
		"a.task_id WHERE coalesce(a.started_at, '1970-01-01Z') >= %s "
		"AND coalesce(a.started_at, '1970-01-01Z') < %s "
		"UNION ALL SELECT class_id, 0,0,0,0,0,0,0, 1, "
		"(success_micro IS NOT NULL)::int, coalesce(success_micro, 0), "
		"(escalations > 0)::int, cost_pusd, CASE WHEN success_micro IS "
		"NULL THEN 0 ELSE cost_pusd END FROM task WHERE attempts > 0 "
		"AND coalesce(started_at, '1970-01-01Z') >= %s "
		"AND coalesce(started_at, '1970-01-01Z') < %s) x "
		"GROUP BY class_id) l",
		since, until, since, until);
	snprintf(out, size, "%s", harness_sql_text(db, sql));
}

static int by_line(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The same from the read model. */
static void read_fleet(struct db *db, const struct query_span *s, char *out,
		       size_t size)
{
	char lines[16][256], paid[64], pj[64], cost[64];
	struct db_args a;
	struct db_result *r;
	size_t n = 0;
	int rows;

	db_args_init(&a, 4096);
	query_group_args(&a, s, QUERY_CLASS, &(struct query_only){0});
	r = ask(db, &sql_query_group, &a);
	rows = db_rows(r);
	assert_in_range(rows, 0, N(lines) - 1);
	for (int i = 0; i < rows; i++) {
		struct query_group c;

		query_group_row(r, i, &c);
		db_numeric(r, i, 10, paid, sizeof(paid));
		db_numeric(r, i, 11, pj, sizeof(pj));
		db_numeric(r, i, 22, cost, sizeof(cost));
		snprintf(lines[i], sizeof(lines[i]),
			 "%d %lld %lld %lld %s %lld %lld %lld %lld %lld %lld "
			 "%lld %s %s",
			 c.id, (long long)c.attempts, (long long)c.errors,
			 (long long)c.unpriced, cost, (long long)c.uncached_in,
			 (long long)c.cache_read, (long long)c.output,
			 (long long)c.tasks, (long long)c.judged,
			 (long long)c.success_micro, (long long)c.escalated,
			 paid, pj);
	}
	qsort(lines, (size_t)rows, sizeof(lines[0]), by_line);
	out[0] = '\0';
	for (int i = 0; i < rows; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? "\n" : "",
				      lines[i]);
	db_result_free(r);
}

static void compare_span(struct db *db, struct query_span s)
{
	char raw[4096], model[4096];

	s = query_span_cut(s);
	raw_fleet(db, &s, raw, sizeof(raw));
	read_fleet(db, &s, model, sizeof(model));
	assert_string_equal(model, raw);
}

static void the_fleet_is_exact_to_the_minute(void **state)
{
	struct db *db = seeded();
	uint32_t seed = 3;

	(void)state;
	compare_span(db, (struct query_span){.all = true});
	compare_span(db, (struct query_span){NOW - US_PER_DAY, NOW, false});
	for (int i = 0; i < 60; i++) {
		struct query_span s = {0};

		seed = seed * 1664525 + 1013904223;
		s.since_us = NOW - (int64_t)(seed % 50000) * MIN;
		seed = seed * 1664525 + 1013904223;
		s.until_us = s.since_us +
			     (int64_t)(seed % (i % 3 ? 600 : 50000)) * MIN;
		compare_span(db, s);
	}
}

static struct query_totals totals(struct db *db, struct query_span s)
{
	struct query_totals t;
	struct db_args a;
	struct db_result *r;

	db_args_init(&a, 4096);
	query_totals_args(&a, &s);
	r = ask(db, &sql_query_totals, &a);
	assert_int_equal(db_rows(r), 1);
	query_totals_row(r, 0, &t);
	db_result_free(r);
	return t;
}

static struct query_fresh fresh(struct db *db)
{
	struct query_fresh f;
	struct db_args a;
	struct db_result *r;

	db_args_init(&a, 4096);
	query_fresh_args(&a, NOW - US_PER_DAY);
	r = ask(db, &sql_query_fresh, &a);
	assert_int_equal(db_rows(r), 1);
	query_fresh_row(r, 0, &f);
	db_result_free(r);
	return f;
}

static void totals_tell_what_is_missing(void **state)
{
	struct db *db = seeded();
	struct query_totals t = totals(db, (struct query_span){.all = true});

	(void)state;
	assert_int_equal(t.attempts,
			 harness_sql_i64(db, "SELECT count(*) FROM attempt"));
	assert_int_equal(t.undated, 2);
	assert_int_equal(t.unpriced, 2);
	assert_true(t.undated_pusd > 0 && t.undated_pusd < t.cost_pusd);
	assert_int_equal(t.unattributed,
			 harness_sql_i64(db,
					 "SELECT count(*) FROM v_attempt WHERE "
					 "task_class = 'unattributed'"));
	/* The newest is known to the end of its call, not to the minute. */
	assert_true(fresh(db).newest_us ==
		    harness_sql_i64(db, "SELECT (extract(epoch FROM "
					"max(ended_at)) * 1000000)::bigint "
					"FROM attempt"));
	/* Undated rows are in no dated span. */
	t = totals(db, (struct query_span){0, NOW, false});
	assert_int_equal(t.undated, 0);
	assert_int_equal(t.attempts, harness_sql_i64(db, "SELECT count(*) FROM "
							 "attempt") -
					     2);
}

static void an_empty_ledger_has_no_newest(void **state)
{
	struct db *db = harness_open(harness_db("nothing"));
	struct query_totals t = totals(db, (struct query_span){.all = true});
	struct query_fresh f = fresh(db);

	(void)state;
	assert_true(f.newest_us == TIME_NONE && f.oldest_us == TIME_NONE);
	assert_true(t.attempts == 0 && t.cost_pusd == 0);
	db_close(db);
}

static void sparks_add_up(void **state)
{
	struct db *db = seeded();
	__int128 sum = 0;
	struct db_args a;
	struct db_result *r;

	(void)state;
	db_args_init(&a, 4096);
	query_spark_args(&a, QUERY_DAY,
			 NOW - NOW % US_PER_DAY - 40 * US_PER_DAY,
			 NOW - NOW % US_PER_DAY + US_PER_DAY, 10, QUERY_MODEL,
			 &(struct query_only){0});
	r = ask(db, &sql_query_spark, &a);
	for (int i = 0; i < db_rows(r); i++) {
		struct query_spark q;

		query_spark_row(r, i, &q);
		assert_in_range(q.slot, 0, 9);
		sum += q.cost_pusd;
	}
	db_result_free(r);
	assert_true((int64_t)sum ==
		    harness_sql_i64(db, "SELECT sum(cost_pusd)::bigint FROM "
					"attempt WHERE day > '1970-01-01'"));
}

/* ---- tasks ---- */

static struct db_result *tasks(struct db *db, const struct query_tasks *q)
{
	struct db_args a;

	db_args_init(&a, 4096);
	query_tasks_args(&a, q);
	return ask(db, &sql_query_tasks, &a);
}

/* Every name that screens sort by orders the rows by that very column. */
static void tasks_sort_by_every_figure(void **state)
{
	static const char *const names[] = {
		"cost_usd",    "attempts", "errors",      "unpriced",
		"escalations", "success",  "uncached_in", "cache_read",
		"cache_write", "output",   "duration_us", "started_at",
		"task_class",  "agent",    "team",        "sender",
		"ext_id"};
	struct db *db = seeded();
	char column[64], sql[512];

	(void)state;
	for (size_t i = 0; i < N(names); i++) {
		for (int desc = 0; desc < 2; desc++) {
			struct query_tasks q = {.span = {.all = true},
						.sort = names[i],
						.desc = desc,
						.limit = 1};
			struct query_task t;
			struct db_result *r = tasks(db, &q);

			assert_int_equal(db_rows(r), 1);
			query_task_row(r, 0, &t);
			snprintf(column, sizeof(column), "%s", names[i]);
			if (!strcmp(names[i], "cache_write"))
				snprintf(column, sizeof(column),
					 "cache_write_5m + cache_write_1h");
			if (!strcmp(names[i], "duration_us"))
				snprintf(column, sizeof(column),
					 "ended_at - started_at");
			snprintf(sql, sizeof(sql),
				 "SELECT task_id FROM v_task ORDER BY %s %s "
				 "NULLS LAST, task_id LIMIT 1",
				 column, desc ? "DESC" : "");
			uuid_format(t.id, column);
			assert_string_equal(column, harness_sql_text(db, sql));
			db_result_free(r);
		}
	}
}

/* Pages follow each other without a gap or a repetition. */
static void tasks_come_in_pages(void **state)
{
	struct db *db = seeded();
	struct query_tasks q = {
		.span = {.all = true}, .sort = "errors", .limit = 7};
	int64_t all = harness_sql_i64(db, "SELECT count(*) FROM task");
	struct uuid seen[128];
	int n = 0, rows;

	(void)state;
	do {
		struct db_result *r = tasks(db, &q);

		rows = db_rows(r);
		for (int i = 0; i < rows; i++) {
			struct query_task t;

			query_task_row(r, i, &t);
			for (int k = 0; k < n; k++)
				assert_false(uuid_eq(seen[k], t.id));
			assert_in_range(n, 0, N(seen) - 1);
			seen[n++] = t.id;
		}
		db_result_free(r);
		q.offset += q.limit;
	} while (rows > 0);
	assert_int_equal(n, all);
}

static void tasks_of_a_class_and_span(void **state)
{
	struct db *db = seeded();
	struct query_tasks q = {
		.class_id = (int32_t)harness_sql_i64(
			db, "SELECT id FROM dict WHERE kind = 'class' AND "
			    "name = 'coding'"),
		.span = {NOW - US_PER_DAY, NOW + MIN, false},
		.limit = 100};
	struct db_result *r = tasks(db, &q);

	(void)state;
	assert_int_equal(db_rows(r),
			 harness_sql_i64(db, "SELECT count(*) FROM v_task "
					     "WHERE task_class = 'coding' AND "
					     "started_at >= "
					     "'2026-11-23T12:00Z'"));
	db_result_free(r);
	/* Undated ones belong to everything, and to nothing else. */
	q.span = (struct query_span){0, NOW * 2, false};
	r = tasks(db, &q);
	assert_int_equal(db_rows(r),
			 harness_sql_i64(db, "SELECT count(*) FROM v_task "
					     "WHERE task_class = 'coding' AND "
					     "started_at IS NOT NULL"));
	db_result_free(r);
}

/* ---- one task ---- */

static struct uuid task_named(struct db *db, const char *name)
{
	struct query_task t;
	struct db_args a;
	struct db_result *r;

	db_args_init(&a, 4096);
	query_task_args(&a, str_from(name));
	r = ask(db, &sql_query_task, &a);
	assert_int_equal(db_rows(r), 1);
	query_task_row(r, 0, &t);
	db_result_free(r);
	return t.id;
}

static struct db_result *of_task(struct db *db, const struct sql_stmt *stmt,
				 struct uuid task)
{
	struct query_task t;
	struct db_result *r;
	struct db_args a;
	char text[UUID_TEXT];

	db_args_init(&a, 4096);
	query_task_args(&a, str_from(uuid_format(task, text)));
	r = ask(db, &sql_query_task, &a);
	query_task_row(r, 0, &t);
	db_result_free(r);
	db_args_init(&a, 4096);
	query_of_task_args(&a, task, t.started_us, t.ended_us, 1000);
	return ask(db, stmt, &a);
}

static void a_task_by_name_and_by_id(void **state)
{
	struct db *db = seeded();
	struct uuid id = task_named(db, "fix-flaky-test");
	char text[UUID_TEXT];

	(void)state;
	assert_true(uuid_eq(task_named(db, uuid_format(id, text)), id));
}

static void steps_and_attempts_of_a_task(void **state)
{
	struct db *db = seeded();
	struct uuid id = task_named(db, "fix-flaky-test");
	struct db_result *r = of_task(db, &sql_query_steps, id);
	struct query_step s;
	struct query_attempt a;
	int escalated = 0;

	(void)state;
	assert_int_equal(db_rows(r), 4);
	query_step_row(r, 2, &s);
	assert_int_equal(s.seq, 3);
	assert_true(str_is(s.kind, "edit") && str_is(s.tool, "Edit"));
	assert_int_equal(s.failed, 1);
	db_result_free(r);

	r = of_task(db, &sql_query_attempts, id);
	assert_int_equal(db_rows(r), 6);
	for (int i = 0; i < 6; i++) {
		query_attempt_row(r, i, &a);
		escalated += !uuid_is_nil(a.escalated_from);
	}
	assert_int_equal(escalated, 1);
	query_attempt_row(r, 1, &a);
	assert_true(str_is(a.error_class, "rate_limit"));
	assert_true(a.cost_pusd == MONEY_NONE && usage_missing(&a.usage));
	query_attempt_row(r, 4, &a);
	assert_true(a.cost_pusd == INT64_C(20355000000));
	assert_int_equal(a.usage.n[USAGE_CACHE_WRITE_1H], 500);
	assert_int_equal(a.usage.n[USAGE_REASONING], 120);
	assert_int_equal(a.usage.n[USAGE_AUDIO_IN], USAGE_NONE);
	db_result_free(r);

	/* What has no date is found as well. */
	r = of_task(db, &sql_query_attempts, task_named(db, "undated-1"));
	assert_int_equal(db_rows(r), 1);
	query_attempt_row(r, 0, &a);
	assert_true(a.started_us == TIME_NONE && a.day == DAY_UNDATED);
	db_result_free(r);
}

static void an_attempt_and_its_price(void **state)
{
	struct db *db = seeded();
	struct db_result *r = of_task(db, &sql_query_attempts,
				      task_named(db, "fix-flaky-test"));
	struct query_attempt a;
	struct query_attempt_full f;
	struct query_price p;
	struct db_args args;

	(void)state;
	query_attempt_row(r, 4, &a);
	db_args_init(&args, 4096);
	query_attempt_args(&args, a.day, a.id);
	db_result_free(r);
	r = ask(db, &sql_query_attempt, &args);
	assert_int_equal(db_rows(r), 1);
	query_attempt_full_row(r, 0, &f);
	assert_true(uuid_eq(f.a.id, a.id) && f.a.cost_pusd == a.cost_pusd);
	assert_true(str_is(f.task_ext_id, "fix-flaky-test"));
	assert_true(str_is(f.class_name, "coding"));
	assert_true(str_is(f.step.kind, "edit") && f.step.seq == 3);
	assert_int_equal(f.names, 1);
	assert_int_equal(f.corrections, 1);
	db_result_free(r);

	db_args_init(&args, 4096);
	query_price_args(&args, a.price_id);
	r = ask(db, &sql_query_price, &args);
	assert_int_equal(db_rows(r), 1);
	query_price_row(r, 0, &p);
	assert_int_equal(p.id, 900002);
	assert_true(p.fusd[RATE_INPUT] == INT64_C(3000000000));
	assert_true(p.fusd[RATE_TIER_OUTPUT] == INT64_C(22500000000));
	assert_true(p.fusd[RATE_FLEX_INPUT] == MONEY_NONE);
	assert_true(p.fusd[RATE_BATCH_OUTPUT] == INT64_C(7500000000));
	assert_true(p.web_search_pusd == INT64_C(10000000000));
	assert_int_equal(p.tier_start_tokens, 200000);
	assert_int_equal(p.max_output, 64000);
	db_result_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fleet_is_exact_to_the_minute),
		cmocka_unit_test(totals_tell_what_is_missing),
		cmocka_unit_test(an_empty_ledger_has_no_newest),
		cmocka_unit_test(sparks_add_up),
		cmocka_unit_test(tasks_sort_by_every_figure),
		cmocka_unit_test(tasks_come_in_pages),
		cmocka_unit_test(tasks_of_a_class_and_span),
		cmocka_unit_test(a_task_by_name_and_by_id),
		cmocka_unit_test(steps_and_attempts_of_a_task),
		cmocka_unit_test(an_attempt_and_its_price),
	};

	return harness_main("query", tests, N(tests));
}
