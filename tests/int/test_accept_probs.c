/* An accept test on log-probabilities, learnt by the product's own training
 * from real answers (token_probs_cotuq: Llama-3.1-8B on GSM8K, ASDiv, SVAMP
 * and 2WikiMHQA, with the probabilities of its tokens and whether it was
 * right), judged on tasks that it never saw.
 *
 * The accept model is given log-probabilities and nothing else: no prompt, no
 * class, no cost. What is not accepted goes to a stronger model, of which the
 * source knows nothing; here it is always right, which favours escalating most:
 * any other stronger model makes the test look better. Accepting everything and
 * escalating everything are then the ends of a line of mixtures, and the test
 * is worth something when it escalates less often than the mixture that
 * succeeds as often.
 *
 * The data is not part of the project: without ../shared nothing is tested, and
 * that is said. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "ledger/gz_lines.h"
#include "router/calibrate.h"
#include "router/matrix.h"
#include "router/router.h"
#include "router/stat.h"
#include "router/train.h"
#include "tests/int/harness.h"
#include "tests/shared.h"

#define FOLDS     3 /* one of them is judged */
#define RESAMPLES 2000
#define DATA      "token_probs_cotuq"

/* ---- the source, as outcomes of two models ---- */

static void copy_number(FILE *f, const struct json *line, const char *name)
{
	double v;

	if (json_double(json_get(line, name), &v))
		fprintf(f, ",\"%s\":%.9g", name, v);
}

/* One answer a task: a chain of draft, the first run. */
static void copy_line(FILE *f, const struct json *line, struct arena *a)
{
	struct str id = json_str(json_get(line, "task_id"), a);
	double success;

	if (!json_str_is(json_get(line, "strategy"), "CoD") ||
	    !json_str_is(json_get(line, "run"), "run_0") ||
	    !json_double(json_get(line, "success"), &success))
		return;
	fprintf(f,
		"{\"source\":\"cotuq\",\"task_id\":\"%.*s\",\"task_class\":"
		"\"all\",\"model\":\"small\",\"success\":%g,"
		"\"cost_usd\":0.0001",
		STR_ARG(id), success);
	copy_number(f, line, "answer_mean_logprob");
	copy_number(f, line, "answer_min_prob");
	copy_number(f, line, "n_answer_tokens");
	fprintf(f,
		"}\n{\"source\":\"cotuq\",\"task_id\":\"%.*s\",\"task_class\":"
		"\"all\",\"model\":\"strong\",\"success\":1}\n",
		STR_ARG(id));
}

static void copy_source(const char *to)
{
	struct gz_lines *g;
	struct json_doc d;
	struct arena a;
	struct str line;
	struct err e;
	bool more;
	FILE *f = fopen(to, "w");
	char *from = shared_path(DATA);

	assert_non_null(f);
	ASSERT_OK(gz_lines_open(&g, from, &e), &e);
	free(from);
	json_doc_init(&d, 1 << 20);
	arena_init(&a, 1 << 24);
	for (;;) {
		ASSERT_OK(gz_lines_next(g, &line, &more, &e), &e);
		if (!more)
			break;
		if (!line.len)
			continue;
		arena_clear(&a);
		ASSERT_OK(json_parse(&d, line, &e), &e);
		copy_line(f, d.nodes, &a);
	}
	gz_lines_close(g);
	json_doc_release(&d);
	arena_release(&a);
	assert_int_equal(fclose(f), 0);
}

/* ---- judged answers ---- */

struct answer {
	float p; /* that it is right, says the accept model */
	bool right, taken;
};

struct judged {
	struct matrix m;
	struct buf bytes;
	struct bundle *bundle;
	struct answer *a;
	int n;
	float threshold, bound;
};

static int by_p(const void *a, const void *b)
{
	const struct answer *x = a, *y = b;

	return (x->p < y->p) - (x->p > y->p);
}

