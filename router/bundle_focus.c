/* The models' word on a request, moved towards the class's table. */
#include <math.h>

#include "router/bundle.h"

/* Log odds, of 0.001 to 0.999. */
static double odds(double p)
{
	p = fmin(fmax(p, 0.001), 0.999);
	return log(p / (1 - p));
}

void bundle_focus_on(struct bundle_focus f, double *p, const double *rate,
		     int n)
{
	double mean = 0, told = 0;

	if (f.common >= 1 && f.apart >= 1)
		return;
	for (int i = 0; i < n; i++) {
		if (isnan(p[i]) || isnan(rate[i]))
			continue;
		mean += odds(p[i]) - odds(rate[i]);
		told++;
	}
	mean = told > 0 ? mean / told : 0;
	for (int i = 0; i < n; i++) {
		double base, own;

		if (isnan(p[i]) || isnan(rate[i]) || p[i] == rate[i])
			continue;
		base = odds(rate[i]);
		own = odds(p[i]) - base - mean;
		p[i] = 1 / (1 + exp(-(base + (double)f.common * mean +
				      (double)f.apart * own)));
	}
}
