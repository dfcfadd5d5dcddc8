#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/base/progress.h"

static char text[4096];

/* Runs a whole bar with standard error in a file, `tty` faked. */
static const char *captured(bool tty, int64_t done, int64_t rows)
{
	int saved = dup(STDERR_FILENO);
	FILE *f = tmpfile();
	struct progress p;
	ssize_t n;

	assert_non_null(f);
	fflush(stderr);
	assert_true(dup2(fileno(f), STDERR_FILENO) >= 0);
	progress_start(&p, "import", 1000);
	p.tty = tty;
	p.start_us = clock_mono_us() - 2 * US_PER_SEC;
	progress_update(&p, done, rows);
	progress_update(&p, done, rows); /* too soon for another frame */
	progress_end(&p);
	fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	n = pread(fileno(f), text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = 0;
	fclose(f);
	return text;
}

static void test_silent_without_terminal(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	assert_string_equal(captured(false, 500, 1), "");
}

static void test_a_frame(void **state)
{
	(void)state;
	captured(true, 500, 1234567);
	assert_non_null(strstr(
		text, "\rimport  [##########----------]  50 %  0.0 MB/s  "
		      "1,234,567 rows  left 00:0"));
	assert_int_equal(strncmp(text + strlen(text) - 4, "\r\033[K", 4), 0);
	assert_null(strstr(strstr(text, "import") + 1, "import"));
	assert_null(strchr(text, '\n'));
}

static void test_odd_numbers(void **state)
{
	(void)state;
	captured(true, 5000, 0); /* more than there was said to be */
	assert_non_null(strstr(text, "[####################] 100 %"));
	/* Without rows nobody says that it were bytes either. */
	assert_non_null(strstr(text, "100 %  left "));
	assert_null(strstr(text, "rows"));
	assert_null(strstr(text, "MB/s"));
	captured(true, -1, 999);
	assert_non_null(strstr(text, "[--------------------]   0 %"));
	assert_non_null(strstr(text, " 999 rows"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silent_without_terminal),
		cmocka_unit_test(test_a_frame),
		cmocka_unit_test(test_odd_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
