/* Tickets: what a request put into which batches, and who waits for them. All
 * of it is the loop's. */
#include "ingest/intake_int.h"
#include "ingest/journal.h"
#include "ingest/stats.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/event_json.h"

#define LINES_MAX   ((size_t)4 << 20)
#define LINES_FIRST ((size_t)4 << 10)
#define LINES_KEPT  ((size_t)64 << 10)

enum {
	TICKETS_KEPT = 2048 /* of one batch, when there is much to do */
};

struct ticket {
	struct ticket *next, **prev; /* in in->tickets */
	struct intake *in;
	struct sink sink;
	uint64_t last;  /* serial of the batch that it was last added to */
	int parts;      /* batches with its events that have not ended */
	bool committed; /* all is added; done is to be called */
	bool cancelled;
	enum rc rc; /* of the parts so far */
	struct err err;
	bool keeps;       /* lines are kept of what is added */
	struct buf lines; /* as the spool would have them */
	uint64_t mark;    /* in the journal; 0: not there */
	int64_t begun_us;
	ticket_done_fn *done;
	void *arg;
};

/* One reply after the other is told: they share the memory. */
static void take_lines(struct ticket *t)
{
	t->lines = t->in->lines;
	t->lines.max = LINES_MAX;
	buf_init(&t->in->lines, LINES_MAX);
	if (!t->lines.p)
		buf_reserve(&t->lines, LINES_FIRST);
}

static void give_lines(struct ticket *t)
{
	if (t->in->lines.p || t->lines.cap > LINES_KEPT)
		buf_release(&t->lines);
	if (!t->in->lines.p)
		t->in->lines = t->lines;
	buf_clear(&t->in->lines);
	buf_init(&t->lines, LINES_MAX);
}

static void ticket_free(struct ticket *t)
{
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	buf_release(&t->lines);
	pool_put(&t->in->spare, t);
}

/* Nothing of it is under way any more. */
static void ticket_finish(struct ticket *t)
{
	ticket_done_fn *done = t->done;
	enum rc rc = t->rc;
	struct err e = t->err;
	void *arg = t->arg;
	bool tell = !t->cancelled && !t->mark;

	if (tell && rc == RC_OK)
		stats_ack(clock_mono_us() - t->begun_us);
	if (t->mark && rc == RC_OK)
		journal_done(t->in->journal, t->mark);
	else if (t->mark && !t->in->closed)
		log_line(LOG_ERROR, "intake",
			 "a reply's events stay in the journal until the next "
			 "start",
			 "err=%s", log_quote(e.msg));
	ticket_free(t);
	if (tell)
		done(arg, rc, &e);
}

void ticket_commit(struct ticket *t, ticket_done_fn *done, void *arg)
{
	t->committed = true;
	t->done = done;
	t->arg = arg;
	if (t->parts == 0)
		ticket_finish(t);
}

bool ticket_commit_reply(struct ticket *t, ticket_done_fn *done, void *arg)
{
	struct str lines = {t->lines.p, t->lines.len};
	bool told = t->parts == 0; /* nothing, or all is safe */

	if (!told && buf_ok(&t->lines) && lines.len)
		t->mark = journal_put(t->in->journal, lines);
	told = told || t->mark;
	if (told && !t->mark)
		t->cancelled = true;
	if (!told && t->in->open && t->in->open->serial == t->last)
		intake_arm_awaited(t->in);
	give_lines(t);
	ticket_commit(t, done, arg);
	return told;
}

void ticket_cancel(struct ticket *t)
{
	t->cancelled = true;
	if (t->parts == 0)
		ticket_finish(t);
}

void ticket_pool_init(struct pool *p)
{
	pool_init(p, sizeof(struct ticket), TICKETS_KEPT);
}

void tickets_answer(struct work *w)
{
	for (size_t i = 0; i < w->n_tickets; i++) {
		struct ticket *t = w->tickets[i];

		t->parts--;
		if (w->rc != RC_OK && t->rc == RC_OK) {
			t->rc = w->rc;
			t->err = w->err;
		}
		if (t->parts == 0 && (t->committed || t->cancelled))
			ticket_finish(t);
	}
	w->n_tickets = 0;
}

void tickets_end(struct intake *in)
{
	while (in->tickets) {
		struct ticket *t = in->tickets;

		t->rc = err_set(&t->err, RC_DOWN, "the daemon is stopping");
		if (t->committed)
			ticket_finish(t);
		else
			ticket_free(t);
	}
}

/* ---- the sink ---- */

/* The batch for this ticket's next event. */
static enum rc place(struct ticket *t, struct work **out, struct err *e)
{
	struct work *w = intake_room(t->in);

