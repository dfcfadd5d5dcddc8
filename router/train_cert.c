/* What a bundle says of itself, as JSON; null is "not known".
 *
 *   version, trained_at, window {since, until, fitted_until}, rows (tasks),
 *   replies, seed
 *   sources    [{name, licence, rows}]
 *   metrics    {ece, brier_skill, rows, reliability [{p, observed, n}]}: over
 *              all verdicts, probabilities out of fold; the skill is against
 *              the class's rate of the arm
 *   classes    [{name, serves (learned, static, strongest), why, tasks,
 *              judged, low, high, high_share (the static mixture), static and
 *              learned {success, cost_usd} on held-out tasks, gain, gain_low
 *              (of utility, at the hull's price of success), ece, modes (bits
 *              by rung of price, policy.h; where prices were judged); and
 *              accept, false_accept, accept_rate where there is an accept
 *              model}]
 *   arms       [{name, tier, usd_per_mtok}]: the price that costs are relative
 *              to, three parts input and one output; null: follows no price
 *   plane      {points [{name, kind (single, hull, policy, oracle), cost_usd,
 *              success}]}
 *
 * Publishing adds, in the ledger, what comparing it with the bundle that
 * serves said: gate {passed, gain, gain_low, reason}, drift, preview. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/money.h"
#include "router/hull.h"
#include "router/train_int.h"

#define BINS   15
#define POINTS 10 /* of a reliability diagram */

/* ---- calibration ---- */

struct pairs {
	float *p, *ref, *y;
	size_t n;
};

/* Every verdict of a class's rows with the probability out of fold and the
 * class rate out of fold. node < 0: of all. */
static void pairs_make(const struct fit *f, int node, struct pairs *s)
{
	size_t most = (size_t)f->n * (size_t)f->arms + 1;
	struct rates r;

	s->p = xcalloc(most, sizeof(float));
	s->ref = xcalloc(most, sizeof(float));
	s->y = xcalloc(most, sizeof(float));
	s->n = 0;
	rates_init(&r, f);
	for (int k = 0; k < f->folds; k++) {
		for (int c = 0; c < f->nodes; c++) {
			if (node >= 0 && c != node)
				continue;
			fit_rates(f, c, k, NO_FOLD, &r);
			for (int i = 0; i < f->n; i++) {
				if (f->row[i].fold != k || f->row[i].node != c)
					continue;
				for (int a = 0; a < f->arms; a++) {
					float y = fit_cell(f, i, a)->success;

					if (!isfinite(y) ||
					    !isfinite(r.rate[a]))
						continue;
					s->p[s->n] =
						f->p[(size_t)i *
							     (size_t)f->arms +
						     (size_t)a];
					s->ref[s->n] = r.rate[a];
					s->y[s->n++] = y;
				}
			}
		}
	}
	rates_release(&r);
}

static void pairs_free(struct pairs *s)
{
	free(s->p);
	free(s->ref);
	free(s->y);
}

struct point {
	float p, y;
};

static int by_p(const void *pa, const void *pb)
{
	const struct point *a = pa, *b = pb;

	if (a->p != b->p)
		return a->p < b->p ? -1 : 1;
	return a->y < b->y ? -1 : a->y > b->y;
}

