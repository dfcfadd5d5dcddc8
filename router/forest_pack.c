/* From XGBoost's JSON model (1.7) to packed trees. A leaf above the full depth
 * is repeated below it, so that every walk takes the same number of steps.
 *
 * Packed, little endian: the header below (64 bytes), then for each tree
 * 2^depth nodes of 8 bytes (the first is not used, the root is number 1, the
 * children of i are 2i and 2i+1), then 2^depth floats of leaves a tree, then
 * 2^depth 16-bit covers a tree, then zeros up to a multiple of 64. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/json.h"
#include "router/forest_int.h"

#define JSON_NODES_MAX ((size_t)64 << 20)
#define TREE_NODES_MAX (1 << 20)

/* One tree as it is in the model, arrays by node. */
struct tree {
	const struct json *left, *right, *split, *index, *missing, *cover;
	int n;
	/* of the above, read */
	int *l, *r, *f, *d;
	float *t, *c;
	size_t cap;
};

static const char *number_text(struct str s, char *buf, size_t n)
{
	size_t len = s.len < n ? s.len : n - 1;

	memcpy(buf, s.p, len);
	buf[len] = 0;
	return buf;
}

/* As XGBoost reads it: the float nearest to the text. */
static bool read_float(struct str s, float *out)
{
	char buf[64], *end;

	if (!s.len || s.len >= sizeof(buf))
		return false;
	*out = strtof(number_text(s, buf, sizeof(buf)), &end);
	return !*end && isfinite(*out);
}

static bool float_array(const struct json *a, int n, float *out)
{
	const struct json *v = json_first(a);

	if (!json_is(a, JSON_ARRAY) || a->count != (uint32_t)n)
		return false;
	for (int i = 0; i < n; i++, v = json_next(a, v)) {
		if (!json_is(v, JSON_NUMBER) || !read_float(v->text, &out[i]))
			return false;
	}
	return true;
}

/* Whole numbers, or true and false. */
static bool int_array(const struct json *a, int n, int min, int max, int *out)
{
	const struct json *v = json_first(a);
	int64_t x;

	if (!json_is(a, JSON_ARRAY) || a->count != (uint32_t)n)
		return false;
	for (int i = 0; i < n; i++, v = json_next(a, v)) {
		if (json_is(v, JSON_TRUE) || json_is(v, JSON_FALSE))
			x = json_is(v, JSON_TRUE);
		else if (!json_i64(v, &x))
			return false;
		if (x < min || x > max)
			return false;
		out[i] = (int)x;
	}
	return true;
}

static void tree_room(struct tree *t, int n)
{
	if ((size_t)n <= t->cap)
		return;
	t->cap = (size_t)n * 2;
	t->l = xrealloc_array(t->l, t->cap, sizeof(int));
	t->r = xrealloc_array(t->r, t->cap, sizeof(int));
	t->f = xrealloc_array(t->f, t->cap, sizeof(int));
	t->d = xrealloc_array(t->d, t->cap, sizeof(int));
	t->t = xrealloc_array(t->t, t->cap, sizeof(float));
	t->c = xrealloc_array(t->c, t->cap, sizeof(float));
}

static void tree_free(struct tree *t)
{
	free(t->l);
	free(t->r);
	free(t->f);
	free(t->d);
	free(t->t);
	free(t->c);
}

static bool categorical(const struct json *tree)
{
	const struct json *a = json_get(tree, "categories_nodes");

	return json_is(a, JSON_ARRAY) && a->count > 0;
}

static enum rc tree_read(struct tree *t, const struct json *v, int features,
			 struct err *e)
{
	const struct json *l = json_get(v, "left_children");
	int n = json_is(l, JSON_ARRAY) && l->count <= TREE_NODES_MAX
			? (int)l->count
			: 0;

	if (!n)
		return err_set(e, RC_BAD, "a tree of the model has no nodes");
	if (categorical(v))
		return err_set(e, RC_BAD,
			       "the model splits by category, which is not "
			       "supported");
	tree_room(t, n);
	t->n = n;
	if (!int_array(l, n, -1, n - 1, t->l) ||
	    !int_array(json_get(v, "right_children"), n, -1, n - 1, t->r) ||
	    !int_array(json_get(v, "split_indices"), n, 0, features - 1,
		       t->f) ||
	    !int_array(json_get(v, "default_left"), n, 0, 1, t->d) ||
	    !float_array(json_get(v, "split_conditions"), n, t->t) ||
	    !float_array(json_get(v, "sum_hessian"), n, t->c))
		return err_set(e, RC_BAD,
			       "a tree of the model is not understood, or has "
			       "more than %d columns",
			       features);
	return RC_OK;
}

