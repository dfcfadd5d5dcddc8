/* The honest table: its figures where they can be known, and that nothing of a
 * judged verdict reaches a decision. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/base/json.h"
#include "router/eval.h"
#include "tests/unit/matrix_make.h"

static struct err e;

static void run(const struct matrix *m, const struct eval_opts *o,
		struct eval_report *r)
{
	if (eval_run(m, o, r, &e) != RC_OK)
		fail_msg("%s", e.msg);
}

static void near(double a, double b)
{
	if (!(fabs(a - b) < 1e-6))
		fail_msg("%.9g is not %.9g", a, b);
}

static const struct make_opts small = {.tasks = 400,
				       .arms = 3,
				       .classes = 3,
				       .group_size = 4,
				       .judged = 0.3,
				       .prompts = true,
				       .seed = 3};

/* Against sums by hand. */
static void figures(void **state)
{
	struct eval_report r;
	struct eval_opts o;
	struct matrix m;
	double s[3] = {0}, c[3] = {0}, best = 0;
	int n = 0;

	(void)state;
	make_matrix(&m, &small);
	for (int t = 0; t < m.n_tasks; t++) {
		double any = 0;

		if (!m.tasks[t].judge)
			continue;
		n++;
		for (int a = 0; a < 3; a++) {
			const struct mx_cell *x = matrix_cell(&m, t, a);

			s[a] += (double)x->success;
			c[a] += (double)x->cost_pusd / 1e12;
			any = fmax(any, (double)x->success);
		}
		best += any;
	}
	eval_defaults(&o);
	o.learn = false;
	o.boot = 50;
	o.penalty = 2;
	run(&m, &o, &r);
	assert_int_equal(r.folds, 1);
	assert_int_equal(r.tasks, n);
	assert_string_equal(r.cheapest, "m0");
	assert_string_equal(r.strongest, "m2");
	near(r.policy[EVAL_CHEAPEST].success[0].value, s[0] / n);
	near(r.policy[EVAL_CHEAPEST].cost[0].value, c[0] / n);
	near(r.policy[EVAL_STRONGEST].success[0].value, s[2] / n);
	near(r.policy[EVAL_ORACLE].success[0].value, best / n);
	near(r.policy[EVAL_ORACLE].gap_closed.value, 1);
	near(r.policy[EVAL_STRONGEST].capture.value, 0);
	near(r.policy[EVAL_BEST_SINGLE].saving.value, 0);
	near(r.arm_cost[1], c[1] / n);
	near(r.penalty, 2);
	near(r.policy[EVAL_CHEAPEST].bill.value, c[0] / n + 2 * (1 - s[0] / n));
	near(r.policy[EVAL_CHEAPEST].per_solved.value, c[0] / s[0]);
	near(r.policy[EVAL_BEST_SINGLE].saving_half.value, 0);
	/* the oracle goes by what costs less than the best single */
	assert_true(r.policy[EVAL_ORACLE].saving_double.value >
		    r.policy[EVAL_ORACLE].saving.value);
	assert_true(r.policy[EVAL_ORACLE].saving_half.value <
		    r.policy[EVAL_ORACLE].saving.value);
	assert_true(r.policy[EVAL_CASCADE_PERFECT].saving.value > 0);
	/* a class likes an arm, so knowing it pays */
	assert_true(r.policy[EVAL_CLASS_STATIC].gap_closed.value > 0);
	assert_false(r.policy[EVAL_LEARNED].there);
	assert_true(r.policy[EVAL_HULL].success[0].low <=
		    r.policy[EVAL_HULL].success[0].value);
	assert_true(r.policy[EVAL_HULL].success[0].high >=
		    r.policy[EVAL_HULL].success[0].value);
	eval_report_release(&r);
	matrix_release(&m);
}

/* Classes are parts of the whole. */
static void by_class(void **state)
{
	double success = 0, cost = 0;
	struct eval_report r;
	struct eval_opts o;
	struct matrix m;
	int n = 0;

	(void)state;
	make_matrix(&m, &small);
	eval_defaults(&o);
	o.learn = false;
	o.boot = 20;
	run(&m, &o, &r);
	assert_int_equal(r.n_classes, 3);
	for (int c = 0; c < 3; c++) {
		const struct eval_policy *p = r.classes[c].policy;

		assert_true(str_eq(r.classes[c].name, m.classes[c]));
		n += r.classes[c].tasks;
		success += r.classes[c].tasks * p[EVAL_HULL].success[0].value;
		cost += r.classes[c].tasks * p[EVAL_HULL].cost[0].value;
		near(p[EVAL_BEST_SINGLE].saving.value, 0);
		/* where it stands is on its own path */
		assert_true(fabs(p[EVAL_CLASS_STATIC].above_static.value) <
			    1e-3);
		assert_true(p[EVAL_ORACLE].above_static.value > 0);
		assert_false(p[EVAL_LEARNED].there);
	}
	assert_int_equal(n, r.tasks);
	assert_true(fabs(success / n - r.policy[EVAL_HULL].success[0].value) <
		    1e-6);
	assert_true(fabs(cost / n - r.policy[EVAL_HULL].cost[0].value) < 1e-6);
	eval_report_release(&r);
	matrix_release(&m);
}

