/* A night on which the candidate is refused and the probabilities of what
 * serves hold no more: the same version with other calibrations is published,
 * as one of its own, with a certificate that says so. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/json.h"
#include "ledger/event.h"
#include "ledger/shelf.h"
#include "router/bundle_build.h"
#include "router/retrain.h"
#include "router/stat.h"
#include "tests/int/harness.h"
#include "tests/int/ledger_help.h"

#define TASKS 800
#define ARMS  3

/* A task an hour up to NOW; its words tell how hard it is. */
static void add_trials(struct batch *b)
{
	uint64_t r = 11;

	for (int i = 0; i < TASKS * ARMS; i++) {
		static double hard;
		static float x[FEATURE_MAX];
		static int n;
		int task = i / ARMS, arm = i % ARMS;
		char id[32], model[8], attrs[40];
		struct ev_trial t = {
			.source = STR("bench"),
			.task_class = STR("math"),
			.input_tokens = USAGE_NONE,
			.output_tokens = USAGE_NONE,
			.api_calls = USAGE_NONE,
			.cost_pusd = (int64_t)(1e10 * pow(3, arm)),
			.at_us = NOW - (TASKS - task) * 3600 * US_PER_SEC,
			.features = x,
			.feature_schema = feature_schema(),
		};
		struct err e = {0};

		if (!arm) {
			hard = stat_uniform(&r);
			n = feature_text(hard < 0.5 ? STR("list the names")
						    : STR("prove the deadlock "
							  "and the race"),
					 x);
		}
		snprintf(id, sizeof(id), "t%d", task);
		snprintf(model, sizeof(model), "m%d", arm);
		snprintf(attrs, sizeof(attrs), "{\"repo\":\"r%d\"}", task / 2);
		t.task_ext_id = str_from(id);
		t.model = str_from(model);
		t.attrs = str_from(attrs);
		t.n_features = n;
		t.success_micro = stat_uniform(&r) < 0.9 - 0.3 * (hard >= 0.5) -
							     0.15 * (2 - arm)
					  ? 1000000
					  : 0;
		ASSERT_OK(batch_trial(b, &t, &e), &e);
	}
}

static void options(struct db *db, struct retrain_opts *o)
{
	retrain_defaults(o);
	o->db = db;
	o->publish = true;
	o->now_us = NOW;
	o->train.trees = 15;
	o->train.folds = 2;
	o->train.protos = 50;
}

/* What the first night trained, with probabilities that say too little. */
static int32_t distort(struct db *db, const struct retrain_result *r)
{
	const struct calibration low = {
		.n = 2, .x = {0, 1}, .y = {0.05F, 0.2F}};
	struct bundle_build *b;
	struct buf bytes;
	struct err e = {0};
	int32_t id = 0;

	ASSERT_OK(bundle_build_from(
			  &b, (struct str){r->bundle.p, r->bundle.len}, &e),
		  &e);
	for (int a = 0; a < ARMS; a++)
		bundle_build_recalibrate(b, a, &low, 0.02F);
	buf_init(&bytes, BUNDLE_BYTES_MAX);
	ASSERT_OK(bundle_build_write(b, &bytes, &e), &e);
	ASSERT_OK(shelf_add(db, feature_schema(),
			    (struct str){r->certificate.p, r->certificate.len},
			    (struct str){bytes.p, bytes.len}, true, &id, &e),
		  &e);
	bundle_build_free(b);
	buf_release(&bytes);
	return id;
}

static int32_t serving(struct db *db)
{
	struct err e = {0};
	int32_t id = 0;

	ASSERT_OK(shelf_serving(db, &id, &e), &e);
	return id;
}

static struct retrain_result *night(struct db *db, const struct retrain_opts *o)
{
	static struct retrain_result r;
	struct err e = {0};

	(void)db;
	retrain_result_init(&r);
	ASSERT_OK(retrain(o, &r, &e), &e);
	assert_true(r.judged);
	return &r;
}

#define DRIFT                                                                  \
	"SELECT coalesce((certificate #>> '{drift,state}') || ' ' || "         \
	"(certificate #>> '{drift,parts}'), 'none') FROM bundle WHERE state "  \
	"= 'serving'"

static void said(struct db *db, int32_t id, const char *state)
{
	char members[160];
	struct err e = {0};

	snprintf(members, sizeof(members),
		 "{\"drift\":{\"state\":\"%s\",\"parts\":\"1\",\"by\":"
		 "\"means\"}}",
		 state);
	ASSERT_OK(shelf_note(db, id, str_from(members), &e), &e);
}

/* Let a version serve that did. */
static int32_t again(struct db *db, int32_t id)
{
	struct err e = {0};

	ASSERT_OK(shelf_promote(db, id, &e), &e);
	return id;
}

static void only_calibrations(void **state)
{
	const char *url = harness_db("refresh");
	struct ledger *l = open_ledger(url);
	struct db *db = harness_open(url);
	struct batch *b = batch_new(16 << 20);
	struct retrain_opts o;
	struct retrain_result *r;
	int32_t off;

	(void)state;
	add_trials(b);
	append(l, b);
	options(db, &o);
	r = night(db, &o);
	assert_int_equal(r->tasks, TASKS);
	assert_int_equal(r->arms, ARMS);
	assert_true(r->id > 0);
	off = distort(db, r);
	retrain_result_release(r);
	assert_int_equal(serving(db), off);
	/* Too few to let another one serve, whatever it is like. */
	o.gate.min_tasks = TASKS;
	o.publish = false;
	r = night(db, &o);
	assert_true(r->looked && r->recal.passed && !r->recal_id);
	assert_int_equal(serving(db), off); /* nothing was published */
	retrain_result_release(r);
	o.publish = true;
	said(db, off, "part");
	r = night(db, &o);
	assert_false(r->published);
	assert_true(r->looked && r->recal.passed);
	assert_true(r->recal.ece < r->recal.ece_was);
	assert_int_equal(serving(db), r->recal_id);
	assert_int_equal(
		harness_sql_i64(db, "SELECT (certificate #>> "
				    "'{calibration,of}')::bigint FROM bundle "
				    "WHERE state = 'serving'"),
		off);
	assert_string_equal(
		harness_sql_text(db, "SELECT (certificate #>> '{gate,passed}') "
				     "|| ' ' || (certificate ? 'classes') FROM "
				     "bundle WHERE state = 'serving'"),
		"true true");
	/* What drifted in a class alone is not mended by that. */
	assert_string_equal(harness_sql_text(db, DRIFT), "part 1");
	/* In general it is. */
	off = again(db, off);
	said(db, off, "drifted");
	retrain_result_release(r);
	r = night(db, &o);
	assert_true(r->recal_id > off);
	assert_string_equal(harness_sql_text(db, DRIFT), "none");
	off = r->recal_id;
	retrain_result_release(r);
	/* Now they hold. */
	r = night(db, &o);
	assert_true(r->looked && !r->recal.passed && !r->recal_id);
	assert_int_equal(serving(db), off);
	retrain_result_release(r);
	batch_free(b);
	ledger_close(l);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_calibrations),
	};

	return harness_main("refresh", tests, sizeof(tests) / sizeof(tests[0]));
}
