/* Figures of paths, and how far they may be trusted: groups of judged tasks
 * are drawn with replacement, and every figure is computed again from each
 * draw, for all policies at once, so that differences are paired. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/eval_int.h"
#include "router/stat.h"

/* ---- groups ---- */

struct tag {
	uint64_t group;
	int row;
};

static int by_group(const void *a, const void *b)
{
	const struct tag *x = a, *y = b;

	return (x->group > y->group) - (x->group < y->group);
}

/* group_of[i] from 0; returns how many. */
static int number_groups(const struct ev *v, const struct ev_judged *j,
			 int *group_of)
{
	struct tag *t = xcalloc((size_t)j->n + 1, sizeof(*t));
	int n = 0;

	for (int i = 0; i < j->n; i++)
		t[i] = (struct tag){v->m->tasks[j->rows[i]].group, i};
	qsort(t, (size_t)j->n, sizeof(*t), by_group);
	for (int i = 0; i < j->n; i++) {
		n += i && t[i].group != t[i - 1].group;
		group_of[t[i].row] = n;
	}
	free(t);
	return j->n ? n + 1 : 0;
}

/* ---- sums by group ---- */

#define COLUMNS (EVAL_STEPS + EVAL_TARGETS)

/* Of a policy: columns are its steps, then its targets. */
struct table {
	int columns;
	double *s, *c; /* [group * columns + column] */
	double *t;     /* the best single's share of c; of steps only */
};

struct tables {
	int groups;
	double *n;      /* rows of a group */
	double *unpaid; /* [kind * groups + group] penalties of failures at
			   EVAL_BILL */
	struct table of[EVAL_KINDS];
};

static void tables_init(struct tables *x, const struct ev_judged *j,
			const int *group_of, int groups)
{
	x->groups = groups;
	x->n = xcalloc((size_t)groups + 1, sizeof(*x->n));
	x->unpaid = xcalloc((size_t)groups * EVAL_KINDS + 1, sizeof(double));
	for (int i = 0; i < j->n; i++)
		x->n[group_of[i]]++;
	for (int k = 0; k < EVAL_KINDS; k++) {
		const struct ev_play *p = j->play[k];
		struct table *t = &x->of[k];
		size_t room;

		t->columns = p->steps + EVAL_TARGETS;
		room = (size_t)t->columns * (size_t)groups + 1;
		t->s = xcalloc(room, sizeof(double));
		t->c = xcalloc(room, sizeof(double));
		t->t = xcalloc(room, sizeof(double));
		for (int i = 0; i < j->n; i++) {
			double *s = t->s + group_of[i] * t->columns;
			double *c = t->c + group_of[i] * t->columns;
			double *top = t->t + group_of[i] * t->columns;

			x->unpaid[k * groups + group_of[i]] +=
				(double)j->penalty[i] *
				(1 - (double)j->op_s[k][EVAL_BILL][i]);
			for (int q = 0; q < p->steps; q++) {
				s[q] += (double)p->s[q * j->n + i];
				c[q] += (double)p->c[q * j->n + i];
				top[q] += (double)p->t[q * j->n + i];
			}
			for (int q = 0; q < EVAL_TARGETS; q++) {
				s[p->steps + q] += (double)j->op_s[k][q][i];
				c[p->steps + q] += (double)j->op_c[k][q][i];
			}
		}
	}
}

static void tables_release(struct tables *x)
{
	free(x->n);
	free(x->unpaid);
	for (int k = 0; k < EVAL_KINDS; k++) {
		free(x->of[k].s);
		free(x->of[k].c);
		free(x->of[k].t);
	}
}

/* ---- means of one draw ---- */

struct means {
	int steps;
	double s[COLUMNS], c[COLUMNS], t[COLUMNS];
	double unpaid; /* of failures, at EVAL_BILL */
};

static void take_means(const struct tables *x, int kind, const int *times,
		       struct means *m)
{
	const struct table *t = &x->of[kind];
	double n = 0;

	m->steps = t->columns - EVAL_TARGETS;
	memset(m->s, 0, sizeof(m->s));
	memset(m->c, 0, sizeof(m->c));
	memset(m->t, 0, sizeof(m->t));
	m->unpaid = 0;
	for (int g = 0; g < x->groups; g++) {
		double w = times ? times[g] : 1;

		if (!(w > 0))
			continue;
		n += w * x->n[g];
		m->unpaid += w * x->unpaid[kind * x->groups + g];
		for (int q = 0; q < t->columns; q++) {
			m->s[q] += w * t->s[g * t->columns + q];
			m->c[q] += w * t->c[g * t->columns + q];
			m->t[q] += w * t->t[g * t->columns + q];
		}
	}
	for (int q = 0; q < t->columns; q++) {
		m->s[q] /= n;
		m->c[q] /= n;
		m->t[q] /= n;
	}
	m->unpaid /= n;
}

