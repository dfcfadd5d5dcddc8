#include "ledger/query.h"

#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/query_read.h"

#define US_PER_MIN  (60 * US_PER_SEC)
#define US_PER_HOUR (60 * US_PER_MIN)
/* Beyond every time that the ledger takes. */
#define FAR_FUTURE (INT64_C(253370764800) * US_PER_SEC) /* 9999-01-01 */

/* ---- spans ---- */

static int64_t floor_to(int64_t us, int64_t unit)
{
	int64_t rest = us % unit;

	return us - (rest < 0 ? rest + unit : rest);
}

static int64_t ceil_to(int64_t us, int64_t unit)
{
	int64_t low = floor_to(us, unit);

	return low == us ? us : low + unit;
}

struct query_span query_span_cut(struct query_span s)
{
	if (s.all)
		return (struct query_span){0, FAR_FUTURE, true};
	s.since_us = floor_to(s.since_us, US_PER_MIN);
	s.until_us = ceil_to(s.until_us, US_PER_MIN);
	if (s.since_us < US_PER_DAY)
		s.since_us = US_PER_DAY;
	if (s.until_us < s.since_us)
		s.until_us = s.since_us;
	return s;
}

void query_edges(const struct query_span *span, int64_t edge[QUERY_EDGES])
{
	struct query_span s = query_span_cut(*span);
	int64_t hour[2] = {ceil_to(s.since_us, US_PER_HOUR),
			   floor_to(s.until_us, US_PER_HOUR)};
	int64_t day[2] = {ceil_to(s.since_us, US_PER_DAY),
			  floor_to(s.until_us, US_PER_DAY)};

	/* A span without a whole hour is minutes up to its end; one without a
	 * whole day is hours up to the last. */
	if (hour[0] >= hour[1])
		hour[0] = hour[1] = s.until_us;
	if (day[0] >= day[1])
		day[0] = day[1] = hour[1];
	edge[0] = s.since_us;
	edge[1] = hour[0];
	edge[2] = day[0];
	edge[3] = day[1];
	edge[4] = hour[1];
	edge[5] = s.until_us;
}

void query_edges_args(struct db_args *a, const struct query_span *s)
{
	int64_t edge[QUERY_EDGES];

	query_edges(s, edge);
	for (int i = 0; i < QUERY_EDGES; i++)
		db_arg_time(a, edge[i]);
}

void query_arg_id(struct db_args *a, int32_t id)
{
	if (id)
		db_arg_i32(a, id);
	else
		db_arg_null(a);
}

/* ---- header figures ---- */

void query_totals_args(struct db_args *a, const struct query_span *span)
{
	query_edges_args(a, span);
}

void query_totals_row(const struct db_result *r, int row,
		      struct query_totals *out)
{
	struct reader x = {r, row, 0};

	out->attempts = i64(&x);
	out->errors = i64(&x);
	out->unpriced = i64(&x);
	out->unattributed = i64(&x);
	out->cost_pusd = sum(&x);
	out->undated = i64(&x);
	out->undated_pusd = sum(&x);
}

void query_fresh_args(struct db_args *a, int64_t look_back_us)
{
	db_arg_time(a, look_back_us);
}

void query_fresh_row(const struct db_result *r, int row,
		     struct query_fresh *out)
{
	struct reader x = {r, row, 0};

	out->oldest_us = when(&x);
	out->newest_us = when(&x);
}

/* ---- tasks ---- */

void query_tasks_args(struct db_args *a, const struct query_tasks *q)
{
	struct query_span s = query_span_cut(q->span);

	query_arg_id(a, q->class_id);
	db_arg_time(a, s.since_us);
	db_arg_time(a, s.until_us);
	db_arg_bool(a, s.all);
	db_arg_text(a, str_from(q->sort ? q->sort : ""));
	db_arg_bool(a, q->desc);
	db_arg_i64(a, q->limit);
	db_arg_i64(a, q->offset);
	query_arg_id(a, q->agent_id);
	query_arg_id(a, q->team_id);
}

void query_dearest_args(struct db_args *a, const struct query_tasks *q)
{
	struct query_span s = query_span_cut(q->span);

	query_arg_id(a, q->class_id);
	db_arg_time(a, s.since_us);
	db_arg_time(a, s.until_us);
	db_arg_bool(a, s.all);
	db_arg_i64(a, q->limit);
	db_arg_i64(a, q->offset);
	query_arg_id(a, q->agent_id);
	query_arg_id(a, q->team_id);
}

void query_task_args(struct db_args *a, struct str name)
{
	struct uuid id;

	if (uuid_parse(name, &id)) {
		db_arg_uuid(a, id);
		db_arg_null(a);
	} else {
		db_arg_null(a);
		db_arg_text(a, name);
	}
}

