/* What Langfuse's clients send beside OTLP: batches of events, each about one
 * object, which later events of the batch may add to. Observations are put
 * together first, so that a call begun and ended in one batch is one report;
 * over two batches the ledger puts it together. */
#include <stdlib.h>
#include <string.h>

#include "ingest/class_rule.h"
#include "ingest/langfuse.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/map.h"

#define NODES_MAX 200000
#define ARENA_MAX ((size_t)16 << 20)
#define FACT_MAX  256
#define SENDER    STR("langfuse")

enum what {
	IS_CALL,
	IS_TRACE,
	IS_SCORE,
	IS_NOTHING, /* taken, and of no interest: spans, events, logs */
	IS_UNKNOWN
};

struct item {
	struct str event_id, id;
	enum what what;
	struct langfuse_view view; /* its parts, of the first with this id */
	bool part;                 /* of an item before it */
	uint32_t owner;            /* that item */
	char error[256];
};

struct lf {
	const struct native_ask *ask;
	const struct sink *sink;
	struct langfuse_counts *counts;
	struct json_doc doc;
	struct arena arena;
	struct map by_id;
	struct item *items;
	size_t n, cap;
};

/* ---- which events are what ---- */

static bool is_model_call(const struct json *body)
{
	const struct json *type = json_get(body, "type");

	return json_str_is(type, "GENERATION") ||
	       json_str_is(type, "EMBEDDING");
}

static enum what what_of(struct str type, const struct json *body)
{
	static const char *const quiet[] = {"span-create", "span-update",
					    "event-create", "sdk-log"};

	if (str_is(type, "generation-create") ||
	    str_is(type, "generation-update") ||
	    str_is(type, "embedding-create") ||
	    str_is(type, "embedding-update"))
		return IS_CALL;
	if (str_is(type, "observation-create") ||
	    str_is(type, "observation-update"))
		return is_model_call(body) ? IS_CALL : IS_NOTHING;
	if (str_is(type, "trace-create"))
		return IS_TRACE;
	if (str_is(type, "score-create"))
		return IS_SCORE;
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		if (str_is(type, quiet[i]))
			return IS_NOTHING;
	}
	/* Agents, tools, chains and the like of newer versions. */
	if (str_ends(type, "-create") || str_ends(type, "-update"))
		return IS_NOTHING;
	return IS_UNKNOWN;
}

static bool same_id(const void *ctx, uint32_t pos, const void *key)
{
	const struct lf *l = ctx;
	const struct item *i = key;

	return l->items[pos].what == i->what && str_eq(l->items[pos].id, i->id);
}

/* A further part of an observation goes to its first; beyond what a view
 * holds, the newest replaces the one before. */
static void join(struct lf *l, struct item *i)
{
	uint64_t h = map_hash(i->id.p, i->id.len);
	uint32_t at = map_find(&l->by_id, h, same_id, l, i);
	struct langfuse_view *to;

	if (at == MAP_NONE) {
		map_add(&l->by_id, h, (uint32_t)(i - l->items));
		return;
	}
	to = &l->items[at].view;
	if (to->n < LANGFUSE_PARTS)
		to->n++;
	to->v[to->n - 1] = i->view.v[0];
	i->part = true;
	i->owner = at;
}

static void add_item(struct lf *l, const struct json *v)
{
	struct item *i;

	xgrow(&l->items, &l->cap, l->n + 1, sizeof(*l->items));
	i = &l->items[l->n++];
	*i = (struct item){.view = {.v = {json_get(v, "body")}, .n = 1}};
	i->event_id = json_str(json_get(v, "id"), &l->arena);
	i->id = json_str(json_get(i->view.v[0], "id"), &l->arena);
	i->what =
		what_of(json_str(json_get(v, "type"), &l->arena), i->view.v[0]);
	if (i->what == IS_CALL && i->id.len)
		join(l, i);
}

/* ---- events ---- */

static struct str facts_of(const struct langfuse_view *o, struct arena *a)
{
	static const struct {
		const char *name, *key;
	} kept[] = {
		{"environment", "environment"}, {"session_id", "sessionId"},
		{"user_id", "userId"},          {"version", "version"},
		{"release", "release"},
	};
	struct json_out out;
	struct buf b;
	struct str s;
	int some = 0;

