/* Whether a caller may, as a matter of headers and sets alone. */
#ifndef ACO_AUTH_DECIDE_H
#define ACO_AUTH_DECIDE_H

#include "ingest/auth_set.h"

enum auth_mode {
	AUTH_AUTO, /* callers from this machine need no key */
	AUTH_REQUIRED,
	AUTH_OFF
};

struct auth_ask {
	struct str (*header)(const void *arg, const char *name);
	const void *arg;
	bool loopback; /* the peer's address is this machine's */
	enum http_need need;
};

/* What a request shows of itself. */
struct auth_cred {
	struct str key;   /* one of ours, perhaps torn; absent: none */
	bool other;       /* some other credential: a provider's, a dummy */
	char basic[1024]; /* where `key` may lie */
};
void auth_cred_read(struct auth_cred *c, const struct auth_ask *ask);

/* Whether a caller without a key counts as local: its address is loopback,
 * Host names this machine (else a web page could have its own name resolve
 * here), Origin does if there is one, and no header tells of a proxy. A proxy
 * that hides itself and rewrites Host cannot be told from a local caller:
 * behind such a one `keys = required`. */
bool auth_local(const struct auth_ask *ask);

/* 0, 401, 403 or 503, with *e. set NULL: no keys were read yet. *key NULL: a
 * caller without a key; else it points into the set. */
int auth_decide(enum auth_mode mode, const struct auth_set *set,
		const struct auth_ask *ask, int64_t now_us,
		const struct auth_entry **key, struct err *e);

#endif
