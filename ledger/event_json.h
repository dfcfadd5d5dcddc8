/* Events as JSON lines: what POST /v1/events takes, what the spool holds, what
 * a dead letter keeps, so that each can be read by a person and given to the
 * ledger again.
 *
 *   {"type":"attempt","task":{...},"model":...,"usage":{...},...}
 *   {"type":"outcome","task":{...},"key":...,"success":...}
 *   {"type":"task","task":{...}}
 *
 * ingest/events.schema.json is the contract. Beside it, the ledger's own lines
 * carry "_aco": names (keys), ranks, source and origin as they were; the reader
 * (event_fields.h) honours it only when told that the line is its own. Lines
 * of type claim, decision, trial and dead are the ledger's own only. */
#ifndef ACO_EVENT_JSON_H
#define ACO_EVENT_JSON_H

#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/batch.h"

/* Every event of the batch but its cursors, one line each. The first event of
 * a task has the task whole, the others name it; a task without events is a
 * line of its own. */
void event_json_batch(struct buf *out, const struct batch *b);
/* One event of a batch with its task whole, without the newline. */
void event_json_attempt(struct buf *out, const struct batch *b, size_t i);
void event_json_outcome(struct buf *out, const struct batch *b, size_t i);
void event_json_claim(struct buf *out, const struct batch *b, size_t i);
void event_json_trial(struct buf *out, const struct batch *b, size_t i);
void event_json_decision(struct buf *out, const struct batch *b, size_t i);

/* The same of an event that is in no batch, as when a batch refused it: bytes
 * that are no text become U+FFFD. a->task, o->task are not looked at. */
void event_json_of_attempt(struct buf *out, const struct ev_task *t,
			   const struct ev_attempt *a);
void event_json_of_outcome(struct buf *out, const struct ev_task *t,
			   const struct ev_outcome *o);
void event_json_of_claim(struct buf *out, const struct ev_task *t,
			 const struct ev_claim *c);
void event_json_of_trial(struct buf *out, const struct ev_trial *r);

/* Read one own line into a batch. RC_BAD: which field and why (its task may
 * have been added); RC_BUSY: the batch is full. */
enum rc event_json_add(struct batch *b, const struct json *line,
		       struct arena *a, struct err *e) MUST_CHECK;
/* Read a claim, and add what it claims as one aggregate attempt. */
enum rc event_json_bill(struct batch *b, const struct json *line,
			struct arena *a, struct err *e) MUST_CHECK;

#endif