static void judge(struct judged *j, int task, int small)
{
	const struct mx_cell *cell = matrix_cell(&j->m, task, small);
	struct route_arm arms[2] = {
		{.model = STR("small"), .tier = 1, .allowed = true},
		{.model = STR("strong"), .tier = 5, .allowed = true}};
	struct route_tried tried = {.arm = 0,
				    .evidence = cell->evidence,
				    .n_evidence = EVIDENCE_N,
				    .cost_pusd = cell->cost_pusd};
	struct route_ask ask = {.class_name = STR("all"),
				.arms = arms,
				.n_arms = 2,
				.pinned = -1,
				.budget_left_pusd = -1,
				.tried = &tried,
				.n_tried = 1,
				.goal = ROUTE_QUALITY,
				.target = 1,
				.unguarded = true};
	struct decision d;

	router_judge(j->bundle, &ask, &d);
	assert_true(d.p_accept >= 0); /* not NaN */
	j->a[j->n++] = (struct answer){.p = d.p_accept,
				       .right = cell->success >= 0.5F,
				       .taken = d.p_accept >= j->threshold};
}

static void learn(struct judged *j, double limit)
{
	char path[4096];
	const char *paths[] = {path};
	const struct mx_opts how = {.group_by = "id", .hide_class = true};
	struct train_opts o;
	enum mx_side *side;
	struct err e;
	int small;

	snprintf(path, sizeof(path), "%s/probs.jsonl", harness_dir());
	copy_source(path);
	matrix_init(&j->m);
	ASSERT_OK(matrix_read(&j->m, paths, 1, &how, &e), &e);
	side = xcalloc((size_t)j->m.n_tasks, sizeof(*side));
	matrix_split(&j->m, FOLDS, 0, 1, side);
	train_defaults(&o);
	o.trees = 40;
	o.false_accept = limit;
	buf_init(&j->bytes, (size_t)256 << 20);
	ASSERT_OK(train_fit(&j->bytes, &j->m, side, &o, &e), &e);
	ASSERT_OK(bundle_view(&j->bundle, j->bytes.p, j->bytes.len, &e), &e);
	assert_non_null(bundle_accept(j->bundle));
	j->threshold = bundle_fleet(j->bundle)->policy.accept;
	j->bound = bundle_fleet(j->bundle)->policy.false_accept;
	j->a = xcalloc((size_t)j->m.n_tasks, sizeof(*j->a));
	small = mx_find_arm(&j->m, STR("small"));
	for (int i = 0; i < j->m.n_tasks; i++) {
		if (side[i] == MX_JUDGE)
			judge(j, i, small);
	}
	free(side);
}

/* ---- figures ---- */

/* Accepted are those with p >= at; of the answers with these indexes. */
struct figures {
	double taken, wrong; /* shares: accepted; accepted and wrong */
	double mixed;        /* the mixture that succeeds as often accepts */
	double saved;        /* of the mixture's escalations */
};

