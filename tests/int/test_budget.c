/* Budgets in the ledger: periods in their zones, leases that keep to a limit
 * whatever dies, and the command. */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/budget.h"
#include "tests/int/budget_help.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"

/* ---- periods ---- */

static void periods_begin_at_midnight_of_their_zone(void **state)
{
	static const struct {
		const char *period, *zone, *at, *want;
	} cases[] = {
		{"day", "UTC", "2026-11-27T12:00Z",
		 "2026-11-27 00:00:00 2026-11-28 00:00:00"},
		{"day", "UTC", "2026-11-27T00:00Z",
		 "2026-11-27 00:00:00 2026-11-28 00:00:00"},
		{"week", "UTC", "2026-11-27T12:00Z",
		 "2026-11-23 00:00:00 2026-11-30 00:00:00"},
		{"month", "UTC", "2028-02-29T12:00Z",
		 "2028-02-01 00:00:00 2028-03-01 00:00:00"},
		{"month", "Asia/Tokyo", "2026-11-30T16:00Z",
		 "2026-11-30 15:00:00 2026-12-31 15:00:00"},
		/* a day of 23 and one of 25 hours */
		{"day", "Europe/Berlin", "2026-03-29T12:00Z",
		 "2026-03-28 23:00:00 2026-03-29 22:00:00"},
		{"day", "Europe/Berlin", "2026-10-25T12:00Z",
		 "2026-10-24 22:00:00 2026-10-25 23:00:00"},
		{"month", "America/New_York", "2026-03-20T00:00Z",
		 "2026-03-01 05:00:00 2026-04-01 04:00:00"},
		{"week", "America/New_York", "2026-11-01T06:30Z",
		 "2026-10-26 04:00:00 2026-11-02 05:00:00"},
		/* midnight is skipped */
		{"day", "Africa/Cairo", "2026-04-24T12:00Z",
		 "2026-04-23 22:00:00 2026-04-24 21:00:00"},
		{"day", "Africa/Cairo", "2026-04-23T21:30Z",
		 "2026-04-22 22:00:00 2026-04-23 22:00:00"},
		/* midnight comes twice: the first counts */
		{"day", "America/Havana", "2026-11-01T04:30Z",
		 "2026-11-01 04:00:00 2026-11-02 05:00:00"},
		{"day", "America/Havana", "2026-11-01T05:30Z",
		 "2026-11-01 04:00:00 2026-11-02 05:00:00"},
		{"day", "Asia/Kathmandu", "2026-11-27T18:14Z",
		 "2026-11-26 18:15:00 2026-11-27 18:15:00"},
		{"total", "Asia/Kathmandu", "2026-11-27T18:14Z",
		 "1970-01-01 00:00:00 infinity"},
	};
	struct db *db = harness_open(harness_db("periods"));
	char sql[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(sql, sizeof(sql),
			 "SELECT (starts AT TIME ZONE 'UTC') || ' ' ||"
			 " (ends AT TIME ZONE 'UTC')"
			 " FROM aco_budget_period('%s', '%s', '%s')",
			 cases[i].period, cases[i].zone, cases[i].at);
		assert_string_equal(harness_sql_text(db, sql), cases[i].want);
	}
	/* The hours of a year lies in its day, and days do not overlap. */
	assert_int_equal(
		harness_sql_i64(
			db, "SELECT count(*) FROM unnest(ARRAY['Africa/Cairo',"
			    " 'America/Havana', 'Australia/Lord_Howe', 'UTC',"
			    " 'America/Sao_Paulo', 'Asia/Beirut']) AS z,"
			    " generate_series('2018-01-01Z'::timestamptz,"
			    "  '2019-01-01Z', '11 hours') AS t,"
			    " aco_budget_period('day', z, t) AS p,"
			    " aco_budget_period('day', z, p.ends) AS q"
			    " WHERE NOT (p.starts <= t AND t < p.ends"
			    "  AND q.starts = p.ends AND"
			    "  p.ends - p.starts BETWEEN '23 hours' AND"
			    "  '25 hours')"),
		0);
	db_close(db);
}

/* ---- leases ---- */

static struct budget_lease lease(struct db *db, int32_t holder,
				 struct budget_ask q)
{
	struct budget_lease l;
	struct err e = {0};

