/* A ring of nodes; chains are linked by sequence numbers, so a link to a node
 * that was overwritten is told from a good one and ends the chain. */
#include "ingest/kin.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/map.h"

#define HEADS    (KIN_SPANS * 4)
#define TRACES   8192
#define NAMES    16384
#define PROBES   8
#define VISITS   256
#define SLACK_US 5000 /* of clocks, when a tool follows a call */
#define BACK     64   /* calls of a thread looked at */

struct trace_session {
	uint8_t trace[16];
	uint64_t used; /* 0: empty */
	struct kin_text session;
};
struct taken {
	struct uuid name;
	uint64_t owner, used;
};

struct kin {
	struct kin_node *ring;
	uint64_t last;  /* sequence number of the newest */
	uint64_t ticks; /* for traces and names */
	uint64_t *by_id, *by_parent, *by_thread, *by_response;
	struct trace_session *traces;
	struct taken *names;
};

void kin_put(struct kin_text *t, struct str s)
{
	t->len = 0;
	if (!s.len || s.len > sizeof(t->p))
		return;
	memcpy(t->p, s.p, s.len);
	t->len = (uint8_t)s.len;
}

struct kin *kin_new(void)
{
	struct kin *k = xcalloc(1, sizeof(*k));

	k->ring = xcalloc(KIN_SPANS, sizeof(*k->ring));
	k->by_id = xcalloc(HEADS, sizeof(uint64_t));
	k->by_parent = xcalloc(HEADS, sizeof(uint64_t));
	k->by_thread = xcalloc(HEADS, sizeof(uint64_t));
	k->by_response = xcalloc(HEADS, sizeof(uint64_t));
	k->traces = xcalloc(TRACES, sizeof(*k->traces));
	k->names = xcalloc(NAMES, sizeof(*k->names));
	return k;
}

void kin_free(struct kin *k)
{
	if (!k)
		return;
	free(k->ring);
	free(k->by_id);
	free(k->by_parent);
	free(k->by_thread);
	free(k->by_response);
	free(k->traces);
	free(k->names);
	free(k);
}

/* ---- nodes ---- */

struct kin_node *kin_at(struct kin *k, uint64_t seq)
{
	struct kin_node *n = &k->ring[seq % KIN_SPANS];

	if (!seq || seq + KIN_SPANS <= k->last)
		return NULL; /* without a look at cold memory */
	return n->seq == seq ? n : NULL;
}

static uint64_t id_hash(const struct span_id *id)
{
	return map_hash(id, sizeof(*id));
}

static uint64_t *head(uint64_t *heads, uint64_t hash)
{
	return &heads[hash & (HEADS - 1)];
}

static bool no_id(const uint8_t id[8])
{
	static const uint8_t none[8];

	return !memcmp(id, none, 8);
}

static struct kin_node *find(struct kin *k, const struct span_id *id,
			     uint64_t hash)
{
	struct kin_node *n = kin_at(k, *head(k->by_id, hash));

	for (; n; n = kin_at(k, n->next_id)) {
		if (n->is_span && !memcmp(&n->id, id, sizeof(*id)))
			return n;
	}
	return NULL;
}

struct kin_node *kin_find(struct kin *k, const struct span_id *id)
{
	return find(k, id, id_hash(id));
}

static struct kin_node *fresh(struct kin *k)
{
	struct kin_node *n = &k->ring[++k->last % KIN_SPANS];

	memset(n, 0, sizeof(*n));
	n->seq = k->last;
	n->prompt = n->output = -1;
	return n;
}

static void link_node(uint64_t *heads, uint64_t hash, uint64_t *next,
		      uint64_t seq)
{
	uint64_t *h = head(heads, hash);

	*next = *h;
	*h = seq;
}

struct kin_node *kin_span(struct kin *k, const struct span_id *id,
			  const uint8_t parent[8])
{
	uint64_t hash = id_hash(id);
	struct kin_node *n = find(k, id, hash);
	struct span_id up;

	if (n)
		return n;
	n = fresh(k);
	n->is_span = true;
	n->id = *id;
	memcpy(n->parent, parent, 8);
	link_node(k->by_id, hash, &n->next_id, n->seq);
	if (!no_id(parent) && memcmp(parent, id->span, 8) != 0) {
		memcpy(up.trace, id->trace, 16);
		memcpy(up.span, parent, 8);
		link_node(k->by_parent, id_hash(&up), &n->next_parent, n->seq);
	}
	return n;
}

struct kin_node *kin_record(struct kin *k, struct uuid key)
{
	uint64_t hash = map_hash(key.b, sizeof(key.b));
	struct kin_node *n = kin_at(k, *head(k->by_id, hash));

	for (; n; n = kin_at(k, n->next_id)) {
		if (!n->is_span && uuid_eq(n->key, key))
			return n;
	}
	n = fresh(k);
	n->key = key;
	link_node(k->by_id, hash, &n->next_id, n->seq);
	return n;
}

