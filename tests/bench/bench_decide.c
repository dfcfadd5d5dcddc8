/* What a decision costs: five forests of 300 trees of depth 6 over one row,
 * beside XGBoost's own prediction in place of the same forests in the same
 * seconds; a whole decision of sixteen forests; features and a decision.
 * Training takes about half a minute. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/base/alloc.h"
#include "router/bundle_build.h"
#include "router/router.h"
#include "router/stat.h"
#include "router/xgb.h"

#define ROWS   10000
#define COLS   64
#define MODELS 5
#define ARMS   8 /* two forests each */
#define TREES  300
#define REPS   6000
#define PROTOS BUNDLE_PROTOS_MAX

static uint64_t dice = 5;
static bool json;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void result(const char *name, double v, const char *unit)
{
	if (json)
		printf("{\"name\":\"%s\",\"value\":%.2f,\"unit\":\"%s\"}\n",
		       name, v, unit);
	else
		printf("%-24s %10.2f %s\n", name, v, unit);
}

static double told(const char *name, double *us, int n)
{
	char key[64];

	qsort(us, (size_t)n, sizeof(*us), by_value);
	snprintf(key, sizeof(key), "%s_p50", name);
	result(key, us[n / 2], "us");
	snprintf(key, sizeof(key), "%s_p99", name);
	result(key, us[n * 99 / 100], "us");
	return us[n / 2];
}

static void die_if(enum rc rc, const struct err *e)
{
	if (!rc)
		return;
	fprintf(stderr, "%s\n", e->msg);
	exit(1);
}

static void fill_row(float *x)
{
	for (int c = 0; c < COLS; c++) {
		double u = stat_uniform(&dice);

		x[c] = u < 0.05 ? NAN : (float)stat_uniform(&dice);
	}
}

static struct xgb_model *grow(const float *x, int seed, struct buf *packed)
{
	float *y = xcalloc(ROWS, sizeof(*y));
	struct xgb_rows r = {x, ROWS, COLS, y, NULL};
	struct xgb_model *m;
	struct xgb_opts o;
	struct buf text;
	struct err e;

	for (int i = 0; i < ROWS; i++) {
		const float *v = x + (size_t)i * COLS;
		float s = 0;

		for (int c = 0; c < COLS; c++)
			s += isnan(v[c]) ? 0
					 : v[c] * (float)((c * seed) % 7 - 3);
		y[i] = s + 4 * (float)stat_uniform(&dice) > 2;
	}
	xgb_defaults(&o);
	o.trees = TREES;
	o.depth = 6;
	o.eta = 0.05F;
	o.patience = 0;
	o.child = 1;
	die_if(xgb_train(&m, &r, NULL, &o, &e), &e);
	buf_init(&text, (size_t)256 << 20);
	buf_init(packed, (size_t)64 << 20);
	die_if(xgb_json(m, &text, &e), &e);
	die_if(forest_pack(packed, (struct str){text.p, text.len},
			   feature_total(), &e),
	       &e);
	buf_release(&text);
	free(y);
	return m;
}

static double by_library(struct xgb_model **m, const float *row, float *p)
{
	double start = now_us();
	struct err e;

	for (int k = 0; k < MODELS; k++)
		die_if(xgb_predict_row(m[k], row, COLS, &p[k], &e), &e);
	return now_us() - start;
}

static double by_forests(const struct forest *f, const float *row, float *p)
{
	double start = now_us();

	forest_predict_many(f, MODELS, row, p);
	return now_us() - start;
}

/* Library and reader take turns of `turn` rows: of one row each finds its
 * trees thrown out of the cache by the other. */
static void beside(struct xgb_model **m, const struct forest *f, const float *x,
		   int turn, const char *how)
{
	double *lib = xcalloc(REPS, sizeof(*lib));
	double *own = xcalloc(REPS, sizeof(*own)), a, b;
	float *p = xcalloc(REPS * MODELS, sizeof(*p));
	float *q = xcalloc(REPS * MODELS, sizeof(*q));
	char name[64];

	for (int from = 0; from < REPS; from += turn) {
		for (int k = 0; k < 2 * turn; k++) {
			int i = from + k % turn;
			float row[FEATURE_ALL_MAX] = {0};

			memcpy(row, x + (size_t)(i % ROWS) * COLS,
			       COLS * sizeof(*row));
			if (k < turn)
				lib[i] = by_library(m, row, p + i * MODELS);
			else
				own[i] = by_forests(f, row, q + i * MODELS);
		}
	}
	snprintf(name, sizeof(name), "xgboost_%s", how);
	a = told(name, lib, REPS);
	snprintf(name, sizeof(name), "forests_%s", how);
	b = told(name, own, REPS);
	snprintf(name, sizeof(name), "times_faster_%s", how);
	result(name, a / b, "x");
	result("values_that_differ",
	       memcmp(p, q, REPS * MODELS * sizeof(*p)) != 0, "");
	free(lib);
	free(own);
	free(p);
	free(q);
}

/* ---- a bundle of sixteen forests ---- */

static float *noise(size_t n)
{
	float *p = xcalloc(n, sizeof(*p));

	for (size_t i = 0; i < n; i++)
		p[i] = (float)stat_uniform(&dice);
	return p;
}

