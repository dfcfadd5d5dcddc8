#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/clock.h"
#include "ledger/claim.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"
#include "tests/int/sums.h"

#define SEC        US_PER_SEC
#define START      (NOW - 3600 * SEC)
#define SPANS      "SELECT count(*) FROM claim"
#define CALLS      "SELECT count(*) FROM attempt"
#define AGGREGATES "SELECT count(*) FROM attempt WHERE quality = 'aggregate'"

static struct ledger *l;
static struct db *db;
static struct batch *b;

static void open_db(const char *name)
{
	const char *url = harness_db(name);

	clock_fix(NOW);
	db = harness_open(url);
	l = open_ledger(url);
	b = batch_new(16 << 20);
}

static void close_db(void)
{
	ledger_close(l);
	db_close(db);
	batch_free(b);
	clock_fix(TIME_NONE);
}

/* A span over [from, to] seconds after START that is due `due` seconds from
 * now, in a batch of its own. */
static void claim(const char *task, const char *name, int from, int to, int due)
{
	struct ev_claim c = {.due_us = NOW + due * SEC};
	struct err e = {0};

	batch_clear(b);
	c.sum = call(add_task(b, task, NULL), name);
	c.sum.started_us = START + from * SEC;
	c.sum.ended_us = START + to * SEC;
	c.sum.quality = QUALITY_AGGREGATE;
	c.sum.rank = RANK_AGGREGATE;
	ASSERT_OK(batch_claim(b, &c, &e), &e);
	(void)append(l, b);
}

static void known_call(const char *task, const char *name, int from, int to)
{
	struct ev_attempt a;

	batch_clear(b);
	a = call(add_task(b, task, NULL), name);
	a.started_us = START + from * SEC;
	a.ended_us = START + to * SEC;
	add(b, &a);
	(void)append(l, b);
}

static struct claim_counts settle(int limit)
{
	struct claim_counts n;
	struct err e = {0};

	ASSERT_OK(claim_settle(l, NOW, limit, &n, &e), &e);
	return n;
}

static void a_claim_waits_until_it_is_due(void **state)
{
	(void)state;
	open_db("claim_due");
	claim("t", "span", 0, 10, 1);
	assert_int_equal(harness_sql_i64(db, SPANS), 1);
	assert_int_equal(harness_sql_i64(db, CALLS), 0);
	assert_int_equal(settle(0).billed, 0);
	harness_sql(db, "UPDATE claim SET due_at = due_at - interval '2 s'");
	assert_int_equal(settle(0).billed, 1);
	assert_int_equal(harness_sql_i64(db, SPANS), 0);
	assert_int_equal(harness_sql_i64(db, AGGREGATES), 1);
	assert_int_equal(harness_sql_i64(db, "SELECT output FROM attempt"),
			 512);
	/* Told again after it was settled, it is the same row. */
	claim("t", "span", 0, 10, -1);
	assert_int_equal(settle(0).billed, 1);
	assert_int_equal(harness_sql_i64(db, CALLS), 1);
	assert_int_equal(harness_sql_i64(db, SPANS), 0);
	check_sums(db);
	close_db();
}

static void calls_that_are_known_drop_the_claim(void **state)
{
	struct claim_counts n;

	(void)state;
	open_db("claim_known");
	claim("within", "w", 0, 10, -1);
	known_call("within", "w1", 4, 5);
	claim("slack", "s", 10, 20, -1);
	known_call("slack", "s1", 8, 9);
	claim("beyond", "b", 10, 20, -1);
	known_call("beyond", "b1", 5, 8);
	known_call("beyond", "b2", 22, 23);
	claim("another", "a", 0, 10, -1);
	n = settle(0);
	assert_int_equal(n.dropped, 2);
	assert_int_equal(n.billed, 2);
	assert_int_equal(harness_sql_i64(db, AGGREGATES), 2);
	assert_int_equal(harness_sql_i64(db, CALLS), 6);
	assert_int_equal(harness_sql_i64(db, SPANS), 0);
	check_sums(db);
	close_db();
}

