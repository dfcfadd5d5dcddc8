/* The private PostgreSQL: a cluster under conf->home (or /var/lib/aco when
 * root owns a home that the postgres user cannot enter), on a Unix socket
 * only, run as the postgres user when we are root. */
#ifndef ACO_CLUSTER_H
#define ACO_CLUSTER_H

#include "ledger/base/buf.h"
#include "ledger/base/conf.h"
#include "ledger/base/err.h"

/* The URL every command connects to: conf->database_url, or the private
 * cluster's socket. Does not touch the cluster. */
enum rc cluster_url(const struct conf *conf, struct buf *url, struct err *e)
	MUST_CHECK;
/* initdb if it is not there, start if it is not running, create the database,
 * wait until it answers. Does nothing when database_url is set. */
enum rc cluster_up(const struct conf *conf, struct err *e) MUST_CHECK;
/* Stop (fast), if it runs. */
enum rc cluster_down(const struct conf *conf, struct err *e) MUST_CHECK;

#endif
