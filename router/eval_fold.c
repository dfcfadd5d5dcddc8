/* One division of the tasks: policies are fitted and play the judged rows;
 * inner folds of the fit rows choose where on its path each stands. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/eval_int.h"
#include "router/hull.h"

struct fold {
	struct ev *v;
	const enum mx_side *side;
	const int *rows;
	int n;
	struct ev_play play[EVAL_KINDS];
	/* of the inner folds, by kind and step */
	double s[EVAL_KINDS][EVAL_STEPS], c[EVAL_KINDS][EVAL_STEPS];
	double weight;
	double penalty; /* dollars of a failure */
};

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

	matrix_split(v->m, EVAL_INNER, part, v->o->seed + 77, side);
	for (int t = 0; t < v->m->n_tasks; t++)
		if (f->side[t] != MX_FIT)
			side[t] = MX_OUT;
	n = ev_pick_rows(v, side, rows);
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
	ev_scores_add(&to->scores, p->scores.v, p->scores.n);
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

enum rc ev_fold(struct ev *v, const enum mx_side *side, const int *rows, int n,
		struct ev_judged *all, int at, struct err *e)
{
	struct fold f = {.v = v, .side = side, .rows = rows, .n = n};
	enum rc rc = play_all(v, side, rows, n, f.play, e);

	for (int part = 0; rc == RC_OK && part < EVAL_INNER; part++)
		rc = play_inner(&f, part, e);
	if (rc == RC_OK) {
		settle(&f, all, at);
		gather(&f, all, at);
		gather_learned(&f, all, at);
		gather_tests(&f, all, EVAL_CASCADE, at);
	}
	release_all(f.play);
	return rc;
}
