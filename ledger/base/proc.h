/* Running another program and waiting for it: argv as it is, never a shell;
 * its output captured; optionally as another user. Open files of ours are not
 * passed on. */
#ifndef ACO_PROC_H
#define ACO_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct proc_user {
	uid_t uid;
	gid_t gid;
};

struct proc {
	const char *const *argv;      /* argv[0] with '/', or looked up in PATH;
					 ends with NULL */
	const char *const *env;       /* "NAME=value" put over our environment,
					 "NAME" taken out, the last of a name wins;
					 ends with NULL, or NULL */
	const struct proc_user *user; /* run as; NULL: as we are */
	const char *cwd;              /* NULL: ours */
	struct str input;  /* its standard input; absent: /dev/null */
	int timeout_ms;    /* killed afterwards; 0: none */
	bool own_session;  /* survives our terminal */
	bool dies_with_us; /* killed when our process ends */
};

struct proc_end {
	struct buf out, err; /* what it wrote; the first 16 MiB */
	int code;            /* exit code, or 128 + signal */
};
void proc_end_init(struct proc_end *end);
void proc_end_release(struct proc_end *end);

/* Start without waiting. The streams go to the files given, -1: /dev/null.
 * RC_BAD when the program cannot be executed. */
enum rc proc_start(const struct proc *p, int in, int out, int err, pid_t *pid,
		   struct err *e) MUST_CHECK;
/* Wait for a child; *code as above. RC_DOWN after timeout_ms (0: for ever)
 * with the child still running. */
enum rc proc_wait(pid_t pid, int timeout_ms, int *code,
		  struct err *e) MUST_CHECK;
/* Start and wait. RC_OK whatever the exit code was: look at end->code. */
enum rc proc_run(const struct proc *p, struct proc_end *end,
		 struct err *e) MUST_CHECK;
/* The same for a program that must succeed: a failure is RC_DOWN with the
 * last line it printed. */
enum rc proc_must(const struct proc *p, struct err *e) MUST_CHECK;

#endif
