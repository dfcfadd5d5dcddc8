/* Model calls over HTTP for benchmarks: keep-alive connections, one request at
 * a time on each, as fast as they go or at a fixed rate.
 *
 *   gw_load --port P --body FILE [--path /v1/...] [--conns N] [--seconds S]
 *           [--rate R] [--stream]
 *
 * GW_KEY and GW_HEADERS ("name: value|...") of the environment go with each
 * request. Prints one line, times in microseconds: of a whole answer, and with
 * --stream to the first event. At a rate, time counts from when a request was
 * due. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/buf.h"
#include "ledger/base/clock.h"
#include "ledger/base/str.h"

#define ANSWER_MAX ((size_t)64 << 20)

struct conn {
	int fd;
	bool busy;
	size_t sent;
	struct buf in;
	size_t head; /* 0: not whole */
	int64_t due_us, first_us;
	int64_t length; /* -1: chunked */
	int status;
};

struct times {
	int64_t *v;
	size_t n, cap;
};

static struct options {
	int port, conns;
	double rate, seconds;
	bool stream;
	const char *path;
	struct buf request;
} o = {.conns = 1, .seconds = 3, .path = "/v1/chat/completions"};

static struct times whole, first;
static long errors;
static int ep;

static void die(const char *what)
{
	fprintf(stderr, "gw_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void note(struct times *t, int64_t us)
{
	xgrow(&t->v, &t->cap, t->n + 1, sizeof(*t->v));
	t->v[t->n++] = us;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static long long quantile(struct times *t, double q)
{
	if (!t->n)
		return -1;
	return (long long)t->v[(size_t)((double)(t->n - 1) * q)];
}

/* ---- a connection ---- */

static void open_conn(struct conn *c)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons((uint16_t)o.port)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a)))
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev))
		die("epoll");
	buf_init(&c->in, ANSWER_MAX);
}

static void ask(struct conn *c, int64_t due_us)
{
	const char *p = o.request.p;
	size_t n = o.request.len;

	c->busy = true;
	c->due_us = due_us;
	c->first_us = 0;
	c->head = 0;
	buf_clear(&c->in);
	while (n) { /* what we send is small enough for the socket */
		ssize_t k = send(c->fd, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			die("send");
		p += k;
		n -= (size_t)k;
	}
}

static void read_head(struct conn *c)
{
	const char *end = memmem(c->in.p, c->in.len, "\r\n\r\n", 4), *p;

	if (!end)
		return;
	c->head = (size_t)(end - c->in.p) + 4;
	c->status = (int)strtol(c->in.p + 9, NULL, 10);
	c->length = -1;
	p = strcasestr(c->in.p, "\r\ncontent-length:");
	if (p && p < end)
		c->length = strtoll(p + 17, NULL, 10);
}

static bool complete(const struct conn *c)
{
	size_t got = c->in.len - c->head;

	if (c->length >= 0)
		return got >= (size_t)c->length;
	return got >= 5 && !memcmp(c->in.p + c->in.len - 5, "0\r\n\r\n", 5);
}

/* True: the answer is whole. */
static bool take(struct conn *c, int64_t now)
{
	char *p = buf_reserve(&c->in, 65536);
	ssize_t n = p ? recv(c->fd, p, 65536, MSG_DONTWAIT) : -1;

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) { /* closed on us */
		errors++;
		epoll_ctl(ep, EPOLL_CTL_DEL, c->fd, NULL);
		close(c->fd);
		buf_release(&c->in);
		open_conn(c);
		c->busy = false;
		return true;
	}
	buf_advance(&c->in, (size_t)n);
	if (!c->head)
		read_head(c);
	if (!c->head)
		return false;
	if (!c->first_us && c->in.len > c->head)
		c->first_us = now;
	if (!complete(c))
		return false;
	c->busy = false;
	errors += c->status != 200;
	note(&whole, now - c->due_us);
	if (o.stream)
		note(&first, c->first_us - c->due_us);
	return true;
}

/* ---- the load ---- */

/* When request i is due; in a closed loop never. */
static int64_t due_at(int64_t begun, long i)
{
	return o.rate > 0 ? begun + (int64_t)((double)i * 1e6 / o.rate)
			  : INT64_MAX;
}

/* What came, waiting for it no longer than to `until`: a load that spins would
 * take a processor from those that it measures. */
static int await(struct epoll_event *ev, int n, int64_t until)
{
	int64_t us = until == INT64_MAX ? 100000 : until - clock_mono_us();
	struct timespec ts = {0};

	if (us > 0)
		ts = (struct timespec){.tv_sec = us / 1000000,
				       .tv_nsec = us % 1000000 * 1000};
	return epoll_pwait2(ep, ev, n, &ts, NULL);
}

