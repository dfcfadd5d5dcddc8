/* Policies that need no model: single arms, mixtures, one arm a class, a pair
 * of arms with a detector that is never wrong, the oracle. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "router/eval_int.h"

#define SHRINK 8.0 /* outcomes that the whole is worth to a class */

/* ---- rates ---- */

struct sum {
	double s, c, n;
};

static struct sum *sums(const struct ev *v, const enum mx_side *side)
{
	const struct matrix *m = v->m;
	struct sum *out =
		xcalloc((size_t)(m->n_classes + 1) * (size_t)m->n_arms + 1,
			sizeof(*out));

	for (int t = 0; t < m->n_tasks; t++)
		for (int a = 0; side[t] == MX_FIT && a < m->n_arms; a++) {
			const struct mx_cell *c = matrix_cell(m, t, a);
			struct sum *s[2] = {
				&out[a],
				&out[(m->tasks[t].class_id + 1) * m->n_arms +
				     a]};

			if (!mx_seen(m, t, a))
				continue;
			for (int i = 0; i < 2; i++) {
				s[i]->s += (double)c->success;
				s[i]->c += (double)c->cost_pusd / 1e12;
				s[i]->n++;
			}
		}
	return out;
}

/* How dear a class is: the mean over arms seen in it of its cost to theirs. */
static double dearness(const struct ev_rates *r, const struct sum *cell)
{
	double in = 0, of = 0;

	for (int a = 0; a < r->n_arms; a++)
		if (cell[a].n > 0 && r->all_c[a] > 0) {
			in += log(fmax(cell[a].c / cell[a].n, 1e-9) /
				  r->all_c[a]);
			of++;
		}
	return of > 0 ? exp(in / of) : 1;
}

void ev_rates_init(struct ev_rates *r, const struct ev *v,
		   const enum mx_side *side)
{
	struct sum *sum = sums(v, side);
	int arms = v->m->n_arms, classes = v->m->n_classes;
	size_t n = (size_t)arms * (size_t)classes + 1;

	*r = (struct ev_rates){.n_arms = arms, .n_classes = classes};
	r->all_s = xcalloc((size_t)arms + 1, sizeof(double));
	r->all_c = xcalloc((size_t)arms + 1, sizeof(double));
	r->class_s = xcalloc(n, sizeof(double));
	r->class_c = xcalloc(n, sizeof(double));
	r->class_n = xcalloc(n, sizeof(double));
	for (int a = 0; a < arms; a++) {
		r->all_s[a] = sum[a].n > 0 ? sum[a].s / sum[a].n : NAN;
		r->all_c[a] = sum[a].n > 0 ? sum[a].c / sum[a].n : NAN;
	}
	for (int k = 0; k < classes; k++) {
		const struct sum *cell = &sum[(k + 1) * arms];
		double dear = dearness(r, cell);
		bool met = false;

		for (int a = 0; a < arms; a++)
			met |= cell[a].n > 0;
		for (int a = 0; a < arms; a++) {
			int at = k * arms + a;

			r->class_n[at] = cell[a].n;
			/* An arm that a class's tasks never met is not theirs,
			 * unless they met none. */
			if (isnan(r->all_s[a]) || (met && !(cell[a].n > 0))) {
				r->class_s[at] = r->class_c[at] = NAN;
				continue;
			}
			r->class_s[at] = (cell[a].s + SHRINK * r->all_s[a]) /
					 (cell[a].n + SHRINK);
			r->class_c[at] =
				(cell[a].c + SHRINK * dear * r->all_c[a]) /
				(cell[a].n + SHRINK);
		}
	}
	free(sum);
}

void ev_rates_release(struct ev_rates *r)
{
	free(r->all_s);
	free(r->all_c);
	free(r->class_s);
	free(r->class_c);
	free(r->class_n);
}

int ev_by_tier(const struct ev *v, const struct ev_rates *r, bool highest)
{
	const struct mx_arm *arms = v->m->arms;
	int at = -1;

	for (int a = 0; a < r->n_arms; a++) {
		int by;

		if (isnan(r->all_c[a]))
			continue;
		by = at < 0 ? 0 : arms[a].tier - arms[at].tier;
		if (at >= 0 && !by)
			by = (r->all_c[a] > r->all_c[at]) -
			     (r->all_c[a] < r->all_c[at]);
		if (at < 0 || (highest ? by > 0 : by < 0))
			at = a;
	}
	return at;
}

