/* Making, starting and stopping the private cluster.
 *
 * The server is started directly and not through pg_ctl, which hands its
 * command line to a shell. It has a session of its own and so survives us. */
#include "ledger/cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/base/path.h"
#include "ledger/cluster_int.h"
#include "ledger/db.h"

#define START_MS      900000 /* recovery after a crash may take its time */
#define STOP_MS       120000
#define TELL_AFTER_MS 5000

/* ---- one at a time ---- */

/* *fd is the lock: close it to let go. */
static enum rc take_lock(const struct cluster *c, int *fd, struct err *e)
{
	char *path = xasprintf("%s/lock", c->base);
	enum rc rc = cluster_as_owner(c, e);

	*fd = -1;
	if (!rc) {
		*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			   0600);
		if (*fd < 0)
			rc = path_errno(e, "opening", path);
		cluster_as_self(c);
	}
	free(path);
	if (rc || !flock(*fd, LOCK_EX | LOCK_NB))
		return rc;
	log_line(LOG_WARN, "cluster", "waiting for another aco up or down",
		 "folder=%s", log_quote(c->base));
	while (flock(*fd, LOCK_EX)) {
		if (errno != EINTR) {
			close(*fd);
			return path_errno(e, "locking", c->base);
		}
	}
	return RC_OK;
}

/* ---- start ---- */

/* The server writes here until its own log begins, and why it cannot start. */
static int open_start_log(const struct cluster *c, char **path, struct err *e)
{
	int fd = -1;

	*path = xasprintf("%s/start.log", c->logs);
	if (!cluster_as_owner(c, e)) {
		fd = open(*path,
			  O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW |
				  O_APPEND,
			  0600);
		if (fd < 0)
			(void)path_errno(e, "opening", *path);
		cluster_as_self(c);
	}
	return fd;
}

static void read_tail(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = size > 16384 ? size - 16384 : 0;
	char *to = buf_reserve(b, 16384);
	ssize_t n = fd < 0 || !to ? 0 : pread(fd, to, 16384, from);

	if (n > 0)
		buf_advance(b, (size_t)n);
	if (fd >= 0)
		close(fd);
}

/* The log that was written to last: the server's own once it has begun. */
static char *newest_log(const struct cluster *c)
{
	char *pattern = xasprintf("%s/*.log", c->logs);
	char *newest = NULL;
	int64_t newest_ns = -1;
	glob_t g;

	if (!glob(pattern, 0, NULL, &g)) {
		for (size_t i = 0; i < g.gl_pathc; i++) {
			struct stat st;
			int64_t ns;

			if (lstat(g.gl_pathv[i], &st) || !st.st_size)
				continue;
			ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
			     (int64_t)st.st_mtim.tv_nsec;
			if (ns < newest_ns)
				continue;
			newest_ns = ns;
			free(newest);
			newest = xstrdup(g.gl_pathv[i]);
		}
		globfree(&g);
	}
	free(pattern);
	return newest;
}

static enum rc not_started(const struct cluster *c, struct err *e)
{
	char *path = newest_log(c);
	struct buf b;
	struct str why;

	buf_init(&b, 65536);
	if (path)
		read_tail(path, &b);
	why = cluster_last_words(&b);
	err_set(e, RC_DOWN, "PostgreSQL in %s does not start: %.*s", c->base,
		STR_ARG(why));
	if (str_contains(why, "No space left"))
		err_hint(e, "free some space on that disk");
	else
		err_hint(e, "see %s", path ? path : c->logs);
	buf_release(&b);
	free(path);
	return RC_DOWN;
}

/* A connection as the superuser; waits as long as the server lives and comes
 * up. `pid` is our child, or 0 for one that ran already. */
static enum rc await_server(const struct cluster *c, pid_t pid, struct db **db,
			    struct err *e)
{
	int64_t begin = clock_mono_us();
	bool told = false;
	struct buf url;
	enum rc rc;

	buf_init(&url, 8192);
	cluster_role_url(c, "postgres", "postgres", &url);
	for (;;) {
		int64_t ms = (clock_mono_us() - begin) / 1000;

		rc = db_open(db, buf_str(&url), "up", e);
		if (rc != RC_DOWN || ms > START_MS)
			break;
		if (pid ? waitpid(pid, NULL, WNOHANG) != 0
			: !cluster_postmaster(c)) {
			rc = not_started(c, e);
			break;
		}
		if (!told && ms > TELL_AFTER_MS) {
			told = true;
			log_line(LOG_WARN, "cluster",
				 "waiting for PostgreSQL to come up", "err=%s",
				 log_quote(e->msg));
		}
		poll(NULL, 0, ms < 1000 ? 20 : 200);
	}
	buf_release(&url);
	return rc;
}

static enum rc start_server(const struct cluster *c, pid_t *pid, struct err *e)
{
	char *path = xasprintf("%s/postgres", c->bin);
	const char *argv[] = {path, "-D", c->data, NULL};
	const struct proc p = {
		.argv = argv,
		.env = cluster_env,
		.user = c->as_root ? &c->owner : NULL,
		.cwd = "/",
		.own_session = true,
	};
	char *log;
	int fd = open_start_log(c, &log, e);
	enum rc rc = fd < 0 ? RC_DOWN : proc_start(&p, -1, fd, fd, pid, e);

