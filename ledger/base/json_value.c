/* Accessors of a parsed document. */
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "ledger/base/json_lex.h"
#include "ledger/base/utf8.h"

#define EXP_LIMIT 100000 /* beyond any exponent of a finite double */

const struct json *json_first(const struct json *parent)
{
	if (!parent || parent->count == 0)
		return NULL;
	return parent + 1;
}

const struct json *json_next(const struct json *parent,
			     const struct json *child)
{
	const struct json *next;

	if (!parent || !child)
		return NULL;
	next = child + child->span;
	return next < parent + parent->span ? next : NULL;
}

/* Whether the raw text, unescaped, equals lit. */
static bool raw_is(struct str raw, bool escaped, const char *lit)
{
	size_t n = strlen(lit), at = 0;

	if (!escaped)
		return raw.p && raw.len == n && !memcmp(raw.p, lit, n);
	for (size_t i = 0; i < raw.len;) {
		char out[4];
		size_t len = 1, used = 1;

		if (raw.p[i] == '\\')
			len = json_unescape_one(raw.p + i, raw.len - i, out,
						&used);
		else
			out[0] = raw.p[i];
		if (n - at < len || memcmp(lit + at, out, len) != 0)
			return false;
		at += len;
		i += used;
	}
	return at == n;
}

const struct json *json_get(const struct json *obj, const char *key)
{
	const struct json *found = NULL, *v, *end;
	size_t n;

	if (!json_is(obj, JSON_OBJECT))
		return NULL;
	n = strlen(key);
	end = obj + obj->span;
	for (v = obj + 1; v < end; v += v->span) {
		if (v->key_escaped
			    ? raw_is(v->key, true, key)
			    : v->key.len == n && !memcmp(v->key.p, key, n))
			found = v;
	}
	return found;
}

const struct json *json_path(const struct json *obj, const char *path)
{
	char key[128];

	while (obj) {
		size_t n = strcspn(path, ".");

		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = 0;
		obj = json_get(obj, key);
		if (!path[n])
			break;
		path += n + 1;
	}
	return obj;
}

bool json_is(const struct json *v, enum json_type type)
{
	return v && v->type == type;
}

bool json_present(const struct json *v)
{
	return v && v->type != JSON_NULL;
}

bool json_true(const struct json *v)
{
	return json_is(v, JSON_TRUE);
}

/* The exponent behind 'e', held within +-EXP_LIMIT; 0 without one. */
static long exponent(struct str s)
{
	bool minus = false;
	long v = 0;
	size_t i = 0;

	while (i < s.len && (s.p[i] | 0x20) != 'e')
		i++;
	if (i == s.len)
		return 0;
	i++;
	if (s.p[i] == '-' || s.p[i] == '+')
		minus = s.p[i++] == '-';
	for (; i < s.len; i++) {
		if (v < EXP_LIMIT)
			v = v * 10 + (s.p[i] - '0');
	}
	return minus ? -v : v;
}

/* A number's text as mantissa * 10^exp with the mantissa's digits in the text
 * (a '.' among them): walk them twice, exactly, without a float. */
bool json_text_i64(struct str s, int64_t *out)
{
	bool minus = s.p[0] == '-';
	size_t from = minus, digits = 0, last = 0, point = 0, seen = 0;
	int64_t v = 0;
	long zeros;

	/* digits: of the mantissa; last: how many until its last non-zero. */
	for (size_t i = from; i < s.len && (s.p[i] | 0x20) != 'e'; i++) {
		if (s.p[i] == '.') {
			point = digits;
			continue;
		}
		digits++;
		if (s.p[i] != '0')
			last = digits;
	}
	if (!memchr(s.p, '.', s.len))
		point = digits;
	if (last == 0) {
		*out = 0;
		return true;
	}
	if (digits > EXP_LIMIT)
		return false;
	zeros = (long)point - (long)last + exponent(s);
	if (zeros < 0 || zeros > 18)
		return false;
	for (size_t i = from; seen < last; i++) {
		if (s.p[i] == '.')
			continue;
		seen++;
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, s.p[i] - '0', &v))
			return false;
	}
	while (zeros-- > 0) {
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	}
	if (!minus && __builtin_sub_overflow(0, v, &v))
		return false;
	*out = v;
	return true;
}

bool json_i64(const struct json *v, int64_t *out)
{
	if (json_is(v, JSON_NUMBER))
		return json_text_i64(v->text, out);
	return json_is(v, JSON_STRING) && str_i64(v->text, out);
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c_locale)
		BUG("no C locale");
}

/* What fits into 15 digits and a power of ten that a double holds exactly is
 * one correctly rounded division or multiplication away. */
static bool short_double(struct str s, double *out)
{
	static const double tens[] = {1e0,  1e1,  1e2,  1e3, 1e4,  1e5,
				      1e6,  1e7,  1e8,  1e9, 1e10, 1e11,
				      1e12, 1e13, 1e14, 1e15};
	bool minus = s.len > 0 && s.p[0] == '-', point = false;
	int64_t v = 0;
	size_t digits = 0, behind = 0;

	for (size_t i = minus; i < s.len; i++) {
		if (s.p[i] == '.') {
			point = true;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9' || ++digits > 15)
			return false;
		v = v * 10 + (s.p[i] - '0');
		behind += point;
	}
	*out = (double)v / tens[behind];
	if (minus)
		*out = -*out;
	return true;
}

double json_text_double(struct str s)
{
	char small[64], *copy = small;
	double d;

	if (short_double(s, &d))
		return d;
	/* strtod wants a NUL, and a locale whose point is a point. */
	pthread_once(&c_locale_once, make_c_locale);
	if (s.len < sizeof(small)) {
		memcpy(small, s.p, s.len);
		small[s.len] = 0;
	} else {
		copy = xstrndup(s.p, s.len);
	}
	d = strtod_l(copy, NULL, c_locale);
	if (copy != small)
		free(copy);
	return d;
}

bool json_double(const struct json *v, double *out)
{
	double d;

	if (!json_is(v, JSON_NUMBER))
		return false;
	d = json_text_double(v->text);
	if (!isfinite(d))
		return false;
	*out = d;
	return true;
}

size_t json_unescape(struct str raw, bool nul, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < raw.len;) {
		const char *slash = memchr(raw.p + i, '\\', raw.len - i);
		size_t run = slash ? (size_t)(slash - raw.p) - i : raw.len - i;
		size_t used, n;

		memcpy(out + len, raw.p + i, run);
		len += run;
		i += run;
		if (!slash)
			break;
		n = json_unescape_one(slash, raw.len - i, out + len, &used);
		if (!out[len] && !nul)
			n = utf8_put(0xfffd, out + len);
		len += n;
		i += used;
	}
	return len;
}

struct str json_str(const struct json *v, struct arena *a)
{
	char *text;

	if (json_is(v, JSON_NUMBER))
		return v->text;
	if (!json_is(v, JSON_STRING))
		return STR_NONE;
	if (!v->escaped)
		return v->text;
	/* An escape is never shorter than what it stands for. */
	text = arena_alloc(a, v->text.len + 1);
	if (!text)
		return STR_NONE;
	return (struct str){text, json_unescape(v->text, true, text)};
}

bool json_str_is(const struct json *v, const char *lit)
{
	return json_is(v, JSON_STRING) && raw_is(v->text, v->escaped, lit);
}
