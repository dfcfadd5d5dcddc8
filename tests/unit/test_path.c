/* Folders and files: made, put in place, removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/path.h"

static char dir[] = "/tmp/aco-test-path-XXXXXX";

static char *in(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
	char *path = in(name);
	struct err e;

	assert_int_equal(path_replace(path, text, strlen(text), 0600, &e),
			 RC_OK);
	free(path);
}

static bool there(const char *name)
{
	char *path = in(name);
	bool yes = !access(path, F_OK);

	free(path);
	return yes;
}

static void test_remove(void **state)
{
	char *deep = in("a/b/c"), *a = in("a"), *link = in("a/link");
	char *kept = in("kept");
	struct err e;

	(void)state;
	put("kept", "mine");
	assert_int_equal(path_make(deep, 0700, &e), RC_OK);
	put("a/one", "1");
	put("a/b/c/two", "2");
	/* A link goes, and what it points to stays. */
	assert_int_equal(symlink(kept, link), 0);
	assert_int_equal(path_remove(a, &e), RC_OK);
	assert_false(there("a"));
	assert_true(there("kept"));
	/* What is not there is removed already. */
	assert_int_equal(path_remove(a, &e), RC_OK);
	assert_int_equal(path_remove(kept, &e), RC_OK);
	assert_false(there("kept"));
	free(deep);
	free(a);
	free(link);
	free(kept);
}

static void test_replace(void **state)
{
	char *path = in("file"), *nowhere = in("no/such/folder"), text[8];
	struct err e;
	FILE *f;

	(void)state;
	put("file", "old");
	put("file", "new");
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	assert_string_equal(text, "new");
	fclose(f);
	assert_int_equal(path_replace(nowhere, "x", 1, 0600, &e), RC_DOWN);
	assert_int_equal(path_remove(path, &e), RC_OK);
	free(path);
	free(nowhere);
}

/* Nothing takes the place of a device, of a pipe or of a link. */
static void test_no_file(void **state)
{
	char *file = in("kept"), *link = in("link"), *pipe = in("pipe");
	char text[8] = "";
	struct stat st;
	struct err e;
	int fd;

	(void)state;
	put("kept", "old");
	assert_int_equal(symlink("kept", link), 0);
	put("link", "new");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	fd = open(file, O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_memory_equal(text, "new", 3);
	close(fd);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	fd = open(pipe, O_RDWR);
	put("pipe", "it");
	assert_int_equal(read(fd, text, sizeof(text)), 2);
	close(fd);
	assert_int_equal(lstat(pipe, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(path_replace(dir, "x", 1, 0600, &e), RC_DOWN);
	assert_int_equal(path_remove(file, &e), RC_OK);
	assert_int_equal(path_remove(link, &e), RC_OK);
	assert_int_equal(path_remove(pipe, &e), RC_OK);
	free(file);
	free(link);
	free(pipe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_no_file),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
