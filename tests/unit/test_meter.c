#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "ledger/money.h"
#include "provider_case.h"

#define NONE USAGE_NONE
#define N(a) (sizeof(a) / sizeof((a)[0]))

static void expect_str(struct str s, const char *want)
{
	if (!want) {
		assert_null(s.p);
		return;
	}
	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(s.p, want, s.len);
}

static void near(float a, double b)
{
	assert_true(fabs((double)a - b) < 1e-5);
}

/* ---- recorded bodies ---- */

static void expect_chat(const struct model_reply *r)
{
	expect_usage(&r->usage, 86, 1920, 0, NONE, 300, 192);
	assert_int_equal(r->quality, QUALITY_EXACT);
	assert_true(r->usage_seen);
	assert_true(r->ended);
	assert_int_equal(r->status, ATTEMPT_OK);
	expect_str(r->model, "gpt-5-2025-08-07");
	expect_str(r->service_tier, "default");
	expect_str(r->finish_reason, "stop");
	expect_str(r->error_class, NULL);
	assert_int_equal(r->output_bytes, 6);
	assert_true(r->reported_cost_pusd == MONEY_NONE);
}

static double entropy(double a, double b)
{
	double p = exp(a) / (exp(a) + exp(b)), q = 1 - p;

	return -p * log(p) - q * log(q);
}

static void expect_logprobs(const float *v)
{
	double h = entropy(-0.31725305, -1.3190403);
	double k = entropy(-0.02380986, -3.787621);

	near(v[EVIDENCE_LOGPROB_MEAN], (-0.31725305 - 0.02380986) / 2);
	near(v[EVIDENCE_LOGPROB_MIN], -0.31725305);
	near(v[EVIDENCE_LOGPROB_P10], -0.31725305);
	near(v[EVIDENCE_ENTROPY_MEAN], (h + k) / 2);
	near(v[EVIDENCE_ENTROPY_MAX], h);
	near(v[EVIDENCE_DOUBTFUL], 0);
	near(v[EVIDENCE_LOGPROB_TOKENS], 2);
	near(v[EVIDENCE_OUTPUT_TOKENS], 300);
	near(v[EVIDENCE_OUTPUT_BYTES], 6);
	near(v[EVIDENCE_FINISH], FINISH_STOP);
	near(v[EVIDENCE_REFUSAL], 0);
	near(v[EVIDENCE_REPEATED], 0);
	assert_true(isnan(v[EVIDENCE_TOOL_JSON]));
	assert_true(isnan(v[EVIDENCE_SCHEMA]));
	assert_true(isnan(v[EVIDENCE_LATENCY_S]));
	assert_true(isnan(v[EVIDENCE_AGREEMENT]));
}

static void test_chat_body(void **state)
{
	struct metered t;
	size_t n;
	char *p = provider_file("openai.chat.response.json", &n);

	(void)state;
	meter_whole(&t, WIRE_OPENAI_CHAT, NULL, 200, p, n);
	expect_chat(&t.r);
	expect_str(t.r.id, "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT");
	expect_logprobs(t.r.evidence);
	metered_release(&t);
	free(p);
}

/* The extra chunk is hidden from who did not ask for it, and only that. */
static void test_chat_stream(void **state)
{
	struct model_request req = {.wire = WIRE_OPENAI_CHAT, .stream = true};
	struct metered t;
	size_t n, chunk;
	char *p = provider_file("openai.chat.stream.include_usage.sse", &n);
	const char *at = strstr(p, "\"choices\":[],");

	(void)state;
	assert_non_null(at);
	while (at > p && at[-1] != '\n')
		at--;
	chunk = (size_t)(strstr(at, "\n\n") + 2 - at);
	for (size_t cut = 0; cut <= n; cut++) {
		req.usage_injected = cut & 1;
		meter_stream(&t, WIRE_OPENAI_CHAT, &req, p, n, cut, false);
		expect_chat(&t.r);
		expect_str(t.r.id, "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG");
		expect_logprobs(t.r.evidence);
		assert_true(meter_begun(t.m));
		assert_int_equal(t.passed, req.usage_injected ? n - chunk : n);
		metered_release(&t);
	}
	free(p);
}

