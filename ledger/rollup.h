/* Sums by minute, hour and day, collected as deltas over one transaction and
 * written in this writer's slot. What a row adds to them is defined here and
 * nowhere else: `aco doctor` recomputes it in SQL. */
#ifndef ACO_ROLLUP_H
#define ACO_ROLLUP_H

#include <stdint.h>

#include "ledger/attempt.h"
#include "ledger/base/map.h"
#include "ledger/db.h"

enum task_sum {
	SUM_ATTEMPTS,
	SUM_ERRORS,
	SUM_UNPRICED,
	SUM_ESCALATIONS,
	SUM_ROUTED,
	SUM_ESCALATIONS_ROUTED, /* those that carry a decision */
	SUM_UNCACHED_IN,
	SUM_CACHE_READ,
	SUM_CACHE_WRITE_5M,
	SUM_CACHE_WRITE_1H,
	SUM_OUTPUT,
	SUM_REASONING,
	SUM_N
};
struct sums {
	int64_t n[SUM_N];
	__int128 cost_pusd;
};
void sums_add(struct sums *a, const struct sums *b, int sign);
void sums_of_attempt(const struct att *a, struct sums *out);

/* Whom rows are summed for. */
struct dims {
	int32_t class_id, agent_id, team_id;
};

/* A task as the rollups see it. */
struct task_view {
	struct dims dims;
	int64_t started_us; /* TIME_NONE: undated */
	struct sums sums;
	int32_t success_micro; /* -1: not judged */
};

struct rollup_key {
	int64_t bucket_us; /* undated: 0 */
	struct dims dims;
	int32_t model_id; /* 0 in sums of tasks */
	int16_t tier;
	int16_t grain; /* 0 minute, 1 hour, 2 day */
	int32_t zero;  /* so that no padding is compared */
};
enum {
	TASK_STARTED,
	TASK_JUDGED,
	TASK_SUCCESS,
	TASK_ROUTED,
	TASK_ESCALATED,
	TASK_ESCALATED_ROUTED, /* of them: by a decision of ours */
	TASK_SUM_N
};
struct rollup_row {
	struct rollup_key key;
	struct sums sums;         /* of attempts */
	int64_t task[TASK_SUM_N]; /* of tasks */
	__int128 paid, paid_judged;
};
struct rollup {
	struct rollup_row *rows;
	size_t n, cap;
	struct map map;
	bool sorted;
};
void rollup_init(struct rollup *r);
void rollup_release(struct rollup *r);
void rollup_clear(struct rollup *r);

/* sign is +1 or -1. */
void rollup_attempts(struct rollup *r, int64_t started_us, struct dims d,
		     int32_t model_id, int16_t tier, const struct sums *s,
		     int sign);
void rollup_task(struct rollup *r, const struct task_view *t, int sign);

/* Arguments of append_attempt_rollup.sql and append_task_rollup.sql, in the
 * order of their keys, without rows that came to nothing. Returns how many. */
size_t rollup_attempt_args(struct rollup *r, int16_t slot, struct db_args *a);
size_t rollup_task_args(struct rollup *r, int16_t slot, struct db_args *a);

#endif
