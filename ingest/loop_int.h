/* The inside of the loop, for loop*.c alone: loop.c (the iteration, and what is
 * deferred), loop_watch.c (descriptors), loop_timer.c, loop_post.c (other
 * threads and signals). */
#ifndef ACO_LOOP_INT_H
#define ACO_LOOP_INT_H

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "ingest/loop.h"

#define LOOP_EVENTS  512 /* of one wait */
#define LOOP_PATIENT 16  /* of the patient that are told in one iteration */

struct call {
	loop_fn *fn;
	void *arg;
};

struct loop_taken {
	struct call call; /* fn NULL: not ours */
	struct sigaction before;
};

struct watch_list {
	struct loop_watch *head, **tail; /* tail: if there is a head */
};

struct loop {
	int fd; /* of epoll */
	bool stop;
	bool coarse; /* the system does not let us wait for less than 1 ms */
	struct call *deferred;
	size_t n, cap;

	struct epoll_event events[LOOP_EVENTS];
	/* What waits gave and is not told yet. The patient go on in the next
	 * iterations; the others do only when the loop is stopped. */
	struct watch_list now, patient;

	/* The first of the heap is the earliest. What is due has left it and
	 * waits for its turn in `due`. */
	struct loop_timer **heap, **due;
	size_t n_heap, cap_heap, n_due, cap_due, due_at;
	uint64_t serial;

	struct loop_inbox *signals; /* NULL: none is wanted */
	struct loop_taken on[NSIG];
};

enum timer_state {
	TIMER_OFF,
	TIMER_SET, /* at heap[at] */
	TIMER_DUE  /* at due[at] */
};

struct loop_timer {
	struct loop *loop;
	loop_fn *fn;
	void *arg;
	enum timer_state state;
	size_t at;
	int64_t when_us;
	uint64_t serial; /* of equal times the one that was set first */
};

struct loop_watch {
	struct loop *loop;
	loop_io_fn *fn;
	void *arg;
	int fd;
	short events;
	bool edge, patient;
	bool listed;   /* in one of the lists of the loop */
	bool dead;     /* freed while it was; it goes when its turn comes */
	uint32_t came; /* as epoll says it; while listed */
	struct loop_watch *next;
};

struct loop_inbox {
	struct loop_watch *watch;
	int fd;
	atomic_bool posted;
	loop_fn *fn;
	void *arg;
};

/* ---- loop_watch.c ---- */
struct loop_watch *loop_watch_edges(struct loop *l, int fd, short events,
				    loop_io_fn *fn, void *arg);
/* The first n events of the last wait are to be told. */
void loop_watch_list(struct loop *l, int n);
/* They are, the patient ones in part, until the loop is stopped. */
void loop_watch_run(struct loop *l);
/* Some are left. */
bool loop_watch_due(const struct loop *l);
/* Nothing is told any more. */
void loop_watch_end(struct loop *l);

/* ---- loop_timer.c ---- */
/* What is due leaves the heap. */
void loop_timer_collect(struct loop *l);
/* It is told, until the loop is stopped. */
void loop_timer_run(struct loop *l);

/* ---- loop_post.c ---- */
void loop_signal_end(struct loop *l);

#endif
