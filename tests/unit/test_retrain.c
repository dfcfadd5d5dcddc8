/* What a retraining does without a ledger, which rows judge, and how the
 * calibrations of what serves are refreshed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "router/bundle_build.h"
#include "router/retrain.h"
#include "router/stat.h"
#include "tests/unit/matrix_make.h"

#define TASKS 1800
#define ARMS  3
#define BEGIN INT64_C(1780000000000000)
#define HOUR  (3600 * US_PER_SEC)

static struct matrix m;

/* A task an hour. */
static void made(bool dated)
{
	struct make_opts with = {.tasks = TASKS,
				 .arms = ARMS,
				 .classes = 3,
				 .group_size = 2,
				 .prompts = true,
				 .seed = 8};

	make_matrix(&m, &with);
	for (int t = 0; t < m.n_tasks && dated; t++)
		m.tasks[t].at_us = BEGIN + t * HOUR;
}

/* ---- sides ---- */

static int judged(const enum mx_side *side)
{
	int n = 0;

	for (int t = 0; t < TASKS; t++)
		n += side[t] == MX_JUDGE;
	return n;
}

static void the_later_judge(void **state)
{
	enum mx_side side[TASKS];

	(void)state;
	made(true);
	retrain_sides(&m, 1, side);
	assert_in_range(judged(side), TASKS / 4 - 1, TASKS / 4 + 1);
	for (int t = 1; t < TASKS; t++)
		assert_true(side[t] == side[t - 1] || side[t] == MX_JUDGE);
	/* All at once, and undated: a quarter of the groups. */
	for (int dated = 0; dated < 2; dated++) {
		for (int t = 0; t < TASKS; t++)
			m.tasks[t].at_us = dated ? BEGIN + t : TIME_NONE;
		retrain_sides(&m, 1, side);
		assert_in_range(judged(side), TASKS / 5, TASKS / 3);
		for (int t = 1; t < TASKS; t++)
			assert_true(m.tasks[t].group != m.tasks[t - 1].group ||
				    side[t] == side[t - 1]);
	}
	matrix_release(&m);
}

/* ---- from files ---- */

/* A file may hold what the ledger judges by: nothing of that is fitted on. */
static void files_know_no_judged_task(void **state)
{
	enum mx_side side[TASKS], of_files[TASKS];
	struct matrix files;
	struct make_opts with = {.tasks = TASKS,
				 .arms = ARMS,
				 .classes = 3,
				 .group_size = 2,
				 .seed = 9};

	(void)state;
	made(true);
	make_matrix(&files, &with);
	files.tasks[TASKS - 1].source = STR("elsewhere");
	retrain_sides(&m, 1, side);
	assert_true(side[TASKS - 1] == MX_JUDGE);
	retrain_file_sides(&files, &m, side, of_files);
	for (int t = 0; t < TASKS - 1; t++)
		assert_true(of_files[t] ==
			    (side[t] == MX_JUDGE ? MX_OUT : MX_FIT));
	assert_true(of_files[TASKS - 1] == MX_FIT);
	matrix_release(&files);
	matrix_release(&m);
}

static void write_outcomes(char *path, int tasks)
{
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	uint64_t r = 6;

	assert_non_null(f);
	for (int t = 0; t < tasks; t++) {
		for (int a = 0; a < 2; a++)
			fprintf(f,
				"{\"source\":\"made\",\"task_id\":\"t%d\","
				"\"task_class\":\"c\",\"prompt\":\"sort %d\","
				"\"model\":\"m%d\",\"success\":%d,"
				"\"cost_usd\":%d.5}\n",
				t, t, a, stat_uniform(&r) < 0.4 + 0.4 * a,
				1 + a);
	}
	fclose(f);
}

static void files_are_learnt_from(void **state)
{
	char path[] = "/tmp/aco-retrain-XXXXXX";
	const char *const files[] = {path};
	struct retrain_opts o;
	struct retrain_result r;
	struct err e = {"", ""};

	(void)state;
	write_outcomes(path, 150);
	retrain_defaults(&o);
	o.files = files;
	o.n_files = 1;
	o.train.trees = 5;
	o.train.protos = 20;
	retrain_result_init(&r);
	assert_int_equal(retrain(&o, &r, &e), RC_OK);
	assert_int_equal(r.tasks, 150);
	assert_int_equal(r.arms, 2);
	assert_true(r.bundle.len > 0);
	/* Nothing serves that it could be compared with. */
	assert_false(r.judged || r.published || r.looked);
	assert_true(
		str_contains((struct str){r.certificate.p, r.certificate.len},
			     "\"classes\":["));
	assert_false(str_contains(
		(struct str){r.certificate.p, r.certificate.len}, "\"gate\""));
	retrain_result_release(&r);
	retrain_result_init(&r);
	o.min_tasks = 151;
	assert_int_equal(retrain(&o, &r, &e), RC_BAD);
	assert_non_null(strstr(e.msg, "150 judged tasks are too few"));
	retrain_result_release(&r);
	unlink(path);
}

