/* Opening a folder: the lock, and what earlier owners left. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/log.h"
#include "ledger/base/path.h"
#include "ledger/spool_int.h"

void spool_say_bad(const struct spool *s, const struct segment *g)
{
	char name[SEG_NAME];

	log_line(LOG_ERROR, "spool", "segment is damaged",
		 "dir=%s segment=%s good_bytes=%lld lost_bytes=%lld",
		 log_quote(s->dir), segment_name(g->no, "seg", name),
		 (long long)g->end, (long long)(g->size - g->end));
}

enum rc spool_errno(const struct spool *s, const char *what, struct err *e)
{
	int why = errno;

	if (why == ENOSPC || why == EDQUOT || why == EFBIG)
		return err_set(e, RC_BUSY, "%s: %s: %s", s->dir, what,
			       strerror(why));
	return err_set(e, RC_DOWN, "%s: %s: %s", s->dir, what, strerror(why));
}

static void forget_file(struct spool *s, const struct segment *g)
{
	char name[SEG_NAME];

	segment_name(g->no, "seg", name);
	if (unlinkat(s->dirfd, name, 0) != 0 && errno != ENOENT)
		log_line(LOG_WARN, "spool", "segment cannot be removed",
			 "dir=%s segment=%s why=%s", log_quote(s->dir), name,
			 log_quote(strerror(errno)));
	if (fsync(s->dirfd) != 0)
		log_line(LOG_WARN, "spool", "folder cannot be synced",
			 "dir=%s why=%s", log_quote(s->dir),
			 log_quote(strerror(errno)));
}

/* What is left of a damaged segment is for a person. */
static void set_aside(struct spool *s, const struct segment *g)
{
	char from[SEG_NAME], to[SEG_NAME];

	segment_name(g->no, "seg", from);
	segment_name(g->no, "bad", to);
	if (renameat(s->dirfd, from, s->dirfd, to) != 0)
		log_line(LOG_WARN, "spool", "segment cannot be set aside",
			 "dir=%s segment=%s why=%s", log_quote(s->dir), from,
			 log_quote(strerror(errno)));
	(void)!fsync(s->dirfd);
	s->n_bad++;
	s->bad_bytes += g->size - g->end;
}

void spool_let_go(struct spool *s, const struct segment *g)
{
	if (g->bad) {
		set_aside(s, g);
		return;
	}
	s->all_bytes -= g->size;
	forget_file(s, g);
}

/* Folders that were just made must outlive a crash as their files do. */
static void sync_parents(const struct spool *s)
{
	static const char *const up[] = {"..", "../..", "../../.."};

	for (int i = 0; i < 3; i++) {
		int fd = openat(s->dirfd, up[i],
				O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0)
			continue;
		(void)!fsync(fd);
		close(fd);
	}
}

