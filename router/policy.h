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
struct policy {
	enum policy_kind kind;
	int16_t low, high;  /* arms of the static mixture */
	float high_share;   /* probability of `high` */
	float lambda;       /* success a dollar is worth; learned; 0: follows
			       from the goal of the one who asks */
	float accept;       /* accept threshold of cascades; 2: never */
	float false_accept; /* upper bound of P(accepted and wrong) at
			       `confidence` */
	float confidence;
	float accept_rate; /* share of held-out replies that pass `accept`;
			      0: not known */
};

/* "single(gpt-5-mini)", "cascade(a -> b @0.83)"; names by index. */
void plan_text(const struct plan *p, const struct str *names, struct buf *out);

#endif
