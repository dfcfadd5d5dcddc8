#include "tests/unit/http_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

#define PATIENCE_US (20 * US_PER_SEC)

/* ---- handlers ---- */

static struct http_world *world(void *arg)
{
	struct http_world *w = arg;

	w->handled++;
	return w;
}

static void hello(struct http_req *r, void *arg)
{
	world(arg);
	http_reply_header(r, "X-Greeting", STR("yes"));
	http_reply(r, 200, "text/plain", STR("hello"));
}

static void echo(struct http_req *r, void *arg)
{
	world(arg);
	http_reply(r, 200, "application/octet-stream", http_body(r));
}

static void tele(struct http_req *r, void *arg)
{
	char text[32];

	world(arg);
	snprintf(text, sizeof(text), "%zu", http_body(r).len);
	http_body_release(r);
	http_reply(r, 200, "text/plain", str_from(text));
}

static void raw(struct http_req *r, void *arg)
{
	world(arg);
	http_reply_header(r, "X-Coding", http_header(r, "content-encoding"));
	http_reply(r, 200, NULL, http_body(r));
}

static void on_writable(struct http_req *r, void *arg)
{
	struct http_world *w = arg;

	(void)r;
	w->writable++;
}

static void on_gone(struct http_req *r, void *arg)
{
	struct http_world *w = arg;

	w->gone++;
	w->broken += http_broken(r);
}

static void hold(struct http_req *r, void *arg)
{
	struct http_world *w = world(arg);

	assert_true(w->n_held < WORLD_HELD);
	http_on(r, on_writable, on_gone, w);
	w->held[w->n_held++] = r;
}

static void what(struct http_req *r, void *arg)
{
	struct buf b;

	world(arg);
	buf_init(&b, 4096);
	buf_addf(&b, "%.*s|%.*s|%.*s|%.*s|%.*s|%d", STR_ARG(http_method(r)),
		 STR_ARG(http_path(r)), STR_ARG(http_query(r)),
		 STR_ARG(http_header(r, "X-A")), STR_ARG(http_content_type(r)),
		 http_loopback(r));
	http_reply(r, 200, "text/plain", (struct str){buf_str(&b), b.len});
	buf_release(&b);
}

static void any(struct http_req *r, void *arg)
{
	world(arg);
	http_reply(r, 200, NULL, STR("any"));
}

static void exact(struct http_req *r, void *arg)
{
	world(arg);
	http_reply(r, 200, NULL, STR("exact"));
}

static void longer(struct http_req *r, void *arg)
{
	world(arg);
	http_reply(r, 200, NULL, STR("longer"));
}

static void drop(struct http_req *r, void *arg)
{
	world(arg);
	http_drop(r);
}

static void refuse(struct http_req *r, void *arg)
{
	struct err e;

	world(arg);
	err_set(&e, RC_BUSY, "not now");
	http_reply_err(r, 429, &e);
}

static void on_error(struct http_req *r, int status, const struct err *e,
		     struct buf *body, const char **ctype)
{
	(void)r;
	*ctype = "application/x-test";
	buf_addf(body, "%d: %s", status, e->msg);
}

static const struct http_route first[] = {
	{"GET", "/hello", HTTP_CAP_NONE, HTTP_OPEN, false, hello, NULL},
	{"POST", "/echo", HTTP_CAP_SMALL, HTTP_NEED_INGEST, true, echo, NULL},
	{"POST", "/tele", HTTP_CAP_TELEMETRY, HTTP_NEED_INGEST, true, tele,
	 on_error},
	{"POST", "/raw", HTTP_CAP_SMALL, HTTP_OPEN, false, raw, NULL},
	{"GET", "/later", HTTP_CAP_NONE, HTTP_OPEN, false, hold, NULL},
	{"POST", "/later", HTTP_CAP_SMALL, HTTP_OPEN, true, hold, NULL},
	{"GET", "/stream", HTTP_CAP_NONE, HTTP_OPEN, false, hold, NULL},
	{"GET", "/what", HTTP_CAP_NONE, HTTP_OPEN, false, what, NULL},
	{.method = NULL},
};

