/* Benchmarks' trajectories, exports of logs and outcomes, through `aco import`
 * into a ledger: sums, twice is once, what stays of a prompt. */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "router/feature.h"
#include "tests/int/harness.h"
#include "tests/shared.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Run `aco import --json ARGS...` and give one figure of its summary. */
struct import {
	const char *url;
	struct json_doc doc;
	char *text;
};

static void import_free(struct import *m)
{
	json_doc_release(&m->doc);
	free(m->text);
}

static void import(struct import *m, const char *url, const char *kind,
		   const char *path, const char *option)
{
	char *env = xasprintf("ACO_DATABASE_URL=%s", url);
	const char *const envs[] = {env, NULL};
	const struct harness_run how = {.env = envs};
	struct harness_end end;
	struct err e;

	end = HARNESS_ACO(&how, "import", "--json", "--quiet", kind, path,
			  option);
	if (end.code != 0)
		fail_msg("aco import %s %s: %s", kind, path, end.err);
	m->text = xstrdup(end.out);
	json_doc_init(&m->doc, 1000);
	ASSERT_OK(json_parse(&m->doc, str_trim(str_from(m->text)), &e), &e);
	harness_end_free(&end);
	free(env);
}

static int64_t figure(const struct import *m, const char *path)
{
	int64_t n = -1;

	if (!json_i64(json_path(m->doc.nodes, path), &n))
		fail_msg("no %s in %s", path, m->text);
	return n;
}

/* One figure of one import. */
static int64_t import_figure(const char *url, const char *kind,
			     const char *path, const char *option,
			     const char *name)
{
	struct import m;
	int64_t n;

	import(&m, url, kind, path, option);
	n = figure(&m, name);
	import_free(&m);
	return n;
}

/* ---- calls ---- */

static void calls_are_priced_exactly(void **state)
{
	static const struct {
		const char *kind, *file, *source, *want;
	} cases[] = {
		{"mini-swe", "mini-swe-agent.django__django-1.traj.json",
		 "import:mini-swe", "2 800 1200 0 0 100 0.00426 0.0132"},
		{"openhands", "openhands.output.jsonl", "import:openhands",
		 "2 2000 1000 0 0 90 0.00522 0.12"},
		{"litellm", "litellm.spendlogs.json", "import:litellm",
		 "1 86 1920 0 0 300 0.0033475 0.0033475"},
		{"langfuse", "langfuse.observations.json", "import:langfuse",
		 "1 350 10000 2000 0 512 0.01923 0.01923"},
		{"tau2", "tau2-bench.results.json", "import:tau2",
		 "2 1000 0 0 0 50 0.0024 0.06"},
		{"swe-agent", "swe-agent.pydicom-1458.traj", "import:swe-agent",
		 "1 7141 0 0 0 243 - 0.01952"},
	};
	const char *url = harness_db("kinds");
	struct db *db = harness_open(url);

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		char *path = xasprintf("tests/data/traces/%s", cases[i].file);
		char *sql = xasprintf(
			"SELECT concat_ws(' ', count(*),"
			" coalesce(sum(uncached_in), 0),"
			" coalesce(sum(cache_read), 0),"
			" coalesce(sum(cache_write_5m), 0),"
			" coalesce(sum(cache_write_1h), 0),"
			" coalesce(sum(output), 0),"
			" coalesce(trim_scale(sum(cost_usd))::text, '-'),"
			" trim_scale(sum(reported_cost_usd)))"
			" FROM v_attempt WHERE source = '%s'",
			cases[i].source);

		assert_true(import_figure(url, cases[i].kind, path, NULL,
					  "attempts.new") > 0);
		assert_string_equal(harness_sql_text(db, sql), cases[i].want);
		free(sql);
		free(path);
	}
	db_close(db);
}

