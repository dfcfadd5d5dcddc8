/* aco demo: a small fleet, simulated, through everything that is real. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/demo.h"
#include "ledger/base/clock.h"
#include "ledger/base/cmd.h"
#include "ledger/base/proc.h"
#include "ledger/daemon.h"

#define LIVE_MS 6000 /* of live calls before what is printed */

enum {
	OPT_ONCE,
	OPT_SEED,
	OPT_DAYS
};
static const struct cmd_opt opts[] = {
	[OPT_ONCE] = {"once", 0, NULL,
		      "past days only: print the fleet and end"},
	[OPT_SEED] = {"seed", 0, "N", "what all of it follows from (1)"},
	[OPT_DAYS] = {"days", 0, "N", "days of past, 1 to 30 (14)"},
	{NULL, 0, NULL, NULL},
};

/* ---- signals ---- */

static volatile sig_atomic_t stop;

static void on_signal(int signo)
{
	stop = signo;
}

/* Whatever ends us, what was started is stopped first. */
static void catch_signals(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction a = {.sa_handler = on_signal};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaction(ends[i], &a, NULL);
}

/* Until one of them comes or a child ends, but no longer than a second: an end
 * that came before the mask is not told. */
static void await_signal(void)
{
	const struct timespec second = {.tv_sec = 1};
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	got = stop ? 0 : sigtimedwait(&set, NULL, &second);
	if (got > 0 && got != SIGCHLD)
		stop = got;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- the dashboard ---- */

static enum rc show(struct demo *d, bool open, struct err *e)
{
	const char *const words_open[] = {"top", NULL};
	const char *const words_once[] = {"top", "--once", "--since", "all",
					  NULL};
	const char *argv[10];
	const struct proc p = {.argv = argv, .dies_with_us = true};
	enum rc rc;
	pid_t pid;
	int code = 0;

	fflush(stdout);
	demo_argv(d, open ? words_open : words_once, argv, 10);
	rc = proc_start(&p, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, &pid,
			e);
	if (rc)
		return rc;
	while (!stop && waitpid(pid, &code, WNOHANG) == 0)
		await_signal();
	if (stop) {
		kill(pid, SIGTERM);
		while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
			;
		return RC_OK;
	}
	/* It has told why. */
	return code ? err_set(e, RC_DOWN, "aco top has failed") : RC_OK;
}

/* ---- all of it ---- */

static void end_agents(const pid_t *pids)
{
	for (int i = 0; i < DEMO_AGENTS; i++) {
		if (pids[i] <= 0)
			continue;
		kill(pids[i], SIGKILL);
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
	}
}

static enum rc run_fleet(struct demo *d, bool once, struct err *e)
{
	bool open = !once && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	pid_t pids[DEMO_AGENTS] = {0};
	struct daemon_info info;
	enum rc rc = demo_up(d, e);

	if (!rc && !stop)
		rc = demo_past(d, &stop, e);
	if (!rc && !stop && d->fresh)
		rc = demo_train(d, e);
	if (!rc)
		rc = daemon_look(&d->conf, &info, e);
	if (!rc && !once && !stop)
		rc = demo_live(d, info.addresses, pids, e);
	if (!rc && !once && !open && !stop) {
		fputs("aco: the fleet works for some seconds\n", stderr);
		for (int64_t end = clock_mono_us() + LIVE_MS * 1000L;
		     !stop && clock_mono_us() < end;)
			await_signal();
	}
	if (!rc && !stop)
		rc = show(d, open, e);
	end_agents(pids);
	return rc;
}

static int run_it(struct demo *d, bool once, int64_t seed, int64_t days)
{
	struct err e = {"", ""}, later = {"", ""};
	enum rc rc = demo_begin(d, seed, (int)days, &e), down;

	if (rc) {
		err_print(&e);
		return rc_exit(rc);
	}
	catch_signals();
	fprintf(stderr,
		"aco: a simulated fleet in %s; nothing of it is real, and "
		"nothing of yours is touched\n",
		d->home);
	rc = run_fleet(d, once, &e);
	if (rc && !stop)
		err_print(&e);
	down = demo_down(d, &later);
	if (down)
		err_print(&later);
	else
		fprintf(stderr,
			"aco: the demonstration has ended; 'aco demo' goes on "
			"with it, 'aco demo remove' deletes it\n");
	if (stop)
		return 128 + stop;
	return rc_exit(rc ? rc : down);
}

static int run_stop(struct demo *d)
{
	struct err e = {"", ""};
	bool ran;
	enum rc rc = demo_stop(d, &ran, &e);

	if (rc)
		err_print(&e);
	else
		puts(ran ? "demo       stopped" : "demo       was not running");
	return rc_exit(rc);
}

static int run_remove(struct demo *d)
{
	struct err e = {"", ""};
	bool there = demo_exists(d);
	enum rc rc = demo_remove(d, &e);

	if (rc)
		err_print(&e);
	else
		puts(there ? "demo       removed" : "demo       was not there");
	return rc_exit(rc);
}

static int run_demo(const struct command *self, const struct conf *conf,
		    int argc, char **argv)
{
	struct err e = {"", ""};
	const char *verb = NULL;
	struct cmd_args a;
	bool once = false;
	int64_t seed = -1, days = DEMO_DAYS;
	struct demo d;
	int opt, code;

	cmd_args_init(&a, self, argc, argv);
	while ((opt = cmd_next(&a)) != CMD_END) {
		if (opt == CMD_HELP)
			return 0;
		if (opt == CMD_USAGE)
			return 2;
		if (opt == OPT_ONCE)
			once = true;
		else if (opt == OPT_SEED &&
			 (!str_i64(str_from(a.value), &seed) || seed < 0))
			return cmd_usage(self, "--seed wants a whole number");
		else if (opt == OPT_DAYS &&
			 (!str_i64(str_from(a.value), &days) || days < 1 ||
			  days > DEMO_DAYS_MAX))
			return cmd_usage(self, "--days wants 1 to %d",
					 DEMO_DAYS_MAX);
		else if (opt == CMD_OPERAND && verb)
			return cmd_usage(self, "what is '%s'?", a.value);
		else if (opt == CMD_OPERAND)
			verb = a.value;
	}
	if (verb && strcmp(verb, "stop") != 0 && strcmp(verb, "remove") != 0)
		return cmd_usage(self, "demo cannot '%s'", verb);
	if (demo_open(&d, conf, &e)) {
		err_print(&e);
		demo_close(&d);
		return 1;
	}
	code = !verb                   ? run_it(&d, once, seed, days)
	       : !strcmp(verb, "stop") ? run_stop(&d)
				       : run_remove(&d);
	demo_close(&d);
	return code;
}

const struct command command_demo = {
	.name = "demo",
	.args = "[stop|remove]",
	.summary = "a small simulated fleet, to look at every screen",
	.help = "Makes a ledger of its own beside yours (its folder's name "
		"ends in -demo), tells it two weeks of a small seeded fleet, "
		"starts agents that go on working through the real daemon "
		"against the mock provider, and opens the dashboard, whose "
		"header says 'simulated'. Good days and bad ones are among "
		"them, cheap models and strong ones, escalations and budgets. "
		"Where standard output is no terminal, the fleet is printed. "
		"All that was started is stopped when it ends.\n"
		"\n"
		"The ledger stays until 'remove', and the next 'aco demo' goes "
		"on with it; 'aco --config FOLDER/demo.conf COMMAND' looks at "
		"it meanwhile. Another seed makes another fleet in its place.\n"
		"\n"
		"stop: end one that runs elsewhere, or what one that was "
		"killed has left behind.\n"
		"\n"
		"remove: stop it and delete its folder, without a question. A "
		"folder without the marker of a demonstration is refused.",
	.opts = opts,
	.run = run_demo,
};
