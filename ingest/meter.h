/* What a model call used and what its reply looked like, read from the bytes
 * that pass: one meter for each wire protocol, for whole bodies and for
 * streams. Usage is overwritten, never added; the last that is not null wins
 * (wire/providers.md). */
#ifndef ACO_METER_H
#define ACO_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/sse.h"
#include "ledger/cost.h"
#include "ledger/event.h"
#include "ledger/evidence.h"

enum wire {
	WIRE_OPENAI_CHAT,
	WIRE_OPENAI_RESPONSES,
	WIRE_OPENAI_EMBEDDINGS,
	WIRE_ANTHROPIC,
	WIRE_OTHER /* passed through, not metered */
};

/* What a request says, read once without a document (jpull). Spans of the
 * body let a proxy change the model's name in place. */
struct model_request {
	enum wire wire;
	struct str model;           /* as asked for */
	size_t model_at, model_len; /* of the string's inside, in the body */
	bool stream, include_usage, has_stream_options, logprobs;
	size_t stream_options_at; /* where an object can be added or opened */
	int64_t max_output;       /* -1: not named */
	int n;                    /* samples */
	int messages, tools;      /* counts */
	struct str session;       /* metadata.user_id, prompt_cache_key, ... */
	struct str last_tool, last_command; /* of the newest tool call */
	int tool_results, tool_errors, error_streak, repeats;
	bool opaque; /* signed thinking or encrypted reasoning in the
			prefix: the family must not change */
	struct str opaque_model; /* whose, when told */
	struct uuid head_hash;   /* of the conversation's beginning */
	struct str text;   /* newest user text, for features; may be cut */
	struct str system; /* the beginning of the system prompt */
	size_t body_bytes;
};
/* RC_BAD: not JSON, no model, not UTF-8...; e is in words for the client. */
enum rc model_request_read(struct model_request *r, enum wire wire,
			   struct str body, struct arena *a,
			   struct err *e) MUST_CHECK;

/* What a reply turned out to be. */
struct model_reply {
	struct usage usage;
	enum usage_quality quality;
	bool usage_seen;
	struct str id, model, service_tier, finish_reason, error_class;
	enum attempt_status status;
	int64_t reported_cost_pusd;
	float evidence[EVIDENCE_N];
	int64_t output_bytes;
	bool ended; /* the protocol's own end was seen */
};

struct meter;
struct meter *meter_new(enum wire wire, const struct model_request *req);
void meter_free(struct meter *m);
/* A piece of a body that is not a stream (at most a bound is kept; what is
 * beyond it is counted only). */
void meter_body(struct meter *m, const char *p, size_t n);
/* An event of a stream. True: hide it from the client, since it is there only
 * because we asked for usage. */
bool meter_event(struct meter *m, const struct sse_event *ev);
/* All that can be known; what the stream did not say is estimated from what
 * passed, and quality says so. `cut`: it broke off. Strings live as long as
 * the meter. */
void meter_finish(struct meter *m, bool cut, struct model_reply *out);

/* An error in the words of the client's protocol. */
void wire_error(enum wire wire, int status, const char *type,
		const struct err *e, struct buf *body);

#endif