static void add_derive(struct bundle_build *b)
{
	size_t f = (size_t)feature_count();
	struct derive_tables t = {
		(int)f,
		PROTOS,
		32,
		noise(f),
		noise(f * DERIVE_DIMS),
		noise((size_t)PROTOS * DERIVE_DIMS),
		noise((size_t)PROTOS * TIERS),
		noise(PROTOS),
		noise((size_t)32 * DERIVE_DIMS),
		noise((size_t)32 * TIERS),
	};

	bundle_build_derive(b, &t);
}

static struct bundle *make_bundle(const struct buf *packed)
{
	struct bundle_build *b = bundle_build_new();
	static char names[ARMS][8];
	float rate[ARMS], seen[ARMS], cost[ARMS];
	struct bundle_class c = {.name = STR("fleet"),
				 .parent = -1,
				 .tasks = 1000,
				 .floor = 1,
				 .rate = rate,
				 .seen = seen,
				 .cost = cost,
				 .tier_rate = {0.5F, 0.6F, 0.7F, 0.8F, 0.9F},
				 .policy = {.kind = POLICY_LEARNED,
					    .low = 0,
					    .high = 1,
					    .lambda = 1,
					    .accept = 0.9F,
					    .accept_rate = 0.6F}};
	struct bundle *out;
	static struct buf bytes;
	struct err e;

	for (int i = 0; i < ARMS; i++) {
		struct bundle_arm a = {.tier = i * 5 / ARMS + 1,
				       .own = true,
				       .price_unit = 1e6F};

		snprintf(names[i], sizeof(names[i]), "arm%d", i);
		a.name = str_from(names[i]);
		for (int k = 0; k < 2; k++) {
			struct buf copy;
			uint32_t kind = (uint32_t)k;

			buf_init(&copy, (size_t)64 << 20);
			buf_add(&copy, packed[(i + k) % MODELS].p,
				packed[(i + k) % MODELS].len);
			memcpy(copy.p + 4, &kind, sizeof(kind));
			*(k ? &a.cost : &a.success) = bundle_build_forest(
				b, (struct str){copy.p, copy.len});
			buf_release(&copy);
		}
		rate[i] = 0.5F;
		seen[i] = 100;
		cost[i] = 1000;
		bundle_build_arm(b, &a);
	}
	bundle_build_class(b, &c);
	add_derive(b);
	buf_init(&bytes, BUNDLE_BYTES_MAX);
	die_if(bundle_build_write(b, &bytes, &e), &e);
	die_if(bundle_view(&out, bytes.p, bytes.len, &e), &e);
	bundle_build_free(b);
	result("bundle", (double)bytes.len / 1e6, "MB");
	return out;
}

static void decisions(const struct bundle *b)
{
	static const char prose[] =
		"The `separability_matrix` does not compute separability "
		"correctly for nested models\nWhy does this fail? See "
		"src/a/b.py:12 and fix it.\n";
	double *us = xcalloc(REPS, sizeof(*us));
	char names[ARMS][8], text[4096];
	struct route_arm arm[ARMS];
	float x[FEATURE_MAX];
	struct decision d;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = prose[i % (sizeof(prose) - 1)];
	for (int i = 0; i < ARMS; i++) {
		snprintf(names[i], sizeof(names[i]), "arm%d", i);
		arm[i] = (struct route_arm){str_from(names[i]),
					    i * 5 / ARMS + 1,
					    1000000,
					    100000,
					    5000000,
					    0,
					    true};
	}
	for (int with = 0; with < 2; with++) {
		for (int i = 0; i < REPS; i++) {
			struct route_ask a = {.x = x,
					      .n_x = feature_count(),
					      .class_name = STR("coding"),
					      .arms = arm,
					      .n_arms = ARMS,
					      .pinned = -1,
					      .budget_left_pusd = -1,
					      .explore = 0.02,
					      .target = 1,
					      .seed = (uint64_t)i};

			for (int k = 0; k < feature_count(); k++)
				x[k] = (float)stat_uniform(&dice);
			text[0] = (char)i;
			us[i] = now_us();
			if (with)
				feature_vector((struct str){text, sizeof(text)},
					       NULL, x);
			router_decide(b, &a, &d);
			us[i] = now_us() - us[i];
		}
		told(with ? "features_4k_and_decide" : "decide_16_forests", us,
		     REPS);
	}
	free(us);
}

int main(int argc, char **argv)
{
	float *x = xcalloc((size_t)ROWS * COLS, sizeof(*x));
	struct xgb_model *m[MODELS];
	struct buf packed[MODELS];
	struct forest f[MODELS];
	struct bundle *b;
	struct err e;

	json = argc > 1 && !strcmp(argv[1], "--json");
	for (size_t i = 0; i < ROWS; i++)
		fill_row(x + i * COLS);
	for (int k = 0; k < MODELS; k++) {
		m[k] = grow(x, k + 2, &packed[k]);
		die_if(forest_open(&f[k], packed[k].p, packed[k].len, NULL, &e),
		       &e);
	}
	result("forest", (double)packed[0].len / 1e3, "kB");
	beside(m, f, x, 100, "warm");
	beside(m, f, x, 1, "cold");
	b = make_bundle(packed);
	decisions(b);
	bundle_drop(b);
	for (int k = 0; k < MODELS; k++) {
		xgb_free(m[k]);
		buf_release(&packed[k]);
	}
	free(x);
	return 0;
}
