#include "ledger/base/map.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ledger/base/alloc.h"

void map_init(struct map *m)
{
	*m = (struct map){NULL, 0, 0};
}

void map_release(struct map *m)
{
	free(m->slots);
	map_init(m);
}

void map_clear(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		m->slots[i].pos = MAP_NONE;
	m->used = 0;
}

uint32_t map_find(const struct map *m, uint64_t hash, map_eq_fn *eq,
		  const void *ctx, const void *key)
{
	if (m->cap == 0)
		return MAP_NONE;
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		const struct map_slot *s = &m->slots[i];

		if (s->pos == MAP_NONE)
			return MAP_NONE;
		if (s->hash == hash && eq(ctx, s->pos, key))
			return s->pos;
	}
}

static void map_put(struct map *m, uint64_t hash, uint32_t pos)
{
	size_t i = hash & (m->cap - 1);

	while (m->slots[i].pos != MAP_NONE)
		i = (i + 1) & (m->cap - 1);
	m->slots[i] = (struct map_slot){hash, pos};
	m->used++;
}

static void map_grow(struct map *m)
{
	struct map old = *m;

	m->cap = old.cap ? old.cap * 2 : 64;
	m->slots = xcalloc(m->cap, sizeof(*m->slots));
	map_clear(m);
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slots[i].pos != MAP_NONE)
			map_put(m, old.slots[i].hash, old.slots[i].pos);
	}
	free(old.slots);
}

void map_add(struct map *m, uint64_t hash, uint32_t pos)
{
	if ((m->used + 1) * 2 > m->cap)
		map_grow(m);
	map_put(m, hash, pos);
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ (h >> 32);
}

/* Once for all threads: what one has hashed another must find. */
static uint64_t seed;
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 1;
	seed |= 1;
}

uint64_t map_hash(const void *p, size_t n)
{
	const unsigned char *b = p;
	uint64_t h;

	pthread_once(&seeded, make_seed);
	for (h = seed ^ n; n >= 8; n -= 8, b += 8) {
		uint64_t w;

		memcpy(&w, b, 8);
		h = mix(h ^ w);
	}
	if (n > 0) {
		uint64_t w = 0;

		memcpy(&w, b, n);
		h = mix(h ^ w);
	}
	return h;
}
