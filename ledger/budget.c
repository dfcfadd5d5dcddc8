#include "ledger/budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/db.h"

#define TEXT_MAX ((size_t)64 << 20)
#define ARGS_MAX 16384

const char *const budget_scope_names[BUDGET_SCOPE_N] = {"key", "team", "agent",
							"class", "task"};
const char *const budget_period_names[BUDGET_PERIOD_N] = {"day", "week",
							  "month", "total"};

static int word(struct str s, const char *const *names, int n)
{
	for (int i = 0; i < n; i++) {
		if (str_is(s, names[i]))
			return i;
	}
	BUG("a budget's scope or period is not known");
}

static int by_subject(const void *x, const void *y)
{
	const struct budget_def *a = x, *b = y;
	int c = (int)a->scope - (int)b->scope;

	if (!c)
		c = str_cmp(a->subject, b->subject);
	return c ? c : (a->id > b->id) - (a->id < b->id);
}

enum rc budget_load(struct db *db, struct budget_defs **out, struct err *e)
{
	struct db_result *r = NULL;
	struct budget_defs *d;
	enum rc rc = db_run(db, &sql_budget_load, NULL, &r, NULL, e);

	if (rc)
		return rc;
	d = xcalloc(1, sizeof(*d));
	arena_init(&d->arena, TEXT_MAX);
	d->n = (size_t)db_rows(r);
	d->defs = xcalloc(d->n + 1, sizeof(*d->defs));
	for (int i = 0; i < db_rows(r); i++) {
		struct budget_def *b = &d->defs[i];

		b->id = (int32_t)db_i64(r, i, 0);
		b->scope = (enum budget_scope)word(
			db_text(r, i, 1), budget_scope_names, BUDGET_SCOPE_N);
		b->subject = arena_str(&d->arena, db_text(r, i, 2));
		b->period = (enum budget_period)word(
			db_text(r, i, 3), budget_period_names, BUDGET_PERIOD_N);
		b->limit_pusd = db_i64(r, i, 4);
		b->hard = db_bool(r, i, 5);
		b->mark = db_i64(r, i, 6);
	}
	db_result_free(r);
	if (!arena_ok(&d->arena)) {
		budget_defs_free(d);
		return err_set(e, RC_BUSY, "the budgets do not fit in memory");
	}
	/* By bytes, whatever the database's collation. */
	qsort(d->defs, d->n, sizeof(*d->defs), by_subject);
	*out = d;
	return RC_OK;
}

void budget_defs_free(struct budget_defs *d)
{
	if (!d)
		return;
	arena_release(&d->arena);
	free(d->defs);
	free(d);
}

/* ---- holders ---- */

static enum rc new_holder(struct db *db, int32_t *holder, struct err *e)
{
	char name[128], host[64] = "";
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	(void)gethostname(host, sizeof(host) - 1);
	snprintf(name, sizeof(name), "%s:%ld", host, (long)getpid());
	if (!str_utf8_ok(str_from(name)))
		snprintf(name, sizeof(name), "%ld", (long)getpid());
	db_args_init(&a, ARGS_MAX);
	db_arg_text(&a, str_from(name));
	rc = db_run(db, &sql_budget_holder_add, &a, &r, NULL, e);
	if (!rc && db_bool(r, 0, 1))
		*holder = (int32_t)db_i64(r, 0, 0);
	else if (!rc)
		rc = err_set(e, RC_BUSY, "the lock of a new holder is taken");
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

static enum rc resume(struct db *db, int32_t holder, bool *there, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, ARGS_MAX);
	db_arg_i32(&a, holder);
	rc = db_run(db, &sql_budget_holder_resume, &a, &r, NULL, e);
	if (!rc && !db_bool(r, 0, 0))
		rc = err_set(e, RC_BUSY,
			     "the budgets' lock is held by a connection that "
			     "was lost");
	db_result_free(r);
	r = NULL;
	if (!rc)
		rc = db_run(db, &sql_budget_holder_seen, &a, &r, NULL, e);
	if (!rc)
		*there = db_rows(r) == 1;
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

enum rc budget_hold(struct db *db, int32_t *holder, struct err *e)
{
	bool there = false;
	enum rc rc = RC_OK;

	if (*holder)
		rc = resume(db, *holder, &there, e);
	return rc || there ? rc : new_holder(db, holder, e);
}

/* ---- leases ---- */

enum rc budget_lease(struct db *db, int32_t holder, const struct budget_ask *a,
		     struct budget_lease *out, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args args;
	enum rc rc;

	*out = (struct budget_lease){0};
	db_args_init(&args, ARGS_MAX);
	db_arg_i32(&args, holder);
	db_arg_i32(&args, a->no);
	db_arg_i32(&args, a->budget);
	db_arg_text(&args, a->subject);
	db_arg_time(&args, a->period_us);
	db_arg_i64(&args, a->settled_pusd);
	db_arg_i64(&args, a->keep_pusd);
	db_arg_i64(&args, a->live_pusd);
	db_arg_i64(&args, a->need_pusd);
	db_arg_i64(&args, a->extra_pusd);
	rc = db_run(db, &sql_budget_lease, &args, &r, NULL, e);
	if (!rc && db_rows(r) == 1) {
		out->there = true;
		out->period_us = db_time(r, 0, 0);
		out->ends_in_us =
			db_null(r, 0, 1) ? INT64_MAX : db_i64(r, 0, 1);
		out->ends_us = db_time(r, 0, 2);
		out->leased_pusd = db_i64(r, 0, 3);
		out->granted = db_bool(r, 0, 4);
		out->free_pusd = db_i64(r, 0, 5);
		out->spent_pusd = db_i64(r, 0, 6);
		out->idle_pusd = db_i64(r, 0, 7);
		out->wanted = db_bool(r, 0, 8);
	}
	db_result_free(r);
	db_args_release(&args);
	return rc;
}

enum rc budget_wanted(struct db *db, int32_t holder, int32_t *no, int max,
		      int *n, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	*n = 0;
	db_args_init(&a, ARGS_MAX);
	db_arg_i32(&a, holder);
	rc = db_run(db, &sql_budget_wanted, &a, &r, NULL, e);
	for (; !rc && *n < db_rows(r) && *n < max; (*n)++)
		no[*n] = (int32_t)db_i64(r, *n, 0);
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

enum rc budget_reclaim(struct db *db, int32_t holder, int64_t grace_us,
		       int64_t *dead, struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, ARGS_MAX);
	db_arg_i32(&a, holder);
	db_arg_i64(&a, grace_us);
	rc = db_run(db, &sql_budget_reclaim, &a, &r, NULL, e);
	*dead = rc ? 0 : db_i64(r, 0, 0);
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

enum rc budget_purge(struct db *db, int64_t age_us, int64_t *gone,
		     struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	enum rc rc;

	db_args_init(&a, ARGS_MAX);
	db_arg_i64(&a, age_us);
	rc = db_run(db, &sql_budget_purge, &a, &r, NULL, e);
	*gone = rc ? 0 : db_i64(r, 0, 0);
	db_result_free(r);
	db_args_release(&a);
	return rc;
}