/* Other verdicts on judged rows: what is bought stays the same to the cent,
 * for every policy that is not told verdicts by its nature. */
static void no_leak(void **state)
{
	static const enum eval_kind kinds[] = {
		EVAL_CHEAPEST,     EVAL_STRONGEST, EVAL_BEST_SINGLE, EVAL_HULL,
		EVAL_CLASS_STATIC, EVAL_KNN,       EVAL_LEARNED};
	struct make_opts with = small;
	struct eval_report a, b;
	struct train_opts train;
	struct eval_opts o;
	struct matrix m;

	(void)state;
	train_defaults(&train);
	train.trees = 20;
	eval_defaults(&o);
	o.train = &train;
	o.boot = 0;
	with.verdicts = 5;
	make_matrix(&m, &with);
	run(&m, &o, &a);
	matrix_release(&m);
	with.verdicts = 6;
	make_matrix(&m, &with);
	run(&m, &o, &b);
	matrix_release(&m);
	assert_true(fabs(a.policy[EVAL_STRONGEST].success[0].value -
			 b.policy[EVAL_STRONGEST].success[0].value) > 1e-6);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct eval_policy *x = &a.policy[kinds[i]];
		const struct eval_policy *y = &b.policy[kinds[i]];

		assert_true(x->there && y->there);
		assert_int_equal(x->steps, y->steps);
		for (int k = 0; k < x->steps; k++)
			near(x->path_cost[k], y->path_cost[k]);
		for (int t = 0; t < EVAL_TARGETS; t++)
			near(x->cost[t].value, y->cost[t].value);
	}
	assert_memory_equal(a.served, b.served, sizeof(a.served));
	eval_report_release(&a);
	eval_report_release(&b);
}

/* Probabilities are judged wherever there is a verdict; policies only where all
 * arms have one. */
static void verdicts(void **state)
{
	struct train_opts train;
	struct eval_report all, part;
	struct eval_opts o;
	struct matrix m;
	int64_t judged = 0;
	int taken = 0;

	(void)state;
	make_matrix(&m, &small);
	train_defaults(&train);
	train.trees = 20;
	eval_defaults(&o);
	o.train = &train;
	o.boot = 0;
	run(&m, &o, &all);
	for (int t = 0; t < m.n_tasks; t++) {
		struct mx_cell *c = matrix_cell(&m, t, 0);

		if (!m.tasks[t].judge)
			continue;
		judged += m.n_arms;
		/* a run that broke off, where others failed too */
		if (matrix_cell(&m, t, 2)->success < 0.5F) {
			c->success = NAN;
			taken++;
		}
	}
	assert_true(taken > 5);
	assert_int_equal(all.rows, judged);
	near(all.ece, all.ece_complete);
	run(&m, &o, &part);
	assert_int_equal(part.tasks, all.tasks - taken);
	assert_int_equal(part.rows, judged - taken);
	assert_true(part.ece_complete > part.ece);
	eval_report_release(&all);
	eval_report_release(&part);
	matrix_release(&m);
}

/* Folds: each task once, and the same again. */
static void folds(void **state)
{
	struct make_opts with = small;
	struct eval_report a, b;
	struct eval_opts o;
	struct matrix m;
	double cheapest;

	(void)state;
	with.judged = 0;
	make_matrix(&m, &with);
	eval_defaults(&o);
	o.learn = false;
	o.boot = 20;
	run(&m, &o, &a);
	run(&m, &o, &b);
	assert_int_equal(a.folds, 5);
	cheapest = a.policy[EVAL_CHEAPEST].success[0].value;
	assert_int_equal(a.tasks, 400);
	assert_int_equal(a.groups, 100);
	assert_true(a.tasks_fit > 300 && a.tasks_fit < 340);
	for (int k = 0; k < EVAL_KINDS; k++) {
		near(a.policy[k].success[0].value,
		     b.policy[k].success[0].value);
		if (!isnan(a.policy[k].success[0].low))
			near(a.policy[k].success[0].low,
			     b.policy[k].success[0].low);
	}
	eval_report_release(&a);
	eval_report_release(&b);
	/* divided three times: as many tasks, and means of all */
	o.repeats = 3;
	run(&m, &o, &a);
	assert_int_equal(a.tasks, 400);
	assert_int_equal(a.groups, 100);
	assert_int_equal(a.n_classes, 3);
	assert_true(a.classes[0].tasks < 200);
	near(a.policy[EVAL_CHEAPEST].success[0].value, cheapest);
	eval_report_release(&a);
	o.repeats = 1;
	o.class_name = "c1";
	run(&m, &o, &a);
	assert_true(a.tasks > 80 && a.tasks < 200);
	eval_report_release(&a);
	matrix_release(&m);
}

