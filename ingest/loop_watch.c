/* Descriptors. A watch that is freed while something is to be told to it stays
 * until its turn comes. */
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

void loop_watch_patient(struct loop_watch *w, bool patient)
{
	w->patient = patient;
}

void loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	if (w->events)
		control(w, EPOLL_CTL_DEL);
	if (w->listed)
		w->dead = true;
	else
		free(w);
}

/* ---- telling ---- */

static void push(struct watch_list *q, struct loop_watch *w)
{
	w->next = NULL;
	w->listed = true;
	if (!q->head)
		q->tail = &q->head;
	*q->tail = w;
	q->tail = &w->next;
}

static struct loop_watch *pop(struct watch_list *q)
{
	struct loop_watch *w = q->head;

	if (!w)
		return NULL;
	q->head = w->next;
	w->listed = false;
	return w;
}

void loop_watch_list(struct loop *l, int n)
{
	for (int i = 0; i < n; i++) {
		struct loop_watch *w = l->events[i].data.ptr;

		if (!w->listed) {
			w->came = 0;
			push(w->patient ? &l->patient : &l->now, w);
		}
		w->came |= l->events[i].events;
	}
}

static void tell(struct loop_watch *w)
{
	int got = from_epoll(w->came) & w->events;

	if (w->dead)
		free(w);
	else if (got)
		w->fn(w->arg, (short)got);
}

void loop_watch_run(struct loop *l)
{
	struct loop_watch *w;

	while (!l->stop && (w = pop(&l->now)))
		tell(w);
	for (int i = 0; i < LOOP_PATIENT && !l->stop; i++) {
		w = pop(&l->patient);
		if (!w)
			break;
		tell(w);
	}
}

bool loop_watch_due(const struct loop *l)
{
	return l->now.head || l->patient.head;
}

void loop_watch_end(struct loop *l)
{
	struct loop_watch *w;

	while ((w = pop(&l->now)) || (w = pop(&l->patient)))
		free(w); /* dead: all were freed before the loop */
}
