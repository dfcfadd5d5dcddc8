#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/child.h"
#include "ingest/loop.h"
#include "ingest/stats.h"
#include "ledger/base/clock.h"

static struct stats *stats;
static const int none[] = {-1};

static enum rc runs(const struct child_start *s, struct err *e)
{
	(void)e;
	child_ready(s);
	pause();
	return RC_OK;
}

static enum rc refuses(const struct child_start *s, struct err *e)
{
	return err_set(e, RC_BAD, "index %d is no good", s->index);
}

/* Ready and wrong at once: both are heard. */
static enum rc fails_later(const struct child_start *s, struct err *e)
{
	child_ready(s);
	return err_set(e, RC_DOWN, "later");
}

static int gate[2]; /* opened by the parent */
static bool heard;

static void hear(void *arg)
{
	(void)arg;
	heard = true;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

/* Takes SIGHUP only when the gate is open. */
static enum rc takes_late(const struct child_start *s, struct err *e)
{
	struct loop *l = loop_new();
	struct loop_timer *t = loop_timer_new(l, stop, l);
	char c;

	if (read(gate[0], &c, 1) != 1)
		return err_set(e, RC_DOWN, "no gate");
	loop_signal(l, SIGHUP, hear, NULL);
	loop_timer_set(t, 0);
	loop_run(l);
	loop_timer_free(t);
	loop_free(l);
	if (!heard)
		return err_set(e, RC_DOWN, "the signal was lost");
	child_ready(s);
	return RC_OK;
}

static void launch(struct child *c)
{
	const struct child_start s = {.stats = stats};

	child_launch(c, &s, none);
	assert_int_equal(c->state, CHILD_STARTING);
	assert_true(c->pid > 0);
}

static int bury(struct child *c)
{
	int status = -1;

	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	child_buried(c);
	assert_int_equal(c->pid, 0);
	assert_int_equal(c->fd, -1);
	return status;
}

static void await_word(const struct child *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 20000), 1);
}

static void test_ready(void **state)
{
	struct child c;
	int status;

	(void)state;
	child_init(&c, runs, "worker", 3, 0);
	assert_string_equal(c.name, "worker 3");
	launch(&c);
	await_word(&c);
	assert_true(child_hear(&c));
	assert_int_equal(c.state, CHILD_RUNNING);
	/* Interrupts and hang-ups of a terminal are not for it. */
	child_signal(&c, SIGINT);
	child_signal(&c, SIGHUP);
	assert_int_equal(waitpid(c.pid, &status, WNOHANG), 0);
	child_set_state(&c, CHILD_STOPPING);
	child_signal(&c, SIGTERM);
	status = bury(&c);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	child_set_state(&c, CHILD_IDLE);
}

static void test_reload_while_it_begins(void **state)
{
	struct child c;
	sigset_t hup;
	int status;

	(void)state;
	/* As whoever supervises has it. */
	sigemptyset(&hup);
	sigaddset(&hup, SIGHUP);
	sigprocmask(SIG_BLOCK, &hup, NULL);
	assert_int_equal(pipe(gate), 0);
	child_init(&c, takes_late, "worker", 0, 0);
	launch(&c);
	child_signal(&c, SIGHUP);
	assert_int_equal(write(gate[1], "", 1), 1);
	status = bury(&c);
	assert_string_equal(c.err.msg, "");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(c.state, CHILD_RUNNING);
	sigprocmask(SIG_UNBLOCK, &hup, NULL);
	close(gate[0]);
	close(gate[1]);
}

static void test_reason(void **state)
{
	struct child c;
	int status;

	(void)state;
	child_init(&c, refuses, "worker", 7, 0);
	launch(&c);
	status = bury(&c);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_string_equal(c.err.msg, "index 7 is no good");
	assert_int_equal(c.state, CHILD_STARTING);
	child_init(&c, fails_later, "worker", 0, 0);
	launch(&c);
	bury(&c);
	assert_string_equal(c.err.msg, "later");
	assert_int_equal(c.state, CHILD_RUNNING);
}

/* 250 ms, doubling to 30 s; from the start again after a minute of health. */
static void test_back_off(void **state)
{
	int64_t want_ms = 250, now;
	struct child c;

	(void)state;
	child_init(&c, refuses, "worker", 0, 0);
	for (int i = 0; i < 12; i++) {
		launch(&c);
		bury(&c);
		child_back_off(&c);
		now = clock_mono_us();
		assert_int_equal(c.state, CHILD_BACKOFF);
		assert_int_equal(c.wait_us, want_ms * 1000);
		assert_in_range(c.due_us - now, c.wait_us - 100000, c.wait_us);
		want_ms = want_ms * 2 > 30000 ? 30000 : want_ms * 2;
	}
	launch(&c);
	bury(&c);
	c.since_us -= 61 * US_PER_SEC;
	child_back_off(&c);
	assert_int_equal(c.wait_us, 250000);
	/* One that did its work is soon back. */
	child_init(&c, fails_later, "worker", 0, 0);
	for (int i = 0; i < 5; i++) {
		launch(&c);
		bury(&c);
		assert_int_equal(c.state, CHILD_RUNNING);
		child_back_off(&c);
		assert_int_equal(c.wait_us, i < 2 ? 250000 << i : 1000000);
	}
}

static int setup(void **state)
{
	(void)state;
	stats = stats_new(1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	stats_free(stats);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_reload_while_it_begins),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_back_off),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
