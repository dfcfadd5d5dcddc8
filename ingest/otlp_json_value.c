#include <math.h>

#include "ingest/otlp_json.h"
#include "ledger/base/json.h"

bool otlp_js_key(struct otlp_js *s, struct arena *a, struct str *key)
{
	struct jpull_text t;

	if (!jpull_key(&s->j, &t))
		return false;
	*key = t.escaped ? jpull_text(t, a) : t.raw;
	if (!key->p)
		*key = STR("");
	return true;
}

struct str otlp_js_text(struct otlp_js *s, struct arena *a)
{
	struct jpull_text t;

	if (!jpull_string(&s->j, &t))
		return STR_NONE;
	return t.escaped ? jpull_text(t, a) : t.raw;
}

/* Up to 18 digits: what nearly all integers are. */
static bool short_digits(struct str s, int64_t *out)
{
	int64_t v = 0;

	if (s.len == 0 || s.len > 18)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*out = v;
	return true;
}

/* The text of a number, or of a string that should hold one. */
static struct str digits(struct otlp_js *s, bool *number)
{
	struct str text = STR_NONE;
	struct jpull_text t;

	*number = jpull_type(&s->j) == JPULL_NUMBER;
	if (*number)
		jpull_number(&s->j, &text);
	else if (jpull_string(&s->j, &t) && !t.escaped)
		text = t.raw;
	return text;
}

bool otlp_js_i64(struct otlp_js *s, int64_t *out)
{
	bool number;
	struct str text = digits(s, &number);

	if (short_digits(text, out))
		return true;
	return number ? json_text_i64(text, out) : str_i64(text, out);
}

uint64_t otlp_js_u64(struct otlp_js *s)
{
	bool number;
	struct str text = digits(s, &number);
	uint64_t v = 0;
	int64_t i;

	if (short_digits(text, &i))
		return (uint64_t)i;
	for (size_t at = 0; at < text.len; at++) {
		if (text.p[at] >= '0' && text.p[at] <= '9' &&
		    !__builtin_mul_overflow(v, 10, &v) &&
		    !__builtin_add_overflow(v, text.p[at] - '0', &v))
			continue;
		/* 1.5e18, or nonsense */
		return number && json_text_i64(text, &i) && i > 0 ? (uint64_t)i
								  : 0;
	}
	return v;
}

bool otlp_js_f64(struct otlp_js *s, double *out)
{
	bool number;
	struct str text = digits(s, &number);
	struct json_lex x;

	if (!text.p)
		return false;
	if (number) {
		*out = json_text_double(text);
		return true;
	}
	if (str_is(text, "Infinity") || str_is(text, "-Infinity")) {
		*out = text.p[0] == '-' ? -HUGE_VAL : HUGE_VAL;
		return true;
	}
	x = (struct json_lex){.p = text.p, .end = text.p + text.len};
	if (!json_lex_number(&x) || x.p != x.end)
		return false;
	*out = json_text_double(text);
	return true;
}

