/* The bundle that serves with probabilities that hold again: where a nightly
 * candidate was refused, only the calibrations of the serving one may be
 * refreshed. Its forests, policies and thresholds stay; each arm whose
 * verdicts since it was fitted suffice gets a new table.
 *
 * The tables are fitted on two thirds of those later tasks (whole groups) and
 * judged on the rest: the squared error of the probabilities must surely be
 * less there, and what both bundles decide must not surely be worse by the
 * gate, in total or in any class.
 *
 * Accept tables are left alone: thresholds with a bound rest on them. */
#ifndef ACO_RECALIBRATE_H
#define ACO_RECALIBRATE_H

#include "router/gate.h"

struct recal_opts {
	int min_rows;    /* verdicts of an arm, to refit it */
	int min_judged;  /* and in all, to judge by */
	int64_t from_us; /* tasks after that are looked at; TIME_NONE: what the
			    bundle's certificate says that it was fitted on */
	double confidence;
	struct gate_opts gate;
	const struct bundle *serving; /* as it serves, where it does without
					 what it learned; NULL: as it is */
};
void recal_defaults(struct recal_opts *o);

struct recal {
	bool passed;
	char reason[160];
	int arms;         /* that were refitted */
	int rows, judged; /* verdicts that were fitted on, judged by */
	/* On those judged by: mean squared error, its sure gain, calibration
	 * error over 15 bins. */
	double brier_was, brier, better_low;
	double ece_was, ece;
	struct gate gate; /* of the decisions */
	bool returns;     /* what was learned may serve again: on the later
			     tasks no worse than opts.serving, no class surely
			     worse */
};

/* `bytes` are of the bundle that serves; the new one's go to `out` (empty, its
 * maximum BUNDLE_BYTES_MAX) if it passes. That it does not is no error. RC_BAD:
 * the bytes are no bundle. */
enum rc recalibrate(struct str bytes, const struct matrix *m,
		    const struct recal_opts *o, struct buf *out,
		    struct recal *r, struct err *e) MUST_CHECK;

/* Members "calibration", "gate" and "preview" to be put over those of the
 * certificate, and "metrics" with the new figures. `of`: the version whose
 * calibrations were refreshed. */
void recal_json(const struct recal *r, int32_t of, int64_t now_us,
		double tasks_a_day, struct json_out *o);

#endif
