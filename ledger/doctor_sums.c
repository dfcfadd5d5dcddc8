/* The ledger's invariants, recomputed day by day. A check is one statement, and
 * so sees rows and sums of one moment, whatever is written meanwhile. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/progress.h"
#include "ledger/doctor_int.h"

/* ---- which days ---- */

static uint32_t random_below(uint32_t n)
{
	uint64_t r = (uint64_t)clock_mono_us();

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		r ^= r >> 7; /* any day will do */
	return (uint32_t)(r % n);
}

enum rc doctor_choose_days(struct doctor *d, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc;
	int n;

	if (d->opts.scope == DOCTOR_DAY) {
		d->days = xcalloc(1, sizeof(*d->days));
		d->days[d->n_days++] = d->opts.day;
		return RC_OK;
	}
	rc = db_run(d->db, &sql_doctor_days, NULL, &r, NULL, e);
	n = db_rows(r);
	if (n) {
		int from = 0;

		if (d->opts.scope == DOCTOR_RANDOM) {
			from = (int)random_below((uint32_t)n);
			n = from + 1;
		}
		d->days = xcalloc((size_t)(n - from), sizeof(*d->days));
		for (int i = from; i < n; i++)
			d->days[d->n_days++] = db_day(r, i, 0);
	}
	db_result_free(r);
	return rc;
}

/* "2026-11-24", "2026-11-24, the undated" or "7 days". */
static const char *days_text(const struct doctor *d, char *buf, size_t size)
{
	char day[16];

	if (d->n_days != 1)
		snprintf(buf, size, "%zu days", d->n_days);
	else if (d->days[0] == DAY_UNDATED)
		snprintf(buf, size, "what has no date");
	else
		snprintf(buf, size, "%s",
			 clock_format_day(d->days[0], day, sizeof(day)));
	return buf;
}

/* ---- one statement over the days ---- */

struct tally {
	int64_t differing;
	int32_t first_day;
	char example[256];
};

/* The statement answers how many differ and an example; its parameters are
 * the day and, where it has one, the grain. */
static enum rc run_day(struct doctor *d, const struct sql_stmt *stmt,
		       const char *grain, int32_t day, struct tally *t,
		       struct err *e)
{
	struct db_result *r = NULL;
	struct db_args a;
	int64_t n;
	enum rc rc;

	db_args_init(&a, 256);
	db_arg_day(&a, day);
	if (grain)
		db_arg_text(&a, str_from(grain));
	rc = db_run(d->db, stmt, &a, &r, NULL, e);
	n = rc ? 0 : db_i64(r, 0, 0);
	if (n && !t->differing) {
		struct str s = db_text(r, 0, 1);

		t->first_day = day;
		snprintf(t->example, sizeof(t->example), "%.*s", STR_ARG(s));
	}
	t->differing += n;
	db_result_free(r);
	db_args_release(&a);
	return rc;
}

static enum rc run_days(struct doctor *d, const char *label,
			const struct sql_stmt *stmt, const char *grain,
			struct tally *t, struct err *e)
{
	struct progress p;
	enum rc rc = RC_OK;

	progress_start(&p, label, (int64_t)d->n_days);
	for (size_t i = 0; !rc && i < d->n_days; i++) {
		rc = run_day(d, stmt, grain, d->days[i], t, e);
		progress_update(&p, (int64_t)i + 1, 0);
	}
	progress_end(&p);
	return rc;
}

static void judge(const struct doctor *d, struct doctor_finding *f,
		  const struct tally *t, const char *what, const char *right)
{
	char days[32], day[16];

	if (!t->differing) {
		doctor_found(f, DOCTOR_OK, "%s (%s)", right,
			     days_text(d, days, sizeof(days)));
		return;
	}
	doctor_found(f, DOCTOR_FAIL, "%" PRId64 " %s, the first on %s: %s",
		     t->differing, what,
		     clock_format_day(t->first_day, day, sizeof(day)),
		     t->example);
	doctor_advise(f, "the ledger is inconsistent: keep a copy of the "
			 "database and report this line");
}

