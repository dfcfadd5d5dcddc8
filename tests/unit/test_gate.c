/* The gate: seldom fooled by chance, seldom blind to a gain; and what it makes
 * of two bundles. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/alloc.h"
#include "ledger/evidence.h"
#include "router/bundle_build.h"
#include "router/gate.h"
#include "router/stat.h"
#include "tests/unit/matrix_make.h"

#define ROWS    3000
#define CLASSES 7

static struct gate_row rows[ROWS];
static const struct str names[CLASSES] = {{"a", 1},     {"b", 1}, {"c", 1},
					  {"legal", 5}, {"e", 1}, {"f", 1},
					  {"g", 1}};

static void judge(int n, struct gate *out)
{
	struct gate_opts o;

	gate_defaults(&o);
	o.boot = 200;
	*out = (struct gate){.price = 1};
	gate_judge(rows, n, names, CLASSES, &o, out);
}

/* Two routers of about one quality that differ on a fifth of the tasks; then
 * what is truly better is put on top. */
static void play(uint64_t seed, double points, double cheaper)
{
	uint64_t r = seed;

	for (int i = 0; i < ROWS; i++) {
		struct gate_row *g = &rows[i];
		double p = stat_uniform(&r), c = 0.05 + 0.1 * stat_uniform(&r);
		bool differ = stat_uniform(&r) < 0.2;
		double u = stat_uniform(&r), v = stat_uniform(&r);
		double dearer = 0.3 + 1.4 * stat_uniform(&r);

		*g = (struct gate_row){.group = (uint64_t)(i / 3),
				       .class_id = i % CLASSES,
				       .now_success = u < p,
				       .now_usd = c,
				       .next_success = (differ ? v : u) < p,
				       .next_usd = differ ? c * dearer : c};
		g->next_usd *= 1 - cheaper;
		if (!(g->next_success > 0) &&
		    stat_uniform(&r) < points / (1 - 0.5))
			g->next_success = 1;
	}
}

static int promoted(double points, double cheaper)
{
	int n = 0;

	for (int i = 0; i < 200; i++) {
		struct gate g;

		play(900 + (uint64_t)i, points, cheaper);
		judge(ROWS, &g);
		n += g.passed;
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
	struct gate g;

	(void)state;
	judge(0, &g);
	assert_false(g.passed);
	play(1, 0.1, 0.2);
	judge(49, &g);
	assert_false(g.passed);
	assert_non_null(strstr(g.reason, "too few"));
	judge(ROWS, &g);
	assert_true(g.passed);
	assert_int_equal(g.judged, ROWS);
	/* one class pays for the others */
	for (int i = 0; i < ROWS; i++)
		if (rows[i].class_id == 3)
			rows[i].next_success = 0;
	judge(ROWS, &g);
	assert_false(g.passed);
	assert_non_null(strstr(g.reason, "class legal is surely worse"));
	/* the same router gains nothing */
	play(1, 0, 0);
	for (int i = 0; i < ROWS; i++) {
		rows[i].next_success = rows[i].now_success;
		rows[i].next_usd = rows[i].now_usd;
	}
	judge(ROWS, &g);
	assert_false(g.passed);
	/* flipped: far worse */
	for (int i = 0; i < ROWS; i++)
		rows[i].next_success = 1 - rows[i].now_success;
	judge(ROWS, &g);
	assert_false(g.passed);
}

/* Half the price, and three points lost: a gain at no price, a bad bargain for
 * one who pays a tenth of what the hull asks. */
static void a_saving_must_not_cost_success(void **state)
{
	struct gate g;

	(void)state;
	play(5, 0, 0.5);
	judge(ROWS, &g);
	assert_true(g.passed);
	assert_true(g.saved_low_usd > 0 && g.success_low > -GATE_LOSS);
	for (int i = 0, lost = 0; i < ROWS && lost < ROWS / 20; i++) {
		lost += rows[i].next_success > 0;
		rows[i].next_success = 0;
	}
	judge(ROWS, &g);
	assert_false(g.passed);
}

/* A class whose goal asks for more success than the others' dollars buy, and
 * gets it: at the price of its own hull it is not worse. One that pays more for
 * nothing is, and so is one that loses what its dollars would have bought. */
static void a_class_has_a_price(void **state)
{
	static const struct {
		double lost, dearer, price;
		bool passed;
	} cases[] = {
		{-0.05, 0.1, 0, false},   /* 5 points for 10, at 1 a dollar */
		{-0.05, 0.1, 0.5, true},  /* what they cost there */
		{0, 0.1, 0.5, false},     /* nothing for it */
		{0, 0.1, 0.001, true},    /* it hardly matters there */
		{0.05, -0.03, 1, false},  /* 3 saved, 5 lost */
		{0.05, -0.03, 2, true},   /* there it is worth 6 */
		{0.1, -0.03, 2, false},   /* worse at both */
		{0.05, -0.1, 0.1, true},  /* better by the fleet's price */
		{-0.05, 0.1, 1.0, false}, /* both alike */
	};
	struct gate g;

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		uint64_t r = 77;

		play(1, 0.1, 0.2);
		for (int i = 0; i < ROWS; i++) {
			struct gate_row *row = &rows[i];

			if (row->class_id != 3)
				continue;
			row->price = cases[k].price;
			row->now_success = stat_uniform(&r) < 0.5;
			row->next_success = row->now_success - cases[k].lost;
			row->now_usd = 0.1;
			row->next_usd = 0.1 + cases[k].dearer;
		}
		judge(ROWS, &g);
		if (g.passed != cases[k].passed)
			fail_msg("case %zu: %s", k, g.reason);
		assert_int_equal(g.worse_class, cases[k].passed ? -1 : 3);
	}
}

