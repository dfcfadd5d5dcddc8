/* best_of over recorded cells: what samples drawn from a cell's own runs, one
 * after the other and none twice, come to on average. A cell of fewer runs than
 * the plan asks for cannot be played. */
#include <math.h>

#include "ledger/evidence.h"
#include "router/replay_int.h"

/* Of k good ones among n two differ, in this share of pairs. */
static double differing(double k, double n)
{
	return 2 * k * (n - k) / (n * (n - 1));
}

/* Of three the majority is good. */
static double majority(double k, double n)
{
	double all = n * (n - 1) * (n - 2);

	return (k * (k - 1) * (k - 2) + 3 * k * (k - 1) * (n - k)) / all;
}

/* After two that differ: the reply stands, good or not alike, or another arm's
 * takes its place. */
static void go_on(struct replay *r, const struct bundle *b,
		  struct route_ask *ask, const struct decision *d, int task,
		  replay_cell_fn *cell, const void *ctx, double *success,
		  double *cost)
{
	float differ[EVIDENCE_N];
	struct route_tried two[2];
	struct decision next = *d;
	const struct mx_cell *c;

	for (int i = 0; i < EVIDENCE_N; i++)
		differ[i] = NAN;
	differ[EVIDENCE_AGREEMENT] = 0;
	for (int i = 0; i < 2; i++)
		two[i] = (struct route_tried){
			.arm = d->arm,
			.evidence = differ,
			.n_evidence = EVIDENCE_N,
		};
	ask->tried = two;
	ask->n_tried = 2;
	router_judge(b, ask, &next);
	ask->tried = NULL;
	ask->n_tried = 0;
	*success = 0.5;
	*cost = 0;
	if (next.accept || next.arm < 0 || next.arm == d->arm)
		return;
	c = cell(ctx, task, r->of[next.arm]);
	*success = (double)c->success;
	*cost = (double)c->cost_pusd / 1e12;
}

bool replay_samples(struct replay *r, const struct bundle *b,
		    struct route_ask *ask, const struct decision *d, int task,
		    replay_cell_fn *cell, const void *ctx,
		    struct replay_trail *out)
{
	const struct mx_cell *c;
	double k, n, differ, one, more, extra;

	if (d->plan.kind != PLAN_BEST_OF || d->arm < 0)
		return false;
	c = cell(ctx, task, r->of[d->arm]);
	if (c->runs < d->plan.n)
		return false;
	k = c->good;
	n = c->runs;
	one = (double)c->cost_pusd / 1e12;
	differ = differing(k, n);
	out->served = r->of[d->arm];
	out->calls = 2;
	if (d->plan.n > 2) {
		out->success = majority(k, n);
		out->cost = (2 + differ) * one;
		return true;
	}
	more = extra = 0;
	if (differ > 0)
		go_on(r, b, ask, d, task, cell, ctx, &more, &extra);
	out->success = k * (k - 1) / (n * (n - 1)) + differ * more;
	out->cost = 2 * one + differ * extra;
	return true;
}
