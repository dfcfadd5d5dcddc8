/* One table an object: what it may hold and where that goes. */
#include "ledger/event_fields.h"

#include <stddef.h>

#include "ledger/base/clock.h"
#include "ledger/event_shape.h"
#include "ledger/money.h"

const char *const event_type_names[EVENT_TYPE_N] = {
	"task", "attempt", "outcome", "claim", "trial", "dead", "decision"};

#define AT(member) ((uint32_t)offsetof(struct event_fields, member))
#define TEXT(key, member)                                                      \
	{                                                                      \
		.name = (key), .shape = IS_TEXT, .at = AT(member)              \
	}
#define SHAPE(key, what, member)                                               \
	{                                                                      \
		.name = (key), .shape = (what), .at = AT(member)               \
	}
#define INT(key, member, low, high)                                            \
	{                                                                      \
		.name = (key), .shape = IS_INT, .at = AT(member),              \
		.min = (low), .max = (high),                                   \
		.size = sizeof(((struct event_fields *)NULL)->member)          \
	}
#define REALS(key, member, count, most)                                        \
	{                                                                      \
		.name = (key), .shape = IS_REALS, .at = AT(member),            \
		.count_at = AT(count), .max = (most)                           \
	}
#define WORD(key, member, list, n)                                             \
	{                                                                      \
		.name = (key), .shape = IS_WORD, .at = AT(member),             \
		.words = (list), .max = (n)                                    \
	}
#define INNER(key, table, pre)                                                 \
	{                                                                      \
		.name = (key), .shape = IS_OBJECT, .inner = (table),           \
		.prefix = (pre)                                                \
	}
#define OWN(table)                                                             \
	{                                                                      \
		.name = "_aco", .shape = IS_OBJECT, .inner = (table),          \
		.prefix = "_aco.", .own = true                                 \
	}
#define TYPE                                                                   \
	{                                                                      \
		.name = "type", .shape = IS_TYPE                               \
	}
#define END                                                                    \
	{                                                                      \
		.name = NULL                                                   \
	}

static const struct field task_table[] = {
	TEXT("sender", task.e.sender),
	TEXT("id", task.e.ext_id),
	TEXT("parent", task.e.parent_ext_id),
	TEXT("team", task.e.team),
	TEXT("agent", task.e.agent),
	TEXT("class", task.e.class_name),
	SHAPE("attrs", IS_FACTS, task.e.attrs),
	END,
};

static const struct field usage_table[] = {
#define BUCKET(key, i) SHAPE(key, IS_COUNT, attempt.usage.n[i])
	BUCKET("uncached_in", USAGE_UNCACHED_IN),
	BUCKET("cache_read", USAGE_CACHE_READ),
	BUCKET("cache_write_5m", USAGE_CACHE_WRITE_5M),
	BUCKET("cache_write_1h", USAGE_CACHE_WRITE_1H),
	BUCKET("output", USAGE_OUTPUT),
	BUCKET("reasoning", USAGE_REASONING),
	BUCKET("audio_in", USAGE_AUDIO_IN),
	BUCKET("audio_out", USAGE_AUDIO_OUT),
	BUCKET("web_search", USAGE_WEB_SEARCH),
	BUCKET("other_tools", USAGE_OTHER_TOOLS),
	END,
};

static const struct field step_table[] = {
	TEXT("key", attempt.step_key),
	INT("seq", attempt.step_seq, 1, INT32_MAX),
	WORD("kind", attempt.step_kind, step_kind_names, STEP_KIND_N),
	TEXT("tool", attempt.tool),
	SHAPE("failed", IS_BOOL, attempt.step_failed),
	END,
};

static const struct field ids_table[] = {
	TEXT("id", ids.id),
	TEXT("response_id", ids.response_id),
	TEXT("request_id", ids.request_id),
	TEXT("client_request_id", ids.client_request_id),
	TEXT("trace_id", ids.trace_id),
	TEXT("span_id", ids.span_id),
	END,
};

static const struct field own_task_table[] = {
	INT("who", task.who, 0, TASK_WHO_NOBODY),
	INT("class_rank", task.e.class_rank, CLASS_EXPLICIT, CLASS_NOBODY),
	SHAPE("parent", IS_UUID, task.parent_id),
	END,
};

static const struct field own_only_task[] = {
	INNER("task", own_task_table, "_aco.task."),
	END,
};

static const struct field own_attempt[] = {
	INNER("task", own_task_table, "_aco.task."),
	SHAPE("keys", IS_KEYS, attempt.keys),
	SHAPE("step", IS_UUID, step_id),
	TEXT("source", attempt.source),
	INT("rank", attempt.rank, RANK_GATEWAY, RANK_NONE),
	INT("who_rank", attempt.who_rank, RANK_GATEWAY, RANK_NONE),
	SHAPE("decision", IS_UUID, attempt.decision_id),
	SHAPE("escalated_from", IS_UUID, attempt.escalated_from),
	REALS("evidence", attempt.evidence, attempt.n_evidence, EVIDENCE_N),
	TEXT("origin", attempt.origin),
	END,
};

