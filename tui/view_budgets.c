/* Budgets in their present periods: spent, reserved, left, and where it leads.
 */
#include "tui/view.h"

#include "ledger/base/clock.h"

enum {
	SUBJECT,
	SCOPE,
	PERIOD,
	USED,
	BAR,
	SPENT,
	LIMIT,
	RESERVED,
	LEFT,
	PROJECTED,
	HARD,
	UNTIL,
	SINCE,
	SETTLED,
	LEDGER,
	ID,
	COLS
};

static const struct column cols[COLS] = {
	[SUBJECT] = {.name = "subject",
		     .title = "BUDGET",
		     .help = "whose it is",
		     .width = 28},
	[SCOPE] = {.name = "scope",
		   .title = "OF",
		   .help = "a key, team, agent, class or task",
		   .width = 6,
		   .drop = 2},
	[PERIOD] = {.name = "period",
		    .title = "EACH",
		    .help = "day, week, month, or in total",
		    .width = 6,
		    .drop = 1},
	[USED] = {.name = "used",
		  .title = "USED",
		  .help = "spent and reserved, of the limit",
		  .kind = CELL_RATIO},
	[BAR] = {.name = "used_bar",
		 .title = "OF LIMIT",
		 .help = "the same as a bar",
		 .kind = CELL_BAR,
		 .width = 20,
		 .drop = 4},
	[SPENT] = {.name = "spent_usd",
		   .title = "SPENT",
		   .help = "by the ledger, or settled where it cannot tell",
		   .kind = CELL_MONEY},
	[LIMIT] = {.name = "limit_usd",
		   .title = "LIMIT",
		   .help = "what may be spent in a period",
		   .kind = CELL_MONEY},
	[RESERVED] = {.name = "reserved_usd",
		      .title = "RESERVED",
		      .help = "for calls that are not over yet",
		      .kind = CELL_MONEY,
		      .drop = 5},
	[LEFT] = {.name = "left_usd",
		  .title = "LEFT",
		  .help = "limit less spent and reserved",
		  .kind = CELL_MONEY,
		  .drop = 3},
	[PROJECTED] = {.name = "projected_usd",
		       .title = "PROJECTED",
		       .help = "at the end of the period, if it goes on so",
		       .kind = CELL_MONEY,
		       .drop = 3},
	[HARD] = {.name = "hard",
		  .title = "HARD",
		  .help = "yes: refuses what goes beyond; no: warns",
		  .kind = CELL_FLAG,
		  .drop = 6},
	[UNTIL] = {.name = "until_at",
		   .title = "UNTIL",
		   .help = "end of the present period",
		   .kind = CELL_TIME,
		   .drop = 7},
	[SINCE] = {.name = "since_at",
		   .title = "SINCE",
		   .help = "beginning of the present period",
		   .kind = CELL_TIME,
		   .drop = 8},
	[SETTLED] = {.name = "settled_usd", .kind = CELL_MONEY},
	[LEDGER] = {.name = "ledger_usd", .kind = CELL_MONEY},
	[ID] = {.name = "budget_id", .kind = CELL_ID},
};

static bool budgets_args(const struct query_page *p, const struct context *c,
			 const struct table *t, struct db_args *a)
{
	(void)p;
	(void)t;
	query_budgets_args(a, c->now_us);
	return true;
}

static enum tone tone_of(int64_t used)
{
	if (used >= 1000000)
		return TONE_BAD;
	return used >= 800000 ? TONE_WARN : TONE_PLAIN;
}

static void fill_money(struct table *t, int r, const struct context *c,
		       const struct query_budget *q)
{
	__int128 spent = query_budget_spent(q), projected;

	table_money(t, r, SPENT, spent);
	table_money(t, r, LIMIT, q->limit_pusd);
	table_money(t, r, RESERVED, q->reserved_pusd);
	table_money(t, r, LEFT, q->limit_pusd - spent - q->reserved_pusd);
	table_money(t, r, SETTLED, q->settled_pusd);
	if (q->in_ledger)
		table_money(t, r, LEDGER, q->ledger_pusd);
	if (!query_projected(spent, q->since_us, q->until_us, c->now_us,
			     &projected))
		return;
	table_money(t, r, PROJECTED, projected);
	if (projected > q->limit_pusd)
		table_tone(t, r, PROJECTED, TONE_WARN);
}

static void budgets_take(const struct context *c, struct table *t,
			 const struct db_result *res)
{
	struct query_budget q;

	for (int i = 0; i < db_rows(res); i++) {
		struct place *at;
		int64_t used;
		int r;

		query_budget_row(res, i, &q);
		r = table_add(t, &q.id, sizeof(q.id), -1);
		at = &t->rows[r].at;
		at->class_id = q.class_id;
		at->agent_id = q.agent_id;
		at->team_id = q.team_id;
		at->name = table_keep(t, q.subject);
		table_text(t, r, SUBJECT, q.subject);
		table_text(t, r, SCOPE, q.scope);
		table_text(t, r, PERIOD, q.period);
		used = query_budget_used(&q);
		table_ratio(t, r, USED, used);
		if (used > 0)
			table_bar(t, r, BAR, 0, used);
		else
			table_none(t, r, BAR, "");
		table_tone(t, r, USED, tone_of(used));
		table_tone(t, r, BAR, tone_of(used));
		fill_money(t, r, c, &q);
		table_flag(t, r, HARD, q.hard);
		table_time(t, r, UNTIL, q.until_us);
		if (!str_is(q.period, "total"))
			table_time(t, r, SINCE, q.since_us);
		table_int(t, r, ID, q.id);
	}
}

static const struct view *budgets_enter(const struct table *t, int row,
					struct place *to)
{
	*to = t->rows[row].at;
	if (to->class_id || to->agent_id || to->team_id)
		return &view_tasks;
	return NULL;
}

static const char *budgets_empty(const struct place *at,
				 const struct context *c)
{
	(void)at;
	(void)c;
	return "There are no budgets. 'aco budget --help' tells how to set one "
	       "for a team,\nan agent, a class, a key or a task.";
}

static const struct ask asks[] = {
	{&sql_query_budgets, budgets_args, budgets_take, 0},
};

const struct view view_budgets = {
	.name = "budgets",
	.title = "budgets",
	.about = "what may be spent, what is, and where it leads",
	.layout = VIEW_LIST,
	.cols = cols,
	.n_cols = COLS,
	.sort = USED,
	.desc = true,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = budgets_enter,
	.empty = budgets_empty,
	.key = '7',
};
