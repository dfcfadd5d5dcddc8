/* The one gate to PostgreSQL: an asynchronous connection that runs one
 * statement at a time, or several that are sent together. Statements
 * come from sql/ and have typed parameters, sent in binary; results come back
 * in binary. A statement is prepared on a connection when first used.
 *
 * Two ways to drive it: an event loop watches db_fd() for db_want() and calls
 * db_io(); a command calls the blocking twins (db_run, db_stream), which poll.
 * A connection that is lost stays lost: db_broken() says so, and its owner
 * opens another. */
#ifndef ACO_DB_H
#define ACO_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/base/uuid.h"
#include "ledger/sql_stmt.h"

struct db;
struct db_result;

/* ---- connection ---- */
/* Connect, blocking, within 10 s each host. application_name is "aco ROLE".
 * Sets timezone UTC, extra_float_digits, and refuses servers older than 14. The
 * error's hint says what to do (run aco up, check the URL, ...). */
enum rc db_open(struct db **out, const char *url, const char *role,
		struct err *e) MUST_CHECK;
void db_close(struct db *db); /* NULL is fine */
int db_fd(const struct db *db);
short db_want(const struct db *db); /* POLLIN | POLLOUT */
bool db_broken(const struct db *db);
bool db_busy(const struct db *db);
/* Ask the server to stop the statement in flight (blocking, short). */
void db_cancel(struct db *db);

/* From now on the blocking twins wait at most so long for an answer, and stop
 * at once when `stop_fd` can be read (-1: none); then the connection is lost
 * and the call RC_DOWN. timeout_ms < 0: for ever, as at the beginning. */
void db_limit(struct db *db, int timeout_ms, int stop_fd);

/* ---- parameters: built in order, owned by the caller, reusable ---- */
#define DB_ARGS_MAX 64
struct db_args {
	struct buf data; /* all values, binary */
	int n;
	struct {
		size_t off;
		int32_t len;
	} v[DB_ARGS_MAX]; /* len -1: NULL */
};
void db_args_init(struct db_args *a, size_t max_bytes);
void db_args_release(struct db_args *a);
void db_args_clear(struct db_args *a);
void db_arg_null(struct db_args *a);
void db_arg_bool(struct db_args *a, bool v);
void db_arg_i16(struct db_args *a, int16_t v);
void db_arg_i32(struct db_args *a, int32_t v);
void db_arg_i64(struct db_args *a, int64_t v);
void db_arg_f64(struct db_args *a, double v);
void db_arg_text(struct db_args *a, struct str s); /* absent: NULL */
void db_arg_bytea(struct db_args *a, const void *p, size_t n);
void db_arg_uuid(struct db_args *a, struct uuid u);
void db_arg_time(struct db_args *a, int64_t us);    /* TIME_NONE: NULL */
void db_arg_day(struct db_args *a, int32_t day);    /* date */
void db_arg_numeric(struct db_args *a, __int128 v); /* whole number */
/* One-dimensional arrays: begin, add each element with the functions above
 * through db_arr_*, end. `oid` is an element type of enum db_oid. */
enum db_oid {
	DB_BOOL = 16,
	DB_BYTEA = 17,
	DB_INT8 = 20,
	DB_INT2 = 21,
	DB_INT4 = 23,
	DB_TEXT = 25,
	DB_FLOAT4 = 700,
	DB_FLOAT8 = 701,
	DB_DATE = 1082,
	DB_TIMESTAMPTZ = 1184,
	DB_NUMERIC = 1700,
	DB_UUID = 2950,
	DB_JSON = 114,
	DB_JSONB = 3802,
};
void db_arr_begin(struct db_args *a, enum db_oid element);
void db_arr_end(struct db_args *a);

/* ---- binary COPY and array elements share these field writers ---- */
void db_field_null(struct buf *b);
void db_field_bool(struct buf *b, bool v);
void db_field_i16(struct buf *b, int16_t v);
void db_field_i32(struct buf *b, int32_t v);
void db_field_i64(struct buf *b, int64_t v);
void db_field_f32(struct buf *b, float v);
void db_field_f64(struct buf *b, double v);
void db_field_text(struct buf *b, struct str s); /* enums too; absent: NULL */
void db_field_bytea(struct buf *b, const void *p, size_t n);
void db_field_uuid(struct buf *b, struct uuid u);
void db_field_time(struct buf *b, int64_t us);
void db_field_day(struct buf *b, int32_t day);
void db_field_numeric(struct buf *b, __int128 v);
void db_field_jsonb(struct buf *b, struct str json); /* absent: NULL */
/* real[] and bigint[] of n values; n 0: NULL. NaN stays NaN, MONEY_NONE
 * (INT64_MIN) becomes NULL. */
void db_field_f32s(struct buf *b, const float *v, int n);
void db_field_i64s(struct buf *b, const int64_t *v, int n);
/* Array elements are fields written to a->data between db_arr_begin and
 * db_arr_end; count them with db_arr_count(a) after each. */
