/* What serving an arm, or one arm after another, gives on a row. Where an arm
 * was not seen on a task, what the model expects of it stands in, corrected by
 * what was seen where a logging policy drew lots (doubly robust). */
#include <math.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/decide_int.h"
#include "router/train_int.h"

#define USD            1e-12 /* of a pico-dollar */
#define PROPENSITY_MIN 0.02

void fit_lots(struct fit *f)
{
	f->lots = xcalloc((size_t)f->n, sizeof(*f->lots));
	for (int i = 0; i < f->n; i++) {
		for (int a = 0; a < f->arms; a++) {
			const struct mx_cell *c = fit_cell(f, i, a);

			if (isfinite(c->success) && c->propensity > 0 &&
			    c->propensity < 1)
				f->lots[i] = true;
		}
	}
}

struct value fit_value(const struct fit *f, int i, int arm)
{
	const struct mx_cell *c = fit_cell(f, i, arm);
	size_t at = (size_t)i * (size_t)f->arms + (size_t)arm;
	double p = (double)f->p[at], usd = (double)f->cost[at] * USD;
	double e = c->propensity > 0 && c->propensity < 1
			   ? fmax((double)c->propensity, PROPENSITY_MIN)
			   : 1;
	struct value v = {p, usd, f->lots[i]};

	if (!isfinite(c->success))
		return v;
	v.known = true;
	v.success = p + ((double)c->success - p) / e;
	if (c->cost_pusd != MONEY_NONE)
		v.usd = usd + ((double)c->cost_pusd * USD - usd) / e;
	return v;
}

/* What is left to try, as expected by now. */
struct left {
	double p[BUNDLE_ARMS_MAX];
	bool tried[BUNDLE_ARMS_MAX];
};

/* The next arm, or -1: the reply of the last stands. As judge.c does it. */
static int next_arm(const struct fit *f, int i, int last, double lambda,
		    struct left *l)
{
	size_t at = (size_t)i * (size_t)f->arms;
	double prior = l->p[last], best = -INFINITY;
	double post = (double)f->post[at + (size_t)last];
	int next = -1;

	if (isnan(post))
		return -1;
	l->tried[last] = true;
	for (int a = 0; a < f->arms; a++) {
		double u;

		if (l->tried[a])
			continue;
		l->p[a] = plan_given(l->p[a], prior, post);
		u = l->p[a] - lambda * (double)f->cost[at + (size_t)a] * USD;
		if (u > best) {
			best = u;
			next = a;
		}
	}
	return best > post ? next : -1;
}

struct value fit_walk(const struct fit *f, int i, int first, double lambda)
{
	struct value sum = fit_value(f, i, first);
	struct left l = {.tried = {false}};
	int at = first;

	for (int a = 0; a < f->arms; a++)
		l.p[a] = (double)f->p[(size_t)i * (size_t)f->arms + (size_t)a];
	for (int t = 1; t < ROUTE_TRIED_MAX && sum.known; t++) {
		struct value v;

		at = next_arm(f, i, at, lambda, &l);
		if (at < 0)
			break;
		v = fit_value(f, i, at);
		sum.success = v.success;
		sum.usd += v.usd;
		sum.known = v.known;
	}
	return sum;
}

bool fit_of_node(const struct fit *f, int row, int node)
{
	int at = f->row[row].node;

	while (at != node && at > 0)
		at = f->node[at].parent;
	return at == node;
}
