/* Replaying and dropping. Letters are read in order of their ids, some hundred
 * at a time, and each lot is one batch: either all of it is committed, with
 * those that the database refuses named by the writer, or nothing is and the
 * caller hears why. */
#include "ledger/dead.h"

#include <stdlib.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/batch.h"
#include "ledger/db.h"
#include "ledger/event_json.h"

#define BATCH_BYTES ((size_t)128 << 20)
#define NODES_MAX   10000

struct letter {
	struct uuid id;
	size_t unit; /* among those of its kind in the batch */
	enum {
		IN_ATTEMPTS,
		IN_OUTCOMES,
		IN_TRIALS,
		ELSEWHERE, /* cannot be refused alone */
		REFUSED,
		NOTE
	} in;
	struct str reason, sqlstate; /* of REFUSED */
};

struct replay {
	struct ledger *l;
	const struct dead_filter *f;
	struct batch *batch;
	struct arena arena;
	struct json_doc doc;
	struct db_args args;
	struct letter *letters;
	size_t n, cap;
	struct uuid last;
};

static void arg_ids(struct db_args *a, const struct uuid *ids, size_t n)
{
	db_arr_begin(a, DB_UUID);
	for (size_t i = 0; i < n; i++) {
		db_field_uuid(&a->data, ids[i]);
		db_arr_count(a);
	}
	db_arr_end(a);
}

static void arg_filter(struct db_args *a, const struct dead_filter *f)
{
	arg_ids(a, f->ids, f->n_ids);
	db_arg_time(a, f->since_us);
	db_arg_text(a, f->reason.p ? f->reason : STR(""));
}

/* ---- one lot ---- */

static enum rc add_letter(struct replay *r, struct letter *t, struct str body,
			  struct err *e)
{
	const struct batch *b = r->batch;
	const size_t attempts = b->n_attempts, outcomes = b->n_outcomes,
		     trials = b->n_trials;
	struct err why = {0};
	enum rc rc = json_parse(&r->doc, body, &why);

	if (rc == RC_OK)
		rc = event_json_add(r->batch, r->doc.nodes, &r->arena, &why);
	if (rc == RC_BAD) {
		t->in = REFUSED;
		t->reason = arena_str(&r->arena, str_from(why.msg));
		return RC_OK;
	}
	if (rc) {
		*e = why;
		return rc;
	}
	t->in = b->n_attempts > attempts   ? IN_ATTEMPTS
		: b->n_outcomes > outcomes ? IN_OUTCOMES
		: b->n_trials > trials     ? IN_TRIALS
					   : ELSEWHERE;
	t->unit = t->in == IN_ATTEMPTS   ? attempts
		  : t->in == IN_OUTCOMES ? outcomes
					 : trials;
	return RC_OK;
}

static enum rc read_lot(struct replay *r, struct err *e)
{
	struct db_result *res = NULL;
	enum rc rc;

	batch_clear(r->batch);
	arena_clear(&r->arena);
	r->n = 0;
	db_args_clear(&r->args);
	db_arg_uuid(&r->args, r->last);
	arg_filter(&r->args, r->f);
	rc = db_run(ledger_db(r->l), &sql_dead_read, &r->args, &res, NULL, e);
	for (int i = 0; rc == RC_OK && i < db_rows(res); i++) {
		struct letter *t;

		xgrow(&r->letters, &r->cap, r->n + 1, sizeof(*r->letters));
		t = &r->letters[r->n++];
		*t = (struct letter){.id = db_uuid(res, i, 0), .in = NOTE};
		if (str_is(db_text(res, i, 1), "event"))
			rc = add_letter(r, t, db_text(res, i, 2), e);
		r->last = t->id;
	}
	db_result_free(res);
	return rc;
}

/* The place of a letter's row among all rows of the batch. */
static size_t unit_of(const struct batch *b, const struct letter *t)
{
	if (t->in == IN_ATTEMPTS)
		return t->unit;
	if (t->in == IN_OUTCOMES)
		return b->n_attempts + t->unit;
	return b->n_attempts + b->n_outcomes + t->unit;
}

