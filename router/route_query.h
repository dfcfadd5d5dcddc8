/* A routing question as JSON, for `aco route` and POST /v1/route:
 *
 *   class       task class; absent: unattributed, or guessed
 *   text, or prompt, or input, or messages (of the OpenAI and Anthropic
 *               shapes): what is asked; of a conversation what the first
 *               message of the user says
 *   models      who may serve: names, or objects of name (or model), tier,
 *               allowed, input_usd_per_mtok, output_usd_per_mtok,
 *               cached_usd_per_mtok, switch_usd. Tiers and prices that are not
 *               told are the bundle's and the price table's
 *   floor, pinned (a name), budget_usd, goal ("quality:0.98", "budget:0.05",
 *               "failure:0.5", as route_goal of the configuration), explore
 *               (0..0.5), seed, max_tokens, tools (an array, or how many),
 *   samples (how many replies of one model the asker can take and compare for
 *               a step, 0 to 3: with 2 or 3 the plan may be best_of)
 *   stands      true: whatever the model replies stands, the asker will not
 *               ask what is next (a stream that is passed on)
 *   step, step_kind, tools_used, errors, repeats, attempts, cost_usd,
 *   context_tokens, context_before: where in its task it stands
 *   tried       what was tried for this step, or for the task: objects of
 *               model, cost_usd, evidence (by the names of ledger/evidence.h:
 *               of a reply, or of the run of an agent that has ended)
 *   task, sender  whose run was the last that was tried, as x-aco-task and
 *               aco's events name it (sender: "gateway" if not told). Who
 *               answers completes its evidence by the steps that it knows
 *
 * The answer says who serves and why. */
#ifndef ACO_ROUTE_QUERY_H
#define ACO_ROUTE_QUERY_H

#include "ledger/base/arena.h"
#include "ledger/evidence.h"
#include "ledger/price.h"
#include "router/router.h"

#define ROUTE_QUERY_BYTES (8 << 20) /* of a question */

struct route_query {
	struct arena arena; /* owns texts */
	struct route_ask ask;
	struct str text;         /* what is asked; absent */
	struct str task, sender; /* absent */
	struct route_arm arms[ROUTE_ARMS_MAX];
	struct route_tried tried[ROUTE_TRIED_MAX];
	float evidence[ROUTE_TRIED_MAX][EVIDENCE_N];
	float x[FEATURE_MAX];
};

/* Everything that is told; names are borrowed from `json`. `guess` gives a
 * class to a text where none is told (absent: none is guessed); may be NULL.
 * RC_BAD: no JSON object, no models, more than ROUTE_ARMS_MAX, values that are
 * none; released all the same. */
enum rc route_query_read(struct route_query *q, struct str json,
			 const struct bundle *b, const struct price_book *book,
			 struct str (*guess)(struct str text),
			 struct err *e) MUST_CHECK;
void route_query_release(struct route_query *q);
/* What was seen of the last that was tried, to be completed: EVIDENCE_N values,
 * NaN not known; NULL: nothing was tried. */
float *route_query_evidence(struct route_query *q);

/* Decide, or where something was tried judge, and answer: one JSON object of
 * model, tier, plan, policy, propensity, explored, p, cost_usd, judge_gain
 * (success that judging the reply is worth, router.h), bound_by, floor, class,
 * bundle, arms; after an attempt accept and p_accept; with `explain` also
 * reasons, as router_explain() makes them. */
void route_query_answer(const struct route_query *q, const struct bundle *b,
			bool explain, struct buf *out);

#endif
