/* The oracle and its gap (DESIGN 8.6): for each task the cheapest arm that
 * would have succeeded, observed where several arms' verdicts are known,
 * estimated elsewhere, with intervals by bootstrap over tasks. */
#ifndef ACO_ORACLE_H
#define ACO_ORACLE_H

#include "router/matrix.h"

struct oracle_in {
	/* One task as it was paid: the arm that served, its verdict and cost,
	 * the probability with which a logging policy chose it (1: always),
	 * and a model's estimate for each arm. */
	int arm;
	float success;
	int64_t cost_pusd;
	float propensity;
	const float *p;             /* [n_arms] P(success), NaN unknown */
	const int64_t *est_pusd;    /* [n_arms] expected cost */
	const struct mx_cell *seen; /* [n_arms] what is known of other arms */
};

struct oracle_out {
	int64_t judged, observed;
	double paid_usd, oracle_usd, oracle_low_usd, oracle_high_usd;
	double success, oracle_success;
	double oracle_success_low, oracle_success_high; /* best arm's
		probability .. independence of arms */
	double strongest_usd, strongest_success;
	double cheapest_usd, cheapest_success;
	double best_single_usd, best_single_success;
	int best_single;
	double static_usd, static_success; /* best mixture at paid success */
	double capture; /* of always-strongest minus oracle */
	double estimated_share;
	bool randomised; /* doubly robust; else model-based, and marked */
};
/* `tiers[a]` orders arms. `boot` resamples (0: no interval), seeded. */
void oracle_estimate(const struct oracle_in *in, int n, int n_arms,
		     const int *tiers, int boot, uint64_t seed,
		     struct oracle_out *out);

#endif