	if (!w)
		return err_set(e, RC_BUSY, "the queue is full");
	if (t->last != w->serial) {
		xgrow(&w->tickets, &w->cap_tickets, w->n_tickets + 1,
		      sizeof(struct ticket *));
		w->tickets[w->n_tickets++] = t;
		t->last = w->serial;
		t->parts++;
	}
	*out = w;
	return RC_OK;
}

/* One event, whichever it is. */
struct event {
	const struct ev_task *task;
	const struct ev_attempt *attempt;
	const struct ev_outcome *outcome;
	const struct ev_claim *claim;
	const struct ev_decision *decision;
	const struct ev_dead *dead;
};

static enum rc put(struct batch *b, const struct event *v, struct err *e)
{
	uint32_t task = 0;
	enum rc rc = v->task ? batch_task(b, v->task, &task, e) : RC_OK;

	if (rc != RC_OK)
		return rc;
	if (v->attempt) {
		struct ev_attempt a = *v->attempt;

		a.task = task;
		return batch_attempt(b, &a, e);
	}
	if (v->outcome) {
		struct ev_outcome o = *v->outcome;

		o.task = task;
		return batch_outcome(b, &o, e);
	}
	if (v->claim) {
		struct ev_claim c = *v->claim;

		c.sum.task = task;
		return batch_claim(b, &c, e);
	}
	if (v->decision) {
		struct ev_decision d = *v->decision;

		d.task = task;
		return batch_decision(b, &d, e);
	}
	return v->dead ? batch_dead(b, v->dead, e) : RC_OK;
}

/* The event that was added last, as a line. */
static void keep(struct ticket *t, const struct batch *b, const struct event *v)
{
	if (v->attempt)
		event_json_attempt(&t->lines, b, b->n_attempts - 1);
	else if (v->decision)
		event_json_decision(&t->lines, b, b->n_decisions - 1);
	else
		return;
	buf_addc(&t->lines, '\n');
}

static enum rc add(struct ticket *t, const struct event *v, struct err *e)
{
	struct work *w;
	enum rc rc = place(t, &w, e);

	if (rc != RC_OK)
		return rc;
	rc = put(w->batch, v, e);
	if (rc == RC_BUSY) { /* this batch is full, not the queue */
		intake_hand_over(t->in);
		rc = place(t, &w, e);
		if (rc == RC_OK)
			rc = put(w->batch, v, e);
	}
	if (rc != RC_BUSY && t->keeps)
		intake_arm(t->in);
	else if (rc != RC_BUSY)
		intake_arm_awaited(t->in);
	if (rc == RC_OK && t->keeps)
		keep(t, w->batch, v);
	return rc;
}

static enum rc on_attempt(void *arg, const struct ev_task *t,
			  const struct ev_attempt *a, struct err *e)
{
	return add(arg, &(struct event){.task = t, .attempt = a}, e);
}

static enum rc on_outcome(void *arg, const struct ev_task *t,
			  const struct ev_outcome *o, struct err *e)
{
	return add(arg, &(struct event){.task = t, .outcome = o}, e);
}

static enum rc on_claim(void *arg, const struct ev_task *t,
			const struct ev_claim *c, struct err *e)
{
	return add(arg, &(struct event){.task = t, .claim = c}, e);
}

static enum rc on_decision(void *arg, const struct ev_task *t,
			   const struct ev_decision *d, struct err *e)
{
	return add(arg, &(struct event){.task = t, .decision = d}, e);
}

static enum rc on_task(void *arg, const struct ev_task *t, struct err *e)
{
	return add(arg, &(struct event){.task = t}, e);
}

static enum rc on_dead(void *arg, const struct ev_dead *d, struct err *e)
{
	return add(arg, &(struct event){.dead = d}, e);
}

bool intake_takes(const struct intake *in)
{
	return !in->draining && !in->closed &&
	       atomic_load(&in->queue_bytes) < in->queue_max;
}

struct ticket *intake_begin_reply(struct intake *in)
{
	struct ticket *t = intake_begin(in);

	if (t) {
		t->keeps = true;
		take_lines(t);
	}
	return t;
}

struct ticket *intake_begin(struct intake *in)
{
	struct ticket *t;

	if (!intake_takes(in))
		return NULL;
	t = pool_get(&in->spare);
	*t = (struct ticket){
		.in = in,
		.sink = {.attempt = on_attempt,
			 .outcome = on_outcome,
			 .claim = on_claim,
			 .decision = on_decision,
			 .task = on_task,
			 .dead = on_dead,
			 .arg = t},
		.begun_us = clock_mono_us(),
	};
	buf_init(&t->lines, LINES_MAX);
	t->next = in->tickets;
	t->prev = &in->tickets;
	if (t->next)
		t->next->prev = &t->next;
	in->tickets = t;
	return t;
}

const struct sink *ticket_sink(struct ticket *t)
{
	return &t->sink;
}
