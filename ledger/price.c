/* Books in memory: look-up of a row by name and time.
 *
 * A look-up goes through the spellings of price_name.c against a hash of all
 * models, then through the match rules. That takes microseconds, and senders
 * name few models: the last names asked for are kept in a small cache, so that
 * the usual look-up is one hash of the name. */
#include "ledger/price.h"

#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/price_book.h"
#include "ledger/price_csv.h"

#define BOOK_MAX_BYTES ((size_t)1 << 30)
#define BOOK_MAX_ROWS  ((size_t)4 << 20)

/* ---- the cache ---- */

#define CACHE_SETS 256
#define CACHE_WAYS 4
#define CACHE_KEY  160 /* bytes of provider and model; longer is not kept */

struct cache_entry {
	uint64_t hash;
	const struct price_model *model; /* NULL: no such model */
	struct str provider;             /* canonical, in `text` or constant */
	enum price_how how;
	bool used;
	uint8_t provider_len, model_len;
	char key[CACHE_KEY];
	char text[PRICE_PROVIDER_MAX];
};

struct price_cache {
	struct cache_entry e[CACHE_SETS][CACHE_WAYS];
	uint8_t next[CACHE_SETS]; /* way to be replaced */
};

static bool cacheable(struct str provider, struct str model)
{
	return provider.len + model.len <= CACHE_KEY;
}

static uint64_t key_hash(struct str provider, struct str model)
{
	uint64_t h = map_hash(model.p, model.len);

	if (provider.len)
		h ^= map_hash(provider.p, provider.len) *
		     UINT64_C(0x9e3779b97f4a7c15);
	return h;
}

static struct cache_entry *cache_find(struct price_cache *c, uint64_t hash,
				      struct str provider, struct str model)
{
	struct cache_entry *set = c->e[hash % CACHE_SETS];

	for (int i = 0; i < CACHE_WAYS; i++) {
		struct cache_entry *e = &set[i];

		if (e->used && e->hash == hash &&
		    e->provider_len == provider.len &&
		    e->model_len == model.len &&
		    (!provider.len ||
		     !memcmp(e->key, provider.p, provider.len)) &&
		    (!model.len ||
		     !memcmp(e->key + provider.len, model.p, model.len)))
			return e;
	}
	return NULL;
}

static struct cache_entry *cache_new(struct price_cache *c, uint64_t hash,
				     struct str provider, struct str model)
{
	size_t set = hash % CACHE_SETS;
	struct cache_entry *e = &c->e[set][c->next[set]++ % CACHE_WAYS];

	e->used = true;
	e->hash = hash;
	e->provider_len = (uint8_t)provider.len;
	e->model_len = (uint8_t)model.len;
	if (provider.len)
		memcpy(e->key, provider.p, provider.len);
	if (model.len)
		memcpy(e->key + provider.len, model.p, model.len);
	return e;
}

/* ---- the book ---- */

struct name_key {
	struct str provider, name;
};

static uint64_t name_hash(const struct name_key *k)
{
	return map_hash(k->provider.p, k->provider.len) * 31 +
	       map_hash(k->name.p, k->name.len);
}

static bool name_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct price_book *b = ctx;
	const struct name_key *k = key;

	return str_eq(b->models[pos].name, k->name) &&
	       str_eq(b->models[pos].provider, k->provider);
}

const struct price_model *price_book_model(const struct price_book *b,
					   struct str provider, struct str name)
{
	struct name_key key = {provider, name};
	uint32_t pos = map_find(&b->by_name, name_hash(&key), name_eq, b, &key);

	return pos == MAP_NONE ? NULL : &b->models[pos];
}

enum rc price_book_new(struct price_book **out, struct err *e)
{
	struct price_book *b = xcalloc(1, sizeof(*b));
	enum rc rc;

	arena_init(&b->arena, BOOK_MAX_BYTES);
	map_init(&b->by_name);
	b->cache = xcalloc(1, sizeof(*b->cache));
	rc = price_rules_new(&b->rules, price_data_rules(), e);
	if (rc == RC_OK)
		*out = b;
	else
		price_book_free(b);
	return rc;
}

