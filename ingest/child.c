#include "ingest/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ingest/stats.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

#define BACKOFF_MIN_US INT64_C(250000)
#define BACKOFF_MAX_US INT64_C(30000000)
#define BACKOFF_RAN_US INT64_C(1000000)
#define WELL_US        INT64_C(60000000)

void child_init(struct child *c, child_main *run, const char *kind, int index,
		int block)
{
	*c = (struct child){.main = run,
			    .kind = kind,
			    .index = index,
			    .block = block,
			    .fd = -1};
	snprintf(c->name, sizeof(c->name), "%s %d", kind, index);
}

void child_set_state(struct child *c, enum child_state to)
{
	static const uint8_t allowed[] = {
		[CHILD_IDLE] = 1 << CHILD_STARTING,
		[CHILD_STARTING] = 1 << CHILD_RUNNING | 1 << CHILD_BACKOFF |
				   1 << CHILD_STOPPING | 1 << CHILD_IDLE,
		[CHILD_RUNNING] = 1 << CHILD_BACKOFF | 1 << CHILD_STOPPING |
				  1 << CHILD_IDLE,
		[CHILD_BACKOFF] = 1 << CHILD_STARTING | 1 << CHILD_IDLE,
		[CHILD_STOPPING] = 1 << CHILD_IDLE,
	};

	if (!(allowed[c->state] >> to & 1))
		BUG("a child cannot change so");
	c->state = to;
}

/* ---- the child's side ---- */

/* 'R', or 'E' and the error. */
static void tell(int fd, char what, const void *p, size_t n)
{
	char text[1 + sizeof(struct err)];

	text[0] = what;
	if (n)
		memcpy(text + 1, p, n);
	/* A parent that has gone hears nothing. */
	if (write(fd, text, 1 + n) < 0)
		return;
}

void child_ready(const struct child_start *s)
{
	tell(s->tell_fd, 'R', NULL, 0);
}

_Noreturn static void run_child(const struct child *c, struct child_start *s,
				pid_t parent, const int *also_close)
{
	struct err e = {"", ""};
	sigset_t kept;
	enum rc rc;

	/* Before the mask opens: an interrupt of the terminal reaches us too,
	 * but it is for the parent to say when we end. A reload that comes
	 * while we begin is kept for when we can do it. */
	signal(SIGINT, SIG_IGN);
	sigemptyset(&kept);
	sigaddset(&kept, SIGHUP);
	sigprocmask(SIG_SETMASK, &kept, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
		_exit(1);
	prctl(PR_SET_NAME, c->name);
	for (; *also_close >= 0; also_close++)
		close(*also_close);
	stats_attach(s->stats, c->block, c->name);
	rc = c->main(s, &e);
	if (rc)
		tell(s->tell_fd, 'E', &e, sizeof(e));
	exit(rc ? 1 : 0);
}

/* ---- the parent's side ---- */

void child_launch(struct child *c, const struct child_start *s,
		  const int *also_close)
{
	struct child_start mine = *s;
	pid_t parent = getpid();
	int p[2];

	child_set_state(c, CHILD_STARTING);
	c->err = (struct err){"", ""};
	c->since_us = clock_mono_us();
	c->still = 0;
	if (pipe2(p, O_CLOEXEC | O_NONBLOCK)) {
		err_set(&c->err, RC_DOWN, "pipe: %s", strerror(errno));
		child_back_off(c);
		return;
	}
	fflush(NULL);
	mine.tell_fd = p[1];
	mine.index = c->index;
	c->pid = fork();
	if (!c->pid) {
		close(p[0]);
		run_child(c, &mine, parent, also_close);
	}
	close(p[1]);
	c->fd = p[0];
	if (c->pid < 0) {
		err_set(&c->err, RC_DOWN, "fork: %s", strerror(errno));
		c->pid = 0;
		child_buried(c);
		child_back_off(c);
	}
}

bool child_hear(struct child *c)
{
	char what;
	ssize_t n = c->fd < 0 ? 0 : read(c->fd, &what, 1);

	if (n < 0)
		return false;
	if (n == 0) { /* it ends: the signal will say how */
		if (c->fd >= 0)
			close(c->fd);
		c->fd = -1;
	} else if (what == 'E') {
		if (read(c->fd, &c->err, sizeof(c->err)) !=
		    (ssize_t)sizeof(c->err))
			c->err = (struct err){"", ""};
	} else if (c->state == CHILD_STARTING) {
		child_set_state(c, CHILD_RUNNING);
		return true;
	}
	return false;
}

void child_buried(struct child *c)
{
	while (c->fd >= 0) {
		int fd = c->fd;

		child_hear(c);
		/* Nothing more, and somebody else holds the other end. */
		if (c->fd == fd && errno == EAGAIN) {
			close(fd);
			c->fd = -1;
		}
		errno = 0;
	}
	c->pid = 0;
}

void child_back_off(struct child *c)
{
	int64_t now = clock_mono_us();
	int64_t most =
		c->state == CHILD_RUNNING ? BACKOFF_RAN_US : BACKOFF_MAX_US;

	if (now - c->since_us >= WELL_US || !c->wait_us)
		c->wait_us = BACKOFF_MIN_US;
	else
		c->wait_us = c->wait_us * 2 > most ? most : c->wait_us * 2;
	c->due_us = now + c->wait_us;
	child_set_state(c, CHILD_BACKOFF);
}

void child_signal(const struct child *c, int sig)
{
	if (c->pid > 0)
		kill(c->pid, sig);
}