	buf_init(&b, 16384);
	json_out_init(&out, &b);
	json_out_obj(&out, NULL);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		s = langfuse_text(o, kept[i].key, a);
		if (!s.len || s.len > FACT_MAX || !str_utf8_ok(s))
			continue;
		json_out_str(&out, kept[i].name, s);
		some++;
	}
	json_out_end(&out, '}');
	s = some ? arena_str(a, (struct str){buf_str(&b), b.len}) : STR_NONE;
	buf_release(&b);
	return s;
}

struct facts {
	const struct ev_task *t;
	const struct langfuse_view *o;
	struct str model;
	struct arena *a;
};

static struct str fact(const void *arg, struct str field)
{
	const struct facts *x = arg;

	if (str_is(field, "agent"))
		return x->t->agent;
	if (str_is(field, "team"))
		return x->t->team;
	if (str_is(field, "sender") || str_is(field, "service"))
		return x->t->sender;
	if (str_is(field, "model"))
		return x->model;
	if (str_is(field, "user"))
		return langfuse_text(x->o, "userId", x->a);
	if (str_is(field, "deployment.environment"))
		return langfuse_text(x->o, "environment", x->a);
	return STR_NONE;
}

static struct ev_task task_of(struct lf *l, const struct langfuse_view *o,
			      struct str trace, struct str agent,
			      struct str model)
{
	struct ev_task t = {.sender = SENDER,
			    .ext_id = trace,
			    .team = l->ask->from.team,
			    .agent = agent,
			    .attrs = facts_of(o, &l->arena),
			    .rank = RANK_OTHER};
	const struct facts x = {&t, o, model, &l->arena};

	t.class_name =
		class_rules_match(l->ask->rules, fact, &x, &t.class_rank);
	if (l->ask->from.class_name.len && t.class_rank > CLASS_KEY) {
		t.class_name = l->ask->from.class_name;
		t.class_rank = CLASS_KEY;
	}
	return t;
}

static enum rc put_call(struct lf *l, const struct item *i, struct err *e)
{
	struct ev_attempt a;
	struct ev_task t;
	struct str trace;
	enum rc rc;
	bool bad;

	ev_attempt_init(&a);
	if (!langfuse_call(&i->view, &l->arena, &trace, &a, &bad))
		return err_set(e, RC_BAD, "body.id: is missing");
	if (bad)
		return err_set(e, RC_BAD,
			       "usage: a token count is not a whole number");
	a.source = SENDER;
	a.origin = l->ask->from.peer;
	/* Without a model it adds to what was said before, or nothing. */
	if (!langfuse_get(&i->view, "model") &&
	    !langfuse_get(&i->view, "providedModelName"))
		a.rank = RANK_HINT;
	if (a.started_us == TIME_NONE && a.ended_us == TIME_NONE)
		a.started_us = l->ask->from.received_us;
	t = task_of(l, &i->view, trace, STR_NONE, a.model);
	rc = l->sink->attempt(l->sink->arg, &t, &a, e);
	l->counts->attempts += !rc;
	return rc;
}

static enum rc put_score(struct lf *l, const struct langfuse_view *view,
			 struct str id, struct err *e)
{
	struct ev_task t = {.sender = SENDER,
			    .class_rank = CLASS_NOBODY,
			    .rank = RANK_OTHER};
	struct ev_outcome o;
	const char *why = langfuse_score(view, &l->arena, &t.ext_id, &o);
	enum rc rc;

	if (why)
		return err_set(e, RC_BAD, "%s are not taken", why);
	o.same_as = id;
	if (o.at_us == TIME_NONE)
		o.at_us = l->ask->from.received_us;
	rc = l->sink->outcome(l->sink->arg, &t, &o, e);
	l->counts->outcomes += !rc;
	return rc;
}

static enum rc put_trace(struct lf *l, const struct item *i, struct err *e)
{
	struct ev_task t;
	enum rc rc;

	if (!i->id.len)
		return err_set(e, RC_BAD, "body.id: is missing");
	t = task_of(l, &i->view, i->id,
		    langfuse_text(&i->view, "name", &l->arena), STR_NONE);
	rc = l->sink->task(l->sink->arg, &t, e);
	l->counts->tasks += !rc;
	return rc;
}

static enum rc put_item(struct lf *l, const struct item *i, struct err *e)
{
	if (!i->event_id.len)
		return err_set(e, RC_BAD, "id: is missing");
	if (i->what == IS_UNKNOWN)
		return err_set(e, RC_BAD, "type: no such type");
	if (!json_is(i->view.v[0], JSON_OBJECT))
		return err_set(e, RC_BAD, "body: must be an object");
	if (i->part)
		return RC_OK;
	switch (i->what) {
	case IS_CALL:
		return put_call(l, i, e);
	case IS_TRACE:
		return put_trace(l, i, e);
	case IS_SCORE:
		return put_score(l, &i->view, i->id, e);
	case IS_NOTHING:
	case IS_UNKNOWN:
		break;
	}
	return RC_OK;
}

