/* Every OTLP fixture against tests/data/expected.json: JSON, protobuf, gzip,
 * and JSON written anew as protobuf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/json.h"
#include "ledger/money.h"
#include "ledger/price.h"
#include "tests/unit/meaning_case.h"
#include "tests/unit/otlp_case.h"

static struct json_doc doc;
static struct buf text;
static struct arena arena;
static struct price_book *book;

static int setup(void **state)
{
	struct err e;

	(void)state;
	otlp_file(&text, "tests/data/expected.json");
	json_doc_init(&doc, 65536);
	arena_init(&arena, (size_t)8 << 20);
	if (price_book_builtin(&book, &e) != RC_OK)
		return -1;
	return json_parse(&doc, (struct str){buf_str(&text), text.len}, &e) ==
			       RC_OK
		       ? 0
		       : -1;
}

static int teardown(void **state)
{
	(void)state;
	json_doc_release(&doc);
	buf_release(&text);
	arena_release(&arena);
	price_book_free(book);
	return 0;
}

static void count_is(const char *file, const struct json *want, const char *key,
		     int64_t have)
{
	const struct json *v = json_get(want, key);
	int64_t n = USAGE_NONE;

	if (!v)
		return;
	if (json_present(v))
		assert_true(json_i64(v, &n));
	if (n != have)
		fail_msg("%s: %s is %lld, not %lld", file, key, (long long)have,
			 (long long)n);
}

static void text_is(const char *file, const struct json *want, const char *key,
		    struct str have)
{
	const struct json *v = json_get(want, key);
	struct str s;

	if (!json_present(v))
		return;
	s = json_str(v, &arena);
	if (!str_eq(s, have))
		fail_msg("%s: %s is '%.*s', not '%.*s'", file, key,
			 STR_ARG(have), STR_ARG(s));
}

static int64_t sum2(int64_t a, int64_t b)
{
	if (a == USAGE_NONE && b == USAGE_NONE)
		return USAGE_NONE;
	return (a > 0 ? a : 0) + (b > 0 ? b : 0);
}

static void money_is(const char *file, const struct json *want, const char *key,
		     int64_t have)
{
	int64_t pusd;

	if (!json_present(json_get(want, key)))
		return;
	assert_true(
		money_parse_pusd(json_str(json_get(want, key), &arena), &pusd));
	if (pusd != have)
		fail_msg("%s: %s is %lld pUSD, not %lld", file, key,
			 (long long)have, (long long)pusd);
}

static void call_is(const char *file, const struct json *want,
		    const struct ev_attempt *a)
{
	const int64_t *n = a->usage.n;

	text_is(file, want, "provider", a->provider);
	text_is(file, want, "model", a->model);
	count_is(file, want, "uncached", n[USAGE_UNCACHED_IN]);
	count_is(file, want, "cache_read", n[USAGE_CACHE_READ]);
	count_is(file, want, "cache_write",
		 sum2(n[USAGE_CACHE_WRITE_5M], n[USAGE_CACHE_WRITE_1H]));
	count_is(file, want, "cache_write_5m", n[USAGE_CACHE_WRITE_5M]);
	count_is(file, want, "cache_write_1h", n[USAGE_CACHE_WRITE_1H]);
	count_is(file, want, "output", n[USAGE_OUTPUT]);
	count_is(file, want, "reasoning", n[USAGE_REASONING]);
	count_is(file, want, "web_search", n[USAGE_WEB_SEARCH]);
	text_is(file, want, "quality",
		str_from(usage_quality_names[a->quality]));
	text_is(file, want, "error", a->error_class);
	money_is(file, want, "reported_cost", a->reported_cost_pusd);
}

static void outcomes_are(const char *file, const struct json *want,
			 const struct mcase *c)
{
	size_t i = 0;

	if (!want) {
		assert_int_equal(c->b->n_outcomes, 0);
		return;
	}
	for (const struct json *v = json_first(want); v;
	     v = json_next(want, v), i++) {
		const struct bt_outcome *o = &c->b->outcomes[i];
		double score;

		assert_true(i < c->b->n_outcomes);
		text_is(file, v, "name", o->e.key);
		text_is(file, v, "label", o->e.label);
		assert_true(json_double(json_get(v, "score"), &score));
		assert_int_equal(o->e.success_micro, (int)(score * 1e6 + 0.5));
		/* One that names the response is on its step. */
		assert_int_equal(!uuid_is_nil(o->step_id),
				 json_present(json_get(v, "response_id")));
		if (!uuid_is_nil(o->step_id))
			assert_true(
				uuid_eq(o->step_id, c->b->attempts[0].step_id));
	}
	assert_int_equal(c->b->n_outcomes, i);
}

