/* What the db_*.c files share; nobody else includes this. libpq's own header
 * stays in db.c and db_pq.c: results pass through as opaque pointers. */
#ifndef ACO_DB_INT_H
#define ACO_DB_INT_H

#include "ledger/db.h"

struct pg_conn; /* libpq's PGconn */
struct db_result {
	struct pg_result *pg; /* libpq's PGresult */
};

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
