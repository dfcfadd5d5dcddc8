/* Calls that are known: looked up by their names, locked, merged, and the
 * decision what to write. */
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/writer.h"

/* ---- merge mode: what is there already ---- */

enum op_start op_find_keys(struct ledger *l)
{
	struct db_args *a = &l->args;

	if (!l->merge || l->n_rows == 0)
		return OP_SKIP;
	db_args_clear(a);
	for (int c = 0; c < 2; c++) {
		db_arr_begin(a, c ? DB_UUID : DB_DATE);
		for (size_t i = 0; i < l->n_rows; i++) {
			const struct att *t = &l->rows[i].a;
			int32_t days[ATT_KEY_DAYS];
			int n = att_key_days(t, days);

			if (l->rows[i].into >= 0)
				continue;
			for (int k = 0; k < n * t->n_keys; k++) {
				if (c)
					db_field_uuid(&a->data, t->keys[k / n]);
				else
					db_field_day(&a->data, days[k % n]);
				db_arr_count(a);
			}
		}
		for (size_t i = 0; i < l->n_taken; i++) {
			if (c)
				db_field_uuid(&a->data, l->taken[i].key);
			else
				db_field_day(&a->data, l->taken[i].day);
			db_arr_count(a);
		}
		db_arr_end(a);
	}
	return op_send(l, &sql_append_find_keys);
}

void op_find_keys_done(struct ledger *l, const struct db_status *st,
		       const struct db_result *r)
{
	(void)st;
	for (int i = 0; i < db_rows(r); i++) {
		int32_t day = db_day(r, i, 1);
		struct uuid id = db_uuid(r, i, 2);
		size_t k = 0;

		/* Names of one row come one after the other, mostly. */
		while (k < l->n_hits && k < 8 &&
		       !(l->hits[l->n_hits - 1 - k].day == day &&
			 uuid_eq(l->hits[l->n_hits - 1 - k].id, id)))
			k++;
		if (k < l->n_hits && k < 8)
			continue;
		xgrow(&l->hits, &l->cap_hits, l->n_hits + 1, sizeof(*l->hits));
		l->hits[l->n_hits].day = day;
		l->hits[l->n_hits++].id = id;
	}
}

static int by_hit(const void *x, const void *y)
{
	return memcmp(x, y, sizeof(int32_t) + sizeof(struct uuid));
}

enum op_start op_lock_rows(struct ledger *l)
{
	struct db_args *a = &l->args;
	size_t n = 0;

	if (l->n_hits == 0)
		return OP_SKIP;
	qsort(l->hits, l->n_hits, sizeof(*l->hits), by_hit);
	for (size_t i = 0; i < l->n_hits; i++) {
		if (n == 0 || by_hit(&l->hits[n - 1], &l->hits[i]) != 0)
			l->hits[n++] = l->hits[i];
	}
	l->n_hits = n;
	db_args_clear(a);
	db_arr_begin(a, DB_DATE);
	for (size_t i = 0; i < n; i++) {
		db_field_day(&a->data, l->hits[i].day);
		db_arr_count(a);
	}
	db_arr_end(a);
	db_arr_begin(a, DB_UUID);
	for (size_t i = 0; i < n; i++) {
		db_field_uuid(&a->data, l->hits[i].id);
		db_arr_count(a);
	}
	db_arr_end(a);
	return op_send(l, &sql_append_lock_attempts);
}

void op_lock_rows_done(struct ledger *l, const struct db_status *st,
		       const struct db_result *r)
{
	(void)st;
	for (int i = 0; i < db_rows(r); i++) {
		xgrow(&l->old, &l->cap_old, l->n_old + 1, sizeof(*l->old));
		att_from_row(&l->old[l->n_old], r, i);
		task_add(l, l->old[l->n_old].task_id, -1);
		l->n_old++;
	}
}

/* ---- names that only old rows have ---- */

static int want_id(struct ledger *l, bool model, int32_t id)
{
	if (!id || names_by_id(&l->names, model, id))
		return 0;
	db_field_i32(&l->args.data, id);
	db_arr_count(&l->args);
	return 1;
}

enum op_start op_old_names(struct ledger *l)
{
	int n = 0;

