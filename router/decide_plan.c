/* Which plan is best, once everything is known. */
#include <math.h>
#include <string.h>

#include "router/decide_int.h"

#define PUSD_IN_USD 1e12
/* Arms fail together: how much of a second arm's chance on what the first got
 * wrong follows from both being right and wrong on the same tasks, 0: nothing,
 * 1: whatever a weaker one can do, a stronger one can. */
#define TOGETHER   0.5
#define TRUE_GUESS 0.7 /* share of good replies that pass, unless known */
#define LOW_TARGET 0.95

static bool better_strongest(const struct look *g, int i, int best)
{
	const struct route_arm *a = &g->ask->arms[i], *b;
	const struct option *o = &g->o[i], *p;

	if (best < 0)
		return true;
	b = &g->ask->arms[best];
	p = &g->o[best];
	if (o->tier != p->tier)
		return o->tier > p->tier;
	if (!o->borrowed && !p->borrowed && o->rate != p->rate &&
	    !isnan(o->rate) && !isnan(p->rate))
		return o->rate > p->rate;
	return route_price_unit(a->in_fusd, a->out_fusd) >
	       route_price_unit(b->in_fusd, b->out_fusd);
}

int plan_strongest(const struct look *g)
{
	int best = -1;

	for (int i = 0; i < g->n; i++) {
		if (g->o[i].affords && better_strongest(g, i, best))
			best = i;
	}
	return best;
}

/* ---- static ---- */

static int table_hull(const struct look *g, struct hull_point *p)
{
	int n = 0;

	for (int i = 0; i < g->n; i++) {
		if (g->o[i].affords && !isnan(g->o[i].rate))
			p[n++] = (struct hull_point){g->o[i].rate_cost,
						     g->o[i].rate, i};
	}
	return hull_make(p, n);
}

static bool target_ok(double target)
{
	return isfinite(target) && target > 0;
}

static double quality_target(const struct look *g)
{
	double t = g->ask->target;

	return target_ok(t) && t <= 1 ? t : 1;
}

/* Where replies may be sent on, an arm off the hull may be worth more as the
 * first of several. */
static void first_of_cascade(const struct look *g, struct hull_mix *io)
{
	double best = -INFINITY;

	for (int i = 0; i < g->n; i++) {
		const struct option *o = &g->o[i];
		double u =
			o->rate - g->lambda * o->rate_cost + plan_bonus(g, i);

		if (!g->first || !o->affords || !(u > best))
			continue;
		best = u;
		io->low = io->high = i;
		io->cost = o->rate_cost;
		io->success = o->rate;
	}
}

/* The mixture that the goal asks for on a hull of n >= 1 corners. */
static void mix_for_goal(const struct look *g, const struct hull_point *p,
			 int n, struct hull_mix *out)
{
	int strongest = plan_strongest(g);
	double best = strongest < 0 || isnan(g->o[strongest].rate)
			      ? p[n - 1].success
			      : g->o[strongest].rate;

	switch (target_ok(g->ask->target) ? g->ask->goal : ROUTE_QUALITY) {
	case ROUTE_BUDGET:
		hull_at_cost(p, n, g->ask->target, out);
		return;
	case ROUTE_FAILURE: {
		int k = 0;

		/* The last corner whose step is worth its price. */
		while (k + 1 < n &&
		       (p[k + 1].success - p[k].success) * g->ask->target >
			       p[k + 1].cost - p[k].cost)
			k++;
		*out = (struct hull_mix){.low = p[k].arm,
					 .high = p[k].arm,
					 .cost = p[k].cost,
					 .success = p[k].success,
					 .slope = 1 / g->ask->target};
		first_of_cascade(g, out);
		return;
	}
	case ROUTE_QUALITY:
	default:
		hull_at_success(p, n, quality_target(g) * best, out);
	}
}

bool plan_static(const struct look *g, struct hull_mix *out)
{
	struct hull_point p[ROUTE_ARMS_MAX];
	int n = table_hull(g, p);

	if (!n)
		return false;
	mix_for_goal(g, p, n, out);
	return true;
}