static const struct http_route second[] = {
	{"*", "/any/*", HTTP_CAP_SMALL, HTTP_OPEN, false, any, NULL},
	{"*", "/any/longer/*", HTTP_CAP_SMALL, HTTP_OPEN, false, longer, NULL},
	{"GET", "/any/exact", HTTP_CAP_NONE, HTTP_OPEN, false, exact, NULL},
	{"POST", "/drop", HTTP_CAP_SMALL, HTTP_OPEN, false, drop, NULL},
	{"POST", "/err", HTTP_CAP_SMALL, HTTP_OPEN, false, refuse, on_error},
	{.method = NULL},
};

static const struct http_route *const routes[] = {first, second, NULL};

static int admit(struct http_req *r, const struct http_route *route, void *arg,
		 struct err *e)
{
	struct http_world *w = arg;

	assert_ptr_equal(http_route(r), route);
	w->admitted++;
	if (w->refuse)
		err_set(e, RC_DENIED, "who are you");
	return w->refuse;
}

static void done(struct http_req *r, void *arg)
{
	struct http_world *w = arg;

	(void)r;
	w->done++;
}

/* ---- the server ---- */

static void step(void *arg)
{
	loop_stop(((struct http_world *)arg)->l);
}

void http_world_open(struct http_world *w)
{
	*w = (struct http_world){.l = loop_new()};
	w->step = loop_timer_new(w->l, step, w);
	w->o = (struct http_opts){
		.routes = routes, .admit = admit, .done = done, .arg = w};
	http_limits_default(&w->o.limits);
	w->until_us = clock_mono_us() + PATIENCE_US;
}

void http_world_serve(struct http_world *w)
{
	socklen_t n = sizeof(w->at);
	struct err e;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	w->at = (struct sockaddr_in){.sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)&w->at, sizeof(w->at)), 0);
	assert_int_equal(listen(fd, 128), 0);
	getsockname(fd, (struct sockaddr *)&w->at, &n);
	assert_int_equal(http_server_new(&w->s, w->l, fd, &w->o, &e), RC_OK);
}

void http_world_close(struct http_world *w)
{
	http_server_free(w->s);
	for (int i = 0; i < w->n_held; i++)
		http_drop(w->held[i]);
	loop_timer_free(w->step);
	loop_free(w->l);
	assert_int_equal(w->admitted, w->done);
}

void http_world_step(struct http_world *w)
{
	if (clock_mono_us() > w->until_us)
		fail_msg("waited for too long");
	loop_timer_set(w->step, 500);
	loop_run(w->l);
}

/* ---- clients ---- */

static void client_watch(struct client *c)
{
	short events = 0;

	if (!c->eof && !c->reset && !c->deaf)
		events |= POLLIN;
	if (c->sent < c->out.len)
		events |= POLLOUT;
	loop_watch_set(c->watch, events);
}

static void client_read(struct client *c)
{
	char *p = buf_reserve(&c->in, 65536);
	ssize_t n = recv(c->fd, p, 65536, MSG_DONTWAIT);

	if (n > 0)
		buf_advance(&c->in, (size_t)n);
	else if (n == 0)
		c->eof = true;
	else if (errno != EAGAIN)
		c->reset = true;
}

static void on_client(void *arg, short revents)
{
	struct client *c = arg;

	if ((revents & POLLOUT) && c->sent < c->out.len) {
		ssize_t n =
			send(c->fd, c->out.p + c->sent, c->out.len - c->sent,
			     MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			c->sent += (size_t)n;
		else if (errno != EAGAIN)
			c->sent = c->out.len;
	}
	if ((revents & POLLIN) && !c->deaf)
		client_read(c);
	client_watch(c);
}

void client_open(struct client *c, struct http_world *w)
{
	*c = (struct client){.w = w};
	buf_init(&c->out, (size_t)256 << 20);
	buf_init(&c->in, (size_t)256 << 20);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(c->fd, (struct sockaddr *)&w->at, sizeof(w->at)), 0);
	c->watch = loop_watch_new(w->l, c->fd, on_client, c);
	client_watch(c);
}

void client_close(struct client *c)
{
	if (c->fd < 0)
		return;
	loop_watch_free(c->watch);
	close(c->fd);
	c->fd = -1;
	buf_release(&c->out);
	buf_release(&c->in);
}

void client_reset(struct client *c)
{
	const struct linger now = {.l_onoff = 1};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	client_close(c);
}

void client_end(struct client *c)
{
	shutdown(c->fd, SHUT_WR);
}

