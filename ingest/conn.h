/* A connection on the loop: a non-blocking socket, plain or TLS, of either
 * side. http.c serves on it, upstream.c calls models over it.
 *
 *   CONNECTING -> HANDSHAKE -> OPEN -> FINISHING -> OVER
 *        (a server's plain one begins OPEN; anything may break: -> OVER)
 *
 * Reading: bytes land in a buffer that all connections of a thread share; only
 * what `readable` leaves unused is kept by the connection, at most in_max
 * bytes. When that many wait, or while it is paused, nothing is read and the
 * peer's window closes.
 *
 * Writing: tried at once; only what the kernel does not take is kept. Beyond
 * out_high bytes conn_write says false and `writable` is called when out_low
 * or less are left; beyond out_max the connection breaks. Corked writes are
 * kept and go out together.
 *
 * Callbacks come from the loop only, never from inside a function of this file.
 * Any of these functions may be called in them, conn_free() too: what is freed
 * goes at the end of the iteration, and no callback follows. The descriptor is
 * watched with edges: in its life it costs one epoll_ctl, whatever it waits
 * for. An idle connection holds no buffers. */
#ifndef ACO_CONN_H
#define ACO_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct conn;
struct loop;
struct tls;

/* All may be NULL. */
struct conn_cb {
	/* Connected, and the handshake is over. Writes before it wait. */
	void (*opened)(struct conn *c, void *arg);
	/* There is new input, or the end of it (conn_eof). Once for each piece
	 * that was read, and after conn_resume() if anything is left. */
	void (*readable)(struct conn *c, void *arg);
	/* conn_write() said false; now out_low bytes or less wait. */
	void (*writable)(struct conn *c, void *arg);
	/* The peer has ended its side: once, also while paused and with input
	 * unread. It may have gone, or wait for an answer. */
	void (*ended)(struct conn *c, void *arg);
	/* Nothing can be read or written any more: it broke and *e says why,
	 * or conn_finish() is done (e is NULL). Once, as the last one; then
	 * conn_free(). */
	void (*closed)(struct conn *c, void *arg, const struct err *e);
};

struct conn_opts {
	const struct conn_cb *cb; /* lives as long as the connection */
	void *arg;
	size_t in_max; /* unread bytes; more than 0 */
	size_t out_high, out_low, out_max;
	struct tls *tls;  /* NULL: plain; may be freed afterwards */
	const char *host; /* a client with TLS: whom it wants to reach */
};

/* On a connected socket, which becomes the connection's: made non-blocking by
 * the caller; TCP_NODELAY is set here. */
struct conn *conn_new(struct loop *l, int fd, const struct conn_opts *o);
/* To an address, in the background: `opened` or `closed` follows. RC_DOWN: it
 * was refused at once. RC_BUSY: we have no descriptor, port or memory left for
 * it. RC_BAD: o->host cannot be a host. */
enum rc conn_connect(struct conn **out, struct loop *l,
		     const struct sockaddr *sa, socklen_t len,
		     const struct conn_opts *o, struct err *e) MUST_CHECK;
/* At once, and without a word to the owner; what waits to be written is lost.
 * NULL is fine. */
void conn_free(struct conn *c);
/* Write what waits, end our side, and throw away what still comes (so that the
 * peer reads our last bytes before it learns that nobody listens), until the
 * peer ends its side, or linger_us are over since we ended ours, or for
 * stall_us none of the bytes that wait was taken; then `closed`. No other
 * callback comes from here on, and no write is taken. */
void conn_finish(struct conn *c, int64_t stall_us, int64_t linger_us);
/* Somebody else's from now on: a client that goes into a pool and out. */
void conn_set(struct conn *c, const struct conn_cb *cb, void *arg);

/* ---- input ---- */

/* All unread bytes; valid until the callback returns or conn_consume(). */
struct str conn_input(const struct conn *c);
void conn_consume(struct conn *c, size_t n);
bool conn_eof(const struct conn *c);   /* ended, and all its bytes came */
bool conn_ended(const struct conn *c); /* see `ended` */
/* No `readable` from here on; costs nothing unless the peer goes on sending. */
void conn_pause(struct conn *c);
/* `readable` again, with what is left from before, if anything is. */
void conn_resume(struct conn *c);

/* ---- output ---- */

/* False: more than out_high bytes wait now. On a connection that is over
 * nothing happens, and it is true. Bytes are copied if they cannot be written
 * at once. */
bool conn_write(struct conn *c, const void *p, size_t n);
bool conn_writev(struct conn *c, const struct iovec *v, int n); /* n <= 8 */
/* For small pieces: they go with what is written next, or at the end of this
 * iteration. */
void conn_put(struct conn *c, const void *p, size_t n);
/* Between them small writes are put together. Counts: each cork wants its
 * uncork. */
void conn_cork(struct conn *c);
void conn_uncork(struct conn *c);
size_t conn_pending(const struct conn *c); /* bytes that wait to be written */

/* ---- its turn ---- */

/* Whether what happens to it may wait for others; see loop_watch_patient(). */
void conn_patient(struct conn *c, bool patient);

/* ---- how it is ---- */

bool conn_is_open(const struct conn *c); /* OPEN: usable both ways */
/* Bytes that have moved so far, for whoever looks whether it stalls. */
uint64_t conn_received(const struct conn *c);
uint64_t conn_sent(const struct conn *c);
/* Memory that its buffers take now. */
size_t conn_memory(const struct conn *c);

#endif
