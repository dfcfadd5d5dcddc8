/* How much of what the models say counts against the class's table (see
 * bundle_focus_on()): as much as errs least, squared, on out-of-fold rows. Of
 * two arms of nearly equal chances the one whose model errs upwards is picked,
 * and what models say of one arm apart from the others errs most.
 *
 * That differs from class to class: in one a text tells which arm will fail, in
 * another it tells nothing, and what the models say of it there is noise. So
 * each class has shares of its own, chosen by its rows and those of all classes
 * together, which count as PRIOR more. A row's own fold has no say in what its
 * probabilities are made with.
 *
 * Tasks of a group share a fate: n of them say as much as n / (1 + (n - 1) r)
 * apart from each other, r being how alike they are (the design effect of
 * cluster samples, Kish 1965), and weigh so much here. Else one large
 * repository that its fold never saw decides for all the others. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/train_int.h"

static const float shares[] = {0, 0.15F, 0.25F, 0.35F, 0.5F, 0.75F, 1};
#define SHARES ((int)(sizeof(shares) / sizeof(shares[0])))

/* How alike the outcomes of a group's tasks are, beyond their class and arm:
 * 0.05 to 0.2 by repository. Anything from 0.01 to 0.3 chooses nearly the same
 * shares. */
#define ALIKE 0.1

#define CHOICES (SHARES * (SHARES + 1) / 2)

/* Tasks that all classes count as, in the choice for one. Of CodeRouterBench,
 * RouteLLM, BFCL and a mixed fleet 10 to 120 choose alike. */
#define PRIOR 60

struct focus {
	double *error; /* [nodes][folds][CHOICES] squared, sums */
	double *tasks; /* [nodes][folds] that they are of, by weight */
	const struct fit *f;
	double *weight; /* [n] of a row */
	float *rate;    /* [n][arms] the class's, out of fold */
	double *p;      /* [arms] of a row */
	double *base;
};

struct member {
	uint64_t group;
	int row;
};

