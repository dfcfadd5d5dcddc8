/* Drift of features: the same population hardly ever looks like another, and
 * another one does. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "router/spread.h"
#include "router/stat.h"

#define FEATURES 40
#define LEARNT   813
#define MOST     2000

/* Counts, shares, flags, and a few that never vary. */
static float value(int feature, double moved, uint64_t *r)
{
	double u = stat_uniform(r), v = stat_uniform(r);

	switch (feature % 5) {
	case 0:
		return (float)(int)(-20 * log(1 - u) * (1 + 2 * moved));
	case 1:
		return (float)fmin(1, u * v + moved * 0.5);
	case 2:
		return u < 0.02 + 0.4 * moved ? 1 : 0;
	case 3:
		return u < 0.5 ? -1 : (float)(int)(5 * v * v + 3 * moved);
	default:
		return 7;
	}
}

static void learn(struct spread *s, uint64_t seed)
{
	float v[LEARNT];

	for (int j = 0; j < FEATURES; j++) {
		for (int i = 0; i < LEARNT; i++)
			v[i] = value(j, 0, &seed);
		spread_make(&s[j], v, LEARNT);
	}
}

/* `share` of the features have moved. */
static void watch(const struct spread *s, int rows, double share, double moved,
		  uint64_t seed, struct spread_verdict *out)
{
	struct spread_watch w;
	float x[FEATURES];

	spread_watch_init(&w, s, FEATURES);
	for (int i = 0; i < rows; i++) {
		for (int j = 0; j < FEATURES; j++)
			x[j] = value(j, j < share * FEATURES ? moved : 0,
				     &seed);
		spread_watch_add(&w, x);
	}
	spread_watch_tell(&w, out);
	spread_watch_release(&w);
}

static void bins(void **state)
{
	struct spread s;
	float v[100], few[100] = {0};
	float sum = 0;
	uint32_t same[SPREAD_BINS] = {0}, other[SPREAD_BINS] = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		v[i] = (float)(99 - i);
	v[0] = NAN;
	spread_make(&s, v, 100);
	assert_int_equal(s.n, SPREAD_BINS);
	for (int k = 0; k < s.n; k++) {
		assert_float_equal(s.share[k], 0.1, 0.02);
		sum += s.share[k];
		same[k] = 1000;
		other[k] = k ? 10 : 9910;
	}
	assert_float_equal(sum, 1, 1e-5);
	assert_int_equal(spread_bin(&s, -5), 0);
	assert_int_equal(spread_bin(&s, NAN), 0);
	assert_int_equal(spread_bin(&s, 1e9F), SPREAD_BINS - 1);
	assert_float_equal(spread_index(&s, same), 0, 0.01);
	assert_true(spread_index(&s, other) > 1);
	/* One in a hundred has it. */
	few[3] = 1;
	spread_make(&s, few, 100);
	assert_int_equal(s.n, 2);
	assert_float_equal(s.share[1], 0.01, 1e-6);
	assert_int_equal(spread_bin(&s, 1), 1);
	/* Nothing, and always the same. */
	spread_make(&s, few, 0);
	assert_int_equal(s.n, 0);
	assert_float_equal(spread_index(&s, same), 0, 0);
	few[99] = 0;
	spread_make(&s, few, 99);
	assert_int_equal(s.n, 1);
	assert_float_equal(spread_index(&s, other), 0, 0);
}

static void alarms(void **state)
{
	struct spread *s = calloc(FEATURES, sizeof(*s));
	struct spread_verdict v;
	int false_alarms = 0;

	(void)state;
	assert_non_null(s);
	for (uint64_t k = 0; k < 100; k++) {
		learn(s, 3 + k);
		watch(s, SPREAD_ROWS, 0, 0, 1000 + k, &v);
		assert_true(v.enough);
		assert_int_equal(v.vary, FEATURES * 4 / 5);
		assert_true(v.mean < 0.05F);
		false_alarms += v.drifted;
	}
	assert_int_equal(false_alarms, 0);
	watch(s, MOST, 1, 1, 5, &v);
	assert_true(v.drifted && v.mean > 0.3F && v.worst >= 0);
	watch(s, SPREAD_ROWS, 0.5, 1, 5, &v);
	assert_true(v.drifted);
	/* A feature or two may move. */
	watch(s, MOST, 0.1, 1, 5, &v);
	assert_false(v.drifted);
	assert_true(v.moved > 0 && v.worst < 4 && v.worst_index > SPREAD_MOVED);
	/* Too few requests tell nothing. */
	watch(s, SPREAD_ROWS - 1, 1, 1, 5, &v);
	assert_false(v.enough);
	assert_false(v.drifted);
	/* Nor do too few that were learnt from, or nothing. */
	for (int j = 0; j < FEATURES; j++)
		s[j].rows = SPREAD_LEARNT - 1;
	watch(s, MOST, 1, 1, 5, &v);
	assert_false(v.drifted);
	{
		struct spread_watch none;

		spread_watch_init(&none, NULL, 0);
		spread_watch_tell(&none, &v);
		assert_false(v.enough);
		assert_int_equal(v.worst, -1);
		spread_watch_release(&none);
	}
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bins),
		cmocka_unit_test(alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
