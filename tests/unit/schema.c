#include "tests/unit/schema.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"

static char wrong[512];

void schema_load(struct schema *s, const char *path)
{
	FILE *f = fopen(path, "r");
	struct err e;
	long size;

	if (!f)
		fail_msg("%s: cannot be read", path);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	s->text = xcalloc((size_t)size + 1, 1);
	assert_int_equal(fread(s->text, 1, (size_t)size, f), size);
	fclose(f);
	json_doc_init(&s->doc, 20000);
	arena_init(&s->arena, 1 << 20);
	if (json_parse(&s->doc, str_from(s->text), &e))
		fail_msg("%s: %s", path, e.msg);
}

void schema_release(struct schema *s)
{
	json_doc_release(&s->doc);
	arena_release(&s->arena);
	free(s->text);
}

static bool check(struct schema *s, const struct json *rule,
		  const struct json *v);

static bool complain(const struct json *v, const char *what,
		     const struct json *rule)
{
	snprintf(wrong, sizeof(wrong), "%.*s (%.*s): %s %.*s", STR_ARG(v->key),
		 v->text.len < 80 ? (int)v->text.len : 80, v->text.p, what,
		 rule->text.len < 80 ? (int)rule->text.len : 80, rule->text.p);
	return false;
}

static bool is_type(const struct json *v, const struct json *name)
{
	int64_t n;

	switch (v->type) {
	case JSON_NULL:
		return json_str_is(name, "null");
	case JSON_FALSE:
	case JSON_TRUE:
		return json_str_is(name, "boolean");
	case JSON_NUMBER:
		return json_str_is(name, "number") ||
		       (json_str_is(name, "integer") && json_i64(v, &n));
	case JSON_STRING:
		return json_str_is(name, "string");
	case JSON_ARRAY:
		return json_str_is(name, "array");
	case JSON_OBJECT:
		return json_str_is(name, "object");
	}
	return false;
}

static bool same(struct schema *s, const struct json *a, const struct json *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == JSON_STRING)
		return str_eq(json_str(a, &s->arena), json_str(b, &s->arena));
	return str_eq(a->text, b->text);
}

static bool any_of(struct schema *s, const struct json *rule,
		   const struct json *v, bool types)
{
	if (!json_is(rule, JSON_ARRAY))
		return types ? is_type(v, rule) : same(s, rule, v);
	for (const struct json *r = json_first(rule); r;
	     r = json_next(rule, r)) {
		if (types ? is_type(v, r) : same(s, r, v))
			return true;
	}
	return false;
}

/* How many of the rules fit. */
static int fitting(struct schema *s, const struct json *rules,
		   const struct json *v)
{
	int n = 0;

	for (const struct json *r = json_first(rules); r;
	     r = json_next(rules, r))
		n += check(s, r, v);
	return n;
}

/* null stands for absent in all our schemas, so "required" wants a value. */
static bool has_all(struct schema *s, const struct json *rule,
		    const struct json *v)
{
	for (const struct json *r = json_first(rule); r;
	     r = json_next(rule, r)) {
		struct str key = json_str(r, &s->arena);

		if (!json_present(json_get(v, arena_str(&s->arena, key).p)))
			return false;
	}
	return true;
}

static const struct json *member(const struct json *obj, struct str key)
{
	for (const struct json *m = json_first(obj); m; m = json_next(obj, m)) {
		if (str_eq(m->key, key))
			return m;
	}
	return NULL;
}

static bool members(struct schema *s, const struct json *rule,
		    const struct json *v)
{
	const struct json *more = json_get(rule, "additionalProperties");
	const struct json *known = json_get(rule, "properties");

	for (const struct json *m = json_first(v); m; m = json_next(v, m)) {
		const struct json *r = member(known, m->key);

		if (!r && json_is(more, JSON_FALSE))
			return complain(m, "is not one of", known);
		if (r && !check(s, r, m))
			return false;
	}
	return true;
}

