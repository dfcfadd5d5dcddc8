/* Outcomes of tasks under arms, the one form in which the router learns and is
 * judged: a row a task, a column an arm (a model), a cell what was seen. It is
 * read from outcome files (our own JSON lines, plain or gzip), from trials and
 * from the ledger's own tasks, decisions and outcomes.
 *
 * Feature vectors are computed while reading, prompts are let go. Costs are
 * exact pico-dollars; learning turns them into floats for itself. */
#ifndef ACO_MATRIX_H
#define ACO_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "router/feature.h"

struct mx_arm {
	struct str name;        /* as the source names the model */
	int tier;               /* 1..5, by mean cost when nobody says it */
	int64_t mean_cost_pusd; /* over its cells; -1 unknown */
};

struct mx_cell {
	float success;     /* 0..1; NaN: not seen */
	int64_t cost_pusd; /* MONEY_NONE: not known */
	bool estimated;    /* the cost is imputed */
	float propensity;  /* that a logging policy chose it; 1: always seen */
};

struct mx_task {
	struct str id, source;
	int class_id;   /* in classes */
	uint64_t group; /* hash of what must stay on one side of a split:
			   the repository, or the underlying task */
	int64_t at_us;  /* TIME_NONE: undated */
	bool judge;     /* the source marks it for judging (split: val) */
	float weight;   /* 1 unless said otherwise */
	const float *x; /* n_features, or NULL: no prompt and no vector */
};

struct matrix {
	struct arena arena; /* owns every string and vector */
	struct mx_arm *arms;
	struct str *classes;
	struct mx_task *tasks;
	struct mx_cell *cells; /* [task * n_arms + arm] */
	int n_arms, n_classes, n_tasks, n_features;
	struct uuid schema; /* of the vectors */
};

struct mx_opts {
	const char *const *models; /* NULL: all; ends with NULL */
	const char *const *drop;   /* models to leave out; may be NULL */
	int tiers;                 /* > 0: keep the best arm of each of so many
				      cost bands */
	const char *group_by;      /* "task", "repo", "source", "class", or a
				      member of the line; NULL: repo, then task */
	const char *class_by;      /* NULL: task_class; or a member */
	int64_t max_tasks;         /* 0: all; else a deterministic sample */
	bool hide_class;           /* every task is of class "all" */
};

void matrix_init(struct matrix *m);
void matrix_release(struct matrix *m);
/* Append what the files hold. Lines that are no outcome: RC_BAD with file and
 * line. Several runs of one (task, model) are averaged. */
enum rc matrix_read(struct matrix *m, const char *const *paths, int n,
		    const struct mx_opts *o, struct err *e) MUST_CHECK;

/* Rows for fitting and for judging. side[i]: 0 fit, 1 judge, 2 neither. */
enum mx_side {
	MX_FIT,
	MX_JUDGE,
	MX_OUT
};
/* Deterministic by group: `folds` parts, part `fold` is judged. */
void matrix_split(const struct matrix *m, int folds, int fold, uint64_t seed,
		  enum mx_side *side);

static inline struct mx_cell *matrix_cell(const struct matrix *m, int task,
					  int arm)
{
	return &m->cells[(size_t)task * (size_t)m->n_arms + (size_t)arm];
}

#endif
