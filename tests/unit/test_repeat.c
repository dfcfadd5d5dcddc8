/* Repeated runs: a correlation that was put in is found again, and moments are
 * those of the distribution; best_of over recorded runs is what drawing them
 * comes to. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "router/repeat.h"
#include "router/stat.h"

static uint64_t seed = 7;

/* A draw of beta(a, 1 - a), by Johnk. */
static double beta(double a)
{
	for (;;) {
		double x = pow(stat_uniform(&seed), 1 / a);
		double y = pow(stat_uniform(&seed), 1 / (1 - a));

		if (x + y <= 1 && x + y > 0)
			return x / (x + y);
	}
}

/* beta(a, 1 - a) has correlation 1/2. */
static void found_again(void **state)
{
	double shared = 0, all = 0;

	(void)state;
	for (int arm = 0; arm < 2; arm++) {
		struct repeat_sum s = {0};

		for (int t = 0; t < 4000; t++) {
			double p = beta(arm ? 0.3 : 0.8);
			int runs = 2 + t % 4, good = 0;

			for (int i = 0; i < runs; i++)
				good += stat_uniform(&seed) < p;
			repeat_add(&s, good, runs);
		}
		repeat_add(&s, 1, 1); /* says nothing */
		assert_true(fabs(s.n - 4000) < 0.5);
		repeat_parts(&s, &shared, &all);
	}
	assert_true(fabs(shared / all - 0.5) < 0.03);
}

static void edges(void **state)
{
	struct repeat_sum s = {0};
	double shared = 0, all = 0;

	(void)state;
	repeat_parts(&s, &shared, &all);
	repeat_add(&s, 2, 2);
	repeat_parts(&s, &shared, &all);
	assert_true(all >= 0 && all <= 0 && shared >= 0 && shared <= 0);
	/* always the same: wholly shared */
	for (int t = 0; t < 100; t++)
		repeat_add(&s, t % 2 * 3, 3);
	repeat_parts(&s, &shared, &all);
	assert_true(fabs(shared / all - 1) < 0.02);
}

static void moments(void **state)
{
	double two, three;

	(void)state;
	repeat_moments(0.5, 0.5, &two, &three); /* beta(1/2, 1/2) */
	assert_true(fabs(two - 0.375) < 1e-9);
	assert_true(fabs(three - 0.3125) < 1e-9);
	repeat_moments(0.7, 1, &two, &three);
	assert_true(fabs(two - 0.7) < 1e-3 && fabs(three - 0.7) < 1e-3);
	repeat_moments(0.7, 0, &two, &three);
	assert_true(fabs(two - 0.49) < 1e-3 && fabs(three - 0.343) < 1e-3);
	for (int i = 0; i <= 10; i++)
		for (int k = 0; k <= 10; k++) {
			repeat_moments(i / 10.0, k / 10.0, &two, &three);
			assert_true(three >= 0 && three <= two + 1e-12);
			assert_true(two <= i / 10.0 + 1e-12);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_again),
		cmocka_unit_test(edges),
		cmocka_unit_test(moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
