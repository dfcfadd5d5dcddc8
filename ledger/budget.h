/* Budgets in the ledger: what they are, and leases of them.
 *
 * A budget limits what a key, team, agent, class or task may spend in a day,
 * a week (from Monday), a month or in total; days begin at midnight of the
 * budget's time zone, and PostgreSQL knows when that is. Subject '*' gives the
 * limit to each of the scope. A hard budget refuses, a soft one only tells.
 *
 * What is spent: at a period's first use the ledger's own figure (rollups)
 * opens an account; since then the gateway's settlements count there. Calls
 * that come by other paths (telemetry, files) count too: at most 10 s late the
 * ledger's figure is looked at again, and the greater of the two stands. So
 * no call counts twice, although the ledger holds what the gateway settled.
 * Keys are not known to the ledger: their budgets count the gateway alone.
 *
 * Leases: a worker reserves from what it has leased, without asking anybody.
 * Its lease is a part of the account, so that accounts, not workers, keep to
 * the limit: base + settled + leased never passes it. A lease returns when it
 * is settled or given back, or when its holder is dead: a holder is a process
 * that holds an advisory lock on its connection. A holder whose lock is found
 * free is missing; when it has been so for BUDGET_GRACE_US, its leases return.
 * One whose connection was lost is back before that, or stops to use what it
 * has (BUDGET_USE_US after the ledger was last heard).
 *
 * These functions block; a worker calls them on a thread of their own
 * (ingest/budgets.h). SQL: aco_budget_*() in the migrations. */
#ifndef ACO_BUDGET_H
#define ACO_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct db;

#define BUDGET_USE_US   INT64_C(3000000)
#define BUDGET_GRACE_US INT64_C(6000000)

enum budget_scope {
	BUDGET_KEY,
	BUDGET_TEAM,
	BUDGET_AGENT,
	BUDGET_CLASS,
	BUDGET_TASK,
	BUDGET_SCOPE_N
};
extern const char *const budget_scope_names[BUDGET_SCOPE_N];

enum budget_period {
	BUDGET_DAY,
	BUDGET_WEEK,
	BUDGET_MONTH,
	BUDGET_TOTAL,
	BUDGET_PERIOD_N
};
extern const char *const budget_period_names[BUDGET_PERIOD_N];

struct budget_def {
	int32_t id;
	enum budget_scope scope;
	enum budget_period period;
	struct str subject; /* "*": each */
	int64_t limit_pusd;
	bool hard;
	int64_t mark; /* another one: its accounts are others now */
};
/* All budgets, by scope, then subject (as bytes), then id. */
struct budget_defs {
	struct budget_def *defs;
	size_t n;
	struct arena arena; /* the subjects */
};
enum rc budget_load(struct db *db, struct budget_defs **out,
		    struct err *e) MUST_CHECK;
void budget_defs_free(struct budget_defs *d); /* NULL is fine */

/* Be a holder on this connection. *holder 0: a new one; else the same as on a
 * connection before. RC_BUSY: its lock is not free yet, try again. A holder
 * that is no longer known becomes a new one. */
enum rc budget_hold(struct db *db, int32_t *holder, struct err *e) MUST_CHECK;

/* One lease, told and asked for. Figures are pico-dollars, 0 or more. */
struct budget_ask {
	int32_t no; /* of the lease; never used twice by a holder */
	int32_t budget;
	struct str subject; /* of a task: its row's id as text */
	int64_t period_us;  /* when the lease's period began; TIME_NONE: new */
	int64_t settled_pusd; /* all that this lease has ever settled */
	int64_t keep_pusd;    /* of the lease, without what is settled */
	int64_t live_pusd;    /* of it, reserved by requests */
	int64_t need_pusd;    /* more: this or nothing; 0: nothing */
	int64_t extra_pusd;   /* and up to so much beyond */
};
struct budget_lease {
	bool there;          /* else there is no such budget any more */
	int64_t period_us;   /* began */
	int64_t ends_in_us;  /* 0 or less: it is over; INT64_MAX: never */
	int64_t ends_us;     /* or TIME_NONE */
	int64_t leased_pusd; /* in all, now */
	bool granted;        /* the need is in it */
	int64_t free_pusd; /* what nobody has; negative: the limit is passed */
	int64_t spent_pusd;
	int64_t idle_pusd; /* after a refusal: leased by others, not in use */
	bool wanted;       /* another holder was refused: give back */
};
enum rc budget_lease(struct db *db, int32_t holder, const struct budget_ask *a,
		     struct budget_lease *out, struct err *e) MUST_CHECK;

/* Numbers of the holder's leases from which others need something: at most
 * `max` of them; *n is how many. */
enum rc budget_wanted(struct db *db, int32_t holder, int32_t *no, int max,
		      int *n, struct err *e) MUST_CHECK;

/* Takes away what holders and leases have left behind for that long; *gone is
 * how many rows. On a connection that is no holder itself. */
enum rc budget_purge(struct db *db, int64_t age_us, int64_t *gone,
		     struct err *e) MUST_CHECK;

/* Leases of holders that have been missing for grace_us return. */
enum rc budget_reclaim(struct db *db, int32_t holder, int64_t grace_us,
		       int64_t *dead, struct err *e) MUST_CHECK;

#endif
