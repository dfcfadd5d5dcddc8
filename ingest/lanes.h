/* How many calls are at each provider, over all workers of the daemon: one
 * block of shared memory, made by the parent before it forks. A worker counts
 * in cells of its own, so that nothing is shared between processors but where a
 * limit is kept, and one that crashes takes what it held with it.
 *
 * A limit is kept by counting oneself first and looking at the sum then: of two
 * that come at once for the last place one gets it, or neither, never both. */
#ifndef ACO_LANES_H
#define ACO_LANES_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct lanes;

enum {
	LANES_MAX = 64, /* providers, ever */
	LANE_NAME = 64  /* bytes of a name, with its end; more is cut off */
};

/* For workers 0..workers-1. */
struct lanes *lanes_new(int workers);
void lanes_free(struct lanes *l); /* NULL is fine */
int lanes_workers(const struct lanes *l);

/* The number of a provider, which it keeps; from any process. Those beyond
 * LANES_MAX share the last one. */
int lanes_of(struct lanes *l, const char *name);
/* One more call of a worker there, while all workers together have less than
 * `max` (0: without a limit); false: nothing was taken. */
bool lanes_take(struct lanes *l, int lane, int worker, int max);
void lanes_give(struct lanes *l, int lane, int worker);
/* How many calls of this worker wait for a place there, and since when (by the
 * monotonic clock, in microseconds) the first of them; 0 where none does. */
void lanes_wait(struct lanes *l, int lane, int worker, int n, int64_t since_us);
/* Whether a call of another worker has waited there since before that time. */
bool lanes_behind(const struct lanes *l, int lane, int worker, int64_t us);
/* Calls of all workers there, and those that wait. */
int lanes_taken(const struct lanes *l, int lane);
int lanes_waiting(const struct lanes *l, int lane);
/* The process of a worker has ended, and with it its calls. */
void lanes_gone(struct lanes *l, int worker);

/* aco_provider_calls, _limit and _waiting by provider, in Prometheus' format.
 */
void lanes_print(const struct lanes *l, struct buf *out);

#endif
