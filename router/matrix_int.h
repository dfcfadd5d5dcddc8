/* What the files of the matrix share; nobody else includes this. */
#ifndef ACO_MATRIX_INT_H
#define ACO_MATRIX_INT_H

#include "ledger/base/map.h"
#include "router/matrix.h"

/* One verdict, before the matrix is made. */
struct mx_obs {
	uint32_t task, arm;
	float success; /* NaN: the run failed for other reasons */
	int64_t cost_pusd;
	bool estimated;
	bool judge;       /* the line was marked for judging */
	uint16_t runs;    /* with a verdict */
	uint16_t good;    /* of these from half a success on */
	float propensity; /* 1: always seen */
	const float *evidence;
};

struct mx_build {
	struct matrix *m;
	struct mx_opts o;
	struct map task_map, arm_map, class_map, source_map;
	size_t cap_tasks, cap_arms, cap_classes, cap_sources, cap_source_of;
	struct str *sources;
	int n_sources;
	int *source_of; /* by task */
	struct mx_obs *obs;
	size_t n_obs, cap_obs;
};

/* A line, with what its trial does not say. */
struct mx_line {
	const struct ev_trial *t;
	struct str class_name; /* over the trial's; absent: that */
	struct str group;      /* name of the group; absent: mx_group() */
	struct str repo;
	struct str prompt;
	const float *evidence; /* EVIDENCE_N values; NULL: the trial's */
	float propensity;      /* 0: always seen */
	bool judge;
};
enum rc mx_add(struct mx_build *b, const struct mx_line *l,
	       struct err *e) MUST_CHECK;

/* matrix_pool.c: which arms stay. out[source * n_arms + arm] is the index of
 * the arm that it becomes, -1: none; *names (owned by the caller) and *n are
 * the new arms. `obs` are merged: one a task and arm. */
void mx_pool(const struct mx_build *b, int *out, struct str **names,
	     int **tiers, int *n);

/* matrix_sort.c. Arms in ascending order of cost, named so; their tiers by rank
 * unless given (0: not). */
void mx_sort_arms(struct matrix *m, const struct str *names, const int *tiers,
		  int n);
/* Only classes that a task is left of, in alphabetical order. */
void mx_sort_classes(struct matrix *m);
/* What was paid at one price of a token, at another; as it was where one of
 * them is not known, they are too far apart to be true, or it would be more
 * than can be counted. */
int64_t mx_cost_at(int64_t cost_pusd, double now, double then);
/* The model that was seen, with its cost, on the greatest share of its source's
 * tasks, of those wanted; that share, 0: none was. */
double mx_nearest(const struct mx_build *b, struct str *name);

#endif
