#include "router/calibrate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

/* ---- isotonic steps ---- */

struct block {
	double x, y, w; /* weighted means, weight */
	float low;      /* first score in it */
};

struct point {
	float score, target, weight;
	size_t at; /* where it came from: equal scores keep their order */
};

static int by_score(const void *pa, const void *pb)
{
	const struct point *a = pa, *b = pb;

	if (a->score < b->score)
		return -1;
	if (a->score > b->score)
		return 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Points that count, by score. */
static struct point *points(const float *score, const float *target,
			    const float *weight, size_t *n)
{
	struct point *p = xcalloc(*n + 1, sizeof(*p));
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++) {
		float w = weight ? weight[i] : 1;

		if (isfinite(score[i]) && isfinite(target[i]) && w > 0 &&
		    isfinite(w))
			p[kept++] = (struct point){score[i], target[i], w, i};
	}
	qsort(p, kept, sizeof(*p), by_score);
	*n = kept;
	return p;
}

static void join(struct block *a, const struct block *b)
{
	double w = a->w + b->w;

	a->x = (a->x * a->w + b->x * b->w) / w;
	a->y = (a->y * a->w + b->y * b->w) / w;
	a->w = w;
}

/* Pool adjacent violators; equal scores are one point. */
static size_t pool(const struct point *p, size_t n, struct block *b)
{
	size_t blocks = 0;

	for (size_t i = 0; i < n; i++) {
		struct block one = {(double)p[i].score, (double)p[i].target,
				    (double)p[i].weight, p[i].score};

		if (blocks && i && p[i].score == p[i - 1].score)
			join(&b[blocks - 1], &one);
		else
			b[blocks++] = one;
		while (blocks > 1 && b[blocks - 2].y >= b[blocks - 1].y) {
			join(&b[blocks - 2], &b[blocks - 1]);
			blocks--;
		}
	}
	return blocks;
}

/* The lightest block joins the neighbour whose value is nearer, until none is
 * lighter than `least` and few enough are left. */
static size_t thin(struct block *b, size_t n, double least)
{
	while (n > 1) {
		size_t light = 0, with;

		for (size_t i = 1; i < n; i++) {
			if (b[i].w < b[light].w)
				light = i;
		}
		if (n <= CALIBRATION_MAX && b[light].w >= least)
			break;
		if (light == 0)
			with = 1;
		else if (light == n - 1)
			with = n - 2;
		else
			with = b[light].y - b[light - 1].y <
					       b[light + 1].y - b[light].y
				       ? light - 1
				       : light + 1;
		if (with < light) {
			size_t t = with;

			with = light;
			light = t;
		}
		join(&b[light], &b[with]);
		memmove(&b[with], &b[with + 1], (n - with - 1) * sizeof(*b));
		n--;
	}
	return n;
}

void calibrate_fit(struct calibration *c, const float *score,
		   const float *target, const float *weight, size_t n,
		   double min_weight)
{
	struct point *p = points(score, target, weight, &n);
	struct block *b = xcalloc(n + 1, sizeof(*b));
	size_t blocks = thin(b, pool(p, n, b), min_weight);

	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < blocks; i++) {
		/* Means that are one float are one step. */
		if (c->n && (float)b[i].x <= c->x[c->n - 1])
			continue;
		c->x[c->n] = (float)b[i].x;
		c->y[c->n] = (float)b[i].y;
		c->n++;
	}
	free(b);
	free(p);
}

float calibrate(const struct calibration *c, float score)
{
	int low = 0, high = c->n - 1;
	float share;

	if (c->n <= 0 || isnan(score))
		return score;
	if (score <= c->x[0])
		return c->y[0];
	if (score >= c->x[high])
		return c->y[high];
	while (high - low > 1) {
		int mid = (low + high) / 2;

		if (score < c->x[mid])
			high = mid;
		else
			low = mid;
	}
	share = (score - c->x[low]) / (c->x[high] - c->x[low]);
	return c->y[low] + share * (c->y[high] - c->y[low]);
}

/* ---- how good ---- */

/* Equal scores say the same of all their rows: what these are in the mean goes
 * with each, so that no order of rows tells which of them fall in which bin. */
static void share(struct point *p, size_t n)
{
	size_t next;

	for (size_t from = 0; from < n; from = next) {
		double sum = 0;

		for (next = from; next < n && p[next].score == p[from].score;)
			sum += (double)p[next++].target;
		for (size_t i = from; i < next; i++)
			p[i].target = (float)(sum / (double)(next - from));
	}
}

double calibrate_ece(const float *p, const float *target, size_t n, int bins)
{
	size_t kept = n, from = 0;
	struct point *s = points(p, target, NULL, &kept);
	double sum = 0;

	share(s, kept);
	for (int b = 0; b < bins && kept; b++) {
		size_t to = kept * (size_t)(b + 1) / (size_t)bins;
		double gap = 0;

		for (size_t i = from; i < to; i++)
			gap += (double)s[i].score - (double)s[i].target;
		sum += fabs(gap);
		from = to;
	}
	free(s);
	return kept ? sum / (double)kept : 0;
}

double calibrate_brier_skill(const float *p, const float *ref,
			     const float *target, size_t n)
{
	double ours = 0, theirs = 0;

	for (size_t i = 0; i < n; i++) {
		double a = (double)p[i] - (double)target[i];
		double b = (double)ref[i] - (double)target[i];

		if (!isfinite(a) || !isfinite(b))
			continue;
		ours += a * a;
		theirs += b * b;
	}
	if (theirs > 0)
		return 1 - ours / theirs;
	return ours > 0 ? -INFINITY : 0;
}

/* ---- Clopper-Pearson ---- */

/* The continued fraction of the incomplete beta function, by Lentz's method
 * (Abramowitz and Stegun 26.5.8). */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), h;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	h = d;
	for (int m = 1; m < 10000; m++) {
		double m2 = 2.0 * m, step;

		step = m * (b - m) * x / ((a + m2 - 1) * (a + m2));
		d = 1 + step * d;
		c = 1 + step / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		step = -(a + m) * (a + b + m) * x / ((a + m2) * (a + m2 + 1));
		d = 1 + step * d;
		c = 1 + step / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		if (fabs(d * c - 1) < 1e-15)
			break;
	}
	return h;
}

/* The regularised incomplete beta function I_x(a, b). */
static double beta_inc(double a, double b, double x)
{
	double front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) +
		    b * log1p(-x));
	/* The fraction converges fast on this side of the mean only. */
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* The x with I_x(a, b) = p, by halving: I rises with x. */
static double beta_quantile(double a, double b, double p)
{
	double low = 0, high = 1;

	for (int i = 0; i < 200 && high - low > 1e-16; i++) {
		double mid = (low + high) / 2;

		if (beta_inc(a, b, mid) < p)
			low = mid;
		else
			high = mid;
	}
	return (low + high) / 2;
}

double bound_upper(int k, int n, double conf)
{
	if (n <= 0 || k >= n)
		return 1;
	return beta_quantile(k < 0 ? 1 : k + 1, k < 0 ? n : n - k, conf);
}

double bound_lower(int k, int n, double conf)
{
	if (n <= 0 || k <= 0)
		return 0;
	if (k > n)
		k = n;
	return beta_quantile(k, n - k + 1, 1 - conf);
}
