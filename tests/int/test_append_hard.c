/* The ledger's writer under pressure: writers that overlap in everything,
 * connections that die at any moment, and reports made to trip it up. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ledger/writer.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"
#include "tests/int/sums.h"

#define REPORTS 120
#define WRITERS 4

/* ---- many writers ---- */

struct writer {
	struct ledger *l;
	uint32_t order, seed;
	bool ok;
	struct err err;
};

/* All reports in an order of its own, in batches of differing size. */
static void *write_all(void *arg)
{
	struct writer *w = arg;
	struct batch *b = batch_new(4 << 20);
	uint32_t order = w->order, left = 1 + order % 5;

	w->ok = true;
	for (uint32_t i = 0; w->ok && i < REPORTS; i++) {
		/* 77 has no factor in common with REPORTS. */
		rng_state = w->seed * 1000 + (i * 77 + order) % REPORTS;
		add_random(b);
		if (--left && i + 1 < REPORTS)
			continue;
		w->ok = ledger_append_wait(w->l, b, NULL, &w->err) == RC_OK;
		batch_clear(b);
		left = 1 + (order + i) % 5;
	}
	batch_free(b);
	ledger_close(w->l);
	return NULL;
}

struct killer {
	struct db *db;
	atomic_bool stop;
	int killed;
};

static void *kill_some(void *arg)
{
	struct killer *k = arg;

	rng_state = 5;
	while (!k->stop && k->killed < 25) {
		struct timespec t = {0, (long)(10 + draw(90)) * 1000000};

		nanosleep(&t, NULL);
		k->killed += (int)harness_sql_i64(
			k->db, "SELECT count(pg_terminate_backend(pid)) FROM"
			       " (SELECT pid FROM pg_stat_activity WHERE"
			       "  application_name = 'aco writer'"
			       "  ORDER BY random() LIMIT 1) p");
	}
	return NULL;
}

static char *undisturbed(uint32_t seed)
{
	const char *url = harness_db("alone");
	struct writer w = {.l = open_ledger(url), .seed = seed};
	struct db *db = harness_open(url);
	char *d;

	write_all(&w);
	assert_true(w.ok);
	check_sums(db);
	d = dump(db);
	db_close(db);
	return d;
}

static void race(uint32_t seed, bool kill)
{
	const char *url = harness_db("race");
	struct killer k = {.db = harness_open(url)};
	struct db *db = harness_open(url);
	struct writer w[WRITERS];
	pthread_t t[WRITERS], kt;
	char *want = undisturbed(seed), *have;

	for (uint32_t i = 0; i < WRITERS; i++)
		w[i] = (struct writer){.l = open_ledger(url),
				       .order = i * 61 + 1,
				       .seed = seed};
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, write_all, &w[i]),
				 0);
	if (kill)
		assert_int_equal(pthread_create(&kt, NULL, kill_some, &k), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	k.stop = true;
	if (kill) {
		pthread_join(kt, NULL);
		assert_true(k.killed > 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		if (!w[i].ok)
			fail_msg("writer %d: %s", i, w[i].err.msg);
	}
	check_sums(db);
	have = dump(db);
	same_dump(want, have, "race");
	free(want);
	free(have);
	db_close(k.db);
	db_close(db);
}

static void writers_that_overlap_agree(void **state)
{
	(void)state;
	race(1, false);
}

static void writers_whose_connections_die_agree(void **state)
{
	(void)state;
	conf.retry_seconds = 60;
	race(3, true);
	conf.retry_seconds = 10;
}

/* ---- a connection that is lost at each operation ---- */

struct end {
	bool done;
	enum rc rc;
};

static void on_end(void *arg, enum rc rc, const struct err *e,
		   const struct ledger_counts *c)
{
	struct end *end = arg;

	(void)e;
	(void)c;
	*end = (struct end){true, rc};
}

/* Start `b`, and stop hearing the server once operation `op` is under way. */
static enum rc append_cut(struct ledger *l, const struct batch *b, int op,
			  bool *cut)
{
	struct end end = {false, RC_OK};
	struct err e = {0};

	ASSERT_OK(ledger_append(l, b, on_end, &end, &e), &e);
	*cut = false;
	while (!end.done) {
		struct pollfd p = {.fd = ledger_fd(l),
				   .events = ledger_want(l)};

		if (l->op == op && !*cut && !(p.events & POLLOUT)) {
			shutdown(p.fd, SHUT_RD);
			*cut = true;
		}
		if (poll(&p, 1, 1000) > 0)
			ledger_io(l, p.revents);
	}
	return end.rc;
}

static void lost_at_each_operation(void **state)
{
	const char *url = harness_db("cut");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20), *all = batch_new(4 << 20);
	int cuts = 0;
	char *have, *want;

	(void)state;
	for (int op = 0; op < 34; op++) {
		for (uint32_t k = 0; k < 3; k++) {
			bool cut;

			batch_clear(b);
			for (uint32_t i = 0; i < 12; i++) {
				rng_state = (uint32_t)op * 40 + k * 9 + i;
				add_random(b);
				rng_state = (uint32_t)op * 40 + k * 9 + i;
				add_random(all);
			}
			if (append_cut(l, b, op, &cut) != RC_OK)
				assert_true(cut);
			cuts += cut;
			append(l, b);
		}
		check_sums(db);
	}
	assert_true(cuts > 20);
	have = dump(db);
	ledger_close(l);
	db_close(db);
	url = harness_db("uncut");
	l = open_ledger(url);
	db = harness_open(url);
	append(l, all);
	want = dump(db);
	same_dump(want, have, "cut");
	free(want);
	free(have);
	batch_free(b);
	batch_free(all);
	ledger_close(l);
	db_close(db);
}

