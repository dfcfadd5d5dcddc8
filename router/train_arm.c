/* The models of each arm: will it succeed, what will it cost. Each is trained
 * once for every fold that is left out, which says how it does on rows that it
 * has not seen, and once on all rows, which is what is written. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/stat.h"
#include "router/train_int.h"
#include "router/xgb.h"

#define MINORITY       8 /* verdicts of the rarer kind, for a model */
#define PROPENSITY_MIN 0.05F
#define JSON_MAX       ((size_t)64 << 20)
#define BLOCK_MIN                                                              \
	20 /* groups' worth of outcomes in a step of a                         \
	      calibration */
#define COST_TREES 100
#define COST_DEPTH 4

struct set {
	struct xgb_rows rows;
	float *x, *y, *w;
	int *row; /* of the fit */
};

static void set_free(struct set *s)
{
	free(s->x);
	free(s->y);
	free(s->w);
	free(s->row);
}

/* A failure that a stronger arm would have mended weighs more: it fails a whole
 * run, while a needless strong arm costs a little. */
static float asymmetry(const struct fit *f, int i, int arm, float success)
{
	if (success >= 0.5F)
		return 1;
	for (int a = 0; a < f->arms; a++) {
		if (arm_tier(f, a) > arm_tier(f, arm) &&
		    fit_cell(f, i, a)->success >= 0.5F)
			return (float)f->o->under_weight;
	}
	return 1;
}

static float weight(const struct fit *f, int i, int arm)
{
	float e = fit_cell(f, i, arm)->propensity;

	if (!(e > 0) || e > 1)
		e = 1;
	return f->row[i].weight / fmaxf(e, PROPENSITY_MIN);
}

/* The label of a row; NaN: none. Where there is no vector the class decides,
 * and nothing is to be learnt for it. */
static float label(const struct fit *f, int i, int arm, bool cost)
{
	const struct mx_cell *c = fit_cell(f, i, arm);
	double unit = f->arm[arm].unit;

	if (!fit_vector(f, i))
		return NAN;
	if (!cost)
		return c->success;
	if (!isfinite(c->success) || c->cost_pusd == MONEY_NONE ||
	    c->cost_pusd <= 0)
		return NAN;
	return (float)(log((double)c->cost_pusd) +
		       (unit > 0 ? log(1000 / unit) : 0));
}

/* Rows of an arm: all folds but `but`, or `only` one (NO_FOLD: not so). */
static void set_make(struct set *s, const struct fit *f, int arm, bool cost,
		     int but, int only)
{
	size_t n = 0, cols = (size_t)f->columns;

	s->x = xcalloc((size_t)f->n * cols + 1, sizeof(float));
	s->y = xcalloc((size_t)f->n + 1, sizeof(float));
	s->w = xcalloc((size_t)f->n + 1, sizeof(float));
	s->row = xcalloc((size_t)f->n + 1, sizeof(int));
	for (int i = 0; i < f->n; i++) {
		float y = label(f, i, arm, cost);

		if (!isfinite(y) || (but != NO_FOLD && f->row[i].fold == but) ||
		    (only != NO_FOLD && f->row[i].fold != only))
			continue;
		fit_input(f, i, but, s->x + n * cols);
		s->y[n] = y;
		s->w[n] = weight(f, i, arm);
		if (!cost)
			s->w[n] *= asymmetry(f, i, arm, y);
		s->row[n++] = i;
	}
	s->rows = (struct xgb_rows){s->x, n, f->columns, s->y, s->w};
}

static void options(const struct fit *f, bool cost, int arm, struct xgb_opts *o)
{
	xgb_defaults(o);
	o->kind = cost ? FOREST_VALUE : FOREST_LOGISTIC;
	o->trees = cost && f->o->trees > COST_TREES ? COST_TREES : f->o->trees;
	o->depth = cost && f->o->depth > COST_DEPTH ? COST_DEPTH : f->o->depth;
	o->threads = f->o->threads > 0 ? f->o->threads : 1;
	o->cols_share = 0.65F;
	if (!cost) {
		o->eta = 0.06F;
		o->child = 6;
	}
	o->rows_share = 0.8F;
	o->seed = stat_mix(f->o->seed + (uint64_t)arm * 2 + cost);
}

/* Out-of-fold predictions of all rows of a fold. */
static enum rc predict_fold(const struct fit *f, const struct xgb_model *m,
			    int fold, float *out, struct err *e)
{
	size_t n = 0, cols = (size_t)f->columns;
	float *x = xcalloc((size_t)f->n * cols + 1, sizeof(float));
	float *p = xcalloc((size_t)f->n + 1, sizeof(float));
	enum rc rc;

	for (int i = 0; i < f->n; i++) {
		if (f->row[i].fold == fold)
			fit_input(f, i, NO_FOLD, x + n++ * cols);
	}
	rc = xgb_predict(m, x, n, f->columns, p, e);
	n = 0;
	for (int i = 0; i < f->n && !rc; i++) {
		if (f->row[i].fold != fold)
			continue;
		out[i] = fit_vector(f, i) ? p[n] : NAN;
		n++;
	}
	free(x);
	free(p);
	return rc;
}