/* Depth below node `i`, -1 when it is no tree. */
static int tree_depth(const struct tree *t, int i, int above)
{
	int l, r;

	if (t->l[i] < 0 && t->r[i] < 0)
		return 0;
	if (t->l[i] < 0 || t->r[i] < 0 || above >= FOREST_DEPTH_MAX)
		return -1;
	l = tree_depth(t, t->l[i], above + 1);
	r = tree_depth(t, t->r[i], above + 1);
	if (l < 0 || r < 0)
		return -1;
	return 1 + (l > r ? l : r);
}

struct out_tree {
	struct forest_node *nodes;
	float *leaves;
	uint16_t *covers;
	int depth;
	float whole; /* cover of the root */
};

static uint16_t cover_share(float cover, float whole)
{
	float s = whole > 0 && cover > 0 ? cover / whole * 65535.0F : 0;

	return s < 1 ? 1 : s > 65535 ? 65535 : (uint16_t)s;
}

/* Put node `i` at place `at` of level `level`. */
static void tree_lay(const struct out_tree *o, const struct tree *t, int i,
		     size_t at, int level)
{
	size_t leaves = (size_t)1 << o->depth;

	if (level == o->depth) {
		o->leaves[at - leaves] = t->t[i];
		o->covers[at - leaves] = cover_share(t->c[i], o->whole);
		return;
	}
	if (t->l[i] < 0) { /* the same leaf, wherever the walk goes */
		size_t n = leaves >> level, from = (at << (o->depth - level));

		o->nodes[at] = (struct forest_node){0, 0};
		for (size_t k = 0; k < n; k++)
			o->leaves[from - leaves + k] = t->t[i];
		o->covers[from - leaves] = cover_share(t->c[i], o->whole);
		return;
	}
	o->nodes[at].threshold = t->t[i];
	o->nodes[at].slot = (uint32_t)t->f[i] * 2 + (t->d[i] ? 0 : 1);
	tree_lay(o, t, t->l[i], at * 2, level + 1);
	tree_lay(o, t, t->r[i], at * 2 + 1, level + 1);
}

/* ---- the model around the trees ---- */

static enum rc read_objective(const struct json *learner, struct forest_head *h,
			      struct err *e)
{
	static const struct {
		const char *name;
		enum forest_kind kind;
	} known[] = {
		{"binary:logistic", FOREST_LOGISTIC},
		{"reg:logistic", FOREST_LOGISTIC},
		{"reg:squarederror", FOREST_VALUE},
		{"reg:absoluteerror", FOREST_VALUE},
		{"reg:pseudohubererror", FOREST_VALUE},
	};
	const struct json *name = json_path(learner, "objective.name");
	float base;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct json *b =
			json_path(learner, "learner_model_param.base_score");

		if (!json_str_is(name, known[i].name))
			continue;
		if (!b || !read_float(b->text, &base))
			return err_set(e, RC_BAD,
				       "the model has no base score");
		h->kind = (uint32_t)known[i].kind;
		h->base = base;
		if (known[i].kind == FOREST_LOGISTIC)
			h->base = -logf(1.0F / base - 1.0F);
		if (!isfinite(h->base))
			return err_set(e, RC_BAD,
				       "the model's base score is no share");
		return RC_OK;
	}
	return err_set(e, RC_BAD, "objective '%.*s' is not supported",
		       STR_ARG(name ? name->text : STR("")));
}

static bool param_is(const struct json *obj, const char *path, int64_t max)
{
	int64_t v;

	return !json_path(obj, path) ||
	       (json_i64(json_path(obj, path), &v) && v <= max);
}

