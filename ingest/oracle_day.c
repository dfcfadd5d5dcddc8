#include "ingest/oracle_day.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "ledger/base/map.h"
#include "ledger/db.h"
#include "ledger/money.h"
#include "router/oracle.h"

#define ARMS_USED  24 /* of the class, most used first */
#define BOOT_MAX   200
#define BOOT_MIN   20
#define BOOT_WORK  2000000 /* resamples times tasks times arms, about */
#define SMOOTH     2.0     /* tasks' worth of the class's own rate */
#define ARGS_BYTES 65536
#define JSON_BYTES 65536
#define TIER_N     5

struct arm {
	struct str name;
	int tier;
	double n, success, cost_pusd; /* means; cost NaN: not known */
};

/* A class-day on its way. */
struct day {
	struct db *db;
	int32_t day, class_id;
	struct db_result *due, *known, *rows;
	int at; /* row of `due` */
	struct arm arms[ORACLE_ARMS_MAX];
	int n_arms;
	double rate; /* of the class */
	struct oracle_in *in;
	float *p;
	int64_t *est;
	struct mx_cell *seen;
	int64_t *good; /* verdicts, in millionths */
	int n;
};

/* ---- arms ---- */

static int arm_at(const struct day *d, struct str name)
{
	for (int a = 0; a < d->n_arms; a++) {
		if (str_eq(d->arms[a].name, name))
			return a;
	}
	return -1;
}

static void arm_add(struct day *d, struct str name, int tier)
{
	if (d->n_arms == ORACLE_ARMS_MAX || arm_at(d, name) >= 0)
		return;
	d->arms[d->n_arms++] = (struct arm){.name = name,
					    .tier = tier ? tier : 1,
					    .cost_pusd = (double)NAN};
}

static enum rc ask(struct day *d, const struct sql_stmt *stmt, int64_t most,
		   struct db_result **r, struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, ARGS_BYTES);
	db_arg_day(&a, d->day);
	db_arg_i32(&a, d->class_id);
	db_arg_i64(&a, most);
	rc = db_run(d->db, stmt, &a, r, NULL, e);
	db_args_release(&a);
	return rc;
}

/* Those that the class used lately, then those of the day's rows alone. */
static void gather_arms(struct day *d)
{
	double n = 0, good = 0;

	for (int i = 0; i < db_rows(d->known); i++) {
		struct arm *a = &d->arms[d->n_arms++];

		*a = (struct arm){.name = db_text(d->known, i, 0),
				  .tier = (int)db_i64(d->known, i, 1),
				  .n = (double)db_i64(d->known, i, 2),
				  .success = db_f64(d->known, i, 3),
				  .cost_pusd = db_f64(d->known, i, 4)};
		if (a->tier < 1)
			a->tier = 1;
		n += a->n;
		good += a->n * a->success;
	}
	d->rate = n > 0 ? good / n : 0.5;
	for (int i = 0; i < db_rows(d->rows); i++)
		arm_add(d, db_text(d->rows, i, 3), (int)db_i64(d->rows, i, 4));
}

/* ---- rows ---- */

static bool same_task(const struct db_result *r, int i, int j)
{
	return uuid_eq(db_uuid(r, i, 0), db_uuid(r, j, 0));
}

/* What is believed of an arm on the task of row `i`. */
static void believe(struct day *d, int task, int i)
{
	float p[TIER_N], c[TIER_N];
	int np = db_f32s(d->rows, i, 8, p, TIER_N);
	int nc = db_f32s(d->rows, i, 9, c, TIER_N);

	for (int a = 0; a < d->n_arms; a++) {
		const struct arm *m = &d->arms[a];
		int at = task * d->n_arms + a;
		double cost = m->cost_pusd;

		d->p[at] = NAN;
		d->est[at] = MONEY_NONE;
		if (m->tier <= np && !isnan(p[m->tier - 1]))
			d->p[at] = p[m->tier - 1];
		else if (m->n > 0)
			d->p[at] =
				(float)((m->n * m->success + SMOOTH * d->rate) /
					(m->n + SMOOTH));
		if (m->tier <= nc && !isnan(c[m->tier - 1]))
			cost = (double)c[m->tier - 1];
		if (cost >= 0 && cost < 9e18)
			d->est[at] = llround(cost);
	}
}

/* One arm on the task; the last that served is the one that is judged. A trial
 * does not speak where the arm itself did. */
