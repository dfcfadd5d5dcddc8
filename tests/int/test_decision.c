/* What a router did, in the ledger: decisions, escalations and evidence come
 * late, twice and in any order, and leave the same rows and sums. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"
#include "tests/int/sums.h"

static const char decision_row[] =
	"SELECT concat_ws(' ', day, policy, plan, live, propensity, features,"
	" p_success, p_low, expected_cost_pusd, bound_by, reasons, bundle_id)"
	" FROM decision";

static void a_decision_is_kept_whole_and_once(void **state)
{
	const char *url = harness_db("decision");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct ev_decision d = decision(add_task(b, "t1", "legal"), "d1");
	struct ledger_counts c;

	(void)state;
	d.bundle_id = 4;
	add_decision(b, &d);
	c = append(l, b);
	assert_int_equal(c.decisions_new, 1);
	assert_int_equal(c.tasks_new, 1);
	assert_string_equal(
		harness_sql_text(db, decision_row),
		"2026-11-24 static single(2) t 0.25 {0.5,-2.25,NaN}"
		" {0.25,0.5,0.75} {NaN,NaN,NaN} {1000,NULL,3000} floor"
		" {\"floor\": 2} 4");
	/* Again; and twice in one batch, with another. */
	c = append(l, b);
	assert_int_equal(c.decisions_new, 0);
	assert_int_equal(c.decisions_same, 1);
	add_decision(b, &d);
	d.id = ev_key("decision", STR("test"), STR("d2"));
	add_decision(b, &d);
	c = append(l, b);
	assert_int_equal(c.decisions_new, 1);
	assert_int_equal(c.decisions_same, 2);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM decision"),
			 2);
	assert_string_equal(
		harness_sql_text(db,
				 "SELECT aco_reals(features)::text || ' ' ||"
				 " aco_costs_usd(expected_cost_pusd)::text"
				 " FROM v_decision LIMIT 1"),
		"[0.5, -2.25, null] [\"0.000000001\", null, \"0.000000003\"]");
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

/* The sums that a router's doing moves: routed and escalated tasks, attempts
 * that escalate. */
static const char routed[] =
	"SELECT concat_ws(' ', (SELECT sum(routed) || ' ' || sum(escalated)"
	" FROM task_rollup WHERE grain = 'day'), (SELECT sum(escalations)"
	" FROM attempt_rollup WHERE grain = 'hour'), (SELECT routed || ' ' ||"
	" escalations FROM task WHERE ext_id = 't1'))";
/* Of the escalations those that a decision made: tasks, and attempts of t1. */
static const char by_decision[] =
	"SELECT concat_ws(' ', (SELECT sum(escalated) || ' ' ||"
	" sum(escalated_routed) FROM task_rollup WHERE grain = 'minute'),"
	" (SELECT escalations_routed FROM task WHERE ext_id = 't1'))";

static void late_news_moves_the_sums(void **state)
{
	const char *url = harness_db("routed");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "t1", "coding");
	struct ev_attempt low = call(t, "low"), high = call(t, "high");
	struct ev_decision d = decision(t, "d1");

	(void)state;
	add(b, &low);
	add(b, &high);
	append(l, b);
	assert_string_equal(harness_sql_text(db, routed), "0 0 0 0 0");
	/* The decision of both, then what the second one is. */
	batch_clear(b);
	t = add_task(b, "t1", "coding");
	add_decision(b, &d);
	low.decision_id = high.decision_id = d.id;
	low.evidence[EVIDENCE_FINISH] = FINISH_LENGTH;
	low.evidence[EVIDENCE_SCHEMA] = 0;
	low.n_evidence = 4;
	add(b, &low);
	add(b, &high);
	append(l, b);
	assert_string_equal(harness_sql_text(db, routed), "1 0 0 2 0");
	batch_clear(b);
	t = add_task(b, "t1", "coding");
	high = call(t, "high");
	high.escalated_from = low.keys[0];
	add(b, &high);
	append(l, b);
	append(l, b);
	assert_string_equal(harness_sql_text(db, routed), "1 1 1 2 1");
	assert_string_equal(
		harness_sql_text(db, "SELECT string_agg(evidence::text, ' ')"
				     " FROM attempt"),
		"{2,NaN,NaN,0}");
	assert_int_equal(
		harness_sql_i64(db,
				"SELECT count(*) FROM attempt h JOIN attempt l"
				" ON l.id = h.escalated_from JOIN decision d"
				" ON d.id = l.decision_id AND d.id ="
				" h.decision_id"),
		1);
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

/* What a sender tells of its own escalations is not the router's doing, until
 * a decision is heard of. */
