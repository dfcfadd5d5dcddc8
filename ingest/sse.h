/* Server-sent events, incrementally, without copying where an event lies whole
 * in the bytes that came: event name, data, and the raw bytes of the event, so
 * that a proxy can pass, hide or change one. Lines end with LF, CR or CR LF. */
#ifndef ACO_SSE_H
#define ACO_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/base/buf.h"
#include "ledger/base/str.h"

struct sse_event {
	struct str name; /* "message" when none is given */
	struct str data; /* lines joined by LF */
	struct str raw;  /* with its empty line, as it came */
};

struct sse {
	struct buf held;   /* the beginning of an event that is not whole */
	struct buf joined; /* data of several lines */
	size_t max;        /* of one event */
	size_t scanned;
	bool bad; /* an event was longer than max */
};
void sse_init(struct sse *s, size_t max_event);
void sse_release(struct sse *s);
/* Give it bytes; then take events until false. Events borrow from the bytes
 * and from the reader until the next sse_give(). What is left without its
 * empty line is held. */
void sse_give(struct sse *s, const char *p, size_t n);
bool sse_next(struct sse *s, struct sse_event *out);
/* What is held at the end of the stream, to be passed on raw. */
struct str sse_rest(const struct sse *s);

#endif