/* ---- calibrations ---- */

/* Fitted on the earlier half, which it says, or on the other. */
static void fit_on(struct buf *bytes, bool says, bool earlier)
{
	enum mx_side side[TASKS];
	struct train_opts o;
	struct err e = {"", ""};

	for (int t = 0; t < TASKS; t++)
		side[t] = (t < TASKS / 2) == earlier ? MX_FIT : MX_JUDGE;
	train_defaults(&o);
	o.trees = 15;
	o.folds = 2;
	o.protos = 50;
	if (says)
		o.fitted_us = BEGIN + (TASKS / 2 - 1) * HOUR;
	buf_init(bytes, BUNDLE_BYTES_MAX);
	if (train_fit(bytes, &m, side, &o, &e))
		fail_msg("%s", e.msg);
}

static void fit_half(struct buf *bytes, bool says)
{
	fit_on(bytes, says, true);
}

/* The same with probabilities that say too little. */
static void distort(struct buf *bytes)
{
	const struct calibration low = {.n = 2, .x = {0, 1}, .y = {0.1F, 0.3F}};
	struct bundle_build *b;
	struct buf other;
	struct err e = {"", ""};

	assert_int_equal(
		bundle_build_from(&b, (struct str){bytes->p, bytes->len}, &e),
		RC_OK);
	for (int a = 0; a < ARMS; a++)
		bundle_build_recalibrate(b, a, &low, 0.02F);
	buf_init(&other, BUNDLE_BYTES_MAX);
	assert_int_equal(bundle_build_write(b, &other, &e), RC_OK);
	bundle_build_free(b);
	buf_release(bytes);
	*bytes = other;
}

static struct recal look(const struct buf *bytes, const struct recal_opts *o,
			 struct buf *out)
{
	struct recal r;
	struct err e = {"", ""};

	buf_init(out, BUNDLE_BYTES_MAX);
	if (recalibrate((struct str){bytes->p, bytes->len}, &m, o, out, &r, &e))
		fail_msg("%s", e.msg);
	assert_true(r.passed == (out->len > 0));
	return r;
}

static void good_ones_stay(void **state)
{
	struct recal_opts o;
	struct buf bytes, out;
	struct recal r;

	(void)state;
	made(true);
	recal_defaults(&o);
	fit_half(&bytes, true);
	r = look(&bytes, &o, &out);
	assert_false(r.passed);
	assert_int_equal(r.arms, ARMS);
	/* Two thirds of the later half, all arms; a third. */
	assert_in_range(r.rows, TASKS * 3 / 2 * 3 / 5, TASKS * 3 / 2 * 4 / 5);
	assert_int_equal(r.rows + r.judged, TASKS / 2 * ARMS);
	assert_non_null(strstr(r.reason, "hold"));
	o.min_rows = TASKS;
	r = look(&bytes, &o, &out);
	assert_int_equal(r.arms, 0);
	assert_non_null(strstr(r.reason, "too few"));
	buf_release(&bytes);
	fit_half(&bytes, false);
	r = look(&bytes, &o, &out);
	assert_non_null(strstr(r.reason, "does not say"));
	buf_release(&bytes);
	matrix_release(&m);
}

