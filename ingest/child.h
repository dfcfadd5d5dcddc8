/* A process of the daemon below the parent: how it is forked and what it
 * tells. A child inherits the parent's memory as it is and executes nothing. */
#ifndef ACO_CHILD_H
#define ACO_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ingest/listen.h"
#include "ledger/base/conf.h"
#include "ledger/base/err.h"

struct lanes;
struct stats;

/* What a child gets. */
struct child_start {
	const struct conf *conf;
	const char *url; /* of the database */
	const struct listen_set *listen;
	struct stats *stats;
	struct lanes *lanes; /* calls at providers */
	int index;           /* of a worker, or of the spool folder to adopt */
	int tell_fd;
};

/* Returns when the child is to end: RC_OK, or with the reason in *e. */
typedef enum rc child_main(const struct child_start *s, struct err *e);
child_main worker_main;  /* worker.c: takes requests */
child_main adopt_main;   /* worker.c: empties a spool nobody owns */
child_main janitor_main; /* janitor.c */

/* Called by the child once it does its work. */
void child_ready(const struct child_start *s);

/* STARTING --ready--> RUNNING --ended--> BACKOFF --due--> STARTING
 *     |                  |                  |
 *     +------------------+-- told to end ---+--> STOPPING --ended--> IDLE
 * IDLE also is one that was never started, or that has done its work. */
enum child_state {
	CHILD_IDLE,
	CHILD_STARTING,
	CHILD_RUNNING,
	CHILD_BACKOFF,
	CHILD_STOPPING,
};

struct child {
	child_main *main;
	const char *kind; /* "worker" */
	char name[24];    /* "worker 0" */
	int index;
	int block; /* of the counters */
	enum child_state state;
	pid_t pid;        /* 0: none */
	int fd;           /* what it tells; -1: none */
	int64_t since_us; /* when it was started */
	int64_t due_us;   /* BACKOFF: when to start it again */
	int64_t wait_us;  /* the last back-off */
	struct err err;   /* what it said before it ended */
	int64_t beats;    /* see the parent's care for hanging ones */
	int still;
};

void child_init(struct child *c, child_main *run, const char *kind, int index,
		int block);
/* Moves it; a transition that is not drawn above is a bug. */
void child_set_state(struct child *c, enum child_state to);
/* Fork. `also_close` ends with -1: descriptors of the parent's own. On failure
 * BACKOFF, as if it had ended. */
void child_launch(struct child *c, const struct child_start *s,
		  const int *also_close);
/* Its descriptor can be read: true when it has just become ready. */
bool child_hear(struct child *c);
/* It was waited for. What remains to be heard is heard, the descriptor is
 * closed; its state is up to the caller. */
void child_buried(struct child *c);
/* BACKOFF, longer each time unless it was well for a minute: up to 30 s for one
 * that cannot begin, 1 s for one that did its work until it was killed: whoever
 * kills it often (the system, short of memory) must not keep clients out. */
void child_back_off(struct child *c);
/* TERM, HUP, ... if it has a process. */
void child_signal(const struct child *c, int sig);

#endif
