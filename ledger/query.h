/* Read models for people: tasks, steps, attempts, prices (spend by dimensions
 * is in query_spend.h, the router, budgets and the rest in query_watch.h). Each
 * is a statement (sql/queries/query_*.sql), a function that builds its
 * parameters, and one that reads a row of its answer into a struct. Running it
 * is left to the caller, who may do so asynchronously (db.h). Figures over a
 * span of time come from the rollups alone.
 *
 * To add one: write the SQL file, add a struct and the pair of functions here,
 * read the columns in the order of the SQL; tests/int/test_query.c compares
 * each with the raw rows. */
#ifndef ACO_QUERY_H
#define ACO_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/str.h"
#include "ledger/base/uuid.h"
#include "ledger/cost.h"
#include "ledger/db.h"

/* The statements, for db_start() and db_run(). */
extern const struct sql_stmt sql_query_totals, sql_query_fresh, sql_query_class,
	sql_query_tasks, sql_query_dearest, sql_query_task, sql_query_steps,
	sql_query_attempts, sql_query_attempt, sql_query_price;

/* ---- spans of time ---- */

/* Attempts or tasks that started in [since, until), to the minute. `all` means
 * everything, what has no date included; since and until are then ignored. */
struct query_span {
	int64_t since_us, until_us;
	bool all;
};

/* Spans are cut to minutes: since is rounded down, until up. Day 0 holds what
 * has no date and belongs to `all` only. */
struct query_span query_span_cut(struct query_span s);

#define QUERY_EDGES 6
/* Split a cut span into minutes [0,1), hours [1,2), days [2,3), hours [3,4),
 * minutes [4,5), so that as little as possible is read; edges ascend. */
void query_edges(const struct query_span *s, int64_t edge[QUERY_EDGES]);

/* ---- header figures: sql_query_totals, sql_query_fresh ---- */

struct query_totals {
	int64_t attempts, errors, unpriced, unattributed;
	__int128 cost_pusd;
	int64_t undated; /* of the attempts: those without a date */
	__int128 undated_pusd;
};
void query_totals_args(struct db_args *a, const struct query_span *span);
void query_totals_row(const struct db_result *r, int row,
		      struct query_totals *out);

struct query_fresh {
	int64_t oldest_us; /* day of the first dated attempt, or TIME_NONE */
	int64_t newest_us; /* of the last attempt; TIME_NONE: empty ledger;
			      0: nothing has a date */
};
/* The newest attempt is looked for from look_back_us on. */
void query_fresh_args(struct db_args *a, int64_t look_back_us);
void query_fresh_row(const struct db_result *r, int row,
		     struct query_fresh *out);

/* The six edges of a span, and an id or NULL for 0, as parameters. */
void query_edges_args(struct db_args *a, const struct query_span *s);
void query_arg_id(struct db_args *a, int32_t id);
/* a / b rounded to the nearest, halves up; both >= 0, b > 0. */
__int128 query_ratio(__int128 a, __int128 b);

/* ---- tasks: sql_query_tasks, sql_query_dearest, sql_query_task ---- */

struct query_task {
	struct uuid id, parent; /* parent nil: none */
	struct str sender, ext_id, team, agent, class_name;
	int32_t class_id;
	bool class_guessed;
	int64_t started_us, ended_us; /* TIME_NONE: undated */
	int64_t attempts, errors, unpriced, escalations, routed;
	int64_t uncached_in, cache_read, cache_write_5m, cache_write_1h;
	int64_t output, reasoning;
	__int128 cost_pusd;
	int32_t success_micro; /* -1: not judged */
};
struct query_tasks {
	int32_t class_id, agent_id, team_id; /* 0: any */
	struct query_span span;
	const char *sort; /* a name in sql/queries/query_tasks.sql */
	bool desc;
	int64_t limit, offset;
};
void query_tasks_args(struct db_args *a, const struct query_tasks *q);
/* For sql_query_dearest, which answers the same as sql_query_tasks by
 * "cost_usd", descending, and looks at few rows for it; `sort` and `desc` are
 * not read. */