static void bad_ones_are_mended(void **state)
{
	const struct bundle_arm *was, *is;
	struct bundle *before, *after;
	struct recal_opts o;
	struct buf bytes, out, again, json;
	struct json_out w;
	struct recal r;
	struct err e = {"", ""};

	(void)state;
	made(true);
	recal_defaults(&o);
	fit_half(&bytes, true);
	distort(&bytes);
	r = look(&bytes, &o, &out);
	assert_true(r.passed);
	assert_true(r.better_low > 0 && r.brier < r.brier_was);
	assert_true(r.ece_was > 0.2 && r.ece < 0.06);
	assert_int_equal(bundle_view(&before, bytes.p, bytes.len, &e), RC_OK);
	assert_int_equal(bundle_view(&after, out.p, out.len, &e), RC_OK);
	/* Nothing else has changed. */
	assert_int_equal(bundle_forests(before, &(const struct forest *){0}),
			 bundle_forests(after, &(const struct forest *){0}));
	assert_true(
		str_eq(bundle_certificate(before), bundle_certificate(after)));
	assert_int_equal(bundle_arms(before, &was), ARMS);
	assert_int_equal(bundle_arms(after, &is), ARMS);
	for (int a = 0; a < ARMS; a++) {
		assert_true(is[a].cal.n > 1);
		assert_true(calibrate(&was[a].cal, 0.9F) < 0.3F);
		assert_true(calibrate(&is[a].cal, 0.9F) > 0.5F);
		assert_int_equal(is[a].success, was[a].success);
	}
	/* What was mended holds. */
	r = look(&out, &o, &again);
	assert_false(r.passed);
	assert_non_null(strstr(r.reason, "hold"));
	buf_init(&json, 65536);
	json_out_init(&w, &json);
	json_out_obj(&w, NULL);
	recal_json(&r, 7, BEGIN, 1, &w);
	json_out_end(&w, '}');
	assert_true(str_contains(str_from(buf_str(&json)),
				 "\"calibration\":{\"of\":7,\"at\":\"2026-"));
	buf_release(&json);
	bundle_drop(before);
	bundle_drop(after);
	buf_release(&bytes);
	buf_release(&out);
	matrix_release(&m);
}

/* What was learned returns only where it does what serves instead no worse. */
static void returns_if_no_worse(void **state)
{
	struct recal_opts o;
	struct buf bytes, out, better;
	struct bundle *off, *best;
	struct recal r;
	struct err e = {"", ""};

	(void)state;
	made(true);
	recal_defaults(&o);
	fit_half(&bytes, true);
	distort(&bytes);
	assert_int_equal(bundle_view(&off, bytes.p, bytes.len, &e), RC_OK);
	bundle_demote(off, "all");
	o.serving = off;
	r = look(&bytes, &o, &out);
	assert_true(r.passed && r.returns);
	buf_release(&out);
	/* One that knows the tasks that it is judged by. */
	fit_on(&better, false, false);
	assert_int_equal(bundle_view(&best, better.p, better.len, &e), RC_OK);
	o.serving = best;
	r = look(&bytes, &o, &out);
	assert_true(r.passed && !r.returns);
	bundle_drop(off);
	bundle_drop(best);
	buf_release(&better);
	buf_release(&bytes);
	buf_release(&out);
	matrix_release(&m);
}

/* Where lots were drawn a verdict counts as often as lots fall otherwise, in
 * what judges too: good ones ten times here, which says that nearly all is
 * good. */
static void lots_count(void **state)
{
	struct recal_opts o;
	struct buf bytes, out;
	struct recal r;

	(void)state;
	made(true);
	recal_defaults(&o);
	fit_half(&bytes, true);
	for (int t = TASKS / 2; t < TASKS; t++)
		for (int a = 0; a < ARMS; a++) {
			struct mx_cell *c = matrix_cell(&m, t, a);

			c->propensity = c->success > 0 ? 0.1F : 1;
		}
	r = look(&bytes, &o, &out);
	assert_true(r.better_low > 0 && r.brier < r.brier_was);
	assert_true(r.ece < r.ece_was);
	buf_release(&bytes);
	buf_release(&out);
	matrix_release(&m);
}

static void no_bundle(void **state)
{
	struct recal_opts o;
	struct recal r;
	struct buf out;
	struct err e = {"", ""};

	(void)state;
	made(true);
	recal_defaults(&o);
	buf_init(&out, BUNDLE_BYTES_MAX);
	assert_int_equal(recalibrate(STR("no bundle"), &m, &o, &out, &r, &e),
			 RC_BAD);
	matrix_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_later_judge),
		cmocka_unit_test(files_know_no_judged_task),
		cmocka_unit_test(files_are_learnt_from),
		cmocka_unit_test(good_ones_stay),
		cmocka_unit_test(bad_ones_are_mended),
		cmocka_unit_test(returns_if_no_worse),
		cmocka_unit_test(lots_count),
		cmocka_unit_test(no_bundle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
