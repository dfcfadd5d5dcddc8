/* The native interface: what the schemas say and what the code takes are the
 * same; mistakes are named; a body again adds nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/callname.h"
#include "ingest/class_rule.h"
#include "ingest/native.h"
#include "ledger/base/clock.h"
#include "ledger/batch.h"
#include "tests/unit/schema.h"

#define NOW INT64_C(1800000000000000)

static struct batch *b;
static struct native_answer out;
static struct err e;

static int setup(void **state)
{
	(void)state;
	clock_fix(NOW);
	b = batch_new(16 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	batch_free(b);
	clock_fix(TIME_NONE);
	return 0;
}

/* ---- a sink that keeps all in the batch ---- */

static int full_after = INT32_MAX; /* then it is full */

static enum rc put_task(void *arg, const struct ev_task *t, struct err *why)
{
	uint32_t index;

	return batch_task(arg, t, &index, why);
}

static enum rc put_attempt(void *arg, const struct ev_task *t,
			   const struct ev_attempt *a, struct err *why)
{
	struct ev_attempt copy = *a;
	enum rc rc = batch_task(arg, t, &copy.task, why);

	if (full_after-- <= 0)
		return err_set(why, RC_BUSY, "full");
	return rc ? rc : batch_attempt(arg, &copy, why);
}

static enum rc put_outcome(void *arg, const struct ev_task *t,
			   const struct ev_outcome *o, struct err *why)
{
	struct ev_outcome copy = *o;
	enum rc rc = batch_task(arg, t, &copy.task, why);

	return rc ? rc : batch_outcome(arg, &copy, why);
}

static struct sink sink(void)
{
	return (struct sink){.task = put_task,
			     .attempt = put_attempt,
			     .outcome = put_outcome,
			     .arg = b};
}

static struct native_ask plain(void)
{
	return (struct native_ask){.from = {.source = STR("native"),
					    .peer = STR("127.0.0.1:1"),
					    .received_us = NOW}};
}

static enum rc events_as(const char *body, const struct native_ask *ask)
{
	struct sink s = sink();

	return native_events(str_from(body), ask, &s, &out, &e);
}

static enum rc events(const char *body)
{
	struct native_ask ask = plain();

	return events_as(body, &ask);
}

static enum rc outcomes_as(const char *body, const struct native_ask *ask)
{
	struct sink s = sink();

	return native_outcomes(str_from(body), ask, &s, &out, &e);
}

static enum rc outcomes(const char *body)
{
	struct native_ask ask = plain();

	return outcomes_as(body, &ask);
}

#define CALL(id, more)                                                         \
	"{\"type\":\"attempt\",\"task\":{\"id\":\"" id                         \
	"\"},\"model\":\"gpt-5\"" more "}"

/* ---- the schemas ---- */

/* Each example is valid by its schema and taken by the code. */
static void examples_of(const char *path, native_read *read)
{
	struct native_ask ask = plain();
	struct sink s = sink();
	const struct json *all, *x;
	struct schema schema;
	const char *why;
	int n = 0;

	schema_load(&schema, path);
	all = json_get(schema.doc.nodes, "examples");
	for (x = json_first(all); x; x = json_next(all, x), n++) {
		why = schema_check(&schema, x);
		if (why)
			fail_msg("%s, example %d: %s", path, n, why);
		if (read(x->text, &ask, &s, &out, &e) || out.accepted != 1)
			fail_msg("%s, example %d: %s", path, n, e.msg);
	}
	assert_true(n >= 4);
	/* And all of them in one body. */
	if (read(all->text, &ask, &s, &out, &e) || out.accepted != n)
		fail_msg("%s: %s", path, e.msg);
	schema_release(&schema);
}

static void test_examples(void **state)
{
	(void)state;
	examples_of("ingest/events.schema.json", native_events);
	examples_of("ingest/outcomes_api.schema.json", native_outcomes);
}

struct want {
	const char *body;
	const char *field; /* that is bad; NULL: nothing is */
};

