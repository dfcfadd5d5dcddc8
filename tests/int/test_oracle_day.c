/* The oracle of a class and day, on a ledger that is small enough to be worked
 * out by hand. */
#include <stdio.h>
#include <string.h>

#include "ingest/oracle_day.h"
#include "ledger/base/clock.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"

static struct ledger *l;
static struct batch *b;
static struct db *db;

/* A call of a task at a time of the day, by a model of which a call costs
 * `cents`. */
static struct ev_attempt served(uint32_t task, const char *name,
				const char *model, int minute)
{
	struct ev_attempt a = call(task, name);

	a.model = str_from(model);
	a.provider = STR("test");
	a.started_us = MIDNIGHT - US_PER_DAY + minute * 60 * US_PER_SEC;
	a.ended_us = a.started_us + US_PER_SEC;
	return a;
}

static void judge(uint32_t task, int32_t micro)
{
	struct ev_outcome o = {.task = task,
			       .source = STR("ci"),
			       .key = STR("tests"),
			       .success_micro = micro,
			       .at_us = NOW};
	struct err e = {0};

	ASSERT_OK(batch_outcome(b, &o, &e), &e);
}

static void add_trial(const char *task, const char *model, int32_t micro,
		      int64_t pusd)
{
	struct ev_trial t = {.source = STR("shadow"),
			     .task_ext_id = str_from(task),
			     .task_class = STR("coding"),
			     .model = str_from(model),
			     .success_micro = micro,
			     .cost_pusd = pusd,
			     .input_tokens = USAGE_NONE,
			     .output_tokens = USAGE_NONE,
			     .api_calls = USAGE_NONE,
			     .at_us = TIME_NONE};
	struct err e = {0};

	ASSERT_OK(batch_trial(b, &t, &e), &e);
}

static struct oracle_day_counts update(int32_t from)
{
	struct oracle_day_counts n;
	struct err e = {0};

	ASSERT_OK(oracle_days(db, from, 100, &n, &e), &e);
	return n;
}

static const char row[] =
	"SELECT concat_ws(' ', judged, observed, paid_pusd, oracle_pusd,"
	" success_micro, oracle_success_micro, figures -> 'always_strongest',"
	" figures -> 'always_cheapest', figures -> 'best_single',"
	" figures -> 'estimated_share') FROM oracle_class_day";

/* Three tasks, both models known on each: small fails on "b" and "c", big on
 * "c" alone. Small costs 1, big 10 pico-dollars.
 *
 *   a  served by big; small (trial) would have done:  oracle 1,  success
 *   b  small was escalated to big, which did it:      oracle 10, success
 *   c  served by small, which failed; so does big:    oracle 1,  no success */
static void fill(void)
{
	uint32_t t = add_task(b, "a", "coding");
	struct ev_attempt x = served(t, "a1", "big", 60), y;

	add(b, &x);
	judge(t, 1000000);
	add_trial("a", "small", 1000000, 1);
	t = add_task(b, "b", "coding");
	x = served(t, "b1", "small", 70);
	add(b, &x);
	y = served(t, "b2", "big", 71);
	y.escalated_from = x.keys[0];
	add(b, &y);
	judge(t, 1000000);
	t = add_task(b, "c", "coding");
	x = served(t, "c1", "small", 80);
	add(b, &x);
	judge(t, 0);
	add_trial("c", "big", 0, 10);
	append(l, b);
	/* No price list knows these: the money is given by hand. */
	harness_sql(db,
		    "UPDATE attempt a SET cost_pusd = CASE m.name WHEN 'big'"
		    " THEN 10 ELSE 1 END, tier = CASE m.name WHEN 'big' THEN 5"
		    " ELSE 1 END FROM model m WHERE m.id = a.model_id;"
		    "UPDATE model SET tier = CASE name WHEN 'big' THEN 5"
		    " ELSE 1 END;"
		    "UPDATE task t SET unpriced = 0, cost_pusd = (SELECT"
		    " sum(cost_pusd) FROM attempt a WHERE a.task_id = t.id)");
}

