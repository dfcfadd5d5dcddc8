/* The ledger's invariants, on a real PostgreSQL: the same batch twice changes
 * nothing, reports of a call merge in any order, sums equal what they sum, a
 * row at fault blocks nobody. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/batch.h"
#include "ledger/ledger.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"
#include "tests/int/sums.h"

/* ---- tests ---- */

static void exact_money_and_twice_is_once(void **state)
{
	const char *url = harness_db("twice");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "s1", "coding");
	struct ev_attempt a = call(t, "c1");
	struct ledger_counts c;
	char *before, *after;

	(void)state;
	add(b, &a);
	a = call(t, "c2");
	a.model = STR("no-such-model");
	add(b, &a);
	c = append(l, b);
	assert_int_equal(c.attempts_new, 2);
	assert_int_equal(c.tasks_new, 1);
	assert_int_equal(c.unpriced, 1);
	assert_string_equal(harness_sql_text(db,
					     "SELECT cost_usd FROM v_attempt"
					     " WHERE model LIKE 'claude%'"),
			    "0.020355");
	assert_string_equal(
		harness_sql_text(db, "SELECT cost_usd IS NULL FROM v_attempt"
				     " WHERE model LIKE 'no%'"),
		"true");
	before = dump(db);
	c = append(l, b);
	assert_int_equal(c.attempts_new, 0);
	assert_int_equal(c.attempts_merged, 0);
	assert_int_equal(c.attempts_same, 2);
	after = dump(db);
	same_dump(before, after, "twice");
	check_sums(db);
	free(before);
	free(after);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

/* The reports 0..n-1 of a seed in an order of its own, in batches of `size`. */
static void play(struct ledger *l, uint32_t seed, uint32_t n, uint32_t order,
		 uint32_t size)
{
	struct batch *b = batch_new(4 << 20);
	uint32_t *which = xcalloc(n, sizeof(*which));

	for (uint32_t i = 0; i < n; i++)
		which[i] = i;
	rng_state = order;
	for (uint32_t i = n - 1; order && i > 0; i--) {
		uint32_t j = draw(i + 1), tmp = which[i];

		which[i] = which[j];
		which[j] = tmp;
	}
	for (uint32_t i = 0; i < n; i++) {
		rng_state = seed * 1000 + which[i];
		add_random(b);
		if ((i + 1) % size == 0 || i + 1 == n) {
			append(l, b);
			batch_clear(b);
		}
	}
	free(which);
	batch_free(b);
}

static void order_and_batching_do_not_matter(void **state)
{
	static const struct {
		uint32_t order, size;
	} runs[] = {{0, 60}, {0, 1}, {7, 1}, {8, 7}, {9, 60}, {10, 3}};

	(void)state;
	for (uint32_t seed = 1; seed <= 4; seed++) {
		char *first = NULL;

		for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
			const char *url = harness_db("order");
			struct ledger *l = open_ledger(url);
			struct db *db = harness_open(url);
			char *d, what[64];

			play(l, seed, 60, runs[i].order, runs[i].size);
			check_sums(db);
			d = dump(db);
			snprintf(what, sizeof(what), "seed %u, run %zu", seed,
				 i);
			if (first)
				same_dump(first, d, what);
			if (!first)
				first = xstrdup(d);
			/* And all of it once more: nothing changes. */
			play(l, seed, 60, 99, 5);
			free(d);
			d = dump(db);
			same_dump(first, d, what);
			check_sums(db);
			free(d);
			db_close(db);
			ledger_close(l);
		}
		free(first);
	}
}

struct writer {
	const char *url;
	uint32_t seed, order;
	bool ok;
};

static void *write_all(void *arg)
{
	struct writer *w = arg;
	struct ledger *l = NULL;
	struct batch *b = batch_new(4 << 20);
	uint32_t state = w->order;

	w->ok = ledger_open(&l, &conf, w->url, NULL) == RC_OK;
	for (int i = 0; w->ok && i < 40; i++) {
		struct ev_attempt a;
		char name[32];
		struct ev_task t = {.sender = STR("test"),
				    .ext_id = STR("shared"),
				    .rank = RANK_TRANSCRIPT};
		uint32_t task;

		if (batch_task(b, &t, &task, NULL))
			w->ok = false;
		for (int k = 0; k < 10; k++) {
			state = state * 1664525u + 1013904223u;
			snprintf(name, sizeof(name), "call-%u",
				 (state >> 8) % 100);
			a = call(task, name);
			if (batch_attempt(b, &a, NULL))
				w->ok = false;
		}
		if (ledger_append_wait(l, b, NULL, NULL))
			w->ok = false;
		batch_clear(b);
	}
	batch_free(b);
	ledger_close(l);
	return NULL;
}

static void writers_at_once_count_each_call_once(void **state)
{
	const char *url = harness_db("writers");
	struct db *db = harness_open(url);
	struct writer w[3] = {
		{url, 1, 11, false}, {url, 1, 22, false}, {url, 1, 33, false}};
	pthread_t t[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, write_all, &w[i]),
				 0);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], NULL);
		assert_true(w[i].ok);
	}
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 100);
	check_sums(db);
	db_close(db);
}

