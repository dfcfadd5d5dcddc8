/* A load of model calls for an OTLP receiver, over HTTP/1.1 on keep-alive
 * connections.
 *
 *   otlp_load [--port N] [--json] [--connections N] [--batch N] [--seconds N]
 *     [--spans N] [--rate SPANS_A_SECOND] [--key KEY] [--path PATH]
 *
 * Without --rate each connection sends its next request when the last one was
 * answered. With it requests are due at fixed times whatever the receiver
 * does, and wait for a free connection; latency counts from when a request was
 * due. The load ends after --seconds (10), or --spans if that comes first.
 *
 * Prints one line of NAME=VALUE; `acknowledged` counts the spans of requests
 * that were answered by 200. Exit code 1 if anything else came. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "tests/bench/otlp_body.h"

#define CONNECTIONS_MAX 1024
#define STATUS_MAX      600
#define ANSWER_MAX      65536
#define DRAIN_US        (30 * US_PER_SEC)

static struct {
	int port, connections, batch;
	bool json;
	double seconds, rate;
	int64_t spans;
	const char *key, *path;
} opt = {.port = 4318,
	 .connections = 16,
	 .batch = 100,
	 .seconds = 10,
	 .spans = INT64_MAX,
	 .path = "/v1/traces"};

enum state {
	C_FREE,
	C_SENDING,
	C_WAITING
};

struct conn {
	int fd;
	enum state state;
	struct body body;
	struct body_ids ids;
	char head[1024];
	size_t head_len, sent;
	int64_t due_us;
	char answer[ANSWER_MAX];
	size_t got;
};

static struct {
	int epoll;
	struct conn *conns;
	int64_t start_us, end_us;
	int64_t begun; /* requests */
	int64_t busy;  /* of them not answered */
	int64_t status[STATUS_MAX];
	int64_t *latency_us;
	size_t n, cap;
	int64_t last_us; /* of the last answer */
} run;

static void die(const char *what)
{
	fprintf(stderr, "otlp_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- connections ---- */

static void watch(struct conn *c, int op, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = c};

	if (epoll_ctl(run.epoll, op, c->fd, &e))
		die("epoll_ctl");
}

static void conn_open(struct conn *c)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)opt.port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket");
	if (connect(c->fd, (struct sockaddr *)&a, sizeof(a)))
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->state = C_FREE;
	c->got = 0;
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void conn_init(struct conn *c, int i, uint64_t id)
{
	int n;

	body_init(&c->body, opt.batch, opt.json);
	c->ids = (struct body_ids){.run = id,
				   .next = (uint64_t)(i + 1) << 40,
				   .session = (uint64_t)(i + 1) << 40};
	n = snprintf(c->head, sizeof(c->head),
		     "POST %s HTTP/1.1\r\nHost: localhost:%d\r\n"
		     "Content-Type: application/%s\r\n"
		     "%s%s%sContent-Length: %zu\r\n\r\n",
		     opt.path, opt.port, opt.json ? "json" : "x-protobuf",
		     opt.key ? "Authorization: Bearer " : "",
		     opt.key ? opt.key : "", opt.key ? "\r\n" : "",
		     c->body.data.len);
	if (n < 0 || (size_t)n >= sizeof(c->head))
		die("a key that long");
	c->head_len = (size_t)n;
	conn_open(c);
}

/* ---- answers ---- */

static void ended(struct conn *c, int status)
{
	int64_t now = clock_mono_us();

	run.status[status]++;
	run.busy--;
	run.last_us = now;
	if (status == 200) {
		xgrow(&run.latency_us, &run.cap, run.n + 1, sizeof(int64_t));
		run.latency_us[run.n++] = now - c->due_us;
	}
	c->state = C_FREE;
	c->got = 0;
}

/* It went away: what it was asked counts as status 0. */
static void lost(struct conn *c)
{
	if (c->state != C_FREE)
		ended(c, 0);
	close(c->fd);
	conn_open(c);
}

/* Bytes of the answer in hand; 0: more are to come. */
static size_t answer_size(const struct conn *c)
{
	const char *end = memmem(c->answer, c->got, "\r\n\r\n", 4);
	const char *p;
	size_t head, body = 0;

	if (!end)
		return 0;
	head = (size_t)(end - c->answer) + 4;
	for (p = c->answer; p < end; p = strstr(p, "\r\n") + 2) {
		if (strncasecmp(p, "content-length:", 15) == 0)
			body = strtoul(p + 15, NULL, 10);
	}
	return c->got >= head + body ? head + body : 0;
}

static void on_readable(struct conn *c)
{
	ssize_t n = recv(c->fd, c->answer + c->got,
			 sizeof(c->answer) - 1 - c->got, MSG_DONTWAIT);
	long status;
	bool closes;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lost(c);
		return;
	}
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if (c->state == C_FREE || c->got == sizeof(c->answer) - 1) {
		lost(c); /* not asked for, or without end */
		return;
	}
	if (!answer_size(c))
		return;
	status = c->got > 12 ? strtol(c->answer + 9, NULL, 10) : 0;
	closes = strcasestr(c->answer, "\r\nConnection: close") != NULL;
	/* An early refusal may come while the body is still being sent. */
	closes = closes || c->state == C_SENDING;
	ended(c, status > 0 && status < STATUS_MAX ? (int)status : 0);
	if (closes)
		lost(c);
}

/* ---- requests ---- */

