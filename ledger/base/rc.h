/* The closed set of results that every module returns, and what each one
 * means to a caller: whose fault it is and whether to try again. */
#ifndef ACO_RC_H
#define ACO_RC_H

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum rc {
	RC_OK = 0, /* done */
	RC_BAD,    /* the caller's or the data's fault: never retry */
	RC_DENIED, /* not allowed: key, role or budget */
	RC_BUSY,   /* our queue is full: retry later */
	RC_DOWN,   /* a dependency failed: retry later */
	RC_BUG,    /* a broken invariant of ours: log it, do not retry */
};

/* A short constant name such as "down"; never NULL. */
const char *rc_name(enum rc rc);

/* What SQLSTATE `state` (five characters) means for the statement that got
 * it: RC_BAD for what the row itself causes (class 22, 23502, 23514), RC_BUSY
 * for 23505 (the row is there already: merge), RC_DOWN for everything that a
 * retry may mend (08, 25006, 40, 53, 55, 57, 58 and anything unknown), RC_BUG
 * for our own mistakes (42, 26, 34). NULL or "" means a lost connection. */
enum rc rc_from_sqlstate(const char *state);

/* The process exit code for a command that ended with `rc`: 0 or 1. */
int rc_exit(enum rc rc);

#endif
