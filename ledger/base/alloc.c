#include "ledger/base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn static void out_of_memory(void)
{
	fputs("aco: out of memory\n", stderr);
	abort();
}

_Noreturn void bug_at(const char *file, int line, const char *msg)
{
	fprintf(stderr, "aco: bug: %s (%s:%d)\n", msg, file, line);
	abort();
}

void *xcalloc(size_t n, size_t size)
{
	/* At least one byte, so that NULL always means failure. */
	void *p = n && size ? calloc(n, size) : calloc(1, 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc_array(void *p, size_t n, size_t size)
{
	p = n && size ? reallocarray(p, n, size) : realloc(p, 1);
	if (!p)
		out_of_memory();
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = xcalloc(len + 1, 1);

	memcpy(copy, s, len);
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return s;
}

void xgrow(void *p, size_t *cap, size_t need, size_t size)
{
	size_t want = *cap ? *cap : 8;
	void *array;

	if (need <= *cap)
		return;
	while (want < need) {
		if (want > SIZE_MAX / 2)
			out_of_memory();
		want *= 2;
	}
	/* p points to a pointer of any type: go through bytes. */
	memcpy(&array, p, sizeof(array));
	array = xrealloc_array(array, want, size);
	memcpy(p, &array, sizeof(array));
	*cap = want;
}
