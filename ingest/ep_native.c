/* POST /v1/events and POST /v1/outcomes. */
#include "ingest/ep_native.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"

#define JSON         "application/json"
#define ANSWER_MAX   65536
#define SAME_AS_MAX  256
#define STATUS_OK    200
#define STATUS_BAD   400
#define STATUS_LATER 503

/* ---- what is shared ---- */

void ep_json_error(struct http_req *r, int status, const struct err *e,
		   struct buf *body, const char **ctype)
{
	struct json_out o;

	(void)r;
	(void)status;
	*ctype = JSON;
	json_out_init(&o, body);
	json_out_obj(&o, NULL);
	json_out_str(&o, "error", str_from(e->msg));
	if (e->hint[0])
		json_out_str(&o, "hint", str_from(e->hint));
	json_out_end(&o, '}');
}

const struct class_rules *ep_rules(const struct conf *conf)
{
	static char *text;
	static struct class_rules *rules;
	struct class_rules *now;
	struct err e;

	if (text && !strcmp(text, conf->class_rules))
		return rules;
	free(text);
	text = xstrdup(conf->class_rules);
	if (class_rules_parse(&now, text, &e)) {
		log_line(LOG_ERROR, "native", "class rules are not used",
			 "detail=%s", log_quote(e.msg));
		return rules;
	}
	class_rules_free(rules);
	rules = now;
	return rules;
}

static bool query_has(struct str query, const char *pair)
{
	const char *p = query.p, *end = query.p + query.len;

	while (query.len && p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		struct str s = {p, (size_t)((amp ? amp : end) - p)};

		if (str_is(s, pair))
			return true;
		p = amp ? amp + 1 : end;
	}
	return false;
}

void ep_native_ask(struct http_req *r, struct worker *w, const char *source,
		   struct native_ask *ask)
{
	const struct auth_key *key = worker_key(r);
	struct str query = http_query(r);

	*ask = (struct native_ask){
		.rules = ep_rules(w->conf),
		.from = {.source = str_from(source),
			 .peer = http_peer(r),
			 .path = http_path(r),
			 .received_us = clock_now_us()},
		.same_as = http_header(r, "idempotency-key"),
		.ctype = http_content_type(r),
		.partial = query_has(query, "partial=1") ||
			   query_has(query, "partial=true"),
	};
	if (key) {
		ask->from.team = key->team;
		ask->from.class_name = key->class_name;
	}
}

void ep_refuse(struct http_req *r, enum rc rc, const struct err *e)
{
	int status = rc == RC_BAD ? STATUS_BAD : STATUS_LATER;

	if (status == STATUS_LATER)
		http_reply_header(r, "Retry-After", STR("1"));
	http_reply_err(r, status, e);
}

/* An answer that waits; its place is the request's scratch. */
struct waiting {
	struct buf json;
	int status;
};
_Static_assert(sizeof(struct waiting) <= 64, "more than http_scratch() has");

static void on_safe(void *arg, enum rc rc, const struct err *e)
{
	struct http_req *r = arg;
	struct waiting *w = http_scratch(r);
	struct buf json = w->json;
	int status = w->status;

	/* The scratch goes with the request. */
	if (rc)
		ep_refuse(r, rc == RC_BUG ? RC_DOWN : rc, e);
	else
		http_reply(r, status, JSON, (struct str){json.p, json.len});
	buf_release(&json);
}

void ep_answer_safe(struct http_req *r, struct ticket *t, int status,
		    struct buf *json_owned)
{
	struct waiting *w = http_scratch(r);

	w->json = *json_owned;
	w->status = status;
	ticket_commit(t, on_safe, r);
}

/* ---- the endpoints ---- */

static void answer(struct http_req *r, struct ticket *t, enum rc rc,
		   const struct native_answer *a, const struct err *e)
{
	struct buf json;

	if (rc && rc != RC_BAD) {
		ticket_cancel(t);
		ep_refuse(r, rc, e);
		return;
	}
	stat_add(STAT_REJECTED, a->rejected);
	buf_init(&json, ANSWER_MAX);
	native_answer_json(a, rc, e, &json);
	if (!rc) {
		ep_answer_safe(r, t, STATUS_OK, &json);
		return;
	}
	ticket_cancel(t);
	http_reply(r, STATUS_BAD, JSON, (struct str){json.p, json.len});
	buf_release(&json);
}

static void serve(struct http_req *r, struct worker *w, native_read *read)
{
	struct native_answer out = {0};
	struct native_ask ask;
	struct ticket *t;
	struct err e = {"", ""};
	enum rc rc;

	ep_native_ask(r, w, "native", &ask);
	if (ask.same_as.len > SAME_AS_MAX) {
		err_set(&e, RC_BAD, "Idempotency-Key has more than %d bytes",
			SAME_AS_MAX);
		ep_refuse(r, RC_BAD, &e);
		return;
	}
	t = intake_begin(w->intake);
	if (!t) {
		err_set(&e, RC_BUSY, "too much waits to be written");
		ep_refuse(r, RC_BUSY, &e);
		return;
	}
	rc = read(http_body(r), &ask, ticket_sink(t), &out, &e);
	http_body_release(r);
	if (!rc) {
		stat_add(STAT_CALLS_NATIVE, out.attempts);
		stat_add(STAT_OUTCOMES, out.outcomes);
	}
	answer(r, t, rc, &out, &e);
}

static void post_events(struct http_req *r, void *arg)
{
	serve(r, arg, native_events);
}

static void post_outcomes(struct http_req *r, void *arg)
{
	serve(r, arg, native_outcomes);
}

const struct http_route ep_native[] = {
	{.method = "POST",
	 .path = "/v1/events",
	 .cap = HTTP_CAP_TELEMETRY,
	 .need = HTTP_NEED_INGEST,
	 .inflate = true,
	 .handle = post_events,
	 .error = ep_json_error},
	{.method = "POST",
	 .path = "/v1/outcomes",
	 .cap = HTTP_CAP_SMALL,
	 .need = HTTP_NEED_OUTCOME,
	 .inflate = true,
	 .handle = post_outcomes,
	 .error = ep_json_error},
	{.method = NULL},
};
