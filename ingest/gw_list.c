/* GET /v1/models: what a client may ask for by name. */
#include <stdlib.h>
#include <string.h>

#include "ingest/bundle_watch.h"
#include "ingest/class_rule.h"
#include "ingest/ep_native.h"
#include "ingest/gw_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "ledger/base/map.h"

enum {
	NAMES_MAX = 4096,
	LIST_MAX = 1 << 20,
	NAME_BYTES = 300
};

/* One after the other, each name once. */
struct list {
	const struct gateway *g;
	enum gw_protocol protocol;
	struct arena a;
	struct map seen;
	struct str names[NAMES_MAX], owners[NAMES_MAX];
	int n;
};

static bool is_name(const void *list, uint32_t pos, const void *name)
{
	const struct list *l = list;

	return str_eq(l->names[pos], *(const struct str *)name);
}

static void add(struct list *l, struct str name, struct str owner)
{
	uint64_t hash = map_hash(name.p, name.len);

	if (!name.len || name.len > NAME_BYTES || l->n == NAMES_MAX ||
	    map_find(&l->seen, hash, is_name, l, &name) != MAP_NONE)
		return;
	map_add(&l->seen, hash, (uint32_t)l->n);
	l->owners[l->n] = owner;
	l->names[l->n++] = name;
}

static void add_class(struct list *l, struct str class_name)
{
	if (class_name.len)
		add(l, arena_strf(&l->a, "auto:%.*s", STR_ARG(class_name)),
		    STR("aco"));
}

/* A key with a class of its own sees that one. */
static void add_classes(struct list *l, const struct auth_key *key)
{
	const struct class_rules *rules = ep_rules(l->g->w->conf);
	const struct gw_conf *f = l->g->conf;
	const struct bundle_class *c;
	struct str name;
	int n;

	if (key && key->class_name.len) {
		add_class(l, key->class_name);
		return;
	}
	for (size_t i = 0; (name = class_rules_name(rules, i)).p; i++)
		add_class(l, name);
	for (size_t i = 0; i < f->n_floors; i++)
		add_class(l, f->floors[i].class_name);
	n = bundle_classes(bundle_watch_now(l->g->bundles), &c);
	for (int i = 1; i < n; i++) /* the first stands for all */
		add_class(l, c[i].name);
}

/* Which protocol an alias is for; those of `auto` are for both. */
static bool alias_fits(const struct list *l, const struct gw_registry *reg,
		       struct str target)
{
	struct str whose;

	if (str_is(target, "auto") || str_starts(target, "auto:") ||
	    gw_registry_find(reg, l->protocol, target))
		return true;
	if (gw_registry_find(reg, GW_PROTOCOL_N, target))
		return false;
	whose = price_provider_of_model(reg->book, target);
	return str_is(whose, "anthropic") == (l->protocol == GW_ANTHROPIC);
}

/* False: the registry has none of the protocol. */
static bool fill(struct list *l, const struct auth_key *key)
{
	const struct gw_registry *reg = gw_models_now(l->g->models);
	const struct gw_conf *f = l->g->conf;
	bool some = false, choice = false;

	for (size_t i = 0; i < reg->n; i++) {
		if (reg->m[i].protocol != l->protocol)
			continue;
		some = true;
		choice |= !reg->m[i].by_name_only;
	}
	if (!some)
		return false;
	if (choice || f->n_defaults) {
		add(l, STR("auto"), STR("aco"));
		add_classes(l, key);
	}
	for (size_t i = 0; i < f->n_aliases; i++) {
		if (alias_fits(l, reg, f->aliases[i].target))
			add(l, f->aliases[i].name, STR("aco"));
	}
	for (size_t i = 0; i < reg->n; i++) {
		if (reg->m[i].protocol == l->protocol)
			add(l, reg->m[i].name, reg->m[i].provider);
	}
	return true;
}

/* ---- as the protocols have it; nobody knows when a model was made ---- */

static void put_model(const struct list *l, int i, struct json_out *o)
{
	json_out_obj(o, NULL);
	json_out_str(o, "id", l->names[i]);
	if (l->protocol == GW_ANTHROPIC) {
		json_out_str(o, "type", STR("model"));
		json_out_str(o, "display_name", l->names[i]);
		json_out_str(o, "created_at", STR("1970-01-01T00:00:00Z"));
	} else {
		json_out_str(o, "object", STR("model"));
		json_out_i64(o, "created", 0);
		json_out_str(o, "owned_by", l->owners[i]);
	}
	json_out_end(o, '}');
}

static void put_list(const struct list *l, struct json_out *o)
{
	json_out_obj(o, NULL);
	if (l->protocol == GW_OPENAI)
		json_out_str(o, "object", STR("list"));
	json_out_arr(o, "data");
	for (int i = 0; i < l->n; i++)
		put_model(l, i, o);
	json_out_end(o, ']');
	if (l->protocol == GW_ANTHROPIC) {
		json_out_bool(o, "has_more", false);
		json_out_str(o, "first_id", l->names[0]);
		json_out_str(o, "last_id", l->names[l->n - 1]);
	}
	json_out_end(o, '}');
}

/* Of a path: %2F is a slash in a name, %3A a colon. */
static struct str plain_name(struct list *l, struct str s)
{
	char *out = arena_alloc(&l->a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < s.len; i++) {
		char hex[3] = {0}, *end;

		out[n++] = s.p[i];
		if (s.p[i] != '%' || i + 2 >= s.len)
			continue;
		memcpy(hex, s.p + i + 1, 2);
		out[n - 1] = (char)strtoul(hex, &end, 16);
		if (end == hex + 2)
			i += 2;
		else
			out[n - 1] = '%';
	}
	return out ? (struct str){out, n} : STR_NONE;
}

bool gw_list(struct gateway *g, struct http_req *r, struct str name)
{
	struct list *l = xcalloc(1, sizeof(*l));
	struct json_out o;
	bool told = false;
	struct buf out;

	map_init(&l->seen);
	l->g = g;
	l->protocol = gw_protocol_of(r, WIRE_OTHER);
	arena_init(&l->a, LIST_MAX);
	buf_init(&out, LIST_MAX * 2);
	json_out_init(&o, &out);
	if (fill(l, worker_key(r))) {
		struct str wanted = plain_name(l, name);

		told = !name.p && l->n;
		if (told)
			put_list(l, &o);
		for (int i = 0; name.p && i < l->n && !told; i++) {
			told = str_eq(l->names[i], wanted);
			if (told)
				put_model(l, i, &o);
		}
	}
	if (told)
		http_reply(r, 200, GW_JSON,
			   (struct str){buf_str(&out), out.len});
	buf_release(&out);
	map_release(&l->seen);
	arena_release(&l->a);
	free(l);
	return told;
}
