/* Recalculation: what stored calls cost by newer prices, and that every sum
 * moves with them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/ledger.h"
#include "ledger/money.h"
#include "ledger/recalc.h"
#include "tests/int/harness.h"
#include "tests/int/sums.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define NOW  INT64_C(1795500000000000) /* 2026-11-24T05:20:00Z */

static struct conf conf = {.batch_rows = 50000, .retry_seconds = 5};

/* ---- a ledger with some calls ---- */

static struct ev_attempt call(uint32_t task, const char *name,
			      const char *model, int64_t started_us)
{
	struct ev_attempt a;

	ev_attempt_init(&a);
	a.task = task;
	a.keys[0] = ev_key("id", STR("test"), str_from(name));
	a.n_keys = 1;
	a.provider = STR("anthropic");
	a.model = str_from(model);
	a.source = STR("native");
	a.rank = RANK_TRANSCRIPT;
	a.started_us = a.ended_us = started_us;
	a.usage.n[USAGE_UNCACHED_IN] = 1000;
	a.usage.n[USAGE_OUTPUT] = 100;
	a.origin = str_from(name);
	return a;
}

static void add(struct batch *b, const struct ev_attempt *a)
{
	struct err e = {0};

	ASSERT_OK(batch_attempt(b, a, &e), &e);
}

static uint32_t add_task(struct batch *b, const char *id)
{
	struct ev_task t = {.sender = STR("test"),
			    .ext_id = str_from(id),
			    .class_name = STR("coding"),
			    .class_rank = CLASS_EXPLICIT,
			    .rank = RANK_TRANSCRIPT};
	struct err e = {0};
	uint32_t i = 0;

	ASSERT_OK(batch_task(b, &t, &i, &e), &e);
	return i;
}

static void append(struct ledger *l, struct batch *b)
{
	struct ledger_counts c;
	struct err e = {0};

	ASSERT_OK(ledger_append_wait(l, b, &c, &e), &e);
	batch_clear(b);
}

static struct ledger *open_ledger(const char *url)
{
	struct ledger *l = NULL;
	struct err e = {0};

	ASSERT_OK(ledger_open(&l, &conf, url, &e), &e);
	return l;
}

/* Two tasks, one of them judged; five models, one without a price, over three
 * days and one call without a date; one call failed before any token. */
static void fill(const char *url)
{
	struct ledger *l = open_ledger(url);
	struct batch *b = batch_new(1 << 20);
	uint32_t judged = add_task(b, "judged"), open = add_task(b, "open");
	struct ev_outcome o = {.task = judged,
			       .source = STR("test"),
			       .key = STR("reward"),
			       .success_micro = 1000000,
			       .at_us = NOW};
	struct ev_attempt a;
	struct err e = {0};

	a = call(judged, "s1", "claude-sonnet-4-5", NOW);
	add(b, &a);
	a = call(open, "s2", "claude-sonnet-4-5-20250929", NOW - US_PER_DAY);
	add(b, &a);
	a = call(judged, "s3", "claude-sonnet-4-5", TIME_NONE);
	add(b, &a);
	a = call(judged, "h1", "claude-haiku-4-5", NOW - 2 * US_PER_DAY);
	add(b, &a);
	a = call(open, "m1", "mystery", NOW);
	add(b, &a);
	a = call(judged, "m2", "mystery", NOW - US_PER_DAY);
	a.service_tier = STR("batch");
	add(b, &a);
	a = call(open, "f1", "claude-sonnet-4-5", NOW);
	usage_init(&a.usage);
	a.status = ATTEMPT_ERROR;
	a.quality = QUALITY_MISSING;
	add(b, &a);
	a = call(open, "u1", "claude-sonnet-4-5", NOW);
	usage_init(&a.usage);
	a.quality = QUALITY_MISSING;
	add(b, &a);
	ASSERT_OK(batch_outcome(b, &o, &e), &e);
	append(l, b);
	batch_free(b);
	ledger_close(l);
}

static struct recalc_sums recalc(const char *url, const struct recalc_opts *o)
{
	struct db *db = harness_open(url);
	struct price_book *b = NULL;
	struct recalc_sums s;
	struct err e = {0};

	recalc_sums_init(&s);
	ASSERT_OK(price_book_load(&b, db, &e), &e);
	ASSERT_OK(recalc_run(db, b, o, &s, &e), &e);
	price_book_free(b);
	db_close(db);
	return s;
}

static const struct recalc_opts everything = {
	.since_us = TIME_NONE, .until_us = TIME_NONE, .reason = STR("test")};

/* Recalculate; how many calls changed. */
static int64_t changed(const char *url, const struct recalc_opts *o)
{
	struct recalc_sums s = recalc(url, o);
	int64_t n = s.all.calls;

	recalc_sums_release(&s);
	return n;
}

