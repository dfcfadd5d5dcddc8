/* The inside of a spool, for spool*.c alone. Numbers are little-endian.
 *
 *   segment  "ACOSPOOL", u32 version, u64 id, u32 crc32c(what is before)
 *   record   u32 length, u32 crc32c(payload), i64 time, u32 crc32c(what is
 *            before), payload
 *   done     u64 segment, u64 id, u64 offset, u32 crc32c(what is before)
 *
 * The head of a record has a sum of its own, so that a length can be trusted
 * before its payload is there: what is cut short is told from what is
 * damaged. */
#ifndef ACO_SPOOL_INT_H
#define ACO_SPOOL_INT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "ledger/spool.h"

#define SEG_HEAD    24
#define RECORD_HEAD 20
#define DONE_BYTES  28
#define SEG_NAME    32 /* "00000000000000000001.seg" */

struct segment {
	uint64_t no, id;
	int64_t size;    /* of the file */
	int64_t off;     /* first byte that is not done */
	int64_t end;     /* of the last good record */
	int64_t records; /* from off to end */
	int64_t first_us;
	bool bad; /* what follows `end` is damaged, not cut short */
};

struct record {
	uint32_t length, sum;
	int64_t time_us;
};

enum segment_state {
	SEG_WHOLE,   /* ends with its last record */
	SEG_TORN,    /* the last record, or the head, is not all there */
	SEG_DAMAGED, /* something does not match its sum, or cannot be read */
	SEG_NEWER,   /* another version wrote it */
};

struct done_mark {
	uint64_t no, id;
	int64_t off;
};

char *segment_name(uint64_t no, const char *ext, char name[SEG_NAME]);
void segment_head(uint8_t head[SEG_HEAD], uint64_t id);
void record_head(uint8_t head[RECORD_HEAD], const struct record *r);
/* False: the sum does not match, or the length is beyond the maximum. */
bool record_read_head(const uint8_t head[RECORD_HEAD], struct record *r);

/* Read the whole file; memory of a fixed size. Sets all of *s but no and off
 * (which comes as the mark says, or 0, and becomes a record's begin). */
enum segment_state segment_scan(int fd, struct segment *s,
				const struct done_mark *mark);

void done_write(uint8_t out[DONE_BYTES], const struct done_mark *m);
/* All 0 where there is none to be trusted. */
void done_read(int dirfd, struct done_mark *m);

/* The numbers of all NAME.seg and NAME.bad of a folder, ascending; the caller
 * frees them. */
enum rc segment_list(int dirfd, const char *ext, uint64_t **list, size_t *n,
		     struct err *e) MUST_CHECK;
/* spool.c and spool_open.c */
struct spool {
	char *dir;
	int dirfd, lockfd, donefd;
	int64_t max_bytes, segment_bytes;

	struct segment *segs; /* oldest first */
	size_t n_segs, cap_segs;
	uint64_t next_no;
	int64_t all_bytes;        /* files, bad ones included */
	int64_t n_bad, bad_bytes; /* of NAME.bad */

	int fd; /* of the last segment, or -1: the next put makes a new one */
	bool dirty;

	int read_fd; /* of segs[0], or -1 */
	struct buf record;
	int64_t record_end; /* of what get() gave, or 0 */
	int64_t record_us;  /* of the first of them */
	int64_t given;      /* records that get() gave */

	pthread_mutex_t lock; /* of state */
	struct spool_state state;
};

/* Names `what` in the folder and errno: RC_BUSY when the disk is full, else
 * RC_DOWN. */
enum rc spool_errno(const struct spool *s, const char *what, struct err *e);
/* Make the state that spool_look() gives. */
void spool_publish(struct spool *s);
/* A segment of which nothing is left: removed, or set aside when damaged. */
void spool_let_go(struct spool *s, const struct segment *g);
void spool_say_bad(const struct spool *s, const struct segment *g);

/* pread() until n bytes, the end, or an error; the bytes read, or -1. */
int64_t read_at(int fd, void *p, size_t n, int64_t off);

#endif
