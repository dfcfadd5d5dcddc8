/* Making the private cluster: its folders, and what initdb puts into them. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/log.h"
#include "ledger/base/path.h"
#include "ledger/cluster_int.h"

#define INITDB_MS 300000

/* ---- folders ---- */

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
		rc = path_errno(e, "making", path);
	else if (lstat(path, &st))
		rc = path_errno(e, "looking at", path);
	else if (!S_ISDIR(st.st_mode) || st.st_uid != c->owner.uid)
		rc = err_set(e, RC_DENIED, "%s is not a folder of user %s",
			     path, c->owner_name);
	else if (st.st_mode & 077 && chmod(path, 0700))
		rc = path_errno(e, "closing", path);
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
		return path_make(c->home, c->as_root ? 0711 : 0700, e);
	rc = path_make(CLUSTER_ROOT_HOME, 0711, e);
	if (!rc)
		rc = path_make(c->home, 0711, e);
	if (!rc && (chmod(CLUSTER_ROOT_HOME, 0711) || chmod(c->home, 0711)))
		rc = path_errno(e, "opening", c->home);
	return rc;
}

/* HOME belongs to us, HOME/pg and what is in it to the owner. */
enum rc cluster_make_base(const struct cluster *c, struct err *e)
{
	enum rc rc = open_root_home(c, e);
	bool made = !rc && !mkdir(c->base, 0700);

	if (rc)
		return rc;
	if (!made && errno != EEXIST)
		return path_errno(e, "making", c->base);
	if (made && c->as_root && lchown(c->base, c->owner.uid, c->owner.gid))
		return path_errno(e, "chown", c->base);
	rc = private_folder(c, c->base, e);
	if (!rc)
		rc = private_folder(c, c->logs, e);
	return rc ? rc : private_folder(c, c->socket, e);
}

/* ---- initdb ---- */

/* Words that begin what a server or a tool has to say about its end. */
static const char *const last_words[] = {"FATAL: ", "PANIC: ", "error: "};

/* What it tells those who connect too early, ourselves among them. */
static const char refusal[] = "the database system is ";

/* The last line of `b` with such words, from there on; else its last line. */
struct str cluster_last_words(const struct buf *b)
{
	struct str rest = {buf_str(b), b->len}, best = STR_NONE;
	bool found = false;

	while (rest.len) {
		const char *nl = memchr(rest.p, '\n', rest.len);
		size_t n = nl ? (size_t)(nl - rest.p) : rest.len;
		const char *at = NULL;

		for (size_t i = 0; i < 3 && !at; i++)
			at = memmem(rest.p, n, last_words[i], 7);
		if (memmem(rest.p, n, refusal, sizeof(refusal) - 1))
			at = NULL;
		if (at)
			best = (struct str){at, n - (size_t)(at - rest.p)};
		else if (n && !found)
			best = (struct str){rest.p, n};
		found |= at != NULL;
		rest.p += n + (nl != NULL);
		rest.len -= n + (nl != NULL);
	}
	return best;
}

const char *const cluster_env[] = {
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

/* initdb without its own fsyncs, which take seconds: one sync of the file
 * system follows. */
static enum rc run_initdb(const struct cluster *c, const char *into,
			  struct err *e)
{
	char *path = xasprintf("%s/initdb", c->bin);
	const char *argv[] = {
		path,
		"-D",
		into,
		"-U",
		"postgres",
		"-A",
		"peer",
		"-E",
		"UTF8",
		"-k",
		"--locale=C",
		"--no-sync",
		"--no-instructions",
		NULL,
	};
	const struct proc p = {
		.argv = argv,
		.env = cluster_env,
		.user = c->as_root ? &c->owner : NULL,
		.cwd = "/",
		.timeout_ms = INITDB_MS,
		.dies_with_us = true,
	};
	struct proc_end end;
	enum rc rc;

	proc_end_init(&end);
	rc = proc_run(&p, &end, e);
	if (!rc && end.code) {
		struct str why = cluster_last_words(&end.err);

		rc = err_set(e, RC_DOWN, "initdb in %s failed: %.*s", c->base,
			     STR_ARG(why));
		if (str_contains(why, "No space left"))
			err_hint(e, "free some space on that disk");
	}
	proc_end_release(&end);
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
	fd = open(c->base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* An empty folder of that name gives way to the new one. */
	rmdir(c->data);
	if (fd < 0 || syncfs(fd) || rename(fresh, c->data) || fsync(fd))
		rc = path_errno(e, "making", c->data);
	if (fd >= 0)
		close(fd);
	cluster_as_self(c);
	return rc;
}

enum rc cluster_make_data(struct cluster *c, struct err *e)
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
