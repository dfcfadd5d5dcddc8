/* What the accept model looks at: the evidence of a reply (ledger/evidence.h),
 * then what was expected of it. Training and decisions make the row here. A
 * model of fewer columns looks at the first ones only. */
#ifndef ACO_ACCEPT_H
#define ACO_ACCEPT_H

#include <stdint.h>

#include "ledger/evidence.h"

enum accept_column {
	ACCEPT_PRIOR = EVIDENCE_N, /* log odds of the arm's success, as
				      expected before it replied */
	ACCEPT_COST,               /* log(cost paid / cost expected) */
	ACCEPT_TIER,               /* 1..5 */
	ACCEPT_CLASS,              /* index of the class in its bundle */
	ACCEPT_COLUMNS
};

/* evidence: n values of it, NULL or fewer than EVIDENCE_N: the rest is NaN.
 * prior: 0..1; costs in pico-dollars, <= 0: not known; tier 0: not known;
 * class_at < 0: none. What is not known is NaN. */
void accept_row(const float *evidence, int n, float prior, double cost_pusd,
		double expected_pusd, int tier, int class_at,
		float out[ACCEPT_COLUMNS]);

#endif