static void put_reliability(struct json_out *o, const struct pairs *s)
{
	struct point *q = xcalloc(s->n + 1, sizeof(*q));

	for (size_t i = 0; i < s->n; i++)
		q[i] = (struct point){s->p[i], s->y[i]};
	qsort(q, s->n, sizeof(*q), by_p);
	json_out_arr(o, "reliability");
	for (size_t b = 0; b < POINTS && s->n; b++) {
		size_t from = s->n * b / POINTS, to = s->n * (b + 1) / POINTS;
		double p = 0, y = 0;

		for (size_t i = from; i < to; i++) {
			p += (double)q[i].p;
			y += (double)q[i].y;
		}
		if (to == from)
			continue;
		json_out_obj(o, NULL);
		json_out_double(o, "p", p / (double)(to - from), 6);
		json_out_double(o, "observed", y / (double)(to - from), 6);
		json_out_i64(o, "n", (int64_t)(to - from));
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
	free(q);
}

static void put_metrics(const struct fit *f, struct json_out *o)
{
	struct pairs s;

	pairs_make(f, -1, &s);
	json_out_obj(o, "metrics");
	json_out_double(o, "ece", calibrate_ece(s.p, s.y, s.n, BINS), 6);
	json_out_double(o, "brier_skill",
			calibrate_brier_skill(s.p, s.ref, s.y, s.n), 6);
	json_out_i64(o, "rows", (int64_t)s.n);
	put_reliability(o, &s);
	json_out_end(o, '}');
	pairs_free(&s);
}

/* ---- classes ---- */

static void put_side(struct json_out *o, const char *key, double success,
		     double usd)
{
	json_out_obj(o, key);
	json_out_double(o, "success", success, 6);
	json_out_double(o, "cost_usd", usd, 6);
	json_out_end(o, '}');
}

static void put_modes(const struct policy *p, struct json_out *o)
{
	if (!(p->usd > 0))
		return;
	json_out_arr(o, "modes");
	for (int g = 0; g < POLICY_RUNGS; g++)
		json_out_i64(o, NULL, p->mode[g]);
	json_out_end(o, ']');
}

static void put_class(const struct fit *f, struct json_out *o, int node)
{
	static const char *const serves[] = {
		[POLICY_STRONGEST] = "strongest",
		[POLICY_STATIC] = "static",
		[POLICY_LEARNED] = "learned",
	};
	const struct fit_policy *p = &f->policy[node];
	const struct mx_arm *arms = f->m->arms;
	struct pairs s;

	pairs_make(f, node, &s);
	json_out_obj(o, NULL);
	json_out_str(o, "name", f->node[node].name);
	json_out_str(o, "serves", str_from(serves[p->policy.kind]));
	json_out_str(o, "why", str_from(p->why));
	json_out_i64(o, "tasks", (int64_t)f->node[node].tasks);
	json_out_i64(o, "judged", p->judged);
	json_out_str(o, "low", arms[p->policy.low].name);
	json_out_str(o, "high", arms[p->policy.high].name);
	json_out_double(o, "high_share", (double)p->policy.high_share, 6);
	if (p->judged) {
		put_side(o, "static", p->static_success, p->static_usd);
		put_side(o, "learned", p->learned_success, p->learned_usd);
	}
	if (f->accept.len) {
		json_out_double(o, "accept", (double)p->policy.accept, 6);
		json_out_double(o, "false_accept",
				(double)p->policy.false_accept, 6);
		json_out_double(o, "accept_rate", (double)p->policy.accept_rate,
				6);
	}
	put_modes(&p->policy, o);
	json_out_double(o, "gain", p->gain, 6);
	json_out_double(o, "gain_low", p->gain_low, 6);
	json_out_double(o, "ece",
			s.n ? calibrate_ece(s.p, s.y, s.n, BINS) : (double)NAN,
			6);
	json_out_end(o, '}');
	pairs_free(&s);
}

/* ---- the plane ---- */

static void put_point(struct json_out *o, struct str name, const char *kind,
		      double usd, double success)
{
	json_out_obj(o, NULL);
	json_out_str(o, "name", name);
	json_out_str(o, "kind", str_from(kind));
	json_out_double(o, "cost_usd", usd, 6);
	json_out_double(o, "success", success, 6);
	json_out_end(o, '}');
}

/* The sums of what served each class, by its held-out rows. */
static void put_policies(const struct fit *f, struct json_out *o)
{
	double n = 0, s = 0, c = 0, ls = 0, lc = 0;

	for (int i = 1; i < f->nodes; i++) {
		const struct fit_policy *p = &f->policy[i];
		bool learned = p->beats;

		n += p->judged;
		s += p->judged * p->static_success;
		c += p->judged * p->static_usd;
		ls += p->judged *
		      (learned ? p->learned_success : p->static_success);
		lc += p->judged * (learned ? p->learned_usd : p->static_usd);
	}
	if (!(n > 0))
		return;
	put_point(o, STR("class-static"), "policy", c / n, s / n);
	put_point(o, STR("serving"), "policy", lc / n, ls / n);
}

/* For each task the cheapest arm that succeeded, else the cheapest seen. */
static void put_oracle(const struct fit *f, struct json_out *o)
{
	double n = 0, success = 0, usd = 0;

	for (int i = 0; i < f->n; i++) {
		int best = -1;

		for (int a = 0; a < f->arms; a++) {
			const struct mx_cell *c = fit_cell(f, i, a), *b;

			if (!isfinite(c->success) || c->cost_pusd == MONEY_NONE)
				continue;
			b = best < 0 ? NULL : fit_cell(f, i, best);
			if (!b || c->success > b->success ||
			    (c->success >= b->success &&
			     c->cost_pusd < b->cost_pusd))
				best = a;
		}
		if (best < 0)
			continue;
		n++;
		success += (double)fit_cell(f, i, best)->success;
		usd += (double)fit_cell(f, i, best)->cost_pusd * 1e-12;
	}
	if (n > 0)
		put_point(o, STR("oracle"), "oracle", usd / n, success / n);
}

static void put_plane(const struct fit *f, struct json_out *o)
{
	struct hull_point p[BUNDLE_ARMS_MAX];
	struct rates r;
	int n;

	rates_init(&r, f);
	fit_rates(f, 0, NO_FOLD, NO_FOLD, &r);
	json_out_obj(o, "plane");
	json_out_arr(o, "points");
	for (int a = 0; a < f->arms; a++) {
		p[a] = (struct hull_point){(double)r.cost[a] * 1e-12,
					   (double)r.rate[a], a};
		if (isfinite(p[a].cost) && isfinite(p[a].success))
			put_point(o, f->m->arms[a].name, "single", p[a].cost,
				  p[a].success);
	}
	n = hull_make(p, f->arms);
	for (int i = 0; i < n; i++)
		put_point(o, f->m->arms[p[i].arm].name, "hull", p[i].cost,
			  p[i].success);
	put_policies(f, o);
	put_oracle(f, o);
	json_out_end(o, ']');
	json_out_end(o, '}');
	rates_release(&r);
}

/* ---- arms ---- */

static void put_arms(const struct fit *f, struct json_out *o)
{
	json_out_arr(o, "arms");
	for (int a = 0; a < f->arms; a++) {
		double unit = f->m->arms[a].price_unit;

		json_out_obj(o, NULL);
		json_out_str(o, "name", f->m->arms[a].name);
		json_out_i64(o, "tier", f->m->arms[a].tier);
		json_out_double(o, "usd_per_mtok", unit > 0 ? unit * 1e-9 : NAN,
				6);
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}

/* ---- all of it ---- */

static void put_head(const struct fit *f, struct json_out *o)
{
	const struct train_opts *t = f->o;

	json_out_i64(o, "version", 1);
	json_out_time(o, "trained_at", t->now_us);
	json_out_obj(o, "window");
	json_out_time(o, "since", t->since_us);
	json_out_time(o, "until", t->until_us);
	json_out_time(o, "fitted_until", t->fitted_us);
	json_out_end(o, '}');
	json_out_i64(o, "rows", f->n);
	json_out_i64(o, "replies", f->replies);
	json_out_i64(o, "seed", (int64_t)t->seed);
	json_out_arr(o, "sources");
	for (int i = 0; i < t->n_sources; i++) {
		json_out_obj(o, NULL);
		json_out_str(o, "name", str_from(t->sources[i].name));
		json_out_str(o, "licence", str_from(t->sources[i].licence));
		json_out_i64(o, "rows", t->sources[i].rows);
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}

void fit_certificate(const struct fit *f, struct buf *json)
{
	struct json_out o;

	json_out_init(&o, json);
	json_out_obj(&o, NULL);
	put_head(f, &o);
	put_metrics(f, &o);
	json_out_arr(&o, "classes");
	for (int c = 0; c < f->nodes; c++)
		put_class(f, &o, c);
	json_out_end(&o, ']');
	put_arms(f, &o);
	put_plane(f, &o);
	json_out_end(&o, '}');
}
