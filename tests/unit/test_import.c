/* The framework of importing: reading, counting, handing over, and the parts
 * that kinds share. */
#include "import_case.h"

#include <sys/stat.h>

#include "ingest/callname.h"
#include "ingest/import_map.h"
#include "ingest/import_turn.h"
#include "ledger/base/cmd.h"
#include "ledger/batch.h"
#include "ledger/hash_stream.h"

extern const struct command command_import;

/* ---- the table ---- */

static void kinds_are_complete(void **state)
{
	(void)state;
	for (int i = 0; import_kinds[i]; i++) {
		const struct import_kind *k = import_kinds[i];
		char file[128];
		struct stat st;

		assert_non_null(k->match);
		assert_non_null(k->parse);
		assert_true(k->summary && *k->summary);
		assert_true(k->sender && *k->sender);
		assert_true(k->rank >= RANK_TRANSCRIPT);
		assert_ptr_equal(import_kind_find(k->name), k);
		assert_true(
			str_contains(str_from(command_import.help), k->name));
		if (!strcmp(k->name, "tau-bench"))
			continue; /* tau2's fuzzer serves both */
		snprintf(file, sizeof(file), "tests/fuzz/fuzz_import_%s.c",
			 k->name);
		for (char *c = file + strlen("tests/fuzz/"); *c; c++)
			*c = *c == '-' ? '_' : *c;
		if (stat(file, &st) != 0)
			fail_msg("%s is missing", file);
	}
	assert_null(import_kind_find("no such kind"));
}

/* ---- reading ---- */

static void lines(void **state)
{
	static const struct {
		const char *line;
		int64_t offset, no;
		bool partial;
	} want[] = {
		{"a", 0, 1, false},
		{"b  c", 4, 3, false},
		{"last", 12, 5, true},
	};
	struct import_reader *rd =
		import_reader_text(STR("a\r\n\n b  c \n\nlast"));
	struct import_line l;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(import_reader_line(rd, &l), READ_LINE);
		assert_str(l.text, want[i].line);
		assert_int_equal(l.at.offset, want[i].offset);
		assert_int_equal(l.at.line, want[i].no);
		assert_int_equal(l.partial, want[i].partial);
	}
	assert_int_equal(import_reader_line(rd, &l), READ_END);
	assert_int_equal(import_reader_done(rd), 16);
	import_reader_keep(rd);
	assert_int_equal(import_reader_done(rd), 12);
	import_reader_close(rd);
}

static void hash_of_a_beginning(void **state)
{
	static const char text[] = "one\ntwo\nthree\n";
	struct import_reader *rd = import_reader_text(STR("one\ntwo\n"));
	struct import_reader *again = import_reader_text(str_from(text));
	struct import_reader *other = import_reader_text(STR("one\ntw0\nx\n"));
	struct hash_stream *h = hash_stream_new();
	struct import_line l;
	struct uuid hash;

	(void)state;
	while (import_reader_line(rd, &l) == READ_LINE)
		;
	hash = import_reader_hash(rd);
	hash_stream_add(h, text, 3);
	hash_stream_value(h); /* adding may go on */
	hash_stream_add(h, text + 3, 5);
	assert_true(uuid_eq(hash, hash_stream_value(h)));
	assert_true(import_reader_begins(again, 8, hash));
	assert_false(import_reader_begins(other, 8, hash));
	hash_stream_free(h);
	import_reader_close(rd);
	import_reader_close(again);
	import_reader_close(other);
	again = import_reader_text(STR("one\n"));
	assert_false(import_reader_begins(again, 8, hash)); /* too short */
	import_reader_close(again);
}

static void long_lines(void **state)
{
	size_t n = IMPORT_LINE_MAX + 2;
	char *text = xcalloc(n + 16, 1);
	struct import_reader *rd;
	struct import_line l;

	(void)state;
	memset(text, 'x', n);
	memcpy(text + n - 1, "\nshort\n", 7);
	rd = import_reader_text((struct str){text, n + 6});
	assert_int_equal(import_reader_line(rd, &l), READ_LONG);
	assert_int_equal(l.at.line, 1);
	assert_int_equal(import_reader_line(rd, &l), READ_LINE);
	assert_str(l.text, "short");
	assert_int_equal(l.at.line, 2);
	import_reader_close(rd);
	free(text);
}

