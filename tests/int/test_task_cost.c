/* Tasks by their cost: the dearest tasks are those that sorting all of them
 * gives, whichever have their place by cost and whichever are open; and whoever
 * writes to a task opens it again. */
#include <stdio.h>

#include "gen/sql.h"
#include "ledger/base/clock.h"
#include "ledger/query.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct db_result *ask(struct db *db, const struct sql_stmt *stmt,
			     struct db_args *a)
{
	struct db_result *r = NULL;
	struct err e;

	ASSERT_OK(db_run(db, stmt, a, &r, NULL, &e), &e);
	db_args_release(a);
	return r;
}

/* Settle what nothing was heard of since `us`; how many. */
static int64_t settle(struct db *db, int64_t us, int64_t limit)
{
	struct db_args a;
	struct db_result *r;
	int64_t n;

	db_args_init(&a, 1024);
	db_arg_time(&a, us);
	db_arg_i64(&a, limit);
	r = ask(db, &sql_janitor_settle_tasks, &a);
	n = db_i64(r, 0, 0);
	db_result_free(r);
	return n;
}

/* No task of any day is in neither table, in both, or settled as it was. */
static void all_are_placed(struct db *db)
{
	struct db_args a;

	for (int32_t day = clock_day(NOW) - 45; day <= clock_day(NOW) + 1;
	     day++) {
		struct db_result *r;

		db_args_init(&a, 1024);
		db_arg_day(&a, day);
		r = ask(db, &sql_doctor_task_cost, &a);
		if (db_i64(r, 0, 0) != 0)
			fail_msg("%.*s of day %d", STR_ARG(db_text(r, 0, 1)),
				 day);
		db_result_free(r);
	}
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(*) FROM task WHERE (SELECT "
				    "count(*) FROM task_cost WHERE task_id = "
				    "id) + (SELECT count(*) FROM task_open "
				    "WHERE task_id = id) <> 1"),
		0);
}

/* ---- the dearest ---- */

/* Costs that are often equal; undated tasks, and some without calls. */
static struct db *many_tasks(void)
{
	struct db *db = harness_open(harness_db("task_cost"));

	harness_sql(db,
		    "INSERT INTO dict (id, kind, name) OVERRIDING SYSTEM VALUE "
		    "SELECT 1000 + i, k, k || i FROM (VALUES (1, "
		    "'class'), (2, 'class'), (3, 'class'), (4, 'agent'), (5, "
		    "'agent'), (6, 'team'), (7, 'team'), (8, 'sender')) v (i, "
		    "k);"
		    "INSERT INTO task (id, sender_id, ext_id, team_id, "
		    "agent_id, class_id, class_rank, who_ranks, started_at, "
		    "attempts, cost_pusd) SELECT md5('t' || i)::uuid, 1008, "
		    "'t' || i, 1006 + i % 2, 1004 + i / 2 % 2, 1001 + i % 3, "
		    "1, 0, CASE WHEN i % 11 > 0 THEN timestamptz "
		    "'2026-11-24Z' - i * i % 9973 * interval '6 minutes' END, "
		    "i % 13, (i * 7919 % 251) * power(10, i % 9)::numeric "
		    "FROM generate_series(1, 3000) i;"
		    "INSERT INTO task_open (task_id, opened_at) SELECT id, "
		    "now() - interval '1 hour' FROM task;");
	return db;
}

static void same(struct db *db, struct query_tasks q)
{
	struct db_args a;
	struct db_result *want, *have;

	q.sort = "cost_usd";
	q.desc = true;
	db_args_init(&a, 4096);
	query_tasks_args(&a, &q);
	want = ask(db, &sql_query_tasks, &a);
	db_args_init(&a, 4096);
	query_dearest_args(&a, &q);
	have = ask(db, &sql_query_dearest, &a);
	assert_int_equal(db_cols(want), db_cols(have));
	assert_int_equal(db_rows(want), db_rows(have));
	for (int i = 0; i < db_rows(want); i++) {
		struct query_task w, h;

		query_task_row(want, i, &w);
		query_task_row(have, i, &h);
		assert_true(uuid_eq(w.id, h.id));
		assert_true(w.cost_pusd == h.cost_pusd);
		assert_true(str_eq(w.ext_id, h.ext_id));
		assert_true(str_eq(w.class_name, h.class_name));
		assert_int_equal(w.attempts, h.attempts);
		assert_int_equal(w.started_us, h.started_us);
	}
	db_result_free(want);
	db_result_free(have);
}

