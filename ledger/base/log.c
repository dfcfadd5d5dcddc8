#include "ledger/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/base/utf8.h"

#define LOG_LINE_MAX    4096
#define REPEATS_PER_SEC 10
#define REPEAT_SLOTS    64
#define QUOTE_SLOTS     8
#define QUOTE_SIZE      256

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* One (module, message) and how often it came in the current second. */
struct repeat {
	char mod[24], msg[80];
	enum log_level level;
	int64_t since_us;
	unsigned count, held_back;
};

static struct repeat repeats[REPEAT_SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum log_level min_level = LOG_WARN;

bool log_level_parse(const char *name, enum log_level *out)
{
	for (unsigned i = 0; i < 4; i++) {
		if (!strcmp(name, level_names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void log_set_level(enum log_level level)
{
	__atomic_store_n(&min_level, level, __ATOMIC_RELAXED);
}

bool log_wants(enum log_level level)
{
	return level >= __atomic_load_n(&min_level, __ATOMIC_RELAXED);
}

/* Appends n bytes at `at` of out[size], with control bytes and what is not
 * UTF-8 as \xNN; with `quoted`, backslash and quote escaped as well. Stops
 * before a character that does not fit. Returns the new end; adds the NUL. */
static size_t escape(char *out, size_t at, size_t size, const char *s,
		     bool quoted)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t left = strlen(s);

	while (left > 0) {
		size_t n = utf8_len(p, left);
		char esc[8];
		const char *src = (const char *)p;
		size_t len = n;

		if (n == 0 || *p < 0x20 || *p == 0x7f) {
			n = 1;
			len = (size_t)snprintf(esc, sizeof(esc),
					       *p == '\n'   ? "\\n"
					       : *p == '\t' ? "\\t"
							    : "\\x%02x",
					       *p);
			src = esc;
		} else if (quoted && (*p == '"' || *p == '\\')) {
			len = (size_t)snprintf(esc, sizeof(esc), "\\%c", *p);
			src = esc;
		}
		if (at + len + 1 > size)
			break;
		memcpy(out + at, src, len);
		at += len;
		p += n;
		left -= n;
	}
	out[at] = 0;
	return at;
}

static bool needs_quotes(const char *s)
{
	if (!*s)
		return true;
	for (; *s; s++) {
		if ((unsigned char)*s <= ' ' || strchr("\"=\\\x7f", *s))
			return true;
	}
	return false;
}

const char *log_quote(const char *s)
{
	static _Thread_local char slots[QUOTE_SLOTS][QUOTE_SIZE];
	static _Thread_local unsigned next;
	char *out = slots[next++ % QUOTE_SLOTS];
	size_t at = 0;

	if (!s)
		s = "";
	if (!needs_quotes(s)) {
		escape(out, 0, QUOTE_SIZE, s, false);
		return out;
	}
	out[at++] = '"';
	at = escape(out, at, QUOTE_SIZE - 1, s, true);
	out[at++] = '"';
	out[at] = 0;
	return out;
}

/* One write() a line, so that lines of several processes do not mix. */
static void emit(enum log_level level, const char *mod, const char *msg,
		 const char *kv)
{
	char line[LOG_LINE_MAX], ts[32];
	size_t n;

	clock_format(clock_now_us(), ts, sizeof(ts));
	n = (size_t)snprintf(line, sizeof(line),
			     "ts=%s lvl=%s mod=%.40s msg=", ts,
			     level_names[level], mod);
	line[n++] = '"';
	n = escape(line, n, sizeof(line) / 2, msg, true);
	line[n++] = '"';
	if (*kv)
		line[n++] = ' ';
	n = escape(line, n, sizeof(line) - 1, kv, false);
	line[n++] = '\n';
	/* There is nowhere to report a failure to. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

static void emit_held_back(struct repeat *r)
{
	char kv[32];

	if (!r->held_back)
		return;
	snprintf(kv, sizeof(kv), "repeated=%u", r->held_back);
	r->held_back = 0;
	emit(r->level, r->mod, r->msg, kv);
}

static void emit_all_held_back(void)
{
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < REPEAT_SLOTS; i++)
		emit_held_back(&repeats[i]);
	pthread_mutex_unlock(&lock);
}

static unsigned hash(const char *mod, const char *msg)
{
	unsigned h = 2166136261U; /* FNV-1a */

	for (; *mod; mod++)
		h = (h ^ (unsigned char)*mod) * 16777619U;
	for (; *msg; msg++)
		h = (h ^ (unsigned char)*msg) * 16777619U;
	return h;
}

/* Whether this line is to be printed; counts it if not. Also prints the sums
 * of seconds that are over. */
static bool admit(enum log_level level, const char *mod, const char *msg)
{
	static bool at_exit;
	int64_t now = clock_mono_us();
	struct repeat *r = &repeats[hash(mod, msg) % REPEAT_SLOTS];
	bool same;

	if (!at_exit)
		at_exit = atexit(emit_all_held_back) == 0;
	for (unsigned i = 0; i < REPEAT_SLOTS; i++) {
		if (now - repeats[i].since_us >= US_PER_SEC)
			emit_held_back(&repeats[i]);
	}
	same = !strncmp(r->mod, mod, sizeof(r->mod) - 1) &&
	       !strncmp(r->msg, msg, sizeof(r->msg) - 1);
	if (!same || now - r->since_us >= US_PER_SEC) {
		emit_held_back(r);
		snprintf(r->mod, sizeof(r->mod), "%s", mod);
		snprintf(r->msg, sizeof(r->msg), "%s", msg);
		r->since_us = now;
		r->count = 0;
	}
	r->level = level;
	if (++r->count <= REPEATS_PER_SEC)
		return true;
	r->held_back++;
	return false;
}

void log_line(enum log_level level, const char *mod, const char *msg,
	      const char *kv, ...)
{
	char text[LOG_LINE_MAX];
	va_list ap;

	if (!log_wants(level))
		return;
	va_start(ap, kv);
	if (vsnprintf(text, sizeof(text), kv, ap) < 0)
		text[0] = 0;
	va_end(ap);
	pthread_mutex_lock(&lock);
	if (admit(level, mod, msg))
		emit(level, mod, msg, text);
	pthread_mutex_unlock(&lock);
}
