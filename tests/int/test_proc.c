/* Running other programs. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/proc.h"
#include "tests/int/harness_int.h"

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static void assert_run(const struct proc *p, int code, const char *out,
		       const char *errors)
{
	struct proc_end end;
	struct err e = {"", ""};

	proc_end_init(&end);
	ASSERT_OK(proc_run(p, &end, &e), &e);
	assert_string_equal(buf_str(&end.out), out);
	assert_string_equal(buf_str(&end.err), errors);
	assert_int_equal(end.code, code);
	proc_end_release(&end);
}

static void streams(void **state)
{
	const struct proc both = {
		.argv = ARGV("sh", "-c", "echo out; echo err >&2; exit 7")};
	const struct proc cat = {.argv = ARGV("cat"), .input = STR("a\0b")};
	const struct proc nothing = {.argv = ARGV("cat")};
	struct proc_end end;
	struct err e;

	(void)state;
	assert_run(&both, 7, "out\n", "err\n");
	assert_run(&nothing, 0, "", "");
	proc_end_init(&end);
	ASSERT_OK(proc_run(&cat, &end, &e), &e);
	assert_int_equal(end.out.len, 3);
	assert_memory_equal(end.out.p, "a\0b", 3);
	proc_end_release(&end);
}

/* Nothing in an argument is special. */
static void arguments(void **state)
{
	const struct proc p = {
		.argv = ARGV("printf", "%s|", "$(id)", "a b", "\"", "", "*")};

	(void)state;
	assert_run(&p, 0, "$(id)|a b|\"||*|", "");
}

static void environment(void **state)
{
	const struct proc p = {
		.argv = ARGV("sh", "-c",
			     "echo \"$ONE,${TWO-none},${THREE-none},$FOUR\""),
		.env = ARGV("ONE=first", "TWO", "ONE=last", "FOUR="),
	};

	(void)state;
	setenv("TWO", "2", 1);
	unsetenv("THREE");
	setenv("FOUR", "4", 1);
	assert_run(&p, 0, "last,none,none,\n", "");
}

static void surroundings(void **state)
{
	const struct proc where = {.argv = ARGV("pwd"), .cwd = "/usr"};
	const struct proc files = {
		.argv = ARGV("sh", "-c", "echo /proc/self/fd/[3-9]*")};
	int fd = dup(1);

	(void)state;
	assert_run(&where, 0, "/usr\n", "");
	/* The only one is the folder that the shell itself reads. */
	assert_true(fd >= 3);
	assert_run(&files, 0, "/proc/self/fd/3\n", "");
	close(fd);
}

static void as_user(void **state)
{
	struct proc_user u;
	const struct proc p = {.argv = ARGV("id", "-un"), .user = &u};
	const struct proc groups = {.argv = ARGV("id", "-Gn"), .user = &u};

	(void)state;
	if (geteuid()) {
		print_message("only root can be other users\n");
		skip();
	}
	u = harness_user("nobody");
	assert_run(&p, 0, "nobody\n", "");
	assert_run(&groups, 0, "nogroup\n", ""); /* root's groups are gone */
}

static void cannot(void **state)
{
	const struct proc absent = {.argv = ARGV("no-such-program")};
	const struct proc folder = {.argv = ARGV("/usr")};
	const struct proc nowhere = {.argv = ARGV("true"), .cwd = "/nowhere"};
	struct proc_end end;
	struct err e;

	(void)state;
	proc_end_init(&end);
	assert_int_equal(proc_run(&absent, &end, &e), RC_BAD);
	ASSERT_CONTAINS(e.msg, "not found");
	assert_int_equal(proc_run(&folder, &end, &e), RC_BAD);
	ASSERT_CONTAINS(e.msg, "cannot run /usr");
	assert_int_equal(proc_run(&nowhere, &end, &e), RC_BAD);
	proc_end_release(&end);
}

static void ends(void **state)
{
	const struct proc signalled = {.argv = ARGV("sh", "-c", "kill -9 $$")};
	const struct proc slow = {.argv = ARGV("sleep", "600"),
				  .timeout_ms = 50};
	const struct proc bad = {
		.argv = ARGV("sh", "-c", "echo one >&2; echo two >&2; exit 3")};
	struct proc_end end;
	struct err e;

	(void)state;
	assert_run(&signalled, 128 + SIGKILL, "", "");
	proc_end_init(&end);
	assert_int_equal(proc_run(&slow, &end, &e), RC_DOWN);
	ASSERT_CONTAINS(e.msg, "sleep: process ");
	proc_end_release(&end);
	assert_int_equal(proc_must(&bad, &e), RC_DOWN);
	ASSERT_CONTAINS(e.msg, "exit code 3");
	ASSERT_CONTAINS(e.msg, ": two");
}

/* What is written beyond the maximum is cut off and does no harm. */
static void much_output(void **state)
{
	const struct proc p = {
		.argv = ARGV("sh", "-c",
			     "head -c 20000000 /dev/zero | tr '\\0' x")};
	struct proc_end end;
	struct err e;

	(void)state;
	proc_end_init(&end);
	ASSERT_OK(proc_run(&p, &end, &e), &e);
	assert_int_equal(end.code, 0);
	assert_int_equal(end.out.len, 16 << 20);
	proc_end_release(&end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams),     cmocka_unit_test(arguments),
		cmocka_unit_test(environment), cmocka_unit_test(surroundings),
		cmocka_unit_test(as_user),     cmocka_unit_test(cannot),
		cmocka_unit_test(ends),        cmocka_unit_test(much_output),
	};

	return harness_main_bare("proc", tests,
				 sizeof(tests) / sizeof(tests[0]));
}
