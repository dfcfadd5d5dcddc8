/* The text of a key: aco_ROLE_ and 43 characters of base64url (256 random
 * bits), then 6 more that are a checksum of all before, so that a key that was
 * mistyped or cut is told from one that is unknown. */
#ifndef ACO_AUTH_KEY_H
#define ACO_AUTH_KEY_H

#include <stdint.h>

#include "ingest/http.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

#define AUTH_KEY_MAX  80 /* with the NUL */
#define AUTH_HASH_LEN 32
#define AUTH_LAST     4 /* characters that a list shows */

/* Of HTTP_NEED_INGEST, _GATEWAY, _READ and _ADMIN; NULL for the others. */
const char *auth_role_name(enum http_need role);
/* HTTP_OPEN: no such role. */
enum http_need auth_role(struct str name);

enum rc auth_key_make(enum http_need role, char out[AUTH_KEY_MAX],
		      struct err *e) MUST_CHECK;

enum auth_form {
	AUTH_FOREIGN, /* does not begin with "aco_": somebody else's */
	AUTH_TORN,    /* ours, but mistyped or cut */
	AUTH_WHOLE
};
enum auth_form auth_key_form(struct str key);

/* What the ledger keeps of a key. */
void auth_key_hash(struct str key, uint8_t out[AUTH_HASH_LEN]);

#endif
