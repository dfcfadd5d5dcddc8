/* The addresses that the daemon listens on.
 *
 * The parent reserves each: it binds a socket with SO_REUSEPORT and never
 * listens on it, so that a port that is taken is said at start, port 0 is the
 * same port for all workers, and nobody takes it while a worker is started
 * again. Each worker binds and listens on a socket of its own; the kernel
 * spreads connections over those that listen. */
#ifndef ACO_LISTEN_H
#define ACO_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

#include "ledger/base/conf.h"
#include "ledger/base/err.h"

#define LISTEN_MAX 16

struct listen_addr {
	struct sockaddr_storage sa;
	socklen_t len;
	bool loopback;
	int fd;        /* the parent's reservation, or -1 */
	char text[64]; /* "127.0.0.1:4318", "[::1]:4318" */
};
struct listen_set {
	int n;
	struct listen_addr a[LISTEN_MAX];
};

/* "127.0.0.1:4318, [::1]:4318, localhost:0, *:4318". RC_BAD says which part is
 * no address. */
enum rc listen_parse(const char *text, struct listen_set *set,
		     struct err *e) MUST_CHECK;
/* Whether configuration of addresses, keys and TLS may go together: off
 * loopback both are required unless insecure. */
enum rc listen_allowed(const struct listen_set *set, const struct conf *conf,
		       struct err *e) MUST_CHECK;
/* Bind them all; real ports and texts are filled in. RC_BUSY: one is taken. */
enum rc listen_reserve(struct listen_set *set, struct err *e) MUST_CHECK;
/* Close the reservations; in a child this leaves the parent's alone. */
void listen_close(struct listen_set *set);
/* A listening socket of this process, non-blocking. */
enum rc listen_open(const struct listen_addr *a, int *fd,
		    struct err *e) MUST_CHECK;

#endif
