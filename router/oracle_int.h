/* What the two files of the oracle share; nobody else includes this. */
#ifndef ACO_ORACLE_INT_H
#define ACO_ORACLE_INT_H

#include "router/oracle.h"

#define NODES  8 /* of the shared difficulty */
#define RHOS   4 /* steps of the range of dependence */
#define P_MIN  1e-4
#define RHO_ND 0.999 /* nearly all together; 1 divides by zero */

/* One judged task, in dollars. */
struct row {
	const struct oracle_in *in;
	bool seen;            /* all of its arms are */
	int known;            /* arms that are */
	double cost, success; /* of the oracle, where seen */
};

struct work {
	struct row *row;
	int n, arms;
	double *p, *c; /* [row * arms]: P and expected dollars, shifted; NaN */
	double *shift, *scale; /* [arms]: of log-odds; of cost */
	double node[NODES];    /* difficulty */
	double rho[RHOS];
	double *cost, *won; /* [rho * n]: of the oracle, by row */
	double weight;      /* by which drawn rows count as all; 0: none was
			       drawn to be seen whole */
};

static inline double oracle_usd(int64_t pusd)
{
	return (double)pusd / 1e12;
}
static inline double oracle_solved(float success)
{
	return (double)success >= ORACLE_CUT;
}

/* One arm's score and slope at the present shift. */
struct score {
	double residual, slope; /* of success */
	double paid, expected;  /* of cost */
};
/* s[arms] becomes those of rows weighted by `times` (NULL: 1 each). */
void oracle_scores(const struct work *w, const int *times, struct score *s);
/* Probabilities and costs under the present shift. */
void oracle_fill(struct work *w);
/* Row i's expected cost and success, at every dependence. */
void oracle_expect(struct work *w, int i);
/* Sums over rows, drawn `times`, at every dependence. */
void oracle_totals(const struct work *w, const double *by_row, const int *times,
		   double *sum);
/* The interval of the oracle's cost. */
void oracle_bootstrap(struct work *w, int boot, uint64_t seed,
		      struct oracle_out *out);

#endif
