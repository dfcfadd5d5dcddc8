#include "router/duel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "router/stat.h"

void duel_defaults(struct duel_opts *o)
{
	*o = (struct duel_opts){.confidence = 0.95, .boot = 500, .seed = 1};
}

/* ---- judging ---- */

struct diffs {
	double *gain, *success, *saving, *weight;
	uint64_t *group;
	int *class_id;
	int n;
};

static bool comparable(const struct duel_row *r)
{
	return isfinite(r->old_success) && isfinite(r->old_cost) &&
	       isfinite(r->new_success) && isfinite(r->new_cost) &&
	       r->weight > 0;
}

static void diffs_init(struct diffs *d, const struct duel_row *rows, int n,
		       const struct duel_opts *o, struct duel_result *out)
{
	size_t room = (size_t)n + 1;
	double w = 0;

	*d = (struct diffs){
		.gain = xcalloc(room, sizeof(double)),
		.success = xcalloc(room, sizeof(double)),
		.saving = xcalloc(room, sizeof(double)),
		.weight = xcalloc(room, sizeof(double)),
		.group = xcalloc(room, sizeof(uint64_t)),
		.class_id = xcalloc(room, sizeof(int)),
	};
	for (int i = 0; i < n; i++) {
		const struct duel_row *r = &rows[i];

		if (!comparable(r))
			continue;
		w += r->weight;
		out->old_success += r->weight * r->old_success;
		out->old_cost += r->weight * r->old_cost;
		out->new_success += r->weight * r->new_success;
		out->new_cost += r->weight * r->new_cost;
		d->success[d->n] = r->new_success - r->old_success;
		/* what is left of the saving after the share asked for */
		d->saving[d->n] = (1 - DUEL_SAVING) * r->old_cost - r->new_cost;
		d->gain[d->n] = d->success[d->n] -
				o->price * (r->new_cost - r->old_cost);
		d->weight[d->n] = r->weight;
		d->group[d->n] = r->group;
		d->class_id[d->n++] = r->class_id;
	}
	if (w > 0) {
		out->old_success /= w;
		out->old_cost /= w;
		out->new_success /= w;
		out->new_cost /= w;
	}
	out->rows = d->n;
}

static void diffs_release(struct diffs *d)
{
	free(d->gain);
	free(d->success);
	free(d->saving);
	free(d->weight);
	free(d->group);
	free(d->class_id);
}

/* The class that is worse beyond doubt, doubts shared by all that are looked
 * at; -1. */
static int worse(const struct diffs *d, int n_classes,
		 const struct duel_opts *o)
{
	size_t room = (size_t)d->n + 1;
	double *v = xcalloc(room, sizeof(*v)), *w = xcalloc(room, sizeof(*w));
	uint64_t *g = xcalloc(room, sizeof(*g));
	int at = -1;

	for (int c = 0; c < n_classes && at < 0; c++) {
		struct stat_bound b;
		size_t n = 0;

		for (int i = 0; i < d->n; i++) {
			if (d->class_id[i] != c)
				continue;
			v[n] = d->gain[i];
			w[n] = d->weight[i];
			g[n++] = d->group[i];
		}
		if (n < DUEL_CLASSES)
			continue;
		stat_mean(v, w, g, n, 0,
			  1 - (1 - o->confidence) /
					  (n_classes > 0 ? n_classes : 1),
			  o->seed, &b);
		if (b.high < 0)
			at = c;
	}
	free(v);
	free(w);
	free(g);
	return at;
}

static void decide(const struct diffs *d, int n_classes,
		   const struct duel_opts *o, struct duel_result *out)
{
	/* Either way alone may promote: the error is shared. The second asks
	 * two things at once, and for more than nothing. */
	double half = 1 - (1 - o->confidence) / 2, conf = o->confidence;
	struct stat_bound gain, success, saving;
	size_t n = (size_t)d->n;

	stat_mean(d->gain, d->weight, d->group, n, o->boot, half, o->seed,
		  &gain);
	stat_mean(d->success, d->weight, d->group, n, o->boot, conf, o->seed,
		  &success);
	stat_mean(d->saving, d->weight, d->group, n, o->boot, conf, o->seed,
		  &saving);
	out->groups = (int)gain.groups;
	out->gain = gain.mean;
	out->gain_low = gain.low;
	out->gain_high = gain.high;
	out->success_low = success.low;
	out->saving_low = DUEL_SAVING +
			  (out->old_cost > 0 ? saving.low / out->old_cost : 0);
	out->worse_class = worse(d, n_classes, o);
	if (out->worse_class >= 0)
		snprintf(out->why, sizeof(out->why),
			 "a class is significantly worse");
	else if (gain.low > 0)
		snprintf(out->why, sizeof(out->why),
			 "better by at least %.4f of success a task", gain.low);
	else if (saving.low > 0 && success.low > -DUEL_LOSS)
		snprintf(out->why, sizeof(out->why),
			 "saves at least %.1f %% and loses at most %.2f points",
			 100 * out->saving_low, -100 * fmin(success.low, 0));
	else
		snprintf(out->why, sizeof(out->why),
			 "no gain beyond doubt: between %.4f and %.4f of "
			 "success a task",
			 gain.low, gain.high);
	out->promote =
		out->worse_class < 0 &&
		(gain.low > 0 || (saving.low > 0 && success.low > -DUEL_LOSS));
}

void duel_judge(const struct duel_row *rows, int n, int n_classes,
		const struct duel_opts *o, struct duel_result *out)
{
	struct diffs d;

	*out = (struct duel_result){.worse_class = -1};
	diffs_init(&d, rows, n, o, out);
	if (d.n < DUEL_ROWS)
		snprintf(out->why, sizeof(out->why),
			 "only %d comparable outcomes, fewer than %d", d.n,
			 DUEL_ROWS);
	else
		decide(&d, n_classes, o, out);
	diffs_release(&d);
}
