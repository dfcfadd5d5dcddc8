/* Trials in the ledger: told apart by their identity, renewed by later
 * reports, never spend. */
#include <math.h>

#include "ledger/base/clock.h"
#include "ledger/event.h"
#include "ledger/ledger.h"
#include "ledger/money.h"
#include "tests/int/harness.h"

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

static void add_trial(struct batch *b, int32_t success)
{
	struct ev_trial t = {.source = STR("bench"),
			     .task_ext_id = STR("t1"),
			     .model = STR("gpt-5"),
			     .success_micro = success,
			     .cost_pusd = 125,
			     .input_tokens = 7,
			     .output_tokens = USAGE_NONE,
			     .api_calls = 1,
			     .at_us = TIME_NONE,
			     .attrs = STR("{\"split\": \"val\"}"),
			     .features = (const float[]){1.5f, -2.0f},
			     .n_features = 2,
			     .evidence = (const float[]){NAN, 0.5f},
			     .n_evidence = 2};
	struct err e = {0};

	ASSERT_OK(batch_trial(b, &t, &e), &e);
}

static void trials_are_told_apart_and_renewed(void **state)
{
	const char *url = harness_db("trial");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct ledger_counts c;

	(void)state;
	add_trial(b, 0);
	add_trial(b, 500000);
	c = append(l, b);
	assert_int_equal(c.trials_new, 1);
	assert_int_equal(c.trials_changed, 1);
	c = append(l, b);
	assert_int_equal(c.trials_new, 0);
	assert_int_equal(c.trials_same, 1);
	batch_clear(b);
	add_trial(b, 1000000);
	c = append(l, b);
	assert_int_equal(c.trials_changed, 1);
	assert_string_equal(
		harness_sql_text(db,
				 "SELECT success || ' ' || cost_usd || ' ' ||"
				 " (attrs ->> 'split') FROM v_trial"),
		"1 0.000000000125 val");
	assert_string_equal(
		harness_sql_text(db, "SELECT features::text FROM trial"),
		"{1.5,-2}");
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM attempt"),
			 0);
	batch_free(b);
	db_close(db);
	ledger_close(l);
}

/* What a later report does not say stays; an estimate does not replace a
 * measured cost. In one batch or in two, the outcome is the same. */
static void a_later_trial_erases_nothing(void **state)
{
	static const char row[] =
		"SELECT concat_ws(' ', task_class, success_micro, cost_pusd,"
		" cost_estimated, input_tokens, output_tokens, attrs,"
		" features::text, evidence::text) FROM trial";
	static const char want[] = "coding 250000 125 f 7 9 "
				   "{\"split\": \"val\"} {1.5,-2} {NaN,0.5}";
	const char *url = harness_db("trialfill");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct ev_trial later = {.source = STR("bench"),
				 .task_ext_id = STR("t1"),
				 .task_class = STR("coding"),
				 .model = STR("gpt-5"),
				 .success_micro = 250000,
				 .cost_pusd = 99,
				 .cost_estimated = true,
				 .input_tokens = USAGE_NONE,
				 .output_tokens = 9,
				 .api_calls = USAGE_NONE,
				 .at_us = TIME_NONE};
	struct ledger_counts c;
	struct err e = {0};

	(void)state;
	for (int batches = 1; batches <= 2; batches++) {
		struct batch *b = batch_new(1 << 20);

		harness_sql(db, "TRUNCATE trial");
		add_trial(b, 500000);
		if (batches == 2) {
			c = append(l, b);
			assert_int_equal(c.trials_new, 1);
			batch_clear(b);
		}
		ASSERT_OK(batch_trial(b, &later, &e), &e);
		c = append(l, b);
		assert_int_equal(c.trials_changed, 1);
		assert_int_equal(c.trials_new, batches == 1);
		assert_string_equal(harness_sql_text(db, row), want);
		/* a bare repeat says nothing new */
		batch_clear(b);
		later.cost_pusd = MONEY_NONE;
		later.task_class = STR_NONE;
		ASSERT_OK(batch_trial(b, &later, &e), &e);
		ASSERT_OK(batch_trial(b, &later, &e), &e);
		c = append(l, b);
		assert_int_equal(c.trials_same, 2);
		assert_int_equal(c.trials_changed, 0);
		assert_string_equal(harness_sql_text(db, row), want);
		later.cost_pusd = 99;
		later.task_class = STR("coding");
		batch_free(b);
	}
	db_close(db);
	ledger_close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trials_are_told_apart_and_renewed),
		cmocka_unit_test(a_later_trial_erases_nothing),
	};

	conf.retry_seconds = 10;
	return harness_main("trial", tests, sizeof(tests) / sizeof(tests[0]));
}
