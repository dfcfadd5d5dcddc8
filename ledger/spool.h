/* A queue on disk for what the database cannot take: append-only segments in
 * one folder, each record with its length and CRC-32C. One process at a time
 * owns a folder (flock on DIR/lock). Not thread-safe: one thread owns it, but
 * for spool_look().
 *
 *   DIR/lock                       held by the owner; has its pid
 *   DIR/00000000000000000001.seg   a head, then records (spool_int.h)
 *   DIR/done                       how far the first segment is done
 *
 * Opening scans what is there. An incomplete record at the end of the last
 * segment was never acknowledged and is cut off. What does not match its sum
 * ends the reading of that segment: that is said loudly and counted, the next
 * segment is read, and once the records before the damage are done the file is
 * kept as NAME.bad. A restart goes on with the first record that is not done;
 * after a crash of the machine records may come twice.
 *
 * Memory: one record, or what is asked of get(). Folders are made with mode
 * 0700, files with 0600. */
#ifndef ACO_SPOOL_H
#define ACO_SPOOL_H

#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

#define SPOOL_RECORD_MAX ((size_t)256 << 20)

struct spool;

/* RC_BUSY: another process owns the folder, or the disk is full; RC_DOWN: the
 * folder cannot be used; RC_BAD: a newer version wrote a segment. max_bytes
 * bounds all files, damaged ones included; a segment that reaches
 * segment_bytes is followed by another. */
enum rc spool_open(struct spool **out, const char *dir, int64_t max_bytes,
		   int64_t segment_bytes, struct err *e) MUST_CHECK;
void spool_close(struct spool *s);

/* Write a record; it is safe after spool_sync(). RC_BUSY: at its limit, or the
 * disk is full (what was half written is cut off again); RC_DOWN: the disk
 * fails; RC_BAD: larger than SPOOL_RECORD_MAX. A record whose sync failed is
 * not acknowledged, but may still be read later. */
enum rc spool_put(struct spool *s, struct str payload, int64_t time_us,
		  struct err *e) MUST_CHECK;
enum rc spool_sync(struct spool *s, struct err *e) MUST_CHECK;

/* The oldest record that is not done, and those behind it in the same segment
 * as far as all of them are at most `bytes` (0: it alone): their payloads, one
 * after the other, so that what is made of lines can be done at once. RC_OK
 * with out->p
 * != NULL, or with out->p NULL when there is none. Lives until the next call of
 * get or done. */
enum rc spool_get(struct spool *s, size_t bytes, struct str *out,
		  int64_t *time_us, struct err *e) MUST_CHECK;
/* What get() gave is committed. A segment whose records are all done is
 * removed. */
enum rc spool_done(struct spool *s, struct err *e) MUST_CHECK;

struct spool_state {
	int64_t records, bytes; /* not done */
	int64_t oldest_us;      /* time of the oldest, or TIME_NONE */
	int64_t segments, bad_segments, bad_bytes;
};
void spool_look(const struct spool *s, struct spool_state *out);
/* The same of a folder that another process may own, reading only (doctor).
 * Absent folder: all zero. */
enum rc spool_inspect(const char *dir, struct spool_state *out,
		      struct err *e) MUST_CHECK;

#endif
