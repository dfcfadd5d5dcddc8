/* Two bundles to decide with, and an ask. Where feature 0 ("bytes") is low, all
 * arms succeed; where it is high, only the dear ones do. Classes are named by
 * what serves them. */
#ifndef ACO_DECIDE_WORLD_H
#define ACO_DECIDE_WORLD_H

#include "router/router.h"

extern struct bundle *plain, *judged; /* the second has an accept model */
int decide_world(void **state);       /* a group's setup: makes these */

/* small, mid and big of tiers 1, 3 and 5: 0.001, 0.01 and 0.1 dollars. */
#define DECIDE_ARMS 3
extern struct route_arm arms[DECIDE_ARMS];
extern float easy[FEATURE_MAX], hard[FEATURE_MAX];

/* For quality 1 among these arms, which are as they were at first again. */
struct route_ask ask_of(const char *class, const float *x);
/* The arm that is decided for. */
int arm_of(const struct bundle *b, const struct route_ask *a);

#endif
