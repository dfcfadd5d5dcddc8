#include "tests/int/gw_raw.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/buf.h"

#define REQUEST_MAX ((size_t)1 << 20)

static const char good_body[] =
	"{\"id\":\"chatcmpl-g\",\"object\":\"chat.completion\",\"created\":1,"
	"\"model\":\"gpt-5-mini\",\"choices\":[{\"index\":0,\"message\":"
	"{\"role\":\"assistant\",\"content\":\"good\"},\"finish_reason\":"
	"\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,"
	"\"total_tokens\":2}}";

static const char good_message[] =
	"{\"id\":\"msg_g\",\"type\":\"message\",\"role\":\"assistant\","
	"\"model\":\"claude-sonnet-4-5\",\"content\":[{\"type\":\"text\","
	"\"text\":\"good\"}],\"stop_reason\":\"end_turn\",\"usage\":"
	"{\"input_tokens\":1,\"output_tokens\":1}}";

struct raw {
	int fd, port;
	pthread_t thread;
	pthread_mutex_t mu;
	const char *say;
	size_t n;
	bool close;
	int count;
};

struct peer {
	struct raw *r;
	int fd;
	bool messages; /* asked for at last */
};

static bool send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* Content-Length of the head, in the words of the gateway's client. */
static size_t length_of(const char *head)
{
	const char *p = strcasestr(head, "\r\ncontent-length:");

	return p ? strtoul(p + 17, NULL, 10) : 0;
}

/* A whole request; false: there is none any more. */
static bool read_request(struct peer *p, struct buf *in)
{
	for (;;) {
		const char *end =
			in->len ? memmem(in->p, in->len, "\r\n\r\n", 4) : NULL;
		size_t whole = 0;
		ssize_t n;

		if (end)
			whole = (size_t)(end - in->p) + 4 + length_of(in->p);
		if (end && in->len >= whole) {
			p->messages = strstr(in->p, "/messages ");
			memmove(in->p, in->p + whole, in->len - whole);
			in->len -= whole;
			in->p[in->len] = 0;
			return true;
		}
		if (!buf_reserve(in, 65536))
			return false;
		n = recv(p->fd, in->p + in->len, 65536, 0);
		if (n <= 0)
			return false;
		buf_advance(in, (size_t)n);
	}
}

static bool answer(struct peer *p)
{
	struct raw *r = p->r;
	const char *say;
	char good[1024];
	bool close;
	size_t n;

	pthread_mutex_lock(&r->mu);
	say = r->say;
	n = r->n;
	close = r->close;
	r->say = NULL;
	r->count++;
	pthread_mutex_unlock(&r->mu);
	if (say)
		return send_all(p->fd, say, n) && !close;
	snprintf(good, sizeof(good),
		 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 p->messages ? sizeof(good_message) - 1 : sizeof(good_body) - 1,
		 p->messages ? good_message : good_body);
	return send_all(p->fd, good, strlen(good));
}

static void *peer_main(void *arg)
{
	struct peer *p = arg;
	struct buf in;

	buf_init(&in, REQUEST_MAX);
	while (read_request(p, &in) && answer(p))
		;
	close(p->fd);
	buf_release(&in);
	free(p);
	return NULL;
}

static void *accept_main(void *arg)
{
	struct raw *r = arg;

	for (;;) {
		int fd = accept(r->fd, NULL, NULL);
		struct peer *p;
		pthread_t t;

		if (fd < 0)
			return NULL;
		p = xcalloc(1, sizeof(*p));
		*p = (struct peer){.r = r, .fd = fd};
		if (pthread_create(&t, NULL, peer_main, p))
			abort();
		pthread_detach(t);
	}
}

struct raw *raw_start(void)
{
	struct raw *r = xcalloc(1, sizeof(*r));
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r->fd < 0 || bind(r->fd, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(r->fd, 64) || getsockname(r->fd, (void *)&a, &n))
		abort();
	r->port = ntohs(a.sin_port);
	pthread_mutex_init(&r->mu, NULL);
	if (pthread_create(&r->thread, NULL, accept_main, r))
		abort();
	return r;
}

/* Connections end when their clients do; what they stand on stays. */
void raw_stop(struct raw *r)
{
	shutdown(r->fd, SHUT_RDWR);
	pthread_join(r->thread, NULL);
	close(r->fd);
}

int raw_port(const struct raw *r)
{
	return r->port;
}

void raw_say(struct raw *r, const char *bytes, size_t n, bool close)
{
	pthread_mutex_lock(&r->mu);
	r->say = bytes;
	r->n = n;
	r->close = close;
	pthread_mutex_unlock(&r->mu);
}

int raw_count(struct raw *r)
{
	int n;

	pthread_mutex_lock(&r->mu);
	n = r->count;
	pthread_mutex_unlock(&r->mu);
	return n;
}
