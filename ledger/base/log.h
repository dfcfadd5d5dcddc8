/* Logs: standard error, one logfmt line an event:
 *   ts=... lvl=info mod=import msg="file read" file=... rows=12
 * A message is short, lower case, without a full stop. Control bytes are
 * escaped. Prompts, completions and keys are never logged. Repeats of the
 * same (module, message) beyond 10 a second are counted and summed up. */
#ifndef ACO_LOG_H
#define ACO_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARN,
	LOG_ERROR
};

void log_set_level(enum log_level level); /* default LOG_WARN for commands */

/* "debug", "info", "warn" or "error"; false on anything else. */
bool log_level_parse(const char *name, enum log_level *out);

/* Whether a line of this level would be printed: ask before costly work. */
bool log_wants(enum log_level level);

/* kv: printf format of the "key=value" pairs, "" for none. Values that need
 * it are quoted by the caller with log_quote(). */
void log_line(enum log_level level, const char *mod, const char *msg,
	      const char *kv, ...) __attribute__((format(printf, 4, 5)));

/* `s` as a logfmt value: quoted and escaped when needed. The result lives in
 * one of 8 rotating thread-local buffers of 256 bytes. */
const char *log_quote(const char *s);

#endif
