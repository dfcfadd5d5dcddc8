#include "router/bundle_check.h"

#include <math.h>

static bool share_ok(float v)
{
	return v >= 0 && v <= 1;
}

static bool share_or_nan(const float *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isnan(v[i]) && !share_ok(v[i]))
			return false;
	}
	return true;
}

static bool all_finite(const float *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(v[i]))
			return false;
	}
	return true;
}

static bool shares(const float *v, size_t n)
{
	return share_or_nan(v, n) && all_finite(v, n);
}

static bool not_negative(float v)
{
	return isfinite(v) && v >= 0;
}

enum rc bundle_check_calibration(const struct calibration *c, struct err *e)
{
	if (c->n < 0 || c->n > CALIBRATION_MAX ||
	    !all_finite(c->x, (size_t)c->n) || !shares(c->y, (size_t)c->n))
		return err_set(e, RC_BAD, "a calibration is damaged");
	for (int i = 1; i < c->n; i++) {
		if (c->x[i] < c->x[i - 1] || c->y[i] < c->y[i - 1])
			return err_set(e, RC_BAD,
				       "a calibration does not rise");
	}
	return RC_OK;
}

static bool forest_ok(const struct forest *f, int n, int at,
		      enum forest_kind kind)
{
	return at == -1 || (at >= 0 && at < n && f[at].kind == kind &&
			    f[at].features <= feature_total());
}

enum rc bundle_check_arm(const struct bundle_arm *a, int n_arms,
			 const struct forest *f, int n_forests, struct err *e)
{
	if (!a->name.len || a->tier < 1 || a->tier > TIERS || a->lender < 0 ||
	    a->lender >= n_arms)
		return err_set(e, RC_BAD, "an arm is damaged");
	if (!forest_ok(f, n_forests, a->success, FOREST_LOGISTIC) ||
	    !forest_ok(f, n_forests, a->cost, FOREST_VALUE))
		return err_set(e, RC_BAD, "arm '%.*s' has no such forests",
			       STR_ARG(a->name));
	if (!not_negative(a->spread) || !not_negative(a->price_unit))
		return err_set(e, RC_BAD, "arm '%.*s' has odd numbers",
			       STR_ARG(a->name));
	return bundle_check_calibration(&a->cal, e);
}

static bool modes_ok(const struct policy *p)
{
	bool learned = false;

	for (int i = 0; i < POLICY_RUNGS; i++) {
		if (p->mode[i] >= MODE_BITS)
			return false;
		learned |= p->mode[i] & MODE_LEARNED;
	}
	return not_negative(p->usd) && (!learned || p->kind == POLICY_LEARNED);
}

static bool policy_ok(const struct policy *p, int n_arms)
{
	if (p->kind != POLICY_STRONGEST && p->kind != POLICY_STATIC &&
	    p->kind != POLICY_LEARNED)
		return false;
	if (p->low < -1 || p->low >= n_arms || p->high < -1 ||
	    p->high >= n_arms)
		return false;
	if (p->kind != POLICY_STRONGEST && (p->low < 0 || p->high < 0))
		return false;
	return share_ok(p->high_share) && not_negative(p->lambda) &&
	       not_negative(p->accept) && p->accept <= 2 &&
	       share_ok(p->false_accept) && share_ok(p->confidence) &&
	       share_ok(p->accept_rate) && modes_ok(p);
}

enum rc bundle_check_class(const struct bundle_class *c, int index, int n_arms,
			   struct err *e)
{
	size_t n = (size_t)n_arms;

	if (!c->name.len || c->parent < -1 || c->parent >= index ||
	    c->floor < 1 || c->floor > TIERS || !isfinite(c->tasks) ||
	    c->tasks < 0)
		return err_set(e, RC_BAD, "a class is damaged");
	if (!share_ok(c->focus.common) || !share_ok(c->focus.apart))
		return err_set(e, RC_BAD, "class '%.*s' has an odd focus",
			       STR_ARG(c->name));
	if (!policy_ok(&c->policy, n_arms))
		return err_set(e, RC_BAD, "class '%.*s' has no policy",
			       STR_ARG(c->name));
	if (!share_or_nan(c->rate, n) || !share_or_nan(c->tier_rate, TIERS) ||
	    !shares(c->together, TIERS))
		return err_set(e, RC_BAD, "class '%.*s' has odd rates",
			       STR_ARG(c->name));
	for (size_t i = 0; i < n; i++) {
		if (!not_negative(c->seen[i]) ||
		    !(isnan(c->cost[i]) || not_negative(c->cost[i])))
			return err_set(e, RC_BAD, "class '%.*s' has odd costs",
				       STR_ARG(c->name));
	}
	for (size_t i = 0; i < POLICY_RUNGS * n; i++) {
		if (!share_ok(c->bonus[i]))
			return err_set(e, RC_BAD, "class '%.*s' has odd plans",
				       STR_ARG(c->name));
	}
	return bundle_check_calibration(&c->accept, e);
}

enum rc bundle_check_derive(const struct derive_tables *t, struct err *e)
{
	size_t f = (size_t)t->features, p = (size_t)t->protos,
	       c = (size_t)t->clusters;

	if ((p || c) && t->features != feature_count())
		return err_set(e, RC_BAD,
			       "the prototypes are of other features");
	if (!all_finite(t->centre, f) || !all_finite(t->map, f * DERIVE_DIMS) ||
	    !all_finite(t->point, p * DERIVE_DIMS) ||
	    !all_finite(t->weight, p) ||
	    !all_finite(t->cluster_mid, c * DERIVE_DIMS) ||
	    !share_or_nan(t->rate, p * TIERS) ||
	    !share_or_nan(t->cluster_rate, c * TIERS))
		return err_set(e, RC_BAD, "the prototypes have odd numbers");
	for (size_t i = 0; i < p; i++) {
		if (t->weight[i] <= 0)
			return err_set(e, RC_BAD,
				       "a prototype stands for nothing");
	}
	return RC_OK;
}

enum rc bundle_check_spreads(const struct spread *s, int n, struct err *e)
{
	for (int i = 0; i < n; i++, s++) {
		if (s->n < 0 || s->n > SPREAD_BINS || !not_negative(s->rows) ||
		    !share_or_nan(s->share, SPREAD_BINS) ||
		    !all_finite(s->share, SPREAD_BINS) ||
		    !all_finite(s->cut, SPREAD_BINS - 1))
			return err_set(e, RC_BAD, "a spread is damaged");
		for (int k = 1; k + 1 < s->n; k++) {
			if (s->cut[k] <= s->cut[k - 1])
				return err_set(e, RC_BAD,
					       "a spread does not rise");
		}
	}
	return RC_OK;
}
