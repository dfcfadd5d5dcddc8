/* The accept model: whether a reply is good, by what was seen of it, by what
 * was expected of it and by what it cost. One model for all arms; a calibration
 * and a threshold for each class with replies enough, else those of the fleet.
 *
 * Thresholds are tested from the strictest down and the first that fails ends
 * it (a fixed sequence), so that the last one that passed holds at the stated
 * confidence without a correction for their number. A threshold passes while
 * the Clopper-Pearson upper bound on P(accepted and wrong) is within the
 * limit. Scores are out of fold, and so are their calibrations. Each fold has a
 * model of its own, and the one that serves is one more of them: where many
 * replies look the same (log-probabilities that are cut to 0), some of these
 * models put them all above a threshold and others all below, and what is true
 * of all folds together is true of no model. So no fold may surely be beyond
 * the limit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/evidence_run.h"
#include "ledger/money.h"
#include "router/accept.h"
#include "router/stat.h"
#include "router/train_int.h"
#include "router/xgb.h"

#define REPLIES_MIN 200 /* for a model */
#define CLASS_MIN   100 /* for a class's own calibration */
#define RARER_MIN   20
#define BLOCK_MIN   20
#define SHAPED_MAX  20000 /* replies; of more the fullest shape is right */
#define GOOD        0.5F  /* success at which a reply counts as good */
#define STRICTEST   99    /* hundredths */
#define LOOSEST     20

struct reply {
	int row, arm; /* of the fit */
	float x[ACCEPT_COLUMNS];
	float good;     /* its success, 0..1, on the scale of the arms' own
			   probabilities, with which it is compared */
	float score, p; /* out of fold: the model's, calibrated */
};

/* How full the model is. Few replies, of tasks of few repositories, tell their
 * noise to a full one; which does best is asked of the other folds. */
static const struct shape {
	int trees, depth;
	float eta, child, lambda, rows_share, cols_share;
} shapes[] = {
	{150, 5, 0.08F, 5, 2, 1, 1},
	{100, 3, 0.05F, 10, 5, 0.8F, 0.6F},
	{60, 2, 0.05F, 20, 10, 0.8F, 0.5F},
};
#define SHAPES ((int)(sizeof(shapes) / sizeof(shapes[0])))

struct accept {
	struct fit *f;
	struct reply *reply;
	size_t n;
	const struct shape *shape;
	double group_replies; /* of a group, in the mean */
};

/* A reply is a cell whose evidence or cost is known. */
static void find_replies(struct accept *a)
{
	const struct fit *f = a->f;

	a->reply =
		xcalloc((size_t)f->n * (size_t)f->arms + 1, sizeof(*a->reply));
	for (int i = 0; i < f->n; i++) {
		for (int k = 0; k < f->arms; k++) {
			const struct mx_cell *c = fit_cell(f, i, k);
			size_t at = (size_t)i * (size_t)f->arms + (size_t)k;
			struct reply *r = &a->reply[a->n];

			if (!isfinite(c->success) ||
			    (!c->evidence && c->cost_pusd == MONEY_NONE))
				continue;
			r->row = i;
			r->arm = k;
			r->good = c->success;
			r->score = r->p = NAN;
			accept_row(c->evidence, EVIDENCE_N, f->p[at],
				   c->cost_pusd == MONEY_NONE
					   ? 0
					   : (double)c->cost_pusd,
				   (double)f->cost[at], arm_tier(f, k) + 1,
				   f->row[i].node, r->x);
			a->n++;
		}
	}
}

/* Evidence of a run is known when the run has ended only: while it goes on, or
 * where nobody counts steps, the same model is asked without. So it sees each
 * such reply both ways. */
static size_t add_row(const struct reply *r, float *x, float *y)
{
	bool run = evidence_run_known(r->x, EVIDENCE_N);

	memcpy(x, r->x, sizeof(r->x));
	y[0] = r->good;
	if (!run)
		return 1;
	memcpy(x + ACCEPT_COLUMNS, r->x, sizeof(r->x));
	for (int i = EVIDENCE_RUN; i < EVIDENCE_N; i++)
		x[ACCEPT_COLUMNS + i] = NAN;
	y[1] = r->good;
	return 2;
}

/* Train on the replies of all folds but `but`. */
static enum rc train(const struct accept *a, int but, struct xgb_model **m,
		     struct err *e)
{
	const struct fit *f = a->f;
	float *x = xcalloc(2 * a->n, ACCEPT_COLUMNS * sizeof(*x));
	float *y = xcalloc(2 * a->n, sizeof(*y));
	size_t n = 0;
	struct xgb_rows rows;
	struct xgb_opts o;
	enum rc rc;

