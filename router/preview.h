/* What the router would have saved on tasks that others decided: each task's
 * own bill against what a bundle would have chosen for it.
 *
 * Where it would have chosen what served, that is known. Where a logging policy
 * drew the arm that served (propensity below 1), another choice is estimated
 * doubly robust: by the bundle's own expectation, corrected by what the drawn
 * arm did. Elsewhere the expectation stands alone, with costs scaled to what
 * the arms that served really cost; that share is told. */
#ifndef ACO_PREVIEW_H
#define ACO_PREVIEW_H

#include "ledger/base/json.h"
#include "router/matrix.h"
#include "router/router.h"

struct preview {
	int tasks;
	int same;                      /* what served would have served */
	int estimated;                 /* another arm, doubly robust */
	int modelled;                  /* another arm, by expectation alone */
	double paid_usd, would_usd;    /* sums */
	double success, would_success; /* means */
	/* Differences, sum of dollars and mean of success, with bounds of
	 * two-sided confidence 90 %. */
	double saved_usd, saved_low_usd, saved_high_usd;
	double gained, gained_low, gained_high;
};
/* `side` (NULL: all rows): those of MX_JUDGE. */
void preview_estimate(const struct matrix *m, const enum mx_side *side,
		      const struct bundle *b, enum route_goal goal,
		      double target, uint64_t seed, struct preview *out);
/* Members of the object that is open. */
void preview_json(const struct preview *p, struct json_out *o);
void preview_text(const struct preview *p, struct buf *out);

#endif
