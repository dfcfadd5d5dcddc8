/* Streams: what a slow client costs, and that nobody waits for anybody's
 * delayed acknowledgement. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "tests/int/gw_help.h"

static struct gw_world w;

static void it_starts(void **state)
{
	(void)state;
	gw_world_init(&w, "gateway_stream");
	gw_world_serve(&w);
}

static void it_stops(void **state)
{
	(void)state;
	gw_world_stop(&w);
	gw_world_release(&w);
}

/* ---- a client that reads slowly, all the way ---- */

#define STREAM_BYTES ((size_t)100 << 20)
#define SIP          (64 << 10)
#define LOOK_EACH    ((size_t)4 << 20)
/* The address sanitizer keeps what was freed, to see whether it is used. */
#ifdef __SANITIZE_ADDRESS__
#define FLAT_KB (512 * 1024)
#else
#define FLAT_KB (8 * 1024)
#endif

static void a_slow_client_all_the_way(void **state)
{
	static char sip[SIP];
	long before = gw_world_rss_kb(&w), most = 0;
	size_t got = 0, looked = 0;
	int fd = gw_connect(&w);
	ssize_t n;

	(void)state;
	assert_true(before > 0);
	gw_send(fd, "/v1/chat/completions",
		"x-fake: big=104857600\r\nConnection: close\r\n",
		STR("{\"model\":\"gpt-5-mini\",\"stream\":true,\"messages\":"
		    "[]}"));
	while ((n = recv(fd, sip, sizeof(sip), 0)) > 0) {
		got += (size_t)n;
		usleep(500);
		if (got - looked < LOOK_EACH)
			continue;
		looked = got;
		n = gw_world_rss_kb(&w);
		most = n > most ? n : most;
	}
	close(fd);
	print_message("%zu MiB read slowly: %ld KiB resident before, at most "
		      "%ld KiB during\n",
		      got >> 20, before, most);
	assert_true(got > STREAM_BYTES);
	assert_true(most - before < FLAT_KB);
}

/* ---- time to the first token, beside that of the provider ---- */

#define CALLS 40
#define TRAP_US                                                                \
	INT64_C(30000) /* less than any system delays acknowledgements */

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* One stream on a connection that is kept: until its first byte of body. */
static int64_t first_token_us(int fd, const struct buf *ask)
{
	struct buf in;
	int64_t from = clock_mono_us(), us = 0;

	buf_init(&in, 1 << 20);
	/* In two pieces, as clients do who write head and body apart. */
	assert_true(send(fd, ask->p, 100, MSG_NOSIGNAL) == 100);
	for (size_t at = 100; at < ask->len;) {
		ssize_t n = send(fd, ask->p + at, ask->len - at, MSG_NOSIGNAL);

		assert_true(n > 0);
		at += (size_t)n;
	}
	for (;;) {
		char *p = buf_reserve(&in, 65536);
		ssize_t n = recv(fd, p, 65536, 0);
		const char *body;

		assert_true(n > 0);
		buf_advance(&in, (size_t)n);
		body = strstr(buf_str(&in), "\r\n\r\n");
		if (body && body[4] && !us)
			us = clock_mono_us() - from;
		if (body && strstr(body, "\r\n0\r\n\r\n"))
			break;
	}
	buf_release(&in);
	return us;
}

static int connect_to(int port, bool nodelay)
{
	const struct gw_world x = {.port = port};
	int fd = gw_connect(&x), one = nodelay;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* The median, and how many are beyond `limit_us`. */
static int64_t calls(int port, const struct buf *ask, int64_t limit_us,
		     int *beyond)
{
	int fd = connect_to(port, true);
	int64_t us[CALLS];

	*beyond = 0;
	for (int i = 0; i < CALLS; i++) {
		us[i] = first_token_us(fd, ask);
		*beyond += us[i] > limit_us;
	}
	close(fd);
	qsort(us, CALLS, sizeof(us[0]), by_value);
	return us[CALLS / 2];
}

static void ask_of(struct buf *b, size_t bytes)
{
	struct buf body;

	buf_init(&body, 4 << 20);
	buf_adds(&body, "{\"model\":\"gpt-5-mini\",\"stream\":true,"
			"\"messages\":[{\"role\":\"user\",\"content\":\"");
	for (size_t i = 0; i < bytes; i++)
		buf_addc(&body, 'a');
	buf_adds(&body, "\"}]}");
	buf_init(b, 4 << 20);
	buf_addf(b,
		 "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
		 "Content-Type: application/json\r\nContent-Length: %zu\r\n"
		 "\r\n%s",
		 body.len, buf_str(&body));
	buf_release(&body);
}

/* Where one side waits for an acknowledgement that the other holds back, nearly
 * every call on a kept connection is late by 40 ms. A busy machine makes some
 * late, but not most of them. */
static void nobody_waits_for_acknowledgements(void **state)
{
	static const size_t sizes[] = {10, 3000, 200000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int64_t direct, through;
		int beyond;
		struct buf ask;

		ask_of(&ask, sizes[i]);
		direct = calls(fake_port(w.fake), &ask, 0, &beyond);
		through = calls(w.port, &ask, direct + TRAP_US, &beyond);
		print_message("prompt of %zu bytes, %d streams: first token "
			      "after %lld us, direct after %lld us; %d of them "
			      "%lld ms later or more\n",
			      sizes[i], CALLS, (long long)through,
			      (long long)direct, beyond,
			      (long long)TRAP_US / 1000);
		assert_true(beyond < CALLS / 2);
		buf_release(&ask);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_starts),
		cmocka_unit_test(a_slow_client_all_the_way),
		cmocka_unit_test(nobody_waits_for_acknowledgements),
		cmocka_unit_test(it_stops),
	};

	return harness_main("gateway_stream", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
