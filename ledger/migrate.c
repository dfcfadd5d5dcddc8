#include "ledger/migrate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/cmd.h"
#include "ledger/base/log.h"
#include "ledger/db.h"
#include "ledger/hash.h"
#include "ledger/price.h"

static int newest_known(void)
{
	return sql_migration_count
		       ? sql_migrations[sql_migration_count - 1].version
		       : 0;
}

static enum rc refuse_newer(int64_t version, struct err *e)
{
	err_set(e, RC_BAD,
		"the database has schema version %" PRId64
		", this aco knows only %d",
		version, newest_known());
	err_hint(e, "install an aco at least as new as the one that made the "
		    "database");
	return RC_BAD;
}

/* One applied migration against the file of this program. */
static enum rc compare(const struct db_result *r, int row, struct err *e)
{
	const struct sql_migration *m = &sql_migrations[row];
	int64_t version = db_i64(r, row, 0);
	struct str sum = db_text(r, row, 2);
	uint8_t want[32];

	if (version > newest_known())
		return refuse_newer(version, e);
	hash_sha256(m->text, strlen(m->text), want);
	if (version == m->version && sum.len == sizeof(want) &&
	    !memcmp(sum.p, want, sizeof(want)))
		return RC_OK;
	err_set(e, RC_BAD,
		"migration %04" PRId64 "_%.*s of the database is not the one "
		"that this aco has",
		version, STR_ARG(db_text(r, row, 1)));
	err_hint(e, "the database was made by another build: install that "
		    "one, or use another database");
	return RC_BAD;
}

/* What is applied must be the beginning of what we know; *n is how many. */
static enum rc compare_all(struct db *db, size_t *n, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(db, &sql_migrate_list, NULL, &r, NULL, e);
	int rows = db_rows(r);

	*n = 0;
	if (!rc && (size_t)rows > sql_migration_count)
		rc = refuse_newer(db_i64(r, rows - 1, 0), e);
	for (int i = 0; !rc && i < rows; i++)
		rc = compare(r, i, e);
	if (!rc)
		*n = (size_t)rows;
	db_result_free(r);
	return rc;
}

/* *n: applied migrations, 0 in a database that has none of ours. */
static enum rc read_state(struct db *db, size_t *n, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(db, &sql_migrate_exists, NULL, &r, NULL, e);
	bool exists = !rc && db_bool(r, 0, 0);

	*n = 0;
	db_result_free(r);
	return rc || !exists ? rc : compare_all(db, n, e);
}

static enum rc record(struct db *db, const struct sql_migration *m,
		      struct err *e)
{
	struct db_args a;
	uint8_t sum[32];
	enum rc rc;

	hash_sha256(m->text, strlen(m->text), sum);
	db_args_init(&a, 4096);
	db_arg_i32(&a, m->version);
	db_arg_text(&a, str_from(m->name));
	db_arg_bytea(&a, sum, sizeof(sum));
	db_arg_text(&a, STR("aco " ACO_VERSION));
	rc = db_run(db, &sql_migrate_record, &a, NULL, NULL, e);
	db_args_release(&a);
	return rc;
}

static enum rc apply(struct db *db, const struct sql_migration *m,
		     struct err *e)
{
	enum rc rc = db_run(db, &sql_tx_begin, NULL, NULL, NULL, e);

	if (!rc)
		rc = db_script(db, m->text, e);
	if (!rc)
		rc = record(db, m, e);
	if (!rc)
		rc = db_run(db, &sql_tx_commit, NULL, NULL, NULL, e);
	if (!rc)
		return RC_OK;
	if (!db_broken(db) &&
	    db_run(db, &sql_tx_rollback, NULL, NULL, NULL, NULL))
		log_line(LOG_WARN, "migrate", "rollback failed", "version=%d",
			 m->version);
	err_prefix(e, "migration %04d_%s", m->version, m->name);
	return rc;
}

static enum rc lock(struct db *db, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(db, &sql_migrate_try_lock, NULL, &r, NULL, e);
	bool got = !rc && db_bool(r, 0, 0);

	db_result_free(r);
	if (rc || got)
		return rc;
	log_line(LOG_WARN, "migrate", "waiting for another migration",
		 "version=%d", newest_known());
	return db_run(db, &sql_migrate_lock, NULL, NULL, NULL, e);
}

/* With the lock held: what another one applied meanwhile counts. */
static enum rc apply_missing(struct db *db, int *applied, struct err *e)
{
	size_t n;
	enum rc rc = db_run(db, &sql_migrate_table, NULL, NULL, NULL, e);

	if (!rc)
		rc = compare_all(db, &n, e);
	for (; !rc && n < sql_migration_count; n++) {
		rc = apply(db, &sql_migrations[n], e);
		if (!rc)
			++*applied;
	}
	return rc;
}

enum rc migrate_up(struct db *db, int *applied, struct err *e)
{
	int count = 0;
	size_t n;
	enum rc rc = read_state(db, &n, e);

	if (!rc && n < sql_migration_count) {
		rc = db_run(db, &sql_migrate_patience, NULL, NULL, NULL, e);
		if (!rc)
			rc = lock(db, e);
		if (!rc) {
			rc = apply_missing(db, &count, e);
			/* A lost connection has lost the lock too. */
			if (!db_broken(db) && db_run(db, &sql_migrate_unlock,
						     NULL, NULL, NULL, NULL))
				log_line(LOG_WARN, "migrate", "unlock failed",
					 "version=%d", newest_known());
		}
	}
	/* A newer program may ship newer prices without a new schema. */
	if (!rc)
		rc = price_seed(db, e);
	if (applied)
		*applied = count;
	return rc;
}

enum rc migrate_check(struct db *db, struct err *e)
{
	size_t n;
	enum rc rc = read_state(db, &n, e);

	if (rc || n == sql_migration_count)
		return rc;
	if (n)
		err_set(e, RC_BAD,
			"the database has schema version %d, this aco needs %d",
			sql_migrations[n - 1].version, newest_known());
	else
		err_set(e, RC_BAD, "the database holds no ledger yet");
	err_hint(e, "run 'aco up'");
	return RC_BAD;
}
