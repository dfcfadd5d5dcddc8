/* Drift on a ledger: probabilities, features and prices that moved are seen,
 * said in the certificate, and static policies serve; what did not move, and
 * what is too little to tell, raises no alarm. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/bundle_watch.h"
#include "ingest/drift.h"
#include "ingest/night.h"
#include "ledger/base/alloc.h"
#include "ledger/event.h"
#include "ledger/shelf.h"
#include "router/bundle_build.h"
#include "router/stat.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"

#define LEARNT 500
#define UNIT   3500000 /* a token, of the prices below */

static float x[FEATURE_MAX];

/* Every fifth feature varies; `moved`: three times as high. */
static void vector(uint64_t *r, bool moved)
{
	for (int j = 0; j < feature_count(); j++)
		x[j] = j % 5 ? 3
			     : (float)((int)(stat_uniform(r) * 20) *
				       (moved ? 3 : 1));
}

static void learnt(struct spread *s)
{
	float *v = xcalloc(LEARNT, sizeof(*v));

	for (int j = 0; j < feature_count(); j++) {
		uint64_t r = 3;

		for (int i = 0; i < LEARNT; i++) {
			vector(&r, false);
			v[i] = x[j];
		}
		spread_make(&s[j], v, LEARNT);
	}
	free(v);
}

/* One arm of a model that the price table will have, one class that is served
 * by what was learned. */
static void make(struct buf *bytes)
{
	struct spread s[FEATURE_MAX];
	struct bundle_build *b = bundle_build_new();
	float rate = 0.7F, seen = LEARNT, cost = 1000;
	struct bundle_arm a = {.name = STR("claude-new-9"),
			       .tier = 3,
			       .success = -1,
			       .cost = -1,
			       .price_unit = UNIT};
	struct bundle_class c = {
		.name = STR("fleet"),
		.parent = -1,
		.tasks = LEARNT,
		.floor = 1,
		.rate = &rate,
		.seen = &seen,
		.cost = &cost,
		.tier_rate = {NAN, NAN, NAN, NAN, NAN},
		.policy = {.kind = POLICY_LEARNED, .lambda = 1, .accept = 2}};
	struct err e = {0};

	bundle_build_arm(b, &a);
	bundle_build_class(b, &c);
	c.name = STR("maths");
	c.parent = 0;
	bundle_build_class(b, &c);
	c.name = STR("law");
	bundle_build_class(b, &c);
	c.name = STR("told");
	c.policy.kind = POLICY_STATIC;
	bundle_build_class(b, &c);
	learnt(s);
	bundle_build_spreads(b, s);
	buf_init(bytes, 1 << 20);
	ASSERT_OK(bundle_build_write(b, bytes, &e), &e);
	bundle_build_free(b);
}

struct world {
	struct ledger *l;
	struct db *db;
	struct buf bytes;
	struct bundle *b;
	int32_t id;
	int tasks;              /* so far */
	const char *class_name; /* of those to come */
};

static void set_price(struct world *w, const char *from, int in, int out)
{
	char *sql = xasprintf(
		"INSERT INTO price (source, provider, model, valid_from, "
		"input_fusd, output_fusd) VALUES ('test', 'anthropic', "
		"'claude-new-9', %s, %d, %d)",
		from, in, out);

	harness_sql(w->db, sql);
	free(sql);
}

static void world_open(struct world *w, const char *name)
{
	const char *url = harness_db(name);
	struct err e = {0};

	*w = (struct world){.l = open_ledger(url),
			    .db = harness_open(url),
			    .class_name = "coding"};
	make(&w->bytes);
	ASSERT_OK(bundle_view(&w->b, w->bytes.p, w->bytes.len, &e), &e);
	ASSERT_OK(shelf_add(w->db, feature_schema(), STR("{\"version\":1}"),
			    (struct str){w->bytes.p, w->bytes.len}, true,
			    &w->id, &e),
		  &e);
	set_price(w, "NULL", 2000000, 8000000);
	harness_sql(w->db, "INSERT INTO model (provider, name, enabled) VALUES "
			   "('anthropic', 'claude-new-9', true)");
}

static void world_close(struct world *w)
{
	bundle_drop(w->b);
	buf_release(&w->bytes);
	db_close(w->db);
	ledger_close(w->l);
}

/* Tasks decided by what it learned, over two days; a share of them succeed,
 * where 0.75 was expected. */
