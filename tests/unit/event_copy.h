/* Events that outlive the call that handed them over: their texts are copied
 * into an arena. For what watches an import. */
#ifndef ACO_EVENT_COPY_H
#define ACO_EVENT_COPY_H

#include "ledger/base/arena.h"
#include "ledger/event.h"

struct ev_task copy_task(struct arena *a, const struct ev_task *t);
struct ev_attempt copy_attempt(struct arena *a, const struct ev_attempt *x);
struct ev_outcome copy_outcome(struct arena *a, const struct ev_outcome *o);
struct ev_trial copy_trial(struct arena *a, const struct ev_trial *t);

#endif
