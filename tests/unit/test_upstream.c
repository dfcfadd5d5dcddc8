/* The client against servers that do as a script says, on sockets of their
 * own, in threads of their own. */
#include "ingest/upstream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "ingest/loop.h"
#include "ledger/base/alloc.h"
#include "ledger/base/buf.h"
#include "ledger/base/clock.h"
#include "raw_server.h"

#define N(a)     (sizeof(a) / sizeof((a)[0]))
#define DEADLINE (30 * US_PER_SEC)
#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* ---- the client ---- */

struct world;

struct call {
	struct world *w;
	struct up_call *c;
	int status, heads, ends;
	struct buf body;
	uint64_t bytes;
	enum up_end how;
	bool sent;
	struct err e;
	bool pause_at_once, cancel_in_head, cancel_in_data, again;
	int paused;
};

struct world {
	struct loop *l;
	struct loop_timer *deadline, *poll;
	struct upstream *u;
	struct server s;
	struct up_limits lim;
	struct up_origin origin;
	struct up_ask ask;
	struct call call[CONNS];
	int n, ended;
	bool late;
	bool (*until)(struct world *w);
};

static void look(void *arg)
{
	struct world *w = arg;

	if (w->until ? w->until(w) : w->ended == w->n)
		loop_stop(w->l);
	else
		loop_timer_set(w->poll, 2000);
}

static void too_late(void *arg)
{
	struct world *w = arg;

	w->late = true;
	loop_stop(w->l);
}

static struct call *start(struct world *w);

static void on_head(void *arg, int status, const struct up_header *h, int n)
{
	struct call *c = arg;

	(void)h;
	(void)n;
	c->heads++;
	c->status = status;
	if (c->cancel_in_head)
		up_cancel(c->c);
}

static bool on_data(void *arg, const char *p, size_t n)
{
	struct call *c = arg;

	assert_true(n > 0);
	assert_int_equal(c->heads, 1);
	c->bytes += n;
	if (c->body.len < 1 << 20)
		buf_add(&c->body, p, n);
	if (c->cancel_in_data) {
		c->cancel_in_data = false;
		up_cancel(c->c);
	}
	if (!c->pause_at_once)
		return true;
	c->paused++;
	return false;
}

static void on_end(void *arg, enum up_end how, bool sent, const struct err *e)
{
	struct call *c = arg;

	c->ends++;
	c->how = how;
	c->sent = sent;
	c->e = *e;
	c->c = NULL;
	c->w->ended++;
	if (c->again)
		start(c->w);
}

static const struct up_calls calls = {on_head, on_data, on_end};

static struct call *start(struct world *w)
{
	struct call *c = &w->call[w->n++];

	c->w = w;
	buf_init(&c->body, 2 << 20);
	c->c = up_start(w->u, &w->ask, &calls, c, &c->e);
	return c;
}

static void world_init(struct world *w)
{
	char url[64];
	struct err e;

	memset(w, 0, sizeof(*w));
	server_start(&w->s);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/", w->s.port);
	assert_int_equal(up_origin_parse(&w->origin, str_from(url), &e), RC_OK);
	w->lim = (struct up_limits){.per_origin = 4,
				    .idle_us = 60 * US_PER_SEC,
				    .head_bytes = 16 << 10};
	w->ask = (struct up_ask){.origin = &w->origin,
				 .method = STR("POST"),
				 .target = STR("/chat/completions"),
				 .body = STR("{}"),
				 .connect_us = 20 * US_PER_SEC,
				 .first_byte_us = 20 * US_PER_SEC,
				 .silence_us = 20 * US_PER_SEC};
	w->l = loop_new();
	w->deadline = loop_timer_new(w->l, too_late, w);
	w->poll = loop_timer_new(w->l, look, w);
	w->u = upstream_new(w->l, &w->lim, &e);
	assert_non_null(w->u);
}

