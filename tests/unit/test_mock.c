/* The mock provider, called through the client and metered: server and client
 * on one loop. What each protocol must say is checked by the same meter that
 * reads true providers. */
#include "ingest/mock.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "ingest/http.h"
#include "ingest/loop.h"
#include "ingest/meter.h"
#include "ingest/upstream.h"
#include "ledger/base/clock.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

struct world {
	struct loop *l;
	struct loop_timer *deadline;
	struct mock_conf conf;
	struct mock *m;
	struct http_server *s;
	struct upstream *u;
	struct up_origin origin;
	bool late;
};

/* One call and what came of it. */
struct got {
	struct world *w;
	enum wire wire;
	struct model_request req;
	struct arena a;
	struct meter *meter;
	struct sse sse;
	struct model_reply r;
	struct buf body;
	int status;
	bool events, over;
	char retry_after[32], retry_ms[32], should_retry[32];
	enum up_end how;
};

static void too_late(void *arg)
{
	struct world *w = arg;

	w->late = true;
	loop_stop(w->l);
}

static void world_open(struct world *w)
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

static void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	mock_conf_default(&w->conf);
}

static void world_release(struct world *w)
{
	upstream_free(w->u);
	http_server_free(w->s);
	mock_free(w->m);
	loop_timer_free(w->deadline);
	loop_free(w->l);
}

/* ---- calls ---- */

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

