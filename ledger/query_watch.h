/* Read models of what people watch: the router's versions and decisions,
 * budgets, what needs somebody, and search. As query.h. Texts point into the
 * answer they were read from. */
#ifndef ACO_QUERY_WATCH_H
#define ACO_QUERY_WATCH_H

#include "ledger/query.h"

extern const struct sql_stmt sql_query_header, sql_query_budgets,
	sql_query_bundles, sql_query_bundle, sql_query_decisions,
	sql_query_decision, sql_query_attention, sql_query_dead,
	sql_query_search, sql_query_find;

/* ---- budgets ---- */

struct query_budget {
	int32_t id;
	struct str scope, subject, period;
	bool hard;
	__int128 limit_pusd;
	int64_t since_us, until_us; /* of the period; until TIME_NONE: no end */
	__int128 settled_pusd, reserved_pusd; /* through leases */
	__int128 ledger_pusd;                 /* if in_ledger */
	bool in_ledger;
	int32_t class_id, agent_id, team_id; /* 0: not of that scope */
};
void query_budgets_args(struct db_args *a, int64_t now_us);
void query_budget_row(const struct db_result *r, int row,
		      struct query_budget *out);
/* What is spent: by the ledger where it knows, by leases where that is more. */
__int128 query_budget_spent(const struct query_budget *b);
/* Spent and reserved, in millionths of the limit; a limit of nothing is used
 * up by anything. */
int64_t query_budget_used(const struct query_budget *b);
/* What will be spent at the end of a stretch of time, if it goes on as from
 * since to now; false before a twentieth of it has passed. */
bool query_projected(__int128 spent_pusd, int64_t since_us, int64_t until_us,
		     int64_t now_us, __int128 *pusd);

/* ---- the header ---- */

struct query_header {
	__int128 today_pusd;             /* what attempts of today cost */
	__int128 budget_pusd;            /* of a day, if has_budget */
	bool has_budget, has_any_budget; /* of a day; of any period */
	int32_t bundle_id;               /* 0: none serves */
	char version[40];
	bool drifted;
	int64_t learned, classes; /* of the bundle, served by what it learnt */
	int live;                 /* 1 yes, 0 shadow, -1 no decisions */
};
/* Decisions count from since_day on. */
void query_header_args(struct db_args *a, int32_t since_day,
		       const struct query_span *today);
void query_header_row(const struct db_result *r, int row,
		      struct query_header *out);

/* ---- the router ---- */

struct query_bundle {
	int32_t id;
	int64_t created_us;
	struct str state;
	struct str certificate; /* JSON; sql_query_bundle */
	/* sql_query_bundles; as the certificate has them */
	struct str version, trained_at, rows, passed, gain, gain_low, reason;
	struct str ece, brier_skill, drift;
};
void query_bundle_args(struct db_args *a, int32_t id); /* 0: that serves */
void query_bundle_row(const struct db_result *r, int row,
		      struct query_bundle *out);
void query_bundles_row(const struct db_result *r, int row,
		       struct query_bundle *out);

struct query_decision {
	int32_t day;
	struct uuid id, task;
	int64_t decided_us;
	struct str task_name, class_name, agent;
	int32_t class_id, bundle_id; /* 0: none */
	struct str policy, plan, bound_by, rule;
	bool live, explored;
	int64_t propensity_micro;
	struct str p_success, expected_pusd; /* lists by tier, '-' not known */
	int32_t success_micro;               /* of the task; -1: not judged */
	__int128 task_pusd;
	/* Of the arm that the plan begins with, where the reasons name it. */
	int tier;          /* 0: not known */
	int64_t p_micro;   /* -1: not known */
	__int128 arm_pusd; /* if has_arm_pusd */
	bool has_arm_pusd;
	/* sql_query_decision only */
	struct str p_low, p_high, reasons;
};
void query_decisions_args(struct db_args *a, const struct query_span *span,
			  int32_t class_id, int64_t limit);
void query_decision_args(struct db_args *a, int32_t day, struct uuid id);
void query_decisions_row(const struct db_result *r, int row,
			 struct query_decision *out);
void query_decision_row(const struct db_result *r, int row,
			struct query_decision *out);

/* ---- attention ---- */

struct query_attention {
	struct str kind, subject, detail;
	int weight; /* 3 act now, 2 soon, 1 good to know */
	int64_t n;  /* -1: no count */
	__int128 pusd;
	bool has_pusd;
	int64_t at_us;
	int32_t class_id, bundle_id;
};
void query_attention_args(struct db_args *a, const struct query_span *span,
			  int64_t now_us);
void query_attention_row(const struct db_result *r, int row,
			 struct query_attention *out);

struct query_dead {
	struct uuid id;
	int64_t received_us, replayed_us;
	struct str source, origin, reason, sqlstate, kind;
	int64_t bytes; /* -1: no body */
};
void query_dead_args(struct db_args *a, int64_t limit);
void query_dead_row(const struct db_result *r, int row, struct query_dead *out);

/* ---- search ---- */

struct query_hit {
	struct str kind, name, about;
	int64_t at_us;
	__int128 cost_pusd;
	bool has_cost;
	int32_t class_id, agent_id, team_id, model_id, price_id, bundle_id;
	struct uuid task, attempt, decision;
	int32_t attempt_day, decision_day;
};
void query_search_args(struct db_args *a, struct str words, int64_t limit);
void query_hit_row(const struct db_result *r, int row, struct query_hit *out);

/* The id of a name: kind is class, agent or team; the row is (id, name). */
void query_find_args(struct db_args *a, const char *kind, struct str name);

#endif