static void script(struct world *w, int conn, const struct act_on *acts, int n)
{
	assert_true(n <= ACTS);
	memcpy(w->s.script[conn], acts, (size_t)n * sizeof(*acts));
}
#define SCRIPT(w, conn, ...)                                                   \
	script(w, conn, (const struct act_on[]){__VA_ARGS__},                  \
	       (int)(sizeof((const struct act_on[]){__VA_ARGS__}) /            \
		     sizeof(struct act_on)))

static void run(struct world *w)
{
	loop_timer_set(w->deadline, DEADLINE);
	look(w);
	loop_run(w->l);
	assert_false(w->late);
}

static void world_release(struct world *w)
{
	upstream_free(w->u);
	for (int i = 0; i < w->n; i++) {
		assert_int_equal(w->call[i].ends, 1);
		buf_release(&w->call[i].body);
	}
	loop_timer_free(w->deadline);
	loop_timer_free(w->poll);
	loop_free(w->l);
	server_stop(&w->s);
}

static void expect(const struct call *c, enum up_end how, int status,
		   const char *body)
{
	if (c->how != how)
		fprintf(stderr, "ended %d: %s\n", c->how, c->e.msg);
	assert_int_equal(c->ends, 1);
	assert_int_equal(c->how, how);
	assert_int_equal(c->status, status);
	assert_string_equal(buf_str(&c->body), body);
}

/* ---- answers ---- */

static void test_answers(void **state)
{
	static const struct {
		const char *text;
		enum up_end how;
		int status;
		const char *body;
	} cases[] = {
		{OK_REPLY, UP_DONE, 200, "ok"},
		{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", UP_DONE, 200, ""},
		{"HTTP/1.0 200 OK\r\n\r\nto the end", UP_DONE, 200,
		 "to the end"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n",
		 UP_DONE, 200, "abcde"},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
		 "Link: x\r\n\r\n" OK_REPLY,
		 UP_DONE, 200, "ok"},
		{"HTTP/1.1 204 No Content\r\n\r\n", UP_DONE, 204, ""},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
		 UP_DONE, 304, ""},
		{"HTTP/1.1 529 \r\nContent-Length: 1\r\n"
		 "Content-Length: 1\r\n\r\nx",
		 UP_DONE, 529, "x"},
		/* Cut. */
		{"", UP_CUT, 0, ""},
		{"HTTP/1.1 2", UP_CUT, 0, ""},
		{"HTTP/1.1 200 OK\r\nContent-Le", UP_CUT, 0, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", UP_CUT, 200,
		 "ab"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "3\r\nabc\r\n",
		 UP_CUT, 200, "abc"},
		/* Not HTTP. */
		{"220 smtp.example.org ready\r\n\r\n", UP_BAD, 0, ""},
		{"HTTP/2 200 OK\r\n\r\n", UP_BAD, 0, ""},
		{"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", UP_BAD, 0, ""},
		{"HTTP/1.1 99 OK\r\n\r\n", UP_BAD, 0, ""},
		{"HTTP/1.1 101 Switching\r\n\r\n", UP_BAD, 0, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		 "Content-Length: 3\r\n\r\nok",
		 UP_BAD, 0, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", UP_BAD, 0,
		 ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		 UP_BAD, 0, ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		 UP_BAD, 0, ""},
		{"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", UP_BAD, 0, ""},
		{"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", UP_BAD, 0, ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		 UP_BAD, 200, ""},
	};

	(void)state;
	/* At once, and every byte in a packet of its own. */
	for (size_t i = 0; i < 2 * N(cases); i++) {
		struct world w;

		world_init(&w);
		SCRIPT(&w, 0, reads(),
		       i % 2 ? drips(cases[i / 2].text)
			     : says(cases[i / 2].text),
		       closes());
		start(&w);
		run(&w);
		expect(&w.call[0], cases[i / 2].how, cases[i / 2].status,
		       cases[i / 2].body);
		assert_true(w.call[0].sent);
		world_release(&w);
	}
}

