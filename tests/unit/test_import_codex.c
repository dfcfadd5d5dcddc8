/* Codex's rollouts. */
#include "import_case.h"

#include "ingest/callname.h"

#define KIND "codex"
#define PATH "/h/.codex/sessions/2026/11/23/rollout-x.jsonl"
#define FIXTURE                                                                \
	"tests/data/codex/rollout-2026-11-23T22-52-58-01a20a9c.trimmed.jsonl"
/* UUIDs of version 7: the thread began at T1; turns before and after it. */
#define PARENT "01a20a00-0000-7000-8000-000000000001"
#define THREAD "01a20a9c-0000-7000-8000-000000000002"
#define OLD    "01a20a50-0000-7000-8000-000000000003"
#define OWN    "01a20aa0-0000-7000-8000-000000000004"

#define AT(time) "\"timestamp\":\"2026-11-23T10:" time "Z\""
#define LINE(time, type, payload)                                              \
	"{" AT(time) ",\"type\":\"" type "\",\"payload\":{" payload "}}\n"
#define META(more)                                                             \
	LINE("00:00", "session_meta",                                          \
	     "\"id\":\"" THREAD "\",\"timestamp\":\"2026-11-23T10:00:00Z\","   \
	     "\"cwd\":\"/w\",\"cli_version\":\"0.150\"" more)
#define PARENT_META LINE("00:00", "session_meta", "\"id\":\"" PARENT "\"")
#define FORK        ",\"forked_from_id\":\"" PARENT "\""
#define CONTEXT(time, turn)                                                    \
	LINE(time, "turn_context",                                             \
	     "\"turn_id\":\"" turn "\",\"model\":\"gpt-5-codex\"")
#define VEC(in, cached, out)                                                   \
	"{\"input_tokens\":" #in ",\"cached_input_tokens\":" #cached           \
	",\"output_tokens\":" #out ",\"reasoning_output_tokens\":1}"
#define COUNT(time, total, last)                                               \
	LINE(time, "event_msg",                                                \
	     "\"type\":\"token_count\",\"info\":{\"total_token_usage\":" total \
	     ",\"last_token_usage\":" last "}")
#define RECORD(time, id, turn, vec)                                            \
	LINE(time, "token_usage_record",                                       \
	     "\"response_id\":\"" id "\",\"turn_id\":\"" turn                  \
	     "\",\"usage\":" vec)
#define RESP_A "resp_67ccd2bed1ec8190b14f964abc0542670bb6"
#define RESP_B "resp_77ccd2bed1ec8190b14f964abc0542670bb7"

static void fixture(void **state)
{
	struct import_case *c = case_file(KIND, FIXTURE);
	const struct case_event *v = &c->v[0];
	char text[40];

	(void)state;
	case_expected(
		c, "codex/rollout-2026-11-23T22-52-58-01a20a9c.trimmed.jsonl");
	assert_int_equal(c->n, 1);
	assert_str(v->task.sender, "codex");
	assert_str(v->task.ext_id, "01a20a9c-d0ee-7c32-9643-4f3c4366df0e");
	assert_null(v->task.parent_ext_id.p);
	assert_str(v->task.agent, "codex");
	assert_str(v->task.attrs, "{\"cwd\":\"/srv/app/wire/raw/codexwork\","
				  "\"version\":\"0.169.0\"}");
	assert_str(v->a.provider, "openai"); /* not "fake", as configured */
	assert_int_equal(v->a.step_kind, STEP_COMMUNICATE);
	assert_int_equal(v->a.n_keys, 4);
	assert_true(uuid_eq(
		v->a.keys[0],
		callname_response(
			"openai", STR("codex"), v->task.ext_id,
			STR("resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3"
			    "795b"))));
	/* From the user's message; the first token by task_complete. */
	assert_string_equal(clock_format(v->a.started_us, text, sizeof(text)),
			    "2026-11-23T22:52:59.109000Z");
	assert_string_equal(
		clock_format(v->a.first_token_us, text, sizeof(text)),
		"2026-11-23T22:52:59.145000Z");
	assert_string_equal(clock_format(v->a.ended_us, text, sizeof(text)),
			    "2026-11-23T22:52:59.147000Z");
	case_free(c);
}

