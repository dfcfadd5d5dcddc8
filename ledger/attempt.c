#include "ledger/attempt.h"

#include <math.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/db.h"
#include "ledger/money.h"

enum source_rank att_rank(const struct att *a, enum att_group g)
{
	return (enum source_rank)(a->prov >> (4 * (unsigned)g) & 15U);
}

void att_set_rank(struct att *a, enum att_group g, enum source_rank rank)
{
	unsigned shift = 4 * (unsigned)g;

	a->prov = (a->prov & ~(15U << shift)) | (uint32_t)rank << shift;
}

/* ---- names ---- */

/* Where the name stands or would stand. */
static int key_at(const struct att *a, struct uuid key, bool *there)
{
	int i = 0;

	while (i < a->n_keys && uuid_cmp(a->keys[i], key) < 0)
		i++;
	*there = i < a->n_keys && uuid_eq(a->keys[i], key);
	return i;
}

/* Of a full row the greatest name goes that is not its id: what is left does
 * not depend on the order in which the names came, and a row is always found
 * by its id. */
void att_add_key(struct att *a, struct uuid key)
{
	bool there;
	int i = key_at(a, key, &there), last = a->n_keys;

	if (there)
		return;
	if (a->n_keys < ATT_KEYS_MAX) {
		a->n_keys++;
	} else {
		last -= uuid_eq(a->keys[last - 1], a->id) ? 2 : 1;
		if (i > last && !uuid_eq(key, a->id))
			return;
		if (i > last)
			i = last;
	}
	memmove(&a->keys[i + 1], &a->keys[i],
		(size_t)(last - i) * sizeof(a->keys[0]));
	a->keys[i] = key;
}

int att_key_days(const struct att *a, int32_t days[ATT_KEY_DAYS])
{
	const int64_t hour = 3600 * US_PER_SEC;
	int64_t end = a->ended_us;
	int32_t first, last;
	int n = 0;

	if (a->started_us == TIME_NONE) {
		days[0] = DAY_UNDATED;
		return 1;
	}
	if (end == TIME_NONE || end < a->started_us)
		end = a->started_us;
	first = clock_day(a->started_us - hour);
	last = clock_day(end + hour);
	for (int32_t d = first; d <= last && n < ATT_KEY_DAYS; d++)
		days[n++] = d;
	return n;
}

/* ---- merging ---- */

static struct str text_of(const struct names *names, bool model, int32_t id)
{
	const struct name_entry *e = names_by_id(names, model, id);

	return e ? e->name : STR_NONE;
}

static int cmp_name(const struct names *names, bool model, int32_t a, int32_t b)
{
	const struct name_entry *x, *y;
	int c;

	if (a == b)
		return 0;
	c = str_cmp(text_of(names, model, a), text_of(names, model, b));
	if (c || !model)
		return c;
	x = names_by_id(names, true, a);
	y = names_by_id(names, true, b);
	return str_cmp(x ? x->provider : STR_NONE, y ? y->provider : STR_NONE);
}

static int cmp_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Each tie-break answers > 0 when b's group is to be taken at equal rank. */
static int tie_who(const struct att *a, const struct att *b)
{
	int c = uuid_cmp(a->task_id, b->task_id);

	if (!c)
		c = uuid_cmp(a->step_id, b->step_id);
	if (!c)
		c = cmp_i64(a->step_day, b->step_day);
	if (!c)
		c = uuid_cmp(a->id, b->id);
	return c ? c : cmp_i64(a->attempt_no, b->attempt_no);
}

static int tie_model(const struct att *a, const struct att *b,
		     const struct names *n)
{
	int c = cmp_name(n, true, b->model_id, a->model_id);

	if (!c)
		c = cmp_name(n, true, b->requested_model_id,
			     a->requested_model_id);
	return c ? c
		 : cmp_name(n, false, b->service_tier_id, a->service_tier_id);
}

