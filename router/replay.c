#include "router/replay_int.h"

#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/evidence.h"
#include "router/hull.h"
#include "router/stat.h"

void replay_init(struct replay *r, const struct matrix *m, const double *cost,
		 const double *success, uint64_t seed)
{
	bool *in = xcalloc((size_t)m->n_arms + 1, sizeof(*in));
	struct hull_point *p = xcalloc((size_t)m->n_arms + 1, sizeof(*p));
	int taken = 0, more = 1;

	*r = (struct replay){.m = m, .seed = seed};
	while (taken < ROUTE_ARMS_MAX && more) {
		int n = 0;

		for (int a = 0; a < m->n_arms; a++)
			if (!in[a] && !isnan(success[a]) && !isnan(cost[a]))
				p[n++] = (struct hull_point){cost[a],
							     success[a], a};
		more = m->n_arms <= ROUTE_ARMS_MAX ? n : hull_make(p, n);
		for (int i = more; i-- > 0 && taken < ROUTE_ARMS_MAX; taken++)
			in[p[i].arm] = true;
	}
	for (int a = 0; a < m->n_arms; a++) {
		if (!in[a])
			continue;
		r->of[r->n] = a;
		r->arm[r->n++] = (struct route_arm){
			.model = m->arms[a].name,
			.tier = m->arms[a].tier,
			.in_fusd = -1,
			.cached_fusd = -1,
			.out_fusd = -1,
			.allowed = true,
		};
	}
	free(in);
	free(p);
}

void replay_ask(struct replay *r, int task, const bool *allowed,
		enum route_goal goal, double target, struct route_ask *ask)
{
	const struct mx_task *t = &r->m->tasks[task];

	for (int i = 0; i < r->n; i++)
		r->arm[i].allowed = !allowed || allowed[r->of[i]];
	*ask = (struct route_ask){
		.x = t->x,
		.n_x = t->x ? r->m->n_features : 0,
		.schema = r->m->schema,
		.class_name = r->m->classes[t->class_id],
		.arms = r->arm,
		.n_arms = r->n,
		.pinned = -1,
		.prompt_tokens = t->input_tokens,
		.budget_left_pusd = -1,
		.goal = goal,
		.target = target,
		.seed = stat_mix(r->seed ^ (uint64_t)task),
	};
}

void replay_walk(struct replay *r, const struct bundle *b,
		 struct route_ask *ask, struct decision *d, int task,
		 replay_cell_fn *cell, const void *ctx,
		 struct replay_trail *out)
{
	struct route_tried tried[ROUTE_TRIED_MAX];

	*out = (struct replay_trail){.served = -1};
	if (replay_samples(r, b, ask, d, task, cell, ctx, out))
		return;
	ask->tried = tried;
	ask->n_tried = 0;
	while (d->arm >= 0) {
		const struct mx_cell *c = cell(ctx, task, r->of[d->arm]);

		out->served = r->of[d->arm];
		out->success = (double)c->success;
		out->cost += (double)c->cost_pusd / 1e12;
		out->calls++;
		tried[ask->n_tried++] = (struct route_tried){
			.arm = d->arm,
			.evidence = c->evidence,
			.n_evidence = c->evidence ? EVIDENCE_N : 0,
			.cost_pusd = c->cost_pusd,
		};
		if (!c->evidence || ask->n_tried == ROUTE_TRIED_MAX)
			break;
		router_judge(b, ask, d);
		out->tested |= !isnan(d->p_accept);
		out->accepted = d->accept && !isnan(d->p_accept);
		if (d->accept)
			break;
	}
	ask->tried = NULL;
	ask->n_tried = 0;
}
