/* Forests read from XGBoost's models predict what XGBoost predicts, to the
 * bit, on rows it never saw, with missing values and odd numbers; damaged
 * bytes and foreign models are refused; an explanation adds up. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "router/forest_int.h"
#include "router/xgb.h"

#define COLS  70
#define FIT   3000
#define ROWS  4000
#define MODEL ((size_t)64 << 20)

static float *fit_x, *fit_y, *rows;

static uint64_t rnd(void)
{
	static uint64_t s = 42;

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s;
}

/* Thresholds are made around the numbers that are trained on; beside the
 * largest ones the library makes infinite thresholds, which are refused. */
static float any_value(bool fit)
{
	static const float odds[] = {
		-0.0F,        0.0F,          1e-40F,   -1e-40F, FLT_MIN,
		FLT_TRUE_MIN, -FLT_TRUE_MIN, 1.0F,     -1.0F,   0.5F,
		16777216.0F,  -FLT_MIN,      -FLT_MAX, FLT_MAX};

	if (rnd() % 10 == 0)
		return NAN;
	if (rnd() % 6 == 0)
		return odds[rnd() % (fit ? 12 : 14)];
	switch (rnd() % 3) {
	case 0:
		return (float)(rnd() % 20);
	case 1:
		return (float)((double)(rnd() % 2000001) / 1e6 - 1);
	default:
		return (float)(rnd() % 1000) / 7;
	}
}

static int set_up(void **state)
{
	(void)state;
	fit_x = xcalloc((size_t)FIT * COLS, sizeof(float));
	fit_y = xcalloc(FIT, sizeof(float));
	rows = xcalloc((size_t)ROWS * COLS, sizeof(float));
	for (size_t i = 0; i < (size_t)FIT * COLS; i++)
		fit_x[i] = any_value(true);
	for (size_t i = 0; i < FIT; i++) {
		const float *x = &fit_x[i * COLS];
		double p = 0.2 + (x[0] > 0.5F ? 0.3 : 0) +
			   (isnan(x[1]) ? 0.2 : 0) +
			   (x[2] * x[3] > 0 ? 0.2 : 0);

		fit_y[i] = (double)(rnd() % 1000) < p * 1000;
	}
	for (size_t i = 0; i < (size_t)ROWS * COLS; i++)
		rows[i] = any_value(false);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(fit_x);
	free(fit_y);
	free(rows);
	return 0;
}

static struct xgb_model *grow(enum forest_kind kind, int trees, int depth)
{
	struct xgb_rows r = {fit_x, FIT, COLS, fit_y, NULL};
	struct xgb_model *m;
	struct xgb_opts o;
	struct err e;

	xgb_defaults(&o);
	o.kind = kind;
	o.trees = trees;
	o.depth = depth;
	o.patience = 0;
	o.threads = 1;
	if (xgb_train(&m, &r, NULL, &o, &e))
		fail_msg("%s", e.msg);
	return m;
}

static void packed(const struct xgb_model *m, int cols, struct buf *out)
{
	struct buf json;
	struct err e;

	buf_init(&json, MODEL);
	buf_init(out, MODEL);
	if (xgb_json(m, &json, &e) ||
	    forest_pack(out, (struct str){json.p, json.len}, cols, &e))
		fail_msg("%s", e.msg);
	buf_release(&json);
}

