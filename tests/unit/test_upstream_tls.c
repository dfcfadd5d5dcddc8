/* The client over TLS: only who is believed is talked to. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cert.h"
#include "ingest/conn.h"
#include "ingest/loop.h"
#include "ingest/tls.h"
#include "ingest/upstream.h"
#include "ledger/base/buf.h"
#include "ledger/base/clock.h"

#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct world {
	struct loop *l;
	struct loop_timer *deadline;
	struct loop_watch *watch;
	struct tls *server;
	struct conn *conns[8];
	int n_conns, requests;
	int fd;
	uint16_t port;
	bool late;

	int ends, status;
	enum up_end how[4];
	struct err e;
	int want;
};

static char dir[] = "/tmp/aco_tls_XXXXXX";

static void too_late(void *arg)
{
	struct world *w = arg;

	w->late = true;
	loop_stop(w->l);
}

static void serve(struct conn *c, void *arg)
{
	struct world *w = arg;
	struct str in = conn_input(c);

	if (!in.len || !memmem(in.p, in.len, "\r\n\r\n{}", 6))
		return;
	conn_consume(c, in.len);
	w->requests++;
	conn_write(c, REPLY, sizeof(REPLY) - 1);
}

static const struct conn_cb serve_cb = {.readable = serve};

static void taken(void *arg, short revents)
{
	struct world *w = arg;
	struct conn_opts o = {.cb = &serve_cb,
			      .arg = w,
			      .in_max = 65536,
			      .out_high = 65536,
			      .out_low = 16384,
			      .out_max = 1 << 20,
			      .tls = w->server};
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK);

	(void)revents;
	if (fd < 0)
		return;
	assert_true(w->n_conns < 8);
	w->conns[w->n_conns++] = conn_new(w->l, fd, &o);
}

static void world_init(struct world *w, const char *name)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	char cert[64], key[64];
	struct err e;

	memset(w, 0, sizeof(*w));
	snprintf(cert, sizeof(cert), "%s/%s.crt", dir, name);
	snprintf(key, sizeof(key), "%s/%s.key", dir, name);
	assert_int_equal(tls_new(&w->server, cert, key, &e), RC_OK);
	w->l = loop_new();
	w->deadline = loop_timer_new(w->l, too_late, w);
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(w->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(w->fd, 16), 0);
	assert_int_equal(getsockname(w->fd, (struct sockaddr *)&at, &len), 0);
	w->port = ntohs(at.sin_port);
	w->watch = loop_watch_new(w->l, w->fd, taken, w);
	loop_watch_set(w->watch, POLLIN);
}

static void world_release(struct world *w)
{
	for (int i = 0; i < w->n_conns; i++)
		conn_free(w->conns[i]);
	loop_watch_free(w->watch);
	loop_timer_free(w->deadline);
	close(w->fd);
	tls_free(w->server);
	loop_free(w->l);
}

static void on_head(void *arg, int status, const struct up_header *h, int n)
{
	struct world *w = arg;

	(void)h;
	(void)n;
	w->status = status;
}

static bool on_data(void *arg, const char *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n;
	return true;
}

static void on_end(void *arg, enum up_end how, bool sent, const struct err *e)
{
	struct world *w = arg;

	(void)sent;
	w->how[w->ends++] = how;
	w->e = *e;
	if (w->ends == w->want)
		loop_stop(w->l);
}

/* Calls one after the other to https://HOST, believing the file CA. */
static void call(struct world *w, const char *host, const char *ca, int n)
{
	static const struct up_calls calls = {on_head, on_data, on_end};
	char file[64], url[64];
	struct up_limits lim = {.per_origin = 1,
				.idle_us = 60 * US_PER_SEC,
				.head_bytes = 16384,
				.ca = file};
	struct up_origin origin;
	struct up_ask ask = {.origin = &origin,
			     .method = STR("POST"),
			     .target = STR("/v1/x"),
			     .body = STR("{}")};
	struct upstream *u;
	struct err e;

	snprintf(file, sizeof(file), "%s/%s.crt", dir, ca);
	snprintf(url, sizeof(url), "https://%s:%u", host, w->port);
	assert_int_equal(up_origin_parse(&origin, str_from(url), &e), RC_OK);
	u = upstream_new(w->l, &lim, &e);
	assert_non_null(u);
	w->want = n;
	for (int i = 0; i < n; i++)
		assert_non_null(up_start(u, &ask, &calls, w, &e));
	loop_timer_set(w->deadline, 20 * US_PER_SEC);
	loop_run(w->l);
	assert_false(w->late);
	upstream_free(u);
}

static void test_believed(void **state)
{
	static const char *const hosts[] = {"localhost", "127.0.0.1"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;

		world_init(&w, "localhost");
		call(&w, hosts[i], "localhost", 3);
		for (int k = 0; k < 3; k++)
			assert_int_equal(w.how[k], UP_DONE);
		assert_int_equal(w.status, 200);
		assert_int_equal(w.requests, 3);
		assert_int_equal(w.n_conns, 1);
		world_release(&w);
	}
}

static void test_not_believed(void **state)
{
	/* Another authority; the right one, for another host. */
	static const struct {
		const char *server, *ca, *host;
	} cases[] = {{"localhost", "other", "localhost"},
		     {"other", "other", "localhost"}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;

		world_init(&w, cases[i].server);
		call(&w, cases[i].host, cases[i].ca, 1);
		assert_int_equal(w.how[0], UP_CONNECT);
		assert_int_equal(w.requests, 0);
		assert_true(w.e.msg[0] != 0);
		world_release(&w);
	}
}

static void test_no_authority(void **state)
{
	struct loop *l = loop_new();
	struct up_limits lim = {.per_origin = 1, .ca = "/nonexistent.crt"};
	struct err e;

	(void)state;
	assert_null(upstream_new(l, &lim, &e));
	assert_true(e.msg[0] != 0);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_believed),
		cmocka_unit_test(test_not_believed),
		cmocka_unit_test(test_no_authority),
	};
	char path[64];
	int rc;

	if (!mkdtemp(dir))
		return 1;
	cert_make(dir, "localhost");
	cert_make(dir, "other");
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s.%s", dir,
			 i & 1 ? "other" : "localhost", i & 2 ? "key" : "crt");
		unlink(path);
	}
	rmdir(dir);
	return rc;
}
