/* What is known of a request and of each model that may serve it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/bundle_plain.h"
#include "router/decide_int.h"

#define FUSD_IN_USD  1e15
#define PUSD_IN_USD  1e12
#define LOG_COST_MAX 60.0 /* of a cost in any unit */
#define COST_MAX     1e6  /* dollars a task; more is damage */
#define OUTPUT_GUESS 500  /* tokens, where nothing else is known */
#define Z90          1.645
#define SEEN_PRIOR   4.0 /* tasks that a class's rate is worth at least */

double route_price_unit(int64_t in_fusd, int64_t out_fusd)
{
	if (in_fusd < 0 || out_fusd < 0)
		return 0;
	return 0.75 * (double)in_fusd + 0.25 * (double)out_fusd;
}

static int tier_of(const struct route_arm *a)
{
	return a->tier < 1 ? 1 : a->tier > TIERS ? TIERS : a->tier;
}

/* ---- class and floor ---- */

static const struct bundle_class *parent_of(const struct look *g,
					    const struct bundle_class *c)
{
	const struct bundle_class *all;

	bundle_classes(g->b, &all);
	if (c == all)
		return NULL;
	return c->parent < 0 ? all : &all[c->parent];
}

static void look_class(struct look *g)
{
	struct str name = g->ask->class_name;
	int floor = bundle_plain_floor(name);

	g->class = bundle_class_asked(g->b, name, !g->ask->x);
	if (g->ask->floor > floor)
		floor = g->ask->floor;
	for (const struct bundle_class *c = g->class; c; c = parent_of(g, c)) {
		if (c->floor > floor)
			floor = c->floor;
	}
	g->floor = floor < 1 ? 1 : floor;
}

/* ---- which arm of the bundle speaks for a model ---- */

/* "tier:3"; 0: no such name. */
static int tier_name(struct str s)
{
	if (s.len != 6 || memcmp(s.p, "tier:", 5) || s.p[5] < '1' ||
	    s.p[5] > '0' + TIERS)
		return 0;
	return s.p[5] - '0';
}

struct lenders {
	int whole[TIERS + 1]; /* the arm "tier:N", by tier; -1 */
	int any[TIERS + 1];   /* some arm of the tier */
};

static void find_lenders(const struct look *g, struct lenders *l)
{
	for (int t = 0; t <= TIERS; t++)
		l->whole[t] = l->any[t] = -1;
	for (int i = 0; i < g->n_arms; i++) {
		const struct bundle_arm *a = &g->arms[i];
		int t = tier_name(a->name), best = l->any[a->tier];

		if (t)
			l->whole[t] = i;
		/* of a tier rather one that has models */
		if (best < 0 || (g->arms[best].success < 0 && a->success >= 0))
			l->any[a->tier] = i;
	}
}

static int lender_of(const struct lenders *l, int tier)
{
	if (l->whole[tier] >= 0)
		return l->whole[tier];
	for (int t = tier; t >= 1; t--) {
		if (l->any[t] >= 0)
			return l->any[t];
	}
	for (int t = tier + 1; t <= TIERS; t++) {
		if (l->any[t] >= 0)
			return l->any[t];
	}
	return 0; /* a bundle has an arm */
}

static int own_arm(const struct look *g, struct str model)
{
	for (int i = 0; i < g->n_arms; i++) {
		if (str_eq(g->arms[i].name, model))
			return i;
	}
	return -1;
}

static void look_arms(struct look *g)
{
	struct lenders l;

	find_lenders(g, &l);
	for (int i = 0; i < g->n; i++) {
		const struct route_arm *a = &g->ask->arms[i];
		struct option *o = &g->o[i];

		o->tier = tier_of(a);
		o->arm = own_arm(g, a->model);
		o->borrowed = o->arm < 0 || !g->arms[o->arm].own;
		if (o->arm < 0)
			o->arm = lender_of(&l, o->tier);
		o->fits = a->allowed && o->tier >= g->floor &&
			  (g->ask->pinned < 0 || g->ask->pinned == i);
		o->p = o->cost = o->rate = o->rate_cost = NAN;
	}
}

/* ---- features ---- */

