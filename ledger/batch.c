/* Collecting events. What a source can get wrong is refused (batch_check.c),
 * so that the database sees only rows it can take. */
#include "ledger/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/hash.h"

#define BODY_MAX 65536

struct batch *batch_new(size_t max_bytes)
{
	struct batch *b = xcalloc(1, sizeof(*b));

	arena_init(&b->arena, max_bytes);
	map_init(&b->task_map);
	return b;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	arena_release(&b->arena);
	map_release(&b->task_map);
	free(b->tasks);
	free(b->attempts);
	free(b->outcomes);
	free(b->claims);
	free(b->decisions);
	free(b->trials);
	free(b->dead);
	free(b->cursors);
	free(b);
}

void batch_clear(struct batch *b)
{
	arena_clear(&b->arena);
	map_clear(&b->task_map);
	b->n_tasks = b->n_attempts = b->n_outcomes = 0;
	b->n_trials = b->n_dead = b->n_cursors = b->n_claims = 0;
	b->n_decisions = 0;
}

size_t batch_rows(const struct batch *b)
{
	return b->n_attempts + b->n_outcomes + b->n_trials + b->n_dead +
	       b->n_claims + b->n_decisions;
}

size_t batch_memory(const struct batch *b)
{
	return b->arena.used + b->task_map.cap * sizeof(struct map_slot) +
	       b->cap_tasks * sizeof(*b->tasks) +
	       b->cap_attempts * sizeof(*b->attempts) +
	       b->cap_outcomes * sizeof(*b->outcomes) +
	       b->cap_claims * sizeof(*b->claims) +
	       b->cap_decisions * sizeof(*b->decisions) +
	       b->cap_trials * sizeof(*b->trials) +
	       b->cap_dead * sizeof(*b->dead) +
	       b->cap_cursors * sizeof(*b->cursors);
}

/* ---- storage ---- */

/* Whether any one event still fits; asked first, so that no event is ever
 * half in. */
#define EVENT_MAX (BODY_MAX + 32768)

static enum rc room(const struct batch *b, struct err *e)
{
	if (!arena_ok(&b->arena) || b->arena.max - b->arena.used < EVENT_MAX)
		return err_set(e, RC_BUSY, "the batch is full");
	return RC_OK;
}

/* Copies a string; an empty one becomes absent, as no field here tells the
 * two apart. */
static void keep(struct batch *b, struct str *s)
{
	*s = s->len ? arena_str(&b->arena, *s) : STR_NONE;
}

/* Where it came from may be named by a path, whose bytes may be anything. */
static void keep_origin(struct batch *b, struct str *s)
{
	if (!str_utf8_ok(*s))
		*s = STR("(not UTF-8)");
	keep(b, s);
}

static void keep_or(struct batch *b, struct str *s, struct str dflt)
{
	*s = s->len ? arena_str(&b->arena, *s) : dflt;
}

static struct str uuid_bytes(const struct uuid *u)
{
	return (struct str){(const char *)u->b, sizeof(u->b)};
}

static bool task_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct batch *b = ctx;

	return memcmp(b->tasks[pos].id.b, key, 16) == 0;
}

enum source_rank task_rank(int who, enum task_field f)
{
	return (enum source_rank)(who >> (4 * (int)f) & 15);
}

int task_set_rank(int who, enum task_field f, enum source_rank rank)
{
	int shift = 4 * (int)f;

	return (who & ~(15 << shift)) | (int)rank << shift;
}

/* Of two sources the better one is heard; of equal ones the lesser text, or of
 * attrs the greater: the same in whatever order they come. */
static void hear(struct batch *b, struct bt_task *t, enum task_field f,
		 struct str *have, struct str said, enum source_rank rank)
{
	enum source_rank old = task_rank(t->who, f);
	int c = str_cmp(said, *have);

	if (!said.len || rank > old)
		return;
	if (rank == old && (f == TASK_ATTRS ? c <= 0 : c >= 0))
		return;
	*have = arena_str(&b->arena, said);
	t->who = task_set_rank(t->who, f, rank);
}

/* The same task again within a batch. */
static void task_fuse(struct batch *b, struct bt_task *t,
		      const struct bt_task *n)
{
	hear(b, t, TASK_TEAM, &t->e.team, n->e.team,
	     task_rank(n->who, TASK_TEAM));
	hear(b, t, TASK_AGENT, &t->e.agent, n->e.agent,
	     task_rank(n->who, TASK_AGENT));
	hear(b, t, TASK_ATTRS, &t->e.attrs, n->e.attrs,
	     task_rank(n->who, TASK_ATTRS));
	if (n->e.class_name.len &&
	    (n->e.class_rank < t->e.class_rank ||
	     (n->e.class_rank == t->e.class_rank &&
	      str_cmp(n->e.class_name, t->e.class_name) < 0))) {
		t->e.class_name = arena_str(&b->arena, n->e.class_name);
		t->e.class_rank = n->e.class_rank;
	}
	if (!uuid_is_nil(n->parent_id) &&
	    (uuid_is_nil(t->parent_id) ||
	     uuid_cmp(n->parent_id, t->parent_id) < 0))
		t->parent_id = n->parent_id;
}