static int by_group(const void *pa, const void *pb)
{
	const struct member *a = pa, *b = pb;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static void find_weights(struct focus *c)
{
	const struct fit *f = c->f;
	struct member *m = xcalloc((size_t)f->n + 1, sizeof(*m));
	size_t n = 0, next;

	for (int i = 0; i < f->n; i++) {
		if (fit_vector(f, i))
			m[n++] = (struct member){f->row[i].group, i};
	}
	qsort(m, n, sizeof(*m), by_group);
	for (size_t from = 0; from < n; from = next) {
		for (next = from; next < n && m[next].group == m[from].group;)
			next++;
		for (size_t k = from; k < next; k++)
			c->weight[m[k].row] =
				(double)f->row[m[k].row].weight /
				(1 + ALIKE * (double)(next - from - 1));
	}
	free(m);
}

static void find_rates(struct focus *c)
{
	const struct fit *f = c->f;
	struct rates r;

	rates_init(&r, f);
	for (int k = 0; k < f->folds; k++) {
		for (int node = 0; node < f->nodes; node++) {
			fit_rates(f, node, k, NO_FOLD, &r);
			for (int i = 0; i < f->n; i++) {
				if (f->row[i].fold != k ||
				    f->row[i].node != node)
					continue;
				memcpy(c->rate + (size_t)i * (size_t)f->arms,
				       r.rate, (size_t)f->arms * sizeof(float));
			}
		}
	}
	rates_release(&r);
}

/* c->p: the row's probabilities under a focus. */
static void look(const struct focus *c, int i, struct bundle_focus by)
{
	const struct fit *f = c->f;
	size_t at = (size_t)i * (size_t)f->arms;

	for (int a = 0; a < f->arms; a++) {
		c->p[a] = (double)f->p[at + (size_t)a];
		c->base[a] = (double)c->rate[at + (size_t)a];
	}
	bundle_focus_on(by, c->p, c->base, f->arms);
}

static struct bundle_focus choice(int c)
{
	int i = 0;

	while (c > i)
		c -= ++i;
	return (struct bundle_focus){shares[i], shares[c]};
}

/* Squared errors of a row's arms. */
static double error_of(const struct focus *c, int i, struct bundle_focus by)
{
	const struct fit *f = c->f;
	double sum = 0;

	look(c, i, by);
	for (int a = 0; a < f->arms; a++) {
		double d = c->p[a] - (double)fit_cell(f, i, a)->success;

		if (isfinite(d))
			sum += d * d;
	}
	return sum;
}

static void find_errors(struct focus *c)
{
	const struct fit *f = c->f;
	size_t folds = (size_t)f->folds;

	c->error =
		xcalloc((size_t)f->nodes * folds, CHOICES * sizeof(*c->error));
	c->tasks = xcalloc((size_t)f->nodes * folds, sizeof(*c->tasks));
	for (int i = 0; i < f->n; i++) {
		double error[CHOICES];

		if (!fit_vector(f, i))
			continue;
		for (int k = 0; k < CHOICES; k++)
			error[k] = c->weight[i] * error_of(c, i, choice(k));
		for (int at = f->row[i].node; at >= 0;
		     at = f->node[at].parent) {
			size_t to = (size_t)at * folds + (size_t)f->row[i].fold;

			c->tasks[to] += c->weight[i];
			for (size_t k = 0; k < CHOICES; k++)
				c->error[to * CHOICES + k] += error[k];
		}
	}
}

/* Errors of a node under a choice, but for a fold (NO_FOLD: none). */
static double sum_of(const struct focus *c, int node, int but, int which,
		     double *tasks)
{
	double sum = 0;

	*tasks = 0;
	for (int k = 0; k < c->f->folds; k++) {
		size_t at = (size_t)(node * c->f->folds + k);

		if (k == but)
			continue;
		sum += c->error[at * CHOICES + (size_t)which];
		*tasks += c->tasks[at];
	}
	return sum;
}

static struct bundle_focus choose(const struct focus *c, int node, int but)
{
	struct bundle_focus best = {1, 1};
	double least = INFINITY;

	for (int k = 0; k < CHOICES; k++) {
		double tasks, all;
		double error = sum_of(c, node, but, k, &tasks);
		double mean = sum_of(c, 0, but, k, &all);

		if (!(all > 0))
			continue;
		error += PRIOR * mean / all;
		if (error < least) {
			least = error;
			best = choice(k);
		}
	}
	return best;
}

/* Probabilities as decisions make them. */
static void use(const struct focus *c, struct fit *f)
{
	for (int k = 0; k < f->folds; k++) {
		for (int node = 0; node < f->nodes; node++)
			f->focus[node] = choose(c, node, k);
		for (int i = 0; i < f->n; i++) {
			size_t at = (size_t)i * (size_t)f->arms;

			if (f->row[i].fold != k)
				continue;
			look(c, i, f->focus[f->row[i].node]);
			for (int a = 0; a < f->arms; a++)
				f->p[at + (size_t)a] = (float)c->p[a];
		}
	}
	for (int node = 0; node < f->nodes; node++)
		f->focus[node] = choose(c, node, NO_FOLD);
}

void fit_focus(struct fit *f)
{
	size_t cells = (size_t)f->n * (size_t)f->arms;
	struct focus c = {
		.f = f,
		.weight = xcalloc((size_t)f->n + 1, sizeof(double)),
		.rate = xcalloc(cells + 1, sizeof(float)),
		.p = xcalloc((size_t)f->arms, sizeof(double)),
		.base = xcalloc((size_t)f->arms, sizeof(double)),
	};

	f->focus = xcalloc((size_t)f->nodes, sizeof(*f->focus));
	find_rates(&c);
	find_weights(&c);
	find_errors(&c);
	use(&c, f);
	for (int a = 0; a < f->arms; a++) {
		if (f->arm[a].own)
			fit_arm_spread(f, a);
	}
	free(c.error);
	free(c.tasks);
	free(c.weight);
	free(c.rate);
	free(c.p);
	free(c.base);
}
