/* The server: takes connections, keeps their limits, ends. */
#include "ingest/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingest/http_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"

#define ACCEPT_ROUND 64
#define AGAIN_US     INT64_C(100000)
#define TICK_MIN_US  INT64_C(5000)
#define TICK_MAX_US  INT64_C(500000)

#define MIB ((size_t)1 << 20)

void http_limits_default(struct http_limits *l)
{
	*l = (struct http_limits){
		.header_bytes = 64 * 1024,
		.headers = 128,
		.body = {0, MIB, 16 * MIB, 64 * MIB},
		.inflated = {0, MIB, 64 * MIB, 64 * MIB},
		.inflight_bytes = 64 * MIB,
		.connections = 1024,
		.header_us = 10 * US_PER_SEC,
		.idle_us = 75 * US_PER_SEC,
		.stall_us = 30 * US_PER_SEC,
		.body_us = 120 * US_PER_SEC,
		.out_high = 256 * 1024,
		.out_low = 64 * 1024,
	};
}

/* ---- peers ---- */

static bool is_loopback(const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;

	if (sa->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	if (sa->ss_family != AF_INET6)
		return true; /* a Unix socket */
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return v6->sin6_addr.s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static void peer_text(const struct sockaddr_storage *sa, char *out, size_t size)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;
	char host[INET6_ADDRSTRLEN] = "?";

	if (sa->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(out, size, "%s:%d", host, ntohs(v4->sin_port));
	} else if (sa->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(out, size, "[%s]:%d", host, ntohs(v6->sin6_port));
	} else {
		snprintf(out, size, "local");
	}
}

/* ---- taking connections ---- */

static void turn_away(struct http_server *s, int fd)
{
	static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\n"
				   "Retry-After: 1\r\nContent-Length: 0\r\n"
				   "Connection: close\r\n\r\n";

	s->counts.refused++;
	if (!s->o.tls)
		(void)!send(fd, busy, sizeof(busy) - 1,
			    MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void greet(struct http_server *s, int fd,
		  const struct sockaddr_storage *sa)
{
	char peer[HTTP_PEER_MAX];

	if (s->n_conns >= s->o.limits.connections) {
		turn_away(s, fd);
		return;
	}
	if (!s->n_conns) {
		s->now_us = clock_mono_us();
		loop_timer_set(s->tick, s->tick_us);
	}
	peer_text(sa, peer, sizeof(peer));
	http_conn_new(s, fd, peer, is_loopback(sa));
}

static int take(const struct http_server *s, struct sockaddr_storage *sa)
{
	socklen_t n = sizeof(*sa);

	sa->ss_family = AF_UNSPEC;
	return accept4(s->fd, (struct sockaddr *)sa, &n,
		       SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* No descriptor is left. One connection is taken on the spare one and closed,
 * so that it does not hang; then the rest waits a little. */
static void out_of_files(struct http_server *s)
{
	struct sockaddr_storage sa;
	int why = errno, fd;

	log_line(LOG_WARN, "http", "no connection can be taken", "detail=%s",
		 log_quote(strerror(why)));
	if (s->spare >= 0) {
		close(s->spare);
		fd = take(s, &sa);
		if (fd >= 0) {
			s->counts.refused++;
			close(fd);
		}
		s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	loop_watch_set(s->watch, 0);
	loop_timer_set(s->again, AGAIN_US);
}

static void on_accept(void *arg, short revents)
{
	struct http_server *s = arg;

	(void)revents;
	for (int i = 0; i < ACCEPT_ROUND; i++) {
		struct sockaddr_storage sa;
		int fd = take(s, &sa);

		if (fd >= 0) {
			greet(s, fd, &sa);
		} else if (errno == EMFILE || errno == ENFILE ||
			   errno == ENOBUFS || errno == ENOMEM) {
			out_of_files(s);
			return;
		} else if (errno == EAGAIN || errno == EINVAL ||
			   errno == EBADF) {
			return;
		} /* else that one went away before it was taken */
	}
}

static void on_again(void *arg)
{
	struct http_server *s = arg;

	if (s->watch)
		loop_watch_set(s->watch, POLLIN);
}

/* ---- time ---- */

static void on_tick(void *arg)
{
	struct http_server *s = arg;

	s->now_us = clock_mono_us();
	for (struct http_conn *hc = s->conns; hc; hc = s->cursor) {
		s->cursor = hc->next;
		http_conn_tick(hc);
	}
	if (s->n_conns)
		loop_timer_set(s->tick, s->tick_us);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t tick_of(const struct http_limits *l)
{
	int64_t us = least(least(l->header_us, l->idle_us),
			   least(l->stall_us, l->body_us)) /
		     8;

	return us < TICK_MIN_US ? TICK_MIN_US : least(us, TICK_MAX_US);
}

/* ---- life ---- */

enum rc http_server_new(struct http_server **out, struct loop *loop, int fd,
			const struct http_opts *o, struct err *e)
{
	struct http_server *s;
	int flags = fcntl(fd, F_GETFL), on = 1;

	*out = NULL;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		err_set(e, RC_DOWN, "the listening socket: %s",
			strerror(errno));
		close(fd);
		return RC_DOWN;
	}
	signal(SIGPIPE, SIG_IGN);
	/* Its connections inherit it: a machine that vanished while a handler
	 * waits is noticed some day. */
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	s = xcalloc(1, sizeof(*s));
	s->loop = loop;
	s->o = *o;
	s->fd = fd;
	s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->tick_us = tick_of(&o->limits);
	s->tick = loop_timer_new(loop, on_tick, s);
	s->again = loop_timer_new(loop, on_again, s);
	s->fields = xcalloc((size_t)o->limits.headers, sizeof(*s->fields));
	s->date_s = -1;
	http_routes_index(s);
	s->watch = loop_watch_new(loop, fd, on_accept, s);
	loop_watch_set(s->watch, POLLIN);
	*out = s;
	return RC_OK;
}

static void stop_listening(struct http_server *s)
{
	loop_watch_free(s->watch);
	s->watch = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void http_server_drain(struct http_server *s)
{
	if (s->draining)
		return;
	/* Those that the kernel has taken would be reset. */
	on_accept(s, POLLIN);
	stop_listening(s);
	s->draining = true;
	for (struct http_conn *hc = s->conns; hc; hc = s->cursor) {
		s->cursor = hc->next;
		/* One that was taken just now has not had its turn. */
		if (hc->state == HTTP_IDLE && hc->served)
			http_conn_free(hc);
	}
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	stop_listening(s);
	while (s->conns)
		http_conn_free(s->conns);
	while (s->reqs)
		http_req_orphan(s->reqs);
	loop_timer_free(s->tick);
	loop_timer_free(s->again);
	if (s->spare >= 0)
		close(s->spare);
	free(s->fields);
	free(s->links);
	free(s);
}

/* ---- how it is ---- */

int http_server_busy(const struct http_server *s)
{
	return s->busy;
}

int http_server_connections(const struct http_server *s)
{
	return s->n_conns;
}

size_t http_server_inflight(const struct http_server *s)
{
	return s->inflight;
}

void http_server_counts(const struct http_server *s, struct http_counts *out)
{
	*out = s->counts;
}

void http_server_set_tls(struct http_server *s, struct tls *tls)
{
	s->o.tls = tls;
}
