#include "ledger/base/pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

/* Who looks for uses after free shall see them. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEPS false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS false
#endif
#endif
#ifndef KEEPS
#define KEEPS true
#endif

void pool_init(struct pool *p, size_t size, int max)
{
	*p = (struct pool){.size = size, .max = KEEPS ? max : 0};
}

void *pool_get(struct pool *p)
{
	void *piece = p->first;

	if (!piece)
		return xrealloc_array(NULL, 1, p->size);
	memcpy(&p->first, piece, sizeof(p->first));
	p->n--;
	return piece;
}

void pool_put(struct pool *p, void *piece)
{
	if (!piece)
		return;
	if (p->n >= p->max) {
		free(piece);
		return;
	}
	memcpy(piece, &p->first, sizeof(p->first));
	p->first = piece;
	p->n++;
}

void pool_release(struct pool *p)
{
	p->max = 0;
	while (p->first)
		pool_put(p, pool_get(p));
}
