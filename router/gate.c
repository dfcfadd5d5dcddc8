#include "router/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/evidence.h"
#include "ledger/money.h"
#include "router/hull.h"
#include "router/router.h"
#include "router/stat.h"

#define USD            1e-12 /* of a pico-dollar */
#define BOOT           1000
#define PROPENSITY_MIN 0.02
#define NO_PRICE       0.05 /* of success: what all of the cost is worth */
#define PREVIEW_DAYS   7

void gate_defaults(struct gate_opts *o)
{
	*o = (struct gate_opts){
		.target = 1,
		.confidence = 0.95,
		.worse = 0.975,
		.min_tasks = 50,
		.min_class_tasks = 50,
		.seed = 1,
	};
}

struct row {
	int task;
	bool known;
	bool same; /* both did the same, which was not seen there */
	double now_success, now_usd, next_success, next_usd;
};

struct compare {
	const struct matrix *m;
	struct route_arm arms[ROUTE_ARMS_MAX];
	int arm_of[ROUTE_ARMS_MAX]; /* of the matrix */
	int n_arms;
	struct row *row;
	int n;
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

/* The arms that were seen most, in the matrix's order. */
static void pick_arms(struct compare *c)
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
		c->arms[c->n_arms++] = (struct route_arm){
			.model = m->arms[a].name,
			.tier = m->arms[a].tier,
			.in_fusd = -1,
			.cached_fusd = -1,
			.out_fusd = -1,
			.allowed = true,
		};
	}
	free(seen);
}

/* What a bundle did on a task: the arms that served, one after another, the
 * last of which stood. */
struct course {
	int arm[ROUTE_TRIED_MAX], n;
};