static int tie_usage(const struct att *a, const struct att *b)
{
	int c = cmp_i64(usage_total(&b->usage), usage_total(&a->usage));

	if (!c)
		c = cmp_i64(a->quality, b->quality);
	for (int i = 0; !c && i < USAGE_N; i++)
		c = cmp_i64(b->usage.n[i], a->usage.n[i]);
	return c;
}

static int tie_result(const struct att *a, const struct att *b,
		      const struct names *n)
{
	int c = cmp_i64(a->status, b->status);

	if (!c)
		c = cmp_name(n, false, b->finish_id, a->finish_id);
	return c ? c : cmp_name(n, false, b->error_id, a->error_id);
}

static int tie(const struct att *a, const struct att *b, enum att_group g,
	       const struct names *n)
{
	switch (g) {
	case ATT_WHO:
		return tie_who(a, b);
	case ATT_MODEL:
		return tie_model(a, b, n);
	case ATT_USAGE:
		return tie_usage(a, b);
	case ATT_REPORTED:
		return cmp_i64(b->reported_cost_pusd, a->reported_cost_pusd);
	case ATT_RESULT:
		return tie_result(a, b, n);
	case ATT_SOURCE:
		return cmp_name(n, false, a->source_id, b->source_id);
	case ATT_TIME: /* these are settled field by field */
	case ATT_ROUTE:
	case ATT_GROUP_N:
		break;
	}
	return 0;
}

static void take(struct att *a, const struct att *b, enum att_group g)
{
	switch (g) {
	case ATT_WHO:
		a->id = b->id;
		a->task_id = b->task_id;
		a->step_id = b->step_id;
		a->step_day = b->step_day;
		a->attempt_no = b->attempt_no;
		break;
	case ATT_MODEL:
		a->model_id = b->model_id;
		a->requested_model_id = b->requested_model_id;
		a->service_tier_id = b->service_tier_id;
		break;
	case ATT_USAGE:
		a->usage = b->usage;
		a->quality = b->quality;
		break;
	case ATT_REPORTED:
		a->reported_cost_pusd = b->reported_cost_pusd;
		break;
	case ATT_TIME:
		a->started_us = b->started_us;
		a->first_token_us = b->first_token_us;
		a->ended_us = b->ended_us;
		break;
	case ATT_RESULT:
		a->status = b->status;
		a->finish_id = b->finish_id;
		a->error_id = b->error_id;
		break;
	case ATT_ROUTE:
		a->decision_id = b->decision_id;
		a->escalated_from = b->escalated_from;
		memcpy(a->evidence, b->evidence, sizeof(a->evidence));
		break;
	case ATT_SOURCE:
		a->source_id = b->source_id;
		break;
	case ATT_GROUP_N:
		BUG("no such group");
	}
	att_set_rank(a, g, att_rank(b, g));
}

static void earliest(int64_t *a, int64_t b)
{
	if (b != TIME_NONE && (*a == TIME_NONE || b < *a))
		*a = b;
}

/* TIME_NONE is the least int64. */
static void latest(int64_t *a, int64_t b)
{
	if (b > *a)
		*a = b;
}

static void merge_time(struct att *a, const struct att *b)
{
	earliest(&a->started_us, b->started_us);
	earliest(&a->first_token_us, b->first_token_us);
	latest(&a->ended_us, b->ended_us);
}

static void greater(struct uuid *a, struct uuid b)
{
	if (uuid_cmp(b, *a) > 0)
		*a = b;
}

/* Two reports of equal rank may each say a part: the decision may be known
 * before the reply, the evidence only after it. */
static void merge_route(struct att *a, const struct att *b)
{
	greater(&a->decision_id, b->decision_id);
	greater(&a->escalated_from, b->escalated_from);
	for (int i = 0; i < EVIDENCE_N; i++) {
		if (isnan(a->evidence[i]) || b->evidence[i] > a->evidence[i])
			a->evidence[i] = b->evidence[i];
	}
}

