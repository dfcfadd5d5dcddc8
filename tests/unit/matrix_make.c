#include "tests/unit/matrix_make.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/buf.h"
#include "ledger/base/clock.h"
#include "router/stat.h"

static struct str word(const char *name, int n, char *buf, size_t size)
{
	int len = snprintf(buf, size, "%s%d", name, n);

	return (struct str){buf, (size_t)len};
}

static int prompt_vector(double hard, float *x)
{
	struct buf b;
	int n;

	buf_init(&b, 4096);
	buf_adds(&b, "Please print the list");
	for (int i = 0; i < (int)(hard * 12); i++)
		buf_adds(&b, " and debug the race condition, prove it;");
	n = feature_text((struct str){b.p, b.len}, x);
	buf_release(&b);
	return n;
}

void make_matrix(struct matrix *m, const struct make_opts *o)
{
	struct mx_build *b;
	struct err e;
	uint64_t r = o->seed, other = o->verdicts;
	float x[FEATURE_MAX];

	matrix_init(m);
	b = mx_build_new(m, &(struct mx_opts){.group_by = "repo"});
	for (int t = 0; t < o->tasks; t++) {
		char id[32], repo[32], class_name[32], model[32];
		int c = (int)(stat_uniform(&r) * o->classes);
		int group = t / o->group_size;
		double hard = stat_uniform(&r);
		bool judge = (group * 7919) % 100 < (int)(100 * o->judged);
		int n = o->prompts ? prompt_vector(hard, x) : 0;

		for (int a = 0; a < o->arms; a++) {
			double u = stat_uniform(&r);
			double cost =
				pow(3, a) * 0.01 * (0.5 + stat_uniform(&r));
			double p = 0.45 + 0.1 * a - 0.5 * (hard - 0.5) +
				   (c % o->arms == a ? 0.25 : 0);
			struct ev_trial trial = {
				.source = STR("made"),
				.task_ext_id = word("t", t, id, sizeof(id)),
				.task_class = word("c", c, class_name,
						   sizeof(class_name)),
				.model = word("m", a, model, sizeof(model)),
				.at_us = TIME_NONE,
				.cost_pusd = (int64_t)(cost * 1e12),
				.features = n ? x : NULL,
				.n_features = n,
				.feature_schema = feature_schema(),
			};

			if (judge && o->verdicts)
				u = stat_uniform(&other);
			trial.success_micro = u < p ? 1000000 : 0;
			if (mx_build_add(b, &trial,
					 word("a/r", group, repo, sizeof(repo)),
					 judge, &e) != RC_OK)
				abort();
		}
	}
	if (mx_build_end(b, &e) != RC_OK)
		abort();
}
