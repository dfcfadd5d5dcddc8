/* The framework of importing: reading, counting, handing over. */
#include "import_case.h"

#include <sys/stat.h>

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
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