/* ---- with bundles ---- */

static struct buf bytes[2];

/* One class, three arms without models; `weak` is what the static policy
 * takes: the cheapest arm that its table calls as good as the strongest. */
static struct bundle *made(bool weak, int slot)
{
	struct bundle_build *b = bundle_build_new();
	float good[3] = {weak ? 0.9F : 0.2F, 0.6F, 0.9F};
	float seen[3] = {500, 500, 500}, cost[3] = {1e10F, 3e10F, 9e10F};
	struct bundle_class c = {.name = STR("fleet"),
				 .parent = -1,
				 .tasks = 500,
				 .floor = 1,
				 .rate = good,
				 .seen = seen,
				 .cost = cost,
				 .policy = {.kind = POLICY_STATIC,
					    .low = 0,
					    .high = 2,
					    .high_share = 0.5F,
					    .accept = 2}};
	struct bundle *out;
	struct err e;

	for (int i = 0; i < TIERS; i++)
		c.tier_rate[i] = NAN;
	for (int i = 0; i < 3; i++) {
		char name[8] = {'m', (char)('0' + i)};
		struct bundle_arm a = {.name = str_from(name),
				       .tier = 1 + 2 * i,
				       .lender = i,
				       .success = -1,
				       .cost = -1};

		bundle_build_arm(b, &a);
	}
	bundle_build_class(b, &c);
	buf_init(&bytes[slot], 1 << 20);
	assert_int_equal(bundle_build_write(b, &bytes[slot], &e), RC_OK);
	assert_int_equal(bundle_view(&out, bytes[slot].p, bytes[slot].len, &e),
			 RC_OK);
	bundle_build_free(b);
	return out;
}

static void bundles(void **state)
{
	struct make_opts with = {.tasks = 900,
				 .arms = 3,
				 .classes = 3,
				 .group_size = 2,
				 .seed = 4};
	struct bundle *weak = made(true, 0), *strong = made(false, 1);
	struct matrix m;
	struct gate_opts o;
	struct gate g;

	(void)state;
	gate_defaults(&o);
	make_matrix(&m, &with);
	gate_compare(strong, weak, &m, NULL, &o, &g);
	assert_int_equal(g.judged + g.left_out, 900);
	assert_int_equal(g.left_out, 0);
	assert_false(g.passed);
	assert_true(g.next.success < g.now.success);
	assert_true(g.saved_usd > 0 && g.price > 0);
	gate_compare(strong, strong, &m, NULL, &o, &g);
	assert_false(g.passed);
	assert_true(g.gain == 0);
	/* Where the dear arm is not seen nothing is known of it, but that both
	 * would have served it is. */
	for (int t = 10; t < m.n_tasks; t++)
		matrix_cell(&m, t, 2)->success = NAN;
	gate_compare(strong, weak, &m, NULL, &o, &g);
	assert_int_equal(g.judged, 10);
	assert_int_equal(g.left_out, 890);
	assert_non_null(strstr(g.reason, "too few"));
	gate_compare(strong, strong, &m, NULL, &o, &g);
	assert_int_equal(g.judged, 900);
	assert_false(g.passed);
	matrix_release(&m);
	bundle_drop(weak);
	bundle_drop(strong);
	buf_release(&bytes[0]);
	buf_release(&bytes[1]);
}