static void decide(struct world *w, int n, bool moved, double success)
{
	struct batch *b = batch_new(4 << 20);
	uint64_t r = 77 + (uint64_t)w->tasks;

	for (int i = 0; i < n; i++, w->tasks++) {
		char id[32], key[32];
		uint32_t task;
		struct ev_decision d;
		struct ev_attempt a;
		struct ev_outcome o;
		struct err e = {0};

		snprintf(id, sizeof(id), "t%d", w->tasks);
		snprintf(key, sizeof(key), "d%d", w->tasks);
		task = add_task(b, id, w->class_name);
		d = decision(task, key);
		vector(&r, moved);
		d.decided_us = NOW - (int64_t)(stat_uniform(&r) * 2 *
					       (double)US_PER_DAY);
		d.bundle_id = w->id;
		d.policy = STR("learned");
		d.feature_schema = feature_schema();
		d.features = x;
		d.n_features = feature_count();
		d.n_tiers = EV_TIERS;
		for (int t = 0; t < EV_TIERS; t++) {
			d.p_success[t] = 0.75F;
			d.expected_cost_pusd[t] = 1000;
		}
		d.p_low[0] = d.p_high[0] = NAN;
		add_decision(b, &d);
		a = call(task, key);
		a.started_us = d.decided_us;
		a.ended_us = d.decided_us + US_PER_SEC;
		a.decision_id = d.id;
		add(b, &a);
		o = (struct ev_outcome){.task = task,
					.source = STR("judge"),
					.key = STR("done"),
					.success_micro =
						i < success * n ? 1000000 : 0,
					.at_us = NOW};
		ASSERT_OK(batch_outcome(b, &o, &e), &e);
	}
	append(w->l, b);
	batch_free(b);
}

/* A task of some steps, each decided by itself where 0.75 was expected; the
 * reply of the last one is of another model where it was escalated. */
static void walk(struct world *w, struct batch *b, int steps, bool escalated,
		 bool good)
{
	char id[32], key[40];
	struct uuid last = {{0}};
	struct ev_outcome o;
	struct err e = {0};
	uint32_t task;

	snprintf(id, sizeof(id), "t%d", w->tasks);
	task = add_task(b, id, "coding");
	for (int i = 0; i < steps + escalated; i++) {
		struct ev_decision d;
		struct ev_attempt a;

		snprintf(key, sizeof(key), "d%d-%d", w->tasks, i);
		d = decision(task, key);
		d.decided_us = NOW - US_PER_DAY + i * US_PER_SEC;
		d.bundle_id = w->id;
		d.policy = STR("learned");
		d.n_tiers = EV_TIERS;
		for (int t = 0; t < EV_TIERS; t++)
			d.p_success[t] = 0.75F;
		d.p_low[0] = d.p_high[0] = NAN;
		add_decision(b, &d);
		a = call(task, key);
		a.started_us = d.decided_us;
		a.ended_us = d.decided_us + US_PER_SEC;
		a.decision_id = d.id;
		if (i == steps) {
			a.model = STR("claude-opus-4-1-20250805");
			a.escalated_from = last;
		}
		last = a.keys[0];
		add(b, &a);
	}
	o = (struct ev_outcome){.task = task,
				.source = STR("judge"),
				.key = STR("done"),
				.success_micro = good ? 1000000 : 0,
				.at_us = NOW};
	ASSERT_OK(batch_outcome(b, &o, &e), &e);
	w->tasks++;
}

static struct drift look_after(struct world *w, const char *before)
{
	struct drift d;
	struct err e = {0};

	ASSERT_OK(drift_look(w->db, w->id, w->b, before, NOW, &d, &e), &e);
	assert_true((d.parts[0] != 0) == (d.why[0] != 0));
	return d;
}

static struct drift look(struct world *w)
{
	return look_after(w, "");
}

static bool told(int64_t n, double expected, double came, double se)
{
	struct drift_means m = {n, expected, came, se};

	return drift_of_means(&m, DRIFT_Z);
}

static void means(void **state)
{
	(void)state;
	assert_true(told(1000, 0.9, 0.7, 0.015));
	assert_true(told(1000, 0.6, 0.7, 0.015));
	assert_false(told(1000, 0.72, 0.7, 0.001)); /* too little */
	assert_false(told(1000, 0.8, 0.7, 0.05));   /* by chance */
	assert_false(told(50, 0.9, 0.5, 0.01));     /* too few */
}

static void what_holds_raises_no_alarm(void **state)
{
	struct world w;
	struct drift d;

	(void)state;
	world_open(&w, "driftnone");
	d = look(&w);
	assert_false(d.parts[0]);
	assert_int_equal(d.means.judged, 0);
	assert_int_equal(d.requests, 0);
	decide(&w, 400, false, 0.75);
	d = look(&w);
	assert_false(d.parts[0]);
	assert_int_equal(d.means.judged, 400);
	assert_true(fabs(d.means.expected - 0.75) < 1e-6);
	assert_true(d.requests >= SPREAD_ROWS && d.features.enough);
	assert_true(d.features.mean < 0.05F);
	assert_true(d.factor == 1);
	world_close(&w);
}

