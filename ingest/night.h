/* The janitor's part in the router: every day at the configured hour one
 * janitor of all machines has `aco train --ledger --publish` run as a program
 * of its own; each janitor brings the version that serves to its machine's
 * workers (bundle_watch.h) within seconds; and hourly it is looked whether the
 * one that serves still fits (drift.h).
 *
 * Where it drifted its certificate says so, and an alert and /metrics; the
 * janitors of all machines see it there, and it serves on without what it
 * learned, in all classes or in those that drifted: its static policies stand
 * in until the next version is published. A person who promotes it again has
 * its drift ignored. A version of which only the calibrations are new takes
 * over what they do not mend (retrain.h). */
#ifndef ACO_NIGHT_H
#define ACO_NIGHT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ledger/base/conf.h"
#include "ledger/base/err.h"
#include "ledger/db.h"

struct night {
	int64_t look_us;  /* monotonic: when to look at versions */
	int64_t drift_us; /* and at drift */
	int64_t tried_us; /* the due time for which training was tried last */
	int64_t tend_us;  /* and at the training that runs */
	pid_t pid;        /* of the training; 0: none */
	bool locked;
};
void night_init(struct night *n);

/* The last time of day `at` ("03:17", UTC) that is not after `now_us`; false:
 * "" or no time of day. */
bool night_due(const char *at, int64_t now_us, int64_t *due_us);

/* Monotonic time at which there is something to do. */
int64_t night_next(const struct night *n);
/* Do what is due, never waiting for the training. On failure nothing is lost:
 * the next call does it. */
enum rc night_work(struct night *n, const struct conf *conf, struct db *db,
		   const char *url, struct err *e) MUST_CHECK;
/* The connection was lost, and with it the lock. */
void night_lost(struct night *n);

#endif
