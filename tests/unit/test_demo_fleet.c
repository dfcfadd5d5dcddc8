/* The invented fleet: chance that is always the same, and who is chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "ingest/demo.h"

static void test_same_seed(void **state)
{
	struct demo_rng a, b, c;

	(void)state;
	demo_rng_init(&a, 7, "task", 3);
	demo_rng_init(&b, 7, "task", 3);
	demo_rng_init(&c, 8, "task", 3);
	for (int i = 0; i < 100; i++) {
		struct demo_task x, y;

		demo_task_draw(&x, &a);
		demo_task_draw(&y, &b);
		assert_ptr_equal(x.c, y.c);
		assert_ptr_equal(x.prompt, y.prompt);
		assert_string_equal(x.agent, y.agent);
		assert_true(x.difficulty == y.difficulty);
		assert_in_range(x.steps, x.c->steps_min, x.c->steps_max);
		assert_true(x.difficulty > 0 && x.difficulty < 1);
	}
	demo_rng_init(&a, 7, "task", 3);
	assert_true(demo_u64(&a) != demo_u64(&c));
	demo_rng_init(&a, 7, "task", 3);
	demo_rng_init(&b, 7, "task", 4);
	assert_true(demo_u64(&a) != demo_u64(&b));
	demo_rng_init(&a, 7, "task", 3);
	demo_rng_init(&b, 7, "day", 3);
	assert_true(demo_u64(&a) != demo_u64(&b));
}

static void test_every_class_comes(void **state)
{
	int seen[16] = {0};
	struct demo_rng r;

	(void)state;
	assert_in_range(demo_n_classes, 1, 16);
	demo_rng_init(&r, 1, "all", 0);
	for (int i = 0; i < 2000; i++) {
		struct demo_task t;

		demo_task_draw(&t, &r);
		seen[t.c - demo_classes]++;
	}
	for (int i = 0; i < demo_n_classes; i++)
		assert_true(seen[i] > 0);
}

static void test_models(void **state)
{
	int nano = demo_cheapest("openai", 0, 0.05, 0.5);
	int best = demo_strongest("openai");

	(void)state;
	/* What is easy goes to the cheapest, what nobody can to the best. */
	assert_int_equal(demo_models[nano].tier, 1);
	assert_int_equal(demo_cheapest("openai", 0, 0.99, 0.99), best);
	assert_true(demo_models[demo_cheapest("openai", 4, 0.05, 0.5)].tier >=
		    4);
	assert_int_equal(demo_strongest("nobody's"), -1);
	/* Never to another protocol, never beyond the strongest. */
	for (int i = 0; i < demo_n_models; i++) {
		int up = demo_stronger(i, 2);

		if (up < 0) {
			assert_int_equal(
				i, demo_strongest(demo_models[i].protocol));
			continue;
		}
		assert_string_equal(demo_models[up].protocol,
				    demo_models[i].protocol);
		assert_true(demo_models[up].strength > demo_models[i].strength);
	}
}

static void test_mock(void **state)
{
	struct mock_conf c;

	(void)state;
	demo_mock_conf(&c, 5);
	assert_int_equal(c.seed, 5);
	assert_int_equal(c.n_strength, demo_n_models);
	for (int i = 0; i < demo_n_models; i++)
		assert_true(mock_strength(&c, str_from(demo_models[i].name)) ==
			    demo_models[i].strength);
}

static void test_tools(void **state)
{
	const char *command;

	(void)state;
	assert_string_equal(demo_tool("verify", &command), "Bash");
	assert_non_null(command);
	assert_string_equal(demo_tool("edit", &command), "Edit");
	assert_null(command);
	assert_null(demo_tool("plan", &command));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_seed),
		cmocka_unit_test(test_every_class_comes),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_mock),
		cmocka_unit_test(test_tools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
