/* What serves each class. The static policy is the cheapest mixture of arms,
 * by the class's table, that reaches the success aimed at. The learned one
 * takes for each task the arm of the best p - lambda * cost. It serves only
 * where it beat the static one on rows of folds that neither was made from:
 * the lower bound of its gain is above zero, the gain being success, with
 * costs turned into success at the price that the hull has there.
 * Tasks where nothing was seen and no lots were drawn judge nothing. What
 * serves at other prices, and whether replies are sent on, is for train_rung.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/hull.h"
#include "router/stat.h"
#include "router/train_int.h"

#define USD          1e-12 /* of a pico-dollar */
#define FREE_USD     1e-9  /* a task that costs less is free */
#define LAMBDAS      30
#define BOOT         1000
#define FEW_TASKS    20   /* of a class: it says nothing by itself */
#define JUDGED_SHARE 0.8  /* of a class's rows, to be judged by them */
#define LESS_SURELY  0.9  /* of fewer successes, which forbid it */
#define SLACK        0.03 /* success that may be lost on held-out rows */

struct judge {
	const struct fit *f;
	int n, *row;       /* of the node */
	struct rates *but; /* [folds + 1] the node's rates without a fold; the
			      last: with all */
	struct hull_mix *mix;
	double price; /* success a dollar */
};

/* ---- static ---- */

int fit_strongest(const struct fit *f, const struct rates *r)
{
	int best = -1;

	/* Arms are in the order of their cost. */
	for (int a = 0; a < f->arms; a++) {
		if (isfinite(r->rate[a]) &&
		    (best < 0 || arm_tier(f, a) >= arm_tier(f, best)))
			best = a;
	}
	return best;
}

/* The mixture by a table of rates; false: nothing is known of cost. */
static bool static_mix(const struct fit *f, const struct rates *r,
		       struct hull_mix *out, double *price)
{
	struct hull_point p[BUNDLE_ARMS_MAX];
	int n, strongest = fit_strongest(f, r);

	for (int a = 0; a < f->arms; a++)
		p[a] = (struct hull_point){(double)r->cost[a] * USD,
					   (double)r->rate[a], a};
	n = hull_make(p, f->arms);
	if (!n || strongest < 0)
		return false;
	hull_at_success(p, n, f->o->quality * (double)r->rate[strongest], out);
	*price = hull_mix_price(p, n, out);
	return true;
}

static struct value static_value(const struct judge *j, int i,
				 const struct hull_mix *mix)
{
	struct value low = fit_value(j->f, i, mix->low);
	struct value high = fit_value(j->f, i, mix->high);
	double h = mix->high_share;

	return (struct value){
		.success = (1 - h) * low.success + h * high.success,
		.usd = (1 - h) * low.usd + h * high.usd,
		.known = low.known && (high.known || !(h > 0)),
	};
}

/* ---- learned ---- */

static int learned_arm(const struct fit *f, int i, double lambda)
{
	const float *p = f->p + (size_t)i * (size_t)f->arms;
	const float *c = f->cost + (size_t)i * (size_t)f->arms;
	double best = -INFINITY;
	int arm = 0;

	for (int a = 0; a < f->arms; a++) {
		double u = (double)p[a] - lambda * (double)c[a] * USD;

		if (u > best) {
			best = u;
			arm = a;
		}
	}
	return arm;
}

struct sums {
	double weight, success, usd;
};

/* The means over the node's rows of all folds but one. */
static struct sums try_lambda(const struct judge *j, double lambda, int but)
{
	struct sums s = {0};

	for (int k = 0; k < j->n; k++) {
		int i = j->row[k];
		double w = (double)j->f->row[i].weight;
		struct value v;

		if (j->f->row[i].fold == but)
			continue;
		v = fit_value(j->f, i, learned_arm(j->f, i, lambda));
		s.weight += w;
		s.success += w * v.success;
		s.usd += w * v.usd;
	}
	s.success /= s.weight;
	s.usd /= s.weight;
	return s;
}

static struct sums try_static(const struct judge *j, int but)
{
	const struct hull_mix *mix =
		&j->mix[but == NO_FOLD ? j->f->folds : but];
	struct sums s = {0};

