#include "ledger/decided.h"

#include <stdlib.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/db.h"

/* The day that a time-ordered id (version 7) tells. */
static int32_t day_of(struct uuid id)
{
	int64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id.b[i];
	return clock_day(ms * 1000);
}

static void fill(struct decided *d, const struct db_result *r)
{
	d->task_id = db_uuid(r, 0, 0);
	d->at_us = db_time(r, 0, 1);
	d->bundle_id = (int32_t)db_i64(r, 0, 2);
	d->policy = db_text(r, 0, 3);
	d->plan = db_text(r, 0, 4);
	d->live = db_bool(r, 0, 5);
	d->propensity = db_f64(r, 0, 6);
	d->bound_by = db_text(r, 0, 7);
	d->reasons = db_text(r, 0, 8);
	d->schema = db_uuid(r, 0, 9);
	d->n_features = db_f32s(r, 0, 10, d->features, DECIDED_FEATURES);
	d->class_name = db_text(r, 0, 11);
}

enum rc decided_find(struct db *db, struct uuid id, decided_fn *fn, void *arg,
		     struct err *e)
{
	struct decided *d = xcalloc(1, sizeof(*d));
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	d->id = id;
	db_args_init(&a, 128);
	db_arg_uuid(&a, id);
	db_arg_day(&a, day_of(id));
	rc = db_run(db, &sql_decision_find, &a, &r, NULL, e);
	if (!rc && !db_rows(r)) {
		rc = err_set(e, RC_BAD, "the ledger has no such decision");
		err_hint(e, "the header x-aco-decision of a reply has its id");
	} else if (!rc) {
		fill(d, r);
		rc = fn(arg, d, e);
	}
	db_result_free(r);
	db_args_release(&a);
	free(d);
	return rc;
}