static void test_head_has_no_body(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.ask.method = STR("HEAD");
	w.ask.body = STR_NONE;
	SCRIPT(&w, 0, reads(),
	       says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), reads(),
	       says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), holds());
	w.call[0].again = true;
	start(&w);
	run(&w);
	expect(&w.call[0], UP_DONE, 200, "");
	expect(&w.call[1], UP_DONE, 200, "");
	assert_int_equal(atomic_load(&w.s.accepted), 1);
	world_release(&w);
}

static void test_request(void **state)
{
	static const struct up_header h[] = {
		{{"X-A", 3}, {"b", 1}},
		{{"Host", 4}, {"evil", 4}},
		{{"connection", 10}, {"close", 5}},
		{{"content-length", 14}, {"99", 2}},
	};
	static const struct str parts[] = {
		{"{\"a\"", 4}, {NULL, 0}, {":1", 2}, {"}", 1}};
	char want[256];
	struct world w;

	(void)state;
	world_init(&w);
	SCRIPT(&w, 0, reads(), says(OK_REPLY), holds());
	w.ask.headers = h;
	w.ask.n_headers = N(h);
	w.ask.parts = parts;
	w.ask.n_parts = N(parts);
	start(&w);
	run(&w);
	expect(&w.call[0], UP_DONE, 200, "ok");
	snprintf(want, sizeof(want),
		 "POST /v1/chat/completions HTTP/1.1\r\n"
		 "Host: 127.0.0.1:%u\r\nX-A: b\r\n"
		 "Accept-Encoding: identity\r\nContent-Length: 7\r\n\r\n",
		 w.s.port);
	assert_string_equal(w.s.last[0], want);
	world_release(&w);
}

static void test_smuggling(void **state)
{
	static const struct up_header bad[] = {
		{{"X-A", 3}, {"b\r\nX-C: d", 9}},
		{{"X-A", 3}, {"b\0c", 3}},
		{{"X A", 3}, {"b", 1}},
		{{"X:A", 3}, {"b", 1}},
		{{"", 0}, {"b", 1}},
	};
	struct up_header h;
	struct world w;

	(void)state;
	world_init(&w);
	for (size_t i = 0; i < N(bad); i++) {
		h = bad[i];
		w.ask.headers = &h;
		w.ask.n_headers = 1;
		w.n = 0;
		assert_null(start(&w)->c);
	}
	w.ask.n_headers = 0;
	w.ask.target = STR("/a b");
	w.n = 0;
	assert_null(start(&w)->c);
	w.n = 0;
	world_release(&w);
}

static void test_head_too_long(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	SCRIPT(&w, 0, reads(), says("HTTP/1.1 200 OK\r\nX: y\r\n"), bulk(64),
	       holds());
	start(&w);
	run(&w);
	expect(&w.call[0], UP_BAD, 0, "");
	world_release(&w);
}

/* ---- connections ---- */

static void test_reuse(void **state)
{
	struct up_counts counts;
	struct world w;

	(void)state;
	world_init(&w);
	SCRIPT(&w, 0, reads(), says(OK_REPLY), reads(), says(OK_REPLY), reads(),
	       says(OK_REPLY), holds());
	w.call[0].again = w.call[1].again = true;
	start(&w);
	run(&w);
	for (int i = 0; i < 3; i++)
		expect(&w.call[i], UP_DONE, 200, "ok");
	assert_int_equal(atomic_load(&w.s.accepted), 1);
	upstream_counts(w.u, &counts);
	assert_int_equal(counts.connects, 1);
	assert_int_equal(counts.reuses, 2);
	assert_int_equal(counts.idle, 1);
	assert_int_equal(counts.open, 1);
	world_release(&w);
}

/* The server reads the second request and closes without a word: it goes anew
 * on a fresh connection, once. */