int otlp_js_enum(struct otlp_js *s, int max)
{
	struct str text;
	int64_t v;

	if (!jpull_number(&s->j, &text) || !json_text_i64(text, &v))
		return 0;
	return otlp_enum(v, max);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool otlp_js_id(struct otlp_js *s, uint8_t *out, size_t n)
{
	struct str text = otlp_js_text(s, s->d->item);
	unsigned any = 0;

	if (text.len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int v = hex_digit(text.p[2 * i]) * 16 +
			hex_digit(text.p[2 * i + 1]);

		if (hex_digit(text.p[2 * i]) < 0 ||
		    hex_digit(text.p[2 * i + 1]) < 0) {
			memset(out, 0, n);
			return false;
		}
		out[i] = (uint8_t)v;
		any |= out[i];
	}
	return any != 0;
}

/* One KeyValue. Its key may stand behind its value. */
static void read_attr(struct otlp_js *s, struct arena *a, struct otlp_list *l,
		      bool filter, int depth)
{
	struct str name, key = STR("");
	struct otlp_value v = {.type = OTLP_ABSENT};
	struct otlp_attr *attr;
	struct jpull at = s->j;
	bool wanted = false, named = false, there = false, read = false;

	if (!jpull_enter(&s->j, '{'))
		return;
	while (otlp_js_key(s, a, &name)) {
		if (otlp_js_is(name, "key")) {
			key = otlp_js_text(s, a);
			if (!key.p)
				key = STR("");
			named = true;
			wanted = !filter || otlp_wants(s->d, key);
			if (!wanted) {
				jpull_leave(&s->j, '}');
				return;
			}
		} else if (otlp_js_is(name, "value")) {
			at = s->j;
			there = true;
			read = wanted;
			if (wanted)
				otlp_js_value(s, a, &v, depth);
			else
				jpull_skip(&s->j);
		} else {
			jpull_skip(&s->j);
		}
	}
	if (!named)
		wanted = !filter || otlp_wants(s->d, key);
	if (!wanted)
		return;
	if (there && !read) {
		struct jpull behind = s->j;

		s->j = at;
		otlp_js_value(s, a, &v, depth);
		s->j = behind;
	}
	attr = otlp_list_add(a, l, sizeof(*attr));
	if (attr)
		*attr = (struct otlp_attr){.key = key, .v = v};
}

/* The "values" of an array or a list of pairs. */
static void read_values(struct otlp_js *s, struct arena *a,
			struct otlp_value *v, bool pairs, int depth)
{
	struct otlp_list l = {0};
	struct otlp_value *item;
	struct str name;

	while (otlp_js_key(s, a, &name)) {
		if (!otlp_js_is(name, "values")) {
			jpull_skip(&s->j);
			continue;
		}
		if (!jpull_enter(&s->j, '['))
			continue;
		l = (struct otlp_list){0};
		while (jpull_item(&s->j)) {
			struct otlp_value one = {.type = OTLP_ABSENT};

			if (pairs) {
				read_attr(s, a, &l, false, depth + 1);
				continue;
			}
			otlp_js_value(s, a, &one, depth + 1);
			item = otlp_list_add(a, &l, sizeof(*item));
			if (item)
				*item = one;
		}
	}
	*v = (struct otlp_value){.type = pairs ? OTLP_KVLIST : OTLP_ARRAY,
				 .n = l.n};
	if (pairs)
		v->pairs = l.p;
	else
		v->items = l.p;
}

/* Of several kinds of value in one object the last that says anything wins. */
static void read_kind(struct otlp_js *s, struct arena *a, struct str name,
		      struct otlp_value *v, int depth)
{
	struct otlp_value n = {.type = OTLP_ABSENT};

	if (otlp_js_is(name, "stringValue") || otlp_js_is(name, "bytesValue")) {
		n.s = otlp_js_text(s, a);
		if (n.s.p)
			n.type = otlp_js_is(name, "bytesValue") ? OTLP_BYTES
								: OTLP_STRING;
	} else if (otlp_js_is(name, "intValue")) {
		if (otlp_js_i64(s, &n.i))
			n.type = OTLP_INT;
	} else if (otlp_js_is(name, "doubleValue")) {
		if (otlp_js_f64(s, &n.d))
			n.type = OTLP_DOUBLE;
	} else if (otlp_js_is(name, "boolValue")) {
		if (jpull_bool(&s->j, &n.b))
			n.type = OTLP_BOOL;
	} else if (otlp_js_is(name, "arrayValue")) {
		if (jpull_enter(&s->j, '{'))
			read_values(s, a, &n, false, depth);
	} else if (otlp_js_is(name, "kvlistValue")) {
		if (jpull_enter(&s->j, '{'))
			read_values(s, a, &n, true, depth);
	} else {
		jpull_skip(&s->j);
	}
	if (n.type != OTLP_ABSENT)
		*v = n;
}

void otlp_js_value(struct otlp_js *s, struct arena *a, struct otlp_value *v,
		   int depth)
{
	struct str name;

	if (depth >= OTLP_DEPTH_MAX) {
		jpull_skip(&s->j);
		return;
	}
	if (!jpull_enter(&s->j, '{'))
		return;
	while (otlp_js_key(s, a, &name))
		read_kind(s, a, name, v, depth);
}

void otlp_js_attrs(struct otlp_js *s, struct arena *a, bool filter,
		   struct otlp_attrs *out)
{
	struct otlp_list l = {0};

	if (!jpull_enter(&s->j, '['))
		return;
	while (jpull_item(&s->j))
		read_attr(s, a, &l, filter, 0);
	out->p = l.p;
	out->n = l.n;
}
