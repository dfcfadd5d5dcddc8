#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/journal.h"
#include "ledger/base/buf.h"

static char dir[] = "/tmp/aco-journal-XXXXXX";

static int make(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

/* Files in the folder; they are removed when `clean`. */
static int files(bool clean)
{
	DIR *d = opendir(dir);
	const struct dirent *f;
	char path[512];
	int n = 0;

	assert_non_null(d);
	while ((f = readdir(d))) {
		if (f->d_name[0] == '.')
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s", dir, f->d_name);
		if (clean)
			unlink(path);
	}
	closedir(d);
	return n;
}

static int clear(void **state)
{
	(void)state;
	files(true);
	return 0;
}

static int unmake(void **state)
{
	clear(state);
	return rmdir(dir);
}

struct seen {
	struct buf text;
	bool refuse;
};

static enum rc found(void *arg, struct str record, struct err *e)
{
	struct seen *s = arg;

	if (!record.p)
		return RC_OK;
	if (s->refuse)
		return err_set(e, RC_BUSY, "full");
	buf_add(&s->text, record.p, record.len);
	buf_addc(&s->text, ';');
	return RC_OK;
}

static struct journal *open_it(struct seen *s, size_t bytes)
{
	struct journal *j = NULL;
	struct err e;

	assert_int_equal(journal_open(&j, dir, bytes, found, s, &e), RC_OK);
	return j;
}

/* A process that puts and dies without a word. */
static void put_and_die(const char *const *texts, int n, int done)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct seen s = {0};
		struct journal *j = NULL;
		struct err e;
		uint64_t mark[8] = {0};

		buf_init(&s.text, 65536);
		if (journal_open(&j, dir, 65536, found, &s, &e))
			_exit(1);
		for (int i = 0; i < n; i++)
			mark[i] = journal_put(j, str_from(texts[i]));
		if (done >= 0)
			journal_done(j, mark[done]);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

enum {
	FAR = 5000, /* records of a hundred bytes: most lie far behind */
	ROOM = 1 << 20
};

/* Puts FAR records, the last `left` of which are not done. */
static void put_many_and_die(int left)
{
	pid_t pid = fork();

	if (pid == 0) {
		static uint64_t mark[FAR];
		struct seen s = {0};
		struct journal *j = NULL;
		char text[128];
		struct err e;

		buf_init(&s.text, ROOM);
		if (journal_open(&j, dir, ROOM, found, &s, &e))
			_exit(1);
		for (int i = 0; i < FAR; i++) {
			snprintf(text, sizeof(text), "%0100d", i);
			mark[i] = journal_put(j, str_from(text));
		}
		for (int i = 0; i < FAR - left; i++)
			journal_done(j, mark[i]);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What is done far behind may be told again, what is not done is told; and of
 * a file whose records are all done nothing. */
static void what_is_not_done_is_told(void **state)
{
	struct seen s = {0};
	char text[128];

	(void)state;
	buf_init(&s.text, ROOM);
	put_many_and_die(2);
	journal_close(open_it(&s, ROOM));
	for (int i = FAR - 2; i < FAR; i++) {
		snprintf(text, sizeof(text), "%0100d;", i);
		assert_non_null(strstr(buf_str(&s.text), text));
	}
	buf_clear(&s.text);
	put_many_and_die(0);
	journal_close(open_it(&s, ROOM));
	assert_int_equal(s.text.len, 0);
	assert_int_equal(files(false), 0);
	buf_release(&s.text);
}

static void what_was_put_outlives_a_kill(void **state)
{
	static const char *const texts[] = {"one", "two and more", "three"};
	struct seen s = {0};
	struct journal *j;

	(void)state;
	buf_init(&s.text, 65536);
	put_and_die(texts, 3, 1);
	j = open_it(&s, 65536);
	assert_string_equal(buf_str(&s.text), "one;three;");
	assert_int_equal(files(false), 2); /* ours alone */
	journal_close(j);
	assert_int_equal(files(false), 0);
	buf_release(&s.text);
}

static void what_is_not_taken_stays(void **state)
{
	static const char *const texts[] = {"kept"};
	struct seen s = {.refuse = true};
	struct journal *j;

	(void)state;
	buf_init(&s.text, 65536);
	put_and_die(texts, 1, -1);
	j = open_it(&s, 65536);
	journal_close(j);
	assert_int_equal(files(false), 1);
	s.refuse = false;
	j = open_it(&s, 65536);
	assert_string_equal(buf_str(&s.text), "kept;");
	journal_close(j);
	buf_release(&s.text);
}

static void files_take_turns(void **state)
{
	struct seen s = {0};
	struct journal *j = open_it(&s, 4096);
	struct str text;
	char page[1000];
	uint64_t first[4] = {0}, m;
	int n = 0;

	(void)state;
	memset(page, 'x', sizeof(page));
	text = (struct str){page, sizeof(page)};
	while ((m = journal_put(j, text))) {
		if (n < 4)
			first[n] = m;
		n++;
	}
	/* Four in each of the two, and then no room. */
	assert_int_equal(n, 8);
	for (int i = 0; i < 3; i++)
		journal_done(j, first[i]);
	assert_int_equal(journal_put(j, text), 0);
	journal_done(j, first[3]);
	assert_int_not_equal(journal_put(j, text), 0);
	assert_int_equal(journal_put(j, (struct str){page, 0}), 0);
	journal_close(j);
}

static void foreign_bytes_are_no_records(void **state)
{
	static const char *const texts[] = {"good"};
	struct seen s = {0};
	char path[512];
	struct journal *j;
	FILE *f;

	(void)state;
	buf_init(&s.text, 65536);
	put_and_die(texts, 1, -1);
	snprintf(path, sizeof(path), "%s/x.journal", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("ACOJ\1\0\0\0nonsense that goes on for a while", f);
	fclose(f);
	j = open_it(&s, 65536);
	assert_string_equal(buf_str(&s.text), "good;");
	journal_close(j);
	buf_release(&s.text);
}

/* No file may grow: as on a full disk. */
static void a_full_disk_is_waited_for(void **state)
{
	struct rlimit before, none;
	struct seen s = {0};
	struct journal *j;
	uint64_t mark = 0;

	(void)state;
	buf_init(&s.text, 65536);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 1000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	j = open_it(&s, 65536);
	assert_int_equal(journal_put(j, STR("no room")), 0);
	assert_int_equal(files(false), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	for (int i = 0; i < 600 && !mark; i++) {
		mark = journal_put(j, STR("room"));
		usleep(mark ? 0 : 50000);
	}
	assert_true(mark);
	journal_done(j, mark);
	journal_close(j);
	assert_int_equal(files(false), 0);
	buf_release(&s.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_was_put_outlives_a_kill, clear),
		cmocka_unit_test_teardown(what_is_not_done_is_told, clear),
		cmocka_unit_test_teardown(what_is_not_taken_stays, clear),
		cmocka_unit_test_teardown(files_take_turns, clear),
		cmocka_unit_test_teardown(foreign_bytes_are_no_records, clear),
		cmocka_unit_test_teardown(a_full_disk_is_waited_for, clear),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
