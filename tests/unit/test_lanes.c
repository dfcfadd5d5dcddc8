/* Calls at once to each provider, over processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/lanes.h"
#include "ledger/base/buf.h"

static void a_limit_counts_all_workers(void **state)
{
	struct lanes *l = lanes_new(3);
	int a = lanes_of(l, "openai"), b = lanes_of(l, "local");

	(void)state;
	assert_int_equal(lanes_workers(l), 3);
	assert_int_not_equal(a, b);
	assert_int_equal(lanes_of(l, "openai"), a);
	assert_true(lanes_take(l, a, 0, 2));
	assert_true(lanes_take(l, a, 2, 2));
	assert_false(lanes_take(l, a, 1, 2));
	assert_int_equal(lanes_taken(l, a), 2);
	assert_true(lanes_take(l, b, 1, 2));
	lanes_give(l, a, 2);
	assert_true(lanes_take(l, a, 1, 2));
	assert_false(lanes_take(l, a, 0, 2));
	/* Without a limit; and one that came later counts those, too. */
	assert_true(lanes_take(l, a, 0, 0));
	assert_false(lanes_take(l, a, 0, 3));
	assert_true(lanes_take(l, a, 0, 4));
	lanes_free(l);
}

static void who_ends_holds_nothing(void **state)
{
	struct lanes *l = lanes_new(2);
	int a = lanes_of(l, "x");

	(void)state;
	assert_true(lanes_take(l, a, 0, 3));
	assert_true(lanes_take(l, a, 1, 3));
	assert_true(lanes_take(l, a, 1, 3));
	lanes_wait(l, a, 1, 7, 5);
	assert_int_equal(lanes_waiting(l, a), 7);
	assert_true(lanes_behind(l, a, 0, 6));
	lanes_gone(l, 1);
	lanes_gone(l, 2); /* no worker's */
	lanes_gone(l, -1);
	assert_int_equal(lanes_taken(l, a), 1);
	assert_int_equal(lanes_waiting(l, a), 0);
	assert_false(lanes_behind(l, a, 0, 6));
	lanes_free(l);
}

/* Only what others wait for, there, and since before then. */
static void who_waits_for_longer_is_known(void **state)
{
	struct lanes *l = lanes_new(3);
	int a = lanes_of(l, "x"), b = lanes_of(l, "y");

	(void)state;
	assert_false(lanes_behind(l, a, 0, INT64_MAX));
	lanes_wait(l, a, 2, 4, 1000);
	assert_true(lanes_behind(l, a, 0, 1001));
	assert_true(lanes_behind(l, a, 1, 1001));
	assert_false(lanes_behind(l, a, 0, 1000));
	assert_false(lanes_behind(l, a, 2, 1001));
	assert_false(lanes_behind(l, b, 0, 1001));
	lanes_wait(l, a, 1, 1, 900);
	assert_true(lanes_behind(l, a, 2, 1000));
	lanes_wait(l, a, 1, 0, 0);
	assert_false(lanes_behind(l, a, 2, 1000));
	lanes_free(l);
}

static void names_beyond_the_last_share_it(void **state)
{
	struct lanes *l = lanes_new(1);
	char name[200];

	(void)state;
	for (int i = 0; i < LANES_MAX; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_int_equal(lanes_of(l, name), i);
	}
	assert_int_equal(lanes_of(l, "one more"), LANES_MAX - 1);
	assert_int_equal(lanes_of(l, "p0"), 0);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(lanes_of(l, name), LANES_MAX - 1);
	lanes_free(l);
}

static void metrics_are_by_name(void **state)
{
	struct lanes *l = lanes_new(2);
	int a = lanes_of(l, "openai"), b = lanes_of(l, "o\"d\\d\n");
	struct buf out;

	(void)state;
	assert_true(lanes_take(l, a, 0, 5));
	assert_true(lanes_take(l, a, 1, 5));
	assert_true(lanes_take(l, b, 1, 0));
	lanes_wait(l, a, 0, 3, 1);
	buf_init(&out, 1 << 16);
	lanes_print(l, &out);
	assert_non_null(strstr(buf_str(&out),
			       "aco_provider_calls{provider=\"openai\"} 2\n"));
	assert_non_null(
		strstr(buf_str(&out),
		       "aco_provider_calls{provider=\"o\\\"d\\\\d_\"} 1\n"));
	assert_non_null(
		strstr(buf_str(&out),
		       "aco_provider_calls_limit{provider=\"openai\"} 5\n"));
	assert_null(strstr(buf_str(&out), "_limit{provider=\"o\\"));
	assert_non_null(strstr(buf_str(&out),
			       "aco_provider_waiting{provider=\"openai\"} 3"));
	buf_release(&out);
	lanes_free(l);
}

/* Many processes at once: between take and give no more than three are there,
 * by a count of their own, and all come to their turns. */
static void never_more_than_that(void **state)
{
	enum {
		WORKERS = 6,
		ROUNDS = 3000,
		MAX = 3
	};
	struct lanes *l = lanes_new(WORKERS);
	int *inside = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int a = lanes_of(l, "x"), status, bad = 0;

	(void)state;
	for (int w = 0; w < WORKERS; w++) {
		if (fork())
			continue;
		for (int n = 0; n < ROUNDS;) {
			if (!lanes_take(l, a, w, MAX)) {
				usleep((useconds_t)(w * 7 + 1));
				continue;
			}
			if (__atomic_add_fetch(inside, 1, __ATOMIC_SEQ_CST) >
			    MAX)
				_exit(1);
			__atomic_sub_fetch(inside, 1, __ATOMIC_SEQ_CST);
			lanes_give(l, a, w);
			n++;
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		bad += status != 0;
	assert_int_equal(bad, 0);
	assert_int_equal(lanes_taken(l, a), 0);
	munmap(inside, 4096);
	lanes_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_counts_all_workers),
		cmocka_unit_test(who_ends_holds_nothing),
		cmocka_unit_test(who_waits_for_longer_is_known),
		cmocka_unit_test(names_beyond_the_last_share_it),
		cmocka_unit_test(metrics_are_by_name),
		cmocka_unit_test(never_more_than_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
