/* What a forest is shown of a request and an arm: the request's stored vector
 * (feature.h), then what past outcomes say of this arm for such requests. The
 * same functions serve training and decisions.
 *
 * A row is `features` values of the vector (all NaN when there is none: no
 * prompt was seen), then INPUT_TAIL values. In training, what the tail says
 * comes from outcomes of other groups than the row's own. */
#ifndef ACO_INPUT_H
#define ACO_INPUT_H

#include "router/feature.h"

enum input_tail {
	INPUT_CLASS_RATE, /* smoothed success of the arm in the class */
	INPUT_CLASS_SEEN, /* log2(1 + outcomes that this rests on) */
	INPUT_NEAR_RATE,  /* smoothed success of the arm on similar requests */
	INPUT_NEAR_SEEN,  /* log2(1 + outcomes), as above */
	INPUT_TAIL
};
#define INPUT_MAX (FEATURE_MAX + INPUT_TAIL)

/* Similar requests are met as prototypes: centres of clusters of vectors, at
 * most 2,000, frozen in a bundle. A view: the arrays belong to the bundle.
 * n == 0: none. */
struct protos {
	int n, features, arms;
	const float *mean, *inv; /* [features] a value is (x - mean) * inv,
				    cut to -4..4; NaN is 0 */
	const float *centre;     /* [n][features], in these values */
	const float *rate;       /* [n][arms] smoothed success */
	const float *seen;       /* [n][arms] outcomes */
};

#define NEAR_MAX 4
/* The prototypes next to a vector, nearest first; weights sum to 1. n == 0
 * when there are no prototypes or x is NULL. */
struct near {
	int n;
	int16_t at[NEAR_MAX];
	float weight[NEAR_MAX];
};
void protos_near(const struct protos *p, const float *x, struct near *out);

/* The tail of one arm. `class_rate` and `class_seen` are the bundle's class
 * table at that arm (of the fleet when the class is unknown). */
void input_tail(float out[INPUT_TAIL], float class_rate, float class_seen,
		const struct protos *p, const struct near *near, int arm);

/* Costs are learnt as the natural logarithm of femto-dollars over a unit. The
 * unit of an arm (bundle_arm.price_unit) is its blended price when it was
 * trained, so that a new price or another model of its tier only scales it;
 * an arm without a price has the unit 1. This is the expected cost in
 * pico-dollars of an arm whose blended price is now `now_fusd` (<= 0: not
 * known) and whose cost forest says `margin`. Never negative, never NaN. */
int64_t input_cost_pusd(float margin, float price_unit, double now_fusd);
/* (3 in + out) / 4 in femto-dollars a token; 0 when one is not known (< 0). */
double input_blended_fusd(int64_t in_fusd, int64_t out_fusd);

#endif
