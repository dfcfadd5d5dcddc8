/* The file that knows libpq, together with db_pq.c, which connects and looks
 * into results, and db_many.c, which has several statements in flight.
 *
 * A connection is in one of these states; db_set_state() is the only way from
 * one to another:
 *
 *	IDLE --start--> PREPARING --prepared--> RUNNING --ended--> IDLE
 *	IDLE --start (prepared before, script, `exec: run`)--> RUNNING
 *	RUNNING --server takes rows--> COPYING --all sent--> RUNNING
 *	IDLE --several at once--> MANY --all ended--> IDLE (db_many.c)
 *	any --connection gone--> LOST
 *
 * Everything is non-blocking but db_open and db_cancel. libpq's non-blocking
 * PQputCopyData never says "full": it grows its buffer. So rows are given to
 * it in chunks, and none while PQflush says that the socket is full. */
#include "ledger/db.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/log.h"
#include "ledger/db_int.h"

#define COPY_CHUNK (64 * 1024)
#define SESSION_MS 10000

void db_set_state(struct db *db, enum db_state to)
{
	static const unsigned from[] = {
		[DB_IDLE] =
			1u << DB_PREPARING | 1u << DB_RUNNING | 1u << DB_MANY,
		[DB_PREPARING] = 1u << DB_IDLE,
		[DB_RUNNING] =
			1u << DB_IDLE | 1u << DB_PREPARING | 1u << DB_COPYING,
		[DB_COPYING] = 1u << DB_RUNNING,
		[DB_MANY] = 1u << DB_IDLE,
		[DB_LOST] = ~0u,
	};

	if (!(from[to] & 1u << db->state))
		BUG("impossible change of a connection's state");
	db->state = to;
}

/* ---- what went wrong ---- */

/* Only the first complaint about a statement counts: later ones follow from
 * it. */
static void complain(struct db *db, const struct db_complaint *c)
{
	if (db->failed)
		return;
	db->failed = true;
	if (c->sqlstate && strlen(c->sqlstate) == 5)
		memcpy(db->st.sqlstate, c->sqlstate, 6);
	db->st.rc = db_explain(c, &db->st.err);
	if (db->stmt)
		err_prefix(&db->st.err, "%s", db->stmt->name);
}

void db_complain_result(struct db *db, const PGresult *r)
{
	const char *name = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
	struct db_complaint c = {
		.sqlstate = PQresultErrorField(r, PG_DIAG_SQLSTATE),
		.primary = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY),
		.detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL),
		.hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT),
	};

	if (!c.primary)
		c.primary = PQresultErrorMessage(r);
	if (name && !db->failed)
		snprintf(db->st.constraint, sizeof(db->st.constraint), "%s",
			 name);
	complain(db, &c);
}

static void complain_lost(struct db *db)
{
	struct db_complaint c = {.primary = PQerrorMessage(db->pg)};

	complain(db, &c);
}

/* The statement is not what its caller took it for. */
void db_complain_bug(struct db *db, const char *what)
{
	if (db->failed)
		return;
	db->failed = true;
	db->st.rc = err_set(&db->st.err, RC_BUG, "%s: %s",
			    db->stmt ? db->stmt->name : "script", what);
}

/* ---- connection ---- */

enum rc db_open(struct db **out, const char *url, const char *role,
		struct err *e)
{
	struct db *db = xcalloc(1, sizeof(*db));
	enum rc rc;

	*out = NULL;
	db_args_init(&db->args, 0);
	/* A server that accepts and then says nothing is as good as none. */
	db_limit(db, SESSION_MS, -1);
	rc = db_connect(&db->pg, url, role, e);
	if (!rc)
		rc = db_run(db, &sql_db_session, NULL, NULL, NULL, e);
	if (rc) {
		db_close(db);
		return rc;
	}
	db_limit(db, -1, -1);
	*out = db;
	return RC_OK;
}

void db_limit(struct db *db, int timeout_ms, int stop_fd)
{
	db->timeout_ms = timeout_ms;
	db->stop_fd = stop_fd;
}

int db_timeout_ms(const struct db *db)
{
	return db->timeout_ms;
}

