/* What Langfuse says of calls and verdicts, in one place for its exports
 * (import_langfuse.c) and for what its clients send (ep_langfuse.c).
 *
 * usageDetails are disjoint buckets (also reasoning beside output);
 * promptTokens and completionTokens, or usage, are what older versions have. A
 * trace is a task; an observation is a step. */
#ifndef ACO_LANGFUSE_H
#define ACO_LANGFUSE_H

#include "ingest/native.h"
#include "ledger/base/json.h"
#include "ledger/event.h"

/* One observation, perhaps told in parts: what a later part says wins. */
#define LANGFUSE_PARTS 4
struct langfuse_view {
	const struct json *v[LANGFUSE_PARTS];
	int n;
};
const struct json *langfuse_get(const struct langfuse_view *o, const char *key);
/* Absent when empty. */
struct str langfuse_text(const struct langfuse_view *o, const char *key,
			 struct arena *a);

/* A model call; `out` is initialised. False: its id is missing. *trace is the
 * task's id. *bad_counts: a token count is no whole number. */
bool langfuse_call(const struct langfuse_view *o, struct arena *a,
		   struct str *trace, struct ev_attempt *out, bool *bad_counts);

/* A score; NULL, or why it is none. From 0 to 1 it is a success; another
 * number, a category or a text is a label. */
const char *langfuse_score(const struct langfuse_view *o, struct arena *a,
			   struct str *trace, struct ev_outcome *out);

struct langfuse_counts {
	int64_t attempts, outcomes, tasks, refused;
};
/* POST /api/public/ingestion: a batch of events; `answer` gets the body of
 * the 207. RC_BAD: not such a batch. RC_BUSY, RC_DOWN: the sink's. */
enum rc langfuse_batch(struct str body, const struct native_ask *ask,
		       const struct sink *sink, struct buf *answer,
		       struct langfuse_counts *counts,
		       struct err *e) MUST_CHECK;
/* POST /api/public/scores: one score. */
enum rc langfuse_one_score(struct str body, const struct native_ask *ask,
			   const struct sink *sink, struct buf *answer,
			   struct err *e) MUST_CHECK;

#endif
