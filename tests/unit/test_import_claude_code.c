/* Claude Code's transcripts. */
#include "claude_case.h"

#include "ingest/callname.h"

static void fixture(void **state)
{
	struct import_case *c = case_file(
		KIND, "tests/data/claude_code/session-a34ec83f.jsonl");
	const struct case_event *v = &c->v[0];
	char text[40];

	(void)state;
	case_expected(c, "claude_code/session-a34ec83f.jsonl");
	assert_int_equal(c->n, 1);
	assert_str(v->task.sender, "claude-code");
	assert_str(v->task.ext_id, "a34ec83f-d06e-4840-96be-cc624ea2e3f8");
	assert_null(v->task.parent_ext_id.p);
	assert_str(v->task.agent, "claude-code");
	assert_str(v->task.attrs,
		   "{\"cwd\":\"/srv/app/wire/raw/claudework\",\"branch\":"
		   "\"HEAD\",\"version\":\"2.1.197\"}");
	assert_str(v->a.source, "import:claude-code");
	assert_int_equal(v->a.rank, RANK_TRANSCRIPT);
	assert_str(v->a.service_tier, "standard");
	assert_str(v->a.finish_reason, "end_turn");
	assert_int_equal(v->a.step_kind, STEP_COMMUNICATE);
	assert_int_equal(v->a.step_seq, 1);
	assert_int_equal(v->a.step_failed, -1);
	assert_int_equal(v->a.n_keys, 2);
	assert_true(uuid_eq(
		v->a.keys[0],
		callname_response("anthropic", STR("x"), STR("y"),
				  STR("msg_01XFDUDYJgAACzvnptvVoYEL"))));
	/* From the attachment that was its parent to its second block. */
	assert_string_equal(clock_format(v->a.started_us, text, sizeof(text)),
			    "2026-11-23T22:56:16.423000Z");
	assert_string_equal(clock_format(v->a.ended_us, text, sizeof(text)),
			    "2026-11-23T22:56:16.571000Z");
	case_free(c);
}

/* Lines that repeat a call, whole or in part, are one call. */
static void repeated_lines(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		CALL(MSG_A, REQ_A, TIME("01"),
		     USAGE(10, 1)) CALL(MSG_A, REQ_A, TIME("02"), USAGE(10, 50))
			CALL(MSG_A, REQ_A, TIME("03"), USAGE(10, 7)) CALL(
				MSG_B, REQ_B, TIME("04"), USAGE(1, 2))
				CALL(MSG_A, REQ_A, TIME("05"), USAGE(10, 50)));

	(void)state;
	assert_int_equal(c->n, 2);
	assert_usage(&c->v[0], 10, 0, 0, 0, 50, USAGE_NONE);
	assert_usage(&c->v[1], 1, 0, 0, 0, 2, USAGE_NONE);
	assert_int_equal(c->v[0].a.step_seq, 1);
	assert_int_equal(c->v[1].a.step_seq, 2);
	assert_false(case_share_key(&c->v[0], &c->v[1]));
	case_free(c);
}

/* A resumed session repeats calls under its own session id, in its own file;
 * the rows share their keys, so that the ledger merges them. */
static void resumed_copy(void **state)
{
	static const char line[] = CALL(MSG_A, REQ_A, TIME("01"), USAGE(1, 1));
	struct import_case *c = case_of(KIND, PATH, line);
	char *copy = xstrdup(line);

	(void)state;
	memcpy(strstr(copy, "\"s1\""), "\"s2\"", 4);
	case_text(c, KIND, "/p/projects/x/s2.jsonl", str_from(copy));
	assert_int_equal(c->n, 2);
	assert_str(c->v[0].task.ext_id, "s1");
	assert_str(c->v[1].task.ext_id, "s2");
	assert_int_equal(c->v[1].a.n_keys, 2);
	assert_true(uuid_eq(c->v[0].a.keys[0], c->v[1].a.keys[0]));
	assert_true(uuid_eq(c->v[0].a.keys[1], c->v[1].a.keys[1]));
	free(copy);
	case_free(c);
}

/* A copy in a side chain has another request; the original keeps the call. */
static void side_question(void **state)
{
	struct import_case *c;
	char *text;

	(void)state;
	text = xasprintf(
		"%s%s",
		CALL(MSG_A, REQ_B,
		     TIME("01") "\"isSidechain\":true,\"agentId\":\"ag\",",
		     USAGE(5, 5)),
		CALL(MSG_A, REQ_A, TIME("02"), USAGE(5, 5)));
	c = case_of(KIND, PATH, text);
	assert_int_equal(c->n, 1);
	assert_str(c->v[0].task.ext_id, "s1");
	case_free(c);
	free(text);

	/* The same with ids that recur: only the side chain makes it one. */
	c = case_of(KIND, PATH,
		    CALL("m1", "r1", TIME("01"), USAGE(5, 5))
			    CALL("m1", "r2", TIME("02") "\"isSidechain\":true,",
				 USAGE(5, 5))
				    CALL("m1", "r3", TIME("03"), USAGE(5, 5)));
	assert_int_equal(c->n, 2);
	assert_false(case_share_key(&c->v[0], &c->v[1]));
	case_free(c);
}