	for (size_t i = 0; i < a->n; i++) {
		if (f->row[a->reply[i].row].fold == but)
			continue;
		n += add_row(&a->reply[i], x + n * ACCEPT_COLUMNS, y + n);
	}
	rows = (struct xgb_rows){x, n, ACCEPT_COLUMNS, y, NULL};
	xgb_defaults(&o);
	o.trees = 2 * f->o->trees < a->shape->trees ? 2 * f->o->trees
						    : a->shape->trees;
	o.depth = f->o->depth < a->shape->depth ? f->o->depth : a->shape->depth;
	o.eta = a->shape->eta;
	o.child = a->shape->child;
	o.lambda = a->shape->lambda;
	o.rows_share = a->shape->rows_share;
	o.cols_share = a->shape->cols_share;
	o.threads = f->o->threads > 0 ? f->o->threads : 1;
	o.seed = stat_mix(f->o->seed + 977);
	rc = xgb_train(m, &rows, NULL, &o, e);
	free(x);
	free(y);
	return rc;
}

static enum rc score_fold(struct accept *a, int fold, struct err *e)
{
	float *x = xcalloc(a->n, ACCEPT_COLUMNS * sizeof(*x));
	float *p = xcalloc(a->n, sizeof(*p));
	struct xgb_model *m = NULL;
	size_t n = 0, at = 0;
	enum rc rc;

	for (size_t i = 0; i < a->n; i++) {
		if (a->f->row[a->reply[i].row].fold == fold)
			memcpy(x + n++ * ACCEPT_COLUMNS, a->reply[i].x,
			       ACCEPT_COLUMNS * sizeof(*x));
	}
	rc = n && n < a->n ? train(a, fold, &m, e) : RC_OK;
	if (!rc && m)
		rc = xgb_predict(m, x, n, ACCEPT_COLUMNS, p, e);
	for (size_t i = 0; i < a->n && !rc && m; i++) {
		if (a->f->row[a->reply[i].row].fold == fold)
			a->reply[i].score = a->reply[i].p = p[at++];
	}
	xgb_free(m);
	free(x);
	free(p);
	return rc;
}

/* Scores of all folds by a shape; the mean squared error of theirs. */
static enum rc score_all(struct accept *a, double *error, struct err *e)
{
	size_t n = 0;
	enum rc rc = RC_OK;

	for (int k = 0; k < a->f->folds && !rc; k++)
		rc = score_fold(a, k, e);
	*error = 0;
	for (size_t i = 0; i < a->n; i++) {
		double d = (double)(a->reply[i].score - a->reply[i].good);

		if (isnan(d))
			continue;
		*error += d * d;
		n++;
	}
	*error = n ? *error / (double)n : INFINITY;
	return rc;
}

/* Scores out of fold, by the shape that errs least there. */
static enum rc score(struct accept *a, struct err *e)
{
	double least = INFINITY, error;
	const struct shape *best = shapes;
	enum rc rc = RC_OK;

	for (int i = 0; i < SHAPES && a->n <= SHAPED_MAX && !rc; i++) {
		a->shape = &shapes[i];
		rc = score_all(a, &error, e);
		if (error < least) {
			least = error;
			best = a->shape;
		}
	}
	if (rc || a->shape == best)
		return rc;
	a->shape = best;
	return score_all(a, &error, e);
}

/* ---- a class ---- */

static void calibration(const struct accept *a, int node, int but,
			struct calibration *c)
{
	float *s = xcalloc(a->n, sizeof(*s)), *y = xcalloc(a->n, sizeof(*y));
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct reply *r = &a->reply[i];

		if (!fit_of_node(a->f, r->row, node) ||
		    a->f->row[r->row].fold == but)
			continue;
		s[n] = r->score;
		y[n++] = r->good;
	}
	/* Replies to tasks of a group share its fate. */
	calibrate_fit(c, s, y, NULL, n, BLOCK_MIN * a->group_replies);
	free(s);
	free(y);
}

/* Replies of a node that a threshold accepts, by fold. */
struct passed {
	int n, accepted, wrong;
	int fold_n[FOLDS_MAX], fold_wrong[FOLDS_MAX];
};

static void pass(const struct accept *a, int node, float least,
		 struct passed *out)
{
	*out = (struct passed){0};
	for (size_t i = 0; i < a->n; i++) {
		const struct reply *r = &a->reply[i];
		int fold = a->f->row[r->row].fold;
		bool take = r->p >= least;
		bool wrong = take && r->good < GOOD;

		if (!fit_of_node(a->f, r->row, node) || !isfinite(r->p))
			continue;
		out->n++;
		out->fold_n[fold]++;
		out->accepted += take;
		out->wrong += wrong;
		out->fold_wrong[fold] += wrong;
	}
}

