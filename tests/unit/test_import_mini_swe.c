/* Trajectories of mini-swe-agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "tests/unit/import_probe.h"

#define FIXTURE "traces/mini-swe-agent.django__django-1.traj.json"

extern const struct import_kind import_mini_swe;
static struct probe p, q;

static void test_totals(void **state)
{
	const struct ev_outcome *o;

	(void)state;
	probe_file(&p, &import_mini_swe, FIXTURE);
	assert_int_equal(p.n_tasks, 1);
	assert_int_equal(p.n_attempts, 2);
	assert_int_equal(probe_sum(&p, 0, USAGE_UNCACHED_IN), 800);
	assert_int_equal(probe_sum(&p, 0, USAGE_CACHE_READ), 1200);
	assert_int_equal(probe_sum(&p, 0, USAGE_OUTPUT), 100);
	assert_int_equal(probe_reported(&p, 0), INT64_C(13200000000));
	assert_int_equal(p.attempts[0].a.quality, QUALITY_EXACT);
	assert_int_equal(probe_cost(&p, 0), INT64_C(4260000000));
	assert_true(
		str_is(p.attempts[0].a.model, "claude-sonnet-4-5-20250929"));
	assert_true(
		str_is(p.attempts[0].a.requested_model, "claude-sonnet-4-5"));
	assert_true(str_is(p.attempts[0].a.provider, "anthropic"));
	assert_true(str_is(p.attempts[0].a.finish_reason, "tool_calls"));
	o = probe_outcome(&p, 0, "exit_status");
	assert_non_null(o);
	assert_true(str_is(o->label, "Submitted"));
	assert_int_equal(o->success_micro, -1);
	assert_true(str_contains(p.tasks[0].t.ext_id, "django__django-1@2025"));
	assert_true(str_is(p.tasks[0].t.class_name, "coding"));
}

/* A complaint about a reply that could not be parsed was paid; it has no time
 * of its own and takes that of the message before it. */
static void test_format_error_is_a_call(void **state)
{
	(void)state;
	probe_file(&p, &import_mini_swe, FIXTURE);
	assert_int_equal(p.attempts[0].a.started_us, INT64_C(1758800000250000));
	assert_int_equal(p.attempts[1].a.started_us, INT64_C(1758800001000000));
	assert_int_equal(p.attempts[0].a.step_failed, 0);
	assert_int_equal(p.attempts[1].a.step_failed, 1);
	assert_int_equal(p.attempts[1].a.step_seq, 2);
}

static void test_again_is_the_same(void **state)
{
	(void)state;
	probe_file(&p, &import_mini_swe, FIXTURE);
	probe_file(&q, &import_mini_swe, FIXTURE);
	probe_same(&p, &q);
	probe_keys_differ(&p);
}

#define RUN(time, model, messages)                                             \
	"{\"info\":{\"config\":{\"model\":{\"model_name\":\"" model            \
	"\"}}},\"messages\":[{\"role\":\"assistant\",\"extra\":{\"cost\":0,"   \
	"\"timestamp\":" time                                                  \
	",\"response\":{\"id\":\"chatcmpl-1\",\"model\":"                      \
	"\"" model "\",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":" \
	"2}}}}" messages "]}"

static void probe_run(struct probe *r, const char *text)
{
	probe_text(r, &import_mini_swe, "/x/a__b-1/a__b-1.traj.json",
		   str_from(text));
}

/* Two runs of one instance share neither task nor calls, though both call
 * their reply chatcmpl-1; the same run under another name shares its calls. */
static void test_runs_of_one_instance(void **state)
{
	(void)state;
	probe_run(&p, RUN("1758800000.25", "gpt-5", ""));
	probe_run(&q, RUN("1758900000.5", "gpt-5", ""));
	assert_false(str_eq(p.tasks[0].t.ext_id, q.tasks[0].t.ext_id));
	for (int i = 0; i < p.attempts[0].a.n_keys; i++)
		assert_false(uuid_eq(p.attempts[0].a.keys[i],
				     q.attempts[0].a.keys[i]));
	probe_text(&q, &import_mini_swe, "copy.json",
		   str_from(RUN("1758800000.25", "gpt-5", "")));
	assert_true(uuid_eq(p.attempts[0].a.keys[0], q.attempts[0].a.keys[0]));
}