static void a_poison_row_does_not_block_its_neighbours(void **state)
{
	const char *url = harness_db("poison");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "s1", "coding");
	struct ledger_counts c;

	(void)state;
	harness_sql(db, "ALTER TABLE attempt ADD CONSTRAINT devil"
			" CHECK (output <> 666)");
	for (int i = 0; i < 50; i++) {
		char name[24];
		struct ev_attempt a;

		snprintf(name, sizeof(name), "call-%d", i);
		a = call(t, name);
		if (i == 17 || i == 33)
			a.usage.n[USAGE_OUTPUT] = 666;
		add(b, &a);
	}
	c = append(l, b);
	assert_int_equal(c.attempts_new, 48);
	assert_int_equal(c.dead, 2);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 48);
	assert_string_equal(
		harness_sql_text(db,
				 "SELECT string_agg(origin || ' ' || sqlstate,"
				 " ',' ORDER BY origin) FROM dead_letter"),
		"call-17 23514,call-33 23514");
	check_sums(db);
	c = append(l, b);
	assert_int_equal(c.attempts_same, 48);
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(*) FROM dead_letter"), 2);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

static void a_better_class_moves_the_sums(void **state)
{
	const char *url = harness_db("class");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "s1", NULL);
	struct ev_attempt a = call(t, "c1");

	(void)state;
	add(b, &a);
	append(l, b);
	assert_string_equal(
		harness_sql_text(db, "SELECT task_class FROM v_class_day"),
		"unattributed");
	batch_clear(b);
	t = add_task(b, "s1", "support");
	a = call(t, "c2");
	add(b, &a);
	append(l, b);
	assert_string_equal(
		harness_sql_text(db, "SELECT string_agg(task_class || ' ' ||"
				     " tasks || ' ' || attempts, ',') FROM"
				     " v_class_day WHERE attempts > 0"),
		"support 1 2");
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

static void a_late_verdict_corrects_an_early_one(void **state)
{
	const char *url = harness_db("verdict");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "s1", "coding");
	struct ev_attempt a = call(t, "c1");
	struct ev_outcome o = {.task = t,
			       .source = STR("ci"),
			       .key = STR("tests"),
			       .success_micro = 0,
			       .at_us = NOW - 10};
	struct err e = {0};
	struct ledger_counts c;

	(void)state;
	add(b, &a);
	ASSERT_OK(batch_outcome(b, &o, &e), &e);
	c = append(l, b);
	assert_int_equal(c.outcomes_new, 1);
	assert_string_equal(harness_sql_text(db, "SELECT success FROM v_task"),
			    "0");
	o.success_micro = 1000000;
	o.at_us = NOW;
	ASSERT_OK(batch_outcome(b, &o, &e), &e);
	c = append(l, b);
	assert_int_equal(c.outcomes_new, 1);
	assert_int_equal(c.outcomes_same, 1);
	assert_string_equal(harness_sql_text(db, "SELECT success FROM v_task"),
			    "1");
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM outcome"),
			 2);
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

static void a_dropped_partition_is_made_again(void **state)
{
	const char *url = harness_db("partition");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "s1", "coding");
	struct ev_attempt a = call(t, "c1");

	(void)state;
	add(b, &a);
	append(l, b);
	harness_sql(db, "DROP TABLE attempt_20261124");
	batch_clear(b);
	t = add_task(b, "s2", "coding");
	a = call(t, "c2");
	add(b, &a);
	append(l, b);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 1);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

static void undated_calls_have_a_day_of_their_own(void **state)
{
	const char *url = harness_db("undated");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "s1", "coding");
	struct ev_attempt a = call(t, "c1");

	(void)state;
	a.started_us = a.ended_us = TIME_NONE;
	add(b, &a);
	append(l, b);
	assert_int_equal(append(l, b).attempts_same, 1);
	assert_string_equal(
		harness_sql_text(db, "SELECT day::text FROM attempt"),
		"1970-01-01");
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

static void what_retention_dropped_stays_dropped(void **state)
{
	const char *url = harness_db("retention");
	struct ledger *l;
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "s1", "coding");
	struct ev_attempt a = call(t, "old");
	struct ledger_counts c;

	(void)state;
	a.started_us -= 40 * US_PER_DAY;
	a.ended_us = a.started_us;
	add(b, &a);
	a = call(t, "new");
	add(b, &a);
	conf.retention_days = 30;
	l = open_ledger(url);
	c = append(l, b);
	conf.retention_days = 0;
	assert_int_equal(c.attempts_new, 1);
	assert_int_equal(c.dead, 1);
	assert_string_equal(harness_sql_text(db,
					     "SELECT origin || ': ' || reason"
					     " FROM dead_letter"),
			    "old: older than retention (30 days)");
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

static void a_killed_server_loses_nothing(void **state)
{
	const char *url = harness_db("killed");
	struct ledger *l = open_ledger(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t t = add_task(b, "s1", "coding");
	struct ev_attempt a = call(t, "c1");
	struct err e = {0};
	struct db *db;

	(void)state;
	add(b, &a);
	append(l, b);
	a = call(t, "c2");
	add(b, &a);
	harness_kill();
	conf.retry_seconds = 0;
	assert_int_equal(ledger_append_wait(l, b, NULL, &e), RC_DOWN);
	assert_true(e.msg[0] != '\0');
	harness_start();
	conf.retry_seconds = 10;
	append(l, b);
	db = harness_open(url);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 2);
	check_sums(db);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_money_and_twice_is_once),
		cmocka_unit_test(order_and_batching_do_not_matter),
		cmocka_unit_test(writers_at_once_count_each_call_once),
		cmocka_unit_test(a_poison_row_does_not_block_its_neighbours),
		cmocka_unit_test(a_better_class_moves_the_sums),
		cmocka_unit_test(a_late_verdict_corrects_an_early_one),
		cmocka_unit_test(a_dropped_partition_is_made_again),
		cmocka_unit_test(undated_calls_have_a_day_of_their_own),
		cmocka_unit_test(what_retention_dropped_stays_dropped),
		cmocka_unit_test(a_killed_server_loses_nothing),
	};

	conf.retry_seconds = 10;
	clock_fix(NOW);
	return harness_main("append", tests, sizeof(tests) / sizeof(tests[0]));
}
