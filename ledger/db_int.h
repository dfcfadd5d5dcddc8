/* What the db_*.c files share; nobody else includes this. libpq's own header
 * stays in db.c, db_many.c and db_pq.c: others see opaque pointers. */
#ifndef ACO_DB_INT_H
#define ACO_DB_INT_H

#include "ledger/db.h"

struct pg_conn; /* libpq's PGconn */
struct db_result {
	struct pg_result *pg; /* libpq's PGresult */
};

/* Statements that were sent together; see db_start_many(). */
struct db_many {
	struct {
		const struct sql_stmt *stmt;
		bool prepares; /* else: runs it */
	} sent[2 * DB_CALLS_MAX];
	int n, at;    /* sent; the one whose results come */
	int answered; /* statements */
	db_each_fn *each;
};

enum db_state {
	DB_IDLE,
	DB_PREPARING,
	DB_RUNNING,
	DB_COPYING,
	DB_MANY,
	DB_LOST,
};

struct db {
	struct pg_conn *pg;
	enum db_state state;
	bool flushing; /* libpq holds bytes that the socket did not take */

	/* what was prepared on this connection */
	const struct sql_stmt **prepared;
	size_t prepared_n, prepared_cap;

	/* the statement in flight */
	const struct sql_stmt *stmt; /* NULL: a script */
	struct db_args args;         /* kept while PREPARING */
	const struct buf *copy;      /* rows to send, or NULL */
	size_t copy_at;
	bool copy_begun;
	db_row_fn *row; /* row by row, or NULL */
	void *row_arg;
	bool row_stopped;
	db_done_fn *done;
	void *arg;
	struct db_status st;
	bool failed; /* st says why */
	struct pg_result *result;

	/* several statements in flight (db_many.c) */
	struct db_many many;

	struct db_result **handing; /* while done() runs: what it was given */

	int timeout_ms, stop_fd; /* of the blocking twins, or -1 */
};

/* ---- of db.c, for db_many.c ---- */

/* The only way from one state to another. */
void db_set_state(struct db *db, enum db_state to);
/* Only the first complaint about a statement counts. */
void db_complain_result(struct db *db, const struct pg_result *r);
void db_complain_bug(struct db *db, const char *what);
bool db_is_prepared(const struct db *db, const struct sql_stmt *stmt);
void db_remember_prepared(struct db *db, const struct sql_stmt *stmt);
enum rc db_check_startable(const struct db *db, const struct db_args *args,
			   struct err *e);
/* Forget the last statement before the next one starts. */
void db_reset_stmt(struct db *db, const struct sql_stmt *stmt, db_done_fn *done,
		   void *arg);
/* Send db->stmt; false when libpq refuses. */
bool db_send_stmt(struct db *db, const struct db_args *args);
enum rc db_send_failed(struct db *db, struct err *e);
void db_flush(struct db *db);
/* Tell the owner that it is over; `db` may be gone afterwards. */
void db_finish(struct db *db);
/* In DB_MANY: read what is there; false: the connection is gone. */
bool db_many_io(struct db *db);

/* Connect; *out is to be closed by the caller even on failure, if not NULL. */
enum rc db_connect(struct pg_conn **out, const char *url, const char *role,
		   struct err *e) MUST_CHECK;

/* What the server, or libpq, says of a failure. Members may be NULL. */
struct db_complaint {
	const char *sqlstate;
	const char *primary, *detail, *hint;
};

/* Our words for a failed statement: primary and detail as message, our advice
 * (or else the server's) as hint. Returns what the SQLSTATE means. */
enum rc db_explain(const struct db_complaint *c, struct err *e);
/* The same for a connection that could not be made; `msg` is libpq's text. */
enum rc db_explain_connect(const char *msg, struct err *e);

/* A copy whose memory is `to`'s own; `from` NULL: no parameters. */
void db_args_copy(struct db_args *to, const struct db_args *from);

/* Bytes of a field, NULL when it is NULL or outside the result. */
const char *db_result_value(const struct db_result *r, int row, int col,
			    int *len);

/* db_start, but each row goes to `row` as it comes; after `row` has returned
 * false the rest is skipped, and the statement is cancelled. */
enum rc db_start_rows(struct db *db, const struct sql_stmt *stmt,
		      const struct db_args *args, db_row_fn *row, void *row_arg,
		      db_done_fn *done, void *arg, struct err *e) MUST_CHECK;
enum rc db_start_script(struct db *db, const char *sql, db_done_fn *done,
			void *arg, struct err *e) MUST_CHECK;

/* What db_limit said. */
int db_timeout_ms(const struct db *db);
int db_stop_fd(const struct db *db);
/* The statement in flight is given up, and the connection with it: its owner
 * is told so, RC_DOWN. */
void db_abandon(struct db *db, const char *why);

/* Within a done callback only: keep the result that was handed to it. */
struct db_result *db_result_take(struct db *db);

#endif
