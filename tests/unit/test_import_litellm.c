/* Spend logs of LiteLLM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "tests/unit/import_probe.h"

extern const struct import_kind import_litellm;
static struct probe p, q;

static void test_totals(void **state)
{
	const struct ev_attempt *a;

	(void)state;
	probe_file(&p, &import_litellm, "traces/litellm.spendlogs.json");
	assert_int_equal(p.n_attempts, 1);
	a = &p.attempts[0].a;
	assert_int_equal(a->usage.n[USAGE_UNCACHED_IN], 86);
	assert_int_equal(a->usage.n[USAGE_CACHE_READ], 1920);
	assert_int_equal(a->usage.n[USAGE_OUTPUT], 300);
	assert_int_equal(a->reported_cost_pusd, INT64_C(3347500000));
	assert_int_equal(a->quality, QUALITY_EXACT);
	assert_int_equal(probe_cost(&p, 0), INT64_C(3347500000));
	assert_int_equal(a->started_us, INT64_C(1780272000) * US_PER_SEC);
	assert_int_equal(a->ended_us - a->started_us, 2000000);
	assert_int_equal(a->first_token_us - a->started_us, 500000);
	assert_true(str_is(a->provider, "openai"));
	assert_true(str_is(a->model, "gpt-5"));
	assert_true(str_is(a->requested_model, "gpt-5"));
	assert_true(str_is(p.tasks[0].t.ext_id, "sess-1"));
	assert_true(str_is(p.tasks[0].t.team, "t1"));
	assert_true(str_is(p.tasks[0].t.agent, "k"));
	assert_true(str_contains(p.tasks[0].t.attrs, "\"user\":\"u1\""));
	probe_file(&q, &import_litellm, "traces/litellm.spendlogs.json");
	probe_same(&p, &q);
}

static void probe_lines(struct probe *r, const char *text)
{
	probe_text(r, &import_litellm, "logs.jsonl", str_from(text));
}

#define ROW(id, more)                                                          \
	"{\"request_id\":\"" id "\",\"model\":\"gpt-5\",\"spend\":0.5,"        \
	"\"startTime\":\"2026-06-01T00:00:00Z\",\"prompt_tokens\":100,"        \
	"\"completion_tokens\":7" more "}"

/* An array, a page, JSON lines, one record, a file that has no telling name:
 * the same rows with the same names. */
static void test_shapes(void **state)
{
	static const struct {
		const char *name, *text;
	} shapes[] = {
		{"a.json", "[" ROW("r1", "") "," ROW("r2", "") "]"},
		{"b.json", "{\"data\":[" ROW("r1", "") "," ROW(
				   "r2", "") "],\"total\":2}"},
		{"c.jsonl", ROW("r1", "") "\n" ROW("r2", "") "\n"},
		{"d.ndjson", "[" ROW("r1", "") "]\n[" ROW("r2", "") "]\n"},
		{"e.txt", ROW("r1", "") "\r\n\r\n" ROW("r2", "")},
	};

	(void)state;
	probe_lines(&p, shapes[2].text);
	assert_int_equal(p.n_attempts, 2);
	probe_keys_differ(&p);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		probe_text(&q, &import_litellm, shapes[i].name,
			   str_from(shapes[i].text));
		probe_same(&p, &q);
	}
	probe_text(&q, &import_litellm, "f.json", STR(ROW("r1", "")));
	assert_int_equal(q.n_attempts, 1);
}