	q.budget = 1;
	q.subject = STR("red");
	ASSERT_OK(budget_lease(db, holder, &q, &l, &e), &e);
	assert_true(l.there);
	return l;
}

static int32_t holder_of(struct db *db)
{
	struct err e = {0};
	int32_t h = 0;

	ASSERT_OK(budget_hold(db, &h, &e), &e);
	assert_true(h > 0);
	return h;
}

static const char account[] =
	"SELECT concat_ws(' ', base_pusd, settled_pusd, leased_pusd)"
	" FROM budget_account";

static void leases_keep_to_the_limit(void **state)
{
	const char *url = harness_db("leases");
	struct db *a = harness_open(url), *b = harness_open(url);
	int32_t ha, hb;
	struct budget_lease l;

	(void)state;
	budget_add(a, "team", "red", "month", 1000, true);
	ha = holder_of(a);
	hb = holder_of(b);
	assert_true(ha != hb);
	/* The need; and beyond it, in whole needs, a quarter of the rest. */
	l = lease(a, ha,
		  (struct budget_ask){.period_us = TIME_NONE,
				      .need_pusd = 200,
				      .extra_pusd = 500});
	assert_true(l.granted);
	assert_int_equal(l.leased_pusd, 400);
	assert_int_equal(l.free_pusd, 600);
	l = lease(
		b, hb,
		(struct budget_ask){.period_us = TIME_NONE, .need_pusd = 601});
	assert_false(l.granted);
	assert_int_equal(l.leased_pusd, 0);
	l = lease(b, hb,
		  (struct budget_ask){.period_us = l.period_us,
				      .need_pusd = 600});
	assert_true(l.granted);
	assert_int_equal(l.free_pusd, 0);
	/* Settled and kept; told twice it counts once. */
	for (int i = 0; i < 2; i++)
		l = lease(a, ha,
			  (struct budget_ask){.period_us = l.period_us,
					      .settled_pusd = 150,
					      .keep_pusd = 100,
					      .live_pusd = 60});
	assert_int_equal(l.spent_pusd, 150);
	assert_true(l.wanted);
	assert_string_equal(harness_sql_text(a, account), "0 150 700");
	/* A refusal says what others do not use: 100 less 60. */
	l = lease(b, hb,
		  (struct budget_ask){.period_us = l.period_us,
				      .keep_pusd = 600,
				      .live_pusd = 600,
				      .need_pusd = 200});
	assert_false(l.granted);
	assert_int_equal(l.free_pusd, 150);
	assert_int_equal(l.idle_pusd, 40);
	/* What cost more than was reserved is in all the same. */
	l = lease(b, hb,
		  (struct budget_ask){.period_us = l.period_us,
				      .settled_pusd = 950,
				      .keep_pusd = -350});
	assert_int_equal(l.spent_pusd, 1100);
	assert_int_equal(l.free_pusd, -200);
	assert_string_equal(harness_sql_text(a, account), "0 1100 100");
	db_close(a);
	db_close(b);
}

static void a_lease_returns_when_its_holder_is_dead(void **state)
{
	const char *url = harness_db("reclaim");
	struct db *a = harness_open(url), *b = harness_open(url);
	int32_t ha, hb, again;
	struct budget_lease l;
	int64_t dead;
	struct err e = {0};

	(void)state;
	budget_add(a, "team", "red", "day", 1000, true);
	ha = holder_of(a);
	hb = holder_of(b);
	l = lease(
		a, ha,
		(struct budget_ask){.period_us = TIME_NONE, .need_pusd = 800});
	/* Alive it keeps it, however long. */
	for (int i = 0; i < 2; i++) {
		ASSERT_OK(budget_reclaim(b, hb, 0, &dead, &e), &e);
		assert_int_equal(dead, 0);
	}
	/* Its connection is lost: missing, and back in time. */
	db_close(a);
	ASSERT_OK(budget_reclaim(b, hb, 3600 * US_PER_SEC, &dead, &e), &e);
	assert_int_equal(dead, 0);
	a = harness_open(url);
	again = ha;
	ASSERT_OK(budget_hold(a, &again, &e), &e);
	assert_int_equal(again, ha);
	ASSERT_OK(budget_reclaim(b, hb, 0, &dead, &e), &e);
	assert_int_equal(dead, 0);
	assert_string_equal(harness_sql_text(b, account), "0 0 800");
	/* Gone for good. */
	db_close(a);
	budget_wait_dead(b, hb);
	assert_string_equal(harness_sql_text(b, account), "0 0 0");
	/* It was alive all the same: what it has in use is taken again. */
	a = harness_open(url);
	ASSERT_OK(budget_hold(a, &again, &e), &e);
	assert_int_equal(again, ha);
	l = lease(a, ha,
		  (struct budget_ask){.period_us = l.period_us,
				      .settled_pusd = 300,
				      .keep_pusd = 500,
				      .live_pusd = 500});
	assert_int_equal(l.leased_pusd, 500);
	assert_string_equal(harness_sql_text(b, account), "0 300 500");
	db_close(a);
	db_close(b);
}

