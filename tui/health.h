/* How the daemon on this machine is, and what its spool holds: looked at by a
 * thread of its own, because files and sockets may be slow and keys must not
 * wait. A daemon elsewhere is not seen; then nothing is said of one. */
#ifndef ACO_TUI_HEALTH_H
#define ACO_TUI_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/conf.h"
#include "ledger/daemon.h"

struct health {
	bool looked; /* all below is from a look */
	enum daemon_state daemon;
	int64_t spool_records, spool_bytes;
	int64_t spool_oldest_us; /* TIME_NONE: nothing is spooled */
	int64_t lag_us;          /* of what the daemon has not yet written;
				    -1: not known */
};

struct health_job;

/* Looks every few seconds until freed; the configuration is copied. */
struct health_job *health_new(const struct conf *conf);
void health_free(struct health_job *j); /* does not wait; NULL is fine */
/* The last look; false when there is nothing newer than in *out. */
bool health_read(struct health_job *j, struct health *out);
/* Wait for the first look, at most so long. */
void health_wait(struct health_job *j, int timeout_ms);

/* The value of an unlabelled gauge in a page of metrics; false: not there. */
bool health_gauge(const char *page, const char *name, double *out);

#endif