int db_stop_fd(const struct db *db)
{
	return db->stop_fd;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	PQclear(db->result);
	PQfinish(db->pg);
	db_args_release(&db->args);
	free(db->prepared);
	free(db);
}

int db_fd(const struct db *db)
{
	return PQsocket(db->pg);
}

short db_want(const struct db *db)
{
	if (db->state == DB_LOST)
		return 0;
	return db->flushing ? POLLIN | POLLOUT : POLLIN;
}

bool db_broken(const struct db *db)
{
	return db->state == DB_LOST;
}

bool db_busy(const struct db *db)
{
	return db->state != DB_IDLE && db->state != DB_LOST;
}

void db_cancel(struct db *db)
{
	char text[256];
	PGcancel *c = db_busy(db) ? PQgetCancel(db->pg) : NULL;

	if (c && !PQcancel(c, text, sizeof(text)))
		log_line(LOG_DEBUG, "db", "cancel failed", "text=%s",
			 log_quote(text));
	PQfreeCancel(c);
}

/* ---- statements: sending ---- */

bool db_is_prepared(const struct db *db, const struct sql_stmt *stmt)
{
	for (size_t i = 0; i < db->prepared_n; i++) {
		if (db->prepared[i] == stmt)
			return true;
	}
	return false;
}

void db_remember_prepared(struct db *db, const struct sql_stmt *stmt)
{
	xgrow(&db->prepared, &db->prepared_cap, db->prepared_n + 1,
	      sizeof(*db->prepared));
	db->prepared[db->prepared_n++] = stmt;
}

/* Send the statement itself with its parameters; false if that failed. */
bool db_send_stmt(struct db *db, const struct db_args *args)
{
	const char *values[DB_ARGS_MAX];
	int lengths[DB_ARGS_MAX], formats[DB_ARGS_MAX];
	const char *base = args && args->data.p ? args->data.p : "";
	int n = args ? args->n : 0;
	int ok;

	for (int i = 0; i < n; i++) {
		bool null = args->v[i].len < 0;

		values[i] = null ? NULL : base + args->v[i].off;
		lengths[i] = null ? 0 : args->v[i].len;
		formats[i] = 1;
	}
	if (db->stmt->run)
		ok = PQsendQueryParams(db->pg, db->stmt->text, n, NULL, values,
				       lengths, formats, 1);
	else
		ok = PQsendQueryPrepared(db->pg, db->stmt->name, n, values,
					 lengths, formats, 1);
	return ok && (!db->row || PQsetSingleRowMode(db->pg));
}

/* libpq refused to send: the connection is gone. */
enum rc db_send_failed(struct db *db, struct err *e)
{
	enum rc rc = db_explain(
		&(struct db_complaint){.primary = PQerrorMessage(db->pg)}, e);

	if (PQstatus(db->pg) == CONNECTION_BAD)
		db_set_state(db, DB_LOST);
	return rc;
}

enum rc db_check_startable(const struct db *db, const struct db_args *args,
			   struct err *e)
{
	if (db->state == DB_LOST) {
		err_set(e, RC_DOWN, "the connection to the database is lost");
		return RC_DOWN;
	}
	if (db->state != DB_IDLE)
		return err_set(e, RC_BUG, "a statement is running already");
	if (args && !buf_ok(&args->data))
		return err_set(e, RC_BAD, "the statement's values are too big");
	return RC_OK;
}

/* Forget the last statement before the next one starts. */
void db_reset_stmt(struct db *db, const struct sql_stmt *stmt, db_done_fn *done,
		   void *arg)
{
	db->stmt = stmt;
	db->copy = NULL;
	db->copy_at = 0;
	db->copy_begun = false;
	db->row = NULL;
	db->row_arg = NULL;
	db->row_stopped = false;
	db->done = done;
	db->arg = arg;
	db->st = (struct db_status){.rc = RC_OK};
	db->failed = false;
	PQclear(db->result);
	db->result = NULL;
}

/* Hand what libpq has gathered to the socket; marks what is left over. */
void db_flush(struct db *db)
{
	db->flushing = PQflush(db->pg) == 1;
}

