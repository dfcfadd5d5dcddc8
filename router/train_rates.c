/* How often each arm succeeded in each class and what it cost, shrunk: a class
 * of few outcomes says what the class above it says, moved by what the class
 * has shown over all arms together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/train_int.h"

#define SURE 0.995 /* nothing is surer than that by its prior alone */

int arm_tier(const struct fit *f, int arm)
{
	int t = f->m->arms[arm].tier;

	return t < 1 ? 0 : t > TIERS ? TIERS - 1 : t - 1;
}

static struct tally *tally_at(const struct fit *f, int node, int fold, int arm)
{
	return &f->tally[((size_t)node * (size_t)f->folds + (size_t)fold) *
				 (size_t)f->arms +
			 (size_t)arm];
}

void fit_tally(struct fit *f)
{
	f->tally = xcalloc((size_t)f->nodes * (size_t)f->folds,
			   (size_t)f->arms * sizeof(*f->tally));
	for (int i = 0; i < f->n; i++) {
		const struct fit_row *r = &f->row[i];

		for (int a = 0; a < f->arms; a++) {
			const struct mx_cell *c = fit_cell(f, i, a);

			for (int at = r->node; at >= 0;
			     at = f->node[at].parent) {
				struct tally *t = tally_at(f, at, r->fold, a);
				double w = (double)r->weight;

				if (!isfinite(c->success))
					continue;
				t->n += w;
				t->success += w * (double)c->success;
				if (c->cost_pusd == MONEY_NONE)
					continue;
				t->priced += w;
				t->cost += w * (double)c->cost_pusd;
			}
		}
	}
}

static struct tally sum_but(const struct fit *f, int node, int arm, int but,
			    int but2)
{
	struct tally sum = {0};

	for (int k = 0; k < f->folds; k++) {
		const struct tally *t = tally_at(f, node, k, arm);

		if (k == but || k == but2)
			continue;
		sum.n += t->n;
		sum.success += t->success;
		sum.priced += t->priced;
		sum.cost += t->cost;
	}
	return sum;
}

/* What an older bundle says of a class and tier counts as outcomes. */
static void add_prior(const struct fit *f, int node, int arm, struct tally *t)
{
	const struct bundle_class *c;
	float rate;

	if (!f->o->prior)
		return;
	c = node ? bundle_class(f->o->prior, f->node[node].name)
		 : bundle_fleet(f->o->prior);
	if (!c)
		return;
	rate = c->tier_rate[arm_tier(f, arm)];
	if (!isfinite(rate))
		return;
	t->n += f->o->shrink;
	t->success += f->o->shrink * (double)rate;
}

void rates_init(struct rates *r, const struct fit *f)
{
	r->rate = xcalloc((size_t)f->arms, sizeof(float));
	r->cost = xcalloc((size_t)f->arms, sizeof(float));
}

void rates_release(struct rates *r)
{
	free(r->rate);
	free(r->cost);
}

static void fleet_rates(const struct fit *f, const struct tally *t,
			struct rates *out)
{
	double n = 0, success = 0, mean;

	for (int a = 0; a < f->arms; a++) {
		n += t[a].n;
		success += t[a].success;
	}
	mean = n > 0 ? success / n : 0.5;
	for (int a = 0; a < f->arms; a++) {
		out->rate[a] = t[a].n > 0 ? (float)((t[a].success + 2 * mean) /
						    (t[a].n + 2))
					  : NAN;
		out->cost[a] = t[a].priced > 0
				       ? (float)(t[a].cost / t[a].priced)
				       : NAN;
	}
}

/* How much better the class did than the one above it, and how much more it
 * cost (as a logarithm), over all arms. */
static void effects(const struct fit *f, const struct tally *t,
		    const struct rates *above, double *better, double *dearer)
{
	double n = 0, gap = 0, priced = 0, log_sum = 0;

	for (int a = 0; a < f->arms; a++) {
		if (t[a].n > 0 && isfinite(above->rate[a])) {
			n += t[a].n;
			gap += t[a].success - t[a].n * (double)above->rate[a];
		}
		if (t[a].cost > 0 && above->cost[a] > 0) {
			priced += t[a].priced;
			log_sum += t[a].priced * log(t[a].cost / t[a].priced /
						     (double)above->cost[a]);
		}
	}
	*better = gap / (n + f->o->shrink);
	*dearer = log_sum / (priced + f->o->shrink / 4);
}

/* `io` holds the rates of the node above, and then the node's own. */
static void node_rates(const struct fit *f, const struct tally *t,
		       struct rates *io)
{
	double better, dearer, m = f->o->shrink;

	effects(f, t, io, &better, &dearer);
	for (int a = 0; a < f->arms; a++) {
		double rate = (double)io->rate[a], cost = (double)io->cost[a];

		rate = fmin(fmax(rate + better, 1 - SURE), SURE);
		cost *= exp(dearer);
		if (isfinite(io->rate[a]))
			io->rate[a] = (float)((t[a].success + m * rate) /
					      (t[a].n + m));
		if (isfinite(io->cost[a]))
			io->cost[a] = (float)((t[a].cost + m / 4 * cost) /
					      (t[a].priced + m / 4));
	}
}

/* A tier is worth the mean of its arms, by outcomes in the fleet: an arm that
 * the class hardly saw still speaks by its prior. */
static void tier_rates(const struct fit *f, const struct tally *t,
		       struct rates *out)
{
	double n[TIERS] = {0}, sum[TIERS] = {0};

	for (int a = 0; a < f->arms; a++) {
		int tier = arm_tier(f, a);

		if (!isfinite(out->rate[a]))
			continue;
		n[tier] += t[a].n + 1e-3;
		sum[tier] += (t[a].n + 1e-3) * (double)out->rate[a];
	}
	for (int i = 0; i < TIERS; i++)
		out->tier[i] = n[i] > 0 ? (float)(sum[i] / n[i]) : NAN;
}

void fit_rates(const struct fit *f, int node, int but, int but2,
	       struct rates *out)
{
	struct tally *t = xcalloc((size_t)f->arms, sizeof(*t));

	if (f->node[node].parent >= 0)
		fit_rates(f, f->node[node].parent, but, but2, out);
	for (int a = 0; a < f->arms; a++) {
		t[a] = sum_but(f, node, a, but, but2);
		add_prior(f, node, a, &t[a]);
	}
	if (f->node[node].parent >= 0)
		node_rates(f, t, out);
	else
		fleet_rates(f, t, out);
	tier_rates(f, t, out);
	free(t);
}