static void test_stale(void **state)
{
	struct world w;

	(void)state;
	for (int reset = 0; reset < 2; reset++) {
		world_init(&w);
		SCRIPT(&w, 0, reads(), says(OK_REPLY), reads(),
		       reset ? resets() : closes());
		SCRIPT(&w, 1, reads(), says(OK_REPLY), reads(),
		       reset ? resets() : closes());
		SCRIPT(&w, 2, reads(), closes());
		w.call[0].again = w.call[1].again = true;
		start(&w);
		run(&w);
		expect(&w.call[0], UP_DONE, 200, "ok");
		expect(&w.call[1], UP_DONE, 200, "ok");
		/* The third meets a fresh one that closes, too. */
		expect(&w.call[2], UP_CUT, 0, "");
		assert_int_equal(atomic_load(&w.s.accepted), 3);
		world_release(&w);
	}
}

/* No second request where the first byte of an answer has come. */
static void test_no_retry_in_answer(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	SCRIPT(&w, 0, reads(), says(OK_REPLY), reads(), says("HTTP"), closes());
	w.call[0].again = true;
	start(&w);
	run(&w);
	expect(&w.call[1], UP_CUT, 0, "");
	assert_int_equal(atomic_load(&w.s.accepted), 1);
	world_release(&w);
}

static bool nothing_open(struct world *w)
{
	struct up_counts c;

	upstream_counts(w->u, &c);
	return w->ended == w->n && c.open == 0;
}

static void test_not_reused(void **state)
{
	static const char *const replies[] = {
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n"
		"\r\nok",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		OK_REPLY "and something that nobody asked for",
	};

	(void)state;
	for (size_t i = 0; i < N(replies); i++) {
		struct world w;

		world_init(&w);
		SCRIPT(&w, 0, reads(), says(replies[i]), holds());
		start(&w);
		w.until = nothing_open;
		run(&w);
		expect(&w.call[0], UP_DONE, 200, "ok");
		world_release(&w);
	}
}

static void test_idle_ends(void **state)
{
	struct world w;

	(void)state;
	/* By the server, and by our own limit. */
	for (int ours = 0; ours < 2; ours++) {
		world_init(&w);
		if (ours) {
			upstream_free(w.u);
			w.lim.idle_us = 1000;
			w.u = upstream_new(w.l, &w.lim, NULL);
		}
		SCRIPT(&w, 0, reads(), says(OK_REPLY),
		       ours ? holds() : closes());
		start(&w);
		w.until = nothing_open;
		run(&w);
		expect(&w.call[0], UP_DONE, 200, "ok");
		world_release(&w);
	}
}

/* One connection, many calls: in order, and no more than may wait. */
static void test_limit(void **state)
{
	struct up_counts counts;
	struct world w;

	(void)state;
	world_init(&w);
	upstream_free(w.u);
	w.lim.per_origin = 1;
	w.lim.waiting = 2;
	w.u = upstream_new(w.l, &w.lim, NULL);
	SCRIPT(&w, 0, reads(), says(OK_REPLY), reads(),
	       says("HTTP/1.1 200 OK\r\nConnection: close\r\n"
		    "Content-Length: 2\r\n\r\nok"),
	       holds());
	SCRIPT(&w, 1, reads(), says(OK_REPLY), holds());
	for (int i = 0; i < 3; i++)
		assert_non_null(start(&w)->c);
	assert_null(start(&w)->c);
	upstream_counts(w.u, &counts);
	assert_int_equal(counts.waiting, 2);
	w.n--;
	run(&w);
	for (int i = 0; i < 3; i++)
		expect(&w.call[i], UP_DONE, 200, "ok");
	assert_int_equal(atomic_load(&w.s.accepted), 2);
	world_release(&w);
}

static void test_refused(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	shutdown(w.s.fd, SHUT_RDWR);
	start(&w);
	run(&w);
	expect(&w.call[0], UP_CONNECT, 0, "");
	assert_false(w.call[0].sent);
	world_release(&w);
}

/* Without a descriptor for the connection nobody is asked, and nobody is to be
 * blamed but us; a connection that lies idle needs none. */
