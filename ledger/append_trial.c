/* Trials. Of several reports on one trial the later wins, in a batch and in the
 * ledger alike, but what it does not say never erases what another said: an
 * absent figure, facts, a prompt's hash, features and evidence stay, and an
 * estimated cost does not replace a measured one. The verdict itself is always
 * said, so that of the later report counts, "failed for other reasons"
 * included. */
#include <stdlib.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/writer.h"

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

static void copy_trial(struct buf *b, const struct bt_trial *n)
{
	const struct ev_trial *t = &n->e;

	db_copy_row(b, 19);
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
	db_field_f32s(b, t->features, t->n_features);
	db_field_f32s(b, t->evidence, t->evidence ? t->n_evidence : 0);
}

/* ---- several reports on one trial in a batch ---- */

/* Whether the earlier of two counts is contradicted; fills the later one in
 * where it is absent. */
static bool fill_count(int64_t *later, int64_t earlier, int64_t none)
{
	bool other = *later != earlier && *later != none && earlier != none;

	if (*later == none)
		*later = earlier;
	return other;
}

static bool fill_text(struct str *later, struct str earlier)
{
	bool other = later->len && earlier.len && !str_eq(*later, earlier);

	if (!later->len)
		*later = earlier;
	return other;
}

static bool fill_cost(struct ev_trial *t, const struct ev_trial *earlier)
{
	if (earlier->cost_pusd == MONEY_NONE)
		return false;
	if (t->cost_pusd != MONEY_NONE &&
	    t->cost_estimated <= earlier->cost_estimated)
		return t->cost_pusd != earlier->cost_pusd;
	t->cost_pusd = earlier->cost_pusd;
	t->cost_estimated = earlier->cost_estimated;
	return false;
}

static void fill_prompt(struct ev_trial *t, const struct ev_trial *earlier)
{
	if (uuid_is_nil(t->prompt_hash))
		t->prompt_hash = earlier->prompt_hash;
	if (t->n_features > 0)
		return;
	t->features = earlier->features;
	t->n_features = earlier->n_features;
	t->feature_schema = earlier->feature_schema;
}

/* Complete `t` with an earlier report; returns whether they disagree. */
static bool trial_fill(struct ev_trial *t, const struct ev_trial *earlier)
{
	bool other = t->success_micro != earlier->success_micro;

	if (str_is(t->task_class, "unattributed"))
		t->task_class = earlier->task_class;
	other |= fill_cost(t, earlier);
	other |=
		fill_count(&t->input_tokens, earlier->input_tokens, USAGE_NONE);
	other |= fill_count(&t->output_tokens, earlier->output_tokens,
			    USAGE_NONE);
	other |= fill_count(&t->api_calls, earlier->api_calls, USAGE_NONE);
	other |= fill_count(&t->at_us, earlier->at_us, TIME_NONE);
	other |= fill_text(&t->attrs, earlier->attrs);
	fill_prompt(t, earlier);
	if (!t->evidence || t->n_evidence <= 0) {
		t->evidence = earlier->evidence;
		t->n_evidence = earlier->n_evidence;
	}
	return other;
}

static bool id_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct bt_trial *v = ctx;

	return uuid_eq(v[pos].id, *(const struct uuid *)key);
}

/* The batch's trials, each once, the later report first; those that are told
 * again are counted here. */
static size_t gather(struct ledger *l, struct bt_trial *out)
{
	const struct batch *b = l->b;
	struct map seen;
	size_t n = 0;

	map_init(&seen);
	for (size_t i = b->n_trials; i-- > 0;) {
		const struct bt_trial *t = &b->trials[i];
		uint64_t h = map_hash(t->id.b, sizeof(t->id.b));
		uint32_t at;

		if (!unit_active(l, b->n_attempts + b->n_outcomes + i))
			continue;
		at = map_find(&seen, h, id_eq, out, &t->id);
		if (at == MAP_NONE) {
			map_add(&seen, h, (uint32_t)n);
			out[n++] = *t;
		} else if (trial_fill(&out[at].e, &t->e)) {
			l->counts.trials_changed++;
		} else {
			l->counts.trials_same++;
		}
	}
	map_release(&seen);
	return n;
}

static size_t copy_trials(struct ledger *l)
{
	struct bt_trial *v = xcalloc(l->b->n_trials, sizeof(*v));
	size_t n = gather(l, v);

	buf_clear(&l->copy);
	db_copy_header(&l->copy);
	for (size_t i = 0; i < n; i++)
		copy_trial(&l->copy, &v[i]);
	db_copy_trailer(&l->copy);
	free(v);
	return n;
}

/* ---- the steps of an append ---- */

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
	l->trials = copy_trials(l);
	if (l->trials == 0)
		return OP_SKIP;
	return op_copy(l, l->trial_merge ? &sql_append_trial_stage
					 : &sql_append_trial);
}

void op_trials_done(struct ledger *l, const struct db_status *st,
		    const struct db_result *r)
{
	(void)st;
	(void)r;
	if (!l->trial_merge)
		l->counts.trials_new = (int64_t)l->trials;
}

enum op_start op_trials_merge(struct ledger *l)
{
	if (!l->trial_merge || l->trials == 0)
		return OP_SKIP;
	return op_send(l, &sql_append_merge_trials);
}

void op_trials_merge_done(struct ledger *l, const struct db_status *st,
			  const struct db_result *r)
{
	(void)st;
	l->counts.trials_same += (int64_t)l->trials - db_rows(r);
	for (int i = 0; i < db_rows(r); i++) {
		if (db_bool(r, i, 0))
			l->counts.trials_new++;
		else
			l->counts.trials_changed++;
	}
}