static void twice_is_once(void **state)
{
	static const char *const files[][2] = {
		{"mini-swe", "mini-swe-agent.django__django-1.traj.json"},
		{"swe-agent", "swe-agent.pydicom-1458.traj"},
		{"tau2", "tau2-bench.results.json"},
		{"tau2", "tau-bench.results.json"},
		{"openhands", "openhands.output.jsonl"},
		{"litellm", "litellm.spendlogs.json"},
		{"langfuse", "langfuse.observations.json"},
		{"outcomes", "outcomes.jsonl"},
	};
	static const char *const all =
		"SELECT md5(string_agg(r, '' ORDER BY r)) FROM ("
		"SELECT (to_jsonb(a) - 'received_at')::text r FROM v_attempt a"
		" UNION ALL SELECT to_jsonb(t)::text FROM v_task t"
		" UNION ALL SELECT (to_jsonb(o) - 'received_at')::text"
		" FROM v_outcome o"
		" UNION ALL SELECT to_jsonb(t)::text FROM v_trial t) x";
	const char *url = harness_db("twice");
	struct db *db = harness_open(url);
	char *before = NULL;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < N(files); i++) {
			char *path =
				xasprintf("tests/data/traces/%s", files[i][1]);
			struct import m;

			import(&m, url, files[i][0], path,
			       round ? "--refeature" : NULL);
			if (round) {
				assert_int_equal(figure(&m, "attempts.new"), 0);
				assert_int_equal(figure(&m, "attempts.merged"),
						 0);
				assert_int_equal(figure(&m, "outcomes.new"), 0);
				assert_int_equal(figure(&m, "trials.new"), 0);
				assert_int_equal(figure(&m, "trials.changed"),
						 0);
			}
			import_free(&m);
			free(path);
		}
		if (round)
			assert_string_equal(harness_sql_text(db, all), before);
		else
			before = xstrdup(harness_sql_text(db, all));
	}
	assert_int_equal(
		import_figure(url, "tau2",
			      "tests/data/traces/tau-bench.results.json", NULL,
			      "files.unchanged"),
		1);
	free(before);
	db_close(db);
}

static void simulators_and_estimates_are_marked(void **state)
{
	const char *url = harness_db("marked");
	struct db *db = harness_open(url);

	(void)state;
	import_figure(url, "tau2", "tests/data/traces/tau2-bench.results.json",
		      NULL, "attempts.new");
	import_figure(url, "swe-agent",
		      "tests/data/traces/swe-agent.pydicom-1458.traj", NULL,
		      "attempts.new");
	assert_string_equal(
		harness_sql_text(db, "SELECT p.agent || ' ' || c.agent"
				     " FROM v_task c JOIN v_task p"
				     " ON p.task_id = c.parent_task_id"),
		"llm_agent user-simulator");
	assert_string_equal(harness_sql_text(db,
					     "SELECT success::text FROM v_task"
					     " WHERE agent = 'llm_agent'"),
			    "1");
	assert_string_equal(
		harness_sql_text(db, "SELECT concat_ws(' ', day, usage_quality,"
				     " model, cost_usd IS NULL) FROM v_attempt"
				     " WHERE source = 'import:swe-agent'"),
		"1970-01-01 estimated unknown t");
	db_close(db);
}

/* ---- outcomes ---- */

static void only_hash_and_features_stay_of_a_prompt(void **state)
{
	const char *url = harness_db("prompts");
	struct db *db = harness_open(url);
	int n;

	(void)state;
	assert_int_equal(import_figure(url, "outcomes",
				       "tests/data/traces/outcomes.jsonl", NULL,
				       "trials.new"),
			 3);
	n = feature_count();
	assert_int_equal(harness_sql_i64(db, "SELECT count(*) FROM trial"
					     " WHERE features IS NOT NULL"),
			 2);
	assert_int_equal(harness_sql_i64(db, "SELECT max(cardinality(features))"
					     " FROM trial"),
			 n);
	assert_int_equal(harness_sql_i64(db,
					 "SELECT count(*) FROM trial t"
					 " WHERE t::text ~ 'race|never kept'"),
			 0);
	db_close(db);
}