/* The same call in a log of telemetry: conversation, counts and a time. */
static void meets_telemetry(void **state)
{
	struct import_case *c = case_file(KIND, FIXTURE);
	struct usage u;
	struct uuid names[2];
	int64_t at;
	bool met = false;

	(void)state;
	usage_init(&u);
	u.n[USAGE_UNCACHED_IN] = 200;
	u.n[USAGE_CACHE_READ] = 2000;
	u.n[USAGE_CACHE_WRITE_5M] = 400;
	u.n[USAGE_OUTPUT] = 120;
	assert_true(clock_parse(STR("2026-11-23T22:52:59.141Z"), &at));
	assert_int_equal(callname_vector(STR("codex"), c->v[0].task.ext_id, &u,
					 at, names),
			 2);
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < c->v[0].a.n_keys; k++)
			met = met || uuid_eq(names[i], c->v[0].a.keys[k]);
	}
	assert_true(met);
	case_free(c);
}

static void token_counts(void **state)
{
	struct import_case *c =
		case_of(KIND, PATH,
			META("") CONTEXT("00:01", OWN)
				COUNT("00:02", VEC(100, 40, 9), VEC(100, 40, 9))
			/* Again, with new rate limits. */
			COUNT("00:03", VEC(100, 40, 9), VEC(100, 40, 9))
			/* More from the cache than there was. */
			COUNT("00:04", VEC(150, 140, 10), VEC(50, 100, 1))
			/* Only the total: what was added counts. */
			LINE("00:05", "event_msg",
			     "\"type\":\"token_count\",\"info\":{"
			     "\"total_token_usage\":" VEC(450, 200, 30) "}")
				LINE("00:06", "event_msg",
				     "\"type\":\"token_count\",\"info\":null")
					COUNT("00:07", VEC(450, 200, 30),
					      "{\"input_tokens\":0}")
						COUNT("00:08", VEC(9, 0, 9),
						      VEC(-9, 0, 9)));

	(void)state;
	assert_int_equal(c->n, 3);
	assert_usage(&c->v[0], 60, 40, USAGE_NONE, USAGE_NONE, 9, 1);
	assert_usage(&c->v[1], 0, 50, USAGE_NONE, USAGE_NONE, 1, 1);
	assert_usage(&c->v[2], 240, 60, USAGE_NONE, USAGE_NONE, 20, 0);
	assert_str(c->v[0].a.model, "gpt-5-codex");
	assert_int_equal(c->v[0].a.quality, QUALITY_EXACT);
	assert_int_equal(case_skipped(c, "calls with impossible token counts"),
			 1);
	case_free(c);
}

static void records_win(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		META("") CONTEXT("00:01", OWN)
		/* Written by an older version, before the session went on. */
		COUNT("00:01", VEC(10, 0, 1), VEC(10, 0, 1))
			RECORD("00:02", RESP_A, OWN, VEC(100, 40, 9)) COUNT(
				"00:02", VEC(110, 40, 10), VEC(100, 40, 9))
				RECORD("00:03", RESP_B, OWN, VEC(100, 40, 9))
					COUNT("00:03", VEC(210, 80, 19),
					      VEC(100, 40, 9))
						RECORD("00:03", RESP_B, OWN,
						       VEC(100, 40, 9)));

	(void)state;
	assert_int_equal(c->n, 3);
	/* The same counts within a minute, and yet two calls. */
	assert_false(case_share_key(&c->v[1], &c->v[2]));
	case_free(c);
}

static void without_model(void **state)
{
	struct import_case *c =
		case_of(KIND, "/a/rollout-2025-09-01T01-02-03-" THREAD ".jsonl",
			COUNT("00:02", VEC(100, 40, 9), VEC(100, 40, 9)));

	(void)state;
	assert_int_equal(c->n, 1);
	assert_str(c->v[0].a.model, "gpt-5");
	assert_int_equal(c->v[0].a.quality, QUALITY_ESTIMATED);
	assert_str(c->v[0].task.ext_id, THREAD);
	case_free(c);
}