static void call(struct got *g, struct world *w, const char *method,
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

static void got_release(struct got *g)
{
	meter_free(g->meter);
	sse_release(&g->sse);
	buf_release(&g->body);
	arena_release(&g->a);
}

static void expect_str(struct str s, const char *want)
{
	if (s.len != strlen(want) || memcmp(s.p, want, s.len) != 0)
		fail_msg("'%.*s', not '%s'", STR_ARG(s), want);
}

/* ---- well ---- */

static const struct {
	const char *path, *body, *finish;
} calls[] = {
	{"/v1/chat/completions",
	 "{\"model\":\"mock-90\",\"messages\":[{\"role\":\"user\","
	 "\"content\":\"hi\"}],\"logprobs\":true,\"top_logprobs\":3}",
	 "stop"},
	{"/v1/chat/completions",
	 "{\"model\":\"mock-90\",\"messages\":[{\"role\":\"user\","
	 "\"content\":\"hi\"}],\"logprobs\":true,\"top_logprobs\":3,"
	 "\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
	 "stop"},
	{"/v1/responses",
	 "{\"model\":\"mock-90\",\"input\":\"hi\",\"include\":["
	 "\"message.output_text.logprobs\"],\"top_logprobs\":2}",
	 "completed"},
	{"/v1/responses",
	 "{\"model\":\"mock-90\",\"input\":\"hi\",\"include\":["
	 "\"message.output_text.logprobs\"],\"top_logprobs\":2,"
	 "\"stream\":true}",
	 "completed"},
	{"/v1/messages",
	 "{\"model\":\"mock-90\",\"max_tokens\":500,\"messages\":[{\"role\":"
	 "\"user\",\"content\":\"hi\"}],\"thinking\":{\"type\":\"enabled\"}}",
	 "end_turn"},
	{"/v1/messages",
	 "{\"model\":\"mock-90\",\"max_tokens\":500,\"messages\":[{\"role\":"
	 "\"user\",\"content\":\"hi\"}],\"thinking\":{\"type\":\"enabled\"},"
	 "\"stream\":true}",
	 "end_turn"},
};

static void test_well(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_open(&w);
	for (size_t i = 0; i < N(calls); i++) {
		const float *v;
		struct got g;

		call(&g, &w, "POST", calls[i].path, calls[i].body, NULL);
		v = g.r.evidence;
		assert_int_equal(g.status, 200);
		assert_int_equal(g.how, UP_DONE);
		assert_int_equal(g.r.status, ATTEMPT_OK);
		assert_int_equal(g.r.quality, QUALITY_EXACT);
		assert_true(g.r.ended);
		expect_str(g.r.model, "mock-90");
		expect_str(g.r.finish_reason, calls[i].finish);
		assert_int_equal(
			g.r.usage.n[USAGE_UNCACHED_IN],
			meter_estimate((int64_t)strlen(calls[i].body)));
		assert_true(g.r.usage.n[USAGE_OUTPUT] >= 12);
		assert_int_equal(isnan(v[EVIDENCE_LOGPROB_MEAN]),
				 g.wire == WIRE_ANTHROPIC);
		if (g.wire == WIRE_ANTHROPIC) {
			assert_true(g.r.usage.n[USAGE_REASONING] >= 16);
		} else {
			assert_int_equal((int)v[EVIDENCE_LOGPROB_TOKENS],
					 (int)g.r.usage.n[USAGE_OUTPUT]);
			assert_true(v[EVIDENCE_ENTROPY_MAX] > 0);
		}
		got_release(&g);
	}
	world_release(&w);
}

static void test_other_endpoints(void **state)
{
	struct world w;
	struct got g;

	(void)state;
	world_init(&w);
	world_open(&w);
	call(&g, &w, "POST", "/v1/embeddings",
	     "{\"model\":\"e\",\"input\":\"some text\"}", NULL);
	assert_int_equal(g.r.usage.n[USAGE_UNCACHED_IN], 9);
	assert_int_equal(g.r.quality, QUALITY_EXACT);
	got_release(&g);
	call(&g, &w, "POST", "/v1/messages/count_tokens",
	     "{\"model\":\"c\",\"messages\":[]}", NULL);
	assert_string_equal(buf_str(&g.body), "{\"input_tokens\":7}");
	assert_int_equal(usage_total(&g.r.usage), 0);
	got_release(&g);
	call(&g, &w, "GET", "/v1/models", NULL, NULL);
	assert_non_null(strstr(buf_str(&g.body), "\"id\":\"mock-70\""));
	got_release(&g);
	call(&g, &w, "HEAD", "/", NULL, NULL);
	assert_int_equal(g.status, 200);
	got_release(&g);
	call(&g, &w, "GET", "/v1/nothing", NULL, NULL);
	assert_int_equal(g.status, 404);
	got_release(&g);
	call(&g, &w, "POST", "/v1/chat/completions", "{\"model\":", NULL);
	assert_int_equal(g.status, 400);
	got_release(&g);
	world_release(&w);
}

/* ---- tool calls, and what only a family can read ---- */

static void test_tools(void **state)
{
	static const struct {
		const char *path, *body;
	} cases[] = {
		{"/v1/chat/completions",
		 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\""
		 ":\"[[call shell {\\\"command\\\":[\\\"ls\\\"]}]]\"}]"},
		{"/v1/responses",
		 "{\"model\":\"m\",\"input\":\"[[call shell {\\\"command\\\":["
		 "\\\"ls\\\"]}]]\""},
		{"/v1/messages",
		 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\""
		 ":\"[[call shell {\\\"command\\\":[\\\"ls\\\"]}]]\"}]"},
	};
	struct world w;

	(void)state;
	world_init(&w);
	world_open(&w);
	for (size_t i = 0; i < 4 * N(cases); i++) {
		bool stream = i & 1, bad = i & 2;
		bool whole_object = i / 4 == 2 && !stream;
		char body[512];
		struct got g;

		snprintf(body, sizeof(body), "%s%s}", cases[i / 4].body,
			 stream ? ",\"stream\":true" : "");
		call(&g, &w, "POST", cases[i / 4].path, body,
		     bad ? "bad-json" : NULL);
		assert_int_equal(g.r.status, ATTEMPT_OK);
		assert_int_equal((int)g.r.evidence[EVIDENCE_FINISH],
				 FINISH_TOOL_CALLS);
		assert_int_equal((int)g.r.evidence[EVIDENCE_TOOL_JSON],
				 !bad || whole_object);
		assert_non_null(strstr(buf_str(&g.body), "shell"));
		got_release(&g);
	}
	world_release(&w);
}

static void test_families(void **state)
{
	static const char body[] =
		",\"max_tokens\":9,\"messages\":[{\"role\":"
		"\"assistant\",\"content\":[{\"type\":\"thinking\","
		"\"thinking\":\"x\",\"signature\":\"mocksig:mock-a:1\"}]}]}";
	static const struct {
		const char *model;
		int status;
	} cases[] = {
		{"mock-a-70", 200}, {"mock-a-30", 200}, {"mock-b-70", 400}};
	struct world w;

	(void)state;
	world_init(&w);
	world_open(&w);
	for (size_t i = 0; i < N(cases); i++) {
		char text[512];
		struct got g;

		snprintf(text, sizeof(text), "{\"model\":\"%s\"%s",
			 cases[i].model, body);
		call(&g, &w, "POST", "/v1/messages", text, NULL);
		assert_int_equal(g.status, cases[i].status);
		got_release(&g);
	}
	world_release(&w);
}

/* ---- caching ---- */

static void test_cache(void **state)
{
	int64_t whole = 0, writes = 0;
	struct buf b;
	struct world w;
	struct got g;

	(void)state;
	world_init(&w);
	world_open(&w);
	buf_init(&b, 1 << 20);
	/* Twice the same, then one turn more: most of it is cached. */
	for (int turn = 0; turn < 3; turn++) {
		buf_clear(&b);
		buf_adds(&b, "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{"
			     "\"role\":\"user\",\"content\":[{\"type\":"
			     "\"text\",\"text\":\"");
		for (int i = 0; i < 900; i++)
			buf_adds(&b, "0123456789");
		buf_adds(&b, "\",\"cache_control\":{\"type\":\"ephemeral\","
			     "\"ttl\":\"1h\"}}]}");
		if (turn == 2)
			buf_adds(&b, ",{\"role\":\"user\",\"content\":\"x\"}");
		buf_adds(&b, "]}");
		call(&g, &w, "POST", "/v1/messages", buf_str(&b), NULL);
		assert_int_equal(g.r.quality, QUALITY_EXACT);
		whole = meter_estimate((int64_t)b.len);
		assert_int_equal(usage_prompt_total(&g.r.usage), whole);
		if (turn == 0) {
			writes = g.r.usage.n[USAGE_CACHE_WRITE_1H];
			assert_int_equal(writes % 128, 0);
			assert_true(writes > 2000);
			assert_int_equal(g.r.usage.n[USAGE_CACHE_READ], 0);
		} else {
			assert_int_equal(g.r.usage.n[USAGE_CACHE_READ], writes);
			assert_int_equal(g.r.usage.n[USAGE_CACHE_WRITE_1H], 0);
		}
		got_release(&g);
	}
	buf_release(&b);
	world_release(&w);
}

/* ---- badly ---- */

static void test_badly(void **state)
{
	static const struct {
		const char *mock;
		int status;
		enum up_end how;
		enum attempt_status attempt;
		const char *error; /* with a stream; NULL: any */
	} cases[] = {
		{"400", 400, UP_DONE, ATTEMPT_ERROR, "invalid_request_error"},
		{"401", 401, UP_DONE, ATTEMPT_ERROR, "authentication_error"},
		{"429", 429, UP_DONE, ATTEMPT_ERROR, "rate_limit_error"},
		{"500", 500, UP_DONE, ATTEMPT_ERROR, NULL},
		{"503", 503, UP_DONE, ATTEMPT_ERROR, NULL},
		{"529", 529, UP_DONE, ATTEMPT_ERROR, "overloaded_error"},
		{"quota", 429, UP_DONE, ATTEMPT_ERROR, "insufficient_quota"},
		{"stall", 0, UP_TIMEOUT, ATTEMPT_ERROR, "truncated"},
		{"stall-mid", 200, UP_TIMEOUT, ATTEMPT_ERROR, "truncated"},
		{"cut", 200, UP_DONE, ATTEMPT_ERROR, "truncated"},
		{"reset", 200, UP_CUT, ATTEMPT_ERROR, "truncated"},
		{"reset-early", 0, UP_CUT, ATTEMPT_ERROR, "truncated"},
		{"garbage", 200, UP_DONE, ATTEMPT_ERROR, "truncated"},
		{"html", 200, UP_DONE, ATTEMPT_ERROR, "truncated"},
		{"empty", 200, UP_DONE, ATTEMPT_ERROR, "truncated"},
		{"error-200", 200, UP_DONE, ATTEMPT_ERROR, NULL},
		{"error-mid", 200, UP_DONE, ATTEMPT_ERROR, "overloaded_error"},
		{"refuse", 200, UP_DONE, ATTEMPT_REFUSED, NULL},
		{"filter", 200, UP_DONE, ATTEMPT_REFUSED, NULL},
		{"delay=2, no-usage", 200, UP_DONE, ATTEMPT_OK, NULL},
	};
	struct world w;

	(void)state;
	world_init(&w);
	world_open(&w);
	for (size_t i = 0; i < N(cases); i++) {
		for (size_t k = 1; k < N(calls); k += 2) {
			struct got g;

			call(&g, &w, "POST", calls[k].path, calls[k].body,
			     cases[i].mock);
			if (g.status != cases[i].status ||
			    g.how != cases[i].how ||
			    g.r.status != cases[i].attempt)
				fail_msg("%s %s: %d, %d, %d", cases[i].mock,
					 calls[k].path, g.status, g.how,
					 g.r.status);
			if (cases[i].error)
				expect_str(g.r.error_class, cases[i].error);
			if (cases[i].status == 200)
				assert_true(g.r.quality != QUALITY_EXACT ||
					    g.r.status == ATTEMPT_REFUSED);
			got_release(&g);
		}
	}
	world_release(&w);
}

static void test_by_model_and_options(void **state)
{
	static const char *const models[] = {"mock-429", "any+429", "plain"};
	struct world w;

	(void)state;
	for (size_t i = 0; i < N(models); i++) {
		char body[128];
		struct got g;

		world_init(&w);
		if (i == 2)
			w.conf.behave = "429, retry-after-ms=1500, "
					"should-retry=true, once=2";
		world_open(&w);
		snprintf(body, sizeof(body),
			 "{\"model\":\"%s\",\"messages\":[]}", models[i]);
		for (int n = 0; n < 3; n++) {
			call(&g, &w, "POST", "/v1/chat/completions", body,
			     NULL);
			assert_int_equal(g.status,
					 i == 2 && n == 2 ? 200 : 429);
			if (g.status == 429)
				assert_string_equal(g.retry_after,
						    i == 2 ? "2" : "1");
			if (i == 2 && n < 2) {
				assert_string_equal(g.retry_ms, "1500");
				assert_string_equal(g.should_retry, "true");
			}
			got_release(&g);
		}
		world_release(&w);
	}
}

static void test_limits(void **state)
{
	static const char body[] = "{\"model\":\"m\",\"messages\":[]}";
	int taken = 0;
	struct world w;
	struct got g;

	(void)state;
	world_init(&w);
	w.conf.per_second = 1;
	w.conf.key = "sk-1";
	world_open(&w);
	call(&g, &w, "POST", "/v1/chat/completions", body, NULL);
	assert_int_equal(g.status, 401);
	got_release(&g);
	world_release(&w);
	w.conf.key = NULL;
	world_open(&w);
	for (int i = 0; i < 4; i++) {
		call(&g, &w, "POST", "/v1/chat/completions", body, NULL);
		assert_true(g.status == 200 || g.status == 429);
		taken += g.status == 200;
		got_release(&g);
	}
	assert_true(taken >= 1);
	world_release(&w);
}

/* ---- verdicts ---- */

static void test_verdicts(void **state)
{
	struct world w;
	double good = 0, bad = 0, sum = 0;
	int passes = 0, same = 0, n_good = 0, n = 60;

	(void)state;
	world_init(&w);
	world_open(&w);
	for (int i = 0; i < n; i++) {
		char body[256], path[128];
		const char *mark;
		struct got g, v;
		bool pass;

		snprintf(body, sizeof(body),
			 "{\"model\":\"mock-60\",\"logprobs\":true,"
			 "\"messages\":[{\"role\":\"user\",\"content\":"
			 "\"[[difficulty=0.55 task=t%d]] go\"}]}",
			 i);
		call(&g, &w, "POST", "/v1/chat/completions", body, NULL);
		snprintf(path, sizeof(path),
			 "/mock/verdict?task=t%d&model=mock-60&difficulty=0.55",
			 i);
		call(&v, &w, "GET", path, NULL, NULL);
		pass = strstr(buf_str(&v.body), "\"success\":true") != NULL;
		mark = strstr(buf_str(&g.body), "[[verdict=");
		assert_non_null(mark);
		same += !strncmp(mark + 10, pass ? "pass" : "fail", 4);
		passes += pass;
		sum = (double)g.r.evidence[EVIDENCE_LOGPROB_MEAN];
		good += pass ? sum : 0;
		bad += pass ? 0 : sum;
		n_good += pass;
		got_release(&g);
		got_release(&v);
	}
	assert_int_equal(same, n);
	/* 62 % on average; the seed decides. */
	assert_true(passes > n * 4 / 10 && passes < n * 8 / 10);
	assert_true(good / n_good > bad / (n - n_good));
	world_release(&w);
}

static void test_chances(void **state)
{
	struct mock_conf c;
	int both = 0, one = 0, n = 2000;

	(void)state;
	mock_conf_default(&c);
	assert_true(fabs(mock_strength(&c, STR("mock-70")) - 0.7) < 1e-9);
	assert_true(fabs(mock_strength(&c, STR("other")) - 0.5) < 1e-9);
	assert_true(fabs(mock_chance(0.7, 0.7) - 0.5) < 1e-9);
	assert_true(mock_chance(0.9, 0.2) > 0.99);
	/* What the weak one solves, the strong one does when they go together.
	 */
	c.correlation = 1;
	for (int i = 0; i < n; i++) {
		char task[16];
		struct str t;
		bool weak, strong;

		snprintf(task, sizeof(task), "%d", i);
		t = str_from(task);
		weak = mock_verdict(&c, t, STR("a-40"), 0.5);
		strong = mock_verdict(&c, t, STR("b-60"), 0.5);
		both += weak && strong;
		one += weak;
	}
	assert_int_equal(both, one);
	assert_true(one > n / 5 && one < n / 3); /* 0.269 */
}

static void test_script(void **state)
{
	char path[] = "/tmp/aco_mock_XXXXXX";
	int fd = mkstemp(path);
	static const char lines[] =
		"{\"task\":\"HumanEval/1\",\"model\":\"gpt-4\",\"success\":0,"
		"\"input_tokens\":120,\"cached_tokens\":20,"
		"\"output_tokens\":77,\"text\":\"recorded\"}\n\n"
		"{\"task\":\"HumanEval/2\",\"model\":\"gpt-4\",\"status\":500}"
		"\n";
	struct world w;
	struct got g;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, lines, sizeof(lines) - 1),
			 sizeof(lines) - 1);
	close(fd);
	world_init(&w);
	w.conf.script = path;
	world_open(&w);
	call(&g, &w, "POST", "/v1/chat/completions",
	     "{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\","
	     "\"content\":\"[[task=HumanEval/1]]\"}]}",
	     NULL);
	assert_int_equal(g.r.usage.n[USAGE_UNCACHED_IN], 100);
	assert_int_equal(g.r.usage.n[USAGE_CACHE_READ], 20);
	assert_int_equal(g.r.usage.n[USAGE_OUTPUT], 77);
	assert_non_null(strstr(buf_str(&g.body), "\"content\":\"recorded\""));
	got_release(&g);
	call(&g, &w, "GET", "/mock/verdict?task=HumanEval%2F1&model=gpt-4",
	     NULL, NULL);
	assert_non_null(strstr(buf_str(&g.body), "\"success\":false"));
	got_release(&g);
	call(&g, &w, "POST", "/v1/chat/completions",
	     "{\"model\":\"gpt-4\",\"messages\":[{\"role\":\"user\","
	     "\"content\":\"[[task=HumanEval/2]]\"}]}",
	     NULL);
	assert_int_equal(g.status, 500);
	got_release(&g);
	world_release(&w);
	unlink(path);
}