static void on_writable(struct conn *c)
{
	size_t all = c->head_len + c->body.data.len;
	struct iovec v[2] = {{c->head, c->head_len},
			     {c->body.data.p, c->body.data.len}};
	size_t in_body = c->sent > c->head_len ? c->sent - c->head_len : 0;
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	ssize_t n;

	v[0].iov_base = c->head + (c->sent - in_body);
	v[0].iov_len = c->head_len - (c->sent - in_body);
	v[1].iov_base = c->body.data.p + in_body;
	v[1].iov_len -= in_body;
	n = sendmsg(c->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		lost(c);
		return;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	if (c->sent == all) {
		c->state = C_WAITING;
		watch(c, EPOLL_CTL_MOD, EPOLLIN);
	} else {
		watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	}
}

static void begin(struct conn *c, int64_t due_us)
{
	body_stamp(&c->body, &c->ids, clock_now_us());
	c->state = C_SENDING;
	c->sent = c->got = 0;
	c->due_us = due_us;
	run.begun++;
	run.busy++;
	on_writable(c);
}

/* When the next request is due; INT64_MAX: there is none. */
static int64_t next_due(int64_t now)
{
	int64_t due = now;

	if (run.begun * opt.batch >= opt.spans)
		return INT64_MAX;
	if (opt.rate > 0)
		due = run.start_us +
		      (int64_t)((double)run.begun * opt.batch * 1e6 / opt.rate);
	return due < run.end_us ? due : INT64_MAX;
}

/* Start what is due; returns when to look again. */
static int64_t begin_due(void)
{
	int64_t due = 0;

	for (int i = 0; i < opt.connections; i++) {
		int64_t now = clock_mono_us();

		if (run.conns[i].state != C_FREE)
			continue;
		due = next_due(now);
		if (due > now)
			return due;
		begin(&run.conns[i], due);
	}
	return INT64_MAX;
}

static bool over(void)
{
	int64_t now = clock_mono_us();

	if (run.busy && now < run.end_us + DRAIN_US)
		return false;
	return next_due(now) == INT64_MAX;
}

static void loop(void)
{
	struct epoll_event ev[64];

	while (!over()) {
		int64_t wait = begin_due(), now = clock_mono_us();
		struct timespec t = {1, 0};
		int n;

		if (wait < now + US_PER_SEC) {
			wait = wait > now ? wait - now : 0;
			t = (struct timespec){0, wait * 1000};
		}
		n = epoll_pwait2(run.epoll, ev, 64, &t, NULL);
		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				on_readable(c);
			else if (c->state == C_SENDING)
				on_writable(c);
		}
	}
}

/* ---- the report ---- */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double percentile_ms(int per_mille)
{
	size_t i = run.n * (size_t)per_mille / 1000;

	if (!run.n)
		return 0;
	return (double)run.latency_us[i < run.n ? i : run.n - 1] / 1000;
}

static int report(void)
{
	double seconds = (double)(run.last_us - run.start_us) / 1e6;
	int64_t acknowledged = run.status[200] * opt.batch;
	int64_t unanswered = run.busy, other = unanswered;

	qsort(run.latency_us, run.n, sizeof(int64_t), by_value);
	printf("acknowledged=%lld seconds=%.6f rate=%.0f p50_ms=%.2f "
	       "p99_ms=%.2f max_ms=%.2f",
	       (long long)acknowledged, seconds, (double)acknowledged / seconds,
	       percentile_ms(500), percentile_ms(990), percentile_ms(1000));
	for (int i = 0; i < STATUS_MAX; i++) {
		if (i == 200 || !run.status[i])
			continue;
		other += run.status[i];
		printf(" status_%d=%lld", i, (long long)run.status[i]);
	}
	if (unanswered)
		printf(" unanswered=%lld", (long long)unanswered);
	printf("\n");
	return other || !run.n ? 1 : 0;
}

static void options(int argc, char **argv)
{
	static const struct option names[] = {
		{"port", 1, NULL, 'p'},        {"json", 0, NULL, 'j'},
		{"connections", 1, NULL, 'c'}, {"batch", 1, NULL, 'b'},
		{"seconds", 1, NULL, 's'},     {"spans", 1, NULL, 'n'},
		{"rate", 1, NULL, 'r'},        {"key", 1, NULL, 'k'},
		{"path", 1, NULL, 'a'},        {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'p')
			opt.port = (int)strtol(optarg, NULL, 10);
		else if (c == 'j')
			opt.json = true;
		else if (c == 'c')
			opt.connections = (int)strtol(optarg, NULL, 10);
		else if (c == 'b')
			opt.batch = (int)strtol(optarg, NULL, 10);
		else if (c == 's')
			opt.seconds = strtod(optarg, NULL);
		else if (c == 'n')
			opt.spans = strtoll(optarg, NULL, 10);
		else if (c == 'r')
			opt.rate = strtod(optarg, NULL);
		else if (c == 'k')
			opt.key = optarg;
		else if (c == 'a')
			opt.path = optarg;
		else
			exit(2);
	}
	if (opt.connections < 1 || opt.connections > CONNECTIONS_MAX ||
	    opt.batch < 1 || opt.batch > 100000 || opt.rate < 0 ||
	    !(opt.seconds > 0) || opt.spans < 1) {
		fprintf(stderr, "otlp_load: numbers that make no sense\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	uint64_t id = (uint64_t)clock_now_us() ^ (uint64_t)getpid() << 44;

	options(argc, argv);
	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (run.epoll < 0)
		die("epoll_create1");
	run.conns = xcalloc((size_t)opt.connections, sizeof(struct conn));
	for (int i = 0; i < opt.connections; i++)
		conn_init(&run.conns[i], i, id);
	run.start_us = run.last_us = clock_mono_us();
	run.end_us = run.start_us + (int64_t)(opt.seconds * 1e6);
	loop();
	return report();
}
