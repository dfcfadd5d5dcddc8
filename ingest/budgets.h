/* Spending limits, asked before a request goes upstream: the worker's side of
 * ledger/budget.h, which says what budgets are and how leases make any number
 * of workers and machines keep to them together.
 *
 * Admission reserves the worst case of the request with every budget that
 * fits its subject, or with none. Usually this is a subtraction from what the
 * worker has leased. Where a lease is too small a thread of the worker's own
 * asks the ledger for more, and the caller hears by a call-back on the loop.
 * The end of the request settles what it cost; a request that never went
 * upstream releases. What is reserved stays so as long as it lives, however
 * long a stream takes.
 *
 *   budget_reserve -> GRANTED -------------------------> settle | release
 *                  -> WAIT -> done(GRANTED) -----------> settle | release
 *                          -> done(REFUSED): it is gone
 *                          -> budget_release(): done is not called
 *                  -> REFUSED: there is none
 *
 * A hard budget refuses what would pass its limit, and everything while the
 * ledger cannot be asked and no lease is left (RC_DOWN). A soft budget lets
 * everything pass, and the answer says that it is over or unknown.
 *
 * Budgets are read each half second, and before the first reservation of a
 * subject (key, team, agent and class together) that was not seen before: a
 * budget that is set before its subject's first request holds for it.
 *
 * Everything here is the loop's; nothing blocks. */
#ifndef ACO_BUDGETS_H
#define ACO_BUDGETS_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/base/uuid.h"

struct budgets;
struct budget_ticket; /* a reservation */
struct conf;
struct loop;

/* Whose request it is; absent: none. They are as the ledger will know the
 * attempt: names of key, team, agent and class, the task's external id and
 * its row's id (task_id_of). Borrowed during the call. */
struct budget_subject {
	struct str key, team, agent, class_name, task;
	struct uuid task_id; /* nil: no task */
};

enum budget_reply {
	BUDGET_GRANTED,
	BUDGET_REFUSED,
	BUDGET_WAIT
};

/* What there is to say of a reservation. The texts live until the next call
 * into this module. */
struct budget_answer {
	enum rc rc;     /* RC_OK; RC_DENIED: over its limit (402); RC_DOWN: the
			   ledger cannot be asked (503); RC_BUSY: too many
			   wait (503) */
	bool soft_over; /* granted, and a soft budget is over its limit */
	bool unchecked; /* granted, and a soft budget could not be looked at */
	/* The budget that refuses, or the soft one; scope NULL: none. */
	const char *scope;  /* "key", "team", "agent", "class" or "task" */
	struct str subject; /* whose: "red", "coding", ... */
	const char *period; /* "day", "week", "month" or "total" */
	int64_t limit_pusd, spent_pusd; /* spent: without what is reserved */
	int64_t resets_us; /* when the period ends; TIME_NONE: never */
};

/* On the loop, not before budget_reserve() has returned. reply is GRANTED or
 * REFUSED; after REFUSED the ticket is gone. */
typedef void budget_done_fn(void *arg, enum budget_reply reply,
			    const struct budget_answer *a);

/* Opens at once, also with the database away. `url` is copied. */
struct budgets *budgets_open(struct loop *loop, const struct conf *conf,
			     const char *url);
/* Tells the ledger what was settled and gives leases back, within 2 s. Every
 * ticket must have been settled or released; those that wait are dropped
 * without a word. */
void budgets_close(struct budgets *b); /* NULL is fine */
/* Look for changed budgets now (SIGHUP); otherwise each second. */
void budgets_reload(struct budgets *b);

/* Reserve worst_pusd (0 or more: the dearest that the request may cost) with
 * every budget of the subject. GRANTED and WAIT: *out is the ticket, which is
 * NULL where no budget fits, as is fine for settle and release. *a is filled
 * for GRANTED and REFUSED. */
enum budget_reply budget_reserve(struct budgets *b,
				 const struct budget_subject *s,
				 int64_t worst_pusd, budget_done_fn *done,
				 void *arg, struct budget_ticket **out,
				 struct budget_answer *a);
/* The request is over and cost actual_pusd, which may be more than was
 * reserved. Frees the ticket. */
void budget_settle(struct budget_ticket *t, int64_t actual_pusd);
/* It cost nothing, or nobody waits any more. Frees the ticket. */
void budget_release(struct budget_ticket *t);
/* A retry or an escalation may cost this much in place of what is reserved:
 * never waits. False: the leases do not cover it; nothing has changed. */
bool budget_more(struct budget_ticket *t, int64_t worst_pusd);

/* What the hard budgets of the subject leave to spend, as last heard: the least
 * of them, 0 or more. -1: none, or nothing is known yet. For the router; what
 * counts is what is reserved. */
int64_t budget_left(struct budgets *b, const struct budget_subject *s);

/* A sentence for the client: "budget of team red: $10 a day are spent; resets
 * at 2026-11-28T00:00:00Z". */
void budget_say(const struct budget_answer *a, struct buf *out);

/* For /metrics and tests. */
struct budgets_state {
	bool connected; /* the ledger was heard within the last seconds */
	int budgets;    /* known */
	int cells;      /* leases kept, one a budget and subject */
	int waiting;    /* tickets that wait */
	int64_t asks;   /* times that the ledger was asked for more */
};
void budgets_look(const struct budgets *b, struct budgets_state *out);

#endif
