#include "ledger/base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"

char *path_absolute(const char *path)
{
	char cwd[4096];

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return xstrdup(path);
	return xasprintf("%s/%s", cwd, path);
}

enum rc path_errno(struct err *e, const char *what, const char *path)
{
	int why = errno;
	enum rc rc =
		err_set(e, RC_DOWN, "%s %s: %s", what, path, strerror(why));

	if (why == ENOSPC || why == EDQUOT)
		err_hint(e, "free some space on that disk");
	return rc;
}

enum rc path_make(const char *path, mode_t mode, struct err *e)
{
	char *part = xstrdup(path);
	enum rc rc = RC_OK;

	for (size_t i = 1; !rc; i++) {
		char c = part[i];

		if (c && c != '/')
			continue;
		part[i] = 0;
		if (mkdir(part, c ? 0755 : mode) && errno != EEXIST)
			rc = path_errno(e, "making", part);
		part[i] = c;
		if (!c)
			break;
	}
	free(part);
	return rc;
}

static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t got = write(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

/* The folder's entry for a new name is safe only when the folder is. */
static void sync_folder(const char *path)
{
	char *folder = xstrdup(path), *slash = strrchr(folder, '/');
	int fd;

	if (slash)
		slash[slash == folder] = 0;
	fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

/* Into what is no file and stays where it is, such as /dev/stdout. */
static enum rc write_into(const char *path, const void *p, size_t n,
			  struct err *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	enum rc rc = RC_OK;

	if (fd < 0 || !write_all(fd, p, n))
		rc = path_errno(e, "writing", path);
	if (fd >= 0 && close(fd) && !rc)
		rc = path_errno(e, "writing", path);
	return rc;
}

static enum rc replace(const char *path, const void *p, size_t n, mode_t mode,
		       struct err *e)
{
	char *temp = xasprintf("%s.%ld~", path, (long)getpid());
	int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	enum rc rc = RC_OK;

	if (fd < 0 || !write_all(fd, p, n) || fsync(fd))
		rc = path_errno(e, "writing", temp);
	if (fd >= 0 && close(fd) && !rc)
		rc = path_errno(e, "writing", temp);
	if (!rc && rename(temp, path))
		rc = path_errno(e, "writing", path);
	if (rc)
		unlink(temp);
	else
		sync_folder(path);
	free(temp);
	return rc;
}

enum rc path_replace(const char *path, const void *p, size_t n, mode_t mode,
		     struct err *e)
{
	struct stat st;
	bool there = !stat(path, &st);
	char *target;
	enum rc rc;

	if (there && !S_ISREG(st.st_mode))
		return write_into(path, p, n, e);
	target = there ? realpath(path, NULL) : NULL; /* of a link what it
							 leads to */
	rc = replace(target ? target : path, p, n, mode, e);
	free(target);
	return rc;
}

static int remove_one(const char *path, const struct stat *st, int what,
		      struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path) && errno != ENOENT;
}

enum rc path_remove(const char *path, struct err *e)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
		return path_errno(e, "removing", path);
	return RC_OK;
}
