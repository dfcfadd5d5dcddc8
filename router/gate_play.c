/* The playing of the gate: what each of two bundles does with a task, and what
 * came of it. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/evidence.h"
#include "ledger/money.h"
#include "router/gate.h"
#include "router/hull.h"
#include "router/router.h"
#include "router/stat.h"

#define USD            1e-12 /* of a pico-dollar */
#define PROPENSITY_MIN 0.02
#define NO_PRICE       0.05 /* of success: what all of the cost is worth */

struct play {
	const struct matrix *m;
	const enum mx_side *side;
	struct route_arm arms[ROUTE_ARMS_MAX];
	int arm_of[ROUTE_ARMS_MAX]; /* of the matrix */
	int n_arms;
	double target;
};

/* ---- what each chose ---- */

static int count_cells(const struct matrix *m, int arm)
{
	int n = 0;

	for (int t = 0; t < m->n_tasks; t++)
		n += isfinite(matrix_cell(m, t, arm)->success);
	return n;
}

/* At one price for all tokens, which has the unit that the arm's costs are
 * relative to. */
static struct route_arm arm_at_price(const struct mx_arm *a)
{
	int64_t unit = a->price_unit > 0 ? llround(a->price_unit) : -1;

	return (struct route_arm){
		.model = a->name,
		.tier = a->tier,
		.in_fusd = unit,
		.cached_fusd = -1,
		.out_fusd = unit,
		.allowed = true,
	};
}

/* The arms that were seen most, in the matrix's order. */
static void pick_arms(struct play *c)
{
	const struct matrix *m = c->m;
	int *seen = xcalloc((size_t)m->n_arms + 1, sizeof(*seen));

	for (int a = 0; a < m->n_arms; a++)
		seen[a] = count_cells(m, a);
	for (int a = 0; a < m->n_arms && c->n_arms < ROUTE_ARMS_MAX; a++) {
		int better = 0;

		for (int b = 0; b < m->n_arms; b++)
			better += seen[b] > seen[a];
		if (better >= ROUTE_ARMS_MAX || !seen[a])
			continue;
		c->arm_of[c->n_arms] = a;
		c->arms[c->n_arms++] = arm_at_price(&m->arms[a]);
	}
	free(seen);
}

/* What a bundle did on a task: the arms that served, one after another, the
 * last of which stood. */
struct course {
	int arm[ROUTE_TRIED_MAX], n;
};

static void ask_for(const struct play *c, int task, uint64_t seed,
		    struct route_ask *ask)
{
	const struct mx_task *t = &c->m->tasks[task];

	*ask = (struct route_ask){
		.x = t->x,
		.n_x = t->x ? c->m->n_features : 0,
		.schema = c->m->schema,
		.class_name = t->class_id >= 0 ? c->m->classes[t->class_id]
					       : STR_NONE,
		.arms = c->arms,
		.n_arms = c->n_arms,
		.pinned = -1,
		.prompt_tokens = t->input_tokens,
		.budget_left_pusd = -1,
		.goal = ROUTE_QUALITY,
		.target = c->target,
		.seed = seed,
	};
}

static bool seen(const struct play *c, int task, int arm)
{
	return isfinite(matrix_cell(c->m, task, c->arm_of[arm])->success);
}

/* Whether a logging policy drew lots for a task. */
static bool drawn(const struct play *c, int task)
{
	for (int a = 0; a < c->m->n_arms; a++) {
		const struct mx_cell *o = matrix_cell(c->m, task, a);

		if (isfinite(o->success) && o->propensity > 0 &&
		    o->propensity < 1)
			return true;
	}
	return false;
}

/* Decide, and judge each reply by the evidence that is there, as live: whatever
 * the plan was, a reply may be sent on. Where lots were drawn an arm that was
 * not seen counts as nothing because one that was seen counts for it; of a
 * second arm nobody knows that, and the first stands. */
static void run_course(const struct play *c, const struct bundle *b, int task,
		       uint64_t seed, struct course *out)
{
	struct route_tried tried[ROUTE_TRIED_MAX];
	struct route_ask ask;
	struct decision d;

	ask_for(c, task, seed, &ask);
	router_decide(b, &ask, &d);
	out->n = 0;
	while (d.arm >= 0 && out->n < ROUTE_TRIED_MAX) {
		const struct mx_cell *cell =
			matrix_cell(c->m, task, c->arm_of[d.arm]);
		int arm = d.arm;

		out->arm[out->n] = arm;
		tried[out->n++] = (struct route_tried){
			.arm = arm,
			.evidence = cell->evidence,
			.n_evidence = cell->evidence ? EVIDENCE_N : 0,
			.cost_pusd = cell->cost_pusd == MONEY_NONE
					     ? 0
					     : cell->cost_pusd,
		};
		if (out->n == ROUTE_TRIED_MAX)
			break;
		ask.tried = tried;
		ask.n_tried = out->n;
		router_judge(b, &ask, &d);
		if (d.accept || d.arm < 0 || d.arm == arm ||
		    (!seen(c, task, d.arm) && drawn(c, task)))
			break;
	}
}

static double mean_usd(const struct matrix *m, int arm)
{
	return m->arms[arm].mean_cost_pusd < 0
		       ? 0
		       : (double)m->arms[arm].mean_cost_pusd * USD;
}

/* An arm's value on a task: what was seen, weighed where lots were drawn. */
static bool value(const struct play *c, int task, int arm, double *success,
		  double *usd)
{
	const struct mx_cell *cell = matrix_cell(c->m, task, c->arm_of[arm]);
	double e = 1;

	*success = *usd = 0;
	if (!isfinite(cell->success))
		return drawn(c, task);
	if (cell->propensity > 0 && cell->propensity < 1)
		e = fmax((double)cell->propensity, PROPENSITY_MIN);
	*success = (double)cell->success / e;
	*usd = (cell->cost_pusd == MONEY_NONE ? mean_usd(c->m, c->arm_of[arm])
					      : (double)cell->cost_pusd * USD) /
	       e;
	return true;
}

