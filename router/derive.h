/* Features that follow from outcomes: how often each tier succeeded on the
 * class of a request, on its cluster and on its nearest neighbours. The
 * neighbours are at most BUNDLE_PROTOS_MAX prototypes (single past tasks, or
 * means of several) frozen in the bundle; training and live decisions compute
 * the block by the same function, so it is the same to the bit.
 *
 * Vectors are compared in a space of few dimensions: v[d] = sum over features
 * j of map[d][j] * (log1p(x[j] + 1) - centre[j]). */
#ifndef ACO_DERIVE_H
#define ACO_DERIVE_H

#include "router/feature.h"

#define TIERS       5
#define DERIVE_DIMS 16
#define DERIVE_NEAR 16 /* neighbours that count */
/* Raised when the block changes: a bundle of another version is refused. */
#define DERIVE_VERSION 1

/* Tables, all borrowed. Rates are smoothed success in 0..1, tier 1 first; NaN:
 * nothing is known. */
struct derive_tables {
	int features;        /* of the vectors that are compared */
	int protos;          /* 0: no neighbours */
	int clusters;        /* 0: no clusters */
	const float *centre; /* [features] */
	const float *map;    /* [DERIVE_DIMS * features] */
	const float *point;  /* [DERIVE_DIMS * protos], dimension first: all
			       values of dimension 0, then of dimension 1 */
	const float *rate;   /* [protos * TIERS] */
	const float *weight; /* [protos], > 0: tasks it stands for */
	const float *cluster_mid;  /* [clusters * DERIVE_DIMS] */
	const float *cluster_rate; /* [clusters * TIERS] */
};

/* A stored vector's place in the space; what is not finite in it counts as
 * ordinary. */
void derive_place(const struct derive_tables *t, const float *x,
		  float place[DERIVE_DIMS]);
/* The derived block of a stored vector (NULL: none is known). class_rate:
 * [TIERS], of its class (NULL or NaN: unknown); class_tasks: how many tasks
 * these rest on. `skip`: a prototype that is not looked at (the task itself, in
 * training), -1 none. What is not known is NaN, a missing value to the models.
 */
void derive(const struct derive_tables *t, const float *x,
	    const float *class_rate, double class_tasks, int skip,
	    float out[FEATURE_DERIVED]);
/* Name of value `i` of the block, into a buffer of FEATURE_NAME. */
const char *derive_name(int i, char buf[FEATURE_NAME]);

#endif
