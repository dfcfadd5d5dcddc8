/* Alerts of the ledger, raised and told to a webhook. For a process that may
 * block: the janitor. */
#ifndef ACO_WEBHOOK_H
#define ACO_WEBHOOK_H

#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct conf;
struct db;

struct alert_counts {
	int64_t raised, delivered, failed;
};
/* Raise what is new, as of `at_us` (TIME_NONE: the ledger's clock), and POST
 * what waits to conf->alert_url, as JSON; without one alerts only stand in the
 * ledger (table alert). An alert that cannot be delivered is tried again with
 * growing delays for a day; that is no failure of this call. */
enum rc alerts_look(struct db *db, const struct conf *conf, int64_t at_us,
		    struct alert_counts *counts, struct err *e) MUST_CHECK;

#endif
