/* Rows that are fitted on, their folds, and the tree of classes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "router/stat.h"
#include "router/train_int.h"

#define BLIND_MIN 100 /* tasks of either kind, to be told apart */
#define NAMES_MAX ((size_t)1 << 20)

static bool judged(const struct matrix *m, int task)
{
	for (int a = 0; a < m->n_arms; a++) {
		if (isfinite(matrix_cell(m, task, a)->success))
			return true;
	}
	return false;
}

/* ---- classes ---- */

static int find_node(const struct fit *f, struct str name)
{
	for (int i = 1; i < f->nodes; i++) {
		if (str_eq(f->node[i].name, name))
			return i;
	}
	return -1;
}

static int add_node(struct fit *f, struct str name)
{
	struct str above = name;
	int parent = 0, at = find_node(f, name);

	if (at > 0)
		return at;
	/* "coding/c" learns from "coding". */
	while (above.len && above.p[above.len - 1] != '/')
		above.len--;
	if (above.len > 1)
		parent = add_node(f, (struct str){above.p, above.len - 1});
	if (f->nodes == BUNDLE_CLASSES_MAX)
		return parent;
	f->node[f->nodes] = (struct fit_node){.name = name, .parent = parent};
	return f->nodes++;
}

struct class_size {
	int class_id, tasks;
	int blind; /* of them without a text */
};

/* A table for both kinds tells of neither: where a text is missing says
 * something of the task, and what the models say of the others already holds
 * without it. The part of the class without texts is a class of its own, where
 * there are enough of either. */
static int blind_node(struct fit *f, const struct class_size *s, int node)
{
	struct str name = f->node[node].name;

	if (node == 0 || s->blind < BLIND_MIN ||
	    s->tasks - s->blind < BLIND_MIN ||
	    name.len + sizeof(BUNDLE_BLIND) > BUNDLE_BLIND_MAX)
		return node;
	return add_node(f, arena_strf(&f->names, "%.*s" BUNDLE_BLIND,
				      (int)name.len, name.p));
}

static int by_tasks(const void *pa, const void *pb)
{
	const struct class_size *a = pa, *b = pb;

	if (a->tasks != b->tasks)
		return a->tasks > b->tasks ? -1 : 1;
	return a->class_id < b->class_id ? -1 : a->class_id > b->class_id;
}

/* The largest classes have nodes; what does not fit is of the fleet. */
static void make_nodes(struct fit *f, const enum mx_side *side)
{
	const struct matrix *m = f->m;
	struct class_size *size =
		xcalloc((size_t)m->n_classes + 1, sizeof(*size));

	f->node = xcalloc(BUNDLE_CLASSES_MAX, sizeof(*f->node));
	f->node_of = xcalloc((size_t)m->n_classes + 1, sizeof(*f->node_of));
	f->node[0] = (struct fit_node){.name = STR("fleet"), .parent = -1};
	f->blind_of = xcalloc((size_t)m->n_classes + 1, sizeof(*f->blind_of));
	f->nodes = 1;
	for (int c = 0; c < m->n_classes; c++)
		size[c].class_id = c;
	for (int t = 0; t < m->n_tasks; t++) {
		int c = m->tasks[t].class_id;

		if ((side && side[t] != MX_FIT) || c < 0 || !judged(m, t))
			continue;
		size[c].tasks++;
		size[c].blind += !m->tasks[t].x;
	}
	qsort(size, (size_t)m->n_classes, sizeof(*size), by_tasks);
	for (int i = 0; i < m->n_classes && size[i].tasks; i++)
		f->node_of[size[i].class_id] =
			add_node(f, m->classes[size[i].class_id]);
	for (int i = 0; i < m->n_classes; i++) {
		int c = size[i].class_id;

		f->blind_of[c] = blind_node(f, &size[i], f->node_of[c]);
	}
	free(size);
}

/* ---- folds ---- */

struct group {
	uint64_t id, key;
	int rows, fold;
};

static int by_id(const void *pa, const void *pb)
{
	const struct group *a = pa, *b = pb;

	return a->id < b->id ? -1 : a->id > b->id;
}

