/* OTLP over HTTP: POST /v1/traces, /v1/logs, /v1/metrics; the same below
 * /api/public/otel, where Langfuse clients post; and traces to /, where a
 * client ends that was given an address for its signal without a path.
 *
 * A client retries 429, 502, 503 and 504 only, and drops what any other error
 * refuses. So a body that can never be taken is 400 or 415, and whatever may
 * pass (queue full, disk full, database away) is 503. */
#include <stdio.h>
#include <stdlib.h>

#include "ingest/serve.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

#define ITEM_BYTES ((size_t)32 << 20) /* one span, its resource, its scope */
#define REPLY_MAX  4096

/* What the answer needs when the events are safe: in the request's scratch. */
struct wait {
	char *why; /* or NULL */
	int64_t rejected;
	enum otlp_signal signal;
	enum otlp_encoding enc;
};
_Static_assert(sizeof(struct wait) <= 64, "more than http_scratch() has");

/* The request's encoding; false: neither of ours. */
static bool encoding(const struct http_req *r, enum otlp_encoding *enc)
{
	struct str type = http_content_type(r);

	*enc = str_is(type, "application/x-protobuf") ? OTLP_PROTOBUF
						      : OTLP_JSON;
	return *enc == OTLP_PROTOBUF || str_is(type, "application/json");
}

/* Errors, ours and the server's: google.rpc.Status. */
static void on_error(struct http_req *r, int status, const struct err *e,
		     struct buf *body, const char **ctype)
{
	enum otlp_encoding enc;
	char text[sizeof(e->msg) + sizeof(e->hint) + 4];

	encoding(r, &enc);
	snprintf(text, sizeof(text), "%s%s%s%s", e->msg, e->hint[0] ? " (" : "",
		 e->hint, e->hint[0] ? ")" : "");
	otlp_status(body, enc, status, text);
	*ctype = otlp_content_type(enc);
}

/* ---- browsers ---- */

static bool is_local_origin(struct str origin)
{
	static const char *const starts[] = {
		"http://localhost",  "https://localhost", "http://127.0.0.1",
		"https://127.0.0.1", "http://[::1]",      "https://[::1]"};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t n = strlen(starts[i]);

		if (str_starts(origin, starts[i]) &&
		    (origin.len == n || origin.p[n] == ':'))
			return true;
	}
	return false;
}

/* A page may post from this machine; from elsewhere only where a key is asked
 * for, or any page that somebody looks at could write into the ledger. */
static bool cors(struct http_req *r, const struct worker *w)
{
	struct str origin = http_header(r, "origin");

	if (!origin.len || (strcmp(w->conf->keys, "required") != 0 &&
			    !is_local_origin(origin)))
		return false;
	http_reply_header(r, "Access-Control-Allow-Origin", origin);
	http_reply_header(r, "Vary", STR("Origin"));
	return true;
}

static void on_options(struct http_req *r, void *arg)
{
	http_reply_header(r, "Allow", STR("POST, OPTIONS"));
	if (cors(r, arg)) {
		http_reply_header(r, "Access-Control-Allow-Methods",
				  STR("POST, OPTIONS"));
		http_reply_header(r, "Access-Control-Allow-Headers",
				  STR("Content-Type, Content-Encoding, "
				      "Authorization, X-Api-Key, X-Aco-Key"));
		http_reply_header(r, "Access-Control-Max-Age", STR("86400"));
	}
	http_reply(r, 204, NULL, STR(""));
}

/* ---- answers ---- */

static void refuse(struct http_req *r, int status, const struct err *e)
{
	if (status == 503)
		http_reply_header(r, "Retry-After", STR("1"));
	http_reply_err(r, status, e);
}

static int status_of(enum rc rc)
{
	return rc == RC_BAD ? 400 : rc == RC_BUG ? 500 : 503;
}

static void succeed(struct http_req *r, const struct wait *w)
{
	struct buf body;

	buf_init(&body, REPLY_MAX);
	otlp_success(&body, w->signal, w->enc, w->rejected, w->why);
	http_reply(r, 200, otlp_content_type(w->enc),
		   (struct str){buf_str(&body), body.len});
	buf_release(&body);
}

/* The events are in the ledger or in the spool, or cannot be. */
static void on_safe(void *arg, enum rc rc, const struct err *e)
{
	struct http_req *r = arg;
	struct wait w = *(struct wait *)http_scratch(r);

	if (rc == RC_OK)
		succeed(r, &w);
	else
		refuse(r, status_of(rc == RC_BUG ? RC_DOWN : rc), e);
	free(w.why);
}

/* ---- requests ---- */

