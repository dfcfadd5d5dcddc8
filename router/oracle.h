/* The oracle and its gap (DESIGN 8.6): for each task the cheapest arm that
 * would have succeeded; a task that none solves counts at its cheapest arm.
 *
 * Observed where the verdict and cost of every arm are known. Elsewhere it is
 * estimated from each arm's probability p and expected cost. Where a logging
 * policy drew the arm that served (propensity below 1), p and cost of each arm
 * are first shifted until they agree with what was seen of that arm, weighted
 * by one over the propensity (a targeted estimate: right if either the model
 * or the propensities are; van der Laan, Rubin 2006). Otherwise they stand as
 * the model has them, and the result is marked so.
 *
 * What one arm did on a task says nothing of what another would have done on
 * the same one, and arms fail together. So the oracle is computed for a range
 * of dependence between arms, from all failing together to independence
 * (success = Phi((Phi^-1(p) - sqrt(rho) z) / sqrt(1 - rho)) for a difficulty z
 * that a task's arms share), and the interval spans it. Tasks of which several
 * arms were seen (escalations, shadow runs) narrow the range by likelihood.
 * Where all arms were run on tasks drawn at random, the estimate of the others
 * is corrected by how far it was off on these (augmented inverse propensity
 * weights): then no dependence need be assumed. */
#ifndef ACO_ORACLE_H
#define ACO_ORACLE_H

#include "router/matrix.h"

#define ORACLE_CUT      0.5 /* success from here on is one */
#define ORACLE_SEEN_MIN 30  /* tasks of which several arms tell dependence */
#define ORACLE_ARMS_MAX 96

struct oracle_in {
	/* One task as it was paid: the arm that served, its verdict (NaN: not
	 * judged, and left out) and cost, the probability with which a logging
	 * policy chose it (1: always), and a model's estimate for each arm. */
	int arm;
	float success;
	int64_t cost_pusd;
	float propensity;
	float all_propensity; /* the probability with which all of its arms were
				 run, in a shadow run; 0 or 1: not drawn */
	const float *p;       /* [n_arms] P(success), NaN unknown: the arm
				 cannot serve it */
	const int64_t *est_pusd;    /* [n_arms] expected cost, MONEY_NONE */
	const struct mx_cell *seen; /* [n_arms] what is known of each arm, or
				       NULL: nothing but the above */
};

struct oracle_out {
	int64_t judged, observed;
	/* Sums over the judged tasks; 90 % interval. */
	double paid_usd, oracle_usd, oracle_low_usd, oracle_high_usd;
	double success, oracle_success;                 /* means */
	double oracle_success_low, oracle_success_high; /* best arm's
		probability .. independence of arms */
	double rho_low, rho_high; /* range of dependence that was assumed */
	double strongest_usd, strongest_success;
	double cheapest_usd, cheapest_success;
	double best_single_usd, best_single_success;
	int best_single;                   /* an arm, -1 none */
	double static_usd, static_success; /* best mixture at paid success */
	double capture; /* of always-strongest minus oracle; NaN unknown */
	double estimated_share;
	bool randomised; /* doubly robust; else model-based, and marked */
};
/* `tiers[a]` orders arms: the strongest is the dearest of the highest tier, the
 * cheapest the cheapest of all. At most ORACLE_ARMS_MAX arms. `boot` resamples
 * (0: no interval), seeded. Without judged tasks everything is 0 or NaN. */
void oracle_estimate(const struct oracle_in *in, int n, int n_arms,
		     const int *tiers, int boot, uint64_t seed,
		     struct oracle_out *out);

#endif