bool att_merge(struct att *a, const struct att *b, const struct names *names)
{
	struct att before = *a;

	for (int i = 0; i < ATT_GROUP_N; i++) {
		enum att_group g = (enum att_group)i;
		enum source_rank ra = att_rank(a, g), rb = att_rank(b, g);

		if (rb < ra || (rb == ra && tie(a, b, g, names) > 0))
			take(a, b, g);
		else if (rb == ra && g == ATT_TIME)
			merge_time(a, b);
		else if (rb == ra && g == ATT_ROUTE)
			merge_route(a, b);
	}
	earliest(&a->received_us, b->received_us);
	a->day = clock_day(a->started_us);
	for (int i = 0; i < b->n_keys; i++)
		att_add_key(a, b->keys[i]);
	before.received_us = a->received_us;
	/* Should bytes of padding differ, a row is written once too often. */
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
	return memcmp(&before, a, sizeof(before)) != 0;
}

/* ---- money ---- */

bool att_aggregate(const struct att *a)
{
	return a->quality == QUALITY_AGGREGATE ||
	       att_rank(a, ATT_USAGE) == RANK_AGGREGATE;
}

void att_price(struct att *a, const struct names *names,
	       const struct price_book *book)
{
	const struct name_entry *m = names_by_id(names, true, a->model_id);
	struct cost_context c = {
		.started_us = a->started_us,
		.service_tier = text_of(names, false, a->service_tier_id),
		.aggregate = att_aggregate(a)};
	struct cost k;

	a->cost_pusd = MONEY_NONE;
	a->price_id = 0;
	if (!m)
		BUG("attempt without a model");
	a->tier = m->tier;
	/* A call that failed before any token was billed cost nothing. */
	if (usage_missing(&a->usage) && a->status == ATTEMPT_ERROR) {
		a->cost_pusd = 0;
		return;
	}
	c.provider = m->provider;
	c.model = m->name;
	cost_compute(book, &c, &a->usage, &k);
	a->cost_pusd = k.cost_pusd;
	a->price_id = k.price_id;
}

/* ---- to and from the database ---- */

static void field_id(struct buf *b, int32_t id)
{
	if (id)
		db_field_i32(b, id);
	else
		db_field_null(b);
}

static void field_uuid(struct buf *b, struct uuid u)
{
	if (uuid_is_nil(u))
		db_field_null(b);
	else
		db_field_uuid(b, u);
}

static void field_money(struct buf *b, int64_t pusd)
{
	if (pusd == MONEY_NONE)
		db_field_null(b);
	else
		db_field_i64(b, pusd);
}

static void fields_usage(const struct usage *u, struct buf *b)
{
	for (int i = 0; i < USAGE_N; i++) {
		if (u->n[i] == USAGE_NONE)
			db_field_null(b);
		else if (i == USAGE_WEB_SEARCH || i == USAGE_OTHER_TOOLS)
			db_field_i32(b, (int32_t)u->n[i]);
		else
			db_field_i64(b, u->n[i]);
	}
}

/* Without what is not known at the end; 0: nothing is. */
static int evidence_count(const struct att *a)
{
	int n = EVIDENCE_N;

	while (n > 0 && isnan(a->evidence[n - 1]))
		n--;
	return n;
}

void att_evidence(struct att *a, const float *v, int n)
{
	for (int i = 0; i < EVIDENCE_N; i++)
		a->evidence[i] = i < n && !isnan(v[i]) ? v[i] + 0.0F : NAN;
}