/* ---- a kind of our own, that hands over what a test wants ---- */

static struct {
	int64_t attempts, outcomes, trials;
	bool stop; /* in the middle */
	struct import_run *run;
	enum rc rc;
	int64_t lines;
} script;

static bool script_match(struct str path)
{
	return str_ends(path, ".x");
}

static void script_attempt(struct import_run *r, int64_t n, uint32_t task,
			   struct import_at at)
{
	struct ev_attempt a;
	char name[32];

	snprintf(name, sizeof(name), "%lld", (long long)n);
	import_attempt_init(r, &a);
	a.task = task;
	a.keys[a.n_keys++] = ev_key("t", STR("s"), str_from(name));
	a.model = STR("m");
	a.started_us = CASE_NOW;
	import_attempt(r, &a, at);
}

static enum rc script_parse(struct import_run *r, struct err *e)
{
	struct import_line l;
	struct ev_task t;
	int64_t n = 0;

	script.lines = 0;
	while (import_next_line(r, &l)) {
		script.lines++;
		import_task_init(r, &t);
		t.ext_id = import_keep(r, l.text);
		t.agent = STR("own");
		t.class_name = STR("guess");
		t.class_rank = CLASS_GUESSED;
		for (int64_t i = 0; i < script.attempts; i++)
			script_attempt(r, n++, import_task(r, &t), l.at);
		if (script.stop)
			import_run_stop(r);
	}
	return script.rc ? err_set(e, script.rc, "as asked") : RC_OK;
}

static const struct import_kind scripted = {
	.name = "scripted",
	.summary = "of a test",
	.sender = "tester",
	.rank = RANK_OTHER,
	.match = script_match,
	.parse = script_parse,
};

struct flushed {
	int64_t times, attempts, tasks, cursors, dead;
	enum rc rc; /* to answer */
};

static enum rc count_flush(void *arg, const struct batch *b, struct err *e)
{
	struct flushed *f = arg;

	f->times++;
	f->attempts += (int64_t)b->n_attempts;
	f->tasks += (int64_t)b->n_tasks;
	f->cursors += (int64_t)b->n_cursors;
	f->dead += (int64_t)b->n_dead;
	for (size_t i = 0; i < b->n_attempts; i++)
		assert_true(b->attempts[i].e.task < b->n_tasks);
	return f->rc ? err_set(e, f->rc, "no ledger") : RC_OK;
}

static struct import_run *scripted_run(const struct import_opts *o,
				       struct flushed *f)
{
	memset(f, 0, sizeof(*f));
	memset(&script, 0, sizeof(script));
	script.attempts = 1;
	clock_fix(CASE_NOW);
	return import_run_new(o, count_flush, f);
}

/* Batches are flushed when they are full, and know their tasks each time. */
static void batches(void **state)
{
	const struct import_opts o = {.quiet = true, .batch_rows = 3};
	struct flushed f;
	struct import_run *r = scripted_run(&o, &f);
	struct err e;

	(void)state;
	script.attempts = 5;
	assert_int_equal(import_run_text(r, &scripted, "p", STR("a\nb\n"), &e),
			 RC_OK);
	assert_int_equal(f.times, 3);
	assert_int_equal(import_run_finish(r, &e), RC_OK);
	assert_int_equal(f.times, 4);
	assert_int_equal(f.attempts, 10);
	assert_int_equal(f.tasks, 5); /* a a|a a b|b b b|b -> 1+2+1+1 */
	assert_int_equal(import_run_totals(r)->tasks, 2);
	assert_int_equal(import_run_totals(r)->attempts, 10);
	import_run_free(r);
	clock_fix(TIME_NONE);
}

