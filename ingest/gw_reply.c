/* What the client gets. */
#include <stdio.h>

#include "ingest/gw_int.h"
#include "ledger/base/clock.h"

/* The media type goes by an argument of its own. */
static const char *ctype_of(const struct gw_try *t)
{
	return t->ctype ? t->ctype : NULL;
}

void gw_reply_held(struct gw_call *c)
{
	struct gw_try *t = &c->t;
	struct http_req *r = c->r;

	if (!r)
		return;
	gw_head_down(c, true);
	c->r = NULL;
	http_reply(r, t->status, ctype_of(t),
		   (struct str){buf_str(&t->held), t->held.len});
}

void gw_reply_begin(struct gw_call *c)
{
	if (!c->r)
		return;
	gw_head_down(c, false);
	http_reply_begin(c->r, c->t.status, ctype_of(&c->t));
}

bool gw_reply_bytes(struct gw_call *c, const char *p, size_t n)
{
	return !c->r || !n || http_reply_chunk(c->r, p, n);
}

void gw_reply_wait(struct http_req *r, int64_t us)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld",
		 us > 1 ? (long long)((us - 1) / US_PER_SEC + 1) : 1LL);
	http_reply_header(r, "retry-after", str_from(text));
}

void gw_reply_end(struct gw_call *c, bool whole)
{
	struct http_req *r = c->r;

	if (!r)
		return;
	c->r = NULL;
	/* A client must not take what was cut for whole. */
	if (whole)
		http_reply_end(r);
	else
		http_drop(r);
}
