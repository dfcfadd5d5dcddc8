/* What conn.c (life and events), conn_in.c and conn_out.c share. */
#ifndef ACO_CONN_INT_H
#define ACO_CONN_INT_H

#include <errno.h>

#include "ingest/conn.h"
#include "ingest/loop.h"
#include "ingest/tls.h"

enum conn_state {
	CONN_CONNECTING,
	CONN_HANDSHAKE,
	CONN_OPEN,
	CONN_FINISHING, /* writes, then throws away what comes */
	CONN_OVER
};

/* Bytes in a row; those before `at` are done with. */
struct conn_bytes {
	char *p;
	size_t at, len, cap; /* len counts from at */
};

struct conn {
	const struct conn_cb *cb;
	void *arg;
	struct loop *loop;
	struct loop_watch *watch;
	struct tls_stream *tls;
	struct loop_timer *timer; /* of conn_finish */
	struct err *why;          /* it broke */
	int fd;
	int corks;
	enum conn_state state;
	bool can_read, can_write; /* as far as is known */
	bool paused;
	bool eof, ended, told_ended, told_closed;
	bool high;      /* conn_write said false */
	bool shut;      /* our side is ended */
	bool queued;    /* work() is deferred */
	bool look;      /* input is left that readable has to see again */
	bool freed;     /* by its owner */
	struct str now; /* unread, in the shared buffer */
	struct conn_bytes in, out;
	size_t in_max, out_high, out_low, out_max;
	uint64_t received, sent;
	uint64_t sent_then; /* when the timer was set */
	int64_t stall_us, linger_us;
};

/* Let the loop call the connection soon: what it can, it does then. */
void conn_later(struct conn *c);
/* It is over; the owner hears of it from the loop. e may be NULL. */
void conn_over(struct conn *c, const struct err *e);
void conn_broke(struct conn *c, const char *what, int why); /* an errno */

/* Write what waits, as far as it goes. */
void conn_flush(struct conn *c);
/* Read and tell, as far as it goes. */
void conn_read_on(struct conn *c);
/* Read for nobody. */
void conn_throw_away(struct conn *c);

void conn_bytes_free(struct conn_bytes *b);
/* Room for n more behind the last byte; the caller keeps the maximum. */
char *conn_bytes_room(struct conn_bytes *b, size_t n);
void conn_bytes_add(struct conn_bytes *b, const void *p, size_t n);
void conn_bytes_drop(struct conn_bytes *b, size_t n); /* the first ones */

static inline bool conn_again(int why)
{
	return why == EAGAIN || why == EINTR;
}

#endif
