/* Shared by supervise.c (the loop) and supervise_step.c (what it does). */
#ifndef ACO_SUPERVISE_INT_H
#define ACO_SUPERVISE_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/child.h"
#include "ingest/supervise.h"

struct parent {
	const struct conf *conf;
	struct conf *own; /* the reloaded one that conf points to, or NULL */
	struct buf url;
	struct listen_set listen;
	struct stats *stats;
	struct lanes *lanes;

	/* workers, then the janitor, then the one that adopts spools */
	struct child *children;
	int n, workers;
	int adopted; /* folders below this index were looked at */

	int lock_fd, spool_fd, signal_fd;
	int64_t started_us;    /* wall clock */
	bool ready;            /* all workers listened at least once */
	int stops;             /* how often we were told to end */
	int64_t kill_us;       /* when those that remain are killed */
	int64_t tick_us;       /* next of the regular looks */
	int64_t adopt_us;      /* next look for spools nobody owns */
	int64_t watchdog_us;   /* next word to systemd's watchdog */
	int64_t watchdog_step; /* 0: none */
	enum rc rc;            /* why it ends */
	struct err *e;
};

void parent_start_child(struct parent *p, struct child *c);
/* A child has become ready, or has ended with a status of waitpid(). */
void parent_child_ready(struct parent *p, struct child *c);
void parent_child_ended(struct parent *p, struct child *c, int status);
/* SIGTERM, SIGINT: finish; again: hurry; a third time: at once. */
void parent_stop(struct parent *p);
void parent_reload(struct parent *p);
/* What is due now. */
void parent_due(struct parent *p);
/* When something is due next (monotonic). */
int64_t parent_next_us(const struct parent *p);
bool parent_done(const struct parent *p);

#endif
