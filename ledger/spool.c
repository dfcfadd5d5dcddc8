/* The queue. Appends go to the last segment at an offset that is known, never
 * to "the end": what a failed write leaves behind is cut off, and where even
 * that fails the segment takes nothing more. After a failed fsync the kernel
 * may have dropped the bytes, and says so once: that segment takes nothing
 * more either. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/crc32c.h"
#include "ledger/spool_int.h"

/* Memory of a record that is kept for the next. */
#define KEEP_BYTES ((size_t)4 << 20)

void spool_publish(struct spool *s)
{
	struct spool_state st = {.oldest_us = TIME_NONE,
				 .segments = (int64_t)s->n_segs,
				 .bad_segments = s->n_bad,
				 .bad_bytes = s->bad_bytes};

	for (size_t i = 0; i < s->n_segs; i++) {
		const struct segment *g = &s->segs[i];

		st.records += g->records;
		st.bytes += g->end - g->off;
		if (g->records && st.oldest_us == TIME_NONE)
			st.oldest_us = g->first_us;
		st.bad_segments += g->bad;
		st.bad_bytes += g->bad ? g->size - g->end : 0;
	}
	pthread_mutex_lock(&s->lock);
	s->state = st;
	pthread_mutex_unlock(&s->lock);
}

void spool_look(const struct spool *s, struct spool_state *out)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&s->lock;

	pthread_mutex_lock(lock);
	*out = s->state;
	pthread_mutex_unlock(lock);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	close_fd(&s->fd);
	close_fd(&s->read_fd);
	close_fd(&s->donefd);
	close_fd(&s->lockfd); /* and with it the lock */
	close_fd(&s->dirfd);
	buf_release(&s->record);
	pthread_mutex_destroy(&s->lock);
	free(s->segs);
	free(s->dir);
	free(s);
}

/* ---- writing ---- */

static struct segment *last(struct spool *s)
{
	return &s->segs[s->n_segs - 1];
}

/* The last segment takes nothing more. */
static void close_segment(struct spool *s)
{
	close_fd(&s->fd);
	s->dirty = false;
}

static bool write_whole(int fd, const struct iovec *parts, int n, int64_t off)
{
	struct iovec v[2];

	memcpy(v, parts, (size_t)n * sizeof(v[0]));
	for (int i = 0; i < n;) {
		ssize_t w = pwritev(fd, v + i, n - i, off);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return false;
		off += w;
		for (; i < n && (size_t)w >= v[i].iov_len; i++)
			w -= (ssize_t)v[i].iov_len;
		if (i < n) {
			v[i].iov_base = (char *)v[i].iov_base + w;
			v[i].iov_len -= (size_t)w;
		}
	}
	return true;
}

static enum rc new_segment(struct spool *s, struct err *e)
{
	struct segment g = {.no = s->next_no, .first_us = TIME_NONE};
	uint8_t head[SEG_HEAD];
	struct iovec v = {head, SEG_HEAD};
	char name[SEG_NAME];
	enum rc rc;

	if (getrandom(&g.id, sizeof(g.id), 0) != sizeof(g.id))
		return spool_errno(s, "random number", e);
	segment_name(g.no, "seg", name);
	segment_head(head, g.id);
	s->fd = openat(s->dirfd, name,
		       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		       0600);
	if (s->fd < 0)
		return spool_errno(s, name, e);
	if (!write_whole(s->fd, &v, 1, 0) || fsync(s->fd) != 0 ||
	    fsync(s->dirfd) != 0) {
		rc = spool_errno(s, name, e);
		close_segment(s);
		(void)!unlinkat(s->dirfd, name, 0);
		return rc;
	}
	s->next_no++;
	g.size = g.off = g.end = SEG_HEAD;
	xgrow(&s->segs, &s->cap_segs, s->n_segs + 1, sizeof(*s->segs));
	s->segs[s->n_segs++] = g;
	s->all_bytes += g.size;
	return RC_OK;
}

