/* Whom the budgets are read for before the first call is let through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "ingest/budget_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

static struct budgets *make(void)
{
	struct budgets *b = xcalloc(1, sizeof(*b));

	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->cond, NULL);
	b->heard.tried = b->heard.connected = true;
	return b;
}

static void drop(struct budgets *b)
{
	pthread_cond_destroy(&b->cond);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static bool knows(struct budgets *b, const char *key, const char *agent,
		  int64_t since_us)
{
	const struct budget_subject s = {.key = str_from(key),
					 .agent = str_from(agent)};

	return budget_knows(b, &s, since_us);
}

/* Asked for once more, and then it is known for good. */
static void newcomers_wait_for_a_reading(void **state)
{
	struct budgets *b = make();

	(void)state;
	b->defs_us = 10;
	assert_false(knows(b, "k", "a", 11));
	assert_true(b->hurry);
	assert_false(knows(b, "k", "a", 11));
	b->defs_us = 11;
	assert_true(knows(b, "k", "a", 11));
	assert_true(knows(b, "k", "a", 99));
	assert_false(knows(b, "k", "b", 99));
	/* To no avail. */
	b->heard.connected = false;
	assert_true(knows(b, "k", "b", 99));
	b->heard.connected = true;
	assert_false(knows(b, "k", "b", 99));
	drop(b);
}

static void a_crowd_of_them_does_not(void **state)
{
	struct budgets *b = make();
	char name[16];
	int64_t since = 1;

	(void)state;
	for (int i = 0; i < NEW_MAX; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		b->new_us = clock_mono_us(); /* one second, however slow */
		assert_false(knows(b, "k", name, ++since));
		b->defs_us = since;
		assert_true(knows(b, "k", name, since));
	}
	b->hurry = false;
	b->new_us = clock_mono_us();
	assert_true(knows(b, "k", "one more", ++since));
	assert_false(b->hurry);
	/* A new key is always looked for. */
	assert_false(knows(b, "new", "a0", since));
	assert_true(b->hurry);
	b->defs_us = since;
	assert_true(knows(b, "new", "a0", since));
	/* The next second. */
	b->new_us -= US_PER_SEC;
	assert_false(knows(b, "k", "the next", ++since));
	drop(b);
}

/* More than there is room for: all are new again, none is lost. */
static void many_are_forgotten_together(void **state)
{
	struct budgets *b = make();
	char name[16];

	(void)state;
	b->defs_us = 1;
	for (int i = 0; i < 3 * KNOWN_MAX; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		assert_true(knows(b, "k", name, 1));
		assert_in_range(b->n_known, 1, KNOWN_MAX / 2);
	}
	drop(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newcomers_wait_for_a_reading),
		cmocka_unit_test(a_crowd_of_them_does_not),
		cmocka_unit_test(many_are_forgotten_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