static void what_is_left_behind_is_taken_away(void **state)
{
	const char *url = harness_db("purge");
	struct db *a = harness_open(url), *b = harness_open(url);
	struct db *c = harness_open(url); /* which is no holder */
	struct err e = {0};
	struct budget_lease l;
	int64_t gone;

	(void)state;
	budget_add(a, "team", "red", "day", 1000, true);
	l = lease(
		a, holder_of(a),
		(struct budget_ask){.period_us = TIME_NONE, .need_pusd = 100});
	ASSERT_OK(budget_purge(c, 0, &gone, &e), &e);
	assert_int_equal(gone, 0); /* it is in use */
	l = lease(a, holder_of(b),
		  (struct budget_ask){.period_us = l.period_us});
	ASSERT_OK(budget_purge(c, 3600 * US_PER_SEC, &gone, &e), &e);
	assert_int_equal(gone, 0);
	ASSERT_OK(budget_purge(c, 0, &gone, &e), &e);
	assert_int_equal(gone, 1); /* the lease of the living second one */
	db_close(a);
	budget_wait_dead(b, 2);
	ASSERT_OK(budget_purge(c, 0, &gone, &e), &e);
	assert_int_equal(gone, 1);
	assert_string_equal(
		harness_sql_text(b, "SELECT string_agg(id::text, ' ') FROM"
				    " budget_holder"),
		"2");
	assert_int_equal(
		harness_sql_i64(b, "SELECT count(*) FROM budget_lease"), 0);
	assert_int_equal(
		harness_sql_i64(b, "SELECT count(*) FROM budget_account"), 1);
	harness_sql(b, "UPDATE budget_account SET period_end = '2020-01-01Z'");
	ASSERT_OK(budget_purge(c, 0, &gone, &e), &e);
	assert_int_equal(gone, 1);
	db_close(b);
	db_close(c);
}

static void what_the_ledger_knows_counts_once(void **state)
{
	const char *url = harness_db("known");
	struct db *db = harness_open(url);
	struct ledger *lg = open_ledger(url);
	struct batch *b = batch_new(1 << 20);
	struct ev_task t = {.sender = STR("test"),
			    .ext_id = STR("t1"),
			    .team = STR("red"),
			    .rank = RANK_GATEWAY};
	int64_t cost = 0;
	struct ev_attempt a;
	struct budget_lease l;
	uint32_t task;
	int32_t h;

	(void)state;
	assert_int_equal(batch_task(b, &t, &task, NULL), RC_OK);
	a = call(task, "before");
	a.started_us = a.ended_us = TIME_NONE;
	add(b, &a);
	append(lg, b);
	cost = harness_sql_i64(db, "SELECT cost_pusd FROM attempt");
	assert_true(cost > 0);
	budget_add(db, "team", "red", "total", 4 * cost, true);
	h = holder_of(db);
	/* The account opens with it. */
	l = lease(db, h,
		  (struct budget_ask){.period_us = TIME_NONE,
				      .need_pusd = 3 * cost});
	assert_true(l.granted);
	assert_int_equal(l.spent_pusd, cost);
	assert_int_equal(l.free_pusd, 0);
	/* One is settled and comes to the ledger as well: it counts once. */
	l = lease(db, h,
		  (struct budget_ask){.period_us = l.period_us,
				      .settled_pusd = cost});
	batch_clear(b);
	assert_int_equal(batch_task(b, &t, &task, NULL), RC_OK);
	a = call(task, "gateway");
	a.started_us = a.ended_us = TIME_NONE;
	add(b, &a);
	append(lg, b);
	harness_sql(db, "UPDATE budget_account SET ledger_at = '2000-01-01Z'");
	l = lease(db, h,
		  (struct budget_ask){.period_us = l.period_us,
				      .settled_pusd = cost});
	assert_int_equal(l.spent_pusd, 2 * cost);
	assert_int_equal(l.free_pusd, 2 * cost);
	/* One more, by another path. */
	batch_clear(b);
	assert_int_equal(batch_task(b, &t, &task, NULL), RC_OK);
	a = call(task, "telemetry");
	a.started_us = a.ended_us = TIME_NONE;
	add(b, &a);
	append(lg, b);
	harness_sql(db, "UPDATE budget_account SET ledger_at = '2000-01-01Z'");
	l = lease(db, h,
		  (struct budget_ask){.period_us = l.period_us,
				      .settled_pusd = cost});
	assert_int_equal(l.spent_pusd, 3 * cost);
	/* Unless the budget is of the gateway alone. */
	harness_sql(db, "UPDATE budget SET ledger = false;"
			"DELETE FROM budget_account");
	l = lease(db, h, (struct budget_ask){.no = 1, .period_us = TIME_NONE});
	assert_int_equal(l.spent_pusd, 0);
	batch_free(b);
	ledger_close(lg);
	db_close(db);
}

