#include "ledger/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"
#include "ledger/base/path.h"
#include "ledger/cluster_int.h"

#define START_MS   60000
#define LOCK_MS    1000   /* whoever only looks holds it for a moment */
#define ORPHANS_MS 120000 /* workers of a killed daemon drain */
#define STOP_MS    20000  /* beyond drain_seconds */
#define TAIL       16384
#define LOG_MAX    (64 << 20)

char *daemon_path(const struct conf *conf, const char *name)
{
	char *home = path_absolute(conf->home);
	char *path = xasprintf("%s/%s", home, name);

	free(home);
	return path;
}

/* ---- the lock ---- */

static pid_t read_pid(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long pid = n > 0 ? strtol(text, NULL, 10) : 0;

	return pid > 1 && pid <= INT_MAX ? (pid_t)pid : 0;
}

static enum rc write_pid(int fd, const char *path, struct err *e)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* In this order, what was written before makes room on a full disk. */
	if (pwrite(fd, text, (size_t)n, 0) != n || ftruncate(fd, n))
		return path_errno(e, "writing", path);
	return RC_OK;
}

/* Whether the lock is ours now; else who holds it. */
static bool try_lock(int fd, pid_t *holder)
{
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return true;
	*holder = read_pid(fd);
	if (*holder && !cluster_alive(*holder))
		*holder = 0;
	return false;
}

static enum rc await_lock(int fd, const char *path, struct err *e)
{
	int64_t begin = clock_mono_us();
	pid_t holder = 0;
	bool told = false;

	while (!try_lock(fd, &holder)) {
		int64_t ms = (clock_mono_us() - begin) / 1000;

		if (ms > (holder ? LOCK_MS : ORPHANS_MS)) {
			err_set(e, RC_BUSY,
				"another aco serve runs, process %ld holds %s",
				(long)holder, path);
			err_hint(e, "stop it with 'aco down', or set home and "
				    "listen for a second one");
			return RC_BUSY;
		}
		if (!holder && ms > LOCK_MS && !told) {
			told = true;
			log_line(LOG_WARN, "serve",
				 "waiting for the workers of a daemon that was "
				 "killed",
				 "lock=%s", log_quote(path));
		}
		poll(NULL, 0, 50);
	}
	return RC_OK;
}

enum rc daemon_lock(const char *path, int *fd, struct err *e)
{
	enum rc rc;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return path_errno(e, "opening", path);
	rc = await_lock(*fd, path, e);
	if (!rc)
		rc = write_pid(*fd, path, e);
	if (rc) {
		close(*fd);
		*fd = -1;
	}
	return rc;
}

/* ---- the state ---- */

enum rc daemon_tell(const struct conf *conf, const struct buf *json,
		    struct err *e)
{
	char *path = daemon_path(conf, "serve.state");
	char *beside = daemon_path(conf, "serve.state~");
	int fd = open(beside,
		      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		      0600);
	enum rc rc = RC_OK;

	if (fd < 0 || write(fd, json->p, json->len) != (ssize_t)json->len ||
	    rename(beside, path))
		rc = path_errno(e, "writing", path);
	if (fd >= 0)
		close(fd);
	free(beside);
	free(path);
	return rc;
}

void daemon_untell(const struct conf *conf)
{
	char *path = daemon_path(conf, "serve.state");

	unlink(path);
	free(path);
}

/* The last `max` bytes of a file. */
static void read_tail(const char *path, size_t max, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = size > (off_t)max ? size - (off_t)max : 0;
	char *to = buf_reserve(b, max);
	ssize_t n = fd < 0 || !to ? 0 : pread(fd, to, max, from);

	if (n > 0)
		buf_advance(b, (size_t)n);
	if (fd >= 0)
		close(fd);
}

static void join_addresses(const struct json *list, char *out, size_t size)
{
	size_t at = 0;

	out[0] = 0;
	for (const struct json *v = json_first(list); v;
	     v = json_next(list, v)) {
		int n = snprintf(out + at, size - at, "%s%.*s", at ? "," : "",
				 STR_ARG(v->text));

		if (n < 0 || (size_t)n >= size - at)
			return;
		at += (size_t)n;
	}
}

