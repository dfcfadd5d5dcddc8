#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/auth_set.h"
#include "ledger/base/alloc.h"

#define FILE_MAX ((size_t)128 << 20)

static enum rc failed(struct err *e, const char *doing, const char *path)
{
	return err_set(e, RC_DOWN, "%s %s: %s", doing, path, strerror(errno));
}

static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno != EINTR)
			return false;
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
	}
	return true;
}

/* The rename is not lost either. */
static void sync_folder(const char *path)
{
	char *copy = xstrdup(path), *slash = strrchr(copy, '/');
	int fd;

	if (slash)
		*slash = 0;
	fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(copy);
}

enum rc auth_file_write(const char *path, const struct auth_set *s,
			struct err *e)
{
	char *temp = xasprintf("%s.%ld~", path, (long)getpid());
	enum rc rc = RC_OK;
	struct buf b;
	int fd;

	buf_init(&b, FILE_MAX);
	auth_set_print(s, &b);
	unlink(temp);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (!buf_ok(&b))
		rc = err_set(e, RC_BUSY, "%s: too many keys", path);
	else if (fd < 0)
		rc = failed(e, "making", temp);
	else if (!write_all(fd, b.p, b.len) || fsync(fd))
		rc = failed(e, "writing", temp);
	if (fd >= 0 && close(fd) && !rc)
		rc = failed(e, "writing", temp);
	if (!rc && rename(temp, path))
		rc = failed(e, "renaming to", path);
	if (rc && fd >= 0)
		unlink(temp);
	else if (!rc)
		sync_folder(path);
	buf_release(&b);
	free(temp);
	return rc;
}

static enum rc read_all(int fd, const char *path, struct buf *b, struct err *e)
{
	ssize_t n = 1;

	while (n && buf_ok(b)) {
		char *p = buf_reserve(b, 65536);

		if (!p)
			break;
		n = read(fd, p, 65536);
		if (n < 0 && errno != EINTR)
			return failed(e, "reading", path);
		if (n < 0)
			n = 1;
		else
			buf_advance(b, (size_t)n);
	}
	return buf_ok(b) ? RC_OK : err_set(e, RC_BAD, "%s is too large", path);
}

enum rc auth_file_read(const char *path, struct auth_set **out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	struct buf b;
	enum rc rc;

	*out = NULL;
	if (fd < 0)
		return errno == ENOENT ? RC_OK : failed(e, "opening", path);
	buf_init(&b, FILE_MAX);
	if (fstat(fd, &st))
		rc = failed(e, "looking at", path);
	else if (!S_ISREG(st.st_mode) || st.st_mode & 022 ||
		 (st.st_uid != geteuid() && st.st_uid != 0))
		rc = err_set(e, RC_DENIED,
			     "%s: others may write to it, so it is not read",
			     path);
	else
		rc = read_all(fd, path, &b, e);
	if (!rc) {
		rc = auth_set_parse(out, (struct str){b.p, b.len}, e);
		if (rc)
			err_prefix(e, "%s", path);
	}
	close(fd);
	buf_release(&b);
	return rc;
}
