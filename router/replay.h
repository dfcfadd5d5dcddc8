/* What a bundle would have done with the rows of a matrix, and what would have
 * come of it: decisions as the gateway asks for them, played over the recorded
 * verdicts, costs and evidence. For evaluation, the gate and the preview. */
#ifndef ACO_REPLAY_H
#define ACO_REPLAY_H

#include "router/matrix.h"
#include "router/router.h"

struct replay {
	const struct matrix *m;
	struct route_arm arm[ROUTE_ARMS_MAX];
	int of[ROUTE_ARMS_MAX]; /* arms of the matrix */
	int n;
	uint64_t seed;
};
/* The arms that may serve: all, or where these are more than a decision takes,
 * the most useful ones by mean cost and success (NaN: never seen) as known from
 * rows that were fitted on: hull after hull. */
void replay_init(struct replay *r, const struct matrix *m, const double *cost,
		 const double *success, uint64_t seed);

/* The question for a task. allowed[a] (arms of the matrix, NULL: all) may
 * serve. Borrows from `r`, which one question at a time may use. */
void replay_ask(struct replay *r, int task, const bool *allowed,
		enum route_goal goal, double target, struct route_ask *ask);

/* The cell that choosing an arm of the matrix gives. */
typedef const struct mx_cell *replay_cell_fn(const void *ctx, int task,
					     int arm);
struct replay_trail {
	double success, cost; /* of the reply that stands; dollars of all */
	int served;           /* arm of the matrix whose reply stands; -1 */
	int calls;
	bool tested, accepted; /* by the accept model */
};
/* Follow a decision: serve, look at the reply, serve again, until one may
 * stand. `d` is used up. */
void replay_walk(struct replay *r, const struct bundle *b,
		 struct route_ask *ask, struct decision *d, int task,
		 replay_cell_fn *cell, const void *ctx,
		 struct replay_trail *out);

#endif