/* Only what the daemon that runs has written counts. */
static void read_state(const struct conf *conf, struct daemon_info *out)
{
	char *path = daemon_path(conf, "serve.state");
	struct json_doc doc;
	struct buf b;
	int64_t pid = 0;

	buf_init(&b, TAIL);
	json_doc_init(&doc, 1000);
	read_tail(path, TAIL, &b);
	if (b.len && !json_parse(&doc, (struct str){b.p, b.len}, NULL) &&
	    json_i64(json_get(doc.nodes, "pid"), &pid) && pid == out->pid) {
		out->state = DAEMON_READY;
		out->tls = json_true(json_get(doc.nodes, "tls"));
		if (!json_i64(json_get(doc.nodes, "workers"), &out->workers))
			out->workers = 0;
		join_addresses(json_get(doc.nodes, "addresses"), out->addresses,
			       sizeof(out->addresses));
	}
	json_doc_release(&doc);
	buf_release(&b);
	free(path);
}

char *daemon_spool(const struct conf *conf)
{
	return conf->spool[0] ? path_absolute(conf->spool)
			      : daemon_path(conf, "spool");
}

enum rc daemon_look(const struct conf *conf, struct daemon_info *out,
		    struct err *e)
{
	char *path = daemon_path(conf, "serve.lock");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum rc rc = RC_OK;

	*out = (struct daemon_info){.state = DAEMON_NONE};
	if (fd < 0 && errno == EACCES) {
		rc = err_set(e, RC_DENIED, "%s belongs to another user", path);
	} else if (fd < 0 && errno != ENOENT && errno != ENOTDIR) {
		rc = path_errno(e, "opening", path);
	} else if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB)) {
		out->pid = read_pid(fd);
		out->state = DAEMON_STARTING;
		if (out->pid && !cluster_alive(out->pid))
			out->state = DAEMON_ENDING;
		else
			read_state(conf, out);
	}
	if (fd >= 0)
		close(fd);
	free(path);
	return rc;
}

/* ---- start ---- */

