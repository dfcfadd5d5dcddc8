/* HTTP/1.1, server side. Strict: what is not plain RFC 9112 framing is
 * answered 400 and the connection closed (no bare LF, no obs-fold, no
 * duplicate or signed Content-Length, no Content-Length beside
 * Transfer-Encoding, no unknown coding, exactly one Host).
 *
 * One request at a time on a connection: the next is not read before the
 * answer to the one before is written (all but out_high bytes of it), so
 * pipelined requests are answered in order; of those that wait a connection
 * keeps header_bytes, and the rest stays with the kernels. Request bytes are
 * counted from the header on (Content-Length, or as chunks arrive), with what
 * they inflate to; beyond `inflight_bytes` of a server a request is answered
 * 503 with Retry-After before its body is read.
 *
 * A handler is called when the body is complete and inflated. It answers at
 * once or later; the request stays valid until it is answered or dropped, also
 * when the client has gone (answers then go nowhere). */
#ifndef ACO_HTTP_H
#define ACO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/tls.h"
#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct loop;
struct http_server;
struct http_req;

enum http_cap {         /* which limit holds for a body */
	HTTP_CAP_NONE,  /* no body: anything longer than 0 is 413 */
	HTTP_CAP_SMALL, /* 1 MiB */
	HTTP_CAP_TELEMETRY,
	HTTP_CAP_MODEL,
	HTTP_CAP_N
};

/* Who may call: ordered by nothing, see auth.h. */
enum http_need {
	HTTP_OPEN, /* anybody: /healthz */
	HTTP_NEED_INGEST,
	HTTP_NEED_GATEWAY,
	HTTP_NEED_READ,
	HTTP_NEED_ADMIN,
	HTTP_NEED_OUTCOME /* telemetry and gateway both judge */
};

struct http_route {
	const char *method; /* "POST", "*" for any; NULL ends a table. "GET"
			       answers HEAD too */
	const char *path;   /* exact, or a prefix that ends in '*'; exact ones
			       and longer prefixes go first */
	enum http_cap cap;
	enum http_need need;
	bool inflate; /* Content-Encoding gzip is undone; else passed on */
	/* Body complete. `arg` is http_opts.arg. */
	void (*handle)(struct http_req *r, void *arg);
	/* The body of an error that the server itself answers (400, 401, 403,
	 * 413, 415, 503, ...), in the caller's own terms. Sets *ctype. NULL:
	 * plain text. */
	void (*error)(struct http_req *r, int status, const struct err *e,
		      struct buf *body, const char **ctype);
};

struct http_limits {
	size_t header_bytes;         /* request line and headers: 64 KiB */
	int headers;                 /* how many: 128 */
	size_t body[HTTP_CAP_N];     /* as sent */
	size_t inflated[HTTP_CAP_N]; /* after gzip */
	size_t inflight_bytes;       /* of all requests of this server */
	int connections;
	int64_t header_us; /* first byte of a request to end of headers; also
			      the handshake of TLS */
	int64_t idle_us;   /* between requests */
	int64_t stall_us;  /* no byte moved, either way, while one should */
	int64_t body_us;   /* whole body */
	size_t out_high, out_low; /* streamed answers: when to wait, go on */
};
void http_limits_default(struct http_limits *l);

struct http_opts {
	struct http_limits limits;
	const struct http_route *const *routes; /* ends with NULL */
	/* Called when the headers are complete, before the body is read: 0 to
	 * go on, else the status to answer (401, 403, 503) with *e. */
	int (*admit)(struct http_req *r, const struct http_route *route,
		     void *arg, struct err *e);
	/* Once for each request that admit saw, at its end or the server's,
	 * whatever became of it: where what admit took is given back. May be
	 * NULL. */
	void (*done)(struct http_req *r, void *arg);
	void *arg;
	struct tls *tls; /* NULL: plain; borrowed by new connections */
};

/* What happened so far. */
struct http_counts {
	uint64_t connections, refused; /* taken; turned away at the limit */
	uint64_t answers[6];           /* by the first digit of the status */
	uint64_t body_bytes;           /* of requests, as sent */
};

