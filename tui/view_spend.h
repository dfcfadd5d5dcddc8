/* What the screens of spend have in common: the fleet by class, agents, teams,
 * models and tiers are one read model (query_spend.h) under other dimensions.
 * Each keeps the same blocks of columns side by side in its own enum. */
#ifndef ACO_TUI_VIEW_SPEND_H
#define ACO_TUI_VIEW_SPEND_H

#include "tui/view.h"

/* Money: five columns from `at` on. */
enum {
	SPEND_COST,
	SPEND_BEFORE,
	SPEND_CHANGE,
	SPEND_RATE,
	SPEND_TREND,
	SPEND_N
};
#define SPEND_COLUMNS(at)                                                      \
	[(at) + SPEND_COST] = {.name = "cost_usd",                             \
			       .title = "SPEND",                               \
			       .help = "cost of the attempts in this range",   \
			       .kind = CELL_MONEY},                            \
		[(at) + SPEND_BEFORE] =                                        \
			{.name = "before_usd",                                 \
			 .title = "BEFORE",                                    \
			 .help = "the same of the period before",              \
			 .kind = CELL_MONEY,                                   \
			 .drop = 3,                                            \
			 .compare = true},                                     \
		[(at) + SPEND_CHANGE] =                                        \
			{.name = "change",                                     \
			 .title = "CHANGE",                                    \
			 .help = "of spend against the period before",         \
			 .kind = CELL_CHANGE,                                  \
			 .compare = true},                                     \
		[(at) + SPEND_RATE] =                                          \
			{.name = "rate_usd_per_hour",                          \
			 .title = "$/H",                                       \
			 .help = "spend by the hour, over this range",         \
			 .kind = CELL_MONEY,                                   \
			 .drop = 12},                                          \
		[(at) + SPEND_TREND] = {                                       \
			.name = "spend_over_time_usd",                         \
			.title = "OVER TIME",                                  \
			.help = "spend from the beginning of the "             \
				"range to now",                                \
			.kind = CELL_SPARK,                                    \
			.width = 15,                                           \
			.drop = 4}

/* Calls and tokens: twelve columns from `at` on. */
enum {
	CALLS_ATTEMPTS,
	CALLS_ERRORS,
	CALLS_UNPRICED,
	CALLS_IN,
	CALLS_OUT,
	CALLS_CACHED,
	CALLS_WRITTEN,
	CALLS_REASONING,
	CALLS_ESCALATIONS,
	CALLS_WRITE_5M,
	CALLS_WRITE_1H,
	CALLS_N
};
#define CALLS_COLUMNS(at)                                                      \
	[(at) + CALLS_ATTEMPTS] = {.name = "attempts",                         \
				   .title = "CALLS",                           \
				   .help = "attempts: calls of a model, "      \
					   "failed ones too",                  \
				   .kind = CELL_INT,                           \
				   .drop = 2},                                 \
		[(at) + CALLS_ERRORS] =                                        \
			{.name = "errors",                                     \
			 .title = "FAILED",                                    \
			 .help = "attempts that ended in an error",            \
			 .kind = CELL_INT,                                     \
			 .drop = 14},                                          \
		[(at) + CALLS_UNPRICED] =                                      \
			{.name = "unpriced",                                   \
			 .title = "UNPRICED",                                  \
			 .help = "attempts whose cost is not known",           \
			 .kind = CELL_INT,                                     \
			 .drop = 8},                                           \
		[(at) + CALLS_IN] =                                            \
			{.name = "uncached_in",                                \
			 .title = "IN",                                        \
			 .help = "input tokens that no cache held",            \
			 .kind = CELL_INT,                                     \
			 .drop = 15},                                          \
		[(at) + CALLS_OUT] =                                           \
			{.name = "output",                                     \
			 .title = "OUT",                                       \
			 .help = "output tokens, reasoning included",          \
			 .kind = CELL_INT,                                     \
			 .drop = 13},                                          \
		[(at) + CALLS_CACHED] =                                        \
			{.name = "cache_read",                                 \
			 .title = "CACHED",                                    \
			 .help = "input tokens read from a cache",             \
			 .kind = CELL_INT,                                     \
			 .drop = 16},                                          \
		[(at) + CALLS_WRITTEN] =                                       \
			{.name = "cache_write",                                \
			 .title = "WRITTEN",                                   \
			 .help = "input tokens written to a cache",            \
			 .kind = CELL_INT,                                     \
			 .drop = 17},                                          \
		[(at) + CALLS_REASONING] = {.name = "reasoning",               \
					    .title = "REASONED",               \
					    .help = "output tokens spent on "  \
						    "reasoning",               \
					    .kind = CELL_INT,                  \
					    .drop = 18},                       \
		[(at) + CALLS_ESCALATIONS] = {.name = "escalations",           \
					      .kind = CELL_INT},               \
		[(at) + CALLS_WRITE_5M] = {.name = "cache_write_5m",           \
					   .kind = CELL_INT},                  \
		[(at) + CALLS_WRITE_1H] = {.name = "cache_write_1h",           \
					   .kind = CELL_INT}

