/* Whether the version that serves still fits the world that it learnt from.
 * Three watches, each of which asks for rows enough before it says anything:
 *
 *   probabilities  what was expected of the tiers that served and what came
 *                  differ by more than DRIFT_GAP, and surely so, over the
 *                  judged tasks of the last DRIFT_DAYS days; of a class, or,
 *                  those left out that differ by themselves, of all together
 *   features       the requests that it decided by what it learned do not lie
 *                  as those did that it learnt from (router/spread.h)
 *   prices         a model that may serve costs another DRIFT_PRICE times or
 *                  less of what it cost when the learned policy was judged.
 *                  What decisions expect follows prices at once; whether the
 *                  learned policy is better at these nobody has seen
 *
 * What follows from it is in night.h. */
#ifndef ACO_DRIFT_H
#define ACO_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/db.h"
#include "ledger/shelf.h"
#include "router/bundle.h"

#define DRIFT_DAYS  7
#define DRIFT_MIN   200  /* judged tasks, fewer tell nothing */
#define DRIFT_GAP   0.05 /* of success */
#define DRIFT_Z     3.0  /* standard errors */
#define DRIFT_Z_ONE 3.5  /* of one class, as there are many */
#define DRIFT_PRICE 1.25

/* Judged tasks, the means of what was expected and of what came, and the
 * standard error of their difference. */
struct drift_means {
	int64_t judged;
	double expected, came, se;
};

#define DRIFT_CLASSES 32 /* more that drift by themselves are all of them */

struct drift_class {
	int at; /* index in the bundle */
	struct str name;
	struct drift_means means; /* none judged: it drifted before */
};

struct drift {
	/* What static policies serve, as bundle_demote() has it; "": it fits.
	 */
	char parts[SHELF_PARTS];
	char why[160];  /* a sentence for people; "" when it fits */
	const char *by; /* "means", "features", "prices"; "" */
	struct drift_means means;
	struct drift_class classes[DRIFT_CLASSES]; /* that drifted, not "all" */
	int n_classes;
	bool rest_drifted; /* of all classes but those, by their means */
	/* features: requests that were looked at */
	int64_t requests;
	struct spread_verdict features;
	/* prices: the model that moved most, live price over that then */
	char model[64];
	double factor; /* 1: none moved, or none is known */
};

/* A difference of means that says that probabilities do not hold any more,
 * beyond `z` standard errors. */
bool drift_of_means(const struct drift_means *m, double z);

/* Version `id`, whose bundle is `b`, at `now_us`. `before`: the classes that
 * drifted so far, "3.7"; they stay so, and names are the bundle's. */
enum rc drift_look(struct db *db, int32_t id, const struct bundle *b,
		   const char *before, int64_t now_us, struct drift *out,
		   struct err *e) MUST_CHECK;
/* {"drift": {...}}: the member of a certificate. */
void drift_json(const struct drift *d, struct buf *out);

#endif
