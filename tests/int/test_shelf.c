/* Versions of the router in the ledger: one serves, the last ten stay, a
 * rollback goes to the one before; and what a router learns from is read. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/event.h"
#include "ledger/evidence.h"
#include "ledger/learn.h"
#include "ledger/ledger.h"
#include "ledger/price.h"
#include "ledger/shelf.h"
#include "router/matrix.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"

static int32_t add_version(struct db *db, const char *body, bool serve)
{
	struct uuid schema = {{7}};
	struct err e = {0};
	int32_t id = 0;

	ASSERT_OK(shelf_add(db, schema, STR("{\"gate\":{\"passed\":true}}"),
			    str_from(body), serve, &id, &e),
		  &e);
	assert_true(id > 0);
	return id;
}

static int32_t serving(struct db *db)
{
	struct err e = {0};
	int32_t id = -1;

	ASSERT_OK(shelf_serving(db, &id, &e), &e);
	return id;
}

static void versions_come_and_go(void **state)
{
	struct db *db = harness_open(harness_db("shelf"));
	int32_t a, b, c, back = -1;
	struct err e = {0};
	struct buf body;

	(void)state;
	assert_int_equal(serving(db), 0);
	a = add_version(db, "first", true);
	b = add_version(db, "second", true);
	c = add_version(db, "bad", false);
	assert_int_equal(serving(db), b);
	buf_init(&body, 100);
	ASSERT_OK(shelf_body(db, b, &body, &e), &e);
	assert_string_equal(buf_str(&body), "second");
	assert_int_equal(shelf_body(db, c + 1, &body, &e), RC_BAD);
	buf_release(&body);
	ASSERT_OK(shelf_promote(db, c, &e), &e);
	assert_int_equal(serving(db), c);
	assert_int_equal(shelf_promote(db, c + 1, &e), RC_BAD);
	assert_int_equal(serving(db), c); /* nothing of it happened */
	/* One step back at a time, to the shipped one in the end. */
	ASSERT_OK(shelf_rollback(db, &back, &e), &e);
	assert_int_equal(back, b);
	ASSERT_OK(shelf_rollback(db, &back, &e), &e);
	assert_int_equal(back, a);
	ASSERT_OK(shelf_rollback(db, &back, &e), &e);
	assert_int_equal(back, 0);
	assert_int_equal(serving(db), 0);
	assert_int_equal(shelf_rollback(db, &back, &e), RC_BAD);
	db_close(db);
}

static void on_row(void *arg, const struct shelf_row *r)
{
	int *n = arg;

	assert_true(r->bytes > 0);
	assert_true(str_contains(r->certificate, "drift"));
	(*n)++;
}

static void the_last_ten_stay(void **state)
{
	struct db *db = harness_open(harness_db("shelf10"));
	int32_t first, id = 0;
	struct err e = {0};
	int n = 0;

	(void)state;
	first = add_version(db, "serves", true);
	for (int i = 0; i < 14; i++)
		id = add_version(db, "refused", false);
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM bundle"),
			 SHELF_KEEP + 1);
	assert_int_equal(serving(db), first);
	ASSERT_OK(shelf_note(db, id, STR("{\"drift\":{\"state\":\"ok\"}}"), &e),
		  &e);
	ASSERT_OK(shelf_list(db, id, on_row, &n, &e), &e);
	assert_int_equal(n, 1);
	db_close(db);
}

/* ---- what is learnt from ---- */

static const float vector[3] = {1.5F, -2, 7};

static void add_trial(struct batch *b, const char *task, const char *model,
		      int32_t success)
{
	struct ev_trial t = {.source = STR("bench"),
			     .task_ext_id = str_from(task),
			     .task_class = STR("math"),
			     .model = str_from(model),
			     .success_micro = success,
			     .cost_pusd = 125,
			     .input_tokens = USAGE_NONE,
			     .output_tokens = USAGE_NONE,
			     .api_calls = USAGE_NONE,
			     .at_us = TIME_NONE,
			     .attrs = STR("{\"repo\":\"r1\"}"),
			     .features = vector,
			     .n_features = 3,
			     .feature_schema = feature_schema()};
	struct err e = {0};

	ASSERT_OK(batch_trial(b, &t, &e), &e);
}