static void each_watch_sees(void **state)
{
	struct world w;
	struct drift d;
	struct buf json;

	(void)state;
	world_open(&w, "driftseen");
	/* A few moved requests are too few. */
	decide(&w, 100, true, 0.75);
	assert_false(look(&w).parts[0]);
	decide(&w, 300, true, 0.75);
	d = look(&w);
	assert_true(d.parts[0] && d.features.drifted);
	assert_int_equal(d.features.moved, d.features.vary);
	assert_non_null(strstr(d.why, "requests are not what"));
	buf_init(&json, 65536);
	drift_json(&d, &json);
	assert_non_null(
		strstr(buf_str(&json), "{\"drift\":{\"state\":\"drifted\""));
	assert_non_null(strstr(buf_str(&json), "\"psi\":"));
	buf_release(&json);
	world_close(&w);

	world_open(&w, "driftmeans");
	decide(&w, 400, false, 0.5);
	d = look(&w);
	assert_true(d.parts[0] && !d.features.drifted);
	assert_non_null(strstr(d.why, "probabilities do not hold"));
	world_close(&w);

	world_open(&w, "driftprice");
	set_price(&w, "'2026-01-01'", 2200000, 8000000); /* hardly moved */
	d = look(&w);
	assert_false(d.parts[0]);
	assert_true(d.factor > 1);
	set_price(&w, "'2026-02-01'", 1000000, 4000000);
	d = look(&w);
	assert_true(d.parts[0]);
	assert_true(fabs(d.factor - 0.5) < 1e-6);
	assert_string_equal(d.model, "claude-new-9");
	/* Nobody may choose it: its price is nobody's. */
	harness_sql(w.db, "UPDATE model SET enabled = false");
	assert_false(look(&w).parts[0]);
	world_close(&w);
}

/* Many steps are one task, and what another model mended was not good. */
static void tasks_are_judged(void **state)
{
	struct batch *b = batch_new(16 << 20);
	struct world w;
	struct drift d;

	(void)state;
	world_open(&w, "driftsteps");
	for (int i = 0; i < 60; i++)
		walk(&w, b, 6, false, i % 4 == 0);
	append(w.l, b);
	d = look(&w);
	assert_int_equal(d.means.judged, 60);
	assert_true(fabs(d.means.came - 0.25) < 1e-6);
	assert_false(d.parts[0]);
	world_close(&w);

	world_open(&w, "driftmended");
	batch_free(b);
	b = batch_new(16 << 20);
	for (int i = 0; i < 400; i++)
		walk(&w, b, 1, i % 4 == 0, true);
	append(w.l, b);
	d = look(&w);
	assert_int_equal(d.means.judged, 400);
	assert_true(fabs(d.means.came - 0.75) < 1e-6);
	assert_false(d.parts[0]);
	world_close(&w);
	batch_free(b);
}

/* A class that drifts gives way alone, the rest stays; what nothing learned
 * serves has nothing to give way. */
static void by_class(void **state)
{
	struct world w;
	struct drift d;
	struct buf json;

	(void)state;
	world_open(&w, "driftclass");
	decide(&w, 400, false, 0.75);
	w.class_name = "maths/algebra";
	decide(&w, 300, false, 0.45);
	d = look(&w);
	assert_string_equal(d.parts, "1");
	assert_string_equal(d.by, "means");
	assert_non_null(strstr(d.why, "do not hold in maths (expected 0.750, "
				      "came 0.450): static policies serve it"));
	buf_init(&json, 65536);
	drift_json(&d, &json);
	assert_non_null(strstr(buf_str(&json), "\"state\":\"part\""));
	assert_non_null(strstr(buf_str(&json), "\"parts\":\"1\""));
	assert_non_null(strstr(buf_str(&json), "[{\"name\":\"maths\","));
	buf_release(&json);
	/* It stays so, whatever comes. */
	decide(&w, 3000, false, 0.76);
	assert_string_equal(look(&w).parts, "");
	assert_string_equal(look_after(&w, "1").parts, "1");
	/* The others drift, too. */
	w.class_name = "coding";
	decide(&w, 600, false, 0.4);
	d = look_after(&w, "1");
	assert_string_equal(d.parts, "0.1");
	assert_non_null(strstr(d.why, "in fleet"));
	/* The last class with something learned: that is all of it. */
	w.class_name = "law";
	decide(&w, 300, false, 0.4);
	assert_string_equal(look_after(&w, "0.1").parts, "all");
	world_close(&w);

	world_open(&w, "driftclass2");
	w.class_name = "told";
	decide(&w, 300, false, 0.5);
	/* Nothing learned serves it, but all together do not hold. */
	assert_string_equal(look(&w).parts, "all");
	w.class_name = "coding";
	decide(&w, 2700, false, 0.75);
	assert_string_equal(look(&w).parts, "");
	world_close(&w);
}

/* The janitor's round: the certificate, the alert, the files of the machine;
 * by another janitor too; and a person has the last word. */
