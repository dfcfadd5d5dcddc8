/* The JSON reader against jansson: both must agree on what is JSON, and on
 * what it says. They may differ where jansson cannot follow: it refuses lone
 * surrogates, \u0000 in keys and numbers beyond its types, its limit of depth
 * is higher, and it overlooks a NUL byte behind a number. What the writer
 * makes of a document must read the same. */
#include <stdlib.h>

/* Both sides have these names. The accessors are compiled into this file, so
 * that their json_true does not replace the one inside jansson. */
#define JSON_OBJECT  JANSSON_OBJECT
#define JSON_ARRAY   JANSSON_ARRAY
#define JSON_STRING  JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL    JANSSON_REAL
#define JSON_TRUE    JANSSON_TRUE
#define JSON_FALSE   JANSSON_FALSE
#define JSON_NULL    JANSSON_NULL
#define json_type    jansson_type
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL
#undef json_type
#define json_true aco_json_true

#include "ledger/base/json_value.c"
#include "tests/fuzz/fuzz.h"

static bool jansson_cannot(const json_error_t *e)
{
	enum json_error_code code = json_error_code(e);

	return code == json_error_numeric_overflow ||
	       code == json_error_null_character ||
	       code == json_error_null_byte_in_key ||
	       (code == json_error_invalid_syntax &&
		strstr(e->text, "invalid Unicode"));
}

static struct str key_text(const struct json *member, struct arena *a)
{
	struct json key = {.type = JSON_STRING,
			   .text = member->key,
			   .escaped = member->key_escaped};

	return arena_str(a, json_str(&key, a)); /* with a NUL */
}

static void compare_scalar(const struct json *v, const json_t *j,
			   struct arena *a)
{
	int64_t n;
	double d;
	struct str s;

	switch (json_typeof(j)) {
	case JANSSON_STRING:
		s = json_str(v, a);
		check(json_is(v, JSON_STRING), "not a string");
		check(s.len == json_string_length(j) &&
			      !memcmp(s.p, json_string_value(j), s.len),
		      "another string");
		break;
	case JANSSON_INTEGER:
		check(json_is(v, JSON_NUMBER) && json_i64(v, &n) &&
			      n == json_integer_value(j),
		      "another integer");
		break;
	case JANSSON_REAL:
		d = json_real_value(j);
		check(json_is(v, JSON_NUMBER) && json_double(v, &d) &&
			      d <= json_real_value(j) &&
			      d >= json_real_value(j),
		      "another real");
		/* Beyond 2^53 the double is not what the text says. */
		if (json_i64(v, &n) && llabs(n) < INT64_C(1) << 53)
			check((double)n >= d && (double)n <= d,
			      "integer and real differ");
		break;
	case JANSSON_TRUE:
		check(json_true(v), "not true");
		break;
	case JANSSON_FALSE:
		check(json_is(v, JSON_FALSE), "not false");
		break;
	case JANSSON_NULL:
		check(json_is(v, JSON_NULL), "not null");
		break;
	case JANSSON_OBJECT:
	case JANSSON_ARRAY:
		break;
	}
}

static void compare(const struct json *v, const json_t *j, struct arena *a)
{
	const struct json *m;
	size_t n = 0;

	check(v && j, "a value is missing");
	if (json_typeof(j) == JANSSON_ARRAY) {
		check(json_is(v, JSON_ARRAY) && v->count == json_array_size(j),
		      "another array");
		for (m = json_first(v); m; m = json_next(v, m))
			compare(m, json_array_get(j, n++), a);
		check(n == v->count, "count is wrong");
	} else if (json_typeof(j) == JANSSON_OBJECT) {
		size_t last = 0;

		check(json_is(v, JSON_OBJECT), "not an object");
		for (m = json_first(v); m; m = json_next(v, m)) {
			struct str key = key_text(m, a);

			n++;
			if (json_get(v, key.p) != m)
				continue; /* a later one wins */
			last++;
			compare(m, json_object_get(j, key.p), a);
		}
		check(n == v->count, "count is wrong");
		check(last == json_object_size(j), "keys are lost");
	} else {
		compare_scalar(v, j, a);
	}
}

/* Writes v anew. */
static void rewrite(const struct json *v, struct json_out *o, struct arena *a)
{
	const char *key = v->key.p ? key_text(v, a).p : NULL;
	const struct json *m;

	if (json_is(v, JSON_OBJECT) || json_is(v, JSON_ARRAY)) {
		bool obj = json_is(v, JSON_OBJECT);

		if (obj)
			json_out_obj(o, key);
		else
			json_out_arr(o, key);
		for (m = json_first(v); m; m = json_next(v, m))
			rewrite(m, o, a);
		json_out_end(o, obj ? '}' : ']');
	} else if (json_is(v, JSON_STRING)) {
		json_out_str(o, key, json_str(v, a));
	} else {
		json_out_raw(o, key, v->text);
	}
}

static void check_rewrite(const struct json_doc *d, const json_t *j,
			  struct arena *a)
{
	struct json_doc again;
	struct json_out o;
	struct buf b;

	buf_init(&b, 1 << 24);
	json_doc_init(&again, d->max);
	json_out_init(&o, &b);
	rewrite(d->nodes, &o, a);
	check(json_parse(&again, (struct str){b.p, b.len}, NULL) == RC_OK,
	      "our own output is refused");
	compare(again.nodes, j, a);
	json_doc_release(&again);
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct json_doc d;
	struct arena a;
	json_error_t why;
	json_t *j;
	enum rc rc;

	json_doc_init(&d, 1 << 20);
	arena_init(&a, 1 << 26);
	rc = json_parse(&d, text, NULL);
	check(rc != RC_OK || !memchr(data, 0, size), "took a NUL");
	j = json_loadb(text.p, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (rc == RC_OK && !j) {
		check(jansson_cannot(&why), "took what is not JSON");
	} else if (rc != RC_OK && j && !memchr(data, 0, size)) {
		struct err e;

		check(json_parse(&d, text, &e) == RC_BAD, "another result");
		check(strstr(e.msg, "too deep"), "refused what is JSON");
	} else if (rc == RC_OK) {
		compare(d.nodes, j, &a);
		if (!memchr(text.p, '\\', size) && d.nodes->span < 5000)
			check_rewrite(&d, j, &a);
	}
	json_decref(j);
	json_doc_release(&d);
	arena_release(&a);
	return 0;
}
