/* What serves a class at each price. On each rung (policy.h) four ways are
 * tried on out-of-fold rows: the arm that the class's table likes best at that
 * price, the arm that the models like best, and either of them with replies
 * sent on by what was seen of them. The first serves unless another is better
 * (surely, where it is the models that choose) and surely not much worse.
 *
 * A class has few rows to tell half a point by. So what it shows is weighed
 * with what the same way shows in all classes: the mean of the classes, and how
 * much they truly differ, are the prior that its own mean is shrunk to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/stat.h"
#include "router/train_int.h"

#define USD          1e-12 /* of a pico-dollar */
#define JUDGED_SHARE 0.8   /* of a class's rows, to be judged by them */
#define BONUS_PRIOR  20    /* rows that no bonus at all is worth */
#define NOT_WORSE    0.01  /* success that may surely not be lost */
#define SURELY       0.95
#define LIKELY       1     /* standard errors above zero, to send replies on */
#define WORTH_IT     0.002 /* success that models must be worth, to choose */

static const int modes[] = {
	MODE_LEARNED, MODE_ESCALATE, MODE_ESCALATE | MODE_LEARNED,
	MODE_ESCALATE | MODE_FIRST, MODE_ESCALATE | MODE_FIRST | MODE_LEARNED};
#define MODES ((int)(sizeof(modes) / sizeof(modes[0])))

struct gain {
	double mean, error; /* its standard error, by groups */
	double n;           /* rows; 0: not judged */
};

struct ladder {
	struct fit *f;
	int *row, n;       /* of the node, by group */
	struct rates *but; /* [folds] */
	double usd;
	double *sum, *count;  /* [folds][POLICY_RUNGS][arms] of bonuses */
	float *now;           /* [folds][arms] bonuses of a rung */
	double *u[MODE_BITS]; /* [n] utilities at a rung; NaN */
	struct gain (*gain)[POLICY_RUNGS][MODE_BITS]; /* [nodes] */
};

/* ---- the worth of a second arm ---- */

static void add_bonus(struct ladder *l, int i, int g, double lambda)
{
	const struct fit *f = l->f;

	for (int a = 0; a < f->arms; a++) {
		size_t at =
			((size_t)f->row[i].fold * POLICY_RUNGS + (size_t)g) *
				(size_t)f->arms +
			(size_t)a;
		struct value one = fit_value(f, i, a);
		struct value all = fit_walk(f, i, a, lambda);
		double w = (double)f->row[i].weight;
		double d = all.success - one.success -
			   lambda * (all.usd - one.usd);

		if (!one.known || !all.known || !isfinite(d))
			continue;
		l->sum[at] += w * d;
		l->count[at] += w;
	}
}

/* Without a fold (NO_FOLD: with all). */
static void bonuses(const struct ladder *l, int g, int but, float *out)
{
	const struct fit *f = l->f;

	for (int a = 0; a < f->arms; a++) {
		double sum = 0, n = BONUS_PRIOR;

		for (int k = 0; k < f->folds; k++) {
			size_t at = ((size_t)k * POLICY_RUNGS + (size_t)g) *
					    (size_t)f->arms +
				    (size_t)a;

			if (k == but)
				continue;
			sum += l->sum[at];
			n += l->count[at];
		}
		out[a] = (float)fmin(fmax(sum / n, 0), 1);
	}
}

/* ---- a row ---- */

static int best_arm(const struct fit *f, const float *p, const float *cost,
		    const float *bonus, double lambda)
{
	double best = -INFINITY;
	int arm = -1;

	for (int a = 0; a < f->arms; a++) {
		double u = (double)p[a] - lambda * (double)cost[a] * USD +
			   (bonus ? (double)bonus[a] : 0);

		if (u > best) {
			best = u;
			arm = a;
		}
	}
	return arm;
}

