/* How far the estimate may be trusted: rows are drawn with replacement; what
 * the targeted shift would have been in a draw follows from its scores, and
 * what that does to the estimate from its slope. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "router/oracle_int.h"
#include "router/stat.h"

#define CONF 0.9

/* ---- the interval ---- */

void oracle_totals(const struct work *w, const double *by_row, const int *times,
		   double *sum)
{
	for (int k = 0; k < RHOS; k++) {
		sum[k] = 0;
		for (int i = 0; i < w->n; i++)
			sum[k] += (times ? times[i] : 1) * by_row[k * w->n + i];
	}
}

/* The same from every so many rows. */
static void thinned(const struct work *w, const double *by_row, int stride,
		    double *sum)
{
	int n = (w->n + stride - 1) / stride;

	for (int k = 0; k < RHOS; k++) {
		sum[k] = 0;
		for (int i = 0; i < w->n; i += stride)
			sum[k] += by_row[k * w->n + i] * w->n / n;
	}
}

#define SLOPE_ROWS 500 /* about so many tell a slope */

/* How the oracle's cost moves with each arm's shift and cost: by a small step
 * of each. [arm * RHOS + rho] */
static void slopes(struct work *w, double *by_shift, double *by_scale)
{
	double *keep = w->cost, *won = w->won, base[RHOS], moved[RHOS];
	size_t room = RHOS * (size_t)w->n + 1;
	int stride = 1 + w->n / SLOPE_ROWS;

	thinned(w, keep, stride, base);
	w->cost = xcalloc(room, sizeof(double));
	w->won = xcalloc(room, sizeof(double));
	for (int a = 0; a < w->arms; a++)
		for (int of = 0; of < 2; of++) {
			double *x = of ? &w->scale[a] : &w->shift[a];
			double *out = of ? by_scale : by_shift, old = *x;
			double step = of ? 0.05 * old : 0.1;

			*x += step;
			oracle_fill(w);
			for (int i = 0; i < w->n; i += stride)
				oracle_expect(w, i);
			thinned(w, w->cost, stride, moved);
			for (int k = 0; k < RHOS; k++)
				out[a * RHOS + k] = (moved[k] - base[k]) / step;
			*x = old;
		}
	oracle_fill(w);
	free(w->cost);
	free(w->won);
	w->cost = keep;
	w->won = won;
}

static void one_draw(const struct work *w, const int *times, bool randomised,
		     const double *by_shift, const double *by_scale,
		     double *low, double *high)
{
	struct score s[ORACLE_ARMS_MAX] = {{0}};
	double sum[RHOS];

	oracle_totals(w, w->cost, times, sum);
	if (randomised)
		oracle_scores(w, times, s);
	for (int a = 0; randomised && a < w->arms; a++) {
		double shift = s[a].slope > 0 ? s[a].residual / s[a].slope : 0;
		double scale =
			s[a].expected > 0
				? w->scale[a] * (s[a].paid / s[a].expected - 1)
				: 0;

		for (int k = 0; k < RHOS; k++)
			sum[k] += by_shift[a * RHOS + k] * shift +
				  by_scale[a * RHOS + k] * scale;
	}
	*low = INFINITY;
	*high = -INFINITY;
	for (int k = 0; k < RHOS; k++) {
		*low = fmin(*low, sum[k]);
		*high = fmax(*high, sum[k]);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void oracle_bootstrap(struct work *w, int boot, uint64_t seed,
		      struct oracle_out *out)
{
	size_t n = (size_t)w->n, arms = (size_t)w->arms;
	double *low = xcalloc((size_t)boot, sizeof(double));
	double *high = xcalloc((size_t)boot, sizeof(double));
	double *by_shift = xcalloc(arms * RHOS + 1, sizeof(double));
	double *by_scale = xcalloc(arms * RHOS + 1, sizeof(double));
	int *times = xcalloc(n + 1, sizeof(*times));
	uint64_t state = seed;
	/* corrected by drawn rows, the shifts cancel out */
	bool shifts = out->randomised && !(w->weight > 0);

	if (shifts)
		slopes(w, by_shift, by_scale);
	for (int b = 0; b < boot; b++) {
		memset(times, 0, n * sizeof(*times));
		for (size_t i = 0; i < n; i++)
			times[(size_t)(stat_uniform(&state) * (double)n)]++;
		one_draw(w, times, shifts, by_shift, by_scale, &low[b],
			 &high[b]);
	}
	qsort(low, (size_t)boot, sizeof(double), by_value);
	qsort(high, (size_t)boot, sizeof(double), by_value);
	out->oracle_low_usd = low[(int)((1 - CONF) / 2 * (boot - 1) + 0.5)];
	out->oracle_high_usd = high[(int)((1 + CONF) / 2 * (boot - 1) + 0.5)];
	free(low);
	free(high);
	free(by_shift);
	free(by_scale);
	free(times);
}
