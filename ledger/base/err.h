/* The text that goes with a result: what happened and where (msg), and what
 * to do about it (hint). A caller passes a `struct err *` as last argument;
 * the function that fails fills it. Both texts always end in NUL, are cut to
 * fit at a character boundary, and hold no control bytes. */
#ifndef ACO_ERR_H
#define ACO_ERR_H

#include "ledger/base/rc.h"

struct err {
	char msg[512];
	char hint[256];
};

/* Set msg (clears hint) and return `rc`, so `return err_set(...)` reads well.
 * `e` may be NULL. */
enum rc err_set(struct err *e, enum rc rc, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Set the hint: one imperative sentence, "run aco up". */
void err_hint(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Put "prefix: " in front of msg: `importing FILE`, `reading FILE:12`. */
void err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Print "aco: MSG" and, if any, "hint: HINT" on standard error. */
void err_print(const struct err *e);

/* The static analyser sees one file at a time: tell it that what err_set
 * returns is what it was given, and no success. */
#ifdef __clang_analyzer__
#define err_set(e, rc, ...) (err_set((e), (rc), __VA_ARGS__), (rc))
#endif

#endif
