/* The decision: what serves first. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "router/decide_int.h"
#include "router/stat.h"

#define EXPLORE_MAX 0.5

static void bound(struct decision *out, const char *what, const char *why)
{
	if (*out->bound_by)
		return;
	if (why && *why)
		snprintf(out->bound_by, sizeof(out->bound_by), "%s: %s", what,
			 why);
	else
		snprintf(out->bound_by, sizeof(out->bound_by), "%s", what);
}

static void bound_floor(const struct look *g, struct decision *out)
{
	char what[32];

	snprintf(what, sizeof(what), "floor %d", g->floor);
	bound(out, what, g->ask->floor >= g->floor ? g->ask->floor_why : NULL);
}

/* ---- nothing may serve ---- */

static void stop(const struct look *g, struct decision *out)
{
	bool allowed = false, fits = false;

	out->plan = (struct plan){.kind = PLAN_STOP};
	out->arm = -1;
	out->plan_pusd = 0;
	for (int i = 0; i < g->n; i++) {
		bool may = g->ask->pinned < 0 || g->ask->pinned == i;

		allowed |= may && g->ask->arms[i].allowed;
		fits |= g->o[i].fits;
	}
	if (!g->n)
		bound(out, "no arms", NULL);
	else if (!allowed)
		bound(out,
		      g->ask->pinned < 0 ? "no arm is allowed"
					 : "the pinned arm is not allowed",
		      g->ask->pinned < 0 ? NULL : g->ask->pinned_why);
	else if (!fits)
		bound_floor(g, out);
	else
		bound(out, "budget", NULL);
}

/* ---- what decided ---- */

static bool beats(const struct look *g, int i, int arm)
{
	const struct option *o = &g->o[i], *a = &g->o[arm];

	if (g->policy == POLICY_STRONGEST)
		return o->tier > a->tier;
	return !isnan(o->p) && !isnan(o->cost) && !isnan(a->p) &&
	       !isnan(a->cost) &&
	       o->p - g->lambda * o->cost > a->p - g->lambda * a->cost;
}

/* Name the pin, floor or budget that kept a better arm away. */
static void name_bounds(const struct look *g, struct decision *out)
{
	bool floor = false, budget = false;

	if (g->ask->pinned >= 0)
		bound(out, "pinned", g->ask->pinned_why);
	for (int i = 0; i < g->n; i++) {
		const struct option *o = &g->o[i];

		if (!g->ask->arms[i].allowed || o->affords ||
		    !beats(g, i, out->arm))
			continue;
		floor |= o->tier < g->floor;
		budget |= o->fits;
	}
	if (floor)
		bound_floor(g, out);
	if (budget)
		bound(out, "budget", NULL);
	if (g->foreign)
		bound(out, "schema", "features of another version");
}

/* ---- who serves ---- */

/* The arm that stands for an arm of the bundle: itself, else the cheapest tier
 * that is not below it. */
static int stand_in(const struct look *g, int arm)
{
	int best = -1;

	if (arm < 0)
		return -1;
	for (int i = 0; i < g->n; i++) {
		if (!g->o[i].affords)
			continue;
		if (g->o[i].arm == arm && !g->o[i].borrowed)
			return i;
		if (g->o[i].tier >= g->arms[arm].tier &&
		    (best < 0 || g->o[i].tier < g->o[best].tier))
			best = i;
	}
	return best;
}

struct draw {
	int low, high; /* arms of the mixture */
	double high_share;
};

static bool draw_static(const struct look *g, struct draw *d)
{
	const struct policy *p = &g->class->policy;
	struct hull_mix mix;

	if (plan_static(g, &mix)) {
		*d = (struct draw){mix.low, mix.high, mix.high_share};
		return true;
	}
	*d = (struct draw){stand_in(g, p->low), stand_in(g, p->high),
			   (double)p->high_share};
	return d->low >= 0 && d->high >= 0;
}

static void decide_static(const struct look *g, uint64_t *random,
			  struct decision *out)
{
	struct draw d;
	bool high;

	if (!draw_static(g, &d)) {
		plan_single(g, plan_strongest(g), out);
		return;
	}
	high = stat_uniform(random) < d.high_share;
	plan_single(g, high ? d.high : d.low, out);
	if (d.low != d.high)
		out->propensity =
			(float)(high ? d.high_share : 1 - d.high_share);
}

/* Draw lots now and then among all that may serve. The propensity is that of
 * the arm which serves now, however it came to it. */
static void explore(const struct look *g, uint64_t *random,
		    struct decision *out)
{
	double share = g->ask->explore, p = (double)out->propensity;
	int left[ROUTE_ARMS_MAX], n = 0, chosen = out->arm;

	if (!(share > 0) || g->ask->pinned >= 0)
		return;
	share = fmin(share, EXPLORE_MAX);
	for (int i = 0; i < g->n; i++) {
		if (g->o[i].affords)
			left[n++] = i;
	}
	if (stat_uniform(random) < share) {
		int i = left[(int)(stat_uniform(random) * n)];

		/* A mixture's other arm has a chance of its own. */
		if (i != chosen && g->policy == POLICY_STATIC) {
			struct draw d;

			p = 0;
			if (draw_static(g, &d) && d.low != d.high &&
			    (i == d.low || i == d.high))
				p = i == d.high ? d.high_share
						: 1 - d.high_share;
		} else if (i != chosen) {
			p = 0;
		}
		if (i != chosen)
			plan_single(g, i, out);
		out->explored = true;
	}
	out->propensity = (float)((1 - share) * p + share / n);
}

static void choose(const struct look *g, struct decision *out)
{
	uint64_t random = stat_mix(g->ask->seed);

	switch (g->policy) {
	case POLICY_LEARNED:
		plan_learned(g, out);
		break;
	case POLICY_STATIC:
		decide_static(g, &random, out);
		break;
	case POLICY_STRONGEST:
	default:
		plan_single(g, plan_strongest(g), out);
	}
	explore(g, &random, out);
}

static void init(struct decision *out)
{
	out->plan = (struct plan){.kind = PLAN_STOP};
	out->arm = -1;
	out->propensity = 1;
	out->explored = false;
	out->policy = POLICY_STRONGEST;
	*out->bound_by = 0;
	out->floor = 1;
	out->lambda = 0;
	out->p_accept = NAN;
	out->accept = false;
	out->p_plan = NAN;
	out->plan_pusd = -1;
	out->judge_gain = 0;
	memset(out->view, 0, sizeof(out->view));
}

void decide_look(struct look *g, const struct bundle *b,
		 const struct route_ask *ask, struct decision *out)
{
	init(out);
	look_at(g, b, ask);
	look_views(g, out);
	g->lambda = g->policy == POLICY_STRONGEST ? 0 : plan_lambda(g);
	plan_mode(g);
	out->floor = g->floor;
	out->policy = g->policy;
	out->lambda = (float)g->lambda;
}

void router_decide(const struct bundle *b, const struct route_ask *ask,
		   struct decision *out)
{
	struct look g;

	decide_look(&g, b, ask, out);
	if (plan_strongest(&g) < 0) {
		stop(&g, out);
		return;
	}
	choose(&g, out);
	out->judge_gain = (float)judge_gain(&g, out->arm);
	name_bounds(&g, out);
}
