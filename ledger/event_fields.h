/* The one reader of events as JSON, for two trusts: what a peer sends (POST
 * /v1/events) and the ledger's own lines (event_json.h). The contract is
 * ingest/events.schema.json; a field it does not name is an error that names
 * the field, so that a misspelt one loses no money. null says nothing.
 *
 * Nothing is judged here beyond types and spelling: ranges, lengths and clocks
 * are the batch's (event.h). For the ledger's own and the native API's use. */
#ifndef ACO_EVENT_FIELDS_H
#define ACO_EVENT_FIELDS_H

#include "ledger/base/json.h"
#include "ledger/batch.h"

enum event_trust {
	EVENT_FOREIGN, /* a peer's: "_aco" and the types after it are refused */
	EVENT_OWN
};

enum event_type {
	EVENT_TASK,
	EVENT_ATTEMPT,
	EVENT_OUTCOME,
	/* own lines only */
	EVENT_CLAIM,
	EVENT_TRIAL,
	EVENT_DEAD,
	EVENT_DECISION,
	EVENT_TYPE_N
};
extern const char *const event_type_names[EVENT_TYPE_N];

/* How the sender calls one call; each absent or as given. */
struct event_ids {
	struct str id; /* the sender's own, unique within the sender */
	struct str response_id, request_id, client_request_id;
	struct str trace_id, span_id; /* hex */
};

/* An event's parts. Strings point into the line or the arena. What is absent
 * is as ev_attempt_init() and the like leave it. */
struct event_fields {
	enum event_type type;
	struct bt_task task; /* .e, and of own lines .who and .parent_id */
	bool has_task;
	struct ev_attempt attempt;  /* also a claim's sum; .task is not set */
	bool has_quality, has_kind; /* of the attempt: the line says it */
	struct event_ids ids;
	int64_t due_us; /* of a claim */
	struct ev_outcome outcome;
	struct ev_trial trial;
	struct ev_decision decision;
	struct ev_dead dead;
	/* own lines: ids as they were; nil where the line does not say */
	struct uuid id, step_id;
};

/* RC_BAD: e names the field with its path ("usage.inptu: no such field"). */
enum rc event_fields_read(struct event_fields *f, const struct json *line,
			  enum event_trust trust, struct arena *a,
			  struct err *e) MUST_CHECK;

/* ISO 8601, or seconds since 1970 as a number (fractions to the microsecond);
 * false on anything else. */
bool event_time(const struct json *v, struct arena *a, int64_t *us);
/* A verdict: 0..1 as a number, or true and false, in millionths. False on
 * anything else. */
bool event_success(const struct json *v, int32_t *micro);

#endif