void price_book_free(struct price_book *b)
{
	if (!b)
		return;
	price_rules_free(b->rules);
	map_release(&b->by_name);
	free(b->rows);
	free(b->models);
	free(b->cache);
	arena_release(&b->arena);
	free(b);
}

static uint32_t model_of_row(struct price_book *b, const struct price_row *row)
{
	struct name_key key = {row->provider,
			       price_strip_prefix(row->provider, row->model)};
	uint64_t hash = name_hash(&key);
	uint32_t pos = map_find(&b->by_name, hash, name_eq, b, &key);

	if (pos != MAP_NONE)
		return pos;
	xgrow(&b->models, &b->cap_models, b->n_models + 1, sizeof(*b->models));
	pos = (uint32_t)b->n_models++;
	b->models[pos] = (struct price_model){key.provider, key.name, -1};
	map_add(&b->by_name, hash, pos);
	return pos;
}

enum rc price_book_add(struct price_book *b, const struct price_row *row,
		       struct err *e)
{
	struct price_row *r;
	uint32_t model;

	if (b->n_rows == BOOK_MAX_ROWS)
		return err_set(e, RC_BAD, "more than %zu price rows",
			       BOOK_MAX_ROWS);
	xgrow(&b->rows, &b->cap_rows, b->n_rows + 1, sizeof(*b->rows));
	r = &b->rows[b->n_rows];
	*r = *row;
	r->source = arena_str(&b->arena, row->source);
	r->provider = arena_str(&b->arena, row->provider);
	r->model = arena_str(&b->arena, row->model);
	r->mode = arena_str(&b->arena, row->mode);
	r->utc_window = arena_str(&b->arena, row->utc_window);
	r->deprecated = arena_str(&b->arena, row->deprecated);
	if (!arena_ok(&b->arena))
		return err_set(e, RC_BAD, "the price table is too large");
	model = model_of_row(b, r);
	r->older = b->models[model].newest;
	b->models[model].newest = (int32_t)b->n_rows++;
	return RC_OK;
}

const struct price_row *price_book_rows(const struct price_book *b, size_t *n)
{
	*n = b->n_rows;
	return b->rows;
}

static enum rc add_numbered(void *arg, const struct price_row *row, int line,
			    struct err *e)
{
	struct price_book *b = arg;
	struct price_row r = *row;

	(void)line;
	r.id = (int32_t)b->n_rows + 1;
	return price_book_add(b, &r, e);
}

enum rc price_book_csv(struct price_book **out, struct str csv,
		       const char *name, struct err *e)
{
	struct price_book *b;
	enum rc rc = price_book_new(&b, e);

	if (rc != RC_OK)
		return rc;
	rc = price_csv_read(csv, name, add_numbered, b, e);
	if (rc == RC_OK)
		*out = b;
	else
		price_book_free(b);
	return rc;
}

enum rc price_book_builtin(struct price_book **out, struct err *e)
{
	return price_book_csv(out, price_data_csv(), "shipped prices", e);
}

/* ---- finding ---- */

/* The model of one spelling after the other, by name or by rule. */
static const struct price_model *by_spelling(const struct price_book *b,
					     struct str provider,
					     struct str name,
					     enum price_how *how)
{
	const struct price_model *m = price_book_model(b, provider, name);
	struct str front = price_strip_prefix(provider, name), s = front, id;

	*how = PRICE_EXACT;
	if (m)
		return m;
	*how = PRICE_STRIPPED;
	for (;;) {
		struct str less;

		m = price_book_model(b, provider, s);
		if (m)
			return m;
		less = price_strip_suffix(s);
		if (less.len == s.len)
			break;
		s = less;
	}
	*how = PRICE_RULE;
	id = price_rules_model(b->rules, provider, name);
	if (!id.p && front.len != name.len)
		id = price_rules_model(b->rules, provider, front);
	if (!id.p && s.len != front.len)
		id = price_rules_model(b->rules, provider, s);
	m = id.p ? price_book_model(b, provider, id) : NULL;
	if (!m)
		*how = PRICE_UNKNOWN;
	return m;
}