static void look_vector(struct look *g)
{
	const struct route_ask *a = g->ask;
	int n = feature_count();

	g->vector = a->x && a->n_x == n &&
		    (uuid_is_nil(a->schema) ||
		     uuid_eq(a->schema, bundle_schema(g->b)));
	g->foreign = a->x && !g->vector;
	for (int i = 0; i < n; i++)
		g->row[i] = g->vector ? a->x[i] : NAN;
	derive(bundle_derive(g->b), g->vector ? a->x : NULL,
	       g->class->tier_rate, g->class->tasks, -1, g->row + n);
}

/* ---- costs ---- */

static double dollars(double pusd)
{
	double usd = pusd / PUSD_IN_USD;

	return isfinite(usd) && usd >= 0 && usd < COST_MAX ? usd : NAN;
}

/* Dollars that one unit of an arm's costs is, at today's price. */
static double unit_usd(const struct look *g, int i, const struct bundle_arm *a)
{
	const struct route_arm *r = &g->ask->arms[i];
	double unit = route_price_unit(r->in_fusd, r->out_fusd);

	if (a->price_unit <= 0) /* pico-dollars, whatever the price */
		return 1 / PUSD_IN_USD;
	return (unit > 0 ? unit : (double)a->price_unit) / FUSD_IN_USD;
}

/* From the prompt's size and prices alone. */
static double cost_by_tokens(const struct look *g, int i)
{
	const struct route_ask *a = g->ask;
	const struct route_arm *r = &a->arms[i];
	double prompt = (double)a->prompt_tokens,
	       cached = (double)a->cached_tokens;
	double out = a->max_output > 0 && a->max_output < OUTPUT_GUESS
			     ? (double)a->max_output
			     : OUTPUT_GUESS;

	if (r->in_fusd < 0 || r->out_fusd < 0 || a->prompt_tokens < 0)
		return NAN;
	cached = r->cached_fusd < 0 || cached < 0 ? 0 : fmin(cached, prompt);
	return ((prompt - cached) * (double)r->in_fusd +
		cached * (double)r->cached_fusd + out * (double)r->out_fusd) /
	       FUSD_IN_USD;
}

static double switch_usd(const struct look *g, int i)
{
	int64_t pusd = g->ask->arms[i].switch_pusd;

	return pusd > 0 ? (double)pusd / PUSD_IN_USD : 0;
}

/* A class's own word on an arm, else that of the class above. */
static double class_rate(const struct look *g, int arm)
{
	for (const struct bundle_class *c = g->class; c; c = parent_of(g, c)) {
		int t = g->arms[arm].tier - 1;

		if (!isnan(c->rate[arm]))
			return (double)c->rate[arm];
		if (!isnan(c->tier_rate[t]))
			return (double)c->tier_rate[t];
	}
	return NAN;
}

static double class_cost(const struct look *g, int i)
{
	int arm = g->o[i].arm;

	for (const struct bundle_class *c = g->class; c; c = parent_of(g, c)) {
		if (!isnan(c->cost[arm]))
			return dollars((double)c->cost[arm] *
				       unit_usd(g, i, &g->arms[arm]) *
				       PUSD_IN_USD);
	}
	return NAN;
}

/* ---- models ---- */

/* The arm whose forests speak for arm `i`. */
static const struct bundle_arm *speaker(const struct look *g, int i)
{
	const struct bundle_arm *a = &g->arms[i];

	return a->own ? a : &g->arms[a->lender];
}

struct outputs {
	float out[BUNDLE_FORESTS_MAX];
	bool wanted[BUNDLE_FORESTS_MAX];
	int which[BUNDLE_FORESTS_MAX], n;
};

static void want(struct outputs *f, int forest)
{
	if (forest < 0 || f->wanted[forest])
		return;
	f->wanted[forest] = true;
	f->which[f->n++] = forest;
}

static void run_forests(const struct look *g, struct outputs *f)
{
	const struct forest *all;

	memset(f->wanted, 0, sizeof(f->wanted));
	f->n = 0;
	for (int i = 0; i < g->n; i++) {
		const struct bundle_arm *a = speaker(g, g->o[i].arm);

		want(f, a->success);
		want(f, a->cost);
	}
	bundle_forests(g->b, &all);
	forest_predict_some(all, f->which, f->n, g->row, f->out);
}

