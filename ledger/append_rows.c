/* Calls, their names and steps: written. */
#include <stdlib.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/writer.h"

/* ---- what is written anew goes first ---- */

static bool old_goes(const struct ledger *l, size_t i)
{
	return l->rows[i].old_i >= 0 &&
	       l->rows[row_alive(l, (uint32_t)i)].write;
}

/* Does the row have this name on this day? */
static bool has_key(const struct att *a, struct key_day k)
{
	int32_t days[ATT_KEY_DAYS];
	int n = att_key_days(a, days), i = 0;

	while (i < n && days[i] != k.day)
		i++;
	if (i == n)
		return false;
	for (i = 0; i < a->n_keys; i++) {
		if (uuid_eq(a->keys[i], k.key))
			return true;
	}
	return false;
}

static bool same_row(const struct att *a, const struct att *b)
{
	return a->day == b->day && uuid_eq(a->id, b->id);
}

/* A name of the row that an old self of the same id has is left alone: it says
 * already what it would say. */
static bool key_stays(const struct ledger *l, const struct wrow *w,
		      struct key_day k)
{
	for (int32_t i = w->old_head; i >= 0; i = l->rows[i].old_next) {
		const struct att *o = &l->old[l->rows[i].old_i];

		if (same_row(o, &w->a))
			return has_key(o, k);
	}
	return false;
}

/* Is this name of old row `i` to be deleted? */
static bool key_goes(const struct ledger *l, size_t i, struct key_day k)
{
	const struct att *now = &l->rows[row_alive(l, (uint32_t)i)].a;

	return !same_row(&l->old[l->rows[i].old_i], now) || !has_key(now, k);
}

enum op_start op_delete_keys(struct ledger *l)
{
	struct db_args *a = &l->args;
	int sent = 0;

	db_args_clear(a);
	for (int c = 0; c < 2; c++) {
		db_arr_begin(a, c ? DB_UUID : DB_DATE);
		for (size_t i = 0; i < l->n_rows; i++) {
			const struct att *t;
			int32_t days[ATT_KEY_DAYS];
			int n;

			if (!old_goes(l, i))
				continue;
			t = &l->old[l->rows[i].old_i];
			n = att_key_days(t, days);
			for (int j = 0; j < n * t->n_keys; j++) {
				struct key_day k = {days[j % n],
						    t->keys[j / n]};

				if (!key_goes(l, i, k))
					continue;
				if (c)
					db_field_uuid(&a->data, k.key);
				else
					db_field_day(&a->data, k.day);
				db_arr_count(a);
				sent++;
			}
		}
		db_arr_end(a);
	}
	return sent ? op_send(l, &sql_append_delete_keys) : OP_SKIP;
}

enum op_start op_delete_rows(struct ledger *l)
{
	struct db_args *a = &l->args;
	int sent = 0;

	db_args_clear(a);
	for (int c = 0; c < 2; c++) {
		db_arr_begin(a, c ? DB_UUID : DB_DATE);
		for (size_t i = 0; i < l->n_rows; i++) {
			const struct att *t;

			if (!old_goes(l, i))
				continue;
			t = &l->old[l->rows[i].old_i];
			if (c)
				db_field_uuid(&a->data, t->id);
			else
				db_field_day(&a->data, t->day);
			db_arr_count(a);
			sent++;
		}
		db_arr_end(a);
	}
	return sent ? op_send(l, &sql_append_delete_attempts) : OP_SKIP;
}

/* ---- steps ---- */

/* The step of the batch that a row stands in, if the row stands in one. */
static struct wstep *step_of(const struct ledger *l, const struct wrow *w)
{
	if (w->into >= 0)
		return NULL;
	return step_find(l, w->a.step_id, w->a.step_day);
}

static void copy_step(struct buf *b, const struct wstep *s)
{
	db_copy_row(b, 8);
	db_field_day(b, s->day);
	db_field_uuid(b, s->id);
	db_field_uuid(b, s->task_id);
	if (s->seq > 0)
		db_field_i32(b, s->seq);
	else
		db_field_null(b);
	db_field_text(b, str_from(step_kind_names[s->kind]));
	if (s->tool_id)
		db_field_i32(b, s->tool_id);
	else
		db_field_null(b);
	if (s->failed >= 0)
		db_field_bool(b, s->failed);
	else
		db_field_null(b);
	db_field_time(b, s->started_us);
}

