#include "ingest/auth_set.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/arena.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/map.h"
#include "ledger/hash.h"

#define KEYS_MAX  100000
#define BYTES_MAX ((size_t)64 << 20)
#define TEXT_MAX  512 /* of a name, team or class */

struct auth_set {
	struct arena arena;
	struct auth_entry *v;
	size_t n, cap;
	struct map by_hash; /* by its first bytes, seeded */
};

struct auth_set *auth_set_new(void)
{
	struct auth_set *s = xcalloc(1, sizeof(*s));

	arena_init(&s->arena, BYTES_MAX);
	map_init(&s->by_hash);
	return s;
}

void auth_set_free(struct auth_set *s)
{
	if (!s)
		return;
	arena_release(&s->arena);
	map_release(&s->by_hash);
	free(s->v);
	free(s);
}

size_t auth_set_size(const struct auth_set *s)
{
	return s->n;
}

static bool same_hash(const void *ctx, uint32_t pos, const void *key)
{
	const struct auth_set *s = ctx;

	return hash_equal(s->v[pos].hash, key, AUTH_HASH_LEN);
}

static struct str keep(struct auth_set *s, struct str t)
{
	return t.len ? arena_str(&s->arena, t) : STR_NONE;
}

enum rc auth_set_add(struct auth_set *s, const struct auth_entry *k,
		     struct err *e)
{
	struct auth_entry *n;

	if (!k->name.len || !auth_role_name(k->role))
		return err_set(e, RC_BAD, "a key without a %s",
			       k->name.len ? "role" : "name");
	if (k->name.len > TEXT_MAX || k->team.len > TEXT_MAX ||
	    k->class_name.len > TEXT_MAX)
		return err_set(e, RC_BAD, "a key with a very long name");
	if (auth_set_find(s, k->hash))
		return err_set(e, RC_BAD, "the same key twice");
	if (s->n == KEYS_MAX)
		return err_set(e, RC_BUSY, "more than %d keys", KEYS_MAX);
	xgrow(&s->v, &s->cap, s->n + 1, sizeof(*s->v));
	n = &s->v[s->n];
	*n = *k;
	n->name = keep(s, k->name);
	n->team = keep(s, k->team);
	n->class_name = keep(s, k->class_name);
	if (!arena_ok(&s->arena))
		return err_set(e, RC_BUSY, "keys of more than 64 MiB");
	map_add(&s->by_hash, map_hash(n->hash, AUTH_HASH_LEN),
		(uint32_t)s->n++);
	return RC_OK;
}

const struct auth_entry *auth_set_find(const struct auth_set *s,
				       const uint8_t hash[AUTH_HASH_LEN])
{
	uint32_t at = map_find(&s->by_hash, map_hash(hash, AUTH_HASH_LEN),
			       same_hash, s, hash);

	return at == MAP_NONE ? NULL : &s->v[at];
}

/* ---- as text ---- */

static void hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool unhex(struct str s, uint8_t out[AUTH_HASH_LEN])
{
	if (s.len != 2 * AUTH_HASH_LEN)
		return false;
	for (size_t i = 0; i < AUTH_HASH_LEN; i++) {
		int high = digit(s.p[2 * i]), low = digit(s.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void auth_set_print(const struct auth_set *s, struct buf *out)
{
	char text[2 * AUTH_HASH_LEN + 1];
	struct json_out o;

	buf_addf(out, "{\"aco_keys\":1,\"n\":%zu}\n", s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct auth_entry *k = &s->v[i];

		json_out_init(&o, out);
		json_out_obj(&o, NULL);
		json_out_str(&o, "name", k->name);
		json_out_str(&o, "role", str_from(auth_role_name(k->role)));
		hex(k->hash, AUTH_HASH_LEN, text);
		json_out_str(&o, "sha256", str_from(text));
		json_out_str(&o, "team", k->team);
		json_out_str(&o, "class", k->class_name);
		if (k->expires_us == TIME_NONE)
			json_out_null(&o, "expires_us");
		else
			json_out_i64(&o, "expires_us", k->expires_us);
		json_out_end(&o, '}');
		buf_addc(out, '\n');
	}
}

static enum rc parse_key(struct auth_set *s, const struct json *v,
			 struct arena *a, struct err *e)
{
	struct auth_entry k = {
		.name = json_str(json_get(v, "name"), a),
		.team = json_str(json_get(v, "team"), a),
		.class_name = json_str(json_get(v, "class"), a),
		.role = auth_role(json_str(json_get(v, "role"), a)),
		.expires_us = TIME_NONE,
	};
	const struct json *expires = json_get(v, "expires_us");

	if (json_present(expires) && !json_i64(expires, &k.expires_us))
		return err_set(e, RC_BAD, "expires_us is no number");
	if (!unhex(json_str(json_get(v, "sha256"), a), k.hash))
		return err_set(e, RC_BAD, "sha256 is not 64 hex digits");
	return auth_set_add(s, &k, e);
}

static enum rc parse_line(struct auth_set *s, struct json_doc *d,
			  struct str line, int64_t *n, struct arena *a,
			  struct err *e)
{
	enum rc rc = json_parse(d, line, e);
	int64_t version;

	if (rc)
		return rc;
	if (*n >= 0)
		return parse_key(s, d->nodes, a, e);
	if (!json_i64(json_get(d->nodes, "aco_keys"), &version) ||
	    version != 1 || !json_i64(json_get(d->nodes, "n"), n) || *n < 0)
		return err_set(e, RC_BAD, "is not a file of keys");
	return RC_OK;
}

enum rc auth_set_parse(struct auth_set **out, struct str text, struct err *e)
{
	struct auth_set *s = auth_set_new();
	const char *p = text.p, *end = text.p + text.len;
	struct json_doc d;
	struct arena a;
	int64_t n = -1;
	enum rc rc = RC_OK;

	json_doc_init(&d, 64);
	arena_init(&a, 1 << 20);
	for (int line = 1; !rc && text.len && p < end; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct str s1 = {p, (size_t)((nl ? nl : end) - p)};

		rc = parse_line(s, &d, s1, &n, &a, e);
		if (rc)
			err_prefix(e, "line %d", line);
		arena_clear(&a);
		p = nl ? nl + 1 : end;
	}
	if (!rc && n != (int64_t)s->n)
		rc = err_set(e, RC_BAD, "%zu of %lld keys: not whole", s->n,
			     (long long)(n < 0 ? 0 : n));
	arena_release(&a);
	json_doc_release(&d);
	if (rc) {
		auth_set_free(s);
		s = NULL;
	}
	*out = s;
	return rc;
}
