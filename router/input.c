#include "router/input.h"

#include <math.h>
#include <stddef.h>

#define SPREAD 4.0F /* standard deviations beyond which a value is cut */

static float standard(float x, float mean, float inv)
{
	float z = (x - mean) * inv;

	/* NaN fails each comparison. */
	if (z >= -SPREAD && z <= SPREAD)
		return z;
	return z > SPREAD ? SPREAD : z < -SPREAD ? -SPREAD : 0;
}

static float distance(const float *a, const float *b, int n)
{
	float s[4] = {0};
	int i = 0;

	/* Four sums, so that the additions need not wait for each other. */
	for (; i + 4 <= n; i += 4) {
		for (int k = 0; k < 4; k++) {
			float d = a[i + k] - b[i + k];

			s[k] += d * d;
		}
	}
	for (; i < n; i++)
		s[0] += (a[i] - b[i]) * (a[i] - b[i]);
	return (s[0] + s[1]) + (s[2] + s[3]);
}

void protos_near(const struct protos *p, const float *x, struct near *out)
{
	float z[FEATURE_MAX], d[NEAR_MAX], sum = 0;

	out->n = 0;
	if (!x || p->n <= 0 || p->features > FEATURE_MAX)
		return;
	for (int i = 0; i < p->features; i++)
		z[i] = standard(x[i], p->mean[i], p->inv[i]);
	for (int i = 0; i < p->n; i++) {
		float di = distance(z, p->centre + (ptrdiff_t)i * p->features,
				    p->features);
		int at = out->n;

		if (at == NEAR_MAX && di >= d[at - 1])
			continue;
		if (at < NEAR_MAX)
			out->n++;
		else
			at--;
		for (; at > 0 && d[at - 1] > di; at--) {
			d[at] = d[at - 1];
			out->at[at] = out->at[at - 1];
		}
		d[at] = di;
		out->at[at] = (int16_t)i;
	}
	for (int i = 0; i < out->n; i++)
		sum += out->weight[i] = 1 / (1 + d[i]);
	for (int i = 0; i < out->n; i++)
		out->weight[i] /= sum;
}

void input_tail(float out[INPUT_TAIL], float class_rate, float class_seen,
		const struct protos *p, const struct near *near, int arm)
{
	float rate = 0, seen = 0;

	out[INPUT_CLASS_RATE] = class_rate;
	out[INPUT_CLASS_SEEN] = log2f(1 + class_seen);
	out[INPUT_NEAR_RATE] = out[INPUT_NEAR_SEEN] = NAN;
	if (!near || !near->n)
		return;
	for (int i = 0; i < near->n; i++) {
		ptrdiff_t at = (ptrdiff_t)near->at[i] * p->arms + arm;

		rate += near->weight[i] * p->rate[at];
		seen += near->weight[i] * p->seen[at];
	}
	out[INPUT_NEAR_RATE] = rate;
	out[INPUT_NEAR_SEEN] = log2f(1 + seen);
}

double input_blended_fusd(int64_t in_fusd, int64_t out_fusd)
{
	if (in_fusd < 0 || out_fusd < 0)
		return 0;
	return (3.0 * (double)in_fusd + (double)out_fusd) / 4;
}

int64_t input_cost_pusd(float margin, float price_unit, double now_fusd)
{
	double unit = price_unit > 0 ? (double)price_unit : 1, pusd;

	/* An arm trained without a price has nothing to be scaled by. */
	if (unit > 1 && now_fusd > 0)
		unit = now_fusd;
	pusd = exp((double)margin) * unit / 1000;
	if (!(pusd > 0))
		return 0;
	return pusd < 9e18 ? (int64_t)llround(pusd) : INT64_MAX;
}
