#include "tests/unit/mock_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"

static void too_late(void *arg)
{
	struct mock_world *w = arg;

	w->late = true;
	loop_stop(w->l);
}

void mock_world_open(struct mock_world *w)
{
	static const struct http_route *const routes[] = {mock_routes, NULL};
	struct up_limits lim = {.per_origin = 4,
				.idle_us = 60 * US_PER_SEC,
				.head_bytes = 16384};
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct http_opts o = {.routes = routes};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	char url[64];
	struct err e;

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	w->l = loop_new();
	w->deadline = loop_timer_new(w->l, too_late, w);
	assert_int_equal(mock_new(&w->m, w->l, &w->conf, &e), RC_OK);
	http_limits_default(&o.limits);
	o.arg = w->m;
	assert_int_equal(http_server_new(&w->s, w->l, fd, &o, &e), RC_OK);
	w->u = upstream_new(w->l, &lim, &e);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", ntohs(at.sin_port));
	assert_int_equal(up_origin_parse(&w->origin, str_from(url), &e), RC_OK);
}

void mock_world_init(struct mock_world *w)
{
	memset(w, 0, sizeof(*w));
	mock_conf_default(&w->conf);
}

void mock_world_release(struct mock_world *w)
{
	upstream_free(w->u);
	http_server_free(w->s);
	mock_free(w->m);
	loop_timer_free(w->deadline);
	loop_free(w->l);
}

static void keep(char *out, const struct up_header *h, const char *name)
{
	if (str_is(h->name, name))
		snprintf(out, 32, "%.*s", STR_ARG(h->value));
}

static void on_head(void *arg, int status, const struct up_header *h, int n)
{
	struct got *g = arg;

	g->status = status;
	meter_status(g->meter, status);
	for (int i = 0; i < n; i++) {
		keep(g->retry_after, &h[i], "retry-after");
		keep(g->retry_ms, &h[i], "retry-after-ms");
		keep(g->should_retry, &h[i], "x-should-retry");
		if (str_is(h[i].name, "Content-Type"))
			g->events = str_starts(h[i].value, "text/event");
	}
}

static void take_events(struct got *g)
{
	struct sse_event ev;

	while (sse_next(&g->sse, &ev))
		meter_event(g->meter, &ev);
}

static bool on_data(void *arg, const char *p, size_t n)
{
	struct got *g = arg;

	buf_add(&g->body, p, n);
	if (!g->events) {
		meter_body(g->meter, p, n);
		return true;
	}
	sse_give(&g->sse, p, n);
	take_events(g);
	return true;
}

static void on_end(void *arg, enum up_end how, bool sent, const struct err *e)
{
	struct got *g = arg;

	(void)sent;
	(void)e;
	g->how = how;
	g->over = true;
	sse_end(&g->sse);
	take_events(g);
	meter_finish(g->meter, how != UP_DONE, &g->r);
	loop_stop(g->w->l);
}

void mock_call(struct got *g, struct mock_world *w, const char *method,
	       const char *path, const char *body, const char *mock)
{
	static const struct up_calls calls = {on_head, on_data, on_end};
	struct up_header h = {STR("x-mock"), str_from(mock)};
	int64_t patience =
		mock && strstr(mock, "stall") ? 100000 : 15 * US_PER_SEC;
	struct up_ask ask = {.origin = &w->origin,
			     .method = str_from(method),
			     .target = str_from(path),
			     .body = str_from(body),
			     .headers = &h,
			     .n_headers = mock != NULL,
			     .first_byte_us = patience,
			     .silence_us = patience};
	struct err e;

	memset(g, 0, sizeof(*g));
	g->w = w;
	g->wire = strstr(path, "messages")     ? WIRE_ANTHROPIC
		  : strstr(path, "responses")  ? WIRE_OPENAI_RESPONSES
		  : strstr(path, "embeddings") ? WIRE_OPENAI_EMBEDDINGS
					       : WIRE_OPENAI_CHAT;
	arena_init(&g->a, MODEL_ARENA);
	if (body)
		(void)!model_request_read(&g->req, g->wire, str_from(body),
					  &g->a, &e);
	g->meter = meter_new(g->wire, &g->req);
	sse_init(&g->sse, 1 << 20);
	buf_init(&g->body, 4 << 20);
	loop_timer_set(w->deadline, 20 * US_PER_SEC);
	assert_non_null(up_start(w->u, &ask, &calls, g, &e));
	loop_run(w->l);
	assert_false(w->late);
	assert_true(g->over);
}

void got_release(struct got *g)
{
	meter_free(g->meter);
	sse_release(&g->sse);
	buf_release(&g->body);
	arena_release(&g->a);
}