/* ---- the batch ---- */

static void answer_one(struct json_out *o, const struct item *i)
{
	json_out_obj(o, NULL);
	json_out_str(o, "id", i->event_id.p ? i->event_id : STR(""));
	json_out_i64(o, "status", i->error[0] ? 400 : 201);
	if (i->error[0]) {
		json_out_str(o, "message", STR("Invalid request data"));
		json_out_str(o, "error", str_from(i->error));
	}
	json_out_end(o, '}');
}

static void answer_all(const struct lf *l, struct buf *out)
{
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	for (int bad = 0; bad < 2; bad++) {
		json_out_arr(&o, bad ? "errors" : "successes");
		for (size_t i = 0; i < l->n; i++) {
			if ((l->items[i].error[0] != 0) == bad)
				answer_one(&o, &l->items[i]);
		}
		json_out_end(&o, ']');
	}
	json_out_end(&o, '}');
}

static enum rc put_all(struct lf *l, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		struct item *it = &l->items[i];
		enum rc rc = put_item(l, it, e);

		if (!arena_ok(&l->arena))
			return err_set(e, RC_BAD, "the batch is too large");
		if (rc && rc != RC_BAD)
			return rc;
		if (rc)
			memcpy(it->error, e->msg, sizeof(it->error) - 1);
	}
	for (size_t i = 0; i < l->n; i++) {
		struct item *it = &l->items[i];

		/* A part shares the fate of the whole. */
		if (it->part && !it->error[0])
			memcpy(it->error, l->items[it->owner].error,
			       sizeof(it->error));
		l->counts->refused += it->error[0] != 0;
	}
	return RC_OK;
}

static void lf_init(struct lf *l, const struct native_ask *ask,
		    const struct sink *sink, struct langfuse_counts *counts)
{
	*l = (struct lf){.ask = ask, .sink = sink, .counts = counts};
	*counts = (struct langfuse_counts){0};
	json_doc_init(&l->doc, NODES_MAX);
	arena_init(&l->arena, ARENA_MAX);
	map_init(&l->by_id);
}

static void lf_release(struct lf *l)
{
	json_doc_release(&l->doc);
	arena_release(&l->arena);
	map_release(&l->by_id);
	free(l->items);
}

enum rc langfuse_batch(struct str body, const struct native_ask *ask,
		       const struct sink *sink, struct buf *answer,
		       struct langfuse_counts *counts, struct err *e)
{
	const struct json *batch, *v;
	struct lf l;
	enum rc rc;

	lf_init(&l, ask, sink, counts);
	rc = json_parse(&l.doc, body, e);
	batch = rc ? NULL : json_get(l.doc.nodes, "batch");
	if (!rc && !json_is(batch, JSON_ARRAY))
		rc = err_set(e, RC_BAD, "batch: must be an array");
	for (v = json_first(batch); !rc && v; v = json_next(batch, v))
		add_item(&l, v);
	if (!rc)
		rc = put_all(&l, e);
	if (!rc)
		answer_all(&l, answer);
	if (!rc && !buf_ok(answer))
		rc = err_set(e, RC_BAD, "the batch has too many events");
	lf_release(&l);
	return rc;
}

enum rc langfuse_one_score(struct str body, const struct native_ask *ask,
			   const struct sink *sink, struct buf *answer,
			   struct err *e)
{
	struct langfuse_counts counts;
	struct langfuse_view view = {.n = 1};
	struct json_out o;
	char text[UUID_TEXT];
	struct str id;
	struct lf l;
	enum rc rc;

	lf_init(&l, ask, sink, &counts);
	rc = json_parse(&l.doc, body, e);
	if (!rc) {
		view.v[0] = l.doc.nodes;
		id = langfuse_text(&view, "id", &l.arena);
		rc = put_score(&l, &view, id, e);
	}
	if (!rc) {
		json_out_init(&o, answer);
		json_out_obj(&o, NULL);
		json_out_str(&o, "id",
			     id.len ? id
				    : str_from(uuid_format(uuid_v7(), text)));
		json_out_end(&o, '}');
	}
	lf_release(&l);
	return rc;
}
