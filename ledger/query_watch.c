#include "ledger/query_watch.h"

#include <stdio.h>

#include "ledger/base/clock.h"
#include "ledger/query_read.h"

/* ---- budgets ---- */

void query_budgets_args(struct db_args *a, int64_t now_us)
{
	db_arg_time(a, now_us);
}

void query_budget_row(const struct db_result *r, int row,
		      struct query_budget *out)
{
	struct reader x = {r, row, 0};

	out->id = i32(&x);
	out->scope = text(&x);
	out->subject = text(&x);
	out->period = text(&x);
	out->hard = flag(&x);
	out->limit_pusd = sum(&x);
	out->since_us = when(&x);
	out->until_us = when(&x);
	out->settled_pusd = sum(&x);
	out->reserved_pusd = sum(&x);
	out->in_ledger = !db_null(r, row, x.col);
	out->ledger_pusd = sum(&x);
	out->class_id = i32(&x);
	out->agent_id = i32(&x);
	out->team_id = i32(&x);
}

__int128 query_budget_spent(const struct query_budget *b)
{
	if (b->in_ledger && b->ledger_pusd > b->settled_pusd)
		return b->ledger_pusd;
	return b->settled_pusd;
}

int64_t query_budget_used(const struct query_budget *b)
{
	__int128 used = query_budget_spent(b) + b->reserved_pusd;

	if (b->limit_pusd <= 0)
		return used > 0 ? 1000000 : 0;
	used = used * 1000000 / b->limit_pusd;
	return used > INT64_MAX ? INT64_MAX : (int64_t)used;
}

bool query_projected(__int128 spent, int64_t since_us, int64_t until_us,
		     int64_t now_us, __int128 *pusd)
{
	int64_t whole, gone = now_us - since_us;

	if (until_us == TIME_NONE || until_us <= since_us)
		return false;
	whole = until_us - since_us;
	if (gone < whole / 20)
		return false;
	gone = gone > whole ? whole : gone;
	/* Seconds: pico-dollars times microseconds might not fit. */
	*pusd = spent * (whole / US_PER_SEC) / (gone / US_PER_SEC);
	return true;
}

/* ---- the header ---- */

void query_header_args(struct db_args *a, int32_t since_day,
		       const struct query_span *today)
{
	db_arg_day(a, since_day);
	query_edges_args(a, today);
}

void query_header_row(const struct db_result *r, int row,
		      struct query_header *out)
{
	struct reader x = {r, row, 0};
	struct str version;

	out->today_pusd = sum(&x);
	out->has_budget = !db_null(r, row, 1);
	out->budget_pusd = sum(&x);
	out->bundle_id = i32(&x);
	version = text(&x);
	snprintf(out->version, sizeof(out->version), "%.*s",
		 version.len > 32 ? 32 : STR_ARG(version));
	out->drifted = str_is(text(&x), "drifted");
	out->learned = i64(&x);
	out->classes = i64(&x);
	out->live = tristate(&x);
	out->has_any_budget = flag(&x);
}

/* ---- the router ---- */

void query_bundle_args(struct db_args *a, int32_t id)
{
	query_arg_id(a, id);
}

void query_bundle_row(const struct db_result *r, int row,
		      struct query_bundle *out)
{
	struct reader x = {r, row, 0};

	*out = (struct query_bundle){.id = i32(&x)};
	out->created_us = when(&x);
	out->state = text(&x);
	out->certificate = text(&x);
}

void query_bundles_row(const struct db_result *r, int row,
		       struct query_bundle *out)
{
	struct reader x = {r, row, 0};

	*out = (struct query_bundle){.id = i32(&x)};
	out->created_us = when(&x);
	out->state = text(&x);
	out->version = text(&x);
	out->trained_at = text(&x);
	out->rows = text(&x);
	out->passed = text(&x);
	out->gain = text(&x);
	out->gain_low = text(&x);
	out->reason = text(&x);
	out->ece = text(&x);
	out->brier_skill = text(&x);
	out->drift = text(&x);
}

