/* Which arms stay: those named, those seen often enough, or the best of each
 * band of cost. Bands are over arms in the order of their mean cost. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/matrix_int.h"

struct tally {
	double success, cost; /* sums over tasks with both */
	int n;
	int arm;
};

static bool named(const char *const *list, struct str name)
{
	for (; list && *list; list++)
		if (str_is(name, *list))
			return true;
	return false;
}

static bool wanted(const struct mx_build *b, struct str name)
{
	if (b->o.models && !named(b->o.models, name))
		return false;
	return !named(b->o.drop, name);
}

static bool complete(const struct mx_obs *o)
{
	return !isnan(o->success) && o->cost_pusd != MONEY_NONE;
}

/* Does the pool have arms of its own for each source? */
static int pools(const struct mx_build *b)
{
	return b->o.by_tier ? b->n_sources : 1;
}

static int pool_of(const struct mx_build *b, uint32_t task)
{
	return b->o.by_tier ? b->source_of[task] : 0;
}

/* Over rows that are not marked for judging, where there are such. */
static struct tally *tallies(const struct mx_build *b)
{
	size_t n = (size_t)pools(b) * (size_t)b->m->n_arms;
	struct tally *v = xcalloc(n + 1, sizeof(*v));
	bool marks = false, others = false;

	for (int t = 0; t < b->m->n_tasks; t++) {
		marks |= b->m->tasks[t].judge;
		others |= !b->m->tasks[t].judge;
	}
	for (size_t i = 0; i < n; i++)
		v[i].arm = (int)(i % (size_t)b->m->n_arms);
	for (size_t i = 0; i < b->n_obs; i++) {
		const struct mx_obs *o = &b->obs[i];
		struct tally *t =
			&v[(size_t)pool_of(b, o->task) * (size_t)b->m->n_arms +
			   o->arm];

		if (!complete(o) ||
		    (marks && others && b->m->tasks[o->task].judge))
			continue;
		t->success += (double)o->success;
		t->cost += (double)o->cost_pusd;
		t->n++;
	}
	return v;
}

/* Observations are in the order of tasks: the end of those of b->obs[i]'s, of
 * which *counts says whether the task counts. Verdicts of which nobody knows
 * what any cost tell nothing of who was seen with its cost. */
static size_t task_end(const struct mx_build *b, size_t i, bool *counts)
{
	size_t k = i;
	bool verdict = false, whole = false;

	for (; k < b->n_obs && b->obs[k].task == b->obs[i].task; k++) {
		verdict |= !isnan(b->obs[k].success);
		whole |= complete(&b->obs[k]);
	}
	*counts = whole || !verdict;
	return k;
}

/* Of each source its tasks and, [source * n_arms + arm], those on which a model
 * was seen with its cost. */
static void count(const struct mx_build *b, int *tasks, int *seen)
{
	size_t arms = (size_t)b->m->n_arms;

	for (size_t i = 0, end; i < b->n_obs; i = end) {
		int s = b->source_of[b->obs[i].task];
		bool counts;

		end = task_end(b, i, &counts);
		tasks[s] += counts;
		for (size_t k = i; k < end; k++)
			if (complete(&b->obs[k]))
				seen[(size_t)s * arms + b->obs[k].arm]++;
	}
}

/* ok[source * n_arms + arm]: wanted, and seen with its cost on enough of the
 * source's tasks. */
static void covered(const struct mx_build *b, bool *ok)
{
	size_t arms = (size_t)b->m->n_arms, sources = (size_t)b->n_sources;
	int *seen = xcalloc(arms * sources + 1, sizeof(*seen));
	int *tasks = xcalloc(sources + 1, sizeof(*tasks));

	count(b, tasks, seen);
	for (size_t s = 0; s < sources; s++)
		for (size_t a = 0; a < arms; a++) {
			int n = seen[s * arms + a];

			ok[s * arms + a] =
				wanted(b, b->m->arms[a].name) &&
				(b->o.coverage <= 0 ||
				 (n && n >= b->o.coverage * tasks[s]));
		}
	free(seen);
	free(tasks);
}

