/* From a batch to rows: names become ids, and calls that the batch tells more
 * than once become one. */
#include <stdio.h>
#include <string.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/writer.h"

/* ---- names ---- */

int32_t dict_id(const struct ledger *l, enum dict_kind kind, struct str name)
{
	const struct name_entry *e;

	if (!name.len)
		return 0;
	e = names_find(&l->names, kind, name);
	return e ? e->id : 0;
}

/* The service tier as it is stored: absent for the ordinary one. */
static struct str tier_name(const struct ev_attempt *a)
{
	if (str_is(a->service_tier, "standard") ||
	    str_is(a->service_tier, "default"))
		return STR_NONE;
	return a->service_tier;
}

/* Names are collected twice, once a column, since arrays are sent whole. */
struct want {
	const struct ledger *l;
	struct db_args *args;
	bool kinds; /* which of the two columns */
	int n;
};

static void want(struct want *w, enum dict_kind kind, struct str name)
{
	if (!name.len || names_find(&w->l->names, kind, name))
		return;
	db_field_text(&w->args->data,
		      w->kinds ? str_from(dict_kind_names[kind]) : name);
	db_arr_count(w->args);
	w->n++;
}

static void want_all(struct want *w)
{
	const struct batch *b = w->l->b;

	for (size_t i = 0; i < b->n_tasks; i++) {
		const struct ev_task *t = &b->tasks[i].e;

		want(w, DICT_SENDER, t->sender);
		want(w, DICT_TEAM, t->team);
		want(w, DICT_AGENT, t->agent);
		want(w, DICT_CLASS, t->class_name);
	}
	for (size_t i = 0; i < b->n_attempts; i++) {
		const struct ev_attempt *a = &b->attempts[i].e;

		want(w, DICT_SOURCE, a->source);
		want(w, DICT_FINISH, a->finish_reason);
		want(w, DICT_ERROR, a->error_class);
		want(w, DICT_SERVICE_TIER, tier_name(a));
		want(w, DICT_TOOL, a->tool);
	}
	for (size_t i = 0; i < b->n_outcomes; i++)
		want(w, DICT_SOURCE, b->outcomes[i].e.source);
}

enum op_start op_names(struct ledger *l)
{
	struct want w = {.l = l, .args = &l->args, .kinds = true};

	db_args_clear(&l->args);
	db_arr_begin(&l->args, DB_TEXT);
	want_all(&w);
	db_arr_end(&l->args);
	if (w.n == 0)
		return OP_SKIP;
	w.kinds = false;
	db_arr_begin(&l->args, DB_TEXT);
	want_all(&w);
	db_arr_end(&l->args);
	return op_send(l, &sql_append_names);
}

static enum dict_kind kind_of(struct str s)
{
	for (int k = 0; k < DICT_KIND_N; k++) {
		if (str_is(s, dict_kind_names[k]))
			return (enum dict_kind)k;
	}
	BUG("unknown kind of name");
}

/* A name that another writer added in this very moment may be missing from
 * the answer; the operation loops until all are there. */
void op_names_done(struct ledger *l, const struct db_status *st,
		   const struct db_result *r)
{
	(void)st;
	for (int i = 0; i < db_rows(r); i++)
		names_put(&l->names, &(struct name_entry){
					     .id = (int32_t)db_i64(r, i, 0),
					     .kind = kind_of(db_text(r, i, 1)),
					     .name = db_text(r, i, 2)});
}

/* ---- models ---- */

static struct str provider_of(const struct ledger *l,
			      const struct ev_attempt *a, char *buf,
			      size_t size)
{
	struct str p = a->provider;

	if (!p.len)
		p = price_provider_of_model(l->book, a->model);
	if (!p.len)
		return STR("unknown");
	return price_provider(p, buf, size);
}

enum model_column {
	M_PROVIDER,
	M_NAME,
	M_TIER
};

static int want_model(struct ledger *l, struct str provider, struct str name,
		      enum model_column c)
{
	struct buf *d = &l->args.data;
	int tier;

	if (!name.len || names_model(&l->names, provider, name))
		return 0;
	if (c == M_TIER) {
		tier = price_default_tier(l->book, provider, name);
		if (tier)
			db_field_i16(d, (int16_t)tier);
		else
			db_field_null(d);
	} else {
		db_field_text(d, c == M_PROVIDER ? provider : name);
	}
	db_arr_count(&l->args);
	return 1;
}

