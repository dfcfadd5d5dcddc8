/* After an attempt: may the reply stand, or who is next? Each untried arm is
 * expected to do as well as was thought, given how its predecessors did; the
 * reply is given up where one of them is worth more than it, its price counted.
 *
 * Under a quality goal a reply below the class's threshold does not stand while
 * a better arm is left: that threshold bounds the false accepts. Whoever prices
 * failures or sets a budget has said what a mistake is worth. */
#include <math.h>
#include <stdio.h>

#include "router/accept.h"
#include "router/decide_int.h"

#define PUSD_IN_USD 1e12

/* What is certain without a model: no answer, or none that can be used. */
static bool failed(const struct route_tried *t)
{
	const float *e = t->evidence;
	int n = e ? t->n_evidence : 0;

	return (n > EVIDENCE_FINISH &&
		(e[EVIDENCE_FINISH] == FINISH_ERROR ||
		 e[EVIDENCE_FINISH] == FINISH_FILTERED)) ||
	       (n > EVIDENCE_REFUSAL && e[EVIDENCE_REFUSAL] >= 1) ||
	       (n > EVIDENCE_TOOL_JSON && e[EVIDENCE_TOOL_JSON] < 1) ||
	       (n > EVIDENCE_SCHEMA && e[EVIDENCE_SCHEMA] < 1);
}

/* P(the reply is good | what was seen of it); NaN: nobody knows. */
static double posterior(const struct look *g, const struct route_tried *t,
			double prior)
{
	const struct forest *f = bundle_accept(g->b);
	const struct option *o = &g->o[t->arm];
	const struct bundle_class *all;
	float row[ACCEPT_COLUMNS];

	if (!f || !t->evidence || t->n_evidence <= 0)
		return NAN;
	bundle_classes(g->b, &all);
	accept_row(t->evidence, t->n_evidence, (float)prior,
		   (double)t->cost_pusd, o->cost * PUSD_IN_USD, o->tier,
		   (int)(g->class - all), row);
	return (double)calibrate(&g->class->accept, forest_predict(f, row));
}

struct seen {
	bool tried[ROUTE_ARMS_MAX];
	const struct route_tried *last;
	const struct route_tried *end; /* the last of all */
	double prior[ROUTE_ARMS_MAX];  /* before anything was tried */
	double post;                   /* of the last reply */
	bool failed;                   /* the last reply cannot stand */
};

/* Lower or raise what is expected of the arms that are left. */
static void learn_from(struct look *g, struct seen *s,
		       const struct route_tried *t)
{
	double prior = g->o[t->arm].p, post = posterior(g, t, s->prior[t->arm]);
	bool bad = failed(t);

	if (bad)
		post = isnan(post) ? 0 : fmin(post, 0.01);
	else if (t == s->end && samples_differ(g->ask))
		post = isnan(post) ? 0.5 : fmin(post, 0.5);
	/* A second sample of an arm tells little of the others. */
	for (int i = 0; i < g->n && !s->tried[t->arm]; i++) {
		if (i != t->arm && !s->tried[i])
			g->o[i].p = plan_given(g->o[i].p, prior, post);
	}
	s->tried[t->arm] = true;
	s->last = t;
	s->post = post;
	s->failed = bad;
}

static void look_back(struct look *g, struct seen *s)
{
	const struct route_ask *a = g->ask;
	int n = a->tried ? a->n_tried : 0;

	*s = (struct seen){.post = NAN};
	for (int i = 0; i < g->n; i++)
		s->prior[i] = g->o[i].p;
	if (n > ROUTE_TRIED_MAX)
		n = ROUTE_TRIED_MAX;
	s->end = n ? &a->tried[n - 1] : NULL;
	for (int i = 0; i < n; i++) {
		if (look_has(g, a->tried[i].arm))
			learn_from(g, s, &a->tried[i]);
	}
	for (int i = 0; i < g->n; i++) {
		if (s->tried[i])
			g->o[i].affords = false;
	}
}

