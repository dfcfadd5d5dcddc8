#include "router/gate.h"

#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "router/stat.h"

#define PREVIEW_DAYS 7
#define CLASS_TEXT   64

void gate_defaults(struct gate_opts *o)
{
	*o = (struct gate_opts){
		.target = 1,
		.confidence = 0.95,
		.worse = 0.975,
		.min_tasks = 50,
		.min_class_tasks = 50,
		.boot = 1000,
		.seed = 1,
	};
}

struct judging {
	const struct gate_row *row;
	int n;
	const struct gate_opts *o;
	double *v; /* [n] differences, and whose they are */
	uint64_t *group;
};

/* A difference: of success, less dollars at a price, less a share of what
 * serves costs at it. */
struct measure {
	double success, price, asked;
	bool own; /* at the price of each row's class instead, if known */
};

/* Its mean over the rows of a class (-1: all). */
static void bound(struct judging *j, int class_id, struct measure of,
		  double conf, struct stat_bound *out)
{
	size_t n = 0;

	for (int i = 0; i < j->n; i++) {
		const struct gate_row *r = &j->row[i];
		double price = of.own && r->price > 0 ? r->price : of.price;

		if (class_id >= 0 && r->class_id != class_id)
			continue;
		j->v[n] = of.success * (r->next_success - r->now_success) -
			  price * (r->next_usd - (1 - of.asked) * r->now_usd);
		j->group[n++] = r->group;
	}
	stat_mean(j->v, NULL, j->group, n, j->o->boot, conf, j->o->seed, out);
}

static void sides(const struct judging *j, struct gate *g)
{
	double seen = 0;

	for (int i = 0; i < j->n; i++) {
		const struct gate_row *r = &j->row[i];

		seen += !r->same;
		g->now.success += r->now_success;
		g->now.usd += r->now_usd;
		g->next.success += r->next_success;
		g->next.usd += r->next_usd;
	}
	g->judged = j->n;
	if (!(seen > 0))
		return;
	g->now.success /= seen;
	g->now.usd /= seen;
	g->next.success /= seen;
	g->next.usd /= seen;
}

static int class_tasks(const struct judging *j, int class_id)
{
	int n = 0;

	for (int i = 0; i < j->n; i++)
		n += j->row[i].class_id == class_id;
	return n;
}

/* Surely worse, by what is worth something: a class in which both succeed alike
 * and the new one pays a little more is surely worse by next to nothing. */
static bool is_worse(struct judging *j, int class_id, struct measure of,
		     double conf)
{
	struct stat_bound b;

	bound(j, class_id, of, conf, &b);
	return b.high < -GATE_GAIN;
}

/* The class that is surely worse, whichever of the two prices is right; -1:
 * none. With many classes one of them would look worse by chance: the bound is
 * split among them. */
static int worse_class(struct judging *j, int classes, double price)
{
	const struct gate_opts *o = j->o;
	int looked_at = 0;
	double conf;

	for (int k = 0; k < classes; k++)
		looked_at += class_tasks(j, k) >= o->min_class_tasks;
	conf = looked_at ? 1 - (1 - o->worse) / looked_at : o->worse;
	for (int k = 0; k < classes; k++) {
		struct measure of = {1, price, 0, false};

		if (class_tasks(j, k) < o->min_class_tasks ||
		    !is_worse(j, k, of, conf))
			continue;
		of.own = true;
		if (is_worse(j, k, of, conf))
			return k;
	}
	return -1;
}

/* ---- the verdict ---- */

static void refuse_class(struct str name, struct gate *g)
{
	snprintf(g->reason, sizeof(g->reason), "class %.*s is surely worse",
		 (int)(name.len < CLASS_TEXT ? name.len : CLASS_TEXT), name.p);
}

