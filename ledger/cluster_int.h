/* Shared by the cluster_*.c files. */
#ifndef ACO_CLUSTER_INT_H
#define ACO_CLUSTER_INT_H

#include <stdbool.h>
#include <sys/types.h>

#include "ledger/base/proc.h"
#include "ledger/cluster.h"

/* Root's own place, and the parent of what root makes for a home that the
 * postgres user cannot enter. */
#define CLUSTER_ROOT_HOME "/var/lib/aco"
#define CLUSTER_PORT      "5432" /* of the socket's name; nothing listens on it */

/* Where the cluster is, or would be made, and whose it is. */
struct cluster {
	char *home; /* absolute */
	char *base; /* HOME/pg; owned by `owner`, mode 0700 */
	char *data, *logs;
	char *socket; /* folder of the socket: base/run, or a short one
			 elsewhere */
	char *owner_name;
	struct proc_user owner;
	bool as_root; /* we are root: programs run as `owner` */
	bool exists;  /* the data folder is there, whole */
	char *bin;    /* folder of the programs; NULL until cluster_find_bin */
};

/* Decide all of it but `bin`; changes nothing on disk. */
enum rc cluster_find(struct cluster *c, const struct conf *conf,
		     struct err *e) MUST_CHECK;
void cluster_release(struct cluster *c);
/* The programs that fit the cluster: of its own major version when it exists,
 * else the newest of 14 or later. */
enum rc cluster_find_bin(struct cluster *c, const struct conf *conf,
			 struct err *e) MUST_CHECK;

/* URL of a role and database of the cluster. */
void cluster_role_url(const struct cluster *c, const char *role,
		      const char *database, struct buf *url);

/* Between these two, files are made and changed as the owner. */
enum rc cluster_as_owner(const struct cluster *c, struct err *e) MUST_CHECK;
void cluster_as_self(const struct cluster *c);

/* The folders, shut to everyone but the owner. */
enum rc cluster_make_base(const struct cluster *c, struct err *e) MUST_CHECK;
/* initdb; the data folder is there whole or not at all. */
enum rc cluster_make_data(struct cluster *c, struct err *e) MUST_CHECK;
/* Environment of PostgreSQL's programs: nothing of ours that they would take
 * for their own. */
extern const char *const cluster_env[];
/* Of a log or of what a program printed: the last FATAL, PANIC or error, else
 * the last line. */
struct str cluster_last_words(const struct buf *b);

/* Our settings, rewritten at each start: data/aco.conf, pg_hba.conf and
 * pg_ident.conf. *changed: they differ from what was there. */
enum rc cluster_configure(const struct cluster *c, bool *changed,
			  struct err *e) MUST_CHECK;

/* The postmaster of this data folder that runs now, or 0. */
pid_t cluster_postmaster(const struct cluster *c);
/* After a crash: wait for, or end, what the dead postmaster left behind, and
 * take away its pid file where it names a process that is not ours. */
enum rc cluster_sweep(const struct cluster *c, struct err *e) MUST_CHECK;
/* Whether a process exists and is no zombie. */
bool cluster_alive(pid_t pid);

#endif
