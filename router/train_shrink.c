/* How much a class's table is shrunk to what the class above says of its arms.
 *
 * The arm that a table likes best is the one that was luckiest in few outcomes,
 * the more so the more arms there are: what the squared error asks for is too
 * little for choosing. So tables without a fold choose arms for that fold's
 * rows at a row of prices, and the shrinkage whose choices were worth most is
 * taken for all. Only arms that were seen on a row, with a cost, can be chosen
 * there; where one arm a task was seen all shrinkages are worth the same and
 * the least serves. */
#include <math.h>

#include "ledger/money.h"
#include "router/train_int.h"

#define TRIES 3
#define RUNGS 7     /* of policy.h: where a success is worth the dearest arm */
#define USD   1e-12 /* of a pico-dollar */

/* What the best arm by the table gives on a row; 0: nothing was seen. */
static double utility(const struct fit *f, int i, const struct rates *r,
		      double lambda)
{
	double best = -INFINITY, worth = 0;

	for (int a = 0; a < f->arms; a++) {
		const struct mx_cell *c = fit_cell(f, i, a);
		double u =
			(double)r->rate[a] - lambda * (double)r->cost[a] * USD;

		if (!isfinite(c->success) || c->cost_pusd == MONEY_NONE ||
		    !(u > best))
			continue;
		best = u;
		worth = (double)c->success -
			lambda * (double)c->cost_pusd * USD;
	}
	return worth;
}

static double dearest(const struct fit *f, const struct rates *r)
{
	double most = 0;

	for (int a = 0; a < f->arms; a++)
		most = fmax(most, (double)r->cost[a] * USD); /* NaN: no */
	return most;
}

static double worth(const struct fit *f, struct rates *r)
{
	double sum = 0;

	for (int node = 0; node < f->nodes; node++) {
		for (int k = 0; k < f->folds; k++) {
			double usd;

			fit_rates(f, node, k, NO_FOLD, r);
			usd = dearest(f, r);
			for (int i = 0; i < f->n && usd > 0; i++) {
				if (f->row[i].node != node ||
				    f->row[i].fold != k)
					continue;
				for (int g = 0; g < RUNGS; g++)
					sum += (double)f->row[i].weight *
					       utility(f, i, r,
						       policy_rung_lambda(usd,
									  g));
			}
		}
	}
	return sum;
}

void fit_shrink(struct fit *f)
{
	double most = -INFINITY, chosen = f->o->shrink;
	struct rates r;

	rates_init(&r, f);
	for (int t = 0; t < TRIES; t++) {
		double w;

		f->shrink = ldexp(f->o->shrink, t);
		w = worth(f, &r);
		if (w > most) {
			most = w;
			chosen = f->shrink;
		}
	}
	f->shrink = chosen;
	rates_release(&r);
}
