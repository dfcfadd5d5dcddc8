#include "router/oracle.h"

#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/hull.h"
#include "router/oracle_int.h"
#include "router/stat.h"

/* ---- small mathematics ---- */

static double odds(double p)
{
	p = fmin(fmax(p, P_MIN), 1 - P_MIN);
	return log(p / (1 - p));
}

static double chance(double x)
{
	return 1 / (1 + exp(-x));
}

static double phi(double x)
{
	return 0.5 * erfc(-x * M_SQRT1_2);
}

/* ---- rows ---- */

static bool arm_seen(const struct oracle_in *in, int a)
{
	return in->seen && !isnan(in->seen[a].success) &&
	       in->seen[a].cost_pusd != MONEY_NONE;
}

static bool may_serve(const struct oracle_in *in, int a)
{
	return arm_seen(in, a) || (in->p && !isnan(in->p[a]) && in->est_pusd &&
				   in->est_pusd[a] != MONEY_NONE);
}

static void look(struct row *r, const struct oracle_in *in, int arms)
{
	double cheapest = INFINITY, best = INFINITY;
	int n = 0;

	*r = (struct row){.in = in, .seen = true};
	for (int a = 0; a < arms; a++) {
		if (!may_serve(in, a))
			continue;
		n++;
		if (!arm_seen(in, a)) {
			r->seen = false;
			continue;
		}
		r->known++;
		cheapest = fmin(cheapest, oracle_usd(in->seen[a].cost_pusd));
		if (oracle_solved(in->seen[a].success) > 0)
			best = fmin(best, oracle_usd(in->seen[a].cost_pusd));
	}
	r->seen &= n > 0;
	r->success = isfinite(best);
	r->cost = isfinite(best) ? best : cheapest;
}

static void work_init(struct work *w, const struct oracle_in *in, int n,
		      int arms)
{
	size_t cells = (size_t)n * (size_t)arms + 1;

	*w = (struct work){.arms = arms};
	w->row = xcalloc((size_t)n + 1, sizeof(*w->row));
	w->p = xcalloc(cells, sizeof(double));
	w->c = xcalloc(cells, sizeof(double));
	w->shift = xcalloc((size_t)arms + 1, sizeof(double));
	w->scale = xcalloc((size_t)arms + 1, sizeof(double));
	w->cost = xcalloc(RHOS * (size_t)n + 1, sizeof(double));
	w->won = xcalloc(RHOS * (size_t)n + 1, sizeof(double));
	for (int i = 0; i < n; i++)
		if (!isnan(in[i].success) && in[i].cost_pusd != MONEY_NONE)
			look(&w->row[w->n++], &in[i], arms);
	for (int k = 0; k < NODES; k++)
		w->node[k] = stat_normal((k + 0.5) / NODES);
	for (int a = 0; a < arms; a++)
		w->scale[a] = 1;
}

static void work_release(struct work *w)
{
	free(w->row);
	free(w->p);
	free(w->c);
	free(w->shift);
	free(w->scale);
	free(w->cost);
	free(w->won);
}

/* Probabilities and costs under the present shift. */
void oracle_fill(struct work *w)
{
	for (int i = 0; i < w->n; i++) {
		const struct oracle_in *in = w->row[i].in;

		for (int a = 0; a < w->arms; a++) {
			double *p = &w->p[i * w->arms + a];
			double *c = &w->c[i * w->arms + a];

			*p = *c = NAN;
			if (!in->p || isnan(in->p[a]) || !in->est_pusd ||
			    in->est_pusd[a] == MONEY_NONE)
				continue;
			*p = chance(odds((double)in->p[a]) + w->shift[a]);
			*c = oracle_usd(in->est_pusd[a]) * w->scale[a];
		}
	}
}

/* ---- the targeted shift ---- */

void oracle_scores(const struct work *w, const int *times, struct score *s)
{
	for (int i = 0; i < w->n; i++) {
		const struct oracle_in *in = w->row[i].in;
		double p, wt = times ? times[i] : 1;

		if (!(wt > 0) || in->arm < 0 || in->arm >= w->arms)
			continue;
		p = w->p[i * w->arms + in->arm];
		if (isnan(p))
			continue;
		wt /= fmax((double)in->propensity, 1e-3);
		s[in->arm].residual += wt * (oracle_solved(in->success) - p);
		s[in->arm].slope += wt * p * (1 - p);
		s[in->arm].paid += wt * oracle_usd(in->cost_pusd);
		s[in->arm].expected += wt * w->c[i * w->arms + in->arm];
	}
}

static void target(struct work *w)
{
	for (int step = 0; step < 8; step++) {
		struct score s[ORACLE_ARMS_MAX] = {{0}};

		oracle_fill(w);
		oracle_scores(w, NULL, s);
		for (int a = 0; a < w->arms; a++) {
			double by =
				s[a].slope > 0 ? s[a].residual / s[a].slope : 0;

			w->shift[a] += fmin(fmax(by, -1), 1);
			w->shift[a] = fmin(fmax(w->shift[a], -6), 6);
			if (step == 0 && s[a].expected > 0 && s[a].paid > 0)
				w->scale[a] = s[a].paid / s[a].expected;
		}
	}
	oracle_fill(w);
}

