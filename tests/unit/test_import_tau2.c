/* Results of tau2-bench and tau-bench. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "tests/unit/import_probe.h"

extern const struct import_kind import_tau2;
static struct probe p, q;

static int task_named(const struct probe *r, const char *end)
{
	for (size_t i = 0; i < r->n_tasks; i++)
		if (str_ends(r->tasks[i].t.ext_id, end))
			return (int)i;
	return -1;
}

static void test_tau2_totals(void **state)
{
	const struct ev_outcome *o;
	int agent;

	(void)state;
	probe_file(&p, &import_tau2, "traces/tau2-bench.results.json");
	agent = task_named(&p, "0/0/s1@2026-06-01T00:00:00");
	assert_true(agent >= 0);
	assert_int_equal(p.tasks[agent].attempts, 1);
	assert_int_equal(probe_sum(&p, agent, USAGE_UNCACHED_IN), 1000);
	assert_int_equal(probe_sum(&p, agent, USAGE_OUTPUT), 50);
	assert_int_equal(probe_reported(&p, agent), PUSD_PER_USD / 20);
	assert_true(str_is(p.tasks[agent].t.agent, "llm_agent"));
	assert_int_equal(probe_cost(&p, agent), INT64_C(2400000000));
	o = probe_outcome(&p, agent, "reward");
	assert_non_null(o);
	assert_int_equal(o->success_micro, 1000000);
	assert_int_equal(o->at_us, INT64_C(1780272060) * US_PER_SEC);
	assert_true(
		str_is(probe_outcome(&p, agent, "termination_reason")->label,
		       "user_stop"));
	/* no zone: taken as UTC */
	assert_int_equal(p.attempts[0].a.started_us,
			 INT64_C(1780272005) * US_PER_SEC);
}

/* The simulator's money is its own. */
static void test_simulator(void **state)
{
	int user;

	(void)state;
	probe_file(&p, &import_tau2, "traces/tau2-bench.results.json");
	user = task_named(&p, "/user-simulator");
	assert_true(user >= 0);
	assert_int_equal(p.tasks[user].attempts, 1);
	assert_int_equal(probe_reported(&p, user), PUSD_PER_USD / 100);
	assert_true(str_is(p.tasks[user].t.agent, "user-simulator"));
	assert_true(str_is(p.tasks[user].t.parent_ext_id,
			   "0/0/s1@2026-06-01T00:00:00"));
	assert_null(probe_outcome(&p, user, "reward"));
	probe_file(&q, &import_tau2, "traces/tau2-bench.results.json");
	probe_same(&p, &q);
	probe_keys_differ(&p);
}

#define SIM(id, messages)                                                      \
	"{\"info\":{\"agent_info\":{\"llm\":\"gpt-4.1\"},\"user_info\":{"      \
	"\"llm\":\"gpt-4.1-mini\"}},\"simulations\":[{\"id\":\"" id            \
	"\",\"task_id\":\"7\",\"trial\":1,\"end_time\":"                       \
	"\"2026-06-01T00:01:00.5\",\"agent_cost\":9,\"user_cost\":8,"          \
	"\"reward_info\":{\"reward\":0.75},\"messages\":[" messages "]}]}"

/* Each message that was a call is one row; sums are not added to them. */
static void test_messages(void **state)
{
	int agent, user;

	(void)state;
	probe_text(
		&p, &import_tau2, "results.json",
		STR(SIM("2f1a6f9e-5d0f-4b63-8f6e-3f0f9a2b7c11",
			"{\"role\":\"assistant\",\"content\":\"Hi!\","
			"\"cost\":0.0,\"usage\":null},"
			"{\"role\":\"user\",\"cost\":0.001,\"usage\":{"
			"\"prompt_tokens\":10,\"completion_tokens\":2}},"
			"{\"role\":\"assistant\",\"cost\":null,\"usage\":{"
			"\"prompt_tokens\":30,\"completion_tokens\":3},"
			"\"timestamp\":\"2026-06-01T00:00:09\","
			"\"generation_time_seconds\":2.5,"
			"\"tool_calls\":[{\"name\":\"get_user\"}],"
			"\"raw_data\":{\"id\":\"chatcmpl-1\",\"model\":"
			"\"gpt-4.1-2025-04-14\"}},"
			"{\"role\":\"tool\",\"error\":true},"
			"{\"role\":\"assistant\",\"cost\":0.5,\"usage\":null}")));
	agent = task_named(&p, "7c11");
	user = task_named(&p, "/user-simulator");
	assert_int_equal(p.tasks[agent].attempts, 2);
	assert_int_equal(p.tasks[user].attempts, 1);
	assert_int_equal(probe_reported(&p, agent), PUSD_PER_USD / 2);
	assert_int_equal(probe_reported(&p, user), PUSD_PER_USD / 1000);
	assert_int_equal(p.attempts[1].a.reported_cost_pusd, MONEY_NONE);
	assert_int_equal(p.attempts[1].a.quality, QUALITY_CACHE_UNKNOWN);
	assert_true(str_is(p.attempts[1].a.model, "gpt-4.1-2025-04-14"));
	assert_true(str_is(p.attempts[1].a.requested_model, "gpt-4.1"));
	assert_true(str_is(p.attempts[1].a.tool, "get_user"));
	assert_int_equal(p.attempts[1].a.step_failed, 1);
	assert_int_equal(p.attempts[1].a.ended_us - p.attempts[1].a.started_us,
			 2500000);
	assert_int_equal(p.attempts[2].a.quality, QUALITY_MISSING);
	assert_true(str_is(p.attempts[0].a.model, "gpt-4.1-mini"));
	assert_int_equal(probe_outcome(&p, agent, "reward")->success_micro,
			 750000);
	assert_int_equal(probe_reason(&p, "messages that were not calls"), 1);
}

