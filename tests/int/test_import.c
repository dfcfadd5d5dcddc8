/* aco import against a real ledger: nothing twice, only what is new, whatever
 * was interrupted is continued. */
#include "tests/int/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "ledger/base/alloc.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define NOW       "ACO_NOW=2026-11-24T06:00:00Z"
#define FIXTURE   "tests/data/claude_code/session-a34ec83f.jsonl"
#define CODEX_DIR "tests/data/codex"

/* ---- a world of files and a ledger ---- */

struct world {
	struct db *db;
	char *dir;
	char url_env[512];
	const char *env[4];
	struct harness_run how;
};

static struct world *world_new(const char *name)
{
	struct world *w = xcalloc(1, sizeof(*w));
	const char *url = harness_db(name);

	w->db = harness_open(url);
	w->dir = xstrdup(harness_dir());
	snprintf(w->url_env, sizeof(w->url_env), "ACO_DATABASE_URL=%s", url);
	w->env[0] = w->url_env;
	w->env[1] = NOW;
	w->how.env = w->env;
	return w;
}

static void world_free(struct world *w)
{
	db_close(w->db);
	free(w->dir);
	free(w);
}

/* A path in the world's folder; lives until the fourth call from here. */
static const char *path(const struct world *w, const char *name)
{
	static char buf[4][512];
	static unsigned turn;
	char *p = buf[turn++ % 4];

	snprintf(p, sizeof(buf[0]), "%s/%s", w->dir, name);
	return p;
}

/* Assistant line number i: a call of one token in, i out. */
static char *call(const char *session, int i)
{
	return xasprintf(
		"{\"type\":\"assistant\",\"sessionId\":\"%s\",\"timestamp\":"
		"\"2026-11-23T10:%02d:%02dZ\",\"uuid\":\"u%d\",\"requestId\":"
		"\"req_011CaaaaBBBBccccDD%04d\",\"message\":{\"id\":"
		"\"msg_01AAAAbbbbCCCCdd%04d\",\"model\":"
		"\"claude-sonnet-4-5-20250929\",\"content\":[{\"type\":"
		"\"tool_use\",\"id\":\"t%d\",\"name\":\"Bash\",\"input\":"
		"{\"command\":\"ls\"}}],\"usage\":{\"input_tokens\":1,"
		"\"cache_creation_input_tokens\":0,"
		"\"cache_read_input_tokens\":0,\"output_tokens\":%d}}}\n",
		session, i / 60 % 60, i % 60, i, i, i, i, i);
}

/* Calls from..to-1 of a session as a file's text. */
static char *calls(const char *session, int from, int to)
{
	size_t cap = (size_t)(to - from) * 600 + 1, n = 0;
	char *text = xcalloc(1, cap);

	for (int i = from; i < to; i++) {
		char *line = call(session, i);

		memcpy(text + n, line, strlen(line) + 1);
		n += strlen(line);
		free(line);
	}
	return text;
}

static void write_calls(const char *to, const char *session, int from, int end)
{
	char *text = calls(session, from, end);

	harness_write(to, text);
	free(text);
}

/* Run with --json and return the summary; free it. The code must be `code`. */
static char *import(const struct world *w, int code, const char *kind,
		    const char *what)
{
	struct harness_end end =
		HARNESS_ACO(&w->how, "import", kind, "--json", what);
	char *out = end.out;

	if (end.code != code)
		fail_msg("exit code %d\n%s\n%s", end.code, end.out, end.err);
	end.out = NULL;
	harness_end_free(&end);
	return out;
}

/* The same, and demand a piece of the summary. */
static void import_gives(const struct world *w, const char *kind,
			 const char *what, const char *piece)
{
	char *out = import(w, 0, kind, what);

	ASSERT_CONTAINS(out, piece);
	free(out);
}

#define ATTEMPTS(w) harness_sql_i64((w)->db, "SELECT count(*) FROM attempt")
/* Everything that an import may change, but arrival times. */
static char *ledger_text(const struct world *w)
{
	return xstrdup(harness_sql_text(
		w->db,
		"SELECT md5(string_agg(x, E'\\n' ORDER BY x)) FROM ("
		"SELECT 'a' || row_to_json(a)::text FROM (SELECT day, id, "
		"task_id, step_id, status, quality, started_at, ended_at, "
		"uncached_in, cache_read, output, cost_pusd, keys FROM attempt)"
		" a UNION ALL SELECT 't' || row_to_json(t)::text FROM (SELECT "
		"id, ext_id, attempts, output, cost_pusd FROM task) t "
		"UNION ALL SELECT 's' || row_to_json(s)::text FROM (SELECT "
		"day, id, seq, kind, failed FROM step) s UNION ALL SELECT 'r' "
		"|| row_to_json(r)::text FROM (SELECT grain, bucket, "
		"sum(attempts) AS n, sum(output) AS o, sum(cost_pusd) AS c "
		"FROM attempt_rollup GROUP BY 1, 2) r) v (x)"));
}

/* ---- tests ---- */

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

/* Start an import of a folder that ends with a named pipe, and return when it
 * reads that: the files before it are in the batch. */
static pid_t start_at_pipe(struct world *w, int *pipe_fd)
{
	const char *fifo = path(w, "z.jsonl");
	const char *const args[] = {"import", "--json", "claude-code",
				    w->dir,   fifo,     NULL};
	pid_t pid;

	assert_int_equal(mkfifo(fifo, 0644), 0);
	pid = harness_aco_start(&w->how, args, path(w, "out"), path(w, "err"));
	*pipe_fd = open(fifo, O_WRONLY | O_CLOEXEC);
	assert_true(*pipe_fd >= 0);
	return pid;
}