/* Train without a fold; *trees: with so many, or (0) as many as that fold's
 * rows say, told there. */
static enum rc train_but(struct fit *f, int arm, bool cost, int fold,
			 int *trees, float *out, struct err *e)
{
	struct set fit, held = {0};
	struct xgb_model *m = NULL;
	struct xgb_opts o;
	enum rc rc;

	options(f, cost, arm, &o);
	set_make(&fit, f, arm, cost, fold, NO_FOLD);
	if (*trees)
		o.trees = *trees;
	else
		set_make(&held, f, arm, cost, NO_FOLD, fold);
	rc = xgb_train(&m, &fit.rows, *trees ? NULL : &held.rows, &o, e);
	if (!rc && !*trees)
		*trees = xgb_trees(m);
	if (!rc)
		rc = predict_fold(f, m, fold, out, e);
	xgb_free(m);
	set_free(&fit);
	set_free(&held);
	fit_progress(f, cost ? "costs" : "success", 1);
	return rc;
}

static enum rc train_all(struct fit *f, int arm, bool cost, int trees,
			 struct buf *json, struct err *e)
{
	struct set fit;
	struct xgb_model *m = NULL;
	struct xgb_opts o;
	enum rc rc;

	options(f, cost, arm, &o);
	o.trees = trees;
	set_make(&fit, f, arm, cost, NO_FOLD, NO_FOLD);
	rc = xgb_train(&m, &fit.rows, NULL, &o, e);
	if (!rc)
		rc = xgb_json(m, json, e);
	xgb_free(m);
	set_free(&fit);
	fit_progress(f, cost ? "costs" : "success", 1);
	return rc;
}

/* Labels by fold, and how many verdicts of the rarer kind. */
static int count_labels(const struct fit *f, int arm, bool cost,
			int rows[FOLDS_MAX], double *rarer)
{
	double good = 0;
	int n = 0;

	memset(rows, 0, FOLDS_MAX * sizeof(*rows));
	for (int i = 0; i < f->n; i++) {
		float y = label(f, i, arm, cost);

		if (!isfinite(y))
			continue;
		rows[f->row[i].fold]++;
		n++;
		good += (double)y;
	}
	*rarer = fmin(good, n - good);
	return n;
}

/* Both models of an arm, where there is enough to learn from; out: their
 * predictions out of fold, NaN where there is none. */
static enum rc train_model(struct fit *f, int arm, bool cost, float *out,
			   struct buf *json, struct err *e)
{
	int rows[FOLDS_MAX], n, stop = 0, trees = 0;
	double rarer;
	enum rc rc = RC_OK;

	for (int i = 0; i < f->n; i++)
		out[i] = NAN;
	n = count_labels(f, arm, cost, rows, &rarer);
	for (int k = 1; k < f->folds; k++) {
		if (rows[k] > rows[stop])
			stop = k;
	}
	if (n < f->o->min_arm_rows || (!cost && rarer < MINORITY) ||
	    n - rows[stop] < f->o->min_arm_rows / 2) {
		fit_progress(f, "skipping", f->folds + 1);
		return RC_OK;
	}
	/* The fold with most rows tells how many trees are enough. */
	rc = train_but(f, arm, cost, stop, &trees, out, e);
	for (int k = 0; k < f->folds && !rc; k++) {
		if (k != stop)
			rc = train_but(f, arm, cost, k, &trees, out, e);
	}
	if (!rc)
		rc = train_all(f, arm, cost, trees, json, e);
	return rc;
}

/* ---- calibration ---- */

static void calibration(const struct fit *f, int arm, const float *raw, int but,
			struct calibration *c)
{
	float *p = xcalloc((size_t)f->n, sizeof(*p));
	float *y = xcalloc((size_t)f->n, sizeof(*y));
	float *w = xcalloc((size_t)f->n, sizeof(*w));
	size_t n = 0;

	for (int i = 0; i < f->n; i++) {
		if (f->row[i].fold == but)
			continue;
		p[n] = raw[i];
		y[n] = fit_cell(f, i, arm)->success;
		w[n++] = weight(f, i, arm);
	}
	calibrate_fit(c, p, y, w, n, BLOCK_MIN * f->group_rows);
	free(p);
	free(y);
	free(w);
}

/* Root mean square of what is left between probability and verdicts, over
 * blocks of equal mass. */
void fit_arm_spread(struct fit *f, int arm)
{
	float *p = xcalloc((size_t)f->n, sizeof(*p));
	float *y = xcalloc((size_t)f->n, sizeof(*y));
	size_t n = 0;
	double ece;

	for (int i = 0; i < f->n; i++) {
		float s = fit_cell(f, i, arm)->success;

		if (!isfinite(s))
			continue;
		p[n] = f->p[(size_t)i * (size_t)f->arms + (size_t)arm];
		y[n++] = s;
	}
	ece = calibrate_ece(p, y, n, 15);
	free(p);
	free(y);
	/* Of errors like a normal deviate's, this is the root mean square. */
	f->arm[arm].spread = (float)(ece * sqrt(3.14159265 / 2));
}

