/* What a reply shows of how good it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/provider_case.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void near(float a, double b)
{
	assert_true(fabs((double)a - b) < 1e-5);
}

static void test_tool_json(void **state)
{
	static const char text[] =
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{"
		"\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"ls\","
		"\"arguments\":\"\"}}]}}]}\n\n"
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{"
		"\"index\":1,\"function\":{\"name\":\"cd\",\"arguments\":"
		"\"{\\\"b\\\":\"}}]}}]}\n\n"
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{"
		"\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\":\"}}]}}]}"
		"\n\n"
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{"
		"\"index\":0,\"function\":{\"arguments\":\"1}\"}}]}}]}\n\n"
		"data: {\"choices\":[{\"index\":0,\"delta\":{},"
		"\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
	struct metered t;

	(void)state;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		meter_stream(&t, WIRE_OPENAI_CHAT, NULL, text, sizeof(text) - 1,
			     cut, false);
		near(t.r.evidence[EVIDENCE_TOOL_JSON], 0.5);
		near(t.r.evidence[EVIDENCE_FINISH], FINISH_TOOL_CALLS);
		assert_int_equal(t.r.output_bytes, 5 + 5 + 2);
		metered_release(&t);
	}
}

static void test_tool_json_anthropic(void **state)
{
	static const char text[] =
		"data: {\"type\":\"content_block_start\",\"index\":0,"
		"\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\","
		"\"name\":\"Bash\",\"input\":{}}}\n\n"
		"data: {\"type\":\"content_block_delta\",\"index\":0,"
		"\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":"
		"\"{\\\"command\\\": \"}}\n\n"
		"data: {\"type\":\"content_block_delta\",\"index\":0,"
		"\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":"
		"\"\\\"ls -l\\\"}\"}}\n\n"
		"data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
		"\"tool_use\"},\"usage\":{\"output_tokens\":9}}\n\n"
		"data: {\"type\":\"message_stop\"}\n\n";
	static const char before[] =
		"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
		"\"x\"},{\"role\":\"assistant\",\"content\":[{\"type\":"
		"\"tool_use\",\"name\":\"Bash\",\"input\":{\"command\":"
		"\"ls -l\"}}]}]}";
	struct model_request req;
	struct metered t;
	struct arena a;
	struct err e;

	(void)state;
	arena_init(&a, MODEL_ARENA);
	assert_int_equal(
		model_request_read(&req, WIRE_ANTHROPIC, STR(before), &a, &e),
		RC_OK);
	meter_stream(&t, WIRE_ANTHROPIC, &req, text, sizeof(text) - 1, 100,
		     false);
	near(t.r.evidence[EVIDENCE_TOOL_JSON], 1);
	near(t.r.evidence[EVIDENCE_FINISH], FINISH_TOOL_CALLS);
	/* The same call as the one before: it goes round in circles. */
	near(t.r.evidence[EVIDENCE_REPEATED], 1);
	metered_release(&t);
	arena_release(&a);
}

static void test_json_output(void **state)
{
	static const struct {
		const char *content;
		float valid;
	} cases[] = {
		{"{\\\"a\\\": [1]}", 1},
		{"Sure! {\\\"a\\\": 1}", 0},
		{"", 0},
	};
	struct model_request req = {.format = FORMAT_JSON};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct metered t;
		char body[256];

		snprintf(body, sizeof(body),
			 "{\"choices\":[{\"message\":{\"content\":\"%s\"},"
			 "\"finish_reason\":\"stop\"}]}",
			 cases[i].content);
		meter_chat(&t, &req, body);
		near(t.r.evidence[EVIDENCE_SCHEMA], cases[i].valid);
		metered_release(&t);
	}
}

/* Good JSON of another shape is not what was asked for. */
static void test_schema(void **state)
{
	static const char *const contents[] = {"{\\\"a\\\":\\\"x\\\"}",
					       "{\\\"a\\\":1}"};
	struct model_request req = {
		.format = FORMAT_SCHEMA,
		.schema =
			STR("{\"properties\":{\"a\":{\"type\":\"integer\"}}}")};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct metered t;
		char body[256];

		snprintf(body, sizeof(body),
			 "{\"choices\":[{\"message\":{\"content\":\"%s\"},"
			 "\"finish_reason\":\"stop\"}]}",
			 contents[i]);
		meter_chat(&t, &req, body);
		near(t.r.evidence[EVIDENCE_SCHEMA], i);
		metered_release(&t);
	}
}

static void test_loops(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	for (int loop = 0; loop < 2; loop++) {
		struct metered t;

		buf_clear(&b);
		buf_adds(&b, "{\"choices\":[{\"message\":{\"content\":\"");
		for (int i = 0; i < 300; i++)
			buf_addf(&b, "and so on %d ", loop ? 7 : i);
		buf_adds(&b, "\"},\"finish_reason\":\"length\"}]}");
		meter_chat(&t, NULL, buf_str(&b));
		near(t.r.evidence[EVIDENCE_REPEATED], loop);
		near(t.r.evidence[EVIDENCE_FINISH], FINISH_LENGTH);
		metered_release(&t);
	}
	buf_release(&b);
}

/* Many tokens: the percentile is of all, or of every so many-th. */
static void test_many_logprobs(void **state)
{
	struct metered t;
	struct buf b;

	(void)state;
	buf_init(&b, 8 << 20);
	buf_adds(&b, "{\"choices\":[{\"logprobs\":{\"content\":[");
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "%s{\"logprob\":-%d.5}", i ? "," : "", i % 10);
	buf_adds(&b, "]},\"finish_reason\":\"stop\"}]}");
	meter_chat(&t, NULL, buf_str(&b));
	near(t.r.evidence[EVIDENCE_LOGPROB_TOKENS], 20000);
	near(t.r.evidence[EVIDENCE_LOGPROB_MEAN], -5.0);
	near(t.r.evidence[EVIDENCE_LOGPROB_MIN], -9.5);
	assert_true(t.r.evidence[EVIDENCE_LOGPROB_P10] <= -8.5f);
	near(t.r.evidence[EVIDENCE_DOUBTFUL], 0.9);
	metered_release(&t);
	meter_chat(
		&t, NULL,
		"{\"choices\":[{\"logprobs\":{\"content\":[{\"logprob\":-9999.0}]"
		"}}]}");
	near(t.r.evidence[EVIDENCE_LOGPROB_MIN], -100);
	metered_release(&t);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tool_json),
		cmocka_unit_test(test_tool_json_anthropic),
		cmocka_unit_test(test_json_output),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_many_logprobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
