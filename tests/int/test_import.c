/* aco import against a real ledger: nothing twice, and only what is new. */
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/int/import_world.h"

static void costs_of_the_fixtures(void **state)
{
	struct world *w = world_new("fixtures");

	(void)state;
	import_gives(w, "claude-code", FIXTURE,
		     "\"cost_new_usd\":\"0.030355\"");
	import_gives(w, "codex", CODEX_DIR, "\"cost_new_usd\":\"0.006\"");
	import_gives(w, "gemini",
		     "tests/data/gemini_cli/"
		     "session-2026-11-23T22-54-b8de4ae5.jsonl",
		     "\"cost_new_usd\":\"0.003773\"");
	assert_int_equal(ATTEMPTS(w), 3);
	world_free(w);
}

static void twice(void **state)
{
	struct world *w = world_new("twice");
	char *before, *after;

	(void)state;
	import_gives(w, "claude-code", FIXTURE, "\"new\":1,");
	before = ledger_text(w);
	import_gives(w, "claude-code", FIXTURE, "\"unchanged\":1");
	HARNESS_ACO_OK(&w->how, "import", "--refeature", "claude-code",
		       FIXTURE);
	after = ledger_text(w);
	assert_string_equal(before, after);
	free(before);
	free(after);
	world_free(w);
}

static void grown_file(void **state)
{
	struct world *w = world_new("grown");
	const char *f = path(w, "s.jsonl");
	char *text = calls("s1", 0, 5), *more, *both;

	(void)state;
	harness_write(f, text);
	import_gives(w, "claude-code", f, "\"new\":5,");
	/* The result of the last call, a new call, and half a line. */
	more = calls("s1", 5, 6);
	both = xasprintf("%s{\"type\":\"user\",\"sessionId\":\"s1\",\"uuid\":"
			 "\"r\",\"timestamp\":\"2026-11-23T10:00:05Z\","
			 "\"message\":{\"content\":[{\"type\":\"tool_result\","
			 "\"tool_use_id\":\"t4\",\"is_error\":true}]}}\n%s%.*s",
			 text, more, 200, more);
	harness_write(f, both);
	import_gives(w, "claude-code", f,
		     "\"new\":1,\"merged\":0,\"same\":1,\"known\":4,");
	import_gives(w, "claude-code", f, "\"unchanged\":1");
	assert_int_equal(ATTEMPTS(w), 6);
	assert_int_equal(harness_sql_i64(w->db, "SELECT count(*) FROM step "
						"WHERE failed"),
			 1);
	assert_int_equal(harness_sql_i64(w->db, "SELECT max(seq) FROM step"),
			 6);
	free(text);
	free(more);
	free(both);
	world_free(w);
}

/* The unfinished last line is left for the time when it is finished. */
static void unfinished_line(void **state)
{
	struct world *w = world_new("unfinished");
	const char *f = path(w, "s.jsonl");
	char *text = calls("s1", 0, 3);
	size_t n = strlen(text);
	char *cut = xstrndup(text, n - 100);
	char *whole = xstrndup(text, n - 1); /* no newline */

	(void)state;
	harness_write(f, cut);
	import_gives(w, "claude-code", f, "\"unfinished last lines\":1");
	assert_int_equal(ATTEMPTS(w), 2);
	assert_int_equal(harness_sql_i64(w->db, "SELECT size - done_bytes FROM "
						"import_file") > 0,
			 1);
	harness_write(f, whole);
	import_gives(w, "claude-code", f, "\"new\":1,");
	assert_int_equal(harness_sql_i64(w->db, "SELECT size - done_bytes FROM "
						"import_file"),
			 0);
	harness_write(f, text);
	import_gives(w, "claude-code", f, "\"new\":0,");
	assert_int_equal(ATTEMPTS(w), 3);
	free(text);
	free(cut);
	free(whole);
	world_free(w);
}

