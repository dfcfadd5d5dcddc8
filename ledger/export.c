/* A cell becomes text in one place (cell_text), whatever the format; JSON then
 * quotes it or not by its type, CSV by its characters. */
#include "ledger/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gen/sql.h"
#include "ledger/base/clock.h"
#include "ledger/base/csv.h"
#include "ledger/base/json.h"
#include "ledger/base/uuid.h"
#include "ledger/db.h"

#define FLUSH_BYTES    ((size_t)64 << 10)
#define ROW_BYTES_MAX  ((size_t)64 << 20)
#define NUMERIC_TEXT   128
#define ARRIVAL_COLUMN "received_at"

const struct export_kind export_kinds[] = {
	{"attempts", &sql_export_attempt, &sql_export_attempt_days},
	{"tasks", &sql_export_task, NULL},
	{"steps", &sql_export_step, &sql_export_step_days},
	{"outcomes", &sql_export_outcome, NULL},
	{"trials", &sql_export_trial, NULL},
	{"decisions", &sql_export_decision, &sql_export_decision_days},
	{NULL, NULL, NULL},
};

const struct export_kind *export_kind_find(struct str name)
{
	for (const struct export_kind *k = export_kinds; k->name; k++) {
		if (str_is(name, k->name))
			return k;
	}
	return NULL;
}

/* ---- cells ---- */

/* The shortest text that reads back as the same double. */
static struct str double_text(double v, char *buf, size_t size)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buf, size, "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	return str_from(buf);
}

/* A cell that is not NULL as text; `buf` holds NUMERIC_TEXT bytes and is used
 * where the text is made here. Types that are not named are enums, whose
 * binary form is their text. */
static struct str cell_text(const struct db_result *r, int row, int col,
			    char *buf)
{
	switch (db_col_type(r, col)) {
	case DB_BOOL:
		return db_bool(r, row, col) ? STR("true") : STR("false");
	case DB_INT2:
	case DB_INT4:
	case DB_INT8:
		snprintf(buf, NUMERIC_TEXT, "%lld",
			 (long long)db_i64(r, row, col));
		return str_from(buf);
	case DB_FLOAT4:
	case DB_FLOAT8:
		return double_text(db_f64(r, row, col), buf, NUMERIC_TEXT);
	case DB_NUMERIC:
		return str_from(db_numeric(r, row, col, buf, NUMERIC_TEXT));
	case DB_UUID:
		return str_from(uuid_format(db_uuid(r, row, col), buf));
	case DB_DATE:
		return str_from(clock_format_day(db_day(r, row, col), buf,
						 NUMERIC_TEXT));
	case DB_TIMESTAMPTZ:
		return str_from(
			clock_format(db_time(r, row, col), buf, NUMERIC_TEXT));
	default:
		return db_text(r, row, col);
	}
}

/* Whether JSON shows the cell without quotes. Amounts of money are strings,
 * since readers turn JSON numbers into floats. */
static bool cell_bare(const struct db_result *r, int col)
{
	switch (db_col_type(r, col)) {
	case DB_BOOL:
	case DB_INT2:
	case DB_INT4:
	case DB_INT8:
	case DB_FLOAT4:
	case DB_FLOAT8:
	case DB_JSON:
	case DB_JSONB:
		return true;
	case DB_NUMERIC:
		return !str_ends(str_from(db_col_name(r, col)), "_usd");
	default:
		return false;
	}
}

static bool column_wanted(const struct export_opts *o,
			  const struct db_result *r, int col)
{
	return o->arrival || strcmp(db_col_name(r, col), ARRIVAL_COLUMN) != 0;
}

/* ---- lines ---- */

static void csv_header(struct buf *out, const struct export_opts *o,
		       const struct db_result *res)
{
	bool some = false;

	for (int col = 0; col < db_cols(res); col++) {
		if (!column_wanted(o, res, col))
			continue;
		if (some)
			buf_addc(out, ',');
		csv_field(out, str_from(db_col_name(res, col)));
		some = true;
	}
	buf_adds(out, CSV_EOL);
}

static void csv_row(struct buf *out, const struct export_opts *o,
		    const struct db_result *res, int row)
{
	char text[NUMERIC_TEXT];
	bool some = false;

	for (int col = 0; col < db_cols(res); col++) {
		if (!column_wanted(o, res, col))
			continue;
		if (some)
			buf_addc(out, ',');
		if (!db_null(res, row, col))
			csv_field(out, cell_text(res, row, col, text));
		some = true;
	}
	buf_adds(out, CSV_EOL);
}

