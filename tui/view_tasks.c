/* Tasks of a class, the first by any of their figures. */
#include "tui/view_spend.h"

#include "ledger/base/clock.h"

enum {
	NAME,
	STARTED,
	COST,
	ATTEMPTS,
	ERRORS,
	SUCCESS,
	TIME,
	ESCALATIONS,
	UNPRICED,
	AGENT,
	CLASS,
	IN,
	CACHED,
	WRITTEN,
	OUT,
	SENDER,
	TEAM,
	ID,
	PARENT,
	GUESSED,
	ENDED,
	ROUTED,
	WRITE_5M,
	WRITE_1H,
	REASONING,
	COLS
};

/* Names that people sort by are those that query_tasks.sql knows. */
static const struct column cols[COLS] = {
	[NAME] = {.name = "ext_id",
		  .title = "TASK",
		  .help = "the name its sender gave it",
		  .width = 40},
	[STARTED] = {.name = "started_at",
		     .title = "STARTED",
		     .help = "start of its first attempt",
		     .kind = CELL_TIME,
		     .drop = 2},
	[COST] = {.name = "cost_usd",
		  .title = "COST",
		  .help = "cost of all its attempts",
		  .kind = CELL_MONEY},
	[ATTEMPTS] = {.name = "attempts",
		      .title = "CALLS",
		      .help = "attempts: calls of a model, failed ones too",
		      .kind = CELL_INT,
		      .drop = 1},
	[ERRORS] = {.name = "errors",
		    .title = "FAILED",
		    .help = "attempts that ended in an error",
		    .kind = CELL_INT,
		    .drop = 6},
	[SUCCESS] = {.name = "success",
		     .title = "OK",
		     .help = "the verdict on it, - if none",
		     .kind = CELL_RATIO},
	[TIME] = {.name = "duration_us",
		  .title = "TIME",
		  .help = "from its first attempt to the end of its last",
		  .kind = CELL_SPAN,
		  .drop = 3},
	[ESCALATIONS] = {.name = "escalations",
			 .title = "ESC",
			 .help = "attempts that moved to a higher tier",
			 .kind = CELL_INT,
			 .drop = 5},
	[UNPRICED] = {.name = "unpriced",
		      .title = "UNPRICED",
		      .help = "attempts whose cost is not known",
		      .kind = CELL_INT,
		      .drop = 7},
	[AGENT] = {.name = "agent",
		   .title = "AGENT",
		   .help = "who worked on it",
		   .width = 16,
		   .drop = 4},
	[CLASS] = {.name = "task_class",
		   .title = "CLASS",
		   .help = "its class",
		   .width = 16,
		   .drop = 8},
	[IN] = {.name = "uncached_in",
		.title = "IN",
		.help = "input tokens that no cache held",
		.kind = CELL_INT,
		.drop = 10},
	[CACHED] = {.name = "cache_read",
		    .title = "CACHED",
		    .help = "input tokens read from a cache",
		    .kind = CELL_INT,
		    .drop = 11},
	[WRITTEN] = {.name = "cache_write",
		     .title = "WRITTEN",
		     .help = "input tokens written to a cache",
		     .kind = CELL_INT,
		     .drop = 12},
	[OUT] = {.name = "output",
		 .title = "OUT",
		 .help = "output tokens, reasoning included",
		 .kind = CELL_INT,
		 .drop = 9},
	[SENDER] = {.name = "sender",
		    .title = "SENDER",
		    .help = "who reported it",
		    .width = 14,
		    .drop = 14},
	[TEAM] = {.name = "team",
		  .title = "TEAM",
		  .help = "whose budget it is on",
		  .width = 14,
		  .drop = 13},
	[ID] = {.name = "task_id"},
	[PARENT] = {.name = "parent_task_id"},
	[GUESSED] = {.name = "class_guessed", .kind = CELL_FLAG},
	[ENDED] = {.name = "ended_at", .kind = CELL_TIME},
	[ROUTED] = {.name = "routed_attempts", .kind = CELL_INT},
	[WRITE_5M] = {.name = "cache_write_5m", .kind = CELL_INT},
	[WRITE_1H] = {.name = "cache_write_1h", .kind = CELL_INT},
	[REASONING] = {.name = "reasoning", .kind = CELL_INT},
};

static struct query_tasks wanted(const struct query_page *p,
				 const struct context *c)
{
	return (struct query_tasks){
		.class_id = p->at.class_id,
		.agent_id = p->at.agent_id,
		.team_id = p->at.team_id,
		.span = c->span,
		.sort = p->sort >= 0 ? cols[p->sort].name : "",
		.desc = p->desc,
		/* One more tells whether there is another page. */
		.limit = VIEW_ROWS + 1,
		.offset = p->offset,
	};
}

