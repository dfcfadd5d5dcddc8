/* The HTTP server: requests and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "tests/unit/http_world.h"

#define HOST "Host: x\r\n"

static void open_one(struct http_world *w, struct client *c)
{
	http_world_open(w);
	http_world_serve(w);
	client_open(c, w);
}

static void close_one(struct http_world *w, struct client *c)
{
	client_close(c);
	http_world_close(w);
}

static void test_hello(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	open_one(&w, &c);
	client_say(&c, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_body(&c, 0).p);
	assert_int_equal(client_status(&c, 0), 200);
	assert_true(str_is(client_body(&c, 0), "hello"));
	assert_true(str_is(client_header(&c, 0, "content-type"), "text/plain"));
	assert_true(str_is(client_header(&c, 0, "x-greeting"), "yes"));
	assert_int_equal(client_header(&c, 0, "date").len, 29);
	assert_true(str_ends(client_header(&c, 0, "date"), " GMT"));
	assert_null(client_header(&c, 0, "connection").p);
	/* The connection goes on. */
	client_say(&c,
		   "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	UNTIL(&w, client_over(&c));
	assert_false(c.reset);
	assert_int_equal(client_status(&c, 1), 200);
	assert_true(str_is(client_header(&c, 1, "connection"), "close"));
	assert_int_equal(w.handled, 2);
	assert_int_equal(w.done, 2);
	close_one(&w, &c);
}

static void test_what_a_request_says(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	open_one(&w, &c);
	client_say(&c, "GET /what?a=1&b HTTP/1.1\r\n" HOST
		       "x-a:  some  \r\nContent-Type: Text/HTML; charset=x\r\n"
		       "X-A: other\r\n\r\n");
	client_say(&c, "GET http://there/what HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_body(&c, 1).p);
	assert_true(
		str_is(client_body(&c, 0), "GET|/what|a=1&b|some|text/html|1"));
	assert_true(str_is(client_body(&c, 1), "GET|/what||||1"));
	close_one(&w, &c);
}

static void test_routes(void **state)
{
	static const struct {
		const char *line;
		int status;
		const char *body, *allow;
	} cases[] = {
		{"GET /any/x", 200, "any", NULL},
		{"DELETE /any/", 200, "any", NULL},
		{"GET /any/longer/x", 200, "longer", NULL},
		{"GET /any/exact", 200, "exact", NULL},
		{"PUT /any/exact", 200, "any", NULL},
		{"GET /any", 404, NULL, NULL},
		{"GET /hell", 404, NULL, NULL},
		{"GET /helloo", 404, NULL, NULL},
		{"GET /", 404, NULL, NULL},
		{"GET /echo", 405, NULL, "POST"},
		{"PUT /later", 405, NULL, "GET, HEAD, POST"},
		{"hello /hello", 405, NULL, "GET, HEAD"},
		{"OPTIONS *", 204, NULL, "GET, HEAD, POST, OPTIONS"},
	};
	struct http_world w;
	struct client c;

	(void)state;
	open_one(&w, &c);
	for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
		client_say(&c, "%s HTTP/1.1\r\n" HOST "\r\n", cases[i].line);
		UNTIL(&w, client_body(&c, i).p);
		assert_int_equal(client_status(&c, i), cases[i].status);
		if (cases[i].body)
			assert_true(str_is(client_body(&c, i), cases[i].body));
		if (cases[i].allow)
			assert_true(str_is(client_header(&c, i, "allow"),
					   cases[i].allow));
	}
	close_one(&w, &c);
}

static void test_head(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	open_one(&w, &c);
	client_say(&c, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_heard(&c, "\r\n\r\n") == 1);
	assert_int_equal(client_heard(&c, "Content-Length: 5\r\n"), 1);
	assert_int_equal(client_heard(&c, "hello"), 0);
	client_forget(&c);
	/* Nothing of a body comes late. */
	client_say(&c, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_body(&c, 0).p);
	assert_int_equal(c.in.p[0], 'H');
	close_one(&w, &c);
}

