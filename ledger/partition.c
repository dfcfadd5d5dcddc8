#include "ledger/partition.h"

#include "gen/sql.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/db.h"

static enum rc run_day(struct db *db, const struct sql_stmt *stmt, int32_t day,
		       struct db_result **r, struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 64);
	db_arg_day(&a, day);
	rc = db_run(db, stmt, &a, r, NULL, e);
	db_args_release(&a);
	return rc;
}

static enum rc list_missing(struct db *db, int64_t ahead, struct db_result **r,
			    struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 64);
	db_arg_day(&a, clock_day(clock_now_us()));
	db_arg_i32(&a, (int32_t)ahead);
	rc = db_run(db, &sql_partition_missing, &a, r, NULL, e);
	db_args_release(&a);
	return rc;
}

enum rc partition_missing(struct db *db, int64_t ahead, int64_t *missing,
			  struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = list_missing(db, ahead, &r, e);

	*missing = db_rows(r);
	db_result_free(r);
	return rc;
}

enum rc partition_ahead(struct db *db, int64_t ahead, int64_t *made,
			struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = list_missing(db, ahead, &r, e);
	int64_t n = 0;

	for (int i = 0; !rc && i < db_rows(r); i++) {
		rc = run_day(db, &sql_partition_make, db_day(r, i, 0), NULL, e);
		n += !rc;
	}
	db_result_free(r);
	if (made)
		*made = n;
	return rc;
}

static enum rc drop_day(struct db *db, int32_t day, struct err *e)
{
	enum rc rc = db_run(db, &sql_tx_begin, NULL, NULL, NULL, e);

	if (!rc)
		rc = db_run(db, &sql_partition_patience, NULL, NULL, NULL, e);
	if (!rc)
		rc = run_day(db, &sql_partition_drop, day + 1, NULL, e);
	if (!rc)
		return db_run(db, &sql_tx_commit, NULL, NULL, NULL, e);
	if (!db_broken(db) &&
	    db_run(db, &sql_tx_rollback, NULL, NULL, NULL, NULL))
		log_line(LOG_WARN, "partition", "rollback failed", "day=%d",
			 day);
	return rc;
}

enum rc partition_retain(struct db *db, int64_t keep, int64_t *dropped,
			 struct err *e)
{
	int32_t first = clock_day(clock_now_us()) - (int32_t)keep;
	struct db_result *r = NULL;
	enum rc rc = RC_OK;
	int64_t n = 0;

	if (keep > 0)
		rc = run_day(db, &sql_partition_before, first, &r, e);
	for (int i = 0; !rc && i < db_rows(r); i++) {
		rc = drop_day(db, db_day(r, i, 0), e);
		n += !rc;
	}
	db_result_free(r);
	if (dropped)
		*dropped = n;
	return rc;
}
