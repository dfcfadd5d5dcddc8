/* Where events go that a receiver has understood: a request's place in the
 * intake (intake.h), an import, a test. Each event comes with its task, so
 * that a sink may cut batches anywhere. Strings are borrowed during the call.
 *
 * RC_OK: taken. RC_BAD: the event itself is refused, e says which field and
 * why; the caller counts it or puts it into the dead letters. Anything else:
 * nothing more is taken (full, down). */
#ifndef ACO_SINK_H
#define ACO_SINK_H

#include "ledger/event.h"

struct sink {
	enum rc (*attempt)(void *arg, const struct ev_task *t,
			   const struct ev_attempt *a, struct err *e);
	enum rc (*outcome)(void *arg, const struct ev_task *t,
			   const struct ev_outcome *o, struct err *e);
	/* A parent span's sum; see struct ev_claim. */
	enum rc (*claim)(void *arg, const struct ev_task *t,
			 const struct ev_claim *c, struct err *e);
	/* What the router chose; its task index is not looked at. */
	enum rc (*decision)(void *arg, const struct ev_task *t,
			    const struct ev_decision *d, struct err *e);
	/* A task alone, for what it says of itself. */
	enum rc (*task)(void *arg, const struct ev_task *t, struct err *e);
	enum rc (*dead)(void *arg, const struct ev_dead *d, struct err *e);
	void *arg;
};

#endif
