/* Claude Code's transcripts. */
#include "import_case.h"

#include "ingest/callname.h"

#define KIND  "claude-code"
#define PATH  "/p/projects/x/s1.jsonl"
#define MSG_A "msg_01AAAAbbbbCCCCdddd1111"
#define MSG_B "msg_01BBBBccccDDDDeeee2222"
#define REQ_A "req_011CaaaaBBBBccccDDDD1"
#define REQ_B "req_011CbbbbCCCCddddEEEE2"

#define AT(sec) "2026-11-23T10:00:" sec ".000Z"

/* One assistant line: ids, uuid, parent, second, more members, usage. */
#define CALL(id, req, more, usage)                                             \
	"{\"type\":\"assistant\",\"sessionId\":\"s1\",\"requestId\":\"" req    \
	"\"," more "\"message\":{\"id\":\"" id                                 \
	"\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-5\","           \
	"\"content\":[],\"usage\":" usage "}}\n"
#define TIME(sec) "\"timestamp\":\"" AT(sec) "\","
#define USAGE(in, out)                                                         \
	"{\"input_tokens\":" #in ",\"cache_creation_input_tokens\":0,"         \
	"\"cache_read_input_tokens\":0,\"output_tokens\":" #out "}"

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

#define TOOLS(sec, id, content)                                                \
	"{\"type\":\"assistant\",\"sessionId\":\"s1\",\"timestamp\":\"" AT(    \
		sec) "\",\"message\":{\"id\":\"" id                            \
		     "\",\"model\":\"claude-x\",\"content\":[" content         \
		     "],\"usage\":" USAGE(1, 1) "}}\n"
#define TOOL(id, name, input)                                                  \
	"{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name            \
	"\",\"input\":{" input "}}"
#define RESULT(id, error)                                                       \
	"{\"type\":\"user\",\"sessionId\":\"s1\",\"uuid\":\"r-" id              \
	"\",\"timestamp\":\"" AT(                                               \
		"30") "\",\"message\":{\"content\":[{\"type\":\"tool_result\"," \
		      "\"tool_use_id\":\"" id "\",\"content\":\"x\"" error      \
		      "}]}}\n"

static void steps(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		TOOLS("01", MSG_A, "{\"type\":\"thinking\",\"thinking\":\"\"}") TOOLS(
			"02", MSG_A,
			TOOL("t1", "Read",
			     "")) TOOLS("03", MSG_A,
					TOOL("t2", "Edit",
					     "")) TOOLS("04", MSG_A,
							TOOL("t3", "Grep",
							     "")) RESULT("t1",
									 "")
			RESULT("t2", ",\"is_error\":true") RESULT(
				"t3",
				",\"is_error\":false") TOOLS("31", MSG_B,
							     TOOL("t4", "Bash",
								  "\"command\":\"rg x\""))
				RESULT("t4",
				       "") TOOLS("32",
						 "msg_01CCCCddddEEEEffff3333",
						 "{\"type\":\"thinking\"}")
					TOOLS("33",
					      "msg_01DDDDeeeeFFFFgggg4444",
					      "{\"type\":\"thinking\"},{\"type\":\"text\"}")
						RESULT("t9",
						       ",\"is_error\":true"));

	(void)state;
	assert_int_equal(c->n, 4);
	assert_int_equal(c->v[0].a.step_kind, STEP_EDIT);
	assert_str(c->v[0].a.tool, "Edit");
	assert_int_equal(c->v[0].a.step_failed, 1);
	assert_int_equal(c->v[1].a.step_kind, STEP_SEARCH);
	assert_int_equal(c->v[1].a.step_failed, 0);
	/* What was sent to the model came at 10:00:30. */
	assert_int_equal(c->v[1].a.ended_us - c->v[1].a.started_us, 1000000);
	assert_int_equal(c->v[2].a.step_kind, STEP_PLAN);
	assert_int_equal(c->v[3].a.step_kind, STEP_COMMUNICATE);
	assert_int_equal(c->v[3].a.step_seq, 4);
	assert_int_equal(c->v[3].a.step_failed, -1);
	case_free(c);
}

static void start_times(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		"{\"type\":\"user\",\"uuid\":\"old\",\"timestamp\":"
		"\"2026-11-22T10:00:00Z\",\"message\":{}}\n" CALL(MSG_A, REQ_A, TIME("05") "\"parentUuid\":\"old\",", USAGE(1, 1)) "{\"type\":\"user\",\"uuid\":\"u1\",\"timestamp\":\"" AT(
			"06") "\",\"message\":{}}\n"
			      "{\"type\":\"user\",\"uuid\":\"u2\",\"timestamp\":\"" AT(
				      "07") "\",\"message\":{}}\n" CALL(MSG_B,
									REQ_B,
									TIME("09") "\"parentUuid\":\"u1\",",
									USAGE(1,
									      1)));

	(void)state;
	assert_int_equal(c->n, 2);
	/* A parent of yesterday says nothing about the call. */
	assert_int_equal(c->v[0].a.started_us, c->v[0].a.ended_us);
	assert_int_equal(c->v[1].a.ended_us - c->v[1].a.started_us, 3000000);
	case_free(c);
}

