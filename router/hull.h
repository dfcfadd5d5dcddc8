/* The best static mixtures: the convex hull of arms in the plane of mean cost
 * and mean success. A point between two corners is a mixture: one arm with some
 * probability, else the other. Costs are in any one unit. */
#ifndef ACO_HULL_H
#define ACO_HULL_H

#include <stdbool.h>

struct hull_point {
	double cost, success;
	int arm; /* the caller's number for it */
};

/* Keep the corners, cheapest first: each costs more and succeeds more than the
 * one before, by falling returns. Points that are not finite are dropped. In
 * place; returns how many corners there are (0: no point). */
int hull_make(struct hull_point *p, int n);

struct hull_mix {
	int low, high;     /* arms; equal where one serves alone */
	double high_share; /* probability of `high`, 0..1 */
	double cost, success;
	double slope; /* success a unit of cost buys there, of the dearer
			 side; 0 at the best corner */
};
/* The cheapest mixture of n >= 1 corners with at least this success; the best
 * corner and false where none has it. */
bool hull_at_success(const struct hull_point *p, int n, double success,
		     struct hull_mix *out);
/* The best mixture at this cost; the cheapest corner and false where it costs
 * more. */
bool hull_at_cost(const struct hull_point *p, int n, double cost,
		  struct hull_mix *out);

/* What a unit of cost is worth in success at a mixture of n corners: the slope
 * of its edge, at a corner the geometric mean of those to both sides; where
 * there is but one corner, all of its cost is worth five points. */
double hull_mix_price(const struct hull_point *p, int n,
		      const struct hull_mix *mix);

#endif
