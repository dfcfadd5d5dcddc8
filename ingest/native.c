#include "ingest/native.h"

#include <stdio.h>
#include <string.h>

#include "ingest/callname.h"
#include "ingest/class_rule.h"
#include "ingest/litellm_usage.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/event_fields.h"
#include "ledger/event_json.h"

#define EVENT_BYTES ((size_t)256 << 10) /* of one event as text */
#define EVENT_NODES 4096
#define EVENT_ARENA ((size_t)1 << 20)
#define CHECK_BYTES ((size_t)4 << 20)
#define SENDER      STR("native")

/* ---- attempts ---- */

struct facts {
	const struct event_fields *f;
	const struct json *line;
	struct arena *a;
};

/* What rules may ask of an event; attributes are those of the task. */
static struct str fact(const void *arg, struct str field)
{
	const struct facts *x = arg;
	const struct ev_task *t = &x->f->task.e;
	const struct json *attrs, *m;

	if (str_is(field, "agent"))
		return t->agent.len ? t->agent : t->sender;
	if (str_is(field, "team"))
		return t->team;
	if (str_is(field, "sender") || str_is(field, "service"))
		return t->sender;
	if (str_is(field, "model"))
		return x->f->attempt.model.len ? x->f->attempt.model
					       : x->f->attempt.requested_model;
	if (str_is(field, "tool"))
		return x->f->attempt.tool;
	attrs = json_path(x->line, "task.attrs");
	for (m = json_first(attrs); m; m = json_next(attrs, m)) {
		if (str_eq(m->key, field))
			return json_str(m, x->a);
	}
	return STR_NONE;
}

static void give_class(struct event_fields *f, const struct json *line,
		       const struct native_ask *ask, struct arena *a)
{
	const struct facts x = {f, line, a};
	struct ev_task *t = &f->task.e;
	enum class_rank rank;
	struct str name;

	if (t->class_name.len) {
		t->class_rank = CLASS_EXPLICIT;
		return;
	}
	name = class_rules_match(ask->rules, fact, &x, &rank);
	if (ask->from.class_name.len && rank > CLASS_KEY) {
		name = ask->from.class_name;
		rank = CLASS_KEY;
	}
	t->class_name = name;
	t->class_rank = rank;
}

/* Hex of exactly n digits, not all 0, in lower case; absent stays so. */
static enum rc hex_id(struct str *s, size_t n, const char *field,
		      struct arena *a, struct err *e)
{
	bool some = false, good = s->len == n;
	char *p;

	if (!s->len)
		return RC_OK;
	p = good ? arena_strdup(a, s->p, n) : NULL;
	for (size_t i = 0; p && i < n; i++) {
		if (p[i] >= 'A' && p[i] <= 'F')
			p[i] = (char)(p[i] + 32);
		good = good && ((p[i] >= '0' && p[i] <= '9') ||
				(p[i] >= 'a' && p[i] <= 'f'));
		some = some || p[i] != '0';
	}
	if (!p || !good || !some)
		return err_set(e, RC_BAD, "ids.%s: must be %zu hex digits",
			       field, n);
	*s = (struct str){p, n};
	return RC_OK;
}

/* The names of the call; of one without any, what is said of it. */
static enum rc name_call(struct event_fields *f, bool checking, struct arena *a,
			 struct err *e)
{
	const struct ev_task *t = &f->task.e;
	struct ev_attempt *at = &f->attempt;
	struct event_ids *i = &f->ids;
	struct str model = at->model.len ? at->model : at->requested_model;
	struct buf b;
	enum rc rc;

	if ((rc = hex_id(&i->trace_id, 32, "trace_id", a, e)) ||
	    (rc = hex_id(&i->span_id, 16, "span_id", a, e)))
		return rc;
	if (checking) {
		at->n_keys = 1;
		return RC_OK;
	}
	if (i->trace_id.len && i->span_id.len)
		at->keys[at->n_keys++] = callname_span(i->trace_id, i->span_id);
	if (i->response_id.len)
		at->keys[at->n_keys++] = callname_response(
			litellm_call_provider(at->provider, model), t->sender,
			t->ext_id, i->response_id);
	if (i->request_id.len)
		at->keys[at->n_keys++] =
			callname_request(t->sender, t->ext_id, i->request_id);
	if (i->client_request_id.len)
		at->keys[at->n_keys++] =
			callname_client(t->sender, t->ext_id,
					i->client_request_id, at->attempt_no);
	if (i->id.len)
		at->keys[at->n_keys++] = ev_key("native", t->sender, i->id);
	if (at->n_keys)
		return RC_OK;
	buf_init(&b, EVENT_ARENA);
	event_json_of_attempt(&b, t, at);
	at->keys[at->n_keys++] =
		ev_key("content", t->sender, (struct str){b.p, b.len});
	buf_release(&b);
	return RC_OK;
}