/* ---- the same again ---- */

static void test_seeded(void **state)
{
	struct buf first;

	(void)state;
	buf_init(&first, 1 << 20);
	clock_fix(1758800000 * US_PER_SEC);
	for (int i = 0; i < 3; i++) {
		struct world w;
		struct got g;

		world_init(&w);
		w.conf.seed = i < 2 ? 7 : 8;
		world_open(&w);
		call(&g, &w, "POST", calls[1].path, calls[1].body, NULL);
		if (i == 0)
			buf_add(&first, g.body.p, g.body.len);
		else if (i == 1)
			assert_string_equal(buf_str(&first), buf_str(&g.body));
		else
			assert_string_not_equal(buf_str(&first),
						buf_str(&g.body));
		got_release(&g);
		world_release(&w);
	}
	clock_fix(TIME_NONE);
	buf_release(&first);
}

/* One that was started again says the same, under ids that go on. */
static void test_numbered_on(void **state)
{
	char ids[2][64] = {"", ""};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w;
		struct got g;

		world_init(&w);
		w.conf.number_from = i ? 1000 : 0;
		world_open(&w);
		call(&g, &w, "POST", calls[1].path, calls[1].body, NULL);
		assert_in_range(g.r.id.len, 16, sizeof(ids[i]) - 1);
		memcpy(ids[i], g.r.id.p, g.r.id.len);
		got_release(&g);
		world_release(&w);
	}
	assert_string_not_equal(ids[0], ids[1]);
}

