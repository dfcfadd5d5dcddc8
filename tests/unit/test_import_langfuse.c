/* Observations and scores of Langfuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "tests/unit/import_probe.h"

extern const struct import_kind import_langfuse;
static struct probe p, q;

static void test_totals(void **state)
{
	const struct ev_attempt *a;

	(void)state;
	probe_file(&p, &import_langfuse, "traces/langfuse.observations.json");
	assert_int_equal(p.n_attempts, 1);
	a = &p.attempts[0].a;
	assert_int_equal(a->usage.n[USAGE_UNCACHED_IN], 350);
	assert_int_equal(a->usage.n[USAGE_CACHE_READ], 10000);
	assert_int_equal(a->usage.n[USAGE_CACHE_WRITE_5M], 2000);
	assert_int_equal(a->usage.n[USAGE_CACHE_WRITE_1H], USAGE_NONE);
	assert_int_equal(a->usage.n[USAGE_OUTPUT], 512);
	assert_int_equal(a->quality, QUALITY_NO_TTL_SPLIT);
	assert_int_equal(probe_cost(&p, 0), INT64_C(19230000000));
	assert_int_equal(a->reported_cost_pusd, INT64_C(19230000000));
	assert_int_equal(a->ended_us - a->started_us, 2000000);
	assert_int_equal(a->first_token_us - a->started_us, 500000);
	assert_true(str_is(p.tasks[0].t.ext_id, "tr1"));
	assert_true(str_contains(p.tasks[0].t.attrs,
				 "\"environment\":\"default\""));
	probe_file(&q, &import_langfuse, "traces/langfuse.observations.json");
	probe_same(&p, &q);
}

static void probe_lines(struct probe *r, const char *text)
{
	probe_text(r, &import_langfuse, "export.jsonl", str_from(text));
}

#define OBS(id, type, more)                                                    \
	"{\"id\":\"" id "\",\"traceId\":\"t\",\"type\":\"" type                \
	"\",\"startTime\":\"2026-06-01T00:00:00Z\",\"model\":\"gpt-5\"" more   \
	"}\n"

/* Spans and agents repeat the money of what is in them. */
static void test_only_generations_bill(void **state)
{
	(void)state;
	probe_lines(&p,
		    OBS("1", "SPAN", ",\"totalCost\":5") OBS("2", "AGENT", "")
			    OBS("3", "GENERATION", "") OBS("4", "EMBEDDING", "")
				    OBS("5", "TOOL", "") OBS("6", "EVENT", ""));
	assert_int_equal(p.n_attempts, 2);
	assert_int_equal(p.n_tasks, 1);
	assert_int_equal(probe_reported(&p, 0), 0);
	assert_int_equal(
		probe_reason(&p, "observations that are not model calls"), 4);
	probe_keys_differ(&p);
}

static void test_buckets(void **state)
{
	static const struct {
		const char *what, *usage;
		int64_t in, read, w5m, w1h, out, think;
		enum usage_quality quality;
	} cases[] = {
		{"reasoning beside output",
		 ",\"usageDetails\":{\"input\":10,\"output\":5,"
		 "\"output_reasoning_tokens\":7,\"total\":22}",
		 10, USAGE_NONE, USAGE_NONE, USAGE_NONE, 12, 7, QUALITY_EXACT},
		{"writes by time to live",
		 ",\"usageDetails\":{\"input\":10,\"output\":5,"
		 "\"input_cache_creation_5m\":3,"
		 "\"input_cache_creation_1h\":4}",
		 10, USAGE_NONE, 3, 4, 5, USAGE_NONE, QUALITY_EXACT},
		{"and their sum beside them",
		 ",\"usageDetails\":{\"input\":10,\"output\":5,"
		 "\"input_cache_creation\":7,"
		 "\"input_cache_creation_5m\":3,"
		 "\"input_cache_creation_1h\":4}",
		 10, USAGE_NONE, 3, 4, 5, USAGE_NONE, QUALITY_EXACT},
		{"Anthropic's names",
		 ",\"usageDetails\":{\"input_tokens\":10,"
		 "\"output_tokens\":5,\"cache_read_input_tokens\":6,"
		 "\"cache_creation_input_tokens\":0}",
		 10, 6, 0, USAGE_NONE, 5, USAGE_NONE, QUALITY_EXACT},
		{"old fields",
		 ",\"usageDetails\":{},\"promptTokens\":10,"
		 "\"completionTokens\":5",
		 10, USAGE_NONE, USAGE_NONE, USAGE_NONE, 5, USAGE_NONE,
		 QUALITY_CACHE_UNKNOWN},
		{"older fields",
		 ",\"usage\":{\"input\":10,\"output\":5,\"unit\":"
		 "\"TOKENS\"}",
		 10, USAGE_NONE, USAGE_NONE, USAGE_NONE, 5, USAGE_NONE,
		 QUALITY_CACHE_UNKNOWN},
		{"nothing", "", USAGE_NONE, USAGE_NONE, USAGE_NONE, USAGE_NONE,
		 USAGE_NONE, USAGE_NONE, QUALITY_MISSING},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *line =
			xasprintf(OBS("1", "GENERATION", "%s"), cases[i].usage);
		const struct usage *u;

		probe_lines(&p, line);
		free(line);
		assert_int_equal(p.n_attempts, 1);
		u = &p.attempts[0].a.usage;
		if (u->n[USAGE_UNCACHED_IN] != cases[i].in ||
		    u->n[USAGE_CACHE_READ] != cases[i].read ||
		    u->n[USAGE_CACHE_WRITE_5M] != cases[i].w5m ||
		    u->n[USAGE_CACHE_WRITE_1H] != cases[i].w1h ||
		    u->n[USAGE_OUTPUT] != cases[i].out ||
		    u->n[USAGE_REASONING] != cases[i].think ||
		    p.attempts[0].a.quality != cases[i].quality)
			fail_msg("%s", cases[i].what);
	}
}

