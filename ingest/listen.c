#include "ingest/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/str.h"

#define BACKLOG 1024

/* ---- text ---- */

static bool is_loopback(const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;

	if (sa->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return v6->sin6_addr.s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int port_of(const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;

	return ntohs(sa->ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
}

static void write_text(struct listen_addr *a)
{
	char host[INET6_ADDRSTRLEN] = "?";
	bool v6 = a->sa.ss_family == AF_INET6;
	const struct sockaddr_in *in4 = (const void *)&a->sa;
	const struct sockaddr_in6 *in6 = (const void *)&a->sa;
	const void *addr = v6 ? (const void *)&in6->sin6_addr
			      : (const void *)&in4->sin_addr;

	inet_ntop(a->sa.ss_family, addr, host, sizeof(host));
	snprintf(a->text, sizeof(a->text), v6 ? "[%s]:%d" : "%s:%d", host,
		 port_of(&a->sa));
}

/* Host and port of "HOST:PORT" or "[HOST]:PORT", as C strings. */
static bool split(struct str part, char *host, size_t size, char port[8])
{
	const char *colon = memrchr(part.p, ':', part.len);
	struct str h, p;

	if (!colon)
		return false;
	h = (struct str){part.p, (size_t)(colon - part.p)};
	p = (struct str){colon + 1, part.len - h.len - 1};
	if (h.len > 2 && h.p[0] == '[' && h.p[h.len - 1] == ']')
		h = (struct str){h.p + 1, h.len - 2};
	else if (memchr(h.p, ':', h.len))
		return false; /* IPv6 without brackets: which is the port? */
	if (h.len == 0 || h.len >= size || p.len == 0 || p.len > 5)
		return false;
	snprintf(host, size, "%.*s", STR_ARG(h));
	snprintf(port, 8, "%.*s", STR_ARG(p));
	return true;
}

static enum rc parse_one(struct str part, struct listen_addr *a, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	char host[64], port[8];
	const char *name = host;
	struct addrinfo *got;
	int64_t number;

	if (!split(part, host, sizeof(host), port) ||
	    !str_i64(str_from(port), &number) || number < 0 || number > 65535) {
		err_set(e, RC_BAD, "listen: '%.*s' is not ADDRESS:PORT",
			STR_ARG(part));
		err_hint(e, "write 127.0.0.1:4318, [::1]:4318 or *:4318");
		return RC_BAD;
	}
	if (!strcmp(host, "localhost"))
		name = "127.0.0.1";
	else if (!strcmp(host, "*"))
		name = "0.0.0.0";
	if (getaddrinfo(name, port, &hints, &got)) {
		err_set(e, RC_BAD, "listen: '%s' is not an address", host);
		err_hint(e, "write it in numbers: names are not looked up");
		return RC_BAD;
	}
	memcpy(&a->sa, got->ai_addr, got->ai_addrlen);
	a->len = got->ai_addrlen;
	freeaddrinfo(got);
	a->loopback = is_loopback(&a->sa);
	write_text(a);
	return RC_OK;
}

enum rc listen_parse(const char *text, struct listen_set *set, struct err *e)
{
	set->n = 0;
	for (const char *p = text; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");
		struct str part = str_trim((struct str){p, n});
		enum rc rc;

		p += n;
		if (!part.len)
			continue;
		if (set->n == LISTEN_MAX)
			return err_set(e, RC_BAD,
				       "listen: more than %d addresses",
				       LISTEN_MAX);
		set->a[set->n] = (struct listen_addr){.fd = -1};
		rc = parse_one(part, &set->a[set->n], e);
		if (rc)
			return rc;
		set->n++;
	}
	if (set->n)
		return RC_OK;
	err_set(e, RC_BAD, "listen: names no address");
	err_hint(e, "write 127.0.0.1:4318");
	return RC_BAD;
}

/* ---- what may be ---- */

enum rc listen_allowed(const struct listen_set *set, const struct conf *conf,
		       struct err *e)
{
	bool tls = conf->tls_cert[0] && conf->tls_key[0];

	if (!conf->tls_cert[0] != !conf->tls_key[0])
		return err_set(e, RC_BAD, "%s is set and %s is not",
			       conf->tls_cert[0] ? "tls_cert" : "tls_key",
			       conf->tls_cert[0] ? "tls_key" : "tls_cert");
	for (int i = 0; i < set->n && !conf->insecure; i++) {
		if (set->a[i].loopback)
			continue;
		if (tls && strcmp(conf->keys, "off") != 0)
			continue;
		err_set(e, RC_BAD, "listen: others can reach %s, and there %s",
			set->a[i].text, tls ? "keys are off" : "is no TLS");
		err_hint(e,
			 "%s; or listen on 127.0.0.1, or set insecure = yes "
			 "where the network is trusted",
			 tls ? "set keys = auto" : "set tls_cert and tls_key");
		return RC_BAD;
	}
	return RC_OK;
}

/* ---- sockets ---- */

static bool option(int fd, int level, int name, int value)
{
	return !setsockopt(fd, level, name, &value, sizeof(value));
}

static int bound(const struct listen_addr *a, bool shared)
{
	int fd = socket(a->sa.ss_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int why;

	if (fd < 0)
		return -1;
	if (option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
	    (!shared || option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
	    (a->sa.ss_family != AF_INET6 ||
	     option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
	    !bind(fd, (const struct sockaddr *)&a->sa, a->len))
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

static enum rc refused(const struct listen_addr *a, struct err *e)
{
	int why = errno;

	if (why == EADDRINUSE) {
		err_set(e, RC_BUSY, "%s is taken by another program", a->text);
		err_hint(e, "ss -ltnp shows which; set listen to another port");
		return RC_BUSY;
	}
	err_set(e, RC_DOWN, "listening on %s: %s", a->text, strerror(why));
	if (why == EACCES)
		err_hint(e, "ports below 1024 want CAP_NET_BIND_SERVICE");
	else if (why == EADDRNOTAVAIL)
		err_hint(e, "this machine has no such address");
	return RC_DOWN;
}

static enum rc reserve(struct listen_addr *a, struct err *e)
{
	/* One that shares with nobody finds out whether the port is free: with
	 * SO_REUSEPORT we would join whoever else of our user has set it. */
	int probe = port_of(&a->sa) ? bound(a, false) : -2;

	if (probe == -1)
		return refused(a, e);
	if (probe >= 0)
		close(probe);
	a->fd = bound(a, true);
	if (a->fd < 0)
		return refused(a, e);
	/* From here on such a probe of another daemon fails at ours. */
	if (!option(a->fd, SOL_SOCKET, SO_REUSEADDR, 0) ||
	    getsockname(a->fd, (struct sockaddr *)&a->sa, &a->len))
		return refused(a, e);
	write_text(a);
	return RC_OK;
}

enum rc listen_reserve(struct listen_set *set, struct err *e)
{
	enum rc rc = RC_OK;

	for (int i = 0; i < set->n && !rc; i++)
		rc = reserve(&set->a[i], e);
	if (rc)
		listen_close(set);
	return rc;
}

void listen_close(struct listen_set *set)
{
	for (int i = 0; i < set->n; i++) {
		if (set->a[i].fd >= 0)
			close(set->a[i].fd);
		set->a[i].fd = -1;
	}
}

enum rc listen_open(const struct listen_addr *a, int *fd, struct err *e)
{
	*fd = bound(a, true);
	if (*fd < 0)
		return refused(a, e);
	if (listen(*fd, BACKLOG)) {
		close(*fd);
		*fd = -1;
		return refused(a, e);
	}
	return RC_OK;
}
