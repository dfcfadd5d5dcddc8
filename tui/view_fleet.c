/* The fleet by task class: what is spent on what, and what comes of it, beside
 * what the oracle would have paid. */
#include <stdio.h>

#include "ledger/base/clock.h"
#include "tui/fmt.h"
#include "tui/view_spend.h"

enum {
	CLASS,
	SPEND,
	TASKS = SPEND + SPEND_N,
	GAP = TASKS + TASKS_N,
	GAP_INTERVAL,
	GAP_PAID,
	GAP_SUCCESS,
	OBSERVED,
	CAPTURE,
	BUDGET,
	CALLS,
	GAP_LOW = CALLS + CALLS_N,
	GAP_HIGH,
	ORACLE,
	GAP_SINCE,
	GAP_UNTIL,
	COLS
};

static const struct spend_blocks blocks = {SPEND, CALLS, TASKS};

static const struct column cols[COLS] = {
	[CLASS] = {.name = "task_class",
		   .title = "CLASS",
		   .help = "what kind of work the tasks are",
		   .width = 32},
	SPEND_COLUMNS(SPEND),
	TASKS_COLUMNS(TASKS),
	[GAP] = {.name = "gap_usd",
		 .title = "GAP",
		 .help = "paid beyond the oracle's cost: judged tasks of "
			 "whole UTC days (2d: two)",
		 .kind = CELL_MONEY,
		 .drop = 3},
	[GAP_INTERVAL] = {.name = "gap_interval",
			  .title = "GAP 95%",
			  .help = "where the true gap lies",
			  .width = 19,
			  .drop = 8},
	[GAP_PAID] = {.name = "gap_paid_usd",
		      .title = "OF PAID",
		      .help = "what was paid for the tasks of the gap, in the "
			      "same days",
		      .kind = CELL_MONEY,
		      .drop = 10},
	[GAP_SUCCESS] = {.name = "gap_success",
			 .title = "GAP OK",
			 .help = "success that the oracle would have had more",
			 .kind = CELL_CHANGE,
			 .drop = 21},
	[OBSERVED] = {.name = "oracle_observed",
		      .title = "SEEN",
		      .help = "judged tasks of which several arms are known",
		      .kind = CELL_RATIO,
		      .drop = 10},
	[CAPTURE] = {.name = "capture",
		     .title = "SAVED",
		     .help = "of what could be saved against always-strongest",
		     .kind = CELL_RATIO,
		     .drop = 22},
	[BUDGET] = {.name = "budget_used",
		    .title = "BUDGET",
		    .help = "used of its tightest budget",
		    .kind = CELL_RATIO,
		    .drop = 6},
	CALLS_COLUMNS(CALLS),
	[GAP_LOW] = {.name = "gap_low_usd", .kind = CELL_MONEY},
	[GAP_HIGH] = {.name = "gap_high_usd", .kind = CELL_MONEY},
	[ORACLE] = {.name = "oracle_usd", .kind = CELL_MONEY},
	[GAP_SINCE] = {.name = "gap_since", .kind = CELL_TIME},
	[GAP_UNTIL] = {.name = "gap_until", .kind = CELL_TIME},
};

static bool fleet_args(const struct query_page *p, const struct context *c,
		       const struct table *t, struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->span, QUERY_CLASS);
	return true;
}

static void fleet_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	struct query_group q;

	for (int i = 0; i < db_rows(res); i++) {
		int r;

		query_group_row(res, i, &q);
		r = table_add(t, &q.id, sizeof(q.id), -1);
		t->rows[r].at.class_id = q.id;
		t->rows[r].at.class_name = table_keep(t, q.name);
		table_text(t, r, CLASS, q.name);
		if (str_is(q.name, "unattributed"))
			table_tone(t, r, CLASS, TONE_WARN);
		spend_fill(t, r, &blocks, c, &q);
	}
	spend_budget_show(c, t, BUDGET, QUERY_CLASS);
}

static bool before_args(const struct query_page *p, const struct context *c,
			const struct table *t, struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->before, QUERY_CLASS);
	return c->before.until_us > 0;
}

static void before_take(const struct context *c, struct table *t,
			const struct db_result *res)
{
	(void)c;
	spend_before(t, SPEND, res);
}

static bool trend_args(const struct query_page *p, const struct context *c,
		       const struct table *t, struct db_args *a)
{
	return t->n > 0 && spend_trend_args(a, p, c, QUERY_CLASS);
}