static void other_models(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		META("") LINE("00:01", "turn_context",
			      "\"model\":\"qwen3-coder\"")
			COUNT("00:02", VEC(100, 40, 9), VEC(100, 40, 9)));

	(void)state;
	assert_null(c->v[0].a.provider.p);
	case_free(c);
}

static void spawned(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		META(",\"source\":{\"subagent\":{\"thread_spawn\":{"
		     "\"parent_thread_id\":\"" PARENT
		     "\",\"agent_role\":\"explorer\"}}}")
			PARENT_META CONTEXT("00:01", OWN)
				COUNT("00:01", VEC(100, 40, 9), VEC(100, 40, 9))
					COUNT("00:01", VEC(200, 80, 18),
					      VEC(100, 40, 9)));

	(void)state;
	/* Its own turns, though they share a second. */
	assert_int_equal(c->n, 2);
	assert_str(c->v[0].task.ext_id, THREAD);
	assert_str(c->v[0].task.parent_ext_id, PARENT);
	assert_str(c->v[0].task.agent, "codex:explorer");
	case_free(c);
}

static void review(void **state)
{
	struct import_case *c =
		case_of(KIND, PATH,
			META(",\"source\":{\"subagent\":\"review\"},"
			     "\"parent_thread_id\":\"" PARENT "\"")
				RECORD("00:02", RESP_A, OWN, VEC(1, 0, 1)));

	(void)state;
	assert_str(c->v[0].task.agent, "codex:review");
	assert_str(c->v[0].task.parent_ext_id, PARENT);
	case_free(c);
}

/* What a fork copied from its parent is not its own work. */
static void replay_by_turn(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		META(FORK) PARENT_META
			/* Stamped anew, and spread over seconds. */
			CONTEXT("00:01", OLD) COUNT(
				"00:01", VEC(100, 40, 9),
				VEC(100, 40, 9)) COUNT("00:05",
						       VEC(200, 80, 18),
						       VEC(100, 40, 9))
				CONTEXT("00:06", OWN) LINE(
					"00:09", "event_msg",
					"\"type\":\"token_count\",\"info\":{"
					"\"total_token_usage\":" VEC(500, 80,
								     20) "}"));

	(void)state;
	assert_int_equal(c->n, 1);
	/* The copy set the total from which the rest is counted. */
	assert_usage(&c->v[0], 300, 0, USAGE_NONE, USAGE_NONE, 2, 0);
	assert_null(c->v[0].task.parent_ext_id.p); /* a fork is no child */
	assert_int_equal(case_skipped(c, "replayed calls of a parent thread"),
			 2);
	case_free(c);
}

static void replay_by_time(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		META(FORK) "{\"timestamp\":\"2026-11-22T10:00:00Z\",\"type\":\"event_msg\""
			   ",\"payload\":{\"type\":\"token_count\",\"info\":{"
			   "\"last_token_usage\":" VEC(1, 0, 1) "}}}\n" RECORD(
				   "00:05", RESP_A, "1", VEC(100, 40, 9))
				   RECORD("00:05", RESP_B, "1",
					  VEC(100, 40, 8)));

	(void)state;
	assert_int_equal(c->n, 2);
	assert_int_equal(case_skipped(c, "replayed calls of a parent thread"),
			 1);
	case_free(c);
}

