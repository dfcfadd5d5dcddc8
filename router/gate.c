#include "router/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/hull.h"
#include "router/replay.h"
#include "router/stat.h"

void gate_defaults(struct gate_opts *o)
{
	*o = (struct gate_opts){.confidence = 0.95,
				.boot = 500,
				.seed = 1,
				.goal = ROUTE_QUALITY,
				.target = 1};
}

/* ---- judging ---- */

struct diffs {
	double *gain, *success, *saving, *weight;
	uint64_t *group;
	int *class_id;
	int n;
};

static bool comparable(const struct gate_row *r)
{
	return isfinite(r->old_success) && isfinite(r->old_cost) &&
	       isfinite(r->new_success) && isfinite(r->new_cost) &&
	       r->weight > 0;
}

static void diffs_init(struct diffs *d, const struct gate_row *rows, int n,
		       const struct gate_opts *o, struct gate_result *out)
{
	size_t room = (size_t)n + 1;
	double w = 0;

	*d = (struct diffs){
		.gain = xcalloc(room, sizeof(double)),
		.success = xcalloc(room, sizeof(double)),
		.saving = xcalloc(room, sizeof(double)),
		.weight = xcalloc(room, sizeof(double)),
		.group = xcalloc(room, sizeof(uint64_t)),
		.class_id = xcalloc(room, sizeof(int)),
	};
	for (int i = 0; i < n; i++) {
		const struct gate_row *r = &rows[i];

		if (!comparable(r))
			continue;
		w += r->weight;
		out->old_success += r->weight * r->old_success;
		out->old_cost += r->weight * r->old_cost;
		out->new_success += r->weight * r->new_success;
		out->new_cost += r->weight * r->new_cost;
		d->success[d->n] = r->new_success - r->old_success;
		/* what is left of the saving after the share asked for */
		d->saving[d->n] = (1 - GATE_SAVING) * r->old_cost - r->new_cost;
		d->gain[d->n] = d->success[d->n] -
				o->price * (r->new_cost - r->old_cost);
		d->weight[d->n] = r->weight;
		d->group[d->n] = r->group;
		d->class_id[d->n++] = r->class_id;
	}
	if (w > 0) {
		out->old_success /= w;
		out->old_cost /= w;
		out->new_success /= w;
		out->new_cost /= w;
	}
	out->rows = d->n;
}

static void diffs_release(struct diffs *d)
{
	free(d->gain);
	free(d->success);
	free(d->saving);
	free(d->weight);
	free(d->group);
	free(d->class_id);
}

/* The class that is worse beyond doubt, doubts shared by all that are looked
 * at; -1. */
static int worse(const struct diffs *d, int n_classes,
		 const struct gate_opts *o)
{
	size_t room = (size_t)d->n + 1;
	double *v = xcalloc(room, sizeof(*v)), *w = xcalloc(room, sizeof(*w));
	uint64_t *g = xcalloc(room, sizeof(*g));
	int at = -1;

	for (int c = 0; c < n_classes && at < 0; c++) {
		struct stat_bound b;
		size_t n = 0;

		for (int i = 0; i < d->n; i++) {
			if (d->class_id[i] != c)
				continue;
			v[n] = d->gain[i];
			w[n] = d->weight[i];
			g[n++] = d->group[i];
		}
		if (n < GATE_CLASSES)
			continue;
		stat_mean(v, w, g, n, 0,
			  1 - (1 - o->confidence) /
					  (n_classes > 0 ? n_classes : 1),
			  o->seed, &b);
		if (b.high < 0)
			at = c;
	}
	free(v);
	free(w);
	free(g);
	return at;
}

