#include "raw_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"

struct serving {
	struct server *s;
	int i;
};

static bool more(int fd, char *p, size_t max, size_t *n)
{
	ssize_t got = recv(fd, p + *n, max - *n, 0);

	if (got <= 0)
		return false;
	*n += (size_t)got;
	return true;
}

static bool read_request(struct server *s, int i, int fd)
{
	size_t n = 0, max = 4 << 20;
	char *p = xcalloc(1, max + 1);
	const char *end = NULL, *length;
	size_t want = 0;
	bool ok = true;

	while (ok && !(end = strstr(p, "\r\n\r\n")))
		ok = more(fd, p, max, &n);
	if (ok) {
		snprintf(s->last[i], sizeof(s->last[i]), "%.*s",
			 (int)(end + 4 - p), p);
		length = strstr(p, "Content-Length: ");
		if (length)
			want = strtoul(length + 16, NULL, 10);
		want += (size_t)(end + 4 - p);
	}
	while (ok && n < want)
		ok = more(fd, p, max, &n);
	free(p);
	if (ok)
		atomic_fetch_add(&s->requests, 1);
	return ok;
}

static bool send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t did = send(fd, p, n, MSG_NOSIGNAL);

		if (did <= 0)
			return false;
		p += did;
		n -= (size_t)did;
	}
	return true;
}

static void hold(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) > 0)
		;
}

static bool act(struct server *s, int i, int fd, const struct act_on *a)
{
	static const char kilobyte[1024];
	struct linger now = {.l_onoff = 1};
	struct pollfd gone = {.events = POLLRDHUP};

	switch (a->act) {
	case READ:
		return read_request(s, i, fd);
	case SEND:
		return send_all(fd, a->text, strlen(a->text));
	case BYTES:
		for (const char *p = a->text; *p; p++)
			if (!send_all(fd, p, 1))
				return false;
		return true;
	case BULK:
		for (int k = 0; k < a->n; k++)
			if (!send_all(fd, kilobyte, sizeof(kilobyte)))
				return false;
		return true;
	case RESET:
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		return false;
	case HOLD:
		hold(fd);
		return false;
	case STARE:
		/* A client that goes while its bytes wait is not seen. */
		gone.fd = fd;
		while (!atomic_load(&s->stop) && poll(&gone, 1, 10) == 0)
			;
		return false;
	case CLOSE:
		break;
	}
	return false;
}

static void *serve_one(void *arg)
{
	struct serving *v = arg;
	int fd = v->s->fds[v->i];

	for (int k = 0; k < ACTS; k++)
		if (!act(v->s, v->i, fd, &v->s->script[v->i][k]))
			break;
	close(fd);
	free(v);
	return NULL;
}

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct serving *v = xcalloc(1, sizeof(*v));
		int i = atomic_load(&s->accepted);

		if (i == CONNS) {
			close(fd);
			free(v);
			break;
		}
		*v = (struct serving){s, i};
		s->fds[i] = fd;
		if (pthread_create(&s->conn[i], NULL, serve_one, v) != 0)
			abort();
		atomic_store(&s->accepted, i + 1);
	}
	return NULL;
}

void server_start(struct server *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(s->fd >= 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s->fd, 64), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&s->main, NULL, serve, s), 0);
}

void server_stop(struct server *s)
{
	atomic_store(&s->stop, 1);
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->main, NULL);
	for (int i = 0; i < atomic_load(&s->accepted); i++)
		pthread_join(s->conn[i], NULL);
	close(s->fd);
}

struct act_on reads(void)
{
	return (struct act_on){.act = READ};
}

struct act_on closes(void)
{
	return (struct act_on){.act = CLOSE};
}

struct act_on holds(void)
{
	return (struct act_on){.act = HOLD};
}

struct act_on stares(void)
{
	return (struct act_on){.act = STARE};
}

struct act_on resets(void)
{
	return (struct act_on){.act = RESET};
}

struct act_on says(const char *text)
{
	return (struct act_on){.act = SEND, .text = text};
}

struct act_on drips(const char *text)
{
	return (struct act_on){.act = BYTES, .text = text};
}

struct act_on bulk(int n)
{
	return (struct act_on){.act = BULK, .n = n};
}
