/* POST /v1/route: what the router would choose, without a call. Nothing is
 * recorded, nothing of the question is kept. */
#include "ingest/bundle_watch.h"
#include "ingest/class_rule.h"
#include "ingest/ep_native.h"
#include "ingest/gw_int.h"
#include "router/route_query.h"

#define ANSWER_MAX (4 << 20)

/* Prices as the gateway knows them. */
static const struct price_book *book_of(const struct worker *w)
{
	if (!w->gateway || !w->gateway->models)
		return NULL;
	return gw_models_now(w->gateway->models)->book;
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
