/* A question to the daemon over plain HTTP, with a bound on its time. */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/daemon.h"

#define ANSWER_MAX (1 << 20)
#define SECONDS    3

/* "127.0.0.1:4318" or "[::1]:4318"; -1 with errno. */
static int connect_to(const char *address)
{
	const struct timeval limit = {.tv_sec = SECONDS};
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	const char *colon = strrchr(address, ':');
	size_t skip = address[0] == '[';
	struct addrinfo *a = NULL;
	char *host;
	int fd = -1;

	errno = EINVAL;
	if (!colon || colon < address + 2 * skip)
		return -1;
	host = xstrndup(address + skip, (size_t)(colon - address) - 2 * skip);
	if (!getaddrinfo(host, colon + 1, &hints, &a)) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0) {
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
				   sizeof(limit));
			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
				   sizeof(limit));
		}
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen)) {
			int why = errno;

			close(fd);
			fd = -1;
			errno = why;
		}
		freeaddrinfo(a);
	}
	free(host);
	return fd;
}

/* All bytes until the other side closes. */
static bool exchange(int fd, const char *question, struct buf *b)
{
	size_t n = strlen(question);
	ssize_t got = 1;

	if (send(fd, question, n, MSG_NOSIGNAL) != (ssize_t)n)
		return false;
	while (got > 0) {
		char *to = buf_reserve(b, 16384);

		if (!to)
			return false;
		got = recv(fd, to, 16384, 0);
		if (got > 0)
			buf_advance(b, (size_t)got);
	}
	return got == 0;
}

enum rc daemon_ask(const char *address, const char *path, int *status,
		   struct buf *body, struct err *e)
{
	char *question = xasprintf("GET %s HTTP/1.1\r\nHost: %s\r\n"
				   "Connection: close\r\n\r\n",
				   path, address);
	int fd = connect_to(address);
	const char *end = NULL;
	struct buf b;
	enum rc rc = RC_OK;

	buf_init(&b, ANSWER_MAX);
	if (fd < 0 || !exchange(fd, question, &b))
		rc = err_set(e, RC_DOWN, "%s does not answer: %s", address,
			     strerror(errno));
	else if (strncmp(buf_str(&b), "HTTP/1.", 7) != 0 ||
		 !(end = strstr(buf_str(&b), "\r\n\r\n")))
		rc = err_set(e, RC_DOWN, "%s answers no HTTP", address);
	if (!rc) {
		*status = (int)strtol(b.p + 9, NULL, 10);
		buf_adds(body, end + 4);
	}
	if (fd >= 0)
		close(fd);
	buf_release(&b);
	free(question);
	return rc;
}
