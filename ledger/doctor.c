#include "ledger/doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "gen/sql.h"
#include "ledger/base/clock.h"
#include "ledger/cluster.h"
#include "ledger/connect.h"
#include "ledger/doctor_int.h"
#include "ledger/migrate.h"
#include "ledger/partition.h"

#define GIB             (INT64_C(1) << 30)
#define PRICES_OLD_DAYS 90
#define CLOCK_SKEW_US   (INT64_C(30) * US_PER_SEC)

const char *doctor_state_name(enum doctor_state s)
{
	static const char *const names[] = {"ok", "warn", "fail", "skip"};

	return names[s];
}

static void set_text(char *dst, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void set_text(char *dst, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(dst, size, fmt, ap) < 0)
		dst[0] = 0;
}

void doctor_found(struct doctor_finding *f, enum doctor_state state,
		  const char *fmt, ...)
{
	va_list ap;

	f->state = state;
	va_start(ap, fmt);
	set_text(f->found, sizeof(f->found), fmt, ap);
	va_end(ap);
}

void doctor_advise(struct doctor_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(f->advice, sizeof(f->advice), fmt, ap);
	va_end(ap);
}

void doctor_failed(struct doctor_finding *f, const struct err *e)
{
	doctor_found(f, DOCTOR_FAIL, "%s", e->msg);
	doctor_advise(f, "%s", e->hint);
}

/* ---- the installation ---- */

/* Opens the connection that the other checks use. */
static void check_database(struct doctor *d, struct doctor_finding *f)
{
	struct db_result *r = NULL;
	struct err e = {"", ""};
	int64_t skew;

	if (connect_database(&d->db, d->conf, "doctor", &e) ||
	    db_run(d->db, &sql_doctor_server, NULL, &r, NULL, &e)) {
		doctor_failed(f, &e);
		return;
	}
	doctor_found(f, DOCTOR_OK,
		     "PostgreSQL %.*s, %" PRId64 " MiB, %" PRId64 " of %" PRId64
		     " connections",
		     STR_ARG(db_text(r, 0, 0)), db_i64(r, 0, 4) >> 20,
		     db_i64(r, 0, 5), db_i64(r, 0, 6));
	skew = db_time(r, 0, 7) - clock_now_us();
	if (db_bool(r, 0, 1) || db_bool(r, 0, 2)) {
		doctor_found(f, DOCTOR_FAIL, "the database is read-only");
		doctor_advise(f, "point database_url at the primary");
	} else if (!db_bool(r, 0, 3)) {
		doctor_found(f, DOCTOR_FAIL,
			     "fsync or full_page_writes is off:"
			     " a crash loses the ledger");
		doctor_advise(f, "set both to on and restart the server");
	} else if (skew > CLOCK_SKEW_US || skew < -CLOCK_SKEW_US) {
		f->state = DOCTOR_WARN;
		doctor_advise(f,
			      "its clock differs from ours by %" PRId64
			      " s: set both",
			      skew / US_PER_SEC);
	}
	db_result_free(r);
}

static void check_schema(struct doctor *d, struct doctor_finding *f)
{
	struct err e = {"", ""};

	if (migrate_check(d->db, &e))
		doctor_failed(f, &e);
	else
		doctor_found(f, DOCTOR_OK, "version %d, unchanged",
			     sql_migrations[sql_migration_count - 1].version);
}

static void check_days(struct doctor *d, struct doctor_finding *f)
{
	struct err e = {"", ""};
	int64_t missing;

	if (partition_missing(d->db, d->conf->partitions_ahead, &missing, &e)) {
		doctor_failed(f, &e);
	} else if (missing) {
		doctor_found(f, DOCTOR_WARN,
			     "%" PRId64 " of the days ahead have no partitions",
			     missing);
		doctor_advise(f, "run 'aco up'");
	} else {
		doctor_found(f, DOCTOR_OK,
			     "partitions for today and %" PRId64 " days ahead",
			     d->conf->partitions_ahead);
	}
}

static void check_disk(struct doctor *d, struct doctor_finding *f)
{
	enum cluster_state state;
	struct err e = {"", ""};
	struct statvfs v;
	struct buf where;
	int64_t left, all;

	buf_init(&where, 8192);
	if (cluster_look(d->conf, &state, &where, &e)) {
		doctor_failed(f, &e);
	} else if (state == CLUSTER_FOREIGN) {
		doctor_found(f, DOCTOR_SKIP,
			     "database_url is set: its disk is not looked "
			     "at");
	} else if (statvfs(buf_str(&where), &v)) {
		doctor_found(f, DOCTOR_SKIP, "cannot look at %s",
			     buf_str(&where));
	} else {
		left = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
		all = (int64_t)v.f_blocks * (int64_t)v.f_frsize;
		doctor_found(f,
			     left < GIB / 4                      ? DOCTOR_FAIL
			     : left < 2 * GIB || left < all / 20 ? DOCTOR_WARN
								 : DOCTOR_OK,
			     "%.1f GiB free at %s", (double)left / (double)GIB,
			     buf_str(&where));
		if (f->state != DOCTOR_OK)
			doctor_advise(f, "free some space, or lower "
					 "retention_days and run 'aco up'");
	}
	buf_release(&where);
}

/* ---- what the ledger holds ---- */

