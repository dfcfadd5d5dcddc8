/* The fleet by task class: what is spent on what, and what comes of it. */
#include "tui/view.h"

#include "ledger/base/clock.h"

enum {
	CLASS,
	SPEND,
	TREND,
	TASKS,
	SUCCESS,
	PER_SUCCESS,
	ESCALATED,
	ATTEMPTS,
	ERRORS,
	UNPRICED,
	IN,
	CACHED,
	WRITTEN,
	OUT,
	REASONING,
	JUDGED,
	ROUTED,
	WRITE_5M,
	WRITE_1H,
	ESCALATED_N,
	COLS
};

static const struct column cols[COLS] = {
	[CLASS] = {.name = "task_class",
		   .title = "CLASS",
		   .help = "what kind of work the tasks are",
		   .width = 32},
	[SPEND] = {.name = "cost_usd",
		   .title = "SPEND",
		   .help = "cost of the attempts in this range",
		   .kind = CELL_MONEY},
	[TREND] = {.name = "spend_over_time_usd",
		   .title = "OVER TIME",
		   .help = "spend from the beginning of the range to now",
		   .kind = CELL_SPARK,
		   .width = 15,
		   .drop = 3},
	[TASKS] = {.name = "tasks",
		   .title = "TASKS",
		   .help = "tasks that started in this range",
		   .kind = CELL_INT,
		   .drop = 5},
	[SUCCESS] = {.name = "success",
		     .title = "OK",
		     .help = "share of success among the judged tasks",
		     .kind = CELL_RATIO},
	[PER_SUCCESS] = {.name = "cost_per_success_usd",
			 .title = "$/OK",
			 .help = "cost of all judged tasks for each success",
			 .kind = CELL_MONEY,
			 .drop = 1},
	[ESCALATED] = {.name = "escalation_rate",
		       .title = "ESC",
		       .help = "share of tasks moved to a higher tier",
		       .kind = CELL_RATIO,
		       .drop = 4},
	[ATTEMPTS] = {.name = "attempts",
		      .title = "CALLS",
		      .help = "attempts: calls of a model, failed ones too",
		      .kind = CELL_INT,
		      .drop = 2},
	[ERRORS] = {.name = "errors",
		    .title = "FAILED",
		    .help = "attempts that ended in an error",
		    .kind = CELL_INT,
		    .drop = 9},
	[UNPRICED] = {.name = "unpriced",
		      .title = "UNPRICED",
		      .help = "attempts whose cost is not known",
		      .kind = CELL_INT,
		      .drop = 6},
	[IN] = {.name = "uncached_in",
		.title = "IN",
		.help = "input tokens that no cache held",
		.kind = CELL_INT,
		.drop = 8},
	[CACHED] = {.name = "cache_read",
		    .title = "CACHED",
		    .help = "input tokens read from a cache",
		    .kind = CELL_INT,
		    .drop = 10},
	[WRITTEN] = {.name = "cache_write",
		     .title = "WRITTEN",
		     .help = "input tokens written to a cache",
		     .kind = CELL_INT,
		     .drop = 11},
	[OUT] = {.name = "output",
		 .title = "OUT",
		 .help = "output tokens, reasoning included",
		 .kind = CELL_INT,
		 .drop = 7},
	[REASONING] = {.name = "reasoning",
		       .title = "REASONED",
		       .help = "output tokens spent on reasoning",
		       .kind = CELL_INT,
		       .drop = 12},
	[JUDGED] = {.name = "judged",
		    .title = "JUDGED",
		    .help = "tasks with an outcome",
		    .kind = CELL_INT,
		    .drop = 13},
	[ROUTED] = {.name = "routed", .kind = CELL_INT},
	[WRITE_5M] = {.name = "cache_write_5m", .kind = CELL_INT},
	[WRITE_1H] = {.name = "cache_write_1h", .kind = CELL_INT},
	[ESCALATED_N] = {.name = "escalated", .kind = CELL_INT},
};

static bool fleet_args(const struct query_page *p, const struct context *c,
		       const struct table *t, struct db_args *a)
{
	(void)p;
	(void)t;
	query_fleet_args(a, &c->span);
	return true;
}

