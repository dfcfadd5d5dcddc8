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
#include "ledger/money.h"
#include "tests/int/harness.h"
#include "tests/int/sums.h"

#define NOW      INT64_C(1795500000000000) /* 2026-11-24T05:20:00Z */
#define MIDNIGHT (NOW / US_PER_DAY * US_PER_DAY)

static struct conf conf;

static struct ledger *open_ledger(const char *url)
{
	struct ledger *l = NULL;
	struct err e = {0};

	ASSERT_OK(ledger_open(&l, &conf, url, &e), &e);
	return l;
}

static struct ledger_counts append(struct ledger *l, const struct batch *b)
{
	struct ledger_counts c = {0};
	struct err e = {0};

	ASSERT_OK(ledger_append_wait(l, b, &c, &e), &e);
	return c;
}

static uint32_t add_task(struct batch *b, const char *id,
			 const char *class_name)
{
	struct ev_task t = {.sender = STR("test"),
			    .ext_id = str_from(id),
			    .class_name = str_from(class_name),
			    .class_rank = CLASS_EXPLICIT,
			    .rank = RANK_TRANSCRIPT};
	struct err e = {0};
	uint32_t i = 0;

	ASSERT_OK(batch_task(b, &t, &i, &e), &e);
	return i;
}

static struct ev_attempt call(uint32_t task, const char *name)
{
	struct ev_attempt a;

	ev_attempt_init(&a);
	a.task = task;
	a.keys[0] = ev_key("id", STR("test"), str_from(name));
	a.n_keys = 1;
	a.model = STR("claude-sonnet-4-5-20250929");
	a.provider = STR("anthropic");
	a.source = STR("native");
	a.rank = RANK_TRANSCRIPT;
	a.started_us = NOW - 3600 * US_PER_SEC;
	a.ended_us = a.started_us + US_PER_SEC;
	a.usage.n[USAGE_UNCACHED_IN] = 350;
	a.usage.n[USAGE_CACHE_READ] = 10000;
	a.usage.n[USAGE_CACHE_WRITE_5M] = 1500;
	a.usage.n[USAGE_CACHE_WRITE_1H] = 500;
	a.usage.n[USAGE_OUTPUT] = 512;
	a.step_kind = STEP_READ;
	a.origin = str_from(name);
	return a;
}

static void add(struct batch *b, const struct ev_attempt *a)
{
	struct err e = {0};

	ASSERT_OK(batch_attempt(b, a, &e), &e);
}

/* Everything that must not depend on how the ledger got there: no arrival
 * times, no surrogate ids. To be freed. */
static char *dump(struct db *db)
{
	return xstrdup(harness_sql_text(
		db,
		"SELECT coalesce(string_agg(x, E'\\n' ORDER BY x), '') FROM ("
		"SELECT 'a ' || ((to_jsonb(a) - 'received_at' - 'price_id') ||"
		"  jsonb_build_object('kind', s.kind, 'seq', s.seq,"
		"   'failed', s.failed))::text AS x "
		" FROM v_attempt a JOIN step s"
		"  ON s.day = a.step_day AND s.id = a.step_id "
		"UNION ALL SELECT 't ' || to_jsonb(t)::text FROM v_task t "
		"UNION ALL SELECT 'o ' || (to_jsonb(o) - 'received_at')::text"
		" FROM v_outcome o "
		"UNION ALL SELECT 'r ' || (to_jsonb(r) - 'received_at' -"
		"  'trial_id')::text FROM v_trial r "
		"UNION ALL SELECT 's ' || count(*) FROM step "
		"UNION ALL SELECT 'k ' || k.hash || k.day || k.attempt_day"
		" FROM attempt_key k) d"));
}

/* Fails with the first line in which two dumps differ. */
static void same_dump(const char *want, const char *have, const char *what)
{
	const char *a = want, *b = have;

	while (*a && *a == *b)
		a++, b++;
	if (!*a && !*b)
		return;
	while (a > want && a[-1] != '\n')
		a--, b--;
	print_error("%s:\nwant %.*s\n", what, (int)strcspn(a, "\n"), a);
	fail_msg("have %.*s", (int)strcspn(b, "\n"), b);
}

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

static uint32_t rng_state;

static uint32_t draw(uint32_t n)
{
	rng_state = rng_state * 1664525u + 1013904223u;
	return (rng_state >> 8) % n;
}

/* One random report: few calls, tasks and names, so that they collide. */
static void add_random(struct batch *b)
{
	static const enum source_rank ranks[] = {RANK_GATEWAY, RANK_TRANSCRIPT,
						 RANK_OTHER};
	static const char *const models[] = {
		"gpt-5", "claude-sonnet-4-5-20250929", "unheard-of"};
	static const char *const classes[] = {"coding", "support", NULL};
	char name[32], step[32];
	struct ev_attempt a;
	struct ev_task t = {.sender = STR("test"), .rank = ranks[draw(3)]};
	struct err e = {0};
	uint32_t task;

	snprintf(name, sizeof(name), "task-%u", draw(4));
	t.ext_id = str_from(name);
	t.class_name = str_from(classes[draw(3)]);
	t.class_rank = draw(2) ? CLASS_EXPLICIT : CLASS_GUESSED;
	t.agent = draw(2) ? STR("fixer") : STR_NONE;
	t.team = draw(2) ? STR("red") : STR_NONE;
	t.attrs = draw(2) ? STR("{\"v\": 1}") : STR("{\"v\": 22}");
	ASSERT_OK(batch_task(b, &t, &task, &e), &e);
	snprintf(name, sizeof(name), "call-%u", draw(12));
	a = call(task, name);
	a.rank = ranks[draw(3)];
	if (draw(3) == 0) {
		snprintf(step, sizeof(step), "other-%u", draw(12));
		a.keys[a.n_keys++] = ev_key("id", STR("x"), str_from(step));
	}
	/* What a step is follows from which step it is. */
	a.step_seq = draw(2) ? (int32_t)draw(6) : -1;
	if (a.step_seq >= 0) {
		snprintf(step, sizeof(step), "step-%d", a.step_seq);
		a.step_key = str_from(step);
	} else {
		a.step_seq = 6 + name[5] % 2;
	}
	a.step_kind = (enum step_kind)(a.step_seq % STEP_KIND_N);
	a.model = str_from(models[draw(3)]);
	a.started_us =
		MIDNIGHT + (int64_t)draw(5) * 20 * US_PER_SEC - 40 * US_PER_SEC;
	a.ended_us = a.started_us + (int64_t)draw(5) * US_PER_SEC;
	a.usage.n[USAGE_OUTPUT] = (int64_t)draw(600);
	a.status = draw(4) ? ATTEMPT_OK : ATTEMPT_ERROR;
	add(b, &a);
	if (draw(6) == 0) {
		struct ev_outcome o = {
			.task = task,
			.source = STR("judge"),
			.key = STR("reward"),
			.success_micro = (int32_t)draw(2) * 1000000,
			.at_us = NOW - (int64_t)draw(3) * US_PER_SEC};

		ASSERT_OK(batch_outcome(b, &o, &e), &e);
	}
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
