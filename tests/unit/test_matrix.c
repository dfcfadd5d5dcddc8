/* Outcome files as matrices: cells, arms, groups, splits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/evidence.h"
#include "ledger/money.h"
#include "router/matrix.h"
#include "router/matrix_int.h"
#include "tests/shared.h"

#define SAMPLE "tests/data/router/matrix.jsonl"

static struct matrix m;
static struct err e;

static void read_with(const struct mx_opts *o)
{
	const char *path = SAMPLE;

	matrix_init(&m);
	if (matrix_read(&m, &path, 1, o, &e) != RC_OK)
		fail_msg("%s", e.msg);
}

static int task(const char *id)
{
	for (int t = 0; t < m.n_tasks; t++)
		if (str_is(m.tasks[t].id, id))
			return t;
	return -1;
}

static const struct mx_cell *cell(const char *id, const char *arm)
{
	return matrix_cell(&m, task(id), mx_find_arm(&m, str_from(arm)));
}

static void near(double a, double b)
{
	if (fabs(a - b) > 1e-6)
		fail_msg("%g is not %g", a, b);
}

static void cells(void **state)
{
	const struct mx_opts o = {0};

	(void)state;
	read_with(&o);
	assert_int_equal(m.n_tasks, 5); /* one without a verdict is gone */
	assert_int_equal(m.n_arms, 3);
	assert_int_equal(m.n_classes, 2);
	assert_true(str_is(m.arms[0].name, "small"));
	assert_true(str_is(m.arms[1].name, "middle"));
	assert_true(str_is(m.arms[2].name, "big"));
	assert_int_equal(m.arms[0].tier, 1);
	assert_int_equal(m.arms[1].tier, 3);
	assert_int_equal(m.arms[2].tier, 5);
	assert_int_equal(m.arms[0].mean_cost_pusd, PUSD_PER_USD / 50);
	assert_int_equal(cell("suite/ada__tools-17", "big")->runs, 2);
	assert_int_equal(cell("suite/ada__tools-17", "big")->good, 1);
	/* two runs make one cell; measured costs win over estimates */
	near((double)cell("suite/ada__tools-17", "big")->success, 0.5);
	assert_int_equal(cell("suite/ada__tools-17", "big")->cost_pusd,
			 PUSD_PER_USD * 3 / 10);
	assert_int_equal(cell("suite/ada__tools-17", "small")->cost_pusd,
			 PUSD_PER_USD / 100);
	assert_false(cell("suite/ada__tools-17", "small")->estimated);
	assert_true(cell("suite/ada__tools-9", "big")->estimated);
	assert_true(isnan(cell("suite/ada__tools-9", "middle")->success));
	assert_true(isnan(cell("HumanEval/3", "big")->success));
	assert_int_equal(cell("HumanEval/3", "big")->cost_pusd, MONEY_NONE);
	/* a vector comes from whichever line has the prompt */
	assert_non_null(m.tasks[task("suite/ada__tools-9")].x);
	assert_null(m.tasks[task("HumanEval/3")].x);
	assert_int_equal(m.tasks[task("suite/ada__tools-9")].input_tokens, 4);
	near((double)cell("suite/ada__tools-17", "small")
		     ->evidence[EVIDENCE_OUTPUT_TOKENS],
	     9);
	assert_true(isnan(cell("suite/ada__tools-17", "small")
				  ->evidence[EVIDENCE_LATENCY_S]));
	assert_null(cell("suite/ada__tools-17", "big")->evidence);
	matrix_release(&m);
}

