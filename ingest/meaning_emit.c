/* Events to the sink. What a sink refuses for its own sake (a time out of
 * bounds, a text too long) becomes a dead letter, whole, with the reason: it
 * is not lost, and does not fail its neighbours. */
#include "ingest/meaning_int.h"
#include "ledger/base/buf.h"
#include "ledger/event_json.h"

#define DEAD_MAX ((size_t)65536)

static enum rc bury(struct meaning *m, const struct sink *sink,
		    const struct buf *body, struct err *e)
{
	struct ev_dead d = {
		.source = m->origin.source,
		.origin = m->origin.peer,
		.reason = str_from(e->msg),
		.body = {buf_str(body), body->len},
	};
	struct err why = *e;

	d.reason = str_from(why.msg);
	m->counts.dead++;
	return sink->dead(sink->arg, &d, e);
}

static enum rc give_attempt(struct meaning *m, const struct sink *sink,
			    const struct call *c, struct err *e)
{
	enum rc rc = sink->attempt(sink->arg, &c->t, &c->a, e);
	struct buf body;

	if (rc == RC_OK)
		m->counts.calls++;
	if (rc != RC_BAD)
		return rc;
	buf_init(&body, DEAD_MAX);
	event_json_of_attempt(&body, &c->t, &c->a);
	rc = bury(m, sink, &body, e);
	buf_release(&body);
	return rc;
}

static enum rc give_outcome(struct meaning *m, const struct sink *sink,
			    const struct judged *j, struct err *e)
{
	enum rc rc = sink->outcome(sink->arg, &j->t, &j->o, e);
	struct buf body;

	if (rc == RC_OK)
		m->counts.outcomes++;
	if (rc != RC_BAD)
		return rc;
	buf_init(&body, DEAD_MAX);
	event_json_of_outcome(&body, &j->t, &j->o);
	rc = bury(m, sink, &body, e);
	buf_release(&body);
	return rc;
}

static enum rc give_claim(struct meaning *m, const struct sink *sink,
			  const struct call *c, struct err *e)
{
	struct ev_claim claim = {c->a, m->origin.received_us + m->claim_us};
	enum rc rc = sink->claim(sink->arg, &c->t, &claim, e);
	struct buf body;

	if (rc == RC_OK)
		m->counts.claims++;
	if (rc != RC_BAD)
		return rc;
	buf_init(&body, DEAD_MAX);
	event_json_of_claim(&body, &c->t, &claim);
	rc = bury(m, sink, &body, e);
	buf_release(&body);
	return rc;
}

/* A task alone that is refused says nothing that its calls do not say. */
static enum rc give_task(struct meaning *m, const struct sink *sink,
			 const struct ev_task *t, struct err *e)
{
	enum rc rc = sink->task(sink->arg, t, e);

	if (rc == RC_OK)
		m->counts.tasks++;
	if (rc == RC_BAD)
		m->counts.warnings++;
	return rc == RC_BAD ? RC_OK : rc;
}

enum rc meaning_emit(struct meaning *m, const struct sink *sink, struct err *e)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; !rc && i < m->n_calls; i++)
		rc = give_attempt(m, sink, &m->calls[i], e);
	for (size_t i = 0; !rc && i < m->n_tasks; i++)
		rc = give_task(m, sink, &m->tasks[i], e);
	for (size_t i = 0; !rc && i < m->n_claims; i++)
		rc = give_claim(m, sink, &m->claims[i], e);
	for (size_t i = 0; !rc && i < m->n_judged; i++)
		rc = give_outcome(m, sink, &m->judged[i], e);
	return rc;
}
