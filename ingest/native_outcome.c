/* One outcome of POST /v1/outcomes. */
#include "ingest/native.h"
#include "ledger/base/clock.h"
#include "ledger/event_fields.h"

#define TRACE_HEX 32

struct reading {
	const struct json *v;
	struct arena *a;
	struct ev_task *t;
	struct ev_outcome *o;
	struct err *e;
};

static enum rc take_text(struct reading *r, const struct json *v,
			 const char *field, struct str *out)
{
	if (!json_present(v))
		return RC_OK;
	if (!json_is(v, JSON_STRING))
		return err_set(r->e, RC_BAD, "%s: must be text", field);
	*out = json_str(v, r->a);
	return RC_OK;
}

/* "id", or {"sender": ..., "id": ...}. */
static enum rc take_task(struct reading *r, const struct json *v)
{
	const struct json *m;
	enum rc rc = RC_OK;

	if (!json_present(v))
		return RC_OK;
	if (json_is(v, JSON_STRING)) {
		r->t->ext_id = json_str(v, r->a);
		return RC_OK;
	}
	if (!json_is(v, JSON_OBJECT))
		return err_set(r->e, RC_BAD, "task: must be text or an object");
	for (m = json_first(v); m && !rc; m = json_next(v, m)) {
		if (str_is(m->key, "sender"))
			rc = take_text(r, m, "task.sender", &r->t->sender);
		else if (str_is(m->key, "id"))
			rc = take_text(r, m, "task.id", &r->t->ext_id);
		else
			rc = err_set(r->e, RC_BAD, "task.%.*s: no such field",
				     m->key.len < 80 ? (int)m->key.len : 80,
				     m->key.p);
	}
	if (!rc && !r->t->ext_id.len)
		rc = err_set(r->e, RC_BAD, "task.id: is missing");
	return rc;
}

/* The task that a trace without a session is. */
static enum rc take_trace(struct reading *r, const struct json *v)
{
	struct str s = STR_NONE;
	enum rc rc = take_text(r, v, "trace_id", &s);
	char *hex;

	if (rc || !s.len)
		return rc;
	if (json_present(json_get(r->v, "task")))
		return err_set(r->e, RC_BAD,
			       "trace_id: task names the task already");
	hex = s.len == TRACE_HEX ? arena_strdup(r->a, s.p, s.len) : NULL;
	for (size_t i = 0; hex && i < TRACE_HEX; i++) {
		char c = hex[i];

		if (c >= 'A' && c <= 'F')
			hex[i] = (char)(c + 32);
		else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			hex = NULL;
	}
	if (!hex)
		return err_set(r->e, RC_BAD, "trace_id: must be %d hex digits",
			       TRACE_HEX);
	r->t->sender = STR("otlp");
	r->t->ext_id = (struct str){hex, TRACE_HEX};
	return RC_OK;
}

static enum rc take_member(struct reading *r, const struct json *m)
{
	struct ev_outcome *o = r->o;
	struct str type = STR_NONE;

	if (str_is(m->key, "task"))
		return take_task(r, m);
	if (str_is(m->key, "trace_id"))
		return take_trace(r, m);
	if (str_is(m->key, "key"))
		return take_text(r, m, "key", &o->key);
	if (str_is(m->key, "source"))
		return take_text(r, m, "source", &o->source);
	if (str_is(m->key, "label"))
		return take_text(r, m, "label", &o->label);
	if (str_is(m->key, "step"))
		return take_text(r, m, "step", &o->step_key);
	if (str_is(m->key, "id"))
		return take_text(r, m, "id", &o->same_as);
	if (str_is(m->key, "type") && !take_text(r, m, "type", &type))
		return str_is(type, "outcome")
			       ? RC_OK
			       : err_set(r->e, RC_BAD,
					 "type: must be \"outcome\"");
	if (str_is(m->key, "success")) {
		if (!json_present(m) || event_success(m, &o->success_micro))
			return RC_OK;
		return err_set(r->e, RC_BAD,
			       "success: must be a number from 0 to 1, or true "
			       "or false");
	}
	if (str_is(m->key, "at")) {
		if (!json_present(m) || event_time(m, r->a, &o->at_us))
			return RC_OK;
		return err_set(r->e, RC_BAD,
			       "at: must be an ISO 8601 time or seconds since "
			       "1970");
	}
	return err_set(r->e, RC_BAD, "%.*s: no such field",
		       m->key.len < 80 ? (int)m->key.len : 80, m->key.p);
}

enum rc native_outcome_read(const struct json *v, const struct native_ask *ask,
			    int64_t index, struct arena *a, struct ev_task *t,
			    struct ev_outcome *o, struct err *e)
{
	struct reading r = {v, a, t, o, e};
	const struct json *m;
	enum rc rc = RC_OK;

	*t = (struct ev_task){.sender = STR("native"),
			      .class_rank = CLASS_NOBODY,
			      .rank = RANK_CANONICAL};
	*o = (struct ev_outcome){.success_micro = -1, .at_us = TIME_NONE};
	if (!json_is(v, JSON_OBJECT))
		return err_set(e, RC_BAD, "an outcome must be an object");
	for (m = json_first(v); m && !rc; m = json_next(v, m))
		rc = take_member(&r, m);
	if (rc)
		return rc;
	if (!t->ext_id.len)
		return err_set(e, RC_BAD, "task: is missing");
	if (!t->sender.len)
		t->sender = STR("native");
	if (o->success_micro < 0 && !o->label.len)
		return err_set(e, RC_BAD, "success: is missing (or label)");
	if (!o->key.len)
		o->key = STR("outcome");
	if (!o->source.len)
		o->source = t->sender;
	if (o->at_us == TIME_NONE)
		o->at_us = ask->from.received_us;
	if (!o->same_as.len && ask->same_as.len)
		o->same_as = arena_strf(a, "%.*s %lld", STR_ARG(ask->same_as),
					(long long)index);
	return arena_ok(a) ? RC_OK
			   : err_set(e, RC_BAD, "the outcome is too large");
}