static void test_no_descriptor(void **state)
{
	struct rlimit all, none;
	struct world w;

	(void)state;
	world_init(&w);
	SCRIPT(&w, 0, reads(), says(OK_REPLY), reads(), says(OK_REPLY),
	       holds());
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	none = all;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	start(&w);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	run(&w);
	expect(&w.call[0], UP_OURS, 0, "");
	assert_false(w.call[0].sent);
	start(&w);
	run(&w);
	expect(&w.call[1], UP_DONE, 200, "ok");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	start(&w);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	run(&w);
	expect(&w.call[2], UP_DONE, 200, "ok");
	world_release(&w);
}

/* By name: whatever the families are, one of the addresses answers. */
static void test_localhost(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	snprintf(w.origin.host, sizeof(w.origin.host), "localhost");
	SCRIPT(&w, 0, reads(), says(OK_REPLY), holds());
	start(&w);
	run(&w);
	expect(&w.call[0], UP_DONE, 200, "ok");
	world_release(&w);
}

/* A name that cannot be: also a second time, when it is known. */
static void test_no_such_host(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	snprintf(w.origin.host, sizeof(w.origin.host), "..");
	w.call[0].again = true;
	start(&w);
	start(&w);
	run(&w);
	for (int i = 0; i < 3; i++)
		expect(&w.call[i], UP_CONNECT, 0, "");
	world_release(&w);
}

/* ---- limits of time ---- */

static void test_timeouts(void **state)
{
	static const char begun[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab";

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct world w;

		world_init(&w);
		SCRIPT(&w, 0, reads(), says(i == 1 ? begun : ""), holds());
		if (i == 0)
			w.ask.first_byte_us = 30000;
		else if (i == 1)
			w.ask.silence_us = 30000;
		if (i == 2) { /* the second waits for a connection */
			upstream_free(w.u);
			w.lim.per_origin = 1;
			w.u = upstream_new(w.l, &w.lim, NULL);
			w.ask.first_byte_us = 300000;
			start(&w);
			w.ask.connect_us = 30000;
		}
		start(&w);
		run(&w);
		expect(&w.call[0], UP_TIMEOUT, i == 1 ? 200 : 0,
		       i == 1 ? "ab" : "");
		if (i == 2)
			expect(&w.call[1], UP_TIMEOUT, 0, "");
		world_release(&w);
	}
}

/* ---- back-pressure ---- */

enum {
	BULK_KB = 100 << 10
};

