#include "router/accept.h"

#include <math.h>

#define ODDS_MAX 7 /* about 0.999 */

void accept_row(const float *evidence, int n, float prior, double cost_pusd,
		double expected_pusd, int tier, int class_at,
		float out[ACCEPT_COLUMNS])
{
	for (int i = 0; i < EVIDENCE_N; i++)
		out[i] = evidence && i < n && isfinite(evidence[i])
				 ? evidence[i]
				 : NAN;
	out[ACCEPT_PRIOR] = NAN;
	if (prior >= 0 && prior <= 1)
		out[ACCEPT_PRIOR] = fminf(
			fmaxf(logf(prior / (1 - prior)), -ODDS_MAX), ODDS_MAX);
	out[ACCEPT_COST] = cost_pusd > 0 && expected_pusd > 0
				   ? (float)log(cost_pusd / expected_pusd)
				   : NAN;
	out[ACCEPT_TIER] = tier > 0 ? (float)tier : NAN;
	out[ACCEPT_CLASS] = class_at >= 0 ? (float)class_at : NAN;
}
