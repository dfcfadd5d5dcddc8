/* The honest table (DESIGN 8.7): policies on a matrix of outcomes, each fitted
 * on some groups of tasks and judged on others.
 *
 * A policy is played at a row of prices of success ("steps": dollars that a
 * success is worth, from next to nothing to all there is), so that it draws a
 * path through the plane of cost and success. Where on its path it stands is
 * chosen on fit rows alone, by playing it there on groups held out in turn:
 * to reach the success that the best single model had on the fit rows, to
 * reach 97 % of that, to succeed as often as it can, and to have the least bill
 * when a failure has a price. Only then are the judged rows looked at. Nothing
 * of a judged row but its features and class reaches a decision; its verdicts
 * reach an accept test only as the evidence that a reply left.
 *
 * Judged are tasks on which every arm of the pool was seen, with its cost.
 * Probabilities are judged on every verdict of the judged side: whether all
 * arms have one depends on how hard a task is. */
#ifndef ACO_EVAL_H
#define ACO_EVAL_H

#include "ledger/base/buf.h"
#include "router/matrix.h"
#include "router/train.h"

#define EVAL_STEPS       40  /* at most, of a policy */
#define EVAL_CUT         0.5 /* success from here on counts as solved */
#define EVAL_LESS        4
#define EVAL_CLASS_TASKS 20
extern const double eval_less[EVAL_LESS]; /* 0.002, 0.01, 0.02, 0.034 */

enum eval_target {
	EVAL_EQUAL,   /* the best single's success */
	EVAL_NEARLY,  /* 97 % of it */
	EVAL_HIGHEST, /* the most there is */
	EVAL_BILL,    /* the least cost with what failures cost */
	EVAL_TARGETS
};

enum eval_kind {
	EVAL_CHEAPEST,
	EVAL_STRONGEST,
	EVAL_RETRY, /* the strongest twice, where the first is known to fail */
	EVAL_BEST_SINGLE,
	EVAL_HULL,      /* mixtures chosen on fit rows */
	EVAL_HINDSIGHT, /* the hull of the judged rows themselves */
	EVAL_CLASS_STATIC,
	EVAL_KNN,
	EVAL_LEARNED,         /* as it would serve: class by class, if it may */
	EVAL_UNGUARDED,       /* the learned policy everywhere */
	EVAL_CASCADE_PERFECT, /* two arms, and a detector that is never wrong */
	EVAL_CASCADE,         /* two arms, and the accept model */
	EVAL_ORACLE,
	EVAL_KINDS
};
extern const char *const eval_names[EVAL_KINDS]; /* "best-single", ... */

struct eval_figure {
	double value, low, high; /* NaN: not known */
};

struct eval_policy {
	bool there; /* else it could not be played, and says why */
	const char *why;
	/* by target, dollars a task */
	struct eval_figure success[EVAL_TARGETS], cost[EVAL_TARGETS];
	/* success above the static hull's at the same cost, and above that of
	 * the hull in hindsight */
	struct eval_figure lift[EVAL_TARGETS], lift_hindsight[EVAL_TARGETS];
	/* On its path: the share of the best single's cost that is saved at
	 * the best single's success, and at 97 % of it; 0 where the path does
	 * not get there. */
	struct eval_figure saving, saving97;
	struct eval_figure saving_less[EVAL_LESS]; /* at its success less so
						      many points */
	struct eval_figure gap_closed; /* of best single to oracle, highest */
	struct eval_figure capture; /* of strongest minus oracle, in dollars */
	/* dollars a task at EVAL_BILL, a failure counted at its price */
	struct eval_figure bill;
	struct eval_figure per_solved; /* dollars, at EVAL_EQUAL */
	/* `saving`, were the best single's price half and double of what it is
	 * and every decision as it was */
	struct eval_figure saving_half, saving_double;
	/* At EVAL_EQUAL: success above class-static's at the same cost. In one
	 * class that is its own static hull. */
	struct eval_figure above_static;
	/* Differences to class-static, in the same resamples. */
	struct eval_figure saving_over_static, highest_over_static;
	double missed; /* share that failed though an arm would not have */
	double wasted; /* share that was solved for more than the oracle paid */
	int steps;
	double path_cost[EVAL_STEPS], path_success[EVAL_STEPS];
};

/* The judged tasks of one class, by decisions as above. Here the best single is
 * the class's own: the arm that class-static takes when success is all. */
struct eval_class {
	struct str name; /* of the matrix */
	int tasks, groups;
	struct eval_policy policy[EVAL_KINDS];
};

struct eval_opts {
	int folds;   /* where nothing is marked for judging; 2 or more */
	int repeats; /* divisions into folds, each another one; figures are over
			all of them (1) */
	uint64_t seed;
	int boot;               /* resamples of groups */
	double conf;            /* of intervals, two-sided */
	const char *class_name; /* judge this class only; NULL: all */
	const char *reference;  /* arm to compare with; NULL: best single */
	double penalty;         /* dollars that a failure costs; 0: ten times
				   what the best single costs a task */
	bool learn; /* train; else no learned policy and no accept model */
	const struct train_opts *train; /* NULL: defaults */
	void (*progress)(void *arg, const char *what, double share);
	void *arg;
};
void eval_defaults(struct eval_opts *o);

struct eval_report {
	struct eval_policy policy[EVAL_KINDS];
	int tasks, tasks_fit, tasks_left_out, groups, folds;
	/* (task, arm) with a verdict on which probabilities are judged, also of
	 * tasks of the judged side that are not judged for want of some arm */
	int64_t rows;
	char best_single[128], strongest[128], cheapest[128];
	double estimated; /* share of judged costs that are imputed */
	/* of the learned probabilities, over `rows` */
	double ece, brier, brier_skill;
	double ece_complete; /* over those of judged tasks only */
	/* of the accept test at its classes' thresholds: replies of judged
	 * tasks, those accepted, those accepted and wrong; the bound on that
	 * share that the router states, and that of what was seen (95 %,
	 * Clopper-Pearson) */
	int64_t tested, accepted, wrong;
	double false_accept_stated, false_accept_bound;
	/* Of replies of the same arm, that the accept model scores a good one
	 * above a bad one. */
	struct eval_figure accept_auc;
	/* of the static cascade's tests, at EVAL_EQUAL */
	int64_t cascade_tested, cascade_accepted, cascade_wrong;
	double cascade_bound;
	double penalty; /* dollars of a failure, mean over folds */
	double decide_p50_us, decide_p99_us;
	int served[3]; /* decisions by enum policy_kind */
	/* the pool, on judged rows */
	int n_arms;
	struct str *arm_names; /* of the matrix */
	double *arm_cost, *arm_success;
	struct eval_figure *arm_auc; /* accept_auc of its replies */
	/* classes of EVAL_CLASS_TASKS judged tasks or more, by name */
	int n_classes;
	struct eval_class *classes;
};
void eval_report_release(struct eval_report *r);

/* RC_BAD: nothing to judge or to fit. */
enum rc eval_run(const struct matrix *m, const struct eval_opts *o,
		 struct eval_report *out, struct err *e) MUST_CHECK;

/* The report as tables for people, no wider than so many columns where they can
 * be (0: any), as JSON, and as a chart of the plane (braille, or ASCII) of so
 * many columns. */
void eval_table(const struct eval_report *r, int wide, struct buf *out);
void eval_json(const struct eval_report *r, struct buf *out);
void eval_chart(const struct eval_report *r, int columns, bool ascii,
		struct buf *out);

#endif
