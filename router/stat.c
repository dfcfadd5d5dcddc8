#include "router/stat.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"

uint64_t stat_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t stat_random(uint64_t *state)
{
	return stat_mix(*state += UINT64_C(0x9e3779b97f4a7c15));
}

double stat_uniform(uint64_t *state)
{
	return (double)(stat_random(state) >> 11) * 0x1p-53;
}

/* Acklam's rational approximation, good to 1e-9 relative. */
double stat_normal(double p)
{
	static const double a[] = {-39.69683028665376, 220.9460984245205,
				   -275.9285104469687, 138.3577518672690,
				   -30.66479806614716, 2.506628277459239};
	static const double b[] = {-54.47609879822406, 161.5858368580409,
				   -155.6989798598866, 66.80131188771972,
				   -13.28068155288572};
	static const double c[] = {-0.007784894002430293, -0.3223964580411365,
				   -2.400758277161838,    -2.549732539343734,
				   4.374664141464968,     2.938163982698783};
	static const double d[] = {0.007784695709041462, 0.3224671290700398,
				   2.445134137142996, 3.754408661907416};
	double q, r;

	if (p > 0.5)
		return -stat_normal(1 - p);
	if (p <= 0)
		return -INFINITY;
	if (p < 0.02425) {
		q = sqrt(-2 * log(p));
		return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q +
			 c[4]) * q +
			c[5]) /
		       ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
	}
	q = p - 0.5;
	r = q * q;
	return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r +
		a[5]) *
	       q /
	       (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r +
		1);
}

double stat_t(double p, double df)
{
	double z = stat_normal(p), z2 = z * z;

	if (df <= 1)
		return tan(3.14159265358979323846 * (p - 0.5));
	if (df <= 2) {
		double q = 2 * p - 1;

		return q * sqrt(2 / (1 - q * q));
	}
	/* Cornish-Fisher, as Abramowitz and Stegun 26.7.5. */
	return z + (z2 + 1) * z / (4 * df) +
	       ((5 * z2 + 16) * z2 + 3) * z / (96 * df * df) +
	       (((3 * z2 + 19) * z2 + 17) * z2 - 15) * z /
		       (384 * df * df * df) +
	       ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) * z /
		       (92160 * df * df * df * df);
}

struct sum {
	uint64_t group;
	double value, weight;
	size_t at;
};

static int by_group(const void *pa, const void *pb)
{
	const struct sum *a = pa, *b = pb;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* A sum for each group, in the order of their numbers. */
static struct sum *sums(const double *value, const double *weight,
			const uint64_t *group, size_t n, size_t *groups)
{
	struct sum *s = xcalloc(n + 1, sizeof(*s));
	size_t kept = 0, g = 0;

	for (size_t i = 0; i < n; i++) {
		double w = weight ? weight[i] : 1;

		if (isfinite(value[i]) && w > 0)
			s[kept++] = (struct sum){group ? group[i] : i,
						 value[i] * w, w, i};
	}
	qsort(s, kept, sizeof(*s), by_group);
	for (size_t i = 0; i < kept; i++) {
		if (g && s[g - 1].group == s[i].group) {
			s[g - 1].value += s[i].value;
			s[g - 1].weight += s[i].weight;
		} else {
			s[g++] = s[i];
		}
	}
	*groups = g;
	return s;
}

static int ascending(const void *pa, const void *pb)
{
	double a = *(const double *)pa, b = *(const double *)pb;

	return a < b ? -1 : a > b;
}

static void percentiles(const struct sum *s, size_t g, int boot, double conf,
			uint64_t seed, struct stat_bound *out)
{
	double *m = xcalloc((size_t)boot, sizeof(*m));
	int at = (int)floor((1 - conf) * boot);

	for (int b = 0; b < boot; b++) {
		double value = 0, weight = 0;

		for (size_t i = 0; i < g; i++) {
			const struct sum *p = &s[stat_random(&seed) % g];

			value += p->value;
			weight += p->weight;
		}
		m[b] = value / weight;
	}
	qsort(m, (size_t)boot, sizeof(*m), ascending);
	out->low = fmin(out->low, m[at]);
	out->high = fmax(out->high, m[boot - 1 - at]);
	free(m);
}

void stat_mean(const double *value, const double *weight, const uint64_t *group,
	       size_t n, int boot, double conf, uint64_t seed,
	       struct stat_bound *out)
{
	size_t g;
	struct sum *s = sums(value, weight, group, n, &g);
	double total = 0, mass = 0, square = 0, se;

	*out = (struct stat_bound){NAN, -INFINITY, INFINITY, g};
	for (size_t i = 0; i < g; i++) {
		total += s[i].value;
		mass += s[i].weight;
	}
	if (g)
		out->mean = total / mass;
	if (g >= 2) {
		/* The ratio's variance by linearisation. */
		for (size_t i = 0; i < g; i++) {
			double d = s[i].value - out->mean * s[i].weight;

			square += d * d;
		}
		se = sqrt(square * (double)g / (double)(g - 1)) / mass;
		out->low = out->mean - stat_t(conf, (double)(g - 1)) * se;
		out->high = out->mean + stat_t(conf, (double)(g - 1)) * se;
		if (boot > 0)
			percentiles(s, g, boot, conf, seed, out);
	}
	free(s);
}
