/* POST /v1/route: what the router would choose, without a call. Nothing is
 * recorded, nothing of the question is kept. */
#include <math.h>

#include "ingest/bundle_watch.h"
#include "ingest/class_rule.h"
#include "ingest/ep_native.h"
#include "ingest/gw_int.h"
#include "ledger/batch.h"
#include "router/route_query.h"

#define ANSWER_MAX (4 << 20)

/* Prices as the gateway knows them. */
static const struct price_book *book_of(const struct worker *w)
{
	if (!w->gateway || !w->gateway->models)
		return NULL;
	return gw_models_now(w->gateway->models)->book;
}

/* The steps of the run that was tried last, as they came through here. */
static void add_run(const struct worker *w, struct route_query *q)
{
	float known[EVIDENCE_N], *v;
	struct gw_last last;
	struct uuid task;

	if (!w->gateway || !q->task.len || !q->ask.n_tried)
		return;
	task = task_id_of(q->sender.len ? q->sender : STR("gateway"), q->task);
	if (!gw_session_get(w->gateway->sessions, task, &last) ||
	    !str_eq(q->arms[q->tried[q->ask.n_tried - 1].arm].model,
		    str_from(last.model)))
		return;
	for (int i = 0; i < EVIDENCE_N; i++)
		known[i] = NAN;
	evidence_run_values(&last.run, known);
	if (!evidence_run_known(known, EVIDENCE_N))
		return;
	v = route_query_evidence(q);
	for (int i = 0; i < EVIDENCE_N; i++)
		if (isnan(v[i]))
			v[i] = known[i];
}

static void post_route(struct http_req *r, void *arg)
{
	static struct route_query q; /* a worker has one thread */
	const struct worker *w = arg;
	const struct bundle *b = w->gateway
					 ? bundle_watch_now(w->gateway->bundles)
					 : bundle_shipped();
	struct buf out;
	struct err e;

	buf_init(&out, ANSWER_MAX);
	if (route_query_read(&q, http_body(r), b, book_of(arg),
			     class_guess_text, &e)) {
		http_reply_err(r, 400, &e);
	} else {
		add_run(w, &q);
		route_query_answer(
			&q, b, str_contains(http_query(r), "explain"), &out);
		http_reply_header(r, "Cache-Control", STR("no-store"));
		http_reply(r, 200, GW_JSON,
			   (struct str){buf_str(&out), out.len});
	}
	route_query_release(&q);
	buf_release(&out);
}

const struct http_route ep_route[] = {
	{"POST", "/v1/route", HTTP_CAP_SMALL, HTTP_NEED_GATEWAY, true,
	 post_route, ep_json_error},
	{.method = NULL},
};
