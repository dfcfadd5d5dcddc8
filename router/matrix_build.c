/* Verdicts come one at a time, in any order; the matrix is made at the end,
 * when it is known which arms stay. */
#include <math.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/evidence.h"
#include "ledger/hash.h"
#include "ledger/money.h"
#include "router/matrix_int.h"

#define CELLS_MAX ((size_t)1 << 27)

/* ---- names ---- */

struct task_key {
	struct str source, id;
};

static bool task_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct mx_build *b = ctx;
	const struct task_key *k = key;

	return str_eq(b->m->tasks[pos].id, k->id) &&
	       str_eq(b->m->tasks[pos].source, k->source);
}

static bool arm_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct mx_build *b = ctx;

	return str_eq(b->m->arms[pos].name, *(const struct str *)key);
}

static bool class_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct mx_build *b = ctx;

	return str_eq(b->m->classes[pos], *(const struct str *)key);
}

static bool source_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct mx_build *b = ctx;

	return str_eq(b->sources[pos], *(const struct str *)key);
}

static uint64_t hash_of(struct str s)
{
	return map_hash(s.p, s.len);
}

static int find_arm(struct mx_build *b, struct str name)
{
	uint32_t i = map_find(&b->arm_map, hash_of(name), arm_eq, b, &name);

	if (i != MAP_NONE)
		return (int)i;
	xgrow(&b->m->arms, &b->cap_arms, (size_t)b->m->n_arms + 1,
	      sizeof(*b->m->arms));
	b->m->arms[b->m->n_arms] = (struct mx_arm){
		.name = arena_str(&b->m->arena, name), .mean_cost_pusd = -1};
	map_add(&b->arm_map, hash_of(name), (uint32_t)b->m->n_arms);
	return b->m->n_arms++;
}

static int find_class(struct mx_build *b, struct str name)
{
	uint32_t i = map_find(&b->class_map, hash_of(name), class_eq, b, &name);

	if (i != MAP_NONE)
		return (int)i;
	xgrow(&b->m->classes, &b->cap_classes, (size_t)b->m->n_classes + 1,
	      sizeof(*b->m->classes));
	b->m->classes[b->m->n_classes] = arena_str(&b->m->arena, name);
	map_add(&b->class_map, hash_of(name), (uint32_t)b->m->n_classes);
	return b->m->n_classes++;
}

static int find_source(struct mx_build *b, struct str name)
{
	uint32_t i =
		map_find(&b->source_map, hash_of(name), source_eq, b, &name);

	if (i != MAP_NONE)
		return (int)i;
	xgrow(&b->sources, &b->cap_sources, (size_t)b->n_sources + 1,
	      sizeof(*b->sources));
	b->sources[b->n_sources] = arena_str(&b->m->arena, name);
	map_add(&b->source_map, hash_of(name), (uint32_t)b->n_sources);
	return b->n_sources++;
}

/* ---- adding ---- */

static struct str class_of(const struct mx_build *b, const struct mx_line *l)
{
	struct str name = l->class_name.len ? l->class_name : l->t->task_class;

	if (b->o.hide_class)
		return STR("all");
	if (b->o.class_by && !strcmp(b->o.class_by, "source"))
		name = l->t->source;
	return name.len ? name : STR("unattributed");
}

static uint64_t group_of(const struct mx_build *b, const struct mx_line *l,
			 struct str class_name)
{
	const struct ev_trial *t = l->t;

	if (l->group.len)
		return mx_group(l->group, STR_NONE, STR_NONE, "id");
	if (b->o.group_by && !strcmp(b->o.group_by, "class"))
		return mx_group(class_name, STR_NONE, STR_NONE, "source");
	return mx_group(t->source, t->task_ext_id, l->repo, b->o.group_by);
}