static const struct field own_outcome[] = {
	INNER("task", own_task_table, "_aco.task."),
	SHAPE("id", IS_UUID, id),
	SHAPE("step", IS_UUID, step_id),
	END,
};

static const struct field own_trial[] = {
	SHAPE("id", IS_UUID, id),
	SHAPE("prompt_hash", IS_UUID, trial.prompt_hash),
	SHAPE("feature_schema", IS_UUID, trial.feature_schema),
	SHAPE("features", IS_HEX, trial.features),
	SHAPE("evidence", IS_HEX, trial.evidence),
	TEXT("origin", trial.origin),
	END,
};

static const struct field own_decision[] = {
	INNER("task", own_task_table, "_aco.task."),
	SHAPE("step", IS_UUID, step_id),
	SHAPE("features", IS_HEX, decision.features),
	TEXT("origin", decision.origin),
	END,
};

static const struct field own_dead[] = {
	SHAPE("id", IS_UUID, id),
	SHAPE("event", IS_BOOL, dead.event),
	SHAPE("body_hex", IS_HEX, dead.body),
	END,
};

static const struct field task_event[] = {
	TYPE,
	INNER("task", task_table, "task."),
	OWN(own_only_task),
	END,
};

#define CALL                                                                   \
	TYPE, INNER("task", task_table, "task."),                              \
		TEXT("model", attempt.model),                                  \
		TEXT("provider", attempt.provider),                            \
		TEXT("requested_model", attempt.requested_model),              \
		SHAPE("started_at", IS_TIME, attempt.started_us),              \
		SHAPE("first_token_at", IS_TIME, attempt.first_token_us),      \
		SHAPE("ended_at", IS_TIME, attempt.ended_us),                  \
		INNER("usage", usage_table, "usage."),                         \
		WORD("quality", attempt.quality, usage_quality_names,          \
		     QUALITY_N),                                               \
		WORD("status", attempt.status, attempt_status_names,           \
		     ATTEMPT_STATUS_N),                                        \
		TEXT("finish_reason", attempt.finish_reason),                  \
		TEXT("error", attempt.error_class),                            \
		TEXT("service_tier", attempt.service_tier),                    \
		INT("attempt_no", attempt.attempt_no, 1, INT16_MAX),           \
		INNER("step", step_table, "step."),                            \
		SHAPE("reported_cost_usd", IS_MONEY,                           \
		      attempt.reported_cost_pusd),                             \
		INNER("ids", ids_table, "ids."), OWN(own_attempt)

static const struct field attempt_event[] = {CALL, END};

static const struct field claim_event[] = {
	CALL,
	SHAPE("due_at", IS_TIME, due_us),
	END,
};

static const struct field outcome_event[] = {
	TYPE,
	INNER("task", task_table, "task."),
	TEXT("step", outcome.step_key),
	TEXT("source", outcome.source),
	TEXT("key", outcome.key),
	SHAPE("success", IS_SUCCESS, outcome.success_micro),
	TEXT("label", outcome.label),
	SHAPE("at", IS_TIME, outcome.at_us),
	TEXT("id", outcome.same_as),
	OWN(own_outcome),
	END,
};

static const struct field trial_event[] = {
	TYPE,
	TEXT("source", trial.source),
	TEXT("task_id", trial.task_ext_id),
	TEXT("task_class", trial.task_class),
	TEXT("model", trial.model),
	TEXT("agent", trial.agent),
	TEXT("run", trial.run),
	SHAPE("success", IS_SUCCESS, trial.success_micro),
	SHAPE("cost_usd", IS_MONEY, trial.cost_pusd),
	SHAPE("cost_estimated", IS_BOOL, trial.cost_estimated),
	SHAPE("input_tokens", IS_COUNT, trial.input_tokens),
	SHAPE("output_tokens", IS_COUNT, trial.output_tokens),
	SHAPE("api_calls", IS_COUNT, trial.api_calls),
	SHAPE("at", IS_TIME, trial.at_us),
	SHAPE("attrs", IS_FACTS, trial.attrs),
	OWN(own_trial),
	END,
};

static const struct field decision_event[] = {
	TYPE,
	INNER("task", task_table, "task."),
	SHAPE("id", IS_UUID, decision.id),
	TEXT("step", decision.step_key),
	SHAPE("decided_at", IS_TIME, decision.decided_us),
	INT("bundle", decision.bundle_id, 0, INT32_MAX),
	TEXT("policy", decision.policy),
	TEXT("plan", decision.plan),
	SHAPE("live", IS_BOOL, decision.live),
	SHAPE("propensity", IS_REAL, decision.propensity),
	SHAPE("feature_schema", IS_UUID, decision.feature_schema),
	REALS("p_success", decision.p_success, decision.n_tiers, EV_TIERS),
	REALS("p_low", decision.p_low, decision.n_tiers, EV_TIERS),
	REALS("p_high", decision.p_high, decision.n_tiers, EV_TIERS),
	{.name = "expected_cost_usd",
	 .shape = IS_COSTS,
	 .at = AT(decision.expected_cost_pusd),
	 .count_at = AT(decision.n_tiers),
	 .max = EV_TIERS},
	TEXT("bound_by", decision.bound_by),
	SHAPE("reasons", IS_FACTS, decision.reasons),
	OWN(own_decision),
	END,
};