static void edges(void **state)
{
	static const struct make_opts odd[] = {
		{.tasks = 1, .arms = 1, .classes = 1, .group_size = 1},
		{.tasks = 3, .arms = 2, .classes = 1, .group_size = 3},
		{.tasks = 12, .arms = 1, .classes = 2, .group_size = 1},
	};
	struct eval_report r;
	struct eval_opts o;
	struct matrix m;

	(void)state;
	eval_defaults(&o);
	o.learn = false;
	o.boot = 10;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		enum rc rc;

		make_matrix(&m, &odd[i]);
		rc = eval_run(&m, &o, &r, &e);
		assert_true(rc == RC_OK || rc == RC_BAD);
		eval_report_release(&r);
		/* all alike: nothing to gain, nothing to crash on */
		for (int c = 0; c < m.n_tasks * m.n_arms; c++)
			m.cells[c].success = i & 1 ? 1.0F : 0.0F;
		rc = eval_run(&m, &o, &r, &e);
		assert_true(rc == RC_OK || rc == RC_BAD);
		eval_report_release(&r);
		/* no costs: nothing to judge */
		for (int c = 0; c < m.n_tasks * m.n_arms; c++)
			m.cells[c].cost_pusd = INT64_MIN;
		assert_int_equal(eval_run(&m, &o, &r, &e), RC_BAD);
		eval_report_release(&r);
		matrix_release(&m);
	}
}

static const struct json *policy(const struct json *doc, const char *name)
{
	const struct json *list = json_get(doc, "policies");

	for (const struct json *p = json_first(list); p; p = json_next(list, p))
		if (json_str_is(json_get(p, "name"), name))
			return p;
	return NULL;
}

static void printing(void **state)
{
	static const char *const members[] = {
		"best_single",     "oracle",       "ece",
		"brier_skill",     "rows_judged",  "policies",
		"verdicts_judged", "tasks_judged", "classes",
		"failure_price",   "accept_auc"};
	static const char *const names[] = {"best-single", "hull",
					    "class-static", "knn", "oracle"};
	static const char *const figure[] = {"success",
					     "cost",
					     "saving_at_equal_success",
					     "success_gap_closed",
					     "bill",
					     "cost_per_solved"};
	struct eval_report r;
	struct eval_opts o;
	struct json_doc d;
	int64_t rows;
	struct matrix m;
	struct buf b;

	(void)state;
	make_matrix(&m, &small);
	eval_defaults(&o);
	o.learn = false;
	o.boot = 20;
	run(&m, &o, &r);
	buf_init(&b, 1 << 20);
	eval_json(&r, &b);
	json_doc_init(&d, 10000);
	if (json_parse(&d, (struct str){b.p, b.len}, &e) != RC_OK)
		fail_msg("%s in %s", e.msg, b.p);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		assert_non_null(json_get(d.nodes, members[i]));
	/* Outcomes that were judged, and of them those that were predicted. */
	assert_true(json_i64(json_get(d.nodes, "rows_judged"), &rows));
	assert_int_equal(rows, r.tasks * r.n_arms);
	assert_true(json_i64(json_get(d.nodes, "verdicts_judged"), &rows));
	assert_int_equal(rows, r.rows);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct json *p = policy(d.nodes, names[i]);

		for (size_t k = 0; k < 6; k++) {
			double v;

			assert_true(json_double(json_get(p, figure[k]), &v));
			assert_non_null(json_get(json_get(p, "ci"), figure[k]));
		}
	}
	json_doc_release(&d);
	buf_clear(&b);
	eval_table(&r, 80, &b);
	for (const char *line = buf_str(&b); *line;) {
		size_t n = strcspn(line, "\n");

		assert_true(n <= 80);
		line += n + (line[n] != 0);
	}
	assert_non_null(strstr(buf_str(&b), "class-static"));
	assert_non_null(strstr(buf_str(&b), "learned: not trained."));
	buf_clear(&b);
	eval_chart(&r, 80, true, &b);
	for (size_t i = 0; i < b.len; i++)
		assert_true((unsigned char)b.p[i] < 0x80);
	assert_non_null(strchr(buf_str(&b), 'O'));
	buf_clear(&b);
	eval_chart(&r, 10, false, &b);
	assert_true(str_utf8_ok((struct str){b.p, b.len}));
	buf_release(&b);
	eval_report_release(&r);
	matrix_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures),  cmocka_unit_test(no_leak),
		cmocka_unit_test(folds),    cmocka_unit_test(edges),
		cmocka_unit_test(printing), cmocka_unit_test(by_class),
		cmocka_unit_test(verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