/* One that cost 1,000 pico-dollars then. */
static void add_dated(struct batch *b, const char *task, const char *model,
		      const char *at)
{
	struct ev_trial t = {.source = STR("bench"),
			     .task_ext_id = str_from(task),
			     .task_class = STR("math"),
			     .model = str_from(model),
			     .success_micro = 1000000,
			     .cost_pusd = 1000,
			     .input_tokens = USAGE_NONE,
			     .output_tokens = USAGE_NONE,
			     .api_calls = USAGE_NONE,
			     .at_us = TIME_NONE};
	struct err e = {0};

	assert_true(clock_parse(str_from(at), &t.at_us));
	ASSERT_OK(batch_trial(b, &t, &e), &e);
}

struct seen {
	int rows;
	bool repo, features;
};

static enum rc on_learn(void *arg, const struct learn_row *r, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	s->rows++;
	s->repo = str_is(r->repo, "r1");
	s->features = r->t.n_features == 3 &&
		      !memcmp(r->t.features, vector, sizeof(vector)) &&
		      uuid_eq(r->t.feature_schema, feature_schema());
	assert_float_equal(r->propensity, 1, 0);
	return RC_OK;
}

static void trials_are_read(void **state)
{
	const char *url = harness_db("learn");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct learn_opts o = {.since_us = TIME_NONE,
			       .until_us = TIME_NONE,
			       .max_trials = 100,
			       .max_tasks = 100};
	struct mx_opts mx = {0};
	struct seen s = {0};
	struct matrix m;
	struct err e = {0};

	(void)state;
	add_trial(b, "t1", "small", 0);
	add_trial(b, "t1", "large", 1000000);
	add_trial(b, "t2", "small", 1000000);
	append(l, b);
	ASSERT_OK(learn_read(db, &o, on_learn, &s, &e), &e);
	assert_int_equal(s.rows, 3);
	assert_true(s.repo && s.features);
	matrix_init(&m);
	ASSERT_OK(matrix_ledger(&m, db, &o, &mx, &e), &e);
	assert_int_equal(m.n_tasks, 2);
	assert_int_equal(m.n_arms, 2);
	assert_int_equal(m.tasks[0].group, m.tasks[1].group);
	matrix_release(&m);
	o.max_trials = 1;
	s.rows = 0;
	ASSERT_OK(learn_read(db, &o, on_learn, &s, &e), &e);
	assert_int_equal(s.rows, 1);
	batch_free(b);
	ledger_close(l);
	db_close(db);
}

#define PRICE                                                                  \
	"INSERT INTO price (source, provider, model, valid_from, input_fusd, " \
	"output_fusd) VALUES ('test', 'anthropic', 'claude-new-9', "

/* A model's price was halved between two trials: what the first cost is
 * converted, and the arm knows today's price. */
static void costs_are_of_today(void **state)
{
	const char *url = harness_db("learnprice");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct learn_opts o = {.since_us = TIME_NONE,
			       .until_us = TIME_NONE,
			       .max_trials = 100};
	struct price_book *book;
	struct mx_opts mx = {0};
	struct matrix m;
	struct err e = {0};
	int64_t cost[2];

	(void)state;
	harness_sql(db, PRICE "NULL, 4000000, 16000000)");
	harness_sql(db, PRICE "'2026-06-01', 2000000, 8000000)");
	add_dated(b, "old", "claude-new-9", "2026-05-01T00:00:00Z");
	add_dated(b, "new", "claude-new-9", "2026-07-01T00:00:00Z");
	append(l, b);
	for (int today = 0; today < 2; today++) {
		ASSERT_OK(price_book_load(&book, db, &e), &e);
		mx.prices = today ? book : NULL;
		matrix_init(&m);
		ASSERT_OK(matrix_ledger(&m, db, &o, &mx, &e), &e);
		assert_int_equal(m.n_tasks, 2);
		for (int t = 0; t < 2; t++)
			cost[str_is(m.tasks[t].id, "new")] =
				matrix_cell(&m, t, 0)->cost_pusd;
		assert_int_equal(cost[1], 1000);
		assert_int_equal(cost[0], today ? 500 : 1000);
		assert_true(m.arms[0].price_unit == (today ? 3.5e6 : 0));
		matrix_release(&m);
		price_book_free(book);
	}
	batch_free(b);
	ledger_close(l);
	db_close(db);
}

