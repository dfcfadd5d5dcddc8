/* The nearest neighbours' success and cost, of the same class where it has
 * enough, shrunk towards the class: a baseline that needs no training. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "router/eval_int.h"

#define NEAR   24
#define SHRINK 8.0 /* neighbours that the class is worth */

struct space {
	const struct ev *v;
	int n, dims; /* rows with vectors */
	int *task;
	float *at; /* [n * dims]: log1p, in standard deviations */
	double *mean, *scale;
};

static void place(const struct space *s, const float *x, float *out)
{
	for (int d = 0; d < s->dims; d++) {
		double z = log1p(fmax((double)x[d], 0)) - s->mean[d];

		out[d] = (float)(z * s->scale[d]);
	}
}

static void space_init(struct space *s, const struct ev *v,
		       const enum mx_side *side)
{
	const struct matrix *m = v->m;
	size_t dims = (size_t)m->n_features;

	*s = (struct space){.v = v, .dims = m->n_features};
	s->task = xcalloc((size_t)m->n_tasks + 1, sizeof(*s->task));
	s->mean = xcalloc(dims + 1, sizeof(*s->mean));
	s->scale = xcalloc(dims + 1, sizeof(*s->scale));
	for (int t = 0; t < m->n_tasks; t++)
		if (side[t] == MX_FIT && m->tasks[t].x)
			s->task[s->n++] = t;
	for (int d = 0; d < s->dims; d++) {
		double sum = 0, square = 0;

		for (int i = 0; i < s->n; i++) {
			double z = log1p(
				fmax((double)m->tasks[s->task[i]].x[d], 0));

			sum += z;
			square += z * z;
		}
		s->mean[d] = s->n ? sum / s->n : 0;
		square = s->n ? square / s->n - s->mean[d] * s->mean[d] : 0;
		s->scale[d] = square > 1e-12 ? 1 / sqrt(square) : 0;
	}
	s->at = xcalloc((size_t)s->n * dims + 1, sizeof(*s->at));
	for (int i = 0; i < s->n; i++)
		place(s, m->tasks[s->task[i]].x, s->at + (size_t)i * dims);
}

static void space_release(struct space *s)
{
	free(s->task);
	free(s->at);
	free(s->mean);
	free(s->scale);
}

struct near {
	float far;
	int task;
};

/* How far, or something of at least `most`: a sum of squares only grows. */
static float distance(const float *at, const float *here, int dims, float times,
		      float most)
{
	float far = 0;

	for (int d = 0; d < dims; d++) {
		far += (at[d] - here[d]) * (at[d] - here[d]);
		if (d % 8 == 7 && far * times >= most)
			break;
	}
	return far * times;
}

/* The NEAR nearest to `x`, those of another class only when the class has
 * none nearer than twice as far. */
static int nearest(const struct space *s, int class_id, const float *x,
		   struct near *best)
{
	float here[FEATURE_MAX];
	int n = 0;

	place(s, x, here);
	for (int i = 0; i < s->n; i++) {
		const float *at = s->at + (size_t)i * (size_t)s->dims;
		bool own = s->v->m->tasks[s->task[i]].class_id == class_id;
		float far = distance(at, here, s->dims, own ? 1 : 4,
				     n == NEAR ? best[n - 1].far : INFINITY);
		int k;

		if (n == NEAR && far >= best[n - 1].far)
			continue;
		k = n < NEAR ? n++ : n - 1;
		for (; k > 0 && best[k - 1].far > far; k--)
			best[k] = best[k - 1];
		best[k] = (struct near){far, s->task[i]};
	}
	return n;
}

static void guess(const struct ev *v, const struct ev_rates *r, int t,
		  const struct near *near, int n, double *s, double *c)
{
	const struct matrix *m = v->m;

	for (int a = 0; a < m->n_arms; a++) {
		int at = m->tasks[t].class_id * m->n_arms + a;
		double ss = SHRINK * r->class_s[at], w = SHRINK;
		double cc = SHRINK * r->class_c[at];

		for (int i = 0; i < n; i++) {
			const struct mx_cell *cell =
				matrix_cell(m, near[i].task, a);

			if (!mx_seen(m, near[i].task, a))
				continue;
			ss += (double)cell->success;
			cc += (double)cell->cost_pusd / 1e12;
			w++;
		}
		s[a] = ss / w;
		c[a] = cc / w;
	}
}

void ev_play_knn(const struct ev *v, const enum mx_side *side,
		 struct ev_play *p)
{
	int arms = v->m->n_arms;
	double *s = xcalloc((size_t)arms + 1, sizeof(*s));
	double *c = xcalloc((size_t)arms + 1, sizeof(*c));
	struct near near[NEAR];
	struct ev_rates r;
	struct space space;

	ev_rates_init(&r, v, side);
	space_init(&space, v, side);
	for (int i = 0; i < p->n; i++) {
		const struct mx_task *task = &v->m->tasks[p->rows[i]];
		int n = task->x ? nearest(&space, task->class_id, task->x, near)
				: 0;

		guess(v, &r, p->rows[i], near, n, s, c);
		for (int k = 0; k < p->steps; k++) {
			double best = -INFINITY;
			int at = -1;

			for (int a = 0; a < arms; a++) {
				double u = s[a] * p->price[k] - c[a];

				if (u > best) {
					best = u;
					at = a;
				}
			}
			if (at >= 0)
				ev_put(p, k, i, ev_cell(v, p->rows[i], at), 1);
		}
	}
	space_release(&space);
	ev_rates_release(&r);
	free(s);
	free(c);
}
