/* What a model call asks and used and what its reply looked like, read from
 * the bytes that pass: one file for each wire protocol, for whole bodies and
 * for streams. Usage is overwritten, never added; the last that is not null
 * wins. No document is built, and nothing of a prompt or a reply outlives the
 * call. */
#ifndef ACO_METER_H
#define ACO_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/sse.h"
#include "ledger/base/arena.h"
#include "ledger/base/err.h"
#include "ledger/cost.h"
#include "ledger/event.h"
#include "ledger/evidence.h"

enum wire {
	WIRE_OPENAI_CHAT,
	WIRE_OPENAI_RESPONSES,
	WIRE_OPENAI_EMBEDDINGS,
	WIRE_ANTHROPIC, /* messages and messages/count_tokens */
	WIRE_OTHER      /* passed through, not metered */
};

/* ---- requests ---- */

/* A value within the body; len 0: it is not there. */
struct model_span {
	size_t at, len;
};

enum model_format { /* what the output shall be */
	FORMAT_ANY,
	FORMAT_JSON,
	FORMAT_SCHEMA
};

/* What a request says, read once without a document (jpull). Texts are
 * borrowed from the body or lie in the arena. */
struct model_request {
	enum wire wire;
	struct str model;           /* as asked for */
	size_t model_at, model_len; /* of the string's inside, in the body */
	bool stream;
	bool include_usage; /* stream_options.include_usage, by the client */
	/* Set by model_request_edit(): usage is asked for by us, and the chunk
	 * that it comes in is hidden by the meter. */
	bool usage_injected;
	struct model_span stream_options, usage_flag;
	size_t object_at; /* behind the '{' of the body */
	bool logprobs;
	int64_t max_output; /* -1: not named */
	int n;              /* samples, at least 1 */
	enum model_format format;
	struct str schema;   /* JSON text; absent unless FORMAT_SCHEMA */
	int messages, tools; /* counts; items of `input` are messages */
	/* Pictures, and other media (documents, sound), of the prompt; the
	 * bytes of those that lie in the body itself, as base64; how many are
	 * elsewhere, by URL or by the id of a file. */
	int images, media, elsewhere;
	size_t inline_bytes;
	bool caches;         /* marks of cache_control */
	struct str service;  /* service_tier, or "fast" of speed; absent */
	bool stored_context; /* more than the body: a stored conversation or
				response, a prompt by its id */
	/* What names the conversation: of metadata (session_id, user_id of
	 * Claude Code, ...), prompt_cache_key, conversation. Absent: nothing
	 * does. */
	struct str session;
	struct str previous; /* previous_response_id */
	/* The newest tool call of the prefix and the command line in its
	 * arguments, where there is one. */
	struct str last_tool, last_command;
	/* Results in the prefix; those that say they failed; how many of them
	 * are the newest ones, without a success between; how often the newest
	 * call was made before, without another call between. */
	int tool_results, tool_errors, error_streak, repeats;
	/* The prefix holds what only the family that made it understands, or
	 * lies with the provider: the family must not change. why is for
	 * people: "signed thinking", "encrypted reasoning", "a stored
	 * response"; NULL: not opaque. */
	bool opaque;
	const char *opaque_why;
	struct str opaque_model; /* whose, when told */
	/* Of the conversation's beginning: the system prompt and the messages
	 * before the first of the assistant's, by their texts; the same in
	 * every later turn. Nil: no messages. */
	struct uuid head_hash;
	struct uuid last_call; /* hash of the newest tool call; nil: none */
	struct str text;       /* newest user text, for features; may be cut */
	struct str task_text;  /* the first user text; may be cut */
	struct str system;     /* the beginning of the system prompt */
	size_t body_bytes;
};
enum {
	MODEL_TEXT_MAX = 32 << 10, /* bytes of text and task_text */
	MODEL_SYSTEM_MAX = 4 << 10,
	MODEL_ARENA = 512 << 10 /* what an arena for it should hold */
};
/* RC_BAD: not JSON (or nested too deep, not UTF-8), no model, a field that
 * decides about money twice; e is in words for the client. WIRE_OTHER: nothing
 * is read but the model, which may be absent. Time is linear in the body. */