/* A small model failed a task, which a larger one then solved. */
static void add_escalation(struct batch *b)
{
	uint32_t task = add_task(b, "t", "coding");
	struct ev_decision d = decision(task, "d");
	struct ev_attempt low = call(task, "low"), high = call(task, "high");
	struct ev_outcome o = {.task = task,
			       .source = STR("judge"),
			       .key = STR("done"),
			       .success_micro = 1000000,
			       .at_us = NOW};
	struct err e = {0};

	d.feature_schema = feature_schema();
	d.features = vector;
	d.n_features = 3;
	add_decision(b, &d);
	low.model = STR("claude-haiku-4-5-20251001");
	low.decision_id = d.id;
	low.n_evidence = EVIDENCE_N;
	for (int i = 0; i < EVIDENCE_N; i++)
		low.evidence[i] = NAN;
	low.evidence[EVIDENCE_LOGPROB_MEAN] = -0.5F;
	add(b, &low);
	high.escalated_from = low.keys[0];
	high.attempt_no = 2;
	add(b, &high);
	ASSERT_OK(batch_outcome(b, &o, &e), &e);
}

struct own {
	int rows;
	struct learn_row low, high;
	float evidence;
};

static enum rc on_own(void *arg, const struct learn_row *r, struct err *e)
{
	struct own *o = arg;

	(void)e;
	o->rows++;
	assert_true(str_is(r->t.source, "ledger"));
	assert_true(str_is(r->t.task_class, "coding"));
	assert_int_equal(r->t.n_features, 3);
	assert_true(r->t.cost_pusd > 0);
	if (str_contains(r->t.model, "haiku")) {
		o->low = *r;
		o->evidence =
			r->evidence ? r->evidence[EVIDENCE_LOGPROB_MEAN] : 0;
	} else {
		o->high = *r;
	}
	return RC_OK;
}

static void own_tasks_are_read(void **state)
{
	const char *url = harness_db("learnown");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct learn_opts o = {.since_us = NOW - US_PER_DAY,
			       .until_us = NOW,
			       .max_trials = 100,
			       .max_tasks = 100};
	struct own s = {0};
	struct err e = {0};

	(void)state;
	add_escalation(b);
	append(l, b);
	ASSERT_OK(learn_read(db, &o, on_own, &s, &e), &e);
	assert_int_equal(s.rows, 2);
	assert_int_equal(s.low.t.success_micro, 0);
	assert_int_equal(s.high.t.success_micro, 1000000);
	assert_float_equal(s.low.propensity, 0.25, 1e-6);
	assert_float_equal(s.high.propensity, 1, 0);
	assert_float_equal(s.evidence, -0.5, 1e-6);
	assert_null(s.high.evidence);
	/* Outside of the window there is nothing. */
	o.until_us = NOW - US_PER_DAY / 2;
	s.rows = 0;
	ASSERT_OK(learn_read(db, &o, on_own, &s, &e), &e);
	assert_int_equal(s.rows, 0);
	batch_free(b);
	ledger_close(l);
	db_close(db);
}

/* ---- runs ---- */