static void see(struct day *d, int task, int i)
{
	int a = arm_at(d, db_text(d->rows, i, 3));
	bool trial = db_bool(d->rows, i, 10);
	struct mx_cell *c;

	if (a < 0)
		return;
	c = &d->seen[task * d->n_arms + a];
	if (!trial) {
		d->in[task].arm = a;
		d->in[task].propensity = (float)db_f64(d->rows, i, 7);
	}
	if (db_null(d->rows, i, 6) || (trial && !isnan(c->success)))
		return;
	c->success = (float)db_i64(d->rows, i, 5) * 1e-6F;
	c->cost_pusd = db_i64(d->rows, i, 6);
}

static void begin_task(struct day *d, int i)
{
	int t = d->n++;

	d->good[t] = db_i64(d->rows, i, 1);
	d->in[t] = (struct oracle_in){
		.arm = -1,
		.success = (float)d->good[t] * 1e-6F,
		.cost_pusd = db_null(d->rows, i, 2) ? MONEY_NONE
						    : db_i64(d->rows, i, 2),
		.propensity = 1,
		.p = &d->p[t * d->n_arms],
		.est_pusd = &d->est[t * d->n_arms],
		.seen = &d->seen[t * d->n_arms]};
	for (int a = 0; a < d->n_arms; a++)
		d->seen[t * d->n_arms + a] = (struct mx_cell){
			.success = NAN, .cost_pusd = MONEY_NONE};
	believe(d, t, i);
}

static void gather_tasks(struct day *d)
{
	int n = 0;
	size_t cells;

	for (int i = 0; i < db_rows(d->rows); i++)
		n += i == 0 || !same_task(d->rows, i - 1, i);
	cells = (size_t)n * (size_t)d->n_arms + 1;
	d->in = xcalloc((size_t)n + 1, sizeof(*d->in));
	d->good = xcalloc((size_t)n + 1, sizeof(*d->good));
	d->p = xcalloc(cells, sizeof(*d->p));
	d->est = xcalloc(cells, sizeof(*d->est));
	d->seen = xcalloc(cells, sizeof(*d->seen));
	for (int i = 0; i < db_rows(d->rows); i++) {
		if (i == 0 || !same_task(d->rows, i - 1, i))
			begin_task(d, i);
		see(d, d->n - 1, i);
	}
}

/* ---- the answer ---- */

static __int128 pusd_of(double usd)
{
	return (__int128)llround(usd * 1e12);
}

static void put_policy(struct json_out *o, const char *key, double usd,
		       double success, struct str model)
{
	char text[MONEY_TEXT];

	if (!isfinite(usd) || !isfinite(success)) {
		json_out_null(o, key);
		return;
	}
	json_out_obj(o, key);
	json_out_str(o, "cost_usd",
		     str_from(money_format_sum(pusd_of(usd), text)));
	json_out_double(o, "success", success, 6);
	if (model.len)
		json_out_str(o, "model", model);
	json_out_end(o, '}');
}

static void put_figures(const struct day *d, const struct oracle_out *r,
			struct buf *out)
{
	struct json_out o;
	char text[64];

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	put_policy(&o, "always_strongest", r->strongest_usd,
		   r->strongest_success, STR_NONE);
	put_policy(&o, "always_cheapest", r->cheapest_usd, r->cheapest_success,
		   STR_NONE);
	put_policy(
		&o, "best_single", r->best_single_usd, r->best_single_success,
		r->best_single < 0 ? STR_NONE : d->arms[r->best_single].name);
	put_policy(&o, "best_static", r->static_usd, r->static_success,
		   STR_NONE);
	json_out_double(&o, "capture", r->capture, 6);
	json_out_double(&o, "estimated_share", r->estimated_share, 6);
	json_out_double(&o, "success_low", r->oracle_success_low, 6);
	json_out_double(&o, "success_high", r->oracle_success_high, 6);
	json_out_bool(&o, "doubly_robust", r->randomised);
	json_out_obj(&o, "basis");
	json_out_i64(&o, "judged", db_i64(d->due, d->at, 2));
	json_out_i64(&o, "success_micro", db_i64(d->due, d->at, 3));
	json_out_str(
		&o, "paid_pusd",
		str_from(db_numeric(d->due, d->at, 4, text, sizeof(text))));
	json_out_end(&o, '}');
	json_out_end(&o, '}');
}

static void arg_usd(struct db_args *a, double usd)
{
	if (isfinite(usd))
		db_arg_numeric(a, pusd_of(usd));
	else
		db_arg_null(a);
}

