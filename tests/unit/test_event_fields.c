/* Events as others write them: each field, what is wrong with it, and that the
 * schema tells of the same ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/event_fields.h"

static struct arena arena;
static struct json_doc doc;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 4 << 20);
	json_doc_init(&doc, 10000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	json_doc_release(&doc);
	return 0;
}

static void said(enum event_trust trust, const char *line, const char *why)
{
	struct event_fields f;
	struct err e = {0};

	assert_int_equal(json_parse(&doc, str_from(line), &e), RC_OK);
	assert_int_equal(event_fields_read(&f, doc.nodes, trust, &arena, &e),
			 why ? RC_BAD : RC_OK);
	if (why && strcmp(e.msg, why) != 0)
		fail_msg("%s: said \"%s\"", line, e.msg);
}

static void each_bad_field_is_named(void **state)
{
	static const char *const bad[][2] = {
		{"[]", "an event must be an object"},
		{"{}", "type: must be \"task\", \"attempt\" or \"outcome\""},
		{"{\"type\":\"claim\"}",
		 "type: must be \"task\", \"attempt\" or \"outcome\""},
		{"{\"type\":\"attempt\",\"usage\":{\"inptu\":3}}",
		 "usage.inptu: no such field"},
		{"{\"type\":\"attempt\",\"modle\":\"x\"}",
		 "modle: no such field"},
		{"{\"type\":\"attempt\",\"_aco\":{}}", "_aco: no such field"},
		{"{\"type\":\"attempt\",\"model\":\"x\",\"model\":\"y\"}",
		 "model: given twice"},
		{"{\"type\":\"attempt\",\"model\":5}", "model: must be text"},
		{"{\"type\":\"attempt\",\"usage\":5}",
		 "usage: must be an object"},
		{"{\"type\":\"attempt\",\"usage\":{\"output\":-1}}",
		 "usage.output: must be a whole number, 0 or more"},
		{"{\"type\":\"attempt\",\"usage\":{\"output\":\"7\"}}",
		 "usage.output: must be a whole number, 0 or more"},
		{"{\"type\":\"attempt\",\"status\":\"fine\"}",
		 "status: must be one of ok, error, aborted, refused"},
		{"{\"type\":\"attempt\",\"attempt_no\":0}",
		 "attempt_no: must be a whole number from 1 to 32767"},
		{"{\"type\":\"attempt\",\"started_at\":1764000000000}",
		 "started_at: must be an ISO 8601 time or seconds since 1970"},
		{"{\"type\":\"attempt\",\"reported_cost_usd\":\"-1\"}",
		 "reported_cost_usd: must be USD as decimal text, such as "
		 "\"0.0123\""},
		{"{\"type\":\"outcome\",\"success\":1.5}",
		 "success: must be a number from 0 to 1, or true or false"},
		{"{\"type\":\"task\",\"task\":{\"attrs\":[]}}",
		 "task.attrs: must be an object"},
		{"{\"type\":\"attempt\",\"step\":{\"failed\":0}}",
		 "step.failed: must be true or false"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		said(EVENT_FOREIGN, bad[i][0], bad[i][1]);
	said(EVENT_OWN, "{\"type\":\"attempt\",\"_aco\":{\"keys\":[\"x\"]}}",
	     "_aco.keys: must be a list of at most 6 UUIDs");
	said(EVENT_OWN, "{\"type\":\"attempt\",\"_aco\":{\"rank\":0}}",
	     "_aco.rank: must be a whole number from 1 to 15");
	said(EVENT_FOREIGN, "{\"type\":\"attempt\",\"model\":null}", NULL);
}

static void values_are_read_exactly(void **state)
{
	static const char line[] =
		"{\"type\":\"attempt\",\"task\":{\"sender\":\"s\",\"id\":\"1\","
		"\"attrs\":{\"free\":1}},\"model\":\"m\\u00e9\","
		"\"started_at\":1764000000.2500009,"
		"\"ended_at\":\"2025-11-24T16:00:01+00:00\","
		"\"usage\":{\"uncached_in\":1e3},\"quality\":\"exact\","
		"\"step\":{\"kind\":\"edit\",\"failed\":true},"
		"\"reported_cost_usd\":\"0.000000000001\","
		"\"ids\":{\"response_id\":\"r\",\"span_id\":\"ab\"}}";
	struct event_fields f;

	(void)state;
	assert_int_equal(json_parse(&doc, STR(line), NULL), RC_OK);
	assert_int_equal(
		event_fields_read(&f, doc.nodes, EVENT_FOREIGN, &arena, NULL),
		RC_OK);
	assert_true(f.has_task && f.has_quality && f.has_kind);
	assert_true(str_is(f.attempt.model, "m\u00e9"));
	assert_int_equal(f.attempt.started_us, INT64_C(1764000000250000));
	assert_int_equal(f.attempt.ended_us, INT64_C(1764000001000000));
	assert_int_equal(f.attempt.usage.n[USAGE_UNCACHED_IN], 1000);
	assert_int_equal(f.attempt.usage.n[USAGE_OUTPUT], USAGE_NONE);
	assert_int_equal(f.attempt.reported_cost_pusd, 1);
	assert_int_equal(f.attempt.step_failed, 1);
	assert_true(str_is(f.ids.response_id, "r"));
	assert_true(str_is(f.ids.span_id, "ab"));
	assert_true(str_is(f.task.e.attrs, "{\"free\":1}"));
}

/* Every field of the schema is one that the reader knows, and as many. */
static int known(const struct json *properties, const char *before,
		 const char *after)
{
	const struct json *p;
	char line[200];
	int n = 0;

	for (p = json_first(properties); p; p = json_next(properties, p)) {
		struct json_doc d;
		struct event_fields f;
		struct err e = {0};

		if (str_is(p->key, "type"))
			continue;
		snprintf(line, sizeof(line), "%s\"%.*s\":null%s", before,
			 STR_ARG(p->key), after);
		json_doc_init(&d, 100);
		assert_int_equal(json_parse(&d, str_from(line), &e), RC_OK);
		if (event_fields_read(&f, d.nodes, EVENT_FOREIGN, &arena, &e))
			fail_msg("%s: %s", line, e.msg);
		json_doc_release(&d);
		n++;
	}
	return n;
}

static void the_schema_names_the_fields(void **state)
{
	static const struct {
		const char *def, *before, *after;
		int fields;
	} of[] = {
		{"task", "{\"type\":\"task\",\"task\":{", "}}", 7},
		{"usage", "{\"type\":\"attempt\",\"usage\":{", "}}", 10},
		{"step", "{\"type\":\"attempt\",\"step\":{", "}}", 5},
		{"ids", "{\"type\":\"attempt\",\"ids\":{", "}}", 6},
		{"attempt", "{\"type\":\"attempt\",", "}", 17},
		{"outcome", "{\"type\":\"outcome\",", "}", 8},
	};
	static char text[65536];
	FILE *in = fopen("ingest/events.schema.json", "r");
	size_t n;

	(void)state;
	assert_non_null(in);
	n = fread(text, 1, sizeof(text), in);
	fclose(in);
	assert_int_equal(json_parse(&doc, (struct str){text, n}, NULL), RC_OK);
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		const struct json *def =
			json_get(json_get(doc.nodes, "$defs"), of[i].def);

		assert_true(json_is(json_get(def, "additionalProperties"),
				    JSON_FALSE));
		assert_int_equal(known(json_get(def, "properties"),
				       of[i].before, of[i].after),
				 of[i].fields);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_bad_field_is_named),
		T(values_are_read_exactly),
		T(the_schema_names_the_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
