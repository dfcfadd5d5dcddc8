/* The mock provider, called through the client and metered: server and client
 * on one loop. What each protocol must say is checked by the same meter that
 * reads true providers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock_world.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

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
	struct mock_world w;

	(void)state;
	mock_world_init(&w);
	mock_world_open(&w);
	for (size_t i = 0; i < N(calls); i++) {
		const float *v;
		struct got g;

		mock_call(&g, &w, "POST", calls[i].path, calls[i].body, NULL);
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
	mock_world_release(&w);
}

static void test_other_endpoints(void **state)
{
	struct mock_world w;
	struct got g;

	(void)state;
	mock_world_init(&w);
	mock_world_open(&w);
	mock_call(&g, &w, "POST", "/v1/embeddings",
		  "{\"model\":\"e\",\"input\":\"some text\"}", NULL);
	assert_int_equal(g.r.usage.n[USAGE_UNCACHED_IN], 9);
	assert_int_equal(g.r.quality, QUALITY_EXACT);
	got_release(&g);
	mock_call(&g, &w, "POST", "/v1/messages/count_tokens",
		  "{\"model\":\"c\",\"messages\":[]}", NULL);
	assert_string_equal(buf_str(&g.body), "{\"input_tokens\":7}");
	assert_int_equal(usage_total(&g.r.usage), 0);
	got_release(&g);
	mock_call(&g, &w, "GET", "/v1/models", NULL, NULL);
	assert_non_null(strstr(buf_str(&g.body), "\"id\":\"mock-70\""));
	got_release(&g);
	mock_call(&g, &w, "HEAD", "/", NULL, NULL);
	assert_int_equal(g.status, 200);
	got_release(&g);
	mock_call(&g, &w, "GET", "/v1/nothing", NULL, NULL);
	assert_int_equal(g.status, 404);
	got_release(&g);
	mock_call(&g, &w, "POST", "/v1/chat/completions", "{\"model\":", NULL);
	assert_int_equal(g.status, 400);
	got_release(&g);
	mock_world_release(&w);
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
	struct mock_world w;

	(void)state;
	mock_world_init(&w);
	mock_world_open(&w);
	for (size_t i = 0; i < 4 * N(cases); i++) {
		bool stream = i & 1, bad = i & 2;
		bool whole_object = i / 4 == 2 && !stream;
		char body[512];
		struct got g;

		snprintf(body, sizeof(body), "%s%s}", cases[i / 4].body,
			 stream ? ",\"stream\":true" : "");
		mock_call(&g, &w, "POST", cases[i / 4].path, body,
			  bad ? "bad-json" : NULL);
		assert_int_equal(g.r.status, ATTEMPT_OK);
		assert_int_equal((int)g.r.evidence[EVIDENCE_FINISH],
				 FINISH_TOOL_CALLS);
		assert_int_equal((int)g.r.evidence[EVIDENCE_TOOL_JSON],
				 !bad || whole_object);
		assert_non_null(strstr(buf_str(&g.body), "shell"));
		got_release(&g);
	}
	mock_world_release(&w);
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
	struct mock_world w;

	(void)state;
	mock_world_init(&w);
	mock_world_open(&w);
	for (size_t i = 0; i < N(cases); i++) {
		char text[512];
		struct got g;

		snprintf(text, sizeof(text), "{\"model\":\"%s\"%s",
			 cases[i].model, body);
		mock_call(&g, &w, "POST", "/v1/messages", text, NULL);
		assert_int_equal(g.status, cases[i].status);
		got_release(&g);
	}
	mock_world_release(&w);
}

/* ---- caching ---- */

static void test_cache(void **state)
{
	int64_t whole = 0, writes = 0;
	struct buf b;
	struct mock_world w;
	struct got g;

	(void)state;
	mock_world_init(&w);
	mock_world_open(&w);
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
		mock_call(&g, &w, "POST", "/v1/messages", buf_str(&b), NULL);
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
	mock_world_release(&w);
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
	struct mock_world w;

	(void)state;
	mock_world_init(&w);
	mock_world_open(&w);
	for (size_t i = 0; i < N(cases); i++) {
		for (size_t k = 1; k < N(calls); k += 2) {
			struct got g;

			mock_call(&g, &w, "POST", calls[k].path, calls[k].body,
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
	mock_world_release(&w);
}

static void test_by_model_and_options(void **state)
{
	static const char *const models[] = {"mock-429", "any+429", "plain"};
	struct mock_world w;

	(void)state;
	for (size_t i = 0; i < N(models); i++) {
		char body[128];
		struct got g;

		mock_world_init(&w);
		if (i == 2)
			w.conf.behave = "429, retry-after-ms=1500, "
					"should-retry=true, once=2";
		mock_world_open(&w);
		snprintf(body, sizeof(body),
			 "{\"model\":\"%s\",\"messages\":[]}", models[i]);
		for (int n = 0; n < 3; n++) {
			mock_call(&g, &w, "POST", "/v1/chat/completions", body,
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
		mock_world_release(&w);
	}
}

static void test_limits(void **state)
{
	static const char body[] = "{\"model\":\"m\",\"messages\":[]}";
	int taken = 0;
	struct mock_world w;
	struct got g;

	(void)state;
	mock_world_init(&w);
	w.conf.per_second = 1;
	w.conf.key = "sk-1";
	mock_world_open(&w);
	mock_call(&g, &w, "POST", "/v1/chat/completions", body, NULL);
	assert_int_equal(g.status, 401);
	got_release(&g);
	mock_world_release(&w);
	w.conf.key = NULL;
	mock_world_open(&w);
	for (int i = 0; i < 4; i++) {
		mock_call(&g, &w, "POST", "/v1/chat/completions", body, NULL);
		assert_true(g.status == 200 || g.status == 429);
		taken += g.status == 200;
		got_release(&g);
	}
	assert_true(taken >= 1);
	mock_world_release(&w);
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
