/* What is told beside the figures of paths: calibration, accept tests, the
 * pool. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/calibrate.h"
#include "router/eval_int.h"

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(double *v, int n, double p)
{
	if (!n)
		return NAN;
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return v[(int)(p * (n - 1) + 0.5)];
}

static void calibration(const struct ev *v, const struct ev_play *l,
			struct eval_report *out)
{
	size_t n = l->said.n, k = 0;
	float *p = xcalloc(n + 1, sizeof(*p)), *ref, *y;
	double brier = 0;

	ref = xcalloc(n + 1, sizeof(*ref));
	y = xcalloc(n + 1, sizeof(*y));
	for (int complete = 1; complete >= 0; complete--) {
		for (size_t i = 0; i < n; i++) {
			const struct ev_word *w = &l->said.word[i];

			if (w->complete != complete)
				continue;
			p[k] = w->p;
			ref[k] = w->ref;
			y[k] = w->y;
			brier += (double)((p[k] - y[k]) * (p[k] - y[k]));
			k++;
		}
		if (complete)
			out->ece_complete =
				k ? calibrate_ece(p, y, k, 15) : NAN;
	}
	out->rows = (int64_t)k / v->repeats;
	out->ece = k ? calibrate_ece(p, y, k, 15) : NAN;
	out->brier = k ? brier / (double)k : NAN;
	out->brier_skill = k ? calibrate_brier_skill(p, ref, y, k) : NAN;
	free(p);
	free(ref);
	free(y);
}

static double accepts(const struct ev_play *p, int repeats, int64_t *tested,
		      int64_t *accepted, int64_t *wrong)
{
	for (int i = 0; i < p->n; i++) {
		*tested += p->tested[i];
		*accepted += p->accepted[i];
		*wrong += p->wrong[i];
	}
	*tested /= repeats;
	*accepted /= repeats;
	*wrong = (*wrong + repeats - 1) / repeats;
	return *tested ? bound_upper((int)*wrong, (int)*tested, 0.95) : NAN;
}

/* Counts are of one division: those of several are not so many replies. */
static void tests(const struct ev_play *p, int repeats, struct eval_report *out)
{
	out->tested = p->replies / repeats;
	out->accepted = p->stood / repeats;
	out->wrong = (p->wrong_stood + repeats - 1) / repeats;
	out->false_accept_stated =
		p->replies ? p->promised / (double)p->replies : NAN;
	out->false_accept_bound =
		out->tested
			? bound_upper((int)out->wrong, (int)out->tested, 0.95)
			: NAN;
}

static void learned(const struct ev *v, struct ev_play *l,
		    struct eval_report *out)
{
	int n = 0;

	calibration(v, l, out);
	for (int i = 0; i < l->n; i++) {
		if (l->decide_us[i] > 0)
			l->decide_us[n++] = l->decide_us[i];
	}
	out->decide_p50_us = percentile(l->decide_us, n, 0.5);
	out->decide_p99_us = percentile(l->decide_us, n, 0.99);
	for (int i = 0; i < 3; i++)
		out->served[i] = l->served[i] / v->repeats;
}

static void name_of(char *out, size_t size, const struct ev *v, int arm)
{
	struct str s = arm >= 0 ? v->m->arms[arm].name : STR("-");
	size_t n = s.len < size - 1 ? s.len : size - 1;

	memcpy(out, s.p, n);
	out[n] = 0;
}

/* The pool on the judged rows; names of arms are those that all fit rows
 * would have chosen. */
static void pool(const struct ev *v, const struct ev_judged *j,
		 struct eval_report *out)
{
	size_t tasks = (size_t)v->m->n_tasks, arms = (size_t)v->m->n_arms;
	enum mx_side *side = xcalloc(tasks + 1, sizeof(*side));
	struct ev_rates r;
	int64_t cells = 0, estimated = 0;
	double success;

	matrix_sides(v->m, side);
	for (size_t t = 0; t < tasks; t++)
		if (out->folds > 1 && side[t] != MX_OUT)
			side[t] = MX_FIT;
	ev_rates_init(&r, v, side);
	name_of(out->best_single, sizeof(out->best_single), v,
		ev_best_single(v, side, &success));
	name_of(out->strongest, sizeof(out->strongest), v,
		ev_by_tier(v, &r, true));
	name_of(out->cheapest, sizeof(out->cheapest), v,
		ev_by_tier(v, &r, false));
	ev_rates_release(&r);
	free(side);
	out->n_arms = v->m->n_arms;
	out->arm_names = xcalloc(arms + 1, sizeof(*out->arm_names));
	out->arm_cost = xcalloc(arms + 1, sizeof(double));
	out->arm_success = xcalloc(arms + 1, sizeof(double));
	for (int a = 0; a < v->m->n_arms; a++) {
		out->arm_names[a] = v->m->arms[a].name;
		for (int i = 0; i < j->n; i++) {
			const struct mx_cell *c = ev_cell(v, j->rows[i], a);

			out->arm_success[a] += (double)c->success / j->n;
			out->arm_cost[a] += (double)c->cost_pusd / 1e12 / j->n;
			cells++;
			estimated += c->estimated;
		}
	}
	out->estimated = cells ? (double)estimated / (double)cells : 0;
}

static void replies(const struct ev *v, const struct ev_play *p,
		    struct eval_report *out)
{
	tests(p, v->repeats, out);
	out->cascade_bound =
		accepts(p, v->repeats, &out->cascade_tested,
			&out->cascade_accepted, &out->cascade_wrong);
	ev_auc(&p->scores, -1, v->o, &out->accept_auc);
	out->arm_auc = xcalloc((size_t)v->m->n_arms + 1, sizeof(*out->arm_auc));
	for (int a = 0; a < v->m->n_arms; a++)
		ev_auc(&p->scores, a, v->o, &out->arm_auc[a]);
}

void ev_report(const struct ev *v, const struct ev_judged *j,
	       struct eval_report *out)
{
	out->tasks = j->n / v->repeats;
	out->groups = ev_figures(v, j, out->policy);
	for (int i = 0; i < j->n; i++)
		out->penalty += (double)j->penalty[i] / j->n;
	pool(v, j, out);
	learned(v, j->play[EVAL_LEARNED], out);
	replies(v, j->play[EVAL_CASCADE], out);
}
