/* The private PostgreSQL: a cluster under conf->home (or /var/lib/aco when
 * root owns a home that the postgres user cannot enter), on a Unix socket
 * only, run as the postgres user when we are root.
 *
 * It lies in HOME/pg: data/ (PostgreSQL's own), run/ (the socket), log/, and
 * local.conf, which does not exist until someone writes it and whose settings
 * win over ours. Only its owner and root get in, by the folder's mode and
 * again by peer authentication. */
#ifndef ACO_CLUSTER_H
#define ACO_CLUSTER_H

#include "ledger/base/buf.h"
#include "ledger/base/conf.h"
#include "ledger/base/err.h"

/* The URL every command connects to: conf->database_url, or the private
 * cluster's socket. Does not touch the cluster. */
enum rc cluster_url(const struct conf *conf, struct buf *url,
		    struct err *e) MUST_CHECK;
/* initdb if it is not there, start if it is not running, create the database,
 * wait until it answers. Does nothing when database_url is set. Two of these
 * at once: the second waits for the first. RC_BAD: there is no PostgreSQL to
 * run, or not the version that made the cluster; RC_DENIED: it is another
 * user's; RC_DOWN: it does not start, with the end of its log. */
enum rc cluster_up(const struct conf *conf, struct err *e) MUST_CHECK;
/* Stop (fast), if it runs. */
enum rc cluster_down(const struct conf *conf, struct err *e) MUST_CHECK;

enum cluster_state {
	CLUSTER_FOREIGN, /* database_url is set: not ours to run */
	CLUSTER_ABSENT,
	CLUSTER_STOPPED,
	CLUSTER_RUNNING,
};
/* What there is, without changing it. `where` (may be NULL) gets the folder of
 * the cluster; "" when FOREIGN. */
enum rc cluster_look(const struct conf *conf, enum cluster_state *state,
		     struct buf *where, struct err *e) MUST_CHECK;

#endif
