/* The HTTP server: streamed answers, clients that flood, sleep or leave, and
 * the server's own end. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "tests/unit/http_world.h"

#define HOST   "Host: x\r\n"
#define STREAM "GET /stream HTTP/1.1\r\n" HOST "\r\n"

/* A client whose request a handler has. */
static struct http_req *ask(struct http_world *w, struct client *c,
			    const char *text)
{
	int n = w->n_held;

	client_open(c, w);
	client_say(c, "%s", text);
	UNTIL(w, w->n_held == n + 1);
	return w->held[n];
}

static void answered(struct http_world *w)
{
	w->n_held--;
}

/* ---- streams ---- */

static void test_stream(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	r = ask(&w, &c, STREAM STREAM "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	http_reply_header(r, "Cache-Control", STR("no-store"));
	http_reply_header(r, "X-Bad\r\nX", STR("x"));
	http_reply_header(r, "X-Worse", STR("x\r\nInjected: yes"));
	http_reply_header(r, "Content-Length", STR("7"));
	http_reply_begin(r, 200, "text/event-stream");
	/* The head goes out though nothing follows yet. */
	UNTIL(&w, client_heard(&c, "\r\n\r\n") == 1);
	assert_int_equal(client_heard(&c, "Cache-Control: no-store\r\n"), 1);
	assert_int_equal(client_heard(&c, "X-Worse"), 0);
	assert_int_equal(client_heard(&c, "X-Bad"), 0);
	assert_int_equal(client_heard(&c, "Content-Length"), 0);
	for (int i = 0; i < 3; i++) {
		assert_true(http_reply_chunk(r, "data: x\n\n", 9));
		assert_true(http_reply_chunk(r, "", 0)); /* is no end */
		UNTIL(&w, client_heard(&c, "9\r\ndata: x\n\n\r\n") == i + 1);
	}
	assert_int_equal(w.n_held, 1); /* the next one waits its turn */
	http_reply_end(r);
	answered(&w);
	UNTIL(&w, client_body(&c, 0).p && w.n_held == 1);
	assert_int_equal(client_body(&c, 0).len, 27);
	r = w.held[0];
	http_reply_begin(r, 200, NULL);
	http_reply_chunk(r, "end", 3);
	http_reply_end(r);
	answered(&w);
	UNTIL(&w, client_body(&c, 2).p);
	assert_true(str_is(client_body(&c, 1), "end"));
	assert_true(str_is(client_body(&c, 2), "hello"));
	client_close(&c);
	http_world_close(&w);
}

/* Without chunks the end is the connection's. */
static void test_stream_http10(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	r = ask(&w, &c,
		"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	http_reply_begin(r, 200, NULL);
	http_reply_chunk(r, "some", 4);
	http_reply_chunk(r, "thing", 5);
	http_reply_end(r);
	answered(&w);
	UNTIL(&w, client_over(&c));
	assert_int_equal(client_heard(&c, "\r\n\r\nsomething"), 1);
	assert_int_equal(client_heard(&c, "chunked"), 0);
	client_close(&c);
	http_world_close(&w);
}

static void test_stream_head(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	r = ask(&w, &c,
		"HEAD /stream HTTP/1.1\r\n" HOST "\r\n"
		"GET /hello HTTP/1.1\r\n" HOST "\r\n");
	http_reply_begin(r, 200, NULL);
	http_reply_chunk(r, "some", 4);
	http_reply_end(r);
	answered(&w);
	UNTIL(&w, client_heard(&c, "\r\n\r\nhello") == 1);
	assert_int_equal(client_heard(&c, "some"), 0);
	client_close(&c);
	http_world_close(&w);
}

/* A client that does not read: the stream is told to wait, and later to go on;
 * nothing is lost. */
static void test_slow_reader(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;
	size_t sent = 0;
	char piece[8192];

	(void)state;
	memset(piece, 'p', sizeof(piece));
	http_world_open(&w);
	w.o.limits.out_high = 100000;
	w.o.limits.out_low = 20000;
	http_world_serve(&w);
	r = ask(&w, &c, STREAM);
	client_deaf(&c, true);
	http_reply_begin(r, 200, NULL);
	while (http_reply_chunk(r, piece, sizeof(piece)))
		sent += sizeof(piece);
	sent += sizeof(piece);
	for (int i = 0; i < 20; i++)
		http_world_step(&w);
	assert_int_equal(w.writable, 0);
	client_deaf(&c, false);
	UNTIL(&w, w.writable == 1);
	http_reply_end(r);
	answered(&w);
	UNTIL(&w, client_body(&c, 0).p);
	assert_int_equal(client_body(&c, 0).len, sent);
	client_close(&c);
	http_world_close(&w);
}

/* One that never reads again is given up. */
static void test_dead_reader(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;
	char piece[8192] = "";

	(void)state;
	http_world_open(&w);
	w.o.limits.stall_us = 50000;
	http_world_serve(&w);
	r = ask(&w, &c, STREAM);
	client_deaf(&c, true);
	http_reply_begin(r, 200, NULL);
	while (http_reply_chunk(r, piece, sizeof(piece)))
		continue;
	UNTIL(&w, w.gone == 1);
	assert_true(http_broken(r));
	assert_true(http_reply_chunk(r, piece, sizeof(piece)));
	assert_int_equal(http_server_busy(w.s), 1);
	http_drop(r);
	answered(&w);
	assert_int_equal(http_server_busy(w.s), 0);
	assert_int_equal(http_server_connections(w.s), 0);
	client_close(&c);
	http_world_close(&w);
}

/* Silence of ours is no stall, however long. */
static void test_silent_stream(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;
	int64_t from;

	(void)state;
	http_world_open(&w);
	w.o.limits.stall_us = w.o.limits.idle_us = 20000;
	w.o.limits.header_us = w.o.limits.body_us = 20000;
	http_world_serve(&w);
	r = ask(&w, &c, STREAM);
	http_reply_begin(r, 200, NULL);
	http_reply_chunk(r, "a", 1);
	from = clock_mono_us();
	UNTIL(&w, clock_mono_us() - from > 150000);
	assert_int_equal(w.gone, 0);
	http_reply_chunk(r, "b", 1);
	http_reply_end(r);
	answered(&w);
	UNTIL(&w, client_body(&c, 0).p);
	assert_true(str_is(client_body(&c, 0), "ab"));
	client_close(&c);
	http_world_close(&w);
}

static long resident_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long all = 0, rss = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &all, &rss), 2);
	fclose(f);
	return rss * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A client that floods while a stream runs: its bytes stay in the kernels. */
