/* Outcomes, dead letters, claims and file cursors. */
#include <stdlib.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/event_json.h"
#include "ledger/writer.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)   /* far beyond any event's */
#define BODIES_MAX     ((size_t)256 << 20) /* beyond: letters without body */

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
	else if (c == 6)
		db_field_text(out, d->e.event ? STR("event") : STR("note"));
	else if (d->e.body.p)
		db_field_bytea(out, d->e.body.p, d->e.body.len);
	else
		db_field_null(out);
}

enum op_start op_dead(struct ledger *l)
{
	static const enum db_oid oids[7] = {DB_UUID, DB_TEXT,  DB_TEXT, DB_TEXT,
					    DB_TEXT, DB_BYTEA, DB_TEXT};
	struct bt_dead *letters;
	struct arena bodies;
	enum op_start st;
	size_t n = l->no_letters ? 0 : l->n_poison;

	l->counts.dead = (int64_t)l->n_poison;
	if (l->b->n_dead + n == 0)
		return OP_SKIP;
	letters = xcalloc(n + 1, sizeof(*letters));
	arena_init(&bodies, BODIES_MAX);
	for (size_t i = 0; i < n; i++)
		poison_letter(l, &l->poison[i], &letters[i], &bodies);
	db_args_clear(&l->args);
	for (int c = 0; c < 7; c++) {
		db_arr_begin(&l->args, oids[c]);
		for (size_t i = 0; i < l->b->n_dead; i++) {
			put_dead(&l->b->dead[i], c, &l->args.data);
			db_arr_count(&l->args);
		}
		for (size_t i = 0; i < n; i++) {
			put_dead(&letters[i], c, &l->args.data);
			db_arr_count(&l->args);
		}
		db_arr_end(&l->args);
	}
	st = op_send(l, &sql_append_dead);
	arena_release(&bodies);
	free(letters);
	return st;
}

/* ---- claims ---- */

static void put_claim(const struct ledger *l, size_t i, int c, struct buf *d)
{
	const struct bt_claim *k = &l->b->claims[i];
	struct buf line;

	if (c == 0) {
		db_field_uuid(d, k->e.sum.keys[0]);
	} else if (c == 1) {
		db_field_uuid(d, l->b->tasks[k->e.sum.task].id);
	} else if (c == 2) {
		db_field_time(d, k->e.sum.started_us);
	} else if (c == 3) {
		db_field_time(d, k->e.sum.ended_us);
	} else if (c == 4) {
		db_field_time(d, k->e.due_us);
	} else {
		buf_init(&line, LINE_MAX_BYTES);
		event_json_claim(&line, l->b, i);
		db_field_text(d, (struct str){buf_str(&line), line.len});
		buf_release(&line);
	}
}

enum op_start op_claims(struct ledger *l)
{
	static const enum db_oid oids[6] = {DB_UUID,        DB_UUID,
					    DB_TIMESTAMPTZ, DB_TIMESTAMPTZ,
					    DB_TIMESTAMPTZ, DB_TEXT};

	if (l->b->n_claims == 0)
		return OP_SKIP;
	db_args_clear(&l->args);
	for (int c = 0; c < 6; c++) {
		db_arr_begin(&l->args, oids[c]);
		for (size_t i = 0; i < l->b->n_claims; i++) {
			put_claim(l, i, c, &l->args.data);
			db_arr_count(&l->args);
		}
		db_arr_end(&l->args);
	}
	return op_send(l, &sql_append_claims);
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
