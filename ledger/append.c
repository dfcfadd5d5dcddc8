/* The list of operations a batch goes through, and what follows from each
 * answer. See writer.h for the picture. */
#include <stdio.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/log.h"
#include "ledger/writer.h"

/* A batch that keeps meeting rows that others write in the same moment. */
#define TRIES_MAX 20

/* Names are few in any sane fleet; beyond this the cache starts afresh. */
#define NAMES_MAX 200000

static enum op_start op_begin(struct ledger *l)
{
	return op_send(l, &sql_append_begin);
}

/* A probe never commits. */
static enum op_start op_commit(struct ledger *l)
{
	return op_send(l,
		       l->probing ? &sql_append_rollback : &sql_append_commit);
}

static const struct op ops[] = {
	{"names", op_names, op_names_done, true},
	{"models", op_models, op_models_done, true},
	{"prepare", op_prepare, NULL, false},
	{"partitions", op_days, NULL, false},
	{"begin", op_begin, NULL, false},
	{"lock tasks", op_tasks_lock, op_tasks_lock_done, false},
	{"find keys", op_find_keys, op_find_keys_done, false},
	{"lock attempts", op_lock_rows, op_lock_rows_done, false},
	{"met tasks", op_tasks_met, NULL, false},
	{"load names", op_old_names, op_names_done, false},
	{"load models", op_old_models, op_models_done, false},
	{"hear", op_tasks_hear, NULL, false},
	{"move tasks", op_tasks_sums, op_tasks_sums_done, false},
	{"settle", op_settle, NULL, false},
	{"new tasks", op_tasks_new, op_tasks_new_done, false},
	{"race", op_tasks_raced, NULL, false},
	{"delete keys", op_delete_keys, NULL, false},
	{"delete attempts", op_delete_rows, NULL, false},
	{"steps", op_steps, NULL, false},
	{"keys", op_copy_keys, NULL, false},
	{"attempts", op_copy_rows, NULL, false},
	{"delete steps", op_delete_steps, NULL, false},
	{"task spans", op_tasks_span, op_tasks_span_done, false},
	{"outcomes", op_outcomes, op_outcomes_done, false},
	{"verdicts", op_verdicts, op_verdicts_done, false},
	{"update tasks", op_tasks_update, NULL, false},
	{"attempt rollup", op_attempt_rollup, NULL, false},
	{"task rollup", op_task_rollup, NULL, false},
	{"trial table", op_trial_table, NULL, false},
	{"trials", op_trials, op_trials_done, false},
	{"merge trials", op_trials_merge, op_trials_merge_done, false},
	{"decision table", op_decision_table, NULL, false},
	{"decisions", op_decisions, op_decisions_done, false},
	{"merge decisions", op_decisions_merge, op_decisions_merge_done, false},
	{"dead letters", op_dead, NULL, false},
	{"claims", op_claims, NULL, false},
	{"cursors", op_cursors, NULL, false},
	{"commit", op_commit, NULL, false},
};
#define OP_COUNT ((int)(sizeof(ops) / sizeof(ops[0])))

static void advance(struct ledger *l);
static void answered(void *arg, const struct db_status *st,
		     const struct db_result *r);
static void rolled_back(void *arg, const struct db_status *st,
			const struct db_result *r);

static enum op_start started(struct ledger *l, enum rc rc)
{
	l->rc = rc;
	l->sqlstate[0] = '\0';
	return rc == RC_OK ? OP_SENT : OP_FAILED;
}

enum op_start op_send(struct ledger *l, const struct sql_stmt *stmt)
{
	if (!buf_ok(&l->args.data))
		return op_fail(l, RC_BAD, "the batch is too large");
	return started(l,
		       db_start(l->db, stmt, stmt->params[0] ? &l->args : NULL,
				answered, l, &l->err));
}

enum op_start op_copy(struct ledger *l, const struct sql_stmt *stmt)
{
	if (!buf_ok(&l->copy))
		return op_fail(l, RC_BAD, "the batch is too large");
	return started(
		l, db_start_copy(l->db, stmt, &l->copy, answered, l, &l->err));
}

