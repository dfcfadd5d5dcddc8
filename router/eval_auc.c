/* How well the accept model tells good replies from bad ones of the same arm:
 * the share of pairs in which the good one is scored higher, ties half. Between
 * arms it would earn what their success rates alone tell. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/eval_int.h"
#include "router/stat.h"

void ev_scores_add(struct ev_scores *s, const struct ev_score *v, size_t n)
{
	if (s->n + n > s->room) {
		s->room = 2 * s->room + n;
		s->v = xrealloc_array(s->v, s->room, sizeof(*s->v));
	}
	if (n)
		memcpy(s->v + s->n, v, n * sizeof(*v));
	s->n += n;
}

/* With the group's number. */
struct scored {
	struct ev_score s;
	int group;
};

static int by_group(const void *a, const void *b)
{
	const struct scored *x = a, *y = b;

	return (x->s.group > y->s.group) - (x->s.group < y->s.group);
}

static int by_score(const void *a, const void *b)
{
	const struct scored *x = a, *y = b;

	if (x->s.arm != y->s.arm)
		return x->s.arm < y->s.arm ? -1 : 1;
	return (x->s.p > y->s.p) - (x->s.p < y->s.p);
}

/* Good and bad ones. */
struct sides {
	double good, bad;
};

/* Of v[i] and those after it with the same score of the same arm, each as
 * often as times[group] says, NULL: once. Returns the end. */
static size_t ties(const struct scored *v, size_t i, size_t n, const int *times,
		   struct sides *out)
{
	size_t end = i;

	*out = (struct sides){0, 0};
	for (;
	     end < n && v[end].s.arm == v[i].s.arm && !(v[end].s.p > v[i].s.p);
	     end++)
		*(v[end].s.good ? &out->good : &out->bad) +=
			times ? times[v[end].group] : 1;
	return end;
}

/* Over v[0..n), sorted. */
static double auc(const struct scored *v, size_t n, const int *times)
{
	double won = 0, pairs = 0;

	for (size_t i = 0; i < n;) {
		struct sides all = {0, 0};
		int arm = v[i].s.arm;

		while (i < n && v[i].s.arm == arm) {
			struct sides here;

			i = ties(v, i, n, times, &here);
			won += here.good * (all.bad + here.bad / 2);
			all.good += here.good;
			all.bad += here.bad;
		}
		pairs += all.good * all.bad;
	}
	return pairs > 0 ? won / pairs : NAN;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void interval(const struct scored *v, size_t n, int groups,
		     const struct eval_opts *o, struct eval_figure *out)
{
	int *times = xcalloc((size_t)groups + 1, sizeof(*times));
	double *drawn = xcalloc((size_t)o->boot + 1, sizeof(*drawn));
	uint64_t seed = stat_mix(o->seed + 71);
	double tail = (1 - o->conf) / 2;
	int m = 0;

	for (int k = 0; k < o->boot && n; k++) {
		memset(times, 0, (size_t)groups * sizeof(*times));
		for (int g = 0; g < groups; g++)
			times[stat_random(&seed) % (uint64_t)groups]++;
		drawn[m] = auc(v, n, times);
		m += !isnan(drawn[m]);
	}
	if (m > 1) {
		qsort(drawn, (size_t)m, sizeof(*drawn), by_value);
		out->low = drawn[(int)(tail * (m - 1))];
		out->high = drawn[(int)((1 - tail) * (m - 1) + 0.5)];
	}
	free(times);
	free(drawn);
}

void ev_auc(const struct ev_scores *s, int arm, const struct eval_opts *o,
	    struct eval_figure *out)
{
	struct scored *v = xcalloc(s->n + 1, sizeof(*v));
	size_t n = 0;
	int groups = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!isnan(s->v[i].p) && (arm < 0 || s->v[i].arm == arm))
			v[n++].s = s->v[i];
	qsort(v, n, sizeof(*v), by_group);
	for (size_t i = 0; i < n; i++) {
		groups += !i || v[i].s.group != v[i - 1].s.group;
		v[i].group = groups - 1;
	}
	qsort(v, n, sizeof(*v), by_score);
	*out = (struct eval_figure){auc(v, n, NULL), NAN, NAN};
	interval(v, n, groups, o, out);
	free(v);
}
