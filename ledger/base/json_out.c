/* The writer. */
#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "ledger/base/utf8.h"

void json_out_init(struct json_out *o, struct buf *b)
{
	*o = (struct json_out){.b = b};
}

/* Appends s as a JSON string. Runs of plain bytes go in one piece. */
static void add_string(struct buf *b, struct str s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t run = 0, i = 0;

	buf_addc(b, '"');
	while (i < s.len) {
		size_t n = utf8_len(p + i, s.len - i);

		if (n > 1 ||
		    (n == 1 && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\')) {
			i += n;
			continue;
		}
		buf_add(b, p + run, i - run);
		if (n == 0)
			buf_adds(b, "\xef\xbf\xbd"); /* U+FFFD */
		else if (p[i] == '"' || p[i] == '\\')
			buf_addf(b, "\\%c", p[i]);
		else if (p[i] == '\n')
			buf_adds(b, "\\n");
		else
			buf_addf(b, "\\u%04x", p[i]);
		run = ++i;
	}
	if (i > run)
		buf_add(b, p + run, i - run);
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
	member(o, key);
	buf_addf(o->b, "%lld", (long long)v);
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
