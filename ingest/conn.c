#include "ingest/conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/conn_int.h"
#include "ledger/base/alloc.h"

static void work(void *arg);

/* ---- later ---- */

void conn_later(struct conn *c)
{
	if (c->queued)
		return;
	c->queued = true;
	loop_defer(c->loop, work, c);
}

static void hang_up(struct conn *c)
{
	loop_watch_free(c->watch);
	c->watch = NULL;
	tls_stream_free(c->tls);
	c->tls = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void reap(struct conn *c)
{
	loop_timer_free(c->timer);
	conn_bytes_free(&c->in);
	conn_bytes_free(&c->out);
	free(c->why);
	free(c);
}

/* It is over; the owner hears of it from the loop. The descriptor is closed
 * now. */
void conn_over(struct conn *c, const struct err *e)
{
	if (c->state == CONN_OVER)
		return;
	c->state = CONN_OVER;
	if (e) {
		c->why = xcalloc(1, sizeof(*c->why));
		*c->why = *e;
	}
	hang_up(c);
	conn_bytes_free(&c->out);
	conn_later(c);
}

void conn_broke(struct conn *c, const char *what, int why)
{
	struct err e;

	err_set(&e, RC_DOWN, "%s: %s", what, strerror(why));
	conn_over(c, &e);
}

/* ---- the end ---- */

static void finish_on(struct conn *c)
{
	conn_bytes_free(&c->in);
	if (c->state == CONN_FINISHING && !c->out.len && !c->shut) {
		c->shut = true;
		loop_timer_set(c->timer, c->linger_us);
		if (c->tls)
			tls_end(c->tls);
		shutdown(c->fd, SHUT_WR);
	}
	if (c->state == CONN_FINISHING)
		conn_throw_away(c);
	if (c->state == CONN_FINISHING && c->shut && c->eof)
		conn_over(c, NULL);
}

static void on_timer(void *arg)
{
	struct conn *c = arg;

	if (!c->shut && c->sent != c->sent_then) {
		c->sent_then = c->sent;
		loop_timer_set(c->timer, c->stall_us);
		return;
	}
	conn_over(c, NULL);
}

void conn_finish(struct conn *c, int64_t stall_us, int64_t linger_us)
{
	if (c->state >= CONN_FINISHING)
		return;
	if (c->state != CONN_OPEN) {
		conn_over(c, NULL);
		return;
	}
	c->state = CONN_FINISHING;
	c->corks = 0;
	c->timer = loop_timer_new(c->loop, on_timer, c);
	loop_timer_set(c->timer, stall_us);
	c->stall_us = stall_us;
	c->linger_us = linger_us;
	c->sent_then = c->sent;
	if (c->can_write)
		conn_flush(c);
	conn_later(c);
}

void conn_free(struct conn *c)
{
	if (!c || c->freed)
		return;
	c->freed = true;
	c->state = CONN_OVER;
	hang_up(c);
	loop_timer_free(c->timer);
	c->timer = NULL;
	conn_later(c);
}

/* ---- events ---- */

static void open_now(struct conn *c)
{
	c->state = CONN_OPEN;
	if (c->cb->opened)
		c->cb->opened(c, c->arg);
}

static void shake_hands(struct conn *c)
{
	struct err e;
	enum tls_did how = tls_handshake(c->tls, &e);

	if (how == TLS_DONE)
		open_now(c);
	else if (how == TLS_END)
		conn_broke(c, "TLS", ECONNRESET);
	else if (how == TLS_BROKEN)
		conn_over(c, &e);
}

static int socket_error(int fd)
{
	int why = 0;
	socklen_t n = sizeof(why);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) ? errno : why;
}

static void connected(struct conn *c)
{
	int why = socket_error(c->fd);

	if (why)
		conn_broke(c, "connecting", why);
	else if (c->tls)
		c->state = CONN_HANDSHAKE;
	else
		open_now(c);
}

static void tell_rest(struct conn *c)
{
	if (c->high && c->state == CONN_OPEN && !c->freed &&
	    c->out.len <= c->out_low) {
		c->high = false;
		if (c->cb->writable)
			c->cb->writable(c, c->arg);
	}
	if (c->ended && !c->told_ended && c->state == CONN_OPEN && !c->freed) {
		c->told_ended = true;
		if (c->cb->ended)
			c->cb->ended(c, c->arg);
	}
}