/* What a dollar buys is read from the arms' outcomes, of all and of each class:
 * where the strongest arm serves, what its last step cost. */
static void prices(void **state)
{
	static const double success[2][3] = {{0.1, 0.5, 0.9}, {0.5, 0.8, 0.9}};
	static const double usd[3] = {0.1, 0.2, 0.6};
	/* by the last step: 0.4 for 0.4, 0.1 for 0.4; of all 0.25 for 0.4 */
	static const double expected[3] = {1, 0.25, 0.625};
	struct make_opts with = {.tasks = 400,
				 .arms = 3,
				 .classes = 2,
				 .group_size = 2,
				 .seed = 4};
	struct bundle *strong = made(false, 1);
	struct gate_row *rs = xcalloc(401, sizeof(*rs));
	struct matrix m;
	struct gate_opts o;
	struct gate g;
	int n, half = 0;

	(void)state;
	gate_defaults(&o);
	make_matrix(&m, &with);
	for (int a = 0; a < 3; a++)
		m.arms[a].mean_cost_pusd = (int64_t)(usd[a] * 1e12);
	for (int t = 0; t < m.n_tasks; t++) {
		int k = m.tasks[t].class_id = half++ % 2;

		for (int a = 0; a < 3; a++) {
			matrix_cell(&m, t, a)->success = (float)success[k][a];
			matrix_cell(&m, t, a)->cost_pusd =
				(int64_t)(usd[a] * 1e12);
		}
	}
	n = gate_play(strong, strong, &m, NULL, &o, rs, &g);
	assert_int_equal(n, 400);
	assert_true(fabs(g.price - expected[2]) < 1e-6);
	for (int i = 0; i < n; i++)
		assert_true(fabs(rs[i].price - expected[rs[i].class_id]) <
			    1e-6);
	/* of few tasks nobody knows it */
	o.min_class_tasks = 201;
	gate_play(strong, strong, &m, NULL, &o, rs, &g);
	for (int i = 0; i < n; i++)
		assert_true(rs[i].price == 0);
	free(rs);
	matrix_release(&m);
	bundle_drop(strong);
	buf_release(&bytes[1]);
}

/* A reply that cannot stand is sent on whatever the plan was. */
static void single_plans_go_on(void **state)
{
	struct make_opts with = {.tasks = 400,
				 .arms = 3,
				 .classes = 3,
				 .group_size = 2,
				 .seed = 4};
	struct bundle *weak = made(true, 0), *strong = made(false, 1);
	float refused[EVIDENCE_N];
	struct matrix m;
	struct gate_opts o;
	struct gate g;
	double usd = 0;

	(void)state;
	gate_defaults(&o);
	make_matrix(&m, &with);
	for (int i = 0; i < EVIDENCE_N; i++)
		refused[i] = NAN;
	refused[EVIDENCE_REFUSAL] = 1;
	for (int t = 0; t < m.n_tasks; t++) {
		matrix_cell(&m, t, 0)->evidence = refused;
		for (int a = 0; a < 3; a++)
			matrix_cell(&m, t, a)->success = a > 0;
		usd += (double)matrix_cell(&m, t, 0)->cost_pusd / 1e12 / 400;
	}
	gate_compare(strong, weak, &m, NULL, &o, &g);
	assert_int_equal(g.judged, 400);
	assert_true(g.next.success > 0.999);
	assert_true(g.next.usd > 1.5 * usd);
	/* Where one arm was drawn by lot nobody knows what came after it. */
	for (int t = 0; t < m.n_tasks; t++) {
		matrix_cell(&m, t, 0)->success = 1;
		matrix_cell(&m, t, 0)->propensity = 0.5F;
		matrix_cell(&m, t, 1)->success = NAN;
		matrix_cell(&m, t, 2)->success = NAN;
	}
	gate_compare(strong, weak, &m, NULL, &o, &g);
	assert_int_equal(g.judged, 400);
	assert_true(g.next.success > 1.999);
	assert_true(fabs(g.next.usd - 2 * usd) < 1e-6 * usd);
	matrix_release(&m);
	bundle_drop(weak);
	bundle_drop(strong);
	buf_release(&bytes[0]);
	buf_release(&bytes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replays),
		cmocka_unit_test(refusals),
		cmocka_unit_test(a_saving_must_not_cost_success),
		cmocka_unit_test(a_class_has_a_price),
		cmocka_unit_test(bundles),
		cmocka_unit_test(prices),
		cmocka_unit_test(single_plans_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
