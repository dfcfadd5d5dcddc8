#include "ledger/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"

#define ARENA_ALIGN     ((size_t)16)
#define ARENA_BLOCK_MIN ((size_t)4096)
#define ARENA_BLOCK_MAX ((size_t)1 << 20)

struct arena_block {
	struct arena_block *next;
	size_t size, used; /* of data */
	bool lent;
	alignas(16) unsigned char data[];
};
_Static_assert(offsetof(struct arena_block, data) <= ARENA_LENT_LEAST,
	       "a block that is lent has room for data");

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){.max = max};
}

void arena_lend(struct arena *a, void *p, size_t n)
{
	struct arena_block *b = p;

	if (a->head || n < ARENA_LENT_LEAST || (uintptr_t)p % ARENA_ALIGN)
		BUG("an arena takes memory at its beginning only");
	*b = (struct arena_block){
		.size = n - offsetof(struct arena_block, data), .lent = true};
	a->head = b;
}

static void free_blocks(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;

		if (!b->lent)
			free(b);
		b = next;
	}
}

void arena_release(struct arena *a)
{
	free_blocks(a->head);
	arena_init(a, a->max);
}

void arena_clear(struct arena *a)
{
	struct arena_block *keep = a->head;

	arena_init(a, a->max);
	if (!keep)
		return;
	free_blocks(keep->next);
	/* The last block may be a single huge allocation: not worth keeping. */
	if (keep->size > ARENA_BLOCK_MAX && !keep->lent) {
		free(keep);
		return;
	}
	keep->next = NULL;
	keep->used = 0;
	a->head = keep;
}

bool arena_ok(const struct arena *a)
{
	return !a->failed;
}

static bool add_block(struct arena *a, size_t n)
{
	size_t size = a->head ? a->head->size * 2 : ARENA_BLOCK_MIN;
	struct arena_block *b;

	if (size > ARENA_BLOCK_MAX)
		size = ARENA_BLOCK_MAX;
	if (size < n)
		size = n;
	b = malloc(sizeof(*b) + size);
	if (!b)
		return false;
	b->next = a->head;
	b->size = size;
	b->used = 0;
	b->lent = false;
	a->head = b;
	return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t want = n ? n : 1;
	void *p;

	if (a->failed)
		return NULL;
	if (want > a->max - a->used)
		goto fail;
	/* The last allocation before the maximum may not fill its 16 bytes. */
	want = want > SIZE_MAX / 2
		       ? want
		       : (want + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (!a->head || want > a->head->size - a->head->used) {
		if (want > SIZE_MAX / 2 || !add_block(a, want))
			goto fail;
	}
	p = a->head->data + a->head->used;
	a->head->used += want;
	a->used += want < a->max - a->used ? want : a->max - a->used;
	return memset(p, 0, n);
fail:
	a->failed = true;
	return NULL;
}

char *arena_strdup(struct arena *a, const char *s, size_t n)
{
	char *copy = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;

	if (copy && n)
		memcpy(copy, s, n);
	return copy;
}

struct str arena_str(struct arena *a, struct str s)
{
	char *copy;

	if (!s.p)
		return STR_NONE;
	copy = arena_strdup(a, s.p, s.len);
	return copy ? (struct str){copy, s.len} : STR_NONE;
}

struct str arena_strf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	struct str s = STR_NONE;
	char *text;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	text = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
	if (text) {
		vsnprintf(text, (size_t)n + 1, fmt, again);
		s = (struct str){text, (size_t)n};
	}
	va_end(again);
	va_end(ap);
	return s;
}
