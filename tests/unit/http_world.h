/* A server and its clients on one loop, in one thread: real sockets on
 * 127.0.0.1. A test says what clients send, and waits for what it expects. */
#ifndef ACO_HTTP_WORLD_H
#define ACO_HTTP_WORLD_H

#include <netinet/in.h>
#include <stdbool.h>

#include "ingest/http.h"
#include "ingest/loop.h"
#include "ledger/base/buf.h"

#define WORLD_HELD 64

struct http_world {
	struct loop *l;
	struct loop_timer *step;
	struct http_server *s;
	struct http_opts o;
	struct sockaddr_in at;
	int64_t until_us;
	/* What handlers were given and have not answered: /later, /stream. */
	struct http_req *held[WORLD_HELD];
	int n_held;
	int gone, broken, writable; /* calls; broken: gone for good */
	int handled, admitted, done;
	int refuse; /* what admit says */
	char last_body[64];
};

/* Routes:
 *   GET  /hello     "hello"
 *   POST /echo      the body (small, inflated)
 *   POST /tele      its length (telemetry, inflated)
 *   POST /raw       the body and its Content-Encoding (not inflated)
 *   GET, POST /later, /stream   held
 *   GET  /what      method, path, query, peer, header x-a
 *   any  /any/...   "any"; GET /any/exact "exact"; any /any/longer/... "longer"
 *   POST /drop      dropped
 *   POST /err       http_reply_err 429 in the route's terms */
void http_world_open(struct http_world *w);
void http_world_serve(struct http_world *w); /* with w->o */
void http_world_close(struct http_world *w);

/* Run for a moment; the test fails after 20 seconds in all. */
void http_world_step(struct http_world *w);
#define UNTIL(w, cond)                                                         \
	do                                                                     \
		http_world_step(w);                                            \
	while (!(cond))

struct client {
	struct http_world *w;
	int fd;
	struct loop_watch *watch;
	struct buf out, in;
	size_t sent;
	bool eof, reset;
	bool deaf; /* reads nothing */
};

void client_open(struct client *c, struct http_world *w);
void client_close(struct client *c);
void client_reset(struct client *c); /* with a RST */
void client_end(struct client *c);   /* our side only */
void client_deaf(struct client *c, bool deaf);
void client_send(struct client *c, const void *p, size_t n);
void client_say(struct client *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* All is sent. */
bool client_sent(const struct client *c);
bool client_over(const struct client *c); /* the server has closed */
/* How often the text came. */
int client_heard(const struct client *c, const char *text);
/* The status of the nth answer, from 0; 0: not there. Answers are cut by
 * Content-Length or by chunks; HEAD's are not understood. */
int client_status(const struct client *c, int nth);
/* Of the nth whole answer; absent when it is not whole. Dechunked. */
struct str client_body(struct client *c, int nth);
/* The value of a header of the nth answer. */
struct str client_header(const struct client *c, int nth, const char *name);
void client_forget(struct client *c); /* what was heard */

/* gzip; free() the result. */
char *http_gzip(const char *p, size_t n, size_t *out);

#endif