/* A batch that is full by size rather than by rows. */
static void small_batches(void **state)
{
	const struct import_opts o = {.quiet = true, .batch_bytes = 128 << 10};
	struct flushed f;
	struct import_run *r = scripted_run(&o, &f);
	struct err e;

	(void)state;
	script.attempts = 1000;
	assert_int_equal(import_run_text(r, &scripted, "p", STR("a\n"), &e),
			 RC_OK);
	assert_int_equal(import_run_finish(r, &e), RC_OK);
	assert_true(f.times > 1);
	assert_int_equal(f.attempts, 1000);
	assert_int_equal(f.dead, 0);
	import_run_free(r);
	clock_fix(TIME_NONE);
}

/* The ledger's failure ends the run; nothing further is handed over. */
static void failing_ledger(void **state)
{
	const struct import_opts o = {.quiet = true, .batch_rows = 2};
	struct flushed f;
	struct import_run *r = scripted_run(&o, &f);
	struct err e;

	(void)state;
	f.rc = RC_DOWN;
	script.attempts = 100;
	assert_int_equal(
		import_run_text(r, &scripted, "p", STR("a\nb\nc\n"), &e),
		RC_DOWN);
	assert_string_equal(e.msg, "no ledger");
	assert_int_equal(f.times, 1);
	assert_int_equal(script.lines, 1);
	assert_int_equal(import_run_text(r, &scripted, "q", STR("a\n"), &e),
			 RC_DOWN);
	assert_int_equal(import_run_finish(r, &e), RC_DOWN);
	assert_int_equal(f.times, 1);
	import_run_free(r);
	clock_fix(TIME_NONE);
}

/* A stop keeps what was read, and reads no more. */
static void interrupted(void **state)
{
	const struct import_opts o = {.quiet = true};
	struct flushed f;
	struct import_run *r = scripted_run(&o, &f);
	struct err e;

	(void)state;
	script.stop = true;
	assert_int_equal(import_run_text(r, &scripted, "p", STR("a\nb\n"), &e),
			 RC_BUSY);
	assert_int_equal(script.lines, 1);
	assert_int_equal(import_run_text(r, &scripted, "q", STR("a\n"), &e),
			 RC_BUSY);
	assert_int_equal(import_run_finish(r, &e), RC_OK);
	assert_int_equal(f.attempts, 1);
	assert_int_equal(import_run_totals(r)->files_read, 0);
	import_run_free(r);
	clock_fix(TIME_NONE);
}

static void refused_file(void **state)
{
	const struct import_opts o = {.quiet = true};
	struct flushed f;
	struct import_run *r = scripted_run(&o, &f);
	struct err e;

	(void)state;
	script.rc = RC_BAD;
	assert_int_equal(import_run_text(r, &scripted, "p", STR("a\n"), &e),
			 RC_OK);
	assert_int_equal(import_run_totals(r)->files_failed, 1);
	assert_int_equal(import_run_totals(r)->files_read, 0);
	import_run_free(r);
	clock_fix(TIME_NONE);
}

static void options_win(void **state)
{
	const struct import_opts o = {.quiet = true,
				      .team = STR("core"),
				      .agent = STR("bot"),
				      .class_name = STR("coding")};
	struct import_case *c = case_new(&o);
	struct import_case *d = case_new(NULL);
	struct err e;

	(void)state;
	memset(&script, 0, sizeof(script));
	script.attempts = 1;
	assert_int_equal(
		import_run_text(c->run, &scripted, "p", STR("a\n"), &e), RC_OK);
	assert_str(c->v[0].task.sender, "tester");
	assert_str(c->v[0].task.team, "core");
	assert_str(c->v[0].task.agent, "bot");
	assert_str(c->v[0].task.class_name, "coding");
	assert_int_equal(c->v[0].task.class_rank, CLASS_EXPLICIT);
	assert_str(c->v[0].a.source, "import:scripted");
	assert_str(c->v[0].a.origin, "p:1");
	assert_int_equal(
		import_run_text(d->run, &scripted, "p", STR("a\n"), &e), RC_OK);
	assert_null(d->v[0].task.team.p);
	assert_str(d->v[0].task.agent, "own");
	assert_int_equal(d->v[0].task.class_rank, CLASS_GUESSED);
	case_free(c);
	case_free(d);
}

