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
#include "ledger/event.h"
#include "router/feature.h"

struct mx_arm {
	struct str name;        /* as the source names the model */
	int tier;               /* 1..5, by mean cost when nobody says it */
	int64_t mean_cost_pusd; /* over its cells; -1 unknown */
	double price_unit;      /* route_price_unit() of today, which all of
				   its costs are converted to; 0: not known,
				   they are as they were paid */
};

struct mx_cell {
	float success;     /* 0..1; NaN: not seen */
	int64_t cost_pusd; /* MONEY_NONE: not known */
	bool estimated;    /* the cost is imputed */
	uint16_t runs;     /* that it is the mean of */
	uint16_t good;     /* of these from half a success on */
	float propensity;  /* that a logging policy chose it; 1: always seen */
	const float *evidence; /* EVIDENCE_N values of ledger/evidence.h that
				  its reply left, NaN unknown; NULL: none. Of
				  several runs the first. Output tokens are all
				  of its tokens where the source tells no
				  other */
};

struct mx_task {
	struct str id, source;
	int class_id;         /* in classes */
	uint64_t group;       /* hash of what must stay on one side of a split:
				 the repository, or the underlying task; the same
				 for equal names on every machine */
	int64_t at_us;        /* TIME_NONE: undated */
	bool judge;           /* the source marks it for judging (split: val) */
	float weight;         /* 1 unless said otherwise */
	const float *x;       /* n_features, or NULL: no prompt and no vector */
	int64_t input_tokens; /* of its prompt, as cheaply known; 0 unknown */
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

struct price_book;

struct mx_opts {
	const char *const *models; /* NULL: all; ends with NULL */
	const char *const *drop;   /* models to leave out; may be NULL */
	int tiers;                 /* > 0: keep the best arm of each of so many
				      cost bands, of rows not marked `judge`
				      where there are such */
	bool by_tier;              /* with tiers: per source, and the arms are
				      "tier:1" to "tier:N", so that sources with
				      models of their own make one fleet */
	double coverage;           /* drop arms, source by source, seen with
				      their cost on less than this share of
				      the source's tasks with a known cost */
	const char *group_by;      /* "id", "task" (what it is underneath:
				      HumanEval/3 in five disguises is one),
				      "repo", "source", "class", or a member of
				      the line; NULL: repo, then task */
	const char *class_by;      /* NULL: task_class; "source"; a member */
	const char *source_by;     /* NULL: source; a member that tells parts of
				      a source apart which are sources each */
	int judge_from;            /* > 0: files from this index on are for
				      judging, those before for fitting, and
				      the sources' own marks are passed over; of a
				      task that both have only what the files
				      for judging say of it counts */
	int64_t max_tasks;         /* 0: all; else a deterministic sample */
	bool hide_class;           /* every task is of class "all" */
	const struct price_book
		*prices; /* of a ledger: costs are converted from the prices of
			    their time to today's where both are known; NULL:
			    they stay as they were paid */
};

void matrix_init(struct matrix *m);
void matrix_release(struct matrix *m);
/* Fill an empty matrix from files ("-": standard input). Lines that are no
 * outcome: RC_BAD with file and line. Several runs of one (task, model) are
 * averaged; where some of its costs are measured, only those. Tasks without a
 * verdict are left out. Arms are in ascending order of mean cost, unknown ones
 * last; tasks in the order in which they were met. */
enum rc matrix_read(struct matrix *m, const char *const *paths, int n,
		    const struct mx_opts *o, struct err *e) MUST_CHECK;

/* Fill an empty matrix from a ledger (ledger/learn.h). The groups of its own
 * tasks are the repositories or folders that they name, else each its own. */
struct db;
struct learn_opts;
enum rc matrix_ledger(struct matrix *m, struct db *db,
		      const struct learn_opts *from, const struct mx_opts *o,
		      struct err *e) MUST_CHECK;

/* Fill an empty matrix from trials, one at a time: the ledger's, generated
 * ones. A trial's texts and vector are copied. `repo` may be absent. */
struct mx_build;
struct mx_build *mx_build_new(struct matrix *m, const struct mx_opts *o);
enum rc mx_build_add(struct mx_build *b, const struct ev_trial *t,
		     struct str repo, bool judge, struct err *e) MUST_CHECK;
/* Finishes the matrix and frees the builder; RC_BAD: nothing was added. */
enum rc mx_build_end(struct mx_build *b, struct err *e) MUST_CHECK;
void mx_build_free(struct mx_build *b); /* without finishing; NULL is fine */

/* Rows for fitting and for judging, by task. */
enum mx_side {
	MX_FIT,
	MX_JUDGE,
	MX_OUT
};
/* Deterministic by group: `folds` parts of about equal size, part `fold` is
 * judged. */
void matrix_split(const struct matrix *m, int folds, int fold, uint64_t seed,
		  enum mx_side *side);

/* By the marks `judge`; what is not marked and shares a group with something
 * that is belongs to neither. Returns the number of rows to be judged. */
int matrix_sides(const struct matrix *m, enum mx_side *side);

/* The group of a name, for group_by "task" or "repo" (absent: repo where one
 * is told by the name or given, else task). */
uint64_t mx_group(struct str source, struct str id, struct str repo,
		  const char *group_by);
/* An arm was seen on a task, with verdict and cost. */
bool mx_seen(const struct matrix *m, int task, int arm);
int mx_find_arm(const struct matrix *m, struct str name); /* -1: none */
int mx_find_class(const struct matrix *m, struct str name);

static inline struct mx_cell *matrix_cell(const struct matrix *m, int task,
					  int arm)
{
	return &m->cells[(size_t)task * (size_t)m->n_arms + (size_t)arm];
}

#endif