static int find_task(struct mx_build *b, const struct mx_line *l)
{
	struct task_key k = {l->t->source, l->t->task_ext_id};
	uint64_t h = hash_of(k.source) * 31 + hash_of(k.id);
	uint32_t i = map_find(&b->task_map, h, task_eq, b, &k);
	struct matrix *m = b->m;
	struct str class_name;
	int at;

	if (i != MAP_NONE)
		return (int)i;
	at = m->n_tasks++;
	xgrow(&m->tasks, &b->cap_tasks, (size_t)at + 1, sizeof(*m->tasks));
	xgrow(&b->source_of, &b->cap_source_of, (size_t)at + 1, sizeof(int));
	b->source_of[at] = find_source(b, k.source);
	class_name = class_of(b, l);
	m->tasks[at] = (struct mx_task){
		.id = arena_str(&m->arena, k.id),
		.source = b->sources[b->source_of[at]],
		.class_id = find_class(b, class_name),
		.group = group_of(b, l, class_name),
		.at_us = l->t->at_us,
		.judge = l->judge,
		.weight = 1,
	};
	map_add(&b->task_map, h, (uint32_t)at);
	return at;
}

static enum rc take_vector(struct mx_build *b, struct mx_task *task,
			   const struct mx_line *l, struct err *e)
{
	const struct ev_trial *t = l->t;
	const float *x = t->features;
	float made[FEATURE_MAX];
	int n = t->n_features;
	float *copy;

	if (!x && l->prompt.len) {
		n = feature_text(l->prompt, made);
		x = made;
	} else if (x && !uuid_eq(t->feature_schema, b->m->schema)) {
		return RC_OK; /* of another table: as if it had none */
	}
	if (!x || (b->m->n_features && n != b->m->n_features))
		return RC_OK;
	b->m->n_features = n;
	copy = arena_alloc(&b->m->arena, (size_t)n * sizeof(*copy));
	if (!copy)
		return err_set(e, RC_BAD, "the outcomes do not fit in memory");
	memcpy(copy, x, (size_t)n * sizeof(*copy));
	task->x = copy;
	return RC_OK;
}

/* The line's, else the trial's, which may be of a program that knew less. */
static const float *keep_evidence(struct mx_build *b, const struct mx_line *l)
{
	const struct ev_trial *t = l->t;
	const float *from = l->evidence ? l->evidence : t->evidence;
	int n = l->evidence ? EVIDENCE_N : t->n_evidence;
	float *v;

	if (!from || n <= 0)
		return NULL;
	v = arena_alloc(&b->m->arena, EVIDENCE_N * sizeof(*v));
	for (int i = 0; v && i < EVIDENCE_N; i++)
		v[i] = i < n ? from[i] : NAN;
	return v;
}

enum rc mx_add(struct mx_build *b, const struct mx_line *l, struct err *e)
{
	const struct ev_trial *t = l->t;
	struct mx_task *task;
	enum rc rc = RC_OK;
	int at;

	at = find_task(b, l);
	task = &b->m->tasks[at];
	task->judge |= l->judge;
	if (!task->x)
		rc = take_vector(b, task, l, e);
	if (task->at_us == TIME_NONE)
		task->at_us = t->at_us;
	if (l->prompt.len && !task->input_tokens)
		task->input_tokens = (int64_t)(l->prompt.len + 3) / 4;
	if (!arena_ok(&b->m->arena))
		return err_set(e, RC_BAD, "the outcomes do not fit in memory");
	xgrow(&b->obs, &b->cap_obs, b->n_obs + 1, sizeof(*b->obs));
	b->obs[b->n_obs++] = (struct mx_obs){
		.task = (uint32_t)at,
		.arm = (uint32_t)find_arm(b, t->model),
		.success = t->success_micro < 0
				   ? NAN
				   : (float)t->success_micro / 1e6F,
		.cost_pusd = t->cost_pusd,
		.estimated = t->cost_estimated,
		.judge = l->judge,
		.propensity = l->propensity > 0 ? l->propensity : 1,
		.evidence = keep_evidence(b, l),
	};
	return rc;
}

enum rc mx_build_add(struct mx_build *b, const struct ev_trial *t,
		     struct str repo, bool judge, struct err *e)
{
	struct mx_line l = {.t = t, .repo = repo, .judge = judge};

	return mx_add(b, &l, e);
}

/* ---- one observation a task and arm ---- */

static int by_cell(const void *a, const void *b)
{
	const struct mx_obs *x = a, *y = b;

	if (x->task != y->task)
		return x->task < y->task ? -1 : 1;
	return (x->arm > y->arm) - (x->arm < y->arm);
}