static void not_calls(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		"{\"type\":\"assistant\",\"sessionId\":\"s1\",\"timestamp\":\"" AT(
			"01") "\",\"message\":{\"id\":\"m\",\"model\":"
			      "\"<synthetic>\",\"usage\":" USAGE(
				      0,
				      0) "}}\n"
					 "{\"type\":\"assistant\",\"uuid\":\"u\",\"sessionId\":\"s1\","
					 "\"message\":{\"id\":\"m\",\"model\":\"claude-x\"}}\n" CALL(
						 "", REQ_A, TIME("01"),
						 USAGE(1, 1)) CALL(MSG_A, "",
								   TIME("01"),
								   USAGE(1, 1))
						 CALL(MSG_A, REQ_A, "", USAGE(1, 1)) CALL(
							 MSG_A, REQ_A,
							 "\"timestamp\":\"soon\",",
							 USAGE(1,
							       1)) CALL(MSG_A,
									REQ_A,
									TIME("01"),
									"{\"input_tokens\":-5}")
							 CALL(MSG_A, REQ_A,
							      TIME("01"),
							      "{\"input_tokens\":1.5}")
								 CALL(MSG_A,
								      REQ_A,
								      TIME("01"),
								      "[]") "{\"type\":\"summary\",\"summary\":\"\\\"usage\\\"\"}\n"
									    "{\"type\":\"user\",\"uuid\":\"u\",\"toolUseResult\":"
									    "{\"usage\":" USAGE(
										    9,
										    9) "},\"message\":{\"content\":\"x\"}}\n"
										       "[1,2,{\"usage\":3}]\n"
										       "17\n");

	(void)state;
	assert_int_equal(c->n, 0);
	assert_int_equal(case_skipped(c, "synthetic messages"), 1);
	assert_int_equal(case_skipped(c, "messages without usage"), 2);
	assert_int_equal(case_skipped(c, "messages with an empty id or model"),
			 2);
	assert_int_equal(case_skipped(c, "messages without a time"), 2);
	assert_int_equal(case_skipped(c, "calls with impossible token counts"),
			 2);
	assert_int_equal(import_run_totals(c->run)->files_read, 1);
	case_free(c);
}

/* Failed requests that carry an id are attempts; of a model that is known. */
static void failures(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		CALL(MSG_A, REQ_A, TIME("01"),
		     USAGE(1,
			   1)) "{\"type\":\"system\",\"subtype\":\"api_error\",\"uuid\":\"e\","
			       "\"sessionId\":\"s1\",\"timestamp\":\"" AT(
				       "02") "\",\"retryAttempt\":2,\"error\":{\"status\":529,\"requestID\":"
					     "\"" REQ_B
					     "\",\"error\":{\"type\":\"error\",\"error\":"
					     "{\"type\":\"overloaded_error\"}}}}\n"
					     "{\"type\":\"system\",\"subtype\":\"api_error\",\"uuid\":\"f\","
					     "\"sessionId\":\"s1\",\"timestamp\":\"" AT(
						     "03") "\",\"error\":{\"cause\":{\"code\":\"ECONNRESET\"}}}\n"
							   "{\"type\":\"assistant\",\"sessionId\":\"s1\",\"timestamp\":\"" AT(
								   "04") "\",\"requestId\":\"req_011CccccDDDDeeeeFFFF3\","
									 "\"isApiErrorMessage\":true,\"error\":\"rate_limit\","
									 "\"message\":{\"id\":\"x-y\",\"model\":\"<synthetic>\","
									 "\"usage\":" USAGE(
										 0,
										 0) "}}\n");

	(void)state;
	assert_int_equal(c->n, 3);
	assert_int_equal(c->v[1].a.status, ATTEMPT_ERROR);
	assert_str(c->v[1].a.error_class, "overloaded_error");
	assert_str(c->v[1].a.model, "claude-sonnet-4-5");
	assert_int_equal(c->v[1].a.attempt_no, 2);
	assert_int_equal(c->v[1].a.quality, QUALITY_MISSING);
	assert_true(usage_missing(&c->v[1].a.usage));
	assert_str(c->v[2].a.error_class, "rate_limit");
	assert_int_equal(case_skipped(c, "failed requests without an id"), 1);
	case_free(c);
}

static void refused(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		"{\"type\":\"assistant\",\"sessionId\":\"s1\",\"timestamp\":\"" AT(
			"01") "\",\"message\":{\"id\":\"" MSG_A
			      "\",\"model\":\"claude-x\",\"stop_reason\":\"refusal\","
			      "\"usage\":" USAGE(1, 1) "}}\n");

	(void)state;
	assert_int_equal(c->v[0].a.status, ATTEMPT_REFUSED);
	case_free(c);
}

