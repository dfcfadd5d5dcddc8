/* The derived block: neighbours as a plain search finds them, rates as a
 * plain mean, nothing that is not known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "router/derive.h"

#define FEATURES 7
#define PROTOS   203
#define CLUSTERS 3

static float centre[FEATURES], map[DERIVE_DIMS * FEATURES];
static float point[DERIVE_DIMS * PROTOS], rate[PROTOS * TIERS];
static float weight[PROTOS], mid[CLUSTERS * DERIVE_DIMS];
static float cluster_rate[CLUSTERS * TIERS];
static struct derive_tables t = {FEATURES, PROTOS,      CLUSTERS, centre,
				 map,      point,       rate,     weight,
				 mid,      cluster_rate};

static float rnd(void)
{
	static uint32_t s = 9;

	s = s * 1664525 + 1013904223;
	return (float)(s >> 8) / (float)(1 << 24);
}

static void fill(float *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = rnd();
}

static int set_up(void **state)
{
	(void)state;
	fill(centre, FEATURES);
	fill(map, DERIVE_DIMS * FEATURES);
	fill(rate, PROTOS * TIERS);
	fill(weight, PROTOS);
	fill(mid, CLUSTERS * DERIVE_DIMS);
	fill(cluster_rate, CLUSTERS * TIERS);
	for (int i = 0; i < PROTOS; i++) {
		float x[FEATURES], place[DERIVE_DIMS];

		for (int j = 0; j < FEATURES; j++)
			x[j] = rnd() * 10;
		derive_place(&t, x, place);
		for (int d = 0; d < DERIVE_DIMS; d++)
			point[d * PROTOS + i] = place[d];
		if (i % 4 == 0)
			rate[i * TIERS + 2] = NAN;
		rate[i * TIERS + 4] = NAN;
	}
	return 0;
}

static double square(int i, const float *place)
{
	double sum = 0;

	for (int d = 0; d < DERIVE_DIMS; d++) {
		double a = (double)point[d * PROTOS + i] - (double)place[d];

		sum += a * a;
	}
	return sum;
}

/* The mean over those that fewer than DERIVE_NEAR others are nearer than. */
static double plain(const float *place, int tier, int skip)
{
	double sum = 0, all = 0;

	for (int i = 0; i < PROTOS; i++) {
		int nearer = 0;
		double w = (double)weight[i] / (1 + square(i, place));

		for (int k = 0; k < PROTOS; k++)
			nearer += k != skip &&
				  square(k, place) < square(i, place);
		if (i == skip || nearer >= DERIVE_NEAR ||
		    isnan(rate[i * TIERS + tier]))
			continue;
		sum += w * (double)rate[i * TIERS + tier];
		all += w;
	}
	return sum / all;
}

static void test_near(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		float x[FEATURES], place[DERIVE_DIMS], out[FEATURE_DERIVED];
		int skip = round % 2 ? round * 7 : -1;

		for (int j = 0; j < FEATURES; j++)
			x[j] = rnd() * 10;
		derive_place(&t, x, place);
		derive(&t, x, NULL, 0, skip, out);
		for (int tier = 0; tier < TIERS - 1; tier++)
			assert_true(fabs((double)out[11 + tier] -
					 plain(place, tier, skip)) < 1e-4);
		assert_true(isnan(out[15]));
		assert_true(out[16] > 0);
	}
}

static void test_same_again(void **state)
{
	float x[FEATURES] = {1, 2, 3, 4, 5, 6, 7}, a[FEATURE_DERIVED],
	      b[FEATURE_DERIVED];
	float own[TIERS] = {0.1F, 0.2F, NAN, 0.4F, 0.5F};

	(void)state;
	derive(&t, x, own, 15, -1, a);
	derive(&t, x, own, 15, -1, b);
	assert_memory_equal(a, b, sizeof(a));
	for (int i = 0; i < TIERS; i++)
		assert_memory_equal(&a[i], &own[i], sizeof(float));
	assert_true(fabs((double)a[5] - log1p(15)) < 1e-6);
}

static void test_unknown(void **state)
{
	struct derive_tables none = {.features = FEATURES};
	float x[FEATURES] = {NAN, INFINITY, -INFINITY, -5, 1e30F, 0, -1};
	float out[FEATURE_DERIVED], place[DERIVE_DIMS];
	char name[FEATURE_NAME], other[FEATURE_NAME];

	(void)state;
	derive(&none, x, NULL, -3, -1, out);
	for (int i = 0; i < FEATURE_DERIVED; i++)
		assert_true(i == 5 ? out[i] <= 0 : isnan(out[i]));
	derive(&t, NULL, NULL, 3, -1, out);
	assert_true(isnan(out[11]) && out[5] > 0);
	derive_place(&t, x, place);
	for (int d = 0; d < DERIVE_DIMS; d++)
		assert_true(isfinite(place[d]));
	for (int i = 1; i < FEATURE_DERIVED; i++)
		assert_string_not_equal(derive_name(i, name),
					derive_name(i - 1, other));
	assert_string_equal(derive_name(12, name), "near_t2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
