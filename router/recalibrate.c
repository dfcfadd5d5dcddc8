#include "router/recalibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "router/bundle_build.h"
#include "router/router.h"
#include "router/stat.h"

#define SALT           0x7ec1
#define PARTS          3 /* one of which judges */
#define BINS           15
#define BLOCK_MIN      20 /* verdicts in a step of a calibration */
#define MINORITY       8  /* verdicts of the rarer kind */
#define PROPENSITY_MIN 0.05F

void recal_defaults(struct recal_opts *o)
{
	*o = (struct recal_opts){
		.min_rows = 100,
		.min_judged = 100,
		.from_us = TIME_NONE,
		.confidence = 0.95,
	};
	gate_defaults(&o->gate);
}

/* A verdict, and what a forest said before. */
struct seen {
	float score, y, weight;
	int arm; /* of the bundle */
	uint64_t group;
};

struct work {
	const struct bundle *b;
	const struct bundle_arm *arms;
	int n_arms;
	const struct forest *forests;
	const struct matrix *m;
	enum mx_side *side;
	struct seen *fit, *held;
	size_t n_fit, n_held;
	struct calibration cal[BUNDLE_ARMS_MAX];
	float spread[BUNDLE_ARMS_MAX];
	bool changed[BUNDLE_ARMS_MAX];
};

/* ---- what was seen since ---- */

static int64_t fitted_until(const struct bundle *b)
{
	int64_t at = TIME_NONE;
	struct json_doc d;
	struct arena a;
	struct err e;
	struct str text;

	json_doc_init(&d, (size_t)1 << 20);
	arena_init(&a, (size_t)4 << 20);
	if (!json_parse(&d, bundle_certificate(b), &e)) {
		text = json_str(json_path(&d.nodes[0], "window.fitted_until"),
				&a);
		if (!text.len || !clock_parse(text, &at))
			at = TIME_NONE;
	}
	arena_release(&a);
	json_doc_release(&d);
	return at;
}

static void split(struct work *w, int64_t from_us)
{
	for (int t = 0; t < w->m->n_tasks; t++) {
		const struct mx_task *task = &w->m->tasks[t];
		uint64_t lot = stat_mix(task->group ^ stat_mix(SALT)) % PARTS;

		w->side[t] = task->at_us == TIME_NONE || task->at_us <= from_us
				     ? MX_OUT
			     : lot ? MX_FIT
				   : MX_JUDGE;
	}
}

static int arm_named(const struct work *w, struct str name)
{
	for (int i = 0; i < w->n_arms; i++) {
		if (w->arms[i].own && w->arms[i].success >= 0 &&
		    str_eq(w->arms[i].name, name))
			return i;
	}
	return -1;
}

/* The columns of the models, as a decision makes them. */
static void columns(const struct work *w, const struct mx_task *t, float *row)
{
	struct str name =
		t->class_id >= 0 ? w->m->classes[t->class_id] : STR_NONE;
	const struct bundle_class *c = bundle_class_nearest(w->b, name);
	size_t n = (size_t)feature_count();

	memcpy(row, t->x, n * sizeof(*row));
	derive(bundle_derive(w->b), t->x, c->tier_rate, c->tasks, -1, row + n);
}

static void look(struct work *w, int task, const int *arm_of)
{
	const struct mx_task *t = &w->m->tasks[task];
	float row[FEATURE_ALL_MAX];
	bool ready = false;

	for (int a = 0; a < w->m->n_arms; a++) {
		const struct mx_cell *c = matrix_cell(w->m, task, a);
		int arm = arm_of[a];
		struct seen *s;

		if (arm < 0 || !isfinite(c->success))
			continue;
		if (!ready)
			columns(w, t, row);
		ready = true;
		s = w->side[task] == MX_FIT ? &w->fit[w->n_fit++]
					    : &w->held[w->n_held++];
		*s = (struct seen){
			.score = forest_predict(
				&w->forests[w->arms[arm].success], row),
			.y = c->success,
			.weight = 1,
			.arm = arm,
			.group = t->group,
		};
		if (c->propensity > 0 && c->propensity < 1)
			s->weight = 1 / fmaxf(c->propensity, PROPENSITY_MIN);
	}
}

static void look_at_all(struct work *w)
{
	size_t room = (size_t)w->m->n_tasks * (size_t)w->m->n_arms + 1;
	int *arm_of = xcalloc((size_t)w->m->n_arms + 1, sizeof(*arm_of));

	w->fit = xcalloc(room, sizeof(*w->fit));
	w->held = xcalloc(room, sizeof(*w->held));
	for (int a = 0; a < w->m->n_arms; a++)
		arm_of[a] = arm_named(w, w->m->arms[a].name);
	for (int t = 0; t < w->m->n_tasks; t++) {
		if (w->side[t] != MX_OUT && w->m->tasks[t].x &&
		    w->m->n_features == feature_count())
			look(w, t, arm_of);
	}
	free(arm_of);
}

/* ---- new tables ---- */