static int want_models(struct ledger *l, enum model_column c)
{
	char buf[300];
	int n = 0;

	db_arr_begin(&l->args, c == M_TIER ? DB_INT2 : DB_TEXT);
	for (size_t i = 0; i < l->b->n_attempts; i++) {
		const struct ev_attempt *a = &l->b->attempts[i].e;
		struct str p = provider_of(l, a, buf, sizeof(buf));

		n += want_model(l, p, a->model, c);
		n += want_model(l, p, a->requested_model, c);
	}
	db_arr_end(&l->args);
	return n;
}

enum op_start op_models(struct ledger *l)
{
	db_args_clear(&l->args);
	if (want_models(l, M_PROVIDER) == 0)
		return OP_SKIP;
	want_models(l, M_NAME);
	want_models(l, M_TIER);
	return op_send(l, &sql_append_models);
}

void op_models_done(struct ledger *l, const struct db_status *st,
		    const struct db_result *r)
{
	(void)st;
	for (int i = 0; i < db_rows(r); i++)
		names_put(&l->names, &(struct name_entry){
					     .id = (int32_t)db_i64(r, i, 0),
					     .kind = DICT_KIND_N,
					     .provider = db_text(r, i, 1),
					     .name = db_text(r, i, 2),
					     .tier = (int16_t)db_i64(r, i, 3)});
}

/* ---- calls ---- */

static int32_t model_id(const struct ledger *l, struct str provider,
			struct str name)
{
	const struct name_entry *e =
		name.len ? names_model(&l->names, provider, name) : NULL;

	return e ? e->id : 0;
}

static void att_from_event(const struct ledger *l, const struct bt_attempt *n,
			   struct att *a)
{
	const struct ev_attempt *e = &n->e;
	char buf[300];
	struct str provider = provider_of(l, e, buf, sizeof(buf));

	memset(a, 0, sizeof(*a));
	a->id = e->keys[0];
	a->task_id = l->b->tasks[e->task].id;
	a->step_id = n->step_id;
	a->attempt_no = e->attempt_no;
	a->model_id = model_id(l, provider, e->model);
	a->requested_model_id = model_id(l, provider, e->requested_model);
	a->service_tier_id = dict_id(l, DICT_SERVICE_TIER, tier_name(e));
	a->finish_id = dict_id(l, DICT_FINISH, e->finish_reason);
	a->error_id = dict_id(l, DICT_ERROR, e->error_class);
	a->source_id = dict_id(l, DICT_SOURCE, e->source);
	a->status = e->status;
	a->quality = e->quality;
	a->started_us = e->started_us;
	a->first_token_us = e->first_token_us;
	a->ended_us = e->ended_us;
	a->received_us = clock_now_us();
	a->day = a->step_day = clock_day(e->started_us);
	a->usage = e->usage;
	a->cost_pusd = MONEY_NONE;
	a->reported_cost_pusd = e->reported_cost_pusd;
	for (int g = 0; g < ATT_GROUP_N; g++)
		att_set_rank(a, (enum att_group)g, e->rank);
	/* What a source does not say must not beat what another says. */
	if (usage_missing(&e->usage))
		att_set_rank(a, ATT_USAGE, RANK_NONE);
	if (e->reported_cost_pusd == MONEY_NONE)
		att_set_rank(a, ATT_REPORTED, RANK_NONE);
	if (e->started_us == TIME_NONE)
		att_set_rank(a, ATT_TIME, RANK_NONE);
	a->decision_id = e->decision_id;
	a->escalated_from = e->escalated_from;
	att_evidence(a, e->evidence, e->n_evidence);
	if (uuid_is_nil(e->decision_id) && uuid_is_nil(e->escalated_from) &&
	    e->n_evidence == 0)
		att_set_rank(a, ATT_ROUTE, RANK_NONE);
	if (e->who_rank)
		att_set_rank(a, ATT_WHO, e->who_rank);
	for (int i = 0; i < e->n_keys; i++)
		att_add_key(a, e->keys[i]);
}

uint32_t row_alive(const struct ledger *l, uint32_t row)
{
	while (l->rows[row].into >= 0)
		row = (uint32_t)l->rows[row].into;
	return row;
}

