/* Means with bounds over groups, quantiles against tables, and the hull. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "router/hull.h"
#include "router/stat.h"

static void near(double have, double want, double within)
{
	if (!(fabs(have - want) <= within))
		fail_msg("%.9g is not %.9g", have, want);
}

static void test_quantiles(void **state)
{
	(void)state;
	near(stat_normal(0.975), 1.959963985, 1e-7);
	near(stat_normal(0.5), 0, 1e-9);
	near(stat_normal(0.001), -3.090232306, 1e-7);
	near(stat_t(0.95, 1), 6.3138, 1e-3);
	near(stat_t(0.95, 2), 2.9200, 1e-3);
	near(stat_t(0.95, 3), 2.3534, 0.012);
	near(stat_t(0.975, 10), 2.2281, 1e-3);
	near(stat_t(0.95, 1000), 1.6464, 1e-3);
}

static void test_mean(void **state)
{
	static double v[400], w[400];
	static uint64_t group[400];
	struct stat_bound one, all, again;
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 400; i++) {
		v[i] = stat_uniform(&seed) < 0.3;
		w[i] = 1;
		group[i] = (uint64_t)i / 40;
	}
	stat_mean(v, w, NULL, 400, 500, 0.95, 1, &one);
	near(one.mean, 0.3, 0.08);
	near(one.mean - one.low, 1.645 * sqrt(0.21 / 400), 0.01);
	near(one.high - one.mean, 1.645 * sqrt(0.21 / 400), 0.01);
	assert_int_equal(one.groups, 400);
	stat_mean(v, w, NULL, 400, 500, 0.95, 1, &again);
	near(again.low, one.low, 0);
	/* All of a group the same: as many facts as there are groups. */
	for (int i = 0; i < 400; i++)
		v[i] = group[i] < 3;
	stat_mean(v, NULL, group, 400, 500, 0.95, 1, &all);
	assert_int_equal(all.groups, 10);
	near(all.mean, 0.3, 1e-9);
	assert_true(all.low < 0.06 && all.high > 0.54);
	/* One group says nothing; what is not finite is not there. */
	stat_mean(v, NULL, group, 40, 500, 0.95, 1, &all);
	assert_true(isinf(all.low) && isinf(all.high));
	near(all.mean, 1, 0);
	v[0] = NAN;
	w[1] = 0;
	stat_mean(v, w, NULL, 4, 500, 0.95, 1, &all);
	assert_int_equal(all.groups, 2);
	stat_mean(v, w, NULL, 0, 500, 0.95, 1, &all);
	assert_true(isnan(all.mean));
}

/* Over many samples of a known mean the bound fails about as often as said,
 * with few groups too. */
static void test_coverage(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (int groups = 5; groups <= 80; groups *= 4) {
		int above = 0;

		for (int s = 0; s < 1000; s++) {
			double v[80];
			struct stat_bound b;

			for (int i = 0; i < groups; i++)
				v[i] = stat_normal(stat_uniform(&seed) * 0.998 +
						   0.001);
			stat_mean(v, NULL, NULL, (size_t)groups, 200, 0.95,
				  (uint64_t)s, &b);
			above += b.low > 0;
		}
		assert_in_range(above, 20, 65);
	}
}

static void test_hull(void **state)
{
	struct hull_point p[] = {{4, 0.8, 4},   {1, 0.5, 1},  {2, 0.7, 2},
				 {3, 0.71, 3},  {2, 0.6, 5},  {9, 0.75, 6},
				 {NAN, 0.9, 7}, {0.5, NAN, 8}};
	struct hull_mix m;
	int n = hull_make(p, 8);

	(void)state;
	assert_int_equal(n, 3); /* 1, 2 and 4: 3 is below their line */
	assert_int_equal(p[0].arm, 1);
	assert_int_equal(p[1].arm, 2);
	assert_int_equal(p[2].arm, 4);
	assert_true(hull_at_success(p, n, 0.75, &m));
	assert_int_equal(m.low, 2);
	assert_int_equal(m.high, 4);
	near(m.high_share, 0.5, 1e-9);
	near(m.cost, 3, 1e-9);
	near(m.slope, 0.05, 1e-9);
	assert_true(hull_at_success(p, n, 0.7, &m));
	assert_int_equal(m.high, 2);
	near(m.high_share, 0, 0);
	near(m.slope, 0.05, 1e-9);
	assert_true(hull_at_success(p, n, 0.1, &m));
	assert_int_equal(m.low, 1);
	assert_false(hull_at_success(p, n, 0.9, &m));
	assert_int_equal(m.low, 4);
	near(m.slope, 0, 0);
	assert_true(hull_at_cost(p, n, 1.5, &m));
	near(m.success, 0.6, 1e-9);
	assert_true(hull_at_cost(p, n, 2, &m));
	assert_int_equal(m.high, 2);
	assert_true(hull_at_cost(p, n, 100, &m));
	assert_int_equal(m.low, 4);
	assert_false(hull_at_cost(p, n, 0.5, &m));
	assert_int_equal(m.low, 1);
	assert_int_equal(hull_make(p, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_mean),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_hull),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