/* ---- names ---- */

/* A sender whose constant name ties all its calls together: the row's names
 * are bounded, and what comes after is taken all the same. */
static void more_names_than_a_row_holds(void **state)
{
	const char *url = harness_db("names");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct err e = {0};

	(void)state;
	conf.retry_seconds = 0;
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < 60; i++) {
			uint32_t t = add_task(b, i % 2 ? "s1" : "s2", NULL);
			struct ev_attempt a = call(t, "constant");
			char name[24];

			snprintf(name, sizeof(name), "own-%d", i);
			a.keys[a.n_keys++] = a.keys[0];
			a.keys[0] = ev_key("id", STR("test"), str_from(name));
			add(b, &a);
			ASSERT_OK(ledger_append_wait(l, b, NULL, &e), &e);
			check_sums(db);
			batch_clear(b);
			a.n_keys = 1; /* and under its own name alone */
			a.task = add_task(b, i % 2 ? "s1" : "s2", NULL);
			add(b, &a);
			ASSERT_OK(ledger_append_wait(l, b, NULL, &e), &e);
			check_sums(db);
			batch_clear(b);
		}
		batch_clear(b);
	}
	conf.retry_seconds = 10;
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

static struct ev_attempt at(struct batch *b, const char *name,
			    const char *other, int64_t us)
{
	struct ev_attempt a = call(add_task(b, "s1", "coding"), name);

	a.started_us = us;
	a.ended_us = us + US_PER_SEC;
	if (other)
		a.keys[a.n_keys++] = ev_key("id", STR("test"), str_from(other));
	return a;
}

/* A name that comes again days later is another call, in one batch as in
 * two; one without a date stays apart from both. */
static void a_name_of_other_days_is_another_call(void **state)
{
	static const int64_t days[] = {-9, -4, 0};
	struct batch *b = batch_new(1 << 20);
	char *dumps[2];

	(void)state;
	for (int apart = 0; apart < 2; apart++) {
		const char *url = harness_db("days");
		struct ledger *l = open_ledger(url);
		struct db *db = harness_open(url);

		batch_clear(b);
		for (int i = 0; i < 4; i++) {
			struct ev_attempt a = at(b, "call-1", NULL, NOW);

			if (i < 3)
				a.started_us = a.ended_us =
					NOW + days[i] * US_PER_DAY;
			else
				a.started_us = a.ended_us = TIME_NONE;
			add(b, &a);
			if (apart) {
				append(l, b);
				batch_clear(b);
			}
		}
		append(l, b);
		assert_int_equal(
			harness_sql_i64(db, "SELECT count(*) FROM attempt"), 4);
		check_sums(db);
		dumps[apart] = dump(db);
		db_close(db);
		ledger_close(l);
	}
	same_dump(dumps[0], dumps[1], "apart");
	free(dumps[0]);
	free(dumps[1]);
	batch_free(b);
}