static struct value serve(const struct ladder *l, int i, int mode,
			  double lambda)
{
	const struct fit *f = l->f;
	int k = f->row[i].fold;
	size_t at = (size_t)i * (size_t)f->arms;
	const float *bonus =
		mode & MODE_FIRST ? l->now + (size_t)k * (size_t)f->arms : NULL;
	int arm;

	/* Without a vector the table decides. */
	if (mode & MODE_LEARNED && fit_vector(f, i))
		arm = best_arm(f, f->p + at, f->cost + at, bonus, lambda);
	else
		arm = best_arm(f, l->but[k].rate, l->but[k].cost, bonus,
			       lambda);
	if (arm < 0)
		return (struct value){0, 0, false};
	return mode & MODE_ESCALATE ? fit_walk(f, i, arm, lambda)
				    : fit_value(f, i, arm);
}

/* Utilities of a mode, in `scale`. */
static void try_mode(struct ladder *l, int mode, double lambda, double scale)
{
	for (int r = 0; r < l->n; r++) {
		struct value v = serve(l, l->row[r], mode, lambda);

		l->u[mode][r] =
			v.known ? (v.success - lambda * v.usd) / scale : NAN;
	}
}

/* One, and what the table's choice costs: where nearly all is cost, it is cost
 * that counts as one. */
static double scale_of(const struct ladder *l, double lambda)
{
	double usd = 0, n = 0;

	for (int r = 0; r < l->n; r++) {
		struct value v = serve(l, l->row[r], 0, lambda);

		if (!v.known || !isfinite(v.usd))
			continue;
		usd += v.usd;
		n++;
	}
	return 1 + (n > 0 ? lambda * usd / n : 0);
}

/* The mean of the differences and its error, groups sharing a fate; rows are by
 * group. */
static struct gain gain_of(const struct ladder *l, int mode)
{
	const double *u = l->u[mode], *ref = l->u[0];
	const struct fit *f = l->f;
	double w = 0, sum = 0, of = 0, square = 0, groups = 0;
	struct gain g = {0, 0, 0};

	for (int r = 0; r < l->n; r++) {
		double weight = (double)f->row[l->row[r]].weight;

		if (!isfinite(u[r]) || !isfinite(ref[r]))
			continue;
		w += weight;
		sum += weight * (u[r] - ref[r]);
		g.n++;
	}
	if (!(w > 0))
		return g;
	g.mean = sum / w;
	for (int r = 0; r < l->n; r++) {
		const struct fit_row *row = &f->row[l->row[r]];

		if (isfinite(u[r]) && isfinite(ref[r]))
			of += (double)row->weight * (u[r] - ref[r] - g.mean);
		if (r + 1 < l->n && f->row[l->row[r + 1]].group == row->group)
			continue;
		square += of * of;
		of = 0;
		groups++;
	}
	g.error = INFINITY;
	if (groups > 1) /* Student's t, told as if it were normal */
		g.error = sqrt(square * groups / (groups - 1)) / w *
			  stat_t(SURELY, groups - 1) / stat_normal(SURELY);
	return g;
}

static void try_rung(struct ladder *l, int node, int g)
{
	double lambda = policy_rung_lambda(l->usd, g), scale;

	for (int k = 0; k < l->f->folds; k++)
		bonuses(l, g, k, l->now + (size_t)k * (size_t)l->f->arms);
	scale = scale_of(l, lambda);
	try_mode(l, 0, lambda, scale);
	for (int m = 0; m < MODES; m++) {
		try_mode(l, modes[m], lambda, scale);
		l->gain[node][g][modes[m]] = gain_of(l, modes[m]);
	}
}

/* ---- a class ---- */

