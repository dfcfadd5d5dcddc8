/* Who is whose parent: a bounded memory of recent spans and calls, of this
 * request and of those shortly before. A span that is gone is a span that was
 * never seen: nothing here may be needed for a call to be counted. */
#ifndef ACO_KIN_H
#define ACO_KIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/role.h"
#include "ledger/base/str.h"
#include "ledger/base/uuid.h"

#define KIN_SPANS 16384 /* remembered, a power of two */
#define KIN_DEPTH 32    /* ancestors looked at */

struct span_id {
	uint8_t trace[16], span[8];
};

/* A text that may be too long to be remembered. */
#define KIN_TEXT 64
struct kin_text {
	uint8_t len; /* 0: none */
	char p[KIN_TEXT - 1];
};
static inline struct str kin_str(const struct kin_text *t)
{
	return t->len ? (struct str){t->p, t->len} : STR_NONE;
}
/* Texts that do not fit are not remembered. */
void kin_put(struct kin_text *t, struct str s);

struct kin_node {
	/* looked at most often: one cache line */
	uint64_t seq; /* 0: empty; else position, counted from 1 */
	struct span_id id;
	/* chains, newest first: the sequence number of the next, 0 ends */
	uint64_t next_id, next_parent, next_thread;

	uint64_t next_response;
	uint64_t request;
	uint8_t parent[8];
	uint8_t role;  /* enum role */
	bool is_span;  /* else a call that a log record told */
	bool is_call;  /* was handed over; the rest is known */
	bool by_trace; /* its task is the trace, for want of a session */
	int8_t step_failed;
	uint8_t step_kind;
	uint8_t sender; /* enum sender */
	int64_t start_us, end_us;
	uint64_t thread;               /* what it shares with its tools */
	int64_t prompt, output;        /* tokens; -1: not known */
	uint64_t response;             /* hash of its id; 0: none */
	uint64_t fused_up, fused_down; /* its kin that is the same call */
	uint32_t place_in_request;     /* of the call; see `request` */
	struct uuid key;               /* the first of its names */
	struct kin_text session, agent, model;
	struct kin_text task; /* ext_id */
	struct kin_text step; /* step_key */
	struct kin_text tool;
};

struct kin;
struct kin *kin_new(void);
void kin_free(struct kin *k);

/* The span of that id, or NULL. */
struct kin_node *kin_find(struct kin *k, const struct span_id *id);
/* The same, made if it is not there; a new one is empty. */
struct kin_node *kin_span(struct kin *k, const struct span_id *id,
			  const uint8_t parent[8]);
/* A call without a span, by its name; made if it is not there. */
struct kin_node *kin_record(struct kin *k, struct uuid key);
/* Enter a node as a call: thread, response and times are set. */
void kin_call(struct kin *k, struct kin_node *n);
struct kin_node *kin_parent(struct kin *k, const struct kin_node *n);
/* The node with that sequence number, or NULL. */
struct kin_node *kin_at(struct kin *k, uint64_t seq);

/* The nearest ancestor for which `fits` is true; NULL: none that is known. */
struct kin_node *kin_up(struct kin *k, const struct kin_node *n,
			bool (*fits)(const struct kin_node *x, const void *arg),
			const void *arg);
/* Visit known descendants, at most 256, until `visit` returns false. */
void kin_down(struct kin *k, const struct kin_node *n,
	      bool (*visit)(struct kin_node *x, void *arg), void *arg);

/* The latest call of the thread that had ended when something started; with a
 * little patience, since clocks are coarse. */
struct kin_node *kin_before(struct kin *k, uint64_t thread, int64_t start_us);
/* Visit the calls of a thread, the newest first. */
void kin_calls(struct kin *k, uint64_t thread,
	       void (*visit)(struct kin_node *x, void *arg), void *arg);
struct kin_node *kin_response(struct kin *k, uint64_t response);

/* The session that a span of a trace named: so do the others of it. */
void kin_set_session(struct kin *k, const uint8_t trace[16],
		     struct str session);
struct str kin_session(struct kin *k, const uint8_t trace[16]);

/* Whether a name is free for `owner`, or was taken by it before: of two calls
 * that would have one name only the first has it. */
bool kin_claim_name(struct kin *k, struct uuid name, uint64_t owner);

#endif
