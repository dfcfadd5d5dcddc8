/* Whether a candidate may take over from what serves: on rows that neither was
 * fitted on, the lower confidence bound of its gain must be above zero in
 * total, and no class may be significantly worse. Gains are paired, task by
 * task, and groups are what is resampled.
 *
 * Gain is success less dollars at a price of success. Since a price that is
 * far from what people pay would let noise in success drown a saving, or the
 * reverse, a candidate also passes when it saves significantly, by at least
 * GATE_SAVING, and by the same confidence is not worse in success by more than
 * GATE_LOSS. */
#ifndef ACO_GATE_H
#define ACO_GATE_H

#include "router/matrix.h"
#include "router/router.h"

#define GATE_SAVING  0.03  /* of the cost of what serves */
#define GATE_LOSS    0.015 /* of success, as a share of tasks */
#define GATE_ROWS    60    /* fewer comparable rows: not promoted */
#define GATE_CLASSES 20    /* rows of a class that is looked at by itself */

struct gate_row {
	uint64_t group;
	int class_id;
	double weight;
	/* of what serves and of the candidate; dollars. NaN: not known */
	double old_success, old_cost, new_success, new_cost;
};

struct gate_opts {
	double price; /* success that a dollar is worth */
	double confidence;
	int boot;
	uint64_t seed;
	/* For gate_compare: the goal that decisions are asked for. */
	enum route_goal goal;
	double target;
};
void gate_defaults(struct gate_opts *o);

struct gate_result {
	bool promote;
	char why[160]; /* a sentence */
	int rows, groups;
	int estimated; /* rows of which an arm that was not seen is estimated */
	double gain, gain_low, gain_high; /* in success, at the price */
	double old_success, old_cost, new_success, new_cost; /* means */
	double success_low; /* bound of the difference in success */
	double saving_low;  /* bound of the saving, a share of the cost */
	int worse_class;    /* -1: none is significantly worse */
};
void gate_judge(const struct gate_row *rows, int n, int n_classes,
		const struct gate_opts *o, struct gate_result *out);

/* Ask both bundles about the rows of MX_JUDGE. What an arm that was not seen
 * would have done is estimated, doubly robust, where the logging policy drew
 * the arm that was (propensity below 1); where it did not, the row is left
 * out. `price` 0: what a dollar buys on the hull of the rows' arms. */
void gate_compare(const struct matrix *m, const enum mx_side *side,
		  const struct bundle *serving, const struct bundle *candidate,
		  const struct gate_opts *o, struct gate_result *out);

#endif
