/* What was judged, of all folds and of one class. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/eval_int.h"
#include "router/hull.h"

void ev_words_add(struct ev_words *w, const struct ev_word *word, size_t n)
{
	if (w->n + n > w->room) {
		w->room = 2 * w->room + n;
		w->word = xrealloc_array(w->word, w->room, sizeof(*w->word));
	}
	if (n)
		memcpy(w->word + w->n, word, n * sizeof(*word));
	w->n += n;
}

void ev_judged_init(struct ev_judged *j, const int *rows, int n)
{
	*j = (struct ev_judged){.rows = rows, .n = n};
	j->penalty = xcalloc((size_t)n + 1, sizeof(float));
	for (int k = 0; k < EVAL_KINDS; k++) {
		j->play[k] = xcalloc(1, sizeof(*j->play[k]));
		ev_play_init(j->play[k], rows, n,
			     ev_one_step((enum eval_kind)k) ? 1 : EVAL_STEPS);
		for (int t = 0; t < EVAL_TARGETS; t++) {
			j->op_s[k][t] = xcalloc((size_t)n + 1, sizeof(float));
			j->op_c[k][t] = xcalloc((size_t)n + 1, sizeof(float));
		}
	}
	ev_play_tests(j->play[EVAL_CASCADE]);
	j->play[EVAL_LEARNED]->decide_us =
		xcalloc((size_t)n + 1, sizeof(double));
}

void ev_judged_release(struct ev_judged *j)
{
	free(j->penalty);
	for (int k = 0; k < EVAL_KINDS; k++) {
		ev_play_release(j->play[k]);
		free(j->play[k]);
		for (int t = 0; t < EVAL_TARGETS; t++) {
			free(j->op_s[k][t]);
			free(j->op_c[k][t]);
		}
	}
}

/* The hull of the judged rows: nobody could have known it. */
void ev_look_back(const struct ev *v, struct ev_judged *j)
{
	struct ev_play *p = j->play[EVAL_HINDSIGHT];
	int arms = v->m->n_arms, n;
	struct hull_point *h = xcalloc((size_t)arms + 1, sizeof(*h));

	for (int a = 0; a < arms; a++) {
		h[a].arm = a;
		for (int i = 0; i < j->n; i++) {
			const struct mx_cell *c = ev_cell(v, j->rows[i], a);

			h[a].success += (double)c->success / j->n;
			h[a].cost += (double)c->cost_pusd / 1e12 / j->n;
		}
	}
	n = hull_make(h, arms);
	p->steps = n < EVAL_STEPS ? n : EVAL_STEPS;
	p->v = v;
	for (int k = 0; k < p->steps; k++)
		for (int i = 0; i < j->n; i++)
			ev_put(p, k, i, ev_cell(v, j->rows[i], h[k].arm), 1);
	for (int i = 0; i < j->n; i++)
		for (int t = 0; t < EVAL_TARGETS; t++) {
			int at = (p->steps - 1) * j->n + i;

			j->op_s[EVAL_HINDSIGHT][t][i] = p->s[at];
			j->op_c[EVAL_HINDSIGHT][t][i] = p->c[at];
		}
	free(h);
}