/* Least cost on the path at which `success` is reached; NaN: never. */
static double cost_at(const struct means *m, double success)
{
	double best = NAN;

	for (int k = 0; k < m->steps; k++) {
		double c = NAN;

		if (m->s[k] >= success) {
			c = m->c[k];
			if (k && m->s[k - 1] < success) {
				double t = (success - m->s[k - 1]) /
					   (m->s[k] - m->s[k - 1]);

				c = fmin(c, m->c[k - 1] + t * (m->c[k] -
							       m->c[k - 1]));
			}
		} else if (k && m->s[k - 1] >= success) {
			double t = (success - m->s[k - 1]) /
				   (m->s[k] - m->s[k - 1]);

			c = m->c[k - 1] + t * (m->c[k] - m->c[k - 1]);
		}
		if (!isnan(c) && (isnan(best) || c < best))
			best = c;
	}
	return best;
}

/* Greatest success on the path within `cost`; that of its cheapest step where
 * all cost more. */
static double success_at(const struct means *m, double cost)
{
	double best = NAN;
	int cheapest = 0;

	for (int k = 0; k < m->steps; k++) {
		double s = NAN;

		cheapest = m->c[k] < m->c[cheapest] ? k : cheapest;
		if (m->c[k] <= cost)
			s = m->s[k];
		if (k && (m->c[k] <= cost) != (m->c[k - 1] <= cost)) {
			double t =
				(cost - m->c[k - 1]) / (m->c[k] - m->c[k - 1]);

			s = fmax(isnan(s) ? -1 : s,
				 m->s[k - 1] + t * (m->s[k] - m->s[k - 1]));
		}
		if (!isnan(s) && (isnan(best) || s > best))
			best = s;
	}
	return isnan(best) ? m->s[cheapest] : best;
}

/* ---- figures ---- */

enum figure {
	F_SUCCESS,
	F_COST = F_SUCCESS + EVAL_TARGETS,
	F_LIFT = F_COST + EVAL_TARGETS,
	F_LIFT_BACK = F_LIFT + EVAL_TARGETS,
	F_LESS = F_LIFT_BACK + EVAL_TARGETS,
	F_SAVING = F_LESS + EVAL_LESS,
	F_SAVING97,
	F_GAP,
	F_CAPTURE,
	F_BILL,
	F_SOLVED,
	F_HALF,
	F_DOUBLE,
	F_ABOVE,
	F_SAVING_OVER,
	F_HIGHEST_OVER,
	FIGURES
};

/* A path that does not get there saves nothing: the best single serves. */
static double saved(const struct means *m, double success, double cost)
{
	double c = cost_at(m, success);

	return isnan(c) ? 0 : 1 - c / cost;
}

/* The same, were the best single so many times as dear. */
static double saved_at(const struct means *m, const struct means *single,
		       double times)
{
	struct means moved = *m;

	for (int k = 0; k < m->steps; k++)
		moved.c[k] += (times - 1) * m->t[k];
	return saved(&moved, single->s[0],
		     single->c[0] + (times - 1) * single->t[0]);
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : NAN;
}

static void figures_of(const struct means *all, int kind, double *f)
{
	const struct means *m = &all[kind], *hull = &all[EVAL_HULL];
	const struct means *back = &all[EVAL_HINDSIGHT];
	const struct means *fixed = &all[EVAL_CLASS_STATIC];
	const struct means *strongest = &all[EVAL_STRONGEST];
	double s = all[EVAL_BEST_SINGLE].s[0], c = all[EVAL_BEST_SINGLE].c[0];
	int top = m->steps + EVAL_HIGHEST, equal = m->steps + EVAL_EQUAL;
	int fixed_top = fixed->steps + EVAL_HIGHEST;

	for (int t = 0; t < EVAL_TARGETS; t++) {
		int at = m->steps + t;

		f[F_SUCCESS + t] = m->s[at];
		f[F_COST + t] = m->c[at];
		f[F_LIFT + t] = m->s[at] - success_at(hull, m->c[at]);
		f[F_LIFT_BACK + t] = m->s[at] - success_at(back, m->c[at]);
	}
	for (int i = 0; i < EVAL_LESS; i++)
		f[F_LESS + i] = saved(m, s - eval_less[i], c);
	f[F_SAVING] = saved(m, s, c);
	f[F_SAVING97] = saved(m, 0.97 * s, c);
	f[F_GAP] = ratio(m->s[top] - s, all[EVAL_ORACLE].s[0] - s);
	f[F_CAPTURE] = ratio(strongest->c[0] - m->c[equal],
			     strongest->c[0] - all[EVAL_ORACLE].c[0]);
	f[F_BILL] = m->c[m->steps + EVAL_BILL] + m->unpaid;
	f[F_SOLVED] = ratio(m->c[equal], m->s[equal]);
	f[F_HALF] = saved_at(m, &all[EVAL_BEST_SINGLE], 0.5);
	f[F_DOUBLE] = saved_at(m, &all[EVAL_BEST_SINGLE], 2);
	f[F_ABOVE] = m->s[equal] - success_at(fixed, m->c[equal]);
	f[F_SAVING_OVER] = f[F_SAVING] - saved(fixed, s, c);
	f[F_HIGHEST_OVER] = m->s[top] - fixed->s[fixed_top];
}

