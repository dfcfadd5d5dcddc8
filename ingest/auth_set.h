/* The keys that are known at one time, and the file that keeps them for a
 * start without the database. A set does not change once it is filled. */
#ifndef ACO_AUTH_SET_H
#define ACO_AUTH_SET_H

#include "ingest/auth_key.h"
#include "ledger/base/buf.h"

struct auth_entry {
	uint8_t hash[AUTH_HASH_LEN];
	struct str name, team, class_name; /* absent: none */
	enum http_need role;
	int64_t expires_us; /* or TIME_NONE */
};

struct auth_set;
struct auth_set *auth_set_new(void);
void auth_set_free(struct auth_set *s); /* NULL is fine */
/* Copies. RC_BAD: not a key; RC_BUSY: more keys than fit. */
enum rc auth_set_add(struct auth_set *s, const struct auth_entry *k,
		     struct err *e) MUST_CHECK;
/* Compares in a time that tells nothing. NULL: not there. */
const struct auth_entry *auth_set_find(const struct auth_set *s,
				       const uint8_t hash[AUTH_HASH_LEN]);
size_t auth_set_size(const struct auth_set *s);

/* One JSON line a key, in the order of adding, behind a line that says how
 * many. Reading refuses a text that is not whole. */
void auth_set_print(const struct auth_set *s, struct buf *out);
enum rc auth_set_parse(struct auth_set **out, struct str text,
		       struct err *e) MUST_CHECK;

#endif
