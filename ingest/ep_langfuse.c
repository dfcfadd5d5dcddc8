/* What Langfuse's clients call beside OTLP (which is in ep_otlp.c):
 *
 *   POST /api/public/ingestion   traces, generations and scores, as older
 *                                clients send them; answered 207
 *   POST /api/public/scores      one score
 *   GET  /api/public/health      for a client's check
 *   GET  /api/public/projects    the same, with a key
 *
 * There is nothing else of its interface: nothing can be read back (traces,
 * observations, sessions, datasets, prompts, media), and scores cannot be
 * deleted. A client that asks for such gets 404. */
#include "ingest/langfuse.h"

#include "ingest/ep_native.h"
#include "ledger/base/cmd.h"

#define JSON         "application/json"
#define ANSWER_MAX   ((size_t)16 << 20)
#define STATUS_OK    200
#define STATUS_MULTI 207

static struct ticket *begin(struct http_req *r, struct worker *w,
			    struct native_ask *ask)
{
	struct ticket *t = intake_begin(w->intake);
	struct err e;

	if (!t) {
		err_set(&e, RC_BUSY, "too much waits to be written");
		ep_refuse(r, RC_BUSY, &e);
		return NULL;
	}
	ep_native_ask(r, w, "langfuse", ask);
	return t;
}

static void finish(struct http_req *r, struct ticket *t, enum rc rc, int status,
		   struct buf *answer, const struct err *e)
{
	http_body_release(r);
	if (!rc) {
		ep_answer_safe(r, t, status, answer);
		return;
	}
	ticket_cancel(t);
	buf_release(answer);
	ep_refuse(r, rc, e);
}

static void post_ingestion(struct http_req *r, void *arg)
{
	struct langfuse_counts counts;
	struct native_ask ask;
	struct ticket *t = begin(r, arg, &ask);
	struct err e = {"", ""};
	struct buf answer;
	enum rc rc;

	if (!t)
		return;
	buf_init(&answer, ANSWER_MAX);
	rc = langfuse_batch(http_body(r), &ask, ticket_sink(t), &answer,
			    &counts, &e);
	stat_add(STAT_REJECTED, counts.refused);
	if (!rc) {
		stat_add(STAT_CALLS_NATIVE, counts.attempts);
		stat_add(STAT_OUTCOMES, counts.outcomes);
	}
	finish(r, t, rc, STATUS_MULTI, &answer, &e);
}

static void post_score(struct http_req *r, void *arg)
{
	struct native_ask ask;
	struct ticket *t = begin(r, arg, &ask);
	struct err e = {"", ""};
	struct buf answer;
	enum rc rc;

	if (!t)
		return;
	buf_init(&answer, ANSWER_MAX);
	rc = langfuse_one_score(http_body(r), &ask, ticket_sink(t), &answer,
				&e);
	if (!rc)
		stat_add(STAT_OUTCOMES, 1);
	finish(r, t, rc, STATUS_OK, &answer, &e);
}

static void get_health(struct http_req *r, void *arg)
{
	(void)arg;
	http_reply(r, STATUS_OK, JSON,
		   STR("{\"status\":\"OK\",\"version\":\"" ACO_VERSION "\"}"));
}

static void get_projects(struct http_req *r, void *arg)
{
	(void)arg;
	http_reply(r, STATUS_OK, JSON,
		   STR("{\"data\":[{\"id\":\"aco\",\"name\":\"aco\","
		       "\"organization\":{\"id\":\"aco\",\"name\":\"aco\"},"
		       "\"metadata\":{}}]}"));
}

const struct http_route ep_langfuse[] = {
	{.method = "POST",
	 .path = "/api/public/ingestion",
	 .cap = HTTP_CAP_TELEMETRY,
	 .need = HTTP_NEED_INGEST,
	 .inflate = true,
	 .handle = post_ingestion,
	 .error = ep_json_error},
	{.method = "POST",
	 .path = "/api/public/scores",
	 .cap = HTTP_CAP_SMALL,
	 .need = HTTP_NEED_OUTCOME,
	 .inflate = true,
	 .handle = post_score,
	 .error = ep_json_error},
	{.method = "GET",
	 .path = "/api/public/health",
	 .cap = HTTP_CAP_NONE,
	 .need = HTTP_OPEN,
	 .handle = get_health,
	 .error = ep_json_error},
	{.method = "GET",
	 .path = "/api/public/projects",
	 .cap = HTTP_CAP_NONE,
	 .need = HTTP_NEED_INGEST,
	 .handle = get_projects,
	 .error = ep_json_error},
	{.method = NULL},
};