/* ---- the oracle of a task ---- */

struct arm {
	double p, c, z;
};

static int by_cost(const void *a, const void *b)
{
	const struct arm *x = a, *y = b;

	return (x->c > y->c) - (x->c < y->c);
}

static int arms_of(const struct work *w, int i, struct arm *v)
{
	int n = 0;

	for (int a = 0; a < w->arms; a++) {
		double p = w->p[i * w->arms + a];

		if (isnan(p))
			continue;
		p = fmin(fmax(p, P_MIN), 1 - P_MIN);
		v[n++] = (struct arm){p, w->c[i * w->arms + a], stat_normal(p)};
	}
	qsort(v, (size_t)n, sizeof(*v), by_cost);
	return n;
}

/* Expected cost and success of the cheapest arm that succeeds. */
static void expect(const struct work *w, const struct arm *v, int n, double rho,
		   double *cost, double *won)
{
	double root = sqrt(rho), rest = sqrt(1 - rho);

	*cost = *won = 0;
	for (int k = 0; k < NODES; k++) {
		double left = 1;

		for (int a = 0; a < n && left > 1e-9; a++) {
			double p = phi((v[a].z - root * w->node[k]) / rest);

			*cost += left * p * v[a].c / NODES;
			*won += left * p / NODES;
			left *= 1 - p;
		}
		*cost += left * v[0].c / NODES;
	}
}

static bool drawn(const struct row *r)
{
	return r->in->all_propensity > 0 && r->in->all_propensity < 1;
}

/* With rows drawn at random to be seen whole every row counts as the model has
 * it, and those that were seen by what it is off, for all the others too. */
void oracle_expect(struct work *w, int i)
{
	struct arm v[ORACLE_ARMS_MAX];
	const struct row *r = &w->row[i];
	bool whole = r->seen && !(w->weight > 0 && drawn(r));
	int n = whole ? 0 : arms_of(w, i, v);

	for (int k = 0; k < RHOS; k++) {
		double *cost = &w->cost[k * w->n + i];
		double *won = &w->won[k * w->n + i];

		if (n) {
			expect(w, v, n, w->rho[k], cost, won);
		} else if (r->seen) {
			*cost = r->cost;
			*won = r->success;
		} else { /* nothing is known but what was paid */
			*cost = oracle_usd(r->in->cost_pusd);
			*won = oracle_solved(r->in->success);
		}
		if (n && r->seen) {
			double by = w->weight / (double)r->in->all_propensity;

			*cost += by * (r->cost - *cost);
			*won += by * (r->success - *won);
		}
	}
}

static void weigh_drawn(struct work *w)
{
	double sum = 0;
	int n = 0, seen = 0;

	for (int i = 0; i < w->n; i++) {
		if (!drawn(&w->row[i]))
			continue;
		n++;
		if (!w->row[i].seen)
			continue;
		sum += 1 / (double)w->row[i].in->all_propensity;
		seen++;
	}
	w->weight = seen >= ORACLE_SEEN_MIN ? n / sum : 0;
}

/* ---- dependence ---- */

/* Log-likelihood of what several arms of a task did. What was run because
 * something else had failed does no harm here. */
static double likelihood(const struct work *w, double rho)
{
	double root = sqrt(rho), rest = sqrt(1 - rho), sum = 0;

	for (int i = 0; i < w->n; i++) {
		const struct oracle_in *in = w->row[i].in;
		double all = 0;

		for (int k = 0; w->row[i].known > 1 && k < NODES; k++) {
			double one = 1;

			for (int a = 0; a < w->arms; a++) {
				double p = w->p[i * w->arms + a];

				if (!arm_seen(in, a) || isnan(p))
					continue;
				p = fmin(fmax(p, P_MIN), 1 - P_MIN);
				p = phi((stat_normal(p) - root * w->node[k]) /
					rest);
				p = fmin(fmax(p, P_MIN), 1 - P_MIN);
				one *= oracle_solved(in->seen[a].success) > 0
					       ? p
					       : 1 - p;
			}
			all += one / NODES;
		}
		if (all > 0)
			sum += log(all);
	}
	return sum;
}

#define GRID 12 /* values of dependence that are tried */

/* All that is not much less likely than the likeliest: 90 % by the likelihood
 * ratio. */
static void range(struct work *w, struct oracle_out *out)
{
	double like[GRID], best = -INFINITY;
	int pairs = 0;

	out->rho_low = RHO_ND;
	out->rho_high = 0;
	if (w->weight > 0) { /* corrected whatever it is */
		out->rho_low = out->rho_high = 0.5;
		for (int k = 0; k < RHOS; k++)
			w->rho[k] = 0.5;
		return;
	}
	for (int i = 0; i < w->n; i++)
		pairs += w->row[i].known > 1;
	for (int k = 0; k < GRID; k++) {
		like[k] = pairs >= ORACLE_SEEN_MIN
				  ? likelihood(w, RHO_ND * k / (GRID - 1))
				  : 0;
		best = fmax(best, like[k]);
	}
	for (int k = 0; k < GRID; k++) {
		double rho = RHO_ND * k / (GRID - 1);

		if (like[k] < best - 1.353)
			continue;
		out->rho_low = fmin(out->rho_low, rho);
		out->rho_high = fmax(out->rho_high, rho);
	}
	for (int k = 0; k < RHOS; k++)
		w->rho[k] = out->rho_low +
			    (out->rho_high - out->rho_low) * k / (RHOS - 1);
}