static void escalations_are_told_apart(void **state)
{
	const char *url = harness_db("apart");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "t1", "coding");
	struct ev_attempt low = call(t, "low"), high = call(t, "high");
	struct ev_decision d = decision(t, "d1");

	(void)state;
	high.escalated_from = low.keys[0];
	add(b, &low);
	add(b, &high);
	append(l, b);
	assert_string_equal(harness_sql_text(db, by_decision), "1 0 0");
	batch_clear(b);
	t = add_task(b, "t1", "coding");
	add_decision(b, &d);
	high.decision_id = d.id;
	add(b, &high);
	append(l, b);
	append(l, b);
	assert_string_equal(harness_sql_text(db, by_decision), "1 1 1");
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

/* A better source that says nothing of routing takes nothing away. */
static void what_is_not_said_erases_nothing(void **state)
{
	const char *url = harness_db("unsaid");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct ev_attempt a = call(add_task(b, "t1", NULL), "c1");

	(void)state;
	a.decision_id = ev_key("decision", STR("test"), STR("d"));
	a.evidence[EVIDENCE_REFUSAL] = 1;
	a.n_evidence = 2;
	a.rank = RANK_OTHER;
	add(b, &a);
	append(l, b);
	batch_clear(b);
	a = call(add_task(b, "t1", NULL), "c1");
	a.rank = RANK_GATEWAY;
	a.usage.n[USAGE_OUTPUT] = 7;
	add(b, &a);
	append(l, b);
	assert_string_equal(harness_sql_text(db, "SELECT output || ' ' ||"
						 " evidence::text || ' ' ||"
						 " (decision_id IS NOT NULL)"
						 " FROM attempt"),
			    "7 {NaN,1} true");
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

static void a_refused_decision_blocks_nothing(void **state)
{
	const char *url = harness_db("refused");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "t1", NULL);
	struct ev_attempt a = call(t, "c1");
	struct ev_decision d = decision(t, "good");
	struct ledger_counts c;

	(void)state;
	harness_sql(db, "ALTER TABLE decision ADD CONSTRAINT devil"
			" CHECK (plan <> 'devil')");
	add(b, &a);
	add_decision(b, &d);
	d = decision(t, "bad");
	d.plan = STR("devil");
	add_decision(b, &d);
	c = append(l, b);
	assert_int_equal(c.dead, 1);
	assert_int_equal(c.decisions_new, 1);
	assert_int_equal(c.attempts_new, 1);
	assert_string_equal(
		harness_sql_text(db, "SELECT source || ' ' || origin || ' ' ||"
				     " kind || ' ' || sqlstate || ' ' ||"
				     " (convert_from(body, 'UTF8')::json ->>"
				     " 'plan') FROM dead_letter"),
		"router bad event 23514 devil");
	/* Given again once the cause is gone. */
	harness_sql(db, "ALTER TABLE decision DROP CONSTRAINT devil");
	c = append(l, b);
	assert_int_equal(c.decisions_new, 1);
	assert_int_equal(c.decisions_same, 1);
	/* Beyond retention it is refused, and makes no partition. */
	conf.retention_days = 30;
	batch_clear(b);
	d = decision(add_task(b, "t1", NULL), "old");
	d.decided_us = NOW - 400 * US_PER_DAY;
	add_decision(b, &d);
	c = append(l, b);
	conf.retention_days = 0;
	assert_int_equal(c.dead, 1);
	assert_int_equal(c.decisions_new, 0);
	assert_string_equal(harness_sql_text(db,
					     "SELECT reason FROM dead_letter"
					     " WHERE origin = 'old'"),
			    "older than retention (30 days)");
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

/* A day of its own, and one whose partition is dropped meanwhile. */
static void decisions_make_their_days(void **state)
{
	const char *url = harness_db("days");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct ev_decision d = decision(add_task(b, "t1", NULL), "d1");

	(void)state;
	d.decided_us = NOW - 9 * US_PER_DAY;
	add_decision(b, &d);
	append(l, b);
	harness_sql(db, "DROP TABLE decision_20261115");
	append(l, b);
	assert_string_equal(
		harness_sql_text(db, "SELECT tableoid::regclass || ' ' || day"
				     " FROM decision"),
		"decision_20261115 2026-11-15");
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_decision_is_kept_whole_and_once),
		cmocka_unit_test(late_news_moves_the_sums),
		cmocka_unit_test(escalations_are_told_apart),
		cmocka_unit_test(what_is_not_said_erases_nothing),
		cmocka_unit_test(a_refused_decision_blocks_nothing),
		cmocka_unit_test(decisions_make_their_days),
	};

	clock_fix(NOW);
	conf.retry_seconds = 10;
	return harness_main("decision", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
