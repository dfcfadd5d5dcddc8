/* The event loop: deferred calls, timers, descriptors, signals, posts from
 * other threads. */
#include "ingest/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/base/clock.h"

struct world {
	struct loop *l;
	int calls, left;
	struct loop_timer *t;
	struct loop_watch *w;
	struct loop_inbox *b;
	int fd[2];
	short seen;
	_Atomic int posted;
};

static int forbidden; /* EPERM, ENOSYS: what the system says */
static int asked;

/* In place of libc's: as in a sandbox that does not know it. */
int epoll_pwait2(int fd, struct epoll_event *ev, int max,
		 const struct timespec *ts, const sigset_t *mask)
{
	asked++;
	if (forbidden) {
		errno = forbidden;
		return -1;
	}
	return (int)syscall(SYS_epoll_pwait2, fd, ev, max, ts, mask, 0);
}

static void stop(void *arg)
{
	struct world *w = arg;

	w->calls++;
	loop_stop(w->l);
}

static void again(void *arg)
{
	struct world *w = arg;

	w->calls++;
	if (--w->left > 0)
		loop_defer(w->l, again, w);
	else
		loop_stop(w->l);
}

/* A deferred call that defers does not starve the loop, and nothing waits for
 * an event that never comes. */
static void test_defer(void **state)
{
	struct world w = {.l = loop_new(), .left = 5};

	(void)state;
	loop_defer(w.l, again, &w);
	loop_run(w.l);
	assert_int_equal(w.calls, 5);
	w.left = 3;
	loop_defer(w.l, again, &w);
	loop_free(w.l); /* runs what is still deferred */
	assert_int_equal(w.calls, 8);
}

static void test_timer(void **state)
{
	struct world w = {.l = loop_new()};
	int64_t from;

	(void)state;
	w.t = loop_timer_new(w.l, stop, &w);
	loop_timer_set(w.t, 3600 * US_PER_SEC);
	loop_timer_set(w.t, 20000); /* replaces it */
	from = clock_mono_us();
	loop_run(w.l);
	assert_int_equal(w.calls, 1);
	assert_true(clock_mono_us() - from >= 20000);
	loop_timer_set(w.t, 0);
	loop_timer_set(w.t, -1); /* disarmed */
	loop_defer(w.l, stop, &w);
	loop_run(w.l);
	assert_int_equal(w.calls, 2);
	loop_timer_free(w.t);
	loop_timer_free(NULL);
	loop_free(w.l);
}

static void seen(void *arg, short revents)
{
	struct world *w = arg;
	char c;

	w->seen = (short)(w->seen | revents);
	w->calls++;
	if ((revents & POLLIN) && read(w->fd[0], &c, 1) == 0)
		loop_watch_set(w->w, 0);
	loop_stop(w->l);
}

/* Later by up to a millisecond, but never early. */
static void test_coarse_clock(void **state)
{
	static const int why[] = {EPERM, ENOSYS};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w = {.l = loop_new()};
		int64_t from;

		forbidden = why[i];
		asked = 0;
		w.t = loop_timer_new(w.l, stop, &w);
		for (int n = 0; n < 3; n++) {
			from = clock_mono_us();
			loop_timer_set(w.t, 1500);
			loop_run(w.l);
			assert_true(clock_mono_us() - from >= 1500);
		}
		assert_int_equal(w.calls, 3);
		assert_int_equal(asked, 1);
		loop_timer_free(w.t);
		loop_free(w.l);
	}
	forbidden = 0;
}

static void test_watch(void **state)
{
	struct world w = {.l = loop_new()};

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, w.fd), 0);
	w.w = loop_watch_new(w.l, w.fd[0], seen, &w);
	loop_watch_set(w.w, POLLOUT);
	loop_run(w.l);
	assert_int_equal(w.seen, POLLOUT);
	loop_watch_set(w.w, POLLIN | POLLRDHUP);
	w.seen = 0;
	assert_int_equal(write(w.fd[1], "x", 1), 1);
	loop_run(w.l);
	assert_int_equal(w.seen, POLLIN);
	loop_watch_set(w.w, POLLRDHUP);
	w.seen = 0;
	shutdown(w.fd[1], SHUT_WR);
	loop_run(w.l);
	assert_int_equal(w.seen, POLLRDHUP);
	loop_watch_free(w.w);
	close(w.fd[0]);
	close(w.fd[1]);
	loop_free(w.l);
}

static void free_watch(void *arg)
{
	struct world *w = arg;

	loop_watch_free(w->w);
	w->w = NULL;
	loop_stop(w->l);
}

static void free_at_once(void *arg, short revents)
{
	(void)revents;
	((struct world *)arg)->calls++;
	free_watch(arg);
}

/* Both directions are ready; the first callback frees the watch. */
static void test_watch_freed_inside(void **state)
{
	struct world w = {.l = loop_new()};

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, w.fd), 0);
	assert_int_equal(write(w.fd[1], "x", 1), 1);
	w.w = loop_watch_new(w.l, w.fd[0], free_at_once, &w);
	loop_watch_set(w.w, POLLIN | POLLOUT);
	loop_run(w.l);
	assert_int_equal(w.calls, 1);
	close(w.fd[0]);
	close(w.fd[1]);
	loop_free(w.l);
}

enum {
	MANY = 200
};