static void dearest_of_anything(struct db *db)
{
	static const struct query_span spans[] = {
		{0, 0, true},
		{NOW - US_PER_DAY, NOW, false},
		{NOW - 30 * US_PER_DAY, NOW - 2 * US_PER_DAY, false},
		{NOW - 3 * 3600 * US_PER_SEC, NOW - 3600 * US_PER_SEC, false},
		{NOW - 400 * US_PER_DAY, NOW - 300 * US_PER_DAY, false},
	};
	static const int64_t pages[][2] = {{1, 0},   {10, 0},    {50, 50},
					   {100, 7}, {500, 500}, {5000, 0}};

	for (size_t s = 0; s < N(spans); s++) {
		for (size_t p = 0; p < N(pages); p++) {
			for (int only = 0; only < 8; only++) {
				struct query_tasks q = {
					.class_id = only & 1 ? 1002 : 0,
					.agent_id = only & 2 ? 1004 : 0,
					.team_id = only & 4 ? 1007 : 0,
					.span = spans[s],
					.limit = pages[p][0],
					.offset = pages[p][1]};

				same(db, q);
			}
		}
	}
}

static void the_dearest_are_the_first_of_all(void **state)
{
	struct db *db = many_tasks();

	(void)state;
	dearest_of_anything(db);
	assert_int_equal(settle(db, NOW * 2, 1400), 1400);
	all_are_placed(db);
	dearest_of_anything(db);
	assert_int_equal(settle(db, NOW * 2, 5000), 1600);
	assert_int_equal(settle(db, NOW * 2, 5000), 0);
	all_are_placed(db);
	dearest_of_anything(db);
	db_close(db);
}

/* ---- writers ---- */

static int64_t open_tasks(struct db *db)
{
	return harness_sql_i64(db, "SELECT count(*) FROM task_open");
}

static void a_writer_opens(void **state)
{
	const char *url = harness_db("task_cost_writer");
	struct db *db = harness_open(url);
	struct ledger *l = open_ledger(url);
	struct batch *b = batch_new(16 << 20);
	struct ev_attempt a;

	(void)state;
	clock_fix(NOW);
	a = call(add_task(b, "one", "coding"), "a1");
	add(b, &a);
	a = call(add_task(b, "two", "coding"), "a2");
	add(b, &a);
	(void)add_task(b, "three", "coding");
	(void)append(l, b);
	assert_int_equal(open_tasks(db), 3);
	/* What was written just now is not settled yet. */
	assert_int_equal(settle(db, NOW - 3600 * US_PER_SEC, 100), 0);
	assert_int_equal(settle(db, NOW * 2, 100), 3);
	assert_int_equal(open_tasks(db), 0);
	all_are_placed(db);

	/* The same again changes nothing; another call opens its task. */
	(void)append(l, b);
	assert_int_equal(open_tasks(db), 0);
	batch_clear(b);
	a = call(add_task(b, "two", "coding"), "a3");
	add(b, &a);
	(void)append(l, b);
	assert_int_equal(open_tasks(db), 1);
	all_are_placed(db);
	assert_int_equal(settle(db, NOW * 2, 100), 1);
	all_are_placed(db);

	/* So does one for a task that had none, and another class. */
	batch_clear(b);
	a = call(add_task(b, "three", NULL), "a4");
	add(b, &a);
	(void)append(l, b);
	assert_int_equal(open_tasks(db), 1);
	assert_int_equal(settle(db, NOW * 2, 100), 1);
	all_are_placed(db);
	ledger_close(l);
	db_close(db);
	batch_free(b);
	clock_fix(TIME_NONE);
}

static void what_is_held_waits(void **state)
{
	const char *url = harness_db("task_cost_held");
	struct db *db = harness_open(url), *other = harness_open(url);
	struct ledger *l = open_ledger(url);
	struct batch *b = batch_new(16 << 20);
	struct ev_attempt a;

	(void)state;
	clock_fix(NOW);
	a = call(add_task(b, "one", "coding"), "a1");
	add(b, &a);
	a = call(add_task(b, "two", "coding"), "a2");
	add(b, &a);
	(void)append(l, b);
	harness_sql(other, "BEGIN; SELECT FROM task WHERE ext_id = 'one' FOR "
			   "NO KEY UPDATE");
	assert_int_equal(settle(db, NOW * 2, 100), 1);
	assert_int_equal(open_tasks(db), 1);
	harness_sql(other, "COMMIT");
	assert_int_equal(settle(db, NOW * 2, 100), 1);
	all_are_placed(db);
	ledger_close(l);
	db_close(db);
	db_close(other);
	batch_free(b);
	clock_fix(TIME_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dearest_are_the_first_of_all),
		cmocka_unit_test(a_writer_opens),
		cmocka_unit_test(what_is_held_waits),
	};

	return harness_main("task_cost", tests, N(tests));
}
