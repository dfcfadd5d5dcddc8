/* What forests are shown: neighbours, the tail of a row, costs in units. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "router/input.h"

static const float mean[2] = {10, 0}, inv[2] = {0.5F, 1};
static const float centre[5 * 2] = {0, 0, 1, 0, -1, 0, 0, 3, 4, 4};
static const float rate[5 * 2] = {0.5F, 1, 0.6F, 0, 0.7F, 0, 0.8F, 0, 0.9F, 0};
static const float seen[5 * 2] = {3, 1, 3, 1, 3, 1, 3, 1, 3, 1};
static const struct protos protos = {
	.n = 5,
	.features = 2,
	.arms = 2,
	.mean = mean,
	.inv = inv,
	.centre = centre,
	.rate = rate,
	.seen = seen,
};

static void test_near(void **state)
{
	float x[2] = {12, 0};
	struct near near;
	float sum = 0;

	(void)state;
	protos_near(&protos, x, &near);
	assert_int_equal(near.n, 4);
	assert_int_equal(near.at[0], 1);
	assert_int_equal(near.at[1], 0);
	assert_int_equal(near.at[2], 2);
	assert_int_equal(near.at[3], 3);
	for (int i = 0; i < 4; i++)
		sum += near.weight[i];
	assert_float_equal(sum, 1, 1e-6);
	/* Beyond four deviations a value is cut; a missing one is the mean. */
	x[0] = 1e30F;
	x[1] = 1e30F;
	protos_near(&protos, x, &near);
	assert_int_equal(near.at[0], 4);
	x[0] = NAN;
	x[1] = 3;
	protos_near(&protos, x, &near);
	assert_int_equal(near.at[0], 3);
	protos_near(&protos, NULL, &near);
	assert_int_equal(near.n, 0);
	protos_near(&(struct protos){.n = 0}, x, &near);
	assert_int_equal(near.n, 0);
}

static void test_tail(void **state)
{
	float x[2] = {12, 0}, out[INPUT_TAIL];
	struct near near;

	(void)state;
	protos_near(&protos, x, &near);
	input_tail(out, 0.25F, 7, &protos, &near, 0);
	assert_float_equal(out[INPUT_CLASS_RATE], 0.25, 0);
	assert_float_equal(out[INPUT_CLASS_SEEN], 3, 0);
	assert_true(out[INPUT_NEAR_RATE] > 0.5F && out[INPUT_NEAR_RATE] < 0.8F);
	assert_float_equal(out[INPUT_NEAR_SEEN], 2, 1e-6);
	input_tail(out, 0.25F, 7, &protos, &near, 1);
	assert_float_equal(out[INPUT_NEAR_RATE], near.weight[1], 1e-6);
	near.n = 0;
	input_tail(out, 0.25F, 7, &protos, &near, 1);
	assert_true(isnan(out[INPUT_NEAR_RATE]) && isnan(out[INPUT_NEAR_SEEN]));
}

static void test_cost(void **state)
{
	float thousand = logf(1000);

	(void)state;
	assert_float_equal(input_blended_fusd(1000, 5000), 2000, 0);
	assert_float_equal(input_blended_fusd(-1, 5000), 0, 0);
	/* A thousand tokens at 2000 femto-dollars are 2000 pico-dollars. */
	assert_in_range(input_cost_pusd(thousand, 2000, 0), 1999, 2001);
	assert_in_range(input_cost_pusd(thousand, 2000, 4000), 3998, 4002);
	assert_in_range(input_cost_pusd(thousand, 1, 4000), 1, 1);
	assert_int_equal(input_cost_pusd(NAN, 2000, 0), 0);
	assert_true(input_cost_pusd(1000, 2000, 0) == INT64_MAX);
	assert_int_equal(input_cost_pusd(-1000, 2000, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