static enum rc launch(struct db *db, const struct db_args *args, struct err *e)
{
	if (db->stmt->run || db_is_prepared(db, db->stmt)) {
		if (!db_send_stmt(db, args))
			return db_send_failed(db, e);
		db_set_state(db, DB_RUNNING);
	} else {
		if (!PQsendPrepare(db->pg, db->stmt->name, db->stmt->text, 0,
				   NULL))
			return db_send_failed(db, e);
		db_args_copy(&db->args, args);
		db_set_state(db, DB_PREPARING);
	}
	db_flush(db);
	return RC_OK;
}

enum rc db_start(struct db *db, const struct sql_stmt *stmt,
		 const struct db_args *args, db_done_fn *done, void *arg,
		 struct err *e)
{
	return db_start_rows(db, stmt, args, NULL, NULL, done, arg, e);
}

enum rc db_start_rows(struct db *db, const struct sql_stmt *stmt,
		      const struct db_args *args, db_row_fn *row, void *row_arg,
		      db_done_fn *done, void *arg, struct err *e)
{
	enum rc rc = db_check_startable(db, args, e);

	if (rc)
		return rc;
	db_reset_stmt(db, stmt, done, arg);
	db->row = row;
	db->row_arg = row_arg;
	return launch(db, args, e);
}

enum rc db_start_copy(struct db *db, const struct sql_stmt *stmt,
		      const struct buf *data, db_done_fn *done, void *arg,
		      struct err *e)
{
	enum rc rc = db_check_startable(db, NULL, e);

	if (rc)
		return rc;
	if (!buf_ok(data))
		return err_set(e, RC_BAD, "the rows to copy are too big");
	db_reset_stmt(db, stmt, done, arg);
	db->copy = data;
	return launch(db, NULL, e);
}

enum rc db_start_script(struct db *db, const char *sql, db_done_fn *done,
			void *arg, struct err *e)
{
	enum rc rc = db_check_startable(db, NULL, e);

	if (rc)
		return rc;
	db_reset_stmt(db, NULL, done, arg);
	if (!PQsendQuery(db->pg, sql))
		return db_send_failed(db, e);
	db_set_state(db, DB_RUNNING);
	db_flush(db);
	return RC_OK;
}

/* ---- statements: receiving ---- */

static void take_row(struct db *db, PGresult *pg)
{
	const struct db_result r = {pg};

	if (db->row_stopped)
		return;
	db->st.rows++;
	if (!db->row(db->row_arg, &r, 0)) {
		db->row_stopped = true;
		db_cancel(db);
	}
}

static void take_tuples(struct db *db, PGresult *pg)
{
	if (db->row) { /* the empty end of a row by row answer */
		PQclear(pg);
		return;
	}
	PQclear(db->result);
	db->result = pg;
	db->st.rows = PQntuples(pg);
}

static void take_copy(struct db *db)
{
	if (db->copy && !db->copy_begun && !db->failed) {
		db->copy_begun = true;
		db_set_state(db, DB_COPYING);
		return;
	}
	db_complain_bug(db, "the statement wants rows to copy");
	PQputCopyEnd(db->pg, "no rows are meant to come");
}

static void take_result(struct db *db, PGresult *pg)
{
	ExecStatusType status = PQresultStatus(pg);

	if (status == PGRES_TUPLES_OK) {
		if (db->copy)
			db_complain_bug(db, "the statement is no COPY");
		take_tuples(db, pg);
		return;
	}
	if (status == PGRES_COMMAND_OK) {
		const char *n = PQcmdTuples(pg);

		if (db->copy && db->state == DB_RUNNING && !db->copy_begun)
			db_complain_bug(db, "the statement is no COPY");
		db->st.rows = *n ? strtoll(n, NULL, 10) : 0;
	} else if (status == PGRES_SINGLE_TUPLE) {
		take_row(db, pg);
	} else if (status == PGRES_COPY_IN) {
		take_copy(db);
	} else if (status == PGRES_FATAL_ERROR) {
		db_complain_result(db, pg);
	} else {
		/* COPY OUT, an empty file, or a server that talks nonsense:
		 * what follows cannot be made sense of. */
		db_complain_bug(db, PQresStatus(status));
		if (status != PGRES_EMPTY_QUERY)
			db_set_state(db, DB_LOST);
	}
	PQclear(pg);
}

