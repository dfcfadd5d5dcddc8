/* What serves a class: which arm or plan, and what an accept test needs.
 *
 * Plans: single(a); cascade(a -> b -> ...), an accept test after each but the
 * last; best_of(n, a), up to n replies one after the other until two agree,
 * which stands; verify(a), one cheap check before accepting; stop, hand back to
 * a person.
 *
 * best_of is proposed only to who can take and compare several replies (the
 * gateway does not: a reply that another one follows counts as failed in what
 * is learnt later, which a sample is not) and only where the outcomes that a
 * bundle learnt from hold repeated runs (repeat.h). verify is understood and
 * never proposed: no outcome tells a cheap check's verdict apart from the final
 * one, so that nothing says how often it errs. What a reply itself shows (its
 * form, log-probabilities, length) is the accept test's business. */
#ifndef ACO_POLICY_H
#define ACO_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/str.h"

#define PLAN_ARMS_MAX 5

enum plan_kind {
	PLAN_SINGLE,
	PLAN_CASCADE,
	PLAN_BEST_OF,
	PLAN_VERIFY,
	PLAN_STOP
};
#define PLAN_KINDS 5
extern const char *const plan_kind_names[PLAN_KINDS];
struct plan {
	enum plan_kind kind;
	int n; /* arms, or samples of best_of */
	int16_t arm[PLAN_ARMS_MAX];
	float accept[PLAN_ARMS_MAX]; /* least P(good) to accept after arm i */
};

enum policy_kind {
	POLICY_STRONGEST, /* too little is known */
	POLICY_STATIC,    /* a mixture of two arms on the convex hull */
	POLICY_LEARNED    /* it beat the static one on later data */
};
#define POLICY_KINDS 3
/* "strongest", "static", "learned": as decisions store them. */
extern const char *const policy_kind_names[POLICY_KINDS];

/* How a class is served at a price. What a dollar is worth in success, times
 * the dollars that the dearest arm costs a task, tells the rung: half a decade
 * each, from POLICY_RUNG_LOW up; beyond the ends the last one holds. */
#define POLICY_RUNGS    12
#define POLICY_RUNG_LOW 1e-3
enum policy_mode {
	MODE_LEARNED = 1,  /* by the models' word on the request, else by the
			      class's table alone */
	MODE_ESCALATE = 2, /* and on to another arm, if what was seen of a
			      reply says so */
	MODE_FIRST = 4,    /* with MODE_ESCALATE: and the first arm is chosen
			      for what it is worth with those after it */
	MODE_ALONE = 8,    /* with MODE_ESCALATE and MODE_LEARNED: where replies
			      cannot be sent on the models' word is better than
			      the table's, too */
};
#define MODE_BITS 16

struct policy {
	enum policy_kind kind; /* learned: on some rung at least */
	int16_t low, high;     /* arms of the static mixture */
	float high_share;      /* probability of `high` */
	float lambda;          /* success a dollar is worth where the learned
				  one was seen to reach the quality aimed at;
				  0: it was not, static serves such a goal
				  (and where usd is 0: follows from the goal
				  of the one who asks) */
	float accept;          /* accept threshold of cascades; 2: never */
	float false_accept;    /* upper bound of P(accepted and wrong) at
				  `confidence` */
	float confidence;
	float accept_rate; /* share of held-out replies that pass `accept`;
			      0: not known */
	float usd;         /* dollars a task that rungs are relative to; 0:
			      nothing was judged by price, and its kind tells
			      the mode for all */
	uint8_t mode[POLICY_RUNGS];
};

/* The rung for a lambda (success a dollar); -1: there are none. */
int policy_rung(const struct policy *p, double lambda);
/* The lambda in the middle of a rung, for rungs relative to `usd` > 0. */
double policy_rung_lambda(double usd, int rung);
/* MODE_ bits. `stands`: of a reply that stands whatever is seen of it. */
int policy_mode(const struct policy *p, double lambda, bool stands);

/* Without what was learned: the class's table alone, and replies stand. */
void policy_demote(struct policy *p);

/* "single(gpt-5-mini)", "cascade(a -> b @0.83)"; names by index. */
void plan_text(const struct plan *p, const struct str *names, struct buf *out);

#endif