/* Of v[0..n), all of one cell. */
static struct mx_obs merge(const struct mx_obs *v, size_t n)
{
	struct mx_obs out = v[0];
	double success = 0;
	int64_t cost = 0;
	int verdicts = 0, costs = 0, good = 0;
	bool measured = false;

	for (size_t i = 0; i < n; i++)
		measured |= v[i].cost_pusd != MONEY_NONE && !v[i].estimated;
	for (size_t i = 0; i < n; i++) {
		if (!out.evidence)
			out.evidence = v[i].evidence;
		if (!isnan(v[i].success)) {
			success += (double)v[i].success;
			good += v[i].success >= 0.5F;
			verdicts++;
		}
		if (v[i].cost_pusd == MONEY_NONE ||
		    (measured && v[i].estimated))
			continue;
		/* Sums of the dearest runs could pass int64: means do not. */
		cost += (v[i].cost_pusd - cost) / ++costs;
	}
	out.success = verdicts ? (float)(success / verdicts) : NAN;
	out.cost_pusd = costs ? cost : MONEY_NONE;
	out.estimated = costs && !measured;
	if (verdicts > UINT16_MAX) { /* as many as are told */
		good = (int)((double)good * UINT16_MAX / verdicts);
		verdicts = UINT16_MAX;
	}
	out.runs = (uint16_t)verdicts;
	out.good = (uint16_t)good;
	return out;
}

/* What files to fit on say of a task to be judged is nobody's business. */
static void part_files(struct mx_build *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n_obs; i++)
		if (b->obs[i].judge || !b->m->tasks[b->obs[i].task].judge)
			b->obs[n++] = b->obs[i];
	b->n_obs = n;
}

static void merge_all(struct mx_build *b)
{
	size_t n = 0;

	if (b->o.judge_from > 0)
		part_files(b);
	qsort(b->obs, b->n_obs, sizeof(*b->obs), by_cell);
	for (size_t i = 0, k; i < b->n_obs; i = k) {
		for (k = i + 1;
		     k < b->n_obs && !by_cell(&b->obs[i], &b->obs[k]);)
			k++;
		b->obs[n++] = merge(&b->obs[i], k - i);
	}
	b->n_obs = n;
}

/* ---- which tasks stay ---- */

struct ranked {
	struct uuid order;
	int task;
};

static int by_order(const void *a, const void *b)
{
	return uuid_cmp(((const struct ranked *)a)->order,
			((const struct ranked *)b)->order);
}

/* keep[t]: the new index, -1 gone. Tasks without a verdict that stays go, and
 * beyond max_tasks those whose hash is greatest. */
static int keep_tasks(const struct mx_build *b, const int *pool, int *keep)
{
	const struct matrix *m = b->m;
	struct ranked *r = xcalloc((size_t)m->n_tasks + 1, sizeof(*r));
	size_t n = 0;
	int kept = 0;

	for (int t = 0; t < m->n_tasks; t++)
		keep[t] = -1;
	for (size_t i = 0; i < b->n_obs; i++) {
		const struct mx_obs *o = &b->obs[i];
		size_t at = (size_t)b->source_of[o->task] * (size_t)m->n_arms;

		if (!isnan(o->success) && pool[at + o->arm] >= 0)
			keep[o->task] = 0;
	}
	for (int t = 0; t < m->n_tasks; t++)
		if (keep[t] == 0)
			r[n++] = (struct ranked){
				HASH_ID(m->tasks[t].source, m->tasks[t].id), t};
	if (b->o.max_tasks > 0 && n > (size_t)b->o.max_tasks) {
		qsort(r, n, sizeof(*r), by_order);
		for (size_t i = (size_t)b->o.max_tasks; i < n; i++)
			keep[r[i].task] = -1;
	}
	free(r);
	for (int t = 0; t < m->n_tasks; t++)
		if (keep[t] == 0)
			keep[t] = kept++;
	return kept;
}

/* ---- the matrix ---- */

