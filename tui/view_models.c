/* Models and tiers: what the money buys. Tasks use several models, so that
 * there is no success of a model here; a class is looked into by Enter. */
#include <stdio.h>

#include "tui/view_spend.h"

enum {
	NAME,
	PROVIDER,
	TIER,
	SPEND,
	SHARE = SPEND + SPEND_N,
	PER_CALL,
	FAIL_RATE,
	CALLS,
	COLS = CALLS + CALLS_N
};

static const struct spend_blocks blocks = {SPEND, CALLS, -1};

#define SHARED                                                                 \
	SPEND_COLUMNS(SPEND),                                                  \
		[SHARE] = {.name = "share",                                    \
			   .title = "SHARE",                                   \
			   .help = "of all spend in this range",               \
			   .kind = CELL_RATIO,                                 \
			   .drop = 5},                                         \
		[PER_CALL] = {.name = "cost_per_call_usd",                     \
			      .title = "$/CALL",                               \
			      .help = "spend for each priced call",            \
			      .kind = CELL_MONEY,                              \
			      .drop = 6},                                      \
		[FAIL_RATE] = {.name = "failed_share",                         \
			       .title = "FAIL%",                               \
			       .help = "share of attempts that failed",        \
			       .kind = CELL_RATIO,                             \
			       .drop = 7},                                     \
		CALLS_COLUMNS(CALLS)

static const struct column model_cols[COLS] = {
	[NAME] = {.name = "model",
		  .title = "MODEL",
		  .help = "the model that served",
		  .width = 36},
	[PROVIDER] = {.name = "provider",
		      .title = "PROVIDER",
		      .help = "whose model it is",
		      .width = 14,
		      .drop = 9},
	[TIER] = {.name = "tier",
		  .title = "TIER",
		  .help = "1 cheapest to 5 most capable",
		  .kind = CELL_INT,
		  .drop = 3},
	SHARED,
};

static const struct column tier_cols[COLS] = {
	[NAME] = {.name = "name",
		  .title = "TIER",
		  .help = "bands of price: 1 cheapest to 5 most capable",
		  .width = 12},
	[PROVIDER] = {.name = "provider"},
	[TIER] = {.name = "tier", .kind = CELL_INT},
	SHARED,
};

static int64_t micro(__int128 a, __int128 b)
{
	return b > 0 && a >= 0 ? (int64_t)query_ratio(a * 1000000, b) : 0;
}

static void fill(const struct context *c, struct table *t, int i,
		 const struct db_result *res)
{
	struct query_group q;
	struct place *at;
	int r;

	query_group_row(res, i, &q);
	r = table_add(t, &q.id, sizeof(q.id), -1);
	at = &t->rows[r].at;
	if (t->cols == tier_cols)
		at->tier = q.id;
	else
		at->model_id = q.id;
	at->name = table_keep(t, q.name);
	table_text(t, r, NAME, q.name);
	table_text(t, r, PROVIDER, q.provider);
	if (q.tier > 0)
		table_int(t, r, TIER, q.tier);
	spend_fill(t, r, &blocks, c, &q);
	table_ratio(t, r, SHARE, micro(q.cost_pusd, c->totals.cost_pusd));
	if (q.attempts > q.unpriced)
		table_money(t, r, PER_CALL,
			    q.cost_pusd / (q.attempts - q.unpriced));
	if (q.attempts > 0) {
		table_ratio(t, r, FAIL_RATE, micro(q.errors, q.attempts));
		if (q.errors * 20 >= q.attempts)
			table_tone(t, r, FAIL_RATE, TONE_WARN);
	}
}

static void group_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	for (int i = 0; i < db_rows(res); i++)
		fill(c, t, i, res);
}

static bool model_args(const struct query_page *p, const struct context *c,
		       const struct table *t, struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->span, QUERY_MODEL);
	return true;
}

static bool tier_args(const struct query_page *p, const struct context *c,
		      const struct table *t, struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->span, QUERY_TIER);
	return true;
}

static bool model_before_args(const struct query_page *p,
			      const struct context *c, const struct table *t,
			      struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->before, QUERY_MODEL);
	return c->before.until_us > 0;
}

static bool tier_before_args(const struct query_page *p,
			     const struct context *c, const struct table *t,
			     struct db_args *a)
{
	(void)t;
	spend_args(a, p, &c->before, QUERY_TIER);
	return c->before.until_us > 0;
}

static void before_take(const struct context *c, struct table *t,
			const struct db_result *res)
{
	(void)c;
	spend_before(t, SPEND, res);
}

static bool model_trend_args(const struct query_page *p,
			     const struct context *c, const struct table *t,
			     struct db_args *a)
{
	return t->n > 0 && spend_trend_args(a, p, c, QUERY_MODEL);
}

static bool tier_trend_args(const struct query_page *p, const struct context *c,
			    const struct table *t, struct db_args *a)
{
	return t->n > 0 && spend_trend_args(a, p, c, QUERY_TIER);
}

static void trend_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	spend_trend(t, SPEND + SPEND_TREND, c, res);
}

/* To the classes that use it. */
static const struct view *model_enter(const struct table *t, int row,
				      struct place *to)
{
	*to = t->rows[row].at;
	if (to->model_id == 0 && to->tier == 0)
		return NULL;
	return &view_fleet;
}

static const char *models_crumb(const struct place *at)
{
	return spend_crumb(at, "models");
}

static const char *tiers_crumb(const struct place *at)
{
	return spend_crumb(at, "tiers");
}

#define ASKS(what)                                                             \
	{                                                                      \
		{&sql_query_group, what##_args, group_take, 0},                \
			{&sql_query_group, what##_before_args, before_take,    \
			 ASK_SLOW},                                            \
			{&sql_query_spark, what##_trend_args, trend_take,      \
			 ASK_WAITS | ASK_SLOW},                                \
			{&sql_query_spark, spend_stack_args, spend_stack_take, \
			 ASK_PICTURE | ASK_WAITS},                             \
	}
static const struct ask model_asks[] = ASKS(model);
static const struct ask tier_asks[] = ASKS(tier);

const struct view view_models = {
	.name = "models",
	.title = "models",
	.about = "spend and failures by model",
	.layout = VIEW_LIST,
	.cols = model_cols,
	.n_cols = COLS,
	.sort = SPEND,
	.desc = true,
	.asks = model_asks,
	.n_asks = sizeof(model_asks) / sizeof(model_asks[0]),
	.sums = true,
	.enter = model_enter,
	.crumb = models_crumb,
	.empty = spend_empty,
	.key = '3',
	.groups = view_spend_groups,
};

const struct view view_tiers = {
	.name = "tiers",
	.title = "tiers",
	.about = "spend and failures by tier",
	.layout = VIEW_LIST,
	.cols = tier_cols,
	.n_cols = COLS,
	.sort = NAME,
	.asks = tier_asks,
	.n_asks = sizeof(tier_asks) / sizeof(tier_asks[0]),
	.sums = true,
	.enter = model_enter,
	.crumb = tiers_crumb,
	.empty = spend_empty,
	.groups = view_spend_groups,
};