void query_task_row(const struct db_result *r, int row, struct query_task *out)
{
	struct reader x = {r, row, 0};

	out->id = uuid(&x);
	out->sender = text(&x);
	out->ext_id = text(&x);
	out->parent = uuid(&x);
	out->team = text(&x);
	out->agent = text(&x);
	out->class_name = text(&x);
	out->class_guessed = flag(&x);
	out->started_us = when(&x);
	out->ended_us = when(&x);
	out->attempts = i64(&x);
	out->errors = i64(&x);
	out->unpriced = i64(&x);
	out->escalations = i64(&x);
	out->routed = i64(&x);
	out->uncached_in = i64(&x);
	out->cache_read = i64(&x);
	out->cache_write_5m = i64(&x);
	out->cache_write_1h = i64(&x);
	out->output = i64(&x);
	out->reasoning = i64(&x);
	out->cost_pusd = sum(&x);
	out->success_micro = (int32_t)i64_or(&x, -1);
	out->class_id = i32(&x);
}

/* ---- steps and attempts ---- */

void query_of_task_args(struct db_args *a, struct uuid task, int64_t started_us,
			int64_t ended_us, int64_t limit)
{
	bool dated = started_us != TIME_NONE && ended_us != TIME_NONE;

	db_arg_uuid(a, task);
	db_arg_i64(a, limit);
	/* A step may begin a little before its task's first call. */
	db_arg_day(a, dated ? clock_day(started_us) - 1 : 0);
	db_arg_day(a, dated ? clock_day(ended_us) + 1 : 0);
}

void query_step_row(const struct db_result *r, int row, struct query_step *out)
{
	struct reader x = {r, row, 0};

	out->day = day(&x);
	out->id = uuid(&x);
	out->seq = i32(&x);
	out->kind = text(&x);
	out->tool = text(&x);
	out->failed = tristate(&x);
	out->started_us = when(&x);
}

static void read_attempt(struct reader *x, struct query_attempt *out)
{
	out->day = day(x);
	out->id = uuid(x);
	out->task = uuid(x);
	out->step = uuid(x);
	out->attempt_no = i32(x);
	out->started_us = when(x);
	out->first_token_us = when(x);
	out->ended_us = when(x);
	out->received_us = when(x);
	out->provider = text(x);
	out->requested_model = text(x);
	out->model = text(x);
	out->tier = i32(x);
	/* The columns stand in the order of enum usage_bucket. */
	for (int i = 0; i < USAGE_N; i++)
		out->usage.n[i] = i64_or(x, USAGE_NONE);
	out->cost_pusd = i64_or(x, MONEY_NONE);
	out->price_id = i32(x);
	out->reported_cost_pusd = i64_or(x, MONEY_NONE);
	out->status = text(x);
	out->finish_reason = text(x);
	out->error_class = text(x);
	out->service_tier = text(x);
	out->quality = text(x);
	out->source = text(x);
	out->escalated_from = uuid(x);
	out->decision = uuid(x);
}

void query_attempt_row(const struct db_result *r, int row,
		       struct query_attempt *out)
{
	struct reader x = {r, row, 0};

	read_attempt(&x, out);
}

void query_attempt_args(struct db_args *a, int32_t d, struct uuid id)
{
	db_arg_day(a, d);
	db_arg_uuid(a, id);
}

void query_attempt_full_row(const struct db_result *r, int row,
			    struct query_attempt_full *out)
{
	struct reader x = {r, row, 0};

	read_attempt(&x, &out->a);
	out->task_ext_id = text(&x);
	out->class_name = text(&x);
	out->agent = text(&x);
	out->team = text(&x);
	out->sender = text(&x);
	out->step.day = out->a.day;
	out->step.id = out->a.step;
	out->step.started_us = TIME_NONE;
	out->step.seq = i32(&x);
	out->step.kind = text(&x);
	out->step.tool = text(&x);
	out->step.failed = tristate(&x);
	out->names = i64(&x);
	out->corrections = i64(&x);
	out->aggregate = flag(&x);
	out->evidence = text(&x);
	out->corrected_from_pusd = i64_or(&x, MONEY_NONE);
}

/* ---- prices ---- */

void query_price_args(struct db_args *a, int32_t price_id)
{
	db_arg_i32(a, price_id);
}

static void rates(struct reader *x, struct query_price *out, int from, int to)
{
	for (int i = from; i <= to; i++)
		out->fusd[i] = i64_or(x, MONEY_NONE);
}

void query_price_row(const struct db_result *r, int row,
		     struct query_price *out)
{
	struct reader x = {r, row, 0};

	out->id = i32(&x);
	out->source = text(&x);
	out->source_day = day(&x);
	out->provider = text(&x);
	out->model = text(&x);
	out->mode = text(&x);
	out->valid_from_day = day(&x);
	out->utc_window = text(&x);
	rates(&x, out, RATE_INPUT, RATE_AUDIO_OUT);
	out->tier_start_tokens = i64_or(&x, -1);
	rates(&x, out, RATE_TIER_INPUT, RATE_PRIORITY_CACHE_READ);
	out->per_request_pusd = i64_or(&x, MONEY_NONE);
	out->web_search_pusd = i64_or(&x, MONEY_NONE);
	out->context_window = i64_or(&x, -1);
	out->max_output = i64_or(&x, -1);
	out->deprecated = text(&x);
	out->imported_us = when(&x);
}
