/* A decision of the past, by its id. */
#ifndef ACO_DECIDED_H
#define ACO_DECIDED_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/base/uuid.h"

#define DECIDED_FEATURES 4096

struct db;

struct decided {
	struct uuid id, task_id, schema;
	int64_t at_us;
	int32_t bundle_id; /* 0: the shipped one, or none */
	struct str policy, plan, bound_by, class_name;
	struct str reasons; /* a JSON object, or absent */
	bool live;
	double propensity;
	float features[DECIDED_FEATURES];
	int n_features;
};
typedef enum rc decided_fn(void *arg, const struct decided *d, struct err *e);

/* Calls `fn` with the decision; texts live until it returns, and what it
 * returns is returned. RC_BAD: there is none. */
enum rc decided_find(struct db *db, struct uuid id, decided_fn *fn, void *arg,
		     struct err *e) MUST_CHECK;

#endif
