/* aco dead: what was refused, why, and given to the ledger again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/event_json.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"
#include "tests/int/sums.h"

static struct ledger *l;
static struct db *db;
static struct batch *b;
static char *env_url;
static const char *env[3];
static struct harness_run how = {.env = env};

static void open_db(const char *name)
{
	const char *url = harness_db(name);

	clock_fix(NOW);
	db = harness_open(url);
	l = open_ledger(url);
	b = batch_new(16 << 20);
	env_url = xasprintf("ACO_DATABASE_URL=%s", url);
	env[0] = env_url;
	env[1] = "ACO_NOW=2026-11-24T05:20:00Z";
}

static void close_db(void)
{
	ledger_close(l);
	db_close(db);
	batch_free(b);
	free(env_url);
	clock_fix(TIME_NONE);
}

/* Run, demand the exit code, and return what it printed; to be freed. */
static char *dead(int code, const char *const args[])
{
	struct harness_end end = harness_aco(&how, args);
	char *out;

	if (end.code != code)
		fail_msg("exit code %d: %s%s", end.code, end.out, end.err);
	out = xasprintf("%s%s", end.out, end.err);
	harness_end_free(&end);
	return out;
}
#define DEAD(code, ...)                                                        \
	dead((code), (const char *const[]){"dead", __VA_ARGS__, NULL})

static void says(char *out_owned, const char *what)
{
	ASSERT_CONTAINS(out_owned, what);
	free(out_owned);
}

/* Ten calls, two of which a constraint refuses, and a verdict that another
 * one refuses. */
static void fill(void)
{
	uint32_t t = add_task(b, "s1", "coding");
	struct ev_outcome o = {.task = t,
			       .source = STR("ci"),
			       .key = STR("tests"),
			       .success_micro = 500000,
			       .at_us = NOW - 5,
			       .step_key = STR("turn")};
	struct err e = {0};

	harness_sql(db, "ALTER TABLE attempt ADD CONSTRAINT devil"
			" CHECK (output <> 666);"
			"ALTER TABLE outcome ADD CONSTRAINT imp"
			" CHECK (success_micro <> 500000)");
	for (int i = 0; i < 10; i++) {
		struct ev_attempt a;
		char name[16];

		snprintf(name, sizeof(name), "call-%d", i);
		a = call(t, name);
		if (i == 3 || i == 7)
			a.usage.n[USAGE_OUTPUT] = 666;
		add(b, &a);
	}
	ASSERT_OK(batch_outcome(b, &o, &e), &e);
	assert_int_equal(append(l, b).dead, 3);
}

#define WAITING "SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL"

static void refused_rows_are_taken_once_the_cause_is_gone(void **state)
{
	char *want, *have, *id;

	(void)state;
	open_db("dead_replay");
	fill();
	says(DEAD(0, "list"), "violates check constraint");
	says(DEAD(0, "list", "--json"), "\"letters\":2");
	says(DEAD(0, "list", "--reason", "nothing like it"), "no dead letters");
	/* As long as the cause is there they stay, and stay as many. */
	says(DEAD(1, "replay", "--all"), "0 replayed, 3 refused again");
	assert_int_equal(harness_sql_i64(db, WAITING), 3);
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(*) FROM dead_letter"), 3);
	harness_sql(db, "ALTER TABLE attempt DROP CONSTRAINT devil");
	says(DEAD(1, "replay", "--all", "--json"),
	     "{\"replayed\":2,\"refused\":1,\"notes\":0}");
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 10);
	harness_sql(db, "ALTER TABLE outcome DROP CONSTRAINT imp");
	id = xstrdup(harness_sql_text(db, "SELECT id FROM dead_letter"
					  " WHERE replayed_at IS NULL"));
	says(DEAD(0, "replay", id), "1 replayed, 0 refused again");
	assert_int_equal(harness_sql_i64(db, WAITING), 0);
	says(DEAD(0, "list"), "no dead letters");
	says(DEAD(0, "show", id), "replayed");
	free(id);
	check_sums(db);
	/* As if nothing had ever been wrong. */
	have = dump(db);
	assert_int_equal(append(l, b).attempts_same, 10);
	want = dump(db);
	same_dump(want, have, "replayed");
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM outcome"),
			 1);
	free(want);
	free(have);
	close_db();
}

