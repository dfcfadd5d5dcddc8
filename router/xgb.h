/* The one gate to XGBoost, which grows the trees. The library is loaded when
 * it is first wanted, not when the program starts: linked in, it and what it
 * needs cost each process 6 MB and 3 ms. Only a process that was executed to
 * train may call this: the library's threads do not survive a fork, and the
 * wait policy that keeps them from spinning is set in the environment. */
#ifndef ACO_XGB_H
#define ACO_XGB_H

#include <stddef.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "router/forest.h"

struct xgb_rows {
	const float *x; /* [n][cols], NaN is missing */
	size_t n;
	int cols;
	const float *y; /* labels: 0..1, or values */
	const float *w; /* weights >= 0; NULL: all 1 */
};

struct xgb_opts {
	enum forest_kind kind; /* FOREST_LOGISTIC: labels are probabilities;
				  FOREST_VALUE: squared error */
	int trees, depth;
	float eta;        /* step, 0..1 */
	float child;      /* least sum of hessians in a leaf */
	float lambda;     /* L2 of leaves */
	float rows_share; /* of rows for each tree, 0..1 */
	float cols_share; /* of columns for each tree, 0..1 */
	int patience;     /* trees without gain on `held` to stop at; 0: none */
	uint64_t seed;    /* of the shares */
	int threads;      /* the result does not depend on it */
};
void xgb_defaults(struct xgb_opts *o);

struct xgb_model;

/* Grow trees on `fit`. With `held` (rows of other groups; NULL: none) and
 * patience the trees behind the best round are cut off; at least one stays.
 * RC_BAD: no rows, labels or weights that are not finite. */
enum rc xgb_train(struct xgb_model **out, const struct xgb_rows *fit,
		  const struct xgb_rows *held, const struct xgb_opts *o,
		  struct err *e) MUST_CHECK;
void xgb_free(struct xgb_model *m); /* NULL is fine */
int xgb_trees(const struct xgb_model *m);

/* The model as XGBoost's JSON, appended; what forest_pack() reads. */
enum rc xgb_json(const struct xgb_model *m, struct buf *out,
		 struct err *e) MUST_CHECK;
/* The library's own predictions, a value a row: probabilities, or values. */
enum rc xgb_predict(const struct xgb_model *m, const float *x, size_t n,
		    int cols, float *out, struct err *e) MUST_CHECK;
/* The same for one row, where it lies; what forest.h is measured against. */
enum rc xgb_predict_row(struct xgb_model *m, const float *x, int cols,
			float *out, struct err *e) MUST_CHECK;
/* A model from its JSON; for tests. */
enum rc xgb_load(struct xgb_model **out, struct str json,
		 struct err *e) MUST_CHECK;

#endif
