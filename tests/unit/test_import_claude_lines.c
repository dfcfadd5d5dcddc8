/* Claude Code's transcripts: steps and times, and lines that are no calls. */
#include "claude_case.h"

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
	assert_str(c->v[1].task.class_name, "coding");
	assert_int_equal(c->v[1].task.class_rank, CLASS_GUESSED);
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
		cmocka_unit_test(steps),         cmocka_unit_test(start_times),
		cmocka_unit_test(not_calls),     cmocka_unit_test(failures),
		cmocka_unit_test(refused),       cmocka_unit_test(results),
		cmocka_unit_test(damaged_lines), cmocka_unit_test(refused_rows),
		cmocka_unit_test(many_calls),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
