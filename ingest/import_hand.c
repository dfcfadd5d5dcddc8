/* Handing events over: from the kinds into the batch, and from there into the
 * ledger. A batch forgets its tasks when it is flushed, so an event's task is
 * added to it again when needed. */
#include <string.h>

#include "ingest/import_inside.h"
#include "ledger/base/alloc.h"
#include "ledger/event_json.h"

/* ---- the batch ---- */

static void run_failed(struct import_run *r, enum rc rc)
{
	if (r->rc == RC_OK)
		r->rc = rc;
}

enum rc import_flush(struct import_run *r)
{
	enum rc rc = RC_OK;

	if (r->rc)
		return r->rc;
	if (r->flush && (r->cursors || batch_rows(r->batch) > 0))
		rc = r->flush(r->flush_arg, r->batch, &r->err);
	if (rc) {
		run_failed(r, rc);
		return rc;
	}
	batch_clear(r->batch);
	r->cursors = 0;
	r->flushes++;
	return RC_OK;
}

void import_flush_if_large(struct import_run *r)
{
	if ((int64_t)batch_rows(r->batch) + r->cursors >= r->o.batch_rows)
		(void)import_flush(r);
}

static void bury(struct import_run *r, const char *at, struct str body,
		 const struct err *why)
{
	struct ev_dead d = {
		.source = str_from(r->source),
		.origin = str_from(at),
		.reason = str_from(why->msg),
		.body = body,
		.event = body.len > 0,
	};
	struct err e;
	enum rc rc = batch_dead(r->batch, &d, &e);

	if (rc == RC_BUSY && !import_flush(r))
		rc = batch_dead(r->batch, &d, &e);
	if (rc)
		import_say(r, "%s: not even as a dead letter: %s", at, e.msg);
	r->totals.dead++;
	import_say(r, "%s: %s", at, why->msg);
	import_flush_if_large(r);
}

/* Whether an event may be handed over: the run goes on and it is new. */
static bool wanted(struct import_run *r, struct import_at at)
{
	if (r->rc)
		return false;
	if (at.offset >= 0 && at.offset < r->known_bytes) {
		r->totals.known++;
		return false;
	}
	return true;
}

/* The batch's index of a task, adding it when this batch has not seen it. */
static enum rc task_index(struct import_run *r, struct task_slot *s,
			  struct err *e)
{
	enum rc rc;

	if (s->flushes == r->flushes + 1)
		return RC_OK;
	rc = batch_task(r->batch, &s->t, &s->index, e);
	if (rc)
		return rc;
	s->flushes = r->flushes + 1;
	r->totals.tasks += !s->counted;
	s->counted = true;
	return RC_OK;
}

static struct task_slot *slot_of(struct import_run *r, uint32_t task)
{
	if (task >= r->n_tasks)
		BUG("an event names a task that import_task() did not give");
	return &r->tasks[task];
}

static enum rc put_attempt(struct import_run *r, const struct ev_attempt *a,
			   struct err *e)
{
	struct task_slot *s = slot_of(r, a->task);
	struct ev_attempt copy = *a;
	enum rc rc = task_index(r, s, e);

	if (rc)
		return rc;
	copy.task = s->index;
	return batch_attempt(r->batch, &copy, e);
}

void import_attempt(struct import_run *r, const struct ev_attempt *a,
		    struct import_at at)
{
	struct ev_attempt copy = *a;
	struct err e;
	enum rc rc;

	if (!wanted(r, at))
		return;
	copy.origin = str_from(import_where(r, at));
	rc = put_attempt(r, &copy, &e);
	if (rc == RC_BUSY && !import_flush(r))
		rc = put_attempt(r, &copy, &e);
	if (r->rc)
		return;
	if (rc) {
		struct buf b;

		buf_init(&b, 1 << 20);
		event_json_of_attempt(&b, &slot_of(r, a->task)->t, &copy);
		bury(r, copy.origin.p, (struct str){buf_str(&b), b.len}, &e);
		buf_release(&b);
		return;
	}
	r->totals.attempts++;
	if (r->watch)
		r->watch(r->watch_arg, &slot_of(r, a->task)->t, &copy, NULL,
			 NULL);
	import_flush_if_large(r);
}

static enum rc put_outcome(struct import_run *r, const struct ev_outcome *o,
			   struct err *e)
{
	struct task_slot *s = slot_of(r, o->task);
	struct ev_outcome copy = *o;
	enum rc rc = task_index(r, s, e);

	if (rc)
		return rc;
	copy.task = s->index;
	return batch_outcome(r->batch, &copy, e);
}

void import_outcome(struct import_run *r, const struct ev_outcome *o,
		    struct import_at at)
{
	struct err e;
	enum rc rc;

	if (!wanted(r, at))
		return;
	rc = put_outcome(r, o, &e);
	if (rc == RC_BUSY && !import_flush(r))
		rc = put_outcome(r, o, &e);
	if (r->rc)
		return;
	if (rc) {
		struct buf b;

		buf_init(&b, 1 << 20);
		event_json_of_outcome(&b, &slot_of(r, o->task)->t, o);
		bury(r, import_where(r, at), (struct str){buf_str(&b), b.len},
		     &e);
		buf_release(&b);
		return;
	}
	r->totals.outcomes++;
	if (r->watch)
		r->watch(r->watch_arg, &slot_of(r, o->task)->t, NULL, o, NULL);
	import_flush_if_large(r);
}