void db_arr_count(struct db_args *a);
/* COPY BINARY framing. */
void db_copy_header(struct buf *b);
void db_copy_row(struct buf *b, int16_t fields);
void db_copy_trailer(struct buf *b);

/* ---- asynchronous calls: one at a time; RC_BUG when busy ---- */
struct db_status {
	enum rc rc;          /* RC_OK, or what the SQLSTATE means */
	char sqlstate[6];    /* "" when the connection was lost */
	char constraint[64]; /* violated constraint's name, or "" */
	int64_t rows;        /* affected or returned */
	struct err err;
};
/* Called once when the statement ended; res is NULL unless it returned rows,
 * and is freed afterwards. It may start the next statement. */
typedef void db_done_fn(void *arg, const struct db_status *st,
			const struct db_result *res);
enum rc
db_start(struct db *db, const struct sql_stmt *stmt, const struct db_args *args,
	 db_done_fn *done, void *arg,
	 struct err *e) MUST_CHECK; /* args NULL: none; copied before return */
/* COPY ... FROM STDIN (FORMAT binary); data is borrowed until done. */
enum rc db_start_copy(struct db *db, const struct sql_stmt *stmt,
		      const struct buf *data, db_done_fn *done, void *arg,
		      struct err *e) MUST_CHECK;
/* Several statements at once, one way to the server and one back: they run one
 * after the other in one transaction, and none after one that fails. Only such
 * as can be prepared, and at most DB_CALLS_MAX. `each` is called for each
 * answer in their order, and must not start anything; then `done` once, without
 * a result, with the first failure if there is one. Parameters are copied
 * before return. */
#define DB_CALLS_MAX 24
struct db_call {
	const struct sql_stmt *stmt;
	const struct db_args *args; /* NULL: none */
};
typedef void db_each_fn(void *arg, int i, const struct db_result *res);
enum rc db_start_many(struct db *db, const struct db_call *calls, int n,
		      db_each_fn *each, db_done_fn *done, void *arg,
		      struct err *e) MUST_CHECK;
void db_io(struct db *db, short revents); /* after poll said so */

/* ---- blocking twins for commands ---- */
/* Poll until the statement in flight has ended; timeout_ms < 0: for ever. */
enum rc db_wait(struct db *db, int timeout_ms, struct err *e) MUST_CHECK;
/* Run one statement. *res (may be NULL) is to be freed with db_result_free.
 * st may be NULL. */
enum rc db_run(struct db *db, const struct sql_stmt *stmt,
	       const struct db_args *args, struct db_result **res,
	       struct db_status *st, struct err *e) MUST_CHECK;
enum rc db_run_copy(struct db *db, const struct sql_stmt *stmt,
		    const struct buf *data, struct db_status *st,
		    struct err *e) MUST_CHECK;
/* Row by row without holding the result; `row` returns false to stop. */
typedef bool db_row_fn(void *arg, const struct db_result *res, int row);
enum rc db_stream(struct db *db, const struct sql_stmt *stmt,
		  const struct db_args *args, db_row_fn *row, void *arg,
		  struct err *e) MUST_CHECK;
/* Run a script of several statements (migrations) in one simple query. */
enum rc db_script(struct db *db, const char *sql, struct err *e) MUST_CHECK;

/* ---- results ---- */
void db_result_free(struct db_result *r);
/* A copy that outlives the call in which a result was lent; to be freed. */
struct db_result *db_result_copy(const struct db_result *r);
int db_rows(const struct db_result *r);
int db_cols(const struct db_result *r);
const char *db_col_name(const struct db_result *r, int col);
uint32_t db_col_type(const struct db_result *r, int col);
bool db_null(const struct db_result *r, int row, int col);
bool db_bool(const struct db_result *r, int row, int col);
int64_t db_i64(const struct db_result *r, int row,
	       int col); /* int2/4/8; NULL: 0 */
double db_f64(const struct db_result *r, int row, int col);
struct str
db_text(const struct db_result *r, int row,
	int col); /* raw bytes: text, enum, bytea; jsonb without version byte */
struct uuid db_uuid(const struct db_result *r, int row, int col);
int64_t db_time(const struct db_result *r, int row,
		int col); /* NULL: TIME_NONE */
int32_t db_day(const struct db_result *r, int row, int col);
/* The first `max` values of a real[] into out, NaN for NULL; how many. NULL: 0.
 */
int db_f32s(const struct db_result *r, int row, int col, float *out, int max);
/* numeric as exact decimal text into buf (>= 64); "" when NULL. */
char *db_numeric(const struct db_result *r, int row, int col, char *buf,
		 size_t size);
/* numeric that is a whole number; false when not, or beyond __int128. */
bool db_numeric_i128(const struct db_result *r, int row, int col,
		     __int128 *out);

#endif
