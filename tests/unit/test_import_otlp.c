/* Captured bodies of OTLP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/import_probe.h"

extern const struct import_kind import_otlp;
static struct probe p, q;

static void test_files(void **state)
{
	static const struct {
		const char *path;
		size_t attempts;
	} cases[] = {
		{"otlp/sdkjs_proto.01.traces.pb", 3},
		{"otlp/sdkjs_proto_gzip.01.traces.pb.gz", 3},
		{"otlp/sdkjs_json.01.traces.json", 3},
		{"otlp/sdkjs_json_gzip.01.traces.json.gz", 3},
		{"claude_code/claude.02.logs.json", 1},
		{"claude_code_pb/claude.02.logs.pb", 1},
		{"claude_code/claude.03.metrics.json", 0},
		{"claude_code_pb/claude.03.metrics.pb", 0},
		{"edge/01_uppercase_hex_ids.json", 1},
		{"edge/16_empty_request.json", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		probe_file(&p, &import_otlp, cases[i].path);
		if (p.n_attempts != cases[i].attempts)
			fail_msg("%s: %zu attempts", cases[i].path,
				 p.n_attempts);
		probe_keys_differ(&p);
		probe_file(&q, &import_otlp, cases[i].path);
		probe_same(&p, &q);
	}
}

#define SPAN(id)                                                               \
	"{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"       \
	"\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"" id "\","          \
	"\"name\":\"chat gpt-4o\",\"startTimeUnixNano\":"                      \
	"\"1758800000000000000\",\"attributes\":["                             \
	"{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":"       \
	"\"chat\"}},{\"key\":\"gen_ai.provider.name\",\"value\":"              \
	"{\"stringValue\":\"openai\"}},{\"key\":\"gen_ai.request.model\","     \
	"\"value\":{\"stringValue\":\"gpt-4o\"}},{\"key\":"                    \
	"\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"10\"}},"      \
	"{\"key\":\"gen_ai.usage.output_tokens\",\"value\":{\"intValue\":"     \
	"\"1\"}}]}]}]}]}"

/* As a collector's file exporter writes: a body a line. */
static void test_lines(void **state)
{
	(void)state;
	probe_text(&p, &import_otlp, "otlp.jsonl",
		   STR(SPAN("eee19b7ec3c1b174") "\n" SPAN(
			   "eee19b7ec3c1b175") "\n\n{\"resourceLogs\":[]}\n"));
	assert_int_equal(p.n_attempts, 2);
	assert_int_equal(probe_sum(&p, -1, USAGE_UNCACHED_IN), 20);
	/* The rest of a file that breaks off is said to be bad. */
	probe_text(&p, &import_otlp, "otlp.jsonl",
		   STR(SPAN("eee19b7ec3c1b174") "\n{\"resourceSpans\":[{"));
	assert_int_equal(p.n_attempts, 1);
	assert_int_equal(probe_reason(&p, "bodies"), 1);
}

static void test_not_of_the_kind(void **state)
{
	static const struct str cases[] = {STR("hello"), STR("{\"a\":"),
					   STR("\x0a\xff")};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		probe_text(&p, &import_otlp, "x", cases[i]);
		assert_int_equal(p.totals.files_failed, 1);
	}
	probe_text(&p, &import_otlp, "x", STR("{}"));
	assert_int_equal(p.totals.files_failed, 0);
	assert_int_equal(
		probe_reason(&p, "bodies without spans, records or points"), 1);
}

static void test_match(void **state)
{
	(void)state;
	assert_true(import_otlp.match(STR("/x/claude.01.traces.json")));
	assert_true(import_otlp.match(STR("/x/a.pb")));
	assert_true(import_otlp.match(STR("otlp.jsonl")));
	assert_false(
		import_otlp.match(STR("/x/claude.01.traces.headers.json")));
	assert_false(import_otlp.match(STR("/logs/package.json")));
}

static int teardown(void **state)
{
	(void)state;
	probe_release(&p);
	probe_release(&q);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_not_of_the_kind),
		cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
