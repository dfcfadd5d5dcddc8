/* Tasks in the writer: locked as they are, told what the batch says of them,
 * and written back with their sums. */
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/writer.h"

static bool task_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct ledger *l = ctx;

	return memcmp(l->tasks[pos].id.b, key, 16) == 0;
}

struct wtask *task_find(const struct ledger *l, struct uuid id)
{
	uint32_t pos =
		map_find(&l->task_map, map_hash(id.b, 16), task_eq, l, id.b);

	return pos == MAP_NONE ? NULL : &l->tasks[pos];
}

/* The result moves when another task is added. */
struct wtask *task_add(struct ledger *l, struct uuid id, int32_t batch_i)
{
	struct wtask *t = task_find(l, id);

	if (t)
		return t;
	xgrow(&l->tasks, &l->cap_tasks, l->n_tasks + 1, sizeof(*l->tasks));
	t = &l->tasks[l->n_tasks];
	*t = (struct wtask){.id = id, .batch_i = batch_i};
	map_add(&l->task_map, map_hash(id.b, 16), (uint32_t)l->n_tasks++);
	return t;
}

static const struct bt_task *said(const struct ledger *l, const struct wtask *t)
{
	return t->batch_i < 0 ? NULL : &l->b->tasks[t->batch_i];
}

/* ---- locked ---- */

enum op_start op_tasks_lock(struct ledger *l)
{
	int n = 0;

	db_args_clear(&l->args);
	db_arr_begin(&l->args, DB_UUID);
	for (size_t i = 0; i < l->n_tasks; i++) {
		if (l->tasks[i].locked)
			continue;
		l->tasks[i].locked = true;
		db_field_uuid(&l->args.data, l->tasks[i].id);
		db_arr_count(&l->args);
		n++;
	}
	db_arr_end(&l->args);
	return n ? op_send(l, &sql_append_tasks_lock) : OP_SKIP;
}

static struct str name_of(const struct ledger *l, int32_t id)
{
	const struct name_entry *e = names_by_id(&l->names, false, id);

	return e ? e->name : STR_NONE;
}

/* Lower rank wins, then the lesser text: as within a batch. */
static bool beats(const struct ledger *l, int32_t id, int rank, int32_t old,
		  int old_rank)
{
	if (rank != old_rank)
		return rank < old_rank;
	return str_cmp(name_of(l, id), name_of(l, old)) < 0;
}

static void hear_name(const struct ledger *l, struct wtask *t,
		      const struct bt_task *n, enum task_field f, int32_t *have,
		      int32_t said)
{
	enum source_rank rank = task_rank(n->who, f);

	if (!beats(l, said, (int)rank, *have, (int)task_rank(t->who, f)))
		return;
	*have = said;
	t->who = (int16_t)task_set_rank(t->who, f, rank);
}

static void task_hear(const struct ledger *l, struct wtask *t,
		      const struct bt_task *n)
{
	struct dims *d = &t->cur.dims;
	int32_t class_id = dict_id(l, DICT_CLASS, n->e.class_name);
	enum source_rank rank = task_rank(n->who, TASK_ATTRS);
	enum source_rank old = task_rank(t->who, TASK_ATTRS);

	hear_name(l, t, n, TASK_TEAM, &d->team_id,
		  dict_id(l, DICT_TEAM, n->e.team));
	hear_name(l, t, n, TASK_AGENT, &d->agent_id,
		  dict_id(l, DICT_AGENT, n->e.agent));
	if (beats(l, class_id, (int)n->e.class_rank, d->class_id,
		  t->class_rank)) {
		d->class_id = class_id;
		t->class_rank = (int16_t)n->e.class_rank;
	}
	if (n->e.attrs.len &&
	    (rank < old ||
	     (rank == old && str_cmp(n->e.attrs, t->attrs) > 0))) {
		t->attrs = n->e.attrs;
		t->who = (int16_t)task_set_rank(t->who, TASK_ATTRS, rank);
	}
	if (!uuid_is_nil(n->parent_id) &&
	    (uuid_is_nil(t->parent_id) ||
	     uuid_cmp(n->parent_id, t->parent_id) < 0))
		t->parent_id = n->parent_id;
}

