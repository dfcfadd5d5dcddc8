/* Decisions of the router as they are made, the newest first. */
#include <stdio.h>

#include "tui/reasons.h"
#include "tui/view.h"

#define DECISIONS_MAX 200

enum {
	AT,
	TASK,
	CLASS,
	PLAN,
	TIER,
	P,
	COST,
	WHY,
	LIVE,
	SUCCESS,
	AGENT,
	POLICY,
	PROPENSITY,
	EXPLORED,
	BUNDLE,
	TASK_COST,
	ID,
	TASK_ID,
	COLS
};

static const struct column cols[COLS] = {
	[AT] = {.name = "decided_at",
		.title = "DECIDED",
		.help = "when",
		.kind = CELL_TIME},
	[TASK] = {.name = "task_ext_id",
		  .title = "TASK",
		  .help = "for which task",
		  .width = 28,
		  .drop = 4},
	[CLASS] = {.name = "task_class",
		   .title = "CLASS",
		   .help = "its class",
		   .width = 16,
		   .drop = 3},
	[PLAN] = {.name = "plan",
		  .title = "PLAN",
		  .help = "which tiers are tried, in their order",
		  .width = 24},
	[P] = {.name = "p_success",
	       .title = "P",
	       .help = "promised success of the tier that begins",
	       .kind = CELL_RATIO,
	       .drop = 1},
	[COST] = {.name = "expected_cost_usd",
		  .title = "EXPECTED",
		  .help = "expected cost of the tier that begins",
		  .kind = CELL_MONEY,
		  .drop = 5},
	[WHY] = {.name = "bound_by",
		 .title = "WHY",
		 .help = "the rule, floor or budget that decided",
		 .width = 24,
		 .prose = true,
		 .drop = 2},
	[LIVE] = {.name = "live",
		  .title = "LIVE",
		  .help = "no: in the shadow, without effect",
		  .kind = CELL_FLAG,
		  .drop = 6},
	[SUCCESS] = {.name = "success",
		     .title = "OK",
		     .help = "the verdict on the task, - if none yet",
		     .kind = CELL_RATIO,
		     .drop = 7},
	[AGENT] = {.name = "agent",
		   .title = "AGENT",
		   .help = "who asked",
		   .width = 16,
		   .drop = 8},
	[POLICY] = {.name = "policy",
		    .title = "POLICY",
		    .help = "the policy that decided",
		    .width = 16,
		    .drop = 9},
	[PROPENSITY] = {.name = "propensity",
			.title = "CHANCE",
			.help = "probability with which this plan was chosen",
			.kind = CELL_RATIO,
			.drop = 11},
	[EXPLORED] = {.name = "explored",
		      .title = "RANDOM",
		      .help = "chosen at random, to learn from it",
		      .kind = CELL_FLAG,
		      .drop = 12},
	[BUNDLE] = {.name = "bundle_id",
		    .title = "ROUTER",
		    .help = "its version",
		    .kind = CELL_ID,
		    .drop = 13},
	[TASK_COST] = {.name = "task_cost_usd",
		       .title = "TASK COST",
		       .help = "of the task up to now",
		       .kind = CELL_MONEY,
		       .drop = 10},
	[TIER] = {.name = "tier",
		  .title = "TIER",
		  .help = "of the model that begins",
		  .kind = CELL_INT,
		  .drop = 5},
	[ID] = {.name = "decision_id"},
	[TASK_ID] = {.name = "task_id"},
};

static bool decisions_args(const struct query_page *p, const struct context *c,
			   const struct table *t, struct db_args *a)
{
	(void)t;
	query_decisions_args(a, &c->span, p->at.class_id, DECISIONS_MAX + 1);
	return true;
}

static void fill_promise(struct table *t, int r, const struct query_decision *d)
{
	int tier = reasons_tier(d);
	__int128 pusd;
	double p;

	if (d->p_micro >= 0)
		table_ratio(t, r, P, d->p_micro);
	if (d->has_arm_pusd)
		table_money(t, r, COST, d->arm_pusd);
	if (tier == 0)
		return;
	table_int(t, r, TIER, tier);
	if (d->p_micro >= 0)
		return;
	if (reasons_p(d->p_success, tier - 1, &p) && p >= 0 && p <= 1)
		table_ratio(t, r, P, (int64_t)(p * 1e6 + 0.5));
	if (reasons_pusd(d->expected_pusd, tier - 1, &pusd))
		table_money(t, r, COST, pusd);
}

static void fill(struct table *t, const struct query_decision *d)
{
	int r = table_add(t, d->id.b, sizeof(d->id.b), -1);
	struct place *at = &t->rows[r].at;

	at->decision = d->id;
	at->decision_day = d->day;
	at->task = d->task;
	at->task_name = table_keep(t, d->task_name);
	at->class_id = d->class_id;
	table_time(t, r, AT, d->decided_us);
	table_text(t, r, TASK, d->task_name);
	table_text(t, r, CLASS, d->class_name);
	table_text(t, r, AGENT, d->agent);
	table_text(t, r, PLAN, d->plan);
	table_text(t, r, POLICY, d->policy);
	table_text(t, r, WHY, d->bound_by.len ? d->bound_by : d->rule);
	table_flag(t, r, LIVE, d->live);
	table_flag(t, r, EXPLORED, d->explored);
	if (d->explored)
		table_tone(t, r, EXPLORED, TONE_WARN);
	table_ratio(t, r, PROPENSITY, d->propensity_micro);
	if (d->bundle_id)
		table_int(t, r, BUNDLE, d->bundle_id);
	if (d->success_micro >= 0) {
		table_ratio(t, r, SUCCESS, d->success_micro);
		table_tone(t, r, SUCCESS,
			   d->success_micro >= 500000 ? TONE_GOOD : TONE_BAD);
	}
	table_money(t, r, TASK_COST, d->task_pusd);
	table_uuid(t, r, ID, d->id);
	table_uuid(t, r, TASK_ID, d->task);
	fill_promise(t, r, d);
}

static void decisions_take(const struct context *c, struct table *t,
			   const struct db_result *res)
{
	struct query_decision d;

	(void)c;
	t->more = db_rows(res) > DECISIONS_MAX;
	for (int i = 0; i < db_rows(res) && i < DECISIONS_MAX; i++) {
		query_decisions_row(res, i, &d);
		fill(t, &d);
	}
}

static const struct view *decisions_enter(const struct table *t, int row,
					  struct place *to)
{
	*to = t->rows[row].at;
	return &view_decision;
}

static const char *decisions_empty(const struct place *at,
				   const struct context *c)
{
	(void)at;
	if (c->header.live < 0)
		return "The router has decided nothing yet. It does once calls "
		       "go through the\ngateway of aco serve with a virtual "
		       "model such as \"auto\".";
	return view_nothing(c);
}

static const struct ask asks[] = {
	{&sql_query_decisions, decisions_args, decisions_take, 0},
};

const struct view view_decisions = {
	.name = "decisions",
	.title = "decisions",
	.about = "what the router decides, as it does",
	.layout = VIEW_LIST,
	.cols = cols,
	.n_cols = COLS,
	.sort = AT,
	.desc = true,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = decisions_enter,
	.empty = decisions_empty,
	.key = '5',
	.newest = AT,
};
