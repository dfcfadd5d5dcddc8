/* Day by day and in chunks: read without locks and find what would change;
 * only that is locked (tasks, then attempts, as every writer does), read and
 * priced again, and applied in one transaction. */
#include "ledger/recalc.h"

#include <stdlib.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/cost.h"
#include "ledger/db.h"
#include "ledger/money.h"
#include "ledger/slot.h"

#define CHUNK      5000 /* calls of one transaction */
#define TRIES      5    /* of a chunk that met a deadlock */
#define ARGS_BYTES ((size_t)1 << 20)
#define MODELS_MAX ((size_t)16 << 20) /* bytes of names */

/* Columns of recalc_read and recalc_lock. */
enum {
	COL_ID,
	COL_TASK,
	COL_COST,
	COL_PRICE,
	COL_FAILED,
	COL_PROVIDER,
	COL_MODEL,
	COL_SERVICE_TIER,
	COL_STARTED,
	COL_AGGREGATE,
	COL_USAGE
};

struct change {
	struct uuid id, task;
	int64_t old_pusd, new_pusd; /* or MONEY_NONE */
	int32_t price;              /* 0 = none */
	uint32_t model;             /* index of sums->models */
};

struct recalc {
	struct db *db;
	const struct price_book *book;
	const struct recalc_opts *o;
	struct recalc_sums *sums;
	struct db_args args;
	int16_t slot;
	int64_t total, seen; /* by the rollups; read */
	struct uuid last;    /* id of the last call read */
	struct change *changes;
	size_t n, cap;
};

/* ---- sums ---- */

void recalc_sums_init(struct recalc_sums *s)
{
	*s = (struct recalc_sums){0};
	map_init(&s->by_name);
	arena_init(&s->arena, MODELS_MAX);
}

void recalc_sums_release(struct recalc_sums *s)
{
	free(s->models);
	map_release(&s->by_name);
	arena_release(&s->arena);
	recalc_sums_init(s);
}

static bool model_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct recalc_model *m =
		&((const struct recalc_sums *)ctx)->models[pos];
	const struct recalc_model *k = key;

	return str_eq(m->name, k->name) && str_eq(m->provider, k->provider);
}

static uint32_t model_index(struct recalc_sums *s, struct str provider,
			    struct str name)
{
	struct recalc_model k = {.provider = provider, .name = name};
	uint64_t h = map_hash(name.p, name.len) * 31 +
		     map_hash(provider.p, provider.len);
	uint32_t pos = map_find(&s->by_name, h, model_eq, s, &k);

	if (pos != MAP_NONE)
		return pos;
	k.provider = arena_str(&s->arena, provider);
	k.name = arena_str(&s->arena, name);
	xgrow(&s->models, &s->cap, s->n + 1, sizeof(*s->models));
	pos = (uint32_t)s->n++;
	s->models[pos] = k;
	map_add(&s->by_name, h, pos);
	return pos;
}

static void count(struct recalc_model *m, const struct change *c)
{
	bool was = c->old_pusd != MONEY_NONE, is = c->new_pusd != MONEY_NONE;

	m->calls++;
	m->priced += !was && is;
	m->unpriced += was && !is;
	m->old_pusd += was ? c->old_pusd : 0;
	m->new_pusd += is ? c->new_pusd : 0;
}

static void count_all(struct recalc *r)
{
	for (size_t i = 0; i < r->n; i++) {
		count(&r->sums->models[r->changes[i].model], &r->changes[i]);
		count(&r->sums->all, &r->changes[i]);
	}
}

/* ---- one call ---- */

static struct usage usage_of(const struct db_result *res, int row)
{
	struct usage u;

	for (int i = 0; i < USAGE_N; i++)
		u.n[i] = db_null(res, row, COL_USAGE + i)
				 ? USAGE_NONE
				 : db_i64(res, row, COL_USAGE + i);
	return u;
}

