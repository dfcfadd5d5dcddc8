/* The framing of HTTP/1.x requests (RFC 9112), and nothing else: where a head
 * ends, what it says, where the pieces of a chunked body are. Pure and
 * incremental: how the bytes were cut on their way makes no difference. Strict:
 * what two readers could understand in two ways is refused. */
#ifndef ACO_HTTP_PARSE_H
#define ACO_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

/* Where the search for the end of a head has come to; zeroed at first. */
struct http_scan {
	size_t at;         /* bytes looked at */
	bool begun;        /* something but empty lines was seen */
	bool request_line; /* and the first line is whole */
};

/* p[0..n) are all bytes of the connection from the beginning of the head. 0:
 * not whole yet. 200: whole, *len bytes with the empty line and those before
 * the request line. Else the status to answer: 400 (a line that does not end
 * in CR LF), 414 or 431 (longer than `max` bytes). */
int http_head_scan(struct http_scan *s, const char *p, size_t n, size_t max,
		   size_t *len);

struct http_span {
	uint32_t at, len; /* in the bytes of the head */
};

struct http_field {
	struct http_span name, value; /* the value without white space */
};

struct http_head {
	struct http_span method, path, query;
	bool has_query;
	bool star; /* OPTIONS * */
	bool http10;
	bool close; /* no further request on this connection */
	bool hops;  /* Connection names fields that belong to it */
	bool chunked;
	bool expect;               /* 100-continue */
	int64_t content_length;    /* -1: none; INT64_MAX: that or more */
	struct http_field *fields; /* the caller's, room for `cap` */
	int n, cap;
};

/* Read a whole head of n bytes. h->fields and h->cap are set before. 200, or
 * the status to answer with *e: 400, 417 (an unknown expectation), 431 (too
 * many fields), 505. */
int http_head_parse(struct http_head *h, const char *p, size_t n,
		    struct err *e);

/* Whether a Connection field names this one: it goes no further. */
bool http_head_hops(const struct http_head *h, const char *p, struct str name);

/* The first field of this name (any case) in a head whose bytes are p; -1. */
int http_head_find(const struct http_head *h, const char *p, const char *name);

/* ---- chunked bodies ---- */

enum http_chunk {
	HTTP_CHUNK_MORE, /* all bytes are used */
	HTTP_CHUNK_DATA, /* *data is a piece of the body */
	HTTP_CHUNK_END,  /* the body and its trailers are over */
	HTTP_CHUNK_BAD
};

struct http_chunks {
	int state;
	int digits;
	uint64_t left;   /* of the current chunk, as soon as it is known */
	size_t overhead; /* bytes of extensions and trailers */
};

enum {
	HTTP_CHUNK_OVERHEAD = 8192 /* extensions and trailers of one body */
};

/* Go on with p[0..n); *used bytes of it are done with. Extensions and trailers
 * are checked, bounded and ignored. */
enum http_chunk http_chunks_next(struct http_chunks *c, const char *p, size_t n,
				 size_t *used, struct str *data);

/* At least so many bytes of body follow: for a limit to be kept before they
 * come. */
static inline uint64_t http_chunks_left(const struct http_chunks *c)
{
	return c->left;
}

#endif
