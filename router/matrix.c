#include "router/matrix.h"

#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"

#define ARENA_MAX ((size_t)4 << 30)

void matrix_init(struct matrix *m)
{
	memset(m, 0, sizeof(*m));
	arena_init(&m->arena, ARENA_MAX);
}

void matrix_release(struct matrix *m)
{
	free(m->arms);
	free(m->classes);
	free(m->tasks);
	free(m->cells);
	arena_release(&m->arena);
	memset(m, 0, sizeof(*m));
}

bool mx_seen(const struct matrix *m, int task, int arm)
{
	const struct mx_cell *c = matrix_cell(m, task, arm);

	return !isnan(c->success) && c->cost_pusd != MONEY_NONE;
}

int mx_find_arm(const struct matrix *m, struct str name)
{
	for (int a = 0; a < m->n_arms; a++)
		if (str_eq(m->arms[a].name, name))
			return a;
	return -1;
}

int mx_find_class(const struct matrix *m, struct str name)
{
	for (int c = 0; c < m->n_classes; c++)
		if (str_eq(m->classes[c], name))
			return c;
	return -1;
}

/* ---- splits ---- */

struct part {
	uint64_t group, order;
	int tasks, fold;
};

static int by_group(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	return (x->group > y->group) - (x->group < y->group);
}

static int by_size(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->tasks != y->tasks)
		return x->tasks > y->tasks ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* Steele, Lea, Flood: SplitMix64's finish. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static struct part *parts(const struct matrix *m, uint64_t seed, size_t *n)
{
	struct part *p = xcalloc((size_t)m->n_tasks + 1, sizeof(*p));

	for (int t = 0; t < m->n_tasks; t++)
		p[t] = (struct part){.group = m->tasks[t].group, .tasks = 1};
	qsort(p, (size_t)m->n_tasks, sizeof(*p), by_group);
	*n = 0;
	for (int t = 0; t < m->n_tasks; t++) {
		if (*n && p[*n - 1].group == p[t].group) {
			p[*n - 1].tasks++;
			continue;
		}
		p[*n] = p[t];
		p[*n].order = mix(p[t].group ^ mix(seed + 1));
		(*n)++;
	}
	return p;
}

/* Largest groups first, each to the fold that has least: repositories differ
 * so much in size that folds by hash alone would too. */
void matrix_split(const struct matrix *m, int folds, int fold, uint64_t seed,
		  enum mx_side *side)
{
	int *load = xcalloc((size_t)(folds > 0 ? folds : 1), sizeof(*load));
	struct part *p;
	size_t n;

	p = parts(m, seed, &n);
	qsort(p, n, sizeof(*p), by_size);
	for (size_t i = 0; i < n; i++) {
		int least = 0;

		for (int f = 1; f < folds; f++)
			if (load[f] < load[least])
				least = f;
		p[i].fold = least;
		load[least] += p[i].tasks;
	}
	qsort(p, n, sizeof(*p), by_group);
	for (int t = 0; t < m->n_tasks; t++) {
		struct part key = {.group = m->tasks[t].group};
		const struct part *at =
			bsearch(&key, p, n, sizeof(*p), by_group);

		side[t] = at && at->fold == fold ? MX_JUDGE : MX_FIT;
	}
	free(p);
	free(load);
}

int matrix_sides(const struct matrix *m, enum mx_side *side)
{
	struct part *p = xcalloc((size_t)m->n_tasks + 1, sizeof(*p));
	size_t n = 0;

	for (int t = 0; t < m->n_tasks; t++)
		if (m->tasks[t].judge)
			p[n++].group = m->tasks[t].group;
	qsort(p, n, sizeof(*p), by_group);
	for (int t = 0; t < m->n_tasks; t++) {
		struct part key = {.group = m->tasks[t].group};

		side[t] = MX_FIT;
		if (m->tasks[t].judge)
			side[t] = MX_JUDGE;
		else if (bsearch(&key, p, n, sizeof(*p), by_group))
			side[t] = MX_OUT;
	}
	free(p);
	return (int)n;
}