static bool beyond(const struct passed *s, const struct train_opts *o)
{
	for (int k = 0; k < FOLDS_MAX; k++) {
		int n = s->fold_n[k], right = n - s->fold_wrong[k];

		if (n &&
		    1 - bound_upper(right, n, o->confidence) > o->false_accept)
			return true;
	}
	return bound_upper(s->wrong, s->n, o->confidence) > o->false_accept;
}

/* The loosest threshold that passes, 2: none does. */
static float threshold(const struct accept *a, int node, float *bound,
		       float *rate)
{
	const struct train_opts *o = a->f->o;
	float chosen = 2;

	*bound = *rate = 0;
	for (int t = STRICTEST; t >= LOOSEST; t--) {
		struct passed s;

		pass(a, node, (float)t / 100, &s);
		if (beyond(&s, o))
			break;
		if (!s.accepted)
			continue;
		chosen = (float)t / 100;
		*bound = (float)bound_upper(s.wrong, s.n, o->confidence);
		*rate = (float)s.accepted / (float)s.n;
	}
	return chosen;
}

/* Probabilities by calibrations of the class's own, where these err less on
 * rows that they were not made from than those of the class above. */
static bool recalibrate(struct accept *a, int node)
{
	const struct fit *f = a->f;
	float *own = xcalloc(a->n + 1, sizeof(*own));
	double error = 0;

	for (int k = 0; k < f->folds; k++) {
		struct calibration c;

		calibration(a, node, k, &c);
		for (size_t i = 0; i < a->n; i++) {
			const struct reply *r = &a->reply[i];
			double y = (double)r->good;

			if (f->row[r->row].fold != k ||
			    !fit_of_node(f, r->row, node))
				continue;
			own[i] = calibrate(&c, r->score);
			error += ((double)own[i] - y) * ((double)own[i] - y) -
				 ((double)r->p - y) * ((double)r->p - y);
		}
	}
	for (size_t i = 0; i < a->n && error < 0; i++) {
		if (fit_of_node(f, a->reply[i].row, node))
			a->reply[i].p = own[i];
	}
	free(own);
	return error < 0;
}

static void class_accept(struct accept *a, int node)
{
	struct fit *f = a->f;
	struct fit_accept *to = &f->accepts[node];
	size_t n = 0, good = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (!fit_of_node(f, a->reply[i].row, node))
			continue;
		n++;
		good += a->reply[i].good >= GOOD;
	}
	if (node &&
	    (n < CLASS_MIN || good < RARER_MIN || n - good < RARER_MIN)) {
		*to = f->accepts[f->node[node].parent];
		return;
	}
	if (node)
		to->cal = f->accepts[f->node[node].parent].cal;
	if (recalibrate(a, node))
		calibration(a, node, NO_FOLD, &to->cal);
	to->accept = threshold(a, node, &to->false_accept, &to->rate);
}

/* What decisions will see: nothing without evidence. */
static void keep_post(struct accept *a)
{
	struct fit *f = a->f;

	for (size_t i = 0; i < a->n; i++) {
		const struct reply *r = &a->reply[i];

		if (fit_cell(f, r->row, r->arm)->evidence)
			f->post[(size_t)r->row * (size_t)f->arms +
				(size_t)r->arm] = r->p;
	}
}

enum rc fit_accept(struct fit *f, struct err *e)
{
	struct accept a = {.f = f};
	struct xgb_model *m = NULL;
	size_t good = 0;
	enum rc rc = RC_OK;

	buf_init(&f->accept, (size_t)16 << 20);
	f->accepts = xcalloc((size_t)f->nodes, sizeof(*f->accepts));
	f->post = xcalloc((size_t)f->n * (size_t)f->arms, sizeof(*f->post));
	for (size_t i = 0; i < (size_t)f->n * (size_t)f->arms; i++)
		f->post[i] = NAN;
	for (int c = 0; c < f->nodes; c++)
		f->accepts[c].accept = 2;
	find_replies(&a);
	a.group_replies = (double)a.n * f->group_rows / f->n;
	for (size_t i = 0; i < a.n; i++)
		good += a.reply[i].good >= GOOD;
	if (a.n < REPLIES_MIN || good < RARER_MIN || a.n - good < RARER_MIN) {
		free(a.reply);
		return RC_OK;
	}
	rc = score(&a, e);
	if (!rc)
		rc = train(&a, NO_FOLD, &m, e);
	if (!rc)
		rc = xgb_json(m, &f->accept, e);
	for (int c = 0; c < f->nodes && !rc; c++)
		class_accept(&a, c);
	if (!rc)
		keep_post(&a);
	f->replies = (int)a.n;
	xgb_free(m);
	free(a.reply);
	return rc;
}
