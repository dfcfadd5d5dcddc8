/* A growing byte buffer that cannot exceed the maximum given at its
 * construction. Failure is sticky: append freely, check buf_ok() once.
 * After a failure the content is gone, later appends do nothing. */
#ifndef ACO_BUF_H
#define ACO_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *p; /* NUL after the last byte whenever p is not NULL */
	size_t len, cap;
	size_t max; /* bytes, without the NUL */
	bool failed;
};

void buf_init(struct buf *b, size_t max); /* allocates nothing */
void buf_release(struct buf *b);          /* frees the content */
void buf_clear(struct buf *b); /* empty, keeps memory, mends failure */
bool buf_ok(const struct buf *b);

void buf_add_slow(struct buf *b, const void *p, size_t n); /* for buf_add */

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n < b->cap - b->len) { /* also not without memory */
		if (n)
			memcpy(b->p + b->len, p, n);
		b->len += n;
		b->p[b->len] = 0;
	} else {
		buf_add_slow(b, p, n);
	}
}

static inline void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Big-endian integers, as PostgreSQL's binary formats want them. */
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);

/* The content as a C string, "" when empty or failed. */
const char *buf_str(const struct buf *b);

/* Room for n more bytes to be written in place; NULL on failure. Follow with
 * buf_advance. */
char *buf_reserve(struct buf *b, size_t n);
void buf_advance(struct buf *b, size_t n);

#endif
