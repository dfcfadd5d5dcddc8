/* Usage in LiteLLM's shapes, made disjoint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/litellm_usage.h"

#define NO USAGE_NONE

static void test_shapes(void **state)
{
	static const struct {
		const char *what, *json;
		int64_t in, read, w5m, w1h, out, think;
		enum usage_quality quality;
	} cases[] = {
		{"OpenAI",
		 "{\"prompt_tokens\":1000,\"completion_tokens\":50,"
		 "\"prompt_tokens_details\":{\"cached_tokens\":600},"
		 "\"completion_tokens_details\":{\"reasoning_tokens\":"
		 "20}}",
		 400, 600, NO, NO, 50, 20, QUALITY_EXACT},
		{"OpenAI, details null",
		 "{\"prompt_tokens\":10,\"completion_tokens\":5,"
		 "\"prompt_tokens_details\":null}",
		 10, NO, NO, NO, 5, NO, QUALITY_EXACT},
		{"OpenAI cache writes have one price",
		 "{\"prompt_tokens\":100,\"completion_tokens\":5,"
		 "\"prompt_tokens_details\":{\"cached_tokens\":20,"
		 "\"cache_write_tokens\":30}}",
		 50, 20, 30, NO, 5, NO, QUALITY_EXACT},
		{"nothing about caching",
		 "{\"prompt_tokens\":10,\"completion_tokens\":5}", 10, NO, NO,
		 NO, 5, NO, QUALITY_CACHE_UNKNOWN},
		{"Claude by LiteLLM: prompt includes the cache",
		 "{\"prompt_tokens\":1000,\"completion_tokens\":5,"
		 "\"cache_read_input_tokens\":700,"
		 "\"cache_creation_input_tokens\":200}",
		 100, 700, 200, NO, 5, NO, QUALITY_NO_TTL_SPLIT},
		{"Claude by LiteLLM with times to live",
		 "{\"prompt_tokens\":1000,\"completion_tokens\":5,"
		 "\"cache_read_input_tokens\":700,"
		 "\"cache_creation_input_tokens\":200,"
		 "\"prompt_tokens_details\":{"
		 "\"cache_creation_token_details\":{"
		 "\"ephemeral_5m_input_tokens\":150,"
		 "\"ephemeral_1h_input_tokens\":50}}}",
		 100, 700, 150, 50, 5, NO, QUALITY_EXACT},
		{"Anthropic's own names: disjoint",
		 "{\"input_tokens\":10,\"output_tokens\":5,"
		 "\"cache_read_input_tokens\":700,"
		 "\"cache_creation_input_tokens\":0}",
		 10, 700, NO, NO, 5, NO, QUALITY_EXACT},
		{"Responses",
		 "{\"input_tokens\":100,\"output_tokens\":50,"
		 "\"input_tokens_details\":{\"cached_tokens\":60},"
		 "\"output_tokens_details\":{\"reasoning_tokens\":7}}",
		 40, 60, NO, NO, 50, 7, QUALITY_EXACT},
		{"old: the cache is not in the prompt",
		 "{\"prompt_tokens\":10,\"completion_tokens\":5,"
		 "\"cache_read_input_tokens\":700}",
		 10, 700, NO, NO, 5, NO, QUALITY_INFERRED},
		{"old: the writes are not in the prompt",
		 "{\"prompt_tokens\":1000,\"completion_tokens\":5,"
		 "\"cache_read_input_tokens\":900,"
		 "\"cache_creation_input_tokens\":300}",
		 100, 900, 300, NO, 5, NO, QUALITY_INFERRED},
		{"xAI: reasoning beside the completion, seen by the total",
		 "{\"prompt_tokens\":10,\"completion_tokens\":5,"
		 "\"total_tokens\":315,\"prompt_tokens_details\":null,"
		 "\"completion_tokens_details\":{\"reasoning_tokens\":"
		 "300}}",
		 10, NO, NO, NO, 305, 300, QUALITY_EXACT},
		{"more reasoning than completion",
		 "{\"prompt_tokens\":10,\"completion_tokens\":5,"
		 "\"prompt_tokens_details\":null,"
		 "\"completion_tokens_details\":{\"reasoning_tokens\":"
		 "300}}",
		 10, NO, NO, NO, 305, 300, QUALITY_INFERRED},
		{"DeepSeek",
		 "{\"prompt_tokens\":10,\"completion_tokens\":5,"
		 "\"prompt_cache_hit_tokens\":4}",
		 6, 4, NO, NO, 5, NO, QUALITY_EXACT},
		{"embedding", "{\"prompt_tokens\":10,\"total_tokens\":10}", 10,
		 NO, NO, NO, NO, NO, QUALITY_CACHE_UNKNOWN},
		{"nothing", "{}", NO, NO, NO, NO, NO, NO, QUALITY_MISSING},
		{"null", "null", NO, NO, NO, NO, NO, NO, QUALITY_MISSING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct litellm_parts parts = {NULL, {NULL}};
		enum usage_quality quality;
		struct json_doc d;
		struct usage u;
		bool bad = false;
		struct err e;

		json_doc_init(&d, 100);
		assert_int_equal(json_parse(&d, str_from(cases[i].json), &e),
				 RC_OK);
		parts.usage = d.nodes;
		litellm_usage(&parts, &u, &quality, &bad);
		json_doc_release(&d);
		if (bad || u.n[USAGE_UNCACHED_IN] != cases[i].in ||
		    u.n[USAGE_CACHE_READ] != cases[i].read ||
		    u.n[USAGE_CACHE_WRITE_5M] != cases[i].w5m ||
		    u.n[USAGE_CACHE_WRITE_1H] != cases[i].w1h ||
		    u.n[USAGE_OUTPUT] != cases[i].out ||
		    u.n[USAGE_REASONING] != cases[i].think ||
		    quality != cases[i].quality)
			fail_msg("%s: %lld %lld %lld %lld %lld %lld %s",
				 cases[i].what,
				 (long long)u.n[USAGE_UNCACHED_IN],
				 (long long)u.n[USAGE_CACHE_READ],
				 (long long)u.n[USAGE_CACHE_WRITE_5M],
				 (long long)u.n[USAGE_CACHE_WRITE_1H],
				 (long long)u.n[USAGE_OUTPUT],
				 (long long)u.n[USAGE_REASONING],
				 usage_quality_names[quality]);
	}
}

static void test_bad_counts(void **state)
{
	static const char *const cases[] = {
		"{\"prompt_tokens\":-1}",
		"{\"prompt_tokens\":1.5}",
		"{\"prompt_tokens\":\"ten\"}",
		"{\"prompt_tokens\":1e18}",
		("{\"prompt_tokens\":9223372036854775807,"
		 "\"cache_read_input_tokens\":9223372036854775807}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct litellm_parts parts = {NULL, {NULL}};
		enum usage_quality quality;
		struct json_doc d;
		struct usage u;
		bool bad = false;
		struct err e;

		json_doc_init(&d, 100);
		assert_int_equal(json_parse(&d, str_from(cases[i]), &e), RC_OK);
		parts.usage = d.nodes;
		litellm_usage(&parts, &u, &quality, &bad);
		json_doc_release(&d);
		assert_true(bad);
		assert_int_equal(quality, QUALITY_MISSING);
		assert_int_equal(u.n[USAGE_UNCACHED_IN], USAGE_NONE);
	}
}

static void test_models(void **state)
{
	static const struct {
		const char *full, *provider, *model, *call;
	} cases[] = {
		{"gpt-5", NULL, "gpt-5", "openai"},
		{"o3-mini", NULL, "o3-mini", "openai"},
		{"claude-sonnet-4-5", NULL, "claude-sonnet-4-5", "anthropic"},
		{"anthropic/claude-x", "anthropic", "claude-x", "anthropic"},
		{"gemini/gemini-2.5-pro", "gemini", "gemini-2.5-pro", "google"},
		{"openrouter/anthropic/claude-x", "openrouter",
		 "anthropic/claude-x", ""},
		{"azure/gpt-4o", "azure", "gpt-4o", ""},
		{"Qwen/Qwen3", NULL, "Qwen/Qwen3", ""},
		{"", NULL, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str provider, model;

		litellm_model(str_from(cases[i].full), &provider, &model);
		assert_true(str_eq(provider, str_from(cases[i].provider)));
		assert_true(str_is(model, cases[i].model));
		assert_string_equal(litellm_call_provider(provider, model),
				    cases[i].call);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_bad_counts),
		cmocka_unit_test(test_models),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