static void figures_of(const struct answer *a, const int *index, int n,
		       float at, struct figures *f)
{
	int taken = 0, wrong = 0, right = 0;

	for (int i = 0; i < n; i++) {
		const struct answer *x = &a[index ? index[i] : i];
		bool take = x->p >= at;

		right += x->right;
		taken += take;
		wrong += take && !x->right;
	}
	f->taken = (double)taken / n;
	f->wrong = (double)wrong / n;
	/* Failures are wrong ones that were accepted: the mixture has as many
	 * when it accepts this share at random. */
	f->mixed = right < n ? (double)wrong / (n - right) : 1;
	f->saved = f->mixed < 1 ? (f->taken - f->mixed) / (1 - f->mixed) : 0;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A 95 % interval of what is saved: resampled tasks. */
static void interval(const struct judged *j, float at, double *low,
		     double *high)
{
	double *saved = xcalloc(RESAMPLES, sizeof(*saved));
	int *index = xcalloc((size_t)j->n, sizeof(*index));
	uint64_t random = 7;
	struct figures f;

	for (int k = 0; k < RESAMPLES; k++) {
		for (int i = 0; i < j->n; i++)
			index[i] = (int)(stat_random(&random) % (uint64_t)j->n);
		figures_of(j->a, index, j->n, at, &f);
		saved[k] = f.saved;
	}
	qsort(saved, RESAMPLES, sizeof(*saved), by_value);
	*low = saved[RESAMPLES / 40];
	*high = saved[RESAMPLES - 1 - RESAMPLES / 40];
	free(saved);
	free(index);
}

/* The share of pairs, one right and one wrong, that are told apart. */
static double auc(const struct judged *j)
{
	double above = 0, pairs = 0;

	for (int i = 0; i < j->n; i++) {
		for (int k = 0; k < j->n; k++) {
			if (!j->a[i].right || j->a[k].right)
				continue;
			pairs++;
			above += j->a[i].p > j->a[k].p    ? 1
				 : j->a[i].p == j->a[k].p ? 0.5
							  : 0;
		}
	}
	return above / pairs;
}

static void judged_release(struct judged *j)
{
	bundle_drop(j->bundle);
	buf_release(&j->bytes);
	matrix_release(&j->m);
	free(j->a);
}

static void log_probabilities_are_worth_something(void **state)
{
	static const double shares[] = {0.25, 0.5, 0.75};
	struct judged j = {.n = 0};
	struct figures f;
	double low, high;
	int right = 0;

	(void)state;
	free(shared_need(DATA));
	learn(&j, 0.2);
	for (int i = 0; i < j.n; i++)
		right += j.a[i].right;
	print_message("%d tasks, %d judged (%.1f %% right), AUC %.3f\n",
		      j.m.n_tasks, j.n, 100.0 * right / j.n, auc(&j));
	assert_true(j.n > 500);
	qsort(j.a, (size_t)j.n, sizeof(*j.a), by_p);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		float at = j.a[(int)(shares[i] * j.n)].p;

		figures_of(j.a, NULL, j.n, at, &f);
		interval(&j, at, &low, &high);
		print_message("accepts %.1f %% (p >= %.2f), %.1f %% accepted "
			      "and wrong: escalates %.1f %% less than the "
			      "mixture that succeeds as often [%.1f, %.1f]\n",
			      100 * f.taken, (double)at, 100 * f.wrong,
			      100 * f.saved, 100 * low, 100 * high);
		assert_true(low > 0);
	}
	judged_release(&j);
}

/* The threshold that training chooses states a bound; what was never seen must
 * agree with it, as far as so many answers can tell. Nearly half of the answers
 * have no doubt in any token and look the same, and three in ten of these are
 * wrong: a limit that they do not fit into accepts none of them. */
static void the_bound_holds(void **state)
{
	static const double limits[] = {0.1, 0.2};

	(void)state;
	free(shared_need(DATA));
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct judged j = {.n = 0};
		struct figures f;
		double low, high;
		int wrong;

		learn(&j, limits[i]);
		figures_of(j.a, NULL, j.n, j.threshold, &f);
		interval(&j, j.threshold, &low, &high);
		wrong = (int)lround(f.wrong * j.n);
		print_message(
			"limit %.0f %%: p >= %.2f, its bound %.1f %%; "
			"accepts %.1f %%, %.1f %% accepted and wrong [%.1f,"
			" %.1f], escalates %.1f %% less [%.1f, %.1f]\n",
			100 * limits[i], (double)j.threshold,
			100 * (double)j.bound, 100 * f.taken, 100 * f.wrong,
			100 - 100 * bound_upper(j.n - wrong, j.n, 0.975),
			100 * bound_upper(wrong, j.n, 0.975), 100 * f.saved,
			100 * low, 100 * high);
		assert_true((double)j.bound <= limits[i]);
		assert_true(1 - bound_upper(j.n - wrong, j.n, 0.95) <=
			    limits[i]);
		if (i == 1) {
			assert_true(f.taken > 0.1);
			assert_true(low > 0);
		}
		judged_release(&j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_probabilities_are_worth_something),
		cmocka_unit_test(the_bound_holds),
	};

	return harness_main_bare("accept_probs", tests,
				 sizeof(tests) / sizeof(tests[0]));
}