static void test_chat_without_usage(void **state)
{
	struct model_request req = {.body_bytes = 401};
	struct metered t;
	size_t n;
	char *p = provider_file("openai.chat.stream.no_usage.sse", &n);

	(void)state;
	for (size_t cut = 0; cut <= n; cut++) {
		meter_stream(&t, WIRE_OPENAI_CHAT, &req, p, n, cut, false);
		assert_int_equal(t.r.quality, QUALITY_ESTIMATED);
		assert_false(t.r.usage_seen);
		assert_int_equal(t.r.usage.n[USAGE_UNCACHED_IN], 101);
		assert_int_equal(t.r.usage.n[USAGE_OUTPUT], 2);
		assert_int_equal(t.r.status, ATTEMPT_OK);
		assert_true(t.r.ended);
		metered_release(&t);
	}
	free(p);
}

static void test_chat_truncated(void **state)
{
	struct metered t;
	size_t n;
	char *p = provider_file("openai.chat.stream.truncated.sse", &n);

	(void)state;
	meter_stream(&t, WIRE_OPENAI_CHAT, NULL, p, n, n / 2, false);
	assert_int_equal(t.r.status, ATTEMPT_ERROR);
	assert_int_equal(t.r.quality, QUALITY_ESTIMATED);
	assert_int_equal(t.r.usage.n[USAGE_OUTPUT], 1);
	assert_false(t.r.ended);
	expect_str(t.r.error_class, "truncated");
	near(t.r.evidence[EVIDENCE_FINISH], FINISH_ERROR);
	metered_release(&t);
	free(p);
}

static void expect_responses(const struct model_reply *r)
{
	expect_usage(&r->usage, 200, 2000, 400, NONE, 120, 64);
	assert_int_equal(r->quality, QUALITY_EXACT);
	assert_int_equal(r->status, ATTEMPT_OK);
	assert_true(r->ended);
	expect_str(r->model, "gpt-5.6-sol-2026-06-01");
	expect_str(r->service_tier, "default");
	expect_str(r->finish_reason, "completed");
	expect_str(r->id, "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d"
			  "3795b");
	assert_int_equal(r->output_bytes, 6);
	assert_true(isnan(r->evidence[EVIDENCE_LOGPROB_MEAN]));
}

static void test_responses(void **state)
{
	struct metered t;
	size_t n;
	char *p = provider_file("openai.responses.response.json", &n);

	(void)state;
	meter_whole(&t, WIRE_OPENAI_RESPONSES, NULL, 200, p, n);
	expect_responses(&t.r);
	metered_release(&t);
	free(p);
	p = provider_file("openai.responses.stream.sse", &n);
	for (size_t cut = 0; cut <= n; cut++) {
		meter_stream(&t, WIRE_OPENAI_RESPONSES, NULL, p, n, cut, false);
		expect_responses(&t.r);
		assert_int_equal(t.passed, n);
		metered_release(&t);
	}
	free(p);
}

static void expect_messages(const struct model_reply *r, int64_t output_bytes)
{
	expect_usage(&r->usage, 350, 10000, 1500, 500, 512, 200);
	assert_int_equal(r->usage.n[USAGE_WEB_SEARCH], 1);
	assert_int_equal(r->quality, QUALITY_EXACT);
	assert_int_equal(r->status, ATTEMPT_OK);
	assert_true(r->ended);
	expect_str(r->model, "claude-sonnet-4-5-20250929");
	expect_str(r->service_tier, "standard");
	expect_str(r->finish_reason, "end_turn");
	expect_str(r->id, "msg_01XFDUDYJgAACzvnptvVoYEL");
	assert_int_equal(r->output_bytes, output_bytes);
}

static void test_messages(void **state)
{
	struct metered t;
	size_t n;
	char *p = provider_file("anthropic.messages.response.json", &n);

	(void)state;
	meter_whole(&t, WIRE_ANTHROPIC, NULL, 200, p, n);
	expect_messages(&t.r, 6);
	metered_release(&t);
	free(p);
	p = provider_file("anthropic.messages.stream.sse", &n);
	for (size_t cut = 0; cut <= n; cut++) {
		meter_stream(&t, WIRE_ANTHROPIC, NULL, p, n, cut, false);
		expect_messages(&t.r, 9);
		assert_int_equal(t.passed, n);
		metered_release(&t);
	}
	free(p);
}

/* Compaction is billed beside the totals. */
static void test_iterations(void **state)
{
	struct metered t;
	size_t n;
	char *p = provider_file("anthropic.messages.response.iterations.json",
				&n);

	(void)state;
	meter_whole(&t, WIRE_ANTHROPIC, NULL, 200, p, n);
	expect_usage(&t.r.usage, 203000, 0, 0, 0, 4500, 200);
	assert_int_equal(t.r.usage.n[USAGE_WEB_SEARCH], 1);
	assert_int_equal(t.r.quality, QUALITY_EXACT);
	metered_release(&t);
	free(p);
}