/* The schema and the code agree on each body. */
static void agree(const char *path, native_read *read, const struct want *w,
		  size_t n)
{
	struct native_ask ask = plain();
	struct sink s = sink();
	struct schema schema;
	struct json_doc doc;

	json_doc_init(&doc, 5000);
	schema_load(&schema, path);
	for (size_t i = 0; i < n; i++) {
		enum rc rc = read(str_from(w[i].body), &ask, &s, &out, &e);
		const char *why;

		assert_int_equal(json_parse(&doc, str_from(w[i].body), &e),
				 RC_OK);
		why = schema_check(&schema, doc.nodes);
		if ((why == NULL) != (w[i].field == NULL))
			fail_msg("schema on %s: %s", w[i].body,
				 why ? why : "valid");
		if ((rc == RC_OK) != (w[i].field == NULL))
			fail_msg("code on %s: %s", w[i].body,
				 rc ? e.msg : "taken");
		if (rc && strcmp(out.bad[0].field, w[i].field) != 0)
			fail_msg("%s: field '%s' (%s)", w[i].body,
				 out.bad[0].field, out.bad[0].error);
	}
	schema_release(&schema);
	json_doc_release(&doc);
}

static void test_events_agree(void **state)
{
	static const struct want w[] = {
		{CALL("t", ""), NULL},
		{CALL("t", ",\"usage\":null,\"status\":null"), NULL},
		{CALL("t", ",\"usage\":{\"output\":0}"), NULL},
		{CALL("t", ",\"usage\":{\"output\":-1}"), "usage.output"},
		{CALL("t", ",\"usage\":{\"output\":1.5}"), "usage.output"},
		{CALL("t", ",\"usage\":{\"output\":1000000000001}"),
		 "usage.output"},
		{CALL("t", ",\"usage\":{\"inptu\":1}"), "usage.inptu"},
		{CALL("t", ",\"usage\":5"), "usage"},
		{CALL("t", ",\"modle\":\"x\""), "modle"},
		{CALL("t", ",\"status\":\"fine\""), "status"},
		{CALL("t", ",\"quality\":\"good\""), "quality"},
		{CALL("t", ",\"attempt_no\":0"), "attempt_no"},
		{CALL("t", ",\"attempt_no\":32768"), "attempt_no"},
		{CALL("t", ",\"step\":{\"kind\":\"dance\"}"), "step.kind"},
		{CALL("t", ",\"step\":{\"seq\":0}"), "step.seq"},
		{CALL("t", ",\"step\":{\"failed\":1}"), "step.failed"},
		{CALL("t", ",\"started_at\":true"), "started_at"},
		{CALL("t", ",\"started_at\":-5"), "started_at"},
		{CALL("t", ",\"started_at\":1795500000.5"), NULL},
		{CALL("t", ",\"reported_cost_usd\":\"0.01\""), NULL},
		{CALL("t", ",\"reported_cost_usd\":\"-1\""),
		 "reported_cost_usd"},
		{CALL("t", ",\"reported_cost_usd\":\"$1\""),
		 "reported_cost_usd"},
		{CALL("t", ",\"ids\":{\"id\":5}"), "ids.id"},
		{CALL("t", ",\"_aco\":{}"), "_aco"},
		{CALL("", ""), "task.id"},
		{"{\"type\":\"attempt\",\"task\":{\"id\":\"t\"}}", "model"},
		{"{\"type\":\"attempt\",\"task\":{\"id\":\"t\"},"
		 "\"requested_model\":\"x\"}",
		 NULL},
		{"{\"type\":\"attempt\",\"model\":\"m\"}", "task"},
		{"{\"type\":\"attempt\",\"task\":{},\"model\":\"m\"}",
		 "task.id"},
		{"{\"type\":\"attempt\",\"task\":\"t\",\"model\":\"m\"}",
		 "task"},
		{"{\"task\":{\"id\":\"t\"},\"model\":\"m\"}", "type"},
		{"{\"type\":\"trial\"}", "type"},
		{"{\"type\":\"task\",\"task\":{\"id\":\"t\"}}", NULL},
		{"{\"type\":\"task\",\"task\":{\"id\":\"t\"},\"key\":1}",
		 "key"},
		{"{\"type\":\"task\",\"task\":{\"id\":\"t\",\"attrs\":7}}",
		 "task.attrs"},
		{"{\"type\":\"outcome\",\"task\":{\"id\":\"t\"},\"key\":"
		 "\"k\",\"success\":1}",
		 NULL},
		{"{\"type\":\"outcome\",\"task\":{\"id\":\"t\"},\"key\":"
		 "\"k\"}",
		 "success"},
		{"{\"type\":\"outcome\",\"task\":{\"id\":\"t\"},"
		 "\"success\":1}",
		 "key"},
		{"{\"type\":\"outcome\",\"task\":{\"id\":\"t\"},\"key\":"
		 "\"k\",\"success\":1.1}",
		 "success"},
		{"5", ""},
		{"\"x\"", ""},
	};

	(void)state;
	agree("ingest/events.schema.json", native_events, w,
	      sizeof(w) / sizeof(w[0]));
}