/* The result of `claude -p`: alone, in a stream, and in an array. */
static void results(void **state)
{
	struct import_case *c = case_of(
		KIND, "/p/out.jsonl",
		"{\"type\":\"assistant\",\"session_id\":\"s1\",\"uuid\":\"u\","
		"\"message\":{\"id\":\"" MSG_A "\",\"model\":\"claude-x\","
		"\"usage\":" USAGE(
			1,
			1) "}}\n"
			   "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":"
			   "false,\"session_id\":\"s1\",\"total_cost_usd\":1}\n"
			   "[{\"type\":\"system\"},{\"type\":\"result\",\"subtype\":"
			   "\"error_max_turns\",\"is_error\":true,\"session_id\":\"s2\"}]"
			   "\n{\"type\":\"result\",\"is_error\":false}\n");

	(void)state;
	assert_int_equal(c->n, 2);
	assert_true(c->v[0].is_outcome);
	assert_str(c->v[0].task.ext_id, "s1");
	assert_str(c->v[0].o.key, "result");
	assert_str(c->v[0].o.label, "success");
	assert_int_equal(c->v[0].o.success_micro, 1000000);
	assert_str(c->v[1].task.ext_id, "s2");
	assert_int_equal(c->v[1].o.success_micro, 0);
	assert_int_equal(case_skipped(c, "messages without a time"), 1);
	assert_int_equal(case_skipped(c, "results without a session"), 1);
	case_free(c);
}

static void damaged_lines(void **state)
{
	static const char text[] = "\xef\xbb\xbf" CALL(
		MSG_A, REQ_A, TIME("01"),
		USAGE(1, 1)) "\r\n\n   \n"
			     "{\"usage\":\n"
			     "{\"usage\":\"\xff\xfe\"}\n"
			     "not JSON at all\n"
			     "not JSON but \"usage\"\n" CALL(
				     MSG_B, REQ_B, TIME("02"),
				     USAGE(2, 2)) "{\"usage\":{\"half a li";
	struct import_case *c = case_of(KIND, PATH, text);

	(void)state;
	assert_int_equal(c->n, 2);
	assert_int_equal(case_skipped(c, "lines that are not JSON"), 3);
	assert_int_equal(case_skipped(c, "unfinished last lines"), 1);
	case_free(c);
}

/* What no ledger can take becomes a dead letter, and the rest goes on. */
static void refused_rows(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		CALL(MSG_A, REQ_A, "\"timestamp\":\"2031-01-01T00:00:00Z\",",
		     USAGE(1, 1)) CALL(MSG_B, REQ_B, TIME("02"),
				       USAGE(99999999999999999, 2))
			CALL("msg_01CCCCddddEEEEffff3333", REQ_B, TIME("02"),
			     USAGE(99999999999999999999, 2))
				CALL("msg_01DDDDeeeeFFFFgggg4444", REQ_B,
				     TIME("03"), USAGE(1, 2)));

	(void)state;
	assert_int_equal(c->n, 1);
	assert_int_equal(import_run_totals(c->run)->dead, 2);
	assert_int_equal(case_skipped(c, "calls with impossible token counts"),
			 1);
	case_free(c);
}

/* More calls than may wait at a time, each on two lines, then all again. */
static void many_calls(void **state)
{
	enum {
		CALLS = 3000
	};
	struct import_case *c;
	struct buf b;

	(void)state;
	buf_init(&b, 8 << 20);
	for (int i = 0; i < 3 * CALLS; i++) {
		int n = i < 2 * CALLS ? i / 2 : i - 2 * CALLS;

		buf_addf(
			&b,
			"{\"type\":\"assistant\",\"sessionId\":\"s1\","
			"\"timestamp\":\"" AT(
				"01") "\",\"message\":{\"id\":\"msg_01AAAAbbbbCC%08d\","
				      "\"model\":\"claude-x\",\"usage\":{\"input_tokens\":1,"
				      "\"output_tokens\":%d}}}\n",
			n, i < 2 * CALLS ? i % 2 : 1);
	}
	c = case_new(NULL);
	case_text(c, KIND, PATH, (struct str){buf_str(&b), b.len});
	assert_int_equal(c->n, CALLS);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(c->v[i].a.step_seq, i + 1);
		assert_int_equal(c->v[i].a.usage.n[USAGE_OUTPUT], 1);
	}
	buf_release(&b);
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
		cmocka_unit_test(steps),
		cmocka_unit_test(start_times),
		cmocka_unit_test(not_calls),
		cmocka_unit_test(failures),
		cmocka_unit_test(refused),
		cmocka_unit_test(results),
		cmocka_unit_test(damaged_lines),
		cmocka_unit_test(refused_rows),
		cmocka_unit_test(many_calls),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
