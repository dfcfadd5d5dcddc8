/* The output of a connection, and the bytes that wait on either side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/conn_int.h"
#include "ledger/base/alloc.h"

enum {
	COALESCE = 16 * 1024, /* corked: up to here bytes are copied */
	PIECES_MAX = 8
};

/* ---- bytes ---- */

void conn_bytes_free(struct conn_bytes *b)
{
	free(b->p);
	*b = (struct conn_bytes){NULL, 0, 0, 0};
}

/* Room for n more behind the last byte. The caller keeps the maximum. */
char *conn_bytes_room(struct conn_bytes *b, size_t n)
{
	if (b->cap - b->at - b->len < n && b->at) {
		memmove(b->p, b->p + b->at, b->len);
		b->at = 0;
	}
	if (b->cap - b->len < n) {
		size_t cap = b->cap ? b->cap : 4096;

		while (cap < b->len + n)
			cap *= 2;
		b->p = xrealloc_array(b->p, cap, 1);
		b->cap = cap;
	}
	return b->p + b->at + b->len;
}

void conn_bytes_add(struct conn_bytes *b, const void *p, size_t n)
{
	if (!n)
		return;
	memcpy(conn_bytes_room(b, n), p, n);
	b->len += n;
}

void conn_bytes_drop(struct conn_bytes *b, size_t n)
{
	b->at += n;
	b->len -= n;
	if (!b->len)
		conn_bytes_free(b);
}

/* ---- output ---- */

/* Write the pieces; *did bytes of them were taken. False: it broke. */
static bool send_plain(struct conn *c, struct iovec *v, int n, size_t all,
		       size_t *did)
{
	struct msghdr m = {.msg_iov = v, .msg_iovlen = (size_t)n};
	ssize_t got = sendmsg(c->fd, &m, MSG_NOSIGNAL);

	*did = 0;
	if (got >= 0) {
		*did = (size_t)got;
		c->sent += *did;
		/* What is not taken is told of by an edge. */
		c->can_write = *did == all;
		return true;
	}
	if (!conn_again(errno)) {
		conn_broke(c, "writing", errno);
		return false;
	}
	c->can_write = errno == EINTR;
	return true;
}

static bool send_tls(struct conn *c, const char *p, size_t n, size_t *did)
{
	struct err e;
	enum tls_did how;

	*did = 0;
	while (*did < n) {
		size_t one = 0;

		how = tls_write(c->tls, p + *did, n - *did, &one, &e);
		if (how == TLS_AGAIN) {
			c->can_write = false;
			return true;
		}
		if (how != TLS_DONE) {
			conn_over(c, &e);
			return false;
		}
		*did += one;
		c->sent += one;
	}
	return true;
}

/* All that waits, as far as it goes. */
void conn_flush(struct conn *c)
{
	while (c->out.len && c->can_write && c->state != CONN_OVER) {
		char *p = c->out.p + c->out.at;
		struct iovec v = {p, c->out.len};
		size_t did = 0;

		if (c->tls ? !send_tls(c, p, c->out.len, &did)
			   : !send_plain(c, &v, 1, c->out.len, &did))
			return;
		conn_bytes_drop(&c->out, did);
	}
}

static bool may_write(const struct conn *c)
{
	return c->can_write && !c->corks &&
	       (c->state == CONN_OPEN || c->state == CONN_FINISHING);
}

/* What waits, with the pieces behind it, in one system call; what is left of
 * the pieces is kept. False: it broke. */
static bool write_through(struct conn *c, const struct iovec *v, int n,
			  size_t all)
{
	struct iovec both[PIECES_MAX + 1];
	size_t did;
	int k = 0;

	if (c->out.len)
		both[k++] = (struct iovec){c->out.p + c->out.at, c->out.len};
	for (int i = 0; i < n; i++)
		both[k++] = v[i];
	if (!send_plain(c, both, k, c->out.len + all, &did))
		return false;
	if (did < c->out.len) {
		conn_bytes_drop(&c->out, did);
		did = 0;
	} else if (c->out.len) {
		did -= c->out.len;
		conn_bytes_free(&c->out);
	}
	for (int i = 0; i < n; i++) {
		size_t skip = did < v[i].iov_len ? did : v[i].iov_len;

		did -= skip;
		conn_bytes_add(&c->out, (char *)v[i].iov_base + skip,
			       v[i].iov_len - skip);
	}
	return true;
}

static void keep(struct conn *c, const struct iovec *v, int n)
{
	for (int i = 0; i < n; i++)
		conn_bytes_add(&c->out, v[i].iov_base, v[i].iov_len);
}

bool conn_writev(struct conn *c, const struct iovec *v, int n)
{
	bool corked = c->corks > 0;
	size_t all = 0;

	if (n > PIECES_MAX)
		BUG("too many pieces");
	for (int i = 0; i < n; i++)
		all += v[i].iov_len;
	if (c->state >= CONN_FINISHING || !all)
		return true;
	if (corked && c->out.len + all > COALESCE)
		c->corks = 0;
	if (!may_write(c)) {
		keep(c, v, n);
	} else if (c->tls) {
		keep(c, v, n);
		conn_flush(c);
	} else if (!write_through(c, v, n, all)) {
		return true;
	}
	c->corks += corked && !c->corks;
	if (c->out.len > c->out_max) {
		struct err e;

		err_set(&e, RC_DOWN, "more than %zu bytes wait to be written",
			c->out_max);
		conn_over(c, &e);
		return true;
	}
	c->high = c->high || c->out.len > c->out_high;
	return c->out.len <= c->out_high;
}

bool conn_write(struct conn *c, const void *p, size_t n)
{
	struct iovec v = {(void *)(uintptr_t)p, n};

	return conn_writev(c, &v, 1);
}

void conn_put(struct conn *c, const void *p, size_t n)
{
	if (c->state >= CONN_FINISHING)
		return;
	conn_bytes_add(&c->out, p, n);
	conn_later(c);
}

void conn_cork(struct conn *c)
{
	c->corks++;
}

void conn_uncork(struct conn *c)
{
	if (--c->corks > 0)
		return;
	if (c->out.len && may_write(c))
		conn_flush(c);
	if (c->high && c->out.len <= c->out_low)
		conn_later(c);
}

size_t conn_pending(const struct conn *c)
{
	return c->out.len;
}