/* Always the same, each under an id of its own. */
static void test_fixed(void **state)
{
	static const char *const bodies[] = {
		"{\"model\":\"m\",\"messages\":[]}",
		"{\"model\":\"m\",\"messages\":[],\"stream\":true}"};
	struct world w;

	(void)state;
	world_init(&w);
	w.conf.fixed = 1000;
	world_open(&w);
	for (int i = 0; i < 4; i++) {
		const char *path =
			i < 2 ? "/v1/chat/completions" : "/v1/messages";
		char id[64] = "";

		for (int k = 0; k < 2; k++) {
			struct got g;

			call(&g, &w, "POST", path, bodies[i % 2], NULL);
			assert_int_equal(g.r.status, ATTEMPT_OK);
			assert_int_equal(g.r.usage.n[USAGE_UNCACHED_IN], 128);
			assert_int_equal(g.r.usage.n[USAGE_OUTPUT], 201);
			assert_true(g.r.id.len > 16 && g.r.id.len < 64);
			assert_memory_not_equal(id, g.r.id.p, g.r.id.len);
			memcpy(id, g.r.id.p, g.r.id.len);
			got_release(&g);
		}
	}
	world_release(&w);
}

static void test_times(void **state)
{
	static const char *const bad[] = {"",     "x",     "10-5", "-1",
					  "ln:5", "ln:5:", "5 ",   "1e99"};
	struct mock_time t;
	struct err e;

	(void)state;
	assert_int_equal(mock_time_parse(&t, "20", &e), RC_OK);
	assert_int_equal(mock_time_us(&t, 0.3), 20000);
	assert_int_equal(mock_time_parse(&t, "10-50", &e), RC_OK);
	assert_int_equal(mock_time_us(&t, 0.5), 30000);
	assert_int_equal(mock_time_parse(&t, "ln:200:0.5", &e), RC_OK);
	assert_true(mock_time_us(&t, 0.5) > 0);
	for (size_t i = 0; i < N(bad); i++)
		assert_int_equal(mock_time_parse(&t, bad[i], &e), RC_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_well),
		cmocka_unit_test(test_other_endpoints),
		cmocka_unit_test(test_tools),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_badly),
		cmocka_unit_test(test_by_model_and_options),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_chances),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_seeded),
		cmocka_unit_test(test_numbered_on),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