enum rc model_request_read(struct model_request *r, enum wire wire,
			   struct str body, struct arena *a,
			   struct err *e) MUST_CHECK;

/* A body with changes, in pieces of the old one and of our own. Pieces borrow
 * from the body, the edit and `model`. */
struct model_edit {
	struct str part[8];
	int n;
	size_t bytes; /* of all parts */
	char name[1024];
};
/* The body as it goes upstream: with another model's name (absent: as it is;
 * at most 160 bytes), and with usage asked for in a stream that would not say
 * it (chat only, then r->usage_injected is set). */
void model_request_edit(struct model_request *r, struct str body,
			struct str model, struct model_edit *out);

/* Tokens in so many bytes of text, where nobody counted: a quarter, rounded
 * up. */
int64_t meter_estimate(int64_t bytes);

/* ---- replies ---- */

/* What a reply turned out to be. */
struct model_reply {
	struct usage usage;
	enum usage_quality quality;
	bool usage_seen;
	struct str id, model, service_tier;
	/* The provider's own words, "stop", "end_turn", "max_output_tokens";
	 * error_class is its code or type of an error, "truncated" for a
	 * stream without its end. Absent: none. */
	struct str finish_reason, error_class;
	enum attempt_status status;
	int64_t reported_cost_pusd; /* or MONEY_NONE */
	/* What the bytes tell; EVIDENCE_LATENCY_S and EVIDENCE_AGREEMENT are
	 * the caller's. */
	float evidence[EVIDENCE_N];
	int64_t output_bytes; /* of text, reasoning and arguments */
	bool ended;           /* the protocol's own end was seen */
};

struct meter;
/* For one attempt. req, and the body that it borrows from, must live until
 * meter_finish(). */
struct meter *meter_new(enum wire wire, const struct model_request *req);
void meter_free(struct meter *m); /* NULL is fine */
/* One that is over, for another attempt: cheaper than a new one. */
void meter_reset(struct meter *m, enum wire wire,
		 const struct model_request *req);
/* The answer's status, before its bytes; not told: 200. Of 400 and above the
 * body is an error's, and nothing is billed. */
void meter_status(struct meter *m, int status);
/* A piece of a body that is not a stream (16 MiB are kept; of a longer one
 * nothing is read, and usage is estimated). */
void meter_body(struct meter *m, const char *p, size_t n);
/* Of the answer, of which so many bytes came as they were sent, something could
 * not be read (an encoding, damaged or unknown). What is missing is estimated;
 * it is not the answer's fault. */
void meter_lost(struct meter *m, int64_t bytes);
/* In place of meter_body(), before meter_finish(): all of it, borrowed until
 * that has returned. */
void meter_lend(struct meter *m, struct str body);
/* An event of a stream. True: hide it from the client, since it is there only
 * because we asked for usage. */
bool meter_event(struct meter *m, const struct sse_event *ev);
/* Output has begun: a piece of text, reasoning or a tool call was seen (in
 * streams; for the time to the first token). */
bool meter_begun(const struct meter *m);
/* All that can be known; what the stream did not say is estimated from what
 * passed, and quality says so. `cut`: it broke off, or its end was not seen.
 * An answer that is cut is an error unless the caller knows better (a client
 * that left: aborted). Strings live as long as the meter. */
void meter_finish(struct meter *m, bool cut, struct model_reply *out);

/* ---- errors in the words of the client's protocol ---- */

/* type: the protocol's own word ("invalid_request_error"); NULL: by the
 * status. The body of an answer, and an event for a stream under way. */
void wire_error(enum wire wire, int status, const char *type,
		const struct err *e, struct buf *body);
void wire_error_event(enum wire wire, int status, const char *type,
		      const struct err *e, struct buf *out);

#endif
