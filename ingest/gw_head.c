/* Headers, both ways. What belongs to a connection stays on it; what is ours,
 * or opens our door, goes no further. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ingest/gw_int.h"
#include "ledger/base/uuid.h"
#include "ledger/money.h"

bool gw_name_is(struct str name, const char *lower)
{
	return name.len == strlen(lower) &&
	       !strncasecmp(name.p, lower, name.len);
}

static bool begins(struct str name, const char *lower)
{
	size_t n = strlen(lower);

	return name.len >= n && !strncasecmp(name.p, lower, n);
}

/* In any case; the list ends with an absent one. */
static bool one_of(struct str name, const struct str *list)
{
	for (; list->p; list++) {
		if (name.len == list->len &&
		    !strncasecmp(name.p, list->p, name.len))
			return true;
	}
	return false;
}

#define NAME(s)                                                                \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}

/* Of a connection, or said by whoever frames the message. */
static bool of_connection(struct str name)
{
	static const struct str list[] = {NAME("connection"),
					  NAME("keep-alive"),
					  NAME("proxy-authenticate"),
					  NAME("proxy-authorization"),
					  NAME("proxy-connection"),
					  NAME("te"),
					  NAME("trailer"),
					  NAME("transfer-encoding"),
					  NAME("upgrade"),
					  NAME("content-length"),
					  {NULL, 0}};

	return one_of(name, list);
}

/* "q=0", "q=0.000": not acceptable. */
static bool is_zero(struct str q)
{
	size_t i = 2;

	if (q.len < 3 || (q.p[0] | 0x20) != 'q' || q.p[1] != '=')
		return false;
	while (i < q.len && (q.p[i] == '0' || q.p[i] == '.'))
		i++;
	return i == q.len;
}

bool gw_takes_gzip(struct str accept)
{
	bool any = false;

	while (accept.len) {
		const char *end = memchr(accept.p, ',', accept.len);
		size_t n = end ? (size_t)(end - accept.p) : accept.len;
		const char *semi = memchr(accept.p, ';', n);
		size_t len = semi ? (size_t)(semi - accept.p) : n;
		struct str word = str_trim((struct str){accept.p, len});
		struct str q = {accept.p + len, n - len};
		bool no;

		if (q.len) /* the ';' */
			q = str_trim((struct str){q.p + 1, q.len - 1});
		no = is_zero(q);
		if (gw_name_is(word, "gzip"))
			return !no;
		if (gw_name_is(word, "*"))
			any = !no;
		n += end != NULL;
		accept = (struct str){accept.p + n, accept.len - n};
	}
	return any;
}

/* ---- to the provider ---- */

static bool stays_here(struct str name)
{
	static const struct str list[] = {NAME("host"),
					  NAME("accept-encoding"),
					  NAME("content-encoding"),
					  NAME("expect"),
					  NAME("authorization"),
					  NAME("x-api-key"),
					  NAME("content-type"),
					  NAME("forwarded"),
					  NAME("x-forwarded-for"),
					  NAME("x-forwarded-host"),
					  NAME("x-forwarded-proto"),
					  NAME("x-real-ip"),
					  NAME("cookie"),
					  {NULL, 0}};

	return of_connection(name) || begins(name, "x-aco-") ||
	       one_of(name, list);
}

/* A credential that is somebody's for a provider, and no key of ours. */
static bool foreign(struct str value)
{
	if (begins(value, "bearer "))
		value = str_trim((struct str){value.p + 7, value.len - 7});
	return value.len && !str_starts(value, "aco_") &&
	       !begins(value, "basic ");
}

static int add(struct up_header *out, int n, int max, struct str name,
	       struct str value)
{
	if (n < max)
		out[n++] = (struct up_header){name, value};
	return n;
}

/* The client's own credential goes to the first provider of the protocol only:
 * that is who it is for. It goes there when the client says who it is to us in
 * another way, or when we have no key of our own. */