/* Tasks and what came of them, from `at` on. */
enum {
	TASKS_STARTED,
	TASKS_SUCCESS,
	TASKS_INTERVAL,
	TASKS_PER_SUCCESS,
	TASKS_ESCALATED,
	TASKS_ESCALATED_OBSERVED,
	TASKS_ESCALATED_ROUTED,
	TASKS_JUDGED,
	TASKS_ROUTED,
	TASKS_LOW,
	TASKS_HIGH,
	TASKS_ESCALATED_N,
	TASKS_ESCALATED_ROUTED_N,
	TASKS_N
};
#define TASKS_COLUMNS(at)                                                      \
	[(at) + TASKS_STARTED] = {.name = "tasks",                             \
				  .title = "TASKS",                            \
				  .help = "tasks that started in this range",  \
				  .kind = CELL_INT,                            \
				  .drop = 7},                                  \
		[(at) + TASKS_SUCCESS] =                                       \
			{.name = "success",                                    \
			 .title = "OK",                                        \
			 .help = "share of success among the judged "          \
				 "tasks",                                      \
			 .kind = CELL_RATIO},                                  \
		[(at) + TASKS_INTERVAL] =                                      \
			{.name = "success_interval",                           \
			 .title = "OK 95%",                                    \
			 .help = "where the true share lies, with "            \
				 "95 % confidence",                            \
			 .width = 13,                                          \
			 .drop = 9},                                           \
		[(at) + TASKS_PER_SUCCESS] =                                   \
			{.name = "cost_per_success_usd",                       \
			 .title = "$/OK",                                      \
			 .help = "cost of all judged tasks for "               \
				 "each success",                               \
			 .kind = CELL_MONEY,                                   \
			 .drop = 1},                                           \
		[(at) + TASKS_ESCALATED] =                                     \
			{.name = "escalation_rate",                            \
			 .title = "ESC",                                       \
			 .help = "share of tasks moved to a "                  \
				 "higher tier",                                \
			 .kind = CELL_RATIO,                                   \
			 .drop = 5},                                           \
		[(at) + TASKS_ESCALATED_OBSERVED] =                            \
			{.name = "escalation_rate_observed",                   \
			 .title = "ESC OBS",                                   \
			 .help = "of them moved by whoever sent "              \
				 "them, as observed",                          \
			 .kind = CELL_RATIO,                                   \
			 .drop = 12},                                          \
		[(at) + TASKS_ESCALATED_ROUTED] =                              \
			{.name = "escalation_rate_routed",                     \
			 .title = "ESC RTD",                                   \
			 .help = "of them moved by a decision of "             \
				 "this router",                                \
			 .kind = CELL_RATIO,                                   \
			 .drop = 9},                                           \
		[(at) + TASKS_JUDGED] = {.name = "judged",                     \
					 .title = "JUDGED",                    \
					 .help = "tasks with an outcome",      \
					 .kind = CELL_INT,                     \
					 .drop = 19},                          \
		[(at) + TASKS_ROUTED] =                                        \
			{.name = "routed",                                     \
			 .title = "ROUTED",                                    \
			 .help = "tasks that the router decided on",           \
			 .kind = CELL_INT,                                     \
			 .drop = 20},                                          \
		[(at) + TASKS_LOW] = {.name = "success_low",                   \
				      .kind = CELL_RATIO},                     \
		[(at) + TASKS_HIGH] = {.name = "success_high",                 \
				       .kind = CELL_RATIO},                    \
		[(at) + TASKS_ESCALATED_N] = {.name = "escalated",             \
					      .kind = CELL_INT},               \
		[(at) + TASKS_ESCALATED_ROUTED_N] = {                          \
			.name = "escalated_routed", .kind = CELL_INT}

/* Where a view has these blocks; -1: it has not. */
struct spend_blocks {
	int spend, calls, tasks;
};

void spend_fill(struct table *t, int row, const struct spend_blocks *at,
		const struct context *c, const struct query_group *q);

/* The place that a page looks at, as a restriction; and as a crumb. */
struct query_only spend_only(const struct place *at);

/* Parameters of a view's statements. */
void spend_args(struct db_args *a, const struct query_page *p,
		const struct query_span *span, enum query_dim dim);
bool spend_trend_args(struct db_args *a, const struct query_page *p,
		      const struct context *c, enum query_dim dim);
/* The same rows of the period before: fills BEFORE and CHANGE. */
void spend_before(struct table *t, int spend_col, const struct db_result *r);
void spend_trend(struct table *t, int col, const struct context *c,
		 const struct db_result *r);

/* What the tightest budget of each row has used, into column `col`; the id of a
 * row is that of `dim`. The ask fills them anew every few seconds, `show` puts
 * into a new table what is known. */
bool spend_budget_args(const struct context *c, const struct table *t,
		       struct db_args *a);
void spend_budget_take(const struct context *c, struct table *t, int col,
		       enum query_dim dim, const struct db_result *r);
void spend_budget_show(const struct context *c, struct table *t, int col,
		       enum query_dim dim);

/* Asks for the pictures: spend by tier over time, hours by days, cost per
 * task. */
bool spend_stack_args(const struct query_page *p, const struct context *c,
		      const struct table *t, struct db_args *a);
void spend_stack_take(const struct context *c, struct table *t,
		      const struct db_result *r);
bool spend_heat_args(const struct query_page *p, const struct context *c,
		     const struct table *t, struct db_args *a);
void spend_heat_take(const struct context *c, struct table *t,
		     const struct db_result *r);
bool spend_hist_args(const struct query_page *p, const struct context *c,
		     const struct table *t, struct db_args *a);
void spend_hist_take(const struct context *c, struct table *t,
		     const struct db_result *r);

const char *spend_empty(const struct place *at, const struct context *c);
/* "fleet", or what it is of: the model, the agent. */
const char *spend_crumb(const struct place *at, const char *title);

#endif