static long memory_kb(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static bool is_paused(struct world *w)
{
	return w->call[0].paused > 0;
}

/* 100 MiB to a reader that takes none, then a little, then all. */
static void test_paused(void **state)
{
	char head[128];
	struct world w;
	long before;
	uint64_t got;

	(void)state;
	world_init(&w);
	snprintf(head, sizeof(head),
		 "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n",
		 (long long)BULK_KB * 1024);
	SCRIPT(&w, 0, reads(), says(head), bulk(BULK_KB), holds());
	w.call[0].pause_at_once = true;
	start(&w);
	w.until = is_paused;
	run(&w);
	before = memory_kb();
	for (int i = 0; i < 50; i++) {
		w.call[0].paused = 0;
		up_resume(w.call[0].c);
		run(&w);
	}
	got = w.call[0].bytes;
	assert_true(got < 50 << 20);
	assert_true(memory_kb() - before < 16 << 10);
	w.until = NULL;
	w.call[0].pause_at_once = false;
	up_resume(w.call[0].c);
	run(&w);
	assert_int_equal(w.call[0].how, UP_DONE);
	assert_int_equal(w.call[0].bytes, (uint64_t)BULK_KB * 1024);
	world_release(&w);
}

/* A body that is far larger than what a connection keeps. */
static void test_large_request(void **state)
{
	size_t n = 3 << 20;
	char *body = xcalloc(1, n);
	struct world w;

	(void)state;
	memset(body, 'x', n);
	world_init(&w);
	SCRIPT(&w, 0, reads(), says(OK_REPLY), reads(), says(OK_REPLY),
	       holds());
	w.ask.body = (struct str){body, n};
	w.call[0].again = true;
	start(&w);
	run(&w);
	expect(&w.call[0], UP_DONE, 200, "ok");
	expect(&w.call[1], UP_DONE, 200, "ok");
	assert_int_equal(atomic_load(&w.s.requests), 2);
	assert_int_equal(atomic_load(&w.s.accepted), 1);
	world_release(&w);
	free(body);
}

/* An answer before the request is whole: taken, and the connection ends. */
static void test_early_answer(void **state)
{
	size_t n = 32 << 20;
	char *body = xcalloc(1, n);
	struct world w;

	(void)state;
	world_init(&w);
	SCRIPT(&w, 0, says("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno"),
	       stares());
	w.ask.body = (struct str){body, n};
	start(&w);
	w.until = nothing_open;
	run(&w);
	expect(&w.call[0], UP_DONE, 413, "no");
	world_release(&w);
	free(body);
}

/* ---- cancelling ---- */

static void test_cancel(void **state)
{
	static const char begun[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab";

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct world w;

		world_init(&w);
		SCRIPT(&w, 0, reads(), says(begun), holds());
		if (i == 4)
			snprintf(w.origin.host, sizeof(w.origin.host),
				 "localhost");
		w.call[0].cancel_in_head = i == 0;
		w.call[0].cancel_in_data = i == 1;
		start(&w);
		if (i == 2 || i == 4) { /* at once */
			up_cancel(w.call[0].c);
			up_cancel(w.call[0].c);
		}
		if (i < 3 || i == 4) {
			w.until = nothing_open;
			run(&w);
			assert_int_equal(w.call[0].how, UP_CANCEL);
		}
		world_release(&w); /* 3: by the end of the client */
		assert_int_equal(w.call[0].ends, 1);
		assert_int_equal(w.call[0].how, UP_CANCEL);
	}
}

/* ---- origins ---- */

static void test_origins(void **state)
{
	static const struct {
		const char *url, *host, *base;
		bool tls;
		int port;
	} good[] = {
		{"https://api.openai.com/v1", "api.openai.com", "/v1", true,
		 443},
		{"http://LocalHost:9000/", "localhost", "", false, 9000},
		{"http://127.0.0.1", "127.0.0.1", "", false, 80},
		{"http://[::1]:8080/a/b//", "::1", "/a/b", false, 8080},
	};
	static const char *const bad[] = {
		"",
		"ftp://x",
		"http://",
		"http:///v1",
		"http://a b/",
		"http://user@host/",
		"http://host:0",
		"http://host:65536",
		"http://host:8x",
		"http://[::1",
		"http://[zz]/",
		"http://host/?a=b",
		"http://host/a b",
		"http://host\r\n/",
	};
	struct up_origin o;
	struct err e;

	(void)state;
	for (size_t i = 0; i < N(good); i++) {
		assert_int_equal(up_origin_parse(&o, str_from(good[i].url), &e),
				 RC_OK);
		assert_string_equal(o.host, good[i].host);
		assert_string_equal(o.base, good[i].base);
		assert_int_equal(o.tls, good[i].tls);
		assert_int_equal(o.port, good[i].port);
	}
	for (size_t i = 0; i < N(bad); i++) {
		if (up_origin_parse(&o, str_from(bad[i]), &e) == RC_OK)
			fail_msg("taken: %s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_head_has_no_body),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_smuggling),
		cmocka_unit_test(test_head_too_long),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_no_retry_in_answer),
		cmocka_unit_test(test_not_reused),
		cmocka_unit_test(test_idle_ends),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_descriptor),
		cmocka_unit_test(test_localhost),
		cmocka_unit_test(test_no_such_host),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_paused),
		cmocka_unit_test(test_large_request),
		cmocka_unit_test(test_early_answer),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_origins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
