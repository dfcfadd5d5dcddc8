/* Several statements in flight: libpq's pipeline mode, entered for one list of
 * them and left when all have ended, since COPY is not possible in it. */
#include <libpq-fe.h>

#include "ledger/db_int.h"

static bool sent_before(const struct db_many *m, const struct sql_stmt *stmt)
{
	for (int i = 0; i < m->n; i++)
		if (m->sent[i].stmt == stmt)
			return true;
	return false;
}

static bool send_one(struct db *db, const struct db_call *c)
{
	struct db_many *m = &db->many;

	if (!db_is_prepared(db, c->stmt) && !sent_before(m, c->stmt)) {
		if (!PQsendPrepare(db->pg, c->stmt->name, c->stmt->text, 0,
				   NULL))
			return false;
		m->sent[m->n].stmt = c->stmt;
		m->sent[m->n++].prepares = true;
	}
	db->stmt = c->stmt;
	if (!db_send_stmt(db, c->args))
		return false;
	m->sent[m->n].stmt = c->stmt;
	m->sent[m->n++].prepares = false;
	return true;
}

static enum rc check(const struct db *db, const struct db_call *calls, int n,
		     struct err *e)
{
	enum rc rc = RC_OK;

	if (n < 1 || n > DB_CALLS_MAX)
		return err_set(e, RC_BUG, "%d statements at once", n);
	for (int i = 0; i < n && rc == RC_OK; i++) {
		rc = db_check_startable(db, calls[i].args, e);
		if (rc == RC_OK && calls[i].stmt->run)
			rc = err_set(e, RC_BUG, "%s cannot be prepared",
				     calls[i].stmt->name);
	}
	return rc;
}

enum rc db_start_many(struct db *db, const struct db_call *calls, int n,
		      db_each_fn *each, db_done_fn *done, void *arg,
		      struct err *e)
{
	enum rc rc = check(db, calls, n, e);
	bool ok;

	if (rc != RC_OK)
		return rc;
	db_reset_stmt(db, NULL, done, arg);
	db->many.n = db->many.at = db->many.answered = 0;
	db->many.each = each;
	ok = PQenterPipelineMode(db->pg);
	for (int i = 0; i < n && ok; i++)
		ok = send_one(db, &calls[i]);
	ok = ok && PQpipelineSync(db->pg);
	if (!ok) {
		rc = db_send_failed(db, e);
		/* Half of a list cannot be taken back. */
		if (!db_broken(db))
			db_set_state(db, DB_LOST);
		return rc;
	}
	db_set_state(db, DB_MANY);
	db_flush(db);
	return RC_OK;
}

/* The results of one thing that was sent have ended. */
static void item_ended(struct db *db)
{
	struct db_many *m = &db->many;
	struct db_result res = {db->result};
	int i = m->at++;

	if (m->sent[i].prepares) {
		if (!db->failed)
			db_remember_prepared(db, m->sent[i].stmt);
		return;
	}
	if (!db->failed)
		m->each(db->arg, m->answered, db->result ? &res : NULL);
	m->answered++;
	PQclear(db->result);
	db->result = NULL;
}

static void take(struct db *db, PGresult *pg)
{
	ExecStatusType status = PQresultStatus(pg);

	db->stmt = db->many.sent[db->many.at].stmt;
	if (status == PGRES_TUPLES_OK) {
		PQclear(db->result);
		db->result = pg;
		return;
	}
	if (status == PGRES_FATAL_ERROR)
		db_complain_result(db, pg);
	/* Aborted are those after one that failed. */
	else if (status != PGRES_COMMAND_OK && status != PGRES_PIPELINE_ABORTED)
		db_complain_bug(db, PQresStatus(status));
	PQclear(pg);
}

bool db_many_io(struct db *db)
{
	while (!PQisBusy(db->pg)) {
		PGresult *pg = PQgetResult(db->pg);

		if (pg && PQresultStatus(pg) == PGRES_PIPELINE_SYNC) {
			PQclear(pg);
			if (!PQexitPipelineMode(db->pg))
				return false;
			db_finish(db);
			return true;
		}
		/* More than was asked for, or an end that does not come. */
		if (db->many.at >= db->many.n) {
			PQclear(pg);
			return false;
		}
		if (pg)
			take(db, pg);
		else
			item_ended(db);
	}
	return true;
}
