#include "ledger/names.h"

#include <stdlib.h>

#include "ledger/base/alloc.h"

const char *const dict_kind_names[DICT_KIND_N] = {
	"team",   "agent", "class",        "sender", "source",
	"finish", "error", "service_tier", "tool"};

struct id_key {
	bool model;
	int32_t id;
};

void names_init(struct names *t)
{
	*t = (struct names){0};
	map_init(&t->by_name);
	map_init(&t->by_id);
}

void names_release(struct names *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free((void *)(uintptr_t)t->e[i].name.p);
		free((void *)(uintptr_t)t->e[i].provider.p);
	}
	free(t->e);
	map_release(&t->by_name);
	map_release(&t->by_id);
	names_init(t);
}

static uint64_t name_hash(const struct name_entry *k)
{
	return map_hash(k->name.p, k->name.len) ^
	       (map_hash(k->provider.p, k->provider.len) << 1) ^
	       ((uint64_t)k->kind << 56);
}

static uint64_t id_hash(const struct id_key *k)
{
	uint64_t v = (uint64_t)(uint32_t)k->id << 1 | k->model;

	return map_hash(&v, sizeof(v));
}

static bool name_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct name_entry *e = &((const struct names *)ctx)->e[pos];
	const struct name_entry *k = key;

	return e->kind == k->kind && str_eq(e->name, k->name) &&
	       str_eq(e->provider, k->provider);
}

static bool id_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct name_entry *e = &((const struct names *)ctx)->e[pos];
	const struct id_key *k = key;

	return e->id == k->id && (e->kind == DICT_KIND_N) == k->model;
}

static const struct name_entry *find(const struct names *t,
				     const struct name_entry *k)
{
	uint32_t pos = map_find(&t->by_name, name_hash(k), name_eq, t, k);

	return pos == MAP_NONE ? NULL : &t->e[pos];
}

const struct name_entry *names_find(const struct names *t, enum dict_kind kind,
				    struct str name)
{
	return find(t, &(struct name_entry){.kind = kind,
					    .name = name,
					    .provider = STR("")});
}

const struct name_entry *names_model(const struct names *t, struct str provider,
				     struct str name)
{
	return find(t, &(struct name_entry){.kind = DICT_KIND_N,
					    .name = name,
					    .provider = provider});
}

const struct name_entry *names_by_id(const struct names *t, bool model,
				     int32_t id)
{
	struct id_key k = {model, id};
	uint32_t pos = map_find(&t->by_id, id_hash(&k), id_eq, t, &k);

	return pos == MAP_NONE ? NULL : &t->e[pos];
}

void names_put(struct names *t, const struct name_entry *e)
{
	struct name_entry copy = *e;
	struct id_key k = {e->kind == DICT_KIND_N, e->id};
	uint32_t pos;

	if (!copy.provider.p)
		copy.provider = STR("");
	pos = map_find(&t->by_name, name_hash(&copy), name_eq, t, &copy);
	if (pos != MAP_NONE) {
		t->e[pos].tier = e->tier;
		return;
	}
	xgrow(&t->e, &t->cap, t->n + 1, sizeof(*t->e));
	pos = (uint32_t)t->n++;
	copy.name.p = xstrndup(copy.name.len ? copy.name.p : "", copy.name.len);
	copy.provider.p = xstrndup(copy.provider.p, copy.provider.len);
	t->e[pos] = copy;
	map_add(&t->by_name, name_hash(&copy), pos);
	map_add(&t->by_id, id_hash(&k), pos);
}
