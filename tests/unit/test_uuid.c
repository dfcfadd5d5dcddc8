#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/clock.h"
#include "ledger/base/uuid.h"

static int interrupts; /* that many answers to come are cut short */

/* In place of libc's: as before Linux 5.18, where signals end it early. */
ssize_t getrandom(void *p, size_t n, unsigned flags)
{
	if (interrupts > 0 && interrupts-- % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	if (interrupts > 0 && n > 7)
		n = 7;
	return (ssize_t)syscall(SYS_getrandom, p, n, flags);
}

static void test_v7_layout(void **state)
{
	struct uuid u;

	(void)state;
	clock_fix(0x0123456789abLL * 1000 + 500);
	u = uuid_v7();
	clock_fix(TIME_NONE);
	assert_memory_equal(u.b, "\x01\x23\x45\x67\x89\xab", 6);
	assert_int_equal(u.b[6] >> 4, 7);                    /* version */
	assert_int_equal(u.b[8] >> 6, 2);                    /* variant */
	assert_int_equal((u.b[6] & 15) << 8 | u.b[7], 2048); /* half a ms */
}

static void test_v7_sorts_by_time(void **state)
{
	struct uuid last = uuid_v7();

	(void)state;
	for (int64_t us = 1; us < 3000; us++) {
		struct uuid u;

		clock_fix(INT64_C(4000000000000000) + us);
		u = uuid_v7();
		assert_true(uuid_cmp(last, u) < 0);
		last = u;
	}
	clock_fix(TIME_NONE);
}

static void test_v7_differs(void **state)
{
	struct uuid a, b;

	(void)state;
	clock_fix(1000);
	a = uuid_v7();
	for (int i = 0; i < 1000; i++) {
		b = uuid_v7();
		assert_false(uuid_eq(a, b));
	}
	clock_fix(TIME_NONE);
}

/* A child must not repeat its parent's ids. */
static void test_v7_differs_after_fork(void **state)
{
	struct uuid mine, childs;
	int fd[2], status;
	pid_t pid;

	(void)state;
	clock_fix(1000);
	uuid_v7();
	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		mine = uuid_v7();
		_exit(write(fd[1], &mine, sizeof(mine)) != sizeof(mine));
	}
	mine = uuid_v7();
	assert_int_equal(read(fd[0], &childs, sizeof(childs)), 16);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(uuid_eq(mine, childs));
	close(fd[0]);
	close(fd[1]);
	clock_fix(TIME_NONE);
}

static void test_v7_through_signals(void **state)
{
	struct uuid last = {{0}};

	(void)state;
	interrupts = 99;
	for (int i = 0; i < 1000; i++) {
		struct uuid u = uuid_v7();

		assert_memory_not_equal(u.b + 8, last.b + 8, 8);
		last = u;
	}
	assert_int_equal(interrupts, 0);
}

static void test_text(void **state)
{
	static const char text[] = "0190a1b2-c3d4-7e5f-8a6b-0c1d2e3fabcd";
	struct uuid u, v;
	char buf[UUID_TEXT];

	(void)state;
	assert_true(uuid_parse(STR(text), &u));
	assert_string_equal(uuid_format(u, buf), text);
	assert_true(uuid_parse(STR("0190A1B2C3D47E5F8A6B0C1D2E3FABCD"), &v));
	assert_true(uuid_eq(u, v));
	assert_false(uuid_is_nil(u));
	memset(&u, 0, sizeof(u));
	assert_true(uuid_is_nil(u));
	assert_string_equal(uuid_format(u, buf),
			    "00000000-0000-0000-0000-000000000000");
}

static void test_parse_refuses(void **state)
{
	static const char *const cases[] = {
		"",
		"0190a1b2-c3d4-7e5f-8a6b-0c1d2e3fabc",
		"0190a1b2-c3d4-7e5f-8a6b-0c1d2e3fabcde",
		"0190a1b2-c3d4-7e5f-8a6b-0c1d2e3fabcg",
		"0190a1b2xc3d4-7e5f-8a6b-0c1d2e3fabcd",
		"0190a1b2c3d47e5f8a6b0c1d2e3fabc-",
		"{190a1b2-c3d4-7e5f-8a6b-0c1d2e3fabc}",
		"0190a1b2c-3d4-7e5f-8a6b-0c1d2e3fabcd"};
	struct uuid u;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_false(uuid_parse(str_from(cases[i]), &u));
	assert_false(uuid_parse(STR_NONE, &u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v7_layout),
		cmocka_unit_test(test_v7_sorts_by_time),
		cmocka_unit_test(test_v7_differs),
		cmocka_unit_test(test_v7_differs_after_fork),
		cmocka_unit_test(test_v7_through_signals),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_parse_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
