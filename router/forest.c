/* Walking packed trees. Sixteen trees go down at the same time, a level at a
 * step, so that their loads overlap; what is compared decides no branch. A
 * forest of 300 trees of depth 6 takes about 2 us. */
#include "router/forest.h"

#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "router/forest_int.h"

#define SIDE 16 /* trees walked side by side; the pragmas name it too */

/* ---- opening ---- */

static bool nodes_ok(const struct forest *f)
{
	const struct forest_node *n = f->nodes;
	size_t per = (size_t)1 << f->depth, all = per * (size_t)f->trees;

	for (size_t i = 0; i < all; i++) {
		if (n[i].slot >= 2U * (unsigned)f->features ||
		    !isfinite(n[i].threshold))
			return false;
	}
	for (size_t i = 0; i < all; i++) {
		if (!isfinite(f->leaves[i]))
			return false;
	}
	return true;
}

enum rc forest_open(struct forest *f, const void *p, size_t n, size_t *used,
		    struct err *e)
{
	struct forest_head h;
	size_t all;

	if (n < sizeof(h) || (uintptr_t)p % 4)
		return err_set(e, RC_BAD, "a forest is cut short");
	memcpy(&h, p, sizeof(h));
	if (h.magic != FOREST_MAGIC || h.kind > FOREST_VALUE)
		return err_set(e, RC_BAD, "no forest is where one should be");
	if (!h.trees || h.trees > FOREST_TREES_MAX || !h.depth ||
	    h.depth > FOREST_DEPTH_MAX || !h.features ||
	    h.features > FOREST_FEATURES_MAX || !isfinite(h.base) ||
	    h.bytes != forest_bytes(h.trees, h.depth) || h.bytes > n)
		return err_set(e, RC_BAD, "a forest's head is damaged");
	*f = (struct forest){
		.kind = (enum forest_kind)h.kind,
		.trees = (int)h.trees,
		.depth = (int)h.depth,
		.features = (int)h.features,
		.base = h.base,
		.nodes = (const char *)p + sizeof(h),
	};
	all = (size_t)h.trees << h.depth;
	f->leaves = (const void *)((const struct forest_node *)f->nodes + all);
	f->covers = (const void *)(f->leaves + all);
	if (!nodes_ok(f))
		return err_set(e, RC_BAD, "a forest's trees are damaged");
	if (used)
		*used = (size_t)h.bytes;
	return RC_OK;
}

/* ---- walking ---- */

/* The row as the nodes want it: see struct forest_node. */
static void spread(const float *x, int n, float *row)
{
	for (int i = 0; i < n; i++) {
		bool missing = isnan(x[i]);

		row[2 * i] = missing ? -INFINITY : x[i];
		row[2 * i + 1] = missing ? INFINITY : x[i];
	}
}

static inline size_t down(const struct forest_node *tree, size_t i,
			  const float *row)
{
	const struct forest_node *n = &tree[i];

	return i * 2 + !(row[n->slot] < n->threshold);
}

/* Leaves are added in the order of the trees, in float, as XGBoost does. */
static inline __attribute__((always_inline)) float
sum_deep(const struct forest *f, const float *row, int depth)
{
	const size_t per = (size_t)1 << depth;
	const struct forest_node *tree = f->nodes;
	const float *leaf = f->leaves - per;
	float sum = f->base;
	int t = 0;

	for (; t + SIDE <= f->trees; t += SIDE, tree += SIDE * per) {
		size_t at[SIDE];

#pragma GCC unroll 16
		for (int k = 0; k < SIDE; k++)
			at[k] = 1;
		for (int i = 0; i < depth; i++) {
#pragma GCC unroll 16
			for (int k = 0; k < SIDE; k++)
				at[k] = down(tree + (size_t)k * per, at[k],
					     row);
		}
#pragma GCC unroll 16
		for (int k = 0; k < SIDE; k++, leaf += per)
			sum += leaf[at[k]];
	}
	for (; t < f->trees; t++, tree += per, leaf += per) {
		size_t at = 1;

		for (int i = 0; i < depth; i++)
			at = down(tree, at, row);
		sum += leaf[at];
	}
	return sum;
}

