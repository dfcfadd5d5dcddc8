#include "ledger/rollup.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"

#define GRAINS 3
static const char *const grain_names[GRAINS] = {"minute", "hour", "day"};
static const int64_t grain_us[GRAINS] = {60 * US_PER_SEC, 3600 * US_PER_SEC,
					 US_PER_DAY};

void sums_add(struct sums *a, const struct sums *b, int sign)
{
	for (int i = 0; i < SUM_N; i++)
		a->n[i] += sign * b->n[i];
	a->cost_pusd += sign * b->cost_pusd;
}

static int64_t known(int64_t n)
{
	return n == USAGE_NONE ? 0 : n;
}

void sums_of_attempt(const struct att *a, struct sums *out)
{
	const int64_t *u = a->usage.n;
	bool priced = a->cost_pusd != MONEY_NONE;

	*out = (struct sums){
		.n = {
			[SUM_ATTEMPTS] = 1,
			[SUM_ERRORS] = a->status != ATTEMPT_OK,
			[SUM_UNPRICED] = !priced,
			[SUM_ESCALATIONS] = !uuid_is_nil(a->escalated_from),
			[SUM_ROUTED] = !uuid_is_nil(a->decision_id),
			[SUM_ESCALATIONS_ROUTED] =
				!uuid_is_nil(a->escalated_from) &&
				!uuid_is_nil(a->decision_id),
			[SUM_UNCACHED_IN] = known(u[USAGE_UNCACHED_IN]),
			[SUM_CACHE_READ] = known(u[USAGE_CACHE_READ]),
			[SUM_CACHE_WRITE_5M] = known(u[USAGE_CACHE_WRITE_5M]),
			[SUM_CACHE_WRITE_1H] = known(u[USAGE_CACHE_WRITE_1H]),
			[SUM_OUTPUT] = known(u[USAGE_OUTPUT]),
			[SUM_REASONING] = known(u[USAGE_REASONING]),
		}};
	out->cost_pusd = priced ? a->cost_pusd : 0;
}

void rollup_init(struct rollup *r)
{
	*r = (struct rollup){0};
	map_init(&r->map);
}

void rollup_release(struct rollup *r)
{
	free(r->rows);
	map_release(&r->map);
	rollup_init(r);
}

void rollup_clear(struct rollup *r)
{
	r->n = 0;
	r->sorted = false;
	map_clear(&r->map);
}

static bool key_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct rollup *r = ctx;

	return memcmp(&r->rows[pos].key, key, sizeof(struct rollup_key)) == 0;
}

static struct rollup_row *row_at(struct rollup *r, int64_t us, int grain,
				 struct dims d, int32_t model_id, int16_t tier)
{
	struct rollup_key k = {.dims = d,
			       .model_id = model_id,
			       .tier = tier,
			       .grain = (int16_t)grain};
	uint64_t h;
	uint32_t pos;

	/* Floor, also before 1970. */
	if (us != TIME_NONE) {
		int64_t q = us / grain_us[grain];

		if (us % grain_us[grain] < 0)
			q--;
		k.bucket_us = q * grain_us[grain];
	}
	h = map_hash(&k, sizeof(k));
	pos = map_find(&r->map, h, key_eq, r, &k);
	if (pos == MAP_NONE) {
		xgrow(&r->rows, &r->cap, r->n + 1, sizeof(*r->rows));
		pos = (uint32_t)r->n++;
		r->rows[pos] = (struct rollup_row){.key = k};
		map_add(&r->map, h, pos);
	}
	return &r->rows[pos];
}

void rollup_attempts(struct rollup *r, int64_t started_us, struct dims d,
		     int32_t model_id, int16_t tier, const struct sums *s,
		     int sign)
{
	for (int g = 0; g < GRAINS; g++)
		sums_add(&row_at(r, started_us, g, d, model_id, tier)->sums, s,
			 sign);
}

void rollup_task(struct rollup *r, const struct task_view *t, int sign)
{
	bool judged = t->success_micro >= 0;

	if (t->sums.n[SUM_ATTEMPTS] == 0)
		return;
	for (int g = 0; g < GRAINS; g++) {
		struct rollup_row *row =
			row_at(r, t->started_us, g, t->dims, 0, 0);

		row->task[TASK_STARTED] += sign;
		row->task[TASK_ROUTED] += sign * (t->sums.n[SUM_ROUTED] > 0);
		row->task[TASK_ESCALATED] +=
			sign * (t->sums.n[SUM_ESCALATIONS] > 0);
		row->task[TASK_ESCALATED_ROUTED] +=
			sign * (t->sums.n[SUM_ESCALATIONS_ROUTED] > 0);
		row->paid += sign * t->sums.cost_pusd;
		if (judged) {
			row->task[TASK_JUDGED] += sign;
			row->task[TASK_SUCCESS] += sign * t->success_micro;
			row->paid_judged += sign * t->sums.cost_pusd;
		}
	}
}

/* ---- writing ---- */

static int by_key(const void *a, const void *b)
{
	const struct rollup_key *x = &((const struct rollup_row *)a)->key;
	const struct rollup_key *y = &((const struct rollup_row *)b)->key;

#define CMP(f)                                                                 \
	if (x->f != y->f)                                                      \
	return x->f < y->f ? -1 : 1
	CMP(grain);
	CMP(bucket_us);
	CMP(dims.class_id);
	CMP(dims.agent_id);
	CMP(dims.team_id);
	CMP(model_id);
	CMP(tier);
#undef CMP
	return 0;
}