void query_dearest_args(struct db_args *a, const struct query_tasks *q);
/* By uuid when `name` is one, else by the name its sender gave it. */
void query_task_args(struct db_args *a, struct str name);
void query_task_row(const struct db_result *r, int row, struct query_task *out);

/* ---- steps and attempts: sql_query_steps, sql_query_attempts ---- */

struct query_step {
	int32_t day;
	struct uuid id;
	int32_t seq; /* 0: not known */
	struct str kind, tool;
	int failed; /* 1 yes, 0 no, -1 not known */
	int64_t started_us;
};
/* Of a task that started and ended then (TIME_NONE: without a date). */
void query_of_task_args(struct db_args *a, struct uuid task, int64_t started_us,
			int64_t ended_us, int64_t limit);
void query_step_row(const struct db_result *r, int row, struct query_step *out);

struct query_attempt {
	int32_t day;
	struct uuid id, task, step;
	int attempt_no;
	int64_t started_us, first_token_us, ended_us, received_us;
	struct str provider, requested_model, model;
	int tier; /* 0: none */
	struct usage usage;
	int64_t cost_pusd; /* MONEY_NONE: not priced */
	int32_t price_id;  /* 0: none */
	int64_t reported_cost_pusd;
	struct str status, finish_reason, error_class, service_tier, quality;
	struct str source;
	struct uuid escalated_from, decision; /* nil: none */
};
void query_attempt_row(const struct db_result *r, int row,
		       struct query_attempt *out);

/* One attempt with what surrounds it: sql_query_attempt. */
struct query_attempt_full {
	struct query_attempt a;
	struct str task_ext_id, class_name, agent, team, sender;
	struct query_step step; /* kind, tool, seq, failed */
	int64_t names;          /* identifiers it is known under */
	int64_t corrections;
	bool aggregate;              /* its tokens are a sum over calls */
	struct str evidence;         /* what its decision saw; "0.5 - 1 ..." */
	int64_t corrected_from_pusd; /* before all corrections; MONEY_NONE */
};
void query_attempt_args(struct db_args *a, int32_t day, struct uuid id);
void query_attempt_full_row(const struct db_result *r, int row,
			    struct query_attempt_full *out);

/* ---- prices: sql_query_price ---- */

enum query_rate {
	RATE_INPUT,
	RATE_OUTPUT,
	RATE_CACHE_READ,
	RATE_CACHE_WRITE_5M,
	RATE_CACHE_WRITE_1H,
	RATE_REASONING,
	RATE_AUDIO_IN,
	RATE_AUDIO_OUT,
	RATE_TIER_INPUT,
	RATE_TIER_OUTPUT,
	RATE_TIER_CACHE_READ,
	RATE_TIER_CACHE_WRITE_5M,
	RATE_TIER_CACHE_WRITE_1H,
	RATE_BATCH_INPUT,
	RATE_BATCH_OUTPUT,
	RATE_FLEX_INPUT,
	RATE_FLEX_OUTPUT,
	RATE_FLEX_CACHE_READ,
	RATE_PRIORITY_INPUT,
	RATE_PRIORITY_OUTPUT,
	RATE_PRIORITY_CACHE_READ,
	RATE_N
};
struct query_price {
	int32_t id;
	struct str source, provider, model, mode, utc_window, deprecated;
	int32_t source_day, valid_from_day; /* DAY_NONE: not given */
	int64_t fusd[RATE_N];               /* a token; MONEY_NONE: unknown */
	int64_t tier_start_tokens, context_window, max_output; /* -1: none */
	int64_t per_request_pusd, web_search_pusd; /* MONEY_NONE: none */
	int64_t imported_us;
};
#define QUERY_DAY_NONE INT32_MIN
void query_price_args(struct db_args *a, int32_t price_id);
void query_price_row(const struct db_result *r, int row,
		     struct query_price *out);

#endif
