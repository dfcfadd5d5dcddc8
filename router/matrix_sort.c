/* The order in which a matrix that was made shows its classes and arms. */
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/money.h"
#include "router/matrix_int.h"

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void mx_sort_classes(struct matrix *m)
{
	size_t n = 0, all = (size_t)m->n_classes;
	struct str *old = xcalloc(all + 1, sizeof(*old));
	bool *used = xcalloc(all + 1, sizeof(*used));

	for (size_t i = 0; i < all; i++)
		old[i] = m->classes[i];
	for (int t = 0; t < m->n_tasks; t++)
		used[m->tasks[t].class_id] = true;
	for (size_t i = 0; i < all; i++)
		if (used[i])
			m->classes[n++] = old[i];
	qsort(m->classes, n, sizeof(*m->classes), by_name);
	m->n_classes = (int)n;
	for (int t = 0; t < m->n_tasks; t++)
		m->tasks[t].class_id =
			mx_find_class(m, old[m->tasks[t].class_id]);
	free(old);
	free(used);
}

struct column {
	struct mx_arm arm;
	int old;
};

static int by_cost(const void *a, const void *b)
{
	const struct mx_arm *x = &((const struct column *)a)->arm;
	const struct mx_arm *y = &((const struct column *)b)->arm;

	if ((x->mean_cost_pusd < 0) != (y->mean_cost_pusd < 0))
		return x->mean_cost_pusd < 0 ? 1 : -1;
	if (x->mean_cost_pusd != y->mean_cost_pusd)
		return x->mean_cost_pusd < y->mean_cost_pusd ? -1 : 1;
	return str_cmp(x->name, y->name);
}

static int64_t mean_cost(const struct matrix *m, int arm)
{
	__int128 sum = 0;
	int64_t n = 0;

	for (int t = 0; t < m->n_tasks; t++) {
		int64_t cost = matrix_cell(m, t, arm)->cost_pusd;

		if (cost == MONEY_NONE)
			continue;
		sum += cost;
		n++;
	}
	return n ? (int64_t)(sum / n) : -1;
}

void mx_sort_arms(struct matrix *m, const struct str *names, const int *tiers,
		  int n)
{
	struct column *c = xcalloc((size_t)n + 1, sizeof(*c));
	struct mx_cell *row = xcalloc((size_t)n + 1, sizeof(*row));

	free(m->arms);
	m->n_arms = n;
	m->arms = xcalloc((size_t)n + 1, sizeof(*m->arms));
	for (int a = 0; a < n; a++)
		c[a] = (struct column){{.name = names[a],
					.tier = tiers[a],
					.mean_cost_pusd = mean_cost(m, a)},
				       a};
	/* Tiers over several sources cost what their tasks cost. */
	if (!tiers[0])
		qsort(c, (size_t)n, sizeof(*c), by_cost);
	for (int a = 0; a < n; a++) {
		m->arms[a] = c[a].arm;
		if (!m->arms[a].tier)
			m->arms[a].tier =
				n > 1 ? 1 + (4 * a + (n - 1) / 2) / (n - 1) : 3;
	}
	for (int t = 0; t < m->n_tasks; t++) {
		struct mx_cell *cells = matrix_cell(m, t, 0);

		for (int a = 0; a < n; a++)
			row[a] = cells[c[a].old];
		memcpy(cells, row, (size_t)n * sizeof(*row));
	}
	free(c);
	free(row);
}