static void task_from_row(struct ledger *l, struct wtask *t,
			  const struct db_result *r, int row)
{
	__int128 cost = 0;

	t->there = true;
	t->parent_id =
		db_null(r, row, 1) ? (struct uuid){{0}} : db_uuid(r, row, 1);
	t->old_parent_id = t->parent_id;
	t->old.dims.team_id = (int32_t)db_i64(r, row, 2);
	t->old.dims.agent_id = (int32_t)db_i64(r, row, 3);
	t->old.dims.class_id = (int32_t)db_i64(r, row, 4);
	t->class_rank = t->old_class_rank = (int16_t)db_i64(r, row, 5);
	t->who = t->old_who = (int16_t)db_i64(r, row, 6);
	t->old.started_us = db_time(r, row, 7);
	t->ended_us = t->old_ended_us = db_time(r, row, 8);
	for (int i = 0; i < SUM_N; i++)
		t->old.sums.n[i] = db_i64(r, row, 9 + i);
	if (!db_numeric_i128(r, row, 9 + SUM_N, &cost))
		BUG("cost of a task is not a whole number");
	t->old.sums.cost_pusd = cost;
	t->old.success_micro = db_null(r, row, 10 + SUM_N)
				       ? -1
				       : (int32_t)db_i64(r, row, 10 + SUM_N);
	t->attrs = STR_NONE;
	if (!db_null(r, row, 11 + SUM_N))
		t->attrs = arena_str(&l->arena, db_text(r, row, 11 + SUM_N));
	t->old_attrs = t->attrs;
	t->cur = t->old;
}

/* A task that is not there yet begins as the batch tells it. */
static void task_from_batch(const struct ledger *l, struct wtask *t)
{
	const struct bt_task *n = said(l, t);

	if (!n) /* it went since a call of it was met */
		return;
	t->fresh = true;
	t->old = (struct task_view){.started_us = TIME_NONE,
				    .success_micro = -1};
	t->old.dims.team_id = dict_id(l, DICT_TEAM, n->e.team);
	t->old.dims.agent_id = dict_id(l, DICT_AGENT, n->e.agent);
	t->old.dims.class_id = dict_id(l, DICT_CLASS, n->e.class_name);
	t->cur = t->old;
	t->ended_us = t->old_ended_us = TIME_NONE;
	t->parent_id = t->old_parent_id = n->parent_id;
	t->class_rank = t->old_class_rank = (int16_t)n->e.class_rank;
	t->who = t->old_who = (int16_t)n->who;
	t->attrs = t->old_attrs = n->e.attrs;
}

void op_tasks_lock_done(struct ledger *l, const struct db_status *st,
			const struct db_result *r)
{
	(void)st;
	for (int i = 0; i < db_rows(r); i++) {
		struct wtask *t = task_find(l, db_uuid(r, i, 0));

		if (!t)
			BUG("a task nobody asked for");
		task_from_row(l, t, r, i);
	}
	for (size_t i = 0; i < l->n_tasks; i++) {
		if (!l->tasks[i].there)
			task_from_batch(l, &l->tasks[i]);
	}
}

/* Calls of the batch may stand under tasks that it does not name. These are
 * not locked now, out of order, which could wait in a circle with a writer that
 * does the same: the pass starts over, and locks them with the others. */
enum op_start op_tasks_met(struct ledger *l)
{
	for (size_t i = 0; i < l->n_tasks; i++) {
		if (l->tasks[i].locked)
			continue;
		xgrow(&l->met, &l->cap_met, l->n_met + 1, sizeof(*l->met));
		l->met[l->n_met++] = l->tasks[i].id;
		l->learnt = true;
	}
	return l->learnt ? op_fail(l, RC_BUSY, "calls of other tasks are met")
			 : OP_SKIP;
}

/* After all names that the old rows use are known: ties are settled by text. */
enum op_start op_tasks_hear(struct ledger *l)
{
	for (size_t i = 0; i < l->n_tasks; i++) {
		if (said(l, &l->tasks[i]))
			task_hear(l, &l->tasks[i], said(l, &l->tasks[i]));
	}
	return OP_SKIP;
}

/* ---- a task that changes team, agent or class moves its sums ---- */

static bool dims_eq(struct dims a, struct dims b)
{
	return a.class_id == b.class_id && a.agent_id == b.agent_id &&
	       a.team_id == b.team_id;
}

static bool moves(const struct wtask *t)
{
	return !dims_eq(t->old.dims, t->cur.dims) &&
	       t->old.sums.n[SUM_ATTEMPTS] > 0;
}

enum op_start op_tasks_sums(struct ledger *l)
{
	int n = 0;

	db_args_clear(&l->args);
	db_arr_begin(&l->args, DB_UUID);
	for (size_t i = 0; i < l->n_tasks; i++) {
		if (!moves(&l->tasks[i]))
			continue;
		db_field_uuid(&l->args.data, l->tasks[i].id);
		db_arr_count(&l->args);
		n++;
	}
	db_arr_end(&l->args);
	return n ? op_send(l, &sql_append_tasks_sums) : OP_SKIP;
}