static void decide(const struct diffs *d, int n_classes,
		   const struct gate_opts *o, struct gate_result *out)
{
	/* Either way alone may promote: the error is shared. The second asks
	 * two things at once, and for more than nothing. */
	double half = 1 - (1 - o->confidence) / 2, conf = o->confidence;
	struct stat_bound gain, success, saving;
	size_t n = (size_t)d->n;

	stat_mean(d->gain, d->weight, d->group, n, o->boot, half, o->seed,
		  &gain);
	stat_mean(d->success, d->weight, d->group, n, o->boot, conf, o->seed,
		  &success);
	stat_mean(d->saving, d->weight, d->group, n, o->boot, conf, o->seed,
		  &saving);
	out->groups = (int)gain.groups;
	out->gain = gain.mean;
	out->gain_low = gain.low;
	out->gain_high = gain.high;
	out->success_low = success.low;
	out->saving_low = GATE_SAVING +
			  (out->old_cost > 0 ? saving.low / out->old_cost : 0);
	out->worse_class = worse(d, n_classes, o);
	if (out->worse_class >= 0)
		snprintf(out->why, sizeof(out->why),
			 "a class is significantly worse");
	else if (gain.low > 0)
		snprintf(out->why, sizeof(out->why),
			 "better by at least %.4f of success a task", gain.low);
	else if (saving.low > 0 && success.low > -GATE_LOSS)
		snprintf(out->why, sizeof(out->why),
			 "saves at least %.1f %% and loses at most %.2f points",
			 100 * out->saving_low, -100 * fmin(success.low, 0));
	else
		snprintf(out->why, sizeof(out->why),
			 "no gain beyond doubt: between %.4f and %.4f of "
			 "success a task",
			 gain.low, gain.high);
	out->promote =
		out->worse_class < 0 &&
		(gain.low > 0 || (saving.low > 0 && success.low > -GATE_LOSS));
}

void gate_judge(const struct gate_row *rows, int n, int n_classes,
		const struct gate_opts *o, struct gate_result *out)
{
	struct diffs d;

	*out = (struct gate_result){.worse_class = -1};
	diffs_init(&d, rows, n, o, out);
	if (d.n < GATE_ROWS)
		snprintf(out->why, sizeof(out->why),
			 "only %d comparable outcomes, fewer than %d", d.n,
			 GATE_ROWS);
	else
		decide(&d, n_classes, o, out);
	diffs_release(&d);
}

/* ---- comparing bundles on a matrix ---- */

static void arm_means(const struct matrix *m, const enum mx_side *side,
		      double *cost, double *success)
{
	for (int a = 0; a < m->n_arms; a++) {
		double s = 0, c = 0;
		int n = 0;

		for (int t = 0; t < m->n_tasks; t++) {
			if (side[t] == MX_OUT || !mx_seen(m, t, a))
				continue;
			s += (double)matrix_cell(m, t, a)->success;
			c += (double)matrix_cell(m, t, a)->cost_pusd / 1e12;
			n++;
		}
		success[a] = n ? s / n : NAN;
		cost[a] = n ? c / n : NAN;
	}
}

/* What a dollar buys between the cheapest and the best corner of the hull. */
static double hull_price(const struct matrix *m, const double *cost,
			 const double *success)
{
	struct hull_point *p = xcalloc((size_t)m->n_arms + 1, sizeof(*p));
	double price = 0;
	int n = 0;

	for (int a = 0; a < m->n_arms; a++)
		if (!isnan(cost[a]))
			p[n++] = (struct hull_point){cost[a], success[a], a};
	n = hull_make(p, n);
	if (n > 1)
		price = (p[n - 1].success - p[0].success) /
			(p[n - 1].cost - p[0].cost);
	free(p);
	return price;
}

static const struct mx_cell *plain_cell(const void *ctx, int task, int arm)
{
	return matrix_cell(ctx, task, arm);
}

struct played {
	double success, cost;
	bool estimated;
};

/* The one arm that was seen of a row, -1: none or several. */
static int only_arm(const struct matrix *m, int task)
{
	int at = -1;

	for (int a = 0; a < m->n_arms; a++) {
		if (!mx_seen(m, task, a))
			continue;
		if (at >= 0)
			return -1;
		at = a;
	}
	return at;
}

/* The value of a decision of which one arm was seen: the first arm of its
 * plan, by model and propensity. */