/* The log of the run before is kept beside. */
static int open_log(const struct conf *conf, char **path, struct err *e)
{
	char *before = daemon_path(conf, "serve.log.1");
	int fd;

	*path = daemon_path(conf, "serve.log");
	rename(*path, before);
	free(before);
	fd = open(*path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		(void)path_errno(e, "opening", *path);
	return fd;
}

void daemon_trim_log(const struct conf *conf)
{
	char *path = daemon_path(conf, "serve.log");
	char *beside = daemon_path(conf, "serve.log.1");
	struct stat ours, file;
	int from = -1, to = -1;
	off_t at = 0;

	if (!fstat(STDERR_FILENO, &ours) && ours.st_size > LOG_MAX &&
	    !stat(path, &file) && file.st_ino == ours.st_ino &&
	    file.st_dev == ours.st_dev) {
		from = open(path, O_RDONLY | O_CLOEXEC);
		to = open(beside,
			  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			  0600);
		while (from >= 0 && to >= 0 &&
		       sendfile(to, from, &at, LOG_MAX) > 0)
			;
		/* Everyone who writes to it appends. */
		if (ftruncate(STDERR_FILENO, 0))
			log_line(LOG_WARN, "serve", "cannot trim the log",
				 "file=%s", log_quote(path));
	}
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	free(path);
	free(beside);
}

/* What follows the last line that begins with `mark`. */
static struct str last_of(const struct buf *b, const char *mark)
{
	struct str found = STR_NONE;
	size_t n = strlen(mark);

	for (const char *p = buf_str(b); *p; p += strcspn(p, "\n"), p += !!*p) {
		if (!strncmp(p, mark, n))
			found = (struct str){p + n, strcspn(p + n, "\n")};
	}
	return found;
}

static enum rc not_started(const char *log, struct err *e)
{
	struct str why, hint;
	struct buf b;

	buf_init(&b, TAIL);
	read_tail(log, TAIL, &b);
	why = last_of(&b, "aco: ");
	hint = last_of(&b, "hint: ");
	if (!why.p)
		why = STR("it says nothing");
	err_set(e, RC_DOWN, "the daemon does not start: %.*s", STR_ARG(why));
	if (hint.p)
		err_hint(e, "%.*s", STR_ARG(hint));
	else
		err_hint(e, "see %s", log);
	buf_release(&b);
	return RC_DOWN;
}

static enum rc await_ready(const struct conf *conf, pid_t pid, const char *log,
			   struct daemon_info *out, struct err *e)
{
	int64_t end = clock_mono_us() + INT64_C(1000) * START_MS;

	for (;;) {
		enum rc rc = daemon_look(conf, out, e);

		if (rc || (out->state == DAEMON_READY && out->pid == pid))
			return rc;
		if (waitpid(pid, NULL, WNOHANG))
			return not_started(log, e);
		if (clock_mono_us() > end) {
			kill(pid, SIGTERM);
			err_set(e, RC_DOWN, "the daemon is not ready in %d s",
				START_MS / 1000);
			err_hint(e, "see %s", log);
			return RC_DOWN;
		}
		poll(NULL, 0, 20);
	}
}

/* This very program; "aco" where /proc does not tell. */
static char *own_program(void)
{
	char *path = realpath("/proc/self/exe", NULL);

	return path ? path : xstrdup("/proc/self/exe");
}

static enum rc launch(const struct conf *conf, int log, pid_t *pid,
		      struct err *e)
{
	char *file = conf->file[0] ? path_absolute(conf->file) : NULL;
	char *self = own_program();
	const char *argv[5] = {self};
	const struct proc p = {.argv = argv, .own_session = true};
	int n = 1;
	enum rc rc;

	if (file) {
		argv[n++] = "--config";
		argv[n++] = file;
	}
	argv[n] = "serve";
	rc = proc_start(&p, -1, log, log, pid, e);
	free(self);
	free(file);
	return rc;
}

enum rc daemon_start(const struct conf *conf, struct daemon_info *out,
		     bool *already, struct err *e)
{
	char *home = daemon_path(conf, "");
	char *log = NULL;
	pid_t pid = 0;
	int fd = -1;
	enum rc rc = path_make(home, 0700, e);

	free(home);
	if (!rc)
		rc = daemon_look(conf, out, e);
	*already = !rc && (out->state == DAEMON_READY ||
			   out->state == DAEMON_STARTING);
	if (rc || *already)
		return rc;
	fd = open_log(conf, &log, e);
	rc = fd < 0 ? RC_DOWN : launch(conf, fd, &pid, e);
	if (!rc)
		rc = await_ready(conf, pid, log, out, e);
	if (fd >= 0)
		close(fd);
	free(log);
	return rc;
}

/* ---- stop ---- */

enum rc daemon_stop(const struct conf *conf, bool *ran, struct err *e)
{
	int64_t end = clock_mono_us() +
		      (conf->drain_seconds * 1000 + STOP_MS) * INT64_C(1000);
	struct daemon_info d;
	enum rc rc = daemon_look(conf, &d, e);
	pid_t pid = d.pid;

	if (ran)
		*ran = !rc && d.state != DAEMON_NONE;
	if (rc || d.state == DAEMON_NONE)
		return rc;
	if (d.state != DAEMON_ENDING && pid && kill(pid, SIGTERM) &&
	    errno != ESRCH)
		return err_set(e, RC_DENIED,
			       "stopping the daemon, process %ld: %s",
			       (long)pid, strerror(errno));
	while (d.state != DAEMON_NONE) {
		if (clock_mono_us() > end) {
			err_set(e, RC_DOWN,
				"the daemon (process %ld) has not ended",
				(long)pid);
			err_hint(e, "see its log");
			return RC_DOWN;
		}
		poll(NULL, 0, 20);
		/* One that was our child, in a test. */
		waitpid(pid, NULL, WNOHANG);
		rc = daemon_look(conf, &d, e);
		if (rc)
			return rc;
	}
	return RC_OK;
}