static void the_janitor_says_so(void **state)
{
	struct conf c = {.home = xstrdup(harness_dir()),
			 .retrain_at = xstrdup("")};
	struct night n, other;
	struct world w;
	char parts[SHELF_PARTS];
	struct err e = {0};

	(void)state;
	world_open(&w, "driftnight");
	night_init(&n);
	ASSERT_OK(night_work(&n, &c, w.db, "", &e), &e);
	assert_int_equal(bundle_files_serving(&c, parts), w.id);
	assert_string_equal(parts, "");
	assert_string_equal(
		harness_sql_text(w.db, "SELECT certificate #>> '{drift,state}' "
				       "FROM bundle"),
		"ok");
	set_price(&w, "'2026-02-01'", 1000000, 4000000);
	n.drift_us = n.look_us = 0;
	ASSERT_OK(night_work(&n, &c, w.db, "", &e), &e);
	assert_int_equal(bundle_files_serving(&c, parts), w.id);
	assert_string_equal(parts, "all");
	assert_int_equal(
		harness_sql_i64(w.db, "SELECT count(*) FROM alert WHERE kind "
				      "= 'router_drift' AND detail ->> 'text' "
				      "~ '0.50 times'"),
		1);
	/* Another machine sees it without looking itself, and it stays so. */
	set_price(&w, "'2026-03-01'", 2000000, 8000000);
	ASSERT_OK(bundle_files_serve(&c, 0, "", NULL, 0, &e), &e);
	night_init(&other);
	ASSERT_OK(night_work(&other, &c, w.db, "", &e), &e);
	assert_int_equal(bundle_files_serving(&c, parts), w.id);
	assert_string_equal(parts, "all");
	ASSERT_OK(shelf_note(w.db, w.id,
			     STR("{\"drift\":{\"state\":\"ignored\"}}"), &e),
		  &e);
	other.drift_us = other.look_us = 0;
	ASSERT_OK(night_work(&other, &c, w.db, "", &e), &e);
	assert_int_equal(bundle_files_serving(&c, parts), w.id);
	assert_string_equal(parts, "");
	world_close(&w);
	free(c.home);
	free(c.retrain_at);
}

static void the_janitor_serves_the_rest(void **state)
{
	struct conf c = {.home = xstrdup(harness_dir()),
			 .retrain_at = xstrdup("")};
	char parts[SHELF_PARTS];
	struct night n;
	struct world w;
	int32_t next;
	struct err e = {0};

	(void)state;
	world_open(&w, "driftparts");
	ASSERT_OK(shelf_note(w.db, w.id,
			     STR("{\"drift\":{\"state\":\"part\",\"parts\":"
				 "\"1\",\"by\":\"means\"}}"),
			     &e),
		  &e);
	night_init(&n);
	ASSERT_OK(night_work(&n, &c, w.db, "", &e), &e);
	assert_int_equal(bundle_files_serving(&c, parts), w.id);
	assert_string_equal(parts, "1");
	/* It was looked at again, and what drifted stays so. */
	assert_string_equal(
		harness_sql_text(w.db, "SELECT (certificate #>> '{drift,state}'"
				       ") || ' ' || (certificate #>> "
				       "'{drift,parts}') FROM bundle"),
		"part 1");
	assert_int_equal(harness_sql_i64(w.db, "SELECT count(*) FROM alert"),
			 0); /* no news */
	/* All classes, then. */
	set_price(&w, "'2026-02-01'", 1000000, 4000000);
	n.drift_us = n.look_us = 0;
	ASSERT_OK(night_work(&n, &c, w.db, "", &e), &e);
	bundle_files_serving(&c, parts);
	assert_string_equal(parts, "all");
	assert_int_equal(harness_sql_i64(w.db, "SELECT count(*) FROM alert"),
			 1);
	/* Requests of the version that it differs from by its calibrations are
	 * its own. */
	decide(&w, 400, true, 0.75);
	ASSERT_OK(shelf_add(w.db, feature_schema(),
			    STR("{\"calibration\":{\"of\":1}}"),
			    (struct str){w.bytes.p, w.bytes.len}, true, &next,
			    &e),
		  &e);
	assert_int_equal(w.id, 1);
	w.id = next;
	assert_true(look(&w).features.drifted);
	assert_int_equal(look(&w).means.judged, 0);
	world_close(&w);
	free(c.home);
	free(c.retrain_at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(means),
		cmocka_unit_test(what_holds_raises_no_alarm),
		cmocka_unit_test(each_watch_sees),
		cmocka_unit_test(tasks_are_judged),
		cmocka_unit_test(by_class),
		cmocka_unit_test(the_janitor_says_so),
		cmocka_unit_test(the_janitor_serves_the_rest),
	};

	return harness_main("drift", tests, sizeof(tests) / sizeof(tests[0]));
}