/* Sonnet dearer from yesterday on, a price for the mystery. */
static void new_prices(struct db *db)
{
	harness_sql(db, "INSERT INTO price (source, provider, model, "
			"valid_from, input_fusd, output_fusd) VALUES "
			"('t', 'anthropic', 'claude-sonnet-4-5', "
			"'2026-11-23', 4000000000, 20000000000), "
			"('t', 'anthropic', 'mystery', NULL, 1000000000, "
			"1000000001)");
}

/* ---- tests ---- */

static void what_came_in_is_priced_already(void **state)
{
	const char *url = harness_db("same");
	struct recalc_sums s;
	struct db *db;

	(void)state;
	fill(url);
	s = recalc(url, &everything);
	assert_int_equal(s.checked, 8);
	assert_int_equal(s.all.calls, 0);
	recalc_sums_release(&s);
	db = harness_open(url);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM correction"),
			 0);
	check_sums(db);
	db_close(db);
}

static void new_prices_move_every_sum(void **state)
{
	const char *url = harness_db("move");
	struct recalc_opts dry = everything;
	struct recalc_sums s;
	struct db *db = harness_open(url);

	(void)state;
	fill(url);
	new_prices(db);
	dry.dry_run = true;
	assert_int_equal(changed(url, &dry), 5);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM correction"),
			 0);
	s = recalc(url, &everything);
	assert_int_equal(s.checked, 8);
	/* s1 and s2, s3 without a date, m1 and m2 */
	assert_int_equal(s.all.calls, 5);
	assert_int_equal(s.all.priced, 2);
	assert_int_equal(s.all.unpriced, 0);
	assert_true(s.all.old_pusd == 3 * INT64_C(4500000000));
	assert_true(s.all.new_pusd == 3 * INT64_C(6000000000) +
					      INT64_C(1100000000) +
					      INT64_C(550000000));
	assert_int_equal(s.n, 3); /* two spellings of Sonnet */
	recalc_sums_release(&s);
	check_sums(db);
	assert_string_equal(
		harness_sql_text(
			db,
			"SELECT string_agg(concat_ws(' ', m.name, "
			"coalesce(c.old_cost_pusd::text, '-'), "
			"coalesce(c.new_cost_pusd::text, '-'), "
			"coalesce(c.old_price_id::text, '-'), c.new_price_id, "
			"c.reason, c.new_cost_pusd = a.cost_pusd, "
			"c.new_price_id = a.price_id), E'\\n' "
			"ORDER BY m.name, a.started_at) FROM correction c "
			"JOIN attempt a ON a.day = c.attempt_day AND "
			"a.id = c.attempt_id JOIN model m "
			"ON m.id = a.model_id"),
		"claude-sonnet-4-5 4500000000 6000000000 21 544 test t t\n"
		"claude-sonnet-4-5 4500000000 6000000000 21 544 test t t\n"
		"claude-sonnet-4-5-20250929 4500000000 6000000000 21 544 test "
		"t t\n"
		"mystery - 550000000 - 545 test t t\n"
		"mystery - 1100000000 - 545 test t t");
	/* Again: nothing is left to do. */
	assert_int_equal(changed(url, &everything), 0);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM correction"),
			 5);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt "
					     "WHERE cost_pusd IS NULL"),
			 1); /* whose tokens nobody told */
	/* And back: what had no price has none again. */
	harness_sql(db, "INSERT INTO price (source, provider, model) VALUES "
			"('t', 'anthropic', 'mystery')");
	s = recalc(url, &everything);
	assert_int_equal(s.all.unpriced, 2);
	recalc_sums_release(&s);
	check_sums(db);
	assert_int_equal(harness_sql_i64(db, "SELECT sum(unpriced) FROM task"),
			 3);
	db_close(db);
}

static void a_span_and_a_model(void **state)
{
	const char *url = harness_db("span");
	struct recalc_opts o = everything;
	struct db *db = harness_open(url);

	(void)state;
	fill(url);
	new_prices(db);
	o.dry_run = true;
	o.model = STR("mystery");
	assert_int_equal(changed(url, &o), 2);
	o.model = STR("anthropic/claude-sonnet-4-5");
	assert_int_equal(changed(url, &o), 2);
	o.model = STR("openai/claude-sonnet-4-5");
	assert_int_equal(changed(url, &o), 0);
	o.model = STR_NONE;
	o.since_us = NOW;
	assert_int_equal(changed(url, &o), 2); /* s1 m1 */
	o.since_us = NOW + 1;
	assert_int_equal(changed(url, &o), 0);
	o.since_us = NOW - US_PER_DAY;
	o.until_us = NOW;
	assert_int_equal(changed(url, &o), 2); /* s2 m2, not the undated */
	o.since_us = TIME_NONE;
	o.until_us = NOW - US_PER_DAY + 1;
	o.dry_run = false;
	assert_int_equal(changed(url, &o), 2);
	check_sums(db);
	db_close(db);
}