static void look_model(struct look *g, int i, const struct outputs *f)
{
	struct option *o = &g->o[i];
	const struct bundle_arm *a = speaker(g, o->arm);

	o->rate = class_rate(g, o->arm);
	o->rate_cost = class_cost(g, i);
	o->p = o->rate;
	o->cost = o->rate_cost;
	if (f && a->success >= 0)
		o->p = (double)calibrate(&a->cal, f->out[a->success]);
	if (f && a->cost >= 0) {
		double log_cost = (double)f->out[a->cost];

		if (fabs(log_cost) <= LOG_COST_MAX)
			o->cost = dollars(exp(log_cost) * unit_usd(g, i, a) *
					  PUSD_IN_USD);
	}
	if (!(o->p >= 0 && o->p <= 1))
		o->p = o->rate;
	if (isnan(o->cost))
		o->cost = cost_by_tokens(g, i);
	o->cost += switch_usd(g, i);
	o->rate_cost =
		isnan(o->rate_cost) ? o->cost : o->rate_cost + switch_usd(g, i);
}

static void focus(struct look *g)
{
	double p[ROUTE_ARMS_MAX], rate[ROUTE_ARMS_MAX];

	for (int i = 0; i < g->n; i++) {
		p[i] = g->o[i].p;
		rate[i] = g->o[i].rate;
	}
	bundle_focus_on(g->class->focus, p, rate, g->n);
	for (int i = 0; i < g->n; i++)
		g->o[i].p = p[i];
}

static bool affords(const struct look *g, const struct option *o)
{
	int64_t left = g->ask->budget_left_pusd;

	if (left < 0)
		return true;
	if (isnan(o->cost))
		return left > 0;
	return o->cost * PUSD_IN_USD <= (double)left;
}

/* ---- all of it, at once or kept ---- */

struct route_memo {
	struct look g;
	bool known;
};

struct route_memo *route_memo_new(void)
{
	return xcalloc(1, sizeof(struct route_memo));
}

void route_memo_forget(struct route_memo *m)
{
	m->known = false;
}

void route_memo_free(struct route_memo *m)
{
	free(m);
}

/* What does not depend on the goal and on what was tried. */
static void look_fresh(struct look *g, const struct bundle *b,
		       const struct route_ask *ask)
{
	struct outputs f;

	g->b = b;
	g->n_arms = bundle_arms(b, &g->arms);
	g->n = !ask->arms || ask->n_arms < 0  ? 0
	       : ask->n_arms > ROUTE_ARMS_MAX ? ROUTE_ARMS_MAX
					      : ask->n_arms;
	look_class(g);
	look_arms(g);
	look_vector(g);
	if (g->vector)
		run_forests(g, &f);
	for (int i = 0; i < g->n; i++)
		look_model(g, i, g->vector ? &f : NULL);
	focus(g);
	for (int i = 0; i < g->n; i++) {
		g->o[i].affords = g->o[i].fits && affords(g, &g->o[i]);
	}
}

void look_at(struct look *g, const struct bundle *b,
	     const struct route_ask *ask)
{
	g->ask = ask;
	if (ask->memo && ask->memo->known) {
		*g = ask->memo->g;
		g->ask = ask;
	} else {
		look_fresh(g, b, ask);
	}
	if (ask->memo && !ask->memo->known) {
		ask->memo->g = *g;
		ask->memo->known = true;
	}
	g->policy = g->class->policy.kind;
	g->escalate = g->first = false;
	g->rung = -1;
	if (g->policy == POLICY_LEARNED && !g->vector)
		g->policy = POLICY_STATIC;
	if (ask->unguarded)
		g->policy = POLICY_LEARNED;
}

/* ---- for whoever reads the decision ---- */

static void look_view(const struct look *g, int i, struct route_arm_view *v)
{
	const struct option *o = &g->o[i];
	double seen = (double)g->class->seen[o->arm];
	double spread = (double)speaker(g, o->arm)->spread;
	double half;

	*v = (struct route_arm_view){
		.p = (float)o->p,
		.low = 0,
		.high = 1,
		.expected_cost_pusd =
			isnan(o->cost) ? -1 : (int64_t)(o->cost * PUSD_IN_USD),
		.borrowed = o->borrowed,
	};
	if (isnan(o->p))
		return;
	half = Z90 * sqrt(spread * spread +
			  (o->p * (1 - o->p) + 0.01) / (seen + SEEN_PRIOR));
	v->low = (float)fmax(0, o->p - half);
	v->high = (float)fmin(1, o->p + half);
}

void look_views(const struct look *g, struct decision *out)
{
	for (int i = 0; i < g->n; i++)
		look_view(g, i, &out->view[i]);
}