static enum rc fill_attempt(struct event_fields *f, const struct json *line,
			    const struct native_ask *ask, bool checking,
			    struct arena *a, struct err *e)
{
	struct ev_attempt *at = &f->attempt;
	enum rc rc;

	if (!at->model.len && !at->requested_model.len)
		return err_set(e, RC_BAD,
			       "model: is missing (or requested_model)");
	at->source = SENDER;
	at->rank = RANK_CANONICAL;
	if (!f->has_quality)
		at->quality = usage_missing(&at->usage) ? QUALITY_MISSING
							: QUALITY_EXACT;
	if (!f->has_kind)
		at->step_kind = step_kind_of(at->tool, STR_NONE);
	if ((rc = name_call(f, checking, a, e)))
		return rc;
	/* Not in the name of a call, which a retry must find again. */
	at->origin = ask->from.peer;
	if (at->started_us == TIME_NONE && at->ended_us == TIME_NONE)
		at->started_us = ask->from.received_us;
	if (!f->task.e.team.len)
		f->task.e.team = ask->from.team;
	give_class(f, line, ask, a);
	return RC_OK;
}

static enum rc fill_outcome(struct event_fields *f,
			    const struct native_ask *ask, int64_t index,
			    struct arena *a, struct err *e)
{
	struct ev_outcome *o = &f->outcome;

	if (o->success_micro < 0 && !o->label.len)
		return err_set(e, RC_BAD, "success: is missing (or label)");
	if (!o->key.len)
		return err_set(e, RC_BAD, "key: is missing");
	if (!o->source.len)
		o->source = f->task.e.sender;
	if (o->at_us == TIME_NONE)
		o->at_us = ask->from.received_us;
	if (!o->same_as.len && ask->same_as.len)
		o->same_as = arena_strf(a, "%.*s %lld", STR_ARG(ask->same_as),
					(long long)index);
	if (f->task.e.class_name.len)
		f->task.e.class_rank = CLASS_EXPLICIT;
	return RC_OK;
}

static enum rc fill(struct event_fields *f, const struct json *line,
		    const struct native_ask *ask, int64_t index, bool checking,
		    struct arena *a, struct err *e)
{
	struct ev_task *t = &f->task.e;
	enum rc rc = RC_OK;

	if (!f->has_task)
		return err_set(e, RC_BAD, "task: is missing");
	if (!t->ext_id.len)
		return err_set(e, RC_BAD, "task.id: is missing");
	if (!t->sender.len)
		t->sender = SENDER;
	t->rank = RANK_CANONICAL;
	if (f->type == EVENT_ATTEMPT) {
		rc = fill_attempt(f, line, ask, checking, a, e);
	} else if (f->type == EVENT_OUTCOME) {
		rc = fill_outcome(f, ask, index, a, e);
	} else {
		if (!t->team.len)
			t->team = ask->from.team;
		give_class(f, line, ask, a);
	}
	if (!rc && !arena_ok(a))
		rc = err_set(e, RC_BAD, "the event is too large");
	return rc;
}

/* ---- a sink that only checks ---- */

/* The batch has one task, which stands for any. */
static enum rc check_task_of(void *arg, const struct ev_task *t, struct err *e)
{
	(void)arg;
	return check_task(t, e);
}

static enum rc check_attempt_of(void *arg, const struct ev_task *t,
				const struct ev_attempt *a, struct err *e)
{
	struct ev_attempt copy = *a;
	enum rc rc = check_task(t, e);

	copy.task = 0;
	return rc ? rc : check_attempt(arg, &copy, e);
}

static enum rc check_outcome_of(void *arg, const struct ev_task *t,
				const struct ev_outcome *o, struct err *e)
{
	struct ev_outcome copy = *o;
	enum rc rc = check_task(t, e);

	copy.task = 0;
	return rc ? rc : check_outcome(arg, &copy, e);
}

static struct batch *check_batch(void)
{
	const struct ev_task any = {.sender = SENDER, .ext_id = STR("any")};
	struct batch *b = batch_new(CHECK_BYTES);
	uint32_t index;

	if (batch_task(b, &any, &index, NULL) || index != 0)
		BUG("a batch does not take its first task");
	return b;
}

/* ---- bodies ---- */

struct run {
	const struct native_ask *ask;
	const struct sink *sink;
	struct native_answer *out;
	bool outcomes_only;
	bool checking; /* names are not needed yet */
	struct json_doc doc;
	struct arena arena;
};

static enum rc hand_over(struct run *r, struct str text, int64_t index,
			 struct err *e)
{
	struct event_fields f;
	struct ev_task t;
	struct ev_outcome o;
	enum rc rc;

