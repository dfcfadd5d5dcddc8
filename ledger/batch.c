/* Collecting events. Everything that a source can get wrong is refused here,
 * with the field's name, so that the database sees only rows it can take. */
#include "ledger/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/hash.h"
#include "ledger/money.h"

#define NAME_MAX_BYTES 256
#define EXT_ID_MAX     512
#define ATTRS_MAX      4096
#define TOKENS_MAX     INT64_C(1000000000000)
#define BODY_MAX       65536
#define FEATURES_MAX   4096

/* 2010-01-01: no model call is older; and a day of clock skew ahead. */
#define CLOCK_MIN_US   (INT64_C(14610) * US_PER_DAY)
#define CLOCK_AHEAD_US US_PER_DAY

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
	b->n_trials = b->n_dead = b->n_cursors = 0;
}

size_t batch_rows(const struct batch *b)
{
	return b->n_attempts + b->n_outcomes + b->n_trials + b->n_dead;
}

size_t batch_bytes(const struct batch *b)
{
	return b->arena.used;
}

/* ---- checks ---- */

static enum rc check_text(const char *field, struct str s, size_t max,
			  struct err *e)
{
	if (s.len > max)
		return err_set(e, RC_BAD, "%s is %zu bytes long, at most %zu",
			       field, s.len, max);
	if (!str_utf8_ok(s))
		return err_set(e, RC_BAD, "%s is not UTF-8 text", field);
	return RC_OK;
}

static enum rc check_time(const char *field, int64_t us, struct err *e)
{
	char text[40];

	if (us == TIME_NONE)
		return RC_OK;
	if (us < CLOCK_MIN_US)
		return err_set(e, RC_BAD, "%s %s is before 2010", field,
			       clock_format(us, text, sizeof(text)));
	if (us > clock_now_us() + CLOCK_AHEAD_US)
		return err_set(e, RC_BAD, "%s %s is in the future", field,
			       clock_format(us, text, sizeof(text)));
	return RC_OK;
}

static enum rc check_count(const char *field, int64_t n, struct err *e)
{
	if (n == USAGE_NONE)
		return RC_OK;
	if (n < 0)
		return err_set(e, RC_BAD, "%s is negative (%lld)", field,
			       (long long)n);
	if (n > TOKENS_MAX)
		return err_set(e, RC_BAD, "%s is beyond belief (%lld)", field,
			       (long long)n);
	return RC_OK;
}

static enum rc check_money(const char *field, int64_t pusd, struct err *e)
{
	if (pusd != MONEY_NONE && pusd < 0)
		return err_set(e, RC_BAD, "%s is negative", field);
	return RC_OK;
}

static enum rc check_attrs(struct str s, struct err *e)
{
	struct json_doc d;
	enum rc rc = check_text("attrs", s, ATTRS_MAX, e);

	if (rc || !s.len)
		return rc;
	json_doc_init(&d, 512);
	rc = json_parse(&d, s, e);
	if (rc == RC_OK && !json_is(&d.nodes[0], JSON_OBJECT))
		rc = err_set(e, RC_BAD, "not an object");
	if (rc)
		err_prefix(e, "attrs");
	json_doc_release(&d);
	return rc;
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

static bool task_eq(const void *ctx, uint32_t pos, const void *key)
{
	const struct batch *b = ctx;

	return memcmp(b->tasks[pos].id.b, key, 16) == 0;
}

static enum rc check_task(const struct ev_task *t, struct err *e)
{
	enum rc rc;