static void trend_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	spend_trend(t, SPEND + SPEND_TREND, c, res);
}

/* ---- the oracle and budgets ---- */

static bool oracle_args(const struct query_page *p, const struct context *c,
			const struct table *t, struct db_args *a)
{
	(void)p;
	query_oracle_args(a, &c->span);
	return t->n > 0;
}

static void fill_interval(struct table *t, int r, __int128 low, __int128 high)
{
	char from[FMT_TEXT], to[FMT_TEXT], text[2 * FMT_TEXT];

	table_money(t, r, GAP_LOW, low);
	table_money(t, r, GAP_HIGH, high);
	snprintf(text, sizeof(text), "%.30s..%.30s", fmt_money(low, from),
		 fmt_money(high, to));
	table_text(t, r, GAP_INTERVAL, str_from(text));
}

/* The oracle's figures are of whole days: where the range is not, the heading
 * says of how many, so that nobody takes the gap for a part of the spend beside
 * it. */
static struct query_span gap_heading(const struct context *c, struct table *t)
{
	struct query_span cut = query_span_cut(c->span);
	struct query_span s = query_oracle_span(&c->span);
	int days = (int)((s.until_us - s.since_us) / US_PER_DAY);

	if (!s.all &&
	    (s.since_us != cut.since_us || s.until_us != cut.until_us)) {
		table_heading(t, GAP, "GAP %dd", days);
		table_heading(t, GAP_PAID, "OF PAID %dd", days);
	}
	return s;
}

static void oracle_take(const struct context *c, struct table *t,
			const struct db_result *res)
{
	struct query_span days = gap_heading(c, t);
	struct query_oracle q;
	int64_t micro;

	for (int i = 0; i < db_rows(res); i++) {
		int r;

		query_oracle_row(res, i, &q);
		r = table_find(t, table_key(&q.class_id, sizeof(q.class_id)));
		if (r < 0 || q.judged <= 0)
			continue;
		table_money(t, r, ORACLE, q.oracle_pusd);
		table_money(t, r, GAP, q.paid_pusd - q.oracle_pusd);
		table_money(t, r, GAP_PAID, q.paid_pusd);
		if (!days.all) {
			table_time(t, r, GAP_SINCE, days.since_us);
			table_time(t, r, GAP_UNTIL, days.until_us);
		}
		/* The dearer the oracle, the smaller the gap. */
		if (q.has_interval)
			fill_interval(t, r, q.paid_pusd - q.high_pusd,
				      q.paid_pusd - q.low_pusd);
		table_change(t, r, GAP_SUCCESS,
			     (q.oracle_success_micro - q.success_micro) /
				     q.judged);
		table_ratio(t, r, OBSERVED,
			    (int64_t)query_ratio((__int128)q.observed * 1000000,
						 q.judged));
		if (query_capture(&q, &micro))
			table_ratio(t, r, CAPTURE, micro);
	}
}

static bool budget_args(const struct query_page *p, const struct context *c,
			const struct table *t, struct db_args *a)
{
	(void)p;
	return spend_budget_args(c, t, a);
}

static void budget_take(const struct context *c, struct table *t,
			const struct db_result *res)
{
	spend_budget_take(c, t, BUDGET, QUERY_CLASS, res);
}

static const struct view *fleet_enter(const struct table *t, int row,
				      struct place *to)
{
	*to = t->rows[row].at;
	return &view_tasks;
}

static const char *fleet_crumb(const struct place *at)
{
	return spend_crumb(at, "fleet");
}

static const struct ask asks[] = {
	{&sql_query_group, fleet_args, fleet_take, 0},
	{&sql_query_group, before_args, before_take, ASK_SLOW},
	{&sql_query_spark, trend_args, trend_take, ASK_WAITS | ASK_SLOW},
	{&sql_query_oracle, oracle_args, oracle_take, ASK_WAITS | ASK_SLOW},
	{&sql_query_budgets, budget_args, budget_take, ASK_WAITS},
	{&sql_query_spark, spend_stack_args, spend_stack_take,
	 ASK_PICTURE | ASK_WAITS},
	{&sql_query_heat, spend_heat_args, spend_heat_take,
	 ASK_PICTURE | ASK_WAITS},
	{&sql_query_histogram, spend_hist_args, spend_hist_take,
	 ASK_PICTURE | ASK_WAITS},
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
	.sums = true,
	.enter = fleet_enter,
	.crumb = fleet_crumb,
	.empty = spend_empty,
	.key = '1',
	.groups = view_spend_groups,
};
