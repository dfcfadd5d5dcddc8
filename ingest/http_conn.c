/* The requests of one connection, one after the other. */
#include <stdlib.h>
#include <string.h>

#include "ingest/http_int.h"
#include "ledger/base/alloc.h"

/* ---- states ---- */

static bool is_busy(enum http_state state)
{
	return state >= HTTP_HEAD && state <= HTTP_FULL;
}

static bool is_handed(const struct http_conn *hc)
{
	return hc->state == HTTP_HANDLED || hc->state == HTTP_STREAM;
}

void http_conn_state(struct http_conn *hc, enum http_state state)
{
	struct http_server *s = hc->s;

	s->busy += is_busy(state) - is_busy(hc->state);
	hc->state = state;
	hc->since_us = hc->moved_us = s->now_us;
}

static void leave(struct http_conn *hc)
{
	if (--hc->depth == 0 && hc->dead)
		free(hc);
}

static void link_out(struct http_conn *hc)
{
	struct http_server *s = hc->s;

	if (s->cursor == hc)
		s->cursor = hc->next;
	if (hc->next)
		hc->next->prev = hc->prev;
	if (hc->prev)
		hc->prev->next = hc->next;
	else
		s->conns = hc->next;
	s->n_conns--;
}

void http_conn_free(struct http_conn *hc)
{
	struct http_req *r = hc->req;
	bool handed = is_handed(hc);

	if (hc->dead)
		return;
	http_conn_state(hc, HTTP_CLOSING);
	hc->req = NULL;
	if (r && handed) {
		r->hc = NULL;
		hc->s->busy++; /* until it is answered */
	} else if (r) {
		http_req_free(r);
	}
	conn_free(hc->c);
	link_out(hc);
	hc->dead = true;
	if (!hc->depth)
		free(hc);
}

/* It broke under a request: whoever has it is told. */
static void lose(struct http_conn *hc)
{
	struct http_req *r = is_handed(hc) ? hc->req : NULL;

	http_conn_free(hc);
	if (r && r->gone)
		r->gone(r, r->arg);
}

/* No request any more; what waits goes out. */
static void http_conn_close(struct http_conn *hc)
{
	http_conn_state(hc, HTTP_CLOSING);
	conn_finish(hc->c, hc->s->o.limits.stall_us, HTTP_LINGER_US);
}

void http_conn_answered(struct http_conn *hc, bool close)
{
	hc->req = NULL;
	hc->served = true;
	if (close) {
		http_conn_close(hc);
	} else if (conn_pending(hc->c) > hc->s->o.limits.out_high) {
		http_conn_state(hc, HTTP_FULL);
	} else {
		http_conn_state(hc, HTTP_IDLE);
		conn_resume(hc->c);
	}
}

/* ---- heads ---- */

/* The route that was meant, as far as can be guessed, for the words of the
 * error: the first line's part from its first '/' on. */
static const struct http_route *meant(struct http_conn *hc)
{
	const struct http_route *route, *like;
	struct str in = conn_input(hc->c), path;
	size_t n = 0;

	while (in.len && (*in.p == '\r' || *in.p == '\n'))
		in = (struct str){in.p + 1, in.len - 1};
	while (n < in.len && !strchr("/\r\n", in.p[n]))
		n++;
	path = (struct str){in.p + n, 0};
	while (n + path.len < in.len && path.p[path.len] > ' ' &&
	       path.p[path.len] != '?')
		path.len++;
	if (!path.len)
		return NULL;
	(void)http_route_find(hc->s, STR("POST"), path, &route, &like);
	return route ? route : like;
}

/* What could not be read as a request is answered as if it were one. */
static void refuse(struct http_conn *hc, int status, const struct err *e)
{
	hc->req = http_req_new(hc, NULL, NULL, 0);
	hc->req->like = meant(hc);
	http_reply_err(hc->req, status, e);
}

static bool refuse_scan(struct http_conn *hc, int status)
{
	struct err e;

	if (status == 400)
		err_set(&e, RC_BAD,
			"the request is not plain HTTP/1.1: a line that does "
			"not end in CR LF");
	else
		err_set(&e, RC_BAD, "%s more than %zu bytes",
			status == 414 ? "the request line has"
				      : "the header fields have",
			hc->s->o.limits.header_bytes);
	refuse(hc, status, &e);
	return true;
}