static void test_messages_error(void **state)
{
	struct metered t;
	size_t n;
	char *p = provider_file("anthropic.messages.stream.error.sse", &n);

	(void)state;
	for (size_t cut = 0; cut <= n; cut++) {
		meter_stream(&t, WIRE_ANTHROPIC, NULL, p, n, cut, false);
		expect_usage(&t.r.usage, 350, 10000, 1500, 500, 1, NONE);
		assert_int_equal(t.r.quality, QUALITY_ESTIMATED);
		assert_int_equal(t.r.status, ATTEMPT_ERROR);
		expect_str(t.r.error_class, "overloaded_error");
		metered_release(&t);
	}
	free(p);
}

static void test_errors(void **state)
{
	static const struct {
		const char *file;
		enum wire wire;
		int status;
		const char *error;
	} cases[] = {
		{"openai.error.429.json", WIRE_OPENAI_CHAT, 429,
		 "rate_limit_exceeded"},
		{"openai.error.429.quota.json", WIRE_OPENAI_RESPONSES, 429,
		 "insufficient_quota"},
		{"anthropic.error.429.json", WIRE_ANTHROPIC, 429,
		 "rate_limit_error"},
		{"anthropic.error.529.json", WIRE_ANTHROPIC, 529,
		 "overloaded_error"},
		/* Some send them under 200. */
		{"openai.error.429.json", WIRE_OPENAI_CHAT, 200,
		 "rate_limit_exceeded"},
		{"openai.error.429.json", WIRE_OPENAI_RESPONSES, 200,
		 "rate_limit_exceeded"},
		{"anthropic.error.529.json", WIRE_ANTHROPIC, 200,
		 "overloaded_error"},
	};
	struct model_request req = {.body_bytes = 4000};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct metered t;
		size_t n;
		char *p = provider_file(cases[i].file, &n);

		meter_whole(&t, cases[i].wire, &req, cases[i].status, p, n);
		assert_int_equal(t.r.status, ATTEMPT_ERROR);
		expect_str(t.r.error_class, cases[i].error);
		assert_int_equal(usage_total(&t.r.usage), 0);
		metered_release(&t);
		free(p);
	}
}

/* Cut behind any byte: never a crash, never exact before the usage came, and
 * nothing known is lost. */
static void test_cut_streams(void **state)
{
	struct model_request req = {.body_bytes = 100};
	size_t n;
	char *p = provider_file("anthropic.messages.stream.sse", &n);
	const char *final = strstr(p, "event: message_delta");
	size_t known = (size_t)(strstr(p, "\n\n") + 2 - p);
	size_t over = (size_t)(strstr(final, "\n\n") + 2 - p);

	(void)state;
	for (size_t end = 0; end <= n; end++) {
		struct metered t;

		meter_stream(&t, WIRE_ANTHROPIC, &req, p, end, end / 2, true);
		assert_int_equal(t.r.quality, end >= over ? QUALITY_EXACT
							  : QUALITY_ESTIMATED);
		assert_int_equal(t.r.usage.n[USAGE_UNCACHED_IN],
				 end >= known ? 350 : 25);
		assert_int_equal(t.r.status, ATTEMPT_ERROR);
		metered_release(&t);
	}
	free(p);
}

/* ---- differences ---- */

