#include "ingest/json_schema.h"

#include <stdlib.h>

#include "ledger/base/json.h"

enum {
	NODES = 1 << 16,
	DEPTH = 64,
	STEPS = 200000 /* alternatives within alternatives grow fast */
};

struct check {
	const struct json *root; /* of the schema */
	struct arena arena;
	int steps;
	bool too_much;
};

static bool fits(struct check *c, const struct json *schema,
		 const struct json *v, int depth);

static bool has_type(const struct json *v, struct str name)
{
	int64_t whole;

	switch (v->type) {
	case JSON_NULL:
		return str_is(name, "null");
	case JSON_TRUE:
	case JSON_FALSE:
		return str_is(name, "boolean");
	case JSON_NUMBER:
		return str_is(name, "number") ||
		       (str_is(name, "integer") && json_i64(v, &whole));
	case JSON_STRING:
		return str_is(name, "string");
	case JSON_ARRAY:
		return str_is(name, "array");
	case JSON_OBJECT:
		return str_is(name, "object");
	}
	return false;
}

/* One name, or a list of them. */
static bool type_fits(const struct json *type, const struct json *v)
{
	if (json_is(type, JSON_STRING))
		return has_type(v, type->text);
	if (!json_is(type, JSON_ARRAY))
		return true;
	for (const struct json *t = json_first(type); t; t = json_next(type, t))
		if (json_is(t, JSON_STRING) && has_type(v, t->text))
			return true;
	return false;
}

/* Scalars; containers in an enum are not compared and taken as equal. */
static bool equal(struct check *c, const struct json *a, const struct json *b)
{
	double x, y;

	if (a->type != b->type)
		return false;
	if (a->type == JSON_STRING)
		return str_eq(json_str(a, &c->arena), json_str(b, &c->arena));
	if (a->type == JSON_NUMBER)
		return str_eq(a->text, b->text) ||
		       (json_double(a, &x) && json_double(b, &y) && !(x < y) &&
			!(x > y));
	return true;
}

static bool enum_fits(struct check *c, const struct json *list,
		      const struct json *v)
{
	if (!json_is(list, JSON_ARRAY))
		return true;
	for (const struct json *e = json_first(list); e; e = json_next(list, e))
		if (equal(c, e, v))
			return true;
	return false;
}

static const struct json *member(struct check *c, const struct json *object,
				 struct str key)
{
	if (!json_is(object, JSON_OBJECT))
		return NULL;
	for (const struct json *m = json_first(object); m;
	     m = json_next(object, m), c->steps++)
		if (str_eq(m->key, key))
			return m;
	return NULL;
}

static bool object_fits(struct check *c, const struct json *schema,
			const struct json *v, int depth)
{
	const struct json *properties = json_get(schema, "properties");
	const struct json *required = json_get(schema, "required");
	const struct json *rest = json_get(schema, "additionalProperties");

	if (json_is(required, JSON_ARRAY)) {
		for (const struct json *r = json_first(required); r;
		     r = json_next(required, r))
			if (json_is(r, JSON_STRING) && !member(c, v, r->text))
				return false;
	}
	for (const struct json *m = json_first(v); m; m = json_next(v, m)) {
		const struct json *s = member(c, properties, m->key);

		if (!s)
			s = rest;
		if (s && !fits(c, s, m, depth))
			return false;
	}
	return true;
}

static bool count_fits(const struct json *schema, const char *key, int sign,
		       uint32_t n)
{
	int64_t limit;

	if (!json_i64(json_get(schema, key), &limit))
		return true;
	return sign > 0 ? (int64_t)n <= limit : (int64_t)n >= limit;
}

static bool array_fits(struct check *c, const struct json *schema,
		       const struct json *v, int depth)
{
	const struct json *items = json_get(schema, "items");

	if (!count_fits(schema, "minItems", -1, v->count) ||
	    !count_fits(schema, "maxItems", 1, v->count))
		return false;
	for (const struct json *m = json_first(v); items && m;
	     m = json_next(v, m))
		if (!fits(c, items, m, depth))
			return false;
	return true;
}

