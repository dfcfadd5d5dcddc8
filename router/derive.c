/* Neighbours are found by looking at all prototypes, four at a time: 2,000 of
 * them in 16 dimensions take a few microseconds. Sums are taken in one fixed
 * order, so that a vector gives the same block wherever it is computed. */
#include "router/derive.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LANES 4

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

enum {
	AT_CLASS = 0,
	AT_TASKS = AT_CLASS + TIERS,
	AT_CLUSTER,
	AT_NEAR = AT_CLUSTER + TIERS,
	AT_DISTANCE = AT_NEAR + TIERS,
	AT_END
};
_Static_assert(AT_END == FEATURE_DERIVED, "the derived block");

const char *derive_name(int i, char buf[FEATURE_NAME])
{
	if (i < AT_TASKS)
		snprintf(buf, FEATURE_NAME, "class_t%d", i - AT_CLASS + 1);
	else if (i == AT_TASKS)
		snprintf(buf, FEATURE_NAME, "class_tasks");
	else if (i < AT_NEAR)
		snprintf(buf, FEATURE_NAME, "cluster_t%d", i - AT_CLUSTER + 1);
	else if (i < AT_DISTANCE)
		snprintf(buf, FEATURE_NAME, "near_t%d", i - AT_NEAR + 1);
	else
		snprintf(buf, FEATURE_NAME, "near_distance");
	return buf;
}

/* Most features are small counts, whose logarithms are looked up. */
static float log1p_of[256];
static pthread_once_t log1p_once = PTHREAD_ONCE_INIT;

static void log1p_fill(void)
{
	for (int i = 0; i < 256; i++)
		log1p_of[i] = log1pf((float)i);
}

static float log1p_at(float v)
{
	int i = v >= 0 && v < 256 ? (int)v : -1;

	return i >= 0 && (float)i == v ? log1p_of[i] : log1pf(v);
}

void derive_place(const struct derive_tables *t, const float *x,
		  float place[DERIVE_DIMS])
{
	lanes sum[DERIVE_DIMS];
	float v[FEATURE_MAX + LANES] = {0};
	int n = t->features;

	pthread_once(&log1p_once, log1p_fill);
	for (int j = 0; j < n; j++) {
		float y = log1p_at(x[j] + 1) - t->centre[j];

		v[j] = isfinite(y) ? y : 0; /* as an ordinary one */
	}
	for (int d = 0; d < DERIVE_DIMS; d++) {
		const float *m = t->map + (size_t)d * (size_t)n;
		int j = 0;

		sum[d] = (lanes){0};
		for (; j + LANES <= n; j += LANES) {
			lanes a, b;

			memcpy(&a, m + j, sizeof(a));
			memcpy(&b, v + j, sizeof(b));
			sum[d] += a * b;
		}
		for (int k = 0; j < n; j++, k++)
			sum[d][k] += m[j] * v[j];
		place[d] = (sum[d][0] + sum[d][1]) + (sum[d][2] + sum[d][3]);
	}
}

struct near {
	float d2; /* squared distance */
	int i;
};

/* Keep the DERIVE_NEAR nearest, nearest first; of equals the first. */
static void keep(struct near *best, int *n, float d2, int i)
{
	int at = *n < DERIVE_NEAR ? (*n)++ : DERIVE_NEAR - 1;

	for (; at > 0 && best[at - 1].d2 > d2; at--)
		best[at] = best[at - 1];
	best[at] = (struct near){d2, i};
}

static lanes distances(const struct derive_tables *t, const float *place,
		       int from)
{
	lanes sum = {0};
	const float *p = t->point + from;

	for (int d = 0; d < DERIVE_DIMS; d++, p += t->protos) {
		lanes a;

		memcpy(&a, p, sizeof(a));
		a -= place[d];
		sum += a * a;
	}
	return sum;
}

static float distance(const struct derive_tables *t, const float *place, int i)
{
	float sum = 0;

	for (int d = 0; d < DERIVE_DIMS; d++) {
		float a = t->point[(size_t)d * (size_t)t->protos + (size_t)i] -
			  place[d];

		sum += a * a;
	}
	return sum;
}

static int nearest(const struct derive_tables *t, const float *place, int skip,
		   struct near best[DERIVE_NEAR])
{
	int n = 0, i = 0;

	for (; i + LANES <= t->protos; i += LANES) {
		lanes d2 = distances(t, place, i);

		for (int k = 0; k < LANES; k++) {
			if (i + k != skip &&
			    (n < DERIVE_NEAR || d2[k] < best[n - 1].d2))
				keep(best, &n, d2[k], i + k);
		}
	}
	for (; i < t->protos; i++) {
		float d2 = distance(t, place, i);

		if (i != skip && (n < DERIVE_NEAR || d2 < best[n - 1].d2))
			keep(best, &n, d2, i);
	}
	return n;
}

static void near_rates(const struct derive_tables *t, const float *place,
		       int skip, float *out)
{
	struct near best[DERIVE_NEAR];
	int n = nearest(t, place, skip, best);

	for (int tier = 0; tier < TIERS; tier++) {
		float sum = 0, weight = 0;

		for (int k = 0; k < n; k++) {
			size_t i = (size_t)best[k].i;
			float r = t->rate[i * TIERS + (size_t)tier];
			float w = t->weight[i] / (1 + best[k].d2);

			if (isnan(r))
				continue;
			sum += w * r;
			weight += w;
		}
		out[AT_NEAR + tier] = weight > 0 ? sum / weight : NAN;
	}
	out[AT_DISTANCE] = n ? sqrtf(best[0].d2) : NAN;
}

static void cluster_rates(const struct derive_tables *t, const float *place,
			  float *out)
{
	float least = INFINITY;
	int best = -1;

	for (int c = 0; c < t->clusters; c++) {
		const float *mid = t->cluster_mid + (size_t)c * DERIVE_DIMS;
		float sum = 0;

		for (int d = 0; d < DERIVE_DIMS; d++)
			sum += (mid[d] - place[d]) * (mid[d] - place[d]);
		if (sum < least) {
			least = sum;
			best = c;
		}
	}
	for (int tier = 0; tier < TIERS; tier++)
		out[AT_CLUSTER + tier] =
			best < 0 ? NAN : t->cluster_rate[best * TIERS + tier];
}

void derive(const struct derive_tables *t, const float *x,
	    const float *class_rate, double class_tasks, int skip,
	    float out[FEATURE_DERIVED])
{
	float place[DERIVE_DIMS];

	for (int i = 0; i < FEATURE_DERIVED; i++)
		out[i] = NAN;
	for (int tier = 0; tier < TIERS && class_rate; tier++)
		out[AT_CLASS + tier] = class_rate[tier];
	out[AT_TASKS] = (float)log1p(class_tasks > 0 ? class_tasks : 0);
	if (!x || (!t->protos && !t->clusters))
		return;
	derive_place(t, x, place);
	cluster_rates(t, place, out);
	near_rates(t, place, skip, out);
}