static void test_flood(void **state)
{
	enum {
		ROUNDS = 200
	};
	static char flood[1 << 20];
	struct http_world w;
	struct http_req *r;
	struct client c;
	long before;
	size_t sent = 0;

	(void)state;
	memset(flood, 'f', sizeof(flood));
	http_world_open(&w);
	http_world_serve(&w);
	r = ask(&w, &c, STREAM);
	http_reply_begin(r, 200, NULL);
	before = resident_kb();
	for (int i = 0; i < ROUNDS; i++) {
		ssize_t n = send(c.fd, flood, sizeof(flood),
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		http_reply_chunk(r, "x", 1);
		http_world_step(&w);
	}
	assert_true(sent > sizeof(flood)); /* it was one */
	assert_true(resident_kb() - before < 4096);
	http_reply_end(r);
	answered(&w);
	/* Then it is a bad request. */
	UNTIL(&w, client_over(&c));
	assert_int_equal(client_heard(&c, "1\r\nx\r\n"), ROUNDS);
	client_close(&c);
	http_world_close(&w);
}

/* Answers that nobody takes do not pile up: the next request waits. */
static void test_pipelining_deaf(void **state)
{
	enum {
		N = 400
	};
	struct http_world w;
	struct client c;
	char *big = xcalloc(65536, 1);
	int handled;

	(void)state;
	memset(big, 'b', 65536);
	http_world_open(&w);
	http_world_serve(&w);
	client_open(&c, &w);
	client_deaf(&c, true);
	for (int i = 0; i < N; i++) {
		client_say(&c, "POST /echo HTTP/1.1\r\n" HOST
			       "Content-Length: 65536\r\n\r\n");
		client_send(&c, big, 65536);
	}
	do {
		handled = w.handled;
		for (int i = 0; i < 20; i++)
			http_world_step(&w);
	} while (w.handled != handled);
	assert_true(w.handled < N);
	client_deaf(&c, false);
	UNTIL(&w, w.handled == N && client_body(&c, N - 1).p);
	free(big);
	client_close(&c);
	http_world_close(&w);
}

/* ---- clients that leave ---- */

static void test_gone_before(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	r = ask(&w, &c, STREAM);
	client_close(&c);
	UNTIL(&w, w.gone == 1);
	assert_false(http_broken(r)); /* nobody knows yet */
	/* An answer finds out. */
	http_reply_begin(r, 200, NULL);
	while (!http_broken(r)) {
		http_reply_chunk(r, "x", 1);
		http_world_step(&w);
	}
	assert_int_equal(w.gone, 2);
	assert_int_equal(w.done, 0);
	assert_true(str_is(http_path(r), "/stream")); /* still valid */
	assert_true(str_starts(http_peer(r), "127.0.0.1:"));
	http_reply_end(r);
	answered(&w);
	assert_int_equal(w.done, 1);
	assert_int_equal(http_server_busy(w.s), 0);
	http_world_close(&w);
}

static void test_gone_reset(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	for (int begun = 0; begun < 2; begun++) {
		w.gone = w.broken = 0;
		r = ask(&w, &c, STREAM);
		if (begun)
			http_reply_begin(r, 200, NULL);
		for (int i = 0; i < 3; i++)
			http_world_step(&w);
		client_reset(&c);
		UNTIL(&w, w.broken == 1);
		assert_int_equal(http_server_connections(w.s), 0);
		if (begun)
			http_reply_end(r);
		else
			http_reply(r, 200, NULL, STR("nobody"));
		answered(&w);
	}
	http_world_close(&w);
}

/* One that has more to say while it waits, and then resets. */
static void test_gone_pipelined(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	r = ask(&w, &c, STREAM STREAM);
	client_say(&c, STREAM);
	UNTIL(&w, client_sent(&c));
	client_reset(&c);
	UNTIL(&w, w.broken == 1);
	http_drop(r);
	answered(&w);
	assert_int_equal(w.handled, 1);
	http_world_close(&w);
}

/* nc -N: the client ends its side and waits for all its answers. */
static void test_half_closed(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client c;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	r = ask(&w, &c,
		"GET /later HTTP/1.1\r\n" HOST "\r\n"
		"GET /hello HTTP/1.1\r\n" HOST "\r\n");
	client_end(&c);
	UNTIL(&w, w.gone == 1);
	assert_false(http_broken(r));
	http_reply(r, 200, NULL, STR("answer"));
	answered(&w);
	UNTIL(&w, client_over(&c));
	assert_true(str_is(client_body(&c, 0), "answer"));
	assert_true(str_is(client_body(&c, 1), "hello"));
	assert_false(c.reset);
	client_close(&c);
	UNTIL(&w, http_server_connections(w.s) == 0);
	http_world_close(&w);
}

/* ---- the end of a server ---- */

static void test_drain(void **state)
{
	struct http_world w;
	struct http_req *r;
	struct client idle, later, next;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	client_open(&idle, &w);
	client_say(&idle, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_body(&idle, 0).p);
	r = ask(&w, &later, "GET /later HTTP/1.1\r\n" HOST "\r\n");
	client_open(&next, &w); /* the kernel has taken it */
	http_server_drain(w.s);
	UNTIL(&w, client_over(&idle));
	assert_int_equal(http_server_busy(w.s), 1);
	client_say(&next, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_over(&next));
	assert_int_equal(client_status(&next, 0), 200);
	http_reply(r, 200, NULL, STR("last"));
	answered(&w);
	assert_int_equal(http_server_busy(w.s), 0);
	UNTIL(&w, client_over(&later));
	assert_true(str_is(client_body(&later, 0), "last"));
	assert_true(str_is(client_header(&later, 0, "connection"), "close"));
	client_close(&idle);
	client_close(&later);
	client_close(&next);
	UNTIL(&w, http_server_connections(w.s) == 0);
	/* Nobody listens. */
	{
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_int_equal(
			connect(fd, (struct sockaddr *)&w.at, sizeof(w.at)),
			-1);
		assert_int_equal(errno, ECONNREFUSED);
		close(fd);
	}
	http_world_close(&w);
}

/* Freed with requests in all states; handlers answer afterwards. */
static void test_server_free(void **state)
{
	struct http_world w;
	struct http_req *r[3];
	struct client c[5];

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	r[0] = ask(&w, &c[0], "GET /later HTTP/1.1\r\n" HOST "\r\n");
	r[1] = ask(&w, &c[1], STREAM);
	http_reply_begin(r[1], 200, NULL);
	r[2] = ask(&w, &c[2], STREAM);
	client_reset(&c[2]);
	UNTIL(&w, w.broken == 1);
	client_open(&c[3], &w);
	client_say(&c[3],
		   "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nx");
	UNTIL(&w, http_server_inflight(w.s) == 9);
	client_open(&c[4], &w);
	http_server_free(w.s);
	w.s = NULL;
	assert_int_equal(w.done, 4);
	assert_true(str_is(http_path(r[0]), "/later"));
	http_reply_header(r[0], "X", STR("y"));
	http_reply(r[0], 200, NULL, STR("nobody"));
	assert_true(http_reply_chunk(r[1], "x", 1));
	http_reply_end(r[1]);
	http_reply_begin(r[2], 200, NULL);
	http_drop(r[2]);
	w.n_held = 0;
	UNTIL(&w, client_over(&c[0]) && client_over(&c[1]));
	for (int i = 0; i < 5; i++)
		if (i != 2)
			client_close(&c[i]);
	http_world_close(&w);
}

/* No descriptors left: those who connect are turned away, and the server goes
 * on when there are some again. */
static void test_no_descriptors(void **state)
{
	struct rlimit was, few;
	struct http_world w;
	struct http_counts n;
	struct client a, b;
	int top;

	(void)state;
	http_world_open(&w);
	http_world_serve(&w);
	client_open(&a, &w);
	top = dup(a.fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	few = was;
	few.rlim_cur = (rlim_t)top; /* what is open stays so */
	close(top);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	UNTIL(&w, client_over(&a));
	http_server_counts(w.s, &n);
	assert_int_equal(n.refused, 1);
	assert_int_equal(n.connections, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	client_open(&b, &w);
	client_say(&b, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	UNTIL(&w, client_body(&b, 0).p);
	client_close(&a);
	client_close(&b);
	http_world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_http10),
		cmocka_unit_test(test_stream_head),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_dead_reader),
		cmocka_unit_test(test_silent_stream),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_pipelining_deaf),
		cmocka_unit_test(test_gone_before),
		cmocka_unit_test(test_gone_reset),
		cmocka_unit_test(test_gone_pipelined),
		cmocka_unit_test(test_half_closed),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_server_free),
		cmocka_unit_test(test_no_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
