/* Read models of spend by one dimension: class, agent, team, model or tier.
 * As query.h: a statement, its parameters, a reader of its rows. */
#ifndef ACO_QUERY_SPEND_H
#define ACO_QUERY_SPEND_H

#include "ledger/query.h"

extern const struct sql_stmt sql_query_group, sql_query_spark, sql_query_heat,
	sql_query_histogram, sql_query_oracle;

enum query_dim {
	QUERY_CLASS,
	QUERY_AGENT,
	QUERY_TEAM,
	QUERY_MODEL,
	QUERY_TIER
};
/* Only what has these; 0: any. */
struct query_only {
	int32_t class_id, agent_id, team_id, model_id;
	int tier;
};

/* ---- sums: sql_query_group ---- */

struct query_group {
	int32_t id; /* of dict or model; the tier itself */
	struct str name, provider;
	int tier; /* 0: none, or not of a model */
	/* of tasks; zeros where the dimension is not one of tasks */
	int64_t tasks, judged, success_micro, routed;
	int64_t escalated, escalated_routed; /* of all, by a decision */
	__int128 paid_pusd, paid_judged_pusd;
	/* of attempts in the span */
	int64_t attempts, errors, unpriced, escalations;
	int64_t uncached_in, cache_read, cache_write_5m, cache_write_1h;
	int64_t output, reasoning;
	__int128 cost_pusd;
};
void query_group_args(struct db_args *a, const struct query_span *span,
		      enum query_dim dim, const struct query_only *only);
void query_group_row(const struct db_result *r, int row,
		     struct query_group *out);
/* What a success cost: paid_judged / successes; false without a success. */
bool query_cost_per_success(const struct query_group *g, __int128 *pusd);

/* The 95 % interval of a rate of `good` millionths in sum over n trials
 * (Wilson's score interval); n > 0, results in millionths. */
void query_wilson(int64_t good_micro, int64_t n, int64_t *low, int64_t *high);

/* ---- spend over time: sql_query_spark ---- */

enum query_grain {
	QUERY_MINUTE,
	QUERY_HOUR,
	QUERY_DAY
};
int64_t query_grain_us(enum query_grain g);
/* Spend by dimension in `slots` equal stretches of [since, until). */
void query_spark_args(struct db_args *a, enum query_grain grain,
		      int64_t since_us, int64_t until_us, int slots,
		      enum query_dim dim, const struct query_only *only);
struct query_spark {
	int32_t id;
	int slot; /* 0..slots-1 */
	__int128 cost_pusd;
};
void query_spark_row(const struct db_result *r, int row,
		     struct query_spark *out);

/* Spend by the hour: sql_query_heat. Model and tier are not heeded. */
void query_heat_args(struct db_args *a, int64_t since_us, int64_t until_us,
		     const struct query_only *only);
void query_heat_row(const struct db_result *r, int row, int64_t *bucket_us,
		    __int128 *cost_pusd);

/* Cost per task: sql_query_histogram. Bin n: from 2^n pico-dollars on. */
void query_histogram_args(struct db_args *a, const struct query_span *span,
			  const struct query_only *only);
void query_histogram_row(const struct db_result *r, int row, int *bin,
			 int64_t *tasks);

/* ---- the oracle: sql_query_oracle ---- */

struct query_oracle {
	int32_t class_id;
	int64_t judged, observed; /* tasks */
	__int128 paid_pusd, oracle_pusd;
	__int128 low_pusd, high_pusd; /* if has_interval */
	bool has_interval;
	int64_t success_micro, oracle_success_micro; /* sums over judged */
	__int128 strongest_pusd, cheapest_pusd;      /* if known */
	bool has_strongest, has_cheapest;
};
/* The UTC days that a span touches: what the figures of the oracle are of. */
void query_oracle_args(struct db_args *a, const struct query_span *span);
struct query_span query_oracle_span(const struct query_span *span);
void query_oracle_row(const struct db_result *r, int row,
		      struct query_oracle *out);
/* The share of the possible saving that was realised, in millionths; false
 * where always-strongest is not known or leaves nothing to save. */
bool query_capture(const struct query_oracle *o, int64_t *micro);

#endif
