#include "router/spread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

#define LEAST 1e-4 /* a bin's share is at least taken for this */

static float sane(float v)
{
	return isfinite(v) ? v : -INFINITY;
}

static int by_value(const void *pa, const void *pb)
{
	float a = *(const float *)pa, b = *(const float *)pb;

	return a < b ? -1 : a > b;
}

void spread_make(struct spread *s, float *v, size_t n)
{
	size_t count[SPREAD_BINS] = {0};

	*s = (struct spread){.rows = (float)n};
	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		v[i] = sane(v[i]);
	qsort(v, n, sizeof(*v), by_value);
	s->n = 1;
	for (int k = 1; k < SPREAD_BINS; k++) {
		float at = v[n * (size_t)k / SPREAD_BINS];

		/* A cut is where the values that are below end. */
		if (at > v[0] && (s->n == 1 || at > s->cut[s->n - 2]))
			s->cut[s->n++ - 1] = at;
	}
	/* What most have, and few have more: the few are a bin too. */
	if (s->n == 1 && v[n - 1] > v[0]) {
		size_t i = 0;

		while (v[i] <= v[0])
			i++;
		s->cut[s->n++ - 1] = v[i];
	}
	for (size_t i = 0; i < n; i++)
		count[spread_bin(s, v[i])]++;
	for (int k = 0; k < s->n; k++)
		s->share[k] = (float)((double)count[k] / (double)n);
}

int spread_bin(const struct spread *s, float v)
{
	int bin = 0;

	v = sane(v);
	while (bin + 1 < s->n && v >= s->cut[bin])
		bin++;
	return bin;
}

float spread_index(const struct spread *s, const uint32_t count[SPREAD_BINS])
{
	double sum = 0, rows = 0;

	for (int k = 0; k < s->n; k++)
		rows += count[k];
	if (s->n < 2 || !(rows > 0) || !(s->rows > 0))
		return 0;
	for (int k = 0; k < s->n; k++) {
		double then = fmax((double)s->share[k], LEAST);
		double now = fmax(count[k] / rows, LEAST);

		sum += (now - then) * log(now / then);
	}
	sum -= (s->n - 1) * (1 / rows + 1 / (double)s->rows);
	return (float)fmax(sum, 0);
}

/* ---- all features ---- */

void spread_watch_init(struct spread_watch *w, const struct spread *s, int n)
{
	*w = (struct spread_watch){
		.s = s,
		.n = n,
		.count = xcalloc((size_t)n + 1, sizeof(*w->count)),
	};
}

void spread_watch_release(struct spread_watch *w)
{
	free(w->count);
}

void spread_watch_add(struct spread_watch *w, const float *x)
{
	w->rows++;
	for (int i = 0; i < w->n; i++)
		w->count[i][spread_bin(&w->s[i], x[i])]++;
}

void spread_watch_tell(const struct spread_watch *w, struct spread_verdict *out)
{
	double sum = 0;

	*out = (struct spread_verdict){.worst = -1};
	out->enough = w->n > 0 && w->rows >= SPREAD_ROWS;
	for (int i = 0; i < w->n; i++) {
		float index = spread_index(&w->s[i], w->count[i]);

		if (w->s[i].n < 2)
			continue;
		out->enough &= w->s[i].rows >= SPREAD_LEARNT;
		out->vary++;
		out->moved += index > SPREAD_MOVED;
		sum += (double)index;
		if (out->worst < 0 || index > out->worst_index) {
			out->worst = i;
			out->worst_index = index;
		}
	}
	out->enough &= out->vary > 0;
	if (out->vary)
		out->mean = (float)(sum / out->vary);
	out->drifted = out->enough && out->moved >= SPREAD_SHARE * out->vary;
}
