/* Descriptors. A watch that is freed stays until no event of the last wait can
 * name it. */
#include <poll.h>
#include <stdlib.h>

#include "ingest/loop_int.h"
#include "ledger/base/alloc.h"

static const struct {
	short poll;
	uint32_t epoll;
} directions[3] = {
	{POLLIN, EPOLLIN},
	{POLLOUT, EPOLLOUT},
	{POLLRDHUP, EPOLLRDHUP},
};

static uint32_t to_epoll(short events)
{
	uint32_t e = 0;

	for (int i = 0; i < 3; i++)
		e |= events & directions[i].poll ? directions[i].epoll : 0;
	return e;
}

/* Errors, and an end without a half-close before it, are for whoever waits. */
static short from_epoll(uint32_t e)
{
	int events = 0;

	if ((e & EPOLLERR) || (e & (EPOLLHUP | EPOLLRDHUP)) == EPOLLHUP)
		return POLLIN | POLLOUT;
	for (int i = 0; i < 3; i++)
		events |= e & directions[i].epoll ? directions[i].poll : 0;
	return (short)events;
}

static void control(struct loop_watch *w, int op)
{
	struct epoll_event ev = {.events = to_epoll(w->events) |
					   (w->edge ? EPOLLET : 0),
				 .data = {.ptr = w}};

	if (epoll_ctl(w->loop->fd, op, w->fd, &ev) && op != EPOLL_CTL_DEL)
		BUG("a descriptor that cannot be watched");
}

struct loop_watch *loop_watch_new(struct loop *l, int fd, loop_io_fn *fn,
				  void *arg)
{
	struct loop_watch *w = xcalloc(1, sizeof(*w));

	w->loop = l;
	w->fd = fd;
	w->fn = fn;
	w->arg = arg;
	return w;
}

struct loop_watch *loop_watch_edges(struct loop *l, int fd, short events,
				    loop_io_fn *fn, void *arg)
{
	struct loop_watch *w = loop_watch_new(l, fd, fn, arg);

	w->edge = true;
	w->events = events;
	control(w, EPOLL_CTL_ADD);
	return w;
}

struct loop_watch *loop_edge_new(struct loop *l, int fd, loop_io_fn *fn,
				 void *arg)
{
	return loop_watch_edges(l, fd, POLLIN | POLLOUT | POLLRDHUP, fn, arg);
}

void loop_watch_set(struct loop_watch *w, short events)
{
	short before = w->events;

	if (w->edge)
		BUG("a watch of edges is never changed");
	w->events = events;
	if (events != before)
		control(w, !before   ? EPOLL_CTL_ADD
			   : !events ? EPOLL_CTL_DEL
				     : EPOLL_CTL_MOD);
}

void loop_watch_free(struct loop_watch *w)
{
	struct loop *l;

	if (!w)
		return;
	l = w->loop;
	if (w->events)
		control(w, EPOLL_CTL_DEL);
	if (l->at == l->n_events) {
		free(w);
		return;
	}
	w->dead = true;
	w->next = l->dead;
	l->dead = w;
}

void loop_watch_bury(struct loop *l)
{
	while (l->dead) {
		struct loop_watch *w = l->dead;

		l->dead = w->next;
		free(w);
	}
}

void loop_watch_run(struct loop *l)
{
	while (l->at < l->n_events && !l->stop) {
		const struct epoll_event *ev = &l->events[l->at++];
		struct loop_watch *w = ev->data.ptr;
		int got = w->dead ? 0 : from_epoll(ev->events) & w->events;

		if (got)
			w->fn(w->arg, (short)got);
	}
	if (l->at == l->n_events)
		loop_watch_bury(l);
}
