/* Outer folds judge, inner folds choose where on its path a policy stands. */
#include "router/eval.h"

#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/eval_int.h"
#include "router/hull.h"

#define INNER 3

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

/* ---- one division into fit and judge ---- */

struct fold {
	struct ev *v;
	enum mx_side *side;
	int *rows;
	int n;
	struct ev_play play[EVAL_KINDS];
	/* of the inner folds, by kind and step */
	double s[EVAL_KINDS][EVAL_STEPS], c[EVAL_KINDS][EVAL_STEPS];
	double weight;
	double penalty; /* dollars of a failure */
};

bool ev_one_step(enum eval_kind k)
{
	return k == EVAL_CHEAPEST || k == EVAL_STRONGEST || k == EVAL_RETRY ||
	       k == EVAL_BEST_SINGLE || k == EVAL_ORACLE;
}

static int pick_rows(const struct ev *v, const enum mx_side *side, int *rows)
{
	int n = 0;

	for (int t = 0; t < v->m->n_tasks; t++)
		if (side[t] == MX_JUDGE && v->complete[t])
			rows[n++] = t;
	return n;
}

static void ev_tell(struct ev *v, const char *what, double more)
{
	v->done += more;
	if (v->o->progress)
		v->o->progress(v->o->arg, what, v->done / v->todo);
}

static enum rc play_all(struct ev *v, const enum mx_side *side, const int *rows,
			int n, struct ev_play *play, struct err *e)
{
	struct ev_rates rates;
	double price[EVAL_STEPS], success;
	enum rc rc = RC_OK;
	int steps, top;

	ev_rates_init(&rates, v, side);
	steps = ev_prices(&rates, price);
	top = ev_best_single(v, side, &success);
	ev_rates_release(&rates);
	for (int k = 0; k < EVAL_KINDS; k++) {
		ev_play_init(&play[k], rows, n,
			     ev_one_step((enum eval_kind)k) ? 1 : steps);
		memcpy(play[k].price, price, sizeof(price));
		play[k].v = v;
		play[k].top = top;
	}
	for (int k = 0; rc == RC_OK && k < EVAL_KINDS; k++) {
		if (k == EVAL_KNN)
			ev_play_knn(v, side, &play[k]);
		else if (k != EVAL_LEARNED && k != EVAL_CASCADE &&
			 k != EVAL_UNGUARDED && k != EVAL_HINDSIGHT)
			rc = ev_play_static(v, (enum eval_kind)k, side,
					    &play[k], e);
	}
	ev_tell(v, "baselines", 0.1);
	if (rc == RC_OK)
		rc = ev_play_learned(v, side, &play[EVAL_LEARNED],
				     &play[EVAL_UNGUARDED], &play[EVAL_CASCADE],
				     e);
	ev_tell(v, "router", 0.9);
	return rc;
}

static void release_all(struct ev_play *play)
{
	for (int k = 0; k < EVAL_KINDS; k++)
		ev_play_release(&play[k]);
}

/* Groups of the fit rows are held out in turn. */
static enum rc play_inner(struct fold *f, int part, struct err *e)
{
	const struct ev *v = f->v;
	size_t tasks = (size_t)v->m->n_tasks;
	enum mx_side *side = xcalloc(tasks + 1, sizeof(*side));
	int *rows = xcalloc(tasks + 1, sizeof(*rows));
	struct ev_play play[EVAL_KINDS];
	enum rc rc = RC_OK;
	int n;

	matrix_split(v->m, INNER, part, v->o->seed + 77, side);
	for (int t = 0; t < v->m->n_tasks; t++)
		if (f->side[t] != MX_FIT)
			side[t] = MX_OUT;
	n = pick_rows(v, side, rows);
	if (n) {
		rc = play_all(f->v, side, rows, n, play, e);
		for (int k = 0; k < EVAL_KINDS; k++)
			for (int j = 0; j < play[k].steps; j++)
				for (int i = 0; i < n; i++) {
					f->s[k][j] +=
						(double)play[k].s[j * n + i];
					f->c[k][j] +=
						(double)play[k].c[j * n + i];
				}
		release_all(play);
	} else {
		ev_tell(f->v, "router", 1);
	}
	f->weight += n;
	free(side);
	free(rows);
	return rc;
}

/* The corner with the least bill. */
static void least_bill(const struct hull_point *p, int n, double penalty,
		       struct hull_mix *mix)
{
	double least = INFINITY;

	for (int j = 0; j < n; j++) {
		double bill = p[j].cost + penalty * (1 - p[j].success);

		if (bill >= least)
			continue;
		least = bill;
		*mix = (struct hull_mix){.low = p[j].arm, .high = p[j].arm};
	}
}

/* Where on its path a policy stands for a target, by the inner folds. */
static void choose(const struct fold *f, int kind, double success,
		   enum eval_target target, struct hull_mix *mix)
{
	struct hull_point p[EVAL_STEPS];
	int n = f->play[kind].steps, corners;

	for (int j = 0; j < n; j++)
		p[j] = (struct hull_point){f->c[kind][j] / f->weight,
					   f->s[kind][j] / f->weight, j};
	corners = hull_make(p, n);
	if (!corners) { /* nothing to choose by: the dearest step */
		*mix = (struct hull_mix){.low = n - 1, .high = n - 1};
		return;
	}
	if (target == EVAL_BILL) {
		least_bill(p, corners, f->penalty, mix);
		return;
	}
	if (target == EVAL_NEARLY)
		success *= 0.97;
	if (target == EVAL_HIGHEST)
		success = INFINITY;
	hull_at_success(p, corners, success, mix);
}