/* Compaction and the like: the beginning is another, all is read again. */
static void rewritten_file(void **state)
{
	struct world *w = world_new("rewritten");
	const char *f = path(w, "s.jsonl");

	(void)state;
	write_calls(f, "s1", 0, 10);
	import_gives(w, "claude-code", f, "\"new\":10,");
	write_calls(f, "s1", 5, 20);
	import_gives(w, "claude-code", f,
		     "\"new\":10,\"merged\":0,\"same\":5,\"known\":0,");
	/* Shorter than what was read before. */
	write_calls(f, "s1", 0, 2);
	import_gives(w, "claude-code", f, "\"same\":2,");
	assert_int_equal(ATTEMPTS(w), 20);
	world_free(w);
}

/* A resumed session's file repeats the calls of the one it came from. */
static void resumed_session(void **state)
{
	struct world *w = world_new("resumed");

	(void)state;
	write_calls(path(w, "a.jsonl"), "s1", 0, 10);
	write_calls(path(w, "b.jsonl"), "s2", 0, 12);
	import_gives(w, "claude-code", w->dir, "\"new\":12,");
	assert_int_equal(ATTEMPTS(w), 12);
	assert_int_equal(harness_sql_i64(w->db, "SELECT sum(attempts) FROM "
						"attempt_rollup WHERE grain = "
						"'day'"),
			 12);
	world_free(w);
}

static void write_gz(const char *to, const char *text)
{
	gzFile f = gzopen(to, "wb");

	assert_non_null(f);
	assert_int_equal(gzputs(f, text), (int)strlen(text));
	assert_int_equal(gzclose(f), Z_OK);
}

/* Folders in folders, links in circles, files of other kinds, gzip. */
static void folders(void **state)
{
	struct world *w = world_new("folders");
	char *text = calls("s3", 20, 30);

	(void)state;
	assert_int_equal(mkdir(path(w, "p"), 0755), 0);
	assert_int_equal(mkdir(path(w, "p/q"), 0755), 0);
	assert_int_equal(symlink("..", path(w, "p/q/up")), 0);
	assert_int_equal(symlink("nowhere", path(w, "p/lost.jsonl")), 0);
	write_calls(path(w, "p/a.jsonl"), "s1", 0, 10);
	assert_int_equal(symlink("../a.jsonl", path(w, "p/q/a2.jsonl")), 0);
	write_calls(path(w, "p/q/b.jsonl"), "s2", 10, 20);
	write_gz(path(w, "p/q/c.jsonl.gz"), text);
	harness_write(path(w, "p/notes.txt"), text);
	import_gives(w, "claude-code", path(w, "p"), "\"found\":3,\"read\":3,");
	assert_int_equal(ATTEMPTS(w), 30);
	/* The same by other names is the same. */
	import_gives(w, "claude-code", path(w, "p/q/up/q/up/a.jsonl"),
		     "\"unchanged\":1");
	import_gives(w, "claude-code", path(w, "p/q/c.jsonl.gz"),
		     "\"unchanged\":1");
	/* A compressed file that grew. */
	free(text);
	text = calls("s3", 20, 33);
	write_gz(path(w, "p/q/c.jsonl.gz"), text);
	import_gives(w, "claude-code", path(w, "p"), "\"new\":3,");
	free(text);
	world_free(w);
}

static void cut_short_gzip(void **state)
{
	struct world *w = world_new("gzip");
	const char *f = path(w, "c.jsonl.gz");
	char *text = calls("s1", 0, 900);
	struct stat st;
	char *out;

	(void)state;
	write_gz(f, text);
	assert_int_equal(stat(f, &st), 0);
	assert_int_equal(truncate(f, st.st_size / 2), 0);
	out = import(w, 1, "claude-code", f);
	ASSERT_CONTAINS(out, "\"failed\":1");
	free(out);
	assert_int_equal(
		harness_sql_i64(w->db, "SELECT count(*) FROM import_file"), 0);
	write_gz(f, text);
	free(import(w, 0, "claude-code", f));
	assert_int_equal(ATTEMPTS(w), 900);
	free(text);
	world_free(w);
}

static void standard_input(void **state)
{
	struct world *w = world_new("stdin");
	char *text = calls("s1", 0, 3);

	(void)state;
	w->how.input = text;
	import_gives(w, "claude-code", "-", "\"new\":3,");
	import_gives(w, "claude-code", "-", "\"same\":3,");
	assert_int_equal(
		harness_sql_i64(w->db, "SELECT count(*) FROM import_file"), 0);
	free(text);
	world_free(w);
}