/* As a row is priced when it comes in (att_price). */
static void reprice(const struct recalc *r, const struct db_result *res,
		    int row, struct change *c)
{
	struct cost_context x = {
		.provider = db_text(res, row, COL_PROVIDER),
		.model = db_text(res, row, COL_MODEL),
		.started_us = db_time(res, row, COL_STARTED),
		.service_tier = db_text(res, row, COL_SERVICE_TIER),
		.aggregate = db_bool(res, row, COL_AGGREGATE),
	};
	struct usage u = usage_of(res, row);
	struct cost k;

	c->price = 0;
	if (usage_missing(&u) && db_bool(res, row, COL_FAILED)) {
		c->new_pusd = 0;
		return;
	}
	cost_compute(r->book, &x, &u, &k);
	c->new_pusd = k.cost_pusd;
	c->price = k.price_id;
}

/* Price a row; keep it if its cost differs. */
static void look_at(struct recalc *r, const struct db_result *res, int row)
{
	struct change c = {
		.id = db_uuid(res, row, COL_ID),
		.task = db_uuid(res, row, COL_TASK),
		.old_pusd = db_null(res, row, COL_COST)
				    ? MONEY_NONE
				    : db_i64(res, row, COL_COST),
	};

	reprice(r, res, row, &c);
	if (c.new_pusd == c.old_pusd)
		return;
	c.model = model_index(r->sums, db_text(res, row, COL_PROVIDER),
			      db_text(res, row, COL_MODEL));
	xgrow(&r->changes, &r->cap, r->n + 1, sizeof(*r->changes));
	r->changes[r->n++] = c;
}

/* ---- a chunk ---- */

/* Reads up to CHUNK calls behind r->last; *rows is how many. */
static enum rc read_chunk(struct recalc *r, int32_t day, int *rows,
			  struct err *e)
{
	struct db_result *res = NULL;
	enum rc rc;

	r->n = 0;
	db_args_clear(&r->args);
	db_arg_day(&r->args, day);
	db_arg_uuid(&r->args, r->last);
	db_arg_i64(&r->args, CHUNK);
	db_arg_time(&r->args, r->o->since_us);
	db_arg_time(&r->args, r->o->until_us);
	db_arg_text(&r->args, r->o->model);
	rc = db_run(r->db, &sql_recalc_read, &r->args, &res, NULL, e);
	*rows = rc == RC_OK ? db_rows(res) : 0;
	for (int i = 0; i < *rows; i++)
		look_at(r, res, i);
	if (*rows)
		r->last = db_uuid(res, *rows - 1, COL_ID);
	db_result_free(res);
	return rc;
}

static void arg_ids(struct recalc *r, bool tasks)
{
	db_arr_begin(&r->args, DB_UUID);
	for (size_t i = 0; i < r->n; i++) {
		db_field_uuid(&r->args.data,
			      tasks ? r->changes[i].task : r->changes[i].id);
		db_arr_count(&r->args);
	}
	db_arr_end(&r->args);
}

static enum rc lock_tasks(struct recalc *r, struct err *e)
{
	db_args_clear(&r->args);
	arg_ids(r, true);
	return db_run(r->db, &sql_recalc_tasks, &r->args, NULL, NULL, e);
}

/* Lock the calls and price them as they are now. A call that has moved to
 * another task meanwhile is left for the next time: its task is not locked. */
static enum rc lock_calls(struct recalc *r, int32_t day, struct err *e)
{
	struct change *before = r->changes;
	size_t n_before = r->n, k = 0, kept = 0;
	struct db_result *res = NULL;
	enum rc rc;

	db_args_clear(&r->args);
	db_arg_day(&r->args, day);
	arg_ids(r, false);
	rc = db_run(r->db, &sql_recalc_lock, &r->args, &res, NULL, e);
	r->changes = NULL;
	r->n = r->cap = 0;
	for (int i = 0; rc == RC_OK && i < db_rows(res); i++)
		look_at(r, res, i);
	db_result_free(res);
	/* Both are in the order of ids. */
	for (size_t i = 0; i < r->n; i++) {
		while (k < n_before &&
		       uuid_cmp(before[k].id, r->changes[i].id) < 0)
			k++;
		if (k < n_before && uuid_eq(before[k].id, r->changes[i].id) &&
		    uuid_eq(before[k].task, r->changes[i].task))
			r->changes[kept++] = r->changes[i];
	}
	r->n = kept;
	free(before);
	return rc;
}

static enum rc apply(struct recalc *r, int32_t day, struct err *e)
{
	struct db_args *a = &r->args;

