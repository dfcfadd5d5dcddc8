/* Paths and what is spoken on them. */
#include <string.h>

#include "ingest/gw_int.h"

enum gw_protocol gw_protocol_of(const struct http_req *r, enum wire wire)
{
	if (wire == WIRE_ANTHROPIC)
		return GW_ANTHROPIC;
	if (wire == WIRE_OTHER && (http_header(r, "anthropic-version").p ||
				   str_starts(http_path(r), "/v1/messages")))
		return GW_ANTHROPIC;
	return GW_OPENAI;
}

/* The value of two hex digits; -1. */
static int hex_byte(struct str s)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	int v = 0;

	if (s.len < 2)
		return -1;
	for (int i = 0; i < 2; i++) {
		const char *d = s.p[i] ? strchr(digits, s.p[i]) : NULL;

		if (!d)
			return -1;
		v = v * 16 + (int)(d - digits) % 16;
	}
	return v;
}

/* Nobody has to write these in percent. */
static bool is_plain_byte(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("-._~\\", c));
}

static bool is_dots(struct str s)
{
	return str_is(s, ".") || str_is(s, "..");
}

bool gw_path_plain(struct str path)
{
	bool named = str_starts(path, "/v1/models/");
	size_t from = 0, next;

	for (size_t i = 0; i <= path.len; i = next) {
		struct str seg = {path.p + from, i - from};
		int c = i < path.len ? (unsigned char)path.p[i] : '/';

		next = i + 1;
		if (c == '\\')
			return false;
		if (c == '%') {
			c = hex_byte(
				(struct str){path.p + next, path.len - next});
			next += 2;
			if (c < 0x20 || c == 0x7f || is_plain_byte(c) ||
			    (c == '/' && !named))
				return false;
		}
		if (c != '/')
			continue;
		/* What is behind a last slash is empty, and fine. */
		if (is_dots(seg) || (!seg.len && i && i < path.len))
			return false;
		from = next;
	}
	return true;
}

/* OpenAI's base ends with /v1, Anthropic's does not. */
struct str gw_target(struct gw_call *c)
{
	struct str path = http_path(c->r), query = http_query(c->r);

	if (c->protocol == GW_OPENAI && str_starts(path, "/v1/"))
		path = (struct str){path.p + 3, path.len - 3};
	if (!query.len)
		return arena_str(&c->a, path);
	return arena_strf(&c->a, "%.*s?%.*s", STR_ARG(path), STR_ARG(query));
}
