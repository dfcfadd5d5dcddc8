#include "router/xgb.h"

#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xgboost/c_api.h>

#include "ledger/base/alloc.h"

#define LIBRARY "libxgboost.so.0"

#define FUNCTIONS(X)                                                           \
	X(XGBGetLastError)                                                     \
	X(XGBRegisterLogCallback)                                              \
	X(XGDMatrixCreateFromDense)                                            \
	X(XGDMatrixSetFloatInfo)                                               \
	X(XGDMatrixFree)                                                       \
	X(XGBoosterCreate)                                                     \
	X(XGBoosterFree)                                                       \
	X(XGBoosterSetParam)                                                   \
	X(XGBoosterUpdateOneIter)                                              \
	X(XGBoosterEvalOneIter)                                                \
	X(XGBoosterBoostedRounds)                                              \
	X(XGBoosterSlice)                                                      \
	X(XGBoosterPredictFromDMatrix)                                         \
	X(XGBoosterPredictFromDense)                                           \
	X(XGProxyDMatrixCreate)                                                \
	X(XGBoosterSaveModelToBuffer)                                          \
	X(XGBoosterLoadModelFromBuffer)

/* clang-format off */
static struct {
#define MEMBER(f) __typeof__(f) *f;
	FUNCTIONS(MEMBER)
#undef MEMBER
} api;
/* clang-format on */

struct xgb_model {
	BoosterHandle booster;
	DMatrixHandle row; /* of xgb_predict_row(), when it was called */
	int trees;
};

static void be_silent(const char *line)
{
	(void)line;
}

static bool find(void *lib, const char *name, void *slot)
{
	void *f = dlsym(lib, name);

	memcpy(slot, &f, sizeof(f));
	return f != NULL;
}

/* RC_DOWN with a hint when the library is not installed. */
static enum rc xgb_open(struct err *e)
{
	static bool open;
	void *lib;
	bool all = true;

	if (open)
		return RC_OK;
	/* Read by OpenMP when it is loaded. Threads that spin while they wait
	 * made training nine times slower beside another process. */
	setenv("OMP_WAIT_POLICY", "passive", 0);
	lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!lib) {
		err_set(e, RC_DOWN, "XGBoost cannot be loaded: %s", dlerror());
		err_hint(e, "install the Debian package libxgboost0");
		return RC_DOWN;
	}
#define FIND(f) all = find(lib, #f, &api.f) && all;
	FUNCTIONS(FIND)
#undef FIND
	if (!all) {
		dlclose(lib);
		return err_set(e, RC_DOWN, "%s lacks functions of version 1.7",
			       LIBRARY);
	}
	api.XGBRegisterLogCallback(be_silent);
	open = true;
	return RC_OK;
}

/* The library's error, its first line. */
static enum rc failed(struct err *e, const char *what)
{
	const char *why = api.XGBGetLastError();
	const char *line = strchr(why, '\n');

	return err_set(e, RC_BAD, "%s: %.*s", what,
		       line ? (int)(line - why) : (int)strlen(why), why);
}

void xgb_defaults(struct xgb_opts *o)
{
	*o = (struct xgb_opts){
		.kind = FOREST_LOGISTIC,
		.trees = 300,
		.depth = 6,
		.eta = 0.1F,
		.child = 5,
		.lambda = 2,
		.rows_share = 1,
		.cols_share = 1,
		.patience = 20,
		.seed = 1,
		.threads = 1,
	};
}

static bool all_finite(const float *v, size_t n)
{
	for (size_t i = 0; v && i < n; i++) {
		if (!isfinite(v[i]))
			return false;
	}
	return true;
}

/* The library copies the rows. */
static enum rc rows_open(DMatrixHandle *out, const float *x, size_t n, int cols,
			 int threads, struct err *e)
{
	char data[128], how[64];

	snprintf(data, sizeof(data),
		 "{\"data\":[%zu,true],\"shape\":[%zu,%d],"
		 "\"typestr\":\"<f4\",\"version\":3}",
		 (size_t)(uintptr_t)x, n, cols);
	snprintf(how, sizeof(how), "{\"missing\":NaN,\"nthread\":%d}", threads);
	if (api.XGDMatrixCreateFromDense(data, how, out))
		return failed(e, "rows");
	return RC_OK;
}

static enum rc labels_set(DMatrixHandle h, const struct xgb_rows *r,
			  struct err *e)
{
	if (!all_finite(r->y, r->n) || !all_finite(r->w, r->n))
		return err_set(e, RC_BAD, "labels or weights are not finite");
	if (api.XGDMatrixSetFloatInfo(h, "label", r->y, r->n) ||
	    (r->w && api.XGDMatrixSetFloatInfo(h, "weight", r->w, r->n)))
		return failed(e, "labels");
	return RC_OK;
}

