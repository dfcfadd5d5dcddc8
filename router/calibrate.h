/* From scores to probabilities, and how good they are. */
#ifndef ACO_CALIBRATE_H
#define ACO_CALIBRATE_H

#include <stddef.h>

#define CALIBRATION_MAX 64

/* Isotonic steps with linear interpolation between block means; few enough to
 * live in a bundle. n == 0 is the identity. */
struct calibration {
	int n;
	float x[CALIBRATION_MAX], y[CALIBRATION_MAX];
};
/* Pool adjacent violators over (score, target, weight); NULL weights are 1.
 * Blocks are merged until CALIBRATION_MAX are left and none is lighter than
 * `min_weight`. */
void calibrate_fit(struct calibration *c, const float *score,
		   const float *target, const float *weight, size_t n,
		   double min_weight);
float calibrate(const struct calibration *c, float score);

/* Expected calibration error over `bins` bins of equal mass; the order of rows
 * of equal scores does not matter. */
double calibrate_ece(const float *p, const float *target, size_t n, int bins);
/* 1 - Brier / Brier of the reference probabilities `ref`. */
double calibrate_brier_skill(const float *p, const float *ref,
			     const float *target, size_t n);

/* Clopper-Pearson bounds of k successes among n at one-sided confidence
 * `conf`, from the incomplete beta function. */
double bound_upper(int k, int n, double conf);
double bound_lower(int k, int n, double conf);

#endif