static void refeature_renews_what_is_old(void **state)
{
	static const char *const file = "tests/data/traces/outcomes.jsonl";
	static const char *const vectors =
		"SELECT string_agg(features::text || feature_schema, ' '"
		" ORDER BY id) FROM trial";
	const char *url = harness_db("refeature");
	struct db *db = harness_open(url);
	char *before;

	(void)state;
	import_figure(url, "outcomes", file, NULL, "trials.new");
	before = xstrdup(harness_sql_text(db, vectors));
	harness_sql(db, "UPDATE trial SET features = '{1,2}', feature_schema ="
			" gen_random_uuid() WHERE features IS NOT NULL");
	assert_int_equal(
		import_figure(url, "outcomes", file, NULL, "files.unchanged"),
		1);
	assert_string_not_equal(harness_sql_text(db, vectors), before);
	assert_int_equal(import_figure(url, "outcomes", file, "--refeature",
				       "trials.changed"),
			 2);
	assert_string_equal(harness_sql_text(db, vectors), before);
	assert_int_equal(import_figure(url, "outcomes", file, "--refeature",
				       "trials.changed"),
			 0);
	free(before);
	db_close(db);
}

#define LINE(success)                                                              \
	"{\"source\":\"s\",\"task_id\":\"t\",\"model\":\"m\",\"success\":" success \
	"}\n"

/* In a file the last line counts, across files the later import. */
static void contradictions_are_counted(void **state)
{
	const char *url = harness_db("contradict");
	struct db *db = harness_open(url);
	char *a = xasprintf("%s/a.jsonl", harness_dir());
	char *b = xasprintf("%s/b.jsonl", harness_dir());
	struct import m;

	(void)state;
	harness_write(a, LINE("0") LINE("1") LINE("0.5") LINE("0.5"));
	import(&m, url, "outcomes", a, NULL);
	assert_int_equal(figure(&m, "trials.new"), 1);
	assert_int_equal(figure(&m, "trials.changed"), 2);
	assert_int_equal(figure(&m, "trials.same"), 1);
	import_free(&m);
	assert_string_equal(
		harness_sql_text(db, "SELECT success::text FROM v_trial"),
		"0.5");
	harness_write(b, LINE("0"));
	import(&m, url, "outcomes", b, NULL);
	assert_int_equal(figure(&m, "trials.new"), 0);
	assert_int_equal(figure(&m, "trials.changed"), 1);
	import_free(&m);
	assert_string_equal(
		harness_sql_text(db, "SELECT success::text FROM v_trial"), "0");
	free(a);
	free(b);
	db_close(db);
}

/* ---- real files, where they are ---- */

static void real_outcomes(void **state)
{
	const char *url;
	struct db *db;
	char *head = shared_need("agents_that_matter_humaneval");
	char *traces = shared_need("traces_agents_that_matter");
	char *large = shared_need("openhands_index");

	(void)state;
	url = harness_db("real");
	db = harness_open(url);
	assert_int_equal(
		import_figure(url, "outcomes", large, NULL, "trials.new"),
		30201);
	assert_string_equal(harness_sql_text(db,
					     "SELECT sum(cost_usd) || ' ' ||"
					     " sum(success) FROM v_trial"),
			    "29217.136426356758 20125");
	/* The same trials without prompts say nothing new, and take nothing
	 * away. */
	assert_int_equal(
		import_figure(url, "outcomes", head, NULL, "trials.new"), 9464);
	assert_int_equal(
		import_figure(url, "outcomes", traces, NULL, "trials.same"),
		9464);
	assert_int_equal(
		harness_sql_i64(db, "SELECT count(*) FROM trial WHERE"
				    " source = 'agents_that_matter_humaneval'"
				    " AND features IS NOT NULL"),
		9464);
	assert_int_equal(import_figure(url, "outcomes", large, "--refeature",
				       "trials.same"),
			 30201);
	free(head);
	free(traces);
	free(large);
	db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_priced_exactly),
		cmocka_unit_test(twice_is_once),
		cmocka_unit_test(simulators_and_estimates_are_marked),
		cmocka_unit_test(only_hash_and_features_stay_of_a_prompt),
		cmocka_unit_test(refeature_renews_what_is_old),
		cmocka_unit_test(contradictions_are_counted),
		cmocka_unit_test(real_outcomes),
	};

	return harness_main("import_kinds", tests, N(tests));
}
