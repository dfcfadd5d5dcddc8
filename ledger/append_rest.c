/* Outcomes, trials, dead letters and file cursors. */
#include "gen/sql.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/writer.h"

/* ---- outcomes ---- */

static void put_outcome(const struct ledger *l, const struct bt_outcome *o,
			int c, struct buf *d)
{
	if (c == 0)
		db_field_uuid(d, o->id);
	else if (c == 1)
		db_field_uuid(d, l->b->tasks[o->e.task].id);
	else if (c == 2 && !uuid_is_nil(o->step_id))
		db_field_uuid(d, o->step_id);
	else if (c == 3)
		db_field_i32(d, dict_id(l, DICT_SOURCE, o->e.source));
	else if (c == 4)
		db_field_text(d, o->e.key);
	else if (c == 5 && o->e.success_micro >= 0)
		db_field_i32(d, o->e.success_micro);
	else if (c == 6)
		db_field_text(d, o->e.label);
	else if (c == 7)
		db_field_time(d, o->e.at_us);
	else
		db_field_null(d);
}

enum op_start op_outcomes(struct ledger *l)
{
	static const enum db_oid oids[8] = {DB_UUID, DB_UUID,       DB_UUID,
					    DB_INT4, DB_TEXT,       DB_INT4,
					    DB_TEXT, DB_TIMESTAMPTZ};
	int n = 0;

	db_args_clear(&l->args);
	for (int c = 0; c < 8; c++) {
		n = 0;
		db_arr_begin(&l->args, oids[c]);
		for (size_t i = 0; i < l->b->n_outcomes; i++) {
			if (!unit_active(l, l->b->n_attempts + i))
				continue;
			put_outcome(l, &l->b->outcomes[i], c, &l->args.data);
			db_arr_count(&l->args);
			n++;
		}
		db_arr_end(&l->args);
	}
	l->counts.outcomes_same = n;
	return n ? op_send(l, &sql_append_outcomes) : OP_SKIP;
}

void op_outcomes_done(struct ledger *l, const struct db_status *st,
		      const struct db_result *r)
{
	(void)r;
	l->counts.outcomes_new = st->rows;
	l->counts.outcomes_same -= st->rows;
}

/* ---- trials ---- */

static void field_count(struct buf *b, int64_t n, int64_t none)
{
	if (n == none)
		db_field_null(b);
	else
		db_field_i64(b, n);
}

static void field_uuid(struct buf *b, struct uuid u)
{
	if (uuid_is_nil(u))
		db_field_null(b);
	else
		db_field_uuid(b, u);
}

static void field_features(struct buf *b, const struct ev_trial *t)
{
	if (t->n_features <= 0) {
		db_field_null(b);
		return;
	}
	/* A one-dimensional array without NULLs, as array_recv reads it. */
	buf_be32(b, (uint32_t)(20 + 8 * t->n_features));
	buf_be32(b, 1);
	buf_be32(b, 0);
	buf_be32(b, DB_FLOAT4);
	buf_be32(b, (uint32_t)t->n_features);
	buf_be32(b, 1);
	for (int i = 0; i < t->n_features; i++)
		db_field_f32(b, t->features[i]);
}

static void copy_trial(struct buf *b, const struct bt_trial *n)
{
	const struct ev_trial *t = &n->e;

	db_copy_row(b, 18);
	db_field_uuid(b, n->id);
	db_field_text(b, t->source);
	db_field_text(b, t->task_ext_id);
	db_field_text(b, t->task_class);
	db_field_text(b, t->model);
	db_field_text(b, t->agent);
	db_field_text(b, t->run);
	if (t->success_micro >= 0)
		db_field_i32(b, t->success_micro);
	else
		db_field_null(b);
	field_count(b, t->cost_pusd, MONEY_NONE);
	db_field_bool(b, t->cost_estimated);
	field_count(b, t->input_tokens, USAGE_NONE);
	field_count(b, t->output_tokens, USAGE_NONE);
	field_count(b, t->api_calls, USAGE_NONE);
	db_field_time(b, t->at_us);
	db_field_jsonb(b, t->attrs);
	field_uuid(b, t->prompt_hash);
	field_uuid(b, t->feature_schema);
	field_features(b, t);
}

static bool id_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct batch *b = ctx;

	return uuid_eq(b->trials[pos].id, *(const struct uuid *)key);
}

/* Of several trials with one id the last counts: going backwards, the first
 * seen is the one. */
static int64_t copy_trials(struct ledger *l)
{
	const struct batch *b = l->b;
	struct map seen;
	int64_t n = 0;

	map_init(&seen);
	buf_clear(&l->copy);
	db_copy_header(&l->copy);
	for (size_t i = b->n_trials; i-- > 0;) {
		const struct bt_trial *t = &b->trials[i];
		uint64_t h = map_hash(t->id.b, sizeof(t->id.b));

		if (!unit_active(l, b->n_attempts + b->n_outcomes + i) ||
		    map_find(&seen, h, id_eq, b, &t->id) != MAP_NONE)
			continue;
		map_add(&seen, h, (uint32_t)i);
		copy_trial(&l->copy, t);
		n++;
	}
	db_copy_trailer(&l->copy);
	map_release(&seen);
	return n;
}