static void note_refusals(struct replay *r)
{
	struct ledger_refusal why;

	for (size_t k = 0; ledger_refused(r->l, k, &why); k++) {
		for (size_t i = 0; i < r->n; i++) {
			struct letter *t = &r->letters[i];

			if (t->in > IN_TRIALS ||
			    unit_of(r->batch, t) != why.unit)
				continue;
			t->in = REFUSED;
			t->reason = arena_str(&r->arena, str_from(why.reason));
			t->sqlstate =
				arena_str(&r->arena, str_from(why.sqlstate));
		}
	}
}

static enum rc mark(struct replay *r, struct dead_counts *counts, struct err *e)
{
	struct uuid *ids = xcalloc(r->n + 1, sizeof(*ids));
	size_t n = 0;
	enum rc rc;

	for (size_t i = 0; i < r->n; i++) {
		if (r->letters[i].in < REFUSED)
			ids[n++] = r->letters[i].id;
		counts->notes += r->letters[i].in == NOTE;
	}
	db_args_clear(&r->args);
	arg_ids(&r->args, ids, n);
	free(ids);
	rc = db_run(ledger_db(r->l), &sql_dead_mark, &r->args, NULL, NULL, e);
	if (rc == RC_OK)
		counts->replayed += (int64_t)n;
	return rc;
}

/* Their ids, or reasons, or SQLSTATEs, as an array. */
static void arg_refused(struct replay *r, int column)
{
	db_arr_begin(&r->args, column ? DB_TEXT : DB_UUID);
	for (size_t i = 0; i < r->n; i++) {
		const struct letter *t = &r->letters[i];

		if (t->in != REFUSED)
			continue;
		if (column == 0)
			db_field_uuid(&r->args.data, t->id);
		else
			db_field_text(&r->args.data, column == 1 ? t->reason
						     : t->sqlstate.p
							     ? t->sqlstate
							     : STR(""));
		db_arr_count(&r->args);
	}
	db_arr_end(&r->args);
}

static enum rc mark_refused(struct replay *r, struct dead_counts *counts,
			    struct err *e)
{
	struct db_status st;
	enum rc rc;

	db_args_clear(&r->args);
	for (int column = 0; column < 3; column++)
		arg_refused(r, column);
	rc = db_run(ledger_db(r->l), &sql_dead_again, &r->args, NULL, &st, e);
	if (rc == RC_OK)
		counts->refused += st.rows;
	return rc;
}

/* ---- what others call ---- */

enum rc dead_replay(struct ledger *l, const struct dead_filter *f,
		    struct dead_counts *counts, struct err *e)
{
	struct replay r = {.l = l, .f = f};
	struct ledger_counts c;
	enum rc rc;

	*counts = (struct dead_counts){0};
	r.batch = batch_new(BATCH_BYTES);
	arena_init(&r.arena, BATCH_BYTES);
	json_doc_init(&r.doc, NODES_MAX);
	db_args_init(&r.args, BATCH_BYTES);
	ledger_no_letters(l, true);
	while ((rc = read_lot(&r, e)) == RC_OK && r.n > 0) {
		rc = ledger_append_wait(l, r.batch, &c, e);
		if (rc)
			break;
		note_refusals(&r);
		if ((rc = mark(&r, counts, e)) ||
		    (rc = mark_refused(&r, counts, e)))
			break;
	}
	ledger_no_letters(l, false);
	batch_free(r.batch);
	arena_release(&r.arena);
	json_doc_release(&r.doc);
	db_args_release(&r.args);
	free(r.letters);
	return rc;
}

enum rc dead_drop(struct db *db, const struct dead_filter *f, int64_t *dropped,
		  struct err *e)
{
	struct db_status st = {0};
	struct db_args a;
	enum rc rc;

	db_args_init(&a, 1 << 20);
	arg_filter(&a, f);
	rc = db_run(db, &sql_dead_drop, &a, NULL, &st, e);
	*dropped = rc ? 0 : st.rows;
	db_args_release(&a);
	return rc;
}