/* saving_low: what is left of the sure saving after the share asked for. */
static void say(double saving_low, struct gate *g)
{
	bool saves = saving_low > 0 && g->success_low > -GATE_LOSS &&
		     g->gain_high >= 0;

	g->passed = g->gain_low > GATE_GAIN || saves;
	if (!g->passed)
		snprintf(g->reason, sizeof(g->reason),
			 "the gain is not surely above %.2f points",
			 100 * GATE_GAIN);
	else if (g->gain_low > GATE_GAIN)
		snprintf(g->reason, sizeof(g->reason),
			 "surely better on %d later tasks", g->judged);
	else
		snprintf(g->reason, sizeof(g->reason),
			 "surely cheaper and hardly worse on %d later tasks",
			 g->judged);
}

void gate_judge(const struct gate_row *rows, int n, const struct str *classes,
		int n_classes, const struct gate_opts *o, struct gate *out)
{
	/* Either of two ways may promote: they share the doubt. The second
	 * asks two things at once. */
	double half = 1 - (1 - o->confidence) / 2, conf = o->confidence;
	struct judging j = {
		.row = rows,
		.n = n,
		.o = o,
		.v = xcalloc((size_t)n + 1, sizeof(double)),
		.group = xcalloc((size_t)n + 1, sizeof(uint64_t)),
	};
	struct stat_bound gain, success, saved, saving;
	int worse;

	sides(&j, out);
	bound(&j, -1, (struct measure){1, out->price, 0, false}, half, &gain);
	bound(&j, -1, (struct measure){1, 0, 0, false}, conf, &success);
	bound(&j, -1, (struct measure){0, 1, 0, false}, conf, &saved);
	bound(&j, -1, (struct measure){0, 1, GATE_SAVING, false}, conf,
	      &saving);
	out->gain = gain.mean;
	out->gain_low = gain.low;
	out->gain_high = gain.high;
	out->success_low = success.low;
	out->saved_usd = saved.mean;
	out->saved_low_usd = saved.low;
	out->saved_high_usd = saved.high;
	out->passed = false;
	worse = out->worse_class = worse_class(&j, n_classes, out->price);
	if (n < o->min_tasks)
		snprintf(out->reason, sizeof(out->reason),
			 "%d tasks to judge by are too few", n);
	else if (worse >= 0)
		refuse_class(classes[worse], out);
	else
		say(saving.low, out);
	free(j.v);
	free(j.group);
}

void gate_compare(const struct bundle *now, const struct bundle *next,
		  const struct matrix *m, const enum mx_side *side,
		  const struct gate_opts *o, struct gate *out)
{
	struct gate_row *rows = xcalloc((size_t)m->n_tasks + 1, sizeof(*rows));
	int n = gate_play(now, next, m, side, o, rows, out);

	gate_judge(rows, n, m->classes, m->n_classes, o, out);
	free(rows);
}

/* ---- certificate ---- */

static void put_side(struct json_out *o, const char *key,
		     const struct gate_side *s)
{
	json_out_obj(o, key);
	json_out_double(o, "success", s->success, 6);
	json_out_double(o, "cost_usd", s->usd, 6);
	json_out_end(o, '}');
}

void gate_json(const struct gate *g, double tasks_a_day, struct json_out *o)
{
	double week = tasks_a_day * PREVIEW_DAYS;

	json_out_obj(o, "gate");
	json_out_bool(o, "passed", g->passed);
	json_out_double(o, "gain", g->gain, 6);
	json_out_double(o, "gain_low", g->gain_low, 6);
	json_out_double(o, "gain_high", g->gain_high, 6);
	json_out_str(o, "reason", str_from(g->reason));
	json_out_i64(o, "judged", g->judged);
	json_out_i64(o, "left_out", g->left_out);
	json_out_double(o, "price", g->price, 6);
	put_side(o, "now", &g->now);
	put_side(o, "next", &g->next);
	json_out_end(o, '}');
	json_out_obj(o, "preview");
	json_out_i64(o, "days", PREVIEW_DAYS);
	json_out_double(o, "saved_usd", g->saved_usd * week, 6);
	json_out_double(o, "low", g->saved_low_usd * week, 6);
	json_out_double(o, "high", g->saved_high_usd * week, 6);
	json_out_double(o, "success_delta", g->next.success - g->now.success,
			6);
	json_out_end(o, '}');
}