static void test_outcomes_agree(void **state)
{
	static const struct want w[] = {
		{"{\"task\":\"t\",\"success\":true}", NULL},
		{"{\"task\":\"t\",\"success\":0}", NULL},
		{"{\"task\":\"t\",\"label\":\"good\"}", NULL},
		{"{\"task\":\"t\"}", "success"},
		{"{\"task\":\"t\",\"success\":null}", "success"},
		{"{\"success\":true}", "task"},
		{"{\"task\":null,\"success\":true}", "task"},
		{"{\"task\":\"\",\"success\":true}", "task"},
		{"{\"task\":7,\"success\":true}", "task"},
		{"{\"task\":{\"id\":\"t\",\"sender\":\"s\"},\"success\":1}",
		 NULL},
		{"{\"task\":{\"sender\":\"s\"},\"success\":1}", "task.id"},
		{"{\"task\":{\"id\":\"t\",\"team\":\"s\"},\"success\":1}",
		 "task.team"},
		{"{\"task\":\"t\",\"success\":2}", "success"},
		{"{\"task\":\"t\",\"success\":\"yes\"}", "success"},
		{"{\"task\":\"t\",\"success\":1,\"at\":true}", "at"},
		{"{\"task\":\"t\",\"success\":1,\"wat\":1}", "wat"},
		{"{\"task\":\"t\",\"success\":1,\"key\":5}", "key"},
		{"{\"task\":\"t\",\"success\":1,\"type\":\"outcome\"}", NULL},
		{"{\"task\":\"t\",\"success\":1,\"type\":\"attempt\"}", "type"},
		{"{\"trace_id\":\"0AF7651916cd43dd8448eb211c80319c\","
		 "\"success\":1}",
		 NULL},
		{"{\"trace_id\":\"0af7\",\"success\":1}", "trace_id"},
	};

	(void)state;
	agree("ingest/outcomes_api.schema.json", native_outcomes, w,
	      sizeof(w) / sizeof(w[0]));
}

/* ---- bodies ---- */

