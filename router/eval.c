/* Which tasks can be judged, and how they are divided into folds. */
#include "router/eval.h"

#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/eval_int.h"

const char *const eval_names[EVAL_KINDS] = {
	[EVAL_CHEAPEST] = "always-cheapest",
	[EVAL_STRONGEST] = "always-strongest",
	[EVAL_RETRY] = "strongest-retry",
	[EVAL_BEST_SINGLE] = "best-single",
	[EVAL_HULL] = "hull",
	[EVAL_HINDSIGHT] = "hull-hindsight",
	[EVAL_CLASS_STATIC] = "class-static",
	[EVAL_KNN] = "knn",
	[EVAL_LEARNED] = "learned",
	[EVAL_UNGUARDED] = "learned-unguarded",
	[EVAL_CASCADE_PERFECT] = "cascade-perfect",
	[EVAL_CASCADE] = "cascade",
	[EVAL_ORACLE] = "oracle",
};

const double eval_less[EVAL_LESS] = {0.002, 0.01, 0.02, 0.034};

void eval_defaults(struct eval_opts *o)
{
	*o = (struct eval_opts){.folds = 5,
				.seed = 1,
				.boot = 1000,
				.conf = 0.9,
				.learn = true};
}

/* ---- plays ---- */

void ev_play_init(struct ev_play *p, const int *rows, int n, int steps)
{
	size_t cells = (size_t)n * (size_t)steps + 1;

	*p = (struct ev_play){.rows = rows, .n = n, .steps = steps};
	p->s = xcalloc(cells, sizeof(*p->s));
	p->c = xcalloc(cells, sizeof(*p->c));
	p->t = xcalloc(cells, sizeof(*p->t));
	p->top = -1;
}

void ev_play_tests(struct ev_play *p)
{
	size_t all = (size_t)p->n * (size_t)p->steps + 1;

	p->tested = xcalloc(all, 1);
	p->accepted = xcalloc(all, 1);
	p->wrong = xcalloc(all, 1);
}

void ev_play_release(struct ev_play *p)
{
	free(p->s);
	free(p->c);
	free(p->t);
	free(p->said.word);
	free(p->scores.v);
	free(p->tested);
	free(p->accepted);
	free(p->wrong);
	free(p->decide_us);
	memset(p, 0, sizeof(*p));
}

/* ---- the matrix as it can be judged ---- */

/* Equal names of sources are one text in a matrix. */
static void find_sources(struct ev *v)
{
	const struct matrix *m = v->m;
	const char **name = xcalloc((size_t)m->n_tasks + 1, sizeof(*name));

	v->source = xcalloc((size_t)m->n_tasks + 1, sizeof(*v->source));
	for (int t = 0; t < m->n_tasks; t++) {
		int s = 0;

		while (s < v->n_sources && name[s] != m->tasks[t].source.p)
			s++;
		if (s == v->n_sources)
			name[v->n_sources++] = m->tasks[t].source.p;
		v->source[t] = s;
	}
	free(name);
}

static void find_stand_ins(struct ev *v)
{
	const struct matrix *m = v->m;
	size_t n = (size_t)v->n_sources * (size_t)m->n_arms;
	bool *has = xcalloc(n + 1, sizeof(*has));

	v->stand_in = xcalloc(n + 1, sizeof(*v->stand_in));
	for (int t = 0; t < m->n_tasks; t++)
		for (int a = 0; a < m->n_arms; a++)
			has[v->source[t] * m->n_arms + a] |= mx_seen(m, t, a);
	for (int s = 0; s < v->n_sources; s++)
		for (int a = 0; a < m->n_arms; a++) {
			const bool *h = &has[s * m->n_arms];
			int b = a;

			while (b < m->n_arms && !h[b])
				b++;
			if (b == m->n_arms)
				for (b = a; b >= 0 && !h[b];)
					b--;
			v->stand_in[s * m->n_arms + a] = b;
		}
	free(has);
}

static void find_complete(struct ev *v)
{
	const struct matrix *m = v->m;

	v->complete = xcalloc((size_t)m->n_tasks + 1, sizeof(*v->complete));
	for (int t = 0; t < m->n_tasks; t++) {
		bool all = true;

		for (int a = 0; a < m->n_arms; a++) {
			const struct mx_cell *c = NULL;
			int b = v->stand_in[v->source[t] * m->n_arms + a];

			if (b >= 0)
				c = matrix_cell(m, t, b);
			all &= c && !isnan(c->success) &&
			       c->cost_pusd != MONEY_NONE;
		}
		v->complete[t] = all;
	}
}