/* Refused by a batch, as importers bury them. */
static void what_is_dated_ahead_is_taken_when_its_time_has_come(void **state)
{
	const struct ev_task t = {.sender = STR("s"),
				  .ext_id = STR("run"),
				  .class_rank = CLASS_NOBODY,
				  .rank = RANK_OTHER};
	struct ev_dead d = {.source = STR("otlp"),
			    .origin = STR("peer"),
			    .reason = STR("start is in the future"),
			    .event = true};
	struct ev_attempt a;
	struct buf line;
	struct err e;

	(void)state;
	open_db("dead_future");
	a = call(0, "early");
	a.started_us = a.ended_us = NOW + 30 * US_PER_DAY;
	buf_init(&line, 1 << 20);
	event_json_of_attempt(&line, &t, &a);
	d.body = (struct str){line.p, line.len};
	ASSERT_OK(batch_dead(b, &d, &e), &e);
	d.event = false;
	d.body = STR("only words \x1b[31m");
	ASSERT_OK(batch_dead(b, &d, &e), &e);
	(void)append(l, b);
	buf_release(&line);
	says(DEAD(1, "replay", "--since", "2020-01-01"),
	     "0 replayed, 1 refused again, 1 notes");
	ASSERT_CONTAINS(harness_sql_text(db, "SELECT reason FROM dead_letter"
					     " WHERE kind = 'event'"),
			"2026-12-24T");
	env[1] = "ACO_NOW=2026-12-25T05:20:00Z";
	says(DEAD(0, "replay", "--reason", "FUTURE"), "1 replayed");
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 1);
	close_db();
}

static void a_letter_is_shown_whole_and_explained(void **state)
{
	char *id, *out;

	(void)state;
	open_db("dead_show");
	fill();
	id = xstrdup(harness_sql_text(db, "SELECT id FROM dead_letter"
					  " WHERE origin = 'call-3'"));
	id[9] = 0; /* its beginning will do */
	out = DEAD(0, "show", id);
	ASSERT_CONTAINS(out, "sqlstate  23514");
	ASSERT_CONTAINS(out, "The database refuses a value of this row");
	ASSERT_CONTAINS(out, "then run 'aco dead replay'");
	ASSERT_CONTAINS(out, "\n    \"model\": \"claude-sonnet-4-5-20250929\"");
	ASSERT_CONTAINS(out, "\n      \"output\": 666");
	free(out);
	says(DEAD(0, "show", "--json", id), "\"event\":{\"type\":\"attempt\"");
	says(DEAD(1, "show", "ffffffff-0000"), "no dead letter has the id");
	says(DEAD(0, "drop", id), "1 dropped");
	says(DEAD(1, "show", id), "no dead letter has the id");
	says(DEAD(0, "drop", "--all"), "2 dropped");
	free(id);
	close_db();
}

static void mistakes_are_said(void **state)
{
	(void)state;
	open_db("dead_usage");
	says(DEAD(2, "replay"), "which letters?");
	says(DEAD(2, "drop"), "which letters?");
	says(DEAD(2, "show"), "show wants one id");
	says(DEAD(2, "bury"), "'bury' is none of list, show, replay and drop");
	says(DEAD(2, "show", "x'y"), "is no id");
	says(DEAD(2, "drop", "--all", "ab"), "ids go with neither");
	says(DEAD(2, "list", "--since", "soon"), "is not a time");
	close_db();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_rows_are_taken_once_the_cause_is_gone),
		cmocka_unit_test(
			what_is_dated_ahead_is_taken_when_its_time_has_come),
		cmocka_unit_test(a_letter_is_shown_whole_and_explained),
		cmocka_unit_test(mistakes_are_said),
	};

	return harness_main("dead", tests, sizeof(tests) / sizeof(tests[0]));
}