/* The next arm, and what it is worth beyond its cost; -1. */
static int next_arm(const struct look *g, double *worth)
{
	int best = -1;

	*worth = -INFINITY;
	for (int i = 0; i < g->n; i++) {
		double u = g->o[i].p - g->lambda * g->o[i].cost;

		if (g->o[i].affords && u > *worth) {
			*worth = u;
			best = i;
		}
	}
	return best >= 0 ? best : plan_strongest(g);
}

/* The arm that is most likely good, whatever it costs. */
static int best_arm(const struct look *g)
{
	int best = -1;

	for (int i = 0; i < g->n; i++) {
		if (g->o[i].affords && !isnan(g->o[i].p) &&
		    (best < 0 || g->o[i].p > g->o[best].p))
			best = i;
	}
	return best;
}

/* ---- before an attempt ---- */

static bool is_below_bound(const struct look *g, double post)
{
	const struct policy *p = &g->class->policy;

	return g->ask->goal == ROUTE_QUALITY && p->accept <= 1 &&
	       post < (double)p->accept;
}

/* The least that the accept test ever says of a class's replies. */
static double worst_word(const struct look *g)
{
	const struct calibration *c = &g->class->accept;
	double least = c->n ? (double)c->y[0] : 0;

	for (int i = 1; i < c->n; i++)
		least = fmin(least, (double)c->y[i]);
	return least;
}

/* What going on from a reply that is as bad as can be told is worth: another
 * arm's success, its cost counted, beyond the reply's. A bound on false accepts
 * is worth whatever it costs. */
static double worth_at(const struct look *g, int first, double post, bool bound)
{
	double most = 0;

	for (int i = 0; i < g->n; i++) {
		const struct option *o = &g->o[i];
		double next = plan_given(o->p, g->o[first].p, post);

		if (i == first || !o->affords)
			continue;
		if (!bound)
			next -= g->lambda * o->cost;
		most = fmax(most, next - post); /* NaN: no */
	}
	return most;
}

double judge_gain(const struct look *g, int i)
{
	double post, worth;
	bool bound;

	if (!g->escalate || !look_has(g, i) || !bundle_accept(g->b) ||
	    isnan(g->o[i].p))
		return 0;
	post = worst_word(g);
	bound = is_below_bound(g, post);
	worth = worth_at(g, i, post, bound);
	if (!(worth > 0))
		return 0;
	if (g->rung >= 0 && !bound)
		return (double)
			g->class->bonus[g->rung * g->n_arms + g->o[i].arm];
	return (1 - g->o[i].p) * worth;
}

/* ---- after it ---- */

/* Who is next, or -1: the reply stands. */
static int give_up(const struct look *g, const struct seen *s)
{
	double worth;
	int next = next_arm(g, &worth);

	if (next < 0)
		return -1;
	if (s->failed) /* up, not down */
		return g->o[next].tier >= g->o[s->last->arm].tier
			       ? next
			       : plan_strongest(g);
	if (!g->escalate || isnan(s->post))
		return -1;
	if (worth > s->post)
		return next;
	if (!is_below_bound(g, s->post))
		return -1;
	next = best_arm(g);
	return next >= 0 && g->o[next].p > s->post ? next : -1;
}

void router_judge(const struct bundle *b, const struct route_ask *ask,
		  struct decision *out)
{
	struct seen s;
	struct look g;
	int next = -1;

	if (!ask->tried || ask->n_tried < 1) {
		router_decide(b, ask, out);
		return;
	}
	decide_look(&g, b, ask, out);
	if (!failed(&ask->tried[ask->n_tried - 1]) && judge_samples(&g, out))
		return;
	look_back(&g, &s);
	out->p_accept = (float)s.post;
	if (s.last && ask->n_tried < ROUTE_TRIED_MAX)
		next = give_up(&g, &s);
	if (next >= 0) {
		plan_single(&g, next, out);
		return;
	}
	out->accept = !s.failed;
	out->plan_pusd = 0;
	if (s.failed)
		snprintf(out->bound_by, sizeof(out->bound_by),
			 "nothing left to try");
}