/* Many descriptors that can wait, and one that cannot. */
struct crowd {
	struct loop *l;
	struct loop_watch *w[MANY], *first;
	int fd[MANY][2], first_fd[2];
	int told, at, left; /* how many were told; when the first was; free
			       two after so many */
};

static void first_seen(void *arg, short revents)
{
	struct crowd *c = arg;
	char b;

	(void)revents;
	assert_int_equal(read(c->first_fd[0], &b, 1), 1);
	c->at = c->told;
}

static void patient_seen(void *arg, short revents)
{
	struct crowd *c = arg;

	(void)revents;
	if (!c->told++)
		assert_int_equal(write(c->first_fd[1], "x", 1), 1);
	if (c->told == c->left) {
		loop_watch_free(c->w[MANY - 1]); /* its turn never comes */
		loop_watch_free(c->w[MANY - 2]);
		c->w[MANY - 1] = c->w[MANY - 2] = NULL;
	}
	if (c->told == MANY - (c->left ? 2 : 0))
		loop_stop(c->l);
}

static void crowd_make(struct crowd *c)
{
	c->l = loop_new();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, c->first_fd), 0);
	c->first = loop_edge_new(c->l, c->first_fd[0], first_seen, c);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, c->fd[i]),
				 0);
		assert_int_equal(write(c->fd[i][1], "x", 1), 1);
		c->w[i] = loop_watch_new(c->l, c->fd[i][0], patient_seen, c);
	}
}

static void crowd_free(struct crowd *c)
{
	loop_watch_free(c->first);
	close(c->first_fd[0]);
	close(c->first_fd[1]);
	for (int i = 0; i < MANY; i++) {
		loop_watch_free(c->w[i]);
		close(c->fd[i][0]);
		close(c->fd[i][1]);
	}
	loop_free(c->l);
}

static void watch_edges(struct crowd *c, bool patient)
{
	for (int i = 0; i < MANY; i++) {
		loop_watch_free(c->w[i]);
		c->w[i] = loop_edge_new(c->l, c->fd[i][0], patient_seen, c);
		loop_watch_patient(c->w[i], patient);
	}
}

static void first_opens(void *arg, short revents)
{
	(void)revents;
	loop_stop(((struct crowd *)arg)->l);
}

/* What becomes ready while many are told does not stand behind them all, if
 * they can wait; each of them is told once. */
static void test_patient(void **state)
{
	struct crowd c = {.told = 0};

	(void)state;
	crowd_make(&c);
	watch_edges(&c, true);
	loop_watch_free(c.first); /* which was writable from the beginning */
	c.first = loop_watch_new(c.l, c.first_fd[0], first_seen, &c);
	loop_watch_set(c.first, POLLIN);
	loop_run(c.l);
	assert_int_equal(c.told, MANY);
	assert_in_range(c.at, 1, 40);

	/* Where nobody can wait, it is the last one. */
	c.told = c.at = 0;
	watch_edges(&c, false);
	loop_run(c.l);
	assert_int_equal(c.told, MANY);
	assert_int_equal(c.at, 0);
	crowd_free(&c);
}

/* Freed before their turn, or with the loop: never told. */
static void test_patient_freed(void **state)
{
	struct crowd c = {.left = 3};
	struct loop_watch *w;

	(void)state;
	crowd_make(&c);
	watch_edges(&c, true);
	loop_watch_free(c.first);
	c.first = NULL;
	loop_run(c.l);
	assert_int_equal(c.told, MANY - 2);

	c.told = 0;
	c.left = MANY;
	watch_edges(&c, true);
	w = loop_edge_new(c.l, c.first_fd[0], first_opens, &c);
	loop_run(c.l);
	assert_int_equal(c.told, 0);
	loop_watch_free(w);
	crowd_free(&c);
}

static void test_signal(void **state)
{
	struct world w = {.l = loop_new()};

	(void)state;
	loop_signal(w.l, SIGUSR1, again, &w);
	loop_signal(w.l, SIGUSR1, stop, &w); /* the later one counts */
	raise(SIGUSR1);
	loop_run(w.l);
	assert_int_equal(w.calls, 1);
	assert_int_equal(w.left, 0);
	loop_free(w.l);
}

enum {
	POSTS = 20000
};

static void count_posts(void *arg)
{
	struct world *w = arg;

	w->calls++;
	if (w->posted == 2 * POSTS)
		loop_stop(w->l);
}

static void *post(void *arg)
{
	struct world *w = arg;

	for (int i = 0; i < POSTS; i++) {
		w->posted++;
		loop_post(w->b);
	}
	return NULL;
}

/* However posts and wakes fall together, the last post is seen. */
static void test_inbox(void **state)
{
	struct world w = {.l = loop_new()};
	pthread_t t[2];

	(void)state;
	w.b = loop_inbox_new(w.l, count_posts, &w);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, post, &w), 0);
	loop_run(w.l);
	assert_in_range(w.calls, 1, 2 * POSTS);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	loop_inbox_free(w.b);
	loop_inbox_free(NULL);
	loop_free(w.l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defer),
		cmocka_unit_test(test_timer),
		cmocka_unit_test(test_coarse_clock),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_watch_freed_inside),
		cmocka_unit_test(test_patient),
		cmocka_unit_test(test_patient_freed),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_inbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
