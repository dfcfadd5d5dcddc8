/* An intake on a loop of its own, and a client that sends tickets to it. */
#ifndef ACO_INTAKE_HELP_H
#define ACO_INTAKE_HELP_H

#include <stdbool.h>

#include "ingest/intake.h"
#include "ingest/loop.h"
#include "ledger/base/conf.h"

struct db;

struct world {
	struct conf conf; /* to be changed before world_open() */
	const char *url;
	struct loop *loop;
	struct loop_timer *timer;
	struct intake *in;
	struct db *db; /* NULL while the server is away */
};

/* A fresh database, an empty spool, defaults with little patience. */
void world_init(struct world *w);
void world_open(struct world *w);
/* Without draining: what was acknowledged must be safe all the same. */
void world_close(struct world *w);
void world_drain(struct world *w, int ms);
void world_release(struct world *w); /* with everything closed */

/* Run the loop until cond(arg); fails the test after `ms`. */
typedef bool world_cond(void *arg);
void world_run(struct world *w, world_cond *cond, void *arg, int ms,
	       const char *what);
/* For so long. */
void world_run_for(struct world *w, int ms);
/* Until the ledger has all: nothing waits, the spool is empty. */
void world_settle(struct world *w);
struct intake_state world_look(struct world *w);

/* Tickets 0..total-1, of `rows` calls each, every ticket a task of its own
 * that is named PREFIX-N. A ticket that is refused is sent again. */
struct client {
	struct world *w;
	const char *prefix;
	int total, rows, outstanding;
	bool give_up;         /* refused ones are not sent again */
	void (*acked)(int i); /* may be NULL */
	const char *model;    /* NULL: one that has a price */

	int next, in_flight, n_acked, n_refused;
	char *ok;   /* by ticket */
	int *again; /* refused, to be sent again */
	int n_again;
};
void client_init(struct client *c, struct world *w, const char *prefix,
		 int total, int rows, int outstanding);
void client_release(struct client *c);
void client_pump(struct client *c);   /* sends what may be sent */
void client_finish(struct client *c); /* runs until every ticket is through */
/* Every acknowledged ticket is in the ledger whole; no row is there twice;
 * the sums are those of the rows. */
void client_check(struct client *c);

#endif
