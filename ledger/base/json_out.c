/* The writer. */
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void json_out_init(struct json_out *o, struct buf *b)
{
	*o = (struct json_out){.b = b};
}

/* Bytes that a JSON string holds as they are, at the beginning of p. */
static size_t plain_run(const uint8_t *p, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	size_t i = 0;

	/* Eight at a time: a top bit stays where a byte is below ' ', is a
	 * quote or a backslash, or is not ASCII. */
	for (; i + 8 <= n; i += 8) {
		uint64_t v, quote, slash;

		memcpy(&v, p + i, sizeof(v));
		quote = v ^ ones * '"';
		slash = v ^ ones * '\\';
		if ((((v - ones * ' ') | (quote - ones) | (slash - ones) | v) &
		     tops))
			break;
	}
	while (i < n && p[i] >= ' ' && p[i] < 0x80 && p[i] != '"' &&
	       p[i] != '\\')
		i++;
	return i;
}

/* What is no plain byte at p[0]; returns how many bytes it was. */
static size_t add_odd(struct buf *b, const uint8_t *p, size_t n)
{
	size_t len = utf8_len(p, n);

	if (len > 1)
		buf_add(b, p, len);
	else if (len == 0)
		buf_adds(b, "\xef\xbf\xbd"); /* U+FFFD */
	else if (*p == '"' || *p == '\\')
		buf_add(b, (char[]){'\\', (char)*p}, 2);
	else if (*p == '\n')
		buf_add(b, "\\n", 2);
	else
		buf_addf(b, "\\u%04x", *p);
	return len ? len : 1;
}

/* Appends s as a JSON string. Runs of plain bytes go in one piece. */
static void add_string(struct buf *b, struct str s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t i = 0;

	buf_addc(b, '"');
	while (i < s.len) {
		size_t run = plain_run(p + i, s.len - i);

		if (run)
			buf_add(b, p + i, run);
		i += run;
		if (i < s.len)
			i += add_odd(b, p + i, s.len - i);
	}
	buf_addc(b, '"');
}

/* Comma and key of the next member. */
static void member(struct json_out *o, const char *key)
{
	uint64_t bit = UINT64_C(1) << o->depth;

	if (o->some & bit)
		buf_addc(o->b, ',');
	o->some |= bit;
	if (key) {
		add_string(o->b, str_from(key));
		buf_addc(o->b, ':');
	}
}

static void open_container(struct json_out *o, const char *key, char c)
{
	member(o, key);
	buf_addc(o->b, c);
	if (o->depth + 1 >= JSON_MAX_DEPTH)
		BUG("JSON written too deep");
	o->depth++;
	o->some &= ~(UINT64_C(1) << o->depth);
}

void json_out_obj(struct json_out *o, const char *key)
{
	open_container(o, key, '{');
}

void json_out_arr(struct json_out *o, const char *key)
{
	open_container(o, key, '[');
}

void json_out_end(struct json_out *o, char close)
{
	if (o->depth == 0)
		BUG("JSON closed too often");
	buf_addc(o->b, close);
	o->depth--;
}

void json_out_str(struct json_out *o, const char *key, struct str s)
{
	member(o, key);
	if (s.p)
		add_string(o->b, s);
	else
		buf_adds(o->b, "null");
}

void json_out_i64(struct json_out *o, const char *key, int64_t v)
{
	char text[20], *p = text + sizeof(text);
	uint64_t n = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	member(o, key);
	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	if (v < 0)
		buf_addc(o->b, '-');
	buf_add(o->b, p, (size_t)(text + sizeof(text) - p));
}

enum {
	FLOAT_TEXT = 40
};

/* Nine digits, without zeros at the end: all that a float holds. Ordinary sizes
 * without printf, which would take a microsecond. */
static void float_text(float f, char text[FLOAT_TEXT])
{
	static const double scale[] = {1e0, 1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
				       1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
	const int most = (int)(sizeof(scale) / sizeof(scale[0])) - 1;
	double a = fabs((double)f);
	int places = 0, at = FLOAT_TEXT;
	uint64_t n;

	if (!(a >= 1e-4 && a < 1e9)) {
		snprintf(text, FLOAT_TEXT, "%.9g", (double)f);
		return;
	}
	while (places < most && a * scale[places] < 1e8)
		places++;
	n = (uint64_t)(a * scale[places] + 0.5);
	for (; places > 0 && n % 10 == 0; places--)
		n /= 10;
	text[--at] = 0;
	for (; places > 0; places--, n /= 10) {
		text[--at] = (char)('0' + n % 10);
		if (places == 1)
			text[--at] = '.';
	}
	do
		text[--at] = (char)('0' + n % 10);
	while (n /= 10);
	if (f < 0)
		text[--at] = '-';
	memmove(text, text + at, (size_t)(FLOAT_TEXT - at));
}

void json_out_float(struct json_out *o, const char *key, float v)
{
	char text[FLOAT_TEXT] = "null";

	if (v == 0 && !signbit(v))
		memcpy(text, "0", 2);
	else if (isfinite(v))
		float_text(v, text);
	member(o, key);
	buf_adds(o->b, text);
}

void json_out_double(struct json_out *o, const char *key, double v, int digits)
{
	char text[40] = "null";

	if (isfinite(v))
		snprintf(text, sizeof(text), "%.*g", digits, v);
	member(o, key);
	buf_adds(o->b, text);
}

void json_out_time(struct json_out *o, const char *key, int64_t us)
{
	char text[40];

	if (us == TIME_NONE)
		json_out_null(o, key);
	else
		json_out_str(o, key,
			     str_from(clock_format(us, text, sizeof(text))));
}

void json_out_bool(struct json_out *o, const char *key, bool v)
{
	member(o, key);
	buf_adds(o->b, v ? "true" : "false");
}

void json_out_null(struct json_out *o, const char *key)
{
	member(o, key);
	buf_adds(o->b, "null");
}

void json_out_raw(struct json_out *o, const char *key, struct str json)
{
	member(o, key);
	if (json.p)
		buf_add(o->b, json.p, json.len);
	else
		buf_adds(o->b, "null");
}