static void arg_step(struct buf *b, const struct wstep *s, int c)
{
	if (c == 0)
		db_field_day(b, s->day);
	else if (c == 1)
		db_field_uuid(b, s->id);
	else if (c == 2)
		db_field_uuid(b, s->task_id);
	else if (c == 3 && s->seq > 0)
		db_field_i32(b, s->seq);
	else if (c == 4)
		db_field_text(b, str_from(step_kind_names[s->kind]));
	else if (c == 5 && s->tool_id)
		db_field_i32(b, s->tool_id);
	else if (c == 6 && s->failed >= 0)
		db_field_bool(b, s->failed);
	else if (c == 7)
		db_field_time(b, s->started_us);
	else
		db_field_null(b);
}

static int by_step(const void *x, const void *y)
{
	const struct wstep *a = *(const struct wstep *const *)x;
	const struct wstep *b = *(const struct wstep *const *)y;

	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return uuid_cmp(a->id, b->id);
}

/* Several rows may stand in one step: it is written once. Fills list[]. */
static size_t steps_used(struct ledger *l, const struct wstep **list)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_steps; i++)
		l->steps[i].written = false;
	for (size_t i = 0; i < l->n_rows; i++) {
		struct wstep *s = step_of(l, &l->rows[i]);

		if (!s || s->written)
			continue;
		s->written = true;
		list[n++] = s;
	}
	qsort(list, n, sizeof(*list), by_step);
	return n;
}

static enum op_start steps_merge(struct ledger *l, const struct wstep **list,
				 size_t n)
{
	static const enum db_oid oids[8] = {DB_DATE, DB_UUID,       DB_UUID,
					    DB_INT4, DB_TEXT,       DB_INT4,
					    DB_BOOL, DB_TIMESTAMPTZ};

	db_args_clear(&l->args);
	for (int c = 0; c < 8; c++) {
		db_arr_begin(&l->args, oids[c]);
		for (size_t i = 0; i < n; i++) {
			arg_step(&l->args.data, list[i], c);
			db_arr_count(&l->args);
		}
		db_arr_end(&l->args);
	}
	return op_send(l, &sql_append_merge_steps);
}

static enum op_start steps_copy(struct ledger *l, const struct wstep **list,
				size_t n)
{
	buf_clear(&l->copy);
	db_copy_header(&l->copy);
	for (size_t i = 0; i < n; i++)
		copy_step(&l->copy, list[i]);
	db_copy_trailer(&l->copy);
	return op_copy(l, &sql_append_step);
}

enum op_start op_steps(struct ledger *l)
{
	const struct wstep **list;
	enum op_start s = OP_SKIP;
	size_t n;

	if (l->n_steps == 0)
		return OP_SKIP;
	list = xcalloc(l->n_steps, sizeof(*list));
	n = steps_used(l, list);
	if (n && l->merge)
		s = steps_merge(l, list, n);
	else if (n)
		s = steps_copy(l, list, n);
	free(list);
	return s;
}

/* ---- rows and names ---- */

/* What is copied goes in the order of its primary key, (day, 16 bytes): COPY
 * then fills one partition after the other, and each index from left to
 * right. */
struct keyed {
	struct key_day k;
	uint32_t row;
};

static int by_keyed(const void *x, const void *y)
{
	const struct keyed *a = x, *b = y;

	if (a->k.day != b->k.day)
		return a->k.day < b->k.day ? -1 : 1;
	return uuid_cmp(a->k.key, b->k.key);
}

/* All names of the rows that are written, on all their days; to be freed. */
static struct keyed *keys_of(const struct ledger *l, size_t *count)
{
	struct keyed *k = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < l->n_rows; i++) {
		const struct att *a = &l->rows[i].a;
		int32_t days[ATT_KEY_DAYS];
		int n_days;

		if (!l->rows[i].write)
			continue;
		n_days = att_key_days(a, days);
		for (int j = 0; j < n_days * a->n_keys; j++) {
			xgrow(&k, &cap, n + 1, sizeof(*k));
			k[n++] = (struct keyed){
				{days[j % n_days], a->keys[j / n_days]},
				(uint32_t)i};
		}
	}
	*count = n;
	return k;
}

