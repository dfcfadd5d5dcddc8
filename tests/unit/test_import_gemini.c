/* Gemini CLI's chats. */
#include "import_case.h"

#include "ingest/callname.h"

#define KIND "gemini"
#define PATH "/h/.gemini/tmp/p/chats/session-x.jsonl"
#define OLD  "/h/.gemini/tmp/p/chats/session-x.json"

#define HEAD    "{\"sessionId\":\"s1\",\"projectHash\":\"ph\",\"kind\":\"main\"}\n"
#define AT(sec) "\"timestamp\":\"2026-11-23T10:00:" sec ".000Z\""
#define MESSAGE(id, sec, tokens, more)                                         \
	"{\"id\":\"" id "\"," AT(sec) ",\"type\":\"gemini\",\"model\":"        \
				      "\"gemini-2.5-pro\"" more                \
				      ",\"tokens\":{" tokens "}}"
#define TOKENS                                                                 \
	"\"input\":100,\"output\":7,\"cached\":40,\"thoughts\":3,\"tool\":5"

static void fixture(void **state)
{
	struct import_case *c = case_file(
		KIND, "tests/data/gemini_cli/session-2026-11-23T22-54-"
		      "b8de4ae5.jsonl");
	const struct case_event *v = &c->v[0];
	char text[40];

	(void)state;
	case_expected(c, "gemini_cli/session-2026-11-23T22-54-b8de4ae5.jsonl");
	assert_int_equal(c->n, 1);
	assert_str(v->task.sender, "gemini-cli");
	assert_str(v->task.ext_id, "b8de4ae5-30ee-4b53-a57e-337ab189f1b3");
	assert_str(v->task.agent, "gemini-cli");
	assert_str(v->a.provider, "google");
	assert_str(v->a.source, "import:gemini");
	assert_int_equal(v->a.step_kind, STEP_COMMUNICATE);
	assert_int_equal(v->a.n_keys, 3);
	assert_string_equal(clock_format(v->a.started_us, text, sizeof(text)),
			    "2026-11-23T22:54:39.455000Z");
	assert_string_equal(clock_format(v->a.ended_us, text, sizeof(text)),
			    "2026-11-23T22:54:39.617000Z");
	case_free(c);
}

/* The log of the same call, as telemetry sends it: session, counts and a time
 * some milliseconds apart. */
static void meets_telemetry(void **state)
{
	struct import_case *c = case_file(
		KIND, "tests/data/gemini_cli/session-2026-11-23T22-54-"
		      "b8de4ae5.jsonl");
	struct uuid names[2];
	bool met = false;

	(void)state;
	assert_int_equal(callname_vector(STR("gemini-cli"), c->v[0].task.ext_id,
					 &c->v[0].a.usage,
					 c->v[0].a.ended_us + 5000, names),
			 2);
	for (int i = 0; i < 2; i++)
		met = met || uuid_eq(names[i], c->v[0].a.keys[1]) ||
		      uuid_eq(names[i], c->v[0].a.keys[2]);
	assert_true(met);
	case_free(c);
}

/* Patches repeat messages, and what they say last counts. */
static void patches(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		HEAD MESSAGE(
			"m1", "01", TOKENS,
			"") "\n"
			    "{\"$set\":{\"lastUpdated\":\"x\"}}\n"
			    "{\"$set\":{\"messages\":[" MESSAGE(
				    "m1", "01",
				    "\"input\":100,\"output\":9,\"cached\":0",
				    "") "," MESSAGE("m2", "02", TOKENS,
						    "") "]}}\n" MESSAGE("m2",
									"02",
									TOKENS,
									"") "\n");

	(void)state;
	assert_int_equal(c->n, 2);
	assert_usage(&c->v[0], 100, 0, USAGE_NONE, USAGE_NONE, 9, USAGE_NONE);
	assert_usage(&c->v[1], 65, 40, USAGE_NONE, USAGE_NONE, 10, 3);
	assert_int_equal(c->v[1].a.step_seq, 2);
	assert_false(case_share_key(&c->v[0], &c->v[1]));
	case_free(c);
}

static void old_format(void **state)
{
	struct import_case *c = case_of(
		KIND, OLD,
		"{\n  \"sessionId\": \"s1\",\n  \"messages\": [\n"
		"{\"id\":\"u\",\"type\":\"user\"," AT("00") "},\n" MESSAGE(
			"m1", "01", TOKENS, "") "]\n}\n");
	struct import_case *d =
		case_of(KIND, PATH, HEAD MESSAGE("m1", "01", TOKENS, "") "\n");

	(void)state;
	assert_int_equal(c->n, 1);
	assert_int_equal(c->v[0].a.ended_us - c->v[0].a.started_us, 1000000);
	/* The two formats give one call one name. */
	assert_true(uuid_eq(c->v[0].a.keys[0], d->v[0].a.keys[0]));
	case_free(c);
	case_free(d);
}