/* Mocks give every call the same request id. */
static void recurring_request(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		CALL(MSG_A, "req_fake", TIME("01"), USAGE(1, 1))
			CALL(MSG_B, "req_fake", TIME("02"), USAGE(1, 1)));

	(void)state;
	assert_int_equal(c->n, 2);
	assert_int_equal(c->v[0].a.n_keys, 2);
	assert_int_equal(c->v[1].a.n_keys, 1);
	assert_false(case_share_key(&c->v[0], &c->v[1]));
	case_free(c);
}

static void sub_agents(void **state)
{
	static const char line[] =
		CALL(MSG_A, REQ_A,
		     TIME("01") "\"isSidechain\":true,\"agentId\":\"a7\","
				"\"attributionAgent\":\"Explore\",",
		     USAGE(1, 1));
	static const char bare[] = CALL(
		MSG_B, REQ_B, TIME("01") "\"isSidechain\":true,", USAGE(1, 1));
	struct import_case *c;

	(void)state;
	c = case_of(KIND, "/p/projects/x/s1/subagents/agent-a7.jsonl", line);
	assert_str(c->v[0].task.ext_id, "s1/a7");
	assert_str(c->v[0].task.parent_ext_id, "s1");
	assert_str(c->v[0].task.agent, "claude-code:Explore");
	case_free(c);
	/* Beside the session, named by the file alone. */
	c = case_of(KIND, "/p/projects/x/agent-a9.jsonl.gz", bare);
	assert_str(c->v[0].task.ext_id, "s1/a9");
	assert_str(c->v[0].task.agent, "claude-code:subagent");
	case_free(c);
	/* In the session's file: by its agent, or the session's own. */
	c = case_of(KIND, PATH, line);
	assert_str(c->v[0].task.ext_id, "s1/a7");
	case_text(c, KIND, PATH, str_from(bare));
	assert_str(c->v[1].task.ext_id, "s1");
	case_free(c);
}

/* A sub-agent's message inside a progress message of the session. */
static void progress_wrapper(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		"{\"type\":\"progress\",\"sessionId\":\"s1\",\"uuid\":\"u\","
		"\"timestamp\":\"" AT(
			"09") "\",\"data\":{\"type\":"
			      "\"agent_progress\",\"agentId\":\"a7\",\"message\":{\"type\":"
			      "\"assistant\",\"timestamp\":\"" AT(
				      "08") "\",\"requestId\":\"" REQ_A
					    "\",\"isSidechain\":true,"
					    "\"costUSD\":0.00012500001,\"message\":{\"id\":\"" MSG_A
					    "\",\"model\":\"claude-haiku-4-5\",\"content\":[{\"type\":"
					    "\"tool_use\",\"id\":\"t1\",\"name\":\"Bash\",\"input\":"
					    "{\"command\":\"pytest\"}}],\"usage\":" USAGE(
						    3,
						    4) "}}}}\n"
						       "{\"type\":\"progress\",\"uuid\":\"v\",\"data\":{\"x\":1}}\n");

	(void)state;
	assert_int_equal(c->n, 1);
	assert_str(c->v[0].task.ext_id, "s1/a7");
	assert_usage(&c->v[0], 3, 0, 0, 0, 4, USAGE_NONE);
	assert_int_equal(c->v[0].a.reported_cost_pusd, 125000010);
	assert_int_equal(c->v[0].a.step_kind, STEP_VERIFY);
	assert_str(c->v[0].a.tool, "Bash");
	assert_int_equal(c->v[0].a.ended_us % 60000000, 8000000);
	case_free(c);
}