static void test_shapes(void **state)
{
	static const struct {
		const char *ctype, *body;
		int64_t n; /* -1: refused */
	} cases[] = {
		{"application/json", "[" CALL("a", "") "," CALL("b", "") "]",
		 2},
		{"application/json", CALL("a", ""), 1},
		{"application/json", " [ ] ", 0},
		{"application/x-ndjson", CALL("a", "") "\n" CALL("b", ""), 2},
		{"application/x-ndjson",
		 "\n\r\n" CALL("a", "") "\r\n\n" CALL("b", "") "\n", 2},
		{"application/x-ndjson", "[" CALL("a", "") "]", 1},
		{"application/json", CALL("a", "") "\n" CALL("b", ""), 2},
		{"text/plain", CALL("a", "") CALL("b", ""), 2},
		{NULL, "\xef\xbb\xbf" CALL("a", ""), 1},
		{NULL,
		 "{\n \"type\": \"task\",\n \"task\": {\"id\":\n \"t\"}\n}", 1},
		{NULL, "", -1},
		{NULL, " \n", -1},
		{NULL, "[" CALL("a", ""), -1},
		{NULL, "[" CALL("a", "") CALL("b", "") "]", -1},
		{NULL, "[" CALL("a", "") ",]", -1},
		{NULL, "[,]", -1},
		{NULL, "[" CALL("a", "") "] x", -1},
		{NULL, "{\"type\":\"task", -1},
		{NULL, "]", -1},
		{NULL, "{]", -1},
		{"application/x-ndjson", "{\"type\":\n\"task\"}", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct native_ask ask = plain();
		enum rc rc;

		ask.ctype = str_from(cases[i].ctype);
		batch_clear(b);
		rc = events_as(cases[i].body, &ask);
		if (rc != (cases[i].n < 0 ? RC_BAD : RC_OK) ||
		    (!rc && out.accepted != cases[i].n))
			fail_msg("%s: %d, %lld taken: %s", cases[i].body, rc,
				 (long long)out.accepted, e.msg);
		if (rc)
			assert_int_equal(b->n_attempts + b->n_tasks, 0);
	}
}

/* All or nothing; with partial, what is good. */
static void test_partial(void **state)
{
	static const char body[] = "[" CALL("a", "") "," CALL(
		"b", ",\"statsu\":1") "," CALL("c", "") ",{\"type\":\"task\"}]";
	struct native_ask ask = plain();
	struct buf json;

	(void)state;
	assert_int_equal(events(body), RC_BAD);
	assert_int_equal(b->n_attempts, 0);
	assert_int_equal(out.accepted, 0);
	assert_int_equal(out.rejected, 2);
	assert_int_equal(out.bad[0].index, 1);
	assert_string_equal(out.bad[0].field, "statsu");
	assert_int_equal(out.bad[1].index, 3);
	assert_string_equal(out.bad[1].field, "task");
	assert_non_null(strstr(e.msg, "2 of 4 refused, first [1] statsu"));
	ask.partial = true;
	assert_int_equal(events_as(body, &ask), RC_OK);
	assert_int_equal(b->n_attempts, 2);
	assert_int_equal(out.accepted, 2);
	buf_init(&json, 4096);
	native_answer_json(&out, RC_OK, NULL, &json);
	assert_string_equal(
		buf_str(&json),
		"{\"accepted\":2,\"rejected\":[{\"index\":1,\"field\":"
		"\"statsu\",\"error\":\"no such field\"},{\"index\":3,"
		"\"field\":\"task\",\"error\":\"is missing\"}]}");
	buf_release(&json);
	/* A line that is no JSON does not take the others with it. */
	ask.ctype = STR("application/x-ndjson");
	batch_clear(b);
	assert_int_equal(
		events_as(CALL("a", "") "\n{\"x\n" CALL("b", ""), &ask), RC_OK);
	assert_int_equal(out.accepted, 2);
	assert_int_equal(out.rejected, 1);
	assert_int_equal(events_as("{}", &ask), RC_BAD);
}

static void test_many_bad(void **state)
{
	struct buf body, json;

	(void)state;
	buf_init(&body, 1 << 20);
	buf_init(&json, 65536);
	for (int i = 0; i < 100; i++)
		buf_adds(&body, "{\"type\":\"nothing\"}\n");
	assert_int_equal(events(buf_str(&body)), RC_BAD);
	assert_int_equal(out.n_bad, NATIVE_BAD_MAX);
	assert_int_equal(out.rejected, 100);
	native_answer_json(&out, RC_BAD, &e, &json);
	assert_true(str_starts(str_from(buf_str(&json)),
			       "{\"error\":\"100 of 100 refused"));
	assert_true(str_ends(str_from(buf_str(&json)),
			     "],\"rejected_in_all\":100}"));
	buf_release(&body);
	buf_release(&json);
}

static void test_full(void **state)
{
	(void)state;
	full_after = 1;
	assert_int_equal(events("[" CALL("a", "") "," CALL("b", "") "]"),
			 RC_BUSY);
	full_after = INT32_MAX;
}

/* What is beyond the batch's bounds is named by the API's own words. */
static void test_bounds(void **state)
{
	static const struct {
		const char *body, *field;
	} cases[] = {
		{CALL("t", ",\"started_at\":\"2009-01-01\""), "started_at"},
		{CALL("t", ",\"ended_at\":\"2090-01-01\""), "ended_at"},
		{CALL("t", ",\"first_token_at\":\"2090-01-01\""),
		 "first_token_at"},
		{CALL("t", ",\"started_at\":\"2026-01-02\",\"ended_at\":"
			   "\"2026-01-01\""),
		 "ended_at"},
		{CALL("t", ",\"usage\":{\"output\":1,\"reasoning\":2}"),
		 "usage.reasoning"},
		{CALL("t", ",\"usage\":{\"web_search\":3000000000}"),
		 "usage.web_search"},
		{CALL("t", ",\"provider\":\"a\\u0000b\""), "provider"},
		{CALL("t", ",\"step\":{\"tool\":\"\\u0000\"}"), "step.tool"},
		{CALL("t", ",\"requested_model\":\"\\u0000\""),
		 "requested_model"},
		{CALL("t", ",\"ids\":{\"trace_id\":\"xyz\"}"), "ids.trace_id"},
		{CALL("t", ",\"ids\":{\"span_id\":\"0000000000000000\"}"),
		 "ids.span_id"},
		{"{\"type\":\"task\",\"task\":{\"id\":\"\\u0000\"}}",
		 "task.id"},
	};
	struct buf body;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(events(cases[i].body), RC_BAD);
		if (strcmp(out.bad[0].field, cases[i].field) != 0)
			fail_msg("%s: '%s' (%s)", cases[i].body,
				 out.bad[0].field, out.bad[0].error);
	}
	buf_init(&body, 1 << 20);
	buf_adds(&body, "{\"type\":\"task\",\"task\":{\"id\":\"");
	for (int i = 0; i < 300000; i++)
		buf_addc(&body, 'x');
	buf_adds(&body, "\"}}");
	assert_int_equal(events(buf_str(&body)), RC_BAD);
	assert_non_null(strstr(e.msg, "more than 262144 bytes"));
	buf_release(&body);
}

