/* The HTTP server against what is not plain HTTP/1.1, too large or too slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "tests/unit/http_world.h"

#define HOST "Host: x\r\n"
#define POST "POST /echo HTTP/1.1\r\n" HOST

/* ---- framing ---- */

/* Each is answered once, and nothing behind it is. */
static const struct {
	const char *text;
	int status;
} bad[] = {
	{POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
	{POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
	{POST "Content-Length: 3, 3\r\n\r\nabc", 400},
	{POST "Content-Length: +2\r\n\r\nab", 400},
	{POST "Content-Length: -2\r\n\r\nab", 400},
	{POST "Content-Length: 0x2\r\n\r\nab", 400},
	{POST "Content-Length: \r\n\r\nab", 400},
	{POST "Content-Length : 2\r\n\r\nab", 400},
	{"GET /hello HTTP/1.1\r\n\r\n", 400},
	{"GET /hello HTTP/1.1\r\n" HOST HOST "\r\n", 400},
	{POST "Transfer-Encoding: xchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400},
	{POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
	{POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
	{POST "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400},
	{"GET /hello HTTP/1.1\n" HOST "\r\n", 400},
	{"GET /hello HTTP/1.1\r\nHost: x\n\r\n", 400},
	{"GET /hello HTTP/1.1\r\n" HOST "X-A: a\r\n b\r\n\r\n", 400},
	{"GET /hello HTTP/1.1\r\n" HOST "X-A\r\n\r\n", 400},
	{"GET /hello HTTP/1.1\r\n" HOST "X-A: \x01\r\n\r\n", 400},
	{"GET /hello\r\n" HOST "\r\n", 400},
	{"GET  /hello HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET hello HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /hello HTTP/1.1 \r\n" HOST "\r\n", 400},
	{"GET /hello HTTP/2.0\r\n" HOST "\r\n", 505},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
	      "0\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n",
	 400},
	{POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
	      "0\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n",
	 400},
	{POST "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 400},
	{POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400},
	{POST "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", 400},
	{POST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400},
	{POST "Expect: wonders\r\nContent-Length: 2\r\n\r\nab", 417},
	{POST "Content-Encoding: br\r\nContent-Length: 2\r\n\r\nab", 415},
	{POST "Content-Encoding: gzip, gzip\r\nContent-Length: 2\r\n\r\nab",
	 415},
	{POST "Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip.",
	 400},
	{"GET /hello HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab", 413},
	{"GET /hello HTTP/1.1\r\n" HOST
	 "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
	 413},
	{POST "Content-Length: 99999999999999999999999\r\n\r\n", 413},
	{POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n", 413},
};

static void test_framing(void **state)
{
	struct http_world w;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct client c;

		client_open(&c, &w);
		client_say(&c, "%s", bad[i].text);
		client_say(&c, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
		UNTIL(&w, client_over(&c));
		if (client_status(&c, 0) != bad[i].status)
			fail_msg("%zu: %s is answered %d", i, bad[i].text,
				 client_status(&c, 0));
		assert_true(
			str_is(client_header(&c, 0, "connection"), "close"));
		assert_int_equal(client_status(&c, 1), 0);
		assert_false(c.reset);
		client_close(&c);
	}
	assert_int_equal(w.handled, 0);
	assert_int_equal(http_server_inflight(w.s), 0);
	assert_int_equal(http_server_busy(w.s), 0);
	http_world_close(&w);
}

/* What ends before it is whole. */
static void test_cut_off(void **state)
{
	static const char *const texts[] = {
		"GET /hello HTT",
		"GET /hello HTTP/1.1\r\n" HOST,
		POST "Content-Length: 3\r\n\r\nab",
		POST "Transfer-Encoding: chunked\r\n\r\n3\r\nab",
	};
	struct http_world w;
	struct client c;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		client_open(&c, &w);
		client_say(&c, "%s", texts[i]);
		UNTIL(&w, client_sent(&c));
		client_end(&c);
		UNTIL(&w, client_over(&c));
		assert_int_equal(client_status(&c, 0), 400);
		client_close(&c);
	}
	/* Who says nothing is told nothing. */
	client_open(&c, &w);
	client_say(&c, "\r\n");
	UNTIL(&w, client_sent(&c));
	client_end(&c);
	UNTIL(&w, client_over(&c));
	assert_int_equal(c.in.len, 0);
	assert_false(c.reset);
	client_close(&c);
	assert_int_equal(w.handled, 0);
	http_world_close(&w);
}

/* ---- sizes ---- */

static void test_heads_are_bounded(void **state)
{
	static const int expected[] = {414, 431, 431};
	struct http_world w;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	for (int i = 0; i < 3; i++) {
		struct client c;

		client_open(&c, &w);
		client_say(&c, i ? "GET /hello HTTP/1.1\r\n" HOST : "GET /");
		for (int k = 0; k < 70000; k += 10)
			client_say(&c, i == 2 ? "X-%05d: \r\n" : "%010d", k);
		UNTIL(&w, client_over(&c));
		assert_int_equal(client_status(&c, 0), expected[i]);
		assert_false(c.reset);
		client_close(&c);
	}
	http_world_close(&w);
}

/* A body that is too large is refused before it is sent, also for who asks. */
static void test_oversized(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	client_open(&c, &w);
	client_say(&c, POST "Content-Length: 1048577\r\n"
			    "Expect: 100-continue\r\n\r\n");
	UNTIL(&w, client_over(&c));
	assert_int_equal(client_status(&c, 0), 413);
	assert_int_equal(client_heard(&c, "100 Continue"), 0);
	client_close(&c);
	client_open(&c, &w);
	client_say(&c, POST "Content-Length: 3\r\n"
			    "Expect: 100-continue\r\n\r\n");
	UNTIL(&w, client_heard(&c, "HTTP/1.1 100 Continue\r\n\r\n") == 1);
	client_forget(&c);
	client_say(&c, "abc");
	UNTIL(&w, client_body(&c, 0).p);
	assert_true(str_is(client_body(&c, 0), "abc"));
	/* Who does not wait is not told to go on. */
	client_say(&c, POST "Content-Length: 3\r\n"
			    "Expect: 100-continue\r\n\r\nabc");
	UNTIL(&w, client_body(&c, 1).p);
	assert_int_equal(client_status(&c, 1), 200);
	client_close(&c);
	/* Chunks that never say how much: cut at the limit. */
	client_open(&c, &w);
	client_say(&c, POST "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 300; i++)
		client_say(&c, "1000\r\n%04096d\r\n", i);
	UNTIL(&w, client_over(&c));
	assert_int_equal(client_status(&c, 0), 413);
	assert_false(c.reset);
	client_close(&c);
	assert_int_equal(http_server_inflight(w.s), 0);
	http_world_close(&w);
}

/* What inflates beyond its limit, and what ends early. */
static void test_gzip_bomb(void **state)
{
	const size_t plain = (size_t)8 << 20;
	struct http_world w;
	struct client c;
	char *zeros = xcalloc(plain, 1);
	size_t n, most;
	char *gz = http_gzip(zeros, plain, &n);

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	client_open(&c, &w);
	client_say(&c,
		   POST "Content-Encoding: gzip\r\n"
			"Content-Length: %zu\r\n\r\n",
		   n);
	client_send(&c, gz, n);
	UNTIL(&w, client_over(&c));
	assert_int_equal(client_status(&c, 0), 413);
	client_close(&c);
	client_open(&c, &w);
	client_say(&c,
		   "POST /tele HTTP/1.1\r\n" HOST
		   "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		   n - 10);
	client_send(&c, gz, n - 10);
	UNTIL(&w, client_body(&c, 0).p);
	assert_int_equal(client_status(&c, 0), 400);
	client_close(&c);
	/* Where it fits it is taken; and never more than the server has. */
	most = w.o.limits.inflight_bytes;
	client_open(&c, &w);
	client_say(&c,
		   "POST /tele HTTP/1.1\r\n" HOST
		   "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		   n);
	client_send(&c, gz, n / 2);
	UNTIL(&w, http_server_inflight(w.s) > n + (1 << 20));
	assert_true(http_server_inflight(w.s) < most);
	client_send(&c, gz + n / 2, n - n / 2);
	UNTIL(&w, client_body(&c, 0).p);
	assert_true(str_is(client_body(&c, 0), "8388608"));
	client_close(&c);
	assert_int_equal(http_server_inflight(w.s), 0);
	free(zeros);
	free(gz);
	http_world_close(&w);
}

/* Too many bytes under way: 503 and Retry-After, before the body is read. */
static void test_inflight(void **state)
{
	struct http_world w;
	struct client a, b;

	(void)state;
	http_world_open(&w);
	w.o.limits.inflight_bytes = 1000000;
	http_world_serve(&w);
	client_open(&a, &w);
	client_open(&b, &w);
	client_say(&a, POST "Content-Length: 600000\r\n\r\nx");
	UNTIL(&w, http_server_inflight(w.s) == 600000);
	client_say(&b, "POST /tele HTTP/1.1\r\n" HOST
		       "Content-Length: 600000\r\n\r\nx");
	UNTIL(&w, client_over(&b));
	assert_int_equal(client_status(&b, 0), 503);
	assert_true(str_is(client_header(&b, 0, "retry-after"), "1"));
	assert_true(str_is(client_header(&b, 0, "content-type"),
			   "application/x-test"));
	assert_false(b.reset);
	client_close(&b);
	/* Chunks are counted as they come. */
	client_open(&b, &w);
	client_say(&b, "POST /tele HTTP/1.1\r\n" HOST
		       "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 120; i++)
		client_say(&b, "1000\r\n%04096d\r\n", i);
	UNTIL(&w, client_over(&b));
	assert_int_equal(client_status(&b, 0), 503);
	client_close(&b);
	assert_int_equal(http_server_inflight(w.s), 600000);
	/* What never fits is too large. */
	client_open(&b, &w);
	client_say(&b, "POST /tele HTTP/1.1\r\n" HOST
		       "Content-Length: 1000001\r\n\r\nx");
	UNTIL(&w, client_over(&b));
	assert_int_equal(client_status(&b, 0), 413);
	client_close(&b);
	/* The room comes back with the client's end, and with the answer. */
	client_reset(&a);
	UNTIL(&w, http_server_inflight(w.s) == 0);
	client_open(&a, &w);
	client_say(&a, "POST /later HTTP/1.1\r\n" HOST
		       "Content-Length: 3\r\n\r\nabc");
	UNTIL(&w, w.n_held == 1);
	assert_int_equal(http_server_inflight(w.s), 3);
	http_body_release(w.held[0]);
	assert_int_equal(http_server_inflight(w.s), 0);
	http_reply(w.held[0], 200, NULL, STR(""));
	w.n_held = 0;
	client_close(&a);
	http_world_close(&w);
}

static void test_connections(void **state)
{
	struct http_world w;
	struct http_counts n;
	struct client c[4];

	(void)state;
	http_world_open(&w);
	w.o.limits.connections = 3;
	http_world_serve(&w);
	for (int i = 0; i < 3; i++) {
		client_open(&c[i], &w);
		client_say(&c[i], "GET /hello HTTP/1.1\r\n" HOST "\r\n");
		UNTIL(&w, client_body(&c[i], 0).p);
	}
	client_open(&c[3], &w);
	UNTIL(&w, client_over(&c[3]));
	assert_int_equal(client_status(&c[3], 0), 503);
	http_server_counts(w.s, &n);
	assert_int_equal(n.connections, 3);
	assert_int_equal(n.refused, 1);
	client_close(&c[3]);
	client_close(&c[0]);
	UNTIL(&w, http_server_connections(w.s) == 2);
	client_open(&c[0], &w);
	client_say(&c[0], "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_body(&c[0], 0).p);
	for (int i = 0; i < 3; i++)
		client_close(&c[i]);
	http_world_close(&w);
}

/* ---- time ---- */

/* A head that comes byte by byte; a body that stops; one that drips; nothing
 * at all between requests. */
static void test_header_time(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	http_world_open(&w);
	w.o.limits.header_us = 50000;
	http_world_serve(&w);
	client_open(&c, &w);
	client_say(&c, "GET /hello HTTP/1.1\r\n" HOST "X: ");
	while (!client_over(&c)) {
		client_say(&c, "x");
		http_world_step(&w);
	}
	assert_int_equal(client_status(&c, 0), 408);
	assert_int_equal(w.handled, 0);
	client_close(&c);
	http_world_close(&w);
}

static void test_body_stall(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	http_world_open(&w);
	w.o.limits.stall_us = 50000;
	http_world_serve(&w);
	client_open(&c, &w);
	client_say(&c, POST "Content-Length: 3\r\n\r\nab");
	UNTIL(&w, client_over(&c));
	assert_int_equal(client_status(&c, 0), 408);
	assert_int_equal(http_server_inflight(w.s), 0);
	client_close(&c);
	http_world_close(&w);
}

static void test_body_time(void **state)
{
	struct http_world w;
	struct client c;

	(void)state;
	http_world_open(&w);
	w.o.limits.body_us = 50000;
	http_world_serve(&w);
	client_open(&c, &w);
	client_say(&c, POST "Content-Length: 1000000\r\n\r\n");
	while (!client_over(&c)) {
		client_say(&c, "x");
		http_world_step(&w);
	}
	assert_int_equal(client_status(&c, 0), 408);
	client_close(&c);
	http_world_close(&w);
}

static void test_idle_time(void **state)
{
	struct http_world w;
	struct client a, b;

	(void)state;
	http_world_open(&w);
	w.o.limits.idle_us = 50000;
	http_world_serve(&w);
	client_open(&a, &w);
	client_open(&b, &w);
	client_say(&b, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_over(&a) && client_over(&b));
	assert_int_equal(a.in.len, 0);
	assert_int_equal(client_status(&b, 0), 200);
	assert_int_equal(client_status(&b, 1), 0);
	client_close(&a);
	client_close(&b);
	http_world_close(&w);
}

/* A handler that takes longer than all of these is waited for. */
static void test_handlers_have_time(void **state)
{
	struct http_world w;
	struct client c;
	int64_t from;

	(void)state;
	http_world_open(&w);
	w.o.limits.idle_us = w.o.limits.stall_us = 20000;
	w.o.limits.header_us = w.o.limits.body_us = 20000;
	http_world_serve(&w);
	client_open(&c, &w);
	client_say(&c, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, w.n_held == 1);
	from = clock_mono_us();
	UNTIL(&w, clock_mono_us() - from > 100000);
	assert_int_equal(w.gone, 0);
	http_reply(w.held[0], 200, NULL, STR("at last"));
	w.n_held = 0;
	UNTIL(&w, client_body(&c, 0).p);
	assert_true(str_is(client_body(&c, 0), "at last"));
	client_close(&c);
	http_world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_heads_are_bounded),
		cmocka_unit_test(test_oversized),
		cmocka_unit_test(test_gzip_bomb),
		cmocka_unit_test(test_inflight),
		cmocka_unit_test(test_connections),
		cmocka_unit_test(test_header_time),
		cmocka_unit_test(test_body_stall),
		cmocka_unit_test(test_body_time),
		cmocka_unit_test(test_idle_time),
		cmocka_unit_test(test_handlers_have_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
