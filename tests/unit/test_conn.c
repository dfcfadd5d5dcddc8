/* Connections on the loop: both ends are real sockets. */
#include "ingest/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "ingest/loop.h"
#include "ingest/tls.h"
#include "ledger/base/alloc.h"
#include "ledger/base/buf.h"
#include "ledger/base/clock.h"
#include "tests/unit/cert.h"

#define DEADLINE (20 * US_PER_SEC)

struct end {
	struct conn *c;
	struct world *w;
	struct buf got;
	int opened, readable, writable, ended, closed;
	bool broke;
	bool echo, hold; /* hold: consume nothing */
	bool free_in_readable;
	struct err e;
};

struct world {
	struct loop *l;
	struct loop_timer *deadline;
	struct loop_watch *watch;
	struct end a, b; /* a connects, b is accepted */
	int listener, raw;
	struct sockaddr_in at;
	struct tls *server, *client;
	const char *host;
	struct conn_opts o;
	bool (*done)(struct world *w);
	bool late;
};

static void look(struct world *w)
{
	if (w->done && w->done(w))
		loop_stop(w->l);
}

static void on_opened(struct conn *c, void *arg)
{
	struct end *x = arg;

	assert_ptr_equal(c, x->c);
	x->opened++;
	look(x->w);
}

static void on_readable(struct conn *c, void *arg)
{
	struct end *x = arg;
	struct str in = conn_input(c);

	x->readable++;
	if (x->free_in_readable) {
		conn_free(c);
		x->c = NULL;
	} else if (!x->hold) {
		buf_add(&x->got, in.p, in.len);
		if (x->echo)
			conn_write(c, in.p, in.len);
		conn_consume(c, in.len);
	}
	look(x->w);
}

static void on_writable(struct conn *c, void *arg)
{
	struct end *x = arg;

	(void)c;
	x->writable++;
	look(x->w);
}

static void on_ended(struct conn *c, void *arg)
{
	struct end *x = arg;

	(void)c;
	x->ended++;
	look(x->w);
}

static void on_closed(struct conn *c, void *arg, const struct err *e)
{
	struct end *x = arg;

	(void)c;
	x->closed++;
	x->broke = e != NULL;
	if (e)
		x->e = *e;
	look(x->w);
}

static const struct conn_cb callbacks = {
	on_opened, on_readable, on_writable, on_ended, on_closed,
};

static void on_accept(void *arg, short revents)
{
	struct world *w = arg;
	struct conn_opts o = w->o;
	int fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)revents;
	assert_true(fd >= 0);
	assert_null(w->b.c);
	o.arg = &w->b;
	o.tls = w->server;
	w->b.c = conn_new(w->l, fd, &o);
	look(w);
}

static void on_late(void *arg)
{
	struct world *w = arg;

	w->late = true;
	loop_stop(w->l);
}

static void run(struct world *w, bool (*done)(struct world *w))
{
	w->done = done;
	if (done(w))
		return;
	loop_timer_set(w->deadline, DEADLINE);
	loop_run(w->l);
	assert_false(w->late);
	w->done = NULL;
}

static void begin(struct world *w)
{
	socklen_t n = sizeof(w->at);

	w->l = loop_new();
	w->deadline = loop_timer_new(w->l, on_late, w);
	w->raw = -1;
	w->a.w = w->b.w = w;
	buf_init(&w->a.got, 64 << 20);
	buf_init(&w->b.got, 64 << 20);
	w->o = (struct conn_opts){.cb = &callbacks,
				  .in_max = 100000,
				  .out_high = 256 << 10,
				  .out_low = 64 << 10,
				  .out_max = 64 << 20};
	w->at = (struct sockaddr_in){.sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(w->listener, (struct sockaddr *)&w->at, sizeof(w->at)), 0);
	assert_int_equal(listen(w->listener, 8), 0);
	getsockname(w->listener, (struct sockaddr *)&w->at, &n);
	w->watch = loop_watch_new(w->l, w->listener, on_accept, w);
	loop_watch_set(w->watch, POLLIN);
}

static void end(struct world *w)
{
	conn_free(w->a.c);
	conn_free(w->b.c);
	loop_watch_free(w->watch);
	close(w->listener);
	if (w->raw >= 0)
		close(w->raw);
	loop_timer_free(w->deadline);
	loop_free(w->l);
	buf_release(&w->a.got);
	buf_release(&w->b.got);
	tls_free(w->server);
	tls_free(w->client);
}

