/* A small open-addressing index: 64-bit hashes to positions in an array that
 * the caller owns and compares. Nothing is ever removed but by map_clear. */
#ifndef ACO_MAP_H
#define ACO_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAP_NONE UINT32_MAX

struct map_slot {
	uint64_t hash;
	uint32_t pos; /* MAP_NONE: empty */
};
struct map {
	struct map_slot *slots;
	size_t cap, used; /* cap is 0 or a power of two */
};

void map_init(struct map *m); /* allocates nothing */
void map_release(struct map *m);
void map_clear(struct map *m); /* keeps the memory */

/* Does the caller's element at `pos` have this key? */
typedef bool map_eq_fn(const void *ctx, uint32_t pos, const void *key);
/* Position of the element, or MAP_NONE. */
uint32_t map_find(const struct map *m, uint64_t hash, map_eq_fn *eq,
		  const void *ctx, const void *key);
/* Add a position whose key map_find did not find. */
void map_add(struct map *m, uint64_t hash, uint32_t pos);

/* Hash of bytes, seeded once per process so that names chosen by a peer
 * cannot be made to collide. */
uint64_t map_hash(const void *p, size_t n);

#endif
