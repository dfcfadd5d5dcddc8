/* Trajectories of SWE-agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "tests/unit/import_probe.h"

#define FIXTURE "traces/swe-agent.pydicom-1458.traj"

extern const struct import_kind import_swe_agent;
static struct probe p, q;

static void test_totals(void **state)
{
	const struct ev_attempt *a;

	(void)state;
	probe_file(&p, &import_swe_agent, FIXTURE);
	assert_int_equal(p.n_tasks, 1);
	assert_int_equal(p.n_attempts, 1);
	a = &p.attempts[0].a;
	assert_int_equal(a->usage.n[USAGE_UNCACHED_IN], 7141);
	assert_int_equal(a->usage.n[USAGE_OUTPUT], 243);
	assert_int_equal(a->usage.n[USAGE_CACHE_READ], USAGE_NONE);
	assert_int_equal(a->reported_cost_pusd, INT64_C(19520000000));
	assert_int_equal(a->quality, QUALITY_ESTIMATED);
	assert_int_equal(a->rank, RANK_AGGREGATE);
	assert_int_equal(a->started_us, TIME_NONE);
	assert_true(str_is(a->model, "unknown"));
	assert_true(str_contains(p.tasks[0].t.ext_id, "pydicom-1458@"));
	assert_true(str_is(probe_outcome(&p, 0, "exit_status")->label,
			   "submitted"));
	probe_file(&q, &import_swe_agent, FIXTURE);
	probe_same(&p, &q);
}

static void probe_run(struct probe *r, const char *text)
{
	probe_text(r, &import_swe_agent, "/x/a__b-1/a__b-1.traj",
		   str_from(text));
}

/* The configuration may be a text that holds JSON; the top of a retry loop has
 * the sums, and its attempts are not added. */
static void test_retry_loop(void **state)
{
	(void)state;
	probe_run(
		&p,
		"{\"attempts\":[{\"trajectory\":[{\"response\":\"r1\"}],"
		"\"info\":{\"model_stats\":{\"instance_cost\":1,"
		"\"tokens_sent\":10,\"tokens_received\":1}}},"
		"{\"trajectory\":[{\"response\":\"r2\"}],\"info\":{"
		"\"model_stats\":{\"instance_cost\":2,\"tokens_sent\":20,"
		"\"tokens_received\":2}}}],"
		"\"trajectory\":[{\"response\":\"r2\"}],"
		"\"info\":{\"model_stats\":{\"instance_cost\":3.5,"
		"\"tokens_sent\":35,\"tokens_received\":4,\"api_calls\":3},"
		"\"rloop_model_stats\":{\"instance_cost\":0.5}},"
		"\"replay_config\":\"{\\\"agent\\\":{\\\"agent_configs\\\":"
		"[{\\\"model\\\":{\\\"name\\\":\\\"openai/gpt-4o\\\"}}]}}\"}");
	assert_int_equal(p.n_attempts, 1);
	assert_int_equal(probe_reported(&p, 0), PUSD_PER_USD * 7 / 2);
	assert_int_equal(probe_sum(&p, 0, USAGE_UNCACHED_IN), 35);
	assert_true(str_is(p.attempts[0].a.model, "gpt-4o"));
	/* earlier, the best attempt was not known yet: the same row */
	probe_run(&q,
		  "{\"attempts\":[{\"trajectory\":[{\"response\":\"r1\"}]}],"
		  "\"info\":{\"model_stats\":{\"tokens_sent\":10}},"
		  "\"replay_config\":{\"agent\":{\"model\":{\"name\":"
		  "\"openai/gpt-4o\"}}}}");
	assert_true(uuid_eq(p.attempts[0].a.keys[0], q.attempts[0].a.keys[0]));
	assert_true(str_eq(p.tasks[0].t.ext_id, q.tasks[0].t.ext_id));
}

static void test_other_runs(void **state)
{
	(void)state;
	probe_run(
		&p,
		"{\"trajectory\":[{\"response\":\"a\",\"execution_time\":0.1}],"
		"\"info\":{\"model_stats\":{\"tokens_sent\":1}}}");
	probe_run(
		&q,
		"{\"trajectory\":[{\"response\":\"a\",\"execution_time\":0.2}],"
		"\"info\":{\"model_stats\":{\"tokens_sent\":1}}}");
	assert_false(uuid_eq(p.attempts[0].a.keys[0], q.attempts[0].a.keys[0]));
	assert_false(str_eq(p.tasks[0].t.ext_id, q.tasks[0].t.ext_id));
}

/* An unknown model costs 0 in SWE-agent: that is no cost at all. */
static void test_unknown_cost(void **state)
{
	(void)state;
	probe_run(&p, "{\"trajectory\":[],\"info\":{\"model_stats\":{"
		      "\"instance_cost\":0,\"tokens_sent\":5}}}");
	assert_int_equal(p.attempts[0].a.reported_cost_pusd, MONEY_NONE);
}

static void test_bad_input(void **state)
{
	static const char *const foreign[] = {"",
					      "{}",
					      "[]",
					      "{\"info\":1}",
					      "{\"info\":{}}",
					      "{\"trajectory\":[]}",
					      "{\"info\":{\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		probe_run(&p, foreign[i]);
		assert_int_equal(p.totals.files_failed, 1);
	}
	probe_run(&p, "{\"trajectory\":[],\"info\":{}}");
	assert_int_equal(p.n_attempts, 0);
	assert_int_equal(probe_reason(&p, "runs without figures"), 1);
	probe_run(
		&p,
		"{\"trajectory\":[],\"replay_config\":\"{not json\",\"info\":{"
		"\"model_stats\":{\"instance_cost\":-1,\"tokens_sent\":-5}}}");
	assert_int_equal(p.n_attempts, 1);
	assert_int_equal(p.attempts[0].a.quality, QUALITY_MISSING);
	assert_int_equal(p.attempts[0].a.reported_cost_pusd, MONEY_NONE);
	assert_int_equal(probe_reason(&p, "runs with bad token counts"), 1);
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
		cmocka_unit_test(test_retry_loop),
		cmocka_unit_test(test_other_runs),
		cmocka_unit_test(test_unknown_cost),
		cmocka_unit_test(test_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
