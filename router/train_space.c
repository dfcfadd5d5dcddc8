/* The space in which requests are compared: the main directions of the stored
 * vectors; prototypes in it (requests of the past, each standing for those
 * nearest to it) and clusters. Where they lie is told by vectors alone; only
 * their success rates come from outcomes, and those leave folds out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/stat.h"
#include "router/train_int.h"

#define SAMPLE     4000 /* vectors that the directions come from */
#define TURNS      60   /* of the power iteration */
#define CLUSTERS   32
#define KMEANS     12
#define TASKS_EACH 4  /* a prototype stands for so many at least */
#define SMOOTH     2  /* outcomes that a tier's own rate is worth */
#define FEW        40 /* fewer vectors: no space */

/* Rows with a vector, in an order that no input order tells. */
struct pick {
	uint64_t key;
	int row;
};

static int by_key(const void *pa, const void *pb)
{
	const struct pick *a = pa, *b = pb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static struct pick *picks(const struct fit *f, int *n)
{
	struct pick *p = xcalloc((size_t)f->n + 1, sizeof(*p));

	*n = 0;
	for (int i = 0; i < f->n; i++) {
		if (fit_vector(f, i))
			p[(*n)++] = (struct pick){
				stat_mix(f->o->seed ^
					 stat_mix((uint64_t)i + 1)),
				i};
	}
	qsort(p, (size_t)*n, sizeof(*p), by_key);
	return p;
}

/* ---- directions ---- */

static double *moments(const struct fit *f, const struct pick *p, int n,
		       float *centre, double *inv)
{
	int w = f->features;
	double *cov = xcalloc((size_t)w * (size_t)w, sizeof(*cov));
	double *z = xcalloc((size_t)w, sizeof(*z));

	for (int j = 0; j < w; j++) {
		double sum = 0, square = 0;

		for (int i = 0; i < n; i++) {
			double v =
				log1p((double)fit_vector(f, p[i].row)[j] + 1);

			sum += v;
			square += v * v;
		}
		centre[j] = (float)(sum / n);
		square = square / n - sum / n * (sum / n);
		inv[j] = square > 1e-9 ? 1 / sqrt(square) : 0;
	}
	for (int i = 0; i < n; i++) {
		const float *x = fit_vector(f, p[i].row);

		for (int j = 0; j < w; j++)
			z[j] = (log1p((double)x[j] + 1) - (double)centre[j]) *
			       inv[j] / sqrt(n);
		for (int j = 0; j < w; j++)
			for (int k = 0; k <= j; k++)
				cov[j * w + k] += z[j] * z[k];
	}
	for (int j = 0; j < w; j++)
		for (int k = j + 1; k < w; k++)
			cov[j * w + k] = cov[k * w + j];
	free(z);
	return cov;
}

/* Make row d of v a unit vector across the rows before it. */
static void straighten(double *v, int d, int w)
{
	double norm = 0;

	for (int b = 0; b < d; b++) {
		double dot = 0;

		for (int j = 0; j < w; j++)
			dot += v[d * w + j] * v[b * w + j];
		for (int j = 0; j < w; j++)
			v[d * w + j] -= dot * v[b * w + j];
	}
	for (int j = 0; j < w; j++)
		norm += v[d * w + j] * v[d * w + j];
	norm = norm > 1e-20 ? 1 / sqrt(norm) : 0;
	for (int j = 0; j < w; j++)
		v[d * w + j] *= norm;
}

/* The first directions of `cov`, by orthogonal iteration. */
static void directions(const double *cov, int w, uint64_t seed, double *v)
{
	double *t = xcalloc((size_t)w, sizeof(*t));

	for (int i = 0; i < DERIVE_DIMS * w; i++)
		v[i] = stat_uniform(&seed) - 0.5;
	for (int turn = 0; turn < TURNS; turn++) {
		for (int d = 0; d < DERIVE_DIMS; d++) {
			for (int j = 0; j < w; j++) {
				t[j] = 0;
				for (int k = 0; k < w; k++)
					t[j] += cov[j * w + k] * v[d * w + k];
			}
			memcpy(v + d * w, t, (size_t)w * sizeof(*t));
			straighten(v, d, w);
		}
	}
	free(t);
}

/* Arrays of the tables are const to their readers and ours to free. */
static float *own(const float *p)
{
	return (float *)(uintptr_t)p;
}

static void make_map(struct fit *f, const struct pick *p, int n)
{
	struct derive_tables *t = &f->space;
	int w = f->features;
	double *inv = xcalloc((size_t)w, sizeof(*inv));
	double *v = xcalloc((size_t)w * DERIVE_DIMS, sizeof(*v)), *cov;
	float *map = xcalloc((size_t)w * DERIVE_DIMS, sizeof(*map));

	t->features = w;
	t->centre = xcalloc((size_t)w, sizeof(float));
	cov = moments(f, p, n < SAMPLE ? n : SAMPLE, own(t->centre), inv);
	directions(cov, w, f->o->seed, v);
	for (int d = 0; d < DERIVE_DIMS; d++)
		for (int j = 0; j < w; j++)
			map[d * w + j] = (float)(v[d * w + j] * inv[j]);
	t->map = map;
	free(cov);
	free(inv);
	free(v);
}

/* ---- who is near whom ---- */

static float distance(const float *a, const float *b)
{
	float sum = 0;

	for (int d = 0; d < DERIVE_DIMS; d++)
		sum += (a[d] - b[d]) * (a[d] - b[d]);
	return sum;
}

static int nearest(const float *mid, int n, const float *place)
{
	int best = 0;

	for (int i = 1; i < n; i++) {
		if (distance(mid + i * DERIVE_DIMS, place) <
		    distance(mid + best * DERIVE_DIMS, place))
			best = i;
	}
	return best;
}

static void kmeans(struct fit *f, const struct pick *p, int n,
		   const float *place)
{
	struct derive_tables *t = &f->space;
	int k = n / 50 < CLUSTERS ? n / 50 : CLUSTERS;
	float *mid = xcalloc((size_t)k * DERIVE_DIMS + 1, sizeof(*mid));
	double *sum = xcalloc((size_t)k * (DERIVE_DIMS + 1) + 1, sizeof(*sum));

	for (int c = 0; c < k; c++)
		memcpy(mid + c * DERIVE_DIMS, place + p[c].row * DERIVE_DIMS,
		       DERIVE_DIMS * sizeof(*mid));
	for (int turn = 0; turn <= KMEANS && k; turn++) {
		memset(sum, 0, (size_t)k * (DERIVE_DIMS + 1) * sizeof(*sum));
		for (int i = 0; i < n; i++) {
			const float *at = place + p[i].row * DERIVE_DIMS;
			int c = nearest(mid, k, at);
			double *s = sum + c * (DERIVE_DIMS + 1);

			f->row[p[i].row].cluster = c;
			s[DERIVE_DIMS]++;
			for (int d = 0; d < DERIVE_DIMS; d++)
				s[d] += (double)at[d];
		}
		for (int c = 0; c < k && turn < KMEANS; c++) {
			double *s = sum + c * (DERIVE_DIMS + 1);

			for (int d = 0; d < DERIVE_DIMS && s[DERIVE_DIMS] > 0;
			     d++)
				mid[c * DERIVE_DIMS + d] =
					(float)(s[d] / s[DERIVE_DIMS]);
		}
	}
	free(sum);
	t->clusters = k;
	t->cluster_mid = mid;
}

static void make_protos(struct fit *f, const struct pick *p, int n,
			const float *place)
{
	struct derive_tables *t = &f->space;
	int most = f->o->protos < BUNDLE_PROTOS_MAX ? f->o->protos
						    : BUNDLE_PROTOS_MAX;
	int k = n / TASKS_EACH < most ? n / TASKS_EACH : most;
	float *mid = xcalloc((size_t)k * DERIVE_DIMS + 1, sizeof(*mid));
	float *point = xcalloc((size_t)k * DERIVE_DIMS + 1, sizeof(*point));
	float *weight = xcalloc((size_t)k + 1, sizeof(*weight));

	for (int c = 0; c < k; c++) {
		memcpy(mid + c * DERIVE_DIMS, place + p[c].row * DERIVE_DIMS,
		       DERIVE_DIMS * sizeof(*mid));
		for (int d = 0; d < DERIVE_DIMS; d++)
			point[d * k + c] = mid[c * DERIVE_DIMS + d];
	}
	for (int i = 0; i < n && k; i++) {
		int c = nearest(mid, k, place + p[i].row * DERIVE_DIMS);

		f->row[p[i].row].proto = c;
		weight[c]++;
	}
	for (int c = 0; c < k; c++)
		f->row[p[c].row].origin = f->row[p[c].row].proto == c;
	/* One that has an equal before it stands for nobody. */
	for (int c = 0; c < k; c++)
		weight[c] = weight[c] > 0 ? weight[c] : 1e-3F;
	free(mid);
	t->protos = k;
	t->point = point;
	t->weight = weight;
}

/* ---- rates ---- */

static void tally_tiers(const struct fit *f, struct tally *t, int i, int at)
{
	for (int a = 0; a < f->arms && at >= 0; a++) {
		float s = fit_cell(f, i, a)->success;
		struct tally *to = t +
				   (at * f->folds + f->row[i].fold) * TIERS +
				   arm_tier(f, a);

		if (!isfinite(s))
			continue;
		to->n += (double)f->row[i].weight;
		to->success += (double)f->row[i].weight * (double)s;
	}
}

static void place_rates(const struct fit *f, const struct tally *t, int n,
			int but, int but2, const float *fleet, float *out)
{
	for (int i = 0; i < n * TIERS; i++) {
		const struct tally *at =
			t + (i / TIERS * f->folds) * TIERS + i % TIERS;
		double seen = SMOOTH, sum = SMOOTH * (double)fleet[i % TIERS];

		for (int k = 0; k < f->folds; k++) {
			if (k == but || k == but2)
				continue;
			seen += at[k * TIERS].n;
			sum += at[k * TIERS].success;
		}
		out[i] = (float)(sum / seen);
	}
}

void fit_space_rates(struct fit *f, int but, int but2)
{
	struct rates fleet;

	rates_init(&fleet, f);
	fit_rates(f, 0, but, but2, &fleet);
	place_rates(f, f->proto_tally, f->space.protos, but, but2, fleet.tier,
		    own(f->space.rate));
	place_rates(f, f->cluster_tally, f->space.clusters, but, but2,
		    fleet.tier, own(f->space.cluster_rate));
	rates_release(&fleet);
}

static void derive_rows(struct fit *f, int j, int k, struct rates *node)
{
	fit_space_rates(f, j, k);
	for (int c = 0; c < f->nodes; c++)
		fit_rates(f, c, j, k, &node[c]);
	for (int i = 0; i < f->n; i++) {
		int at = f->row[i].node;

		if (f->row[i].fold != j)
			continue;
		derive(&f->space, fit_vector(f, i), node[at].tier,
		       f->node[at].tasks,
		       f->row[i].origin ? f->row[i].proto : -1,
		       f->derived + ((size_t)i * (size_t)f->folds + (size_t)k) *
					    FEATURE_DERIVED);
	}
}

void fit_space(struct fit *f)
{
	int n;
	struct pick *p = picks(f, &n);
	float *place = xcalloc((size_t)f->n, DERIVE_DIMS * sizeof(*place));
	struct rates *node = xcalloc((size_t)f->nodes, sizeof(*node));

	if (n >= FEW && f->features > 0) {
		make_map(f, p, n);
		for (int i = 0; i < n; i++)
			derive_place(&f->space, fit_vector(f, p[i].row),
				     place + p[i].row * DERIVE_DIMS);
		kmeans(f, p, n, place);
		make_protos(f, p, n, place);
	}
	f->proto_tally = xcalloc((size_t)(f->space.protos * f->folds) + 1,
				 TIERS * sizeof(struct tally));
	f->cluster_tally = xcalloc((size_t)(f->space.clusters * f->folds) + 1,
				   TIERS * sizeof(struct tally));
	f->space.rate =
		xcalloc((size_t)f->space.protos + 1, TIERS * sizeof(float));
	f->space.cluster_rate =
		xcalloc((size_t)f->space.clusters + 1, TIERS * sizeof(float));
	for (int i = 0; i < f->n; i++) {
		tally_tiers(f, f->proto_tally, i, f->row[i].proto);
		tally_tiers(f, f->cluster_tally, i, f->row[i].cluster);
	}
	f->derived = xcalloc((size_t)f->n * (size_t)f->folds,
			     FEATURE_DERIVED * sizeof(float));
	for (int c = 0; c < f->nodes; c++)
		rates_init(&node[c], f);
	for (int j = 0; j < f->folds; j++)
		for (int k = 0; k < f->folds; k++)
			derive_rows(f, j, k, node);
	for (int c = 0; c < f->nodes; c++)
		rates_release(&node[c]);
	free(node);
	free(place);
	free(p);
}

void fit_input(const struct fit *f, int row, int but, float *out)
{
	const float *x = fit_vector(f, row);
	int k = but == NO_FOLD ? f->row[row].fold : but;

	for (int j = 0; j < f->features; j++)
		out[j] = x ? x[j] : NAN;
	memcpy(out + f->features,
	       f->derived + ((size_t)row * (size_t)f->folds + (size_t)k) *
				    FEATURE_DERIVED,
	       FEATURE_DERIVED * sizeof(float));
}

void fit_space_release(struct fit *f)
{
	struct derive_tables *t = &f->space;

	free(own(t->centre));
	free(own(t->map));
	free(own(t->point));
	free(own(t->rate));
	free(own(t->weight));
	free(own(t->cluster_mid));
	free(own(t->cluster_rate));
	free(f->proto_tally);
	free(f->cluster_tally);
	free(f->derived);
}
