#include "ledger/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
	free(b->p);
	b->p = NULL;
	b->len = b->cap = 0;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->p)
		b->p[0] = 0;
}

bool buf_ok(const struct buf *b)
{
	return !b->failed;
}

static char *buf_fail(struct buf *b)
{
	buf_release(b);
	b->failed = true;
	return NULL;
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap;
	char *p;

	if (b->failed)
		return NULL;
	if (n > b->max - b->len)
		return buf_fail(b);
	if (b->p && n < cap - b->len)
		return b->p + b->len;
	/* Double, but never beyond the maximum and its NUL. */
	cap = cap < 64 ? 64 : cap > b->max / 2 ? b->max : cap * 2;
	if (cap < b->len + n)
		cap = b->len + n;
	if (cap > b->max)
		cap = b->max;
	p = realloc(b->p, cap + 1);
	if (!p)
		return buf_fail(b);
	b->p = p;
	b->cap = cap + 1;
	b->p[b->len] = 0;
	return b->p + b->len;
}

void buf_advance(struct buf *b, size_t n)
{
	if (b->failed || !b->p)
		return;
	b->len += n;
	b->p[b->len] = 0;
}

void buf_add_slow(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);

	if (!to)
		return;
	if (n)
		memcpy(to, p, n);
	buf_advance(b, n);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	size_t room = b->p ? b->cap - b->len : 0;
	va_list again;
	char *to;
	int n;

	if (b->failed)
		return;
	va_copy(again, ap);
	n = vsnprintf(room ? b->p + b->len : NULL, room, fmt, ap);
	if (n < 0) {
		buf_fail(b);
	} else if ((size_t)n < room) {
		b->len += (size_t)n;
	} else {
		if (b->p)
			b->p[b->len] = 0;
		to = buf_reserve(b, (size_t)n);
		if (to) {
			vsnprintf(to, (size_t)n + 1, fmt, again);
			b->len += (size_t)n;
		}
	}
	va_end(again);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

static void add_be(struct buf *b, uint64_t v, size_t n)
{
	char *to = buf_reserve(b, n);

	if (!to)
		return;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(v >> (8 * (n - 1 - i)) & 0xff);
	buf_advance(b, n);
}

void buf_be16(struct buf *b, uint16_t v)
{
	add_be(b, v, 2);
}

void buf_be32(struct buf *b, uint32_t v)
{
	add_be(b, v, 4);
}

void buf_be64(struct buf *b, uint64_t v)
{
	add_be(b, v, 8);
}

const char *buf_str(const struct buf *b)
{
	return b->p && !b->failed ? b->p : "";
}
