/* Open addressing with linear probing, at most half full. */
#include "ingest/import_map.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

void import_map_release(struct import_map *m)
{
	free(m->v);
	*m = (struct import_map){0};
}

void import_map_clear(struct import_map *m)
{
	if (m->cap > 4096) {
		import_map_release(m);
		return;
	}
	if (m->n)
		memset(m->v, 0, m->cap * sizeof(*m->v));
	m->n = 0;
}

static struct import_map_entry *slot_of(const struct import_map *m,
					struct uuid key)
{
	uint64_t h;

	memcpy(&h, key.b + 8, sizeof(h));
	for (size_t i = h & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct import_map_entry *e = &m->v[i];

		if (!e->used || uuid_eq(e->key, key))
			return e;
	}
}

int64_t *import_map_get(const struct import_map *m, struct uuid key)
{
	struct import_map_entry *e;

	if (!m->n)
		return NULL;
	e = slot_of(m, key);
	return e->used ? &e->value : NULL;
}

static void grow(struct import_map *m)
{
	struct import_map old = *m;

	m->cap = old.cap ? old.cap * 2 : 64;
	m->v = xcalloc(m->cap, sizeof(*m->v));
	for (size_t i = 0; i < old.cap; i++) {
		if (old.v[i].used)
			*slot_of(m, old.v[i].key) = old.v[i];
	}
	free(old.v);
}

int64_t *import_map_put(struct import_map *m, struct uuid key, int64_t value,
			bool *added)
{
	struct import_map_entry *e;

	if (m->n * 2 >= m->cap)
		grow(m);
	e = slot_of(m, key);
	if (added)
		*added = !e->used;
	if (!e->used) {
		*e = (struct import_map_entry){key, value, true};
		m->n++;
	}
	return &e->value;
}