void op_tasks_sums_done(struct ledger *l, const struct db_status *st,
			const struct db_result *r)
{
	static const enum task_sum order[] = {
		SUM_ATTEMPTS,       SUM_ERRORS,         SUM_UNPRICED,
		SUM_ESCALATIONS,    SUM_UNCACHED_IN,    SUM_CACHE_READ,
		SUM_CACHE_WRITE_5M, SUM_CACHE_WRITE_1H, SUM_OUTPUT,
		SUM_REASONING};

	(void)st;
	for (int i = 0; i < db_rows(r); i++) {
		const struct wtask *t = task_find(l, db_uuid(r, i, 0));
		int64_t bucket = db_time(r, i, 1);
		int32_t model = (int32_t)db_i64(r, i, 2);
		int16_t tier = (int16_t)db_i64(r, i, 3);
		struct sums s = {0};

		for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
			s.n[order[k]] = db_i64(r, i, 4 + (int)k);
		if (!t || !db_numeric_i128(r, i, 14, &s.cost_pusd))
			BUG("sums of a task do not read");
		rollup_attempts(&l->rollup, bucket, t->old.dims, model, tier,
				&s, -1);
		rollup_attempts(&l->rollup, bucket, t->cur.dims, model, tier,
				&s, +1);
	}
}

/* ---- what a merge may have taken away is read again ---- */

enum op_start op_tasks_span(struct ledger *l)
{
	int n = 0;

	db_args_clear(&l->args);
	db_arr_begin(&l->args, DB_UUID);
	for (size_t i = 0; i < l->n_tasks; i++) {
		if (!l->tasks[i].span_dirty)
			continue;
		db_field_uuid(&l->args.data, l->tasks[i].id);
		db_arr_count(&l->args);
		n++;
	}
	db_arr_end(&l->args);
	return n ? op_send(l, &sql_append_tasks_span) : OP_SKIP;
}

void op_tasks_span_done(struct ledger *l, const struct db_status *st,
			const struct db_result *r)
{
	(void)st;
	for (int i = 0; i < db_rows(r); i++) {
		struct wtask *t = task_find(l, db_uuid(r, i, 0));

		if (!t)
			BUG("a span nobody asked for");
		t->cur.started_us = db_time(r, i, 1);
		t->ended_us = db_time(r, i, 2);
	}
}

/* ---- verdicts ---- */

enum op_start op_verdicts(struct ledger *l)
{
	int n = 0;

	db_args_clear(&l->args);
	db_arr_begin(&l->args, DB_UUID);
	for (size_t i = 0; i < l->b->n_outcomes; i++) {
		if (!unit_active(l, l->b->n_attempts + i))
			continue;
		db_field_uuid(&l->args.data,
			      l->b->tasks[l->b->outcomes[i].e.task].id);
		db_arr_count(&l->args);
		n++;
	}
	db_arr_end(&l->args);
	return n ? op_send(l, &sql_append_verdicts) : OP_SKIP;
}

void op_verdicts_done(struct ledger *l, const struct db_status *st,
		      const struct db_result *r)
{
	(void)st;
	for (int i = 0; i < db_rows(r); i++) {
		struct wtask *t = task_find(l, db_uuid(r, i, 0));

		if (t)
			t->cur.success_micro = (int32_t)db_i64(r, i, 1);
	}
}

/* ---- written ---- */

/* Columns of both statements: from 10 on the sums; then one has the verdict,
 * the other who numbers the task and how. */
enum task_column {
	T_ID,
	T_PARENT,
	T_TEAM,
	T_AGENT,
	T_CLASS,
	T_CLASS_RANK,
	T_WHO_RANKS,
	T_ATTRS,
	T_STARTED,
	T_ENDED,
	T_SUMS,
	T_COST = T_SUMS + SUM_N,
	T_SUCCESS,
	T_SENDER,
	T_EXT_ID,
	T_N
};
static const enum db_oid task_oids[T_N] = {
	DB_UUID, DB_UUID, DB_INT4,        DB_INT4,        DB_INT4,    DB_INT2,
	DB_INT2, DB_TEXT, DB_TIMESTAMPTZ, DB_TIMESTAMPTZ, DB_INT8,    DB_INT8,
	DB_INT8, DB_INT8, DB_INT8,        DB_INT8,        DB_INT8,    DB_INT8,
	DB_INT8, DB_INT8, DB_INT8,        DB_INT8,        DB_NUMERIC, DB_INT4,
	DB_INT4, DB_TEXT};