static bool nothing_to_do(const struct doctor *d, struct doctor_finding *f)
{
	if (!d->n_days)
		doctor_found(f, DOCTOR_SKIP, "the ledger is empty");
	return !d->n_days;
}

static void check_grains(struct doctor *d, struct doctor_finding *f,
			 const struct sql_stmt *stmt)
{
	static const char *const grains[] = {"minute", "hour", "day"};
	struct tally t = {0};
	struct err e = {"", ""};
	enum rc rc = RC_OK;

	if (nothing_to_do(d, f))
		return;
	for (size_t i = 0; !rc && i < 3; i++)
		rc = run_days(d, f->name, stmt, grains[i], &t, &e);
	if (rc)
		doctor_failed(f, &e);
	else
		judge(d, f, &t, "sums differ from the rows",
		      "sums by minute, hour and day equal the rows");
}

static void check_plain(struct doctor *d, struct doctor_finding *f,
			const struct sql_stmt *stmt, const char *wrong,
			const char *right)
{
	struct tally t = {0};
	struct err e = {"", ""};

	if (nothing_to_do(d, f))
		return;
	if (run_days(d, f->name, stmt, NULL, &t, &e))
		doctor_failed(f, &e);
	else
		judge(d, f, &t, wrong, right);
}

/* ---- the checks ---- */

void check_attempt_sums(struct doctor *d, struct doctor_finding *f)
{
	check_grains(d, f, &sql_doctor_attempt_rollup);
}

void check_task_sums(struct doctor *d, struct doctor_finding *f)
{
	check_grains(d, f, &sql_doctor_task_rollup);
}

void check_tasks(struct doctor *d, struct doctor_finding *f)
{
	check_plain(d, f, &sql_doctor_task_sums,
		    "tasks differ from their attempts",
		    "each task is the sum of its attempts");
	if (f->state == DOCTOR_OK)
		check_plain(d, f, &sql_doctor_task_cost,
			    "tasks are not found by their cost",
			    "each task is the sum of its attempts");
}

void check_attempts(struct doctor *d, struct doctor_finding *f)
{
	check_plain(d, f, &sql_doctor_orphans,
		    "attempts have no task or no model",
		    "each attempt has its task and model");
}

void check_names(struct doctor *d, struct doctor_finding *f)
{
	check_plain(d, f, &sql_doctor_dangling_keys, "names lead nowhere",
		    "names and attempts lead to each other");
	if (f->state == DOCTOR_OK)
		check_plain(d, f, &sql_doctor_missing_keys,
			    "attempts cannot be found under their names",
			    "names and attempts lead to each other");
}

/* What workers have leased of budgets is what their accounts say. */
void check_budgets(struct doctor *d, struct doctor_finding *f)
{
	struct db_result *r = NULL;
	struct err e = {"", ""};

	if (db_run(d->db, &sql_doctor_budgets, NULL, &r, NULL, &e)) {
		doctor_failed(f, &e);
		return;
	}
	if (db_i64(r, 0, 2)) {
		doctor_found(f, DOCTOR_FAIL,
			     "%" PRId64 " accounts of budgets differ from "
			     "their leases",
			     db_i64(r, 0, 2));
		doctor_advise(f, "please report this");
	} else if (db_i64(r, 0, 1)) {
		doctor_found(f, DOCTOR_WARN,
			     "%" PRId64 " of %" PRId64
			     " budgets are hard ones over their limit",
			     db_i64(r, 0, 1), db_i64(r, 0, 0));
		doctor_advise(f, "'aco budget list' shows them; what came by "
				 "telemetry cannot be refused");
	} else {
		doctor_found(f, DOCTOR_OK, "%" PRId64 " budgets; leases add up",
			     db_i64(r, 0, 0));
	}
	db_result_free(r);
}