static void json_row(struct buf *out, const struct export_opts *o,
		     const struct db_result *res, int row)
{
	char text[NUMERIC_TEXT];
	struct json_out j;

	json_out_init(&j, out);
	json_out_obj(&j, NULL);
	for (int col = 0; col < db_cols(res); col++) {
		const char *name = db_col_name(res, col);

		if (!column_wanted(o, res, col))
			continue;
		if (db_null(res, row, col))
			json_out_null(&j, name);
		else if (cell_bare(res, col))
			json_out_raw(&j, name, cell_text(res, row, col, text));
		else
			json_out_str(&j, name, cell_text(res, row, col, text));
	}
	json_out_end(&j, '}');
	buf_addc(out, '\n');
}

/* ---- the run ---- */

struct run {
	const struct export_opts *o;
	struct buf out;
	int fd;
	int64_t rows;
	enum rc rc; /* of writing */
	struct err *e;
};

static void flush(struct run *r)
{
	size_t done = 0;

	if (!buf_ok(&r->out)) {
		r->rc = err_set(r->e, RC_BUG, "a row is larger than %zu bytes",
				ROW_BYTES_MAX);
		return;
	}
	while (done < r->out.len) {
		ssize_t n = write(r->fd, r->out.p + done, r->out.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r->rc = err_set(r->e, RC_DOWN, "writing the export: %s",
					strerror(errno));
			return;
		}
		done += (size_t)n;
	}
	buf_clear(&r->out);
}

static bool take_row(void *arg, const struct db_result *res, int row)
{
	struct run *r = arg;

	if (r->o->format == EXPORT_CSV)
		csv_row(&r->out, r->o, res, row);
	else
		json_row(&r->out, r->o, res, row);
	r->rows++;
	if (r->out.len >= FLUSH_BYTES || !buf_ok(&r->out))
		flush(r);
	return r->rc == RC_OK;
}

static void add_args(struct db_args *a, const struct export_opts *o,
		     int64_t limit)
{
	db_arg_time(a, o->since_us);
	db_arg_time(a, o->until_us);
	db_arg_text(a, o->class_name);
	if (limit < 0)
		db_arg_null(a);
	else
		db_arg_i64(a, limit);
}

/* The rows of one day, or all rows of a kind that has no days. */
static enum rc stream_rows(struct db *db, const struct export_kind *kind,
			   const int32_t *day, struct run *r, struct err *e)
{
	struct db_args args;
	int64_t left = r->o->limit < 0 ? -1 : r->o->limit - r->rows;
	enum rc rc;

	if (left == 0)
		return RC_OK;
	db_args_init(&args, (size_t)64 << 10);
	add_args(&args, r->o, left);
	if (day)
		db_arg_day(&args, *day);
	rc = db_stream(db, kind->rows, &args, take_row, r, e);
	db_args_release(&args);
	return r->rc == RC_OK ? rc : r->rc;
}

/* The columns are those of the statement itself, asked for no rows. */
static enum rc write_header(struct db *db, const struct export_kind *kind,
			    struct run *r, struct err *e)
{
	struct db_result *res = NULL;
	struct db_args args;
	enum rc rc;

	db_args_init(&args, (size_t)64 << 10);
	add_args(&args, r->o, 0);
	if (kind->days)
		db_arg_day(&args, DAY_UNDATED);
	rc = db_run(db, kind->rows, &args, &res, NULL, e);
	if (rc == RC_OK && res)
		csv_header(&r->out, r->o, res);
	db_result_free(res);
	db_args_release(&args);
	return rc;
}

static enum rc stream_days(struct db *db, const struct export_kind *kind,
			   struct run *r, struct err *e)
{
	struct db_result *days = NULL;
	struct db_args args;
	enum rc rc;

	db_args_init(&args, 64);
	db_arg_time(&args, r->o->since_us);
	db_arg_time(&args, r->o->until_us);
	rc = db_run(db, kind->days, &args, &days, NULL, e);
	for (int i = 0; rc == RC_OK && i < db_rows(days); i++) {
		int32_t day = db_day(days, i, 0);

		rc = stream_rows(db, kind, &day, r, e);
	}
	db_result_free(days);
	db_args_release(&args);
	return rc;
}

enum rc export_run(struct db *db, const struct export_kind *kind,
		   const struct export_opts *o, int fd, int64_t *rows,
		   struct err *e)
{
	struct run r = {.o = o, .fd = fd, .rc = RC_OK, .e = e};
	enum rc rc;

	buf_init(&r.out, ROW_BYTES_MAX);
	rc = db_run(db, &sql_export_begin, NULL, NULL, NULL, e);
	if (rc == RC_OK && o->format == EXPORT_CSV)
		rc = write_header(db, kind, &r, e);
	if (rc == RC_OK) {
		rc = kind->days ? stream_days(db, kind, &r, e)
				: stream_rows(db, kind, NULL, &r, e);
	}
	if (rc == RC_OK) {
		flush(&r);
		rc = r.rc;
	}
	buf_release(&r.out);
	if (rows)
		*rows = r.rows;
	/* The caller closes the connection, which ends the snapshot. */
	return rc;
}
