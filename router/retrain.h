/* A retraining from end to end: read outcomes, fit on the earlier ones, compare
 * with the bundle that serves on the later ones, publish. Where the gate
 * refuses the new one, the calibrations of the one that serves may still be
 * refreshed (recalibrate.h), which makes a version of its own. What drifted
 * (ingest/drift.h) serves by static policies, and that is what a candidate is
 * compared with; a refreshed version takes over what drifted but for
 * probabilities that did not hold in general, where its decisions are no worse
 * than those of the static policies. `aco train` is this; the daemon starts it
 * nightly as a program of its own. */
#ifndef ACO_RETRAIN_H
#define ACO_RETRAIN_H

#include "router/recalibrate.h"
#include "router/train.h"

struct db;

struct retrain_opts {
	const char *const
		*files; /* outcome files to fit on; none: the ledger */
	int n_files;
	struct db *db;       /* the ledger; NULL: none, nothing to publish to */
	bool by_tier;        /* arms are tiers */
	bool publish;        /* into the ledger, if it passes the gate */
	int64_t window_days; /* of the ledger; 0: all */
	int64_t max_rows;    /* trials, and tasks, of the ledger */
	int64_t min_tasks;   /* fewer: RC_BAD, nothing to learn from yet */
	int64_t now_us;
	struct train_opts train;
	struct gate_opts gate;
	struct recal_opts recal;
};
void retrain_defaults(struct retrain_opts *o);

struct retrain_result {
	struct buf bundle;
	struct buf certificate; /* with gate and preview where it was judged */
	struct gate gate;
	bool judged; /* by the gate */
	bool published;
	int32_t id;  /* of the version in the ledger; 0: none */
	bool looked; /* whether only calibrations may be refreshed */
	struct recal recal;
	int32_t recal_id; /* of that version; 0: none */
	int tasks, judge_tasks, arms;
	int64_t read_us, fit_us;
};
void retrain_result_init(struct retrain_result *r);
void retrain_result_release(struct retrain_result *r);

/* RC_BAD: nothing to learn from. A bundle that the gate refuses is no error. */
enum rc retrain(const struct retrain_opts *o, struct retrain_result *out,
		struct err *e) MUST_CHECK;

/* The later part of the rows for judging: the last quarter by time; where
 * most came within an hour (an import), a quarter of the groups. */
void retrain_sides(const struct matrix *m, uint64_t seed, enum mx_side *side);
/* What of the tasks of files may be fitted on, where the ledger's judge: those
 * that are not, by source and id, among the judged ones of `own`. The others
 * are MX_OUT. */
void retrain_file_sides(const struct matrix *files, const struct matrix *own,
			const enum mx_side *side, enum mx_side *out);

#endif