void rows_learn(struct ledger *l)
{
	struct keyed *k;
	size_t n;

	if (!l->merge) /* the next pass looks up all that is sent */
		return;
	k = keys_of(l, &n);
	l->n_taken = 0;
	for (size_t i = 0; i < n; i++) {
		xgrow(&l->taken, &l->cap_taken, i + 1, sizeof(*l->taken));
		l->taken[l->n_taken++] = k[i].k;
	}
	free(k);
}

/* Takes out those that stay; how many are left. */
static size_t keys_new(const struct ledger *l, struct keyed *k, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (!key_stays(l, &l->rows[k[i].row], k[i].k))
			k[left++] = k[i];
	}
	return left;
}

enum op_start op_copy_keys(struct ledger *l)
{
	size_t n;
	struct keyed *k = keys_of(l, &n);

	n = keys_new(l, k, n);
	if (n == 0) {
		free(k);
		return OP_SKIP;
	}
	qsort(k, n, sizeof(*k), by_keyed);
	buf_clear(&l->copy);
	db_copy_header(&l->copy);
	for (size_t i = 0; i < n; i++) {
		const struct att *a = &l->rows[k[i].row].a;

		db_copy_row(&l->copy, 4);
		db_field_day(&l->copy, k[i].k.day);
		db_field_uuid(&l->copy, k[i].k.key);
		db_field_day(&l->copy, a->day);
		db_field_uuid(&l->copy, a->id);
	}
	db_copy_trailer(&l->copy);
	free(k);
	return op_copy(l, &sql_append_key);
}

enum op_start op_copy_rows(struct ledger *l)
{
	struct keyed *k = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < l->n_rows; i++) {
		const struct att *a = &l->rows[i].a;

		if (!l->rows[i].write)
			continue;
		xgrow(&k, &cap, n + 1, sizeof(*k));
		k[n++] = (struct keyed){{a->day, a->id}, (uint32_t)i};
	}
	if (n == 0)
		return OP_SKIP;
	qsort(k, n, sizeof(*k), by_keyed);
	buf_clear(&l->copy);
	db_copy_header(&l->copy);
	for (size_t i = 0; i < n; i++)
		att_copy_row(&l->rows[k[i].row].a, &l->copy);
	db_copy_trailer(&l->copy);
	free(k);
	return op_copy(l, &sql_append_attempt);
}

/* Steps that written rows have left. */
enum op_start op_delete_steps(struct ledger *l)
{
	struct db_args *a = &l->args;
	int sent = 0;

	db_args_clear(a);
	for (int c = 0; c < 2; c++) {
		db_arr_begin(a, c ? DB_UUID : DB_DATE);
		for (size_t i = 0; i < l->n_rows; i++) {
			const struct att *o, *n;

			if (!old_goes(l, i))
				continue;
			o = &l->old[l->rows[i].old_i];
			n = &l->rows[row_alive(l, (uint32_t)i)].a;
			if (uuid_eq(o->step_id, n->step_id) &&
			    o->step_day == n->step_day)
				continue;
			if (c)
				db_field_uuid(&a->data, o->step_id);
			else
				db_field_day(&a->data, o->step_day);
			db_arr_count(a);
			sent++;
		}
		db_arr_end(a);
	}
	return sent ? op_send(l, &sql_append_delete_steps) : OP_SKIP;
}

/* ---- sums ---- */

enum op_start op_attempt_rollup(struct ledger *l)
{
	return rollup_attempt_args(&l->rollup, l->slot, &l->args)
		       ? op_send(l, &sql_append_attempt_rollup)
		       : OP_SKIP;
}

enum op_start op_task_rollup(struct ledger *l)
{
	return rollup_task_args(&l->rollup, l->slot, &l->args)
		       ? op_send(l, &sql_append_task_rollup)
		       : OP_SKIP;
}
