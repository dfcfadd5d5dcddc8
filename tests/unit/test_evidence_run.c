/* Evidence of runs: from steps, and from lines of traces. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ledger/evidence_run.h"
#include "ledger/outcome_evidence.h"

/* A letter a step: s search, r read, e edit, v verify, x execute, o other, ?
 * unknown; capitals failed; '=' after it: it repeats the one before. */
static void play(const char *steps, float *v)
{
	static const char letters[] = "_srexv_o"; /* by enum step_kind */
	struct evidence_run r = {.steps = 0};

	for (int i = 0; i < EVIDENCE_N; i++)
		v[i] = NAN;
	for (const char *p = steps; *p; p++) {
		char low = (char)(*p | 0x20);
		const char *at = strchr(letters, low);
		struct run_step s = {
			.kind = at ? (enum step_kind)(at - letters) : STEP_PLAN,
			.kind_known = at != NULL,
			.failed = *p == '?' ? -1 : *p < 'a',
			.repeated = p[1] == '=',
			.tokens = *p == '?' ? -1 : 100,
		};

		evidence_run_add(&r, &s);
		p += p[1] == '=';
	}
	evidence_run_values(&r, v);
}

static void test_runs(void **state)
{
	static const struct {
		const char *steps;
		double n, looked, failed, streak, repeated, edits, churn,
			verifies, last;
	} cases[] = {
		{"", NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
		{"e", NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN},
		{"ss", 2, 1, 0, 0, 0, 0, 0, 0, NAN},
		{"srev", 4, 0.5, 0, 0, 0, 1, 0, 1, 1},
		{"srve", 4, 0.5, 0, 0, 0, 1, 0, 1, 0},
		{"eve", 3, 0, 0, 0, 0, 2, 1, 1, 0},
		{"evveevo", 7, 0, 0, 0, 0, 3, 1, 3, 1},
		{"sXXrX", 5, 0.4, 0.6, 2, 0, 0, 0, 0, NAN},
		{"sX?X", 4, 1.0 / 3, 2.0 / 3, 1, 0, 0, 0, 0, NAN},
		{"xx=x=e", 4, 0, 0, 0, 0.5, 1, 0, 0, 0},
		{"??", 2, NAN, NAN, NAN, 0, NAN, NAN, NAN, NAN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const double want[] = {
			cases[i].n,      cases[i].looked,   cases[i].failed,
			cases[i].streak, cases[i].repeated, cases[i].edits,
			cases[i].churn,  cases[i].verifies, cases[i].last};
		float v[EVIDENCE_N];

		play(cases[i].steps, v);
		for (int k = 0; k < 9; k++) {
			double got = (double)v[EVIDENCE_RUN + k];

			if (isnan(want[k]) ? !isnan(got)
					   : !(fabs(got - want[k]) < 1e-6))
				fail_msg("\"%s\": %s is %g, not %g",
					 cases[i].steps,
					 evidence_names[EVIDENCE_RUN + k], got,
					 want[k]);
		}
		for (int k = 0; k < EVIDENCE_RUN; k++)
			assert_true(isnan(v[k]));
		assert_int_equal(evidence_run_known(v, EVIDENCE_N),
				 strlen(cases[i].steps) > 1);
		assert_false(evidence_run_known(v, EVIDENCE_RUN));
	}
}

static void test_counts_stop(void **state)
{
	struct evidence_run r = {
		.steps = UINT32_MAX, .kinds = UINT32_MAX, .looked = UINT32_MAX};
	const struct run_step s = {.kind = STEP_READ,
				   .kind_known = true,
				   .failed = -1,
				   .repeated = -1,
				   .tokens = INFINITY};
	float v[EVIDENCE_N];

	(void)state;
	for (int i = 0; i < EVIDENCE_N; i++)
		v[i] = NAN;
	evidence_run_add(&r, &s);
	evidence_run_values(&r, v);
	assert_true(v[EVIDENCE_RUN_STEPS] > 4e9F);
	assert_true(fabs((double)v[EVIDENCE_RUN_LOOKED] - 1) < 1e-6);
	assert_true(isnan(v[EVIDENCE_RUN_STEP_TOKENS]));
}

static void test_ended(void **state)
{
	static const struct {
		const char *said;
		double want;
	} cases[] = {
		{"submitted", 1},
		{"Submitted", 1},
		{"end_turn", 1},
		{"stop", 1},
		{"user_stop", 1},
		{"completed", 1},
		{"submitted (exit_context)", 0},
		{"submitted (exit_command_timeout)", 0},
		{"exit_total_execution_time", 0},
		{"exit_format", 0},
		{"exit_error", 0},
		{"LimitsExceeded", 0},
		{"max_tokens", 0},
		{"length", 0},
		{"error", 0},
		{"aborted", 0},
		{"tool_use", NAN},
		{"tool_calls", NAN},
		{"refused", NAN},
		{"unfinished", NAN},
		{"", NAN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double got =
			(double)evidence_run_ended(str_from(cases[i].said));

		if (isnan(cases[i].want) ? !isnan(got)
					 : !(fabs(got - cases[i].want) < 1e-9))
			fail_msg("\"%s\" is %g", cases[i].said, got);
	}
	assert_true(isnan(evidence_run_ended(STR_NONE)));
}

/* ---- lines ---- */

static bool line(const char *json, float *v)
{
	struct arena a;
	struct json_doc d;
	struct err e;
	bool some;

	arena_init(&a, 1 << 20);
	json_doc_init(&d, 1000);
	assert_int_equal(json_parse(&d, str_from(json), &e), RC_OK);
	some = outcome_evidence(d.nodes, &a, v);
	json_doc_release(&d);
	arena_release(&a);
	return some;
}

static void near(const float *v, enum evidence at, double want)
{
	double got = (double)v[at];

	if (isnan(want) ? !isnan(got) : !(fabs(got - want) < 1e-5))
		fail_msg("%s is %g, not %g", evidence_names[at], got, want);
}

/* Kinds as traces of SWE-agent name them: no command, no return code. */
static void test_kinds(void **state)
{
	float v[EVIDENCE_N];

	(void)state;
	assert_true(line(
		"{\"exit_status\":\"submitted\",\"patch_tokens\":120,"
		"\"tool_seconds\":12.5,\"output_tokens\":700,\"steps_n\":9,"
		"\"steps\":[{\"kind\":\"search\",\"intent\":\"a\"},"
		"{\"kind\":\"read\",\"intent\":\"a\"},"
		"{\"kind\":\"failed\",\"intent\":\"b(failed)\"},"
		"{\"kind\":\"reproduce\",\"intent\":\"c\"},"
		"{\"kind\":\"edit\",\"intent\":\"d\"},"
		"{\"kind\":\"verify\",\"intent\":\"e\"},"
		"{\"kind\":\"git\",\"intent\":\"f\"}]}",
		v));
	near(v, EVIDENCE_RUN_STEPS, 7);
	near(v, EVIDENCE_RUN_LOOKED, 2.0 / 6);
	near(v, EVIDENCE_RUN_FAILED, 1.0 / 7);
	near(v, EVIDENCE_RUN_FAILED_STREAK, 1);
	near(v, EVIDENCE_RUN_REPEATED, NAN);
	near(v, EVIDENCE_RUN_EDITS, 1);
	near(v, EVIDENCE_RUN_VERIFIED_LAST, 1);
	near(v, EVIDENCE_RUN_ENDED, 1);
	near(v, EVIDENCE_RUN_PATCH_TOKENS, 120);
	near(v, EVIDENCE_RUN_STEP_TOKENS, 100);
	near(v, EVIDENCE_RUN_TOOL_S, 12.5);
	near(v, EVIDENCE_OUTPUT_TOKENS, 700);
}

/* Commands and return codes, as of mini-swe-agent. */
static void test_commands(void **state)
{
	float v[EVIDENCE_N];

	(void)state;
	assert_true(line("{\"steps\":["
			 "{\"kind\":\"run\",\"command\":\"grep -rn x .\","
			 "\"returncode\":1,\"output_tokens\":10},"
			 "{\"kind\":\"run\",\"command\":\"grep -rn x .\","
			 "\"returncode\":1,\"output_tokens\":20},"
			 "{\"kind\":\"run\",\"command\":\"sed -i s/a/b/ f.py\","
			 "\"returncode\":0,\"output_tokens\":30},"
			 "{\"kind\":\"run\",\"command\":\"pytest -q\","
			 "\"returncode\":0}]}",
			 v));
	near(v, EVIDENCE_RUN_STEPS, 4);
	near(v, EVIDENCE_RUN_LOOKED, 0.5);
	near(v, EVIDENCE_RUN_FAILED, 0.5);
	near(v, EVIDENCE_RUN_FAILED_STREAK, 2);
	near(v, EVIDENCE_RUN_REPEATED, 0.25);
	near(v, EVIDENCE_RUN_EDITS, 1);
	near(v, EVIDENCE_RUN_VERIFIES, 1);
	near(v, EVIDENCE_RUN_VERIFIED_LAST, 1);
	near(v, EVIDENCE_RUN_STEP_TOKENS, 20);
	near(v, EVIDENCE_RUN_ENDED, NAN);
}

/* Names of tools and their arguments, as of tau2. */
static void test_tools(void **state)
{
	float v[EVIDENCE_N];

	(void)state;
	assert_true(line("{\"steps\":["
			 "{\"kind\":\"message\",\"tool\":null},"
			 "{\"kind\":\"tool_call\",\"tool\":[\"get_user\"],"
			 "\"arguments\":[{\"id\":1}],\"tool_error\":false},"
			 "{\"kind\":\"tool_call\",\"tool\":[\"get_user\"],"
			 "\"arguments\":[{\"id\":2}],\"tool_error\":false},"
			 "{\"kind\":\"tool_call\",\"tool\":[\"get_user\","
			 "\"cancel_order\"],\"arguments\":[{},{}],"
			 "\"tool_error\":true}]}",
			 v));
	near(v, EVIDENCE_RUN_STEPS, 4);
	near(v, EVIDENCE_RUN_LOOKED, 0.5);
	near(v, EVIDENCE_RUN_FAILED, 1.0 / 3);
	near(v, EVIDENCE_RUN_REPEATED, 0);
	near(v, EVIDENCE_RUN_EDITS, 1);
	near(v, EVIDENCE_RUN_VERIFIED_LAST, 0);
}

static void test_totals(void **state)
{
	float v[EVIDENCE_N];

	(void)state;
	assert_true(line("{\"api_calls\":12,\"output_tokens\":600}", v));
	near(v, EVIDENCE_RUN_STEPS, 12);
	near(v, EVIDENCE_RUN_STEP_TOKENS, 50);
	assert_true(line("{\"api_calls\":12,\"steps_n\":10,"
			 "\"total_tokens\":5,\"duration_s\":3}",
			 v));
	near(v, EVIDENCE_RUN_STEPS, 10);
	near(v, EVIDENCE_OUTPUT_TOKENS, 5);
	near(v, EVIDENCE_LATENCY_S, 3);
	assert_true(line("{\"steps_n\":10,\"evidence\":{\"run_steps\":7,"
			 "\"agreement\":0.5,\"other\":1}}",
			 v));
	near(v, EVIDENCE_RUN_STEPS, 7);
	near(v, EVIDENCE_AGREEMENT, 0.5);
}

/* What is not as it should be says nothing. */
static void test_odd(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{\"steps\":[]}",
		"{\"steps\":{\"kind\":\"edit\"}}",
		"{\"steps\":[null,1,\"edit\",[]]}",
		"{\"exit_status\":null,\"steps\":null,\"evidence\":[1]}",
		"{\"exit_status\":\"who knows\",\"steps_n\":\"many\"}",
		"{\"steps_n\":1,\"api_calls\":1}",
		"{\"steps\":[{\"kind\":\"edit\",\"failed\":true}]}",
		"{\"patch_tokens\":1e99,\"evidence\":{\"run_steps\":\"x\"}}",
	};
	float v[EVIDENCE_N];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (line(cases[i], v))
			fail_msg("%s tells something", cases[i]);
	assert_true(line("{\"steps\":[{\"kind\":7,\"tool\":{},\"command\":[],"
			 "\"returncode\":\"1\",\"failed\":2,"
			 "\"output_tokens\":-5},{}]}",
			 v));
	near(v, EVIDENCE_RUN_STEPS, 2);
	for (int i = EVIDENCE_RUN + 1; i < EVIDENCE_N; i++)
		if (i != EVIDENCE_RUN_REPEATED)
			near(v, (enum evidence)i, NAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_counts_stop),
		cmocka_unit_test(test_ended),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_tools),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_odd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