static void put_who(const struct wtask *t, int c, struct buf *d)
{
	if (c == T_ID)
		db_field_uuid(d, t->id);
	else if (c == T_PARENT && uuid_is_nil(t->parent_id))
		db_field_null(d);
	else if (c == T_PARENT)
		db_field_uuid(d, t->parent_id);
	else if (c == T_TEAM)
		db_field_i32(d, t->cur.dims.team_id);
	else if (c == T_AGENT)
		db_field_i32(d, t->cur.dims.agent_id);
	else if (c == T_CLASS)
		db_field_i32(d, t->cur.dims.class_id);
	else if (c == T_CLASS_RANK)
		db_field_i16(d, t->class_rank);
	else if (c == T_WHO_RANKS)
		db_field_i16(d, t->who);
	else if (c == T_ATTRS)
		db_field_text(d, t->attrs);
	else if (c == T_STARTED)
		db_field_time(d, t->cur.started_us);
	else
		db_field_time(d, t->ended_us);
}

static void put_task(const struct ledger *l, const struct wtask *t, int c,
		     struct buf *d)
{
	if (c < T_SUMS)
		put_who(t, c, d);
	else if (c < T_COST)
		db_field_i64(d, t->cur.sums.n[c - T_SUMS]);
	else if (c == T_COST)
		db_field_numeric(d, t->cur.sums.cost_pusd);
	else if (c == T_SENDER)
		db_field_i32(d, dict_id(l, DICT_SENDER,
					l->b->tasks[t->batch_i].e.sender));
	else if (c == T_EXT_ID)
		db_field_text(d, l->b->tasks[t->batch_i].e.ext_id);
	else if (t->cur.success_micro < 0)
		db_field_null(d);
	else
		db_field_i32(d, t->cur.success_micro);
}

/* An array of column `c` of all tasks that `which` picks; how many. */
static int put_column(struct ledger *l, int c,
		      bool (*which)(const struct wtask *))
{
	int n = 0;

	db_arr_begin(&l->args, task_oids[c]);
	for (size_t i = 0; i < l->n_tasks; i++) {
		if (!which(&l->tasks[i]))
			continue;
		put_task(l, &l->tasks[i], c, &l->args.data);
		db_arr_count(&l->args);
		n++;
	}
	db_arr_end(&l->args);
	return n;
}

/* ---- new: written once, with the sums that they begin with ---- */

static bool is_fresh(const struct wtask *t)
{
	return t->fresh;
}

enum op_start op_tasks_new(struct ledger *l)
{
	l->fresh = 0;
	db_args_clear(&l->args);
	for (int c = 0; c < T_N; c++) {
		if (c != T_SUCCESS)
			l->fresh = put_column(l, c, is_fresh);
	}
	return l->fresh ? op_send(l, &sql_append_tasks_new) : OP_SKIP;
}

void op_tasks_new_done(struct ledger *l, const struct db_status *st,
		       const struct db_result *r)
{
	(void)r;
	l->counts.tasks_new = st->rows;
}

/* Another writer was first with one of them: the next pass finds it. */
enum op_start op_tasks_raced(struct ledger *l)
{
	if (l->counts.tasks_new == l->fresh)
		return OP_SKIP;
	l->learnt = true;
	return op_fail(l, RC_BUSY, "a new task is another's, too");
}

/* ---- written back ---- */

static bool view_eq(const struct task_view *a, const struct task_view *b)
{
	return dims_eq(a->dims, b->dims) && a->started_us == b->started_us &&
	       memcmp(a->sums.n, b->sums.n, sizeof(a->sums.n)) == 0 &&
	       a->sums.cost_pusd == b->sums.cost_pusd &&
	       a->success_micro == b->success_micro;
}

static bool changed(const struct wtask *t)
{
	return !view_eq(&t->old, &t->cur) || t->ended_us != t->old_ended_us ||
	       t->class_rank != t->old_class_rank || t->who != t->old_who ||
	       !str_eq(t->attrs, t->old_attrs) ||
	       !uuid_eq(t->parent_id, t->old_parent_id);
}

/* What stands in the database of a new task lacks only what was read since. */
static bool to_update(const struct wtask *t)
{
	if (t->fresh)
		return t->cur.success_micro >= 0 || t->span_dirty;
	return changed(t);
}

enum op_start op_tasks_update(struct ledger *l)
{
	int n = 0;

	for (size_t i = 0; i < l->n_tasks; i++) {
		const struct wtask *t = &l->tasks[i];

		if (changed(t)) {
			rollup_task(&l->rollup, &t->old, -1);
			rollup_task(&l->rollup, &t->cur, +1);
		}
	}
	db_args_clear(&l->args);
	for (int c = 0; c <= T_SUCCESS; c++)
		n = put_column(l, c, to_update);
	return n ? op_send(l, &sql_append_tasks_update) : OP_SKIP;
}