static void test_http10(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	open_one(&w, &c);
	client_say(&c, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	UNTIL(&w, client_body(&c, 0).p);
	assert_true(str_is(client_header(&c, 0, "connection"), "keep-alive"));
	client_say(&c, "GET /hello HTTP/1.0\r\n\r\n");
	UNTIL(&w, client_over(&c));
	assert_int_equal(client_status(&c, 1), 200);
	close_one(&w, &c);
}

static void test_bodies(void **state)
{
	struct http_world w;
	struct client c;
	char *big = xcalloc(1 << 20, 1);

	(void)state;
	open_one(&w, &c);
	memset(big, 'b', 1 << 20);
	client_say(&c, "POST /echo HTTP/1.1\r\n" HOST
		       "Content-Length: 3\r\n\r\nabc");
	UNTIL(&w, client_body(&c, 0).p);
	assert_true(str_is(client_body(&c, 0), "abc"));
	client_say(&c, "POST /echo HTTP/1.1\r\n" HOST
		       "Transfer-Encoding: chunked\r\n\r\n"
		       "3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nTrailer: x\r\n\r\n");
	UNTIL(&w, client_body(&c, 1).p);
	assert_true(str_is(client_body(&c, 1), "abcdefg"));
	client_say(&c, "POST /echo HTTP/1.1\r\n" HOST
		       "Content-Length: 1048576\r\n\r\n");
	client_send(&c, big, 1 << 20);
	UNTIL(&w, client_body(&c, 2).p);
	assert_int_equal(client_body(&c, 2).len, 1 << 20);
	client_say(&c, "POST /echo HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_body(&c, 3).p);
	assert_int_equal(client_status(&c, 3), 200);
	assert_int_equal(client_body(&c, 3).len, 0);
	assert_int_equal(http_server_inflight(w.s), 0);
	assert_int_equal(http_server_busy(w.s), 0);
	free(big);
	close_one(&w, &c);
}

/* Byte by byte it is the same. */
static void test_slow_bytes(void **state)
{
	static const char text[] = "\r\nPOST /echo HTTP/1.1\r\n" HOST
				   "Transfer-Encoding: chunked\r\n\r\n"
				   "3\r\nabc\r\n0\r\n\r\n";
	struct http_world w;
	struct client c;

	(void)state;
	open_one(&w, &c);
	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		client_send(&c, text + i, 1);
		UNTIL(&w, client_sent(&c));
	}
	UNTIL(&w, client_body(&c, 0).p);
	assert_true(str_is(client_body(&c, 0), "abc"));
	close_one(&w, &c);
}

static void test_gzip(void **state)
{
	struct http_world w;
	struct client c;
	size_t n, none;
	char *gz = http_gzip("hello, hello, hello", 19, &n);
	char *empty = http_gzip("", 0, &none);

	(void)state;
	open_one(&w, &c);
	client_say(&c,
		   "POST /echo HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n"
		   "Content-Length: %zu\r\n\r\n",
		   n);
	client_send(&c, gz, n);
	UNTIL(&w, client_body(&c, 0).p);
	assert_true(str_is(client_body(&c, 0), "hello, hello, hello"));
	/* In chunks, and in several members. */
	client_say(&c,
		   "POST /echo HTTP/1.1\r\n" HOST "Content-Encoding: X-GZIP\r\n"
		   "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
		   n);
	client_send(&c, gz, n);
	client_say(&c, "\r\n%zx\r\n", n);
	client_send(&c, gz, n);
	client_say(&c, "\r\n0\r\n\r\n");
	UNTIL(&w, client_body(&c, 1).p);
	assert_int_equal(client_body(&c, 1).len, 38);
	client_say(&c,
		   "POST /echo HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n"
		   "Content-Length: %zu\r\n\r\n",
		   none);
	client_send(&c, empty, none);
	UNTIL(&w, client_body(&c, 2).p);
	assert_int_equal(client_status(&c, 2), 200);
	assert_int_equal(client_body(&c, 2).len, 0);
	/* A route that passes it on. */
	client_say(&c,
		   "POST /raw HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n"
		   "Content-Length: %zu\r\n\r\n",
		   n);
	client_send(&c, gz, n);
	UNTIL(&w, client_body(&c, 3).p);
	assert_true(str_is(client_header(&c, 3, "x-coding"), "gzip"));
	assert_int_equal(client_body(&c, 3).len, n);
	assert_int_equal(http_server_inflight(w.s), 0);
	free(gz);
	free(empty);
	close_one(&w, &c);
}

/* Answered in order, though the first one takes its time. */
static void test_pipelining(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	open_one(&w, &c);
	client_say(&c,
		   "GET /hello HTTP/1.1\r\n" HOST "\r\n"
		   "GET /later HTTP/1.1\r\n" HOST "\r\n"
		   "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi"
		   "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, w.n_held == 1);
	assert_int_equal(w.handled, 2);
	assert_int_equal(http_server_busy(w.s), 1);
	http_reply(w.held[0], 201, NULL, STR("late"));
	w.n_held = 0;
	UNTIL(&w, client_body(&c, 3).p);
	assert_true(str_is(client_body(&c, 1), "late"));
	assert_true(str_is(client_body(&c, 2), "hi"));
	assert_int_equal(w.handled, 4);
	close_one(&w, &c);
}

static void test_errors(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	open_one(&w, &c);
	client_say(&c,
		   "POST /err HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi");
	UNTIL(&w, client_body(&c, 0).p);
	assert_int_equal(client_status(&c, 0), 429);
	assert_true(str_is(client_body(&c, 0), "429: not now"));
	assert_true(str_is(client_header(&c, 0, "content-type"),
			   "application/x-test"));
	assert_true(str_is(client_header(&c, 0, "retry-after"), "1"));
	w.refuse = 401;
	client_say(&c, "POST /tele HTTP/1.1\r\n" HOST
		       "Content-Length: 2\r\n\r\nhi");
	UNTIL(&w, client_over(&c));
	assert_int_equal(client_status(&c, 1), 401);
	assert_true(str_is(client_body(&c, 1), "401: who are you"));
	assert_false(c.reset);
	assert_int_equal(w.handled, 1);
	client_close(&c);
	w.refuse = 0;
	client_open(&c, &w);
	client_say(&c, "POST /drop HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_over(&c));
	assert_int_equal(c.in.len, 0);
	close_one(&w, &c);
}

/* Thousands of requests over a few connections. */
static void test_many(void **state)
{
	struct http_world w;
	struct client c[4];
	struct http_counts n;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	for (int i = 0; i < 4; i++)
		client_open(&c[i], &w);
	for (int k = 0; k < 1000; k++)
		for (int i = 0; i < 4; i++)
			client_say(&c[i],
				   "POST /echo HTTP/1.1\r\n" HOST
				   "Content-Length: 4\r\n\r\n%04d",
				   k);
	for (int i = 0; i < 4; i++) {
		UNTIL(&w, client_heard(&c[i], "HTTP/1.1 200 OK") == 1000);
		UNTIL(&w, client_heard(&c[i], "\r\n\r\n0999") == 1);
	}
	http_server_counts(w.s, &n);
	assert_int_equal(n.connections, 4);
	assert_int_equal(n.answers[2], 4000);
	assert_int_equal(n.body_bytes, 16000);
	assert_int_equal(http_server_connections(w.s), 4);
	for (int i = 0; i < 4; i++)
		client_close(&c[i]);
	UNTIL(&w, http_server_connections(w.s) == 0);
	http_world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello),
		cmocka_unit_test(test_what_a_request_says),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_http10),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_slow_bytes),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