static void test_usage_shapes(void **state)
{
	static const struct {
		const char *usage;
		int64_t in, read, w5, out, reasoning;
		enum usage_quality quality;
	} cases[] = {
		/* Details absent or null. */
		{"{\"prompt_tokens\":10,\"completion_tokens\":5}", 10, NONE,
		 NONE, 5, NONE, QUALITY_CACHE_UNKNOWN},
		{"{\"prompt_tokens\":10,\"completion_tokens\":5,"
		 "\"prompt_tokens_details\":null}",
		 10, NONE, NONE, 5, NONE, QUALITY_CACHE_UNKNOWN},
		/* xAI: reasoning is not in the completion. */
		{"{\"prompt_tokens\":100,\"completion_tokens\":9,"
		 "\"total_tokens\":309,\"prompt_tokens_details\":{"
		 "\"cached_tokens\":4},\"completion_tokens_details\":{"
		 "\"reasoning_tokens\":200}}",
		 96, 4, 0, 209, 200, QUALITY_EXACT},
		{"{\"prompt_tokens\":100,\"completion_tokens\":9,"
		 "\"prompt_tokens_details\":{\"cached_tokens\":4},"
		 "\"completion_tokens_details\":{\"reasoning_tokens\":200}}",
		 96, 4, 0, 209, 200, QUALITY_INFERRED},
		/* DeepSeek. */
		{"{\"prompt_tokens\":30,\"completion_tokens\":5,"
		 "\"prompt_cache_hit_tokens\":20,"
		 "\"prompt_cache_miss_tokens\":10}",
		 10, 20, 0, 5, NONE, QUALITY_EXACT},
		/* Writes with a price. */
		{"{\"prompt_tokens\":2600,\"completion_tokens\":120,"
		 "\"prompt_tokens_details\":{\"cached_tokens\":2000,"
		 "\"cache_write_tokens\":400}}",
		 200, 2000, 400, 120, NONE, QUALITY_EXACT},
		/* Parts that are more than the whole. */
		{"{\"prompt_tokens\":10,\"completion_tokens\":5,"
		 "\"prompt_tokens_details\":{\"cached_tokens\":20}}",
		 10, 20, 0, 5, NONE, QUALITY_INFERRED},
		/* What is no count is not taken. */
		{"{\"prompt_tokens\":-1,\"completion_tokens\":1.5,"
		 "\"prompt_tokens_details\":{\"cached_tokens\":\"x\"}}",
		 0, NONE, NONE, 0, NONE, QUALITY_ESTIMATED},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct metered t;
		char body[512];

		snprintf(body, sizeof(body), "{\"choices\":[],\"usage\":%s}",
			 cases[i].usage);
		meter_chat(&t, NULL, body);
		expect_usage(&t.r.usage, cases[i].in, cases[i].read,
			     cases[i].w5, NONE, cases[i].out,
			     cases[i].reasoning);
		assert_int_equal(t.r.quality, cases[i].quality);
		metered_release(&t);
	}
}

static void test_audio_and_cost(void **state)
{
	struct metered t;

	(void)state;
	meter_chat(&t, NULL,
		   "{\"choices\":[],\"usage\":{\"prompt_tokens\":100,"
		   "\"completion_tokens\":50,\"cost\":0.00012345,"
		   "\"prompt_tokens_details\":{\"cached_tokens\":0,"
		   "\"audio_tokens\":60},\"completion_tokens_details\":{"
		   "\"audio_tokens\":30}}}");
	expect_usage(&t.r.usage, 40, 0, 0, NONE, 20, NONE);
	assert_int_equal(t.r.usage.n[USAGE_AUDIO_IN], 60);
	assert_int_equal(t.r.usage.n[USAGE_AUDIO_OUT], 30);
	assert_int_equal(t.r.reported_cost_pusd, 123450000);
	metered_release(&t);
}

/* Usage that grows from chunk to chunk, under several names: the last wins. */
static void test_overwritten(void **state)
{
	static const char text[] =
		"data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n"
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}"
		"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}"
		"\n\n"
		"data: {\"choices\":[{\"index\":0,\"delta\":{},"
		"\"finish_reason\":\"stop\"}],\"usage\":null,\"x_groq\":{"
		"\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}}\n\n"
		"data: [DONE]\n\n";
	struct model_request req = {.usage_injected = true};
	struct metered t;

	(void)state;
	meter_stream(&t, WIRE_OPENAI_CHAT, &req, text, sizeof(text) - 1, 60,
		     false);
	expect_usage(&t.r.usage, 7, NONE, NONE, NONE, 3, NONE);
	assert_int_equal(t.passed, sizeof(text) - 1);
	metered_release(&t);
}

static void test_embeddings(void **state)
{
	static const char body[] =
		"{\"object\":\"list\",\"data\":[{\"embedding\":[0.1,0.2]}],"
		"\"model\":\"text-embedding-3-small\",\"usage\":{"
		"\"prompt_tokens\":8,\"total_tokens\":8}}";
	struct metered t;

	(void)state;
	meter_whole(&t, WIRE_OPENAI_EMBEDDINGS, NULL, 200, body,
		    sizeof(body) - 1);
	expect_usage(&t.r.usage, 8, NONE, NONE, NONE, 0, NONE);
	assert_int_equal(t.r.quality, QUALITY_EXACT);
	assert_int_equal(t.r.status, ATTEMPT_OK);
	metered_release(&t);
}

static void test_count_tokens(void **state)
{
	static const char body[] = "{\"input_tokens\":2095}";
	struct metered t;

	(void)state;
	meter_whole(&t, WIRE_ANTHROPIC, NULL, 200, body, sizeof(body) - 1);
	assert_int_equal(usage_total(&t.r.usage), 0);
	assert_int_equal(t.r.quality, QUALITY_EXACT);
	metered_release(&t);
}