static bool both_open(struct world *w)
{
	return w->a.opened && w->b.c && conn_is_open(w->b.c);
}

static void join(struct world *w)
{
	struct conn_opts o = w->o;
	struct err e;

	o.arg = &w->a;
	o.tls = w->client;
	o.host = w->host;
	assert_int_equal(conn_connect(&w->a.c, w->l, (struct sockaddr *)&w->at,
				      sizeof(w->at), &o, &e),
			 RC_OK);
	run(w, both_open);
}

/* The other end is a blocking socket of the test's. */
static bool accepted(struct world *w)
{
	return w->b.c != NULL;
}

static void join_raw(struct world *w)
{
	w->raw = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		connect(w->raw, (struct sockaddr *)&w->at, sizeof(w->at)), 0);
	run(w, accepted);
}

static char *pattern(size_t n)
{
	char *p = xcalloc(n, 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i * 7 + i / 251);
	return p;
}

/* ---- bytes go both ways ---- */

enum {
	BIG = 16 << 20 /* more than two kernels take */
};

static bool echoed(struct world *w)
{
	return w->a.got.len == BIG;
}

static void check_echo(struct world *w)
{
	char *p = pattern(BIG);

	w->b.echo = true;
	join(w);
	assert_false(conn_write(w->a.c, p, BIG)); /* more than is taken */
	run(w, echoed);
	assert_memory_equal(w->a.got.p, p, BIG);
	assert_true(w->a.writable >= 1);
	assert_int_equal(conn_pending(w->a.c), 0);
	assert_int_equal(conn_sent(w->a.c), BIG);
	assert_int_equal(conn_received(w->a.c), BIG);
	assert_true(conn_memory(w->a.c) < 1024);
	assert_true(conn_memory(w->b.c) < 1024);
	free(p);
}

static void test_echo(void **state)
{
	struct world w = {0};

	(void)state;
	begin(&w);
	check_echo(&w);
	end(&w);
}

static void with_tls(struct world *w, const char *dir, const char *host)
{
	char *cert = xasprintf("%s/localhost.crt", dir);
	char *key = xasprintf("%s/localhost.key", dir);
	struct err e;

	assert_int_equal(tls_new(&w->server, cert, key, &e), RC_OK);
	assert_int_equal(tls_client_new(&w->client, cert, &e), RC_OK);
	w->host = host;
	free(cert);
	free(key);
}

static void test_tls_echo(void **state)
{
	static const char *const hosts[] = {"localhost", "127.0.0.1"};

	for (int i = 0; i < 2; i++) {
		struct world w = {0};

		begin(&w);
		with_tls(&w, *state, hosts[i]);
		check_echo(&w);
		end(&w);
	}
}

static bool a_closed(struct world *w)
{
	return w->a.closed > 0;
}

/* Another host than the certificate is for; an authority we do not know. */
static void test_tls_refused(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct world w = {0};
		struct conn_opts o;
		struct err e;

		begin(&w);
		with_tls(&w, *state, i ? "localhost" : "elsewhere.test");
		if (i) {
			tls_free(w.client);
			assert_int_equal(tls_client_new(&w.client, NULL, &e),
					 RC_OK);
		}
		o = w.o;
		o.arg = &w.a;
		o.tls = w.client;
		o.host = w.host;
		assert_int_equal(conn_connect(&w.a.c, w.l,
					      (struct sockaddr *)&w.at,
					      sizeof(w.at), &o, &e),
				 RC_OK);
		run(&w, a_closed);
		assert_true(w.a.broke);
		assert_non_null(strstr(w.a.e.msg, "certificate"));
		assert_int_equal(w.a.opened, 0);
		end(&w);
	}
}

static void test_tls_files(void **state)
{
	char *cert = xasprintf("%s/localhost.crt", (char *)*state);
	char *key = xasprintf("%s/other.key", (char *)*state);
	struct tls *t;
	struct err e;

	assert_int_equal(tls_new(&t, "/nonexistent", key, &e), RC_BAD);
	assert_non_null(strstr(e.msg, "/nonexistent"));
	assert_int_equal(tls_new(&t, cert, "/nonexistent", &e), RC_BAD);
	assert_int_equal(tls_new(&t, cert, key, &e), RC_BAD);
	assert_null(t);
	assert_int_equal(tls_client_new(&t, "/nonexistent", &e), RC_BAD);
	free(cert);
	free(key);
}

/* ---- back-pressure ---- */

static bool b_has_some(struct world *w)
{
	return w->b.readable > 0;
}