static enum rc put(const struct day *d, const struct oracle_out *r,
		   struct err *e)
{
	int64_t good = 0;
	__int128 paid = 0;
	struct db_args a;
	struct buf json;
	enum rc rc;

	/* Exactly those that the estimate is of. */
	for (int t = 0; t < d->n; t++) {
		if (d->in[t].cost_pusd == MONEY_NONE)
			continue;
		good += d->good[t];
		paid += d->in[t].cost_pusd;
	}
	buf_init(&json, JSON_BYTES);
	put_figures(d, r, &json);
	db_args_init(&a, 2 * JSON_BYTES);
	db_arg_day(&a, d->day);
	db_arg_i32(&a, d->class_id);
	db_arg_i64(&a, r->judged);
	db_arg_i64(&a, r->observed);
	db_arg_numeric(&a, paid);
	db_arg_numeric(&a,
		       isfinite(r->oracle_usd) ? pusd_of(r->oracle_usd) : paid);
	arg_usd(&a, r->oracle_low_usd);
	arg_usd(&a, r->oracle_high_usd);
	db_arg_i64(&a, good);
	db_arg_i64(&a, isfinite(r->oracle_success)
			       ? llround(r->oracle_success * 1e6 *
					 (double)r->judged)
			       : good);
	db_arg_text(&a, (struct str){buf_str(&json), json.len});
	rc = db_run(d->db, &sql_oracle_put, &a, NULL, NULL, e);
	db_args_release(&a);
	buf_release(&json);
	return rc;
}

static void estimate(struct day *d, struct oracle_out *r)
{
	int64_t cells = (int64_t)d->n * d->n_arms + 1;
	int64_t boot = BOOT_WORK / cells;
	int tiers[ORACLE_ARMS_MAX];

	for (int a = 0; a < d->n_arms; a++)
		tiers[a] = d->arms[a].tier;
	boot = boot < BOOT_MIN ? BOOT_MIN : boot > BOOT_MAX ? BOOT_MAX : boot;
	oracle_estimate(
		d->in, d->n, d->n_arms, tiers, (int)boot,
		(uint64_t)(uint32_t)d->day << 32 | (uint32_t)d->class_id, r);
}

static enum rc compute(struct day *d, struct err *e)
{
	struct oracle_out r;
	enum rc rc = ask(d, &sql_oracle_arms, ARMS_USED, &d->known, e);

	if (!rc)
		rc = ask(d, &sql_oracle_rows, ORACLE_DAY_TASKS, &d->rows, e);
	if (rc)
		return rc;
	gather_arms(d);
	gather_tasks(d);
	estimate(d, &r);
	return put(d, &r, e);
}

static enum rc drop(struct day *d, struct err *e)
{
	struct db_args a;
	enum rc rc;

	db_args_init(&a, ARGS_BYTES);
	db_arg_day(&a, d->day);
	db_arg_i32(&a, d->class_id);
	rc = db_run(d->db, &sql_oracle_drop, &a, NULL, NULL, e);
	db_args_release(&a);
	return rc;
}

static enum rc one(struct db *db, struct db_result *due, int at,
		   struct oracle_day_counts *n, struct err *e)
{
	struct day d = {.db = db, .due = due, .at = at};
	bool any = db_i64(due, at, 2) > 0;
	enum rc rc;

	d.day = db_day(due, at, 0);
	d.class_id = (int32_t)db_i64(due, at, 1);
	n->changed += db_bool(due, at, 5);
	rc = any ? compute(&d, e) : drop(&d, e);
	if (!rc && any)
		n->written++;
	else if (!rc)
		n->dropped++;
	db_result_free(d.known);
	db_result_free(d.rows);
	free(d.in);
	free(d.good);
	free(d.p);
	free(d.est);
	free(d.seen);
	return rc;
}

enum rc oracle_days(struct db *db, int32_t from, int64_t limit,
		    struct oracle_day_counts *n, struct err *e)
{
	struct db_result *due = NULL;
	struct db_args a;
	enum rc rc;

	*n = (struct oracle_day_counts){0};
	db_args_init(&a, ARGS_BYTES);
	db_arg_day(&a, from);
	db_arg_i64(&a, limit);
	rc = db_run(db, &sql_oracle_due, &a, &due, NULL, e);
	for (int i = 0; !rc && i < db_rows(due); i++)
		rc = one(db, due, i, n, e);
	db_result_free(due);
	db_args_release(&a);
	return rc;
}
