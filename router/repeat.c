#include "router/repeat.h"

#include <math.h>

void repeat_add(struct repeat_sum *s, int good, int runs)
{
	double share, k = good, n = runs;

	if (runs < 2)
		return;
	share = k / n;
	s->n++;
	s->good += share;
	s->square += share * share;
	s->both += k * (k - 1) / (n * (n - 1));
}

/* The square of the mean is taken from different tasks' products, which is
 * unbiased: that of the estimate is too great. */
void repeat_parts(const struct repeat_sum *s, double *shared, double *all)
{
	double mean, square;

	if (s->n < 2)
		return;
	mean = s->good / s->n;
	square = (s->good * s->good - s->square) / (s->n * (s->n - 1));
	*shared += s->both - s->n * square;
	*all += s->n * (mean - square);
}

void repeat_moments(double p, double together, double *two, double *three)
{
	double r = fmin(fmax(together, 1e-3), 0.999), n, a;

	p = fmin(fmax(p, 0), 1);
	n = (1 - r) / r; /* a + b of the distribution */
	a = p * n;
	*two = p * (a + 1) / (n + 1);
	*three = *two * (a + 2) / (n + 2);
}