/* What a dollar is worth where the static policy reaches its quality. */
static double static_price(const struct look *g)
{
	struct hull_point p[ROUTE_ARMS_MAX];
	struct hull_mix mix;
	int n = table_hull(g, p);

	if (!n)
		return 0;
	mix_for_goal(g, p, n, &mix);
	return hull_mix_price(p, n, &mix);
}

double plan_lambda(const struct look *g)
{
	double own = (double)g->class->policy.lambda;
	struct hull_mix mix;

	if (g->ask->goal == ROUTE_FAILURE && target_ok(g->ask->target))
		return 1 / g->ask->target;
	if (g->ask->goal == ROUTE_QUALITY && own > 0 &&
	    quality_target(g) >= LOW_TARGET)
		return own;
	if (!plan_static(g, &mix) || !isfinite(mix.slope))
		return own;
	if (g->ask->goal == ROUTE_BUDGET)
		return mix.slope;
	return own > 0 ? fmax(own, mix.slope) : static_price(g);
}

/* A quality goal promises success: there the models choose only if they were
 * seen to reach it, at the class's own lambda. What they were seen to be better
 * at by price may be a saving that costs success. */
static bool reaches_quality(const struct look *g)
{
	const struct policy *p = &g->class->policy;
	bool quality =
		!target_ok(g->ask->target) || g->ask->goal == ROUTE_QUALITY;

	return !quality || p->lambda > 0 || !(p->usd > 0);
}

void plan_mode(struct look *g)
{
	const struct policy *p = &g->class->policy;
	int mode = policy_mode(p, g->lambda, g->ask->stands);

	if (g->ask->unguarded)
		mode = MODE_LEARNED | (g->ask->stands ? 0 : MODE_ESCALATE);
	else if (!reaches_quality(g))
		mode &= ~MODE_LEARNED;
	g->rung = policy_rung(p, g->lambda);
	g->escalate = g->policy != POLICY_STRONGEST && mode & MODE_ESCALATE;
	g->first = g->escalate && mode & MODE_FIRST;
	if (g->policy == POLICY_LEARNED && !(mode & MODE_LEARNED))
		g->policy = POLICY_STATIC;
}

double plan_bonus(const struct look *g, int i)
{
	if (!g->first || g->rung < 0)
		return 0;
	return (double)g->class->bonus[g->rung * g->n_arms + g->o[i].arm];
}

/* ---- learned ---- */

double plan_given(double second, double prior, double post)
{
	double bad, good;

	if (isnan(second) || isnan(prior) || isnan(post))
		return second;
	/* P(second good | first bad), between independence and nesting */
	bad = prior < 1 ? fmax(0, (second - prior) / (1 - prior)) : 0;
	bad = (1 - TOGETHER) * second + TOGETHER * bad;
	/* ... | first good, so that both make up the whole */
	good = prior > 0 ? (second - (1 - prior) * bad) / prior : second;
	good = fmin(1, fmax(0, good));
	return post * good + (1 - post) * bad;
}

void plan_single(const struct look *g, int arm, struct decision *out)
{
	double cost = g->o[arm].cost * PUSD_IN_USD;

	out->plan = (struct plan){.kind = PLAN_SINGLE, .n = 1};
	out->plan.arm[0] = (int16_t)arm;
	out->arm = arm;
	out->p_plan = (float)g->o[arm].p;
	out->plan_pusd = isnan(cost) ? -1 : (int64_t)cost;
}

/* How replies pass the test: of good ones, of bad ones. */
struct test {
	double good, bad;
};

static bool find_test(const struct look *g, struct test *t)
{
	const struct policy *p = &g->class->policy;
	double rate = 0, accepted = (double)p->accept_rate;
	int n = 0;

	if (!bundle_accept(g->b) || p->accept > 1)
		return false;
	for (int i = 0; i < TIERS; i++) {
		if (isnan(g->class->tier_rate[i]))
			continue;
		rate += (double)g->class->tier_rate[i];
		n++;
	}
	rate = n ? rate / n : 0.5;
	rate = fmin(0.98, fmax(0.02, rate));
	t->bad = fmin(1, (double)p->false_accept / (1 - rate));
	t->good = TRUE_GUESS;
	if (accepted > 0)
		t->good = (accepted - (double)p->false_accept) / rate;
	t->good = fmin(1, fmax(t->bad, t->good));
	return t->good > 0;
}