static int by_group(const void *pa, const void *pb, void *arg)
{
	const struct fit_row *row = arg;
	int a = *(const int *)pa, b = *(const int *)pb;

	if (row[a].group != row[b].group)
		return row[a].group < row[b].group ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void try_node(struct ladder *l, int node)
{
	struct fit *f = l->f;
	struct fit_policy *p = &f->policy[node];
	size_t arms = (size_t)f->arms;

	l->usd = (double)p->policy.usd;
	l->n = 0;
	if (!(l->usd > 0) || p->policy.kind == POLICY_STRONGEST ||
	    f->node[node].tasks < f->o->min_class_tasks)
		return;
	for (int i = 0; i < f->n; i++) {
		if (fit_of_node(f, i, node))
			l->row[l->n++] = i;
	}
	qsort_r(l->row, (size_t)l->n, sizeof(*l->row), by_group, f->row);
	for (int k = 0; k < f->folds; k++)
		fit_rates(f, node, k, NO_FOLD, &l->but[k]);
	memset(l->sum, 0,
	       (size_t)f->folds * POLICY_RUNGS * arms * sizeof(*l->sum));
	memset(l->count, 0,
	       (size_t)f->folds * POLICY_RUNGS * arms * sizeof(*l->count));
	p->bonus = xcalloc(POLICY_RUNGS * arms, sizeof(float));
	for (int g = 0; g < POLICY_RUNGS; g++) {
		for (int r = 0; r < l->n; r++)
			add_bonus(l, l->row[r], g,
				  policy_rung_lambda(l->usd, g));
		bonuses(l, g, NO_FOLD, p->bonus + (size_t)g * arms);
		try_rung(l, node, g);
	}
}

/* ---- all classes ---- */

/* What a way is worth in the classes together. */
struct pool {
	struct gain mean;
	double spread; /* variance of the true gains between classes */
};

static bool has_rows(const struct fit *f, int node)
{
	for (int i = 0; i < f->n; i++) {
		if (f->row[i].node == node)
			return true;
	}
	return false;
}

static void pool_of(const struct ladder *l, const bool *leaf, int g, int mode,
		    struct pool *out)
{
	double square = 0, noise = 0;

	*out = (struct pool){{0, 0, 0}, 0};
	for (int c = 0; c < l->f->nodes; c++) {
		const struct gain *x = &l->gain[c][g][mode];

		if (!leaf[c] || !(x->n > 0) || !isfinite(x->error))
			continue;
		out->mean.n += x->n;
		out->mean.mean += x->n * x->mean;
		noise += x->n * x->n * x->error * x->error;
	}
	if (!(out->mean.n > 0))
		return;
	out->mean.mean /= out->mean.n;
	out->mean.error = sqrt(noise) / out->mean.n;
	for (int c = 0; c < l->f->nodes; c++) {
		const struct gain *x = &l->gain[c][g][mode];
		double d = x->mean - out->mean.mean;

		if (leaf[c] && x->n > 0 && isfinite(x->error))
			square += x->n * (d * d - x->error * x->error);
	}
	out->spread = fmax(0, square / out->mean.n);
}

/* The gain of a class, shrunk to that of all. */
static struct gain shrunk(const struct gain *own, const struct pool *all)
{
	double a, b;

	if (!(own->error > 0) || !(all->spread > 0) || !(all->mean.n > own->n))
		return all->mean.n > own->n && own->error > 0 ? all->mean
							      : *own;
	a = 1 / (own->error * own->error);
	b = 1 / all->spread;
	return (struct gain){(a * own->mean + b * all->mean.mean) / (a + b),
			     sqrt(1 / (a + b)), own->n};
}

static bool may_serve(const struct ladder *l, int node, int mode,
		      const struct gain *own, const struct gain *now)
{
	double sure = stat_normal(l->f->o->confidence);
	bool learned = mode & MODE_LEARNED;
	double least = learned ? fmax(WORTH_IT, sure * now->error)
			       : LIKELY * now->error;

	if (own->n < JUDGED_SHARE * l->f->node[node].tasks ||
	    !isfinite(own->error) || !isfinite(now->error))
		return false;
	/* Itself it is not surely worse, and with the others it is better. */
	return own->mean + sure * own->error > 0 && now->mean > 0 &&
	       now->mean > least && now->mean - sure * now->error > -NOT_WORSE;
}

/* Where no reply is sent on the models' word must be better by itself. */
static bool serves_alone(const struct ladder *l, const bool *leaf, int node,
			 int g)
{
	const struct gain *own = &l->gain[node][g][MODE_LEARNED];
	struct pool all;
	struct gain now;

	pool_of(l, leaf, g, MODE_LEARNED, &all);
	now = shrunk(own, &all);
	return may_serve(l, node, MODE_LEARNED, own, &now);
}

static void settle(struct ladder *l, const bool *leaf, int node)
{
	struct policy *p = &l->f->policy[node].policy;

	for (int g = 0; g < POLICY_RUNGS; g++) {
		double best = 0;

		for (int m = 0; m < MODES; m++) {
			int mode = modes[m];
			const struct gain *own = &l->gain[node][g][mode];
			struct pool all;
			struct gain now;

			pool_of(l, leaf, g, mode, &all);
			now = shrunk(own, &all);
			/* What is chosen with more freedom needs more. */
			if (!may_serve(l, node, mode, own, &now) ||
			    now.mean <= best + (best > 0 && mode & MODE_FIRST
							? now.error / 2
							: 0))
				continue;
			best = now.mean;
			p->mode[g] = (uint8_t)mode;
		}
		if (p->mode[g] & MODE_ESCALATE && p->mode[g] & MODE_LEARNED &&
		    serves_alone(l, leaf, node, g))
			p->mode[g] |= MODE_ALONE;
	}
}

/* It was judged with replies that stand. */
static void learn(uint8_t *mode)
{
	*mode |= MODE_LEARNED;
	if (*mode & MODE_ESCALATE)
		*mode |= MODE_ALONE;
}

/* The policy that was judged at its own lambda serves there. */
static void keep_judged(struct fit_policy *to)
{
	struct policy *p = &to->policy;
	bool learned = false;

	if (to->beats && p->lambda > 0 && p->usd > 0)
		learn(&p->mode[policy_rung(p, (double)p->lambda)]);
	for (int g = 0; g < POLICY_RUNGS; g++)
		learned |= p->mode[g] & MODE_LEARNED;
	if (!learned || to->beats)
		return;
	p->kind = POLICY_LEARNED;
	to->why = "the learned policy is better on held-out tasks at some "
		  "prices, and serves there";
}

void fit_rungs(struct fit *f)
{
	size_t n = (size_t)f->n, arms = (size_t)f->arms,
	       folds = (size_t)f->folds;
	struct ladder l = {
		.f = f,
		.row = xcalloc(n + 1, sizeof(int)),
		.but = xcalloc(folds, sizeof(struct rates)),
		.sum = xcalloc(folds * POLICY_RUNGS * arms, sizeof(double)),
		.count = xcalloc(folds * POLICY_RUNGS * arms, sizeof(double)),
		.now = xcalloc(folds * arms, sizeof(float)),
		.gain = xcalloc((size_t)f->nodes, sizeof(*l.gain)),
	};
	bool *leaf = xcalloc((size_t)f->nodes, sizeof(*leaf));

	for (int k = 0; k < f->folds; k++)
		rates_init(&l.but[k], f);
	for (int m = 0; m < MODE_BITS; m++)
		l.u[m] = xcalloc(n + 1, sizeof(double));
	for (int c = 0; c < f->nodes; c++) {
		leaf[c] = has_rows(f, c);
		try_node(&l, c);
	}
	for (int c = 0; c < f->nodes; c++) {
		settle(&l, leaf, c);
		keep_judged(&f->policy[c]);
	}
	for (int k = 0; k < f->folds; k++)
		rates_release(&l.but[k]);
	for (int m = 0; m < MODE_BITS; m++)
		free(l.u[m]);
	free(l.row);
	free(l.but);
	free(l.sum);
	free(l.count);
	free(l.now);
	free(l.gain);
	free(leaf);
}
