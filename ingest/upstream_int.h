/* Inside the client: connections (links), the calls on them, and the reader
 * of answers. */
#ifndef ACO_UPSTREAM_INT_H
#define ACO_UPSTREAM_INT_H

#include "ingest/conn.h"
#include "ingest/http_answer.h"
#include "ingest/http_parse.h"
#include "ingest/loop.h"
#include "ingest/resolve.h"
#include "ingest/upstream.h"
#include "ledger/base/buf.h"
#include "ledger/base/pool.h"

struct origin;
struct link;

/*   WAITING -> CONNECTING -> SENDING -> ANSWER -> OVER
 *        \_________________/^    (a reused connection: at once)
 * SENDING may go back to CONNECTING once: see `retried`. */
enum call_state {
	CALL_WAITING,    /* for one of the origin's connections */
	CALL_CONNECTING, /* name, connection, TLS */
	CALL_SENDING,    /* until the first byte of an answer */
	CALL_ANSWER,
	CALL_OVER /* to be told */
};

struct up_call {
	struct upstream *u;
	struct origin *o;
	struct link *link;           /* NULL: waiting, or over */
	struct up_call *prev, *next; /* of all calls */
	struct up_call *wait_next;   /* of those that wait */
	struct up_ask ask;
	struct str part[UP_PARTS];
	int n_parts, at_part; /* the body, and what goes out next */
	size_t at_byte;
	size_t body_bytes;
	struct up_calls cb;
	void *arg;
	enum call_state state;
	bool sent, retried, paused, told;
	int64_t since_us; /* of the state; of the last byte of the request */
	uint64_t moved;   /* bytes both ways when it was last looked at */
	int64_t moved_us;
	enum up_end how;
	struct err err;
};

struct link {
	struct upstream *u;
	struct origin *o;
	struct conn *c;           /* NULL: being resolved, or gone */
	struct up_call *call;     /* NULL: idle, or gone */
	struct link *prev, *next; /* of the idle ones, the newest first */
	int64_t idle_us;
	bool idle, reused, gone;
	bool ours;    /* no connection could be made here */
	bool patient; /* see conn_patient() */
	struct resolve *question;
	struct resolved found;
	int at_address;
	struct err err; /* of the last address */

	struct http_scan scan;
	struct http_chunks chunks;
	bool in_body, keep;
	enum http_answer_body body;
	int64_t left;
	int interim; /* 1xx so far */
};

/* All that is known under one scheme, host and port. */
struct origin {
	struct origin *next;
	struct up_origin where; /* base is not compared */
	char host_line[300];    /* "Host: ...\r\n" */
	int open;               /* links */
	struct link *idle, *idle_last;
	struct up_call *waiting, *waiting_last;
	int n_waiting;
};

struct upstream {
	struct loop *loop;
	struct up_limits lim;
	struct tls *tls; /* made when it is first wanted */
	struct resolver *resolver;
	struct origin *origins;
	struct up_call *calls;
	struct loop_timer *timer;
	bool timer_on, closing;
	struct buf head;   /* of the request that is being sent */
	struct pool spare; /* calls */
	struct up_counts counts;
};

/* ---- upstream.c ---- */

/* A connection for the call, made anew. */
void link_new(struct origin *o, struct up_call *c);
/* It carries the call's request now. */
void link_carry(struct link *k, struct up_call *c);
/* The call is through with it. It is kept when `whole` and nothing speaks
 * against it. */
void link_release(struct link *k, bool whole);
void link_drop(struct link *k);
/* Its address did not answer, or not as it should: the next one is tried. */
void link_not_connected(struct link *k, const struct err *e);
/* Nothing follows but its end: told at once, or at the end of the iteration
 * when the caller may not be called back yet. */
void call_end(struct up_call *c, enum up_end how, const struct err *e);
void call_end_later(struct up_call *c, enum up_end how, const struct err *e);
/* The connection broke: the call ends, or goes anew on a fresh one. */
void call_broken(struct up_call *c, const struct err *e);

/* It waits for a connection no more. */
void call_stop_waiting(struct up_call *c);

/* ---- upstream_late.c ---- */

/* Ends the call if what it waits for takes too long. */
void call_look(struct up_call *c, int64_t now);

/* ---- upstream_send.c ---- */

/* Whether every header can be said. */
enum rc ask_check(const struct up_ask *a, struct err *e) MUST_CHECK;
void call_send(struct up_call *c); /* head and body, as far as it goes */
void call_send_more(struct up_call *c);

/* ---- upstream_answer.c ---- */

extern const struct conn_cb link_busy_cb;

#endif
