/* Costs are learnt relative to the price of their arm: when that changes,
 * what a decision expects and the static hull follow at once. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "router/bundle_build.h"
#include "router/router.h"
#include "router/train.h"
#include "tests/unit/matrix_make.h"

#define ARMS  3
#define TASKS 900
#define UNIT  2e6 /* of the cheapest arm, femto-dollars a token */

static struct matrix m;
static struct buf bytes;
static struct bundle *bundle;
static struct route_arm arms[ARMS];

static double unit(int arm)
{
	return UNIT * pow(3, arm);
}

static void same(double is, double want, double share)
{
	assert_true(fabs(is - want) <= share * want);
}

static int set_up(void **state)
{
	struct make_opts with = {.tasks = TASKS,
				 .arms = ARMS,
				 .classes = 2,
				 .group_size = 2,
				 .prompts = true,
				 .seed = 3};
	struct train_opts o;
	struct err e;

	(void)state;
	make_matrix(&m, &with);
	for (int a = 0; a < ARMS; a++)
		m.arms[a].price_unit = unit(a);
	train_defaults(&o);
	o.trees = 10;
	o.folds = 2;
	o.protos = 50;
	buf_init(&bytes, BUNDLE_BYTES_MAX);
	return train_fit(&bytes, &m, NULL, &o, &e) ||
	       bundle_view(&bundle, bytes.p, bytes.len, &e);
}

static int tear_down(void **state)
{
	(void)state;
	bundle_drop(bundle);
	buf_release(&bytes);
	matrix_release(&m);
	return 0;
}

/* At `factor` times the price that the arm had when it was learnt from. */
static void price(int arm, double factor)
{
	int64_t fusd = factor > 0 ? llround(unit(arm) * factor) : -1;

	arms[arm] = (struct route_arm){.model = m.arms[arm].name,
				       .tier = m.arms[arm].tier,
				       .in_fusd = fusd,
				       .cached_fusd = fusd,
				       .out_fusd = fusd,
				       .allowed = true};
}

static void decide(int task, double target, struct decision *d)
{
	const struct mx_task *t = &m.tasks[task];
	struct route_ask ask = {.x = t->x,
				.n_x = m.n_features,
				.class_name = m.classes[t->class_id],
				.arms = arms,
				.n_arms = ARMS,
				.pinned = -1,
				.budget_left_pusd = -1,
				.goal = ROUTE_FAILURE,
				.target = target,
				.seed = 1};

	router_decide(bundle, &ask, d);
}

static void costs_follow_prices(void **state)
{
	const struct bundle_arm *of;
	struct decision was, is;
	double paid = 0, expected = 0;

	(void)state;
	assert_int_equal(bundle_arms(bundle, &of), ARMS);
	for (int a = 0; a < ARMS; a++) {
		same((double)of[a].price_unit, unit(a), 1e-6);
		assert_true(of[a].cost >= 0);
		price(a, 1);
	}
	decide(0, 1, &was);
	for (int a = 0; a < ARMS; a++) {
		double cost = (double)was.view[a].expected_cost_pusd;

		price(a, 0.5);
		decide(0, 1, &is);
		same((double)is.view[a].expected_cost_pusd, cost / 2, 1e-3);
		/* Without a price that of the training stands in. */
		price(a, 0);
		decide(0, 1, &is);
		same((double)is.view[a].expected_cost_pusd, cost, 1e-3);
		price(a, 1);
	}
	for (int t = 0; t < TASKS; t++) {
		decide(t, 1, &is);
		paid += (double)matrix_cell(&m, t, 1)->cost_pusd;
		expected += (double)is.view[1].expected_cost_pusd;
	}
	same(expected, paid, 0.05);
}

/* Of one class without a vector, so that the static policy serves: the
 * cheapest arm whose step is worth its price. */
static void the_hull_follows_prices(void **state)
{
	struct decision d;

	(void)state;
	for (int a = 0; a < ARMS; a++)
		price(a, 1);
	m.tasks[0].x = NULL;
	decide(0, 0.001, &d);
	assert_int_equal(d.policy, POLICY_STATIC);
	assert_int_equal(d.arm, 0);
	/* What was the dearest is given away. */
	price(2, 0.01);
	decide(0, 0.001, &d);
	assert_int_equal(d.arm, 2);
	price(2, 1);
	decide(0, 0.001, &d);
	assert_int_equal(d.arm, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(costs_follow_prices),
		cmocka_unit_test(the_hull_follows_prices),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