enum op_start op_fail(struct ledger *l, enum rc rc, const char *msg)
{
	l->rc = err_set(&l->err, rc, "%s", msg);
	l->sqlstate[0] = '\0';
	return OP_FAILED;
}

static void finish(struct ledger *l, enum rc rc)
{
	struct err e = l->err;
	struct ledger_counts counts = l->counts;

	l->state = W_IDLE;
	l->b = NULL;
	if (rc)
		memset(&counts, 0, sizeof(counts));
	l->done(l->arg, rc, &e, &counts);
}

static void restart(struct ledger *l)
{
	l->op = 0;
	l->state = W_RUNNING;
	advance(l);
}

/* What a failed pass calls for; false: the caller must hear of it. */
static bool try_again(struct ledger *l)
{
	if (db_broken(l->db))
		return false;
	if (++l->tries > TRIES_MAX) {
		l->rc = RC_BUSY;
		return false;
	}
	if (l->learnt)
		return true;
	if (strcmp(l->sqlstate, "23505") == 0) {
		rows_learn(l);
		l->merge = l->trial_merge = l->decision_merge = true;
		return true;
	}
	if (strcmp(l->sqlstate, "23514") == 0 && l->no_partition) {
		days_learn(l);
		return true;
	}
	if (strcmp(l->sqlstate, "40P01") == 0 ||
	    strcmp(l->sqlstate, "40001") == 0)
		return true;
	if (l->rc == RC_BAD && l->sqlstate[0]) {
		l->tries = 0;
		return poison_failed(l);
	}
	return false;
}

static void failed(struct ledger *l)
{
	l->again = try_again(l);
	l->learnt = false;
	log_line(LOG_DEBUG, "ledger", "pass failed",
		 "op=%s sqlstate=%s again=%d", log_quote(ops[l->op].name),
		 l->sqlstate, l->again);
	l->state = W_ROLLBACK;
	if (db_broken(l->db) || db_start(l->db, &sql_append_rollback, NULL,
					 rolled_back, l, NULL) != RC_OK)
		finish(l, l->again ? RC_DOWN : l->rc);
}

static void rolled_back(void *arg, const struct db_status *st,
			const struct db_result *r)
{
	struct ledger *l = arg;

	(void)r;
	if (l->again && st->rc == RC_OK) {
		restart(l);
		return;
	}
	/* What failed first might be mended: it is not the caller's answer. */
	if (l->again) {
		l->rc = st->rc == RC_BAD ? RC_DOWN : st->rc;
		l->err = st->err;
	}
	finish(l, l->rc);
}

static void answered(void *arg, const struct db_status *st,
		     const struct db_result *r)
{
	struct ledger *l = arg;
	const struct op *op = &ops[l->op];

	if (st->rc != RC_OK) {
		l->rc = st->rc;
		l->err = st->err;
		memcpy(l->sqlstate, st->sqlstate, sizeof(l->sqlstate));
		l->no_partition = st->constraint[0] == '\0';
		failed(l);
		return;
	}
	if (op->finish)
		op->finish(l, st, r);
	if (!op->loops)
		l->op++;
	advance(l);
}

static void advance(struct ledger *l)
{
	while (l->op < OP_COUNT) {
		enum op_start s = ops[l->op].start(l);

		if (s == OP_SENT)
			return;
		if (s == OP_FAILED) {
			failed(l);
			return;
		}
		l->op++;
	}
	if (l->probing && poison_passed(l)) {
		restart(l);
		return;
	}
	finish(l, RC_OK);
}

enum rc ledger_append(struct ledger *l, const struct batch *b,
		      ledger_done_fn *done, void *arg, struct err *e)
{
	if (l->state != W_IDLE)
		return err_set(e, RC_BUSY, "a batch is in flight");
	if (!l->db || db_broken(l->db))
		return err_set(e, RC_DOWN, "the database is not connected");
	l->b = b;
	l->done = done;
	l->arg = arg;
	l->merge = l->trial_merge = l->decision_merge = l->learnt = false;
	l->n_met = l->n_taken = l->n_lacking = 0;
	l->tries = 0;
	if (l->names.n > NAMES_MAX) {
		names_release(&l->names);
		names_init(&l->names);
	}
	l->err = (struct err){0};
	poison_reset(l);
	restart(l);
	return RC_OK;
}