struct db_result *db_result_take(struct db *db)
{
	struct db_result *r = db->handing ? *db->handing : NULL;

	if (r)
		*db->handing = NULL;
	return r;
}

/* A migration changed a table under a prepared statement's result, or someone
 * took the statements away (a pooler, DISCARD): a new connection mends it. */
static bool statements_invalid(const struct db_status *st)
{
	return !strcmp(st->sqlstate, "0A000") || !strcmp(st->sqlstate, "26000");
}

/* The statement is over: tell its owner. The callback may start the next
 * statement, or close the connection, so that nothing of `db` is touched
 * after it. */
void db_finish(struct db *db)
{
	struct db_result *res = NULL;
	struct db_status st = db->st;
	db_done_fn *done = db->done;

	if (PQstatus(db->pg) == CONNECTION_BAD || statements_invalid(&st))
		db_set_state(db, DB_LOST);
	else if (db->state != DB_LOST)
		db_set_state(db, DB_IDLE);
	if (db->result && !db->failed && db->stmt) {
		res = xcalloc(1, sizeof(*res));
		res->pg = db->result;
		db->result = NULL;
	}
	if (db->row_stopped && !strcmp(st.sqlstate, "57014"))
		st.rc = RC_OK; /* what we cancelled ourselves */
	db->handing = &res;
	db->done = NULL;
	done(db->arg, &st, res);
	db_result_free(res);
}

/* One statement's results have ended; true when there is more to read. */
static bool ended(struct db *db)
{
	if (db->state == DB_PREPARING && !db->failed) {
		db_remember_prepared(db, db->stmt);
		if (db_send_stmt(db, &db->args)) {
			db_set_state(db, DB_RUNNING);
			db_flush(db);
			return true;
		}
		complain_lost(db);
	}
	db_finish(db);
	return false;
}

/* Rows to the server until the socket is full; false when libpq takes no more,
 * which is so when the connection is gone. */
static bool feed(struct db *db)
{
	while (db->copy_at < db->copy->len) {
		size_t n = db->copy->len - db->copy_at;

		if (n > COPY_CHUNK)
			n = COPY_CHUNK;
		if (PQputCopyData(db->pg, db->copy->p + db->copy_at, (int)n) !=
		    1)
			return false;
		db->copy_at += n;
		db_flush(db);
		if (db->flushing)
			return true;
	}
	if (PQputCopyEnd(db->pg, NULL) != 1)
		return false;
	db_set_state(db, DB_RUNNING);
	db_flush(db);
	return true;
}

/* The connection is gone. What the server said before it went (57P01 and the
 * like) may still lie in libpq's buffer. */
static void lose(struct db *db)
{
	PGresult *pg;

	if (!db_busy(db)) {
		db_set_state(db, DB_LOST);
		return;
	}
	for (int i = 0; i < 8 && (pg = PQgetResult(db->pg)); i++) {
		if (PQresultStatus(pg) == PGRES_FATAL_ERROR)
			db_complain_result(db, pg);
		PQclear(pg);
	}
	complain_lost(db);
	db_set_state(db, DB_LOST);
	db_finish(db);
}

void db_abandon(struct db *db, const char *why)
{
	struct db_complaint c = {.primary = why};

	complain(db, &c);
	db_set_state(db, DB_LOST);
	db_finish(db);
}

void db_io(struct db *db, short revents)
{
	if (db->state == DB_LOST)
		return;
	if (revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) {
		if (!PQconsumeInput(db->pg)) {
			lose(db);
			return;
		}
	}
	db_flush(db);
	if (db->state == DB_MANY) {
		if (!db_many_io(db))
			lose(db);
		return;
	}
	while (db_busy(db)) {
		PGresult *pg;

		if (db->state == DB_COPYING) {
			if (!db->flushing && !feed(db)) {
				lose(db);
				return;
			}
			if (db->state == DB_COPYING)
				return;
		}
		if (PQisBusy(db->pg))
			return;
		pg = PQgetResult(db->pg);
		if (pg)
			take_result(db, pg);
		if (db->state == DB_LOST) {
			db_finish(db);
			return;
		}
		if (!pg && !ended(db))
			return;
	}
}