enum rc batch_task_as(struct batch *b, const struct bt_task *t, uint32_t *index,
		      struct err *e)
{
	enum rc rc = check_task(&t->e, e);
	struct bt_task *n;
	struct uuid id;
	uint64_t h;

	if (rc || (rc = room(b, e)))
		return rc;
	id = task_id_of(t->e.sender, t->e.ext_id);
	h = map_hash(id.b, 16);
	*index = map_find(&b->task_map, h, task_eq, b, id.b);
	if (*index != MAP_NONE) {
		task_fuse(b, &b->tasks[*index], t);
		return RC_OK;
	}
	xgrow(&b->tasks, &b->cap_tasks, b->n_tasks + 1, sizeof(*b->tasks));
	n = &b->tasks[b->n_tasks];
	*n = (struct bt_task){
		.id = id,
		.who = TASK_WHO_NOBODY,
		.e = {.rank = t->e.rank,
		      .class_rank = CLASS_NOBODY,
		      .class_name = STR("unattributed"),
		      .team = STR("none"),
		      .sender = arena_str(&b->arena, t->e.sender),
		      .ext_id = arena_str(&b->arena, t->e.ext_id)}};
	n->e.agent = n->e.sender;
	task_fuse(b, n, t);
	*index = (uint32_t)b->n_tasks++;
	map_add(&b->task_map, h, *index);
	return RC_OK;
}

enum rc batch_task(struct batch *b, const struct ev_task *t, uint32_t *index,
		   struct err *e)
{
	struct bt_task n = {.e = *t, .who = TASK_WHO_NOBODY};

	for (int f = TASK_TEAM; f <= TASK_ATTRS; f++)
		n.who = task_set_rank(n.who, (enum task_field)f, t->rank);
	if (t->parent_ext_id.len)
		n.parent_id = task_id_of(t->sender, t->parent_ext_id);
	return batch_task_as(b, &n, index, e);
}

/* The call's step and texts, kept. */
static struct uuid attempt_keep(struct batch *b, struct ev_attempt *a)
{
	struct str step =
		a->step_key.len ? a->step_key : uuid_bytes(&a->keys[0]);
	struct uuid id = step_id_of(b->tasks[a->task].id, step);

	a->step_key = STR_NONE;
	if (a->started_us == TIME_NONE)
		a->started_us = a->ended_us;
	if (a->attempt_no < 1)
		a->attempt_no = 1;
	keep(b, &a->tool);
	keep(b, &a->provider);
	keep(b, &a->requested_model);
	keep(b, &a->model);
	if (!a->model.p)
		a->model = a->requested_model;
	keep(b, &a->service_tier);
	keep(b, &a->finish_reason);
	keep(b, &a->error_class);
	keep(b, &a->source);
	keep_origin(b, &a->origin);
	return id;
}

enum rc batch_attempt(struct batch *b, const struct ev_attempt *a,
		      struct err *e)
{
	enum rc rc = check_attempt(b, a, e);
	struct bt_attempt *n;

	if (rc || (rc = room(b, e)))
		return rc;
	xgrow(&b->attempts, &b->cap_attempts, b->n_attempts + 1,
	      sizeof(*b->attempts));
	n = &b->attempts[b->n_attempts];
	n->e = *a;
	n->step_id = attempt_keep(b, &n->e);
	b->n_attempts++;
	return RC_OK;
}

enum rc batch_claim(struct batch *b, const struct ev_claim *c, struct err *e)
{
	enum rc rc = check_claim(b, c, e);
	struct bt_claim *n;

	if (rc || (rc = room(b, e)))
		return rc;
	xgrow(&b->claims, &b->cap_claims, b->n_claims + 1, sizeof(*b->claims));
	n = &b->claims[b->n_claims];
	n->e = *c;
	n->step_id = attempt_keep(b, &n->e.sum);
	b->n_claims++;
	return RC_OK;
}

static const float *keep_floats(struct batch *b, const float *v, int n)
{
	size_t bytes = (size_t)n * sizeof(float);
	float *f;

	if (n <= 0)
		return NULL;
	f = arena_alloc(&b->arena, bytes);
	memcpy(f, v, bytes);
	return f;
}

enum rc batch_decision(struct batch *b, const struct ev_decision *d,
		       struct err *e)
{
	enum rc rc = check_decision(b, d, e);
	struct bt_decision *n;