static double mean_label(const struct xgb_rows *r)
{
	double sum = 0, weight = 0;

	for (size_t i = 0; i < r->n; i++) {
		double w = r->w ? (double)r->w[i] : 1;

		sum += w * (double)r->y[i];
		weight += w;
	}
	return weight > 0 ? sum / weight : 0;
}

static enum rc params_set(BoosterHandle b, const struct xgb_rows *fit,
			  const struct xgb_opts *o, struct err *e)
{
	bool logistic = o->kind == FOREST_LOGISTIC;
	double base = mean_label(fit);
	char v[8][32];
	struct {
		const char *name, *value;
	} p[] = {
		{"objective",
		 logistic ? "binary:logistic" : "reg:squarederror"},
		{"eval_metric", logistic ? "logloss" : "rmse"},
		{"tree_method", "hist"},
		{"verbosity", "0"},
		{"max_depth", v[0]},
		{"eta", v[1]},
		{"min_child_weight", v[2]},
		{"lambda", v[3]},
		{"subsample", v[4]},
		{"colsample_bytree", v[5]},
		{"nthread", v[6]},
		{"base_score", v[7]},
		{"seed", NULL},
	};
	char seed[32];

	if (logistic)
		base = fmin(fmax(base, 0.001), 0.999);
	snprintf(v[0], sizeof(v[0]), "%d", o->depth);
	snprintf(v[1], sizeof(v[1]), "%.6g", (double)o->eta);
	snprintf(v[2], sizeof(v[2]), "%.6g", (double)o->child);
	snprintf(v[3], sizeof(v[3]), "%.6g", (double)o->lambda);
	snprintf(v[4], sizeof(v[4]), "%.6g", (double)o->rows_share);
	snprintf(v[5], sizeof(v[5]), "%.6g", (double)o->cols_share);
	snprintf(v[6], sizeof(v[6]), "%d", o->threads > 0 ? o->threads : 1);
	snprintf(v[7], sizeof(v[7]), "%.6g", base);
	snprintf(seed, sizeof(seed), "%u", (unsigned)(o->seed & 0x7fffffff));
	p[sizeof(p) / sizeof(p[0]) - 1].value = seed;
	for (size_t i = 0; i < sizeof(p) / sizeof(p[0]); i++) {
		if (api.XGBoosterSetParam(b, p[i].name, p[i].value))
			return failed(e, p[i].name);
	}
	return RC_OK;
}

/* The loss after a round, "[3]\theld-logloss:0.61". */
static enum rc loss(BoosterHandle b, int round, DMatrixHandle held, double *out,
		    struct err *e)
{
	const char *name = "held", *text, *colon;

	if (api.XGBoosterEvalOneIter(b, round, &held, &name, 1, &text))
		return failed(e, "evaluation");
	colon = strrchr(text, ':');
	*out = colon ? strtod(colon + 1, NULL) : NAN;
	return RC_OK;
}

/* Rounds until the loss on `held` has not fallen for `patience` of them;
 * *best: how many to keep. */
static enum rc grow(BoosterHandle b, DMatrixHandle fit, DMatrixHandle held,
		    const struct xgb_opts *o, int *best, struct err *e)
{
	double least = INFINITY, now = 0;
	enum rc rc = RC_OK;

	*best = 0;
	for (int i = 0; i < o->trees && !rc; i++) {
		if (api.XGBoosterUpdateOneIter(b, i, fit))
			return failed(e, "training");
		if (!held || o->patience <= 0) {
			*best = i + 1;
			continue;
		}
		rc = loss(b, i, held, &now, e);
		if (now < least || i == 0) {
			least = now;
			*best = i + 1;
		} else if (i + 1 - *best >= o->patience) {
			break;
		}
	}
	return rc;
}

static enum rc keep_best(struct xgb_model *m, int grown, struct err *e)
{
	BoosterHandle cut = NULL;

	if (m->trees >= grown)
		return RC_OK;
	if (api.XGBoosterSlice(m->booster, 0, m->trees, 1, &cut))
		return failed(e, "cutting trees");
	api.XGBoosterFree(m->booster);
	m->booster = cut;
	return RC_OK;
}

enum rc xgb_train(struct xgb_model **out, const struct xgb_rows *fit,
		  const struct xgb_rows *held, const struct xgb_opts *o,
		  struct err *e)
{
	struct xgb_model *m = xcalloc(1, sizeof(*m));
	DMatrixHandle d[2] = {NULL, NULL};
	int grown = 0;
	enum rc rc = xgb_open(e);