	if (text.len > EVENT_BYTES)
		return err_set(e, RC_BAD, "more than %zu bytes", EVENT_BYTES);
	rc = json_parse(&r->doc, text, e);
	if (rc)
		return rc;
	if (r->outcomes_only) {
		rc = native_outcome_read(r->doc.nodes, r->ask, index, &r->arena,
					 &t, &o, e);
		if (!rc)
			rc = r->sink->outcome(r->sink->arg, &t, &o, e);
		r->out->outcomes += !rc;
		return rc;
	}
	rc = event_fields_read(&f, r->doc.nodes, EVENT_FOREIGN, &r->arena, e);
	if (rc == RC_BUSY) /* the arena: this event's own fault */
		rc = RC_BAD;
	if (!rc)
		rc = fill(&f, r->doc.nodes, r->ask, index, r->checking,
			  &r->arena, e);
	if (rc)
		return rc;
	if (f.type == EVENT_ATTEMPT) {
		rc = r->sink->attempt(r->sink->arg, &f.task.e, &f.attempt, e);
		r->out->attempts += !rc;
	} else if (f.type == EVENT_OUTCOME) {
		rc = r->sink->outcome(r->sink->arg, &f.task.e, &f.outcome, e);
		r->out->outcomes += !rc;
	} else {
		rc = r->sink->task(r->sink->arg, &f.task.e, e);
	}
	return rc;
}

static void reject(struct native_answer *out, int64_t index, const char *why)
{
	out->rejected++;
	if (out->n_bad < NATIVE_BAD_MAX)
		native_bad_set(&out->bad[out->n_bad++], index, why);
}

/* All values of the body to the sink. */
static enum rc run_body(struct run *r, struct str body, struct err *e)
{
	struct native_split s;
	struct str text;
	enum native_next n;

	*r->out = (struct native_answer){0};
	native_split_init(&s, body, r->ask->ctype);
	for (int64_t i = 0;
	     (n = native_split_next(&s, &text, e)) == NATIVE_VALUE; i++) {
		enum rc rc = hand_over(r, text, i, e);

		arena_clear(&r->arena);
		if (!rc)
			r->out->accepted++;
		else if (rc == RC_BAD)
			reject(r->out, i, e->msg);
		else
			return rc;
	}
	if (n == NATIVE_BROKEN)
		reject(r->out, r->out->accepted + r->out->rejected, e->msg);
	return RC_OK;
}

static enum rc refused(const struct native_answer *out, struct err *e)
{
	const struct native_bad *b = &out->bad[0];

	return err_set(e, RC_BAD, "%lld of %lld refused, first [%lld] %s%s%s",
		       (long long)out->rejected,
		       (long long)(out->rejected + out->accepted),
		       (long long)b->index, b->field, b->field[0] ? ": " : "",
		       b->error);
}

static enum rc run_twice(struct run *r, struct str body, struct err *e)
{
	const struct sink *to = r->sink;
	struct batch *scratch;
	struct sink checks;
	enum rc rc;

	if (!str_trim(body).len)
		return err_set(e, RC_BAD, "the body is empty");
	if (!r->ask->partial) {
		scratch = check_batch();
		checks = (struct sink){.attempt = check_attempt_of,
				       .outcome = check_outcome_of,
				       .task = check_task_of,
				       .arg = scratch};
		r->sink = &checks;
		r->checking = true;
		rc = run_body(r, body, e);
		r->checking = false;
		batch_free(scratch);
		if (!rc && r->out->rejected)
			rc = refused(r->out, e);
		if (rc) {
			r->out->accepted = 0;
			return rc;
		}
		r->sink = to;
	}
	rc = run_body(r, body, e);
	if (!rc && r->out->rejected && !r->out->accepted)
		rc = refused(r->out, e);
	return rc;
}

static enum rc run(struct run *r, struct str body, struct err *e)
{
	enum rc rc;

	*r->out = (struct native_answer){0};
	json_doc_init(&r->doc, EVENT_NODES);
	arena_init(&r->arena, EVENT_ARENA);
	rc = run_twice(r, body, e);
	arena_release(&r->arena);
	json_doc_release(&r->doc);
	return rc;
}

enum rc native_events(struct str body, const struct native_ask *ask,
		      const struct sink *sink, struct native_answer *out,
		      struct err *e)
{
	struct run r = {.ask = ask, .sink = sink, .out = out};

	return run(&r, body, e);
}

enum rc native_outcomes(struct str body, const struct native_ask *ask,
			const struct sink *sink, struct native_answer *out,
			struct err *e)
{
	struct run r = {
		.ask = ask, .sink = sink, .out = out, .outcomes_only = true};

	return run(&r, body, e);
}