/* The file is rewritten after every step: what was there keeps its names. */
static void test_growing(void **state)
{
	(void)state;
	probe_run(&p, RUN("1758800000.25", "gpt-5", ""));
	probe_run(&q, RUN("1758800000.25", "gpt-5",
			  ",{\"role\":\"tool\",\"extra\":{\"returncode\":1}},"
			  "{\"role\":\"assistant\",\"extra\":{\"cost\":0.5,"
			  "\"actions\":[{\"command\":\"pytest -q\"}],"
			  "\"response\":{\"id\":\"chatcmpl-2\",\"usage\":{"
			  "\"prompt_tokens\":20,\"completion_tokens\":3}}}}"));
	assert_int_equal(q.n_attempts, 2);
	assert_true(uuid_eq(p.attempts[0].a.keys[0], q.attempts[0].a.keys[0]));
	assert_true(str_eq(p.tasks[0].t.ext_id, q.tasks[0].t.ext_id));
	assert_int_equal(q.attempts[0].a.step_failed, 1);
	assert_true(str_is(q.attempts[1].a.tool, "bash"));
	assert_int_equal(q.attempts[1].a.reported_cost_pusd, PUSD_PER_USD / 2);
}

/* Cost 0 is what is written when nobody knows the price. */
static void test_zero_cost(void **state)
{
	(void)state;
	probe_run(&p, RUN("1758800000", "hosted_vllm/Qwen/Qwen3", ""));
	assert_int_equal(p.attempts[0].a.reported_cost_pusd, MONEY_NONE);
	assert_int_equal(p.attempts[0].a.quality, QUALITY_CACHE_UNKNOWN);
	assert_true(str_is(p.attempts[0].a.model, "Qwen/Qwen3"));
	assert_true(str_is(p.attempts[0].a.provider, "hosted_vllm"));
}

static void test_bad_input(void **state)
{
	static const char *const foreign[] = {
		"",
		"[]",
		"{}",
		"{\"info\":{}}",
		"{\"messages\":{}}",
		"{\"info\":{},\"messages\":[",
		"{\"info\":{},\"messages\":[\"\xff\"]}",
		"null",
		"42"};

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		probe_run(&p, foreign[i]);
		assert_int_equal(p.totals.files_failed, 1);
		assert_int_equal(p.n_attempts, 0);
	}
	/* negative, huge and fractional counts: the call stays, unmetered */
	probe_run(&p,
		  "{\"info\":{},\"messages\":[1,null,{\"extra\":{\"timestamp\":"
		  "1758800000,\"cost\":-3,\"response\":{\"model\":\"gpt-5\","
		  "\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":1.5}}"
		  "}},{\"extra\":{\"response\":{\"model\":\"gpt-5\",\"usage\":"
		  "{\"prompt_tokens\":99999999999999999999}}}}]}");
	assert_int_equal(p.n_attempts, 2);
	assert_int_equal(p.attempts[0].a.quality, QUALITY_MISSING);
	assert_int_equal(p.attempts[0].a.reported_cost_pusd, MONEY_NONE);
	assert_int_equal(p.attempts[1].a.quality, QUALITY_MISSING);
	assert_int_equal(probe_reason(&p, "calls with bad token counts"), 2);
	/* the future is refused, and said */
	clock_fix(INT64_C(1763900000) * US_PER_SEC);
	probe_run(&p, RUN("99999999999", "gpt-5", ""));
	clock_fix(TIME_NONE);
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
		cmocka_unit_test(test_format_error_is_a_call),
		cmocka_unit_test(test_again_is_the_same),
		cmocka_unit_test(test_runs_of_one_instance),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_zero_cost),
		cmocka_unit_test(test_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
