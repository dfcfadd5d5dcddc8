/* What the files of the evaluation share; nobody else includes this. */
#ifndef ACO_EVAL_INT_H
#define ACO_EVAL_INT_H

#include "router/eval.h"

/* A matrix as it can be judged. */
struct ev {
	const struct matrix *m;
	const struct eval_opts *o;
	int repeats; /* each task is judged so often */
	int n_sources;
	int *source;       /* by task */
	int *stand_in;     /* [source * n_arms + arm]: the arm itself where the
			      source has it, else the next dearer one it has,
			      else the next cheaper one; -1 none */
	bool *complete;    /* by task */
	double done, todo; /* progress */
};

/* The cell that choosing `arm` for `task` gives. */
static inline const struct mx_cell *ev_cell(const struct ev *v, int task,
					    int arm)
{
	int a = v->stand_in[v->source[task] * v->m->n_arms + arm];

	return matrix_cell(v->m, task, a);
}
static inline bool ev_has(const struct ev *v, int task, int arm)
{
	return v->stand_in[v->source[task] * v->m->n_arms + arm] == arm;
}

/* What the learned probabilities said: of each judged task and arm with a
 * verdict, also where other arms of the task have none. */
struct ev_word {
	float p, ref, y; /* predicted success, the class rate, the verdict */
	bool complete;   /* every arm of the task was seen */
};
struct ev_words {
	struct ev_word *word;
	size_t n, room;
};
void ev_words_add(struct ev_words *w, const struct ev_word *word, size_t n);

/* What the accept model said of judged tasks' replies. */
struct ev_score {
	int arm;
	uint64_t group; /* the task's */
	float p;
	bool good;
};
struct ev_scores {
	struct ev_score *v;
	size_t n, room;
};
void ev_scores_add(struct ev_scores *s, const struct ev_score *v, size_t n);
/* How often it scores a good reply above a bad one of the same arm, with an
 * interval over groups; of one arm, or (-1) of all, each among its own. */
void ev_auc(const struct ev_scores *s, int arm, const struct eval_opts *o,
	    struct eval_figure *out);

/* Rows to decide, and what came of it. */
struct ev_play {
	const int *rows; /* tasks */
	int n;
	int steps;
	double price[EVAL_STEPS]; /* dollars that a success is worth */
	float *s, *c;             /* [step * n + i]: success, dollars */
	float *t;                 /* of these what went to the best single */
	const struct ev *v;
	int top;         /* the best single, by the fit rows; -1 */
	const char *why; /* it could not be played */

	/* What the learned policy leaves besides. */
	struct ev_words said;
	/* What the static cascade leaves besides. */
	struct ev_scores scores;
	uint8_t *tested, *accepted; /* [step * n + i]: its accept tests */
	uint8_t *wrong;
	/* the accept test, by its class, on all replies; bounds stated, summed
	 */
	int64_t replies, stood, wrong_stood;
	double promised;
	double *decide_us; /* [i] */
	int served[3];
};
void ev_play_init(struct ev_play *p, const int *rows, int n, int steps);
/* Room for accept tests. */
void ev_play_tests(struct ev_play *p);
void ev_play_release(struct ev_play *p);
/* The cost of a cell. */
static inline void ev_pay(struct ev_play *p, int step, int i,
			  const struct mx_cell *cell, double share)
{
	size_t at = (size_t)step * (size_t)p->n + (size_t)i;
	double usd = share * (double)cell->cost_pusd / 1e12;

	p->c[at] += (float)usd;
	if (p->top >= 0 && (cell - p->v->m->cells) % p->v->m->n_arms == p->top)
		p->t[at] += (float)usd;
}
static inline void ev_put(struct ev_play *p, int step, int i,
			  const struct mx_cell *cell, double share)
{
	size_t at = (size_t)step * (size_t)p->n + (size_t)i;

	p->s[at] += (float)(share * (double)cell->success);
	ev_pay(p, step, i, cell, share);
}

/* Success and cost of each arm on the fit rows, in all and by class; those of
 * a class are shrunk towards the whole. Dollars. */
struct ev_rates {
	int n_arms, n_classes;
	double *all_s, *all_c;     /* [arm]; NaN: never seen */
	double *class_s, *class_c; /* [class * n_arms + arm] */
	double *class_n;           /* outcomes */
};
void ev_rates_init(struct ev_rates *r, const struct ev *v,
		   const enum mx_side *side);
void ev_rates_release(struct ev_rates *r);
/* Over the complete rows that are fitted on. */
int ev_best_single(const struct ev *v, const enum mx_side *side,
		   double *success);
/* The arm of the highest or lowest tier, by cost among equals; -1. */
int ev_by_tier(const struct ev *v, const struct ev_rates *r, bool highest);

/* Prices of success for these fit rows, ascending. */
int ev_prices(const struct ev_rates *r, double *price);

/* Fit on the rows of MX_FIT and decide p->rows at p->price. */
enum rc ev_play_static(const struct ev *v, enum eval_kind kind,
		       const enum mx_side *side, struct ev_play *p,
		       struct err *e) MUST_CHECK;
void ev_play_knn(const struct ev *v, const enum mx_side *side,
		 struct ev_play *p);
/* The learned policy as it serves and everywhere, and the static cascade with
 * its accept model. */
enum rc ev_play_learned(struct ev *v, const enum mx_side *side,
			struct ev_play *learned, struct ev_play *unguarded,
			struct ev_play *cascade, struct err *e) MUST_CHECK;

/* What was judged: paths by group, and where the policies stand on them. */
struct ev_judged {
	struct ev_play *play[EVAL_KINDS]; /* of all judged rows */
	float *op_s[EVAL_KINDS][EVAL_TARGETS], *op_c[EVAL_KINDS][EVAL_TARGETS];
	float *penalty; /* [i] dollars of a failure, by the row's fold */
	const int *rows;
	int n;
};
void ev_judged_init(struct ev_judged *j, const int *rows, int n);
void ev_judged_release(struct ev_judged *j);
bool ev_one_step(enum eval_kind k);

/* eval.c: the tasks of a division that are judged, into rows; how many. */
int ev_pick_rows(const struct ev *v, const enum mx_side *side, int *rows);
/* So many more parts are done, of v->todo. */
void ev_tell(struct ev *v, const char *what, double more);
/* eval_fold.c: fit on side's MX_FIT, play `rows`, and put what comes of it to
 * rows `at` and on of `all`. EVAL_INNER + 1 parts of v->todo. */
#define EVAL_INNER 3
enum rc ev_fold(struct ev *v, const enum mx_side *side, const int *rows, int n,
		struct ev_judged *all, int at, struct err *e) MUST_CHECK;

/* Fill in the hull of the judged rows themselves: nobody could have known it.
 */
void ev_look_back(const struct ev *v, struct ev_judged *j);

/* eval_figures.c: figures of the policies; returns how many groups of tasks
 * there are. */
int ev_figures(const struct ev *v, const struct ev_judged *j,
	       struct eval_policy policy[EVAL_KINDS]);
/* eval_report.c: the rest, and these. */
void ev_report(const struct ev *v, const struct ev_judged *j,
	       struct eval_report *out);
/* eval_class.c */
void ev_classes(const struct ev *v, const struct ev_judged *j,
		struct eval_report *out);

#endif