static const struct field dead_event[] = {
	TYPE,
	TEXT("source", dead.source),
	TEXT("origin", dead.origin),
	TEXT("reason", dead.reason),
	TEXT("sqlstate", dead.sqlstate),
	TEXT("body", dead.body),
	OWN(own_dead),
	END,
};

static const struct field *const tables[EVENT_TYPE_N] = {
	task_event,  attempt_event, outcome_event, claim_event,
	trial_event, dead_event,    decision_event};

struct reader {
	struct event_fields *f;
	enum event_trust trust;
	struct arena *a;
	struct err *e;
};

/* ---- objects ---- */

static const struct field *find(const struct field *table, struct str key)
{
	for (const struct field *d = table; d->name; d++) {
		if (str_is(key, d->name))
			return d;
	}
	return NULL;
}

/* Recursion ends with the tables. */
static enum rc read_object(struct reader *r, const struct json *obj,
			   const struct field *table, const char *prefix)
{
	const struct json *v;
	char text[160];
	uint64_t seen = 0;

	for (v = json_first(obj); v; v = json_next(obj, v)) {
		const struct field *d = find(table, v->key);
		uint64_t bit = d ? UINT64_C(1) << (d - table) : 0;
		enum rc rc = RC_OK;

		if (!d || (d->own && r->trust != EVENT_OWN))
			return err_set(r->e, RC_BAD, "%s%.*s: no such field",
				       prefix,
				       v->key.len < 80 ? (int)v->key.len : 80,
				       v->key.p);
		if (seen & bit)
			return err_set(r->e, RC_BAD, "%s%s: given twice",
				       prefix, d->name);
		seen |= bit;
		if (!json_present(v))
			continue;
		if (d->shape == IS_OBJECT ? !json_is(v, JSON_OBJECT)
					  : !shape_get(d, v, r->f, r->a))
			return err_set(r->e, arena_ok(r->a) ? RC_BAD : RC_BUSY,
				       "%s%s: must be %s", prefix, d->name,
				       shape_wanted(d, text, sizeof(text)));
		if (d->shape == IS_OBJECT)
			rc = read_object(r, v, d->inner, d->prefix);
		if (rc)
			return rc;
	}
	return RC_OK;
}

static void fields_init(struct event_fields *f)
{
	*f = (struct event_fields){
		.task.who = TASK_WHO_NOBODY,
		.task.e = {.rank = RANK_NONE, .class_rank = CLASS_NOBODY},
		.due_us = TIME_NONE,
		.outcome = {.success_micro = -1, .at_us = TIME_NONE},
		.trial = {.success_micro = -1,
			  .cost_pusd = MONEY_NONE,
			  .input_tokens = USAGE_NONE,
			  .output_tokens = USAGE_NONE,
			  .api_calls = USAGE_NONE,
			  .at_us = TIME_NONE},
	};
	ev_attempt_init(&f->attempt);
	ev_decision_init(&f->decision);
}

static enum rc read_type(struct reader *r, const struct json *line)
{
	const struct json *type = json_get(line, "type");
	int n = r->trust == EVENT_OWN ? EVENT_TYPE_N : EVENT_CLAIM;

	for (int i = 0; i < n; i++) {
		if (json_is(type, JSON_STRING) &&
		    json_str_is(type, event_type_names[i])) {
			r->f->type = (enum event_type)i;
			return RC_OK;
		}
	}
	return err_set(r->e, RC_BAD,
		       "type: must be \"task\", \"attempt\" or \"outcome\"");
}

enum rc event_fields_read(struct event_fields *f, const struct json *line,
			  enum event_trust trust, struct arena *a,
			  struct err *e)
{
	struct reader r = {f, trust, a, e};
	enum rc rc;

	fields_init(f);
	if (!json_is(line, JSON_OBJECT))
		return err_set(e, RC_BAD, "an event must be an object");
	if ((rc = read_type(&r, line)))
		return rc;
	f->has_task = json_present(json_get(line, "task"));
	f->has_quality = json_present(json_get(line, "quality"));
	f->has_kind = json_present(json_path(line, "step.kind"));
	rc = read_object(&r, line, tables[f->type], "");
	if (rc == RC_OK && !arena_ok(a))
		rc = err_set(e, RC_BUSY, "the event is too large");
	return rc;
}