/* An id that is not unique by itself does not join two simulations. */
static void test_same_short_id(void **state)
{
	(void)state;
	probe_text(&p, &import_tau2, "results.json",
		   STR("{\"simulations\":[{\"id\":\"s1\",\"task_id\":\"1\","
		       "\"agent_cost\":1},{\"id\":\"s1\",\"task_id\":\"2\","
		       "\"agent_cost\":1}]}"));
	assert_int_equal(p.n_attempts, 2);
	assert_int_equal(p.n_tasks, 2);
	probe_keys_differ(&p);
}

/* tau-bench: what the simulator cost in all, calls of the agent without
 * usage, a verdict for each trial. */
static void test_tau_bench(void **state)
{
	int first, second;

	(void)state;
	probe_file(&p, &import_tau2, "traces/tau-bench.results.json");
	assert_int_equal(p.n_tasks, 4);
	first = p.outcomes[0].task;
	second = p.outcomes[1].task;
	assert_int_not_equal(first, second);
	assert_int_equal(p.outcomes[0].o.success_micro, 0);
	assert_int_equal(p.outcomes[1].o.success_micro, 1000000);
	assert_int_equal(p.tasks[first].attempts, 1);
	assert_int_equal(p.attempts[0].a.quality, QUALITY_MISSING);
	assert_int_equal(probe_reported(&p, first), 0);
	assert_int_equal(probe_reported(&p, -1),
			 INT64_C(3547500000) + INT64_C(2000000000));
	probe_file(&q, &import_tau2, "traces/tau-bench.results.json");
	probe_same(&p, &q);
	probe_keys_differ(&p);
}

static void test_tau_bench_names(void **state)
{
	(void)state;
	probe_text(
		&p, &import_tau2,
		"/r/tool-calling-gpt-4o-0.0_range_0--1_user-gpt-4o-mini-llm_"
		"0505.json",
		STR("[{\"task_id\":1,\"reward\":0.5,\"info\":{\"user_cost\":1,"
		    "\"error\":\"ValueError: x\"},\"traj\":[{\"role\":"
		    "\"system\"},{\"role\":\"assistant\",\"tool_calls\":[{"
		    "\"function\":{\"name\":\"think\"}}]}],\"trial\":0}]"));
	assert_int_equal(p.n_attempts, 2);
	assert_true(str_is(p.attempts[0].a.model, "gpt-4o"));
	assert_true(str_is(p.attempts[0].a.tool, "think"));
	assert_true(str_is(p.attempts[1].a.model, "gpt-4o-mini"));
	assert_true(str_is(p.tasks[0].t.agent, "tool-calling"));
	assert_true(str_is(probe_outcome(&p, 0, "error")->label, "ValueError"));
	assert_int_equal(probe_outcome(&p, 0, "reward")->success_micro, 500000);
}

static void test_bad_input(void **state)
{
	static const char *const foreign[] = {"",
					      "{}",
					      "3",
					      "[{}]",
					      "[1]",
					      "{\"simulations\":{}}",
					      "{\"simulations\":["};

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		probe_text(&p, &import_tau2, "results.json",
			   str_from(foreign[i]));
		assert_int_equal(p.totals.files_failed, 1);
	}
	probe_text(
		&p, &import_tau2, "results.json",
		STR("{\"simulations\":[7,null,{},{\"id\":\"a\",\"reward_info\":"
		    "{\"reward\":-1},\"messages\":[null,{\"role\":\"assistant\","
		    "\"cost\":-4,\"usage\":{\"prompt_tokens\":-1}}]},"
		    "{\"id\":\"b\",\"reward_info\":{\"reward\":1e99}}]}"));
	assert_int_equal(p.totals.files_read, 1);
	assert_int_equal(probe_reason(&p, "simulations"), 2);
	assert_int_equal(probe_reason(&p, "rewards outside 0..1"), 2);
	assert_int_equal(probe_reason(&p, "calls with bad token counts"), 1);
	assert_int_equal(p.n_attempts, 1);
	assert_int_equal(p.n_outcomes, 0);
	probe_text(&p, &import_tau2, "results.json",
		   STR("[{\"task_id\":1,\"reward\":1},{\"task_id\":2},3]"));
	assert_int_equal(probe_reason(&p, "runs"), 2);
	assert_int_equal(p.n_outcomes, 1);
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
		cmocka_unit_test(test_tau2_totals),
		cmocka_unit_test(test_simulator),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_same_short_id),
		cmocka_unit_test(test_tau_bench),
		cmocka_unit_test(test_tau_bench_names),
		cmocka_unit_test(test_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