static void check_unpriced(struct doctor *d, struct doctor_finding *f)
{
	struct db_result *r = NULL;
	struct err e = {"", ""};

	if (db_run(d->db, &sql_doctor_unpriced, NULL, &r, NULL, &e)) {
		doctor_failed(f, &e);
		return;
	}
	if (!db_i64(r, 0, 0)) {
		doctor_found(f, DOCTOR_OK, "every call has a price");
	} else {
		doctor_found(f, DOCTOR_WARN,
			     "%" PRId64 " calls of %" PRId64
			     " models have no price, most of them of %.*s",
			     db_i64(r, 0, 0), db_i64(r, 0, 1),
			     STR_ARG(db_text(r, 0, 2)));
		doctor_advise(f, "add prices with 'aco price import', then run "
				 "'aco price recalc'");
	}
	db_result_free(r);
}

static void check_dead(struct doctor *d, struct doctor_finding *f)
{
	struct db_result *r = NULL;
	struct err e = {"", ""};
	char at[32];

	if (db_run(d->db, &sql_doctor_dead, NULL, &r, NULL, &e)) {
		doctor_failed(f, &e);
		return;
	}
	if (!db_i64(r, 0, 0)) {
		doctor_found(f, DOCTOR_OK, "no row was refused");
	} else {
		doctor_found(f, DOCTOR_WARN,
			     "%" PRId64
			     " rows were refused and wait, the last at %s: "
			     "%.*s",
			     db_i64(r, 0, 0),
			     clock_format(db_time(r, 0, 1), at, sizeof(at)),
			     STR_ARG(db_text(r, 0, 2)));
		doctor_advise(f,
			      "see 'aco dead list'; %" PRId64
			      " can be replayed with 'aco dead replay'",
			      db_i64(r, 0, 3));
	}
	db_result_free(r);
}

static void check_prices(struct doctor *d, struct doctor_finding *f)
{
	struct db_result *r = NULL;
	struct err e = {"", ""};
	int32_t age;

	if (db_run(d->db, &sql_doctor_prices, NULL, &r, NULL, &e)) {
		doctor_failed(f, &e);
		return;
	}
	age = clock_day(clock_now_us()) - db_day(r, 0, 1);
	if (!db_i64(r, 0, 0)) {
		doctor_found(f, DOCTOR_FAIL, "there are no prices");
		doctor_advise(f, "run 'aco up'");
	} else if (!db_null(r, 0, 1) && age > PRICES_OLD_DAYS) {
		doctor_found(f, DOCTOR_WARN,
			     "%" PRId64 " prices, the newest %d days old",
			     db_i64(r, 0, 0), age);
		doctor_advise(f, "bring newer ones with 'aco price import'");
	} else {
		doctor_found(f, DOCTOR_OK,
			     "%" PRId64 " prices, the newest %d days old",
			     db_i64(r, 0, 0), age < 0 ? 0 : age);
	}
	db_result_free(r);
}

/* ---- the table ---- */

enum needs {
	NEEDS_NOTHING,
	NEEDS_DATABASE,
	NEEDS_SCHEMA
};

static const struct check {
	const char *name;
	enum needs needs;
	void (*run)(struct doctor *d, struct doctor_finding *f);
} checks[] = {
	{"disk", NEEDS_NOTHING, check_disk},
	{"daemon", NEEDS_NOTHING, check_daemon},
	{"spool", NEEDS_NOTHING, check_spool},
	{"database", NEEDS_NOTHING, check_database},
	{"schema", NEEDS_DATABASE, check_schema},
	{"days ahead", NEEDS_SCHEMA, check_days},
	{"prices", NEEDS_SCHEMA, check_prices},
	{"unpriced calls", NEEDS_SCHEMA, check_unpriced},
	{"refused rows", NEEDS_SCHEMA, check_dead},
	{"attempts", NEEDS_SCHEMA, check_attempts},
	{"names", NEEDS_SCHEMA, check_names},
	{"budgets", NEEDS_SCHEMA, check_budgets},
	{"tasks", NEEDS_SCHEMA, check_tasks},
	{"attempt sums", NEEDS_SCHEMA, check_attempt_sums},
	{"task sums", NEEDS_SCHEMA, check_task_sums},
};

/* skip < ok < warn < fail */
static enum doctor_state worse(enum doctor_state a, enum doctor_state b)
{
	static const int weight[] = {
		[DOCTOR_OK] = 1,
		[DOCTOR_WARN] = 2,
		[DOCTOR_FAIL] = 3,
		[DOCTOR_SKIP] = 0,
	};

	return weight[a] >= weight[b] ? a : b;
}

static bool possible(const struct doctor *d, const struct check *c, bool schema)
{
	if (c->needs == NEEDS_DATABASE)
		return d->db && !db_broken(d->db);
	return c->needs == NEEDS_NOTHING ||
	       (schema && d->db && !db_broken(d->db));
}

enum doctor_state doctor_run(const struct conf *conf,
			     const struct doctor_opts *opts,
			     doctor_tell_fn *tell, void *arg)
{
	struct doctor d = {.conf = conf, .opts = *opts};
	enum doctor_state worst = DOCTOR_SKIP;
	bool schema = false;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct doctor_finding f = {.name = checks[i].name};
		struct err e = {"", ""};

		if (!possible(&d, &checks[i], schema))
			doctor_found(&f, DOCTOR_SKIP, "not looked at");
		else
			checks[i].run(&d, &f);
		if (checks[i].run == check_schema && f.state == DOCTOR_OK) {
			schema = true;
			if (doctor_choose_days(&d, &e))
				doctor_failed(&f, &e);
		}
		worst = worse(worst, f.state);
		tell(arg, &f);
	}
	db_close(d.db);
	free(d.days);
	return worst;
}
