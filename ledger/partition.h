/* Days: the large tables have a partition for each. They are made ahead by the
 * janitor, or by the writer when a batch needs one, and dropped whole when
 * retention says so; nothing is deleted row by row. Sums by hour and day are
 * kept. */
#ifndef ACO_PARTITION_H
#define ACO_PARTITION_H

#include <stdint.h>

#include "ledger/base/err.h"

struct db;

/* Make the days from today to today + ahead; *made (may be NULL) is how many
 * were missing. */
enum rc partition_ahead(struct db *db, int64_t ahead, int64_t *made,
			struct err *e) MUST_CHECK;
/* How many of these days are missing now. */
enum rc partition_missing(struct db *db, int64_t ahead, int64_t *missing,
			  struct err *e) MUST_CHECK;
/* Drop the dated days that are more than `keep` days old, oldest first, each
 * in a transaction of its own; keep 0 drops nothing. *dropped may be NULL.
 * A day that someone reads for longer than two seconds is RC_DOWN: what was
 * dropped before it stays so; try again later. */
enum rc partition_retain(struct db *db, int64_t keep, int64_t *dropped,
			 struct err *e) MUST_CHECK;

#endif
