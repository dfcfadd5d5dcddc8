/* Decisions of the router: as new rows; or, where some are known, through a
 * table of their own (append_merge_decisions.sql), which keeps one row of each
 * whatever the order of reports. */
#include <stdlib.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/writer.h"

size_t decision_unit(const struct ledger *l, size_t i)
{
	return l->b->n_attempts + l->b->n_outcomes + l->b->n_trials + i;
}

static void field_uuid(struct buf *b, struct uuid u)
{
	if (uuid_is_nil(u))
		db_field_null(b);
	else
		db_field_uuid(b, u);
}

static void copy_decision(const struct ledger *l, struct buf *b,
			  const struct bt_decision *n)
{
	const struct ev_decision *d = &n->e;

	db_copy_row(b, 18);
	db_field_day(b, clock_day(d->decided_us));
	db_field_uuid(b, d->id);
	db_field_uuid(b, l->b->tasks[d->task].id);
	field_uuid(b, n->step_id);
	db_field_time(b, d->decided_us);
	if (d->bundle_id)
		db_field_i32(b, d->bundle_id);
	else
		db_field_null(b);
	db_field_text(b, d->policy);
	db_field_text(b, d->plan);
	db_field_bool(b, d->live);
	db_field_f64(b, d->propensity);
	field_uuid(b, d->feature_schema);
	db_field_f32s(b, d->features, d->n_features);
	db_field_f32s(b, d->p_success, d->n_tiers);
	db_field_f32s(b, d->p_low, d->n_tiers);
	db_field_f32s(b, d->p_high, d->n_tiers);
	db_field_i64s(b, d->expected_cost_pusd, d->n_tiers);
	db_field_text(b, d->bound_by);
	db_field_jsonb(b, d->reasons);
}

/* In the order of their key, so that two writers do not wait in a circle. */
static int by_key(const void *x, const void *y)
{
	const struct ev_decision *a =
		&(*(const struct bt_decision *const *)x)->e;
	const struct ev_decision *b =
		&(*(const struct bt_decision *const *)y)->e;
	int32_t i = clock_day(a->decided_us), j = clock_day(b->decided_us);

	return i != j ? (i > j) - (i < j) : uuid_cmp(a->id, b->id);
}

static size_t copy_all(struct ledger *l)
{
	const struct bt_decision **v = xcalloc(l->b->n_decisions, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < l->b->n_decisions; i++) {
		if (unit_active(l, decision_unit(l, i)))
			v[n++] = &l->b->decisions[i];
	}
	qsort(v, n, sizeof(*v), by_key);
	buf_clear(&l->copy);
	db_copy_header(&l->copy);
	for (size_t i = 0; i < n; i++)
		copy_decision(l, &l->copy, v[i]);
	db_copy_trailer(&l->copy);
	free(v);
	return n;
}

enum op_start op_decision_table(struct ledger *l)
{
	if (!l->decision_merge || l->b->n_decisions == 0)
		return OP_SKIP;
	return op_send(l, &sql_append_decision_table);
}

enum op_start op_decisions(struct ledger *l)
{
	l->decisions = 0;
	if (l->b->n_decisions == 0)
		return OP_SKIP;
	l->decisions = copy_all(l);
	if (l->decisions == 0)
		return OP_SKIP;
	return op_copy(l, l->decision_merge ? &sql_append_decision_stage
					    : &sql_append_decision);
}

void op_decisions_done(struct ledger *l, const struct db_status *st,
		       const struct db_result *r)
{
	(void)st;
	(void)r;
	if (!l->decision_merge)
		l->counts.decisions_new = (int64_t)l->decisions;
}

enum op_start op_decisions_merge(struct ledger *l)
{
	if (!l->decision_merge || l->decisions == 0)
		return OP_SKIP;
	return op_send(l, &sql_append_merge_decisions);
}

void op_decisions_merge_done(struct ledger *l, const struct db_status *st,
			     const struct db_result *r)
{
	(void)st;
	for (int i = 0; i < db_rows(r); i++)
		l->counts.decisions_new += db_bool(r, i, 0);
	l->counts.decisions_same =
		(int64_t)l->decisions - l->counts.decisions_new;
}