void query_decisions_args(struct db_args *a, const struct query_span *span,
			  int32_t class_id, int64_t limit)
{
	struct query_span s = query_span_cut(*span);

	db_arg_time(a, s.since_us);
	db_arg_time(a, s.all ? TIME_NONE : s.until_us);
	query_arg_id(a, class_id);
	db_arg_i64(a, limit);
}

void query_decision_args(struct db_args *a, int32_t d, struct uuid id)
{
	db_arg_day(a, d);
	db_arg_uuid(a, id);
}

static void read_decision(struct reader *x, struct query_decision *out)
{
	*out = (struct query_decision){.day = day(x)};
	out->id = uuid(x);
	out->decided_us = when(x);
	out->task = uuid(x);
	out->task_name = text(x);
	out->class_name = text(x);
	out->agent = text(x);
	out->class_id = i32(x);
	out->bundle_id = i32(x);
	out->policy = text(x);
	out->plan = text(x);
	out->live = flag(x);
	out->propensity_micro = i64(x);
	out->bound_by = text(x);
	out->rule = text(x);
	out->explored = flag(x);
	out->p_success = text(x);
	out->expected_pusd = text(x);
	out->success_micro = (int32_t)i64_or(x, -1);
	out->task_pusd = sum(x);
	out->tier = i32(x);
	out->p_micro = i64_or(x, -1);
	out->has_arm_pusd = !db_null(x->r, x->row, x->col);
	out->arm_pusd = sum(x);
}

void query_decisions_row(const struct db_result *r, int row,
			 struct query_decision *out)
{
	struct reader x = {r, row, 0};

	read_decision(&x, out);
}

void query_decision_row(const struct db_result *r, int row,
			struct query_decision *out)
{
	struct reader x = {r, row, 0};

	read_decision(&x, out);
	out->p_low = text(&x);
	out->p_high = text(&x);
	out->reasons = text(&x);
}

/* ---- attention ---- */

void query_attention_args(struct db_args *a, const struct query_span *span,
			  int64_t now_us)
{
	query_edges_args(a, span);
	db_arg_time(a, now_us);
}

void query_attention_row(const struct db_result *r, int row,
			 struct query_attention *out)
{
	struct reader x = {r, row, 0};

	out->kind = text(&x);
	out->weight = i32(&x);
	out->subject = text(&x);
	out->n = i64_or(&x, -1);
	out->has_pusd = !db_null(r, row, x.col);
	out->pusd = sum(&x);
	out->at_us = when(&x);
	out->detail = text(&x);
	out->class_id = i32(&x);
	out->bundle_id = i32(&x);
}

void query_dead_args(struct db_args *a, int64_t limit)
{
	db_arg_i64(a, limit);
}

void query_dead_row(const struct db_result *r, int row, struct query_dead *out)
{
	struct reader x = {r, row, 0};

	out->id = uuid(&x);
	out->received_us = when(&x);
	out->source = text(&x);
	out->origin = text(&x);
	out->reason = text(&x);
	out->sqlstate = text(&x);
	out->kind = text(&x);
	out->replayed_us = when(&x);
	out->bytes = i64_or(&x, -1);
}

/* ---- search ---- */

void query_search_args(struct db_args *a, struct str words, int64_t limit)
{
	struct uuid id;

	db_arg_text(a, words);
	if (uuid_parse(words, &id))
		db_arg_uuid(a, id);
	else
		db_arg_null(a);
	db_arg_i64(a, limit);
}

void query_hit_row(const struct db_result *r, int row, struct query_hit *out)
{
	struct reader x = {r, row, 0};

	out->kind = text(&x);
	out->name = text(&x);
	out->about = text(&x);
	out->at_us = when(&x);
	out->has_cost = !db_null(r, row, x.col);
	out->cost_pusd = sum(&x);
	out->class_id = i32(&x);
	out->agent_id = i32(&x);
	out->team_id = i32(&x);
	out->model_id = i32(&x);
	out->task = uuid(&x);
	out->attempt_day = day(&x);
	out->attempt = uuid(&x);
	out->price_id = i32(&x);
	out->decision_day = day(&x);
	out->decision = uuid(&x);
	out->bundle_id = i32(&x);
}

void query_find_args(struct db_args *a, const char *kind, struct str name)
{
	db_arg_text(a, str_from(kind));
	db_arg_text(a, name);
}