/* The same price by a newer row: the row that made the figure stays. */
static void a_sum_of_calls_stays_below_long_context(void **state)
{
	const char *url = harness_db("recalc_sum");
	struct ledger *l = open_ledger(url);
	struct batch *b = batch_new(1 << 20);
	struct ev_attempt a;
	struct db *db;

	(void)state;
	a = call(add_task(b, "sum"), "x1", "claude-sonnet-4-5", NOW);
	usage_init(&a.usage);
	a.usage.n[USAGE_UNCACHED_IN] = 1000000;
	a.quality = QUALITY_ESTIMATED;
	a.rank = RANK_AGGREGATE;
	add(b, &a);
	append(l, b);
	assert_int_equal(changed(url, &everything), 0);
	db = harness_open(url);
	assert_string_equal(
		harness_sql_text(db, "SELECT cost_usd FROM v_attempt"), "3");
	db_close(db);
	batch_free(b);
	ledger_close(l);
}

static void the_same_cost_is_no_correction(void **state)
{
	const char *url = harness_db("equal");
	struct db *db = harness_open(url);

	(void)state;
	fill(url);
	harness_sql(db, "INSERT INTO price (source, provider, model, "
			"input_fusd, output_fusd) VALUES ('t', 'anthropic', "
			"'claude-haiku-4-5', 1000000000, 5000000000)");
	assert_int_equal(changed(url, &everything), 0);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt "
					     "WHERE price_id = 544"),
			 0);
	db_close(db);
}

/* A task whose own day was dropped: its sums by the minute are gone, those by
 * hour and day are there. */
static void a_dropped_day_is_no_obstacle(void **state)
{
	const char *url = harness_db("dropped");
	struct db *db = harness_open(url);

	(void)state;
	fill(url);
	new_prices(db);
	harness_sql(db, "SELECT aco_drop_before('2026-11-24')");
	assert_int_equal(changed(url, &everything), 3); /* s1 s3 m1 */
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(*) FROM task_rollup WHERE "
				    "grain = 'minute' AND bucket < "
				    "'2026-11-24Z' AND bucket > "
				    "'1970-01-02Z'"),
		0);
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(*) FROM (SELECT 1 FROM "
				    "task_rollup WHERE grain = 'day' HAVING "
				    "sum(paid_pusd) <> (SELECT sum(cost_pusd) "
				    "FROM task)) d"),
		0);
	db_close(db);
}

/* ---- several at once ---- */

#define MANY 12000

static void *recalc_thread(void *arg)
{
	struct db *db = harness_open(arg);
	struct price_book *b = NULL;
	struct recalc_sums s;
	struct err e = {0};
	enum rc rc;

	recalc_sums_init(&s);
	rc = price_book_load(&b, db, &e);
	if (rc == RC_OK)
		rc = recalc_run(db, b, &everything, &s, &e);
	if (rc != RC_OK)
		fprintf(stderr, "recalc: %s\n", e.msg);
	recalc_sums_release(&s);
	price_book_free(b);
	db_close(db);
	return rc == RC_OK ? NULL : arg;
}

static void many(struct batch *b, int from, int to)
{
	char name[32];

	for (int i = from; i < to; i++) {
		struct ev_attempt a;
		uint32_t task;

		snprintf(name, sizeof(name), "t%d", i % 97);
		task = add_task(b, name);
		snprintf(name, sizeof(name), "c%d", i);
		a = call(task, name, i % 3 ? "claude-sonnet-4-5" : "mystery",
			 NOW - i % 3000 * US_PER_SEC);
		add(b, &a);
	}
}

static void several_writers_lose_nothing(void **state)
{
	const char *url = harness_db("several");
	struct db *db = harness_open(url);
	struct batch *b = batch_new(64 << 20);
	struct ledger *l = open_ledger(url);
	pthread_t t[2];

	(void)state;
	many(b, 0, MANY);
	append(l, b);
	new_prices(db);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, recalc_thread,
						(void *)(uintptr_t)url),
				 0);
	/* Meanwhile more calls of the same tasks, by the old prices. */
	for (int i = 0; i < 10; i++) {
		many(b, MANY + i * 100, MANY + i * 100 + 100);
		append(l, b);
	}
	for (int i = 0; i < 2; i++) {
		void *failed;

		pthread_join(t[i], &failed);
		assert_null(failed);
	}
	check_sums(db);
	changed(url, &everything);
	check_sums(db);
	assert_int_equal(changed(url, &everything), 0);
	/* Nobody was corrected twice. */
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM correction"),
			 MANY + 1000);
	assert_int_equal(harness_sql_i64(db,
					 "SELECT count(*) FROM attempt WHERE "
					 "cost_pusd NOT IN (6000000000, "
					 "1100000000)"),
			 0);
	batch_free(b);
	ledger_close(l);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_in_is_priced_already),
		cmocka_unit_test(new_prices_move_every_sum),
		cmocka_unit_test(a_span_and_a_model),
		cmocka_unit_test(a_sum_of_calls_stays_below_long_context),
		cmocka_unit_test(the_same_cost_is_no_correction),
		cmocka_unit_test(a_dropped_day_is_no_obstacle),
		cmocka_unit_test(several_writers_lose_nothing),
	};

	clock_fix(NOW);
	return harness_main("recalc", tests, N(tests));
}