/* ---- names ---- */

static bool share(const struct ev_attempt *x, const struct ev_attempt *y)
{
	for (int i = 0; i < x->n_keys; i++) {
		for (int j = 0; j < y->n_keys; j++) {
			if (uuid_eq(x->keys[i], y->keys[j]))
				return true;
		}
	}
	return false;
}

static void test_names(void **state)
{
	/* Each line: two events, and whether they are one call. */
	static const struct {
		const char *one, *two;
		bool same;
	} cases[] = {
		{CALL("t", ""), CALL("t", ""), true},
		{CALL("t", ",\"usage\":{\"output\":5}"),
		 CALL("t", " , \"usage\" : {\"output\" : 5.0}"), true},
		{CALL("t", ",\"usage\":{\"output\":5}"),
		 CALL("t", ",\"usage\":{\"output\":6}"), false},
		{CALL("t", ""), CALL("u", ""), false},
		{CALL("t", ",\"ids\":{\"id\":\"1\"}"),
		 CALL("u", ",\"ids\":{\"id\":\"1\"}"), true},
		{CALL("t", ",\"ids\":{\"id\":\"1\"}"),
		 CALL("t", ",\"ids\":{\"id\":\"2\"}"), false},
		{CALL("t", ",\"ids\":{\"response_id\":\"1\"}"),
		 CALL("u", ",\"ids\":{\"response_id\":\"1\"}"), false},
		{CALL("t", ",\"ids\":{\"response_id\":"
			   "\"resp_0a1b2c3d4e5f60718293\"}"),
		 CALL("u", ",\"ids\":{\"request_id\":\"9\",\"response_id\":"
			   "\"resp_0a1b2c3d4e5f60718293\"}"),
		 true},
		{CALL("t", ",\"ids\":{\"client_request_id\":\"c\"}"),
		 CALL("t", ",\"ids\":{\"client_request_id\":\"c\"},"
			   "\"attempt_no\":2"),
		 false},
		{CALL("t", ",\"ids\":{\"trace_id\":"
			   "\"0AF7651916cd43dd8448eb211c80319c\",\"span_id\":"
			   "\"b7ad6b7169203331\"}"),
		 CALL("u", ",\"ids\":{\"trace_id\":"
			   "\"0af7651916cd43dd8448eb211c80319c\",\"span_id\":"
			   "\"B7AD6B7169203331\",\"id\":\"x\"}"),
		 true},
		/* A trace alone names no call. */
		{CALL("t", ",\"ids\":{\"trace_id\":"
			   "\"0af7651916cd43dd8448eb211c80319c\"}"),
		 CALL("u", ",\"ids\":{\"trace_id\":"
			   "\"0af7651916cd43dd8448eb211c80319c\"}"),
		 false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		batch_clear(b);
		if (events(cases[i].one) || events(cases[i].two))
			fail_msg("%s", e.msg);
		if (share(&b->attempts[0].e, &b->attempts[1].e) !=
		    cases[i].same)
			fail_msg("%s / %s", cases[i].one, cases[i].two);
	}
	/* What the same response is called elsewhere. */
	batch_clear(b);
	assert_int_equal(events(CALL("t", ",\"ids\":{\"response_id\":"
					  "\"resp_0a1b2c3d4e5f60718293\"}")),
			 RC_OK);
	assert_true(
		uuid_eq(b->attempts[0].e.keys[0],
			callname_response("openai", STR("x"), STR("y"),
					  STR("resp_0a1b2c3d4e5f60718293"))));
}

/* A body again, later, and with another key's defaults: the same names and,
 * for what names no time, the earliest stays. */
static void test_again(void **state)
{
	static const char body[] =
		"[" CALL("a", "") "," CALL("b", ",\"ids\":{\"id\":\"1\"}") "]";
	struct native_ask later = plain();

	(void)state;
	later.from.received_us = NOW + 1000;
	later.from.peer = STR("10.0.0.1:2");
	later.from.team = STR("red");
	later.from.class_name = STR("coding");
	assert_int_equal(events(body), RC_OK);
	assert_int_equal(events_as(body, &later), RC_OK);
	for (size_t i = 0; i < 2; i++) {
		const struct ev_attempt *x = &b->attempts[i].e;
		const struct ev_attempt *y = &b->attempts[i + 2].e;

		assert_int_equal(x->n_keys, y->n_keys);
		assert_true(uuid_eq(x->keys[0], y->keys[0]));
		assert_true(x->started_us == NOW && x->ended_us == TIME_NONE);
	}
}

/* ---- defaults ---- */

static const struct bt_task *task_of(const char *id)
{
	for (size_t i = 0; i < b->n_tasks; i++) {
		if (str_is(b->tasks[i].e.ext_id, id))
			return &b->tasks[i];
	}
	fail_msg("no task %s", id);
	return NULL;
}

static void is_class(const char *id, const char *name, enum class_rank rank)
{
	const struct ev_task *t = &task_of(id)->e;

	if (!str_is(t->class_name, name) || t->class_rank != rank)
		fail_msg("%s: %.*s rank %d", id, STR_ARG(t->class_name),
			 (int)t->class_rank);
}

static void test_defaults(void **state)
{
	struct native_ask ask = plain();
	struct class_rules *rules;

	(void)state;
	assert_int_equal(class_rules_parse(&rules,
					   "ops: branch=main | chat: model=*o*",
					   &e),
			 RC_OK);
	ask.rules = rules;
	ask.from.team = STR("red");
	ask.from.class_name = STR("bykey");
	assert_int_equal(
		events_as(
			"[" CALL("plain", "") ",{\"type\":\"attempt\",\"task\":"
					      "{\"id\":\"own\",\"team\":"
					      "\"blue\",\"class\":\"x\"},"
					      "\"model\":\"m\"}"
					      ",{\"type\":\"attempt\",\"task\":"
					      "{\"id\":\"rule\",\"attrs\":{"
					      "\"branch\":\"main\"}},\"model\":"
					      "\"m\"}"
					      ",{\"type\":\"attempt\",\"task\":"
					      "{\"id\":\"guess\"},\"model\":"
					      "\"m\",\"step\":{\"tool\":"
					      "\"Edit\"}}"
					      ",{\"type\":\"outcome\",\"task\":"
					      "{\"id\":\"judged\"},\"key\":"
					      "\"k\",\"success\":1}]",
			&ask),
		RC_OK);
	is_class("plain", "bykey", CLASS_KEY);
	is_class("own", "x", CLASS_EXPLICIT);
	is_class("rule", "ops", CLASS_RULE);
	is_class("guess", "bykey", CLASS_KEY); /* better than a guess */
	is_class("judged", "unattributed", CLASS_NOBODY);
	assert_true(str_is(task_of("plain")->e.team, "red"));
	assert_true(str_is(task_of("own")->e.team, "blue"));
	/* Who judges does not own the work. */
	assert_true(str_is(task_of("judged")->e.team, "none"));
	ask.from.class_name = STR_NONE;
	assert_int_equal(events_as("{\"type\":\"attempt\",\"task\":{\"id\":"
				   "\"g2\"},\"model\":\"m\",\"step\":{\"tool\":"
				   "\"Edit\"}}",
				   &ask),
			 RC_OK);
	is_class("g2", "coding", CLASS_GUESSED);
	assert_int_equal(b->attempts[b->n_attempts - 1].e.step_kind, STEP_EDIT);
	assert_int_equal(b->attempts[0].e.quality, QUALITY_MISSING);
	assert_true(str_is(b->attempts[0].e.source, "native"));
	class_rules_free(rules);
}

/* ---- outcomes ---- */

static void test_outcomes(void **state)
{
	const struct bt_outcome *o;

	(void)state;
	assert_int_equal(
		outcomes("[{\"task\":\"t\",\"success\":0.5},"
			 "{\"task\":{\"sender\":\"codex\",\"id\":\"t\"},"
			 "\"success\":true,\"key\":\"tests\",\"source\":\"ci\","
			 "\"at\":\"2026-11-24T00:00:00Z\"},"
			 "{\"trace_id\":\"0AF7651916cd43dd8448eb211c80319c\","
			 "\"label\":\"good\"}]"),
		RC_OK);
	assert_int_equal(out.outcomes, 3);
	assert_int_equal(b->n_tasks, 3);
	o = b->outcomes;
	assert_int_equal(o[0].e.success_micro, 500000);
	assert_true(o[0].e.at_us == NOW);
	assert_true(str_is(o[0].e.key, "outcome"));
	assert_true(str_is(o[0].e.source, "native"));
	assert_true(str_is(o[1].e.source, "ci"));
	assert_true(str_is(b->tasks[o[1].e.task].e.sender, "codex"));
	assert_true(str_is(b->tasks[o[2].e.task].e.sender, "otlp"));
	assert_true(str_is(b->tasks[o[2].e.task].e.ext_id,
			   "0af7651916cd43dd8448eb211c80319c"));
	assert_int_equal(o[2].e.success_micro, -1);
}

/* A retry is the same row by Idempotency-Key or by id, whatever its time; two
 * of one body are two; another verdict under the same key is another. */
static void test_same_as(void **state)
{
	static const char body[] = "[{\"task\":\"t\",\"success\":1},"
				   "{\"task\":\"t\",\"success\":1},"
				   "{\"task\":\"t\",\"success\":1,\"id\":"
				   "\"x\"}]";
	struct native_ask one = plain(), two = plain();

	(void)state;
	one.same_as = two.same_as = STR("retry-1");
	two.from.received_us = NOW + 5;
	assert_int_equal(outcomes_as(body, &one), RC_OK);
	assert_int_equal(outcomes_as(body, &two), RC_OK);
	for (int i = 0; i < 3; i++)
		assert_true(uuid_eq(b->outcomes[i].id, b->outcomes[i + 3].id));
	assert_false(uuid_eq(b->outcomes[0].id, b->outcomes[1].id));
	two.same_as = STR("retry-2");
	assert_int_equal(outcomes_as(body, &two), RC_OK);
	assert_false(uuid_eq(b->outcomes[0].id, b->outcomes[6].id));
	assert_true(uuid_eq(b->outcomes[2].id, b->outcomes[8].id));
	assert_int_equal(outcomes_as("{\"task\":\"t\",\"success\":0}", &one),
			 RC_OK);
	assert_false(uuid_eq(b->outcomes[0].id, b->outcomes[9].id));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_examples), T(test_events_agree), T(test_outcomes_agree),
		T(test_shapes),   T(test_partial),      T(test_many_bad),
		T(test_full),     T(test_bounds),       T(test_names),
		T(test_again),    T(test_defaults),     T(test_outcomes),
		T(test_same_as),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
