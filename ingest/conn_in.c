/* The input of a connection. */
#include <errno.h>
#include <string.h>

#include "ingest/conn_int.h"
#include "ledger/base/alloc.h"

enum {
	READ_SIZE = 64 * 1024, /* of the buffer that is shared */
	READ_MORE = 16 * 1024, /* room made behind what is left */
	READ_ROUNDS = 4        /* then others have their turn */
};

static _Thread_local char shared[READ_SIZE];

struct str conn_input(const struct conn *c)
{
	if (c->state == CONN_FINISHING)
		return STR("");
	if (c->now.len)
		return c->now;
	return (struct str){c->in.p ? c->in.p + c->in.at : "", c->in.len};
}

void conn_consume(struct conn *c, size_t n)
{
	if (c->state == CONN_FINISHING)
		return;
	if (n > conn_input(c).len)
		BUG("more input is consumed than there is");
	if (c->now.len) {
		c->now.p += n;
		c->now.len -= n;
		return;
	}
	/* Room again: outside of readable nobody else would go on reading. */
	if (c->in.len >= c->in_max && n)
		conn_later(c);
	c->in.at += n;
	c->in.len -= n;
}

bool conn_eof(const struct conn *c)
{
	return c->eof;
}

bool conn_ended(const struct conn *c)
{
	return c->ended;
}

void conn_pause(struct conn *c)
{
	c->paused = true;
}

void conn_resume(struct conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	c->look = c->look || c->in.len > 0 || c->eof;
	if (c->look || c->can_read)
		conn_later(c);
}

/* What readable has left in the shared buffer is kept; what it has used of our
 * own is given back. */
static void settle(struct conn *c)
{
	if (c->now.len && c->state == CONN_OPEN)
		conn_bytes_add(&c->in, c->now.p, c->now.len);
	c->now = STR_NONE;
	if (!c->in.len && c->in.p)
		conn_bytes_free(&c->in);
}

static void tell_readable(struct conn *c)
{
	c->look = false;
	if (c->cb->readable && !c->freed)
		c->cb->readable(c, c->arg);
	settle(c);
}

enum got {
	GOT,
	GOT_NOTHING,
	GOT_END,
	GOT_BROKEN
};

static enum got read_tls(struct conn *c, char *p, size_t n, size_t *did)
{
	struct err e;

	switch (tls_read(c->tls, p, n, did, &e)) {
	case TLS_DONE:
		return GOT;
	case TLS_AGAIN:
		c->can_read = false;
		return GOT_NOTHING;
	case TLS_END:
		return GOT_END;
	case TLS_BROKEN:
		break;
	}
	conn_over(c, &e);
	return GOT_BROKEN;
}

static enum got read_some(struct conn *c, char *p, size_t n, size_t *did)
{
	ssize_t got;

	if (c->tls)
		return read_tls(c, p, n, did);
	got = recv(c->fd, p, n, 0);
	if (got > 0) {
		*did = (size_t)got;
		/* Less than there was room for: that was all, and what comes
		 * later is an edge. An end that was told of is not. */
		if (*did < n && !c->ended)
			c->can_read = false;
		return GOT;
	}
	if (got == 0)
		return GOT_END;
	if (!conn_again(errno)) {
		conn_broke(c, "reading", errno);
		return GOT_BROKEN;
	}
	c->can_read = errno == EINTR;
	return GOT_NOTHING;
}

static void at_end(struct conn *c)
{
	c->eof = c->ended = true;
	c->can_read = false;
}

/* One piece into the shared buffer, or behind what is left. */
static enum got read_piece(struct conn *c)
{
	size_t left = c->in.len, room = c->in_max - left, did = 0;
	enum got got;
	char *p = shared;

	if (room > (left ? READ_MORE : READ_SIZE))
		room = left ? READ_MORE : READ_SIZE;
	if (left)
		p = conn_bytes_room(&c->in, room);
	got = read_some(c, p, room, &did);
	if (got == GOT && left)
		c->in.len += did;
	else if (got == GOT)
		c->now = (struct str){shared, did};
	if (got == GOT_END)
		at_end(c);
	c->received += did;
	return got;
}

static bool may_read(const struct conn *c)
{
	return c->state == CONN_OPEN && c->can_read && !c->paused && !c->eof &&
	       !c->freed && c->in.len < c->in_max;
}

void conn_read_on(struct conn *c)
{
	int rounds = 0;

	if (c->look && c->state == CONN_OPEN && !c->paused && !c->freed)
		tell_readable(c);
	while (may_read(c)) {
		enum got got;

		if (rounds++ == READ_ROUNDS) {
			conn_later(c);
			return;
		}
		got = read_piece(c);
		if (got == GOT || got == GOT_END)
			tell_readable(c);
	}
}

void conn_throw_away(struct conn *c)
{
	for (int i = 0; i < READ_ROUNDS && c->can_read && !c->eof; i++) {
		size_t did = 0;
		enum got got = read_some(c, shared, sizeof(shared), &did);

		c->received += did;
		if (got == GOT_BROKEN)
			return;
		if (got == GOT_END)
			at_end(c);
	}
	if (c->can_read && !c->eof)
		conn_later(c);
}
