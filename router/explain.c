/* What moved a decision, for people. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "router/decide_int.h"

#define ARMS_TOLD  16 /* the object stays below what a decision stores */
#define MOVED_TOLD 8
#define NAME_TOLD  64

static struct str cut(struct str s)
{
	if (s.len > NAME_TOLD)
		s.len = NAME_TOLD;
	return s;
}

static void put_arm(const struct look *g, const struct decision *d, int i,
		    struct json_out *o)
{
	const struct route_arm_view *v = &d->view[i];

	json_out_obj(o, NULL);
	json_out_str(o, "model", cut(g->ask->arms[i].model));
	json_out_i64(o, "tier", g->o[i].tier);
	json_out_double(o, "p", (double)v->p, 3);
	json_out_double(o, "low", (double)v->low, 3);
	json_out_double(o, "high", (double)v->high, 3);
	json_out_double(o, "usd",
			v->expected_cost_pusd < 0
				? NAN
				: (double)v->expected_cost_pusd / 1e12,
			4);
	if (v->borrowed)
		json_out_str(o, "from", cut(g->arms[g->o[i].arm].name));
	if (!g->o[i].affords)
		json_out_str(o, "out",
			     !g->ask->arms[i].allowed  ? STR("not allowed")
			     : g->o[i].tier < g->floor ? STR("floor")
			     : !g->o[i].fits           ? STR("pinned")
						       : STR("budget"));
	json_out_end(o, '}');
}

/* ---- contributions ---- */

/* The arm that would have served without the chosen one. */
static int runner_up(const struct look *g, int chosen)
{
	int best = -1;
	double most = -INFINITY;

	for (int i = 0; i < g->n; i++) {
		double u = g->o[i].p - g->lambda * g->o[i].cost;

		if (i != chosen && g->o[i].affords && u > most) {
			most = u;
			best = i;
		}
	}
	return best;
}

static int success_forest(const struct look *g, int i)
{
	const struct bundle_arm *a = &g->arms[g->o[i].arm];

	return a->own ? a->success : g->arms[a->lender].success;
}

static void add_moves(const struct look *g, int i, double sign, double *moved)
{
	int forest = success_forest(g, i), n;
	const struct forest *f;
	float *by;

	bundle_forests(g->b, &f);
	if (forest < 0)
		return;
	n = f[forest].features;
	by = xcalloc((size_t)n + 1, sizeof(*by));
	forest_explain(&f[forest], g->row, by);
	for (int k = 0; k < n && k < FEATURE_ALL_MAX; k++)
		moved[k] += sign * (double)by[k];
	free(by);
}

static void put_moved(const struct look *g, int arm, struct json_out *o)
{
	double moved[FEATURE_ALL_MAX] = {0};
	int other = runner_up(g, arm);

	json_out_arr(o, "moved");
	if (g->vector) {
		add_moves(g, arm, 1, moved);
		if (other >= 0)
			add_moves(g, other, -1, moved);
	}
	for (int k = 0; k < MOVED_TOLD; k++) {
		char name[FEATURE_NAME];
		int most = 0;

		for (int i = 1; i < feature_total(); i++) {
			if (fabs(moved[i]) > fabs(moved[most]))
				most = i;
		}
		if (!(fabs(moved[most]) > 1e-6))
			break;
		json_out_obj(o, NULL);
		json_out_str(o, "feature", str_from(feature_name(most, name)));
		json_out_double(o, "value", (double)g->row[most], 6);
		json_out_double(o, "log_odds", moved[most], 3);
		json_out_end(o, '}');
		moved[most] = 0;
	}
	json_out_end(o, ']');
	if (g->vector && other >= 0)
		json_out_str(o, "against", cut(g->ask->arms[other].model));
}

void router_explain(const struct bundle *b, const struct route_ask *ask,
		    const struct decision *d, struct buf *json)
{
	struct json_out o;
	struct look g;

	look_at(&g, b, ask);
	g.lambda = (double)d->lambda;
	json_out_init(&o, json);
	json_out_obj(&o, NULL);
	json_out_str(&o, "rule", str_from(policy_kind_names[d->policy]));
	json_out_str(&o, "kind", str_from(plan_kind_names[d->plan.kind]));
	json_out_str(&o, "class", cut(g.class->name));
	json_out_str(&o, "bound_by",
		     *d->bound_by ? str_from(d->bound_by) : STR_NONE);
	json_out_i64(&o, "floor", d->floor);
	if (ask->budget_left_pusd >= 0)
		json_out_double(&o, "budget_usd",
				(double)ask->budget_left_pusd / 1e12, 6);
	json_out_bool(&o, "explored", d->explored);
	json_out_double(&o, "propensity", (double)d->propensity, 4);
	json_out_bool(&o, "pinned", ask->pinned >= 0);
	json_out_double(&o, "success_per_usd", (double)d->lambda, 4);
	json_out_double(&o, "p", (double)d->p_plan, 3);
	json_out_double(&o, "usd",
			d->plan_pusd < 0 ? NAN : (double)d->plan_pusd / 1e12,
			4);
	if (!isnan(d->p_accept))
		json_out_double(&o, "p_accept", (double)d->p_accept, 3);
	json_out_arr(&o, "arms");
	for (int i = 0; i < g.n && i < ARMS_TOLD; i++)
		put_arm(&g, d, i, &o);
	json_out_end(&o, ']');
	if (look_has(&g, d->arm))
		put_moved(&g, d->arm, &o);
	json_out_end(&o, '}');
}