static int add_credential(struct gw_call *c, const struct gw_provider *p,
			  struct up_header *out, int n, int max)
{
	static const char *const names[] = {"authorization", "x-api-key"};
	bool theirs =
		p->first && (!p->key || http_header(c->r, "x-aco-key").len);
	bool some = false;

	for (int i = 0; i < 2 && theirs; i++) {
		struct str v = http_header(c->r, names[i]);

		if (!foreign(v))
			continue;
		n = add(out, n, max, str_from(names[i]), v);
		some = true;
	}
	if (some || !p->key)
		return n;
	if (p->protocol == GW_ANTHROPIC)
		return add(out, n, max, STR("x-api-key"), str_from(p->key));
	return add(out, n, max, STR("authorization"),
		   arena_strf(&c->a, "Bearer %s", p->key));
}

int gw_head_up(struct gw_call *c, const struct gw_provider *p,
	       struct up_header *out, int max)
{
	struct str name, value;
	struct str ctype = http_header(c->r, "content-type");
	int n = 0;

	for (int i = 0; http_header_at(c->r, i, &name, &value); i++) {
		if (!stays_here(name) && !http_hops(c->r, name))
			n = add(out, n, max, name, value);
		else if (c->wire == WIRE_OTHER &&
			 gw_name_is(name, "content-encoding"))
			n = add(out, n, max, name, value);
	}
	if (ctype.len)
		n = add(out, n, max, STR("content-type"), ctype);
	return add_credential(c, p, out, n, max);
}

/* ---- to the client ---- */

void gw_head_keep(struct gw_call *c, const struct up_header *h, int n)
{
	struct gw_try *t = &c->t;

	t->n_head = 0;
	if (n > GW_HEADERS)
		n = GW_HEADERS;
	t->head = arena_alloc(&c->a, (size_t)n * sizeof(*t->head));
	for (int i = 0; t->head && i < n; i++) {
		struct up_header *to = &t->head[t->n_head];

		to->name = arena_str(&c->a, h[i].name);
		to->value = arena_str(&c->a, h[i].value);
		t->n_head += to->name.p && to->value.p;
	}
}

struct str gw_head_find(const struct gw_try *t, const char *name)
{
	for (int i = 0; i < t->n_head; i++) {
		if (gw_name_is(t->head[i].name, name))
			return t->head[i].value;
	}
	return STR_NONE;
}

static void add_ours(struct gw_call *c, bool whole)
{
	struct http_req *r = c->r;
	char text[64];

	if (!c->billed)
		return;
	http_reply_header(r, "x-aco-model", c->t.name);
	if (c->t.model) {
		snprintf(text, sizeof(text), "%d", c->t.model->tier);
		http_reply_header(r, "x-aco-tier", str_from(text));
	}
	if (!uuid_is_nil(c->decision_id))
		http_reply_header(r, "x-aco-decision",
				  str_from(uuid_format(c->decision_id, text)));
	snprintf(text, sizeof(text), "%d", c->attempts);
	http_reply_header(r, "x-aco-attempts", str_from(text));
	if (c->routed && c->req.stream)
		http_reply_header(r, "x-aco-stream",
				  c->hold ? STR("held") : STR("live"));
	if (c->unpriced)
		http_reply_header(r, "x-aco-unpriced", STR("yes"));
	if (c->soft_over)
		http_reply_header(r, "x-aco-budget", STR("over"));
	else if (c->unchecked)
		http_reply_header(r, "x-aco-budget", STR("unchecked"));
	if (whole && c->t.priced) {
		char usd[MONEY_TEXT];

		http_reply_header(r, "x-aco-cost-usd",
				  str_from(money_format(c->spent_pusd, usd)));
	}
}

void gw_head_down(struct gw_call *c, bool whole)
{
	for (int i = 0; i < c->t.n_head; i++) {
		struct str name = c->t.head[i].name;

		if (of_connection(name) || begins(name, "x-aco-"))
			continue;
		http_reply_header(c->r, name.p, c->t.head[i].value);
	}
	add_ours(c, whole);
}
