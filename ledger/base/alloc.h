/* Allocation of what we size ourselves: these never return NULL, they abort
 * with a message. Anything that a peer can size goes through buf or arena,
 * which have maximums. */
#ifndef ACO_ALLOC_H
#define ACO_ALLOC_H

#include <stddef.h>

void *xcalloc(size_t n, size_t size);                 /* zeroed */
void *xrealloc_array(void *p, size_t n, size_t size); /* overflow-checked */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Grow the array *p of elements of `size` so that it holds at least `need`,
 * doubling *cap. */
void xgrow(void *p, size_t *cap, size_t need, size_t size);

/* A broken invariant: print where and abort. */
#define BUG(msg) bug_at(__FILE__, __LINE__, (msg))
_Noreturn void bug_at(const char *file, int line, const char *msg);

#endif
