/* Parts of meaning: one request's spans and records on their way to events. */
#ifndef ACO_MEANING_INT_H
#define ACO_MEANING_INT_H

#include "ingest/facts.h"
#include "ingest/kin.h"
#include "ingest/meaning.h"
#include "ingest/role.h"
#include "ledger/base/arena.h"
#include "ledger/base/json.h"

/* Who numbers tasks and calls. Tools that are known by name share theirs with
 * the importers of their transcripts. */
enum sender {
	SENDER_OTLP,
	SENDER_CLAUDE,
	SENDER_CODEX,
	SENDER_GEMINI,
	SENDER_LANGFUSE,
	SENDER_N
};

/* A resource and scope, which many records share. */
struct place {
	uint64_t hash;
	struct facts f;
	struct str scope, version;
	struct otlp_attrs resource; /* its texts */
	struct str attrs;           /* its small facts as JSON, once made */
	bool has_attrs;
	enum sender sender;
};

/* An evaluation: of a log record, or an event of a span. */
struct eval {
	struct eval *next;
	struct str name, score, label, source, response_id;
	int64_t at_us;
};

/* A span or record that means something. */
struct item {
	struct place *place;
	struct facts f;
	enum role role;
	bool is_log, disjoint; /* usage: by Langfuse's convention */
	bool has_trace, has_span;
	struct span_id id; /* of a record: the span around it */
	uint8_t parent[8];
	uint64_t node;            /* of a span, in kin */
	int64_t start_us, end_us; /* of a record: its time is the end */
	int status;
	struct str event;   /* name of a record */
	struct str command; /* of a tool */
	struct eval *evals;
};

struct call {
	struct ev_task t;
	struct ev_attempt a;
	uint64_t node; /* in kin */
};
struct tool_use {
	const struct item *it;
	uint64_t thread;
	uint64_t node; /* of its span; 0: none */
};
struct judged {
	struct ev_task t;
	struct ev_outcome o;
};

struct price_book;
struct class_rules;

struct meaning {
	int64_t claim_us;
	struct class_rules *rules;
	struct price_book *book;
	struct kin *kin;
	struct json_doc doc;
	struct otlp_visitor visitor;

	/* the request */
	struct arena arena;
	struct origin origin;
	uint64_t request;
	bool langfuse; /* by its path */
	bool full;
	struct place *place; /* of the record before */
	struct item **items;
	struct call *calls, *claims;
	struct tool_use *tools;
	struct judged *judged;
	struct ev_task *tasks;
	struct healed {
		uint8_t trace[16];
	} * healed; /* traces whose session is news */
	size_t n_items, n_calls, n_claims, n_tools, n_judged, n_tasks, n_healed;
	size_t cap_items, cap_calls, cap_claims, cap_tools, cap_judged,
		cap_tasks, cap_healed;
	struct meaning_counts counts;
};

/* ---- meaning_task.c ---- */
extern const char *const sender_names[SENDER_N];
/* The task of an item that its sender calls `ext`; `parent` may be absent. */
void task_make(struct meaning *m, const struct item *it, enum sender sender,
	       struct str ext, struct str parent, struct str agent,
	       struct ev_task *t);
/* The node of an item's span, or of the span around a record; NULL: none. */
struct kin_node *item_node(struct meaning *m, const struct item *it);
/* The session that the item names, or its kin; absent: none. */
struct str task_session(struct meaning *m, const struct item *it);
/* By conversation or session, else by trace; false: neither is known. */
/* *by_trace: the latter. */
bool task_of(struct meaning *m, const struct item *it, struct ev_task *t,
	     bool *by_trace);
struct str hex_of(struct meaning *m, const uint8_t *p, size_t n);
uint64_t thread_of(enum sender sender, struct str name);

/* ---- meaning_call.c ---- */
/* What any call says: model, provider, usage, times, result. Names, step and
 * rank are the caller's. */
void call_fill(struct meaning *m, const struct item *it, struct ev_attempt *a);
/* Add a call, known to kin as `node`; a and t are copied. */
struct call *call_add(struct meaning *m, const struct item *it,
		      const struct ev_task *t, const struct ev_attempt *a,
		      struct kin_node *node, uint64_t thread);
bool call_failed(const struct item *it);
/* What names a response. False: such ids recur, it names nothing. */
bool call_response(const struct ev_attempt *a, struct str id,
		   struct uuid *name);
void call_key(struct ev_attempt *a, struct uuid key);
void tool_add(struct meaning *m, const struct item *it, uint64_t thread);

/* ---- one file each ---- */
void meaning_claude(struct meaning *m, const struct item *it);
void meaning_codex(struct meaning *m, const struct item *it);
void meaning_gemini(struct meaning *m, const struct item *it);
void meaning_span(struct meaning *m, const struct item *it); /* all others */
void meaning_fuse(struct meaning *m); /* calls told by two spans */
/* Whether the record is worth an item. */
bool meaning_claude_log(struct str event);
bool meaning_codex_log(struct str event);
bool meaning_gemini_log(struct str event);
/* Evaluations of an item, and the item itself if it is one. */
void meaning_eval(struct meaning *m, const struct item *it);
bool eval_from(struct meaning *m, const struct facts *f, int64_t at_us,
	       struct eval **list);
/* Tools give steps their kind. */
void meaning_tools(struct meaning *m);
/* Calls that were handed over under their trace go to the session that the
 * trace turned out to be. */
void meaning_heal(struct meaning *m);
/* Everything collected to the sink. */
enum rc meaning_emit(struct meaning *m, const struct sink *sink,
		     struct err *e) MUST_CHECK;

#endif
