/* The native interface: POST /v1/events and POST /v1/outcomes, as
 * events.schema.json and outcomes_api.schema.json have them. Here a body
 * becomes events in a sink; ep_native.c puts HTTP around it.
 *
 * A body is an array, one object, or objects one after the other (a line
 * each). Events are read one at a time, so memory does not grow with their
 * number. Without `partial` a body is taken whole or not at all: all of it is
 * read and checked before the first event is handed over. */
#ifndef ACO_NATIVE_H
#define ACO_NATIVE_H

#include "ingest/meaning.h"
#include "ingest/sink.h"
#include "ledger/base/buf.h"
#include "ledger/base/json.h"

struct class_rules;

struct native_ask {
	const struct class_rules *rules; /* NULL: the shipped ones */
	struct origin from; /* team, class, peer, time; source: "native" */
	struct str same_as; /* Idempotency-Key, or absent */
	struct str ctype;   /* Content-Type without parameters, or absent */
	bool partial;       /* take what is good */
};

#define NATIVE_BAD_MAX 20
struct native_bad {
	int64_t index;  /* within the body, from 0 */
	char field[96]; /* path such as usage.output; "": the whole event */
	char error[256];
};
struct native_answer {
	int64_t accepted, rejected;
	int64_t attempts, outcomes; /* among the accepted */
	int n_bad;                  /* the first of the rejected */
	struct native_bad bad[NATIVE_BAD_MAX];
};

/* RC_OK: handed over, without what is in `bad`. RC_BAD: nothing was (without
 * partial), or nothing could be; e says how many are bad, and the first.
 * RC_BUSY, RC_DOWN: the sink's; some may have been handed over. */
typedef enum rc native_read(struct str body, const struct native_ask *ask,
			    const struct sink *sink, struct native_answer *out,
			    struct err *e);
MUST_CHECK native_read native_events;
MUST_CHECK native_read native_outcomes;

/* {"accepted":n,"rejected":[{"index":i,"field":...,"error":...}]}; with
 * `rc` RC_BAD "error" in front. */
void native_answer_json(const struct native_answer *a, enum rc rc,
			const struct err *e, struct buf *out);

/* ---- inside ---- */

/* Splits a body into values, without reading them. */
struct native_split {
	const char *p, *end, *start;
	bool array, lines, some, closed;
};
enum native_next {
	NATIVE_VALUE,
	NATIVE_END,
	NATIVE_BROKEN /* the rest cannot be told apart */
};
void native_split_init(struct native_split *s, struct str body,
		       struct str ctype);
enum native_next native_split_next(struct native_split *s, struct str *value,
				   struct err *e);

/* One outcome of POST /v1/outcomes; `index` makes its Idempotency-Key its
 * own. Strings point into v, the arena and ask. */
enum rc native_outcome_read(const struct json *v, const struct native_ask *ask,
			    int64_t index, struct arena *a, struct ev_task *t,
			    struct ev_outcome *o, struct err *e) MUST_CHECK;

/* "usage.output: must be ..." and the batch's own words ("requested model is
 * 300 bytes long") to the path of a field and what is wrong with it. */
void native_bad_set(struct native_bad *b, int64_t index, const char *msg);

#endif
