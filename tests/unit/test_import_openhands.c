/* Outputs of OpenHands' evaluation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "tests/unit/import_probe.h"

extern const struct import_kind import_openhands;
static struct probe p, q;

static void test_totals(void **state)
{
	(void)state;
	probe_file(&p, &import_openhands, "traces/openhands.output.jsonl");
	assert_int_equal(p.n_tasks, 1);
	assert_int_equal(p.n_attempts, 2);
	assert_int_equal(probe_sum(&p, 0, USAGE_UNCACHED_IN), 2000);
	assert_int_equal(probe_sum(&p, 0, USAGE_CACHE_READ), 1000);
	assert_int_equal(probe_sum(&p, 0, USAGE_OUTPUT), 90);
	/* the accumulated cost once, not on top of the calls */
	assert_int_equal(probe_reported(&p, 0), PUSD_PER_USD * 12 / 100);
	assert_int_equal(p.attempts[0].a.quality, QUALITY_EXACT);
	assert_int_equal(probe_cost(&p, 0), INT64_C(5220000000));
	assert_int_equal(p.attempts[0].a.ended_us, INT64_C(1758800000100000));
	assert_int_equal(p.attempts[0].a.started_us,
			 INT64_C(1758800000100000) - 3050000);
	assert_int_equal(p.attempts[1].a.ended_us, INT64_C(1758800009900000));
	assert_true(
		str_is(probe_outcome(&p, 0, "test_result")->label, "patch"));
	assert_null(probe_outcome(&p, 0, "error"));
	probe_file(&q, &import_openhands, "traces/openhands.output.jsonl");
	probe_same(&p, &q);
	probe_keys_differ(&p);
}

static void probe_lines(struct probe *r, const char *text)
{
	probe_text(r, &import_openhands, "/x/output.jsonl", str_from(text));
}

/* History holds snapshots of the sums: never added. Where the costs are not
 * one for each call they are not given to calls. */
static void test_snapshots_and_uneven_costs(void **state)
{
	(void)state;
	probe_lines(
		&p,
		"{\"instance_id\":\"a\",\"history\":[{\"timestamp\":"
		"\"2025-11-01T10:00:00\",\"llm_metrics\":{\"accumulated_cost\":"
		"9}}],\"metrics\":{\"accumulated_cost\":9,\"costs\":[{\"cost\":"
		"9,\"timestamp\":1762000000}],\"token_usages\":[{\"model\":"
		"\"openai/gpt-5\",\"prompt_tokens\":10,\"completion_tokens\":1,"
		"\"cache_read_tokens\":0,\"response_id\":\"x\"},{\"model\":"
		"\"openai/gpt-5\",\"prompt_tokens\":20,\"completion_tokens\":2,"
		"\"cache_read_tokens\":5,\"response_id\":\"y\"}]}}\n");
	assert_int_equal(p.n_attempts, 2);
	assert_int_equal(probe_reported(&p, 0), 0);
	assert_int_equal(p.attempts[1].a.quality, QUALITY_INFERRED);
	assert_int_equal(p.attempts[1].a.started_us,
			 INT64_C(1762000000) * US_PER_SEC);
	assert_true(str_is(p.attempts[0].a.provider, "openai"));
	assert_int_equal(probe_sum(&p, 0, USAGE_UNCACHED_IN), 25);
	assert_int_equal(
		probe_reason(&p, "lists of costs that do not match the calls"),
		1);
}

/* Sums alone are one row that says so. */
static void test_sums_only(void **state)
{
	(void)state;
	probe_lines(
		&p,
		"{\"instance_id\":\"a\",\"metadata\":{\"llm_config\":{"
		"\"model\":\"gpt-4.1\"},\"start_time\":\"2025-11-01 10:00:00\"}"
		",\"metrics\":{\"accumulated_cost\":0.5,"
		"\"accumulated_token_usage\":{\"prompt_tokens\":100,"
		"\"completion_tokens\":5,\"cache_read_tokens\":40}}}\n"
		"{\"instance_id\":\"b\",\"metrics\":{}}\n");
	assert_int_equal(p.n_attempts, 1);
	assert_int_equal(p.attempts[0].a.quality, QUALITY_AGGREGATE);
	assert_int_equal(p.attempts[0].a.rank, RANK_AGGREGATE);
	assert_int_equal(probe_reported(&p, 0), PUSD_PER_USD / 2);
	assert_int_equal(probe_sum(&p, 0, USAGE_UNCACHED_IN), 60);
	assert_true(
		str_is(p.tasks[0].t.ext_id, "a@2025-11-01T10:00:00Z") ||
		str_is(p.tasks[0].t.ext_id, "a@2025-11-01T10:00:00.000000Z"));
	assert_int_equal(probe_reason(&p, "runs without figures"), 1);
}

