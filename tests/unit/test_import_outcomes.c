/* Outcomes: our own format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/hash.h"
#include "ledger/money.h"
#include "ledger/outcome_line.h"
#include "router/feature.h"
#include "tests/shared.h"
#include "tests/unit/import_probe.h"

extern const struct import_kind import_outcomes;
static struct probe p, q;

static void probe_lines(struct probe *r, const char *text)
{
	probe_text(r, &import_outcomes, "x.jsonl", str_from(text));
}

static void test_fields(void **state)
{
	const struct ev_trial *t;

	(void)state;
	probe_file(&p, &import_outcomes, "traces/outcomes.jsonl");
	assert_int_equal(p.n_trials, 3);
	t = &p.trials[0];
	assert_true(str_is(t->source, "suite"));
	assert_true(str_is(t->task_ext_id, "t/1"));
	assert_true(str_is(t->task_class, "coding"));
	assert_true(str_is(t->agent, "mini"));
	assert_true(str_is(t->run, "r1"));
	assert_int_equal(t->success_micro, 1000000);
	assert_int_equal(t->cost_pusd, INT64_C(12300000000));
	assert_false(t->cost_estimated);
	assert_int_equal(t->input_tokens, 100);
	assert_int_equal(t->api_calls, 3);
	assert_int_equal(t->at_us, INT64_C(1780308000) * US_PER_SEC);
	t = &p.trials[1];
	assert_int_equal(t->success_micro, 500000);
	assert_int_equal(t->cost_pusd, PUSD_PER_USD / 100);
	assert_true(t->cost_estimated);
	assert_int_equal(t->input_tokens, USAGE_NONE);
	assert_int_equal(t->at_us, TIME_NONE);
	t = &p.trials[2];
	assert_int_equal(t->success_micro, -1);
	assert_int_equal(t->cost_pusd, MONEY_NONE);
	assert_false(t->cost_estimated);
	assert_true(str_is(t->run, "trial=0/strategy=CoT"));
	assert_null(t->agent.p);
}

/* The prompt leaves its hash and its features, which are those of the text. */
static void test_prompt(void **state)
{
	const struct str text =
		STR("Fix the race in pool.c\n\n```c\nint f(void);\n```");
	float v[FEATURE_MAX];
	int n = feature_text(text, v);

	(void)state;
	probe_file(&p, &import_outcomes, "traces/outcomes.jsonl");
	assert_int_equal(p.trials[0].n_features, n);
	assert_memory_equal(p.trials[0].features, v, sizeof(*v) * (size_t)n);
	assert_true(uuid_eq(p.trials[0].feature_schema, feature_schema()));
	assert_true(uuid_eq(p.trials[0].prompt_hash, HASH_ID(text)));
	assert_true(uuid_eq(p.trials[0].prompt_hash, p.trials[1].prompt_hash));
	assert_true(uuid_is_nil(p.trials[2].prompt_hash));
	assert_int_equal(p.trials[2].n_features, 0);
	assert_true(uuid_is_nil(p.trials[2].feature_schema));
}

static void test_facts(void **state)
{
	char *line, large[201];

	(void)state;
	probe_file(&p, &import_outcomes, "traces/outcomes.jsonl");
	assert_true(
		str_is(p.trials[0].attrs,
		       "{\"run\":\"r1\",\"duration_s\":2.5,\"repo\":\"a/b\"}"));
	for (size_t i = 0; i < p.n_trials; i++)
		assert_false(str_contains(p.trials[i].attrs, "never kept"));
	memset(large, 'x', sizeof(large) - 1);
	large[200] = 0;
	line = xasprintf("{\"source\":\"s\",\"task_id\":\"t\",\"model\":\"m\","
			 "\"success\":1,\"repo\":\"%s\",\"category\":\"%sx\","
			 "\"domain\":[1],\"difficulty\":false}",
			 large, large);
	probe_lines(&p, line);
	free(line);
	assert_true(str_contains(p.trials[0].attrs, "\"repo\":\"xxx"));
	assert_false(str_contains(p.trials[0].attrs, "category"));
	assert_false(str_contains(p.trials[0].attrs, "domain"));
	assert_true(str_contains(p.trials[0].attrs, "\"difficulty\":false"));
}

#define LINE(more)                                                               \
	"{\"source\":\"s\",\"task_id\":\"t\",\"model\":\"m\",\"success\":1" more \
	"}\n"

static bool same_trial(const struct ev_trial *a, const struct ev_trial *b)
{
	return str_eq(a->source, b->source) && str_eq(a->model, b->model) &&
	       str_eq(a->task_ext_id, b->task_ext_id) &&
	       str_eq(a->agent, b->agent) && str_eq(a->run, b->run);
}

/* What tells repeats apart, and what does not. */
static void test_identity(void **state)
{
	static const char *const apart[] = {LINE(""),
					    LINE(",\"run\":\"a\""),
					    LINE(",\"run\":\"b\""),
					    LINE(",\"trial\":0"),
					    LINE(",\"trial\":1"),
					    LINE(",\"seed\":1"),
					    LINE(",\"attempt\":1"),
					    LINE(",\"strategy\":\"CoT\""),
					    LINE(",\"agent\":\"x\""),
					    LINE(",\"agent_version\":\"1\""),
					    LINE(",\"run\":\"a\",\"trial\":1")};
	static const char *const alike[] = {LINE(""),
					    LINE(",\"run\":null"),
					    LINE(",\"run\":\"\""),
					    LINE(",\"date\":\"2026-01-01\""),
					    LINE(",\"split\":\"val\""),
					    LINE(",\"prompt\":\"p\""),
					    LINE(",\"cost_usd\":1"),
					    LINE(",\"agent\":null")};
	const size_t n = sizeof(apart) / sizeof(apart[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++) {
			probe_lines(&p, apart[i]);
			probe_lines(&q, apart[k]);
			assert_false(same_trial(&p.trials[0], &q.trials[0]));
		}
	probe_lines(&p, alike[0]);
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		probe_lines(&q, alike[i]);
		assert_true(same_trial(&p.trials[0], &q.trials[0]));
	}
}

