/* The daemon (aco serve) as others see it: whether one runs for a home, where
 * it listens, how to start one in the background and how to stop it.
 *
 *   HOME/serve.lock    held (flock) by the daemon and its children; its pid
 *   HOME/serve.state   JSON, there while it is ready: pid, addresses, workers,
 *                      started_at, version, tls
 *   HOME/serve.log     what one that was started in the background says; the
 *                      one before is serve.log.1
 */
#ifndef ACO_DAEMON_H
#define ACO_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ledger/base/buf.h"
#include "ledger/base/conf.h"
#include "ledger/base/err.h"

enum daemon_state {
	DAEMON_NONE,
	DAEMON_STARTING, /* it runs and does not listen yet */
	DAEMON_READY,
	DAEMON_ENDING, /* it was killed, its workers still finish */
};

struct daemon_info {
	enum daemon_state state;
	pid_t pid;
	char addresses[512]; /* with the real ports; "," between */
	bool tls;
	int64_t workers;
};

/* What there is, without changing it. */
enum rc daemon_look(const struct conf *conf, struct daemon_info *out,
		    struct err *e) MUST_CHECK;

/* Start `aco serve` in the background with this configuration and wait until
 * it is ready. *already: one runs. RC_DOWN with the last words of its log when
 * it does not start. */
enum rc daemon_start(const struct conf *conf, struct daemon_info *out,
		     bool *already, struct err *e) MUST_CHECK;
/* Tell the one that runs to finish, and wait until it has; *ran may be NULL. */
enum rc daemon_stop(const struct conf *conf, bool *ran,
		    struct err *e) MUST_CHECK;

/* GET http://ADDRESS/PATH, within seconds; *status is the answer's, its body is
 * added to `body`. Not for TLS. */
enum rc daemon_ask(const char *address, const char *path, int *status,
		   struct buf *body, struct err *e) MUST_CHECK;

/* ---- for the daemon itself ---- */
/* HOME/NAME, absolute; to be freed. */
char *daemon_path(const struct conf *conf, const char *name);
/* Folder of all spools, one for each worker below it, absolute; to be freed. */
char *daemon_spool(const struct conf *conf);
/* Take a lock file for as long as *fd is open, here or in a child. RC_BUSY:
 * another daemon holds it; what one that was killed left running is waited
 * for. */
enum rc daemon_lock(const char *path, int *fd, struct err *e) MUST_CHECK;
/* Write HOME/serve.state: `json` is the whole text. */
enum rc daemon_tell(const struct conf *conf, const struct buf *json,
		    struct err *e) MUST_CHECK;
void daemon_untell(const struct conf *conf);
/* Where standard error is HOME/serve.log and it has grown beyond 64 MiB: what
 * it holds goes to serve.log.1 and it begins anew. */
void daemon_trim_log(const struct conf *conf);

#endif