static struct eval_figure *slot(struct eval_policy *p, int f)
{
	if (f < F_COST)
		return &p->success[f - F_SUCCESS];
	if (f < F_LIFT)
		return &p->cost[f - F_COST];
	if (f < F_LIFT_BACK)
		return &p->lift[f - F_LIFT];
	if (f < F_LESS)
		return &p->lift_hindsight[f - F_LIFT_BACK];
	if (f < F_SAVING)
		return &p->saving_less[f - F_LESS];
	switch (f) {
	case F_SAVING:
		return &p->saving;
	case F_SAVING97:
		return &p->saving97;
	case F_GAP:
		return &p->gap_closed;
	case F_CAPTURE:
		return &p->capture;
	case F_BILL:
		return &p->bill;
	case F_SOLVED:
		return &p->per_solved;
	case F_HALF:
		return &p->saving_half;
	case F_DOUBLE:
		return &p->saving_double;
	case F_ABOVE:
		return &p->above_static;
	case F_SAVING_OVER:
		return &p->saving_over_static;
	default:
		return &p->highest_over_static;
	}
}

static void draw(const struct tables *x, const int *times,
		 double f[EVAL_KINDS][FIGURES], struct means *all)
{
	for (int k = 0; k < EVAL_KINDS; k++)
		take_means(x, k, times, &all[k]);
	for (int k = 0; k < EVAL_KINDS; k++)
		figures_of(all, k, f[k]);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Percentiles of the draws, those that are not known left out. */
static void interval(double *d, int n, double conf, struct eval_figure *f)
{
	int k = 0;

	for (int i = 0; i < n; i++)
		if (!isnan(d[i]))
			d[k++] = d[i];
	f->low = f->high = NAN;
	if (!k)
		return;
	qsort(d, (size_t)k, sizeof(*d), by_value);
	f->low = d[(int)((1 - conf) / 2 * (k - 1) + 0.5)];
	f->high = d[(int)((1 + conf) / 2 * (k - 1) + 0.5)];
}

static void resample(const struct ev *v, const struct tables *x,
		     struct eval_policy *out)
{
	int boot = x->groups > 1 ? v->o->boot : 0;
	size_t room = (size_t)(boot > 0 ? boot : 1);
	double(*f)[FIGURES] = xcalloc(EVAL_KINDS, sizeof(*f));
	double *d = xcalloc(room * EVAL_KINDS * FIGURES, sizeof(*d));
	struct means *all = xcalloc(EVAL_KINDS, sizeof(*all));
	int *times = xcalloc((size_t)x->groups + 1, sizeof(*times));
	uint64_t state = v->o->seed;

	for (int b = 0; b < boot; b++) {
		memset(times, 0, (size_t)x->groups * sizeof(*times));
		for (int g = 0; g < x->groups; g++)
			times[(int)(stat_uniform(&state) * x->groups)]++;
		draw(x, times, f, all);
		for (int k = 0; k < EVAL_KINDS; k++)
			for (int q = 0; q < FIGURES; q++)
				d[((size_t)k * FIGURES + (size_t)q) * room +
				  (size_t)b] = f[k][q];
	}
	draw(x, NULL, f, all);
	for (int k = 0; k < EVAL_KINDS; k++) {
		struct eval_policy *p = &out[k];

		for (int q = 0; q < FIGURES; q++) {
			struct eval_figure *to = slot(p, q);

			interval(d + ((size_t)k * FIGURES + (size_t)q) * room,
				 boot, v->o->conf, to);
			to->value = f[k][q];
		}
		p->steps = all[k].steps;
		memcpy(p->path_success, all[k].s, sizeof(p->path_success));
		memcpy(p->path_cost, all[k].c, sizeof(p->path_cost));
	}
	free(f);
	free(d);
	free(all);
	free(times);
}

static void count_misses(const struct ev_judged *j, int kind,
			 struct eval_policy *p)
{
	const float *best_s = j->op_s[EVAL_ORACLE][EVAL_EQUAL];
	const float *best_c = j->op_c[EVAL_ORACLE][EVAL_EQUAL];

	for (int i = 0; i < j->n; i++) {
		double s = (double)j->op_s[kind][EVAL_EQUAL][i];
		double c = (double)j->op_c[kind][EVAL_EQUAL][i];

		p->missed += s < EVAL_CUT && (double)best_s[i] >= EVAL_CUT;
		p->wasted += s >= EVAL_CUT && c > 1.0001 * (double)best_c[i];
	}
	p->missed /= j->n;
	p->wasted /= j->n;
}

int ev_figures(const struct ev *v, const struct ev_judged *j,
	       struct eval_policy policy[EVAL_KINDS])
{
	int *group_of = xcalloc((size_t)j->n + 1, sizeof(*group_of));
	int groups = number_groups(v, j, group_of);
	struct tables x = {0};

	tables_init(&x, j, group_of, groups);
	resample(v, &x, policy);
	for (int k = 0; k < EVAL_KINDS; k++) {
		policy[k].there = !j->play[k]->why;
		policy[k].why = j->play[k]->why;
		count_misses(j, k, &policy[k]);
	}
	tables_release(&x);
	free(group_of);
	return groups;
}
