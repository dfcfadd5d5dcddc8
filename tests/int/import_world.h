/* Files and a ledger for the tests of aco import. */
#ifndef ACO_IMPORT_WORLD_H
#define ACO_IMPORT_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "tests/int/harness.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define NOW       "ACO_NOW=2026-11-24T06:00:00Z"
#define FIXTURE   "tests/data/claude_code/session-a34ec83f.jsonl"
#define CODEX_DIR "tests/data/codex"

struct world {
	struct db *db;
	char *dir;
	char url_env[512];
	const char *env[4];
	struct harness_run how;
};

__attribute__((unused)) static struct world *world_new(const char *name)
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

__attribute__((unused)) static void world_free(struct world *w)
{
	db_close(w->db);
	free(w->dir);
	free(w);
}

/* A path in the world's folder; lives until the fourth call from here. */
__attribute__((unused)) static const char *path(const struct world *w,
						const char *name)
{
	static char buf[4][512];
	static unsigned turn;
	char *p = buf[turn++ % 4];

	snprintf(p, sizeof(buf[0]), "%s/%s", w->dir, name);
	return p;
}

/* Assistant line number i: a call of one token in, i out. */
__attribute__((unused)) static char *call(const char *session, int i)
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
__attribute__((unused)) static char *calls(const char *session, int from,
					   int to)
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

__attribute__((unused)) static void
write_calls(const char *to, const char *session, int from, int end)
{
	char *text = calls(session, from, end);

	harness_write(to, text);
	free(text);
}

/* Run with --json and return the summary; free it. The code must be `code`. */
__attribute__((unused)) static char *import(const struct world *w, int code,
					    const char *kind, const char *what)
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
__attribute__((unused)) static void import_gives(const struct world *w,
						 const char *kind,
						 const char *what,
						 const char *piece)
{
	char *out = import(w, 0, kind, what);

	ASSERT_CONTAINS(out, piece);
	free(out);
}

#define ATTEMPTS(w) harness_sql_i64((w)->db, "SELECT count(*) FROM attempt")
/* Everything that an import may change, but arrival times. */
__attribute__((unused)) static char *ledger_text(const struct world *w)
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

#endif
