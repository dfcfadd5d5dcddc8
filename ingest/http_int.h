/* What the files of the HTTP server share: http.c (the server), http_conn.c
 * (a connection's requests, one after the other), http_body.c, http_reply.c,
 * http_req.c, http_route.c.
 *
 * A connection, and what it waits for:
 *
 *   IDLE -first byte-> HEAD -whole-> BODY -whole-> HANDLED -begin-> STREAM
 *    ^                                                |                |
 *    +------------------- answered -------------------+----------------+
 *    +---- output is low <- FULL <- more than out_high waits ----------+
 *   CLOSING: the last answer goes out; no request is read any more */
#ifndef ACO_HTTP_INT_H
#define ACO_HTTP_INT_H

#include "ingest/conn.h"
#include "ingest/http.h"
#include "ingest/http_parse.h"
#include "ingest/inflate.h"
#include "ingest/loop.h"

enum {
	HTTP_ROUTE_BUCKETS = 64,
	HTTP_PEER_MAX = 64,
	HTTP_EXTRA_MAX = 64 * 1024, /* header fields that a handler adds */
	HTTP_ERROR_MAX = 16 * 1024, /* a body that tells of an error */
	HTTP_BODY_INLINE = 8192     /* smaller bodies lie in the request */
};

/* One answer; a stream stops at out_high when told so. */
#define HTTP_ANSWER_MAX ((size_t)256 << 20)
#define HTTP_LINGER_US  INT64_C(2000000)

enum http_state {
	HTTP_IDLE,
	HTTP_HEAD,
	HTTP_BODY,
	HTTP_HANDLED,
	HTTP_STREAM,
	HTTP_FULL,
	HTTP_CLOSING
};

struct http_conn {
	struct http_conn *next, *prev; /* of the server's */
	struct http_server *s;
	struct conn *c;
	struct http_req *req; /* from BODY to the end of STREAM */
	enum http_state state;
	struct http_scan scan;
	int64_t since_us; /* when the state began; coarse */
	int64_t moved_us; /* when a byte was seen to move */
	uint64_t moved;   /* how many had, then */
	int depth;        /* of our functions that stand on it */
	bool dead;        /* freed when none does any more */
	bool loopback;
	bool corked; /* while requests that came together are answered */
	bool served; /* a request was answered on it */
	unsigned char peer_len;
	char peer[HTTP_PEER_MAX];
};

struct http_req {
	struct http_req *next, *prev; /* of the server's */
	struct http_server *s;        /* NULL: freed */
	struct http_conn *hc;         /* NULL: gone */
	const struct http_route *route;
	const struct http_route *like; /* whose error() is used */
	void *set;
	long long scratch[8];
	struct http_head head;
	const char *text; /* of the head */
	struct str peer, ctype;
	bool loopback;
	bool admitted;  /* admit saw it */
	bool is_head;   /* the method HEAD: no body is sent */
	bool body_done; /* nothing of it is left in the connection */
	bool close;     /* no request after this one */
	bool begun;     /* the answer is */
	bool chunked;   /* the answer is */
	bool retry;     /* Retry-After is among the extra fields */
	struct buf extra;
	void (*writable)(struct http_req *, void *);
	void (*gone)(struct http_req *, void *);
	void *arg;

	/* The body: as sent, and as kept. */
	int64_t to_read; /* of Content-Length */
	size_t sent_bytes;
	struct http_chunks chunks;
	struct inflate *inflate; /* NULL: none, or no longer */
	char *body;
	size_t len, cap;
	bool body_inline; /* in the request's own memory */
	size_t charged;   /* of the server's inflight */
};

struct http_links {
	const struct http_route *route;
	size_t len; /* of the path, without '*' */
	int next;   /* of the same bucket; -1 */
};

struct http_server {
	struct loop *loop;
	struct http_opts o;
	int fd, spare; /* spare: closed to take a connection when none is left
			*/
	struct loop_watch *watch;
	struct loop_timer *tick, *again;
	int64_t tick_us, now_us;          /* now: at the last tick, monotonic */
	struct http_conn *conns, *cursor; /* cursor: of who walks over them */
	struct http_req *reqs;
	int n_conns, busy;
	size_t inflight;
	struct http_counts counts;
	bool draining;
	struct http_field *fields; /* of the head that is read just now */
	struct http_links *links;  /* of all routes */
	int n_links, first_prefix; /* prefixes, by length, longest first */
	int buckets[HTTP_ROUTE_BUCKETS];
	int64_t date_s; /* for which `date` is */
	char date[40];
};

/* ---- http_route.c ---- */
void http_routes_index(struct http_server *s);
/* 0, or 404 or 405; then *like may be a route of that path. */
int http_route_find(const struct http_server *s, struct str method,
		    struct str path, const struct http_route **route,
		    const struct http_route **like);
/* "GET, HEAD, POST": of all routes of that path. */
void http_route_allow(const struct http_server *s, struct str path,
		      struct buf *out);

/* ---- http_conn.c ---- */
void http_conn_new(struct http_server *s, int fd, const char *peer,
		   bool loopback);
/* At once; its request becomes the handler's alone. */
void http_conn_free(struct http_conn *hc);
void http_conn_state(struct http_conn *hc, enum http_state state);
/* The answer is given: the next request, or the end. */
void http_conn_answered(struct http_conn *hc, bool close);
/* Time limits. */
void http_conn_tick(struct http_conn *hc);

/* ---- http_req.c ---- */
/* Of a head that was parsed into s->fields; text NULL: of one that could not
 * be. */
struct http_req *http_req_new(struct http_conn *hc, const struct http_head *h,
			      const char *text, size_t len);
void http_req_free(struct http_req *r); /* done() is called */
/* The server is freed, the request is a handler's. */
void http_req_orphan(struct http_req *r);
bool http_req_charge(struct http_req *r, size_t n); /* false: too much */

/* ---- http_body.c ---- */
/* Whether the body can be taken, before it is read: 0, or a status. */
int http_body_begin(struct http_req *r, struct err *e);
/* Go on with in; *used bytes of it are done with. 0: more is wanted; 200: it
 * is whole; else the status of an error. */
int http_body_read(struct http_req *r, struct str in, size_t *used,
		   struct err *e);
void http_body_end(struct http_req *r); /* what only reading needs */

#endif
