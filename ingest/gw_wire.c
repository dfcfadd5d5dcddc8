/* Paths and what is spoken on them. */
#include <string.h>

#include "ingest/gw_int.h"

enum gw_protocol gw_protocol_of(const struct http_req *r, enum wire wire)
{
	if (wire == WIRE_ANTHROPIC)
		return GW_ANTHROPIC;
	if (wire == WIRE_OTHER && http_header(r, "anthropic-version").p)
		return GW_ANTHROPIC;
	return GW_OPENAI;
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