/* What people look for first has a way of its own. */
static bool by_cost(const struct query_page *p)
{
	return p->sort == COST && p->desc;
}

static bool dearest_args(const struct query_page *p, const struct context *c,
			 const struct table *t, struct db_args *a)
{
	struct query_tasks q = wanted(p, c);

	(void)t;
	query_dearest_args(a, &q);
	return by_cost(p);
}

static bool tasks_args(const struct query_page *p, const struct context *c,
		       const struct table *t, struct db_args *a)
{
	struct query_tasks q = wanted(p, c);

	(void)t;
	query_tasks_args(a, &q);
	return !by_cost(p);
}

static void fill_figures(struct table *t, int r, const struct query_task *q)
{
	table_money(t, r, COST, q->cost_pusd);
	if (q->unpriced == q->attempts)
		table_none(t, r, COST, "unpriced");
	table_int(t, r, ATTEMPTS, q->attempts);
	table_int(t, r, ERRORS, q->errors);
	if (q->errors > 0)
		table_tone(t, r, ERRORS, TONE_WARN);
	if (q->success_micro >= 0) {
		table_ratio(t, r, SUCCESS, q->success_micro);
		table_tone(t, r, SUCCESS,
			   q->success_micro >= 500000 ? TONE_GOOD : TONE_BAD);
	}
	table_int(t, r, ESCALATIONS, q->escalations);
	table_int(t, r, UNPRICED, q->unpriced);
	if (q->unpriced > 0)
		table_tone(t, r, UNPRICED, TONE_WARN);
	table_int(t, r, IN, q->uncached_in);
	table_int(t, r, CACHED, q->cache_read);
	table_int(t, r, WRITTEN, q->cache_write_5m + q->cache_write_1h);
	table_int(t, r, OUT, q->output);
	table_int(t, r, ROUTED, q->routed);
	table_int(t, r, WRITE_5M, q->cache_write_5m);
	table_int(t, r, WRITE_1H, q->cache_write_1h);
	table_int(t, r, REASONING, q->reasoning);
}

static void fill_row(struct table *t, int r, const struct query_task *q)
{
	t->rows[r].at.task = q->id;
	t->rows[r].at.task_name = table_keep(t, q->ext_id);
	t->rows[r].at.class_id = q->class_id;
	t->rows[r].at.class_name = table_keep(t, q->class_name);
	table_text(t, r, NAME, q->ext_id);
	table_time(t, r, STARTED, q->started_us);
	table_time(t, r, ENDED, q->ended_us);
	if (q->started_us == TIME_NONE) {
		table_none(t, r, STARTED, "undated");
		table_tone(t, r, STARTED, TONE_WARN);
	} else if (q->ended_us != TIME_NONE) {
		table_span(t, r, TIME, q->ended_us - q->started_us);
	}
	table_text(t, r, AGENT, q->agent);
	table_text(t, r, CLASS, q->class_name);
	table_text(t, r, SENDER, q->sender);
	table_text(t, r, TEAM, q->team);
	table_flag(t, r, GUESSED, q->class_guessed);
	table_uuid(t, r, ID, q->id);
	table_uuid(t, r, PARENT, q->parent);
	fill_figures(t, r, q);
}

static void tasks_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	int n = db_rows(res);
	struct query_task q;

	(void)c;
	t->more = n > VIEW_ROWS;
	for (int i = 0; i < n && i < VIEW_ROWS; i++) {
		query_task_row(res, i, &q);
		fill_row(t, table_add(t, q.id.b, sizeof(q.id.b), -1), &q);
	}
}

static const struct view *tasks_enter(const struct table *t, int row,
				      struct place *to)
{
	*to = t->rows[row].at;
	return &view_task;
}

static const char *tasks_crumb(const struct place *at)
{
	return spend_crumb(at, "tasks");
}

static const char *tasks_empty(const struct place *at, const struct context *c)
{
	(void)at;
	return view_nothing(c);
}

static const struct ask asks[] = {
	{&sql_query_tasks, tasks_args, tasks_take, 0},
	{&sql_query_dearest, dearest_args, tasks_take, 0},
	{&sql_query_histogram, spend_hist_args, spend_hist_take,
	 ASK_PICTURE | ASK_WAITS},
	{&sql_query_heat, spend_heat_args, spend_heat_take,
	 ASK_PICTURE | ASK_WAITS},
};

const struct view view_tasks = {
	.name = "tasks",
	.title = "tasks",
	.about = "tasks that started in this range",
	.layout = VIEW_LIST,
	.cols = cols,
	.n_cols = COLS,
	.sort = COST,
	.desc = true,
	.paged = true,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = tasks_enter,
	.crumb = tasks_crumb,
	.empty = tasks_empty,
	.key = '4',
	.newest = STARTED,
};
