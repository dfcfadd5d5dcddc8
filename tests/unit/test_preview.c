/* What a router would have saved, against what it truly would have. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/bundle_build.h"
#include "router/preview.h"
#include "router/replay.h"
#include "router/stat.h"
#include "router/train.h"
#include "tests/unit/matrix_make.h"

static struct matrix m;
static struct mx_cell *all; /* before anything was hidden */
static enum mx_side *side;
static struct bundle *b;
static struct buf bytes;

static size_t cells(void)
{
	return (size_t)m.n_tasks * (size_t)m.n_arms;
}

static int set_up(void **state)
{
	const struct make_opts with = {.tasks = 1200,
				       .arms = 3,
				       .classes = 3,
				       .group_size = 2,
				       .judged = 0.5,
				       .prompts = true,
				       .seed = 11};
	struct train_opts o;
	struct err e;

	(void)state;
	make_matrix(&m, &with);
	side = xcalloc((size_t)m.n_tasks, sizeof(*side));
	matrix_sides(&m, side);
	train_defaults(&o);
	o.trees = 20;
	buf_init(&bytes, BUNDLE_BYTES_MAX);
	if (train_fit(&bytes, &m, side, &o, &e) != RC_OK ||
	    bundle_view(&b, bytes.p, bytes.len, &e) != RC_OK)
		fail_msg("%s", e.msg);
	all = xcalloc(cells(), sizeof(*all));
	memcpy(all, m.cells, cells() * sizeof(*all));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bundle_drop(b);
	buf_release(&bytes);
	matrix_release(&m);
	free(all);
	free(side);
	return 0;
}

/* One arm of each task stays, drawn evenly; returns what was paid. */
static double hide(uint64_t seed, bool told)
{
	uint64_t r = seed;
	double paid = 0;

	memcpy(m.cells, all, cells() * sizeof(*all));
	for (int t = 0; t < m.n_tasks; t++) {
		int arm = (int)(stat_uniform(&r) * m.n_arms);

		for (int a = 0; a < m.n_arms; a++) {
			struct mx_cell *c = matrix_cell(&m, t, a);

			if (a == arm) {
				c->propensity =
					told ? 1.0F / (float)m.n_arms : 1;
				paid += side[t] == MX_JUDGE
						? (double)c->cost_pusd / 1e12
						: 0;
				continue;
			}
			c->success = NAN;
			c->cost_pusd = MONEY_NONE;
		}
	}
	return paid;
}

/* What the bundle's choices truly cost. */
static double true_usd(void)
{
	double cost[8], success[8], usd = 0;
	struct decision d;
	struct replay k;

	memcpy(m.cells, all, cells() * sizeof(*all));
	for (int a = 0; a < m.n_arms; a++)
		cost[a] = success[a] = a;
	replay_init(&k, &m, cost, success, 1);
	for (int t = 0; t < m.n_tasks; t++) {
		struct route_ask ask;

		if (side[t] != MX_JUDGE)
			continue;
		replay_ask(&k, t, NULL, ROUTE_QUALITY, 0.9, &ask);
		router_decide(b, &ask, &d);
		usd += (double)matrix_cell(&m, t, k.of[d.arm])->cost_pusd /
		       1e12;
	}
	return usd;
}

static void drawn(void **state)
{
	double truth = true_usd(), sum = 0, width = 0;
	int covered = 0;

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		double paid = hide(50 + i, true);
		struct preview p;

		preview_estimate(&m, side, b, ROUTE_QUALITY, 0.9, 1, &p);
		assert_true(fabs(p.paid_usd - paid) < 1e-6);
		assert_int_equal(p.modelled, 0);
		assert_true(p.same > 0 && p.estimated > 0);
		covered += p.saved_low_usd <= paid - truth &&
			   paid - truth <= p.saved_high_usd;
		sum += p.would_usd / 100;
		width += (p.saved_high_usd - p.saved_low_usd) / 100;
	}
	assert_true(fabs(sum - truth) < 0.05 * truth);
	/* The tasks stay the same in every draw, while the interval is for
	 * other tasks as well: it covers more often than it says. */
	assert_in_range(covered, 90, 100);
	print_message("%d of 100 covered, width %.2f of the bill\n", covered,
		      width / truth);
	assert_true(width < 0.6 * truth);
}

static void not_drawn(void **state)
{
	struct preview p;
	struct buf out;

	(void)state;
	hide(3, false);
	preview_estimate(&m, side, b, ROUTE_QUALITY, 0.9, 1, &p);
	assert_int_equal(p.estimated, 0);
	assert_int_equal(p.modelled + p.same, p.tasks);
	buf_init(&out, 4096);
	preview_text(&p, &out);
	assert_non_null(strstr(buf_str(&out), "by the model alone"));
	/* nothing seen, nothing said */
	for (size_t i = 0; i < cells(); i++)
		m.cells[i].success = NAN;
	preview_estimate(&m, side, b, ROUTE_QUALITY, 0.9, 1, &p);
	assert_int_equal(p.tasks, 0);
	buf_clear(&out);
	preview_text(&p, &out);
	assert_non_null(strstr(buf_str(&out), "no judged task"));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drawn),
		cmocka_unit_test(not_drawn),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