static void replay_by_second(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		META(FORK) COUNT("00:05.1", VEC(100, 40, 9), VEC(100, 40, 9))
			COUNT("00:05.2", VEC(200, 80, 18), VEC(100, 40, 9))
				COUNT("00:05.9", VEC(300, 80, 27),
				      VEC(100, 40, 9))
					COUNT("00:06.0", VEC(400, 80, 36),
					      VEC(100, 40, 9)));

	(void)state;
	assert_int_equal(c->n, 1);
	assert_int_equal(case_skipped(c, "replayed calls of a parent thread"),
			 3);
	case_free(c);
	/* One alone in its second is the thread's own, said twice or not. */
	c = case_of(
		KIND, PATH,
		META(FORK) COUNT("00:05.1", VEC(100, 40, 9), VEC(100, 40, 9))
			COUNT("00:05.2", VEC(100, 40, 9), VEC(100, 40, 9))
				COUNT("00:07", VEC(200, 80, 18),
				      VEC(100, 40, 9)));
	assert_int_equal(c->n, 2);
	case_free(c);
	c = case_of(KIND, PATH,
		    META(FORK)
			    COUNT("00:05.1", VEC(100, 40, 9), VEC(100, 40, 9)));
	assert_int_equal(c->n, 1);
	case_free(c);
	/* The thread's own head again: what came before was a copy. */
	c = case_of(KIND, PATH,
		    META(FORK) PARENT_META COUNT("00:05.1", VEC(100, 40, 9),
						 VEC(100, 40, 9)) META(FORK)
			    COUNT("00:06", VEC(200, 80, 18), VEC(100, 40, 9)));
	assert_int_equal(c->n, 1);
	assert_int_equal(case_skipped(c, "replayed calls of a parent thread"),
			 1);
	case_free(c);
}

static void archived_copy(void **state)
{
	static const char text[] =
		META("") RECORD("00:02", RESP_A, OWN, VEC(100, 40, 9));
	struct import_case *c = case_of(KIND, PATH, text);

	(void)state;
	case_text(c, KIND, "/h/.codex/archived_sessions/rollout-x.jsonl",
		  str_from(text));
	assert_int_equal(c->n, 2);
	assert_int_equal(c->v[0].a.n_keys, c->v[1].a.n_keys);
	for (int i = 0; i < c->v[0].a.n_keys; i++)
		assert_true(uuid_eq(c->v[0].a.keys[i], c->v[1].a.keys[i]));
	case_free(c);
}

#define TOOL(more) LINE("00:01", "response_item", more)
#define OUTPUT(id, output)                                                     \
	LINE("00:03", "response_item",                                         \
	     "\"type\":\"function_call_output\",\"call_id\":\"" id             \
	     "\",\"output\":" output)