/* The least or greatest mean cost. */
static double cost_end(const struct ev_rates *r, bool greatest)
{
	double end = NAN;

	for (int a = 0; a < r->n_arms; a++)
		if (!isnan(r->all_c[a]) &&
		    (isnan(end) ||
		     (greatest ? r->all_c[a] > end : r->all_c[a] < end)))
			end = r->all_c[a];
	return end;
}

int ev_prices(const struct ev_rates *r, double *price)
{
	double from = cost_end(r, false), to = cost_end(r, true);

	if (isnan(from)) {
		price[0] = 1;
		return 1;
	}
	from = fmax(from, 1e-9) * 0.02;
	to = fmax(to, 1e-9) * 2000;
	for (int k = 0; k < EVAL_STEPS; k++)
		price[k] = from * pow(to / from, k / (EVAL_STEPS - 1.0));
	return EVAL_STEPS;
}

/* ---- complete rows that are fitted on, as dollars ---- */

struct seen {
	int n, arms;
	double *s, *c; /* [i * arms + a] */
};

static void seen_init(struct seen *x, const struct ev *v,
		      const enum mx_side *side)
{
	const struct matrix *m = v->m;
	size_t room = (size_t)m->n_tasks * (size_t)m->n_arms + 1;

	*x = (struct seen){.arms = m->n_arms};
	x->s = xcalloc(room, sizeof(double));
	x->c = xcalloc(room, sizeof(double));
	for (int t = 0; t < m->n_tasks; t++) {
		if (side[t] != MX_FIT || !v->complete[t])
			continue;
		for (int a = 0; a < m->n_arms; a++) {
			const struct mx_cell *c = ev_cell(v, t, a);

			x->s[x->n * m->n_arms + a] = (double)c->success;
			x->c[x->n * m->n_arms + a] =
				(double)c->cost_pusd / 1e12;
		}
		x->n++;
	}
}

static void seen_release(struct seen *x)
{
	free(x->s);
	free(x->c);
}

/* Mean of arm `a`, success or cost. */
static double mean(const struct seen *x, const double *of, int a)
{
	double sum = 0;

	for (int i = 0; i < x->n; i++)
		sum += of[i * x->arms + a];
	return x->n ? sum / x->n : NAN;
}

static int best_single(const struct seen *x, double *success)
{
	double best_c = 0;
	int at = -1;

	*success = NAN;
	for (int a = 0; a < x->arms; a++) {
		double s = mean(x, x->s, a), c = mean(x, x->c, a);

		if (isnan(s) || (at >= 0 && (s < *success ||
					     (s <= *success && c >= best_c))))
			continue;
		at = a;
		*success = s;
		best_c = c;
	}
	return at;
}

int ev_best_single(const struct ev *v, const enum mx_side *side,
		   double *success)
{
	struct seen x;
	int at;

	seen_init(&x, v, side);
	at = best_single(&x, success);
	seen_release(&x);
	if (at >= 0 && v->o->reference) {
		int a = mx_find_arm(v->m, str_from(v->o->reference));

		at = a >= 0 ? a : at;
	}
	return at;
}

/* ---- playing ---- */

static void play_single(const struct ev *v, int arm, struct ev_play *p)
{
	for (int i = 0; i < p->n; i++)
		ev_put(p, 0, i, ev_cell(v, p->rows[i], arm), 1);
}

/* Of a cell that is the mean of several runs the next run is another one; of
 * a single one nobody knows better than that it would be the same. */
static void play_retry(const struct ev *v, int arm, struct ev_play *p)
{
	for (int i = 0; i < p->n; i++) {
		const struct mx_cell *c = ev_cell(v, p->rows[i], arm);
		double s = (double)c->success;
		double again = c->runs > 1 ? s + (1 - s) * s : s;

		p->s[i] = (float)again;
		ev_pay(p, 0, i, c, 2 - s);
	}
}