	if (fd >= 0)
		close(fd);
	free(log);
	free(path);
	return rc;
}

/* ---- the database in it ---- */

static enum rc make_database(struct db *db, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(db, &sql_cluster_has, NULL, &r, NULL, e);
	bool role = !rc && db_bool(r, 0, 0);
	bool database = !rc && db_bool(r, 0, 1);

	db_result_free(r);
	if (!rc && !role)
		rc = db_run(db, &sql_cluster_make_role, NULL, NULL, NULL, e);
	if (!rc && !database)
		rc = db_run(db, &sql_cluster_make_database, NULL, NULL, NULL,
			    e);
	return rc;
}

/* ---- up and down ---- */

static enum rc start_anew(const struct cluster *c, struct db **db,
			  struct err *e)
{
	pid_t child = 0;
	enum rc rc = cluster_sweep(c, e);

	if (!rc)
		rc = start_server(c, &child, e);
	return rc ? rc : await_server(c, child, db, e);
}

static enum rc up_locked(struct cluster *c, struct err *e)
{
	pid_t running;
	struct db *db = NULL;
	bool changed = false;
	enum rc rc = RC_OK;

	/* Another one may have made it while we waited for the lock. */
	if (!c->exists) {
		char *version = xasprintf("%s/PG_VERSION", c->data);

		c->exists = !access(version, F_OK);
		free(version);
	}
	if (!c->exists)
		rc = cluster_make_data(c, e);
	running = rc ? 0 : cluster_postmaster(c);
	if (!rc)
		rc = cluster_configure(c, &changed, e);
	if (!rc && running && changed)
		kill(running, SIGHUP);
	if (!rc && running)
		rc = await_server(c, 0, &db, e);
	/* One that was just going down is no reason to give up. */
	if (!rc ? !running : running && !cluster_postmaster(c))
		rc = start_anew(c, &db, e);
	if (!rc)
		rc = make_database(db, e);
	db_close(db);
	return rc;
}

enum rc cluster_up(const struct conf *conf, struct err *e)
{
	struct cluster c;
	enum rc rc;
	int lock;

	if (conf->database_url[0])
		return RC_OK;
	rc = cluster_find(&c, conf, e);
	if (rc)
		return rc;
	rc = cluster_find_bin(&c, conf, e);
	if (!rc)
		rc = cluster_make_base(&c, e);
	if (!rc)
		rc = take_lock(&c, &lock, e);
	if (!rc) {
		rc = up_locked(&c, e);
		close(lock);
	}
	cluster_release(&c);
	return rc;
}

static enum rc stop_server(const struct cluster *c, pid_t pid, struct err *e)
{
	int64_t end = clock_mono_us() + (int64_t)STOP_MS * 1000;

	/* SIGINT is PostgreSQL's fast shutdown. */
	if (kill(pid, SIGINT) && errno != ESRCH)
		return path_errno(e, "stopping PostgreSQL in", c->base);
	while (cluster_alive(pid)) {
		if (clock_mono_us() > end) {
			err_set(e, RC_DOWN,
				"PostgreSQL in %s (process %ld) has not "
				"stopped in %d s",
				c->base, (long)pid, STOP_MS / 1000);
			err_hint(e, "see its log in %s", c->logs);
			return RC_DOWN;
		}
		waitpid(pid, NULL, WNOHANG);
		poll(NULL, 0, 20);
	}
	return RC_OK;
}

enum rc cluster_down(const struct conf *conf, struct err *e)
{
	struct cluster c;
	enum rc rc;
	pid_t pid;
	int lock;

	if (conf->database_url[0])
		return RC_OK;
	rc = cluster_find(&c, conf, e);
	if (rc)
		return rc;
	if (c.exists) {
		rc = take_lock(&c, &lock, e);
		pid = rc ? 0 : cluster_postmaster(&c);
		if (pid)
			rc = stop_server(&c, pid, e);
		/* A socket's folder in /tmp is not left behind. */
		if (!rc && strncmp(c.socket, c.base, strlen(c.base)) != 0)
			rmdir(c.socket);
		if (lock >= 0)
			close(lock);
	}
	cluster_release(&c);
	return rc;
}

enum rc cluster_look(const struct conf *conf, enum cluster_state *state,
		     struct buf *where, struct err *e)
{
	struct cluster c;
	enum rc rc;

	*state = CLUSTER_FOREIGN;
	if (conf->database_url[0])
		return RC_OK;
	rc = cluster_find(&c, conf, e);
	if (rc)
		return rc;
	*state = !c.exists                ? CLUSTER_ABSENT
		 : cluster_postmaster(&c) ? CLUSTER_RUNNING
					  : CLUSTER_STOPPED;
	if (where)
		buf_adds(where, c.base);
	cluster_release(&c);
	return RC_OK;
}

enum rc cluster_url(const struct conf *conf, struct buf *url, struct err *e)
{
	struct cluster c;
	enum rc rc;

	if (conf->database_url[0]) {
		buf_adds(url, conf->database_url);
		return RC_OK;
	}
	rc = cluster_find(&c, conf, e);
	if (rc)
		return rc;
	cluster_role_url(&c, "aco", "aco", url);
	cluster_release(&c);
	return RC_OK;
}
