#include "router/preview.h"

#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "router/replay.h"
#include "router/stat.h"

#define BOOT           500
#define CONF           0.95 /* of each bound */
#define PROPENSITY_MIN 0.02

/* A task as it was paid, and the decision as it would have been. */
struct row {
	uint64_t group;
	double success, paid;         /* dollars */
	double p, cost;               /* expected of the choice */
	double p_served, cost_served; /* and of what served first */
	double propensity;
	bool same, single;
};

/* The cheapest arm that was seen served first; the bill is for all. */
static int served(const struct matrix *m, int task, struct row *r)
{
	int first = -1;

	r->success = r->paid = 0;
	for (int a = 0; a < m->n_arms; a++) {
		const struct mx_cell *c = matrix_cell(m, task, a);

		if (!mx_seen(m, task, a))
			continue;
		r->success = fmax(r->success, (double)c->success);
		r->paid += (double)c->cost_pusd / 1e12;
		if (first < 0) {
			first = a;
			r->propensity = (double)c->propensity;
		}
	}
	return first;
}

static int index_of(const struct replay *r, int arm)
{
	for (int i = 0; i < r->n; i++)
		if (r->of[i] == arm)
			return i;
	return -1;
}

static double expected(const struct decision *d, int i)
{
	return (double)d->view[i].expected_cost_pusd / 1e12;
}

static bool decide(struct replay *k, const struct bundle *b, int task,
		   enum route_goal goal, double target, struct decision *d,
		   struct row *r)
{
	int first = served(k->m, task, r), i = index_of(k, first);
	struct route_ask ask;

	if (first < 0 || i < 0)
		return false;
	replay_ask(k, task, NULL, goal, target, &ask);
	router_decide(b, &ask, d);
	if (d->arm < 0)
		return false;
	r->group = k->m->tasks[task].group;
	r->single = d->plan.n <= 1;
	r->same = d->arm == i && r->single;
	r->p = (double)(r->single ? d->view[d->arm].p : d->p_plan);
	r->cost = r->single ? expected(d, d->arm) : (double)d->plan_pusd / 1e12;
	r->p_served = (double)d->view[i].p;
	r->cost_served = expected(d, i);
	return isfinite(r->p) && r->cost >= 0;
}

/* How much dearer the arms that served were than expected. */
static double scale_of(const struct row *v, int n)
{
	double paid = 0, expect = 0;

	for (int i = 0; i < n; i++) {
		if (!(v[i].cost_served > 0))
			continue;
		paid += v[i].paid;
		expect += v[i].cost_served;
	}
	return expect > 0 ? paid / expect : 1;
}

/* Success and dollars of the choice. */
static void value(const struct row *r, double scale, struct preview *out,
		  double *success, double *usd)
{
	bool lots = r->propensity > 0 && r->propensity < 1;
	double e = fmax(r->propensity, PROPENSITY_MIN);

	out->same += r->same;
	if (r->same && !lots) {
		*success = r->success;
		*usd = r->paid;
		return;
	}
	*success = r->p;
	*usd = r->cost * scale;
	if (lots && r->same) {
		*success += (r->success - r->p) / e;
		*usd += (r->paid - r->cost * scale) / e;
	}
	out->estimated += lots && !r->same;
	out->modelled += !lots;
}

static void sum_up(const struct row *v, int n, uint64_t seed,
		   struct preview *out)
{
	size_t room = (size_t)n + 1;
	double *saved = xcalloc(room, sizeof(*saved));
	double *gained = xcalloc(room, sizeof(*gained));
	uint64_t *group = xcalloc(room, sizeof(*group));
	double scale = scale_of(v, n);
	struct stat_bound b;

	for (int i = 0; i < n; i++) {
		double success, usd;

		value(&v[i], scale, out, &success, &usd);
		group[i] = v[i].group;
		saved[i] = v[i].paid - usd;
		gained[i] = success - v[i].success;
		out->paid_usd += v[i].paid;
		out->would_usd += usd;
		out->success += v[i].success / n;
		out->would_success += success / n;
	}
	stat_mean(saved, NULL, group, (size_t)n, BOOT, CONF, seed, &b);
	out->saved_usd = b.mean * n;
	out->saved_low_usd = b.low * n;
	out->saved_high_usd = b.high * n;
	stat_mean(gained, NULL, group, (size_t)n, BOOT, CONF, seed, &b);
	out->gained = b.mean;
	out->gained_low = b.low;
	out->gained_high = b.high;
	free(saved);
	free(gained);
	free(group);
}

void preview_estimate(const struct matrix *m, const enum mx_side *side,
		      const struct bundle *b, enum route_goal goal,
		      double target, uint64_t seed, struct preview *out)
{
	size_t arms = (size_t)m->n_arms + 1;
	double *cost = xcalloc(arms, sizeof(*cost));
	double *success = xcalloc(arms, sizeof(*success));
	struct row *v = xcalloc((size_t)m->n_tasks + 1, sizeof(*v));
	struct decision *d = xcalloc(1, sizeof(*d));
	struct replay k;

	*out = (struct preview){0};
	for (int a = 0; a < m->n_arms; a++) {
		cost[a] = (double)m->arms[a].mean_cost_pusd;
		success[a] = m->arms[a].tier; /* order is all that matters */
	}
	replay_init(&k, m, cost, success, seed);
	for (int t = 0; t < m->n_tasks; t++)
		if ((!side || side[t] == MX_JUDGE) &&
		    decide(&k, b, t, goal, target, d, &v[out->tasks]))
			out->tasks++;
	if (out->tasks)
		sum_up(v, out->tasks, seed, out);
	free(cost);
	free(success);
	free(v);
	free(d);
}

/* ---- for people and programs ---- */

void preview_json(const struct preview *p, struct json_out *o)
{
	json_out_i64(o, "tasks", p->tasks);
	json_out_i64(o, "same", p->same);
	json_out_i64(o, "estimated", p->estimated);
	json_out_i64(o, "modelled", p->modelled);
	json_out_double(o, "paid_usd", p->paid_usd, 9);
	json_out_double(o, "would_usd", p->would_usd, 9);
	json_out_double(o, "success", p->success, 9);
	json_out_double(o, "would_success", p->would_success, 9);
	json_out_double(o, "saved_usd", p->saved_usd, 9);
	json_out_double(o, "low", p->saved_low_usd, 9);
	json_out_double(o, "high", p->saved_high_usd, 9);
	json_out_double(o, "success_delta", p->gained, 9);
	json_out_double(o, "success_delta_low", p->gained_low, 9);
	json_out_double(o, "success_delta_high", p->gained_high, 9);
}

void preview_text(const struct preview *p, struct buf *out)
{
	if (!p->tasks) {
		buf_adds(out, "no judged task with a cost and a model that the "
			      "router knows\n");
		return;
	}
	buf_addf(out,
		 "%d judged tasks: paid $%.4g, would have been $%.4g\n"
		 "saved    $%.4g (90 %%: %.4g .. %.4g)\n"
		 "success  %.1f %%, would have been %.1f %%, difference "
		 "%+.1f points (90 %%: %+.1f .. %+.1f)\n"
		 "same choice %d, estimated doubly robust %d, by the model "
		 "alone %d\n",
		 p->tasks, p->paid_usd, p->would_usd, p->saved_usd,
		 p->saved_low_usd, p->saved_high_usd, 100 * p->success,
		 100 * p->would_success, 100 * p->gained, 100 * p->gained_low,
		 100 * p->gained_high, p->same, p->estimated, p->modelled);
}