static bool b_is_full(struct world *w)
{
	return conn_input(w->b.c).len == w->o.in_max;
}

static bool b_has_all(struct world *w)
{
	return w->b.got.len == BIG;
}

/* Whoever does not consume gets no more than in_max. */
static void test_input_is_bounded(void **state)
{
	struct world w = {0};
	char *p = pattern(BIG);

	(void)state;
	begin(&w);
	w.b.hold = true;
	join(&w);
	conn_write(w.a.c, p, BIG);
	run(&w, b_is_full);
	assert_true(conn_memory(w.b.c) < 2 * w.o.in_max + 1024);
	w.b.hold = false;
	buf_add(&w.b.got, conn_input(w.b.c).p, 10);
	conn_consume(w.b.c, 10);
	run(&w, b_has_all);
	assert_memory_equal(w.b.got.p, p, BIG);
	free(p);
	end(&w);
}

static bool a_ended(struct world *w)
{
	return w->a.ended > 0;
}

static bool b_ended(struct world *w)
{
	return w->b.ended > 0;
}

/* Paused: nothing is told but the end of the other side; then all of it. */
static void test_pause(void **state)
{
	struct world w = {0};

	(void)state;
	begin(&w);
	join_raw(&w);
	conn_pause(w.b.c);
	assert_int_equal(send(w.raw, "hello", 5, MSG_NOSIGNAL), 5);
	shutdown(w.raw, SHUT_WR);
	run(&w, b_ended);
	assert_int_equal(w.b.readable, 0);
	assert_false(conn_eof(w.b.c));
	assert_true(conn_ended(w.b.c));
	/* A half-closed peer still reads. */
	conn_write(w.b.c, "answer", 6);
	conn_resume(w.b.c);
	run(&w, b_has_some);
	assert_string_equal(buf_str(&w.b.got), "hello");
	{
		char got[8] = "";

		assert_int_equal(recv(w.raw, got, 6, MSG_WAITALL), 6);
		assert_string_equal(got, "answer");
	}
	assert_int_equal(w.b.closed, 0);
	end(&w);
}

static bool b_closed(struct world *w)
{
	return w->b.closed > 0;
}

