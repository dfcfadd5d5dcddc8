/* From outcomes to a bundle. Runs in a process of its own (XGBoost's threads
 * do not survive a fork; the daemon never calls it). Deterministic given the
 * matrix, the options and the seed. */
#ifndef ACO_TRAIN_H
#define ACO_TRAIN_H

#include "ledger/base/buf.h"
#include "router/bundle.h"
#include "router/matrix.h"

struct train_source {
	const char *name, *licence; /* licence may be NULL */
	int64_t rows;
};

struct train_opts {
	uint64_t seed;
	int trees, depth;       /* most of each; early stopping cuts trees */
	int threads;            /* the bytes do not depend on it */
	int folds;              /* of the cross-fit, 2..8; 0: by rows */
	int protos;             /* most prototypes, 0..BUNDLE_PROTOS_MAX */
	double under_weight;    /* weight of failures that a stronger arm
				   mended, 1: none. The calibration undoes what
				   it shifts, and fewer rows count: of
				   CodeRouterBench (100 trees, 1,002 judged
				   tasks) 3 closes 49.1 % of the gap to the
				   oracle, 1 closes 49.6 %, with a Brier skill
				   of 0.175 and 0.199; what being wrong costs is
				   the price of a failure, which the policy
				   weighs, and not the probability's */
	double min_arm_rows;    /* fewer: the arm borrows another's forests */
	double min_class_tasks; /* fewer: nothing learned serves the class */
	double quality;         /* success that policies aim at, relative to
				   the strongest arm's in the class */
	double shrink;          /* outcomes that a class's prior is worth */
	double false_accept;    /* limit of P(accepted and wrong) */
	double confidence;      /* of bounds, e.g. 0.95 */
	const struct bundle *prior; /* whose class rates by tier count as
				       `shrink` outcomes where it knows the
				       class; NULL: none */
	/* For the certificate. */
	int64_t now_us, since_us, until_us; /* TIME_NONE: not told */
	int64_t fitted_us; /* the latest row that was fitted on */
	const struct train_source *sources;
	int n_sources;
	float *post; /* [task * arms of the matrix], NULL: not wanted; gets
			P(success | what was seen of the reply) of the rows
			that are fitted on, by models of other folds; NaN
			elsewhere */
	void (*progress)(void *arg, const char *what, double share);
	void *arg;
};
void train_defaults(struct train_opts *o);

/* Fit on the rows whose side is MX_FIT (side NULL: all). Nothing of MX_JUDGE
 * or MX_OUT is looked at. Rows are dealt to folds by group; whatever is said of
 * a row (its derived features, its probability, its calibration, the policy
 * that it judges) comes from forests, tables and thresholds of other folds;
 * what is written is fitted on all of them. The bundle's bytes go to `out`
 * (empty, its maximum at least BUNDLE_BYTES_MAX). RC_BAD: no rows. */
enum rc train_fit(struct buf *out, const struct matrix *m,
		  const enum mx_side *side, const struct train_opts *o,
		  struct err *e) MUST_CHECK;

#endif
