/* Events as JSON lines: what POST /v1/events takes, what the spool holds, what
 * a dead letter keeps, so that each can be read by a person and given to the
 * ledger again.
 *
 *   {"type":"attempt","task":{...},"model":...,"usage":{...},...}
 *   {"type":"outcome","task":{...},"key":...,"success":...}
 *   {"type":"task","task":{...}}
 *
 * ingest/events.schema.json is the contract. Beside it, the ledger's own lines
 * carry "_aco": names (keys), ranks, source and origin as they were; a reader
 * honours it only when told that the line is its own (EVENT_OWN). */
#ifndef ACO_EVENT_JSON_H
#define ACO_EVENT_JSON_H

#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/batch.h"

enum event_trust {
	EVENT_FOREIGN, /* a peer's: "_aco" is refused */
	EVENT_OWN
};

/* Every event of the batch, one line each (tasks within their events; a task
 * without events as a line of its own). */
void event_json_batch(struct buf *out, const struct batch *b);
/* One attempt or outcome of a batch, without the newline. */
void event_json_attempt(struct buf *out, const struct batch *b, size_t i);
void event_json_outcome(struct buf *out, const struct batch *b, size_t i);

/* Read one own line into a batch. RC_BAD: which field and why; RC_BUSY: the
 * batch is full. */
enum rc event_json_add(struct batch *b, const struct json *line,
		       struct arena *a, struct err *e) MUST_CHECK;

#endif