/* Where the depth is known the places of the trees are constants. */
static float sum_row(const struct forest *f, const float *row)
{
	switch (f->depth) {
	case 3:
		return sum_deep(f, row, 3);
	case 4:
		return sum_deep(f, row, 4);
	case 5:
		return sum_deep(f, row, 5);
	case 6:
		return sum_deep(f, row, 6);
	default:
		return sum_deep(f, row, f->depth);
	}
}

/* XGBoost's own sigmoid, constants and all. */
static float link_of(const struct forest *f, float margin)
{
	float x;

	if (f->kind == FOREST_VALUE)
		return margin;
	x = -margin < 88.7F ? -margin : 88.7F;
	return 1.0F / (expf(x) + 1.0F + 1e-16F);
}

float forest_margin(const struct forest *f, const float *x)
{
	float row[2 * FOREST_FEATURES_MAX];

	spread(x, f->features, row);
	return sum_row(f, row);
}

float forest_predict(const struct forest *f, const float *x)
{
	return link_of(f, forest_margin(f, x));
}

void forest_predict_many(const struct forest *f, int n, const float *x,
			 float *out)
{
	float row[2 * FOREST_FEATURES_MAX];
	int widest = 0;

	for (int i = 0; i < n; i++) {
		if (f[i].features > widest)
			widest = f[i].features;
	}
	spread(x, widest, row);
	for (int i = 0; i < n; i++)
		out[i] = link_of(&f[i], sum_row(&f[i], row));
}

void forest_predict_some(const struct forest *f, const int *which, int n,
			 const float *x, float *out)
{
	float row[2 * FOREST_FEATURES_MAX];
	int widest = 0;

	for (int i = 0; i < n; i++) {
		if (f[which[i]].features > widest)
			widest = f[which[i]].features;
	}
	spread(x, widest, row);
	for (int i = 0; i < n; i++) {
		const struct forest *one = &f[which[i]];

		out[which[i]] = link_of(one, sum_row(one, row));
	}
}

/* ---- explaining ---- */

/* Mean leaf below each node of a tree by cover, from the leaves up; weightless
 * nodes are copies of one leaf. */
static void tree_means(const struct forest *f, int t, double *mean,
		       double *weight)
{
	size_t per = (size_t)1 << f->depth;

	for (size_t i = 0; i < per; i++) {
		mean[per + i] = (double)f->leaves[(size_t)t * per + i];
		weight[per + i] = f->covers[(size_t)t * per + i];
	}
	for (size_t i = per - 1; i > 0; i--) {
		double l = weight[2 * i], r = weight[2 * i + 1];

		weight[i] = l + r;
		mean[i] = l + r > 0 ? (l * mean[2 * i] + r * mean[2 * i + 1]) /
					      (l + r)
				    : mean[2 * i];
	}
}

void forest_explain(const struct forest *f, const float *x, float *out)
{
	size_t per = (size_t)1 << f->depth;
	float row[2 * FOREST_FEATURES_MAX];
	double *mean = xcalloc(per * 4, sizeof(*mean)),
	       *weight = mean + per * 2;
	double sum[FOREST_FEATURES_MAX + 1] = {0};

	spread(x, f->features, row);
	sum[f->features] = (double)f->base;
	for (int t = 0; t < f->trees; t++) {
		const struct forest_node *tree =
			(const struct forest_node *)f->nodes + (size_t)t * per;
		size_t at = 1;

		tree_means(f, t, mean, weight);
		sum[f->features] += mean[1];
		while (at < per) {
			size_t next = down(tree, at, row);

			sum[tree[at].slot / 2] += mean[next] - mean[at];
			at = next;
		}
	}
	for (int i = 0; i <= f->features; i++)
		out[i] = (float)sum[i];
	free(mean);
}