static int by_size(const void *pa, const void *pb)
{
	const struct group *a = pa, *b = pb;

	if (a->rows != b->rows)
		return a->rows > b->rows ? -1 : 1;
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

/* The groups, by id; each row counts in its own. */
static struct group *groups(const struct fit *f, int *n)
{
	struct group *g = xcalloc((size_t)f->n + 1, sizeof(*g));
	int kept = 0;

	for (int i = 0; i < f->n; i++) {
		g[i].id = f->row[i].group;
		g[i].key = stat_mix(g[i].id ^ stat_mix(f->o->seed + 1));
		g[i].rows = 1;
	}
	qsort(g, (size_t)f->n, sizeof(*g), by_id);
	for (int i = 0; i < f->n; i++) {
		if (kept && g[kept - 1].id == g[i].id)
			g[kept - 1].rows++;
		else
			g[kept++] = g[i];
	}
	*n = kept;
	return g;
}

/* Whole groups, the largest first, each to the fold that has fewest rows;
 * groups of a size in an order that a hash tells. */
static void deal(struct fit *f)
{
	int n, rows[FOLDS_MAX] = {0};
	struct group *g = groups(f, &n);

	f->group_rows = n ? (double)f->n / n : 1;
	qsort(g, (size_t)n, sizeof(*g), by_size);
	for (int i = 0; i < n; i++) {
		int to = 0;

		for (int k = 1; k < f->folds; k++) {
			if (rows[k] < rows[to])
				to = k;
		}
		g[i].fold = to;
		rows[to] += g[i].rows;
	}
	qsort(g, (size_t)n, sizeof(*g), by_id);
	for (int i = 0; i < f->n; i++) {
		struct group key = {.id = f->row[i].group};
		const struct group *at =
			bsearch(&key, g, (size_t)n, sizeof(*g), by_id);

		f->row[i].fold = at ? at->fold : 0;
	}
	free(g);
}

static int folds_for(const struct train_opts *o, int rows)
{
	int folds = o->folds ? o->folds : rows < 6000 ? 5 : 3;

	return folds < 2 ? 2 : folds > FOLDS_MAX ? FOLDS_MAX : folds;
}

static void add_row(struct fit *f, int t)
{
	const struct mx_task *task = &f->m->tasks[t];
	const int *of = task->x ? f->node_of : f->blind_of;
	float w = task->weight;

	f->row[f->n++] = (struct fit_row){
		.task = t,
		.node = task->class_id >= 0 ? of[task->class_id] : 0,
		.proto = -1,
		.cluster = -1,
		.group = task->group,
		.weight = isfinite(w) && w > 0 ? w : 1,
	};
}

static void count_tasks(struct fit *f)
{
	for (int i = 0; i < f->n; i++) {
		for (int at = f->row[i].node; at >= 0; at = f->node[at].parent)
			f->node[at].tasks++;
	}
}

static enum rc too_many(int arms, struct err *e)
{
	err_set(e, RC_BAD, "there are %d models, of at most %d", arms,
		BUNDLE_ARMS_MAX);
	err_hint(e, "aco eval has --models and --tiers, aco train --by-tier");
	return RC_BAD;
}

enum rc fit_rows(struct fit *f, const enum mx_side *side, struct err *e)
{
	const struct matrix *m = f->m;

	if (m->n_arms < 1 || m->n_arms > BUNDLE_ARMS_MAX)
		return too_many(m->n_arms, e);
	arena_init(&f->names, NAMES_MAX);
	make_nodes(f, side);
	f->row = xcalloc((size_t)m->n_tasks + 1, sizeof(*f->row));
	for (int t = 0; t < m->n_tasks; t++) {
		if ((!side || side[t] == MX_FIT) && judged(m, t))
			add_row(f, t);
	}
	if (!f->n)
		return err_set(e, RC_BAD, "there is no outcome to learn from");
	f->folds = folds_for(f->o, f->n);
	deal(f);
	count_tasks(f);
	return RC_OK;
}

void fit_rows_release(struct fit *f)
{
	free(f->row);
	free(f->node);
	free(f->node_of);
	free(f->blind_of);
	arena_release(&f->names);
	free(f->tally);
}
