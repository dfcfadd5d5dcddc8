/* Agents and teams: who spends, and what comes of it. */
#include "tui/view_spend.h"

enum {
	NAME,
	SPEND,
	TASKS = SPEND + SPEND_N,
	BUDGET = TASKS + TASKS_N,
	CALLS,
	COLS = CALLS + CALLS_N
};

static const struct spend_blocks blocks = {SPEND, CALLS, TASKS};

#define COLUMNS(heading, field, about)                                         \
	{                                                                      \
		[NAME] = {.name = (field),                                     \
			  .title = (heading),                                  \
			  .help = (about),                                     \
			  .width = 32},                                        \
		SPEND_COLUMNS(SPEND), TASKS_COLUMNS(TASKS),                    \
		[BUDGET] = {.name = "budget_used",                             \
			    .title = "BUDGET",                                 \
			    .help = "used of its tightest budget",             \
			    .kind = CELL_RATIO,                                \
			    .drop = 6},                                        \
		CALLS_COLUMNS(CALLS),                                          \
	}

static const struct column agent_cols[COLS] =
	COLUMNS("AGENT", "agent", "who works on the tasks");
static const struct column team_cols[COLS] =
	COLUMNS("TEAM", "team", "whose budget the tasks are on");

static void fill(const struct context *c, struct table *t, int i,
		 const struct db_result *res, bool team)
{
	struct query_group q;
	struct place *at;
	int r;

	query_group_row(res, i, &q);
	r = table_add(t, &q.id, sizeof(q.id), -1);
	at = &t->rows[r].at;
	if (team)
		at->team_id = q.id;
	else
		at->agent_id = q.id;
	at->name = table_keep(t, q.name);
	table_text(t, r, NAME, q.name);
	spend_fill(t, r, &blocks, c, &q);
}

/* Whose the table is. */
static enum query_dim dim_of(const struct table *t)
{
	return t->cols == team_cols ? QUERY_TEAM : QUERY_AGENT;
}

static bool agent_args(const struct query_page *p, const struct context *c,
		       const struct table *t, struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->span, QUERY_AGENT);
	return true;
}

static bool team_args(const struct query_page *p, const struct context *c,
		      const struct table *t, struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->span, QUERY_TEAM);
	return true;
}

static void agent_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	for (int i = 0; i < db_rows(res); i++)
		fill(c, t, i, res, false);
	spend_budget_show(c, t, BUDGET, QUERY_AGENT);
}

static void team_take(const struct context *c, struct table *t,
		      const struct db_result *res)
{
	for (int i = 0; i < db_rows(res); i++)
		fill(c, t, i, res, true);
	spend_budget_show(c, t, BUDGET, QUERY_TEAM);
}

static bool agent_before_args(const struct query_page *p,
			      const struct context *c, const struct table *t,
			      struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->before, QUERY_AGENT);
	return c->before.until_us > 0;
}

static bool team_before_args(const struct query_page *p,
			     const struct context *c, const struct table *t,
			     struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->before, QUERY_TEAM);
	return c->before.until_us > 0;
}

static void before_take(const struct context *c, struct table *t,
			const struct db_result *res)
{
	(void)c;
	spend_before(t, SPEND, res);
}

static bool agent_trend_args(const struct query_page *p,
			     const struct context *c, const struct table *t,
			     struct db_args *a)
{
	return t->n > 0 && spend_trend_args(a, p, c, QUERY_AGENT);
}

static bool team_trend_args(const struct query_page *p, const struct context *c,
			    const struct table *t, struct db_args *a)
{
	return t->n > 0 && spend_trend_args(a, p, c, QUERY_TEAM);
}

static void trend_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	spend_trend(t, SPEND + SPEND_TREND, c, res);
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
	spend_budget_take(c, t, BUDGET, dim_of(t), res);
}

static const struct view *people_enter(const struct table *t, int row,
				       struct place *to)
{
	*to = t->rows[row].at;
	return &view_tasks;
}

static const char *agents_crumb(const struct place *at)
{
	return spend_crumb(at, "agents");
}

static const char *teams_crumb(const struct place *at)
{
	return spend_crumb(at, "teams");
}

#define ASKS(who)                                                              \
	{                                                                      \
		{&sql_query_group, who##_args, who##_take, 0},                 \
			{&sql_query_group, who##_before_args, before_take,     \
			 ASK_SLOW},                                            \
			{&sql_query_spark, who##_trend_args, trend_take,       \
			 ASK_WAITS | ASK_SLOW},                                \
			{&sql_query_budgets, budget_args, budget_take,         \
			 ASK_WAITS},                                           \
			{&sql_query_spark, spend_stack_args, spend_stack_take, \
			 ASK_PICTURE | ASK_WAITS},                             \
			{&sql_query_heat, spend_heat_args, spend_heat_take,    \
			 ASK_PICTURE | ASK_WAITS},                             \
	}
static const struct ask agent_asks[] = ASKS(agent);
static const struct ask team_asks[] = ASKS(team);

const struct view view_agents = {
	.name = "agents",
	.title = "agents",
	.about = "spend and success by agent",
	.layout = VIEW_LIST,
	.cols = agent_cols,
	.n_cols = COLS,
	.sort = SPEND,
	.desc = true,
	.asks = agent_asks,
	.n_asks = sizeof(agent_asks) / sizeof(agent_asks[0]),
	.sums = true,
	.enter = people_enter,
	.crumb = agents_crumb,
	.empty = spend_empty,
	.key = '2',
	.groups = view_spend_groups,
};

const struct view view_teams = {
	.name = "teams",
	.title = "teams",
	.about = "spend and success by team",
	.layout = VIEW_LIST,
	.cols = team_cols,
	.n_cols = COLS,
	.sort = SPEND,
	.desc = true,
	.asks = team_asks,
	.n_asks = sizeof(team_asks) / sizeof(team_asks[0]),
	.sums = true,
	.enter = people_enter,
	.crumb = teams_crumb,
	.empty = spend_empty,
	.groups = view_spend_groups,
};