static void add_turn(struct batch *b, uint32_t task, int seq,
		     enum step_kind kind, int failed, const char *model,
		     const char *finish)
{
	char key[32];
	struct ev_attempt a;
	struct err e = {0};

	snprintf(key, sizeof(key), "turn-%d", seq);
	a = call(task, key);
	a.model = str_from(model);
	a.step_key = str_from(key);
	a.step_seq = seq;
	a.step_kind = kind;
	a.tool = STR("bash");
	a.step_failed = (int8_t)failed;
	a.started_us += seq * 1000000LL;
	a.ended_us = a.started_us + 1;
	a.usage.n[USAGE_OUTPUT] = 10 * seq;
	a.finish_reason = str_from(finish);
	ASSERT_OK(batch_attempt(b, &a, &e), &e);
}

struct runs {
	int rows;
	float low[EVIDENCE_N], high[EVIDENCE_N];
};

static enum rc on_run(void *arg, const struct learn_row *r, struct err *e)
{
	struct runs *s = arg;

	(void)e;
	s->rows++;
	assert_non_null(r->evidence);
	memcpy(str_contains(r->t.model, "haiku") ? s->low : s->high,
	       r->evidence, sizeof(s->low));
	return RC_OK;
}

static void seen(const float *v, enum evidence at, double want)
{
	double got = (double)v[at];

	if (isnan(want) ? !isnan(got) : !(fabs(got - want) < 1e-6))
		fail_msg("%s is %g, not %g", evidence_names[at], got, want);
}

/* The steps of a task, each model's own. */
static void runs_are_read(void **state)
{
	static const char low[] = "claude-haiku-4-5-20251001";
	static const char high[] = "claude-new-9";
	const char *url = harness_db("learnruns");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(1 << 20);
	struct learn_opts o = {.since_us = NOW - US_PER_DAY,
			       .until_us = NOW,
			       .max_trials = 100,
			       .max_tasks = 100};
	uint32_t task = add_task(b, "r", "coding");
	struct ev_outcome out = {.task = task,
				 .source = STR("judge"),
				 .key = STR("done"),
				 .success_micro = 1000000,
				 .at_us = NOW};
	struct runs s = {0};
	struct err e = {0};

	(void)state;
	add_turn(b, task, 1, STEP_SEARCH, 1, low, "tool_use");
	add_turn(b, task, 2, STEP_SEARCH, 1, low, "tool_use");
	add_turn(b, task, 3, STEP_VERIFY, 0, low, "tool_use");
	add_turn(b, task, 4, STEP_EDIT, -1, low, "max_tokens");
	add_turn(b, task, 5, STEP_EDIT, 0, high, "tool_use");
	add_turn(b, task, 6, STEP_VERIFY, 0, high, "end_turn");
	ASSERT_OK(batch_outcome(b, &out, &e), &e);
	append(l, b);
	ASSERT_OK(learn_read(db, &o, on_run, &s, &e), &e);
	assert_int_equal(s.rows, 2);
	seen(s.low, EVIDENCE_RUN_STEPS, 4);
	seen(s.low, EVIDENCE_RUN_LOOKED, 0.5);
	seen(s.low, EVIDENCE_RUN_FAILED, 2.0 / 3);
	seen(s.low, EVIDENCE_RUN_FAILED_STREAK, 2);
	seen(s.low, EVIDENCE_RUN_REPEATED, NAN);
	seen(s.low, EVIDENCE_RUN_EDITS, 1);
	seen(s.low, EVIDENCE_RUN_VERIFIED_LAST, 0);
	seen(s.low, EVIDENCE_RUN_ENDED, 0);
	seen(s.low, EVIDENCE_RUN_STEP_TOKENS, 25);
	seen(s.high, EVIDENCE_RUN_STEPS, 2);
	seen(s.high, EVIDENCE_RUN_VERIFIED_LAST, 1);
	seen(s.high, EVIDENCE_RUN_ENDED, 1);
	batch_free(b);
	ledger_close(l);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_come_and_go),
		cmocka_unit_test(the_last_ten_stay),
		cmocka_unit_test(trials_are_read),
		cmocka_unit_test(own_tasks_are_read),
		cmocka_unit_test(runs_are_read),
		cmocka_unit_test(costs_are_of_today),
	};

	return harness_main("shelf", tests, sizeof(tests) / sizeof(tests[0]));
}