/* A call that moves towards midnight takes its other names to a day on which
 * one of them is known already: then both are the same call. */
static void a_moved_row_meets_a_third(void **state)
{
	const char *url = harness_db("third");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct ev_attempt a;
	struct err e = {0};

	(void)state;
	a = at(b, "x", "y", MIDNIGHT - 70 * 60 * US_PER_SEC);
	add(b, &a);
	append(l, b);
	batch_clear(b);
	a = at(b, "x", NULL, MIDNIGHT + 70 * 60 * US_PER_SEC);
	add(b, &a);
	append(l, b);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 2);
	batch_clear(b);
	a = at(b, "y", NULL, MIDNIGHT - 50 * 60 * US_PER_SEC);
	a.rank = RANK_GATEWAY;
	add(b, &a);
	conf.retry_seconds = 0;
	ASSERT_OK(ledger_append_wait(l, b, NULL, &e), &e);
	conf.retry_seconds = 10;
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 1);
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

/* ---- retention ---- */

/* A task that outlives its first day's partitions is still told of. */
static void a_task_outlives_its_first_day(void **state)
{
	const char *url = harness_db("outlives");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct ev_attempt a = at(b, "old", NULL, NOW - 20 * US_PER_DAY);
	struct ev_outcome o = {.source = STR("ci"),
			       .key = STR("tests"),
			       .success_micro = 1000000,
			       .at_us = NOW};
	struct err e = {0};

	(void)state;
	add(b, &a);
	append(l, b);
	harness_sql(db, "SELECT aco_drop_before('2026-11-14')");
	batch_clear(b);
	a = at(b, "new", NULL, NOW);
	add(b, &a);
	ASSERT_OK(batch_outcome(b, &o, &e), &e);
	conf.retry_seconds = 0;
	ASSERT_OK(ledger_append_wait(l, b, NULL, &e), &e);
	conf.retry_seconds = 10;
	assert_string_equal(harness_sql_text(db,
					     "SELECT attempts || ' ' || success"
					     " FROM v_task"),
			    "2 1");
	assert_string_equal(harness_sql_text(db, "SELECT sum(started) || ' ' ||"
						 " sum(judged) FROM task_rollup"
						 " WHERE grain = 'day'"),
			    "1 1");
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

/* ---- poison ---- */

/* Neither where a row came from nor what the server says of it need be text
 * that the database takes. */
static void a_letter_of_any_text_is_written(void **state)
{
	const char *url = harness_db("letter");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct ev_trial t = {.source = STR("bench"),
			     .model = STR("gpt-5"),
			     .success_micro = 0,
			     .cost_pusd = MONEY_NONE,
			     .input_tokens = USAGE_NONE,
			     .output_tokens = USAGE_NONE,
			     .api_calls = USAGE_NONE,
			     .at_us = TIME_NONE};
	char id[301];
	struct err e = {0};

	(void)state;
	harness_sql(db, "ALTER TABLE attempt ADD CONSTRAINT devil"
			" CHECK (output <> 666)");
	harness_sql(db, "ALTER TABLE trial ADD CONSTRAINT imp"
			" CHECK (run <> 'bad')");
	for (int i = 0; i < 4; i++) {
		struct ev_attempt a = call(add_task(b, "s1", NULL), "c");
		char name[24];

		snprintf(name, sizeof(name), "call-%d", i);
		a.keys[0] = ev_key("id", STR("test"), str_from(name));
		a.origin = STR("caf\xe9.jsonl:7");
		if (i != 2)
			a.usage.n[USAGE_OUTPUT] = 666;
		add(b, &a);
	}
	t.origin = STR("caf\xe9.csv:1");
	for (int shift = 0; shift < 2; shift++) {
		memset(id, 'x', sizeof(id));
		for (size_t i = (size_t)shift; i + 2 < sizeof(id); i += 2)
			memcpy(id + i, "\xc3\xa4", 2);
		t.task_ext_id = (struct str){id, 298 + (size_t)shift};
		t.run = STR("bad");
		ASSERT_OK(batch_trial(b, &t, &e), &e);
	}
	t.run = STR("good");
	ASSERT_OK(batch_trial(b, &t, &e), &e);
	ASSERT_OK(ledger_append_wait(l, b, NULL, &e), &e);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 1);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM trial"), 1);
	/* Rows alike in all but their names have a letter each. */
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(*) FROM dead_letter"), 5);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

static void rows_too_old_have_a_letter_each(void **state)
{
	const char *url = harness_db("tooold");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(8 << 20);

	(void)state;
	for (int i = 0; i < 2000; i++) {
		char name[24];
		struct ev_attempt a;

		snprintf(name, sizeof(name), "call-%d", i);
		a = at(b, name, NULL, NOW - 40 * US_PER_DAY);
		a.origin = STR_NONE;
		add(b, &a);
	}
	conf.retention_days = 30;
	assert_int_equal(append(l, b).dead, 2000);
	conf.retention_days = 0;
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(*) FROM dead_letter"), 2000);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

/* ---- money ---- */

/* A sum of calls has no long-context price; the call itself has. Which of the
 * two came first does not matter. */
static void a_sum_and_its_call_cost_the_same_in_any_order(void **state)
{
	char cost[2][32];

	(void)state;
	for (int order = 0; order < 2; order++) {
		const char *url = harness_db("sum");
		struct ledger *l = open_ledger(url);
		struct db *db = harness_open(url);

		for (int i = 0; i < 2; i++) {
			struct batch *b = batch_new(1 << 20);
			struct ev_attempt a = at(b, "c", NULL, NOW);

			a.usage.n[USAGE_UNCACHED_IN] = 300000;
			if (i == order) {
				a.rank = RANK_AGGREGATE;
				a.quality = QUALITY_AGGREGATE;
			}
			add(b, &a);
			append(l, b);
			batch_free(b);
		}
		check_sums(db);
		snprintf(
			cost[order], sizeof(cost[order]), "%s",
			harness_sql_text(db, "SELECT cost_usd FROM v_attempt"));
		db_close(db);
		ledger_close(l);
	}
	assert_string_equal(cost[0], cost[1]);
}

/* Two calls whose costs are each just within the range of a row. */
static void sums_beyond_the_range_of_a_row(void **state)
{
	const char *url = harness_db("rich");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);

	(void)state;
	for (int i = 0; i < 3; i++) {
		char name[24];
		struct ev_attempt a;

		snprintf(name, sizeof(name), "call-%d", i);
		a = at(b, name, NULL, NOW);
		a.usage.n[USAGE_OUTPUT] = INT64_C(400000000000);
		add(b, &a);
	}
	assert_int_equal(append(l, b).cost_new_pusd, INT64_MAX);
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writers_that_overlap_agree),
		cmocka_unit_test(writers_whose_connections_die_agree),
		cmocka_unit_test(lost_at_each_operation),
		cmocka_unit_test(more_names_than_a_row_holds),
		cmocka_unit_test(a_name_of_other_days_is_another_call),
		cmocka_unit_test(a_moved_row_meets_a_third),
		cmocka_unit_test(a_task_outlives_its_first_day),
		cmocka_unit_test(a_letter_of_any_text_is_written),
		cmocka_unit_test(rows_too_old_have_a_letter_each),
		cmocka_unit_test(a_sum_and_its_call_cost_the_same_in_any_order),
		cmocka_unit_test(sums_beyond_the_range_of_a_row),
	};

	conf.retry_seconds = 10;
	clock_fix(NOW);
	return harness_main("append_hard", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