static enum rc room_for(struct spool *s, int64_t bytes, struct err *e)
{
	int64_t all = s->all_bytes + bytes;
	enum rc rc;

	if (s->fd >= 0 && last(s)->end > SEG_HEAD &&
	    last(s)->end + bytes > s->segment_bytes) {
		rc = spool_sync(s, e);
		if (rc)
			return rc;
		close_segment(s);
	}
	if (s->fd < 0)
		all += SEG_HEAD;
	if (all > s->max_bytes)
		return err_set(e, RC_BUSY,
			       "%s: the spool is at its limit of "
			       "%lld bytes",
			       s->dir, (long long)s->max_bytes);
	return s->fd < 0 ? new_segment(s, e) : RC_OK;
}

enum rc spool_put(struct spool *s, struct str payload, int64_t time_us,
		  struct err *e)
{
	int64_t bytes = RECORD_HEAD + (int64_t)payload.len;
	struct record r = {.time_us = time_us};
	uint8_t head[RECORD_HEAD];
	union {
		const char *from;
		void *to;
	} p = {payload.p}; /* writev() takes no const */
	struct iovec v[2] = {{head, RECORD_HEAD}, {p.to, payload.len}};
	struct segment *g;
	enum rc rc;

	if (payload.len > SPOOL_RECORD_MAX)
		return err_set(e, RC_BAD, "a record of %zu bytes is too large",
			       payload.len);
	if ((rc = room_for(s, bytes, e)))
		return rc;
	r.length = (uint32_t)payload.len;
	r.sum = crc32c(0, payload.p, payload.len);
	record_head(head, &r);
	g = last(s);
	s->dirty = true;
	if (!write_whole(s->fd, v, payload.len ? 2 : 1, g->end)) {
		rc = spool_errno(s, "writing", e);
		if (ftruncate(s->fd, g->end) != 0)
			close_segment(s);
		return rc;
	}
	if (g->records++ == 0)
		g->first_us = time_us;
	g->end += bytes;
	g->size = g->end;
	s->all_bytes += bytes;
	spool_publish(s);
	return RC_OK;
}

enum rc spool_sync(struct spool *s, struct err *e)
{
	enum rc rc;

	if (s->fd < 0 || !s->dirty)
		return RC_OK;
	if (fdatasync(s->fd) == 0) {
		s->dirty = false;
		return RC_OK;
	}
	rc = spool_errno(s, "fsync", e);
	close_segment(s);
	return rc;
}

/* ---- reading ---- */

/* The first segment cannot be read further. */
static void give_up_first(struct spool *s)
{
	struct segment *g = &s->segs[0];

	g->bad = true;
	g->end = g->off;
	g->records = 0;
	spool_say_bad(s, g);
}

static void drop_first(struct spool *s)
{
	struct segment g = s->segs[0];

	close_fd(&s->read_fd);
	if (s->n_segs == 1)
		close_segment(s);
	spool_let_go(s, &g);
	s->n_segs--;
	memmove(s->segs, s->segs + 1, s->n_segs * sizeof(*s->segs));
}

/* The record at offset `at` of the first segment behind what s->record holds;
 * false: it is damaged. Its text ends in a line end. */
static bool read_record(struct spool *s, int64_t at)
{
	struct segment *g = &s->segs[0];
	uint8_t head[RECORD_HEAD];
	struct record r;
	char *to;

	if (read_at(s->read_fd, head, RECORD_HEAD, at) != RECORD_HEAD ||
	    !record_read_head(head, &r) ||
	    at + RECORD_HEAD + (int64_t)r.length > g->end)
		return false;
	to = buf_reserve(&s->record, (size_t)r.length + 1);
	if (!to ||
	    read_at(s->read_fd, to, r.length, at + RECORD_HEAD) !=
		    (int64_t)r.length ||
	    crc32c(0, to, r.length) != r.sum)
		return false;
	to[r.length] = 0;
	buf_advance(&s->record, r.length);
	s->record_end = at + RECORD_HEAD + (int64_t)r.length;
	if (!s->given++)
		s->record_us = r.time_us;
	return true;
}

