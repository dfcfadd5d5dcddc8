/* A request: what it says, and its life. */
#include <stdlib.h>
#include <string.h>

#include "ingest/http_int.h"
#include "ledger/base/alloc.h"

/* ---- life ---- */

static struct str type_of(const struct http_head *h, const char *text)
{
	int at = http_head_find(h, text, "content-type");
	struct str v;
	const char *semi;

	if (at < 0)
		return STR_NONE;
	v = (struct str){text + h->fields[at].value.at,
			 h->fields[at].value.len};
	semi = v.len ? memchr(v.p, ';', v.len) : NULL;
	if (semi)
		v.len = (size_t)(semi - v.p);
	return str_trim(v);
}

static void link_in(struct http_req *r)
{
	r->next = r->s->reqs;
	if (r->next)
		r->next->prev = r;
	r->s->reqs = r;
}

static void link_out(struct http_req *r)
{
	if (r->next)
		r->next->prev = r->prev;
	if (r->prev)
		r->prev->next = r->next;
	else
		r->s->reqs = r->next;
	r->next = r->prev = NULL;
}

static char *put(char *at, const void *p, size_t n)
{
	if (n)
		memcpy(at, p, n);
	return at + n;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The head, and a small body, lie behind the request: one allocation. */
struct http_req *http_req_new(struct http_conn *hc, const struct http_head *h,
			      const char *text, size_t len)
{
	const struct http_head none = {.content_length = -1};
	struct str type = text ? type_of(h, text) : STR_NONE;
	size_t fields, room = 0;
	struct http_req *r;
	char *at;

	h = text ? h : &none;
	fields = (size_t)h->n * sizeof(*h->fields);
	if (h->content_length > 0 && h->content_length <= HTTP_BODY_INLINE)
		room = (size_t)h->content_length;
	r = xrealloc_array(
		NULL,
		sizeof(*r) + fields + len + hc->peer_len + type.len + room, 1);
	memset(r, 0, sizeof(*r));
	r->s = hc->s;
	r->hc = hc;
	r->head = *h;
	r->head.fields = (void *)(r + 1);
	at = put((char *)(r + 1), h->fields, fields);
	r->text = at;
	at = put(at, text, len);
	r->peer = (struct str){at, hc->peer_len};
	at = put(at, hc->peer, hc->peer_len);
	if (type.p)
		r->ctype = (struct str){at, type.len};
	for (size_t i = 0; i < type.len; i++)
		*at++ = lower(type.p[i]);
	if (room) {
		r->body = at;
		r->cap = room;
		r->body_inline = true;
	}
	r->loopback = hc->loopback;
	r->is_head = str_is(http_method(r), "HEAD");
	r->close = !text || h->close;
	buf_init(&r->extra, HTTP_EXTRA_MAX);
	link_in(r);
	return r;
}

static void finish(struct http_req *r)
{
	if (r->admitted && r->s->o.done)
		r->s->o.done(r, r->s->o.arg);
	r->admitted = false;
}

void http_req_free(struct http_req *r)
{
	http_body_end(r);
	http_body_release(r);
	if (r->s) {
		finish(r);
		r->s->busy -= !r->hc;
		link_out(r);
	}
	buf_release(&r->extra);
	free(r);
}

void http_req_orphan(struct http_req *r)
{
	r->s->inflight -= r->charged;
	r->charged = 0;
	finish(r);
	link_out(r);
	r->s = NULL;
	r->hc = NULL;
}

bool http_req_charge(struct http_req *r, size_t n)
{
	struct http_server *s = r->s;

	if (n > s->o.limits.inflight_bytes - s->inflight)
		return false;
	s->inflight += n;
	r->charged += n;
	return true;
}

void http_body_release(struct http_req *r)
{
	if (!r->body_inline)
		free(r->body);
	r->body = NULL;
	r->len = r->cap = 0;
	if (r->s)
		r->s->inflight -= r->charged;
	r->charged = 0;
}

/* ---- what it says ---- */

static struct str at_span(const struct http_req *r, struct http_span s)
{
	return (struct str){r->text + s.at, s.len};
}

struct str http_method(const struct http_req *r)
{
	return at_span(r, r->head.method);
}

struct str http_path(const struct http_req *r)
{
	struct str path = at_span(r, r->head.path);

	/* http://host without a path (RFC 9112 3.2.1). */
	return path.len ? path : STR("/");
}

struct str http_query(const struct http_req *r)
{
	return r->head.has_query ? at_span(r, r->head.query) : STR_NONE;
}

struct str http_header(const struct http_req *r, const char *name)
{
	int i = http_head_find(&r->head, r->text, name);

	return i < 0 ? STR_NONE : at_span(r, r->head.fields[i].value);
}

bool http_header_at(const struct http_req *r, int i, struct str *name,
		    struct str *value)
{
	if (i < 0 || i >= r->head.n)
		return false;
	*name = at_span(r, r->head.fields[i].name);
	*value = at_span(r, r->head.fields[i].value);
	return true;
}

bool http_hops(const struct http_req *r, struct str name)
{
	return http_head_hops(&r->head, r->text, name);
}

struct str http_content_type(const struct http_req *r)
{
	return r->ctype;
}

struct str http_body(const struct http_req *r)
{
	return (struct str){r->body ? r->body : "", r->len};
}

struct str http_peer(const struct http_req *r)
{
	return r->peer;
}

bool http_loopback(const struct http_req *r)
{
	return r->loopback;
}

const struct http_route *http_route(const struct http_req *r)
{
	return r->route;
}

void http_set(struct http_req *r, void *p)
{
	r->set = p;
}

void *http_get(const struct http_req *r)
{
	return r->set;
}

void *http_scratch(struct http_req *r)
{
	return r->scratch;
}

bool http_broken(const struct http_req *r)
{
	return !r->hc;
}

void http_on(struct http_req *r, void (*writable)(struct http_req *, void *),
	     void (*gone)(struct http_req *, void *), void *arg)
{
	r->writable = writable;
	r->gone = gone;
	r->arg = arg;
}
