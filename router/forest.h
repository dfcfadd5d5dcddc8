/* Gradient-boosted trees, evaluated without the library that grew them:
 * predictions equal XGBoost's to the bit (leaves are added in tree order in
 * float, a missing value takes the default side, `x < threshold` goes left).
 * A forest is a view into a bundle's bytes: it owns nothing, allocates nothing,
 * takes no lock. Trees are padded to a fixed depth and walked several at a
 * time without branches. */
#ifndef ACO_FOREST_H
#define ACO_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

enum forest_kind {
	FOREST_LOGISTIC, /* prediction is a probability */
	FOREST_VALUE     /* prediction is the margin */
};

struct forest {
	enum forest_kind kind;
	int trees, depth, features;
	float base;             /* margin before the first tree */
	const void *nodes;      /* padded inner nodes, 2^depth a tree */
	const float *leaves;    /* 2^depth a tree */
	const uint16_t *covers; /* weight of each leaf, of 65535 a tree */
};

#define FOREST_FEATURES_MAX 256
#define FOREST_DEPTH_MAX    10
#define FOREST_TREES_MAX    4096

/* From XGBoost's JSON model (binary:logistic, reg:logistic, and the regression
 * objectives whose prediction is the margin; gbtree only) to padded trees,
 * appended to `out` (a multiple of 64 bytes). All trees of the model count: cut
 * it first where training stopped early. RC_BAD: categorical splits, several
 * outputs, more than `features` columns, trees deeper than FOREST_DEPTH_MAX,
 * anything not understood. */
enum rc forest_pack(struct buf *out, struct str xgb_json, int features,
		    struct err *e) MUST_CHECK;
/* A view over packed bytes; every index in them is checked here, once, so that
 * walking needs no bounds. `used`: bytes that it takes of `n`; may be NULL.
 * `p` is aligned to 4 bytes. RC_BAD: damaged. */
enum rc forest_open(struct forest *f, const void *p, size_t n, size_t *used,
		    struct err *e) MUST_CHECK;
/* Sum of leaves over `base`, before any link. x: f->features values, NaN is
 * missing. */
float forest_margin(const struct forest *f, const float *x);
/* forest_margin through the link of its kind. */
float forest_predict(const struct forest *f, const float *x);
/* Several forests over one row: out[i] = forest_predict(&f[i], x). x has as
 * many values as the widest of them wants. */
void forest_predict_many(const struct forest *f, int n, const float *x,
			 float *out);
/* The same for n of them: out[which[i]] = forest_predict(&f[which[i]], x). */
void forest_predict_some(const struct forest *f, const int *which, int n,
			 const float *x, float *out);
/* Contribution of each feature to the margin (path attribution by cover, sums
 * to margin - expected value); out: f->features + 1 values, the last is the
 * expected value. For people, not for the hot path. */
void forest_explain(const struct forest *f, const float *x, float *out);

#endif
