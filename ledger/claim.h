/* Claims: what spans above model calls say they used together. A claim waits
 * in table claim until it is due; then it is dropped, because the ledger knows
 * the calls themselves, or billed as one aggregate attempt. */
#ifndef ACO_CLAIM_H
#define ACO_CLAIM_H

#include <stdint.h>

#include "ledger/ledger.h"

struct claim_counts {
	int64_t dropped; /* the ledger knows calls within their time */
	int64_t billed;
	int64_t bad; /* could not be read; now dead letters */
};

/* Settle what is due at now_us, the innermost first, at most `limit` claims
 * (0: all). Blocks; for one thread with a writer of its own (the janitor). A
 * kill at any moment leaves nothing lost or twice: a billed claim has its own
 * names, so it is one row however often it is appended. Two janitors at once
 * do no harm. RC_DOWN, RC_BUSY: try again later; what was settled stays so. */
enum rc claim_settle(struct ledger *l, int64_t now_us, int limit,
		     struct claim_counts *counts, struct err *e) MUST_CHECK;

#endif