static bool key_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct ledger *l = ctx;

	return memcmp(&l->key_row[pos].k, key, sizeof(struct key_day)) == 0;
}

/* The row that has this name on this day, which `row` takes if it is free. */
static uint32_t key_take(struct ledger *l, struct key_day k, uint32_t row)
{
	uint64_t h = map_hash(&k, sizeof(k));
	uint32_t pos = map_find(&l->key_map, h, key_eq, l, &k);

	if (pos != MAP_NONE)
		return row_alive(l, l->key_row[pos].row);
	xgrow(&l->key_row, &l->cap_keys, l->n_keys + 1, sizeof(*l->key_row));
	l->key_row[l->n_keys].k = k;
	l->key_row[l->n_keys].row = row;
	map_add(&l->key_map, h, (uint32_t)l->n_keys++);
	return row;
}

/* Another row that has one of the row's names on one of its days, as the
 * database would see it; or the row itself, which then has them all. */
static uint32_t row_other(struct ledger *l, uint32_t row)
{
	const struct att *a = &l->rows[row].a;
	int32_t days[ATT_KEY_DAYS];
	int n = att_key_days(a, days);
	uint32_t other = row;

	for (int i = 0; i < n * a->n_keys && other == row; i++)
		other = key_take(
			l, (struct key_day){days[i % n], a->keys[i / n]}, row);
	return other;
}

uint32_t row_add(struct ledger *l, const struct att *a, int32_t old_i)
{
	uint32_t row = (uint32_t)l->n_rows, other;
	struct wrow *w;

	xgrow(&l->rows, &l->cap_rows, l->n_rows + 1, sizeof(*l->rows));
	w = &l->rows[l->n_rows++];
	*w = (struct wrow){.into = -1, .old_i = old_i};
	memcpy(&w->a, a, sizeof(*a));
	/* What is fused may have further names and days. */
	while ((other = row_other(l, row)) != row) {
		att_merge(&l->rows[other].a, &l->rows[row].a, &l->names);
		l->rows[row].into = (int32_t)other;
		row = other;
	}
	return row;
}

/* ---- steps ---- */

static bool step_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct wstep *s = &((const struct ledger *)ctx)->steps[pos];
	const struct wstep *k = key;

	return s->day == k->day && uuid_eq(s->id, k->id);
}

static uint32_t step_pos(const struct ledger *l, const struct wstep *k)
{
	return map_find(&l->step_map, map_hash(k->id.b, 16), step_eq, l, k);
}

struct wstep *step_find(const struct ledger *l, struct uuid id, int32_t day)
{
	struct wstep k = {.id = id, .day = day};
	uint32_t pos = step_pos(l, &k);

	return pos == MAP_NONE ? NULL : &l->steps[pos];
}

