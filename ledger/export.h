/* Writing the ledger out: what the public views hold, one object a line as
 * JSON, or as CSV (RFC 4180). Rows stream: memory does not grow with them.
 *
 * Names and order of the fields are those of the statement sql/queries/
 * export_KIND.sql. Money (`*_usd`) is an exact decimal string, times are RFC
 * 3339 in UTC with microseconds, NULL is null or an empty field; text of no
 * characters is "" in CSV too, so that the two differ. The order of rows is
 * total, and all statements see one snapshot: two ledgers that hold the same
 * export the same bytes. CSV is not escaped for spreadsheets: a text that
 * starts with '=' stays as it is.
 *
 * To add a kind: the statement(s), a row in export_kinds (export.c); test_sql
 * and test_export say what was forgotten. */
#ifndef ACO_EXPORT_H
#define ACO_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct db;
struct sql_stmt;

enum export_format {
	EXPORT_JSON,
	EXPORT_CSV
};

/* What can be exported. `days` lists the days of a table that is partitioned,
 * which is then read day by day, so that a sort is of one day; else NULL. */
struct export_kind {
	const char *name; /* "attempts" */
	const struct sql_stmt *rows, *days;
};
extern const struct export_kind export_kinds[]; /* ends with name == NULL */
const struct export_kind *export_kind_find(struct str name); /* or NULL */

struct export_opts {
	enum export_format format;
	int64_t since_us, until_us; /* [since, until), or TIME_NONE */
	struct str class_name;      /* absent: all */
	int64_t limit;              /* rows; < 0: all */
	bool arrival; /* received_at too, which no two runs share */
};

/* Write the rows to the file descriptor `fd`; *rows (may be NULL) is how many
 * were written. RC_DOWN when the database or the descriptor failed. */
enum rc export_run(struct db *db, const struct export_kind *kind,
		   const struct export_opts *o, int fd, int64_t *rows,
		   struct err *e) MUST_CHECK;

#endif