	if (t->sender.len == 0 || t->ext_id.len == 0)
		return err_set(e, RC_BAD, "task without %s",
			       t->sender.len ? "an id" : "a sender");
	if ((rc = check_text("sender", t->sender, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("task id", t->ext_id, EXT_ID_MAX, e)) ||
	    (rc = check_text("parent id", t->parent_ext_id, EXT_ID_MAX, e)) ||
	    (rc = check_text("team", t->team, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("agent", t->agent, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("class", t->class_name, NAME_MAX_BYTES, e)) ||
	    (rc = check_attrs(t->attrs, e)))
		return rc;
	return RC_OK;
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
		      const struct ev_task *n)
{
	hear(b, t, TASK_TEAM, &t->e.team, n->team, n->rank);
	hear(b, t, TASK_AGENT, &t->e.agent, n->agent, n->rank);
	hear(b, t, TASK_ATTRS, &t->e.attrs, n->attrs, n->rank);
	if (n->class_name.len &&
	    (n->class_rank < t->e.class_rank ||
	     (n->class_rank == t->e.class_rank &&
	      str_cmp(n->class_name, t->e.class_name) < 0))) {
		t->e.class_name = arena_str(&b->arena, n->class_name);
		t->e.class_rank = n->class_rank;
	}
	if (n->parent_ext_id.len) {
		struct uuid p = task_id_of(n->sender, n->parent_ext_id);

		if (uuid_is_nil(t->parent_id) || uuid_cmp(p, t->parent_id) < 0)
			t->parent_id = p;
	}
}

enum rc batch_task(struct batch *b, const struct ev_task *t, uint32_t *index,
		   struct err *e)
{
	enum rc rc = check_task(t, e);
	struct bt_task *n;
	struct uuid id;
	uint64_t h;

	if (rc || (rc = room(b, e)))
		return rc;
	id = task_id_of(t->sender, t->ext_id);
	h = map_hash(id.b, 16);
	*index = map_find(&b->task_map, h, task_eq, b, id.b);
	if (*index != MAP_NONE) {
		task_fuse(b, &b->tasks[*index], t);
		return RC_OK;
	}
	xgrow(&b->tasks, &b->cap_tasks, b->n_tasks + 1, sizeof(*b->tasks));
	n = &b->tasks[b->n_tasks];
	*n = (struct bt_task){.id = id,
			      .who = 0xfff,
			      .e = {.rank = t->rank,
				    .class_rank = CLASS_NOBODY,
				    .class_name = STR("unattributed"),
				    .team = STR("none"),
				    .sender = arena_str(&b->arena, t->sender),
				    .ext_id = arena_str(&b->arena, t->ext_id)}};
	n->e.agent = n->e.sender;
	task_fuse(b, n, t);
	*index = (uint32_t)b->n_tasks++;
	map_add(&b->task_map, h, *index);
	return RC_OK;
}

static enum rc check_usage(const struct usage *u, struct err *e)
{
	for (int i = 0; i < USAGE_N; i++) {
		enum rc rc = check_count(usage_bucket_names[i], u->n[i], e);

		if (rc)
			return rc;
	}
	if (u->n[USAGE_REASONING] > 0 && u->n[USAGE_OUTPUT] >= 0 &&
	    u->n[USAGE_REASONING] > u->n[USAGE_OUTPUT])
		return err_set(e, RC_BAD,
			       "reasoning (%lld) is more than output (%lld)",
			       (long long)u->n[USAGE_REASONING],
			       (long long)u->n[USAGE_OUTPUT]);
	if (u->n[USAGE_WEB_SEARCH] > INT32_MAX ||
	    u->n[USAGE_OTHER_TOOLS] > INT32_MAX)
		return err_set(e, RC_BAD, "tool calls are beyond belief");
	return RC_OK;
}

static enum rc check_attempt(const struct batch *b, const struct ev_attempt *a,
			     struct err *e)
{
	enum rc rc;

	if (a->task >= b->n_tasks)
		return err_set(e, RC_BUG, "attempt names no task of the batch");
	if (a->n_keys < 1 || a->n_keys > EV_KEYS_MAX)
		return err_set(e, RC_BAD, "attempt without an identifier");
	if (a->model.len == 0 && a->requested_model.len == 0)
		return err_set(e, RC_BAD, "attempt without a model");
	if (a->source.len == 0)
		return err_set(e, RC_BUG, "attempt without a source");
	if ((rc = check_text("model", a->model, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("requested model", a->requested_model,
			     NAME_MAX_BYTES, e)) ||
	    (rc = check_text("provider", a->provider, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("service tier", a->service_tier, NAME_MAX_BYTES,
			     e)) ||
	    (rc = check_text("finish reason", a->finish_reason, NAME_MAX_BYTES,
			     e)) ||
	    (rc = check_text("error", a->error_class, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("tool", a->tool, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("step", a->step_key, EXT_ID_MAX, e)) ||
	    (rc = check_time("start", a->started_us, e)) ||
	    (rc = check_time("first token", a->first_token_us, e)) ||
	    (rc = check_time("end", a->ended_us, e)) ||
	    (rc = check_money("reported cost", a->reported_cost_pusd, e)) ||
	    (rc = check_usage(&a->usage, e)))
		return rc;
	if (a->started_us != TIME_NONE && a->ended_us != TIME_NONE &&
	    a->ended_us < a->started_us)
		return err_set(e, RC_BAD, "the end is before the start");
	return RC_OK;
}

enum rc batch_attempt(struct batch *b, const struct ev_attempt *a,
		      struct err *e)
{
	enum rc rc = check_attempt(b, a, e);
	struct bt_attempt *n;
	struct str step;

	if (rc || (rc = room(b, e)))
		return rc;
	xgrow(&b->attempts, &b->cap_attempts, b->n_attempts + 1,
	      sizeof(*b->attempts));
	n = &b->attempts[b->n_attempts];
	n->e = *a;
	step = a->step_key.len ? a->step_key
			       : (struct str){(const char *)a->keys[0].b, 16};
	n->step_id = step_id_of(b->tasks[a->task].id, step);
	n->e.step_key = STR_NONE;
	if (n->e.started_us == TIME_NONE)
		n->e.started_us = n->e.ended_us;
	if (n->e.attempt_no < 1)
		n->e.attempt_no = 1;
	keep(b, &n->e.tool);
	keep(b, &n->e.provider);
	keep(b, &n->e.requested_model);
	keep(b, &n->e.model);
	if (!n->e.model.p)
		n->e.model = n->e.requested_model;
	keep(b, &n->e.service_tier);
	keep(b, &n->e.finish_reason);
	keep(b, &n->e.error_class);
	keep(b, &n->e.source);
	keep_origin(b, &n->e.origin);
	b->n_attempts++;
	return RC_OK;
}

enum rc batch_outcome(struct batch *b, const struct ev_outcome *o,
		      struct err *e)
{
	struct bt_outcome *n;
	struct str num, at;
	char text[16], at_text[40];
	enum rc rc;

	if (o->task >= b->n_tasks)
		return err_set(e, RC_BUG, "outcome names no task of the batch");
	if (o->success_micro < -1 || o->success_micro > 1000000)
		return err_set(e, RC_BAD, "success is outside 0..1");
	if (o->success_micro < 0 && !o->label.len)
		return err_set(e, RC_BAD, "outcome without success or label");
	if (!o->source.len || !o->key.len)
		return err_set(e, RC_BAD, "outcome without a source or key");
	if ((rc = check_text("source", o->source, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("key", o->key, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("label", o->label, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("step", o->step_key, EXT_ID_MAX, e)) ||
	    (rc = check_time("time", o->at_us, e)) || (rc = room(b, e)))
		return rc;
	xgrow(&b->outcomes, &b->cap_outcomes, b->n_outcomes + 1,
	      sizeof(*b->outcomes));
	n = &b->outcomes[b->n_outcomes];
	*n = (struct bt_outcome){.e = *o};
	if (o->step_key.len)
		n->step_id = step_id_of(b->tasks[o->task].id, o->step_key);
	num = (struct str){text, (size_t)snprintf(text, sizeof(text), "%d",
						  o->success_micro)};
	at = str_from(clock_format(o->at_us, at_text, sizeof(at_text)));
	n->id = HASH_ID(
		STR("outcome"),
		((struct str){(const char *)b->tasks[o->task].id.b, 16}),
		((struct str){(const char *)n->step_id.b, 16}), o->source,
		o->key, num, o->label, at);
	keep(b, &n->e.source);
	keep(b, &n->e.key);
	keep(b, &n->e.label);
	n->e.step_key = STR_NONE;
	b->n_outcomes++;
	return RC_OK;
}

static enum rc check_trial(const struct ev_trial *t, struct err *e)
{
	enum rc rc;

	if (!t->source.len || !t->task_ext_id.len || !t->model.len)
		return err_set(e, RC_BAD, "trial without %s",
			       !t->source.len        ? "a source"
			       : !t->task_ext_id.len ? "a task id"
						     : "a model");
	if (t->success_micro < -1 || t->success_micro > 1000000)
		return err_set(e, RC_BAD, "success is outside 0..1");
	if (t->n_features < 0 || t->n_features > FEATURES_MAX)
		return err_set(e, RC_BAD, "too many features");
	if ((rc = check_text("source", t->source, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("task id", t->task_ext_id, EXT_ID_MAX, e)) ||
	    (rc = check_text("class", t->task_class, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("model", t->model, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("agent", t->agent, NAME_MAX_BYTES, e)) ||
	    (rc = check_text("run", t->run, NAME_MAX_BYTES, e)) ||
	    (rc = check_attrs(t->attrs, e)) ||
	    (rc = check_money("cost", t->cost_pusd, e)) ||
	    (rc = check_count("input_tokens", t->input_tokens, e)) ||
	    (rc = check_count("output_tokens", t->output_tokens, e)) ||
	    (rc = check_count("api_calls", t->api_calls, e)) ||
	    (rc = check_time("date", t->at_us, e)))
		return rc;
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
	if (t->n_features > 0) {
		size_t bytes = (size_t)t->n_features * sizeof(float);
		float *f = arena_alloc(&b->arena, bytes);

		memcpy(f, t->features, bytes);
		n->e.features = f;
	}
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
	if (n->e.body.len > BODY_MAX)
		n->e.body.len = BODY_MAX;
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
	enum rc rc = check_text("path", c->path, 4096, e);

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