/* A connection that is reset is noticed, though nobody reads or writes. */
static void test_reset_while_paused(void **state)
{
	const struct linger now = {.l_onoff = 1};
	struct world w = {0};

	(void)state;
	begin(&w);
	join_raw(&w);
	conn_pause(w.b.c);
	setsockopt(w.raw, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(w.raw);
	w.raw = -1;
	run(&w, b_closed);
	assert_true(w.b.broke);
	assert_int_equal(w.b.closed, 1);
	assert_true(conn_write(w.b.c, "x", 1)); /* nothing happens */
	end(&w);
}

/* Who ended its side, and then resets. */
static void test_reset_after_end(void **state)
{
	const struct linger now = {.l_onoff = 1};
	struct world w = {0};

	(void)state;
	begin(&w);
	join_raw(&w);
	shutdown(w.raw, SHUT_WR);
	run(&w, b_ended);
	assert_true(conn_eof(w.b.c));
	assert_int_equal(w.b.closed, 0);
	setsockopt(w.raw, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(w.raw);
	w.raw = -1;
	run(&w, b_closed);
	assert_true(w.b.broke);
	end(&w);
}

/* More than out_max waits: it breaks, and gives its memory back. */
static void test_output_is_bounded(void **state)
{
	struct world w = {0};
	char *p = pattern(BIG);
	bool low = true;

	(void)state;
	begin(&w);
	w.o.out_max = BIG / 2;
	join_raw(&w);
	for (int i = 0; i < 1000 && !w.b.closed; i++)
		low = conn_write(w.b.c, p, BIG / 8) && low;
	assert_false(low);
	run(&w, b_closed);
	assert_true(w.b.broke);
	assert_true(conn_memory(w.b.c) < 1024);
	free(p);
	end(&w);
}

/* ---- ends ---- */

static bool a_has_end(struct world *w)
{
	return w->a.ended && conn_eof(w->a.c);
}

/* The last bytes arrive though the peer goes on sending. */
static void test_finish(void **state)
{
	for (int tls = 0; tls < 2; tls++) {
		struct world w = {0};
		char *p = pattern(BIG);

		begin(&w);
		if (tls)
			with_tls(&w, *state, "localhost");
		w.b.hold = true;
		join(&w);
		conn_write(w.a.c, p, BIG / 4);
		run(&w, b_has_some);
		conn_write(w.b.c, p, BIG);
		conn_finish(w.b.c, DEADLINE, DEADLINE);
		run(&w, a_has_end);
		assert_int_equal(w.a.got.len, BIG);
		assert_memory_equal(w.a.got.p, p, BIG);
		assert_int_equal(w.b.closed, 0);
		conn_finish(w.a.c, DEADLINE, DEADLINE);
		run(&w, b_closed);
		assert_false(w.b.broke);
		run(&w, a_closed);
		assert_false(w.a.broke);
		free(p);
		end(&w);
	}
}

/* A peer that does not read, or does not leave, holds it for its time only. */
static void test_finish_in_time(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w = {0};
		char *p = pattern(BIG);

		begin(&w);
		join_raw(&w);
		conn_write(w.b.c, p, i ? 10 : BIG);
		conn_finish(w.b.c, i ? DEADLINE : 20000, 20000);
		run(&w, b_closed);
		assert_false(w.b.broke);
		free(p);
		end(&w);
	}
}

static bool b_is_free(struct world *w)
{
	return w->b.readable && !w->b.c;
}

static void test_free_in_callback(void **state)
{
	struct world w = {0};

	(void)state;
	begin(&w);
	w.b.free_in_readable = true;
	join(&w);
	conn_write(w.a.c, "x", 1);
	run(&w, b_is_free);
	run(&w, a_ended);
	assert_int_equal(w.b.readable, 1);
	assert_int_equal(w.b.closed, 0);
	end(&w);
}

static void test_refused(void **state)
{
	struct world w = {0};
	struct conn_opts o;
	struct err e;

	(void)state;
	begin(&w);
	loop_watch_free(w.watch);
	w.watch = NULL;
	close(w.listener);
	w.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	o = w.o;
	o.arg = &w.a;
	if (!conn_connect(&w.a.c, w.l, (struct sockaddr *)&w.at, sizeof(w.at),
			  &o, &e)) {
		conn_write(w.a.c, "early", 5);
		run(&w, a_closed);
		assert_true(w.a.broke);
		assert_int_equal(w.a.opened, 0);
	}
	end(&w);
}

/* Small writes under a cork are one; what was written before a connection is
 * open arrives. */
static bool b_has_ten(struct world *w)
{
	return w->b.got.len == 10;
}

static void test_cork(void **state)
{
	struct world w = {0};
	struct conn_opts o;
	struct err e;

	(void)state;
	begin(&w);
	o = w.o;
	o.arg = &w.a;
	assert_int_equal(conn_connect(&w.a.c, w.l, (struct sockaddr *)&w.at,
				      sizeof(w.at), &o, &e),
			 RC_OK);
	conn_write(w.a.c, "01234", 5);
	run(&w, both_open);
	conn_cork(w.a.c);
	conn_cork(w.a.c);
	for (const char *p = "5678"; *p; p++)
		conn_write(w.a.c, p, 1);
	conn_uncork(w.a.c);
	assert_true(conn_pending(w.a.c) >= 4);
	conn_write(w.a.c, "9", 1);
	conn_uncork(w.a.c);
	run(&w, b_has_ten);
	assert_string_equal(buf_str(&w.b.got), "0123456789");
	assert_true(w.b.readable <= 2);
	end(&w);
}

/* ---- certificates ---- */

static int make_certs(void **state)
{
	static char dir[] = "/tmp/aco-conn-XXXXXX";

	if (!mkdtemp(dir))
		return -1;
	cert_make(dir, "localhost");
	cert_make(dir, "other");
	*state = dir;
	return 0;
}

static int remove_certs(void **state)
{
	static const char *const names[] = {"localhost.crt", "localhost.key",
					    "other.crt", "other.key"};

	for (int i = 0; i < 4; i++) {
		char *path = xasprintf("%s/%s", (char *)*state, names[i]);

		unlink(path);
		free(path);
	}
	return rmdir(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_tls_echo),
		cmocka_unit_test(test_tls_refused),
		cmocka_unit_test(test_tls_files),
		cmocka_unit_test(test_input_is_bounded),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_reset_while_paused),
		cmocka_unit_test(test_reset_after_end),
		cmocka_unit_test(test_output_is_bounded),
		cmocka_unit_test(test_finish),
		cmocka_unit_test(test_finish_in_time),
		cmocka_unit_test(test_free_in_callback),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cork),
	};

	return cmocka_run_group_tests(tests, make_certs, remove_certs);
}
