/* Timers: a heap in our own memory, so that setting one is no system call. */
#include <stdlib.h>

#include "ingest/loop_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

static bool earlier(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->when_us != b->when_us ? a->when_us < b->when_us
					: a->serial < b->serial;
}

static void heap_put(struct loop *l, size_t at, struct loop_timer *t)
{
	l->heap[at] = t;
	t->at = at;
}

static void heap_up(struct loop *l, size_t at, struct loop_timer *t)
{
	while (at > 0 && earlier(t, l->heap[(at - 1) / 2])) {
		heap_put(l, at, l->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(l, at, t);
}

static void heap_down(struct loop *l, size_t at, struct loop_timer *t)
{
	for (;;) {
		size_t kid = 2 * at + 1;

		if (kid >= l->n_heap)
			break;
		if (kid + 1 < l->n_heap &&
		    earlier(l->heap[kid + 1], l->heap[kid]))
			kid++;
		if (!earlier(l->heap[kid], t))
			break;
		heap_put(l, at, l->heap[kid]);
		at = kid;
	}
	heap_put(l, at, t);
}

/* To where it belongs, from a place where it may be too early or too late. */
static void heap_settle(struct loop *l, size_t at, struct loop_timer *t)
{
	if (at > 0 && earlier(t, l->heap[(at - 1) / 2]))
		heap_up(l, at, t);
	else
		heap_down(l, at, t);
}

static void disarm(struct loop_timer *t)
{
	struct loop *l = t->loop;

	if (t->state == TIMER_DUE) {
		l->due[t->at] = NULL;
	} else if (t->state == TIMER_SET) {
		struct loop_timer *last = l->heap[--l->n_heap];

		if (last != t)
			heap_settle(l, t->at, last);
	}
	t->state = TIMER_OFF;
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));

	t->loop = l;
	t->fn = fn;
	t->arg = arg;
	return t;
}

void loop_timer_set(struct loop_timer *t, int64_t us)
{
	struct loop *l = t->loop;

	if (us < 0) {
		disarm(t);
		return;
	}
	if (t->state == TIMER_DUE)
		disarm(t);
	if (__builtin_add_overflow(clock_mono_us(), us, &t->when_us))
		t->when_us = INT64_MAX;
	t->serial = l->serial++;
	if (t->state == TIMER_SET) {
		heap_settle(l, t->at, t);
		return;
	}
	xgrow(&l->heap, &l->cap_heap, l->n_heap + 1, sizeof(*l->heap));
	t->state = TIMER_SET;
	heap_up(l, l->n_heap++, t);
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	disarm(t);
	free(t);
}

/* What is due leaves the heap before any of it runs: what is set meanwhile
 * fires in the next iteration, however soon it is due. */
void loop_timer_collect(struct loop *l)
{
	int64_t now;

	if (!l->n_heap)
		return;
	now = clock_mono_us();
	while (l->n_heap && l->heap[0]->when_us <= now) {
		struct loop_timer *t = l->heap[0];

		disarm(t);
		xgrow(&l->due, &l->cap_due, l->n_due + 1, sizeof(*l->due));
		t->state = TIMER_DUE;
		t->at = l->n_due;
		l->due[l->n_due++] = t;
	}
}

void loop_timer_run(struct loop *l)
{
	while (l->due_at < l->n_due && !l->stop) {
		struct loop_timer *t = l->due[l->due_at++];

		if (!t)
			continue;
		t->state = TIMER_OFF;
		t->fn(t->arg);
	}
	if (l->due_at == l->n_due)
		l->n_due = l->due_at = 0;
}