void att_copy_row(const struct att *a, struct buf *out)
{
	db_copy_row(out, 37);
	db_field_day(out, a->day);
	db_field_uuid(out, a->id);
	db_field_uuid(out, a->task_id);
	db_field_uuid(out, a->step_id);
	db_field_day(out, a->step_day);
	db_field_i32(out, a->model_id);
	field_id(out, a->requested_model_id);
	if (a->tier)
		db_field_i16(out, a->tier);
	else
		db_field_null(out);
	db_field_i16(out, a->attempt_no);
	db_field_text(out, str_from(attempt_status_names[a->status]));
	db_field_text(out, str_from(usage_quality_names[a->quality]));
	db_field_time(out, a->started_us);
	db_field_time(out, a->first_token_us);
	db_field_time(out, a->ended_us);
	db_field_time(out, a->received_us);
	fields_usage(&a->usage, out);
	field_money(out, a->cost_pusd);
	field_id(out, a->price_id);
	field_money(out, a->reported_cost_pusd);
	db_field_i32(out, a->source_id);
	field_id(out, a->finish_id);
	field_id(out, a->error_id);
	field_id(out, a->service_tier_id);
	field_uuid(out, a->escalated_from);
	field_uuid(out, a->decision_id);
	db_field_i32(out, (int32_t)a->prov);
	db_field_bytea(out, a->keys, (size_t)a->n_keys * sizeof(a->keys[0]));
	db_field_f32s(out, a->evidence, evidence_count(a));
}

static int name_index(struct str s, const char *const *names, int n)
{
	for (int i = 0; i < n; i++) {
		if (str_is(s, names[i]))
			return i;
	}
	BUG("unknown name in an enum column");
}

static int64_t i64_or(const struct db_result *r, int row, int col, int64_t none)
{
	return db_null(r, row, col) ? none : db_i64(r, row, col);
}

static struct uuid uuid_or_nil(const struct db_result *r, int row, int col)
{
	return db_null(r, row, col) ? (struct uuid){{0}} : db_uuid(r, row, col);
}

static void keys_from(struct att *a, struct str bytes)
{
	a->n_keys = (int)(bytes.len / sizeof(a->keys[0]));
	if (a->n_keys > ATT_KEYS_MAX)
		a->n_keys = ATT_KEYS_MAX;
	memcpy(a->keys, bytes.p, (size_t)a->n_keys * sizeof(a->keys[0]));
}

void att_from_row(struct att *a, const struct db_result *r, int row)
{
	float evidence[EVIDENCE_N];
	int c = 0;

	memset(a, 0, sizeof(*a));
	a->day = db_day(r, row, c++);
	a->id = db_uuid(r, row, c++);
	a->task_id = db_uuid(r, row, c++);
	a->step_id = db_uuid(r, row, c++);
	a->step_day = db_day(r, row, c++);
	a->model_id = (int32_t)db_i64(r, row, c++);
	a->requested_model_id = (int32_t)db_i64(r, row, c++);
	a->tier = (int16_t)db_i64(r, row, c++);
	a->attempt_no = (int16_t)db_i64(r, row, c++);
	a->status = (enum attempt_status)name_index(
		db_text(r, row, c++), attempt_status_names, ATTEMPT_STATUS_N);
	a->quality = (enum usage_quality)name_index(
		db_text(r, row, c++), usage_quality_names, QUALITY_N);
	a->started_us = db_time(r, row, c++);
	a->first_token_us = db_time(r, row, c++);
	a->ended_us = db_time(r, row, c++);
	a->received_us = db_time(r, row, c++);
	for (int i = 0; i < USAGE_N; i++)
		a->usage.n[i] = i64_or(r, row, c++, USAGE_NONE);
	a->cost_pusd = i64_or(r, row, c++, MONEY_NONE);
	a->price_id = (int32_t)db_i64(r, row, c++);
	a->reported_cost_pusd = i64_or(r, row, c++, MONEY_NONE);
	a->source_id = (int32_t)db_i64(r, row, c++);
	a->finish_id = (int32_t)db_i64(r, row, c++);
	a->error_id = (int32_t)db_i64(r, row, c++);
	a->service_tier_id = (int32_t)db_i64(r, row, c++);
	a->escalated_from = uuid_or_nil(r, row, c++);
	a->decision_id = uuid_or_nil(r, row, c++);
	a->prov = (uint32_t)(int32_t)db_i64(r, row, c++);
	keys_from(a, db_text(r, row, c++));
	att_evidence(a, evidence, db_f32s(r, row, c, evidence, EVIDENCE_N));
}
