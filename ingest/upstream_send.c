/* Requests as they go out. Small ones leave in one system call; of a large
 * body only a bounded part is handed to the connection at a time. */
#include <strings.h>

#include "ingest/upstream_int.h"
#include "ledger/base/clock.h"

enum {
	AT_ONCE = 64 << 10, /* bytes of body that go with the head */
	PIECE = 128 << 10
};

static bool is(struct str s, const char *lit)
{
	return s.len == strlen(lit) && !strncasecmp(s.p, lit, s.len);
}

/* What is ours to say, or belongs to another connection. */
static bool is_ours(struct str name)
{
	static const char *const names[] = {
		"host",       "content-length",    "accept-encoding",
		"connection", "transfer-encoding", "keep-alive",
		"te",         "trailer",           "upgrade",
		"expect",     "proxy-connection",  "proxy-authorization"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is(name, names[i]))
			return true;
	return false;
}

static bool one_line(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0)
			return false;
	return true;
}

static bool no_blank(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127)
			return false;
	return s.len > 0;
}

enum rc ask_check(const struct up_ask *a, struct err *e)
{
	if (!no_blank(a->method) || !no_blank(a->target))
		return err_set(e, RC_BAD, "a method or path that is none");
	for (int i = 0; i < a->n_headers; i++) {
		const struct up_header *h = &a->headers[i];

		if (!no_blank(h->name) || memchr(h->name.p, ':', h->name.len) ||
		    !one_line(h->value))
			return err_set(e, RC_BAD,
				       "a header that cannot be sent");
	}
	return RC_OK;
}

static void add(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.len);
}

static void write_head(const struct up_call *c, struct buf *b)
{
	const struct up_ask *a = &c->ask;

	buf_clear(b);
	add(b, a->method);
	buf_addc(b, ' ');
	buf_adds(b, a->origin->base);
	add(b, a->target);
	buf_adds(b, " HTTP/1.1\r\n");
	buf_adds(b, c->o->host_line);
	for (int i = 0; i < a->n_headers; i++) {
		if (is_ours(a->headers[i].name))
			continue;
		add(b, a->headers[i].name);
		buf_add(b, ": ", 2);
		add(b, a->headers[i].value);
		buf_add(b, "\r\n", 2);
	}
	buf_adds(b, a->accept_gzip ? "Accept-Encoding: gzip, identity\r\n"
				   : "Accept-Encoding: identity\r\n");
	if (c->body_bytes > 0 || is(a->method, "POST") ||
	    is(a->method, "PUT") || is(a->method, "PATCH"))
		buf_addf(b, "Content-Length: %zu\r\n", c->body_bytes);
	buf_add(b, "\r\n", 2);
}

/* For conn_writev, which does not write to it. */
static struct iovec vec(const void *p, size_t n)
{
	struct iovec v = {.iov_len = n};

	memcpy(&v.iov_base, &p, sizeof(p));
	return v;
}

static void is_sent(struct up_call *c)
{
	c->since_us = clock_mono_us();
}

void call_send_more(struct up_call *c)
{
	while (c->at_part < c->n_parts) {
		struct str part = c->part[c->at_part];
		size_t n = part.len - c->at_byte;
		bool more;

		if (n > PIECE)
			n = PIECE;
		more = conn_write(c->link->c, part.p + c->at_byte, n);
		c->at_byte += n;
		if (c->at_byte == part.len) {
			c->at_byte = 0;
			c->at_part++;
		}
		if (!more && c->at_part < c->n_parts)
			return; /* `writable` goes on */
	}
	is_sent(c);
}

void call_send(struct up_call *c)
{
	struct buf *head = &c->u->head;
	struct iovec v[1 + UP_PARTS];
	int n = 1;

	write_head(c, head);
	c->sent = true;
	c->at_part = 0;
	c->at_byte = 0;
	v[0] = vec(buf_str(head), head->len);
	if (c->body_bytes <= AT_ONCE && c->n_parts < UP_PARTS) {
		for (int i = 0; i < c->n_parts; i++)
			v[n++] = vec(c->part[i].p, c->part[i].len);
		c->at_part = c->n_parts;
	}
	conn_writev(c->link->c, v, n);
	call_send_more(c);
}
