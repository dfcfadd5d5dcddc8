/* What comes from outside of the loop: posts of other threads, signals. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ingest/loop_int.h"
#include "ledger/base/alloc.h"

/* ---- other threads ---- */

/* The mark is taken down before fn runs: what is posted from then on wakes
 * the loop again. Nothing is read: each write is an edge. */
static void inbox_woken(void *arg, short revents)
{
	struct loop_inbox *b = arg;

	(void)revents;
	if (atomic_exchange(&b->posted, false))
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
	b->watch = loop_watch_edges(l, b->fd, POLLIN, inbox_woken, b);
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

/* ---- signals ---- */

/* What was raised, and who is to be told: a handler knows nothing else. One
 * loop of a process takes signals. */
static atomic_int raised[NSIG];
static struct loop_inbox *_Atomic told;

static void on_raise(int signo)
{
	struct loop_inbox *b = atomic_load(&told);
	int before = errno;

	atomic_fetch_add(&raised[signo], 1);
	if (b)
		loop_post(b);
	errno = before;
}

static void tell_signals(void *arg)
{
	struct loop *l = arg;

	for (int i = 1; i < NSIG; i++) {
		int n = l->on[i].call.fn ? atomic_exchange(&raised[i], 0) : 0;

		while (n-- > 0)
			l->on[i].call.fn(l->on[i].call.arg);
	}
}

void loop_signal(struct loop *l, int signo, loop_fn *fn, void *arg)
{
	const struct sigaction sa = {.sa_handler = on_raise,
				     .sa_flags = SA_RESTART};
	struct loop_taken *s = &l->on[signo > 0 && signo < NSIG ? signo : 0];
	bool known = s->call.fn != NULL;
	sigset_t open;

	if (s == l->on)
		BUG("no such signal");
	s->call = (struct call){fn, arg};
	if (known)
		return;
	if (!l->signals) {
		l->signals = loop_inbox_new(l, tell_signals, l);
		atomic_store(&told, l->signals);
	}
	if (sigaction(signo, &sa, &s->before))
		BUG("a signal that cannot be taken");
	sigemptyset(&open);
	sigaddset(&open, signo);
	pthread_sigmask(SIG_UNBLOCK, &open, NULL);
}

void loop_signal_end(struct loop *l)
{
	if (!l->signals)
		return;
	for (int i = 1; i < NSIG; i++)
		if (l->on[i].call.fn)
			(void)sigaction(i, &l->on[i].before, NULL);
	atomic_store(&told, NULL);
	loop_inbox_free(l->signals);
}