/* The last arm stands; those before it were paid. */
static bool course_value(const struct play *c, int task, const struct course *k,
			 double *success, double *usd)
{
	double paid = 0;

	for (int i = 0; i < k->n; i++) {
		if (!value(c, task, k->arm[i], success, usd))
			return false;
		paid += *usd;
	}
	*usd = paid;
	return k->n > 0;
}

static bool same_course(const struct course *a, const struct course *b)
{
	for (int i = 0; i < a->n && i < b->n; i++) {
		if (a->arm[i] != b->arm[i])
			return false;
	}
	return a->n == b->n;
}

/* False: what one of them chose was not seen. */
static bool play_task(const struct play *c, const struct bundle *now,
		      const struct bundle *next, int task, uint64_t seed,
		      struct gate_row *r)
{
	uint64_t lot = stat_mix(seed ^ stat_mix((uint64_t)task + 1));
	const struct mx_task *t = &c->m->tasks[task];
	struct course a, b;

	run_course(c, now, task, lot, &a);
	run_course(c, next, task, lot, &b);
	*r = (struct gate_row){.group = t->group, .class_id = t->class_id};
	if (course_value(c, task, &a, &r->now_success, &r->now_usd) &&
	    course_value(c, task, &b, &r->next_success, &r->next_usd))
		return true;
	r->now_success = r->now_usd = r->next_success = r->next_usd = 0;
	r->same = same_course(&a, &b);
	return r->same;
}

static bool judged(const struct play *c, int task)
{
	return !c->side || c->side[task] == MX_JUDGE;
}

/* What an arm alone would have reached and paid: sums over tasks. */
struct single {
	double success, usd, n;
};

static void add_single(struct single *s, double success, double usd)
{
	s->success += success;
	s->usd += usd;
	s->n++;
}

/* [1 + classes][arms]: over all tasks, and over those of each class. */
static struct single *singles_of(const struct play *c)
{
	size_t arms = (size_t)c->n_arms;
	struct single *all = xcalloc((size_t)c->m->n_classes * arms + arms + 1,
				     sizeof(*all));

	for (int t = 0; t < c->m->n_tasks; t++) {
		int k = c->m->tasks[t].class_id;

		for (size_t a = 0; judged(c, t) && a < arms; a++) {
			double success, usd;

			if (!value(c, t, (int)a, &success, &usd))
				continue;
			/* what it costs over all was seen on more tasks */
			add_single(&all[a], success,
				   mean_usd(c->m, c->arm_of[a]));
			if (k >= 0)
				add_single(&all[((size_t)k + 1) * arms + a],
					   success, usd);
		}
	}
	return all;
}

/* What a dollar buys on the hull of single arms (`s`: of each arm), where the
 * policy that serves stands. */
static double hull_price(const struct play *c, const struct single *s,
			 double success, double usd)
{
	struct hull_point p[ROUTE_ARMS_MAX];
	struct hull_mix mix;
	int n;

	for (int a = 0; a < c->n_arms; a++)
		p[a] = (struct hull_point){s[a].usd / s[a].n,
					   s[a].success / s[a].n, a};
	n = hull_make(p, c->n_arms);
	if (n > 1 && success >= p[n - 1].success)
		return (p[n - 1].success - p[n - 2].success) /
		       (p[n - 1].cost - p[n - 2].cost);
	if (n > 0) {
		hull_at_success(p, n, success, &mix);
		if (mix.slope > 0)
			return mix.slope;
	}
	return usd > 0 ? NO_PRICE / usd : 0;
}

/* The means of what serves a class (-1: all); how many rows it has. */
static int serving(const struct gate_row *rows, int n, int class_id,
		   double *success, double *usd)
{
	int seen = 0, of = 0;

	*success = *usd = 0;
	for (int i = 0; i < n; i++) {
		if (class_id >= 0 && rows[i].class_id != class_id)
			continue;
		*success += rows[i].now_success;
		*usd += rows[i].now_usd;
		seen += !rows[i].same;
		of++;
	}
	*success /= seen ? seen : 1;
	*usd /= seen ? seen : 1;
	return of;
}

static void prices(const struct play *c, const struct gate_opts *o,
		   struct gate_row *rows, int n, struct gate *out)
{
	struct single *all = singles_of(c);
	double success, usd;

	serving(rows, n, -1, &success, &usd);
	out->price = hull_price(c, all, success, usd);
	for (int k = 0; k < c->m->n_classes; k++) {
		const struct single *s =
			all + (size_t)(k + 1) * (size_t)c->n_arms;
		double price;

		if (serving(rows, n, k, &success, &usd) < o->min_class_tasks)
			continue;
		price = hull_price(c, s, success, usd);
		for (int i = 0; i < n; i++) {
			if (rows[i].class_id == k)
				rows[i].price = price;
		}
	}
	free(all);
}

int gate_play(const struct bundle *now, const struct bundle *next,
	      const struct matrix *m, const enum mx_side *side,
	      const struct gate_opts *o, struct gate_row *rows,
	      struct gate *out)
{
	struct play c = {.m = m, .side = side, .target = o->target};
	int n = 0;

	*out = (struct gate){0};
	pick_arms(&c);
	for (int t = 0; t < m->n_tasks; t++) {
		if (!judged(&c, t))
			continue;
		if (play_task(&c, now, next, t, o->seed, &rows[n]))
			n++;
		else
			out->left_out++;
	}
	prices(&c, o, rows, n, out);
	return n;
}