/* "#", "#/$defs/name": the escapes of JSON pointers are not undone. */
static const struct json *refers_to(struct check *c, struct str ref)
{
	const struct json *v = c->root;

	if (!ref.len || ref.p[0] != '#')
		return NULL;
	ref = (struct str){ref.p + 1, ref.len - 1};
	while (v && ref.len > 0) {
		const char *slash;
		struct str name;

		if (ref.p[0] != '/')
			return NULL;
		ref = (struct str){ref.p + 1, ref.len - 1};
		slash = ref.len ? memchr(ref.p, '/', ref.len) : NULL;
		name = (struct str){ref.p,
				    slash ? (size_t)(slash - ref.p) : ref.len};
		v = member(c, v, name);
		ref = (struct str){ref.p + name.len, ref.len - name.len};
	}
	return v;
}

static bool any_fits(struct check *c, const struct json *list,
		     const struct json *v, int depth)
{
	if (!json_is(list, JSON_ARRAY))
		return true;
	for (const struct json *s = json_first(list); s; s = json_next(list, s))
		if (fits(c, s, v, depth))
			return true;
	return false;
}

static bool all_fit(struct check *c, const struct json *list,
		    const struct json *v, int depth)
{
	if (!json_is(list, JSON_ARRAY))
		return true;
	for (const struct json *s = json_first(list); s; s = json_next(list, s))
		if (!fits(c, s, v, depth))
			return false;
	return true;
}

static bool fits(struct check *c, const struct json *schema,
		 const struct json *v, int depth)
{
	const struct json *ref, *same;

	if (depth == 0 || c->steps++ > STEPS) {
		c->too_much = true;
		return true;
	}
	if (schema->type == JSON_FALSE)
		return false;
	if (schema->type != JSON_OBJECT)
		return true;
	ref = json_get(schema, "$ref");
	if (json_is(ref, JSON_STRING)) {
		ref = refers_to(c, ref->text);
		if (ref && !fits(c, ref, v, depth - 1))
			return false;
	}
	same = json_get(schema, "const");
	if (!type_fits(json_get(schema, "type"), v) ||
	    !enum_fits(c, json_get(schema, "enum"), v) ||
	    (same && !equal(c, same, v)))
		return false;
	if (v->type == JSON_OBJECT && !object_fits(c, schema, v, depth - 1))
		return false;
	if (v->type == JSON_ARRAY && !array_fits(c, schema, v, depth - 1))
		return false;
	return any_fits(c, json_get(schema, "anyOf"), v, depth - 1) &&
	       any_fits(c, json_get(schema, "oneOf"), v, depth - 1) &&
	       all_fit(c, json_get(schema, "allOf"), v, depth - 1);
}

enum json_fit json_schema_fit(struct str schema, struct str text)
{
	enum json_fit fit = JSON_FIT_UNKNOWN;
	struct json_doc s, t;
	struct check c = {.steps = 0};
	struct err e;
	bool ok;

	json_doc_init(&s, NODES);
	json_doc_init(&t, NODES);
	arena_init(&c.arena, 1 << 20);
	if (json_parse(&s, schema, &e) != RC_OK) {
		fit = JSON_FIT_UNKNOWN;
	} else if (json_parse(&t, text, &e) != RC_OK) {
		/* What is too large for a document may be JSON all the same. */
		fit = text.len < NODES ? JSON_FITS_NOT : JSON_FIT_UNKNOWN;
	} else {
		c.root = s.nodes;
		ok = fits(&c, s.nodes, t.nodes, DEPTH);
		fit = !ok          ? JSON_FITS_NOT
		      : c.too_much ? JSON_FIT_UNKNOWN
				   : JSON_FITS;
	}
	arena_release(&c.arena);
	json_doc_release(&s);
	json_doc_release(&t);
	return fit;
}