	db_args_clear(&l->args);
	db_arr_begin(&l->args, DB_INT4);
	for (size_t i = 0; i < l->n_old; i++) {
		n += want_id(l, false, l->old[i].source_id);
		n += want_id(l, false, l->old[i].finish_id);
		n += want_id(l, false, l->old[i].error_id);
		n += want_id(l, false, l->old[i].service_tier_id);
	}
	for (size_t i = 0; i < l->n_tasks; i++) {
		n += want_id(l, false, l->tasks[i].old.dims.team_id);
		n += want_id(l, false, l->tasks[i].old.dims.agent_id);
		n += want_id(l, false, l->tasks[i].old.dims.class_id);
	}
	db_arr_end(&l->args);
	return n ? op_send(l, &sql_append_dict_load) : OP_SKIP;
}

enum op_start op_old_models(struct ledger *l)
{
	int n = 0;

	db_args_clear(&l->args);
	db_arr_begin(&l->args, DB_INT4);
	for (size_t i = 0; i < l->n_old; i++) {
		n += want_id(l, true, l->old[i].model_id);
		n += want_id(l, true, l->old[i].requested_model_id);
	}
	db_arr_end(&l->args);
	return n ? op_send(l, &sql_append_model_load) : OP_SKIP;
}

/* ---- the decision what to write ---- */

static bool same_price_basis(const struct att *a, const struct att *b)
{
	return a->model_id == b->model_id &&
	       att_aggregate(a) == att_aggregate(b) &&
	       a->service_tier_id == b->service_tier_id &&
	       a->status == b->status && a->started_us == b->started_us &&
	       memcmp(&a->usage, &b->usage, sizeof(a->usage)) == 0;
}

/* Alike in all but money, tier and arrival, which are not the source's. */
static bool same_content(const struct att *a, const struct att *b)
{
	return same_price_basis(a, b) && a->prov == b->prov &&
	       uuid_eq(a->id, b->id) && uuid_eq(a->task_id, b->task_id) &&
	       uuid_eq(a->step_id, b->step_id) && a->step_day == b->step_day &&
	       a->attempt_no == b->attempt_no &&
	       a->requested_model_id == b->requested_model_id &&
	       a->quality == b->quality &&
	       a->reported_cost_pusd == b->reported_cost_pusd &&
	       a->first_token_us == b->first_token_us &&
	       a->ended_us == b->ended_us && a->finish_id == b->finish_id &&
	       a->error_id == b->error_id && a->source_id == b->source_id &&
	       uuid_eq(a->decision_id, b->decision_id) &&
	       uuid_eq(a->escalated_from, b->escalated_from) &&
	       memcmp(a->evidence, b->evidence, sizeof(a->evidence)) == 0 &&
	       a->n_keys == b->n_keys &&
	       memcmp(a->keys, b->keys,
		      (size_t)a->n_keys * sizeof(a->keys[0])) == 0;
}

/* Old rows join the calls of the batch through their names; each call keeps
 * a chain of the old rows that it is. */
static void fuse_old(struct ledger *l)
{
	for (size_t k = 0; k < l->n_old; k++)
		row_add(l, &l->old[k], (int32_t)k);
	for (size_t i = 0; i < l->n_rows; i++)
		l->rows[i].old_head = l->rows[i].old_next = -1;
	for (size_t i = 0; i < l->n_rows; i++) {
		struct wrow *w = &l->rows[row_alive(l, (uint32_t)i)];

		if (l->rows[i].old_i < 0)
			continue;
		l->rows[i].old_next = w->old_head;
		w->old_head = (int32_t)i;
	}
}

static const struct att *old_of(const struct ledger *l, int32_t i)
{
	return &l->old[l->rows[i].old_i];
}

/* Keep the money of a row whose basis did not change, so that a merge never
 * reprices; a row told anew is priced anew, but keeps its model's tier. */
static void settle_price(struct ledger *l, struct wrow *w)
{
	att_price(&w->a, &l->names, l->book);
	for (int32_t i = w->old_head; i >= 0; i = l->rows[i].old_next) {
		const struct att *o = old_of(l, i);

		if (w->a.model_id == o->model_id)
			w->a.tier = o->tier;
		if (same_price_basis(&w->a, o)) {
			w->a.cost_pusd = o->cost_pusd;
			w->a.price_id = o->price_id;
			return;
		}
	}
}

