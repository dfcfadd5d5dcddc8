/* Inside the meter: the reader of requests and the accumulators of replies,
 * shared by the files of the protocols. */
#ifndef ACO_METER_INT_H
#define ACO_METER_INT_H

#include "ingest/anthropic_usage.h"
#include "ingest/meter.h"
#include "ingest/openai_usage.h"
#include "ledger/base/jpull.h"

/* ---- requests (meter_request.c) ---- */

enum {
	ASK_PIECES = 24, /* of the newest user text, of the head */
	ASK_HEAD_BYTES = 8 << 10
};

enum ask_role {
	ASK_SYSTEM,
	ASK_USER,
	ASK_ASSISTANT
};

struct ask_pieces {
	struct jpull_text piece[ASK_PIECES];
	int n;
	int message; /* of which message they are; 0: of none */
};

struct ask_call {
	struct jpull_text name;
	struct str args; /* raw: a JSON string's inside, or any value */
	bool args_text;  /* the former */
	bool args_escaped;
	bool there;
};

/* The state of one reading. */
struct ask {
	struct jpull j;
	struct model_request *r;
	struct arena *arena;
	struct str body;
	struct ask_pieces newest, first, system;
	struct ask_call call;
	struct buf head; /* what is hashed */
	bool head_over;  /* the assistant has spoken */
	uint32_t seen;   /* members that may not be there twice */
	bool no_max;     /* a maximum of output that may be read as any */
	struct err *e;
	bool bad; /* e says why */
};

/* The value at hand, by its type; else skipped. */
struct str ask_string(struct ask *a); /* unescaped; absent */
bool ask_true(struct jpull *j);
/* The span of the value that is skipped. */
struct str ask_raw(struct jpull *j);
/* A key or a plain word against a literal. */
static inline bool ask_is(struct jpull_text t, const char *word)
{
	return str_is(t.raw, word);
}
enum ask_role ask_role(struct jpull_text t);

/* One message more. */
void ask_message(struct ask *a, enum ask_role role);
/* A text of the message at hand. */
void ask_text(struct ask *a, enum ask_role role, struct jpull_text t);
void ask_note_call(struct ask *a, const struct ask_call *c);
void ask_note_result(struct ask *a, bool failed);
/* Whether a tool's output (raw, escaped) reads like a failure. */
bool ask_looks_failed(struct str raw);
void ask_opaque(struct ask *a, const char *why);
/* A part of a message that is no text: the words that name its kind
 * ("image_url", "input_file", "document"), and what holds or names it, raw. */
bool ask_is_media(struct jpull_text type);
void ask_media(struct ask *a, struct jpull_text type, struct str source);
/* Members of the body: what they say of the session. */
void ask_metadata(struct ask *a);
void ask_conversation(struct ask *a);

/* Members of the body that are the protocol's own: the reader stands at the
 * value and must take it. False: not known here, not taken. */
bool openai_chat_ask(struct ask *a, struct jpull_text key);
bool openai_responses_ask(struct ask *a, struct jpull_text key);
bool anthropic_messages_ask(struct ask *a, struct jpull_text key);

/* ---- replies (meter.c, meter_proof.c) ---- */

struct meter_word { /* longer ones are not kept */
	size_t len;
	char p[200];
};

enum {
	PROOF_CALLS = 64,
	PROOF_TEXT_MAX = 1 << 20, /* of one call's arguments, of the output */
	PROOF_TAIL = 1024,        /* bytes in which a loop is looked for */
	PROOF_PERIOD = 200,
	PROOF_LOGPROBS = 8192 /* kept for the percentile */
};

/* A tool call whose arguments come in pieces. */
struct proof_call {
	int64_t choice, index;
	struct meter_word name;
	struct buf args;
	bool too_long, judged, valid;
};

struct proof {
	struct proof_call *calls;
	int n_calls;
	int64_t more_calls; /* beyond PROOF_CALLS, not judged */
	bool wants_text;    /* the output shall be JSON */
	struct buf text;    /* then it is kept; of the first choice */
	char tail[PROOF_TAIL];
	uint64_t text_bytes;
	double sum, entropy_sum;
	float min, entropy_max;
	int64_t n, doubtful, n_entropy;
	float *kept;
	size_t n_kept;
	int64_t stride; /* every so many-th is kept */
};

struct meter {
	enum wire wire;
	const struct model_request *req;
	int status;
	struct buf body;
	struct str whole; /* the body, in `body` or lent */
	bool too_long;    /* the body, or an event */
	int64_t lost; /* bytes of an answer that was not all read; 0: it was */
	struct meter_word id, model, tier, finish, error;
	bool begun, ended, refused, failed, aborted, free_of_charge;
	bool items_done;  /* Responses: items came one by one */
	bool usage_final; /* Messages: message_delta said how it ended */
	struct openai_counts openai;
	struct anthropic_said anthropic;
	int64_t searches, other_tools; /* calls of the provider's own tools */
	int64_t output_bytes;
	struct proof proof;
};

/* The string at hand, if it is one and fits; the last one stays. */
void meter_take(struct jpull *j, struct meter_word *w);
void meter_word_set(struct meter_word *w, struct jpull_text t);
/* {"type", "code", ...}, or a string, or null, which is no error. */
void meter_error(struct meter *m, struct jpull *j);
/* Output of the model: text that counts, or other (reasoning). */
void meter_text(struct meter *m, struct jpull_text t, int64_t choice);
void meter_other(struct meter *m, struct jpull_text t);

void proof_init(struct proof *p, const struct model_request *req);
void proof_release(struct proof *p);
void proof_text(struct proof *p, struct jpull_text t, int64_t choice);
/* The call at (choice, index), made when it is not there; NULL: too many. */
struct proof_call *proof_call(struct proof *p, int64_t choice, int64_t index);
void proof_args(struct proof_call *c, struct jpull_text t); /* one piece */
void proof_args_valid(struct proof_call *c, struct str json);
/* An array of {token, logprob, top_logprobs}; anything else is skipped. */
void proof_logprobs(struct proof *p, struct jpull *j);
void proof_finish(struct meter *m, struct model_reply *out);
/* The identity of a tool call: white space between its values is nothing. */
struct uuid proof_call_id(struct str name, struct str args);

/* A whole body; an event's data. */
void openai_chat_body(struct meter *m, struct jpull *j);
bool openai_chat_event(struct meter *m, struct str data); /* hide it? */
void openai_responses_body(struct meter *m, struct jpull *j);
void openai_responses_event(struct meter *m, struct str data);
void anthropic_messages_body(struct meter *m, struct jpull *j);
void anthropic_messages_event(struct meter *m, struct str data);

#endif