static void estimate(const struct replay *r, const struct decision *d,
		     const struct decision *model, int task, struct played *out)
{
	int served = only_arm(r->m, task);
	const struct mx_cell *c;
	int want = r->of[d->arm];

	out->estimated = true;
	out->success = out->cost = NAN;
	if (served < 0)
		return;
	c = matrix_cell(r->m, task, served);
	if (!((double)c->propensity < 1) || !((double)c->propensity > 0))
		return;
	out->success = (double)model->view[d->arm].p;
	out->cost = (double)model->view[d->arm].expected_cost_pusd / 1e12;
	if (served != want)
		return;
	out->success +=
		((double)c->success - out->success) / (double)c->propensity;
	out->cost += ((double)c->cost_pusd / 1e12 - out->cost) /
		     (double)c->propensity;
}

/* `model` is what serves' own decision: one model estimates for both. */
static void play(struct replay *r, const struct bundle *b, int task,
		 const bool *seen, const struct gate_opts *o,
		 const struct decision *model, struct decision *d,
		 struct played *out)
{
	struct replay_trail trail;
	struct route_ask ask;

	*out = (struct played){.success = NAN, .cost = NAN};
	replay_ask(r, task, only_arm(r->m, task) < 0 ? seen : NULL, o->goal,
		   o->target, &ask);
	router_decide(b, &ask, d);
	if (d->arm < 0)
		return;
	if (only_arm(r->m, task) >= 0) {
		estimate(r, d, model, task, out);
		return;
	}
	replay_walk(r, b, &ask, d, task, plain_cell, r->m, &trail);
	out->success = trail.success;
	out->cost = trail.cost;
}

static int fill_rows(const struct matrix *m, const enum mx_side *side,
		     const struct bundle *serving,
		     const struct bundle *candidate, const struct gate_opts *o,
		     struct replay *r, struct gate_row *rows, int *estimated)
{
	struct decision *old = xcalloc(1, sizeof(*old));
	struct decision *new = xcalloc(1, sizeof(*new));
	bool *seen = xcalloc((size_t)m->n_arms + 1, sizeof(*seen));
	int n = 0;

	for (int t = 0; t < m->n_tasks; t++) {
		struct played a, b;
		int some = 0;

		if (side[t] != MX_JUDGE)
			continue;
		for (int k = 0; k < m->n_arms; k++)
			some += seen[k] = mx_seen(m, t, k);
		if (!some)
			continue;
		play(r, serving, t, seen, o, old, old, &a);
		play(r, candidate, t, seen, o, old, new, &b);
		rows[n++] =
			(struct gate_row){.group = m->tasks[t].group,
					  .class_id = m->tasks[t].class_id,
					  .weight = (double)m->tasks[t].weight,
					  .old_success = a.success,
					  .old_cost = a.cost,
					  .new_success = b.success,
					  .new_cost = b.cost};
		*estimated += (a.estimated || b.estimated) &&
			      comparable(&rows[n - 1]);
	}
	free(old);
	free(new);
	free(seen);
	return n;
}

void gate_compare(const struct matrix *m, const enum mx_side *side,
		  const struct bundle *serving, const struct bundle *candidate,
		  const struct gate_opts *opts, struct gate_result *out)
{
	size_t arms = (size_t)m->n_arms + 1;
	double *cost = xcalloc(arms, sizeof(*cost));
	double *success = xcalloc(arms, sizeof(*success));
	struct gate_row *rows = xcalloc((size_t)m->n_tasks + 1, sizeof(*rows));
	struct gate_opts o = *opts;
	struct replay r;
	int n, estimated = 0;

	arm_means(m, side, cost, success);
	if (!(o.price > 0))
		o.price = hull_price(m, cost, success);
	replay_init(&r, m, cost, success, o.seed);
	n = fill_rows(m, side, serving, candidate, &o, &r, rows, &estimated);
	gate_judge(rows, n, m->n_classes, &o, out);
	out->estimated = estimated;
	free(rows);
	free(cost);
	free(success);
}