/* Of spans within each other the innermost tell; the others repeat them. */
static void the_innermost_are_billed(void **state)
{
	struct claim_counts n;

	(void)state;
	open_db("claim_inner");
	claim("t", "outer", 0, 100, -1);
	claim("t", "middle", 10, 60, -1);
	claim("t", "inner 1", 10, 30, -1);
	claim("t", "inner 2", 40, 60, -1);
	n = settle(0);
	assert_int_equal(n.billed, 2);
	assert_int_equal(n.dropped, 2);
	assert_string_equal(
		harness_sql_text(db, "SELECT string_agg(extract(epoch FROM"
				     " ended_at - started_at)::int::text, ','"
				     " ORDER BY started_at) FROM attempt"),
		"20,20");
	/* One that is not due yet is waited for by what lies around it. */
	claim("u", "outer", 0, 100, -1);
	claim("u", "inner", 10, 60, 5);
	claim("u", "elsewhere", 200, 240, -1);
	n = settle(0);
	assert_int_equal(n.billed, 1);
	assert_int_equal(harness_sql_i64(db, SPANS), 2);
	close_db();
}

/* The longer time of one span is the one that counts. */
static void a_span_that_is_told_twice_is_one_claim(void **state)
{
	(void)state;
	open_db("claim_twice");
	claim("t", "span", 0, 10, -1);
	claim("t", "span", 0, 20, -1);
	claim("t", "span", 5, 10, -1);
	assert_int_equal(harness_sql_i64(db, SPANS), 1);
	assert_int_equal(harness_sql_i64(db,
					 "SELECT extract(epoch FROM ended_at -"
					 " started_at)::bigint FROM claim"),
			 20);
	assert_int_equal(settle(0).billed, 1);
	close_db();
}

static void a_limit_leaves_the_rest(void **state)
{
	char name[8];

	(void)state;
	open_db("claim_limit");
	for (int i = 0; i < 7; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		claim(name, name, 0, 10, -1);
	}
	assert_int_equal(settle(3).billed, 3);
	assert_int_equal(harness_sql_i64(db, SPANS), 4);
	assert_int_equal(settle(0).billed, 4);
	assert_int_equal(harness_sql_i64(db, AGGREGATES), 7);
	close_db();
}

/* A kill between the commit and the removal, or before either. */
static void settled_twice_is_billed_once(void **state)
{
	(void)state;
	open_db("claim_kill");
	claim("t", "outer", 0, 100, -1);
	claim("t", "inner", 10, 60, -1);
	harness_sql(db, "CREATE TABLE kept AS SELECT * FROM claim");
	assert_int_equal(settle(1).billed, 1);
	harness_sql(db, "INSERT INTO claim SELECT * FROM kept"
			" ON CONFLICT DO NOTHING");
	(void)settle(0);
	assert_int_equal(harness_sql_i64(db, CALLS), 1);
	assert_int_equal(harness_sql_i64(db,
					 "SELECT extract(epoch FROM ended_at -"
					 " started_at)::bigint FROM attempt"),
			 50);
	assert_int_equal(harness_sql_i64(db, SPANS), 0);
	check_sums(db);
	close_db();
}

static void what_cannot_be_read_becomes_a_letter(void **state)
{
	struct claim_counts n;

	(void)state;
	open_db("claim_bad");
	claim("t", "span", 0, 10, -1);
	claim("u", "good", 0, 10, -1);
	harness_sql(db, "UPDATE claim SET event ="
			" replace(event::text, '\"model\"', '\"modle\"')::json"
			" WHERE id IN (SELECT id FROM claim ORDER BY id"
			" LIMIT 1)");
	n = settle(0);
	assert_int_equal(n.bad, 1);
	assert_int_equal(n.billed, 1);
	assert_int_equal(harness_sql_i64(db, SPANS), 0);
	assert_string_equal(
		harness_sql_text(db, "SELECT reason || kind FROM dead_letter"),
		"modle: no such fieldevent");
	close_db();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_waits_until_it_is_due),
		cmocka_unit_test(calls_that_are_known_drop_the_claim),
		cmocka_unit_test(the_innermost_are_billed),
		cmocka_unit_test(a_span_that_is_told_twice_is_one_claim),
		cmocka_unit_test(a_limit_leaves_the_rest),
		cmocka_unit_test(settled_twice_is_billed_once),
		cmocka_unit_test(what_cannot_be_read_becomes_a_letter),
	};

	return harness_main("claim", tests, sizeof(tests) / sizeof(tests[0]));
}