static void fill_cells(struct mx_build *b, const int *pool, const int *keep,
		       int n_tasks, int n_arms)
{
	struct matrix *m = b->m;
	size_t n = (size_t)n_tasks * (size_t)n_arms;

	m->cells = xcalloc(n + 1, sizeof(*m->cells));
	for (size_t i = 0; i < n; i++)
		m->cells[i] = (struct mx_cell){.success = NAN,
					       .cost_pusd = MONEY_NONE,
					       .propensity = 1};
	for (size_t i = 0; i < b->n_obs; i++) {
		const struct mx_obs *o = &b->obs[i];
		int arm =
			pool[(size_t)b->source_of[o->task] * (size_t)m->n_arms +
			     o->arm];
		struct mx_cell *c;

		if (arm < 0 || keep[o->task] < 0)
			continue;
		c = &m->cells[(size_t)keep[o->task] * (size_t)n_arms +
			      (size_t)arm];
		c->success = o->success;
		c->cost_pusd = o->cost_pusd;
		c->estimated = o->estimated;
		c->runs = o->runs;
		c->good = o->good;
		c->propensity = o->propensity;
		c->evidence = o->evidence;
	}
	for (int t = 0; t < m->n_tasks; t++)
		if (keep[t] >= 0)
			m->tasks[keep[t]] = m->tasks[t];
	m->n_tasks = n_tasks;
}

static enum rc nothing_left(const struct mx_build *b, struct err *e)
{
	struct str name = STR_NONE;
	double share = mx_nearest(b, &name);

	err_set(e, RC_BAD, "no outcome is left to look at");
	if (!(share > 0))
		err_hint(e, "no model has both verdicts and costs, or those "
			    "named are not there");
	else if (b->o.coverage > 0)
		err_hint(
			e,
			"models seen, with their cost, on less than %.0f %% of "
			"a source's tasks are dropped; %.*s, on %.0f %%, comes "
			"nearest: try --coverage %.1f",
			100 * b->o.coverage,
			(int)(name.len < 40 ? name.len : 40), name.p,
			100 * share, floor(10 * share) / 10);
	else
		err_hint(e, "see whether the models named are there");
	return RC_BAD;
}

static enum rc make(struct mx_build *b, struct err *e)
{
	struct matrix *m = b->m;
	size_t cells = (size_t)b->n_sources * (size_t)m->n_arms;
	int *pool = xcalloc(cells + 1, sizeof(*pool));
	int *keep = xcalloc((size_t)m->n_tasks + 1, sizeof(*keep));
	struct str *names = NULL;
	int *tiers = NULL, n_arms = 0, n_tasks;
	enum rc rc = RC_OK;

	merge_all(b);
	mx_pool(b, pool, &names, &tiers, &n_arms);
	n_tasks = keep_tasks(b, pool, keep);
	if (!n_tasks || !n_arms) {
		rc = nothing_left(b, e);
	} else if ((size_t)n_tasks > CELLS_MAX / (size_t)n_arms) {
		rc = err_set(e, RC_BAD, "%d tasks under %d models are too many",
			     n_tasks, n_arms);
		err_hint(e, "name the models to compare, or use --tiers");
	} else {
		fill_cells(b, pool, keep, n_tasks, n_arms);
		mx_sort_arms(m, names, tiers, n_arms);
		mx_sort_classes(m);
	}
	free(pool);
	free(keep);
	free(names);
	free(tiers);
	return rc;
}

struct mx_build *mx_build_new(struct matrix *m, const struct mx_opts *o)
{
	struct mx_build *b = xcalloc(1, sizeof(*b));

	b->m = m;
	b->o = *o;
	map_init(&b->task_map);
	map_init(&b->arm_map);
	map_init(&b->class_map);
	map_init(&b->source_map);
	m->schema = feature_schema();
	return b;
}

enum rc mx_build_end(struct mx_build *b, struct err *e)
{
	enum rc rc = RC_OK;

	if (!b->n_obs)
		rc = err_set(e, RC_BAD, "there are no outcomes");
	if (rc == RC_OK)
		rc = make(b, e);
	mx_build_free(b);
	return rc;
}

void mx_build_free(struct mx_build *b)
{
	if (!b)
		return;
	map_release(&b->task_map);
	map_release(&b->arm_map);
	map_release(&b->class_map);
	map_release(&b->source_map);
	free(b->sources);
	free(b->source_of);
	free(b->obs);
	free(b);
}