static void a_small_ledger_worked_out_by_hand(void **state)
{
	const int32_t today = clock_day(NOW);

	(void)state;
	fill();
	assert_int_equal(update(today).written, 1);
	assert_string_equal(
		harness_sql_text(db, row),
		"3 3 22 12 2000000 2000000"
		" {\"success\": 0.666667, \"cost_usd\": \"0.00000000003\"}"
		" {\"success\": 0.333333, \"cost_usd\": \"0.000000000003\"}"
		" {\"model\": \"big\", \"success\": 0.666667,"
		" \"cost_usd\": \"0.00000000003\"} 0");
	/* Nothing new: nothing is computed; unless it is of late. */
	assert_int_equal(update(today).written, 0);
	assert_int_equal(update(today - 1).written, 1);
	/* A verdict that is corrected. */
	batch_clear(b);
	judge(add_task(b, "c", "coding"), 1000000);
	append(l, b);
	assert_int_equal(update(today).written, 1);
	assert_string_equal(
		harness_sql_text(db,
				 "SELECT judged || ' ' || success_micro || ' '"
				 " || oracle_pusd FROM oracle_class_day"),
		"3 3000000 12");
}

/* A class that nobody is in any more has no oracle. */
static void a_class_that_is_left_is_dropped(void **state)
{
	const int32_t today = clock_day(NOW);
	struct oracle_day_counts n;

	(void)state;
	fill();
	assert_int_equal(update(today).written, 1);
	harness_sql(db, "UPDATE task_rollup SET judged = 0");
	n = update(today);
	assert_int_equal(n.written, 0);
	assert_int_equal(n.dropped, 1);
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(*) FROM oracle_class_day"),
		0);
}

/* Where one arm alone was seen, the chances of the decision speak. */
static void chances_of_decisions_fill_what_was_not_seen(void **state)
{
	struct ev_decision d;

	(void)state;
	for (int i = 0; i < 40; i++) {
		char name[16];
		struct ev_attempt a;
		uint32_t t;

		snprintf(name, sizeof(name), "t%d", i);
		t = add_task(b, name, "coding");
		d = decision(t, name);
		d.n_tiers = 5;
		for (int k = 0; k < 5; k++) {
			d.p_success[k] = k == 0 ? 0.5F : 0.9F;
			d.expected_cost_pusd[k] = k == 0 ? 1000 : 10000;
		}
		d.propensity = 0.5;
		add_decision(b, &d);
		a = served(t, name, i % 2 ? "big" : "small", i);
		a.decision_id = d.id;
		add(b, &a);
		judge(t,
		      i % 2 ? (i % 20 != 1) * 1000000 : (i % 4 == 0) * 1000000);
		if (i == 20) { /* what was cut off by the batch's size */
			append(l, b);
			batch_clear(b);
		}
	}
	append(l, b);
	harness_sql(db,
		    "UPDATE attempt a SET cost_pusd = CASE m.name WHEN 'big'"
		    " THEN 10000 ELSE 1000 END, tier = CASE m.name WHEN 'big'"
		    " THEN 5 ELSE 1 END FROM model m WHERE m.id = a.model_id;"
		    "UPDATE task t SET unpriced = 0, cost_pusd = (SELECT"
		    " sum(cost_pusd) FROM attempt a WHERE a.task_id = t.id)");
	assert_int_equal(update(clock_day(NOW)).written, 1);
	assert_string_equal(
		harness_sql_text(
			db, "SELECT concat_ws(' ', judged, observed, paid_pusd,"
			    " (figures ->> 'estimated_share')::float8 > 0.9,"
			    " figures -> 'doubly_robust',"
			    " oracle_pusd < paid_pusd,"
			    " oracle_low_pusd <= oracle_pusd,"
			    " oracle_pusd <= oracle_high_pusd,"
			    " (figures #>> '{best_single,model}'))"
			    " FROM oracle_class_day"),
		"40 0 220000 t true t t t big");
}

static int setup(void **state)
{
	static int n;
	char name[24];
	const char *url;

	(void)state;
	snprintf(name, sizeof(name), "oracle%d", n++);
	url = harness_db(name);
	l = open_ledger(url);
	db = harness_open(url);
	b = batch_new(4 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	batch_free(b);
	ledger_close(l);
	db_close(db);
	return 0;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_small_ledger_worked_out_by_hand),
		CASE(a_class_that_is_left_is_dropped),
		CASE(chances_of_decisions_fill_what_was_not_seen),
	};

	clock_fix(NOW);
	conf.retry_seconds = 10;
	return harness_main("oracle_day", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