	for (int k = 0; k < j->n; k++) {
		int i = j->row[k];
		double w = (double)j->f->row[i].weight;
		struct value v;

		if (j->f->row[i].fold == but)
			continue;
		v = static_value(j, i, mix);
		s.weight += w;
		s.success += w * v.success;
		s.usd += w * v.usd;
	}
	s.success /= s.weight;
	s.usd /= s.weight;
	return s;
}

/* The lambda of the best utility among those that reach the static policy's
 * success; where none does, the one of most success. */
static double choose_lambda(const struct judge *j, int but)
{
	struct sums st = try_static(j, but);
	double best = -INFINITY, chosen = 0;
	bool reached = false;

	if (!(st.usd > 0))
		return 0;
	for (int k = 0; k <= LAMBDAS; k++) {
		double lambda =
			k == LAMBDAS ? 0 : pow(10, -3 + 0.15 * k) / st.usd;
		struct sums s = try_lambda(j, lambda, but);
		bool ok = s.success >= st.success;
		double u = s.success - (ok ? j->price * s.usd : 0);

		if ((ok && !reached) || (ok == reached && u > best)) {
			best = u;
			chosen = lambda;
			reached = ok;
		}
	}
	return chosen;
}

/* ---- the comparison ---- */

struct duel {
	double *gain, *success, *weight; /* differences by row */
	uint64_t *group;
	int n;
	double s_static, c_static, s_learned, c_learned, mass;
};

static void fight(const struct judge *j, struct duel *d)
{
	for (int k = 0; k < j->f->folds; k++) {
		double lambda = choose_lambda(j, k);

		for (int r = 0; r < j->n; r++) {
			int i = j->row[r];
			struct value a, b;
			double w = (double)j->f->row[i].weight;

			if (j->f->row[i].fold != k)
				continue;
			a = static_value(j, i, &j->mix[k]);
			/* Without a vector the static policy serves. */
			b = fit_vector(j->f, i)
				    ? fit_value(j->f, i,
						learned_arm(j->f, i, lambda))
				    : a;
			if (!a.known || !b.known)
				continue;
			d->gain[d->n] = b.success - a.success -
					j->price * (b.usd - a.usd);
			d->success[d->n] = b.success - a.success;
			d->weight[d->n] = w;
			d->group[d->n++] = j->f->row[i].group;
			d->mass += w;
			d->s_static += w * a.success;
			d->c_static += w * a.usd;
			d->s_learned += w * b.success;
			d->c_learned += w * b.usd;
		}
	}
}

/* The lambda that serves. Where costs do not matter (the cheap arms are free)
 * the least that has a rung: of zero nobody would know that it was judged. */
static float serving_lambda(const struct judge *j, const struct policy *p)
{
	double lambda = choose_lambda(j, NO_FOLD), usd = (double)p->usd;

	return (float)(usd > 0 ? fmax(lambda, policy_rung_lambda(usd, 0))
			       : lambda);
}

static void verdict(const struct judge *j, const struct duel *d,
		    struct fit_policy *out)
{
	const struct train_opts *o = j->f->o;
	struct stat_bound b, success;

	out->judged = d->n;
	if (d->mass > 0) {
		out->static_success = d->s_static / d->mass;
		out->static_usd = d->c_static / d->mass;
		out->learned_success = d->s_learned / d->mass;
		out->learned_usd = d->c_learned / d->mass;
	}
	stat_mean(d->gain, d->weight, d->group, (size_t)d->n, BOOT,
		  o->confidence, o->seed, &b);
	stat_mean(d->success, d->weight, d->group, (size_t)d->n, BOOT,
		  LESS_SURELY, o->seed, &success);
	out->gain = b.mean;
	out->gain_low = b.low;
	if (d->n < JUDGED_SHARE * j->n)
		out->why = "other models were seen on too few tasks to "
			   "compare";
	else if (d->n < o->min_class_tasks)
		out->why = "too few tasks to judge a learned policy by";
	else if (success.mean < -SLACK || success.high < 0)
		out->why = "the learned policy succeeds less on held-out tasks";
	else if (!(b.low > 0))
		out->why = "the learned policy is not surely better on "
			   "held-out tasks";
	else {
		out->why = "the learned policy is better on held-out tasks";
		out->beats = true;
		out->policy.kind = POLICY_LEARNED;
		out->policy.lambda = serving_lambda(j, &out->policy);
	}
}

