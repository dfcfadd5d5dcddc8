#include "router/hull.h"

#include <math.h>
#include <stdlib.h>

static int by_cost(const void *pa, const void *pb)
{
	const struct hull_point *a = pa, *b = pb;

	if (a->cost != b->cost)
		return a->cost < b->cost ? -1 : 1;
	if (a->success != b->success)
		return a->success > b->success ? -1 : 1;
	return a->arm < b->arm ? -1 : a->arm > b->arm;
}

/* Whether b is on or below the line from a to c. */
static bool below(const struct hull_point *a, const struct hull_point *b,
		  const struct hull_point *c)
{
	return (b->success - a->success) * (c->cost - a->cost) <=
	       (c->success - a->success) * (b->cost - a->cost);
}

int hull_make(struct hull_point *p, int n)
{
	int kept = 0, h = 0;

	for (int i = 0; i < n; i++) {
		if (isfinite(p[i].cost) && isfinite(p[i].success))
			p[kept++] = p[i];
	}
	qsort(p, (size_t)kept, sizeof(*p), by_cost);
	for (int i = 0; i < kept; i++) {
		if (h && p[i].success <= p[h - 1].success)
			continue;
		while (h >= 2 && below(&p[h - 2], &p[h - 1], &p[i]))
			h--;
		p[h++] = p[i];
	}
	return h;
}

static void corner(const struct hull_point *p, int n, int i,
		   struct hull_mix *out)
{
	*out = (struct hull_mix){
		.low = p[i].arm,
		.high = p[i].arm,
		.cost = p[i].cost,
		.success = p[i].success,
	};
	if (i + 1 < n)
		out->slope = (p[i + 1].success - p[i].success) /
			     (p[i + 1].cost - p[i].cost);
}

static void between(const struct hull_point *p, int i, double share,
		    struct hull_mix *out)
{
	double cost = p[i + 1].cost - p[i].cost;
	double success = p[i + 1].success - p[i].success;

	*out = (struct hull_mix){
		.low = p[i].arm,
		.high = p[i + 1].arm,
		.high_share = share,
		.cost = p[i].cost + share * cost,
		.success = p[i].success + share * success,
		.slope = success / cost,
	};
}

bool hull_at_success(const struct hull_point *p, int n, double success,
		     struct hull_mix *out)
{
	for (int i = 0; i < n; i++) {
		if (p[i].success < success)
			continue;
		if (i == 0 || p[i].success <= success)
			corner(p, n, i, out);
		else
			between(p, i - 1,
				(success - p[i - 1].success) /
					(p[i].success - p[i - 1].success),
				out);
		return true;
	}
	corner(p, n, n - 1, out);
	return false;
}

bool hull_at_cost(const struct hull_point *p, int n, double cost,
		  struct hull_mix *out)
{
	int i = 0;

	if (!(p[0].cost <= cost)) {
		corner(p, n, 0, out);
		return false;
	}
	while (i + 1 < n && p[i + 1].cost <= cost)
		i++;
	if (i + 1 == n || p[i].cost >= cost)
		corner(p, n, i, out);
	else
		between(p, i, (cost - p[i].cost) / (p[i + 1].cost - p[i].cost),
			out);
	return true;
}

double hull_mix_price(const struct hull_point *p, int n,
		      const struct hull_mix *mix)
{
	double price = mix->slope;
	int at = 0;

	while (at + 1 < n && p[at].arm != mix->low)
		at++;
	if (mix->low == mix->high && at > 0) {
		double left = (p[at].success - p[at - 1].success) /
			      (p[at].cost - p[at - 1].cost);

		price = price > 0 ? sqrt(price * left) : left;
	}
	if (!(price > 0))
		price = mix->cost > 0 ? 0.05 / mix->cost : 0;
	return price;
}