static void interrupted(void **state)
{
	struct world *w = world_new("interrupted");
	char *before, *after, *out;
	int fd;
	pid_t pid;

	(void)state;
	write_calls(path(w, "a.jsonl"), "s1", 0, 50);
	write_calls(path(w, "b.jsonl"), "s2", 50, 70);
	pid = start_at_pipe(w, &fd);
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(harness_wait(pid, 10000), 1);
	close(fd);
	out = harness_read(path(w, "out"));
	ASSERT_CONTAINS(out, "\"interrupted\":true");
	ASSERT_CONTAINS(out, "\"found\":3,\"read\":2,");
	free(out);
	out = harness_read(path(w, "err"));
	ASSERT_CONTAINS(out, "run it again to continue");
	free(out);
	assert_int_equal(ATTEMPTS(w), 70);
	assert_int_equal(unlink(path(w, "z.jsonl")), 0);
	before = ledger_text(w);
	import_gives(w, "claude-code", w->dir, "\"unchanged\":2");
	after = ledger_text(w);
	assert_string_equal(before, after);
	free(before);
	free(after);
	world_free(w);
}

/* kill -9 with rows in the batch: they come with the next import, once. */
static void killed(void **state)
{
	struct world *w = world_new("killed");
	int fd;
	pid_t pid;

	(void)state;
	w->env[2] = "ACO_BATCH_ROWS=20";
	write_calls(path(w, "a.jsonl"), "s1", 0, 50);
	pid = start_at_pipe(w, &fd);
	harness_kill_pid(pid);
	close(fd);
	assert_int_equal(unlink(path(w, "z.jsonl")), 0);
	assert_in_range(ATTEMPTS(w), 0, 49);
	import_gives(w, "claude-code", w->dir, "\"read\":1,");
	assert_int_equal(ATTEMPTS(w), 50);
	assert_int_equal(harness_sql_i64(w->db, "SELECT sum(output) FROM "
						"attempt_rollup WHERE grain = "
						"'hour'"),
			 49 * 50 / 2);
	world_free(w);
}

/* The cursor is written with the last rows: many small transactions. */
static void small_batches(void **state)
{
	struct world *w = world_new("small");
	char *whole, *pieces;

	(void)state;
	write_calls(path(w, "a.jsonl"), "s1", 0, 100);
	write_calls(path(w, "b.jsonl"), "s2", 100, 130);
	import_gives(w, "claude-code", w->dir, "\"new\":130,");
	whole = ledger_text(w);
	world_free(w);
	w = world_new("small2");
	w->env[2] = "ACO_BATCH_ROWS=7";
	write_calls(path(w, "a.jsonl"), "s1", 0, 100);
	write_calls(path(w, "b.jsonl"), "s2", 100, 130);
	import_gives(w, "claude-code", w->dir, "\"new\":130,");
	pieces = ledger_text(w);
	assert_string_equal(whole, pieces);
	assert_int_equal(
		harness_sql_i64(w->db, "SELECT count(*) FROM import_file"), 2);
	free(whole);
	free(pieces);
	world_free(w);
}

static void usual_places(void **state)
{
	struct world *w = world_new("places");
	char claude[600], codex[600];
	struct harness_end end;

	(void)state;
	snprintf(claude, sizeof(claude), "CLAUDE_CONFIG_DIR=/none,%s", w->dir);
	snprintf(codex, sizeof(codex), "CODEX_HOME=%s", w->dir);
	assert_int_equal(mkdir(path(w, "projects"), 0755), 0);
	write_calls(path(w, "projects/a.jsonl"), "s1", 0, 4);
	w->env[2] = claude;
	end = HARNESS_ACO(&w->how, "import", "claude-code");
	assert_int_equal(end.code, 0);
	ASSERT_CONTAINS(end.out, "4 new");
	harness_end_free(&end);
	w->env[2] = codex;
	end = HARNESS_ACO(&w->how, "import", "codex");
	assert_int_equal(end.code, 1);
	ASSERT_CONTAINS(end.err, "archived_sessions");
	harness_end_free(&end);
	world_free(w);
}

static void mistakes(void **state)
{
	static const struct {
		const char *args[6];
		int code;
		const char *says;
	} cases[] = {
		{{"import"}, 2, "kind"},
		{{"import", "claude-cod"}, 2, "did you mean 'claude-code'"},
		{{"import", "zzz", "x"}, 2, "unknown kind 'zzz'"},
		{{"import", "litellm"}, 2, "name a file or a folder"},
		{{"import", "--colour", "codex"}, 2, "colour"},
		{{"import", "codex", "/nonexistent/x"}, 1, "No such file"},
	};
	struct world *w = world_new("mistakes");

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct harness_end end = harness_aco(&w->how, cases[i].args);

		if (end.code != cases[i].code)
			fail_msg("case %zu: exit code %d\n%s", i, end.code,
				 end.err);
		ASSERT_CONTAINS(end.err, cases[i].says);
		harness_end_free(&end);
	}
	world_free(w);
}

static void no_database(void **state)
{
	static const char *const env[] = {
		"ACO_DATABASE_URL=postgresql:///none?host=/nonexistent",
		"ACO_RETRY_SECONDS=0", NULL};
	const struct harness_run how = {.env = env};
	struct harness_end end =
		HARNESS_ACO(&how, "import", "claude-code", FIXTURE);

	(void)state;
	assert_int_equal(end.code, 1);
	ASSERT_CONTAINS(end.err, "hint:");
	harness_end_free(&end);
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
		cmocka_unit_test(interrupted),
		cmocka_unit_test(killed),
		cmocka_unit_test(small_batches),
		cmocka_unit_test(usual_places),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(no_database),
	};

	return harness_main("import", tests, N(tests));
}
