#include <stdlib.h>

#include "ingest/intake_int.h"
#include "ledger/base/alloc.h"

/* What a batch may hold before it must be cut anyway; see intake_room(). */
#define BATCH_MAX ((size_t)64 << 20)

struct work *work_new(uint64_t serial)
{
	struct work *w = xcalloc(1, sizeof(*w));

	w->state = WORK_OPEN;
	w->holds = 1;
	w->serial = serial;
	w->batch = batch_new(BATCH_MAX);
	return w;
}

void work_free(struct work *w)
{
	if (!w)
		return;
	batch_free(w->batch);
	free(w->tickets);
	free(w);
}

size_t work_memory(const struct work *w)
{
	return sizeof(*w) + batch_memory(w->batch) +
	       w->cap_tickets * sizeof(struct ticket *);
}

static void push(struct work_list *l, struct work *w)
{
	w->next = NULL;
	if (!l->head)
		l->tail = &l->head;
	*l->tail = w;
	l->tail = &w->next;
}

static void pop(struct work_list *l, struct work *w)
{
	if (l->head != w)
		BUG("a batch that is not the first of its queue");
	l->head = w->next;
	w->next = NULL;
}

void work_set(struct intake *in, struct work *w, enum work_state to)
{
	static const unsigned from[] = {
		[WORK_OPEN] = 0,
		[WORK_QUEUED] = 1u << WORK_OPEN,
		[WORK_WRITING] = 1u << WORK_QUEUED,
		[WORK_SPOOLING] = 1u << WORK_OPEN | 1u << WORK_QUEUED |
				  1u << WORK_WRITING,
		[WORK_SAFE] = 1u << WORK_OPEN | 1u << WORK_WRITING |
			      1u << WORK_SPOOLING,
		[WORK_FAILED] = 1u << WORK_SPOOLING,
	};

	if (!(from[to] & 1u << w->state))
		BUG("impossible change of a batch's state");
	if (w->state == WORK_QUEUED)
		pop(&in->live, w);
	else if (w->state == WORK_SPOOLING)
		pop(&in->to_spool, w);
	w->state = to;
	if (to == WORK_QUEUED) {
		push(&in->live, w);
	} else if (to == WORK_SPOOLING) {
		push(&in->to_spool, w);
		pthread_cond_signal(&in->spool_cond);
	} else if (to != WORK_WRITING) {
		in->works--;
		push(&in->ended, w);
	}
}

bool work_drop(struct intake *in, struct work *w)
{
	if (--w->holds)
		return false;
	atomic_fetch_sub(&in->queue_bytes, w->bytes);
	return true;
}

void works_to_spool(struct intake *in)
{
	in->away = true;
	/* The oldest first. */
	if (in->writing && in->writing->state == WORK_WRITING)
		work_set(in, in->writing, WORK_SPOOLING);
	while (in->live.head)
		work_set(in, in->live.head, WORK_SPOOLING);
}