static void tools(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		HEAD MESSAGE(
			"m1", "01", TOKENS,
			",\"toolCalls\":[{\"id\":\"t1\",\"name\":"
			"\"run_shell_command\",\"args\":{\"command\":"
			"\"pytest\"},\"status\":\"error\"},{\"id\":\"t2\","
			"\"name\":\"read_file\",\"status\":\"success\"}]") "\n" MESSAGE("m2",
											"02",
											TOKENS,
											",\"toolCalls\":[{\"id\":\"t3\",\"name\":\"replace\","
											"\"status\":\"success\"}]") "\n" MESSAGE("m3",
																 "03",
																 TOKENS,
																 ",\"toolCalls\":[{\"name\":\"glob\"}]") "\n");

	(void)state;
	assert_int_equal(c->n, 3);
	assert_int_equal(c->v[0].a.step_kind, STEP_VERIFY);
	assert_int_equal(c->v[0].a.step_failed, 1);
	assert_int_equal(c->v[1].a.step_kind, STEP_EDIT);
	assert_int_equal(c->v[1].a.step_failed, 0);
	assert_int_equal(c->v[2].a.step_kind, STEP_SEARCH);
	assert_int_equal(c->v[2].a.step_failed, -1);
	case_free(c);
}

static void sub_agent(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		"{\"sessionId\":\"s9\",\"kind\":\"subagent\"}\n" MESSAGE(
			"m1", "01", TOKENS, ""));

	(void)state;
	assert_int_equal(c->n, 1); /* the last line lacks only its newline */
	assert_str(c->v[0].task.agent, "gemini-cli:subagent");
	case_free(c);
}

static void odd_counts(void **state)
{
	struct import_case *c = case_of(
		KIND, PATH,
		HEAD
			/* Input without the cache, as some versions wrote it.
			 */
			MESSAGE("m1", "01", "\"input\":5,\"cached\":40,\"output\":1", "") "\n" MESSAGE(
				"m2", "02", "\"input\":-5,\"output\":1",
				"") "\n" MESSAGE("m3", "03", "\"input\":5",
						 "") "\n" MESSAGE("m4", "04",
								  "",
								  "") "\n" MESSAGE("",
										   "05",
										   TOKENS,
										   "") "\n"
										       "{\"id\":\"m6\",\"type\":\"gemini\",\"model\":\"g\","
										       "\"tokens\":{}}\n"
										       "{\"id\":\"m7\",\"type\":\"gemini\"," AT(
											       "06") "}\n"
												     "{\"id\":\"m8\",\"type\":\"info\"}\n"
												     "null\n[]\n{}\nx\n");

	(void)state;
	assert_int_equal(c->n, 3);
	assert_usage(&c->v[0], 5, 40, USAGE_NONE, USAGE_NONE, 1, USAGE_NONE);
	assert_int_equal(c->v[0].a.quality, QUALITY_INFERRED);
	assert_usage(&c->v[1], 5, USAGE_NONE, USAGE_NONE, USAGE_NONE,
		     USAGE_NONE, USAGE_NONE);
	assert_int_equal(c->v[1].a.quality, QUALITY_CACHE_UNKNOWN);
	assert_int_equal(c->v[2].a.quality, QUALITY_MISSING);
	assert_int_equal(case_skipped(c, "calls with impossible token counts"),
			 1);
	assert_int_equal(case_skipped(c, "messages with an empty id or model"),
			 1);
	assert_int_equal(case_skipped(c, "messages without a time"), 1);
	assert_int_equal(case_skipped(c, "messages without usage"), 1);
	assert_int_equal(case_skipped(c, "lines that are not JSON"), 1);
	case_free(c);
}

static void foreign_documents(void **state)
{
	static const char *const texts[] = {"", "{}", "[]", "{\"messages\":1}",
					    "{\"messages\":["};
	struct import_case *c = case_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		case_text(c, KIND, OLD, str_from(texts[i]));
	assert_int_equal(c->n, 0);
	assert_int_equal(import_run_totals(c->run)->files_failed, 5);
	case_free(c);
}

static void matching(void **state)
{
	const struct import_kind *k = import_kind_find(KIND);

	(void)state;
	assert_true(k->match(STR("/a/chats/session-1.json")));
	assert_true(k->match(STR("/a/chats/session-1.jsonl")));
	assert_false(k->match(STR("/a/chats/other.json")));
	assert_false(k->match(STR("/a/logs.json")));
	assert_true(k->match(STR("/a/session-1.jsonl")));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(fixture),
		cmocka_unit_test(meets_telemetry),
		cmocka_unit_test(patches),
		cmocka_unit_test(old_format),
		cmocka_unit_test(tools),
		cmocka_unit_test(sub_agent),
		cmocka_unit_test(odd_counts),
		cmocka_unit_test(foreign_documents),
		cmocka_unit_test(matching),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
