/* best_of(n, a): replies of one arm until two agree. What it is worth follows
 * from how alike their fates are (repeat.h), the worst taken for granted: that
 * two wrong replies agree as two good ones do. Then two that agree are both
 * good or both wrong; where they differ one is good, and a third that agrees
 * with it decides for it. */
#include <math.h>
#include <string.h>

#include "ledger/evidence.h"
#include "router/decide_int.h"
#include "router/repeat.h"

#define PUSD_IN_USD 1e12

static int samples_of(const struct route_ask *ask)
{
	return ask->samples < SAMPLES_MAX ? ask->samples : SAMPLES_MAX;
}

static double together(const struct look *g, int i)
{
	int tier = g->o[i].tier;

	if (g->o[i].borrowed || tier < 1 || tier > TIERS)
		return 0;
	return (double)g->class->together[tier - 1];
}

struct worth {
	double p, cost;
};

/* After two that differ, one of which is good: whoever is worth most. */
static struct worth after_two(const struct look *g, int arm)
{
	struct worth best = {0.5, 0};

	for (int i = 0; i < g->n; i++) {
		double p = plan_given(g->o[i].p, g->o[arm].p, 0.5);
		double cost = g->o[i].cost;

		if (i != arm && g->o[i].affords &&
		    p - g->lambda * cost > best.p - g->lambda * best.cost)
			best = (struct worth){p, cost};
	}
	return best;
}

static struct worth samples_worth(const struct look *g, int arm, int n)
{
	double two, three, p = g->o[arm].p, c = g->o[arm].cost, differ;
	struct worth rest;

	repeat_moments(p, together(g, arm), &two, &three);
	differ = 2 * (p - two);
	if (n > 2)
		return (struct worth){3 * two - 2 * three, (2 + differ) * c};
	rest = after_two(g, arm);
	return (struct worth){two + differ * rest.p,
			      2 * c + differ * rest.cost};
}

/* All samples fit into what is left of the budget. */
static bool affordable(const struct look *g, int arm, int n)
{
	int64_t left = g->ask->budget_left_pusd;

	return left < 0 || n * g->o[arm].cost * PUSD_IN_USD <= (double)left;
}

static void put(const struct look *g, int arm, int n, struct worth w,
		struct decision *out)
{
	plan_single(g, arm, out);
	out->plan = (struct plan){.kind = PLAN_BEST_OF, .n = n};
	for (int i = 0; i < n; i++)
		out->plan.arm[i] = (int16_t)arm;
	out->p_plan = (float)w.p;
	out->plan_pusd = (int64_t)(w.cost * PUSD_IN_USD);
}

void plan_samples(const struct look *g, double *best, struct decision *out)
{
	for (int i = 0; i < g->n; i++) {
		const struct option *o = &g->o[i];

		if (!o->affords || isnan(o->p) || isnan(o->cost) ||
		    !(together(g, i) > 0))
			continue;
		for (int n = 2; n <= samples_of(g->ask); n++) {
			struct worth w = samples_worth(g, i, n);

			if (!affordable(g, i, n) ||
			    w.p - g->lambda * w.cost <= *best)
				continue;
			*best = w.p - g->lambda * w.cost;
			put(g, i, n, w, out);
		}
	}
}

/* ---- while it runs ---- */

static double agreement(const struct route_tried *t)
{
	if (!t->evidence || t->n_evidence <= EVIDENCE_AGREEMENT)
		return NAN;
	return (double)t->evidence[EVIDENCE_AGREEMENT];
}

/* How many of the last replies are of the arm that served last. */
static int taken(const struct route_ask *ask)
{
	int n = 0, at = ask->n_tried;

	while (n < at && ask->tried[at - 1 - n].arm == ask->tried[at - 1].arm)
		n++;
	return n;
}

bool samples_differ(const struct route_ask *ask)
{
	const struct route_tried *last = &ask->tried[ask->n_tried - 1];

	return taken(ask) > 1 && agreement(last) <= 0;
}

bool judge_samples(const struct look *g, struct decision *out)
{
	const struct route_ask *ask = g->ask;
	int n = taken(ask), arm = ask->tried[ask->n_tried - 1].arm;
	double two, three, p, good;
	struct decision first = *out;

	if (samples_of(ask) < 2 || g->policy != POLICY_LEARNED ||
	    n != ask->n_tried || !look_has(g, arm))
		return false;
	plan_learned(g, &first);
	if (first.plan.kind != PLAN_BEST_OF || first.arm != arm)
		return false;
	p = g->o[arm].p;
	repeat_moments(p, together(g, arm), &two, &three);
	good = two / (1 - 2 * (p - two));
	if (n > 1 && agreement(&ask->tried[n - 1]) > 0) {
		out->accept = true;
		out->p_accept = (float)good;
		out->plan_pusd = 0;
		return true;
	}
	if (n >= first.plan.n || ask->n_tried >= ROUTE_TRIED_MAX)
		return false;
	out->plan = first.plan;
	out->arm = arm;
	out->p_plan = first.p_plan;
	out->plan_pusd = (int64_t)(g->o[arm].cost * PUSD_IN_USD);
	return true;
}
