/* Names of hosts to addresses without blocking the loop: getaddrinfo() on
 * threads of its own, at most two, whose queue is bounded. What was found is
 * kept for a minute, what was not for two seconds. Addresses in numbers take
 * no thread. */
#ifndef ACO_RESOLVE_H
#define ACO_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ledger/base/err.h"

struct loop;
struct resolver;
struct resolve; /* a question that is not answered yet */

enum {
	RESOLVE_MAX = 8
};

/* In the order in which they should be tried (RFC 6724); the port is in
 * them. */
struct resolved {
	int n;
	struct sockaddr_storage addr[RESOLVE_MAX];
	socklen_t len[RESOLVE_MAX];
};

/* Called from the loop. a->n is 0: not found, and *e says why. */
typedef void resolve_fn(void *arg, const struct resolved *a,
			const struct err *e);

struct resolver *resolver_new(struct loop *l);
/* Questions that are not answered go without a word; threads that still wait
 * for the network end by themselves. */
void resolver_free(struct resolver *r);
/* At once: numbers ("127.0.0.1", "::1"), or what is known. */
bool resolve_now(struct resolver *r, const char *host, uint16_t port,
		 struct resolved *out);
/* In the background. NULL: too many questions wait; *e says so. */
struct resolve *resolve_start(struct resolver *r, const char *host,
			      uint16_t port, resolve_fn *fn, void *arg,
			      struct err *e);
void resolve_cancel(struct resolve *q); /* fn is not called */

#endif