/* ---- the command ---- */

static void the_command_sets_lists_and_removes(void **state)
{
	const char *url = harness_db("command");
	struct db *db = harness_open(url);
	char *env_url = NULL;
	const char *env[2] = {NULL, NULL};
	const struct harness_run how = {.env = env};
	struct harness_end end;

	(void)state;
	assert_true(asprintf(&env_url, "ACO_DATABASE_URL=%s", url) > 0);
	env[0] = env_url;
	HARNESS_ACO_OK(&how, "budget", "set", "team", "red", "12.5",
		       "--timezone", "Europe/Berlin");
	HARNESS_ACO_OK(&how, "budget", "set", "team", "red", "13", "--timezone",
		       "Europe/Berlin", "--soft");
	HARNESS_ACO_OK(&how, "budget", "set", "key", "*", "1", "--period",
		       "day", "--gateway-only");
	end = HARNESS_ACO(&how, "budget", "list", "--json");
	assert_int_equal(end.code, 0);
	ASSERT_CONTAINS(end.out,
			"{\"budgets\":[{\"scope\":\"key\",\"subject\":\"*\","
			"\"period\":\"day\",\"timezone\":\"UTC\","
			"\"limit_usd\":\"1\",\"hard\":true,"
			"\"gateway_only\":true,\"spent_usd\":\"0\","
			"\"leased_usd\":\"0\",\"accounts\":0,");
	ASSERT_CONTAINS(end.out, "\"timezone\":\"Europe/Berlin\","
				 "\"limit_usd\":\"13\",\"hard\":false,");
	harness_end_free(&end);
	end = HARNESS_ACO(&how, "budget", "list");
	ASSERT_CONTAINS(end.out, "$13.00");
	ASSERT_CONTAINS(end.out, "soft");
	harness_end_free(&end);
	end = HARNESS_ACO(&how, "budget", "set", "team", "red", "1",
			  "--timezone", "Mars/Olympus");
	assert_int_equal(end.code, 1);
	ASSERT_CONTAINS(end.err, "there is no time zone 'Mars/Olympus'");
	harness_end_free(&end);
	end = HARNESS_ACO(&how, "budget", "set", "team", "red", "-1");
	assert_int_equal(end.code, 2);
	harness_end_free(&end);
	HARNESS_ACO_OK(&how, "budget", "remove", "team", "red");
	end = HARNESS_ACO(&how, "budget", "remove", "team", "red");
	assert_int_equal(end.code, 1);
	harness_end_free(&end);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM budget"), 1);
	free(env_url);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(periods_begin_at_midnight_of_their_zone),
		cmocka_unit_test(leases_keep_to_the_limit),
		cmocka_unit_test(a_lease_returns_when_its_holder_is_dead),
		cmocka_unit_test(what_is_left_behind_is_taken_away),
		cmocka_unit_test(what_the_ledger_knows_counts_once),
		cmocka_unit_test(the_command_sets_lists_and_removes),
	};

	conf.retry_seconds = 10;
	return harness_main("budget", tests, sizeof(tests) / sizeof(tests[0]));
}
