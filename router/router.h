/* One decision: what is known of a request in, which arm serves it out. Pure:
 * no I/O, no locks, no allocation, deterministic given its seed. */
#ifndef ACO_ROUTER_H
#define ACO_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/event.h"
#include "router/bundle.h"
#include "router/feature.h"

#define ROUTE_ARMS_MAX  32
#define ROUTE_TRIED_MAX 8

/* What a model costs a token, as one number that its learnt costs are relative
 * to, so that a new price acts at once: a quarter of the output price and three
 * quarters of the input price, femto-dollars; 0 when either is unknown. */
double route_price_unit(int64_t in_fusd, int64_t out_fusd);

/* A model that may serve. It is the bundle's arm of the same name; else it
 * borrows from the arm "tier:N" of its tier, else from the arm of the nearest
 * tier below, else above. */
struct route_arm {
	struct str model; /* canonical name of the registry */
	int tier;         /* 1..5 */
	int64_t in_fusd, cached_fusd,
		out_fusd;    /* prices a token; < 0 unknown */
	int64_t switch_pusd; /* prompt cache lost by going there */
	bool allowed;        /* healthy, capable, of the wire protocol */
};

/* What was tried for this step, oldest first. */
struct route_tried {
	int arm;               /* index in arms */
	const float *evidence; /* ledger/evidence.h, NaN: not seen; or NULL */
	int n_evidence;        /* values of it */
	int64_t cost_pusd;
};

enum route_goal {
	ROUTE_QUALITY, /* `target`: success relative to the strongest, 0..1 */
	ROUTE_BUDGET,  /* `target`: dollars a task */
	ROUTE_FAILURE  /* `target`: dollars that a failure costs */
};

struct route_ask {
	const float *x;        /* stored vector (feature.h); NULL: not known, it
				  is as the class's tasks without a text */
	int n_x;               /* values of it; other than feature_count(): as
				  if not known, and the decision says so */
	struct uuid schema;    /* of x; nil: feature_schema() */
	struct str class_name; /* absent: unattributed */
	int floor;             /* least tier by configuration; 0 none */
	const char *floor_why;
	const struct route_arm *arms;
	int n_arms;
	int pinned; /* index: nothing else may serve, though never below a
		       floor; -1 free */
	const char *pinned_why;
	int64_t prompt_tokens, cached_tokens; /* estimates */
	int64_t max_output;                   /* 0 unknown */
	int64_t budget_left_pusd;             /* < 0: unlimited */
	const struct route_tried *tried;
	int n_tried;
	enum route_goal goal;
	double target;
	int samples; /* replies of one arm that the asker can take and compare
			for one step; below 2: best_of is not proposed */
	bool stands; /* whatever is replied stands, as of a stream that is
			passed on as it comes: nothing is chosen for what
			could come after it */
	bool unguarded; /* the learned policy decides, whatever serves the
			   class: to compare them, never to serve */
	double explore; /* share of randomised decisions, 0..0.5 */
	uint64_t seed;
	struct route_memo *memo; /* NULL: nothing is kept */
};

/* What is known of a request under a bundle, kept from one question about it to
 * the next: whoever asks for many prices has its features derived and its
 * forests read once. Decisions are the same with and without. Between two
 * questions only goal, target, tried, samples, stands, unguarded, explore and
 * seed may differ; before any other question, and before another bundle is
 * asked, forget. */
struct route_memo *route_memo_new(void);
void route_memo_forget(struct route_memo *m);
void route_memo_free(struct route_memo *m); /* NULL is fine */

struct route_arm_view {
	float p, low, high; /* success, with its interval */
	int64_t expected_cost_pusd;
	bool borrowed; /* from a neighbour or the tier */
};

struct decision {
	struct plan plan; /* arms are indexes into ask->arms */
	int arm;          /* to serve now; -1: stop. Of best_of one sample after
			     the other is asked for until two agree */
	float propensity; /* of this plan, > 0 */
	bool explored;
	enum policy_kind policy;
	char bound_by[64]; /* floor, budget, pin, schema, ...; "" none */
	int floor;         /* least tier that was obeyed */
	float lambda;      /* success that a dollar was worth */
	struct route_arm_view view[ROUTE_ARMS_MAX];
	float p_accept; /* of the last reply, NaN: none was tried */
	bool accept;    /* the last reply may stand */
	float p_plan;   /* success and expected cost of the plan */
	int64_t plan_pusd;
	float judge_gain; /* success, costs counted, that judging the first
			     reply and going on to another arm where it is not
			     good is worth on average (bundle_class.bonus), or
			     at most where that was not measured or false
			     accepts are bounded; 0: it stands
			     whatever is seen of it, unless it is no answer */
};

/* Decide. Never fails: without anything to go by the strongest allowed arm at
 * or above the floor; when none is allowed arm is -1 and bound_by says why. */
void router_decide(const struct bundle *b, const struct route_ask *ask,
		   struct decision *out);
/* After an attempt: accept, or the next arm of the plan or of a better one
 * (re-planning with what was seen). ask->tried's last is the reply. While a
 * best_of runs the same arm is next; EVIDENCE_AGREEMENT of a later sample above
 * 0 says that an earlier one agrees with it, and it stands. */
void router_judge(const struct bundle *b, const struct route_ask *ask,
		  struct decision *out);
/* What moved it, as the JSON object that decision.reasons stores (rule, floor,
 * budget, explored, pinned, kind, arms[], moved[]): per-feature contributions
 * of the chosen arm against the runner-up. For people; allocates. */
void router_explain(const struct bundle *b, const struct route_ask *ask,
		    const struct decision *d, struct buf *json);

#endif
