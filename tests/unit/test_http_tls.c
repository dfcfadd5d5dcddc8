/* The HTTP server with TLS: the same answers, and a certificate that is
 * replaced while connections are open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "ingest/conn.h"
#include "ledger/base/alloc.h"
#include "tests/unit/cert.h"
#include "tests/unit/http_world.h"

#define HOST "Host: x\r\n"

static const char *dir;

struct caller {
	struct conn *c;
	struct buf in;
	bool opened, closed;
	struct err e;
};

static void on_opened(struct conn *c, void *arg)
{
	(void)c;
	((struct caller *)arg)->opened = true;
}

static void on_readable(struct conn *c, void *arg)
{
	struct caller *x = arg;
	struct str in = conn_input(c);

	buf_add(&x->in, in.p, in.len);
	conn_consume(c, in.len);
	x->closed = x->closed || conn_eof(c);
}

static void on_closed(struct conn *c, void *arg, const struct err *e)
{
	struct caller *x = arg;

	(void)c;
	x->closed = true;
	if (e)
		x->e = *e;
}

static const struct conn_cb callbacks = {
	.opened = on_opened, .readable = on_readable, .closed = on_closed};

/* Calls `host`, and believes only the certificate of that name. */
static void call(struct http_world *w, struct caller *x, const char *host)
{
	char *ca = xasprintf("%s/%s.crt", dir, host);
	struct conn_opts o = {.cb = &callbacks,
			      .arg = x,
			      .in_max = 65536,
			      .out_high = 1 << 20,
			      .out_max = 8 << 20,
			      .host = host};
	struct err e;

	memset(x, 0, sizeof(*x));
	buf_init(&x->in, 8 << 20);
	assert_int_equal(tls_client_new(&o.tls, ca, &e), RC_OK);
	assert_int_equal(conn_connect(&x->c, w->l, (struct sockaddr *)&w->at,
				      sizeof(w->at), &o, &e),
			 RC_OK);
	tls_free(o.tls);
	free(ca);
}

static void hang_up(struct caller *x)
{
	conn_free(x->c);
	buf_release(&x->in);
}

static bool says(const struct caller *x, const char *text)
{
	return strstr(buf_str(&x->in), text) != NULL;
}

static struct tls *server_tls(const char *name)
{
	char *cert = xasprintf("%s/%s.crt", dir, name);
	char *key = xasprintf("%s/%s.key", dir, name);
	struct tls *t;
	struct err e;

	assert_int_equal(tls_new(&t, cert, key, &e), RC_OK);
	free(cert);
	free(key);
	return t;
}

static void serve(struct http_world *w)
{
	http_world_open(w);
	w->o.tls = server_tls("one");
	http_world_serve(w);
}

static void say(struct caller *x, const char *text)
{
	conn_write(x->c, text, strlen(text));
}

static void test_answers(void **state)
{
	struct http_world w;
	struct caller x;
	char *big = xcalloc(1 << 20, 1);

	(void)state;
	memset(big, 'b', 1 << 20);
	serve(&w);
	call(&w, &x, "one");
	say(&x,
	    "GET /hello HTTP/1.1\r\n" HOST "\r\n"
	    "GET /later HTTP/1.1\r\n" HOST "\r\n"
	    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
	conn_write(x.c, big, 1 << 20);
	UNTIL(&w, w.n_held == 1);
	http_reply_begin(w.held[0], 200, NULL);
	http_reply_chunk(w.held[0], "piece", 5);
	UNTIL(&w, says(&x, "5\r\npiece\r\n"));
	http_reply_end(w.held[0]);
	w.n_held = 0;
	UNTIL(&w, x.in.len > 1 << 20);
	assert_true(says(&x, "\r\n\r\nhello"));
	UNTIL(&w, x.in.p[x.in.len - 1] == 'b' && w.handled == 3);
	say(&x, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	UNTIL(&w, x.closed);
	assert_int_equal(x.e.msg[0], 0); /* it ended, nothing broke */
	hang_up(&x);
	tls_free(w.o.tls);
	free(big);
	http_world_close(&w);
}

/* Who was there keeps talking; who comes sees the new certificate. */
static void test_reload(void **state)
{
	struct http_world w;
	struct caller old, wrong, x;
	struct tls *two;

	(void)state;
	serve(&w);
	call(&w, &old, "one");
	UNTIL(&w, old.opened);
	two = server_tls("two");
	http_server_set_tls(w.s, two);
	tls_free(w.o.tls);
	call(&w, &wrong, "one");
	UNTIL(&w, wrong.closed);
	assert_non_null(strstr(wrong.e.msg, "certificate"));
	call(&w, &x, "two");
	say(&x, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	say(&old, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, says(&x, "\r\n\r\nhello") && says(&old, "\r\n\r\nhello"));
	hang_up(&x);
	hang_up(&old);
	hang_up(&wrong);
	tls_free(two);
	http_world_close(&w);
}

/* Plain HTTP, rubbish, and silence on a TLS port. */
static void test_no_tls(void **state)
{
	struct http_world w;
	struct client plain, silent;

	(void)state;
	http_world_open(&w);
	w.o.limits.header_us = 50000;
	w.o.tls = server_tls("one");
	http_world_serve(&w);
	client_open(&plain, &w);
	client_open(&silent, &w);
	client_say(&plain, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_over(&plain) && client_over(&silent));
	assert_int_equal(w.handled, 0);
	assert_int_equal(http_server_connections(w.s), 0);
	client_close(&plain);
	client_close(&silent);
	tls_free(w.o.tls);
	http_world_close(&w);
}

static void test_gone(void **state)
{
	struct http_world w;
	struct caller x;

	(void)state;
	serve(&w);
	call(&w, &x, "one");
	say(&x, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, w.n_held == 1);
	hang_up(&x);
	UNTIL(&w, w.gone >= 1);
	http_drop(w.held[0]);
	w.n_held = 0;
	tls_free(w.o.tls);
	http_world_close(&w);
}

static int make_certs(void **state)
{
	static char name[] = "/tmp/aco-http-XXXXXX";

	(void)state;
	dir = mkdtemp(name);
	if (!dir)
		return -1;
	cert_make(dir, "one");
	cert_make(dir, "two");
	return 0;
}

static int remove_certs(void **state)
{
	static const char *const names[] = {"one.crt", "one.key", "two.crt",
					    "two.key"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]);

		unlink(path);
		free(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, make_certs, remove_certs);
}
