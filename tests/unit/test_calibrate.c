/* Isotonic steps, calibration error, Brier skill, and Clopper-Pearson bounds
 * against values of published tables and closed forms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "router/calibrate.h"

static void near(double have, double want, double within)
{
	if (!(fabs(have - want) <= within))
		fail_msg("%.9g is not %.9g", have, want);
}

static void test_pool(void **state)
{
	/* 3 before 1: one block with the mean 2; the rest stays. */
	static const float x[] = {1, 2, 3, 4, 5}, y[] = {0, 3, 1, 4, 5};
	static const float w[] = {1, 1, 3, 1, 1};
	struct calibration c;

	(void)state;
	calibrate_fit(&c, x, y, NULL, 5, 0);
	assert_int_equal(c.n, 4);
	near((double)c.x[1], 2.5, 1e-6);
	near((double)c.y[1], 2, 1e-6);
	near((double)calibrate(&c, 0), 0, 0);
	near((double)calibrate(&c, 9), 5, 0);
	near((double)calibrate(&c, 1.75F), 1, 1e-6); /* between two means */
	near((double)calibrate(&c, 4), 4, 1e-6);
	assert_true(isnan(calibrate(&c, NAN)));
	calibrate_fit(&c, x, y, w, 5, 0);
	near((double)c.y[1], 1.5, 1e-6);
	near((double)c.x[1], 2.75, 1e-6);
}

static void test_ties_and_gaps(void **state)
{
	static const float x[] = {2, 2, 2, NAN, 1, 3},
			   y[] = {0, 1, 1, 1, NAN, 1};
	static const float falling[] = {5, 4, 3, 2, 1, 0};
	static const float rising[] = {0, 1, 2, 3, 4, 5};
	struct calibration c;

	(void)state;
	/* Equal scores have one value; what is not a number is not there. */
	calibrate_fit(&c, x, y, NULL, 6, 0);
	assert_int_equal(c.n, 2);
	near((double)c.y[0], 2.0 / 3, 1e-6);
	/* Nothing but violations: the mean. */
	calibrate_fit(&c, rising, falling, NULL, 6, 0);
	assert_int_equal(c.n, 1);
	near((double)calibrate(&c, -7), 2.5, 1e-6);
	/* Nothing at all: the identity. */
	calibrate_fit(&c, NULL, NULL, NULL, 0, 0);
	assert_int_equal(c.n, 0);
	near((double)calibrate(&c, 0.3F), 0.3, 1e-6);
}

static void test_thin(void **state)
{
	static float x[1000], y[1000];
	struct calibration c;

	(void)state;
	for (int i = 0; i < 1000; i++)
		x[i] = y[i] = (float)i / 1000;
	calibrate_fit(&c, x, y, NULL, 1000, 0);
	assert_in_range(c.n, 30, CALIBRATION_MAX);
	for (int i = 0; i < 1000; i++)
		near((double)calibrate(&c, x[i]), (double)y[i], 0.03);
	for (int i = 1; i < c.n; i++)
		assert_true(c.x[i] > c.x[i - 1] && c.y[i] >= c.y[i - 1]);
	calibrate_fit(&c, x, y, NULL, 1000, 300);
	assert_in_range(c.n, 2, 3);
	calibrate_fit(&c, x, y, NULL, 1000, 5000);
	assert_int_equal(c.n, 1);
}

static void test_ece(void **state)
{
	static const float p[] = {0.1F, 0.9F, 0.1F, 0.9F};
	static const float y[] = {0, 1, 0, 1}, half[] = {0, 0, 1, 1};
	static const float mid[] = {0.5F, 0.5F, 0.5F, 0.5F};

	(void)state;
	near(calibrate_ece(p, y, 4, 2), 0.1, 1e-6);
	near(calibrate_ece(p, half, 4, 2), 0.4, 1e-6);
	near(calibrate_ece(p, half, 4, 1), 0, 1e-6);
	near(calibrate_ece(mid, half, 4, 1), 0, 1e-6);
	near(calibrate_ece(p, y, 0, 15), 0, 0);
	/* Rows of equal scores, in whatever order. */
	near(calibrate_ece(mid, half, 4, 2), 0, 1e-6);
	near(calibrate_ece(mid, y, 4, 4), 0, 1e-6);
	/* More bins than rows: some are empty. */
	near(calibrate_ece(p, y, 4, 15), 0.1, 1e-6);
}

static void test_brier(void **state)
{
	static const float p[] = {0.2F, 0.8F}, y[] = {0, 1};
	static const float ref[] = {0.5F, 0.5F}, nan_[] = {NAN, 0.5F};

	(void)state;
	near(calibrate_brier_skill(p, ref, y, 2), 1 - 0.04 / 0.25, 1e-6);
	near(calibrate_brier_skill(ref, ref, y, 2), 0, 1e-6);
	assert_true(calibrate_brier_skill(ref, p, y, 2) < 0);
	near(calibrate_brier_skill(p, nan_, y, 2), 1 - 0.04 / 0.25, 1e-6);
	assert_true(isinf(calibrate_brier_skill(p, y, y, 2)));
	near(calibrate_brier_skill(y, y, y, 2), 0, 0);
}

static void test_bounds(void **state)
{
	(void)state;
	/* Closed forms: no success, all successes. */
	near(bound_upper(0, 10, 0.95), 1 - pow(0.05, 0.1), 1e-12);
	near(bound_lower(10, 10, 0.95), pow(0.05, 0.1), 1e-12);
	near(bound_upper(0, 1, 0.95), 0.95, 1e-12);
	/* The two-sided 95 % intervals of 5 in 10 and of 10 in 100. */
	near(bound_lower(5, 10, 0.975), 0.187086, 1e-6);
	near(bound_upper(5, 10, 0.975), 0.812914, 1e-6);
	near(bound_lower(10, 100, 0.975), 0.049005, 1e-6);
	near(bound_upper(10, 100, 0.975), 0.176223, 1e-6);
	/* One is the mirror of the other. */
	near(bound_lower(3, 50, 0.9), 1 - bound_upper(47, 50, 0.9), 1e-12);
	near(bound_upper(10, 10, 0.95), 1, 0);
	near(bound_lower(0, 10, 0.95), 0, 0);
	near(bound_upper(0, 0, 0.95), 1, 0);
	near(bound_lower(0, 0, 0.95), 0, 0);
	/* Large counts: about the normal approximation. */
	near(bound_upper(100000, 1000000, 0.95),
	     0.1 + 1.6449 * sqrt(0.09 / 1e6), 1e-5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_ties_and_gaps),
		cmocka_unit_test(test_thin),
		cmocka_unit_test(test_ece),
		cmocka_unit_test(test_brier),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
