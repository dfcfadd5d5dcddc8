/* The ledger's own lines, back into a batch. */
#include "ledger/event_fields.h"
#include "ledger/event_json.h"

static enum rc add_attempt(struct batch *b, struct event_fields *f,
			   struct err *e)
{
	enum rc rc;

	if (!f->attempt.source.len)
		return err_set(e, RC_BAD, "_aco.source: is missing");
	rc = batch_attempt(b, &f->attempt, e);
	if (rc == RC_OK && !uuid_is_nil(f->step_id))
		b->attempts[b->n_attempts - 1].step_id = f->step_id;
	return rc;
}

static enum rc add_claim(struct batch *b, struct event_fields *f, struct err *e)
{
	const struct ev_claim c = {.sum = f->attempt, .due_us = f->due_us};
	enum rc rc;

	if (!f->attempt.source.len)
		return err_set(e, RC_BAD, "_aco.source: is missing");
	rc = batch_claim(b, &c, e);
	if (rc == RC_OK && !uuid_is_nil(f->step_id))
		b->claims[b->n_claims - 1].step_id = f->step_id;
	return rc;
}

static enum rc add_outcome(struct batch *b, struct event_fields *f,
			   struct err *e)
{
	enum rc rc = batch_outcome(b, &f->outcome, e);

	if (rc == RC_OK && !uuid_is_nil(f->step_id))
		b->outcomes[b->n_outcomes - 1].step_id = f->step_id;
	if (rc == RC_OK && !uuid_is_nil(f->id))
		b->outcomes[b->n_outcomes - 1].id = f->id;
	return rc;
}

static enum rc add_decision(struct batch *b, struct event_fields *f,
			    struct err *e)
{
	enum rc rc = batch_decision(b, &f->decision, e);

	if (rc == RC_OK && !uuid_is_nil(f->step_id))
		b->decisions[b->n_decisions - 1].step_id = f->step_id;
	return rc;
}

static enum rc add_trial(struct batch *b, struct event_fields *f, struct err *e)
{
	enum rc rc = batch_trial(b, &f->trial, e);

	if (rc == RC_OK && !uuid_is_nil(f->id))
		b->trials[b->n_trials - 1].id = f->id;
	return rc;
}

static enum rc add_dead(struct batch *b, struct event_fields *f, struct err *e)
{
	enum rc rc = batch_dead(b, &f->dead, e);

	if (rc == RC_OK && !uuid_is_nil(f->id))
		b->dead[b->n_dead - 1].id = f->id;
	return rc;
}

enum rc event_json_add(struct batch *b, const struct json *line,
		       struct arena *a, struct err *e)
{
	struct event_fields f;
	uint32_t task = 0;
	enum rc rc = event_fields_read(&f, line, EVENT_OWN, a, e);

	if (rc)
		return rc;
	if (f.type == EVENT_TRIAL)
		return add_trial(b, &f, e);
	if (f.type == EVENT_DEAD)
		return add_dead(b, &f, e);
	if (uuid_is_nil(f.task.parent_id) && f.task.e.parent_ext_id.len)
		f.task.parent_id =
			task_id_of(f.task.e.sender, f.task.e.parent_ext_id);
	if ((rc = batch_task_as(b, &f.task, &task, e)))
		return rc;
	f.attempt.task = f.outcome.task = f.decision.task = task;
	if (f.type == EVENT_ATTEMPT)
		return add_attempt(b, &f, e);
	if (f.type == EVENT_CLAIM)
		return add_claim(b, &f, e);
	if (f.type == EVENT_OUTCOME)
		return add_outcome(b, &f, e);
	if (f.type == EVENT_DECISION)
		return add_decision(b, &f, e);
	return RC_OK;
}

enum rc event_json_bill(struct batch *b, const struct json *line,
			struct arena *a, struct err *e)
{
	struct event_fields f;
	uint32_t task = 0;
	enum rc rc = event_fields_read(&f, line, EVENT_OWN, a, e);

	if (rc)
		return rc;
	if (f.type != EVENT_CLAIM)
		return err_set(e, RC_BAD, "type: must be \"claim\"");
	if ((rc = batch_task_as(b, &f.task, &task, e)))
		return rc;
	f.attempt.task = task;
	f.attempt.quality = QUALITY_AGGREGATE;
	f.attempt.rank = RANK_AGGREGATE;
	return add_attempt(b, &f, e);
}