static void test_verdicts(void **state)
{
	(void)state;
	probe_lines(
		&p,
		"{\"instance_id\":\"a\",\"test_result\":{\"git_patch\":\"\","
		"\"report\":{\"resolved\":false}},\"error\":\"RuntimeError: "
		"Agent reached maximum iteration\"}\n"
		"{\"instance_id\":\"b\",\"test_result\":{\"score\":true}}\n"
		"{\"instance_id\":\"c\",\"test_result\":{\"result\":{"
		"\"resolved\":1}}}\n"
		"{\"instance_id\":\"d\",\"error\":\"\"}\n");
	assert_int_equal(probe_outcome(&p, 0, "test_result")->success_micro, 0);
	assert_true(str_is(probe_outcome(&p, 0, "test_result")->label,
			   "empty patch"));
	assert_true(
		str_is(probe_outcome(&p, 0, "error")->label, "RuntimeError"));
	assert_int_equal(probe_outcome(&p, 1, "test_result")->success_micro,
			 1000000);
	assert_int_equal(probe_outcome(&p, 2, "test_result")->success_micro,
			 1000000);
	assert_int_equal(p.n_tasks, 3);
}

/* The same instance evaluated twice: two tasks, and chatcmpl-1 is no name. */
static void test_two_runs(void **state)
{
#define LINE(time)                                                             \
	"{\"instance_id\":\"a\",\"metrics\":{\"costs\":[{\"cost\":1,"          \
	"\"timestamp\":" time "}],\"token_usages\":[{\"model\":\"gpt-5\","     \
	"\"prompt_tokens\":1,\"completion_tokens\":1,\"response_id\":"         \
	"\"chatcmpl-1\"}]}}\n"
	(void)state;
	probe_lines(&p, LINE("1762000000") LINE("1762000001"));
	assert_int_equal(p.n_tasks, 2);
	assert_int_equal(p.n_attempts, 2);
	probe_keys_differ(&p);
	/* a line that stands twice is the same call */
	probe_lines(&q, LINE("1762000000") LINE("1762000000"));
	assert_int_equal(q.n_tasks, 1);
	assert_true(uuid_eq(q.attempts[0].a.keys[0], q.attempts[1].a.keys[0]));
}

static void test_bad_input(void **state)
{
	(void)state;
	probe_lines(&p, "");
	assert_int_equal(p.totals.files_read, 1);
	probe_lines(&p, "{\"a\":1}\n[]\nnull\n");
	assert_int_equal(p.totals.files_failed, 1);
	probe_lines(
		&p,
		"{\"instance_id\":\"a\",\"metrics\":{\"token_usages\":[{"
		"\"prompt_tokens\":-1},7,null]}}\n"
		"{\"instance_id\":\"tru\n"
		"{\"instance_id\":7}\n"
		"{\"instance_id\":\"\xff\"}\n"
		"{\"no\":\"id\"}\n"
		"{\"instance_id\":\"b\",\"metrics\":{\"costs\":[{\"timestamp\":"
		"99999999999}],\"token_usages\":[{\"prompt_tokens\":1}]}}\n"
		"{\"instance_id\":\"c\",\"metr");
	assert_int_equal(p.totals.files_read, 1);
	assert_int_equal(probe_reason(&p, "calls with bad token counts"), 1);
	assert_int_equal(probe_reason(&p, "lines that are not JSON"), 2);
	assert_int_equal(probe_reason(&p, "lines"), 1);
	assert_int_equal(probe_reason(&p, "unfinished last lines"), 1);
	assert_int_equal(p.totals.dead, 1); /* the year 5138 */
	assert_int_equal(p.n_attempts, 3);
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
		cmocka_unit_test(test_snapshots_and_uneven_costs),
		cmocka_unit_test(test_sums_only),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_two_runs),
		cmocka_unit_test(test_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