void kin_call(struct kin *k, struct kin_node *n)
{
	if (n->is_call)
		return; /* the same again */
	n->is_call = true;
	link_node(k->by_thread, n->thread, &n->next_thread, n->seq);
	if (n->response)
		link_node(k->by_response, n->response, &n->next_response,
			  n->seq);
}

/* ---- kin ---- */

struct kin_node *kin_parent(struct kin *k, const struct kin_node *n)
{
	struct span_id up;

	if (!n->is_span || no_id(n->parent) ||
	    !memcmp(n->parent, n->id.span, 8))
		return NULL;
	memcpy(up.trace, n->id.trace, 16);
	memcpy(up.span, n->parent, 8);
	return kin_find(k, &up);
}

struct kin_node *kin_up(struct kin *k, const struct kin_node *n,
			bool (*fits)(const struct kin_node *x, const void *arg),
			const void *arg)
{
	struct kin_node *p = kin_parent(k, n);

	for (int i = 0; p && p != n && i < KIN_DEPTH; i++) {
		if (fits(p, arg))
			return p;
		p = kin_parent(k, p);
	}
	return NULL;
}

void kin_down(struct kin *k, const struct kin_node *n,
	      bool (*visit)(struct kin_node *x, void *arg), void *arg)
{
	const struct kin_node *queue[VISITS];
	size_t first = 0, last = 0, steps = 0;

	if (!n->is_span)
		return;
	queue[last++] = n;
	while (first < last) {
		const struct kin_node *up = queue[first++];
		struct kin_node *c =
			kin_at(k, *head(k->by_parent, id_hash(&up->id)));

		for (; c && steps++ < VISITS * 16;
		     c = kin_at(k, c->next_parent)) {
			if (memcmp(c->parent, up->id.span, 8) != 0 ||
			    memcmp(c->id.trace, up->id.trace, 16) != 0)
				continue;
			if (!visit(c, arg))
				return;
			if (last < VISITS && c != n)
				queue[last++] = c;
		}
	}
}

struct kin_node *kin_before(struct kin *k, uint64_t thread, int64_t start_us)
{
	struct kin_node *n = kin_at(k, *head(k->by_thread, thread));
	struct kin_node *best = NULL;

	for (int i = 0; n && i < BACK; n = kin_at(k, n->next_thread)) {
		if (n->thread != thread)
			continue;
		i++;
		if (n->end_us > start_us + SLACK_US)
			continue;
		if (!best || n->end_us > best->end_us ||
		    (n->end_us == best->end_us &&
		     uuid_cmp(n->key, best->key) > 0))
			best = n;
	}
	return best;
}

void kin_calls(struct kin *k, uint64_t thread,
	       void (*visit)(struct kin_node *x, void *arg), void *arg)
{
	struct kin_node *n = kin_at(k, *head(k->by_thread, thread));

	for (; n; n = kin_at(k, n->next_thread)) {
		if (n->thread == thread)
			visit(n, arg);
	}
}

struct kin_node *kin_response(struct kin *k, uint64_t response)
{
	struct kin_node *n =
		response ? kin_at(k, *head(k->by_response, response)) : NULL;

	while (n && n->response != response)
		n = kin_at(k, n->next_response);
	return n;
}

/* ---- sessions of traces ---- */

static struct trace_session *trace_of(struct kin *k, const uint8_t trace[16],
				      bool make)
{
	uint64_t at = map_hash(trace, 16);
	struct trace_session *old = NULL;

	for (int i = 0; i < PROBES; i++) {
		struct trace_session *t =
			&k->traces[(at + (uint64_t)i) % TRACES];

		if (t->used && !memcmp(t->trace, trace, 16))
			return t;
		if (!old || t->used < old->used)
			old = t;
	}
	if (!make)
		return NULL;
	*old = (struct trace_session){.used = ++k->ticks};
	memcpy(old->trace, trace, 16);
	return old;
}

/* Of several sessions of one trace the least speaks for spans that name none:
 * in whatever order they come. */
void kin_set_session(struct kin *k, const uint8_t trace[16], struct str session)
{
	struct trace_session *t = trace_of(k, trace, true);
	struct str have = kin_str(&t->session);

	if (!have.p || str_cmp(session, have) < 0)
		kin_put(&t->session, session);
	t->used = ++k->ticks;
}

struct str kin_session(struct kin *k, const uint8_t trace[16])
{
	struct trace_session *t = trace_of(k, trace, false);

	return t ? kin_str(&t->session) : STR_NONE;
}

/* ---- names ---- */

bool kin_claim_name(struct kin *k, struct uuid name, uint64_t owner)
{
	uint64_t at = map_hash(name.b, sizeof(name.b));
	struct taken *old = NULL;

	for (int i = 0; i < PROBES; i++) {
		struct taken *t = &k->names[(at + (uint64_t)i) % NAMES];

		if (t->used && uuid_eq(t->name, name))
			return t->owner == owner;
		if (!old || t->used < old->used)
			old = t;
	}
	*old = (struct taken){name, owner, ++k->ticks};
	return true;
}