static void usage_shapes(void **state)
{
	static const struct {
		const char *usage;
		int64_t in, read, w5, w1, out, think;
		enum usage_quality quality;
	} cases[] = {
		{"{\"input_tokens\":1,\"cache_creation_input_tokens\":9,"
		 "\"cache_read_input_tokens\":2,\"output_tokens\":3}",
		 1, 2, 9, USAGE_NONE, 3, USAGE_NONE, QUALITY_NO_TTL_SPLIT},
		{"{\"input_tokens\":1,\"cache_creation_input_tokens\":9,"
		 "\"cache_read_input_tokens\":2,\"output_tokens\":3,"
		 "\"cache_creation\":null}",
		 1, 2, 9, USAGE_NONE, 3, USAGE_NONE, QUALITY_NO_TTL_SPLIT},
		{"{\"input_tokens\":1,\"cache_creation_input_tokens\":9,"
		 "\"cache_read_input_tokens\":2,\"output_tokens\":3,"
		 "\"cache_creation\":{\"ephemeral_5m_input_tokens\":4,"
		 "\"ephemeral_1h_input_tokens\":5}}",
		 1, 2, 4, 5, 3, USAGE_NONE, QUALITY_EXACT},
		/* The part that the halves do not explain is not lost. */
		{"{\"input_tokens\":1,\"cache_creation_input_tokens\":9,"
		 "\"cache_read_input_tokens\":2,\"output_tokens\":3,"
		 "\"cache_creation\":{\"ephemeral_1h_input_tokens\":5}}",
		 1, 2, 4, 5, 3, USAGE_NONE, QUALITY_NO_TTL_SPLIT},
		{"{\"input_tokens\":1,\"cache_creation_input_tokens\":9,"
		 "\"cache_read_input_tokens\":2,\"output_tokens\":3,"
		 "\"cache_creation\":{\"ephemeral_1h_input_tokens\":50}}",
		 1, 2, 0, 50, 3, USAGE_NONE, QUALITY_INFERRED},
		{"{\"input_tokens\":1,\"output_tokens\":3}", 1, USAGE_NONE,
		 USAGE_NONE, USAGE_NONE, 3, USAGE_NONE, QUALITY_CACHE_UNKNOWN},
		{"{}", USAGE_NONE, USAGE_NONE, USAGE_NONE, USAGE_NONE,
		 USAGE_NONE, USAGE_NONE, QUALITY_MISSING},
		{"{\"input_tokens\":1,\"cache_creation_input_tokens\":0,"
		 "\"cache_read_input_tokens\":0,\"output_tokens\":30,"
		 "\"output_tokens_details\":{\"thinking_tokens\":20}}",
		 1, 0, 0, 0, 30, 20, QUALITY_EXACT},
		/* A compaction is added, what is a message is not. */
		{"{\"input_tokens\":23000,\"cache_creation_input_tokens\":0,"
		 "\"cache_read_input_tokens\":0,\"output_tokens\":1000,"
		 "\"output_tokens_details\":{\"thinking_tokens\":200},"
		 "\"iterations\":[{\"type\":\"compaction\",\"input_tokens\":"
		 "180000,\"output_tokens\":3500,"
		 "\"cache_creation_input_tokens\":0,\"cache_creation\":null,"
		 "\"cache_read_input_tokens\":7},{\"type\":\"message\","
		 "\"input_tokens\":23000,\"output_tokens\":1000}]}",
		 203000, 7, 0, 0, 4500, 200, QUALITY_EXACT},
		{"{\"input_tokens\":1,\"cache_creation_input_tokens\":0,"
		 "\"cache_read_input_tokens\":0,\"output_tokens\":3,"
		 "\"iterations\":[{\"type\":\"advisor_message\","
		 "\"input_tokens\":5}]}",
		 1, 0, 0, 0, 3, USAGE_NONE, QUALITY_INFERRED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = xasprintf(
			"{\"type\":\"assistant\",\"sessionId\":\"s1\","
			"\"timestamp\":\"" AT(
				"01") "\",\"message\":{\"id\":\"" MSG_A
				      "\",\"model\":\"claude-x\",\"usage\":%s}}\n",
			cases[i].usage);
		struct import_case *c = case_of(KIND, PATH, text);

		assert_int_equal(c->n, 1);
		assert_usage(&c->v[0], cases[i].in, cases[i].read, cases[i].w5,
			     cases[i].w1, cases[i].out, cases[i].think);
		assert_int_equal(c->v[0].a.quality, cases[i].quality);
		case_free(c);
		free(text);
	}
}

static void service_tiers(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		CALL(MSG_A, REQ_A, TIME("01"),
		     "{\"input_tokens\":1,\"output_tokens\":1,\"speed\":"
		     "\"fast\",\"service_tier\":\"standard\"}")
			CALL(MSG_B, REQ_B, TIME("02"),
			     "{\"input_tokens\":1,\"output_tokens\":1,"
			     "\"service_tier\":\"batch\",\"server_tool_use\":"
			     "{\"web_search_requests\":3}}"));

	(void)state;
	assert_str(c->v[0].a.service_tier, "fast");
	assert_str(c->v[1].a.service_tier, "batch");
	assert_int_equal(c->v[1].a.usage.n[USAGE_WEB_SEARCH], 3);
	case_free(c);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(fixture),
		cmocka_unit_test(repeated_lines),
		cmocka_unit_test(resumed_copy),
		cmocka_unit_test(side_question),
		cmocka_unit_test(recurring_request),
		cmocka_unit_test(sub_agents),
		cmocka_unit_test(progress_wrapper),
		cmocka_unit_test(usage_shapes),
		cmocka_unit_test(service_tiers),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