/* What a failure costs, by the rows that are fitted on. */
static double penalty(const struct fold *f)
{
	struct ev_rates r;
	double success, usd = 0;
	int arm;

	if (f->v->o->penalty > 0)
		return f->v->o->penalty;
	ev_rates_init(&r, f->v, f->side);
	arm = ev_best_single(f->v, f->side, &success);
	if (arm >= 0 && !isnan(r.all_c[arm]))
		usd = 10 * r.all_c[arm];
	ev_rates_release(&r);
	return usd;
}

static void settle(struct fold *f, struct ev_judged *all, int at)
{
	double success;

	ev_best_single(f->v, f->side, &success);
	f->penalty = penalty(f);
	for (int i = 0; i < f->n; i++)
		all->penalty[at + i] = (float)f->penalty;
	for (int k = 0; k < EVAL_KINDS; k++) {
		const struct ev_play *p = &f->play[k];

		for (int t = 0; t < EVAL_TARGETS; t++) {
			struct hull_mix mix;
			double high;

			choose(f, k, success, (enum eval_target)t, &mix);
			high = mix.low == mix.high ? 0 : mix.high_share;
			for (int i = 0; i < f->n; i++) {
				double sl = (double)p->s[mix.low * f->n + i];
				double sh = (double)p->s[mix.high * f->n + i];
				double cl = (double)p->c[mix.low * f->n + i];
				double ch = (double)p->c[mix.high * f->n + i];

				all->op_s[k][t][at + i] =
					(float)(sl + high * (sh - sl));
				all->op_c[k][t][at + i] =
					(float)(cl + high * (ch - cl));
			}
			if (t == EVAL_EQUAL && p->tested)
				all->play[k]->price[0] =
					high > 0.5 ? mix.high : mix.low;
		}
	}
}

/* Copy what a fold played to where all rows are. */
static void gather(const struct fold *f, struct ev_judged *all, int at)
{
	for (int k = 0; k < EVAL_KINDS; k++) {
		const struct ev_play *p = &f->play[k];
		struct ev_play *to = all->play[k];
		size_t n = (size_t)f->n;

		if (p->why)
			to->why = p->why;
		for (int j = 0; j < p->steps; j++) {
			size_t from = (size_t)(j * f->n);
			size_t here = (size_t)(j * all->n + at);

			memcpy(to->s + here, p->s + from, n * sizeof(*p->s));
			memcpy(to->c + here, p->c + from, n * sizeof(*p->c));
			memcpy(to->t + here, p->t + from, n * sizeof(*p->t));
		}
	}
}

/* Accept tests where a policy stands at EVAL_EQUAL. */
static void gather_tests(const struct fold *f, struct ev_judged *all, int kind,
			 int at)
{
	const struct ev_play *p = &f->play[kind];
	struct ev_play *to = all->play[kind];
	size_t n = (size_t)f->n;
	int from = (int)to->price[0] * f->n;

	to->replies += p->replies;
	to->stood += p->stood;
	to->wrong_stood += p->wrong_stood;
	to->promised += p->promised;
	if (!p->tested)
		return;
	memcpy(to->tested + at, p->tested + from, n);
	memcpy(to->accepted + at, p->accepted + from, n);
	memcpy(to->wrong + at, p->wrong + from, n);
}

static void gather_learned(const struct fold *f, struct ev_judged *all, int at)
{
	const struct ev_play *p = &f->play[EVAL_LEARNED];
	struct ev_play *to = all->play[EVAL_LEARNED];

	for (int i = 0; i < 3; i++)
		to->served[i] += p->served[i];
	ev_words_add(&to->said, p->said.word, p->said.n);
	if (p->decide_us)
		memcpy(to->decide_us + at, p->decide_us,
		       (size_t)f->n * sizeof(double));
}

static enum rc run_fold(struct fold *f, struct ev_judged *all, int at,
			struct err *e)
{
	enum rc rc = play_all(f->v, f->side, f->rows, f->n, f->play, e);

	for (int part = 0; rc == RC_OK && part < INNER; part++)
		rc = play_inner(f, part, e);
	if (rc == RC_OK) {
		settle(f, all, at);
		gather(f, all, at);
		gather_learned(f, all, at);
		gather_tests(f, all, EVAL_CASCADE, at);
	}
	release_all(f->play);
	return rc;
}

/* ---- all folds ---- */

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
		n += pick_rows(v, side, rows + n);
	}
	ev_judged_init(&all, rows, n);
	for (int k = 0; rc == RC_OK && k < rounds; k++) {
		struct fold f = {.v = v, .side = side, .rows = rows + at};
		int in = 0;

		divide(v, folds, k, side);
		for (int t = 0; t < v->m->n_tasks; t++)
			in += side[t] == MX_FIT;
		f.n = pick_rows(v, side, rows + at);
		if (!f.n) {
			ev_tell(v, "router", INNER + 1);
			continue;
		}
		fit += in;
		if (!in)
			rc = err_set(e, RC_BAD, "nothing is left to fit on");
		if (rc == RC_OK)
			rc = run_fold(&f, &all, at, e);
		at += f.n;
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
	v.todo = out->folds * v.repeats * (INNER + 1);
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
	free(r->classes);
	memset(r, 0, sizeof(*r));
}
