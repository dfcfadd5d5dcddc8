/* Pieces of memory of one size that come and go: what is given back is kept for
 * the next, up to a maximum. Cheaper than malloc for what is larger than a
 * kilobyte and lives for a moment. For one thread. */
#ifndef ACO_POOL_H
#define ACO_POOL_H

#include <stddef.h>

struct pool {
	size_t size;
	int n, max;
	void *first; /* each begins with a pointer to the next */
};

/* `size`: at least that of a pointer; `max`: how many are kept. */
void pool_init(struct pool *p, size_t size, int max);
/* Never NULL. What is in it is left from before. */
void *pool_get(struct pool *p);
void pool_put(struct pool *p, void *piece); /* NULL is fine */
void pool_release(struct pool *p);          /* what is kept is freed */

#endif