double mx_nearest(const struct mx_build *b, struct str *name)
{
	int arms = b->m->n_arms;
	size_t cells = (size_t)b->n_sources * (size_t)arms;
	int *seen = xcalloc(cells + 1, sizeof(*seen));
	int *tasks = xcalloc((size_t)b->n_sources + 1, sizeof(*tasks));
	double best = 0;

	count(b, tasks, seen);
	for (int s = 0; s < b->n_sources; s++)
		for (int a = 0; a < arms; a++) {
			double share =
				tasks[s] ? (double)seen[s * arms + a] / tasks[s]
					 : 0;

			if (share > best && wanted(b, b->m->arms[a].name)) {
				best = share;
				*name = b->m->arms[a].name;
			}
		}
	free(seen);
	free(tasks);
	return best;
}

static int by_mean_cost(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;
	double cx = x->cost / x->n, cy = y->cost / y->n;

	if (cx < cy || cx > cy)
		return cx < cy ? -1 : 1;
	return x->arm - y->arm;
}

/* The best of v[from..to): by success, then by cost. */
static int best(const struct tally *v, int from, int to)
{
	int at = from;

	for (int i = from + 1; i < to; i++)
		if (v[i].success / v[i].n > v[at].success / v[at].n)
			at = i;
	return v[at].arm;
}

/* Of one pool: map[arm] becomes its band, from 0, or -1. */
static void bands(struct tally *v, int n_arms, const bool *ok, int tiers,
		  int *map)
{
	int n = 0;

	for (int a = 0; a < n_arms; a++) {
		map[a] = -1;
		if (ok[a] && v[a].n)
			v[n++] = v[a];
	}
	if (!n)
		return;
	qsort(v, (size_t)n, sizeof(*v), by_mean_cost);
	if (n <= tiers) { /* as far apart as they go */
		for (int i = 0; i < n; i++)
			map[v[i].arm] =
				n > 1 ? i * (tiers - 1) / (n - 1) : tiers / 2;
		return;
	}
	for (int k = 0; k < tiers; k++)
		map[best(v, k * n / tiers, (k + 1) * n / tiers)] = k;
}

static void take_bands(const struct mx_build *b, const bool *ok,
		       const bool *any, int *out, struct str **names,
		       int **tiers, int *n)
{
	int arms = b->m->n_arms, k = b->o.tiers;
	struct tally *v = tallies(b);
	int *map = xcalloc((size_t)arms + 1, sizeof(*map));

	if (b->o.by_tier) {
		*n = k;
		for (int i = 0; i < k; i++) {
			(*names)[i] =
				arena_strf(&b->m->arena, "tier:%d", i + 1);
			(*tiers)[i] = k > 1 ? 1 + i * 4 / (k - 1) : 3;
		}
	}
	for (int s = 0; s < b->n_sources; s++) {
		const bool *here = ok + (size_t)s * (size_t)arms;

		if (s == 0 || b->o.by_tier)
			bands(v + (size_t)s * (size_t)arms, arms,
			      b->o.by_tier ? here : any, k, map);
		for (int a = 0; a < arms; a++) {
			if (!b->o.by_tier && s == 0 && map[a] >= 0) {
				(*names)[*n] = b->m->arms[a].name;
				map[a] = (*n)++;
			}
			out[s * arms + a] = here[a] ? map[a] : -1;
		}
	}
	free(map);
	free(v);
}

void mx_pool(const struct mx_build *b, int *out, struct str **names,
	     int **tiers, int *n)
{
	int arms = b->m->n_arms;
	size_t room = (size_t)arms + (size_t)b->o.tiers + 1;
	size_t sources = (size_t)b->n_sources;
	bool *ok = xcalloc(sources * (size_t)arms + 1, sizeof(*ok));
	bool *any = xcalloc((size_t)arms + 1, sizeof(*any)); /* source */

	*names = xcalloc(room, sizeof(**names));
	*tiers = xcalloc(room, sizeof(**tiers));
	*n = 0;
	covered(b, ok);
	for (size_t i = 0; i < sources * (size_t)arms; i++)
		any[i % (size_t)arms] |= ok[i];
	if (b->o.tiers > 0) {
		take_bands(b, ok, any, out, names, tiers, n);
	} else {
		for (int a = 0; a < arms; a++) {
			for (int s = 0; s < b->n_sources; s++)
				out[s * arms + a] = ok[s * arms + a] ? *n : -1;
			if (any[a])
				(*names)[(*n)++] = b->m->arms[a].name;
		}
	}
	free(ok);
	free(any);
}
