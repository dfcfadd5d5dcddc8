#include "ledger/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/utf8.h"

#undef err_set

/* Format into a copy first: an argument may be the very text to replace. */
static void set_text(char *dst, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void set_text(char *dst, size_t size, const char *fmt, va_list ap)
{
	char text[sizeof(((struct err *)NULL)->msg)];

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		snprintf(text, sizeof(text), "%s", fmt);
	text[size - 1] = 0;
	utf8_clean(text);
	memcpy(dst, text, strlen(text) + 1);
}

enum rc err_set(struct err *e, enum rc rc, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return rc;
	va_start(ap, fmt);
	set_text(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	e->hint[0] = 0;
	return rc;
}

void err_hint(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return;
	va_start(ap, fmt);
	set_text(e->hint, sizeof(e->hint), fmt, ap);
	va_end(ap);
}

void err_prefix(struct err *e, const char *fmt, ...)
{
	char all[2 * sizeof(e->msg) + 3];
	char prefix[sizeof(e->msg)];
	va_list ap;

	if (!e)
		return;
	va_start(ap, fmt);
	set_text(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	snprintf(all, sizeof(all), "%s: %s", prefix, e->msg);
	all[sizeof(e->msg) - 1] = 0;
	utf8_clean(all);
	memcpy(e->msg, all, strlen(all) + 1);
}

void err_print(const struct err *e)
{
	if (e->hint[0])
		fprintf(stderr, "aco: %s\nhint: %s\n", e->msg, e->hint);
	else
		fprintf(stderr, "aco: %s\n", e->msg);
}
