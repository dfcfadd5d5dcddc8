/* kill -9 of a process that acknowledges, at random moments under load, with
 * the database there, going away and coming back: whatever it said is safe is
 * in the ledger once a fresh process had the spool.
 * ACO_KILL_ROUNDS=50 for a long run, ACO_KILL_SEED to repeat one. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/base/log.h"
#include "tests/int/harness.h"
#include "tests/int/intake_help.h"
#include "tests/int/ledger_help.h"

#define TICKETS 20000
#define ROWS    5

static int pipe_out;

/* One write of few bytes is whole or not at all. */
static void tell(int i)
{
	if (write(pipe_out, &i, sizeof(i)) != (ssize_t)sizeof(i))
		_exit(3);
}

/* The process that is killed: a worker as the daemon has them. */
static void child(struct world *w, struct client *c)
{
	/* What a life before this one heard is the parent's to know. */
	memset(c->ok, 0, (size_t)c->total);
	c->n_acked = 0;
	w->loop = loop_new();
	world_open(w);
	c->acked = tell;
	client_finish(c);
	_exit(0);
}

struct round {
	struct world *w;
	struct client *c;
	pid_t pid;
	int fd;
	int64_t at_us; /* of the kill */
};

/* Takes down what is said until the child is dead and the pipe empty. */
static void listen_to(struct round *r, bool *server_up)
{
	int64_t stop_us = r->at_us / 2;
	int64_t from = clock_mono_us();
	bool killed = false, dropped = !server_up;
	int i;

	for (;;) {
		struct pollfd p = {.fd = r->fd, .events = POLLIN};
		int64_t spent = clock_mono_us() - from;

		if (!dropped && spent >= stop_us) {
			dropped = true;
			db_close(r->w->db);
			r->w->db = NULL;
			harness_kill();
			*server_up = false;
		}
		if (!killed && spent >= r->at_us) {
			kill(r->pid, SIGKILL);
			killed = true;
		}
		if (poll(&p, 1, 1) <= 0)
			continue;
		if (read(r->fd, &i, sizeof(i)) != (ssize_t)sizeof(i))
			return;
		assert_true(i >= 0 && i < r->c->total);
		if (!r->c->ok[i])
			r->c->n_acked++;
		r->c->ok[i] = 1;
	}
}

/* One life of the child; whether it said anything is left to chance. */
static void one_life(struct round *r, bool drop_server)
{
	bool up = true;
	int fds[2], status;

	assert_int_equal(pipe(fds), 0);
	r->pid = fork();
	assert_true(r->pid >= 0);
	if (r->pid == 0) {
		close(fds[0]);
		pipe_out = fds[1];
		child(r->w, r->c);
	}
	close(fds[1]);
	r->fd = fds[0];
	r->at_us = 20000 + draw(600) * 1000;
	listen_to(r, drop_server ? &up : NULL);
	close(fds[0]);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	/* Killed, or done before; what it found wrong itself is told by 1. */
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	if (!up) {
		harness_start();
		r->w->db = harness_open(r->w->url);
	}
}

static int number(const char *name, int otherwise)
{
	const char *s = getenv(name);

	return s ? (int)strtol(s, NULL, 10) : otherwise;
}

static void killed_at_random(void **state)
{
	int rounds = number("ACO_KILL_ROUNDS", 4), acked = 0;
	int seed = number("ACO_KILL_SEED", (int)getpid());

	(void)state;
	print_message("ACO_KILL_SEED=%d ACO_KILL_ROUNDS=%d\n", seed, rounds);
	rng_state = (uint32_t)seed;
	for (int i = 0; i < rounds; i++) {
		struct world w;
		struct client c;
		struct round r = {.w = &w, .c = &c};
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "r%d", i);
		world_init(&w);
		client_init(&c, &w, prefix, TICKETS, ROWS, 16);
		/* Twice the same, as a client that sends again does. */
		one_life(&r, i % 2);
		one_life(&r, false);
		world_open(&w);
		world_settle(&w);
		client_check(&c);
		acked += c.n_acked;
		client_release(&c);
		world_release(&w);
	}
	print_message("%d tickets were acknowledged\n", acked);
	assert_true(acked > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_random),
	};

	log_set_level(LOG_ERROR);
	return harness_main("intake_kill", tests,
			    sizeof(tests) / sizeof(tests[0]));
}
