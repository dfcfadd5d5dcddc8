/* The oracle of each task class and day, written into oracle_class_day for the
 * dashboard (DESIGN 8.6). Arms are the models that served judged tasks of the
 * class within 30 days, and those of trials on the day's tasks.
 *
 * Observed: what an arm did on the task itself, as the model that served, as
 * one that was escalated from (it failed), or in a trial of the same task.
 * Elsewhere an arm's chance and cost are those that the task's decision gave
 * its tier; without a decision its share of successes and its mean cost in the
 * class, smoothed towards the class's.
 *
 * figures: {"always_strongest": {"cost_usd", "success"}, "always_cheapest",
 * "best_single" (with "model"), "best_static", "capture", "estimated_share",
 * "success_low", "success_high" (of the oracle), "doubly_robust", "basis": what
 * the sums were when it was computed}; what is not known is null. */
#ifndef ACO_ORACLE_DAY_H
#define ACO_ORACLE_DAY_H

#include <stdint.h>

#include "ledger/base/err.h"

struct db;

#define ORACLE_DAY_TASKS 5000 /* of a class-day at most, by id */

struct oracle_day_counts {
	int64_t written, dropped;
	int64_t changed; /* of them: not what they were */
};
/* Compute the class-days whose verdicts or payments are not what they were, and
 * after these those from day `from` on, the latest first and at most `limit`.
 */
enum rc oracle_days(struct db *db, int32_t from, int64_t limit,
		    struct oracle_day_counts *counts, struct err *e) MUST_CHECK;

#endif