	if (rc || (rc = room(b, e)))
		return rc;
	xgrow(&b->decisions, &b->cap_decisions, b->n_decisions + 1,
	      sizeof(*b->decisions));
	n = &b->decisions[b->n_decisions];
	*n = (struct bt_decision){.e = *d};
	if (d->step_key.len)
		n->step_id = step_id_of(b->tasks[d->task].id, d->step_key);
	n->e.step_key = STR_NONE;
	keep(b, &n->e.policy);
	keep(b, &n->e.plan);
	keep(b, &n->e.bound_by);
	keep(b, &n->e.reasons);
	keep_origin(b, &n->e.origin);
	n->e.features = keep_floats(b, d->features, d->n_features);
	b->n_decisions++;
	return RC_OK;
}

/* A retry of the same verdict is the same row: by the sender's own word for it
 * where there is one, else by its time. */
static struct uuid outcome_id(const struct batch *b, const struct bt_outcome *n,
			      const struct ev_outcome *o)
{
	char text[16], at_text[40];
	struct str num, at;

	num = (struct str){text, (size_t)snprintf(text, sizeof(text), "%d",
						  o->success_micro)};
	at = str_from(clock_format(o->at_us, at_text, sizeof(at_text)));
	return HASH_ID(o->same_as.len ? STR("outcome named") : STR("outcome"),
		       uuid_bytes(&b->tasks[o->task].id),
		       uuid_bytes(&n->step_id), o->source, o->key, num,
		       o->label, o->same_as.len ? o->same_as : at);
}

enum rc batch_outcome(struct batch *b, const struct ev_outcome *o,
		      struct err *e)
{
	struct bt_outcome *n;
	enum rc rc = check_outcome(b, o, e);

	if (rc || (rc = room(b, e)))
		return rc;
	xgrow(&b->outcomes, &b->cap_outcomes, b->n_outcomes + 1,
	      sizeof(*b->outcomes));
	n = &b->outcomes[b->n_outcomes];
	*n = (struct bt_outcome){.e = *o};
	if (o->step_key.len)
		n->step_id = step_id_of(b->tasks[o->task].id, o->step_key);
	n->id = outcome_id(b, n, o);
	keep(b, &n->e.source);
	keep(b, &n->e.key);
	keep(b, &n->e.label);
	n->e.step_key = n->e.same_as = STR_NONE;
	b->n_outcomes++;
	return RC_OK;
}

enum rc batch_trial(struct batch *b, const struct ev_trial *t, struct err *e)
{
	enum rc rc = check_trial(t, e);
	struct bt_trial *n;

	if (rc || (rc = room(b, e)))
		return rc;
	xgrow(&b->trials, &b->cap_trials, b->n_trials + 1, sizeof(*b->trials));
	n = &b->trials[b->n_trials];
	n->e = *t;
	n->id = HASH_ID(STR("trial"), t->source, t->task_ext_id, t->model,
			t->agent, t->run);
	keep(b, &n->e.source);
	keep(b, &n->e.task_ext_id);
	keep_or(b, &n->e.task_class, STR("unattributed"));
	keep(b, &n->e.model);
	keep(b, &n->e.agent);
	keep(b, &n->e.run);
	keep(b, &n->e.attrs);
	keep_origin(b, &n->e.origin);
	n->e.features = keep_floats(b, t->features, t->n_features);
	n->e.evidence = keep_floats(b, t->evidence, t->n_evidence);
	b->n_trials++;
	return RC_OK;
}

enum rc batch_dead(struct batch *b, const struct ev_dead *d, struct err *e)
{
	struct bt_dead *n;
	enum rc rc = room(b, e);

	if (rc)
		return rc;
	xgrow(&b->dead, &b->cap_dead, b->n_dead + 1, sizeof(*b->dead));
	n = &b->dead[b->n_dead];
	n->e = *d;
	if (n->e.body.len > BODY_MAX) {
		n->e.body.len = BODY_MAX;
		n->e.event = false;
	}
	n->id = HASH_ID(STR("dead"), d->source, d->origin, d->reason,
			n->e.body);
	keep_or(b, &n->e.source, STR("unknown"));
	keep_or(b, &n->e.origin, STR("unknown"));
	keep_or(b, &n->e.reason, STR("unknown"));
	keep(b, &n->e.sqlstate);
	keep(b, &n->e.body);
	if (!str_utf8_ok(n->e.origin))
		n->e.origin = STR("(not UTF-8)");
	if (!str_utf8_ok(n->e.reason))
		n->e.reason = STR("(not UTF-8)");
	b->n_dead++;
	return RC_OK;
}

enum rc batch_cursor(struct batch *b, const struct ev_cursor *c, struct err *e)
{
	struct ev_cursor *n;
	enum rc rc = check_cursor(c, e);

	if (rc || (rc = room(b, e)))
		return rc;
	xgrow(&b->cursors, &b->cap_cursors, b->n_cursors + 1,
	      sizeof(*b->cursors));
	n = &b->cursors[b->n_cursors];
	*n = *c;
	keep(b, &n->kind);
	keep(b, &n->path);
	b->n_cursors++;
	return RC_OK;
}