static enum rc put_claim(struct import_run *r, const struct ev_claim *c,
			 struct err *e)
{
	struct task_slot *s = slot_of(r, c->sum.task);
	struct ev_claim copy = *c;
	enum rc rc = task_index(r, s, e);

	if (rc)
		return rc;
	copy.sum.task = s->index;
	return batch_claim(r->batch, &copy, e);
}

void import_claim(struct import_run *r, const struct ev_claim *c,
		  struct import_at at)
{
	struct err e;
	enum rc rc;

	if (!wanted(r, at))
		return;
	rc = put_claim(r, c, &e);
	if (rc == RC_BUSY && !import_flush(r))
		rc = put_claim(r, c, &e);
	if (r->rc)
		return;
	if (rc)
		bury(r, import_where(r, at), STR_NONE, &e);
	else
		import_flush_if_large(r);
}

void import_dead(struct import_run *r, const struct ev_dead *d,
		 struct import_at at)
{
	struct err e;
	enum rc rc;

	if (!wanted(r, at))
		return;
	rc = batch_dead(r->batch, d, &e);
	if (rc == RC_BUSY && !import_flush(r))
		rc = batch_dead(r->batch, d, &e);
	if (r->rc)
		return;
	r->totals.dead++;
	import_say(r, "%s: %.*s", import_where(r, at),
		   STR_ARG(rc ? str_from(e.msg) : d->reason));
	import_flush_if_large(r);
}

void import_trial(struct import_run *r, const struct ev_trial *t,
		  struct import_at at)
{
	struct ev_trial copy = *t;
	struct err e;
	enum rc rc;

	if (!wanted(r, at))
		return;
	if (!copy.source.p)
		copy.source = str_from(r->kind->sender);
	if (!copy.origin.p)
		copy.origin = str_from(import_where(r, at));
	rc = batch_trial(r->batch, &copy, &e);
	if (rc == RC_BUSY && !import_flush(r))
		rc = batch_trial(r->batch, &copy, &e);
	if (r->rc)
		return;
	if (rc) {
		struct buf b;

		buf_init(&b, 1 << 20);
		event_json_of_trial(&b, &copy);
		bury(r, import_where(r, at), (struct str){buf_str(&b), b.len},
		     &e);
		buf_release(&b);
		return;
	}
	r->totals.trials++;
	if (r->watch)
		r->watch(r->watch_arg, NULL, NULL, NULL, &copy);
	import_flush_if_large(r);
}

/* ---- tasks and attempts as the kinds make them ---- */

const struct conf *import_conf(const struct import_run *r)
{
	return r->o.conf;
}

void import_task_init(struct import_run *r, struct ev_task *t)
{
	*t = (struct ev_task){
		.sender = str_from(r->kind->sender),
		.team = r->o.team,
		.class_rank = CLASS_NOBODY,
		.rank = r->kind->rank,
	};
}

static void fill_in(struct import_run *r, struct str *have, struct str s)
{
	if (!have->p && s.p)
		*have = arena_str(&r->arena, s);
}

static void fill_task(struct import_run *r, struct ev_task *have,
		      const struct ev_task *t)
{
	fill_in(r, &have->sender, t->sender);
	fill_in(r, &have->ext_id, t->ext_id);
	fill_in(r, &have->parent_ext_id, t->parent_ext_id);
	fill_in(r, &have->team, t->team);
	fill_in(r, &have->agent, t->agent);
	fill_in(r, &have->attrs, t->attrs);
	if (t->class_name.p && t->class_rank < have->class_rank) {
		have->class_name = arena_str(&r->arena, t->class_name);
		have->class_rank = t->class_rank;
	}
}

uint32_t import_task(struct import_run *r, const struct ev_task *t)
{
	struct uuid name = ev_key("task", t->sender, t->ext_id);
	struct task_slot *s;
	bool added;
	int64_t *at = import_map_put(&r->task_by_name, name,
				     (int64_t)r->n_tasks, &added);
	uint32_t index = (uint32_t)*at;

	if (added) {
		xgrow(&r->tasks, &r->cap_tasks, r->n_tasks + 1,
		      sizeof(*r->tasks));
		s = &r->tasks[r->n_tasks++];
		*s = (struct task_slot){.t.class_rank = CLASS_NOBODY,
					.t.rank = t->rank};
		s->t.agent = r->o.agent;
		if (r->o.class_name.p) {
			s->t.class_name = r->o.class_name;
			s->t.class_rank = CLASS_EXPLICIT;
		}
	}
	fill_task(r, &r->tasks[index].t, t);
	return index;
}

void import_attempt_init(struct import_run *r, struct ev_attempt *a)
{
	ev_attempt_init(a);
	a->source = str_from(r->source);
	a->rank = r->kind->rank;
}
