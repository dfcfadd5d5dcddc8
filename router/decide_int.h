/* What the files of the decision share; nobody else includes this. */
#ifndef ACO_DECIDE_INT_H
#define ACO_DECIDE_INT_H

#include "router/hull.h"
#include "router/router.h"

/* A model that may serve, as the bundle sees it. Success and costs are NaN
 * where nothing is known; costs are dollars. */
struct option {
	int arm;       /* of the bundle */
	bool borrowed; /* not the bundle's arm of that name */
	int tier;
	bool fits;      /* allowed, at or above the floor, not pinned away */
	bool affords;   /* and within the budget */
	double p, cost; /* expected for this request */
	double rate, rate_cost; /* of its class */
};

struct look {
	const struct bundle *b;
	const struct route_ask *ask;
	const struct bundle_class *class;
	const struct bundle_arm *arms; /* of the bundle */
	int n_arms, n;                 /* of the bundle; of the ask */
	int floor;
	bool vector;  /* the request's features are usable */
	bool foreign; /* they are not: of another schema */
	enum policy_kind policy;
	bool escalate; /* what is seen of a reply may send it on */
	bool first;    /* and the first arm is chosen for that */
	double lambda;
	int rung; /* of the class's policy; -1 */
	struct option o[ROUTE_ARMS_MAX];
	float row[FEATURE_ALL_MAX]; /* NaN without a vector */
};

/* decide_look.c: what is known; no choice yet. */
void look_at(struct look *g, const struct bundle *b,
	     const struct route_ask *ask);
/* Fill the views of a decision. */
void look_views(const struct look *g, struct decision *out);
/* Whether `i` is an arm of the ask. */
static inline bool look_has(const struct look *g, int i)
{
	return i >= 0 && i < g->n;
}

/* decide.c: the above and what of a decision follows from it alone; the plan
 * is to stop. */
void decide_look(struct look *g, const struct bundle *b,
		 const struct route_ask *ask, struct decision *out);

/* judge.c: what judging the reply of an option is worth (router.h). */
double judge_gain(const struct look *g, int i);

/* decide_plan.c */
/* Of the arms that are left the one that counts as strongest; -1. */
int plan_strongest(const struct look *g);
/* What a dollar is worth in success: from the goal and, for the learned
 * policy, from the class. */
double plan_lambda(const struct look *g);
/* Settle rung, policy and escalation for g->lambda: what was judged to serve
 * best at such a price. */
void plan_mode(struct look *g);
/* Success that serving option i first is worth beyond its own; 0 unless
 * replies may be sent on. */
double plan_bonus(const struct look *g, int i);
/* The best static mixture for the goal, by the class's table; false: nothing
 * is known. */
bool plan_static(const struct look *g, struct hull_mix *out);
/* The best single arm or cascade by p - lambda * cost. */
void plan_learned(const struct look *g, struct decision *out);
void plan_single(const struct look *g, int arm, struct decision *out);

/* decide_samples.c: the best of best_of(n, a) instead, where it is worth more
 * than *best. */
void plan_samples(const struct look *g, double *best, struct decision *out);
/* A best_of is running: true where it says what is next, false where its
 * replies differ to the end, or none is running. `g` is as before anything was
 * tried. */
bool judge_samples(const struct look *g, struct decision *out);
/* The last replies are of one arm and differ from each other. */
bool samples_differ(const struct route_ask *ask);
/* P(the second is good) once the first's reply is good with `post`, having
 * been expected to be good with `prior`. */
double plan_given(double second, double prior, double post);

#endif
