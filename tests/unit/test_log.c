#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/base/log.h"

static char text[65536];

/* What `write` writes to standard error, as a string. */
static const char *captured(void (*write_logs)(void))
{
	int saved = dup(STDERR_FILENO);
	FILE *f = tmpfile();
	ssize_t n;

	assert_non_null(f);
	assert_true(saved >= 0);
	assert_true(dup2(fileno(f), STDERR_FILENO) >= 0);
	write_logs();
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	n = pread(fileno(f), text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = 0;
	fclose(f);
	return text;
}

static int setup(void **state)
{
	(void)state;
	clock_fix(INT64_C(1795482123000004));
	log_set_level(LOG_INFO);
	return 0;
}

static void write_line(void)
{
	log_line(LOG_INFO, "import", "file read", "file=%s rows=%d",
		 log_quote("a b.json"), 12);
}

static void test_line(void **state)
{
	(void)state;
	assert_string_equal(
		captured(write_line),
		"ts=2026-11-24T01:02:03.000004Z lvl=info mod=import "
		"msg=\"file read\" file=\"a b.json\" rows=12\n");
}

static void write_levels(void)
{
	log_line(LOG_DEBUG, "m", "one", "%s", "");
	log_line(LOG_WARN, "m", "two", "%s", "");
}

static void test_levels(void **state)
{
	enum log_level level = LOG_DEBUG;

	(void)state;
	captured(write_levels);
	assert_null(strstr(text, "one"));
	assert_non_null(strstr(text, "lvl=warn mod=m msg=\"two\"\n"));
	log_set_level(LOG_ERROR);
	assert_string_equal(captured(write_levels), "");
	assert_false(log_wants(LOG_WARN));
	assert_true(log_wants(LOG_ERROR));
	assert_true(log_level_parse("warn", &level));
	assert_int_equal(level, LOG_WARN);
	assert_false(log_level_parse("WARN", &level));
	assert_false(log_level_parse("", &level));
}

static void write_control(void)
{
	log_line(LOG_ERROR, "m", "forged\nline \"x\"", "k=%s",
		 "a\nts=1 \x1b[2J\xff");
}

static void test_one_line_whatever_is_in_it(void **state)
{
	(void)state;
	captured(write_control);
	assert_non_null(strstr(text,
			       "msg=\"forged\\nline \\\"x\\\"\" k=a\\nts=1 "
			       "\\x1b[2J\\xff\n"));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void write_long(void)
{
	char *big = calloc(1, 100001);

	assert_non_null(big);
	memset(big, 'x', 100000);
	log_line(LOG_ERROR, "m", "long", "k=%s", big);
	log_line(LOG_ERROR, "m", big, "k=%s", "v");
	free(big);
}

static void test_bounded(void **state)
{
	const char *end;

	(void)state;
	captured(write_long);
	end = strchr(text, '\n');
	assert_non_null(end);
	assert_true(end - text < 4096);
	assert_true(strlen(end + 1) < 4096);
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void write_repeats(void)
{
	for (int i = 0; i < 1000; i++) {
		log_line(LOG_WARN, "m", "again", "i=%d", i);
		if (i < 5)
			log_line(LOG_WARN, "m", "other", "i=%d", i);
	}
}

/* The last sums are told when a process ends. */
static void write_repeats_and_end(void)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		write_repeats();
		exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The second may turn once or more while this runs: then there are ten lines
 * for each, and sums for what was held back. Nothing is lost in any case. */
static void test_repeats_are_counted(void **state)
{
	unsigned long lines = 0, summed = 0;

	(void)state;
	captured(write_repeats_and_end);
	for (char *p = text; (p = strstr(p, "msg=\"again\"")); p++) {
		char *sum = strstr(p, " repeated=");

		if (sum && sum < strchr(p, '\n'))
			summed += strtoul(sum + 10, NULL, 10);
		else
			lines++;
	}
	assert_true(lines >= 10 && lines < 1000);
	assert_int_equal(lines % 10, 0);
	assert_int_equal(lines + summed, 1000);
	assert_non_null(strstr(text, "msg=\"other\" i=4\n"));
}

static void test_quote(void **state)
{
	static const struct {
		const char *s, *want;
	} cases[] = {
		{"plain", "plain"},
		{"a/b:c,d", "a/b:c,d"},
		{"", "\"\""},
		{NULL, "\"\""},
		{"a b", "\"a b\""},
		{"a=b", "\"a=b\""},
		{"a\"b\\", "\"a\\\"b\\\\\""},
		{"a\nb\tc\x01", "\"a\\nb\\tc\\x01\""},
		{"\xc3\xa9", "\xc3\xa9"},
		{"\xff", "\\xff"},
	};
	const char *first = log_quote("first");
	char big[1000];

	(void)state;
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(log_quote(cases[i].s), cases[i].want);
	assert_string_equal(first, "first"); /* eight live at a time */
	for (size_t i = 7; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(log_quote(cases[i].s), cases[i].want);
	memset(big, ' ', sizeof(big));
	big[sizeof(big) - 1] = 0;
	assert_int_equal(strlen(log_quote(big)), 255);
	assert_int_equal(log_quote(big)[254], '"');
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_line),
		CASE(test_levels),
		CASE(test_one_line_whatever_is_in_it),
		CASE(test_bounded),
		CASE(test_repeats_are_counted),
		CASE(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