/* Where the cached part of the prompt may stand. */
static void test_metadata(void **state)
{
	static const char *const rows[] = {
		ROW("r", ",\"metadata\":{\"additional_usage_values\":{"
			 "\"prompt_tokens_details\":{\"cached_tokens\":40}}}"),
		ROW("r", ",\"metadata\":{\"additional_usage_values\":{"
			 "\"cache_read_input_tokens\":40}}"),
		ROW("r", ",\"metadata\":{\"usage_object\":{"
			 "\"prompt_tokens_details\":{\"cached_tokens\":40}}}"),
		ROW("r", ",\"metadata\":\"{\\\"usage_object\\\":{"
			 "\\\"cache_read_input_tokens\\\":40}}\""),
		ROW("r", ",\"response\":{\"usage\":{\"prompt_tokens_details\":"
			 "{\"cached_tokens\":40}}}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		probe_lines(&p, rows[i]);
		assert_int_equal(p.n_attempts, 1);
		assert_int_equal(probe_sum(&p, 0, USAGE_CACHE_READ), 40);
		assert_int_equal(probe_sum(&p, 0, USAGE_UNCACHED_IN), 60);
		assert_int_equal(p.attempts[0].a.quality, QUALITY_EXACT);
	}
	probe_lines(&p, ROW("r", ",\"metadata\":\"not json\""));
	assert_int_equal(p.attempts[0].a.quality, QUALITY_CACHE_UNKNOWN);
	assert_int_equal(probe_sum(&p, 0, USAGE_UNCACHED_IN), 100);
}

/* Answered from LiteLLM's own cache: nothing was called, nothing is paid. */
static void test_cache_hit(void **state)
{
	(void)state;
	probe_lines(&p,
		    ROW("resp-1", "") "\n" ROW("resp-1_cache_hit17",
					       ",\"cache_hit\":\"True\"") "\n");
	assert_int_equal(p.n_attempts, 2);
	assert_int_equal(p.attempts[1].a.status, ATTEMPT_OK);
	assert_int_equal(p.attempts[1].a.reported_cost_pusd, 0);
	assert_int_equal(p.attempts[1].a.usage.n[USAGE_UNCACHED_IN], 0);
	assert_int_equal(p.attempts[1].a.usage.n[USAGE_OUTPUT], 0);
	assert_true(str_is(p.attempts[1].a.finish_reason, "cache_hit"));
	probe_keys_differ(&p);
}

static void test_failure(void **state)
{
	(void)state;
	probe_lines(
		&p,
		"{\"request_id\":\"r1\",\"model\":\"gpt-5\",\"spend\":0,"
		"\"prompt_tokens\":0,\"completion_tokens\":0,\"status\":"
		"\"failure\",\"startTime\":\"2026-06-01T00:00:00Z\","
		"\"metadata\":{\"status\":\"failure\",\"error_information\":{"
		"\"error_class\":\"RateLimitError\",\"error_code\":\"429\"}}}");
	assert_int_equal(p.n_attempts, 1);
	assert_int_equal(p.attempts[0].a.status, ATTEMPT_ERROR);
	assert_true(str_is(p.attempts[0].a.error_class, "RateLimitError"));
	assert_int_equal(p.attempts[0].a.usage.n[USAGE_OUTPUT], 0);
}

/* A retry or fallback is a row of its own in the same session. */
static void test_session(void **state)
{
	(void)state;
	probe_lines(
		&p,
		ROW("r1", ",\"session_id\":\"s\",\"agent_id\":\"bot\"") "\n" ROW(
			"r2", ",\"session_id\":\"s\"") "\n" ROW("r3", "") "\n");
	assert_int_equal(p.n_tasks, 2);
	assert_int_equal(p.tasks[0].attempts, 2);
	assert_true(str_is(p.tasks[0].t.agent, "bot"));
	assert_true(str_is(p.tasks[1].t.ext_id, "r3"));
}

static void test_bad_input(void **state)
{
	(void)state;
	probe_text(&p, &import_litellm, "x.json", STR("nothing"));
	assert_int_equal(p.totals.files_failed, 1);
	probe_text(&p, &import_litellm, "x.json", STR("[{\"request_id\":"));
	assert_int_equal(p.totals.files_failed, 1);
	probe_lines(
		&p,
		"7\n{\"no\":1}\n" ROW(
			"a",
			",\"call_type\":\"call_mcp_tool\"") "\n{\"request_id\":\"b\",\"call_type\":\"aretrieve_file\","
							    "\"model\":\"\",\"spend\":0}\n"
							    "{\"request_id\":\"c\",\"model\":\"gpt-5\",\"prompt_tokens\":"
							    "-4,\"completion_tokens\":2.5,\"spend\":-1}\n{\"reque");
	assert_int_equal(p.totals.files_read, 1);
	assert_int_equal(probe_reason(&p, "records"), 2);
	assert_int_equal(probe_reason(&p, "requests that are not model calls"),
			 2);
	assert_int_equal(p.n_attempts, 1);
	assert_int_equal(p.attempts[0].a.quality, QUALITY_MISSING);
	assert_int_equal(p.attempts[0].a.reported_cost_pusd, MONEY_NONE);
	/* contradictory times are refused by the ledger, and said */
	probe_lines(&p, ROW("a", ",\"endTime\":\"2026-05-01T00:00:00Z\""));
	assert_int_equal(p.n_attempts, 0);
	assert_int_equal(p.totals.dead, 1);
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
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_cache_hit),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
