/* The gate to libevent. One iteration is: wait for events and timers, run
 * their callbacks, then what they deferred. */
#include "ingest/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

struct call {
	loop_fn *fn;
	void *arg;
};

struct loop {
	struct event_base *base;
	struct call *deferred;
	size_t n, cap;
	struct event *signals[NSIG];
	struct call on_signal[NSIG];
	bool stop;
};

struct loop_timer {
	struct event ev;
	loop_fn *fn;
	void *arg;
};

/* One event for each direction: a change of one is one system call. With
 * edges there is one for all, which never changes. */
struct loop_watch {
	loop_io_fn *fn;
	void *arg;
	short events;
	short n;
	struct event ev[];
};

struct loop_inbox {
	struct loop_watch *watch;
	int fd;
	atomic_bool posted;
	loop_fn *fn;
	void *arg;
};

static const struct {
	short poll, event;
} directions[3] = {
	{POLLIN, EV_READ},
	{POLLOUT, EV_WRITE},
	{POLLRDHUP, EV_CLOSED},
};

struct loop *loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof(*l));
	struct event_config *c = event_config_new();

	/* Threads come in through an inbox only: no locks. The coarse clock
	 * of the kernel is up to 4 ms late, longer than a batch lingers. */
	if (!c ||
	    event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK |
					     EVENT_BASE_FLAG_PRECISE_TIMER))
		BUG("libevent has no configuration");
	l->base = event_base_new_with_config(c);
	event_config_free(c);
	if (!l->base)
		BUG("libevent has no event loop");
	return l;
}

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

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->n > 0)
		run_deferred(l);
	for (int i = 0; i < NSIG; i++)
		if (l->signals[i])
			event_free(l->signals[i]);
	event_base_free(l->base);
	free(l->deferred);
	free(l);
}

void loop_run(struct loop *l)
{
	while (!l->stop) {
		int how = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

		if (l->n > 0)
			how |= EVLOOP_NONBLOCK;
		if (event_base_loop(l->base, how) < 0)
			BUG("the event loop failed");
		run_deferred(l);
	}
	l->stop = false;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
	event_base_loopbreak(l->base);
}

void loop_defer(struct loop *l, loop_fn *fn, void *arg)
{
	xgrow(&l->deferred, &l->cap, l->n + 1, sizeof(*l->deferred));
	l->deferred[l->n++] = (struct call){fn, arg};
}

/* ---- timers ---- */

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;

	(void)fd;
	(void)what;
	t->fn(t->arg);
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t));

	t->fn = fn;
	t->arg = arg;
	if (event_assign(&t->ev, l->base, -1, 0, timer_fired, t) != 0)
		BUG("a timer that libevent refuses");
	return t;
}

void loop_timer_set(struct loop_timer *t, int64_t us)
{
	struct timeval tv;

	if (us < 0) {
		event_del(&t->ev);
		return;
	}
	tv.tv_sec = us / US_PER_SEC;
	tv.tv_usec = us % US_PER_SEC;
	if (event_add(&t->ev, &tv) != 0)
		BUG("a timer that libevent refuses");
}

void loop_timer_free(struct loop_timer *t)
{
	if (!t)
		return;
	event_del(&t->ev);
	free(t);
}

/* ---- file descriptors ---- */

static void watch_fired(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;
	short revents = 0;

	(void)fd;
	for (int i = 0; i < 3; i++)
		if (what & directions[i].event)
			revents = (short)(revents | directions[i].poll);
	w->fn(w->arg, revents);
}

struct loop_watch *loop_watch_new(struct loop *l, int fd, loop_io_fn *fn,
				  void *arg)
{
	struct loop_watch *w = xcalloc(1, sizeof(*w) + 3 * sizeof(w->ev[0]));

	w->fn = fn;
	w->arg = arg;
	w->n = 3;
	for (int i = 0; i < 3; i++)
		if (event_assign(&w->ev[i], l->base, fd,
				 (short)(directions[i].event | EV_PERSIST),
				 watch_fired, w) != 0)
			BUG("a descriptor that libevent refuses");
	return w;
}

struct loop_watch *loop_edge_new(struct loop *l, int fd, loop_io_fn *fn,
				 void *arg)
{
	const short all = EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST;
	struct loop_watch *w = xcalloc(1, sizeof(*w) + sizeof(w->ev[0]));

	w->fn = fn;
	w->arg = arg;
	w->n = 1;
	if (event_assign(&w->ev[0], l->base, fd, all, watch_fired, w) != 0 ||
	    event_add(&w->ev[0], NULL) != 0)
		BUG("a descriptor that cannot be watched");
	return w;
}

void loop_watch_set(struct loop_watch *w, short events)
{
	if (w->n != 3)
		BUG("a watch of edges is never changed");
	for (int i = 0; i < 3; i++) {
		short bit = directions[i].poll;

		if ((events & bit) == (w->events & bit))
			continue;
		if (!(events & bit))
			event_del(&w->ev[i]);
		else if (event_add(&w->ev[i], NULL) != 0)
			BUG("a descriptor that cannot be watched");
	}
	w->events = events;
}

void loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	for (int i = 0; i < w->n; i++)
		event_del(&w->ev[i]);
	free(w);
}

/* ---- signals ---- */

static void signal_came(evutil_socket_t signo, short what, void *arg)
{
	struct loop *l = arg;

	(void)what;
	l->on_signal[signo].fn(l->on_signal[signo].arg);
}

void loop_signal(struct loop *l, int signo, loop_fn *fn, void *arg)
{
	if (signo <= 0 || signo >= NSIG)
		BUG("no such signal");
	l->on_signal[signo] = (struct call){fn, arg};
	if (l->signals[signo])
		return;
	l->signals[signo] = evsignal_new(l->base, signo, signal_came, l);
	if (!l->signals[signo] || event_add(l->signals[signo], NULL) != 0)
		BUG("a signal that libevent refuses");
}

/* ---- other threads ---- */

/* The mark is taken down before fn runs: what is posted from then on wakes
 * the loop again. */
static void inbox_woken(void *arg, short revents)
{
	struct loop_inbox *b = arg;
	uint64_t n;

	(void)revents;
	if (read(b->fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return;
	atomic_store(&b->posted, false);
	b->fn(b->arg);
}

struct loop_inbox *loop_inbox_new(struct loop *l, loop_fn *fn, void *arg)
{
	struct loop_inbox *b = xcalloc(1, sizeof(*b));

	b->fn = fn;
	b->arg = arg;
	b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (b->fd < 0)
		BUG("no descriptor left for an inbox");
	b->watch = loop_watch_new(l, b->fd, inbox_woken, b);
	loop_watch_set(b->watch, POLLIN);
	return b;
}

void loop_post(struct loop_inbox *b)
{
	const uint64_t one = 1;

	if (atomic_exchange(&b->posted, true))
		return;
	if (write(b->fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		BUG("an inbox that cannot be written");
}

void loop_inbox_free(struct loop_inbox *b)
{
	if (!b)
		return;
	loop_watch_free(b->watch);
	close(b->fd);
	free(b);
}
