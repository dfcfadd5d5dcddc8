/* The event loop of a worker, and the only gate to epoll. Nothing
 * that a callback does may block. Not thread-safe, but for loop_post(). */
#ifndef ACO_LOOP_H
#define ACO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_inbox;

typedef void loop_fn(void *arg);

struct loop *loop_new(void);
void loop_free(struct loop *l); /* after everything made on it is freed */
void loop_run(struct loop *l);  /* until loop_stop() */
void loop_stop(struct loop *l);

/* Once, at the end of the running iteration (or of the next): where objects
 * are freed that a callback still stands on. */
void loop_defer(struct loop *l, loop_fn *fn, void *arg);

/* A timer that fires once for each loop_timer_set(); a later set replaces an
 * earlier one. us < 0 disarms. */
struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *t, int64_t us);
void loop_timer_free(struct loop_timer *t); /* NULL is fine */

/* A file descriptor, watched for POLLIN, POLLOUT and POLLRDHUP until told
 * otherwise; 0 stops. fn gets what came, one or more of them; errors and a
 * hang-up come as POLLIN and POLLOUT, whichever was asked for. Must be freed
 * before the descriptor is closed; may be freed inside fn. */
typedef void loop_io_fn(void *arg, short revents);
struct loop_watch *loop_watch_new(struct loop *l, int fd, loop_io_fn *fn,
				  void *arg);
void loop_watch_set(struct loop_watch *w, short events);
/* The same, told of everything and of each change once (edge-triggered): one
 * system call in its life. fn must note what came and go on until EAGAIN. Not
 * for loop_watch_set(). */
struct loop_watch *loop_edge_new(struct loop *l, int fd, loop_io_fn *fn,
				 void *arg);
/* Whether it may wait for the others, which is false at first: while many of
 * those that may are due, the loop tells a few of them, in their order, and
 * looks each time whether one came that may not. For what goes on for long (the
 * later bytes of an answer), so that what begins need not stand behind it. */
void loop_watch_patient(struct loop_watch *w, bool patient);
void loop_watch_free(struct loop_watch *w);

/* A signal, delivered on the loop. One function a signal. Where it was blocked
 * it is no more, for this thread. */
void loop_signal(struct loop *l, int signo, loop_fn *fn, void *arg);

/* A way in for other threads: any number of posts wake fn once or more. */
struct loop_inbox *loop_inbox_new(struct loop *l, loop_fn *fn, void *arg);
void loop_post(struct loop_inbox *b); /* from any thread */
void loop_inbox_free(struct loop_inbox *b);

#endif
