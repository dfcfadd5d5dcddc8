#include "ledger/learn.h"

#include <math.h>
#include <stdlib.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/db.h"
#include "ledger/evidence_run.h"
#include "ledger/money.h"

#define VECTOR_MAX 4096
#define STEPS_MAX  4096

struct reading {
	learn_fn *fn;
	void *arg;
	struct err *e;
	enum rc rc;
	float *x;                       /* [VECTOR_MAX] */
	float *kinds, *failed, *output; /* [STEPS_MAX], of a run */
	float evidence[EVIDENCE_N];
};

static int64_t cost(const struct db_result *r, int row, int col)
{
	return db_null(r, row, col) ? MONEY_NONE : db_i64(r, row, col);
}

static int32_t verdict(const struct db_result *r, int row, int col)
{
	return db_null(r, row, col) ? -1 : (int32_t)db_i64(r, row, col);
}

static void vector(struct reading *rd, struct ev_trial *t,
		   const struct db_result *r, int row, int schema, int features)
{
	if (db_null(r, row, schema))
		return;
	t->n_features = db_f32s(r, row, features, rd->x, VECTOR_MAX);
	if (!t->n_features)
		return;
	t->features = rd->x;
	t->feature_schema = db_uuid(r, row, schema);
}

/* Into rd->evidence; false: there is none. */
static bool read_evidence(struct reading *rd, const struct db_result *r,
			  int row, int col)
{
	for (int i = 0; i < EVIDENCE_N; i++)
		rd->evidence[i] = NAN;
	return db_f32s(r, row, col, rd->evidence, EVIDENCE_N) > 0;
}

static bool on_trial(void *arg, const struct db_result *r, int row)
{
	struct reading *rd = arg;
	struct learn_row l = {.propensity = 1};

	l.t = (struct ev_trial){
		.source = db_text(r, row, 0),
		.task_ext_id = db_text(r, row, 1),
		.task_class = db_text(r, row, 2),
		.model = db_text(r, row, 3),
		.success_micro = verdict(r, row, 4),
		.cost_pusd = cost(r, row, 5),
		.cost_estimated = db_bool(r, row, 6),
		.at_us = db_time(r, row, 7),
	};
	vector(rd, &l.t, r, row, 8, 9);
	if (!db_null(r, row, 10))
		l.repo = db_text(r, row, 10);
	if (read_evidence(rd, r, row, 11))
		l.evidence = rd->evidence;
	rd->rc = rd->fn(rd->arg, &l, rd->e);
	return rd->rc == RC_OK;
}

/* What the steps of a model's part of a task tell; false: nothing. */
static bool read_run(struct reading *rd, const struct db_result *r, int row)
{
	struct evidence_run run = {.steps = 0};
	int n = db_f32s(r, row, 12, rd->kinds, STEPS_MAX);
	int m = db_f32s(r, row, 13, rd->failed, STEPS_MAX);
	int k = db_f32s(r, row, 14, rd->output, STEPS_MAX);

	for (int i = 0; i < n && i < m && i < k; i++) {
		bool known = rd->kinds[i] >= 0 && rd->kinds[i] < STEP_KIND_N;
		struct run_step s = {
			.kind = known ? (enum step_kind)(int)rd->kinds[i]
				      : STEP_OTHER,
			.kind_known = known,
			.failed = rd->failed[i] >= 0 ? rd->failed[i] > 0 : -1,
			.repeated = -1,
			.tokens = (double)rd->output[i],
		};

		evidence_run_add(&run, &s);
	}
	evidence_run_values(&run, rd->evidence);
	if (run.steps > 1 && !db_null(r, row, 15))
		rd->evidence[EVIDENCE_RUN_ENDED] =
			evidence_run_ended(db_text(r, row, 15));
	return evidence_run_known(rd->evidence, EVIDENCE_N);
}

static bool on_task(void *arg, const struct db_result *r, int row)
{
	struct reading *rd = arg;
	struct learn_row l = {.propensity = (float)db_f64(r, row, 8)};
	struct uuid task = db_uuid(r, row, 0);
	char id[UUID_TEXT];
	bool some;

	l.t = (struct ev_trial){
		.source = STR("ledger"),
		.task_ext_id = str_from(uuid_format(task, id)),
		.task_class = db_text(r, row, 1),
		.model = db_text(r, row, 2),
		.success_micro = verdict(r, row, 3),
		.cost_pusd = cost(r, row, 4),
		.at_us = db_time(r, row, 5),
	};
	vector(rd, &l.t, r, row, 6, 7);
	some = read_evidence(rd, r, row, 9);
	if (read_run(rd, r, row) || some)
		l.evidence = rd->evidence;
	if (!db_null(r, row, 10))
		l.repo = db_text(r, row, 10);
	l.provider = db_text(r, row, 11);
	rd->rc = rd->fn(rd->arg, &l, rd->e);
	return rd->rc == RC_OK;
}

static enum rc stream(struct db *db, const struct sql_stmt *stmt,
		      const struct learn_opts *o, int64_t rows, db_row_fn *fn,
		      struct reading *rd)
{
	struct db_args a;
	enum rc rc;

	if (rows <= 0)
		return RC_OK;
	db_args_init(&a, 4096);
	db_arg_time(&a, o->since_us);
	db_arg_time(&a, o->until_us);
	db_arg_i64(&a, rows);
	rc = db_stream(db, stmt, &a, fn, rd, rd->e);
	db_args_release(&a);
	return rd->rc ? rd->rc : rc;
}

enum rc learn_read(struct db *db, const struct learn_opts *o, learn_fn *fn,
		   void *arg, struct err *e)
{
	struct reading rd = {.fn = fn, .arg = arg, .e = e};
	enum rc rc;

	rd.x = xcalloc(VECTOR_MAX + 3 * STEPS_MAX, sizeof(*rd.x));
	rd.kinds = rd.x + VECTOR_MAX;
	rd.failed = rd.kinds + STEPS_MAX;
	rd.output = rd.failed + STEPS_MAX;
	rc = stream(db, &sql_learn_trials, o, o->max_trials, on_trial, &rd);
	if (!rc)
		rc = stream(db, &sql_learn_tasks, o, o->max_tasks, on_task,
			    &rd);
	free(rd.x);
	return rc;
}
