/* What the files of replaying share; nobody else includes this. */
#ifndef ACO_REPLAY_INT_H
#define ACO_REPLAY_INT_H

#include "router/replay.h"

/* Follow a best_of; false: the plan is none, or cannot be played on what was
 * recorded. */
bool replay_samples(struct replay *r, const struct bundle *b,
		    struct route_ask *ask, const struct decision *d, int task,
		    replay_cell_fn *cell, const void *ctx,
		    struct replay_trail *out);

#endif