static bool in_range(const struct json *v, const struct json *limit, bool least)
{
	double a, b;

	if (!json_is(v, JSON_NUMBER))
		return true;
	assert_true(json_double(v, &a) && json_double(limit, &b));
	return least ? a >= b : a <= b;
}

/* Bytes stand for characters: the limits are the ledger's, in bytes. */
static bool in_length(struct schema *s, const struct json *v,
		      const struct json *limit, bool least)
{
	int64_t n;
	size_t len;

	if (!json_is(v, JSON_STRING))
		return true;
	assert_true(json_i64(limit, &n));
	len = json_str(v, &s->arena).len;
	return least ? len >= (size_t)n : len <= (size_t)n;
}

static bool fits_pattern(struct schema *s, const struct json *v,
			 const struct json *pattern)
{
	regex_t re;
	bool ok;

	if (!json_is(v, JSON_STRING))
		return true;
	assert_int_equal(
		regcomp(&re,
			arena_str(&s->arena, json_str(pattern, &s->arena)).p,
			REG_EXTENDED | REG_NOSUB),
		0);
	ok = regexec(&re, arena_str(&s->arena, json_str(v, &s->arena)).p, 0,
		     NULL, 0) == 0;
	regfree(&re);
	return ok;
}

/* One keyword of a rule. */
static bool keyword(struct schema *s, const struct json *rule,
		    const struct json *k, const struct json *v)
{
	char path[64];

	if (str_is(k->key, "$ref")) {
		struct str ref = json_str(k, &s->arena);

		assert_true(str_starts(ref, "#/$defs/"));
		snprintf(path, sizeof(path), "%.*s", (int)ref.len - 8,
			 ref.p + 8);
		k = json_get(json_get(s->doc.nodes, "$defs"), path);
		assert_non_null(k);
		return check(s, k, v);
	}
	if (str_is(k->key, "type"))
		return any_of(s, k, v, true) || complain(v, "type", k);
	if (str_is(k->key, "const") || str_is(k->key, "enum"))
		return any_of(s, k, v, false) || complain(v, "is not", k);
	if (str_is(k->key, "required"))
		return !json_is(v, JSON_OBJECT) || has_all(s, k, v) ||
		       complain(v, "lacks some of", k);
	if (str_is(k->key, "properties"))
		return !json_is(v, JSON_OBJECT) || members(s, rule, v);
	if (str_is(k->key, "minimum") || str_is(k->key, "maximum"))
		return in_range(v, k, str_is(k->key, "minimum")) ||
		       complain(v, "is beyond", k);
	if (str_is(k->key, "minLength") || str_is(k->key, "maxLength"))
		return in_length(s, v, k, str_is(k->key, "minLength")) ||
		       complain(v, "length is beyond", k);
	if (str_is(k->key, "pattern"))
		return fits_pattern(s, v, k) || complain(v, "is not like", k);
	if (str_is(k->key, "oneOf"))
		return fitting(s, k, v) == 1 || complain(v, "not one of", k);
	if (str_is(k->key, "anyOf"))
		return fitting(s, k, v) > 0 || complain(v, "none of", k);
	if (str_is(k->key, "allOf"))
		return fitting(s, k, v) == (int)k->count ||
		       complain(v, "not all of", k);
	if (!str_is(k->key, "description") && !str_is(k->key, "title") &&
	    !str_is(k->key, "examples") && !str_is(k->key, "$schema") &&
	    !str_is(k->key, "$id") && !str_is(k->key, "$defs") &&
	    !str_is(k->key, "additionalProperties"))
		fail_msg("the schema has '%.*s'", STR_ARG(k->key));
	return true;
}

static bool check(struct schema *s, const struct json *rule,
		  const struct json *v)
{
	for (const struct json *k = json_first(rule); k;
	     k = json_next(rule, k)) {
		if (!keyword(s, rule, k, v))
			return false;
	}
	return true;
}

const char *schema_check(struct schema *s, const struct json *v)
{
	bool ok;

	wrong[0] = 0;
	ok = check(s, s->doc.nodes, v);
	arena_clear(&s->arena);
	return ok ? NULL : wrong;
}
