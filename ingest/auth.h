/* Who may call. Keys are `aco_ROLE_` and 43 characters of base64url (256 bits)
 * with a checksum (auth_key.h); the ledger keeps SHA-256 and the last four. A
 * worker holds all keys in memory, asks for changes every second on its own
 * small connection thread, and keeps the last known ones in ACO_HOME/keys
 * (0600, hashes only), so that a restart with the database away knows its
 * callers.
 *
 * A key comes as `x-aco-key: KEY`, `Authorization: Bearer KEY`, Basic with the
 * key as password (Langfuse: the public key is ignored) or as user, or
 * `x-api-key: KEY`; the first of these that begins with "aco_" counts.
 *
 *   keys = auto      no key: whoever is local (auth_local) may do everything;
 *                    other credentials are then ignored (a client's own for a
 *                    provider, a dummy). A key of ours is judged anyhow: one
 *                    that is revoked does not become welcome by being local.
 *   keys = required  everybody needs one
 *   keys = off       nobody is asked
 *
 *   role      may
 *   ingest    telemetry, events, outcomes
 *   gateway   the gateway, outcomes
 *   read      metrics and what only reads
 *   admin     everything */
#ifndef ACO_AUTH_H
#define ACO_AUTH_H

#include <stdbool.h>

#include "ingest/http.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct auth;
struct conf;

/* What a key says; lives as long as the request that holds it. */
struct auth_key {
	struct str name, team, class_name;
	enum http_need role;
};

/* Reads the file, starts the thread and gives it a second to read the keys. */
enum rc auth_open(struct auth **out, const struct conf *conf, const char *url,
		  struct err *e) MUST_CHECK;
void auth_close(struct auth *a);

/* Look for changes now (SIGHUP). */
void auth_reload(struct auth *a);

/* The answer to http_opts.admit: 0, 401, 403, or 503 when no key could be
 * read yet. *key NULL: a caller without a key, from loopback. Release with
 * auth_release(). */
int auth_admit(struct auth *a, struct http_req *r, enum http_need need,
	       struct auth_key **key, struct err *e);
void auth_release(struct auth_key *key); /* NULL is fine */

/* The same of what a request says, for tests and for auth_http.c. */
struct auth_ask;
int auth_check(struct auth *a, const struct auth_ask *ask,
	       struct auth_key **key, struct err *e);

#endif
