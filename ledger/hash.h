/* Identity by content: SHA-256, cut to 128 bits where it makes an id. The
 * parts of a name are length-prefixed before hashing, so ("ab","c") and
 * ("a","bc") differ. */
#ifndef ACO_HASH_H
#define ACO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/str.h"
#include "ledger/base/uuid.h"

/* Id of a name made of `n` (1..8) parts; absent and empty parts differ. */
struct uuid hash_id(const struct str *parts, int n);
#define HASH_ID(...)                                                           \
	hash_id((const struct str[]){__VA_ARGS__},                             \
		(int)(sizeof((const struct str[]){__VA_ARGS__}) /              \
		      sizeof(struct str)))
void hash_sha256(const void *p, size_t n, uint8_t out[32]);
/* Whether n bytes are equal, in a time that does not tell where they are
 * not. */
bool hash_equal(const void *a, const void *b, size_t n);

#endif