struct str price_provider_of_model(const struct price_book *b, struct str model)
{
	char buf[PRICE_PROVIDER_MAX];
	struct str p, front;
	size_t n = 0;

	while (n < model.len && model.p[n] != '/')
		n++;
	if (n < model.len) {
		front = (struct str){model.p, n};
		p = price_provider(front, buf, sizeof(buf));
		if (price_provider_known(p))
			return p;
	}
	if (price_name_bedrock(model))
		return STR("aws");
	return price_rules_provider(b->rules, model);
}

static void resolve(const struct price_book *b, struct str provider,
		    struct str model, struct cache_entry *e)
{
	struct str p;

	e->model = NULL;
	e->how = PRICE_UNKNOWN;
	if (str_trim(provider).len)
		p = price_provider(provider, e->text, sizeof(e->text));
	else
		p = price_provider_of_model(b, model);
	e->provider = p;
	if (p.len && model.len && model.len <= PRICE_NAME_MAX &&
	    !memchr(model.p, '\0', model.len))
		e->model = by_spelling(b, p, model, &e->how);
}

static bool in_window(const struct price_row *r, int32_t second)
{
	if (r->window_from < 0)
		return true;
	if (second < 0)
		return false;
	if (r->window_from < r->window_to)
		return second >= r->window_from && second < r->window_to;
	return second >= r->window_from || second < r->window_to;
}

/* The newest row that is valid at the time. */
static const struct price_row *valid_row(const struct price_book *b, int32_t i,
					 int64_t at_us)
{
	int32_t second = -1, day;

	if (at_us == TIME_NONE) {
		day = clock_day(clock_now_us());
	} else {
		int64_t us;

		day = clock_day(at_us);
		us = at_us - day * US_PER_DAY;
		second = (int32_t)(us / US_PER_SEC);
	}
	for (; i >= 0; i = b->rows[i].older) {
		const struct price_row *r = &b->rows[i];

		if (r->valid_from <= day && in_window(r, second))
			return r;
	}
	return NULL;
}

bool price_find(const struct price_book *b, struct str provider,
		struct str model, int64_t at_us, struct price_found *f)
{
	uint64_t hash = key_hash(provider, model);
	struct cache_entry once = {0}, *e = NULL;
	bool keep = cacheable(provider, model);

	if (keep)
		e = cache_find(b->cache, hash, provider, model);
	if (!e) {
		e = keep ? cache_new(b->cache, hash, provider, model) : &once;
		resolve(b, provider, model, e);
	}
	*f = (struct price_found){.provider = e->provider, .how = e->how};
	if (!e->model) {
		/* The text of an unknown provider would go with `once`. */
		if (!keep && !price_provider_known(f->provider))
			f->provider = STR("");
		return false;
	}
	f->provider = e->model->provider;
	f->newest = &b->rows[e->model->newest];
	f->row = valid_row(b, e->model->newest, at_us);
	return f->row != NULL;
}

/* ---- tiers ---- */

int price_default_tier(const struct price_book *b, struct str provider,
		       struct str model)
{
	/* Four times the upper edges of the bands 1 to 4, femto-dollars. */
	static const int64_t edges[] = {
		INT64_C(800000000),
		INT64_C(2800000000),
		INT64_C(7050000000),
		INT64_C(24000000000),
	};
	struct price_found f;
	__int128 blended;
	int tier = 1;

	if (!price_find(b, provider, model, TIME_NONE, &f) ||
	    f.row->v[PRICE_INPUT] == MONEY_NONE ||
	    f.row->v[PRICE_OUTPUT] == MONEY_NONE)
		return 0;
	blended = (__int128)3 * f.row->v[PRICE_INPUT] + f.row->v[PRICE_OUTPUT];
	for (int i = 0; i < 4 && blended > edges[i]; i++)
		tier++;
	return tier;
}