/* The lock, with the owner's pid in it for people. */
static enum rc take_lock(struct spool *s, struct err *e)
{
	char pid[32];
	int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	s->lockfd = openat(s->dirfd, "lock",
			   O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lockfd < 0)
		return spool_errno(s, "lock", e);
	if (flock(s->lockfd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return spool_errno(s, "lock", e);
		return err_set(e, RC_BUSY, "%s: another process owns the spool",
			       s->dir);
	}
	/* A full disk takes no pid; the lock holds all the same. */
	if (ftruncate(s->lockfd, 0) != 0 ||
	    pwrite(s->lockfd, pid, (size_t)n, 0) != n)
		log_line(LOG_DEBUG, "spool", "lock without a pid", "dir=%s",
			 log_quote(s->dir));
	return RC_OK;
}

/* A segment that was found. `last_one` may end in what a crash cut short. */
static enum rc take_segment(struct spool *s, uint64_t no, bool last_one,
			    const struct done_mark *mark, struct err *e)
{
	struct segment g = {.no = no};
	enum segment_state st;
	char name[SEG_NAME];
	int fd;

	segment_name(no, "seg", name);
	fd = openat(s->dirfd, name,
		    (last_one ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return spool_errno(s, name, e);
	st = segment_scan(fd, &g, mark);
	if (st == SEG_NEWER) {
		close(fd);
		return err_set(e, RC_BAD, "%s/%s: a newer version wrote it",
			       s->dir, name);
	}
	if (st == SEG_TORN && last_one && ftruncate(fd, g.end) == 0 &&
	    fsync(fd) == 0) {
		log_line(LOG_INFO, "spool", "half a record was cut off",
			 "dir=%s segment=%s bytes=%lld", log_quote(s->dir),
			 name, (long long)(g.size - g.end));
		g.size = g.end;
		st = SEG_WHOLE;
	}
	close(fd);
	g.bad = st != SEG_WHOLE && g.size > 0;
	if (g.bad)
		spool_say_bad(s, &g);
	xgrow(&s->segs, &s->cap_segs, s->n_segs + 1, sizeof(*s->segs));
	s->segs[s->n_segs++] = g;
	s->all_bytes += g.size;
	return RC_OK;
}

static void count_bad(struct spool *s, const uint64_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct segment g = {.no = list[i]};
		const struct done_mark none = {0};
		char name[SEG_NAME];
		int fd = openat(s->dirfd, segment_name(list[i], "bad", name),
				O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

		s->n_bad++;
		if (fd < 0)
			continue;
		(void)segment_scan(fd, &g, &none);
		s->bad_bytes += g.size - g.end;
		s->all_bytes += g.size;
		close(fd);
	}
}

/* Segments of which nothing is left to be read leave. */
static void drop_empty(struct spool *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_segs; i++) {
		if (s->segs[i].records > 0)
			s->segs[n++] = s->segs[i];
		else
			spool_let_go(s, &s->segs[i]);
	}
	s->n_segs = n;
}

static enum rc load(struct spool *s, struct err *e)
{
	uint64_t *segs = NULL, *bad = NULL;
	size_t n = 0, n_bad = 0;
	struct done_mark mark;
	enum rc rc;

	done_read(s->dirfd, &mark);
	rc = segment_list(s->dirfd, "seg", &segs, &n, e);
	if (!rc)
		rc = segment_list(s->dirfd, "bad", &bad, &n_bad, e);
	for (size_t i = 0; i < n && !rc; i++)
		rc = take_segment(s, segs[i], i + 1 == n, &mark, e);
	if (!rc)
		count_bad(s, bad, n_bad);
	/* A number is never used twice, lest a mark speak of another file. */
	s->next_no = mark.no;
	if (n && segs[n - 1] > s->next_no)
		s->next_no = segs[n - 1];
	if (n_bad && bad[n_bad - 1] > s->next_no)
		s->next_no = bad[n_bad - 1];
	s->next_no++;
	free(segs);
	free(bad);
	if (!rc)
		drop_empty(s);
	return rc;
}

enum rc spool_open(struct spool **out, const char *dir, int64_t max_bytes,
		   int64_t segment_bytes, struct err *e)
{
	struct spool *s = xcalloc(1, sizeof(*s));
	enum rc rc;

	*out = NULL;
	s->dir = xstrdup(dir);
	s->dirfd = s->lockfd = s->donefd = s->fd = s->read_fd = -1;
	s->max_bytes = max_bytes;
	s->segment_bytes = segment_bytes;
	s->record_end = 0;
	buf_init(&s->record, SPOOL_RECORD_MAX + 1);
	pthread_mutex_init(&s->lock, NULL);
	rc = path_make(dir, 0700, e);
	if (!rc) {
		s->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (s->dirfd < 0)
			rc = spool_errno(s, "cannot be opened", e);
	}
	if (!rc)
		rc = take_lock(s, e);
	if (!rc) {
		sync_parents(s);
		rc = load(s, e);
	}
	if (rc) {
		spool_close(s);
		return rc;
	}
	spool_publish(s);
	*out = s;
	return RC_OK;
}