/* ---- names of calls ---- */

static void unique_ids(void **state)
{
	static const char *const yes[] = {
		"msg_01XFDUDYJgAACzvnptvVoYEL",
		"msg_bdrk_01XFDUDYJgAACzvnptvVoYEL",
		"req_011CaaaaBBBBccccDDDD1",
		"resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
		"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
		"0f8fad5b-d9cb-469f-a165-70867728950e",
		"mAitaLmkHPPlz7IPvtfUqQ4",
	};
	static const char *const no[] = {
		"",
		"msg_1",
		"chatcmpl-1",
		"req_fake",
		"msg_01Compact",
		"msg_1719999999999",
		"msg_",
		"_",
		"chatcmpl-20240101120000",
		"test-session-identifier",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
		"msg_\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!callname_unique(str_from(yes[i])))
			fail_msg("%s", yes[i]);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		if (callname_unique(str_from(no[i])))
			fail_msg("%s", no[i]);
	}
	assert_false(callname_unique(STR_NONE));
}

static void scopes(void **state)
{
	struct str s = STR("claude-code"), t = STR("s1"), u = STR("s2");
	struct str id = STR("msg_01XFDUDYJgAACzvnptvVoYEL"), weak = STR("m1");

	(void)state;
	assert_true(uuid_eq(callname_response("anthropic", s, t, id),
			    callname_response("anthropic", STR("x"), u, id)));
	assert_false(uuid_eq(callname_response("anthropic", s, t, id),
			     callname_response("openai", s, t, id)));
	assert_false(uuid_eq(callname_response("anthropic", s, t, weak),
			     callname_response("anthropic", s, u, weak)));
	assert_false(uuid_eq(callname_request(s, t, id),
			     callname_response("anthropic", s, t, id)));
	assert_false(uuid_eq(callname_request(s, t, weak),
			     callname_request(s, u, weak)));
	assert_false(uuid_eq(callname_line(s, t, weak),
			     callname_line(STR("codex"), t, weak)));
	/* Nothing can be moved between the parts of a name. */
	assert_false(uuid_eq(callname_line(STR("a"), STR("b/c"), weak),
			     callname_line(STR("a/b"), STR("c"), weak)));
}

static void vectors(void **state)
{
	struct str s = STR("codex"), t = STR("s1");
	struct uuid a[2], b[2];
	struct usage u;

	(void)state;
	usage_init(&u);
	assert_int_equal(callname_vector(s, t, &u, CASE_NOW, a), 0);
	u.n[USAGE_UNCACHED_IN] = 5;
	u.n[USAGE_OUTPUT] = 2;
	assert_int_equal(callname_vector(s, t, &u, TIME_NONE, a), 0);
	/* Whatever the second of the minute: 30 s apart meet, 91 s do not. */
	for (int64_t i = 0; i < 120; i++) {
		int64_t at = CASE_NOW + i * US_PER_SEC;

		assert_int_equal(callname_vector(s, t, &u, at, a), 2);
		callname_vector(s, t, &u, at + 30 * US_PER_SEC, b);
		assert_true(uuid_eq(a[0], b[0]) || uuid_eq(a[1], b[1]));
		callname_vector(s, t, &u, at + 91 * US_PER_SEC, b);
		assert_false(uuid_eq(a[0], b[0]) || uuid_eq(a[1], b[1]) ||
			     uuid_eq(a[0], b[1]) || uuid_eq(a[1], b[0]));
	}
	/* What a source did not say counts as nothing. */
	u.n[USAGE_CACHE_READ] = 0;
	callname_vector(s, t, &u, CASE_NOW, a);
	u.n[USAGE_CACHE_READ] = USAGE_NONE;
	callname_vector(s, t, &u, CASE_NOW, b);
	assert_true(uuid_eq(a[0], b[0]));
	u.n[USAGE_OUTPUT] = 3;
	callname_vector(s, t, &u, CASE_NOW, b);
	assert_false(uuid_eq(a[0], b[0]));
}

/* ---- shared parts ---- */

