/* Bodies of /v1/events, /v1/outcomes and of Langfuse; the first byte chooses
 * which, the content type, and whether good events are taken from a bad body.
 * Counts must add up, what is taken must be what the sink was given, a body
 * that is refused whole must have given nothing, and the same body again must
 * give the same names. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/langfuse.h"
#include "ingest/native.h"
#include "ledger/base/clock.h"
#include "ledger/batch.h"

#define NOW INT64_C(1800000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t given;

static enum rc put_task(void *arg, const struct ev_task *t, struct err *e)
{
	uint32_t index;
	enum rc rc = batch_task(arg, t, &index, e);

	given += !rc;
	return rc;
}

static enum rc put_attempt(void *arg, const struct ev_task *t,
			   const struct ev_attempt *a, struct err *e)
{
	struct ev_attempt copy = *a;
	enum rc rc = batch_task(arg, t, &copy.task, e);

	if (!rc)
		rc = batch_attempt(arg, &copy, e);
	given += !rc;
	return rc;
}

static enum rc put_outcome(void *arg, const struct ev_task *t,
			   const struct ev_outcome *o, struct err *e)
{
	struct ev_outcome copy = *o;
	enum rc rc = batch_task(arg, t, &copy.task, e);

	if (!rc)
		rc = batch_outcome(arg, &copy, e);
	given += !rc;
	return rc;
}

static enum rc read_body(uint8_t how, struct str body, struct batch *b,
			 struct native_answer *out, int64_t received_us)
{
	const struct sink sink = {.task = put_task,
				  .attempt = put_attempt,
				  .outcome = put_outcome,
				  .arg = b};
	const struct native_ask ask = {
		.from = {.source = STR("native"), .received_us = received_us},
		.same_as = how & 8 ? STR("again") : STR_NONE,
		.ctype = how & 2 ? STR("application/x-ndjson") : STR_NONE,
		.partial = how & 4,
	};
	struct err e = {"", ""};
	enum rc rc;

	given = 0;
	rc = how & 1 ? native_outcomes(body, &ask, &sink, out, &e)
		     : native_events(body, &ask, &sink, out, &e);
	if (rc && !e.msg[0])
		abort();
	if (given != (rc && !ask.partial ? 0 : out->accepted))
		abort();
	return rc;
}

static void same(const struct batch *a, const struct batch *b, bool outcomes)
{
	if (a->n_attempts != b->n_attempts || a->n_outcomes != b->n_outcomes)
		abort();
	for (size_t i = 0; i < a->n_attempts; i++) {
		if (!uuid_eq(a->attempts[i].e.keys[0],
			     b->attempts[i].e.keys[0]))
			abort();
	}
	for (size_t i = 0; outcomes && i < a->n_outcomes; i++) {
		if (!uuid_eq(a->outcomes[i].id, b->outcomes[i].id))
			abort();
	}
}

static void langfuse(struct str body)
{
	struct batch *b = batch_new(8 << 20);
	const struct sink sink = {.task = put_task,
				  .attempt = put_attempt,
				  .outcome = put_outcome,
				  .arg = b};
	const struct native_ask ask = {.from = {.received_us = NOW}};
	struct langfuse_counts counts;
	struct buf answer;
	struct err e = {"", ""};
	enum rc rc;

	buf_init(&answer, 1 << 20);
	given = 0;
	rc = langfuse_batch(body, &ask, &sink, &answer, &counts, &e);
	if (given != counts.attempts + counts.outcomes + counts.tasks ||
	    (rc && !e.msg[0]) || (!rc && !answer.len))
		abort();
	buf_clear(&answer);
	if (langfuse_one_score(body, &ask, &sink, &answer, &e) && !e.msg[0])
		abort();
	buf_release(&answer);
	batch_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct native_answer one, two;
	struct batch *a, *b;
	struct buf json;
	struct str body;
	enum rc rc;

	if (!size)
		return 0;
	clock_fix(NOW);
	body = (struct str){(const char *)data + 1, size - 1};
	if (data[0] & 64) {
		langfuse(body);
		return 0;
	}
	a = batch_new(8 << 20);
	b = batch_new(8 << 20);
	rc = read_body(data[0], body, a, &one, NOW - 5);
	if (rc != RC_BUSY) {
		if (read_body(data[0], body, b, &two, NOW) != rc)
			abort();
		/* Without a word of their own, verdicts differ by time. */
		same(a, b, data[0] & 8);
	}
	buf_init(&json, 65536);
	native_answer_json(&one, RC_OK, NULL, &json);
	if (!buf_ok(&json))
		abort();
	buf_release(&json);
	batch_free(a);
	batch_free(b);
	return 0;
}