static void dry_run(void **state)
{
	static const char *const env[] = {
		"ACO_DATABASE_URL=postgresql:///none?host=/nonexistent", NOW,
		NULL};
	const struct harness_run how = {.env = env};
	struct harness_end end = HARNESS_ACO(&how, "import", "-n",
					     "claude-code", FIXTURE, CODEX_DIR);

	(void)state;
	assert_int_equal(end.code, 0);
	ASSERT_CONTAINS(end.out, "1 calls, 1 tasks, 0 outcomes, 0 trials; "
				 "nothing was written");
	harness_end_free(&end);
}

static void options(void **state)
{
	struct world *w = world_new("options");

	(void)state;
	HARNESS_ACO_OK(&w->how, "import", "claude-code", FIXTURE, "--team",
		       "core", "--agent", "bot", "--class", "coding");
	assert_string_equal(
		harness_sql_text(w->db, "SELECT team || agent || task_class || "
					"class_guessed FROM v_task"),
		"corebotcodingfalse");
	assert_string_equal(
		harness_sql_text(w->db, "SELECT attrs->>'version' FROM v_task"),
		"2.1.197");
	world_free(w);
}

static void sub_agents(void **state)
{
	struct world *w = world_new("subagents");
	const char *line =
		"{\"type\":\"assistant\",\"isSidechain\":true,\"agentId\":"
		"\"a7\",\"sessionId\":\"s1\",\"timestamp\":"
		"\"2026-11-23T10:00:00Z\",\"message\":{\"id\":"
		"\"msg_01BBBBccccDDDDeeee2222\",\"model\":\"claude-x\","
		"\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n";

	(void)state;
	write_calls(path(w, "s1.jsonl"), "s1", 0, 2);
	assert_int_equal(mkdir(path(w, "s1"), 0755), 0);
	assert_int_equal(mkdir(path(w, "s1/subagents"), 0755), 0);
	harness_write(path(w, "s1/subagents/agent-a7.jsonl"), line);
	harness_write(path(w, "s1/subagents/agent-a7.meta.json"),
		      "{\"agentType\":\"Explore\"}");
	import_gives(w, "claude-code", w->dir, "\"tasks_new\":2");
	assert_string_equal(
		harness_sql_text(w->db,
				 "SELECT c.ext_id || ' ' || c.agent || ' ' || "
				 "p.ext_id FROM v_task c JOIN v_task p ON "
				 "p.task_id = c.parent_task_id"),
		"s1/a7 claude-code:Explore s1");
	world_free(w);
}

/* What the ledger cannot take is kept, once, however often it comes. */
static void dead_letters(void **state)
{
	struct world *w = world_new("dead");
	const char *f = path(w, "s.jsonl");
	char *text = calls("s1", 0, 3), *at = strstr(text, "2026-11-23");

	(void)state;
	memcpy(at, "2036", 4);
	harness_write(f, text);
	import_gives(w, "claude-code", f, "\"dead\":1");
	HARNESS_ACO_OK(&w->how, "import", "--refeature", "claude-code", f);
	assert_int_equal(ATTEMPTS(w), 2);
	assert_int_equal(
		harness_sql_i64(w->db, "SELECT count(*) FROM dead_letter"), 1);
	ASSERT_CONTAINS(harness_sql_text(w->db,
					 "SELECT origin || ' ' || reason FROM "
					 "dead_letter"),
			"s.jsonl:1 start 2036");
	free(text);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(costs_of_the_fixtures),
		cmocka_unit_test(twice),
		cmocka_unit_test(grown_file),
		cmocka_unit_test(unfinished_line),
		cmocka_unit_test(rewritten_file),
		cmocka_unit_test(resumed_session),
		cmocka_unit_test(folders),
		cmocka_unit_test(cut_short_gzip),
		cmocka_unit_test(standard_input),
		cmocka_unit_test(dry_run),
		cmocka_unit_test(options),
		cmocka_unit_test(sub_agents),
		cmocka_unit_test(dead_letters),
	};

	return harness_main("import", tests, N(tests));
}
