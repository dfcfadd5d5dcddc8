/* Which route a request takes: exact paths through a small hash, prefixes one
 * after the other, longest first. */
#include <stdlib.h>
#include <string.h>

#include "ingest/http_int.h"
#include "ledger/base/alloc.h"

static int bucket(const char *path, size_t len)
{
	unsigned last = len ? (unsigned char)path[len - 1] : 0;
	unsigned h = (unsigned)len * 7 + last;

	return (int)(h % HTTP_ROUTE_BUCKETS);
}

static bool is_prefix(const struct http_links *l)
{
	return l->route->path[l->len] == '*';
}

/* Exact ones first, then prefixes by length; else as they were. */
static int compare(const void *pa, const void *pb)
{
	const struct http_links *a = pa, *b = pb;

	if (is_prefix(a) != is_prefix(b))
		return is_prefix(a) ? 1 : -1;
	if (is_prefix(a) && a->len != b->len)
		return a->len < b->len ? 1 : -1;
	return a->next - b->next; /* the place in the tables, so far */
}

static size_t path_len(const char *path)
{
	size_t n = strlen(path);

	return n && path[n - 1] == '*' ? n - 1 : n;
}

void http_routes_index(struct http_server *s)
{
	int n = 0;

	for (int pass = 0; pass < 2; pass++) {
		n = 0;
		for (int i = 0; s->o.routes[i]; i++)
			for (const struct http_route *r = s->o.routes[i];
			     r->method; r++, n++)
				if (pass)
					s->links[n] = (struct http_links){
						r, path_len(r->path), n};
		if (!pass)
			s->links = xcalloc((size_t)n + 1, sizeof(*s->links));
	}
	s->n_links = n;
	qsort(s->links, (size_t)n, sizeof(*s->links), compare);
	for (int b = 0; b < HTTP_ROUTE_BUCKETS; b++)
		s->buckets[b] = -1;
	s->first_prefix = 0;
	while (s->first_prefix < n && !is_prefix(&s->links[s->first_prefix]))
		s->first_prefix++;
	for (int i = s->first_prefix - 1; i >= 0; i--) {
		int b = bucket(s->links[i].route->path, s->links[i].len);

		s->links[i].next = s->buckets[b];
		s->buckets[b] = i;
	}
}

static bool takes(const struct http_route *r, struct str method)
{
	return str_is(method, r->method) || !strcmp(r->method, "*");
}

/* HEAD is asked of GET's handler, unless a route is for HEAD. */
static const struct http_route *better(const struct http_route *found,
				       const struct http_route *r,
				       struct str method, bool head)
{
	if (found)
		return found;
	if (takes(r, method))
		return r;
	return head && !strcmp(r->method, "GET") ? r : NULL;
}

static bool fits(const struct http_links *l, struct str path)
{
	return (is_prefix(l) ? path.len >= l->len : path.len == l->len) &&
	       !memcmp(l->route->path, path.p, l->len);
}

int http_route_find(const struct http_server *s, struct str method,
		    struct str path, const struct http_route **route,
		    const struct http_route **like)
{
	bool head = str_is(method, "HEAD");

	*route = *like = NULL;
	for (int i = s->buckets[bucket(path.p, path.len)]; i >= 0;
	     i = s->links[i].next) {
		if (!fits(&s->links[i], path))
			continue;
		*like = s->links[i].route;
		*route = better(*route, *like, method, head);
	}
	for (int i = s->first_prefix; i < s->n_links && !*route; i++) {
		if (!fits(&s->links[i], path))
			continue;
		*like = *like ? *like : s->links[i].route;
		*route = better(*route, s->links[i].route, method, head);
	}
	return *route ? 0 : *like ? 405 : 404;
}

static bool said(const struct buf *out, const char *method)
{
	const char *at = out->p ? strstr(out->p, method) : NULL;

	return at && (at == out->p || at[-1] == ' ');
}

static void allow(struct buf *out, const char *method)
{
	if (!strcmp(method, "*") || said(out, method))
		return;
	buf_addf(out, "%s%s", out->len ? ", " : "", method);
}

void http_route_allow(const struct http_server *s, struct str path,
		      struct buf *out)
{
	for (int i = 0; i < s->n_links; i++) {
		const char *method = s->links[i].route->method;

		if (!fits(&s->links[i], path))
			continue;
		allow(out, method);
		if (!strcmp(method, "GET"))
			allow(out, "HEAD");
	}
}