static void count(enum otlp_signal signal, const struct meaning_counts *n,
		  int64_t rejected)
{
	stat_add(signal == OTLP_LOGS ? STAT_CALLS_LOGS : STAT_CALLS_TRACES,
		 n->calls);
	stat_add(STAT_OUTCOMES, n->outcomes);
	stat_add(STAT_IGNORED, n->ignored);
	stat_add(STAT_REJECTED, rejected);
}

/* What the client is told of a request that was taken; NULL: nothing. */
static char *remark(const struct otlp_result *res,
		    const struct meaning_counts *n)
{
	if (n->dead)
		return xasprintf("%s%s%lld events were refused and kept as "
				 "dead letters",
				 res->why, res->why[0] ? "; " : "",
				 (long long)n->dead);
	return res->why[0] ? xstrdup(res->why) : NULL;
}

/* Decode and understand: all events of the body go to the sink. */
static enum rc take(struct worker *w, struct http_req *r, struct wait *wait,
		    const struct sink *sink, struct err *e)
{
	const struct auth_key *key = worker_key(r);
	struct origin from = {.source = STR("otlp"),
			      .peer = http_peer(r),
			      .path = http_path(r),
			      .received_us = clock_now_us()};
	struct meaning_counts counts = {0};
	struct otlp_result res;
	struct arena scratch;
	enum rc rc;

	if (key) {
		from.team = key->team;
		from.class_name = key->class_name;
	}
	arena_init(&scratch, ITEM_BYTES);
	meaning_begin(w->meaning, &from);
	rc = otlp_decode(wait->signal, wait->enc, http_body(r), &scratch,
			 meaning_visitor(w->meaning), &res, e);
	arena_release(&scratch);
	if (rc != RC_OK)
		return rc;
	http_body_release(r);
	rc = meaning_end(w->meaning, sink, &counts, e);
	if (rc != RC_OK)
		return rc;
	count(wait->signal, &counts, res.rejected);
	wait->rejected = res.rejected;
	wait->why = remark(&res, &counts);
	return RC_OK;
}

static void post(struct http_req *r, struct worker *w, enum otlp_signal signal)
{
	struct wait *wait = http_scratch(r);
	struct ticket *t;
	struct err e = {"", ""};
	bool known;
	enum rc rc;

	cors(r, w);
	*wait = (struct wait){.signal = signal};
	known = encoding(r, &wait->enc);
	if (!http_body(r).len) {
		succeed(r, wait);
		return;
	}
	if (!known) {
		err_set(&e, RC_BAD,
			"Content-Type must be application/x-protobuf or "
			"application/json");
		refuse(r, 415, &e);
		return;
	}
	t = intake_begin(w->intake);
	if (!t) {
		err_set(&e, RC_BUSY, "the queue is full");
		refuse(r, 503, &e);
		return;
	}
	rc = take(w, r, wait, ticket_sink(t), &e);
	if (rc != RC_OK) {
		ticket_cancel(t);
		refuse(r, status_of(rc), &e);
		return;
	}
	ticket_commit(t, on_safe, r);
}

static void post_traces(struct http_req *r, void *arg)
{
	post(r, arg, OTLP_TRACES);
}

static void post_logs(struct http_req *r, void *arg)
{
	post(r, arg, OTLP_LOGS);
}

static void post_metrics(struct http_req *r, void *arg)
{
	post(r, arg, OTLP_METRICS);
}

#define TAKES                                                                  \
	.method = "POST", .cap = HTTP_CAP_TELEMETRY, .need = HTTP_NEED_INGEST, \
	.inflate = true, .error = on_error
#define ASKED                                                                  \
	.method = "OPTIONS", .cap = HTTP_CAP_NONE, .need = HTTP_OPEN,          \
	.handle = on_options

const struct http_route ep_otlp[] = {
	{TAKES, .path = "/v1/traces", .handle = post_traces},
	{TAKES, .path = "/v1/logs", .handle = post_logs},
	{TAKES, .path = "/v1/metrics", .handle = post_metrics},
	{TAKES, .path = "/api/public/otel/v1/traces", .handle = post_traces},
	{TAKES, .path = "/api/public/otel/v1/logs", .handle = post_logs},
	{TAKES, .path = "/api/public/otel/v1/metrics", .handle = post_metrics},
	{TAKES, .path = "/", .handle = post_traces},
	{ASKED, .path = "/v1/traces"},
	{ASKED, .path = "/v1/logs"},
	{ASKED, .path = "/v1/metrics"},
	{ASKED, .path = "/api/public/otel/v1/traces"},
	{ASKED, .path = "/api/public/otel/v1/logs"},
	{ASKED, .path = "/api/public/otel/v1/metrics"},
	{ASKED, .path = "/"},
	{.method = NULL},
};