/* Whatever can go on goes on. */
static void go_on(struct conn *c)
{
	if (c->state == CONN_CONNECTING && c->can_write)
		connected(c);
	if (c->state == CONN_HANDSHAKE)
		shake_hands(c);
	if (c->state == CONN_OPEN || c->state == CONN_FINISHING)
		conn_flush(c);
	conn_read_on(c);
	if (c->state == CONN_FINISHING)
		finish_on(c);
	tell_rest(c);
}

/* Deferred: from here the owner hears of what happened inside of its calls. */
static void work(void *arg)
{
	struct conn *c = arg;

	c->queued = false;
	if (!c->freed && c->state != CONN_OVER)
		go_on(c);
	else if (!c->freed && !c->told_closed) {
		c->told_closed = true;
		if (c->cb->closed)
			c->cb->closed(c, c->arg, c->why);
	}
	if (c->freed && !c->queued)
		reap(c);
}

static void on_event(void *arg, short revents)
{
	struct conn *c = arg;
	bool both = (revents & POLLIN) && (revents & POLLOUT);

	/* TLS may have to write before it can read. */
	c->can_read = c->can_read || c->tls || (revents & (POLLIN | POLLRDHUP));
	c->can_write = c->can_write || (revents & POLLOUT);
	c->ended = c->ended || (revents & POLLRDHUP);
	/* Errors come as both; one that no read or write will find is asked
	 * for. */
	if (both && c->state == CONN_OPEN && (c->paused || c->eof)) {
		int why = socket_error(c->fd);

		if (why) {
			conn_broke(c, "waiting", why);
			return;
		}
	}
	if (c->state != CONN_OVER)
		go_on(c);
}

/* ---- making ---- */

static struct conn *make(struct loop *l, int fd, const struct conn_opts *o)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	const int on = 1;

	c->cb = o->cb;
	c->arg = o->arg;
	c->loop = l;
	c->fd = fd;
	c->in_max = o->in_max;
	c->out_high = o->out_high;
	c->out_low = o->out_low;
	c->out_max = o->out_max;
	if (o->tls) {
		c->tls = tls_stream_new(o->tls, fd, o->host);
		if (!c->tls) {
			free(c);
			return NULL;
		}
	}
	/* Not for Unix sockets, which need none. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return c;
}

struct conn *conn_new(struct loop *l, int fd, const struct conn_opts *o)
{
	struct conn *c = make(l, fd, o);

	if (!c)
		BUG("a server's connection with a host");
	c->state = c->tls ? CONN_HANDSHAKE : CONN_OPEN;
	c->can_write = true;
	c->watch = loop_edge_new(l, fd, on_event, c);
	return c;
}

/* What says nothing about the other side. */
static enum rc fault_of(int why)
{
	switch (why) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EADDRNOTAVAIL: /* every port is in use */
	case EAGAIN:
		return RC_BUSY;
	default:
		return RC_DOWN;
	}
}

enum rc conn_connect(struct conn **out, struct loop *l,
		     const struct sockaddr *sa, socklen_t len,
		     const struct conn_opts *o, struct err *e)
{
	int fd = socket(sa->sa_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct conn *c;

	*out = NULL;
	if (fd < 0)
		return err_set(e, fault_of(errno), "no socket: %s",
			       strerror(errno));
	c = make(l, fd, o);
	if (!c) {
		close(fd);
		return err_set(e, RC_BAD, "'%s' cannot be a host", o->host);
	}
	if (connect(fd, sa, len) && errno != EINPROGRESS) {
		enum rc rc = err_set(e, fault_of(errno), "connecting: %s",
				     strerror(errno));

		hang_up(c);
		reap(c);
		return rc;
	}
	c->watch = loop_edge_new(l, fd, on_event, c);
	*out = c;
	return RC_OK;
}

void conn_set(struct conn *c, const struct conn_cb *cb, void *arg)
{
	c->cb = cb;
	c->arg = arg;
}

void conn_patient(struct conn *c, bool patient)
{
	if (c->watch)
		loop_watch_patient(c->watch, patient);
}

/* ---- how it is ---- */

bool conn_is_open(const struct conn *c)
{
	return c->state == CONN_OPEN;
}

uint64_t conn_received(const struct conn *c)
{
	return c->received;
}

uint64_t conn_sent(const struct conn *c)
{
	return c->sent;
}

size_t conn_memory(const struct conn *c)
{
	return sizeof(*c) + c->in.cap + c->out.cap;
}