	if (held && (!held->n || o->patience <= 0))
		held = NULL;
	if (!rc && (!fit->n || fit->cols < 1 || o->trees < 1))
		rc = err_set(e, RC_BAD, "nothing to train on");
	if (!rc)
		rc = rows_open(&d[0], fit->x, fit->n, fit->cols, o->threads, e);
	if (!rc)
		rc = labels_set(d[0], fit, e);
	if (!rc && held)
		rc = rows_open(&d[1], held->x, held->n, held->cols, o->threads,
			       e);
	if (!rc && held)
		rc = labels_set(d[1], held, e);
	if (!rc && api.XGBoosterCreate(d, held ? 2 : 1, &m->booster))
		rc = failed(e, "training");
	if (!rc)
		rc = params_set(m->booster, fit, o, e);
	if (!rc)
		rc = grow(m->booster, d[0], d[1], o, &m->trees, e);
	if (!rc && api.XGBoosterBoostedRounds(m->booster, &grown))
		rc = failed(e, "training");
	if (!rc)
		rc = keep_best(m, grown, e);
	for (int i = 0; i < 2; i++) {
		if (d[i])
			api.XGDMatrixFree(d[i]);
	}
	if (rc) {
		xgb_free(m);
		m = NULL;
	}
	*out = m;
	return rc;
}

void xgb_free(struct xgb_model *m)
{
	if (!m)
		return;
	if (m->row)
		api.XGDMatrixFree(m->row);
	if (m->booster)
		api.XGBoosterFree(m->booster);
	free(m);
}

int xgb_trees(const struct xgb_model *m)
{
	return m->trees;
}

enum rc xgb_json(const struct xgb_model *m, struct buf *out, struct err *e)
{
	const char *p;
	bst_ulong n;

	if (api.XGBoosterSaveModelToBuffer(m->booster, "{\"format\":\"json\"}",
					   &n, &p))
		return failed(e, "writing the model");
	buf_add(out, p, n);
	return buf_ok(out) ? RC_OK : err_set(e, RC_BAD, "the model is too big");
}

enum rc xgb_predict(const struct xgb_model *m, const float *x, size_t n,
		    int cols, float *out, struct err *e)
{
	static const char how[] =
		"{\"type\":0,\"training\":false,\"iteration_begin\":0,"
		"\"iteration_end\":0,\"strict_shape\":false}";
	const bst_ulong *shape;
	bst_ulong dims;
	const float *p;
	DMatrixHandle d = NULL;
	enum rc rc = RC_OK;

	if (!n)
		return RC_OK;
	rc = rows_open(&d, x, n, cols, 1, e);
	if (rc)
		return rc;
	if (api.XGBoosterPredictFromDMatrix(m->booster, d, how, &shape, &dims,
					    &p))
		rc = failed(e, "prediction");
	else if (dims != 1 || shape[0] != n)
		rc = err_set(e, RC_BUG, "prediction: an odd shape");
	else
		memcpy(out, p, n * sizeof(*out));
	api.XGDMatrixFree(d);
	return rc;
}

enum rc xgb_predict_row(struct xgb_model *m, const float *x, int cols,
			float *out, struct err *e)
{
	static const char how[] =
		"{\"type\":0,\"training\":false,\"iteration_begin\":0,"
		"\"iteration_end\":0,\"strict_shape\":false,"
		"\"missing\":NaN,\"cache_id\":0}";
	const bst_ulong *shape;
	const float *p;
	bst_ulong dims;
	char data[128];

	if (!m->row && api.XGProxyDMatrixCreate(&m->row))
		return failed(e, "a row");
	snprintf(data, sizeof(data),
		 "{\"data\":[%zu,true],\"shape\":[1,%d],"
		 "\"typestr\":\"<f4\",\"version\":3}",
		 (size_t)(uintptr_t)x, cols);
	if (api.XGBoosterPredictFromDense(m->booster, data, how, m->row, &shape,
					  &dims, &p))
		return failed(e, "prediction");
	*out = *p;
	return RC_OK;
}

enum rc xgb_load(struct xgb_model **out, struct str json, struct err *e)
{
	struct xgb_model *m = xcalloc(1, sizeof(*m));
	enum rc rc = xgb_open(e);

	if (!rc && api.XGBoosterCreate(NULL, 0, &m->booster))
		rc = failed(e, "reading the model");
	if (!rc &&
	    (api.XGBoosterLoadModelFromBuffer(m->booster, json.p, json.len) ||
	     api.XGBoosterBoostedRounds(m->booster, &m->trees)))
		rc = failed(e, "reading the model");
	if (rc) {
		xgb_free(m);
		m = NULL;
	}
	*out = m;
	return rc;
}
