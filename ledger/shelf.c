#include "ledger/shelf.h"

#include <stdio.h>

#include "gen/sql.h"
#include "ledger/db.h"

#define ARGS_MAX  ((size_t)300 << 20)
#define DRIFT_MAX ((size_t)1 << 20)

static enum rc run_id(struct db *db, const struct sql_stmt *stmt, int32_t id,
		      struct db_result **r, struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 64);
	db_arg_i32(&a, id);
	rc = db_run(db, stmt, &a, r, NULL, e);
	db_args_release(&a);
	return rc;
}

static enum rc first_id(enum rc rc, struct db_result *r, int32_t *id)
{
	*id = !rc && db_rows(r) ? (int32_t)db_i64(r, 0, 0) : 0;
	db_result_free(r);
	return rc;
}

enum rc shelf_list(struct db *db, int32_t id, shelf_fn *fn, void *arg,
		   struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 64);
	if (id)
		db_arg_i32(&a, id);
	else
		db_arg_null(&a);
	rc = db_run(db, &sql_shelf_list, &a, &r, NULL, e);
	for (int i = 0; !rc && i < db_rows(r); i++) {
		struct shelf_row row = {
			.id = (int32_t)db_i64(r, i, 0),
			.created_us = db_time(r, i, 1),
			.state = db_text(r, i, 2),
			.schema = db_uuid(r, i, 3),
			.certificate = db_text(r, i, 4),
			.bytes = db_i64(r, i, 5),
		};

		fn(arg, &row);
	}
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

enum rc shelf_serving(struct db *db, int32_t *id, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(db, &sql_shelf_serving, NULL, &r, NULL, e);

	return first_id(rc, r, id);
}

static enum rc no_version(int32_t id, struct err *e)
{
	err_set(e, RC_BAD, "there is no router version %ld", (long)id);
	err_hint(e, "run aco router list");
	return RC_BAD;
}

enum rc shelf_body(struct db *db, int32_t id, struct buf *out, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = run_id(db, &sql_shelf_body, id, &r, e);

	if (!rc && !db_rows(r))
		rc = no_version(id, e);
	if (!rc) {
		struct str body = db_text(r, 0, 0);

		buf_add(out, body.p, body.len);
		if (!buf_ok(out))
			rc = err_set(e, RC_BAD, "the version is too big");
	}
	db_result_free(r);
	return rc;
}

/* ---- changes, each a transaction ---- */

static enum rc begin(struct db *db, struct err *e)
{
	enum rc rc = db_run(db, &sql_tx_begin, NULL, NULL, NULL, e);

	if (!rc)
		rc = db_run(db, &sql_shelf_lock, NULL, NULL, NULL, e);
	return rc;
}

static enum rc end(struct db *db, enum rc rc, struct err *e)
{
	if (!rc)
		rc = db_run(db, &sql_tx_commit, NULL, NULL, NULL, e);
	/* A connection that cannot even roll back is lost, and with it the
	 * transaction. */
	if (rc && !db_broken(db) &&
	    db_run(db, &sql_tx_rollback, NULL, NULL, NULL, NULL))
		return rc;
	return rc;
}

static enum rc serve(struct db *db, int32_t id, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = run_id(db, &sql_shelf_serve, id, &r, e);
	bool there = false;

	for (int i = 0; !rc && i < db_rows(r); i++)
		there |= db_i64(r, i, 0) == id;
	db_result_free(r);
	return !rc && id && !there ? no_version(id, e) : rc;
}

static enum rc prune(struct db *db, struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 64);
	db_arg_i64(&a, SHELF_KEEP);
	rc = db_run(db, &sql_shelf_prune, &a, NULL, NULL, e);
	db_args_release(&a);
	return rc;
}

enum rc shelf_add(struct db *db, struct uuid schema, struct str certificate,
		  struct str body, bool serves, int32_t *id, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc = begin(db, e);

	*id = 0;
	db_args_init(&a, ARGS_MAX);
	db_arg_text(&a, serves ? STR("candidate") : STR("refused"));
	db_arg_uuid(&a, schema);
	db_arg_text(&a, certificate);
	db_arg_bytea(&a, body.p, body.len);
	if (!rc)
		rc = db_run(db, &sql_shelf_add, &a, &r, NULL, e);
	rc = first_id(rc, r, id);
	if (!rc && serves)
		rc = serve(db, *id, e);
	if (!rc)
		rc = prune(db, e);
	db_args_release(&a);
	return end(db, rc, e);
}

enum rc shelf_promote(struct db *db, int32_t id, struct err *e)
{
	enum rc rc = begin(db, e);

	if (!rc)
		rc = serve(db, id, e);
	return end(db, rc, e);
}

enum rc shelf_rollback(struct db *db, int32_t *id, struct err *e)
{
	struct db_result *r = NULL;
	int32_t now = 0;
	enum rc rc = begin(db, e);

	*id = 0;
	if (!rc)
		rc = shelf_serving(db, &now, e);
	if (!rc && !now)
		rc = err_set(e, RC_BAD,
			     "the shipped version serves: nothing is before "
			     "it");
	if (!rc) {
		rc = run_id(db, &sql_shelf_before, now, &r, e);
		rc = first_id(rc, r, id);
	}
	if (!rc)
		rc = serve(db, *id, e);
	return end(db, rc, e);
}

/* One that would not fit is damage: all classes. */
static void read_parts(struct str state, struct str list, char out[SHELF_PARTS])
{
	out[0] = 0;
	if (str_is(state, "drifted") ||
	    (str_is(state, "part") && (!list.len || list.len >= SHELF_PARTS)))
		snprintf(out, SHELF_PARTS, "all");
	else if (str_is(state, "part"))
		snprintf(out, SHELF_PARTS, "%.*s", STR_ARG(list));
}

enum rc shelf_drift(struct db *db, int32_t id, struct shelf_drift *out,
		    struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = run_id(db, &sql_shelf_drift, id, &r, e);

	*out = (struct shelf_drift){.ignored = false};
	buf_init(&out->all, DRIFT_MAX);
	if (!rc && db_rows(r)) {
		struct str state = db_text(r, 0, 0), by = db_text(r, 0, 2),
			   all = db_text(r, 0, 3);

		read_parts(state, db_text(r, 0, 1), out->parts);
		out->ignored = str_is(state, "ignored");
		snprintf(out->by, sizeof(out->by), "%.*s", STR_ARG(by));
		buf_add(&out->all, all.p, all.len);
	}
	db_result_free(r);
	return rc;
}

void shelf_drift_release(struct shelf_drift *d)
{
	buf_release(&d->all);
}

enum rc shelf_note(struct db *db, int32_t id, struct str members, struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 4 << 20);
	db_arg_i32(&a, id);
	db_arg_text(&a, members);
	rc = db_run(db, &sql_shelf_certificate, &a, NULL, NULL, e);
	db_args_release(&a);
	return rc;
}