static void map(void **state)
{
	struct import_map m = {0};
	bool added;

	(void)state;
	for (int64_t i = 0; i < 10000; i++) {
		char text[32];
		struct uuid k;

		snprintf(text, sizeof(text), "%lld", (long long)i);
		k = ev_key("m", STR(""), str_from(text));
		assert_null(import_map_get(&m, k));
		assert_int_equal(*import_map_put(&m, k, i, &added), i);
		assert_true(added);
		assert_int_equal(*import_map_put(&m, k, 7, &added), i);
		assert_false(added);
	}
	assert_int_equal(m.n, 10000);
	import_map_clear(&m);
	assert_null(import_map_get(&m, ev_key("m", STR(""), STR("5"))));
	import_map_release(&m);
}

static const struct json *json_of(struct json_doc *d, const char *text)
{
	struct err e;

	assert_int_equal(json_parse(d, str_from(text), &e), RC_OK);
	return d->nodes;
}

static void counts(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
		bool bad;
	} cases[] = {
		{"null", USAGE_NONE, false},
		{"0", 0, false},
		{"7", 7, false},
		{"7.0", 7, false},
		{"-7", USAGE_NONE, true},
		{"1.5", USAGE_NONE, true},
		{"\"7\"", USAGE_NONE, true},
		{"true", USAGE_NONE, true},
		{"1e30", USAGE_NONE, true},
		{"[]", USAGE_NONE, true},
	};
	struct json_doc d;

	(void)state;
	json_doc_init(&d, 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool bad = false;

		assert_int_equal(import_count(json_of(&d, cases[i].text), &bad),
				 cases[i].want);
		assert_int_equal(bad, cases[i].bad);
	}
	assert_int_equal(import_less(10, 4), 6);
	assert_int_equal(import_less(4, 10), USAGE_NONE);
	assert_int_equal(import_less(USAGE_NONE, 1), USAGE_NONE);
	json_doc_release(&d);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t want_us;
	} cases[] = {
		{"null", TIME_NONE},
		{"true", TIME_NONE},
		{"0", TIME_NONE},
		{"-5", TIME_NONE},
		{"\"soon\"", TIME_NONE},
		{"1e300", TIME_NONE},
		{"1795500000", CASE_NOW},
		{"1795500000.25", CASE_NOW + 250000},
		{"1795500000000", CASE_NOW},
		{"1795500000000000", CASE_NOW},
		{"1795500000000000000", CASE_NOW},
		{"\"1795500000\"", CASE_NOW},
		{"\"2026-11-24T06:00:00Z\"", CASE_NOW},
		{"\"2026-11-24T07:00:00.000001+01:00\"", CASE_NOW + 1},
	};
	struct json_doc d;
	struct arena a;

	(void)state;
	json_doc_init(&d, 16);
	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(import_time(json_of(&d, cases[i].text), &a),
				 cases[i].want_us);
	assert_int_equal(import_time(NULL, &a), TIME_NONE);
	arena_release(&a);
	json_doc_release(&d);
}

static void dollars(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{"null", MONEY_NONE},
		{"0", 0},
		{"0.030355", 30355000000},
		{"\"0.030355\"", 30355000000},
		{"1e-12", 1},
		{"-1", MONEY_NONE},
		{"\"$1\"", MONEY_NONE},
		{"false", MONEY_NONE},
	};
	struct json_doc d;

	(void)state;
	json_doc_init(&d, 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(import_usd(json_of(&d, cases[i].text)),
				 cases[i].want);
	assert_int_equal(import_usd(NULL), MONEY_NONE);
	json_doc_release(&d);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(kinds_are_complete),
		cmocka_unit_test(lines),
		cmocka_unit_test(hash_of_a_beginning),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(batches),
		cmocka_unit_test(small_batches),
		cmocka_unit_test(failing_ledger),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(refused_file),
		cmocka_unit_test(options_win),
		cmocka_unit_test(unique_ids),
		cmocka_unit_test(scopes),
		cmocka_unit_test(vectors),
		cmocka_unit_test(map),
		cmocka_unit_test(counts),
		cmocka_unit_test(times),
		cmocka_unit_test(dollars),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
