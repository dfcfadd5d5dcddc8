/* Server-sent events, incrementally, without copying where an event lies whole
 * in the bytes that came: event name, data, and the raw bytes of the event, so
 * that a proxy can pass, hide or change one. Lines end with LF, CR or CR LF.
 *
 * Nothing is lost: the raw bytes of all events, one after the other, and what
 * sse_rest() holds at the end are the stream. So blocks without data (comments
 * that keep a connection alive, empty lines) are events too, with absent data,
 * and an event beyond the maximum comes in pieces that are not whole.
 *
 *	sse_give(&s, p, n);
 *	while (sse_next(&s, &ev))
 *		... pass ev.raw; read ev.data if there is any ...
 */
#ifndef ACO_SSE_H
#define ACO_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/base/buf.h"
#include "ledger/base/str.h"

struct sse_event {
	struct str name; /* "message" when none is given */
	struct str data; /* lines joined by LF; absent: the block has none */
	struct str raw;  /* with its empty line, as it came */
	bool whole; /* false: a piece of an event longer than the maximum, of
		       which only raw is given */
};

struct sse {
	struct buf held;   /* the beginning of an event that is not whole */
	struct buf joined; /* data of several lines */
	size_t max;        /* of one event */
	bool bad;          /* an event was longer than max */

	/* For sse.c: bytes that are not taken yet, and how far the search for
	 * an empty line has come. */
	const char *p;
	size_t n, at, end;
	bool found, empty_line, cr, closing, over, taken, ended, begun;
};
/* max_event: bytes of one event, >= 1; it also bounds what is held. */
void sse_init(struct sse *s, size_t max_event);
void sse_release(struct sse *s);
/* Give it bytes; then take events until false. Events borrow from the bytes
 * and from the reader until the next sse_next(). What is left without its
 * empty line is held. */
void sse_give(struct sse *s, const char *p, size_t n);
bool sse_next(struct sse *s, struct sse_event *out);
/* No more bytes come: an event whose empty line is a lone CR, behind which an
 * LF could have come, can be taken now. Then sse_next() until false. */
void sse_end(struct sse *s);
/* What is held at the end of the stream, to be passed on raw; no event. */
struct str sse_rest(const struct sse *s);

#endif