static void test_refusals(void **state)
{
	static const struct {
		enum wire wire;
		const char *body, *finish;
	} cases[] = {
		{WIRE_OPENAI_CHAT,
		 "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":"
		 "\"no\"},\"finish_reason\":\"stop\"}]}",
		 "stop"},
		{WIRE_OPENAI_CHAT,
		 "{\"choices\":[{\"message\":{\"content\":\"x\"},"
		 "\"finish_reason\":\"content_filter\"}]}",
		 "content_filter"},
		{WIRE_ANTHROPIC, "{\"content\":[],\"stop_reason\":\"refusal\"}",
		 "refusal"},
		{WIRE_OPENAI_RESPONSES,
		 "{\"status\":\"completed\",\"output\":[{\"type\":\"message\","
		 "\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]}]}",
		 "completed"},
		{WIRE_OPENAI_RESPONSES,
		 "{\"incomplete_details\":{\"reason\":\"content_filter\"},"
		 "\"status\":\"incomplete\",\"output\":[]}",
		 "content_filter"},
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct metered t;

		meter_whole(&t, cases[i].wire, NULL, 200, cases[i].body,
			    strlen(cases[i].body));
		assert_int_equal(t.r.status, ATTEMPT_REFUSED);
		expect_str(t.r.finish_reason, cases[i].finish);
		near(t.r.evidence[EVIDENCE_REFUSAL], 1);
		metered_release(&t);
	}
}

/* ---- bounds ---- */

static void test_too_long(void **state)
{
	struct meter *m = meter_new(WIRE_OPENAI_CHAT, NULL);
	static char piece[1 << 20];
	struct model_reply r;

	(void)state;
	memset(piece, ' ', sizeof(piece));
	for (int i = 0; i < 20; i++)
		meter_body(m, piece, sizeof(piece));
	meter_finish(m, false, &r);
	assert_int_equal(r.quality, QUALITY_ESTIMATED);
	assert_int_equal(r.usage_seen, false);
	meter_free(m);
}

/* ---- what could not be read ---- */

static void test_lost(void **state)
{
	static const char part[] =
		"{\"id\":\"chatcmpl-1\",\"model\":\"m\",\"choices\":[{\"index\":0,"
		"\"message\":{\"role\":\"assistant\",\"content\":\"Hel";
	struct model_request q = {.wire = WIRE_OPENAI_CHAT, .body_bytes = 400};
	struct model_reply r;
	struct meter *m = meter_new(WIRE_OPENAI_CHAT, &q);

	(void)state;
	meter_body(m, part, sizeof(part) - 1);
	meter_lost(m, 4000);
	meter_finish(m, false, &r);
	assert_int_equal(r.status, ATTEMPT_OK);
	assert_int_equal(r.quality, QUALITY_ESTIMATED);
	assert_int_equal(r.usage.n[USAGE_UNCACHED_IN], 100);
	assert_int_equal(r.usage.n[USAGE_OUTPUT], 1000);
	expect_str(r.error_class, NULL);
	meter_free(m);
	/* Nothing of it at all; an error costs nothing all the same; what was
	 * cut was cut. */
	m = meter_new(WIRE_OPENAI_CHAT, &q);
	meter_lost(m, 40);
	meter_finish(m, false, &r);
	assert_int_equal(r.status, ATTEMPT_OK);
	assert_int_equal(r.quality, QUALITY_ESTIMATED);
	assert_int_equal(r.usage.n[USAGE_OUTPUT], 10);
	meter_free(m);
	m = meter_new(WIRE_OPENAI_CHAT, &q);
	meter_status(m, 500);
	meter_lost(m, 40);
	meter_finish(m, false, &r);
	assert_int_equal(r.status, ATTEMPT_ERROR);
	assert_int_equal(r.usage.n[USAGE_OUTPUT], 0);
	meter_free(m);
	m = meter_new(WIRE_OPENAI_CHAT, &q);
	meter_lost(m, 40);
	meter_finish(m, true, &r);
	assert_int_equal(r.status, ATTEMPT_ERROR);
	expect_str(r.error_class, "truncated");
	meter_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chat_body),
		cmocka_unit_test(test_chat_stream),
		cmocka_unit_test(test_chat_without_usage),
		cmocka_unit_test(test_chat_truncated),
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_iterations),
		cmocka_unit_test(test_messages_error),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_cut_streams),
		cmocka_unit_test(test_usage_shapes),
		cmocka_unit_test(test_audio_and_cost),
		cmocka_unit_test(test_overwritten),
		cmocka_unit_test(test_embeddings),
		cmocka_unit_test(test_count_tokens),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
