/* Each class by itself: the judged rows of one class, with the decisions that
 * were made when all were judged. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/eval_int.h"

static void copy_play(const struct ev_play *from, const int *of,
		      struct ev_play *to)
{
	to->steps = from->steps;
	to->why = from->why;
	for (int k = 0; k < from->steps; k++)
		for (int i = 0; i < to->n; i++) {
			size_t at = (size_t)k * (size_t)from->n + (size_t)of[i];
			size_t here = (size_t)k * (size_t)to->n + (size_t)i;

			to->s[here] = from->s[at];
			to->c[here] = from->c[at];
			to->t[here] = from->t[at];
		}
}

/* The best single of a class: what class-static takes when success is all,
 * wherever a policy is to stand. */
static void best_of_class(struct ev_judged *j)
{
	const struct ev_play *from = j->play[EVAL_CLASS_STATIC];
	struct ev_play *to = j->play[EVAL_BEST_SINGLE];
	size_t n = (size_t)j->n;
	size_t last = (size_t)(from->steps - 1) * n;

	memcpy(to->s, from->s + last, n * sizeof(*to->s));
	memcpy(to->c, from->c + last, n * sizeof(*to->c));
	memcpy(to->t, from->t + last, n * sizeof(*to->t));
	for (int t = 0; t < EVAL_TARGETS; t++) {
		memcpy(j->op_s[EVAL_BEST_SINGLE][t], to->s, n * sizeof(float));
		memcpy(j->op_c[EVAL_BEST_SINGLE][t], to->c, n * sizeof(float));
	}
}

static void one_class(const struct ev *v, const struct ev_judged *all,
		      const int *of, int n, struct eval_class *out)
{
	int *rows = xcalloc((size_t)n + 1, sizeof(*rows));
	struct ev_judged j;

	for (int i = 0; i < n; i++)
		rows[i] = all->rows[of[i]];
	ev_judged_init(&j, rows, n);
	for (int k = 0; k < EVAL_KINDS; k++) {
		copy_play(all->play[k], of, j.play[k]);
		for (int t = 0; t < EVAL_TARGETS; t++)
			for (int i = 0; i < n; i++) {
				j.op_s[k][t][i] = all->op_s[k][t][of[i]];
				j.op_c[k][t][i] = all->op_c[k][t][of[i]];
			}
	}
	for (int i = 0; i < n; i++)
		j.penalty[i] = all->penalty[of[i]];
	best_of_class(&j);
	memset(j.play[EVAL_HINDSIGHT]->s, 0,
	       (size_t)n * EVAL_STEPS * sizeof(float));
	memset(j.play[EVAL_HINDSIGHT]->c, 0,
	       (size_t)n * EVAL_STEPS * sizeof(float));
	ev_look_back(v, &j);
	out->tasks = n / v->repeats;
	out->groups = ev_figures(v, &j, out->policy);
	ev_judged_release(&j);
	free(rows);
}

void ev_classes(const struct ev *v, const struct ev_judged *all,
		struct eval_report *out)
{
	const struct matrix *m = v->m;
	int *of = xcalloc((size_t)all->n + 1, sizeof(*of));

	out->classes = xcalloc((size_t)m->n_classes + 1, sizeof(*out->classes));
	for (int c = 0; c < m->n_classes; c++) {
		int n = 0;

		for (int i = 0; i < all->n; i++)
			if (m->tasks[all->rows[i]].class_id == c)
				of[n++] = i;
		if (n < EVAL_CLASS_TASKS * v->repeats || n == all->n)
			continue;
		out->classes[out->n_classes].name = m->classes[c];
		one_class(v, all, of, n, &out->classes[out->n_classes++]);
	}
	free(of);
}
