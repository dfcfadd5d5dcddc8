/* One decision of the router: what it promised of each tier, and why this
 * plan. */
#include <stdio.h>

#include "tui/reasons.h"
#include "tui/view.h"

enum {
	PLAN,
	POLICY,
	LIVE,
	PROPENSITY,
	AT,
	TIERS,
	MOVED,
	RULES,
	TASK,
	CLASS,
	AGENT,
	SUCCESS,
	TASK_COST,
	BUNDLE,
	ID,
	TASK_ID,
	COLS
};

static const struct column cols[COLS] = {
	[PLAN] = {.name = "plan",
		  .title = "plan",
		  .help = "which tiers are tried, in their order",
		  .section = "DECISION"},
	[POLICY] = {.name = "policy",
		    .title = "policy",
		    .help = "the policy that decided"},
	[LIVE] = {.name = "live",
		  .title = "live",
		  .help = "no: in the shadow, without effect",
		  .kind = CELL_FLAG},
	[PROPENSITY] = {.name = "propensity",
			.title = "chance",
			.help = "probability with which this plan was chosen",
			.kind = CELL_RATIO},
	[AT] = {.name = "decided_at",
		.title = "decided",
		.help = "when",
		.kind = CELL_TIME},
	[TIERS] = {.name = "tiers",
		   .title = "tiers",
		   .help = "success, its interval and expected cost of each",
		   .kind = CELL_LINES,
		   .section = "WHAT EACH PROMISED"},
	[MOVED] = {.name = "moved",
		   .title = "moved",
		   .help = "features that moved the probability most",
		   .kind = CELL_LINES,
		   .section = "WHAT MOVED IT"},
	[RULES] = {.name = "rules",
		   .title = "rules",
		   .help = "rules, floors, budgets and pins",
		   .kind = CELL_LINES,
		   .section = "WHY"},
	[TASK] = {.name = "task_ext_id",
		  .title = "task",
		  .help = "for which task; Enter shows it",
		  .section = "PLACE",
		  .aside = true},
	[CLASS] = {.name = "task_class",
		   .title = "class",
		   .help = "of the task"},
	[AGENT] = {.name = "agent", .title = "agent", .help = "who asked"},
	[SUCCESS] = {.name = "success",
		     .title = "success",
		     .help = "the verdict on the task",
		     .kind = CELL_RATIO},
	[TASK_COST] = {.name = "task_cost_usd",
		       .title = "task cost",
		       .help = "of the task up to now",
		       .kind = CELL_MONEY},
	[BUNDLE] = {.name = "bundle_id",
		    .title = "router",
		    .help = "its version",
		    .kind = CELL_ID},
	[ID] = {.name = "decision_id",
		.title = "id",
		.help = "in the table decision",
		.width = 36},
	[TASK_ID] = {.name = "task_id"},
};

static bool decision_args(const struct query_page *p, const struct context *c,
			  const struct table *t, struct db_args *a)
{
	(void)c;
	(void)t;
	query_decision_args(a, p->at.decision_day, p->at.decision);
	return true;
}

static void fill_lines(struct table *t, int col, const struct query_decision *d,
		       void (*tell)(const struct query_decision *d,
				    struct buf *out))
{
	struct buf b;

	buf_init(&b, 1 << 16);
	tell(d, &b);
	if (b.len > 0)
		table_text(t, 0, col, str_from(buf_str(&b)));
	buf_release(&b);
}

static void decision_take(const struct context *c, struct table *t,
			  const struct db_result *res)
{
	struct query_decision d;

	(void)c;
	if (db_rows(res) == 0)
		return;
	query_decision_row(res, 0, &d);
	table_add(t, d.id.b, sizeof(d.id.b), -1);
	t->rows[0].at.task = d.task;
	t->rows[0].at.task_name = table_keep(t, d.task_name);
	t->rows[0].at.decision = d.id;
	table_text(t, 0, PLAN, d.plan);
	table_text(t, 0, POLICY, d.policy);
	table_flag(t, 0, LIVE, d.live);
	table_ratio(t, 0, PROPENSITY, d.propensity_micro);
	table_time(t, 0, AT, d.decided_us);
	fill_lines(t, TIERS, &d, reasons_tiers);
	fill_lines(t, MOVED, &d, reasons_moved);
	fill_lines(t, RULES, &d, reasons_rules);
	table_text(t, 0, TASK, d.task_name);
	table_text(t, 0, CLASS, d.class_name);
	table_text(t, 0, AGENT, d.agent);
	if (d.success_micro >= 0)
		table_ratio(t, 0, SUCCESS, d.success_micro);
	table_money(t, 0, TASK_COST, d.task_pusd);
	if (d.bundle_id)
		table_int(t, 0, BUNDLE, d.bundle_id);
	table_uuid(t, 0, ID, d.id);
	table_uuid(t, 0, TASK_ID, d.task);
}

static const struct view *decision_enter(const struct table *t, int row,
					 struct place *to)
{
	if (uuid_is_nil(t->rows[row].at.task))
		return NULL;
	to->task = t->rows[row].at.task;
	to->task_name = t->rows[row].at.task_name;
	return &view_task;
}

static const char *decision_empty(const struct place *at,
				  const struct context *c)
{
	(void)at;
	(void)c;
	return "This decision is not in the ledger any more.";
}

static const struct ask asks[] = {
	{&sql_query_decision, decision_args, decision_take, 0},
};

const struct view view_decision = {
	.name = "decision",
	.title = "decision",
	.about = "what the router promised of each tier, and why this plan",
	.layout = VIEW_RECORD,
	.needs = NEEDS_DECISION,
	.cols = cols,
	.n_cols = COLS,
	.sort = -1,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = decision_enter,
	.empty = decision_empty,
};
