/* How sure a mean is when the things it is over come in groups that share a
 * fate (tasks of one repository): bootstrap over groups, seeded. */
#ifndef ACO_STAT_H
#define ACO_STAT_H

#include <stddef.h>
#include <stdint.h>

/* A stream of random numbers (splitmix64), the same on every machine. */
uint64_t stat_random(uint64_t *state);
double stat_uniform(uint64_t *state); /* 0 <= x < 1 */
uint64_t stat_mix(uint64_t x);        /* a hash of x */

struct stat_bound {
	double mean, low, high;
	size_t groups;
};
/* The mean of value[i] by weight (NULL: 1), with one-sided bounds at `conf`
 * each. Paired comparisons pass differences. The bounds are the wider of the
 * bootstrap's percentiles and of Student's t over the groups, since the former
 * are too narrow for few groups; fewer than two groups bound nothing (-inf,
 * inf). Values that are not finite are left out. boot: resamples, 500 will do.
 * group NULL: each value is its own. */
void stat_mean(const double *value, const double *weight, const uint64_t *group,
	       size_t n, int boot, double conf, uint64_t seed,
	       struct stat_bound *out);
/* The quantile of Student's t with df >= 1 degrees of freedom, p in (0.5, 1);
 * within 0.5 % of the tables for df >= 2 (Hill 1970), exact for df 1. */
double stat_t(double p, double df);
double stat_normal(double p); /* quantile of the normal distribution */

#endif