static void fill_results(struct table *t, int r, const struct query_class *q)
{
	__int128 per;

	if (q->judged > 0)
		table_ratio(t, r, SUCCESS,
			    (int64_t)query_ratio(q->success_micro, q->judged));
	if (query_cost_per_success(q, &per))
		table_money(t, r, PER_SUCCESS, per);
	if (q->tasks > 0) {
		table_ratio(
			t, r, ESCALATED,
			(int64_t)query_ratio((__int128)q->escalated * 1000000,
					     q->tasks));
	}
	table_int(t, r, TASKS, q->tasks);
	table_int(t, r, JUDGED, q->judged);
	table_int(t, r, ROUTED, q->routed);
	table_int(t, r, ESCALATED_N, q->escalated);
}

static void fleet_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	struct query_class q;

	(void)c;
	for (int i = 0; i < db_rows(res); i++) {
		int r;

		query_fleet_row(res, i, &q);
		r = table_add(t, &q.class_id, sizeof(q.class_id), -1);
		t->rows[r].at.class_id = q.class_id;
		t->rows[r].at.class_name = table_keep(t, q.name);
		table_text(t, r, CLASS, q.name);
		if (str_is(q.name, "unattributed"))
			table_tone(t, r, CLASS, TONE_WARN);
		fill_results(t, r, &q);
		table_money(t, r, SPEND, q.cost_pusd);
		if (q.attempts > 0 && q.unpriced == q.attempts)
			table_none(t, r, SPEND, "unpriced");
		table_int(t, r, ATTEMPTS, q.attempts);
		table_int(t, r, ERRORS, q.errors);
		table_int(t, r, UNPRICED, q.unpriced);
		if (q.unpriced > 0)
			table_tone(t, r, UNPRICED, TONE_WARN);
		table_int(t, r, IN, q.uncached_in);
		table_int(t, r, CACHED, q.cache_read);
		table_int(t, r, WRITTEN, q.cache_write_5m + q.cache_write_1h);
		table_int(t, r, WRITE_5M, q.cache_write_5m);
		table_int(t, r, WRITE_1H, q.cache_write_1h);
		table_int(t, r, OUT, q.output);
		table_int(t, r, REASONING, q.reasoning);
	}
}

static bool spark_args(const struct query_page *p, const struct context *c,
		       const struct table *t, struct db_args *a)
{
	struct range_spark s =
		range_spark(&c->range, c->now_us, c->totals.oldest_us);

	(void)p;
	query_spark_args(a, s.grain, s.since_us, s.until_us, s.slots);
	return t->n > 0;
}

static void spark_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	struct range_spark s =
		range_spark(&c->range, c->now_us, c->totals.oldest_us);
	struct query_spark q;

	for (size_t r = 0; r < t->n; r++)
		table_series(t, (int)r, TREND, s.slots);
	for (int i = 0; i < db_rows(res); i++) {
		query_spark_row(res, i, &q);
		for (size_t r = 0; r < t->n; r++) {
			struct series *v;

			if (t->rows[r].at.class_id != q.class_id)
				continue;
			v = table_series(t, (int)r, TREND, s.slots);
			if (v && q.slot >= 0 && q.slot < v->n)
				v->v[q.slot] = q.cost_pusd;
		}
	}
}

static const struct view *fleet_enter(const struct table *t, int row,
				      struct place *to)
{
	*to = t->rows[row].at;
	return &view_tasks;
}

static const char *fleet_empty(const struct place *at, const struct context *c)
{
	(void)at;
	return view_nothing(c);
}

static const struct ask asks[] = {
	{&sql_query_fleet, fleet_args, fleet_take},
	{&sql_query_spark, spark_args, spark_take},
};

const struct view view_fleet = {
	.name = "fleet",
	.title = "fleet",
	.about = "spend and success by task class",
	.layout = VIEW_LIST,
	.cols = cols,
	.n_cols = COLS,
	.sort = SPEND,
	.desc = true,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = fleet_enter,
	.empty = fleet_empty,
};