static void tools(void **state)
{
	static const struct {
		const char *item, *output;
		enum step_kind kind;
		const char *tool;
		int failed;
	} cases[] = {
		{"\"type\":\"function_call\",\"name\":\"shell\",\"arguments\":"
		 "\"{\\\"command\\\":[\\\"bash\\\",\\\"-lc\\\",\\\"rg x\\\"]}\"",
		 "\"{\\\"output\\\":\\\"\\\",\\\"metadata\\\":"
		 "{\\\"exit_code\\\":2}}\"",
		 STEP_SEARCH, "shell", 1},
		{"\"type\":\"function_call\",\"name\":\"shell\",\"arguments\":"
		 "\"{\\\"command\\\":[\\\"cat\\\",\\\"a.c\\\"]}\"",
		 "\"{\\\"metadata\\\":{\\\"exit_code\\\":0}}\"", STEP_READ,
		 "shell", 0},
		{"\"type\":\"function_call\",\"name\":\"exec_command\","
		 "\"arguments\":\"{\\\"cmd\\\":\\\"pytest -q\\\"}\"",
		 "\"Chunk\\nProcess exited with code 1\\nOutput:\"",
		 STEP_VERIFY, "exec_command", 1},
		{"\"type\":\"custom_tool_call\",\"name\":\"exec\",\"input\":"
		 "\"const r = await tools.exec_command({\\\"cmd\\\":"
		 "\\\"ls -la\\\"});\"",
		 "\"Exit code: 0\\nWall time: 1\"", STEP_SEARCH, "exec", 0},
		{"\"type\":\"custom_tool_call\",\"name\":\"apply_patch\","
		 "\"input\":\"*** Begin Patch\"",
		 "{\"content\":\"x\",\"success\":false}", STEP_EDIT,
		 "apply_patch", 1},
		{"\"type\":\"local_shell_call\",\"action\":{\"command\":"
		 "[\"sh\",\"-c\",\"git diff\"]}",
		 "{\"content\":\"x\",\"success\":true}", STEP_READ,
		 "local_shell_call", 0},
		{"\"type\":\"web_search_call\"", "7", STEP_SEARCH,
		 "web_search_call", -1},
		{"\"type\":\"function_call\",\"name\":\"update_plan\","
		 "\"arguments\":\"not JSON\"",
		 "\"Plan updated\"", STEP_PLAN, "update_plan", -1},
		{"\"type\":\"function_call\"", "null", STEP_OTHER,
		 "function_call", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = xasprintf(
			"%s{" AT(
				"00:01") ",\"type\":\"response_item\","
					 "\"payload\":{\"call_id\":\"t1\",%s}}\n"
					 "%s{" AT(
						 "00:03") ",\"type\":\"response_item\","
							  "\"payload\":{\"type\":\"function_call_output\","
							  "\"call_id\":\"t1\",\"output\":%s}}\n",
			META(""), cases[i].item,
			RECORD("00:02", RESP_A, OWN, VEC(9, 0, 9)),
			cases[i].output);
		struct import_case *c = case_of(KIND, PATH, text);

		assert_int_equal(c->n, 1);
		assert_int_equal(c->v[0].a.step_kind, cases[i].kind);
		assert_str(c->v[0].a.tool, cases[i].tool);
		assert_int_equal(c->v[0].a.step_failed, cases[i].failed);
		case_free(c);
		free(text);
	}
}

/* Results before the usage, and the event that tells the exit code. */
static void early_results(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		META("") TOOL("\"type\":\"function_call\",\"name\":\"shell\","
			      "\"call_id\":\"t1\"") OUTPUT("t1",
							   "\"Exit code: 3\"")
			RECORD("00:04", RESP_A, OWN, VEC(9, 0, 9)) TOOL(
				"\"type\":\"function_call\",\"name\":\"shell\","
				"\"call_id\":\"t2\"") RECORD("00:05", RESP_B,
							     OWN, VEC(19, 0, 9))
				LINE("00:06", "event_msg",
				     "\"type\":\"exec_command_end\",\"call_id\":\"t2\","
				     "\"exit_code\":0"));

	(void)state;
	assert_int_equal(c->n, 2);
	assert_int_equal(c->v[0].a.step_failed, 1);
	assert_int_equal(c->v[1].a.step_failed, 0);
	case_free(c);
}

static void foreign_lines(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		META("") "{\"type\":\"turn.completed\",\"usage\":{}}\n"
			 "{\"type\":\"token_usage_record\"}\n"
			 "{\"type\":\"event_msg\",\"payload\":[]}\n"
			 "{\"type\":\"session_meta\",\"payload\":{\"id\":7}}\n"
			 "{\"type\":7,\"payload\":{\"type\":{}}}\n"
			 "x\n[]\nnull\n" RECORD(
				 "00:05", RESP_A, OWN,
				 VEC(9, 0,
				     9)) "{\"timestamp\":\"2026-11-23T10:00:09Z\",\"type\":\"token_us");

	(void)state;
	assert_int_equal(c->n, 1);
	assert_int_equal(case_skipped(c, "calls with impossible token counts"),
			 1);
	assert_int_equal(case_skipped(c, "lines that are not JSON"), 1);
	assert_int_equal(case_skipped(c, "unfinished last lines"), 1);
	case_free(c);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(fixture),
		cmocka_unit_test(meets_telemetry),
		cmocka_unit_test(token_counts),
		cmocka_unit_test(records_win),
		cmocka_unit_test(without_model),
		cmocka_unit_test(other_models),
		cmocka_unit_test(spawned),
		cmocka_unit_test(review),
		cmocka_unit_test(replay_by_turn),
		cmocka_unit_test(replay_by_time),
		cmocka_unit_test(replay_by_second),
		cmocka_unit_test(archived_copy),
		cmocka_unit_test(tools),
		cmocka_unit_test(early_results),
		cmocka_unit_test(foreign_lines),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
