/* From outcomes to a bundle. Runs in a process of its own (XGBoost's threads
 * do not survive a fork; the daemon never calls it). Deterministic given the
 * matrix, the options and the seed. */
#ifndef ACO_TRAIN_H
#define ACO_TRAIN_H

#include "ledger/base/buf.h"
#include "router/bundle.h"
#include "router/matrix.h"

struct train_opts {
	uint64_t seed;
	int trees, depth;       /* 0: defaults (300, 6), early stopping */
	int threads;            /* 0: one */
	bool by_tier;           /* arms of the bundle are tiers, not models */
	double under_weight;    /* weight of under-routed failures, 1 none */
	double min_class_tasks; /* fewer: the class borrows */
	double false_accept;    /* limit of P(accepted and wrong) */
	double confidence;      /* of bounds, e.g. 0.95 */
	void (*progress)(void *arg, const char *what, double share);
	void *arg;
};
void train_defaults(struct train_opts *o);

/* Fit on the rows whose side is MX_FIT: forests on some groups, early stopping
 * and calibration on others, policies and thresholds on a third, later or
 * group-wise; nothing of MX_JUDGE or MX_OUT is looked at. The bundle's bytes go
 * to `out`. */
enum rc train_fit(struct buf *out, const struct matrix *m,
		  const enum mx_side *side, const struct train_opts *o,
		  struct err *e) MUST_CHECK;

#endif
