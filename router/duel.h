/* Whether one router is surely better than another: on rows that neither was
 * fitted on, the lower confidence bound of its gain must be above zero in
 * total, and no class may be significantly worse. Gains are paired, task by
 * task, and groups are what is resampled.
 *
 * Gain is success less dollars at a price of success. Since a price that is
 * far from what people pay would let noise in success drown a saving, or the
 * reverse, a candidate also passes when it saves significantly, by at least
 * DUEL_SAVING, and by the same confidence is not worse in success by more than
 * DUEL_LOSS. */
#ifndef ACO_DUEL_H
#define ACO_DUEL_H

#include <stdbool.h>
#include <stdint.h>

#define DUEL_SAVING  0.03  /* of the cost of what serves */
#define DUEL_LOSS    0.015 /* of success, as a share of tasks */
#define DUEL_ROWS    60    /* fewer comparable rows: not promoted */
#define DUEL_CLASSES 20    /* rows of a class that is looked at by itself */

struct duel_row {
	uint64_t group;
	int class_id;
	double weight;
	/* of what serves and of the candidate; dollars. NaN: not known */
	double old_success, old_cost, new_success, new_cost;
};

struct duel_opts {
	double price; /* success that a dollar is worth */
	double confidence;
	int boot;
	uint64_t seed;
};
void duel_defaults(struct duel_opts *o);

struct duel_result {
	bool promote;
	char why[160]; /* a sentence */
	int rows, groups;
	double gain, gain_low, gain_high; /* in success, at the price */
	double old_success, old_cost, new_success, new_cost; /* means */
	double success_low; /* bound of the difference in success */
	double saving_low;  /* bound of the saving, a share of the cost */
	int worse_class;    /* -1: none is significantly worse */
};
void duel_judge(const struct duel_row *rows, int n, int n_classes,
		const struct duel_opts *o, struct duel_result *out);

#endif
