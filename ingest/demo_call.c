/* A call over HTTP that is waited for: the gateway's own client, on a loop
 * that runs until the reply is whole. */
#include <string.h>

#include "ingest/demo.h"
#include "ingest/loop.h"
#include "ingest/upstream.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

#define HEADERS_MAX 16
#define SILENCE_US  (30 * US_PER_SEC)

struct demo_client {
	struct loop *loop;
	struct upstream *up;
	struct up_origin origin;
	struct demo_reply *reply; /* of the call under way */
};

struct demo_client *demo_client_new(const char *address, struct err *e)
{
	const struct up_limits limits = {.per_origin = 1,
					 .idle_us = 10 * US_PER_SEC,
					 .head_bytes = 65536};
	struct demo_client *c = xcalloc(1, sizeof(*c));
	char *url = xasprintf("http://%s", address);

	if (!up_origin_parse(&c->origin, str_from(url), e)) {
		c->loop = loop_new();
		c->up = upstream_new(c->loop, &limits, e);
	}
	free(url);
	if (c->up)
		return c;
	demo_client_free(c);
	return NULL;
}

void demo_client_free(struct demo_client *c)
{
	if (!c)
		return;
	if (c->up)
		upstream_free(c->up);
	if (c->loop)
		loop_free(c->loop);
	free(c);
}

static void on_head(void *arg, int status, const struct up_header *h, int n)
{
	struct demo_client *c = arg;
	struct demo_reply *r = c->reply;

	r->status = status;
	for (int i = 0; i < n; i++) {
		if (str_is(h[i].name, "x-aco-model") &&
		    h[i].value.len < sizeof(r->model)) {
			memcpy(r->model, h[i].value.p, h[i].value.len);
			r->model[h[i].value.len] = 0;
		}
	}
}

static bool on_data(void *arg, const char *p, size_t n)
{
	struct demo_client *c = arg;

	buf_add(&c->reply->body, p, n);
	return true;
}

static void on_end(void *arg, enum up_end how, bool sent, const struct err *e)
{
	struct demo_client *c = arg;

	(void)sent;
	(void)e;
	if (how != UP_DONE)
		c->reply->status = 0;
	loop_stop(c->loop);
}

void demo_post(struct demo_client *c, const char *target,
	       const char *const *headers, struct str body,
	       struct demo_reply *out)
{
	static const struct up_calls calls = {on_head, on_data, on_end};
	struct up_header h[HEADERS_MAX];
	struct up_ask ask = {
		.origin = &c->origin,
		.method = STR("POST"),
		.target = str_from(target),
		.headers = h,
		.body = body,
		.connect_us = 5 * US_PER_SEC,
		.first_byte_us = SILENCE_US,
		.silence_us = SILENCE_US,
	};
	struct err e;

	for (; headers[0] && ask.n_headers < HEADERS_MAX; headers += 2)
		h[ask.n_headers++] = (struct up_header){str_from(headers[0]),
							str_from(headers[1])};
	c->reply = out;
	out->status = 0;
	out->model[0] = 0;
	buf_clear(&out->body);
	if (up_start(c->up, &ask, &calls, c, &e))
		loop_run(c->loop);
}
