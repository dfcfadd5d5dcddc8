/* The process that cleans up: it waits until the test program is gone, in
 * whatever way (normal end, failed assertion, kill -9), then stops every
 * PostgreSQL that runs in the folder and removes the folder. It knows by a
 * pipe of which it alone reads: its end is the end of the test program. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/int/harness_int.h"

static struct {
	char dir[64];
	int pipe;
	pid_t pid;
} guard;

static bool alive(pid_t pid)
{
	char path[64], text[256] = "";
	const char *p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = 0;
	close(fd);
	p = strrchr(text, ')');
	return p && p[2] != 'Z';
}

/* Immediate shutdown; a crash is fine for what is removed next. */
static void stop_server(pid_t pid, const char *pid_file)
{
	char link[64], cwd[512];
	ssize_t n;

	/* The file may be stale: a postmaster works in its data folder. */
	snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
	n = readlink(link, cwd, sizeof(cwd) - 1);
	if (n <= 0 || strncmp(cwd, pid_file, (size_t)n))
		return;
	kill(pid, SIGQUIT);
	for (int i = 0; i < 1000 && alive(pid); i++)
		poll(NULL, 0, 10);
	if (alive(pid))
		kill(pid, SIGKILL);
}

static int visit_servers(const char *path, const struct stat *st, int type,
			 struct FTW *ftw)
{
	char text[32] = "";
	int fd;

	(void)st;
	if (type != FTW_F || strcmp(path + ftw->base, "postmaster.pid") != 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) > 0 && strtol(text, NULL, 10) > 1)
		stop_server((pid_t)strtol(text, NULL, 10), path);
	close(fd);
	return 0;
}

static int visit_remove(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_DP || type == FTW_D) {
		/* What a failed test has mounted there goes too. */
		if (rmdir(path) && errno == EBUSY && !umount2(path, MNT_DETACH))
			rmdir(path);
	} else {
		unlink(path);
	}
	return 0;
}

_Noreturn static void guard_main(int from)
{
	char c;

	setsid();
	while (read(from, &c, 1) < 0 && errno == EINTR)
		;
	nftw(guard.dir, visit_servers, 16, FTW_PHYS);
	nftw(guard.dir, visit_remove, 16, FTW_PHYS | FTW_DEPTH);
	_exit(0);
}

void guard_start(void)
{
	int fd[2];

	snprintf(guard.dir, sizeof(guard.dir), "/tmp/aco-t-XXXXXX");
	if (!mkdtemp(guard.dir) || chmod(guard.dir, 0755) ||
	    pipe2(fd, O_CLOEXEC)) {
		perror("harness");
		exit(1);
	}
	guard.pid = fork();
	if (!guard.pid) {
		close(fd[1]);
		guard_main(fd[0]);
	}
	close(fd[0]);
	guard.pipe = fd[1];
}

void guard_end(void)
{
	close(guard.pipe);
	while (waitpid(guard.pid, NULL, 0) < 0 && errno == EINTR)
		;
}

const char *harness_root(void)
{
	return guard.dir;
}