struct columns {
	float *score, *y, *w;
	size_t n;
};

static void columns_of(const struct seen *s, size_t n, int arm,
		       struct columns *c)
{
	c->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (arm >= 0 && s[i].arm != arm)
			continue;
		c->score[c->n] = s[i].score;
		c->y[c->n] = s[i].y;
		c->w[c->n++] = s[i].weight;
	}
}

static void columns_init(struct columns *c, size_t n)
{
	*c = (struct columns){
		.score = xcalloc(n + 1, sizeof(float)),
		.y = xcalloc(n + 1, sizeof(float)),
		.w = xcalloc(n + 1, sizeof(float)),
	};
}

static void columns_release(struct columns *c)
{
	free(c->score);
	free(c->y);
	free(c->w);
}

static void refit(struct work *w, const struct recal_opts *o, struct recal *r)
{
	struct columns c;

	columns_init(&c, w->n_fit);
	for (int arm = 0; arm < w->n_arms; arm++) {
		double good = 0;

		w->cal[arm] = w->arms[arm].cal;
		w->spread[arm] = w->arms[arm].spread;
		columns_of(w->fit, w->n_fit, arm, &c);
		for (size_t i = 0; i < c.n; i++)
			good += (double)c.y[i];
		if (c.n < (size_t)o->min_rows ||
		    fmin(good, (double)c.n - good) < MINORITY)
			continue;
		calibrate_fit(&w->cal[arm], c.score, c.y, c.w, c.n, BLOCK_MIN);
		w->changed[arm] = true;
		r->arms++;
		r->rows += (int)c.n;
	}
	columns_release(&c);
}

/* ---- what they are worth ---- */

struct said {
	float p, y, weight;
};

static int by_p(const void *pa, const void *pb)
{
	const struct said *a = pa, *b = pb;

	return a->p < b->p ? -1 : a->p > b->p;
}

/* As calibrate_ece(), verdicts counting by their weights: bins hold the same
 * share of it. Orders them. */
static double weighted_ece(struct said *s, size_t n)
{
	double all = 0, seen = 0, gap = 0, sum = 0;
	int bin = 1;

	qsort(s, n, sizeof(*s), by_p);
	for (size_t i = 0; i < n; i++)
		all += (double)s[i].weight;
	for (size_t i = 0; i < n; i++) {
		seen += (double)s[i].weight;
		gap += (double)s[i].weight * (double)(s[i].p - s[i].y);
		if (i + 1 < n && seen < all * bin / BINS)
			continue;
		sum += fabs(gap);
		gap = 0;
		while (bin < BINS && seen >= all * bin / BINS)
			bin++;
	}
	return all > 0 ? sum / all : 0;
}

/* Of arms that were refitted, probabilities before and after. Verdicts count as
 * they do in what is fitted: by how rarely lots fall so. */
static void judge_tables(struct work *w, const struct recal_opts *o,
			 struct recal *r)
{
	double *gain = xcalloc(w->n_held + 1, sizeof(*gain));
	uint64_t *group = xcalloc(w->n_held + 1, sizeof(*group));
	double *weight = xcalloc(w->n_held + 1, sizeof(*weight)), all = 0;
	struct said *was = xcalloc(w->n_held + 1, sizeof(*was));
	struct said *is = xcalloc(w->n_held + 1, sizeof(*is));
	struct stat_bound b;
	size_t n = 0;

	for (size_t i = 0; i < w->n_held; i++) {
		const struct seen *s = &w->held[i];
		double a, c;

		if (!w->changed[s->arm])
			continue;
		was[n] =
			(struct said){calibrate(&w->arms[s->arm].cal, s->score),
				      s->y, s->weight};
		is[n] = (struct said){calibrate(&w->cal[s->arm], s->score),
				      s->y, s->weight};
		a = pow((double)(was[n].p - s->y), 2);
		c = pow((double)(is[n].p - s->y), 2);
		weight[n] = (double)s->weight;
		all += weight[n];
		r->brier_was += weight[n] * a;
		r->brier += weight[n] * c;
		gain[n] = a - c;
		group[n++] = s->group;
	}
	r->judged = (int)n;
	if (n) {
		r->brier_was /= all;
		r->brier /= all;
		r->ece_was = weighted_ece(was, n);
		r->ece = weighted_ece(is, n);
	}
	stat_mean(gain, weight, group, n, o->gate.boot, o->confidence,
		  o->gate.seed, &b);
	r->better_low = b.low;
	/* Of errors like a normal deviate's, this is the root mean square. */
	for (int a = 0; a < w->n_arms && n; a++) {
		if (w->changed[a])
			w->spread[a] = (float)(r->ece * sqrt(M_PI / 2));
	}
	free(gain);
	free(group);
	free(weight);
	free(was);
	free(is);
}

static enum rc build(struct str bytes, const struct work *w, struct buf *out,
		     struct err *e)
{
	struct bundle_build *b;
	enum rc rc = bundle_build_from(&b, bytes, e);

