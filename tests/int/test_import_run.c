/* aco import when it is interrupted, killed, misused, and where it looks. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/int/import_world.h"

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
		cmocka_unit_test(interrupted),   cmocka_unit_test(killed),
		cmocka_unit_test(small_batches), cmocka_unit_test(usual_places),
		cmocka_unit_test(mistakes),      cmocka_unit_test(no_database),
	};

	return harness_main("import_run", tests, N(tests));
}
