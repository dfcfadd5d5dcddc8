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
#include "ledger/cluster_int.h"
#include "ledger/db.h"

#define INITDB_MS     300000
#define START_MS      900000 /* recovery after a crash may take its time */
#define STOP_MS       120000
#define TELL_AFTER_MS 5000

/* ---- folders ---- */

static enum rc failed(struct err *e, const char *what, const char *path)
{
	enum rc rc =
		err_set(e, RC_DOWN, "%s %s: %s", what, path, strerror(errno));

	if (errno == ENOSPC || errno == EDQUOT)
		err_hint(e, "free some space on that disk");
	return rc;
}

/* mkdir -p. Only what is missing gets `mode`; its parents 0755. */
static enum rc make_folders(const char *path, mode_t mode, struct err *e)
{
	char *part = xstrdup(path);
	enum rc rc = RC_OK;

	for (size_t i = 1; !rc; i++) {
		char c = part[i];

		if (c && c != '/')
			continue;
		part[i] = 0;
		if (mkdir(part, c ? 0755 : mode) && errno != EEXIST)
			rc = failed(e, "making", part);
		part[i] = c;
		if (!c)
			break;
	}
	free(part);
	return rc;
}

/* A folder that nobody but the owner may enter, made if it is not there. In a
 * folder of everyone's (/tmp) someone else may have been first. */
static enum rc private_folder(const struct cluster *c, const char *path,
			      struct err *e)
{
	struct stat st;
	enum rc rc = cluster_as_owner(c, e);

	if (rc)
		return rc;
	if (mkdir(path, 0700) && errno != EEXIST)
		rc = failed(e, "making", path);
	else if (lstat(path, &st))
		rc = failed(e, "looking at", path);
	else if (!S_ISDIR(st.st_mode) || st.st_uid != c->owner.uid)
		rc = err_set(e, RC_DENIED, "%s is not a folder of user %s",
			     path, c->owner_name);
	else if (st.st_mode & 077 && chmod(path, 0700))
		rc = failed(e, "closing", path);
	cluster_as_self(c);
	return rc;
}

/* The home is root's and holds private folders only: whoever may pass through
 * it sees nothing. The owner must. */
static enum rc open_root_home(const struct cluster *c, struct err *e)
{
	size_t n = strlen(CLUSTER_ROOT_HOME);
	enum rc rc;

	if (!c->as_root || strncmp(c->home, CLUSTER_ROOT_HOME, n) != 0 ||
	    (c->home[n] && c->home[n] != '/'))
		return make_folders(c->home, c->as_root ? 0711 : 0700, e);
	rc = make_folders(CLUSTER_ROOT_HOME, 0711, e);
	if (!rc)
		rc = make_folders(c->home, 0711, e);
	if (!rc && (chmod(CLUSTER_ROOT_HOME, 0711) || chmod(c->home, 0711)))
		rc = failed(e, "opening", c->home);
	return rc;
}

/* HOME belongs to us, HOME/pg and what is in it to the owner. */
static enum rc make_base(const struct cluster *c, struct err *e)
{
	enum rc rc = open_root_home(c, e);
	bool made = !rc && !mkdir(c->base, 0700);

	if (rc)
		return rc;
	if (!made && errno != EEXIST)
		return failed(e, "making", c->base);
	if (made && c->as_root && lchown(c->base, c->owner.uid, c->owner.gid))
		return failed(e, "chown", c->base);
	rc = private_folder(c, c->base, e);
	if (!rc)
		rc = private_folder(c, c->logs, e);
	return rc ? rc : private_folder(c, c->socket, e);
}

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
			rc = failed(e, "opening", path);
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
			return failed(e, "locking", c->base);
		}
	}
	return RC_OK;
}

/* ---- initdb ---- */

static const char *const clean_env[] = {
	"LC_ALL=C",    "PGDATA",     "PGPORT",           "PGHOST",
	"PGUSER",      "PGDATABASE", "PGOPTIONS",        "PGSERVICE",
	"PGSSLMODE",   "PGPASSWORD", "PGCLIENTENCODING", "PGTZ",
	"PGDATESTYLE", NULL,
};

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

