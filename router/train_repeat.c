/* How alike the fates of several replies of one tier are, by class. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "router/repeat.h"
#include "router/train_int.h"

/* What the node above is worth: so many cells of this variance. */
#define SHRINK   20.0
#define VARIANCE 0.15

static struct repeat_sum *sums(const struct fit *f)
{
	struct repeat_sum *s =
		xcalloc((size_t)f->nodes * (size_t)f->arms + 1, sizeof(*s));

	for (int i = 0; i < f->n; i++)
		for (int a = 0; a < f->arms; a++) {
			const struct mx_cell *c = fit_cell(f, i, a);

			if (c->runs < 2 || !isfinite(c->success))
				continue;
			for (int at = f->row[i].node; at >= 0;
			     at = f->node[at].parent)
				repeat_add(&s[at * f->arms + a], c->good,
					   c->runs);
		}
	return s;
}

struct part {
	double cells, shared, all;
};

/* Of one tier, or of all (-1). */
static struct part part_of(const struct fit *f, const struct repeat_sum *s,
			   int node, int tier)
{
	struct part p = {0, 0, 0};

	for (int a = 0; a < f->arms; a++) {
		const struct repeat_sum *one = &s[node * f->arms + a];

		if (tier >= 0 && arm_tier(f, a) != tier)
			continue;
		p.cells += one->n;
		repeat_parts(one, &p.shared, &p.all);
	}
	return p;
}

static float shrunk(const struct part *p, double above)
{
	double r = (p->shared + SHRINK * VARIANCE * above) /
		   (p->all + SHRINK * VARIANCE);

	return (float)fmin(fmax(r, 0.01), 1);
}

void fit_repeats(const struct fit *f, float *out)
{
	struct repeat_sum *s = sums(f);

	for (int node = 0; node < f->nodes; node++) {
		struct part whole = part_of(f, s, node, -1);
		int parent = f->node[node].parent;
		bool enough = whole.cells >= (node ? REPEAT_CLASS : REPEAT_MIN);
		double mean = whole.all > 0 ? whole.shared / whole.all : 1;

		mean = fmin(fmax(mean, 0.01), 1);
		for (int t = 0; t < TIERS; t++) {
			struct part p = part_of(f, s, node, t);
			float above =
				node ? out[parent * TIERS + t] : (float)mean;

			out[node * TIERS + t] = 0;
			if (enough && p.cells > 0 && above > 0)
				out[node * TIERS + t] =
					shrunk(&p, (double)above);
		}
	}
	free(s);
}