	if (rc)
		return rc;
	for (int a = 0; a < w->n_arms; a++) {
		if (w->changed[a])
			bundle_build_recalibrate(b, a, &w->cal[a],
						 w->spread[a]);
	}
	rc = bundle_build_write(b, out, e);
	bundle_build_free(b);
	return rc;
}

static void say(struct recal *r, const char *why)
{
	snprintf(r->reason, sizeof(r->reason), "%s", why);
}

/* Whether what was learned may serve again, where static policies stood in for
 * it: probabilities that hold are no proof that it is as good as these. */
static bool returns(const struct work *w, const struct bundle *next,
		    const struct recal_opts *o)
{
	struct gate g;

	if (!o->serving)
		return true;
	gate_compare(o->serving, next, w->m, w->side, &o->gate, &g);
	return g.judged > 0 && g.worse_class < 0 && g.gain >= 0;
}

/* The decisions of the new one against the old one's. */
static enum rc judge_decisions(const struct work *w, const struct recal_opts *o,
			       const struct buf *bytes, struct recal *r,
			       struct err *e)
{
	struct bundle *next;
	enum rc rc = bundle_view(&next, bytes->p, bytes->len, e);

	if (rc)
		return rc;
	gate_compare(w->b, next, w->m, w->side, &o->gate, &r->gate);
	r->returns = returns(w, next, o);
	bundle_drop(next);
	r->passed = r->gate.worse_class < 0 && r->gate.gain_high >= 0;
	if (r->passed)
		snprintf(r->reason, sizeof(r->reason),
			 "only probabilities were refreshed: they are surely "
			 "better on %d later verdicts",
			 r->judged);
	else
		say(r, "what it would decide with them is surely worse");
	return RC_OK;
}

static enum rc judge(struct str bytes, struct work *w,
		     const struct recal_opts *o, struct buf *out,
		     struct recal *r, struct err *e)
{
	enum rc rc;

	refit(w, o, r);
	if (!r->arms) {
		say(r, "too few verdicts since it was fitted");
		return RC_OK;
	}
	judge_tables(w, o, r);
	if (r->judged < o->min_judged) {
		say(r, "too few verdicts to judge probabilities by");
		return RC_OK;
	}
	if (!(r->better_low > 0)) {
		say(r, "its probabilities hold: new ones are not surely "
		       "better");
		return RC_OK;
	}
	rc = build(bytes, w, out, e);
	if (!rc)
		rc = judge_decisions(w, o, out, r, e);
	if (rc || !r->passed)
		buf_clear(out);
	return rc;
}

enum rc recalibrate(struct str bytes, const struct matrix *m,
		    const struct recal_opts *o, struct buf *out,
		    struct recal *r, struct err *e)
{
	struct work *w = xcalloc(1, sizeof(*w));
	struct bundle *b = NULL;
	int64_t from_us = o->from_us;
	enum rc rc = bundle_view(&b, bytes.p, bytes.len, e);

	*r = (struct recal){0};
	if (!rc) {
		w->b = b;
		w->m = m;
		w->n_arms = bundle_arms(b, &w->arms);
		bundle_forests(b, &w->forests);
		w->side = xcalloc((size_t)m->n_tasks + 1, sizeof(*w->side));
		if (from_us == TIME_NONE)
			from_us = fitted_until(b);
		if (from_us == TIME_NONE)
			say(r, "it does not say what it was fitted on");
	}
	if (!rc && from_us != TIME_NONE) {
		split(w, from_us);
		look_at_all(w);
		rc = judge(bytes, w, o, out, r, e);
	}
	free(w->side);
	free(w->fit);
	free(w->held);
	free(w);
	bundle_drop(b);
	return rc;
}

/* ---- certificate ---- */

void recal_json(const struct recal *r, int32_t of, int64_t now_us,
		double tasks_a_day, struct json_out *o)
{
	struct gate g = r->gate;
	char at[40];

	g.passed = r->passed;
	snprintf(g.reason, sizeof(g.reason), "%s", r->reason);
	gate_json(&g, tasks_a_day, o);
	json_out_obj(o, "calibration");
	json_out_i64(o, "of", of);
	if (now_us != TIME_NONE)
		json_out_str(o, "at",
			     str_from(clock_format(now_us, at, sizeof(at))));
	json_out_i64(o, "arms", r->arms);
	json_out_i64(o, "rows", r->rows);
	json_out_i64(o, "judged", r->judged);
	json_out_double(o, "brier_was", r->brier_was, 6);
	json_out_double(o, "brier", r->brier, 6);
	json_out_double(o, "better_low", r->better_low, 6);
	json_out_double(o, "ece_was", r->ece_was, 6);
	json_out_double(o, "ece", r->ece, 6);
	json_out_end(o, '}');
	json_out_obj(o, "metrics");
	json_out_double(o, "ece", r->ece, 6);
	json_out_null(o, "brier_skill");
	json_out_i64(o, "rows", r->judged);
	json_out_end(o, '}');
}