static void case_is(const char *file, const struct json *want, struct mcase *c)
{
	const struct json *calls = json_get(want, "calls");
	size_t i = 0;

	mcase_merge(c);
	for (const struct json *v = json_first(calls); v;
	     v = json_next(calls, v), i++) {
		if (i >= c->n_calls)
			fail_msg("%s: only %zu calls", file, c->n_calls);
		call_is(file, v, &c->calls[i].a);
	}
	if (i != c->n_calls)
		fail_msg("%s: %zu calls, not %zu", file, c->n_calls, i);
	outcomes_are(file, json_get(want, "outcomes"), c);
	assert_int_equal(c->b->n_claims, 0);
	assert_int_equal(c->b->n_dead, 0);
	if (json_get(want, "tool_error")) {
		int failed = 0;

		for (i = 0; i < c->n_calls; i++)
			failed += c->calls[i].a.step_failed == 1;
		if (failed != 1)
			fail_msg("%s: %d failed steps", file, failed);
	}
}

static const struct json *want_of(const char *key)
{
	const struct json *v = json_get(&doc.nodes[0], key);
	const struct json *same = json_get(v, "same_as");

	if (json_present(same)) {
		struct str s = json_str(same, &arena);

		return want_of(arena_strdup(&arena, s.p, s.len));
	}
	assert_non_null(v);
	return v;
}

static void files_are(const char *key, const char *const *files)
{
	for (int as_pb = 0; as_pb < 2; as_pb++) {
		struct mcase c;

		mcase_init(&c, "");
		for (int i = 0; files[i]; i++)
			mcase_file(&c, files[i], as_pb);
		case_is(key, want_of(key), &c);
		mcase_release(&c);
	}
}
#define FILES(key, ...) files_are(key, (const char *const[]){__VA_ARGS__, NULL})

static void otlp_fixtures(void **state)
{
	static const char *const names[][2] = {
		{"sdkjs_json.01.traces.json", ""},
		{"sdkjs_json_gzip.01.traces.json", ".gz"},
		{"sdkjs_proto.01.traces.pb", ""},
		{"sdkjs_proto_gzip.01.traces.pb", ".gz"},
		{"vercel_ai4.01.traces.json", ""},
		{"vercel_ai5.01.traces.json", ""},
		{"vercel_ai7.01.traces.json", ""},
		{"vercel_ai7_legacy.01.traces.json", ""},
		{"instr_traceloop.01.traces.json", ""},
		{"instr_openinference.01.traces.json", ""},
		{"langfuse.01._api_public_otel_v1_traces.json", ""},
		{"synth_openinference_agent.01.traces.json", ""},
		{"synth_openllmetry_py_old.01.traces.json", ""},
		{"synth_otel_genai_2026.01.traces.json", ""},
		{"synth_pydantic_ai.01.traces.json", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char key[128], file[160];

		snprintf(key, sizeof(key), "otlp/%s", names[i][0]);
		snprintf(file, sizeof(file), "tests/data/%s%s", key,
			 names[i][1]);
		FILES(key, file);
	}
}

static void tools_known_by_name(void **state)
{
	(void)state;
	FILES("claude_code", "tests/data/claude_code/claude.01.traces.json",
	      "tests/data/claude_code/claude.02.logs.json",
	      "tests/data/claude_code/claude.03.metrics.json");
	FILES("claude_code", "tests/data/claude_code/claude.02.logs.json");
	FILES("claude_code_pb", "tests/data/claude_code_pb/claude.02.logs.pb",
	      "tests/data/claude_code_pb/claude.03.metrics.pb",
	      "tests/data/claude_code_pb/claude.01.traces.pb");
	FILES("codex", "tests/data/codex/codex.01.traces.trimmed.json",
	      "tests/data/codex/codex.02.metrics.trimmed.json",
	      "tests/data/codex/codex.03.logs.json");
	FILES("codex", "tests/data/codex/codex.03.logs.json",
	      "tests/data/codex/codex.01.traces.trimmed.json");
	FILES("gemini_cli", "tests/data/gemini_cli/gemini.01.traces.json",
	      "tests/data/gemini_cli/gemini.02.logs.json",
	      "tests/data/gemini_cli/gemini.03.metrics.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(otlp_fixtures),
		cmocka_unit_test(tools_known_by_name),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