static struct {
	int64_t begun, end;
	struct conn *conns;
	int busy, next;
	long due; /* asked so far, at a rate */
} load;

/* At a rate: what is due is asked. */
static void ask_due(int64_t now)
{
	while (load.busy < o.conns && due_at(load.begun, load.due) <= now &&
	       due_at(load.begun, load.due) < load.end) {
		while (load.conns[load.next].busy)
			load.next = (load.next + 1) % o.conns;
		ask(&load.conns[load.next], due_at(load.begun, load.due++));
		load.busy++;
	}
}

static void run(struct conn *conns)
{
	int64_t begun = clock_mono_us(), now = begun;
	int64_t end = begun + (int64_t)(o.seconds * 1e6);
	struct epoll_event ev[256];

	load.begun = begun;
	load.end = end;
	load.conns = conns;
	for (int i = 0; i < o.conns && o.rate <= 0; i++, load.busy++)
		ask(&conns[i], clock_mono_us());
	while (now < end || load.busy) {
		int64_t until = due_at(begun, load.due);
		int n = await(ev, 256,
			      until < end && load.busy < o.conns ? until
								 : INT64_MAX);

		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			now = clock_mono_us();
			ask_due(now); /* however much else there is to do */
			if (!c->busy || !take(c, now))
				continue;
			load.busy--;
			if (o.rate <= 0 && now < end) {
				ask(c, now);
				load.busy++;
			}
		}
		now = clock_mono_us();
		ask_due(now);
		if (now > end + 30000000)
			break; /* what hangs is not counted */
	}
}

/* "name: value|name: value" */
static void add_headers(const char *text)
{
	while (text && *text) {
		size_t n = strcspn(text, "|");

		buf_add(&o.request, text, n);
		buf_adds(&o.request, "\r\n");
		text += n + (text[n] == '|');
	}
}

static void read_body(const char *path)
{
	FILE *f = fopen(path, "r");
	static char body[1 << 20];
	size_t n;

	if (!f)
		die(path);
	n = fread(body, 1, sizeof(body), f);
	fclose(f);
	buf_init(&o.request, 2 << 20);
	buf_addf(&o.request,
		 "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
		 "application/json\r\nAuthorization: Bearer %s\r\n"
		 "Content-Length: %zu\r\n",
		 o.path, getenv("GW_KEY") ? getenv("GW_KEY") : "none", n);
	add_headers(getenv("GW_HEADERS"));
	buf_adds(&o.request, "\r\n");
	buf_add(&o.request, body, n);
}

static void read_options(int argc, char **argv)
{
	const char *body = NULL;

	for (int i = 1; i < argc; i++) {
		struct str s = str_from(argv[i]);
		const char *v = i + 1 < argc ? argv[i + 1] : "";

		if (str_is(s, "--stream")) {
			o.stream = true;
			continue;
		}
		i++;
		if (str_is(s, "--port"))
			o.port = (int)strtol(v, NULL, 10);
		else if (str_is(s, "--conns"))
			o.conns = (int)strtol(v, NULL, 10);
		else if (str_is(s, "--seconds"))
			o.seconds = strtod(v, NULL);
		else if (str_is(s, "--rate"))
			o.rate = strtod(v, NULL);
		else if (str_is(s, "--path"))
			o.path = v;
		else if (str_is(s, "--body"))
			body = v;
	}
	if (!o.port || !body || o.conns < 1) {
		fputs("gw_load: --port and --body are wanted\n", stderr);
		exit(2);
	}
	read_body(body);
}

int main(int argc, char **argv)
{
	struct conn *conns;
	int64_t begun;
	double took;

	read_options(argc, argv);
	ep = epoll_create1(EPOLL_CLOEXEC);
	conns = xcalloc((size_t)o.conns, sizeof(*conns));
	for (int i = 0; i < o.conns; i++)
		open_conn(&conns[i]);
	begun = clock_mono_us();
	run(conns);
	took = (double)(clock_mono_us() - begun) / 1e6;
	qsort(whole.v, whole.n, sizeof(int64_t), compare);
	qsort(first.v, first.n, sizeof(int64_t), compare);
	printf("requests=%zu errors=%ld rps=%.0f p50=%lld p99=%lld"
	       " first_p50=%lld first_p99=%lld\n",
	       whole.n, errors, (double)whole.n / took, quantile(&whole, 0.5),
	       quantile(&whole, 0.99), quantile(&first, 0.5),
	       quantile(&first, 0.99));
	return 0;
}