static bool only_line_ends(struct str s)
{
	while (s.len && (s.p[s.len - 1] == '\r' || s.p[s.len - 1] == '\n'))
		s.len--;
	return !s.len;
}

static bool cut_off(struct http_conn *hc)
{
	struct err e;

	if (hc->state == HTTP_HEAD && only_line_ends(conn_input(hc->c))) {
		http_conn_close(hc);
		return false;
	}
	err_set(&e, RC_BAD, "the request ends early");
	if (hc->req)
		http_reply_err(hc->req, 400, &e);
	else
		refuse(hc, 400, &e);
	return false;
}

static int no_route(struct http_req *r, int status, struct err *e)
{
	struct buf methods;

	if (r->head.star) {
		http_reply_header(r, "Allow", STR("GET, HEAD, POST, OPTIONS"));
		return 204;
	}
	if (status == 404) {
		err_set(e, RC_BAD, "there is nothing at %.*s",
			STR_ARG(http_path(r)));
		return 404;
	}
	buf_init(&methods, 256);
	http_route_allow(r->s, http_path(r), &methods);
	err_set(e, RC_BAD, "%.*s takes %s, not %.*s", STR_ARG(http_path(r)),
		buf_str(&methods), STR_ARG(http_method(r)));
	http_reply_header(r, "Allow",
			  (struct str){buf_str(&methods), methods.len});
	buf_release(&methods);
	return 405;
}

/* Whether the body is to be read: 0, or the status to answer. */
static int admit(struct http_req *r, struct err *e)
{
	struct http_server *s = r->s;
	int status = http_route_find(s, http_method(r), http_path(r), &r->route,
				     &r->like);

	if (status)
		return no_route(r, status, e);
	r->like = r->route;
	if (s->o.admit) {
		r->admitted = true;
		status = s->o.admit(r, r->route, s->o.arg, e);
	}
	return status ? status : http_body_begin(r, e);
}

