/* Which processes belong to the private cluster. A pid in a file proves
 * little: after a crash it may be a zombie's, or any other process's. What
 * proves it is the folder in which a server process works: its data. */
#include "ledger/cluster_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"

#define ORPHANS_LEAVE_MS 3000
#define ORPHANS_DIE_MS   5000

/* First bytes of a small file; how many. */
static size_t peek(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	text[0] = 0;
	if (fd < 0)
		return 0;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0 ? (size_t)n : 0;
}

bool cluster_alive(pid_t pid)
{
	char path[64], text[512];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if (!peek(path, text, sizeof(text)))
		return false;
	p = strrchr(text, ')'); /* "PID (NAME) STATE ..." */
	return p && strlen(p) > 2 && p[2] != 'Z' && p[2] != 'X';
}

static bool works_in(pid_t pid, const char *folder)
{
	char path[64], cwd[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/cwd", (long)pid);
	n = readlink(path, cwd, sizeof(cwd) - 1);
	if (n <= 0)
		return false;
	cwd[n] = 0;
	return !strcmp(cwd, folder);
}

/* The data folder as /proc spells it, without symbolic links. */
static char *real_data(const struct cluster *c)
{
	char *real = realpath(c->data, NULL);

	return real ? real : xstrdup(c->data);
}

static pid_t pid_in_file(const struct cluster *c)
{
	char *path = xasprintf("%s/postmaster.pid", c->data);
	char text[64];
	long pid;

	peek(path, text, sizeof(text));
	pid = strtol(text, NULL, 10);
	free(path);
	return pid > 1 && pid <= INT_MAX ? (pid_t)pid : 0;
}

pid_t cluster_postmaster(const struct cluster *c)
{
	pid_t pid = pid_in_file(c);
	char *data = real_data(c);

	if (pid && !(cluster_alive(pid) && works_in(pid, data)))
		pid = 0;
	free(data);
	return pid;
}

/* Send `sig` (0: nothing) to each process that works in the data folder; how
 * many there are. */
static int each_process(const char *data, int sig)
{
	DIR *d = opendir("/proc");
	const struct dirent *entry;
	int n = 0;

	while (d && (entry = readdir(d))) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid <= 1 || pid == (long)getpid() ||
		    !works_in((pid_t)pid, data) || !cluster_alive((pid_t)pid))
			continue;
		n++;
		if (sig)
			kill((pid_t)pid, sig);
	}
	if (d)
		closedir(d);
	return n;
}

static bool all_gone(const char *data, int timeout_ms)
{
	int64_t end = clock_mono_us() + (int64_t)timeout_ms * 1000;

	while (each_process(data, 0)) {
		if (clock_mono_us() > end)
			return false;
		poll(NULL, 0, 20);
	}
	return true;
}

static enum rc remove_file(const char *path, struct err *e)
{
	if (!unlink(path) || errno == ENOENT)
		return RC_OK;
	return err_set(e, RC_DOWN, "removing %s: %s", path, strerror(errno));
}

/* With no process left, the lock files of the data folder and of the socket
 * name a zombie or a stranger, whom PostgreSQL would still believe. */
static enum rc remove_stale(const struct cluster *c, struct err *e)
{
	pid_t pid = pid_in_file(c);
	char *files[] = {
		xasprintf("%s/postmaster.pid", c->data),
		xasprintf("%s/.s.PGSQL." CLUSTER_PORT ".lock", c->socket),
		xasprintf("%s/.s.PGSQL." CLUSTER_PORT, c->socket),
	};
	enum rc rc = cluster_as_owner(c, e);
	bool mine = !rc;

	if (pid)
		log_line(LOG_INFO, "cluster", "stale pid file removed",
			 "pid=%ld", (long)pid);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!rc)
			rc = remove_file(files[i], e);
		free(files[i]);
	}
	if (mine)
		cluster_as_self(c);
	return rc;
}

enum rc cluster_sweep(const struct cluster *c, struct err *e)
{
	char *data = real_data(c);
	enum rc rc = RC_OK;

	if (!all_gone(data, ORPHANS_LEAVE_MS)) {
		each_process(data, SIGQUIT);
		if (!all_gone(data, ORPHANS_DIE_MS))
			each_process(data, SIGKILL);
		if (!all_gone(data, ORPHANS_DIE_MS))
			rc = err_set(e, RC_DOWN,
				     "processes of the crashed PostgreSQL in "
				     "%s do not end",
				     c->data);
	}
	free(data);
	return rc ? rc : remove_stale(c, e);
}