static void play_oracle(const struct ev *v, struct ev_play *p)
{
	for (int i = 0; i < p->n; i++) {
		const struct mx_cell *best = NULL;

		for (int a = 0; a < v->m->n_arms; a++) {
			const struct mx_cell *c = ev_cell(v, p->rows[i], a);

			if (!best || c->success > best->success ||
			    (c->success >= best->success &&
			     c->cost_pusd < best->cost_pusd))
				best = c;
		}
		/* what nobody solves is left to the cheapest */
		if (best)
			ev_put(p, 0, i, best, 1);
	}
}

/* The arm with the greatest success * price - cost. */
static int worth(const double *s, const double *c, int arms, double price)
{
	double best = 0;
	int at = -1;

	for (int a = 0; a < arms; a++) {
		double u = s[a] * price - c[a];

		if (isnan(u) || (at >= 0 && u <= best))
			continue;
		at = a;
		best = u;
	}
	return at;
}

static void play_rates(const struct ev *v, bool by_class,
		       const enum mx_side *side, struct ev_play *p)
{
	struct ev_rates r;

	ev_rates_init(&r, v, side);
	for (int k = 0; k < p->steps; k++)
		for (int i = 0; i < p->n; i++) {
			int t = p->rows[i];
			int at = v->m->tasks[t].class_id * r.n_arms;
			int a = by_class ? worth(r.class_s + at, r.class_c + at,
						 r.n_arms, p->price[k])
					 : worth(r.all_s, r.all_c, r.n_arms,
						 p->price[k]);

			if (a >= 0)
				ev_put(p, k, i, ev_cell(v, t, a), 1);
		}
	ev_rates_release(&r);
}

/* One arm, and on its failure another: the pair of greatest worth. */
static void pair(const struct seen *x, double price, int *first, int *second)
{
	double best = -INFINITY;

	for (int a = 0; a < x->arms; a++)
		for (int b = 0; b < x->arms; b++) {
			double u = 0;

			for (int i = 0; i < x->n; i++) {
				const double *s = x->s + i * x->arms;
				const double *c = x->c + i * x->arms;
				bool go = a != b && s[a] < EVAL_CUT;

				u += price * (go ? s[b] : s[a]) - c[a] -
				     (go ? c[b] : 0);
			}
			if (u > best) {
				best = u;
				*first = a;
				*second = b;
			}
		}
}

static void play_pairs(const struct ev *v, const enum mx_side *side,
		       struct ev_play *p)
{
	struct seen x;

	seen_init(&x, v, side);
	for (int k = 0; k < p->steps; k++) {
		int a = 0, b = 0;

		pair(&x, p->price[k], &a, &b);
		for (int i = 0; i < p->n; i++) {
			const struct mx_cell *ca = ev_cell(v, p->rows[i], a);
			const struct mx_cell *cb = ev_cell(v, p->rows[i], b);

			ev_put(p, k, i, ca, 1);
			if (a == b || (double)ca->success >= EVAL_CUT)
				continue;
			p->s[k * p->n + i] = cb->success;
			ev_pay(p, k, i, cb, 1);
		}
	}
	seen_release(&x);
}

enum rc ev_play_static(const struct ev *v, enum eval_kind kind,
		       const enum mx_side *side, struct ev_play *p,
		       struct err *e)
{
	struct ev_rates r;
	double success;
	int arm = 0;

	ev_rates_init(&r, v, side);
	if (kind == EVAL_CHEAPEST)
		arm = ev_by_tier(v, &r, false);
	if (kind == EVAL_STRONGEST || kind == EVAL_RETRY)
		arm = ev_by_tier(v, &r, true);
	if (kind == EVAL_BEST_SINGLE)
		arm = ev_best_single(v, side, &success);
	ev_rates_release(&r);
	if (arm < 0)
		return err_set(e, RC_BAD,
			       "no task was seen under every model, with "
			       "costs, among those to fit on");
	if (kind == EVAL_HULL || kind == EVAL_CLASS_STATIC)
		play_rates(v, kind == EVAL_CLASS_STATIC, side, p);
	else if (kind == EVAL_CASCADE_PERFECT)
		play_pairs(v, side, p);
	else if (kind == EVAL_ORACLE)
		play_oracle(v, p);
	else if (kind == EVAL_RETRY)
		play_retry(v, arm, p);
	else
		play_single(v, arm, p);
	return RC_OK;
}