/* Sorting moves rows under the map: nothing is looked up afterwards. */
static void sort_rows(struct rollup *r)
{
	if (!r->sorted && r->n)
		qsort(r->rows, r->n, sizeof(*r->rows), by_key);
	r->sorted = true;
	map_clear(&r->map);
}

static bool has_attempts(const struct rollup_row *w)
{
	static const struct sums none;

	return w->key.model_id &&
	       (memcmp(w->sums.n, none.n, sizeof(none.n)) != 0 ||
		w->sums.cost_pusd != 0);
}

static bool has_tasks(const struct rollup_row *w)
{
	static const int64_t none[TASK_SUM_N];

	return !w->key.model_id && (memcmp(w->task, none, sizeof(none)) != 0 ||
				    w->paid != 0 || w->paid_judged != 0);
}

enum field {
	F_GRAIN,
	F_BUCKET,
	F_SLOT,
	F_CLASS,
	F_AGENT,
	F_TEAM,
	F_MODEL,
	F_TIER,
	F_SUM,
	F_COST,
	F_TASK,
	F_PAID,
	F_PAID_JUDGED
};

static void put(struct buf *b, const struct rollup_row *w, enum field f, int i,
		int16_t slot)
{
	switch (f) {
	case F_GRAIN:
		db_field_text(b, str_from(grain_names[w->key.grain]));
		break;
	case F_BUCKET:
		db_field_time(b, w->key.bucket_us);
		break;
	case F_SLOT:
		db_field_i16(b, slot);
		break;
	case F_CLASS:
		db_field_i32(b, w->key.dims.class_id);
		break;
	case F_AGENT:
		db_field_i32(b, w->key.dims.agent_id);
		break;
	case F_TEAM:
		db_field_i32(b, w->key.dims.team_id);
		break;
	case F_MODEL:
		db_field_i32(b, w->key.model_id);
		break;
	case F_TIER:
		db_field_i16(b, w->key.tier);
		break;
	case F_SUM:
		db_field_i64(b, w->sums.n[i]);
		break;
	case F_COST:
		db_field_numeric(b, w->sums.cost_pusd);
		break;
	case F_TASK:
		db_field_i64(b, w->task[i]);
		break;
	case F_PAID:
		db_field_numeric(b, w->paid);
		break;
	case F_PAID_JUDGED:
		db_field_numeric(b, w->paid_judged);
		break;
	}
}

struct column {
	enum field f;
	int i;
	enum db_oid oid;
};

static const struct column attempt_columns[] = {
	{F_GRAIN, 0, DB_TEXT},
	{F_BUCKET, 0, DB_TIMESTAMPTZ},
	{F_SLOT, 0, DB_INT2},
	{F_CLASS, 0, DB_INT4},
	{F_AGENT, 0, DB_INT4},
	{F_TEAM, 0, DB_INT4},
	{F_MODEL, 0, DB_INT4},
	{F_TIER, 0, DB_INT2},
	{F_SUM, SUM_ATTEMPTS, DB_INT8},
	{F_SUM, SUM_ERRORS, DB_INT8},
	{F_SUM, SUM_UNPRICED, DB_INT8},
	{F_SUM, SUM_ESCALATIONS, DB_INT8},
	{F_SUM, SUM_UNCACHED_IN, DB_INT8},
	{F_SUM, SUM_CACHE_READ, DB_INT8},
	{F_SUM, SUM_CACHE_WRITE_5M, DB_INT8},
	{F_SUM, SUM_CACHE_WRITE_1H, DB_INT8},
	{F_SUM, SUM_OUTPUT, DB_INT8},
	{F_SUM, SUM_REASONING, DB_INT8},
	{F_COST, 0, DB_NUMERIC},
};

static const struct column task_columns[] = {
	{F_GRAIN, 0, DB_TEXT},
	{F_BUCKET, 0, DB_TIMESTAMPTZ},
	{F_SLOT, 0, DB_INT2},
	{F_CLASS, 0, DB_INT4},
	{F_AGENT, 0, DB_INT4},
	{F_TEAM, 0, DB_INT4},
	{F_TASK, TASK_STARTED, DB_INT8},
	{F_TASK, TASK_JUDGED, DB_INT8},
	{F_TASK, TASK_SUCCESS, DB_INT8},
	{F_TASK, TASK_ROUTED, DB_INT8},
	{F_TASK, TASK_ESCALATED, DB_INT8},
	{F_TASK, TASK_ESCALATED_ROUTED, DB_INT8},
	{F_PAID, 0, DB_NUMERIC},
	{F_PAID_JUDGED, 0, DB_NUMERIC},
};

static size_t args(struct rollup *r, int16_t slot, struct db_args *a,
		   const struct column *cols, size_t n_cols,
		   bool (*has)(const struct rollup_row *))
{
	size_t count = 0;

	sort_rows(r);
	db_args_clear(a);
	for (size_t c = 0; c < n_cols; c++) {
		count = 0;
		db_arr_begin(a, cols[c].oid);
		for (size_t i = 0; i < r->n; i++) {
			if (!has(&r->rows[i]))
				continue;
			put(&a->data, &r->rows[i], cols[c].f, cols[c].i, slot);
			db_arr_count(a);
			count++;
		}
		db_arr_end(a);
	}
	return count;
}

size_t rollup_attempt_args(struct rollup *r, int16_t slot, struct db_args *a)
{
	return args(r, slot, a, attempt_columns,
		    sizeof(attempt_columns) / sizeof(attempt_columns[0]),
		    has_attempts);
}

size_t rollup_task_args(struct rollup *r, int16_t slot, struct db_args *a)
{
	return args(r, slot, a, task_columns,
		    sizeof(task_columns) / sizeof(task_columns[0]), has_tasks);
}
