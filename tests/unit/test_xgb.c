/* The gate to XGBoost: it learns, stops early, is the same with any number of
 * threads, and refuses what cannot be trained on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "router/xgb.h"

#define ROWS 2000
#define COLS 4

static float x[ROWS * COLS], y[ROWS], w[ROWS];
static struct xgb_rows fit = {x, 1000, COLS, y, w};
static struct xgb_rows held = {x + 1000 * COLS, 1000, COLS, y + 1000, NULL};

static uint32_t step(uint32_t *s)
{
	*s = *s * 1664525 + 1013904223;
	return *s >> 8;
}

/* Success is likelier where the first column is high and the second is not
 * missing. */
static int set_up(void **state)
{
	uint32_t s = 7;

	(void)state;
	for (int i = 0; i < ROWS; i++) {
		double p;

		for (int c = 0; c < COLS; c++)
			x[i * COLS + c] = (float)(step(&s) % 1000) / 1000;
		if (step(&s) % 4 == 0)
			x[i * COLS + 1] = NAN;
		p = 0.2 + 0.5 * (double)x[i * COLS] +
		    (isnan(x[i * COLS + 1]) ? 0 : 0.2);
		y[i] = step(&s) % 1000 < (uint32_t)(p * 1000);
		w[i] = 1;
	}
	return 0;
}

static struct xgb_model *train(const struct xgb_rows *h, struct xgb_opts *o)
{
	struct xgb_model *m;
	struct err e = {"", ""};

	if (xgb_train(&m, &fit, h, o, &e))
		fail_msg("%s", e.msg);
	return m;
}

static double log_loss(const float *p, const float *label, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum -= log(label[i] > 0 ? (double)p[i] : 1 - (double)p[i]);
	return sum / n;
}

static void test_learns(void **state)
{
	struct xgb_opts o;
	struct xgb_model *m, *again;
	float p[1000], q[1000];
	struct buf json;
	struct err e;

	(void)state;
	xgb_defaults(&o);
	m = train(&held, &o);
	assert_in_range(xgb_trees(m), 1, 200); /* it stopped early */
	assert_int_equal(xgb_predict(m, held.x, 1000, COLS, p, &e), RC_OK);
	/* Better than the overall rate, which scores about 0.67. */
	assert_true(log_loss(p, held.y, 1000) < 0.66);
	buf_init(&json, 16 << 20);
	assert_int_equal(xgb_json(m, &json, &e), RC_OK);
	assert_int_equal(xgb_load(&again, (struct str){json.p, json.len}, &e),
			 RC_OK);
	assert_int_equal(xgb_trees(again), xgb_trees(m));
	assert_int_equal(xgb_predict(again, held.x, 1000, COLS, q, &e), RC_OK);
	assert_memory_equal(p, q, sizeof(p));
	buf_release(&json);
	xgb_free(again);
	xgb_free(m);
}

static void test_values(void **state)
{
	struct xgb_opts o;
	struct xgb_rows r = fit;
	struct xgb_model *m;
	float want[1000], p[1000];
	struct err e;
	double worst = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		want[i] = 10 + 4 * x[i * COLS + 2];
	r.y = want;
	xgb_defaults(&o);
	o.kind = FOREST_VALUE;
	assert_int_equal(xgb_train(&m, &r, NULL, &o, &e), RC_OK);
	assert_int_equal(xgb_trees(m), o.trees);
	assert_int_equal(xgb_predict(m, x, 1000, COLS, p, &e), RC_OK);
	for (int i = 0; i < 1000; i++)
		worst = fmax(worst, fabs((double)(p[i] - want[i])));
	assert_true(worst < 0.2);
	xgb_free(m);
}

static void json_of(struct buf *b, uint64_t seed, int threads)
{
	struct xgb_opts o;
	struct xgb_model *m;
	struct err e;

	xgb_defaults(&o);
	o.seed = seed;
	o.threads = threads;
	o.rows_share = 0.7F;
	o.cols_share = 0.7F;
	m = train(&held, &o);
	assert_int_equal(xgb_json(m, b, &e), RC_OK);
	xgb_free(m);
}

static void test_same(void **state)
{
	struct buf a, b, c;

	(void)state;
	buf_init(&a, 16 << 20);
	buf_init(&b, 16 << 20);
	buf_init(&c, 16 << 20);
	json_of(&a, 5, 1);
	json_of(&b, 5, 2);
	json_of(&c, 6, 1);
	assert_string_equal(buf_str(&a), buf_str(&b));
	assert_string_not_equal(buf_str(&a), buf_str(&c));
	buf_release(&a);
	buf_release(&b);
	buf_release(&c);
}

static void test_bad(void **state)
{
	struct xgb_opts o;
	struct xgb_rows r = fit;
	struct xgb_model *m;
	float labels[1000] = {0};
	struct err e;

	(void)state;
	xgb_defaults(&o);
	r.n = 0;
	assert_int_equal(xgb_train(&m, &r, NULL, &o, &e), RC_BAD);
	assert_null(m);
	r.n = 1000;
	r.y = labels;
	labels[3] = NAN;
	assert_int_equal(xgb_train(&m, &r, NULL, &o, &e), RC_BAD);
	labels[3] = 2; /* no probability: the library itself refuses */
	assert_int_equal(xgb_train(&m, &r, NULL, &o, &e), RC_BAD);
	assert_true(e.msg[0] != 0);
	assert_int_equal(xgb_load(&m, STR("{}"), &e), RC_BAD);
	/* All labels the same: a constant. */
	labels[3] = 0;
	assert_int_equal(xgb_train(&m, &r, &held, &o, &e), RC_OK);
	assert_in_range(xgb_trees(m), 1, o.trees);
	xgb_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learns),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