static void test_errors(void **state)
{
	(void)state;
	probe_lines(&p,
		    OBS("1", "GENERATION",
			",\"level\":\"ERROR\",\"statusMessage\":"
			"\"RateLimitError: quota of a@b.c\",\"totalCost\":0"));
	assert_int_equal(p.attempts[0].a.status, ATTEMPT_ERROR);
	assert_true(str_is(p.attempts[0].a.error_class, "RateLimitError"));
	assert_int_equal(p.attempts[0].a.reported_cost_pusd, MONEY_NONE);
}

static void test_scores(void **state)
{
	const struct ev_outcome *o;

	(void)state;
	probe_text(
		&p, &import_langfuse, "scores.json",
		STR("{\"data\":[{\"id\":\"s1\",\"traceId\":\"t\",\"name\":"
		    "\"correct\",\"value\":0.25,\"dataType\":\"NUMERIC\","
		    "\"timestamp\":\"2026-06-01T00:00:00Z\"},"
		    "{\"id\":\"s2\",\"traceId\":\"t\",\"observationId\":\"o\","
		    "\"name\":\"tone\",\"value\":1,\"stringValue\":\"kind\","
		    "\"dataType\":\"CATEGORICAL\"},"
		    "{\"id\":\"s3\",\"traceId\":\"t\",\"name\":\"stars\","
		    "\"value\":4},"
		    "{\"id\":\"s4\",\"traceId\":\"t\",\"name\":\"ok\","
		    "\"value\":1,\"dataType\":\"BOOLEAN\",\"stringValue\":"
		    "\"True\"},"
		    "{\"id\":\"s5\",\"traceId\":null,\"name\":\"session\","
		    "\"value\":1},"
		    "{\"id\":\"s6\",\"traceId\":\"t\",\"name\":\"none\","
		    "\"value\":null}]}"));
	assert_int_equal(p.n_outcomes, 4);
	o = probe_outcome(&p, 0, "correct");
	assert_int_equal(o->success_micro, 250000);
	assert_int_equal(o->at_us, INT64_C(1780272000) * US_PER_SEC);
	o = probe_outcome(&p, 0, "tone");
	assert_int_equal(o->success_micro, -1);
	assert_true(str_is(o->label, "kind"));
	assert_true(str_is(o->step_key, "o"));
	o = probe_outcome(&p, 0, "stars");
	assert_int_equal(o->success_micro, -1);
	assert_true(str_is(o->label, "4"));
	assert_int_equal(probe_outcome(&p, 0, "ok")->success_micro, 1000000);
	assert_int_equal(probe_reason(&p, "scores without a trace or a name"),
			 1);
	assert_int_equal(probe_reason(&p, "scores without a value"), 1);
}

static void test_bad_input(void **state)
{
	(void)state;
	probe_text(&p, &import_langfuse, "x.json", STR("{\"data\":"));
	assert_int_equal(p.totals.files_failed, 1);
	probe_lines(
		&p,
		"[1,null,\"x\"]\n{}\n{\"type\":\"GENERATION\"}\n"
		"{\"id\":\"lone\",\"type\":\"GENERATION\",\"model\":\"gpt-5\"}\n" OBS(
			"1", "GENERATION",
			",\"usageDetails\":{\"input\":-1,\"output\":1e30}") "\xff\n");
	assert_int_equal(p.totals.files_read, 1);
	assert_int_equal(probe_reason(&p, "records"), 4);
	assert_int_equal(probe_reason(&p, "calls with bad token counts"), 1);
	assert_int_equal(probe_reason(&p, "lines that are not JSON"), 1);
	assert_int_equal(p.n_attempts, 2);
	assert_true(str_is(p.tasks[0].t.ext_id, "lone"));
}

static int release(void **state)
{
	(void)state;
	probe_release(&p);
	probe_release(&q);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_only_generations_bill),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_scores),
		cmocka_unit_test(test_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
