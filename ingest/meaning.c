/* What is kept of a request's spans and records while they are decoded. */
#include "ingest/meaning.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/class_rule.h"
#include "ingest/meaning_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/base/log.h"
#include "ledger/base/map.h"
#include "ledger/price.h"

#define REQUEST_MAX  ((size_t)256 << 20) /* of what a request comes to */
#define JSON_NODES   4096
#define COMMAND_MAX  2048
#define RESOURCE_MAX 64 /* attributes that rules may ask for */

/* ---- where a record comes from ---- */

static uint64_t mix_str(uint64_t h, struct str s)
{
	return (h ^ map_hash(s.p, s.len)) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t hash_attrs(uint64_t h, const struct otlp_attrs *a)
{
	for (size_t i = 0; i < a->n; i++) {
		h = mix_str(h, a->p[i].key);
		h = mix_str(h, otlp_str(&a->p[i].v));
	}
	return h;
}

static enum sender sender_of(const struct meaning *m, const struct place *p)
{
	struct str service = fact_text(&p->f, FACT_SERVICE);

	if (m->langfuse || str_starts(p->scope, "langfuse"))
		return SENDER_LANGFUSE;
	if (str_starts(p->scope, "com.anthropic.claude_code"))
		return SENDER_CLAUDE;
	if (str_is(p->scope, "gemini-cli") || str_is(service, "gemini-cli"))
		return SENDER_GEMINI;
	if (str_starts(p->scope, "codex") || str_starts(service, "codex_"))
		return SENDER_CODEX;
	return SENDER_OTLP;
}

static void keep_resource(struct meaning *m, struct place *p,
			  const struct otlp_attrs *from)
{
	size_t n = from->n < RESOURCE_MAX ? from->n : RESOURCE_MAX;
	struct otlp_attr *to =
		n ? arena_alloc(&m->arena, n * sizeof(*to)) : NULL;

	if (!to)
		return;
	for (size_t i = 0; i < n; i++) {
		to[i].key = arena_str(&m->arena, from->p[i].key);
		to[i].v.type = OTLP_ABSENT;
		if (from->p[i].v.type != OTLP_STRING)
			continue;
		to[i].v.type = OTLP_STRING;
		to[i].v.s = arena_str(&m->arena, from->p[i].v.s);
	}
	p->resource = (struct otlp_attrs){to, n, 0};
}

static struct place *place_of(struct meaning *m, const struct otlp_source *s)
{
	uint64_t h = hash_attrs(1, &s->resource);
	struct place *p;

	h = mix_str(mix_str(h, s->scope), s->version);
	if (m->place && m->place->hash == h)
		return m->place;
	p = arena_alloc(&m->arena, sizeof(*p));
	if (!p)
		return NULL;
	p->hash = h;
	p->scope = arena_str(&m->arena, s->scope);
	p->version = arena_str(&m->arena, s->version);
	facts_init(&p->f);
	facts_add(&p->f, &s->resource, &m->arena);
	facts_keep(&p->f, &m->arena);
	keep_resource(m, p, &s->resource);
	p->sender = sender_of(m, p);
	m->place = p;
	return p;
}

/* ---- items ---- */

/* Keep what the view says beyond the visit. JSON and tool arguments are read
 * now; neither they nor any content is kept. */
static struct item *keep(struct meaning *m, struct item *it)
{
	static const enum fact read_now[] = {FACT_METADATA, FACT_USAGE_DETAILS,
					     FACT_COST_DETAILS, FACT_TOOL_ARGS};
	struct str args = fact_text(&it->f, FACT_TOOL_ARGS);
	struct item *copy;

	it->disjoint = facts_json(&it->f, &m->doc, &m->arena);
	if (args.len && fact_text(&it->f, FACT_TOOL).len) {
		it->command = facts_command(args, &m->doc, &m->arena);
		if (it->command.len > COMMAND_MAX)
			it->command.len = COMMAND_MAX;
		it->command = arena_str(&m->arena, it->command);
	}
	for (size_t i = 0; i < sizeof(read_now) / sizeof(read_now[0]); i++)
		it->f.text[read_now[i]] = STR_NONE;
	facts_keep(&it->f, &m->arena);
	copy = arena_alloc(&m->arena, sizeof(*copy));
	if (!arena_ok(&m->arena) || !copy) {
		m->full = true;
		return NULL;
	}
	*copy = *it;
	m->counts.warnings += it->f.warnings;
	if (it->f.dropped && role_bills(it->role))
		m->counts.warnings++; /* counts may be among the dropped */
	xgrow(&m->items, &m->cap_items, m->n_items + 1, sizeof(*m->items));
	m->items[m->n_items++] = copy;
	return copy;
}

static bool zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static int64_t from_ns(uint64_t ns)
{
	return ns ? (int64_t)(ns / 1000) : TIME_NONE;
}

/* Everyone's kin are remembered, whatever they are. */
static void remember(struct meaning *m, struct item *it)
{
	struct kin_node *n = kin_span(m->kin, &it->id, it->parent);
	struct str session = fact_text(&it->f, FACT_SESSION);
	struct str model = fact_text(&it->f, FACT_MODEL);

	if (!session.len && it->place->sender == SENDER_CODEX)
		session = fact_text(&it->f, FACT_THREAD);
	if (!model.len)
		model = fact_text(&it->f, FACT_MODEL_REQ);
	if (!model.len)
		model = fact_text(&it->f, FACT_MODEL_ANY);
	it->node = n->seq;
	n->request = m->request;
	n->role = (uint8_t)it->role;
	if (!n->is_call) {
		n->start_us = it->start_us;
		n->end_us = it->end_us;
	}
	if (session.len) {
		kin_put(&n->session, session);
		if (!kin_session(m->kin, it->id.trace).len) {
			xgrow(&m->healed, &m->cap_healed, m->n_healed + 1,
			      sizeof(*m->healed));
			memcpy(m->healed[m->n_healed++].trace, it->id.trace,
			       16);
		}
		kin_set_session(m->kin, it->id.trace, session);
	}
	if (fact_text(&it->f, FACT_AGENT).len)
		kin_put(&n->agent, fact_text(&it->f, FACT_AGENT));
	if (model.len)
		kin_put(&n->model, model);
}

static void span_events(struct meaning *m, const struct otlp_span *s,
			struct item *it)
{
	for (size_t i = 0; i < s->n_events; i++) {
		const struct otlp_event *e = &s->events[i];
		struct facts f;

		if (str_is(e->name, "exception") && s->status == 2 &&
		    !it->f.from[FACT_ERROR]) {
			facts_init(&f);
			facts_add(&f, &e->attrs, &m->arena);
			facts_fill_text(&it->f, FACT_ERROR,
					fact_text(&f, FACT_ERROR));
		} else if (str_is(e->name, "gen_ai.evaluation.result")) {
			facts_init(&f);
			facts_add(&f, &e->attrs, &m->arena);
			eval_from(m, &f, e->time_us, &it->evals);
		}
	}
}

static void visit_span(void *arg, const struct otlp_span *s)
{
	struct meaning *m = arg;
	struct item it = {
		.has_trace = true,
		.has_span = true,
		.start_us = from_ns(s->start_ns),
		.end_us = from_ns(s->end_ns),
		.status = s->status,
	};

	it.place = place_of(m, s->source);
	if (!it.place) {
		m->full = true;
		return;
	}
	memcpy(it.id.trace, s->trace_id, 16);
	memcpy(it.id.span, s->span_id, 8);
	memcpy(it.parent, s->parent_id, 8);
	facts_init(&it.f);
	facts_add(&it.f, &s->attrs, &m->arena);
	it.role = role_of(&it.f);
	if (it.role == ROLE_PENDING) {
		m->counts.ignored++;
		return;
	}
	remember(m, &it);
	if (s->n_events)
		span_events(m, s, &it);
	if (it.role == ROLE_JUDGE)
		eval_from(m, &it.f, TIME_NONE, &it.evals);
	if ((it.role == ROLE_NONE || it.role == ROLE_STEP) && !it.evals) {
		m->counts.ignored++;
		return;
	}
	keep(m, &it);
}

/* The field, an attribute, or the body; without the tool's own prefix. */
static struct str event_name(const struct otlp_log *l, const struct facts *f)
{
	struct str s = fact_text(f, FACT_EVENT_NAME);

	if (!s.len)
		s = l->event_name;
	if (!s.len)
		s = otlp_str(&l->body);
	if (str_starts(s, "claude_code.")) {
		s.p += strlen("claude_code.");
		s.len -= strlen("claude_code.");
	}
	return s;
}

static bool log_matters(const struct item *it)
{
	switch (it->place->sender) {
	case SENDER_CLAUDE:
		return meaning_claude_log(it->event);
	case SENDER_CODEX:
		return meaning_codex_log(it->event);
	case SENDER_GEMINI:
		return meaning_gemini_log(it->event);
	case SENDER_OTLP:
	case SENDER_LANGFUSE:
	case SENDER_N:
		break;
	}
	return false;
}

static int64_t log_time(const struct otlp_log *l, const struct facts *f)
{
	int64_t us = from_ns(l->time_ns);

	if (us == TIME_NONE)
		us = from_ns(l->observed_ns);
	if (us == TIME_NONE && fact_text(f, FACT_EVENT_TIME).len &&
	    !clock_parse(fact_text(f, FACT_EVENT_TIME), &us))
		us = TIME_NONE;
	return us;
}

static void visit_log(void *arg, const struct otlp_log *l)
{
	struct meaning *m = arg;
	struct item it = {.is_log = true, .start_us = TIME_NONE};

	it.place = place_of(m, l->source);
	if (!it.place) {
		m->full = true;
		return;
	}
	facts_init(&it.f);
	facts_add(&it.f, &l->attrs, &m->arena);
	it.event = event_name(l, &it.f);
	it.end_us = log_time(l, &it.f);
	memcpy(it.id.trace, l->trace_id, 16);
	memcpy(it.id.span, l->span_id, 8);
	it.has_trace = !zero(l->trace_id, 16);
	it.has_span = it.has_trace && !zero(l->span_id, 8);
	if (str_is(it.event, "gen_ai.evaluation.result")) {
		it.role = ROLE_JUDGE;
		eval_from(m, &it.f, it.end_us, &it.evals);
	} else if (!log_matters(&it)) {
		m->counts.ignored++;
		return;
	}
	it.event = arena_str(&m->arena, it.event);
	keep(m, &it);
}

/* Metrics repeat what spans and records say: they never bill. */
static void visit_point(void *arg, const struct otlp_point *p)
{
	struct meaning *m = arg;

	(void)p;
	m->counts.ignored++;
}

static bool wants(void *arg, struct str key)
{
	(void)arg;
	return facts_wants(key);
}

/* ---- life ---- */

struct meaning *meaning_new(const struct conf *conf)
{
	struct meaning *m = xcalloc(1, sizeof(*m));
	struct err e;

	m->kin = kin_new();
	arena_init(&m->arena, REQUEST_MAX);
	json_doc_init(&m->doc, JSON_NODES);
	if (price_book_builtin(&m->book, &e) != RC_OK) {
		log_line(LOG_ERROR, "meaning",
			 "the shipped prices cannot be read", "detail=%s",
			 log_quote(e.msg));
		m->book = NULL;
	}
	m->visitor = (struct otlp_visitor){
		.span = visit_span,
		.log = visit_log,
		.point = visit_point,
		.wants = wants,
		.arg = m,
	};
	meaning_reload(m, conf);
	return m;
}

void meaning_reload(struct meaning *m, const struct conf *conf)
{
	struct class_rules *rules = NULL;
	struct err e;

	m->claim_us = conf->claim_seconds * US_PER_SEC;
	if (class_rules_parse(&rules, conf->class_rules, &e) != RC_OK) {
		log_line(LOG_ERROR, "meaning", "the old rules stay",
			 "detail=%s", log_quote(e.msg));
		return;
	}
	class_rules_free(m->rules);
	m->rules = rules;
}

void meaning_free(struct meaning *m)
{
	if (!m)
		return;
	class_rules_free(m->rules);
	price_book_free(m->book);
	kin_free(m->kin);
	json_doc_release(&m->doc);
	arena_release(&m->arena);
	free(m->items);
	free(m->calls);
	free(m->claims);
	free(m->tools);
	free(m->judged);
	free(m->tasks);
	free(m->healed);
	free(m);
}