/* What an initdb that was killed half way has left. */
static enum rc remove_leftovers(const struct cluster *c, struct err *e)
{
	char *pattern = xasprintf("%s/data.new-*", c->base);
	enum rc rc = cluster_as_owner(c, e);
	glob_t g;

	if (!rc && !glob(pattern, GLOB_NOSORT, NULL, &g)) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			nftw(g.gl_pathv[i], remove_one, 16,
			     FTW_PHYS | FTW_DEPTH);
		globfree(&g);
	}
	if (!rc)
		cluster_as_self(c);
	free(pattern);
	return rc;
}

static enum rc run_initdb(const struct cluster *c, const char *into,
			  struct err *e)
{
	char *path = xasprintf("%s/initdb", c->bin);
	const char *argv[] = {
		path,   "-D", into,   "-U", "postgres",   "-A",
		"peer", "-E", "UTF8", "-k", "--locale=C", "--no-instructions",
		NULL,
	};
	const struct proc p = {
		.argv = argv,
		.env = clean_env,
		.user = c->as_root ? &c->owner : NULL,
		.cwd = "/",
		.timeout_ms = INITDB_MS,
	};
	enum rc rc = proc_must(&p, e);

	if (rc && strstr(e->msg, "No space left"))
		err_hint(e, "free some space on the disk of %s", c->base);
	free(path);
	return rc;
}

static enum rc put_in_place(const struct cluster *c, const char *fresh,
			    struct err *e)
{
	enum rc rc = cluster_as_owner(c, e);
	int fd;

	if (rc)
		return rc;
	/* An empty or broken folder of that name gives way to the new one. */
	rmdir(c->data);
	if (rename(fresh, c->data))
		rc = failed(e, "making", c->data);
	fd = open(c->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		if (!rc && fsync(fd))
			rc = failed(e, "syncing", c->base);
		close(fd);
	}
	cluster_as_self(c);
	return rc;
}

static enum rc make_data(struct cluster *c, struct err *e)
{
	char *fresh = xasprintf("%s/data.new-%ld", c->base, (long)getpid());
	enum rc rc = remove_leftovers(c, e);
	struct err ignored;

	if (!rc)
		rc = run_initdb(c, fresh, e);
	if (!rc)
		rc = put_in_place(c, fresh, e);
	if (rc && remove_leftovers(c, &ignored))
		log_line(LOG_WARN, "cluster", "cannot clean up", "folder=%s",
			 log_quote(c->base));
	c->exists = !rc;
	free(fresh);
	return rc;
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
			(void)failed(e, "opening", *path);
		cluster_as_self(c);
	}
	return fd;
}

/* The last FATAL or PANIC line of a log, without its prefix; else the last
 * line; from `b`. */
static struct str telling_line(const struct buf *b)
{
	struct str rest = {buf_str(b), b->len}, best = STR_NONE;
	bool found = false;

	while (rest.len) {
		const char *nl = memchr(rest.p, '\n', rest.len);
		size_t n = nl ? (size_t)(nl - rest.p) : rest.len;
		struct str line = {rest.p, n};
		bool bad = str_contains(line, "FATAL:") ||
			   str_contains(line, "PANIC:");

		if (n && (bad || !found))
			best = line;
		found |= bad;
		rest.p += n + (nl != NULL);
		rest.len -= n + (nl != NULL);
	}
	for (size_t i = 0; found && i + 7 < best.len; i++) {
		if (!memcmp(best.p + i, "FATAL: ", 7) ||
		    !memcmp(best.p + i, "PANIC: ", 7))
			return (struct str){best.p + i, best.len - i};
	}
	return best;
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
	why = telling_line(&b);
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
		.env = clean_env,
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
		rc = make_data(c, e);
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
		rc = make_base(&c, e);
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
		return failed(e, "stopping PostgreSQL in", c->base);
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