static void test_bad_lines(void **state)
{
	static const char *const bad[] = {
		"7\n",
		"null\n",
		"[]\n",
		"{\"source\":\"s\",\"task_id\":\"t\",\"model\":\"m\"}\n",
		"{\"task_id\":\"t\",\"model\":\"m\",\"success\":1}\n",
		"{\"source\":\"\",\"task_id\":\"t\",\"model\":\"m\","
		"\"success\":1}\n",
		"{\"source\":[],\"task_id\":\"t\",\"model\":\"m\",\"success\":"
		"1}\n",
		LINE(",\"success\":1.5"),
		LINE(",\"success\":-1"),
		LINE(",\"success\":\"yes\""),
		LINE(",\"cost_usd\":-1"),
		LINE(",\"cost_usd\":\"free\""),
		LINE(",\"cost_usd\":1e300"),
		LINE(",\"cost_usd_est\":-1"),
		LINE(",\"input_tokens\":-1"),
		LINE(",\"output_tokens\":1.5"),
		LINE(",\"api_calls\":\"3\""),
		LINE(",\"date\":\"soon\"")};
	const size_t n = sizeof(bad) / sizeof(bad[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char *text = xasprintf("%s%s", bad[i], LINE(""));

		probe_lines(&p, text);
		free(text);
		if (p.n_trials != 1 || probe_reason(&p, "lines") != 1)
			fail_msg("taken: %s", bad[i]);
	}
	probe_lines(&p, LINE("") "{\"source\n" LINE("") "\xff\n{\"sour");
	assert_int_equal(p.n_trials, 2);
	assert_int_equal(probe_reason(&p, "lines that are not JSON"), 2);
	assert_int_equal(probe_reason(&p, "unfinished last lines"), 1);
	/* what the ledger refuses is a dead letter */
	probe_lines(&p, LINE(",\"input_tokens\":9000000000000000000")
				LINE(",\"date\":\"2999-01-01\"") LINE(""));
	assert_int_equal(p.n_trials, 1);
	assert_int_equal(p.totals.dead, 2);
	/* foreign files */
	probe_lines(&p, "{\"a\":1}\n{\"b\":2}\n");
	assert_int_equal(p.totals.files_failed, 1);
	probe_lines(&p, "");
	assert_int_equal(p.totals.files_failed, 0);
}

/* The schema and the importer's table name the same fields. */
static void test_schema(void **state)
{
	FILE *f = fopen("ingest/outcomes.schema.json", "r");
	static char text[65536];
	const struct json *properties;
	struct json_doc d;
	unsigned fields = 0;
	struct err e;
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(text, 1, sizeof(text), f);
	fclose(f);
	json_doc_init(&d, 10000);
	assert_int_equal(json_parse(&d, (struct str){text, n}, &e), RC_OK);
	properties = json_get(d.nodes, "properties");
	for (; outcomes_fields[fields].name; fields++)
		if (!json_get(properties, outcomes_fields[fields].name))
			fail_msg("the schema does not know %s",
				 outcomes_fields[fields].name);
	assert_non_null(properties);
	assert_int_equal(properties->count, fields);
	json_doc_release(&d);
}

/* ---- the real files, where they are ---- */

static int by_id(const void *a, const void *b)
{
	return uuid_cmp(*(const struct uuid *)a, *(const struct uuid *)b);
}

static size_t distinct_trials(const struct probe *r)
{
	struct uuid *ids = xcalloc(r->n_trials + 1, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; i < r->n_trials; i++)
		ids[i] = HASH_ID(r->trials[i].source, r->trials[i].task_ext_id,
				 r->trials[i].model, r->trials[i].agent,
				 r->trials[i].run);
	qsort(ids, r->n_trials, sizeof(*ids), by_id);
	for (size_t i = 0; i < r->n_trials; i++)
		n += !i || !uuid_eq(ids[i], ids[i - 1]);
	free(ids);
	return n;
}

static void test_shared_data(void **state)
{
	static const struct {
		const char *file;
		size_t lines;
	} files[] = {
		{"agents_that_matter_humaneval", 9464},
		{"bfcl_v2", 71710},
		{"coderouterbench_id", 56640},
		{"openhands_index", 30201},
		{"routellm", 18726},
		{"swebench_mini", 6984},
		{"swebench_pro", 4034},
		{"tau2", 659},
		{"token_probs_cotuq", 31981},
		{"traces_agents_that_matter", 9464},
		{"traces_gemini3pro_mini", 291},
		{"traces_swebench_pro", 894},
		{"traces_tau2", 659},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = shared_need(files[i].file);
		char *full = realpath(path, NULL);

		probe_file(&p, &import_outcomes, full);
		assert_int_equal(p.n_trials, files[i].lines);
		assert_int_equal(p.totals.dead + p.totals.messages, 0);
		assert_int_equal(distinct_trials(&p), files[i].lines);
		free(path);
		free(full);
	}
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
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_shared_data),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