static void use_success(struct fit *f, int arm, const float *raw)
{
	struct fit_arm *to = &f->arm[arm];
	struct calibration c;

	calibration(f, arm, raw, NO_FOLD, &to->cal);
	for (int k = 0; k < f->folds; k++) {
		calibration(f, arm, raw, k, &c);
		for (int i = 0; i < f->n; i++) {
			if (f->row[i].fold == k)
				f->p[(size_t)i * (size_t)f->arms +
				     (size_t)arm] = calibrate(&c, raw[i]);
		}
	}
	to->own = true;
	fit_arm_spread(f, arm);
}

/* A mean of logarithms is not the logarithm of a mean: the shift makes the sum
 * of expected costs that of the costs (Duan's smearing). */
static void use_cost(struct fit *f, int arm, const float *raw)
{
	struct fit_arm *to = &f->arm[arm];
	double unit = to->unit > 0 ? to->unit / 1000 : 1, sum = 0, want = 0;

	for (int i = 0; i < f->n; i++) {
		const struct mx_cell *c = fit_cell(f, i, arm);

		if (!isfinite(label(f, i, arm, true)) || !isfinite(raw[i]))
			continue;
		sum += (double)f->row[i].weight * exp((double)raw[i]) * unit;
		want += (double)f->row[i].weight * (double)c->cost_pusd;
	}
	to->cost.shift = sum > 0 && want > 0 ? (float)log(want / sum) : 0;
	for (int i = 0; i < f->n; i++)
		f->cost[(size_t)i * (size_t)f->arms + (size_t)arm] =
			(float)(exp((double)(raw[i] + to->cost.shift)) * unit);
}

/* ---- all arms ---- */

/* The arm whose models serve one that has none: of the nearest tier, the one
 * with most rows. */
static int lender(const struct fit *f, int arm)
{
	int best = -1, rows[FOLDS_MAX], n, most = 0, gap, least = TIERS;
	double rarer;

	for (int a = 0; a < f->arms; a++) {
		if (!f->arm[a].own)
			continue;
		gap = abs(arm_tier(f, a) - arm_tier(f, arm));
		n = count_labels(f, a, false, rows, &rarer);
		if (best < 0 || gap < least || (gap == least && n > most)) {
			best = a;
			least = gap;
			most = n;
		}
	}
	return best;
}

/* Where there is no model the class speaks. */
static void fill(struct fit *f)
{
	struct rates r;

	rates_init(&r, f);
	for (int k = 0; k < f->folds; k++) {
		for (int c = 0; c < f->nodes; c++) {
			fit_rates(f, c, k, NO_FOLD, &r);
			for (int i = 0; i < f->n; i++) {
				size_t at = (size_t)i * (size_t)f->arms;

				if (f->row[i].fold != k || f->row[i].node != c)
					continue;
				for (int a = 0; a < f->arms; a++, at++) {
					if (!isfinite(f->p[at]))
						f->p[at] = r.rate[a];
					if (!isfinite(f->cost[at]))
						f->cost[at] = r.cost[a];
				}
			}
		}
	}
	rates_release(&r);
}

enum rc fit_arms(struct fit *f, struct err *e)
{
	size_t cells = (size_t)f->n * (size_t)f->arms;
	float *raw = xcalloc((size_t)f->n, sizeof(*raw));
	enum rc rc = RC_OK;

	f->arm = xcalloc((size_t)f->arms, sizeof(*f->arm));
	f->p = xcalloc(cells, sizeof(float));
	f->cost = xcalloc(cells, sizeof(float));
	f->todo = f->arms * 2.0 * (f->folds + 1);
	for (size_t i = 0; i < cells; i++)
		f->p[i] = f->cost[i] = NAN;
	for (int a = 0; a < f->arms && !rc; a++) {
		struct fit_arm *arm = &f->arm[a];

		arm->unit = f->m->arms[a].price_unit;
		buf_init(&arm->success.json, JSON_MAX);
		buf_init(&arm->cost.json, JSON_MAX);
		rc = train_model(f, a, false, raw, &arm->success.json, e);
		if (!rc && arm->success.json.len)
			use_success(f, a, raw);
		if (!rc)
			rc = train_model(f, a, true, raw, &arm->cost.json, e);
		if (!rc && arm->cost.json.len)
			use_cost(f, a, raw);
	}
	for (int a = 0; a < f->arms && !rc; a++)
		f->arm[a].lender = f->arm[a].own ? a : lender(f, a);
	if (!rc)
		fill(f);
	free(raw);
	return rc;
}

void fit_arms_release(struct fit *f)
{
	for (int a = 0; f->arm && a < f->arms; a++) {
		buf_release(&f->arm[a].success.json);
		buf_release(&f->arm[a].cost.json);
	}
	free(f->arm);
	free(f->p);
	free(f->cost);
}