struct worth {
	double p, cost;
};

static struct worth cascade_worth(const struct look *g, const struct test *t,
				  const int *arm, int n)
{
	double p[PLAN_ARMS_MAX], reach = 1;
	struct worth w = {0, 0};

	for (int i = 0; i < n; i++)
		p[i] = g->o[arm[i]].p;
	for (int i = 0; i < n; i++) {
		bool last = i == n - 1;
		double pass = last ? 1 : t->good * p[i] + t->bad * (1 - p[i]);
		double good = last ? p[i] : t->good * p[i], left;

		w.p += reach * good;
		w.cost += reach * g->o[arm[i]].cost;
		if (last || pass >= 1)
			break;
		left = (p[i] - good) / (1 - pass);
		for (int k = i + 1; k < n; k++)
			p[k] = plan_given(p[k], p[i], left);
		reach *= 1 - pass;
	}
	return w;
}

/* Arms worth a place in a cascade, cheapest first: each better than all that
 * are cheaper. Of more than PLAN_ARMS_MAX those in the middle go. */
static int frontier(const struct look *g, int *arm)
{
	int all[ROUTE_ARMS_MAX], n = 0, kept = 0;

	for (int i = 0; i < g->n; i++) {
		int at = n;

		if (!g->o[i].affords || isnan(g->o[i].p) || isnan(g->o[i].cost))
			continue;
		for (; at > 0 && g->o[all[at - 1]].cost > g->o[i].cost; at--)
			all[at] = all[at - 1];
		all[at] = i;
		n++;
	}
	for (int i = 0; i < n; i++) {
		if (!kept || g->o[all[i]].p > g->o[all[kept - 1]].p)
			all[kept++] = all[i];
	}
	for (int i = 0; i < kept && i < PLAN_ARMS_MAX; i++)
		arm[i] = kept <= PLAN_ARMS_MAX
				 ? all[i]
				 : all[i * (kept - 1) / (PLAN_ARMS_MAX - 1)];
	return kept < PLAN_ARMS_MAX ? kept : PLAN_ARMS_MAX;
}

static int pick(const int *from, int n, unsigned set, int *out)
{
	int k = 0;

	for (int i = 0; i < n; i++) {
		if (set >> i & 1)
			out[k++] = from[i];
	}
	return k;
}

/* first < 0: any arm may come first. */
static void try_cascades(const struct look *g, const struct test *t, int first,
			 double *best, struct decision *out)
{
	int from[PLAN_ARMS_MAX], n = frontier(g, from);

	for (unsigned set = 1; set < 1U << n; set++) {
		int arm[PLAN_ARMS_MAX], k = pick(from, n, set, arm);
		struct worth w;

		if (k < 2 || (first >= 0 && arm[0] != first))
			continue;
		w = cascade_worth(g, t, arm, k);
		if (w.p - g->lambda * w.cost <= *best)
			continue;
		*best = w.p - g->lambda * w.cost;
		out->plan = (struct plan){.kind = PLAN_CASCADE, .n = k};
		for (int i = 0; i < k; i++) {
			out->plan.arm[i] = (int16_t)arm[i];
			out->plan.accept[i] = g->class->policy.accept;
		}
		out->arm = arm[0];
		out->p_plan = (float)w.p;
		out->plan_pusd = (int64_t)(w.cost * PUSD_IN_USD);
	}
}

void plan_learned(const struct look *g, struct decision *out)
{
	double best = -INFINITY;
	struct test t;
	int arm = -1;

	for (int i = 0; i < g->n; i++) {
		double u =
			g->o[i].p - g->lambda * g->o[i].cost + plan_bonus(g, i);

		if (g->o[i].affords && u > best) { /* false for NaN */
			best = u;
			arm = i;
		}
	}
	if (arm < 0)
		arm = plan_strongest(g);
	if (arm < 0)
		return;
	plan_single(g, arm, out);
	best = g->o[arm].p - g->lambda * g->o[arm].cost;
	/* Which arm comes first was judged by what came of it, where it was. */
	if (g->escalate && find_test(g, &t))
		try_cascades(g, &t, g->rung < 0 ? -1 : arm, &best, out);
	plan_samples(g, &best, out);
}