enum op_start op_trial_table(struct ledger *l)
{
	if (!l->trial_merge || l->b->n_trials == 0)
		return OP_SKIP;
	return op_send(l, &sql_append_trial_table);
}

enum op_start op_trials(struct ledger *l)
{
	if (l->b->n_trials == 0)
		return OP_SKIP;
	l->counts.trials_same = copy_trials(l);
	if (l->counts.trials_same == 0)
		return OP_SKIP;
	return op_copy(l, l->trial_merge ? &sql_append_trial_stage
					 : &sql_append_trial);
}

void op_trials_done(struct ledger *l, const struct db_status *st,
		    const struct db_result *r)
{
	(void)st;
	(void)r;
	if (!l->trial_merge) {
		l->counts.trials_new = l->counts.trials_same;
		l->counts.trials_same = 0;
	}
}

enum op_start op_trials_merge(struct ledger *l)
{
	if (!l->trial_merge || l->counts.trials_same == 0)
		return OP_SKIP;
	return op_send(l, &sql_append_merge_trials);
}

void op_trials_merge_done(struct ledger *l, const struct db_status *st,
			  const struct db_result *r)
{
	(void)st;
	for (int i = 0; i < db_rows(r); i++) {
		if (db_bool(r, i, 0))
			l->counts.trials_new++;
		else
			l->counts.trials_changed++;
		l->counts.trials_same--;
	}
}

/* ---- dead letters: the batch's own, and what the database refused ---- */

static void put_dead(const struct bt_dead *d, int c, struct buf *out)
{
	if (c == 0)
		db_field_uuid(out, d->id);
	else if (c == 1)
		db_field_text(out, d->e.source);
	else if (c == 2)
		db_field_text(out, d->e.origin);
	else if (c == 3)
		db_field_text(out, d->e.reason);
	else if (c == 4)
		db_field_text(out, d->e.sqlstate);
	else if (d->e.body.p)
		db_field_bytea(out, d->e.body.p, d->e.body.len);
	else
		db_field_null(out);
}

enum op_start op_dead(struct ledger *l)
{
	static const enum db_oid oids[6] = {DB_UUID, DB_TEXT, DB_TEXT,
					    DB_TEXT, DB_TEXT, DB_BYTEA};
	size_t n = l->b->n_dead + l->n_poison;

	if (n == 0)
		return OP_SKIP;
	db_args_clear(&l->args);
	for (int c = 0; c < 6; c++) {
		db_arr_begin(&l->args, oids[c]);
		for (size_t i = 0; i < l->b->n_dead; i++) {
			put_dead(&l->b->dead[i], c, &l->args.data);
			db_arr_count(&l->args);
		}
		for (size_t i = 0; i < l->n_poison; i++) {
			struct bt_dead d;

			poison_letter(l, &l->poison[i], &d);
			put_dead(&d, c, &l->args.data);
			db_arr_count(&l->args);
		}
		db_arr_end(&l->args);
	}
	l->counts.dead = (int64_t)l->n_poison;
	return op_send(l, &sql_append_dead);
}

/* ---- cursors ---- */

static void put_cursor(const struct ev_cursor *k, int c, struct buf *d)
{
	if (c == 0)
		db_field_text(d, k->kind);
	else if (c == 1)
		db_field_text(d, k->path);
	else if (c == 2)
		db_field_i64(d, k->size);
	else if (c == 3)
		db_field_i64(d, k->mtime_us);
	else if (c == 4)
		db_field_i64(d, k->done_bytes);
	else
		db_field_uuid(d, k->done_hash);
}

/* ON CONFLICT takes a row once in a statement: of several cursors of one file
 * the last counts. */
static bool cursor_stands(const struct batch *b, size_t i)
{
	for (size_t j = i + 1; j < b->n_cursors; j++) {
		if (str_eq(b->cursors[j].path, b->cursors[i].path) &&
		    str_eq(b->cursors[j].kind, b->cursors[i].kind))
			return false;
	}
	return true;
}

enum op_start op_cursors(struct ledger *l)
{
	static const enum db_oid oids[6] = {DB_TEXT, DB_TEXT, DB_INT8,
					    DB_INT8, DB_INT8, DB_UUID};

	if (l->b->n_cursors == 0)
		return OP_SKIP;
	db_args_clear(&l->args);
	for (int c = 0; c < 6; c++) {
		db_arr_begin(&l->args, oids[c]);
		for (size_t i = 0; i < l->b->n_cursors; i++) {
			if (!cursor_stands(l->b, i))
				continue;
			put_cursor(&l->b->cursors[i], c, &l->args.data);
			db_arr_count(&l->args);
		}
		db_arr_end(&l->args);
	}
	return op_send(l, &sql_append_cursors);
}
