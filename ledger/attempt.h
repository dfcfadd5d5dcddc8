/* One ledger row in memory, and how two reports of the same call become one.
 *
 * The fields fall into groups; each group remembers the rank of the source it
 * came from, and is taken whole from the better source. At equal rank a fixed
 * order decides (more tokens, earlier start, later end, greater name). So
 * merging is commutative, associative and idempotent: in whatever order the
 * reports arrive, the row ends up the same. */
#ifndef ACO_ATTEMPT_H
#define ACO_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/cost.h"
#include "ledger/event.h"
#include "ledger/names.h"

struct db_result;

enum att_group {
	ATT_WHO,      /* id, task, step, attempt number */
	ATT_MODEL,    /* requested and served model, service tier */
	ATT_USAGE,    /* token buckets, quality */
	ATT_REPORTED, /* the sender's own cost */
	ATT_TIME,     /* start, first token, end */
	ATT_RESULT,   /* status, finish reason, error */
	ATT_ROUTE,    /* decision, escalation, evidence; at equal rank each is
			 taken where it is said */
	ATT_SOURCE,   /* the source's name */
	ATT_GROUP_N
};

/* Names that one call may collect. Beyond, the least ones stay, and the one
 * that is its id. */
#define ATT_KEYS_MAX 32

struct att {
	struct uuid id, task_id, step_id;
	int32_t day, step_day;
	int16_t attempt_no;
	int32_t model_id, requested_model_id; /* 0 = none */
	int32_t service_tier_id, finish_id, error_id, source_id;
	int16_t tier; /* 0 = none */
	enum attempt_status status;
	enum usage_quality quality;
	int64_t started_us, first_token_us, ended_us, received_us;
	struct usage usage;
	int64_t cost_pusd, reported_cost_pusd;   /* or MONEY_NONE */
	int32_t price_id;                        /* 0 = none */
	struct uuid escalated_from, decision_id; /* nil = none */
	float evidence[EVIDENCE_N];              /* NaN: not known */
	uint32_t prov;                           /* 4 bits a group */
	int n_keys;
	struct uuid keys[ATT_KEYS_MAX]; /* sorted */
};

enum source_rank att_rank(const struct att *a, enum att_group g);
void att_set_rank(struct att *a, enum att_group g, enum source_rank rank);

/* Merge `b` into `a`; names settle ties by text, not by id. True when `a`
 * changed. Cost and tier are not touched: see att_price. */
bool att_merge(struct att *a, const struct att *b, const struct names *names);
void att_add_key(struct att *a, struct uuid key);

/* Its evidence: `n` values, the rest not known. One bit pattern stands for
 * each value, so that rows compare as bytes. */
void att_evidence(struct att *a, const float *v, int n);

/* Is it the sum of several calls, which has no long-context price? */
bool att_aggregate(const struct att *a);
/* Price the row by its own model, time, tier and tokens. */
void att_price(struct att *a, const struct names *names,
	       const struct price_book *book);

/* UTC days under which the row's names stand (see attempt_key): at most
 * ATT_KEY_DAYS of them, ascending. Returns how many. */
#define ATT_KEY_DAYS 3
int att_key_days(const struct att *a, int32_t days[ATT_KEY_DAYS]);

/* As a row of COPY attempt (append_attempt.sql). */
void att_copy_row(const struct att *a, struct buf *out);
/* From a row of append_lock_attempts.sql. */
void att_from_row(struct att *a, const struct db_result *r, int row);

#endif