void client_deaf(struct client *c, bool deaf)
{
	c->deaf = deaf;
	client_watch(c);
}

void client_send(struct client *c, const void *p, size_t n)
{
	buf_add(&c->out, p, n);
	assert_true(buf_ok(&c->out));
	client_watch(c);
}

void client_say(struct client *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&c->out, fmt, ap);
	va_end(ap);
	client_watch(c);
}

bool client_sent(const struct client *c)
{
	return c->sent == c->out.len;
}

bool client_over(const struct client *c)
{
	return c->eof || c->reset;
}

int client_heard(const struct client *c, const char *text)
{
	const char *p = buf_str(&c->in);
	int n = 0;

	while ((p = memmem(p, c->in.len - (size_t)(p - buf_str(&c->in)), text,
			   strlen(text))) != NULL) {
		p += strlen(text);
		n++;
	}
	return n;
}

void client_forget(struct client *c)
{
	buf_clear(&c->in);
}

/* ---- answers ---- */

struct answer {
	int status;
	struct str head, body; /* the body as it came */
	bool chunked;
};

static struct str field(struct str head, const char *name)
{
	size_t n = strlen(name);
	const char *p = head.p, *end = head.p + head.len;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((lf ? lf : end) - p);

		if (len > n && p[n] == ':' && !strncasecmp(p, name, n))
			return str_trim((struct str){p + n + 1, len - n - 1});
		p += len + 1;
	}
	return STR_NONE;
}

/* The end of a chunked body, or NULL. */
static const char *chunks_end(const char *p, const char *end)
{
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t n = strtoul(p, NULL, 16);

		if (!lf || (size_t)(end - lf - 1) < n + 2)
			return NULL;
		p = lf + 1 + n + 2;
		if (n == 0)
			return p;
	}
	return NULL;
}

static bool cut(const char **at, const char *end, struct answer *a)
{
	const char *p = *at;
	const char *body =
		p < end ? memmem(p, (size_t)(end - p), "\r\n\r\n", 4) : NULL;
	int64_t n = 0;

	if (!body)
		return false;
	body += 4;
	*a = (struct answer){.head = {p, (size_t)(body - p)}};
	a->status = (int)strtol(p + 9, NULL, 10);
	a->chunked = str_is(field(a->head, "transfer-encoding"), "chunked");
	if (a->chunked) {
		const char *over = chunks_end(body, end);

		n = over ? over - body : -1;
	} else {
		(void)!str_i64(field(a->head, "content-length"), &n);
	}
	if (n < 0 || end - body < n)
		n = -1;
	a->body = n < 0 ? STR_NONE : (struct str){body, (size_t)n};
	*at = n < 0 ? end : body + n;
	return true;
}

static bool nth_answer(const struct client *c, int nth, struct answer *a)
{
	const char *p = buf_str(&c->in), *end = p + c->in.len;

	for (int i = 0; i <= nth; i++)
		if (!cut(&p, end, a))
			return false;
	return true;
}

int client_status(const struct client *c, int nth)
{
	struct answer a;

	return nth_answer(c, nth, &a) ? a.status : 0;
}

struct str client_header(const struct client *c, int nth, const char *name)
{
	struct answer a;

	return nth_answer(c, nth, &a) ? field(a.head, name) : STR_NONE;
}

struct str client_body(struct client *c, int nth)
{
	static struct buf plain;
	struct answer a;
	const char *p;

	if (!nth_answer(c, nth, &a) || !a.body.p)
		return STR_NONE;
	if (!a.chunked)
		return a.body;
	buf_release(&plain);
	buf_init(&plain, (size_t)256 << 20);
	p = a.body.p;
	for (;;) {
		size_t n = strtoul(p, NULL, 16);

		p = strchr(p, '\n') + 1;
		buf_add(&plain, p, n);
		p += n + 2;
		if (!n)
			return (struct str){buf_str(&plain), plain.len};
	}
}

char *http_gzip(const char *p, size_t n, size_t *out)
{
	z_stream z = {0};
	size_t room = n + n / 1000 + 1024;
	char *to = xcalloc(room, 1);

	assert_int_equal(
		deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY),
		Z_OK);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (unsigned)n;
	z.next_out = (Bytef *)to;
	z.avail_out = (unsigned)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	*out = room - z.avail_out;
	deflateEnd(&z);
	return to;
}
