/* How well scores tell good replies from bad ones of the same arm. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "router/eval_int.h"

#define ROWS 6
#define ARMS 2

static void near(double got, double want)
{
	if (isnan(want) ? !isnan(got) : !(fabs(got - want) < 1e-9))
		fail_msg("%.9g is not %.9g", got, want);
}

static struct eval_figure figure(const float *p, const float *y, int arm)
{
	struct eval_opts o = {.boot = 200, .conf = 0.9, .seed = 5};
	struct ev_scores s = {.n = 0};
	struct eval_figure f;

	for (int i = 0; i < ROWS * ARMS; i++)
		ev_scores_add(&s,
			      &(struct ev_score){i % ARMS, (uint64_t)(i / ARMS),
						 p[i], y[i] > 0},
			      1);
	ev_auc(&s, arm, &o, &f);
	free(s.v);
	return f;
}

/* Rows of two arms: what stands between arms does not count. */
static void pairs(void **state)
{
	static const float p[] = {0.1F, 0.9F, 0.2F, 0.8F, 0.3F, 0.8F,
				  0.3F, 0.7F, 0.4F, 0.6F, 0.5F, NAN};
	static const float y[] = {0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1};
	struct eval_figure f;

	(void)state;
	/* Arm 0: good .3 .4 .5, bad .1 .2 .3: eight and a half of nine.
	 * Arm 1: good .9 .8 .6, bad .8 .7: 2 + 1.5 + 0 of six. */
	near(figure(p, y, 0).value, 8.5 / 9);
	near(figure(p, y, 1).value, 3.5 / 6);
	f = figure(p, y, -1);
	near(f.value, 12.0 / 15);
	assert_true(f.low < f.value && f.value < f.high);
	assert_true(f.low >= 0 && f.high <= 1);
}

static void nothing(void **state)
{
	float p[ROWS * ARMS], y[ROWS * ARMS];

	(void)state;
	for (int i = 0; i < ROWS * ARMS; i++) {
		p[i] = 0.5F;
		y[i] = 1;
	}
	near(figure(p, y, -1).value, NAN); /* no bad one */
	y[3] = 0;
	near(figure(p, y, -1).value, 0.5); /* ties */
	near(figure(p, y, 0).value, NAN);
	for (int i = 0; i < ROWS * ARMS; i++)
		p[i] = NAN;
	near(figure(p, y, -1).value, NAN);
	near(figure(p, y, -1).low, NAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs),
		cmocka_unit_test(nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