	if (!r->n)
		return RC_OK;
	db_args_clear(a);
	db_arg_day(a, day);
	arg_ids(r, false);
	db_arr_begin(a, DB_INT8);
	for (size_t i = 0; i < r->n; i++) {
		if (r->changes[i].new_pusd == MONEY_NONE)
			db_field_null(&a->data);
		else
			db_field_i64(&a->data, r->changes[i].new_pusd);
		db_arr_count(a);
	}
	db_arr_end(a);
	db_arr_begin(a, DB_INT4);
	for (size_t i = 0; i < r->n; i++) {
		if (r->changes[i].price)
			db_field_i32(&a->data, r->changes[i].price);
		else
			db_field_null(&a->data);
		db_arr_count(a);
	}
	db_arr_end(a);
	db_arg_text(a, r->o->reason);
	db_arg_i16(a, r->slot);
	return db_run(r->db, &sql_recalc_apply, a, NULL, NULL, e);
}

static enum rc write_once(struct recalc *r, int32_t day, struct err *e)
{
	enum rc rc = db_run(r->db, &sql_tx_begin, NULL, NULL, NULL, e);

	if (rc != RC_OK)
		return rc;
	rc = lock_tasks(r, e);
	if (rc == RC_OK)
		rc = lock_calls(r, day, e);
	if (rc == RC_OK)
		rc = apply(r, day, e);
	if (rc == RC_OK)
		rc = db_run(r->db, &sql_tx_commit, NULL, NULL, NULL, e);
	if (rc != RC_OK && !db_broken(r->db) &&
	    db_run(r->db, &sql_tx_rollback, NULL, NULL, NULL, NULL) != RC_OK)
		err_hint(e, "run it again");
	return rc;
}

/* Whoever loses a deadlock starts over: its locks are gone, nothing else. */
static enum rc write_chunk(struct recalc *r, int32_t day, struct err *e)
{
	size_t n = r->n;
	struct change *found = xcalloc(n, sizeof(*found));
	enum rc rc = RC_OK;

	memcpy(found, r->changes, n * sizeof(*found));
	for (int i = 0; i < TRIES; i++) {
		xgrow(&r->changes, &r->cap, n, sizeof(*found));
		memcpy(r->changes, found, n * sizeof(*found));
		r->n = n;
		rc = write_once(r, day, e);
		if (rc != RC_DOWN || db_broken(r->db))
			break;
	}
	free(found);
	if (rc == RC_OK)
		count_all(r);
	return rc;
}

/* ---- days ---- */

static enum rc recalc_day(struct recalc *r, int32_t day, struct err *e)
{
	enum rc rc = RC_OK;
	int rows;

	r->last = (struct uuid){{0}};
	do {
		rc = read_chunk(r, day, &rows, e);
		r->seen += rows;
		r->sums->checked += rows;
		if (rc == RC_OK && r->n && r->o->dry_run)
			count_all(r);
		else if (rc == RC_OK && r->n)
			rc = write_chunk(r, day, e);
		if (r->o->progress)
			r->o->progress(r->o->arg, r->seen, r->total);
	} while (rc == RC_OK && rows == CHUNK);
	return rc;
}

enum rc recalc_run(struct db *db, const struct price_book *book,
		   const struct recalc_opts *o, struct recalc_sums *sums,
		   struct err *e)
{
	struct recalc r = {.db = db, .book = book, .o = o, .sums = sums};
	struct db_result *days = NULL;
	enum rc rc = RC_OK;

	db_args_init(&r.args, ARGS_BYTES);
	if (!o->dry_run)
		rc = slot_take(db, &r.slot, e);
	db_arg_time(&r.args, o->since_us);
	db_arg_time(&r.args, o->until_us);
	if (rc == RC_OK)
		rc = db_run(db, &sql_recalc_days, &r.args, &days, NULL, e);
	for (int i = 0; rc == RC_OK && i < db_rows(days); i++)
		r.total += db_i64(days, i, 1);
	for (int i = 0; rc == RC_OK && i < db_rows(days); i++)
		rc = recalc_day(&r, db_day(days, i, 0), e);
	db_result_free(days);
	db_args_release(&r.args);
	free(r.changes);
	return rc;
}
