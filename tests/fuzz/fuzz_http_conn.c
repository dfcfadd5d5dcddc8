/* A connection of the HTTP server from its first byte to its end: however the
 * bytes are cut on their way, the same answers come, and nothing is left
 * behind. The first byte seeds the cuts, the second says how the client ends:
 * it ends its side, or goes without a word. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingest/http_int.h"
#include "ledger/base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	HELD = 8
};

static struct loop *loop;
static struct http_server *server;
static struct http_req *held[HELD];
static int n_held, admitted, done;

/* ---- handlers ---- */

static void on_echo(struct http_req *r, void *arg)
{
	(void)arg;
	http_reply(r, 200, http_content_type(r).p ? "text/plain" : NULL,
		   http_body(r));
}

static void on_later(struct http_req *r, void *arg)
{
	(void)arg;
	if (n_held == HELD)
		BUG("more requests than connections");
	held[n_held++] = r;
}

static void on_stream(struct http_req *r, void *arg)
{
	http_reply_begin(r, 200, "text/plain");
	http_reply_chunk(r, http_path(r).p, http_path(r).len);
	on_later(r, arg);
}

static void on_drop(struct http_req *r, void *arg)
{
	(void)arg;
	http_drop(r);
}

static const struct http_route table[] = {
	{"*", "/e*", HTTP_CAP_SMALL, HTTP_OPEN, true, on_echo, NULL},
	{"*", "/r", HTTP_CAP_SMALL, HTTP_OPEN, false, on_echo, NULL},
	{"GET", "/n", HTTP_CAP_NONE, HTTP_OPEN, false, on_echo, NULL},
	{"*", "/l", HTTP_CAP_SMALL, HTTP_OPEN, true, on_later, NULL},
	{"*", "/s", HTTP_CAP_SMALL, HTTP_OPEN, true, on_stream, NULL},
	{"*", "/d", HTTP_CAP_SMALL, HTTP_OPEN, true, on_drop, NULL},
	{.method = NULL},
};
static const struct http_route *const routes[] = {table, NULL};

static int admit(struct http_req *r, const struct http_route *route, void *arg,
		 struct err *e)
{
	(void)route;
	(void)arg;
	admitted++;
	if (!http_header(r, "x-no").p)
		return 0;
	err_set(e, RC_DENIED, "no");
	return 403;
}

static void on_done(struct http_req *r, void *arg)
{
	(void)r;
	(void)arg;
	done++;
}

/* ---- one connection ---- */

static void stop(void *arg)
{
	loop_stop(arg);
}

static void turn(void)
{
	for (int i = 0; i < 3; i++) {
		loop_defer(loop, stop, loop);
		loop_run(loop);
	}
}

static void answer_held(void)
{
	while (n_held) {
		struct http_req *r = held[--n_held];

		if (str_is(http_path(r), "/s"))
			http_reply_end(r);
		else
			http_reply(r, 200, NULL, STR("later"));
		turn();
	}
}

static void hear(int fd)
{
	char text[4096];

	while (recv(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		continue;
}

/* What the server answered; seed 0: all bytes come at once. */
static struct http_counts talk(const uint8_t *p, size_t n, uint32_t seed,
			       bool end)
{
	struct http_counts before, after;
	int fd[2];
	size_t at = 0;

	http_server_counts(server, &before);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       fd))
		BUG("no sockets");
	http_conn_new(server, fd[0], "fuzz", true);
	while (at < n) {
		size_t len = n - at;
		ssize_t sent;

		if (seed)
			seed = seed * 1103515245 + 12345;
		if (seed && (seed >> 16) % 64 + 1 < len)
			len = (seed >> 16) % 64 + 1;
		sent = send(fd[1], p + at, len, MSG_NOSIGNAL);
		turn();
		answer_held();
		hear(fd[1]);
		if (sent < 0 && errno != EAGAIN)
			break;
		at += sent > 0 ? (size_t)sent : 0;
	}
	if (end)
		shutdown(fd[1], SHUT_WR);
	turn();
	answer_held();
	hear(fd[1]);
	close(fd[1]);
	turn();
	answer_held();
	turn();
	http_server_counts(server, &after);
	for (int i = 0; i < 6; i++)
		after.answers[i] -= before.answers[i];
	if (http_server_connections(server) || http_server_busy(server) ||
	    http_server_inflight(server) || server->reqs || admitted != done)
		BUG("something is left of a connection");
	return after;
}

static void begin(void)
{
	struct http_opts o = {
		.routes = routes, .admit = admit, .done = on_done};
	struct err e;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	loop = loop_new();
	http_limits_default(&o.limits);
	o.limits.header_bytes = 2000;
	o.limits.headers = 16;
	o.limits.body[HTTP_CAP_SMALL] = 3000;
	o.limits.inflated[HTTP_CAP_SMALL] = 6000;
	if (fd < 0 || listen(fd, 1) ||
	    http_server_new(&server, loop, fd, &o, &e))
		BUG("no server");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_counts whole, cut;

	if (size < 2)
		return 0;
	if (!server)
		begin();
	whole = talk(data + 2, size - 2, 0, data[1] & 1);
	cut = talk(data + 2, size - 2, data[0] + 1U, data[1] & 1);
	for (int i = 0; i < 6; i++)
		if (whole.answers[i] != cut.answers[i])
			BUG("cuts make a difference to answers");
	return 0;
}