static void compare(const struct judge *j, struct fit_policy *out)
{
	size_t n = (size_t)j->n;
	struct duel d = {
		.gain = xcalloc(n + 1, sizeof(*d.gain)),
		.success = xcalloc(n + 1, sizeof(*d.success)),
		.weight = xcalloc(n + 1, sizeof(*d.weight)),
		.group = xcalloc(n + 1, sizeof(*d.group)),
	};

	fight(j, &d);
	verdict(j, &d, out);
	free(d.gain);
	free(d.success);
	free(d.weight);
	free(d.group);
}

/* ---- a class ---- */

/* Whether an older bundle has something to say of the class. */
static bool prior_knows(const struct fit *f, int node)
{
	return f->o->prior &&
	       (node == 0 || bundle_class(f->o->prior, f->node[node].name));
}

/* A class of too few tasks: the static policy of the nearest class above that
 * has enough, else the strongest arm. */
static void borrow(const struct fit *f, int node, const struct rates *r,
		   struct fit_policy *out)
{
	int at = f->node[node].parent, strongest = fit_strongest(f, r);

	while (at >= 0 && (f->node[at].tasks < FEW_TASKS ||
			   f->policy[at].policy.kind == POLICY_STRONGEST))
		at = f->node[at].parent;
	out->policy.low = out->policy.high =
		(int16_t)(strongest < 0 ? 0 : strongest);
	if (at < 0)
		return;
	out->policy.kind = POLICY_STATIC;
	out->policy.low = f->policy[at].policy.low;
	out->policy.high = f->policy[at].policy.high;
	out->policy.high_share = f->policy[at].policy.high_share;
	out->why = at ? "too few outcomes: the static policy of the class "
			"above serves"
		      : "too few outcomes: the static policy of all classes "
			"together serves";
}

/* Dollars of the dearest arm. Where all are free any price is the same one, and
 * rungs are judged all the same. */
static double dearest(const struct fit *f, const struct rates *r)
{
	double most = FREE_USD;

	for (int a = 0; a < f->arms; a++)
		most = fmax(most, (double)r->cost[a] * USD); /* NaN: no */
	return most;
}

static void choose(struct judge *j, int node, struct fit_policy *out)
{
	const struct fit *f = j->f;
	bool known = true;

	*out = (struct fit_policy){
		.policy = {.kind = POLICY_STRONGEST,
			   .accept = f->accepts[node].accept,
			   .false_accept = f->accepts[node].false_accept,
			   .accept_rate = f->accepts[node].rate,
			   .confidence = (float)f->o->confidence},
		.why = "too few outcomes: the strongest model serves",
		.gain = NAN,
		.gain_low = NAN,
	};
	j->n = 0;
	for (int i = 0; i < f->n; i++) {
		if (fit_of_node(f, i, node))
			j->row[j->n++] = i;
	}
	for (int k = 0; k <= f->folds; k++) {
		fit_rates(f, node, k == f->folds ? NO_FOLD : k, NO_FOLD,
			  &j->but[k]);
		known = static_mix(f, &j->but[k], &j->mix[k], &j->price) &&
			known;
	}
	out->price = j->price;
	if (!known ||
	    (f->node[node].tasks < FEW_TASKS && !prior_knows(f, node))) {
		borrow(f, node, &j->but[f->folds], out);
		return;
	}
	out->policy.kind = POLICY_STATIC;
	out->policy.low = (int16_t)j->mix[f->folds].low;
	out->policy.high = (int16_t)j->mix[f->folds].high;
	out->policy.high_share = (float)j->mix[f->folds].high_share;
	out->policy.usd = (float)dearest(f, &j->but[f->folds]);
	compare(j, out);
}

void fit_policies(struct fit *f)
{
	struct judge j = {.f = f};

	f->policy = xcalloc((size_t)f->nodes, sizeof(*f->policy));
	j.row = xcalloc((size_t)f->n, sizeof(*j.row));
	j.but = xcalloc((size_t)f->folds + 1, sizeof(*j.but));
	j.mix = xcalloc((size_t)f->folds + 1, sizeof(*j.mix));

	for (int k = 0; k <= f->folds; k++)
		rates_init(&j.but[k], f);
	for (int c = 0; c < f->nodes; c++) {
		choose(&j, c, &f->policy[c]);
		fit_progress(f, "policies", 0);
	}
	for (int k = 0; k <= f->folds; k++)
		rates_release(&j.but[k]);
	free(j.but);
	free(j.mix);
	free(j.row);
}