/* Serve on a listening socket (owned by the server afterwards, whatever the
 * result). From here on SIGPIPE is ignored. */
enum rc http_server_new(struct http_server **out, struct loop *loop, int fd,
			const struct http_opts *o, struct err *e) MUST_CHECK;
/* No new connections, idle ones closed, requests under way finished with
 * Connection: close. */
void http_server_drain(struct http_server *s);
/* Requests that are not answered yet, from their first byte to the last of
 * the answer. */
int http_server_busy(const struct http_server *s);
int http_server_connections(const struct http_server *s);
size_t http_server_inflight(const struct http_server *s);
void http_server_counts(const struct http_server *s, struct http_counts *out);
/* For new connections; the one before may be freed at once. */
void http_server_set_tls(struct http_server *s, struct tls *tls);
/* Closes everything, at once and without a word to handlers: requests that
 * they still hold stay valid until answered or dropped; done() is called for
 * them now. */
void http_server_free(struct http_server *s);

/* ---- the request; strings live as long as it does ---- */
struct str http_method(const struct http_req *r);
struct str http_path(const struct http_req *r);  /* without the query */
struct str http_query(const struct http_req *r); /* without '?'; absent */
/* The header's value, trimmed; absent. Name in any case. Several fields of
 * one name: the first. */
struct str http_header(const struct http_req *r, const char *name);
/* Field i, from 0, in the order they came; false beyond the last. */
bool http_header_at(const struct http_req *r, int i, struct str *name,
		    struct str *value);
/* Whether the field belongs to the connection because a Connection field names
 * it. */
bool http_hops(const struct http_req *r, struct str name);
/* Content-Type without parameters, lower case. */
struct str http_content_type(const struct http_req *r);
struct str http_body(const struct http_req *r);
/* The body has been read: give its memory back, before the answer. */
void http_body_release(struct http_req *r);
struct str http_peer(const struct http_req *r); /* "127.0.0.1:51234" */
bool http_loopback(const struct http_req *r);   /* the peer is this machine */
const struct http_route *http_route(const struct http_req *r);
/* A pointer of the owner's (admit sets it, the handler reads it). */
void http_set(struct http_req *r, void *p);
void *http_get(const struct http_req *r);
/* 64 bytes for the owner's use, zeroed. */
void *http_scratch(struct http_req *r);

/* ---- the answer: one of reply, begin..end, drop; exactly once ---- */
/* Before the answer: one more header field. Left out: what holds CR, LF or
 * NUL, and what is the server's to say (Content-Length, Transfer-Encoding,
 * Connection, Date, Content-Type). */
void http_reply_header(struct http_req *r, const char *name, struct str value);
void http_reply(struct http_req *r, int status, const char *ctype,
		struct str body);
/* In the terms of the route; 429 and 503 get a Retry-After of one second
 * unless they have one. */
void http_reply_err(struct http_req *r, int status, const struct err *e);
/* Streamed, chunked (or until close for HTTP/1.0). chunk: false when more
 * than out_high bytes wait; `writable` is called below out_low. */
void http_reply_begin(struct http_req *r, int status, const char *ctype);
bool http_reply_chunk(struct http_req *r, const void *p, size_t n);
void http_reply_end(struct http_req *r);
/* Close the connection without (the rest of) an answer. */
void http_drop(struct http_req *r);
/* writable: see above. gone: the client has ended its side, or the connection
 * broke: once each at most, in this order. Who ends its side has nearly always
 * gone, and what costs money for it should stop: drop the request. One that
 * only half-closed (nc -N) still reads, and gets whatever is answered. When it
 * broke (http_broken) answers go nowhere: end or drop it. Neither is called
 * from inside of another function of this file. */
void http_on(struct http_req *r, void (*writable)(struct http_req *, void *),
	     void (*gone)(struct http_req *, void *), void *arg);

/* The connection is gone for good. */
bool http_broken(const struct http_req *r);

#endif