/* ---- singles ---- */

/* Mean success and summed cost of always using an arm, tasks where it cannot
 * serve left to what served them. */
static void single(const struct work *w, int a, double *success, double *cost)
{
	*success = *cost = 0;
	for (int i = 0; i < w->n; i++) {
		const struct oracle_in *in = w->row[i].in;
		double p = w->p[i * w->arms + a];

		if (w->row[i].seen && arm_seen(in, a)) {
			*success += oracle_solved(in->seen[a].success);
			*cost += oracle_usd(in->seen[a].cost_pusd);
		} else if (!isnan(p)) {
			*success += p;
			*cost += w->c[i * w->arms + a];
		} else {
			*success += oracle_solved(in->success);
			*cost += oracle_usd(in->cost_pusd);
		}
	}
	*success /= w->n;
}

static void singles(const struct work *w, const int *tiers,
		    struct oracle_out *out)
{
	struct hull_point h[ORACLE_ARMS_MAX];
	struct hull_mix mix;
	int strongest = -1, cheapest = -1, n;

	out->best_single = -1;
	for (int a = 0; a < w->arms; a++) {
		struct hull_point *p = &h[a];

		single(w, a, &p->success, &p->cost);
		p->arm = a;
		if (cheapest < 0 || p->cost < h[cheapest].cost)
			cheapest = a;
		if (strongest < 0 || tiers[a] > tiers[strongest] ||
		    (tiers[a] == tiers[strongest] &&
		     p->cost > h[strongest].cost))
			strongest = a;
		if (out->best_single < 0 ||
		    p->success > h[out->best_single].success)
			out->best_single = a;
	}
	out->strongest_usd = h[strongest].cost;
	out->strongest_success = h[strongest].success;
	out->cheapest_usd = h[cheapest].cost;
	out->cheapest_success = h[cheapest].success;
	out->best_single_usd = h[out->best_single].cost;
	out->best_single_success = h[out->best_single].success;
	n = hull_make(h, w->arms);
	if (n) {
		hull_at_success(h, n, out->success, &mix);
		out->static_usd = mix.cost;
		out->static_success = mix.success;
	}
}

/* ---- all of it ---- */

static void count(const struct work *w, struct oracle_out *out)
{
	out->judged = w->n;
	for (int i = 0; i < w->n; i++) {
		const struct row *r = &w->row[i];

		out->observed += r->seen;
		out->paid_usd += oracle_usd(r->in->cost_pusd);
		out->success += oracle_solved(r->in->success) / w->n;
		out->randomised |= !r->seen && r->in->propensity < 1;
	}
	out->estimated_share =
		w->n ? 1 - (double)out->observed / (double)w->n : 0;
}

/* Ends of what the arms can do together; those seen are as they are. */
static void success_range(const struct work *w, struct oracle_out *out)
{
	for (int i = 0; i < w->n; i++) {
		double best = 0, none = 1;

		for (int a = 0; a < w->arms; a++) {
			double p = w->p[i * w->arms + a];

			if (isnan(p))
				continue;
			best = fmax(best, p);
			none *= 1 - p;
		}
		if (w->row[i].seen)
			none = 1 - (best = w->row[i].success);
		out->oracle_success_low += best / w->n;
		out->oracle_success_high += (1 - none) / w->n;
	}
}

void oracle_estimate(const struct oracle_in *in, int n, int n_arms,
		     const int *tiers, int boot, uint64_t seed,
		     struct oracle_out *out)
{
	double cost[RHOS], won[RHOS];
	struct work w;

	*out = (struct oracle_out){.best_single = -1, .capture = NAN};
	if (n_arms < 1 || n_arms > ORACLE_ARMS_MAX)
		return;
	work_init(&w, in, n, n_arms);
	count(&w, out);
	oracle_fill(&w);
	if (out->randomised)
		target(&w);
	weigh_drawn(&w);
	if (w.n) {
		range(&w, out);
		for (int i = 0; i < w.n; i++)
			oracle_expect(&w, i);
		oracle_totals(&w, w.cost, NULL, cost);
		oracle_totals(&w, w.won, NULL, won);
		/* of the two ends the middle */
		out->oracle_usd = (cost[0] + cost[RHOS - 1]) / 2;
		out->oracle_success = (won[0] + won[RHOS - 1]) / 2 / w.n;
		out->oracle_low_usd = out->oracle_high_usd = out->oracle_usd;
		success_range(&w, out);
		singles(&w, tiers, out);
		out->capture = (out->strongest_usd - out->paid_usd) /
			       (out->strongest_usd - out->oracle_usd);
		if (boot > 0)
			oracle_bootstrap(&w, boot, seed, out);
	}
	work_release(&w);
}