static enum rc read_model(const struct json *root, struct forest_head *h,
			  const struct json **trees, struct err *e)
{
	const struct json *learner = json_get(root, "learner");
	const struct json *boost = json_get(learner, "gradient_booster");

	if (!json_str_is(json_get(boost, "name"), "gbtree"))
		return err_set(e, RC_BAD, "the model is no gbtree of XGBoost");
	if (!param_is(learner, "learner_model_param.num_class", 1) ||
	    !param_is(learner, "learner_model_param.num_target", 1) ||
	    !param_is(learner, "learner_model_param.num_feature", h->features))
		return err_set(e, RC_BAD,
			       "the model has several outputs, or more than "
			       "%u columns",
			       h->features);
	*trees = json_path(boost, "model.trees");
	if (!json_is(*trees, JSON_ARRAY) || !(*trees)->count ||
	    (*trees)->count > FOREST_TREES_MAX)
		return err_set(e, RC_BAD,
			       "the model has no trees, or more "
			       "than %d",
			       FOREST_TREES_MAX);
	h->trees = (*trees)->count;
	return read_objective(learner, h, e);
}

/* How deep the deepest tree is: the first pass over all. */
static enum rc read_depth(const struct json *trees, struct tree *t,
			  struct forest_head *h, struct err *e)
{
	h->depth = 1;
	for (const struct json *v = json_first(trees); v;
	     v = json_next(trees, v)) {
		int d;

		if (tree_read(t, v, (int)h->features, e))
			return RC_BAD;
		d = tree_depth(t, 0, 0);
		if (d < 0)
			return err_set(e, RC_BAD,
				       "a tree of the model is deeper than %d, "
				       "or none",
				       FOREST_DEPTH_MAX);
		if ((uint32_t)d > h->depth)
			h->depth = (uint32_t)d;
	}
	return RC_OK;
}

static enum rc lay_trees(char *p, const struct json *trees, struct tree *t,
			 const struct forest_head *h, struct err *e)
{
	size_t per = (size_t)1 << h->depth, i = 0;
	/* The writer aligns: p is a multiple of 64 from the buffer's start, and
	 * the buffer is malloc's. */
	struct forest_node *nodes = (void *)(p + sizeof(*h));
	float *leaves = (void *)(nodes + per * h->trees);
	uint16_t *covers = (void *)(leaves + per * h->trees);

	memcpy(p, h, sizeof(*h));
	for (const struct json *v = json_first(trees); v;
	     v = json_next(trees, v), i++) {
		struct out_tree o = {nodes + i * per, leaves + i * per,
				     covers + i * per, (int)h->depth, 0};

		if (tree_read(t, v, (int)h->features, e))
			return RC_BAD;
		o.whole = t->c[0];
		tree_lay(&o, t, 0, 1, 0);
	}
	return RC_OK;
}

static enum rc pack(struct buf *out, const struct json *root, struct tree *t,
		    int features, struct err *e)
{
	struct forest_head h = {.magic = FOREST_MAGIC,
				.features = (uint32_t)features};
	const struct json *trees = NULL;
	char *p, *tmp;
	enum rc rc;

	if (read_model(root, &h, &trees, e) || read_depth(trees, t, &h, e))
		return RC_BAD;
	h.bytes = forest_bytes(h.trees, h.depth);
	tmp = xcalloc(1, h.bytes);
	rc = lay_trees(tmp, trees, t, &h, e);
	if (!rc) {
		p = buf_reserve(out, h.bytes);
		if (p) {
			memcpy(p, tmp, h.bytes);
			buf_advance(out, h.bytes);
		} else {
			rc = err_set(e, RC_BAD, "the forest is too large");
		}
	}
	free(tmp);
	return rc;
}

enum rc forest_pack(struct buf *out, struct str xgb_json, int features,
		    struct err *e)
{
	struct json_doc doc;
	struct tree t = {0};
	enum rc rc;

	if (features < 1 || features > FOREST_FEATURES_MAX)
		return err_set(e, RC_BAD, "a forest has 1 to %d columns",
			       FOREST_FEATURES_MAX);
	json_doc_init(&doc, JSON_NODES_MAX);
	rc = json_parse(&doc, xgb_json, e);
	if (rc)
		err_prefix(e, "XGBoost's model");
	else
		rc = pack(out, doc.nodes, &t, features, e);
	tree_free(&t);
	json_doc_release(&doc);
	return rc;
}