static int32_t lesser_id(int32_t a, int32_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

/* Mirrors append_merge_steps.sql. */
static void step_merge(struct wstep *s, const struct wstep *n)
{
	if (n->kind < s->kind)
		s->kind = n->kind;
	s->seq = lesser_id(s->seq, n->seq);
	s->tool_id = lesser_id(s->tool_id, n->tool_id);
	if (n->failed > s->failed)
		s->failed = n->failed;
	if (s->started_us == TIME_NONE ||
	    (n->started_us != TIME_NONE && n->started_us < s->started_us))
		s->started_us = n->started_us;
}

static void step_add(struct ledger *l, const struct bt_attempt *n)
{
	struct wstep s = {.id = n->step_id,
			  .task_id = l->b->tasks[n->e.task].id,
			  .day = clock_day(n->e.started_us),
			  .seq = n->e.step_seq,
			  .kind = n->e.step_kind,
			  .tool_id = dict_id(l, DICT_TOOL, n->e.tool),
			  .failed = n->e.step_failed,
			  .started_us = n->e.started_us};
	uint32_t pos = step_pos(l, &s);

	if (pos != MAP_NONE) {
		step_merge(&l->steps[pos], &s);
		return;
	}
	xgrow(&l->steps, &l->cap_steps, l->n_steps + 1, sizeof(*l->steps));
	l->steps[l->n_steps] = s;
	map_add(&l->step_map, map_hash(s.id.b, 16), (uint32_t)l->n_steps++);
}

/* ---- the whole ---- */

static void reset(struct ledger *l)
{
	l->n_rows = l->n_steps = l->n_tasks = l->n_keys = 0;
	l->n_old = l->n_hits = 0;
	map_clear(&l->key_map);
	map_clear(&l->step_map);
	map_clear(&l->task_map);
	rollup_clear(&l->rollup);
	arena_clear(&l->arena);
	memset(&l->counts, 0, sizeof(l->counts));
}

/* Days that retention has dropped do not come back. */
static bool too_old(struct ledger *l, size_t i, int64_t us)
{
	int64_t keep = l->conf->retention_days;
	char reason[80];

	if (keep <= 0 || us == TIME_NONE ||
	    clock_day(us) >= clock_day(clock_now_us()) - keep)
		return false;
	snprintf(reason, sizeof(reason), "older than retention (%lld days)",
		 (long long)keep);
	poison_add(l, i, "", reason);
	return true;
}

enum op_start op_prepare(struct ledger *l)
{
	struct att a;

	reset(l);
	for (size_t i = 0; i < l->b->n_attempts; i++) {
		if (!unit_active(l, i) ||
		    too_old(l, i, l->b->attempts[i].e.started_us))
			continue;
		att_from_event(l, &l->b->attempts[i], &a);
		row_add(l, &a, -1);
		step_add(l, &l->b->attempts[i]);
	}
	for (size_t i = 0; i < l->b->n_decisions; i++) {
		size_t unit = decision_unit(l, i);

		if (unit_active(l, unit))
			too_old(l, unit, l->b->decisions[i].e.decided_us);
	}
	for (size_t i = 0; i < l->b->n_tasks; i++)
		task_add(l, l->b->tasks[i].id, (int32_t)i);
	for (size_t i = 0; i < l->n_met; i++)
		task_add(l, l->met[i], -1);
	return OP_SKIP;
}

/* ---- partitions ---- */

static bool day_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct ledger *l = ctx;

	return memcmp(&l->day_list[pos], key, sizeof(int32_t)) == 0;
}

static bool day_known(struct ledger *l, int32_t day)
{
	uint64_t h = map_hash(&day, sizeof(day));

	if (map_find(&l->days, h, day_eq, l, &day) != MAP_NONE)
		return true;
	xgrow(&l->day_list, &l->cap_day_list, l->n_day_list + 1,
	      sizeof(*l->day_list));
	l->day_list[l->n_day_list] = day;
	map_add(&l->days, h, (uint32_t)l->n_day_list++);
	return false;
}

static int want_day(struct ledger *l, int32_t day)
{
	if (day_known(l, day))
		return 0;
	db_field_day(&l->args.data, day);
	db_arr_count(&l->args);
	return 1;
}

/* One call a batch makes all days that it needs; a day is believed to be
 * there from when it was asked for, and forgotten when COPY says otherwise. */
enum op_start op_days(struct ledger *l)
{
	int n = 0;

	db_args_clear(&l->args);
	db_arr_begin(&l->args, DB_DATE);
	for (size_t i = 0; i < l->n_rows; i++) {
		int32_t days[ATT_KEY_DAYS];
		int k = att_key_days(&l->rows[i].a, days);

		for (int d = 0; d < k; d++)
			n += want_day(l, days[d]);
	}
	for (size_t i = 0; i < l->b->n_decisions; i++) {
		if (unit_active(l, decision_unit(l, i)))
			n += want_day(
				l, clock_day(l->b->decisions[i].e.decided_us));
	}
	for (size_t i = 0; i < l->n_lacking; i++)
		n += want_day(l, l->lacking[i]);
	db_arr_end(&l->args);
	return n ? op_send(l, &sql_append_make_days) : OP_SKIP;
}

/* Sums of tasks stand under the day on which the task began, which retention
 * may have dropped since. */
void days_learn(struct ledger *l)
{
	map_clear(&l->days);
	l->n_day_list = 0;
	for (size_t i = 0; i < l->rollup.n; i++) {
		xgrow(&l->lacking, &l->cap_lacking, l->n_lacking + 1,
		      sizeof(*l->lacking));
		l->lacking[l->n_lacking++] =
			clock_day(l->rollup.rows[i].key.bucket_us);
	}
}
