/* Segments: names, heads, and what a scan finds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/crc32c.h"
#include "ledger/spool_int.h"

#define VERSION     1
#define CHUNK       65536
#define NAME_DIGITS 20

static const char magic[8] = {'A', 'C', 'O', 'S', 'P', 'O', 'O', 'L'};

/* ---- numbers ---- */

static void put(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * i) & 0xff);
}

static uint64_t get(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	for (int i = bytes; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

int64_t read_at(int fd, void *p, size_t n, int64_t off)
{
	size_t have = 0;

	while (have < n) {
		ssize_t r = pread(fd, (char *)p + have, n - have,
				  off + (off_t)have);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		have += (size_t)r;
	}
	return (int64_t)have;
}

/* ---- heads ---- */

void segment_head(uint8_t head[SEG_HEAD], uint64_t id)
{
	memcpy(head, magic, sizeof(magic));
	put(head + 8, VERSION, 4);
	put(head + 12, id, 8);
	put(head + 20, crc32c(0, head, 20), 4);
}

void record_head(uint8_t head[RECORD_HEAD], const struct record *r)
{
	put(head, r->length, 4);
	put(head + 4, r->sum, 4);
	put(head + 8, (uint64_t)r->time_us, 8);
	put(head + 16, crc32c(0, head, 16), 4);
}

bool record_read_head(const uint8_t head[RECORD_HEAD], struct record *r)
{
	r->length = (uint32_t)get(head, 4);
	r->sum = (uint32_t)get(head + 4, 4);
	r->time_us = (int64_t)get(head + 8, 8);
	return crc32c(0, head, 16) == get(head + 16, 4) &&
	       r->length <= SPOOL_RECORD_MAX;
}

void done_write(uint8_t out[DONE_BYTES], const struct done_mark *m)
{
	put(out, m->no, 8);
	put(out + 8, m->id, 8);
	put(out + 16, (uint64_t)m->off, 8);
	put(out + 24, crc32c(0, out, 24), 4);
}

void done_read(int dirfd, struct done_mark *m)
{
	int fd = openat(dirfd, "done", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t in[DONE_BYTES];

	*m = (struct done_mark){0};
	if (fd < 0)
		return;
	if (read_at(fd, in, sizeof(in), 0) == DONE_BYTES &&
	    crc32c(0, in, 24) == get(in + 24, 4))
		*m = (struct done_mark){get(in, 8), get(in + 8, 8),
					(int64_t)get(in + 16, 8)};
	close(fd);
}

/* ---- the scan ---- */

/* The sum of a payload that lies in the file whole; false: cannot be read. */
static bool payload_sum(int fd, int64_t at, uint32_t n, uint8_t *chunk,
			uint32_t *sum)
{
	*sum = 0;
	while (n > 0) {
		size_t part = n < CHUNK ? n : CHUNK;

		if (read_at(fd, chunk, part, at) != (int64_t)part)
			return false;
		*sum = crc32c(*sum, chunk, part);
		at += (int64_t)part;
		n -= (uint32_t)part;
	}
	return true;
}

/* A file may have grown before the crash without its bytes. */
static bool all_zero(int fd, int64_t at, int64_t size, uint8_t *chunk)
{
	while (at < size) {
		size_t part = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		if (read_at(fd, chunk, part, at) != (int64_t)part)
			return false;
		for (size_t i = 0; i < part; i++) {
			if (chunk[i])
				return false;
		}
		at += (int64_t)part;
	}
	return true;
}

static enum segment_state scan_head(int fd, struct segment *s, uint8_t *chunk)
{
	uint8_t head[SEG_HEAD];
	int64_t n = read_at(fd, head, SEG_HEAD, 0);

	if (n < 0)
		return SEG_DAMAGED;
	if (n < SEG_HEAD || all_zero(fd, 0, s->size, chunk))
		return SEG_TORN;
	if (memcmp(head, magic, sizeof(magic)) != 0 ||
	    crc32c(0, head, 20) != get(head + 20, 4))
		return SEG_DAMAGED;
	if (get(head + 8, 4) != VERSION)
		return SEG_NEWER;
	s->id = get(head + 12, 8);
	s->end = SEG_HEAD;
	return SEG_WHOLE;
}

/* The record at s->end: SEG_WHOLE when it is good. */
static enum segment_state scan_record(int fd, const struct segment *s,
				      struct record *r, uint8_t *chunk)
{
	uint8_t head[RECORD_HEAD];
	int64_t left = s->size - s->end;
	uint32_t sum;

	if (left < RECORD_HEAD)
		return SEG_TORN;
	if (read_at(fd, head, RECORD_HEAD, s->end) != RECORD_HEAD)
		return SEG_DAMAGED;
	if (!record_read_head(head, r))
		return all_zero(fd, s->end, s->size, chunk) ? SEG_TORN
							    : SEG_DAMAGED;
	if (left - RECORD_HEAD < (int64_t)r->length)
		return SEG_TORN;
	if (!payload_sum(fd, s->end + RECORD_HEAD, r->length, chunk, &sum) ||
	    sum != r->sum)
		return SEG_DAMAGED;
	return SEG_WHOLE;
}

static enum segment_state scan(int fd, struct segment *s,
			       const struct done_mark *mark, uint8_t *chunk)
{
	enum segment_state st = scan_head(fd, s, chunk);
	bool marked = st == SEG_WHOLE && mark->no == s->no && mark->id == s->id;
	struct record r;

	s->off = s->end;
	while (st == SEG_WHOLE && s->end < s->size) {
		st = scan_record(fd, s, &r, chunk);
		if (st != SEG_WHOLE)
			break;
		if (s->records++ == 0)
			s->first_us = r.time_us;
		s->end += RECORD_HEAD + (int64_t)r.length;
		if (marked && s->end == mark->off) {
			s->off = s->end;
			s->records = 0;
		}
	}
	return st;
}

enum segment_state segment_scan(int fd, struct segment *s,
				const struct done_mark *mark)
{
	uint8_t *chunk = xcalloc(1, CHUNK);
	enum segment_state st = SEG_DAMAGED;
	struct stat sb;

	s->id = 0;
	s->size = s->off = s->end = s->records = 0;
	s->first_us = TIME_NONE;
	if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode)) {
		s->size = sb.st_size;
		st = scan(fd, s, mark, chunk);
	}
	if (s->records == 0)
		s->first_us = TIME_NONE;
	s->bad = st == SEG_DAMAGED;
	free(chunk);
	return st;
}

/* ---- the folder ---- */

char *segment_name(uint64_t no, const char *ext, char name[SEG_NAME])
{
	snprintf(name, SEG_NAME, "%0*llu.%s", NAME_DIGITS,
		 (unsigned long long)no, ext);
	return name;
}

static bool parse_name(const char *name, const char *ext, uint64_t *no)
{
	char again[SEG_NAME];

	if (strlen(name) != NAME_DIGITS + 4)
		return false;
	errno = 0;
	*no = strtoull(name, NULL, 10);
	return errno == 0 && *no > 0 && *no < UINT64_MAX / 2 &&
	       strcmp(segment_name(*no, ext, again), name) == 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

enum rc segment_list(int dirfd, const char *ext, uint64_t **list, size_t *n,
		     struct err *e)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	size_t cap = 0;
	uint64_t no;

	*list = NULL;
	*n = 0;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return err_set(e, RC_DOWN, "the folder cannot be listed: %s",
			       strerror(errno));
	}
	while ((entry = readdir(d))) {
		if (!parse_name(entry->d_name, ext, &no))
			continue;
		xgrow(list, &cap, *n + 1, sizeof(**list));
		(*list)[(*n)++] = no;
	}
	closedir(d);
	if (*n > 1)
		qsort(*list, *n, sizeof(**list), by_number);
	return RC_OK;
}
