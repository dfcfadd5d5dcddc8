/* The comparison: seldom fooled by chance, seldom blind to a gain. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "router/duel.h"
#include "router/stat.h"

#define ROWS 3000

static struct duel_row rows[ROWS];

/* Two routers of about one quality that differ on a fifth of the tasks; then
 * what is truly better is put on top. */
static void play(uint64_t seed, double points, double cheaper)
{
	uint64_t r = seed;

	for (int i = 0; i < ROWS; i++) {
		struct duel_row *g = &rows[i];
		double p = stat_uniform(&r), c = 0.05 + 0.1 * stat_uniform(&r);
		bool differ = stat_uniform(&r) < 0.2;
		double u = stat_uniform(&r), v = stat_uniform(&r);
		double dearer = 0.3 + 1.4 * stat_uniform(&r);

		*g = (struct duel_row){.group = (uint64_t)(i / 3),
				       .class_id = i % 7,
				       .weight = 1,
				       .old_success = u < p,
				       .old_cost = c,
				       .new_success = (differ ? v : u) < p,
				       .new_cost = differ ? c * dearer : c};
		g->new_cost *= 1 - cheaper;
		if (!(g->new_success > 0) &&
		    stat_uniform(&r) < points / (1 - 0.5))
			g->new_success = 1;
	}
}

static int promoted(double points, double cheaper)
{
	struct duel_opts o;
	int n = 0;

	duel_defaults(&o);
	o.price = 1;
	o.boot = 200;
	for (int i = 0; i < 200; i++) {
		struct duel_result g;

		play(900 + (uint64_t)i, points, cheaper);
		duel_judge(rows, ROWS, 7, &o, &g);
		n += g.promote;
	}
	print_message("%.0f points, %.0f %% cheaper: %d of 200 promoted\n",
		      100 * points, 100 * cheaper, n);
	return n;
}

static void replays(void **state)
{
	(void)state;
	assert_in_range(promoted(0, 0), 0, 10);
	assert_in_range(promoted(0.03, 0), 160, 200);
	assert_in_range(promoted(0, 0.1), 160, 200);
}

static void refusals(void **state)
{
	struct duel_result g;
	struct duel_opts o;

	(void)state;
	duel_defaults(&o);
	o.price = 1;
	duel_judge(NULL, 0, 0, &o, &g);
	assert_false(g.promote);
	play(1, 0.1, 0.2);
	duel_judge(rows, DUEL_ROWS - 1, 7, &o, &g);
	assert_false(g.promote);
	assert_non_null(strstr(g.why, "comparable"));
	duel_judge(rows, ROWS, 7, &o, &g);
	assert_true(g.promote);
	/* one class pays for the others */
	for (int i = 0; i < ROWS; i++)
		if (rows[i].class_id == 3)
			rows[i].new_success = 0;
	duel_judge(rows, ROWS, 7, &o, &g);
	assert_false(g.promote);
	assert_int_equal(g.worse_class, 3);
	/* what is not known is not counted */
	play(1, 0.1, 0.2);
	for (int i = 0; i < ROWS; i++)
		rows[i].new_success = NAN;
	duel_judge(rows, ROWS, 7, &o, &g);
	assert_false(g.promote);
	assert_int_equal(g.rows, 0);
	/* the same router gains nothing */
	play(1, 0, 0);
	for (int i = 0; i < ROWS; i++) {
		rows[i].new_success = rows[i].old_success;
		rows[i].new_cost = rows[i].old_cost;
	}
	duel_judge(rows, ROWS, 7, &o, &g);
	assert_false(g.promote);
	/* flipped: far worse */
	for (int i = 0; i < ROWS; i++)
		rows[i].new_success = 1 - rows[i].old_success;
	duel_judge(rows, ROWS, 7, &o, &g);
	assert_false(g.promote);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replays),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