static bool read_first(struct spool *s)
{
	buf_clear(&s->record);
	s->given = 0;
	return read_record(s, s->segs[0].off);
}

/* What follows in the same segment, as far as it is whole and fits. What is
 * damaged is found again when it is the first. */
static void read_more(struct spool *s, size_t bytes)
{
	const struct segment *g = &s->segs[0];
	uint8_t head[RECORD_HEAD];
	struct record r;

	while (s->given < g->records) {
		size_t len = s->record.len;

		if (read_at(s->read_fd, head, RECORD_HEAD, s->record_end) !=
			    RECORD_HEAD ||
		    !record_read_head(head, &r) || len + r.length > bytes)
			return;
		if (read_record(s, s->record_end))
			continue;
		s->record.len = len;
		s->record.p[len] = 0;
		return;
	}
}

/* Out of descriptors is no damage. */
static enum rc open_first(struct spool *s, struct err *e)
{
	char name[SEG_NAME];

	segment_name(s->segs[0].no, "seg", name);
	if (s->read_fd < 0)
		s->read_fd = openat(s->dirfd, name,
				    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (s->read_fd >= 0 || errno == ENOENT)
		return RC_OK;
	return spool_errno(s, name, e);
}

enum rc spool_get(struct spool *s, size_t bytes, struct str *out,
		  int64_t *time_us, struct err *e)
{
	enum rc rc;

	*out = STR_NONE;
	while (!s->record_end && s->n_segs) {
		if ((rc = open_first(s, e)))
			return rc;
		if (s->segs[0].records == 0) {
			/* The one that is being written stays. */
			if (s->n_segs == 1 && s->fd >= 0)
				break;
			drop_first(s);
		} else if (!read_first(s)) {
			if (s->n_segs == 1)
				close_segment(s);
			give_up_first(s);
		}
		spool_publish(s);
	}
	if (s->record_end) {
		if (bytes && s->given == 1)
			read_more(s, bytes);
		*out = (struct str){buf_str(&s->record), s->record.len};
		*time_us = s->record_us;
	}
	return RC_OK;
}

/* A restart goes on here; without the mark it would read the segment again,
 * which does no harm, so that nobody waits for the disk. */
static void mark_done(struct spool *s, const struct segment *g)
{
	const struct done_mark m = {g->no, g->id, g->off};
	uint8_t out[DONE_BYTES];

	if (s->donefd < 0)
		s->donefd =
			openat(s->dirfd, "done",
			       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	done_write(out, &m);
	if (s->donefd < 0 ||
	    pwrite(s->donefd, out, DONE_BYTES, 0) != DONE_BYTES)
		log_line(LOG_WARN, "spool", "place cannot be noted",
			 "dir=%s why=%s", log_quote(s->dir),
			 log_quote(strerror(errno)));
}

/* The time of the oldest record that is left, from its head. */
static void look_at_next(struct spool *s, struct segment *g)
{
	uint8_t head[RECORD_HEAD];
	struct record r;

	g->first_us = TIME_NONE;
	if (g->records > 0 && s->read_fd >= 0 &&
	    read_at(s->read_fd, head, RECORD_HEAD, g->off) == RECORD_HEAD &&
	    record_read_head(head, &r))
		g->first_us = r.time_us;
}

enum rc spool_done(struct spool *s, struct err *e)
{
	struct segment *g = s->segs;

	if (!s->record_end)
		return err_set(e, RC_BUG, "no record was given");
	g->off = s->record_end;
	g->records -= s->given;
	s->record_end = 0;
	if (s->record.cap > KEEP_BYTES)
		buf_release(&s->record);
	mark_done(s, g);
	look_at_next(s, g);
	if (g->records == 0)
		drop_first(s);
	spool_publish(s);
	return RC_OK;
}
