/* The gate to epoll. One iteration is: wait for events and timers, run their
 * callbacks, then what they deferred. The wait takes nanoseconds, since a batch
 * lingers for less than a tick of the coarse clock. Iterations are kept short:
 * of descriptors that can wait only a few are told in each. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ingest/loop_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

#define NS_PER_US  1000
#define NS_PER_MS  1000000
#define MS_PER_SEC 1000

struct loop *loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));

	l->fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->fd < 0)
		BUG("no descriptor left for an event loop");
	return l;
}

/* ---- deferred ---- */

/* Deferred functions may defer again: those wait for the next round. */
static void run_deferred(struct loop *l)
{
	struct call *list = l->deferred;
	size_t n = l->n, cap = l->cap;

	if (n == 0)
		return;
	l->deferred = NULL;
	l->n = l->cap = 0;
	for (size_t i = 0; i < n; i++)
		list[i].fn(list[i].arg);
	if (l->deferred) {
		free(list);
		return;
	}
	l->deferred = list;
	l->cap = cap;
}

void loop_defer(struct loop *l, loop_fn *fn, void *arg)
{
	xgrow(&l->deferred, &l->cap, l->n + 1, sizeof(*l->deferred));
	l->deferred[l->n++] = (struct call){fn, arg};
}

/* ---- waiting ---- */

/* Until the first timer; NULL: without end. */
static const struct timespec *until_timer(const struct loop *l,
					  struct timespec *ts)
{
	int64_t us = 0;

	if (!l->n && l->due_at == l->n_due && !loop_watch_due(l)) {
		if (!l->n_heap)
			return NULL;
		us = l->heap[0]->when_us - clock_mono_us();
	}
	*ts = (struct timespec){0};
	if (us > 0) {
		ts->tv_sec = (time_t)(us / US_PER_SEC);
		ts->tv_nsec = (long)(us % US_PER_SEC * NS_PER_US);
	}
	return ts;
}

/* For kernels before 5.11, and for sandboxes whose list of system calls is
 * older than that (containers say EPERM): late by up to a millisecond. */
static int wait_coarse(struct loop *l, const struct timespec *ts)
{
	int64_t ms = -1;

	if (ts)
		ms = ts->tv_sec * MS_PER_SEC +
		     (ts->tv_nsec + NS_PER_MS - 1) / NS_PER_MS;
	return epoll_wait(l->fd, l->events, LOOP_EVENTS,
			  ms > INT32_MAX ? INT32_MAX : (int)ms);
}

static void wait_events(struct loop *l)
{
	struct timespec ts;
	const struct timespec *until = until_timer(l, &ts);
	int n = -1;

	if (!l->coarse)
		n = epoll_pwait2(l->fd, l->events, LOOP_EVENTS, until, NULL);
	if (n < 0 && !l->coarse)
		l->coarse = errno == ENOSYS || errno == EPERM;
	if (l->coarse)
		n = wait_coarse(l, until);
	if (n < 0 && errno != EINTR)
		BUG("the event loop failed");
	loop_watch_list(l, n);
}

void loop_run(struct loop *l)
{
	while (!l->stop) {
		wait_events(l);
		loop_watch_run(l);
		loop_timer_collect(l);
		loop_timer_run(l);
		run_deferred(l);
	}
	l->stop = false;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->n > 0)
		run_deferred(l);
	loop_signal_end(l);
	loop_watch_end(l);
	close(l->fd);
	free(l->deferred);
	free(l->heap);
	free(l->due);
	free(l);
}