static void ev_release(struct ev *v)
{
	free(v->source);
	free(v->stand_in);
	free(v->complete);
}

/* ---- all folds ---- */

bool ev_one_step(enum eval_kind k)
{
	return k == EVAL_CHEAPEST || k == EVAL_STRONGEST || k == EVAL_RETRY ||
	       k == EVAL_BEST_SINGLE || k == EVAL_ORACLE;
}

int ev_pick_rows(const struct ev *v, const enum mx_side *side, int *rows)
{
	int n = 0;

	for (int t = 0; t < v->m->n_tasks; t++)
		if (side[t] == MX_JUDGE && v->complete[t])
			rows[n++] = t;
	return n;
}

void ev_tell(struct ev *v, const char *what, double more)
{
	v->done += more;
	if (v->o->progress)
		v->o->progress(v->o->arg, what, v->done / v->todo);
}

static bool marked(const struct matrix *m)
{
	bool some = false, others = false;

	for (int t = 0; t < m->n_tasks; t++) {
		some |= m->tasks[t].judge;
		others |= !m->tasks[t].judge;
	}
	return some && others;
}

/* `round` from 0: folds in turn, and again for each repeat. */
static void divide(const struct ev *v, int folds, int round, enum mx_side *side)
{
	const struct matrix *m = v->m;

	if (folds == 1)
		matrix_sides(m, side);
	else
		matrix_split(m, folds, round % folds,
			     v->o->seed + (uint64_t)(round / folds) * 1009,
			     side);
	for (int t = 0; t < m->n_tasks; t++)
		if (v->o->class_name &&
		    !str_is(m->classes[m->tasks[t].class_id], v->o->class_name))
			side[t] = MX_OUT;
}

static enum rc run_folds(struct ev *v, int folds, int *rows,
			 struct eval_report *out, struct err *e)
{
	size_t tasks = (size_t)v->m->n_tasks;
	enum mx_side *side = xcalloc(tasks + 1, sizeof(*side));
	struct ev_judged all;
	enum rc rc = RC_OK;
	int n = 0, at = 0, fit = 0, rounds = folds * v->repeats;

	for (int k = 0; k < rounds; k++) {
		divide(v, folds, k, side);
		n += ev_pick_rows(v, side, rows + n);
	}
	ev_judged_init(&all, rows, n);
	for (int k = 0; rc == RC_OK && k < rounds; k++) {
		int in = 0, judged;

		divide(v, folds, k, side);
		for (int t = 0; t < v->m->n_tasks; t++)
			in += side[t] == MX_FIT;
		judged = ev_pick_rows(v, side, rows + at);
		if (!judged) {
			ev_tell(v, "router", EVAL_INNER + 1);
			continue;
		}
		fit += in;
		if (!in)
			rc = err_set(e, RC_BAD, "nothing is left to fit on");
		if (rc == RC_OK)
			rc = ev_fold(v, side, rows + at, judged, &all, at, e);
		at += judged;
	}
	if (rc == RC_OK && !n) {
		rc = err_set(e, RC_BAD,
			     "nothing is left to judge: no task was "
			     "seen under every model, with costs");
		err_hint(e, "name fewer models, or use --tiers");
	}
	if (rc == RC_OK) {
		out->tasks_fit = fit / rounds;
		ev_look_back(v, &all);
		ev_report(v, &all, out);
		ev_classes(v, &all, out);
	}
	ev_judged_release(&all);
	free(side);
	return rc;
}

enum rc eval_run(const struct matrix *m, const struct eval_opts *o,
		 struct eval_report *out, struct err *e)
{
	struct ev v = {.m = m, .o = o};
	int *rows;
	enum rc rc;

	memset(out, 0, sizeof(*out));
	out->folds = marked(m) ? 1 : o->folds > 1 ? o->folds : 2;
	v.repeats = out->folds > 1 && o->repeats > 1 ? o->repeats : 1;
	rows = xcalloc((size_t)m->n_tasks * (size_t)v.repeats + 1,
		       sizeof(*rows));
	v.todo = out->folds * v.repeats * (EVAL_INNER + 1);
	find_sources(&v);
	find_stand_ins(&v);
	find_complete(&v);
	rc = run_folds(&v, out->folds, rows, out, e);
	ev_release(&v);
	free(rows);
	return rc;
}

void eval_report_release(struct eval_report *r)
{
	free(r->arm_names);
	free(r->arm_cost);
	free(r->arm_success);
	free(r->arm_auc);
	free(r->classes);
	memset(r, 0, sizeof(*r));
}
