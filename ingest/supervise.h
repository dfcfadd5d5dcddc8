/* The parent of the daemon: reserves addresses, forks workers and a janitor,
 * starts again whoever ends, tells them to reload and to finish. It opens no
 * connection and runs no thread, so that what it forks begins clean. */
#ifndef ACO_SUPERVISE_H
#define ACO_SUPERVISE_H

#include "ledger/base/conf.h"
#include "ledger/base/err.h"

/* Returns when the daemon has ended; RC_OK after a signal asked for it, else
 * why it could not start. */
enum rc supervise(const struct conf *conf, struct err *e) MUST_CHECK;

#endif
