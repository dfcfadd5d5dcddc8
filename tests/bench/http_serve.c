/* A server for bench_http.sh: our HTTP server with nothing behind it.
 *   GET  /     200 and two bytes      POST /echo  the body
 *   GET  /2k   200 and 2 KiB          GET  /later answered from the loop
 * Prints its port, and runs until SIGTERM. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingest/http.h"
#include "ingest/loop.h"
#include "ledger/base/alloc.h"

struct bench {
	struct loop *loop;
	char two_kb[2048];
};

static void ok(struct http_req *r, void *arg)
{
	(void)arg;
	http_reply(r, 200, "text/plain", STR("ok"));
}

static void two_kb(struct http_req *r, void *arg)
{
	struct bench *b = arg;

	http_reply(r, 200, "application/json",
		   (struct str){b->two_kb, sizeof(b->two_kb)});
}

static void echo(struct http_req *r, void *arg)
{
	(void)arg;
	http_reply(r, 200, "application/json", http_body(r));
}

static void answer(void *arg)
{
	http_reply(arg, 200, "text/plain", STR("ok"));
}

static void later(struct http_req *r, void *arg)
{
	loop_defer(((struct bench *)arg)->loop, answer, r);
}

static const struct http_route table[] = {
	{.method = "GET", .path = "/", .handle = ok},
	{.method = "GET", .path = "/2k", .handle = two_kb},
	{.method = "POST",
	 .path = "/echo",
	 .cap = HTTP_CAP_SMALL,
	 .inflate = true,
	 .handle = echo},
	{.method = "GET", .path = "/later", .handle = later},
	{.method = NULL},
};
static const struct http_route *const routes[] = {table, NULL};

static int listener(int *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(fd, 1024) || getsockname(fd, (struct sockaddr *)&at, &n))
		BUG("no socket to listen on");
	*port = ntohs(at.sin_port);
	return fd;
}

static void on_term(void *arg)
{
	loop_stop(arg);
}

int main(int argc, char **argv)
{
	struct bench b = {.loop = loop_new()};
	struct http_opts o = {.routes = routes, .arg = &b};
	struct http_server *s;
	struct tls *tls = NULL;
	struct err e;
	int port, fd = listener(&port);

	memset(b.two_kb, 'x', sizeof(b.two_kb));
	http_limits_default(&o.limits);
	if (argc == 3 && tls_new(&tls, argv[1], argv[2], &e)) {
		err_print(&e);
		return 1;
	}
	o.tls = tls;
	if (http_server_new(&s, b.loop, fd, &o, &e)) {
		err_print(&e);
		return 1;
	}
	printf("%d\n", port);
	fflush(stdout);
	loop_signal(b.loop, SIGTERM, on_term, b.loop);
	loop_run(b.loop);
	http_server_free(s);
	tls_free(tls);
	loop_free(b.loop);
	return 0;
}
