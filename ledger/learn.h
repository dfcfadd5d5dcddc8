/* What the ledger knows that a router can learn from: imported trials, and its
 * own judged tasks with the features that were stored when they were decided.
 * No prompt is needed, and none is there. */
#ifndef ACO_LEARN_H
#define ACO_LEARN_H

#include "ledger/event.h"

struct db;

struct learn_row {
	struct ev_trial t;   /* an own task: source "ledger", its id as text */
	struct str repo;     /* what its group is called; may be absent */
	struct str provider; /* of the model, of own tasks; else absent */
	float propensity;    /* with which the model was chosen; 1: always */
	const float *evidence; /* EVIDENCE_N values, or NULL */
};
/* The row is borrowed. Anything but RC_OK ends the reading. */
typedef enum rc learn_fn(void *arg, const struct learn_row *r, struct err *e);

struct learn_opts {
	int64_t since_us, until_us;    /* TIME_NONE: no bound */
	int64_t max_trials, max_tasks; /* the latest; 0: none of the kind */
};
/* Memory does not grow with the rows. An own task's verdict counts for the
 * model that served it; one that was escalated from failed. */
enum rc learn_read(struct db *db, const struct learn_opts *o, learn_fn *fn,
		   void *arg, struct err *e) MUST_CHECK;

#endif
