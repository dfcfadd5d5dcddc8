/* Memory that is freed all at once: one arena for each batch, file or
 * request. Bounded: beyond `max` bytes every allocation returns NULL and
 * arena_ok() is false from then on. */
#ifndef ACO_ARENA_H
#define ACO_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/base/str.h"

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used, max;
	bool failed;
};

#define ARENA_LENT_LEAST 64

void arena_init(struct arena *a, size_t max);
/* After arena_init(): what is allocated first lies in n bytes at p, 16-aligned,
 * at least ARENA_LENT_LEAST, which stay the caller's. */
void arena_lend(struct arena *a, void *p, size_t n);
void arena_release(struct arena *a);
void arena_clear(struct arena *a); /* keeps one block for reuse */
bool arena_ok(const struct arena *a);

void *arena_alloc(struct arena *a, size_t n); /* zeroed, 16-aligned */
char *arena_strdup(struct arena *a, const char *s, size_t n); /* adds NUL */
struct str arena_str(struct arena *a, struct str s); /* a copy; adds NUL */
struct str arena_strf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