static void count_row(struct ledger *l, struct task_view *t,
		      const struct att *a, int sign)
{
	struct sums s;

	sums_of_attempt(a, &s);
	sums_add(&t->sums, &s, sign);
	rollup_attempts(&l->rollup, a->started_us, t->dims, a->model_id,
			a->tier, &s, sign);
}

static struct wtask *task_of(const struct ledger *l, const struct att *a)
{
	struct wtask *t = task_find(l, a->task_id);

	if (!t)
		BUG("an attempt's task is not locked");
	return t;
}

/* A written row leaves its old selves' tasks and enters its own. */
static void settle_sums(struct ledger *l, const struct wrow *w)
{
	struct wtask *t = task_of(l, &w->a);

	count_row(l, &t->cur, &w->a, +1);
	if (w->a.started_us != TIME_NONE &&
	    (t->cur.started_us == TIME_NONE ||
	     w->a.started_us < t->cur.started_us))
		t->cur.started_us = w->a.started_us;
	if (w->a.ended_us > t->ended_us)
		t->ended_us = w->a.ended_us;
}

/* Does a row that begins, or ends, its task do so no longer? */
static bool takes_span(const struct wtask *t, const struct att *old,
		       const struct att *now)
{
	bool same = uuid_eq(old->task_id, now->task_id);

	if (old->started_us != TIME_NONE &&
	    old->started_us <= t->old.started_us &&
	    (!same || now->started_us == TIME_NONE ||
	     now->started_us > old->started_us))
		return true;
	return old->ended_us != TIME_NONE && old->ended_us >= t->old_ended_us &&
	       (!same || now->ended_us < old->ended_us);
}

static void settle_old(struct ledger *l)
{
	for (size_t i = 0; i < l->n_rows; i++) {
		int32_t k = l->rows[i].old_i;
		uint32_t alive;
		struct wtask *t;

		if (k < 0)
			continue;
		alive = row_alive(l, (uint32_t)i);
		if (!l->rows[alive].write)
			continue;
		t = task_of(l, &l->old[k]);
		count_row(l, &t->cur, &l->old[k], -1);
		if (takes_span(t, &l->old[k], &l->rows[alive].a))
			t->span_dirty = true;
	}
}

/* A row that met exactly one old row and learnt nothing is left alone; two
 * old rows that turn out to be one are always written anew. */
static void mark_writes(struct ledger *l)
{
	for (size_t i = 0; i < l->n_rows; i++) {
		struct wrow *w = &l->rows[i];
		const struct att *o;

		w->write = w->into < 0;
		if (!w->write || w->old_head < 0)
			continue;
		o = old_of(l, w->old_head);
		if (l->rows[w->old_head].old_next >= 0 ||
		    !same_content(&w->a, o))
			continue;
		w->write = false;
		memcpy(&w->a, o, sizeof(w->a));
	}
}

static void count_results(struct ledger *l)
{
	for (size_t i = 0; i < l->n_rows; i++) {
		const struct wrow *w = &l->rows[i];

		if (w->into >= 0)
			continue;
		if (w->old_head < 0) {
			l->counts.attempts_new++;
			l->counts.unpriced += w->a.cost_pusd == MONEY_NONE;
			if (w->a.cost_pusd != MONEY_NONE &&
			    __builtin_add_overflow(l->counts.cost_new_pusd,
						   w->a.cost_pusd,
						   &l->counts.cost_new_pusd))
				l->counts.cost_new_pusd = INT64_MAX;
		} else if (w->write) {
			l->counts.attempts_merged++;
		} else {
			l->counts.attempts_same++;
		}
	}
}

enum op_start op_settle(struct ledger *l)
{
	fuse_old(l);
	mark_writes(l);
	for (size_t i = 0; i < l->n_rows; i++) {
		if (l->rows[i].write)
			settle_price(l, &l->rows[i]);
	}
	settle_old(l);
	for (size_t i = 0; i < l->n_rows; i++) {
		if (l->rows[i].write)
			settle_sums(l, &l->rows[i]);
	}
	count_results(l);
	return OP_SKIP;
}
