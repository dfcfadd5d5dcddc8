/* Who may call. Keys are `aco_ROLE_` and 43 characters of base64url (256 bits)
 * with a checksum; the ledger keeps SHA-256 and the last four. A worker holds
 * all keys in memory, asks for changes every few seconds on its own small
 * connection thread, and keeps the last known ones in ACO_HOME/keys (0600,
 * hashes only), so that a restart with the database away knows its callers.
 *
 * A key comes as `Authorization: Bearer KEY`, `x-api-key: KEY`,
 * `x-aco-key: KEY` or Basic with the key as password (Langfuse: public key is
 * ignored). Without any key a caller from loopback may do everything unless
 * `keys = required`. */
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

enum rc auth_open(struct auth **out, const struct conf *conf, const char *url,
		  struct err *e) MUST_CHECK;
void auth_close(struct auth *a);

/* The answer to http_opts.admit: 0, 401, 403, or 503 when no key could be
 * read yet. *key NULL: a caller without a key, from loopback. Release with
 * auth_release(). */
int auth_admit(struct auth *a, struct http_req *r, enum http_need need,
	       struct auth_key **key, struct err *e);
void auth_release(struct auth_key *key); /* NULL is fine */

#endif
