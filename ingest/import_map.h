/* A hash map from a 128-bit name to an integer; names are hashes already. */
#ifndef ACO_IMPORT_MAP_H
#define ACO_IMPORT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/uuid.h"

struct import_map_entry {
	struct uuid key;
	int64_t value;
	bool used;
};
struct import_map {
	struct import_map_entry *v;
	size_t n, cap;
};
/* An all-zero map is empty. */
void import_map_release(struct import_map *m);
void import_map_clear(struct import_map *m);
/* NULL: not there. Good until the next put. */
int64_t *import_map_get(const struct import_map *m, struct uuid key);
/* The value of `key`, made with `value` if it was not there (*added says). */
int64_t *import_map_put(struct import_map *m, struct uuid key, int64_t value,
			bool *added);

#endif