static void opened(struct forest *f, const struct buf *b)
{
	size_t used;
	struct err e;

	if (forest_open(f, b->p, b->len, &used, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(used, b->len);
	assert_int_equal(used % 64, 0);
}

static void same_bits(enum forest_kind kind, int trees, int depth)
{
	struct xgb_model *m = grow(kind, trees, depth);
	float *want = xcalloc(ROWS, sizeof(float)), got[2];
	struct forest f[2];
	struct buf b;
	struct err e;
	int n = 0;

	packed(m, COLS, &b);
	opened(&f[0], &b);
	f[1] = f[0];
	assert_int_equal(f->trees, trees);
	assert_int_equal(f->depth, depth);
	if (xgb_predict(m, rows, ROWS, COLS, want, &e))
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < ROWS; i++) {
		const float *x = &rows[i * COLS];

		got[0] = forest_predict(f, x);
		n += memcmp(&got[0], &want[i], sizeof(float)) != 0;
		forest_predict_many(f, 2, x, got);
		n += memcmp(&got[1], &want[i], sizeof(float)) != 0;
	}
	assert_int_equal(n, 0);
	free(want);
	buf_release(&b);
	xgb_free(m);
}

static void test_equal(void **state)
{
	(void)state;
	same_bits(FOREST_LOGISTIC, 61, 6);
	same_bits(FOREST_LOGISTIC, 3, 1);
	same_bits(FOREST_LOGISTIC, 20, 9);
	same_bits(FOREST_VALUE, 40, 5);
	same_bits(FOREST_VALUE, 1, 3);
}

/* The library refuses rows with infinities. Nothing is beyond them: they go
 * where the largest numbers go. */
static void test_infinite(void **state)
{
	struct xgb_model *m = grow(FOREST_LOGISTIC, 30, 6);
	struct forest f;
	struct buf b;

	(void)state;
	packed(m, COLS, &b);
	opened(&f, &b);
	for (size_t i = 0; i < 500; i++) {
		float x[COLS], y[COLS];

		memcpy(x, &rows[i * COLS], sizeof(x));
		memcpy(y, x, sizeof(y));
		for (int c = 0; c < COLS; c += 3) {
			x[c] = rnd() % 2 ? INFINITY : -INFINITY;
			y[c] = x[c] > 0 ? FLT_MAX : -FLT_MAX;
			/* unless a threshold is just there */
			if (rnd() % 4 == 0)
				x[c] = y[c] = NAN;
		}
		for (int t = 0; t < f.trees << f.depth; t++) {
			const struct forest_node *n = f.nodes;

			assert_true(n[t].threshold > -FLT_MAX);
		}
		assert_true(fabsf(forest_margin(&f, x) -
				  forest_margin(&f, y)) <= 0);
	}
	buf_release(&b);
	xgb_free(m);
}

static void test_explain(void **state)
{
	struct xgb_model *m = grow(FOREST_LOGISTIC, 50, 6);
	double by_column[COLS] = {0};
	struct forest f;
	struct buf b;

	(void)state;
	packed(m, COLS + 5, &b);
	opened(&f, &b);
	assert_int_equal(f.features, COLS + 5);
	for (size_t i = 0; i < 300; i++) {
		float x[COLS + 5], out[COLS + 6];
		double sum = 0;

		memset(x, 0, sizeof(x));
		memcpy(x, &rows[i * COLS], COLS * sizeof(float));
		forest_explain(&f, x, out);
		for (int c = 0; c < COLS + 6; c++)
			sum += (double)out[c];
		assert_true(fabs(sum - (double)forest_margin(&f, x)) < 1e-4);
		for (int c = 0; c < COLS; c++)
			by_column[c] += fabs((double)out[c]);
		for (int c = COLS; c < COLS + 5; c++)
			assert_true(fabs((double)out[c]) <= 0);
	}
	for (int c = 4; c < COLS; c++) /* what was planted moves most */
		assert_true(by_column[0] > by_column[c]);
	buf_release(&b);
	xgb_free(m);
}

/* Every byte of a packed forest, changed: refused, or walked within bounds
 * (the sanitizers watch). */
static void test_damaged(void **state)
{
	struct xgb_model *m = grow(FOREST_VALUE, 9, 3);
	struct forest f;
	struct buf b;
	struct err e;
	char *copy;
	float sum = 0;

	(void)state;
	packed(m, COLS, &b);
	copy = xcalloc(1, b.len);
	for (size_t i = 0; i < b.len; i++) {
		memcpy(copy, b.p, b.len);
		copy[i] = (char)(copy[i] ^ (1 << rnd() % 8));
		if (!forest_open(&f, copy, b.len, NULL, &e) &&
		    f.features <= COLS)
			sum += forest_margin(&f, rows);
		assert_int_equal(forest_open(&f, b.p, i, NULL, &e), RC_BAD);
	}
	assert_true(sum < 0 || sum >= 0 || isnan(sum));
	memset(copy, 0, b.len);
	assert_int_equal(forest_open(&f, copy, b.len, NULL, &e), RC_BAD);
	free(copy);
	buf_release(&b);
	xgb_free(m);
}

static void replaced(struct buf *out, const struct buf *in, const char *what,
		     const char *with)
{
	const char *p = memmem(in->p, in->len, what, strlen(what));

	assert_non_null(p);
	buf_init(out, MODEL);
	buf_add(out, in->p, (size_t)(p - in->p));
	buf_adds(out, with);
	p += strlen(what);
	buf_add(out, p, (size_t)(in->p + in->len - p));
}

/* What is not understood is refused, and says what it is. */
static void test_foreign(void **state)
{
	static const struct {
		const char *what, *with, *says;
	} cases[] = {
		{"\"gbtree\"", "\"gblinear\"", "gbtree"},
		{"binary:logistic", "multi:softprob", "objective"},
		{"binary:logistic", "count:poisson", "objective"},
		{"\"num_class\":\"0\"", "\"num_class\":\"3\"", "outputs"},
		{"\"num_class\":\"0\",\"num_feature\":\"70\"",
		 "\"num_class\":\"0\",\"num_feature\":\"700\"", "columns"},
		{"\"categories_nodes\":[]", "\"categories_nodes\":[1]",
		 "category"},
		{"\"left_children\":[1,", "\"left_children\":[99999,",
		 "understood"},
		{"\"left_children\":[1,", "\"left_children\":[0,", "deeper"},
		{"\"split_indices\":[", "\"split_indices\":[1e9,", "underst"},
		{"\"base_score\":\"", "\"base_score\":\"9", "base"},
		{"\"base_score\":\"", "\"base_score\":\"x", "base"},
		{"\"split_conditions\":[", "\"split_conditions\":[Infinity,",
		 "expected a value"},
		{"\"learner\"", "\"leaner\"", "gbtree"},
		{"{", "", "model"},
	};
	struct xgb_model *m = grow(FOREST_LOGISTIC, 4, 3);
	struct buf json, bad, out;
	struct err e;

	(void)state;
	buf_init(&json, MODEL);
	buf_init(&out, MODEL);
	assert_int_equal(xgb_json(m, &json, &e), RC_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		replaced(&bad, &json, cases[i].what, cases[i].with);
		assert_int_equal(forest_pack(&out, (struct str){bad.p, bad.len},
					     COLS, &e),
				 RC_BAD);
		if (!strstr(e.msg, cases[i].says))
			fail_msg("'%s' does not speak of %s", e.msg,
				 cases[i].says);
		assert_int_equal(out.len, 0);
		buf_release(&bad);
	}
	assert_int_equal(
		forest_pack(&out, (struct str){json.p, json.len}, 10, &e),
		RC_BAD);
	assert_int_equal(
		forest_pack(&out, (struct str){json.p, json.len}, 1000, &e),
		RC_BAD);
	assert_int_equal(forest_pack(&out, STR("[]"), COLS, &e), RC_BAD);
	buf_release(&json);
	xgb_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),   cmocka_unit_test(test_infinite),
		cmocka_unit_test(test_explain), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