static bool take(struct http_conn *hc, const struct http_head *h,
		 const char *text, size_t len)
{
	struct http_req *r = http_req_new(hc, h, text, len);
	struct err e = {"", ""};
	int status;

	hc->req = r;
	conn_consume(hc->c, len);
	http_conn_state(hc, HTTP_BODY);
	r->body_done = !h->chunked && h->content_length <= 0;
	status = admit(r, &e);
	if (status == 204)
		http_reply(r, 204, NULL, STR(""));
	else if (status)
		http_reply_err(r, status, &e);
	else if (h->expect && !r->body_done && !conn_input(hc->c).len)
		conn_write(hc->c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	return true;
}

/* True: go on with the next step. */
static bool read_head(struct http_conn *hc)
{
	const struct http_limits *l = &hc->s->o.limits;
	struct http_head h = {.fields = hc->s->fields, .cap = l->headers};
	struct str in = conn_input(hc->c);
	struct err e;
	size_t len = 0;
	int status;

	status = http_head_scan(&hc->scan, in.p, in.len, l->header_bytes, &len);
	if (!status)
		return conn_eof(hc->c) && cut_off(hc);
	if (status != 200)
		return refuse_scan(hc, status);
	hc->scan = (struct http_scan){0};
	status = http_head_parse(&h, in.p, len, &e);
	if (status != 200) {
		refuse(hc, status, &e);
		return true;
	}
	return take(hc, &h, in.p, len);
}

/* ---- bodies ---- */

static bool read_body(struct http_conn *hc)
{
	struct http_req *r = hc->req;
	struct str in = conn_input(hc->c);
	struct err e;
	size_t used;
	int status = http_body_read(r, in, &used, &e);

	conn_consume(hc->c, used);
	if (!status)
		return conn_eof(hc->c) && cut_off(hc);
	if (status != 200) {
		http_reply_err(r, status, &e);
		return true;
	}
	http_conn_state(hc, HTTP_HANDLED);
	/* More requests wait: their answers go out together. */
	if (conn_input(hc->c).len && !hc->corked) {
		hc->corked = true;
		conn_cork(hc->c);
	}
	r->route->handle(r, hc->s->o.arg);
	return true;
}

static bool step(struct http_conn *hc)
{
	switch (hc->state) {
	case HTTP_IDLE:
		if (conn_input(hc->c).len) {
			http_conn_state(hc, HTTP_HEAD);
			return true;
		}
		if (conn_eof(hc->c))
			http_conn_close(hc);
		return false;
	case HTTP_HEAD:
		return read_head(hc);
	case HTTP_BODY:
		return read_body(hc);
	case HTTP_HANDLED:
	case HTTP_STREAM:
	case HTTP_FULL:
		conn_pause(hc->c);
		return false;
	case HTTP_CLOSING:
		break;
	}
	return false;
}

/* ---- callbacks ---- */

static void on_readable(struct conn *c, void *arg)
{
	struct http_conn *hc = arg;

	hc->depth++;
	while (!hc->dead && step(hc))
		continue;
	if (hc->corked) {
		hc->corked = false;
		if (!hc->dead)
			conn_uncork(c);
	}
	leave(hc);
}

static void on_writable(struct conn *c, void *arg)
{
	struct http_conn *hc = arg;
	struct http_req *r = hc->req;

	if (hc->state == HTTP_FULL) {
		http_conn_state(hc, HTTP_IDLE);
		conn_resume(c);
	} else if (hc->state == HTTP_STREAM && r->writable) {
		r->writable(r, r->arg);
	}
}

static void on_ended(struct conn *c, void *arg)
{
	struct http_conn *hc = arg;
	struct http_req *r = hc->req;

	(void)c;
	if (is_handed(hc) && r->gone)
		r->gone(r, r->arg);
}

static void on_closed(struct conn *c, void *arg, const struct err *e)
{
	(void)c;
	(void)e;
	lose(arg);
}

static const struct conn_cb callbacks = {
	.readable = on_readable,
	.writable = on_writable,
	.ended = on_ended,
	.closed = on_closed,
};

void http_conn_new(struct http_server *s, int fd, const char *peer,
		   bool loopback)
{
	const struct http_limits *l = &s->o.limits;
	const struct conn_opts o = {
		.cb = &callbacks,
		.arg = xcalloc(1, sizeof(struct http_conn)),
		.in_max = l->header_bytes,
		.out_high = l->out_high,
		.out_low = l->out_low,
		.out_max = l->out_high + HTTP_ANSWER_MAX,
		.tls = s->o.tls,
	};
	struct http_conn *hc = o.arg;

	hc->s = s;
	hc->loopback = loopback;
	hc->peer_len = (unsigned char)strlen(peer);
	memcpy(hc->peer, peer, hc->peer_len);
	hc->c = conn_new(s->loop, fd, &o);
	hc->next = s->conns;
	if (hc->next)
		hc->next->prev = hc;
	s->conns = hc;
	s->n_conns++;
	s->counts.connections++;
	http_conn_state(hc, HTTP_IDLE);
}

/* ---- time ---- */

static bool is_stalled(struct http_conn *hc)
{
	const struct http_server *s = hc->s;
	uint64_t moved = conn_received(hc->c) + conn_sent(hc->c);

	if (moved != hc->moved) {
		hc->moved = moved;
		hc->moved_us = s->now_us;
		return false;
	}
	return s->now_us - hc->moved_us > s->o.limits.stall_us + s->tick_us;
}

static void too_slow(struct http_conn *hc, const char *what)
{
	struct err e;

	err_set(&e, RC_BAD, "%s", what);
	if (hc->req)
		http_reply_err(hc->req, 408, &e);
	else
		refuse(hc, 408, &e);
}

void http_conn_tick(struct http_conn *hc)
{
	const struct http_limits *l = &hc->s->o.limits;
	int64_t age = hc->s->now_us - hc->since_us - hc->s->tick_us;

	switch (hc->state) {
	case HTTP_IDLE:
		/* Or shaking hands. */
		if (age > (conn_is_open(hc->c) ? l->idle_us : l->header_us))
			http_conn_free(hc);
		break;
	case HTTP_HEAD:
		if (age > l->header_us)
			too_slow(hc, "the header took too long");
		break;
	case HTTP_BODY:
		if (age > l->body_us)
			too_slow(hc, "the body took too long");
		else if (is_stalled(hc))
			too_slow(hc, "the body stopped coming");
		break;
	case HTTP_STREAM:
	case HTTP_FULL:
		/* Silence of ours is no stall. */
		if (!conn_pending(hc->c))
			hc->moved_us = hc->s->now_us;
		else if (is_stalled(hc))
			lose(hc);
		break;
	case HTTP_HANDLED:
	case HTTP_CLOSING:
		break;
	}
}