static void pools(void **state)
{
	static const char *const two[] = {"small", "big", NULL};
	static const char *const no_big[] = {"big", NULL};
	static const char *const nobody[] = {"nobody", NULL};
	const char *path = SAMPLE;

	(void)state;
	read_with(&(struct mx_opts){.models = two});
	assert_int_equal(m.n_arms, 2);
	assert_int_equal(m.n_tasks, 3);
	matrix_release(&m);
	read_with(&(struct mx_opts){.drop = no_big});
	assert_int_equal(m.n_arms, 2);
	assert_int_equal(mx_find_arm(&m, STR("big")), -1);
	matrix_release(&m);
	matrix_init(&m);
	assert_int_equal(matrix_read(&m, &path, 1,
				     &(struct mx_opts){.models = nobody}, &e),
			 RC_BAD);
	matrix_release(&m);
	/* every arm covers all of its source but one */
	read_with(&(struct mx_opts){.coverage = 0.9});
	assert_int_equal(m.n_arms, 2);
	assert_int_equal(mx_find_arm(&m, STR("middle")), -1);
	matrix_release(&m);
	/* the marked rows do not choose: on the others `big` is best */
	read_with(&(struct mx_opts){.tiers = 1});
	assert_int_equal(m.n_arms, 1);
	assert_true(str_is(m.arms[0].name, "big"));
	matrix_release(&m);
	/* one fleet of sources with models of their own */
	read_with(&(struct mx_opts){
		.tiers = 2, .by_tier = true, .judge_from = 1});
	assert_int_equal(m.n_arms, 2);
	assert_true(str_is(m.arms[0].name, "tier:1"));
	assert_int_equal(m.arms[1].tier, 5);
	near((double)cell("HumanEval/4", "tier:2")->success, 1);
	near((double)cell("dim1_HumanEval_3", "tier:1")->success, 0.5);
	matrix_release(&m);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* A model that a part of a source lacks is not that part's. */
static void parts(void **state)
{
	char path[] = "/tmp/aco-matrix-XXXXXX";
	const char *const paths[] = {path};
	struct mx_opts o = {.coverage = 0.9, .source_by = "suite"};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_file(path, "{\"source\":\"s\",\"suite\":\"a\",\"task_id\":\"1\","
			 "\"model\":\"m\",\"success\":1,\"cost_usd\":1}\n"
			 "{\"source\":\"s\",\"suite\":\"a\",\"task_id\":\"2\","
			 "\"model\":\"m\",\"success\":0,\"cost_usd\":1}\n"
			 "{\"source\":\"s\",\"suite\":\"a\",\"task_id\":\"2\","
			 "\"model\":\"n\",\"success\":1,\"cost_usd\":3}\n"
			 "{\"source\":\"s\",\"suite\":\"b\",\"task_id\":\"3\","
			 "\"model\":\"n\",\"success\":1,\"cost_usd\":2}\n");
	matrix_init(&m);
	assert_int_equal(matrix_read(&m, paths, 1, &o, &e), RC_OK);
	assert_int_equal(m.n_arms, 2);
	assert_int_equal(m.n_tasks, 3);
	assert_true(str_is(m.tasks[0].source, "a"));
	assert_true(isnan(cell("2", "n")->success));
	near((double)cell("3", "n")->success, 1);
	matrix_release(&m);
	unlink(path);
}

/* Files to fit on say nothing of what is to be judged. */
static void two_files(void **state)
{
	char fit[] = "/tmp/aco-matrix-XXXXXX", judge[] = "/tmp/aco-mx-XXXXXX";
	const char *const paths[] = {fit, judge};
	int a = mkstemp(fit), b = mkstemp(judge);

	(void)state;
	assert_true(a >= 0 && b >= 0);
	close(a);
	close(b);
	write_file(fit, "{\"source\":\"s\",\"task_id\":\"1\",\"model\":\"m\","
			"\"success\":1,\"cost_usd\":1}\n"
			"{\"source\":\"s\",\"task_id\":\"2\",\"model\":\"m\","
			"\"success\":1,\"cost_usd\":1}\n");
	write_file(judge, "{\"source\":\"s\",\"task_id\":\"1\",\"model\":\"m\","
			  "\"success\":0,\"cost_usd\":3}\n");
	matrix_init(&m);
	assert_int_equal(matrix_read(&m, paths, 2,
				     &(struct mx_opts){.judge_from = 1}, &e),
			 RC_OK);
	assert_int_equal(m.n_tasks, 2);
	assert_true(m.tasks[task("1")].judge);
	assert_false(m.tasks[task("2")].judge);
	near((double)cell("1", "m")->success, 0);
	assert_int_equal(cell("1", "m")->runs, 1);
	matrix_release(&m);
	unlink(fit);
	unlink(judge);
}

static void classes(void **state)
{
	(void)state;
	read_with(&(struct mx_opts){.class_by = "level"});
	assert_int_equal(m.n_classes, 4);
	assert_true(mx_find_class(&m, STR("hard")) >= 0);
	assert_true(mx_find_class(&m, STR("coding")) >= 0);
	matrix_release(&m);
	read_with(&(struct mx_opts){.hide_class = true});
	assert_int_equal(m.n_classes, 1);
	assert_true(str_is(m.classes[0], "all"));
	matrix_release(&m);
	read_with(&(struct mx_opts){.max_tasks = 2});
	assert_int_equal(m.n_tasks, 2);
	matrix_release(&m);
}

static uint64_t g(const char *id, const char *by)
{
	return mx_group(STR("s"), str_from(id), STR_NONE, by);
}

static void groups(void **state)
{
	static const char *const same[][2] = {
		{"astropy__astropy-12907", "swe-bench/astropy__astropy-14182"},
		{"dim3_swebench_pydata__xarray-4493", "pydata__xarray-1"},
		{"instance_NodeBB__NodeBB-0c81642997ea1d827dbd02c311db9d4976112"
		 "cd4-vf2cf3cbd463b7ad942381f1c6d077626485a1e9e",
		 "NodeBB__NodeBB-7"},
		{"swe-bench-multimodal/Automattic__wp-calypso-30240",
		 "Automattic__wp-calypso-1"},
		{"scikit-learn__scikit-learn-25102",
		 "swt-bench/scikit-learn__scikit-learn-14983"},
	};
	static const char *const puzzle[][2] = {
		{"dim1_humaneval_HumanEval_3", "HumanEval/3"},
		{"dim7_hex_cpp_CPP/10", "dim9_he_testgen_HumanEval_10"},
		{"dim1_mbpp_100", "dim9_mbpp_testgen_100"},
		{"dim2_lcb_abc310_e", "dim9_lcb_testgen_abc310_e"},
		{"dim1_bcb_BigCodeBench/7", "dim1_bcb_v014_BigCodeBench/7"},
		{"swe-bench/a__b-3", "swt-bench/a__b-3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		if (g(same[i][0], NULL) != g(same[i][1], NULL))
			fail_msg("%s", same[i][0]);
		assert_int_not_equal(g(same[i][0], "task"),
				     g(same[i][1], "task"));
	}
	for (size_t i = 0; i < sizeof(puzzle) / sizeof(puzzle[0]); i++) {
		if (g(puzzle[i][0], "task") != g(puzzle[i][1], "task"))
			fail_msg("%s", puzzle[i][0]);
		assert_int_not_equal(g(puzzle[i][0], "id"),
				     g(puzzle[i][1], "id"));
	}
	assert_int_not_equal(g("HumanEval/3", NULL), g("HumanEval/31", NULL));
	assert_int_not_equal(g("a__b-3", "task"), g("a__b-31", "task"));
	assert_int_not_equal(g("a__", NULL), g("b__", NULL));
	assert_int_equal(mx_group(STR("s"), STR("a__b-3"), STR_NONE, NULL),
			 mx_group(STR("t"), STR("x"), STR("A/B"), NULL));
	assert_int_equal(g("", NULL), g("", "task"));
}

static void sides(void **state)
{
	enum mx_side side[8];

	(void)state;
	read_with(&(struct mx_opts){0});
	assert_int_equal(matrix_sides(&m, side), 2);
	assert_int_equal(side[task("HumanEval/3")], MX_JUDGE);
	assert_int_equal(side[task("HumanEval/4")], MX_JUDGE);
	/* the same puzzle in disguise is of no side */
	assert_int_equal(side[task("dim1_HumanEval_3")], MX_OUT);
	assert_int_equal(side[task("suite/ada__tools-9")], MX_FIT);
	/* folds: each row is judged once, groups stay together */
	for (uint64_t seed = 0; seed < 20; seed++) {
		int judged[8] = {0};

		for (int f = 0; f < 3; f++) {
			matrix_split(&m, 3, f, seed, side);
			for (int t = 0; t < m.n_tasks; t++)
				judged[t] += side[t] == MX_JUDGE;
			assert_int_equal(side[task("suite/ada__tools-9")],
					 side[task("suite/ada__tools-17")]);
			assert_int_equal(side[task("HumanEval/3")],
					 side[task("dim1_HumanEval_3")]);
		}
		for (int t = 0; t < m.n_tasks; t++)
			assert_int_equal(judged[t], 1);
	}
	matrix_release(&m);
}

static void bad_files(void **state)
{
	static const char *const bad[] = {
		"",
		"{}\n",
		"7\n",
		"{\"source\":\"s\",\"task_id\":\"t\",\"model\":\"m\"}\n",
		"{\"source\":\"s\",\"task_id\":\"t\",\"model\":7}\n",
		"{\"task_id\":\"t\",\"model\":\"m\",\"success\":2}\n",
		"\xff\xfe\n",
		"\x1f\x8b\x08 cut short",
	};
	char path[] = "/tmp/aco-matrix-XXXXXX";
	const char *const paths[] = {path};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *f = fopen(path, "w");

		fputs(bad[i], f);
		fclose(f);
		matrix_init(&m);
		if (matrix_read(&m, paths, 1, &(struct mx_opts){0}, &e) !=
		    RC_BAD)
			fail_msg("taken: %s", bad[i]);
		matrix_release(&m);
	}
	unlink(path);
	matrix_init(&m);
	assert_int_equal(matrix_read(&m, paths, 1, &(struct mx_opts){0}, &e),
			 RC_BAD);
	matrix_release(&m);
}

/* The real ones, where they are. */
static void real_outcomes(void **state)
{
	static const struct {
		const char *file;
		int tasks, arms;
	} files[] = {
		{"swebench_mini", 291, 24},
		{"coderouterbench_id", 7080, 8},
		{"bfcl_v2", 1010, 71},
		{"routellm", 9363, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = shared_need(files[i].file);
		const char *const paths[] = {path};

		matrix_init(&m);
		if (matrix_read(&m, paths, 1, &(struct mx_opts){0}, &e) !=
		    RC_OK)
			fail_msg("%s", e.msg);
		assert_int_equal(m.n_tasks, files[i].tasks);
		assert_int_equal(m.n_arms, files[i].arms);
		matrix_release(&m);
		free(path);
	}
}

/* What was paid follows the price, unless that is no amount. */
static void costs_at_a_price(void **state)
{
	(void)state;
	assert_int_equal(mx_cost_at(1000, 3, 2), 1500);
	assert_int_equal(mx_cost_at(1000, 2, 2), 1000);
	assert_int_equal(mx_cost_at(1000, 0, 2), 1000);
	assert_int_equal(mx_cost_at(1000, 2, 0), 1000);
	assert_int_equal(mx_cost_at(1000, NAN, 2), 1000);
	assert_int_equal(mx_cost_at(MONEY_NONE, 3, 2), MONEY_NONE);
	assert_int_equal(mx_cost_at(1000, 1e6, 1), 1000); /* damage */
	assert_int_equal(mx_cost_at(INT64_MAX / 2, 3, 1), INT64_MAX / 2);
	assert_int_equal(mx_cost_at(INT64_MAX, 1.0000001, 1), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells),
		cmocka_unit_test(pools),
		cmocka_unit_test(parts),
		cmocka_unit_test(two_files),
		cmocka_unit_test(classes),
		cmocka_unit_test(groups),
		cmocka_unit_test(sides),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(real_outcomes),
		cmocka_unit_test(costs_at_a_price),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