static void ask_for(const struct compare *c, int task, uint64_t seed,
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

/* Decide, and judge each reply by the evidence that is there, as live. */
static void run_course(const struct compare *c, const struct bundle *b,
		       int task, uint64_t seed, struct course *out)
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
		if (d.plan.kind == PLAN_SINGLE || out->n == ROUTE_TRIED_MAX)
			break;
		ask.tried = tried;
		ask.n_tried = out->n;
		router_judge(b, &ask, &d);
		if (d.accept || d.arm == arm)
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
static bool value(const struct compare *c, int task, int arm, double *success,
		  double *usd)
{
	const struct mx_cell *cell = matrix_cell(c->m, task, c->arm_of[arm]);
	bool lots = false;
	double e = 1;

	for (int a = 0; a < c->m->n_arms; a++) {
		const struct mx_cell *o = matrix_cell(c->m, task, a);

		lots |= isfinite(o->success) && o->propensity > 0 &&
			o->propensity < 1;
	}
	*success = *usd = 0;
	if (!isfinite(cell->success))
		return lots;
	if (cell->propensity > 0 && cell->propensity < 1)
		e = fmax((double)cell->propensity, PROPENSITY_MIN);
	*success = (double)cell->success / e;
	*usd = (cell->cost_pusd == MONEY_NONE ? mean_usd(c->m, c->arm_of[arm])
					      : (double)cell->cost_pusd * USD) /
	       e;
	return true;
}

/* The last arm stands; those before it were paid. */
static bool course_value(const struct compare *c, int task,
			 const struct course *k, double *success, double *usd)
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

static void compare_task(struct compare *c, const struct bundle *now,
			 const struct bundle *next, int task, uint64_t seed)
{
	struct row *r = &c->row[c->n++];
	uint64_t lot = stat_mix(seed ^ stat_mix((uint64_t)task + 1));
	struct course a, b;

	run_course(c, now, task, lot, &a);
	run_course(c, next, task, lot, &b);
	*r = (struct row){.task = task};
	r->known = course_value(c, task, &a, &r->now_success, &r->now_usd) &&
		   course_value(c, task, &b, &r->next_success, &r->next_usd);
	if (!r->known && same_course(&a, &b)) {
		*r = (struct row){.task = task, .known = true, .same = true};
	}
}

/* ---- what it is worth ---- */

/* What a dollar buys on the hull of single arms, where the policy that serves
 * stands. */
static double hull_price(const struct compare *c, double success, double usd)
{
	struct hull_point p[ROUTE_ARMS_MAX];
	struct hull_mix mix;
	int n;

	for (int a = 0; a < c->n_arms; a++) {
		double sum = 0, weight = 0;

		for (int i = 0; i < c->n; i++) {
			double s, u;

			if (value(c, c->row[i].task, a, &s, &u)) {
				sum += s;
				weight++;
			}
		}
		p[a] = (struct hull_point){mean_usd(c->m, c->arm_of[a]),
					   weight > 0 ? sum / weight : NAN, a};
	}
	n = hull_make(p, c->n_arms);
	if (n > 1 && success > p[n - 1].success)
		return (p[n - 1].success - p[n - 2].success) /
		       (p[n - 1].cost - p[n - 2].cost);
	if (n > 0) {
		hull_at_success(p, n, success, &mix);
		if (mix.slope > 0)
			return mix.slope;
	}
	return usd > 0 ? NO_PRICE / usd : 0;
}

static void sides(const struct compare *c, struct gate *g)
{
	int n = 0;

	for (int i = 0; i < c->n; i++) {
		const struct row *r = &c->row[i];

		if (!r->known) {
			g->left_out++;
			continue;
		}
		g->judged++;
		n += !r->same;
		g->now.success += r->now_success;
		g->now.usd += r->now_usd;
		g->next.success += r->next_success;
		g->next.usd += r->next_usd;
	}
	if (!n)
		return;
	g->now.success /= n;
	g->now.usd /= n;
	g->next.success /= n;
	g->next.usd /= n;
}

/* The mean of a difference over the rows of a class (-1: all). */
static void bound(const struct compare *c, int class_id, double price,
		  double of_success, double conf, uint64_t seed,
		  struct stat_bound *out)
{
	double *v = xcalloc((size_t)c->n + 1, sizeof(*v));
	uint64_t *group = xcalloc((size_t)c->n + 1, sizeof(*group));
	size_t n = 0;

	for (int i = 0; i < c->n; i++) {
		const struct row *r = &c->row[i];
		const struct mx_task *t = &c->m->tasks[r->task];

		if (!r->known || (class_id >= 0 && t->class_id != class_id))
			continue;
		v[n] = of_success * (r->next_success - r->now_success) -
		       price * (r->next_usd - r->now_usd);
		group[n++] = t->group;
	}
	stat_mean(v, NULL, group, n, BOOT, conf, seed, out);
	free(v);
	free(group);
}

static int class_tasks(const struct compare *c, int class_id)
{
	int n = 0;

	for (int i = 0; i < c->n; i++)
		n += c->row[i].known &&
		     c->m->tasks[c->row[i].task].class_id == class_id;
	return n;
}

/* A class that is surely worse, -1: none. With many classes one of them would
 * look so by chance: the bound is split among them. */
static int worse_class(const struct compare *c, const struct gate *g,
		       const struct gate_opts *o)
{
	int looked_at = 0;

	for (int k = 0; k < c->m->n_classes; k++)
		looked_at += class_tasks(c, k) >= o->min_class_tasks;
	for (int k = 0; k < c->m->n_classes; k++) {
		struct stat_bound b;

		if (class_tasks(c, k) < o->min_class_tasks)
			continue;
		bound(c, k, g->price, 1, 1 - (1 - o->worse) / looked_at,
		      o->seed, &b);
		if (b.high < 0)
			return k;
	}
	return -1;
}

static void decide(const struct compare *c, const struct gate_opts *o,
		   struct gate *g)
{
	int worse = worse_class(c, g, o);

	if (g->judged < o->min_tasks)
		snprintf(g->reason, sizeof(g->reason),
			 "%d tasks to judge by are too few", g->judged);
	else if (worse >= 0)
		snprintf(g->reason, sizeof(g->reason),
			 "class %.*s is surely worse",
			 (int)(c->m->classes[worse].len < 64
				       ? c->m->classes[worse].len
				       : 64),
			 c->m->classes[worse].p);
	else if (!(g->gain_low > 0))
		snprintf(g->reason, sizeof(g->reason),
			 "the gain is not surely above zero");
	else {
		g->passed = true;
		snprintf(g->reason, sizeof(g->reason),
			 "surely better on %d later tasks", g->judged);
	}
}

void gate_compare(const struct bundle *now, const struct bundle *next,
		  const struct matrix *m, const enum mx_side *side,
		  const struct gate_opts *o, struct gate *out)
{
	struct compare c = {.m = m, .target = o->target};
	struct stat_bound b;

	*out = (struct gate){0};
	c.row = xcalloc((size_t)m->n_tasks + 1, sizeof(*c.row));
	pick_arms(&c);
	for (int t = 0; t < m->n_tasks; t++) {
		if (!side || side[t] == MX_JUDGE)
			compare_task(&c, now, next, t, o->seed);
	}
	sides(&c, out);
	out->price = hull_price(&c, out->now.success, out->now.usd);
	bound(&c, -1, out->price, 1, o->confidence, o->seed, &b);
	out->gain = b.mean;
	out->gain_low = b.low;
	out->gain_high = b.high;
	bound(&c, -1, 1, 0, o->confidence, o->seed, &b);
	out->saved_usd = b.mean;
	out->saved_low_usd = b.low;
	out->saved_high_usd = b.high;
	decide(&c, o, out);
	free(c.row);
}

static void put(struct json_out *o, const char *key, double v)
{
	char text[32];

	if (!isfinite(v)) {
		json_out_null(o, key);
		return;
	}
	snprintf(text, sizeof(text), "%.6g", v);
	json_out_raw(o, key, str_from(text));
}

static void put_side(struct json_out *o, const char *key,
		     const struct gate_side *s)
{
	json_out_obj(o, key);
	put(o, "success", s->success);
	put(o, "cost_usd", s->usd);
	json_out_end(o, '}');
}

void gate_json(const struct gate *g, double tasks_a_day, struct json_out *o)
{
	double week = tasks_a_day * PREVIEW_DAYS;

	json_out_obj(o, "gate");
	json_out_bool(o, "passed", g->passed);
	put(o, "gain", g->gain);
	put(o, "gain_low", g->gain_low);
	put(o, "gain_high", g->gain_high);
	json_out_str(o, "reason", str_from(g->reason));
	json_out_i64(o, "judged", g->judged);
	json_out_i64(o, "left_out", g->left_out);
	put(o, "price", g->price);
	put_side(o, "now", &g->now);
	put_side(o, "next", &g->next);
	json_out_end(o, '}');
	json_out_obj(o, "preview");
	json_out_i64(o, "days", PREVIEW_DAYS);
	put(o, "saved_usd", g->saved_usd * week);
	put(o, "low", g->saved_low_usd * week);
	put(o, "high", g->saved_high_usd * week);
	put(o, "success_delta", g->next.success - g->now.success);
	json_out_end(o, '}');
}
