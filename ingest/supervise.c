#include "ingest/supervise_int.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ingest/lanes.h"
#include "ingest/notify.h"
#include "ingest/serve_conf.h"
#include "ingest/stats.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/base/path.h"
#include "ledger/cluster.h"
#include "ledger/daemon.h"

#define WORKERS_MAX 256
#define FILES_OTHER 64 /* of a worker, beside its connections */

/* ---- making it ---- */

static int worker_count(const struct conf *conf)
{
	long n = conf->workers ? (long)conf->workers
			       : sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (int)n;
}

static void make_children(struct parent *p)
{
	p->workers = worker_count(p->conf);
	p->n = p->workers + 2;
	p->children = xcalloc((size_t)p->n, sizeof(*p->children));
	for (int i = 0; i < p->workers; i++)
		child_init(&p->children[i], worker_main, "worker", i, i);
	child_init(&p->children[p->workers], janitor_main, "janitor", 0,
		   p->workers);
	child_init(&p->children[p->workers + 1], adopt_main, "adopter", 0,
		   p->workers + 1);
	p->adopted = p->workers;
	p->stats = stats_new(p->n + 1);
	p->lanes = lanes_new(p->workers);
	stats_attach(p->stats, p->n, "parent");
}

/* As many open files as the connections of a worker want. */
static void raise_files(const struct parent *p)
{
	rlim_t need = (rlim_t)p->conf->connections * (rlim_t)p->listen.n +
		      FILES_OTHER;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= need)
		return;
	r.rlim_cur = need;
	if (r.rlim_max < need) {
		struct rlimit more = {.rlim_cur = need, .rlim_max = need};

		if (!setrlimit(RLIMIT_NOFILE, &more))
			return;
		r.rlim_cur = r.rlim_max;
		log_line(LOG_WARN, "serve",
			 "open files are limited below what connections want",
			 "limit=%llu wanted=%llu hint=\"raise ulimit -n or "
			 "lower connections\"",
			 (unsigned long long)r.rlim_max,
			 (unsigned long long)need);
	}
	setrlimit(RLIMIT_NOFILE, &r);
}

/* A core would hold keys of callers and the key of the certificate. */
static void no_cores(const struct conf *conf)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	if (conf->tls_key[0])
		prctl(PR_SET_DUMPABLE, 0);
}

static enum rc take_locks(struct parent *p, struct err *e)
{
	char *home = daemon_path(p->conf, "");
	char *lock = daemon_path(p->conf, "serve.lock");
	char *spool = daemon_spool(p->conf);
	char *spool_lock = xasprintf("%s/serve.lock", spool);
	enum rc rc = path_make(home, 0700, e);

	if (!rc)
		rc = daemon_lock(lock, &p->lock_fd, e);
	if (!rc)
		rc = path_make(spool, 0700, e);
	if (!rc)
		rc = daemon_lock(spool_lock, &p->spool_fd, e);
	free(home);
	free(lock);
	free(spool);
	free(spool_lock);
	return rc;
}

static enum rc take_signals(struct parent *p, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) ||
	    (p->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return err_set(e, RC_DOWN, "signalfd: %s", strerror(errno));
	return RC_OK;
}

static enum rc prepare(struct parent *p, struct err *e)
{
	enum rc rc = serve_check(p->conf, &p->listen, e);

	if (!rc)
		rc = take_locks(p, e);
	if (!rc)
		rc = listen_reserve(&p->listen, e);
	if (!rc)
		rc = cluster_url(p->conf, &p->url, e);
	if (!rc)
		rc = take_signals(p, e);
	if (rc)
		return rc;
	if (p->conf->insecure)
		log_line(LOG_WARN, "serve",
			 "insecure = yes: keys and calls may pass in the clear",
			 "listen=%s", log_quote(p->conf->listen));
	daemon_untell(p->conf);
	raise_files(p);
	no_cores(p->conf);
	make_children(p);
	return RC_OK;
}

static void release(struct parent *p)
{
	if (p->lock_fd >= 0)
		daemon_untell(p->conf);
	listen_close(&p->listen);
	stats_free(p->stats);
	lanes_free(p->lanes);
	free(p->children);
	buf_release(&p->url);
	if (p->signal_fd >= 0)
		close(p->signal_fd);
	if (p->spool_fd >= 0)
		close(p->spool_fd);
	if (p->lock_fd >= 0)
		close(p->lock_fd);
	serve_conf_free(p->own);
}

/* ---- the loop ---- */

static void bury(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < p->n; i++) {
			if (p->children[i].pid == pid)
				parent_child_ended(p, &p->children[i], status);
		}
	}
}

static void take_signal(struct parent *p)
{
	struct signalfd_siginfo s;

	while (read(p->signal_fd, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGCHLD)
			continue;
		if (s.ssi_signo == SIGHUP)
			parent_reload(p);
		else
			parent_stop(p);
	}
	/* Several ends may have come as one signal. */
	bury(p);
}

static int timeout_ms(const struct parent *p)
{
	int64_t us = parent_next_us(p) - clock_mono_us();

	return us <= 0                ? 0
	       : us > 60 * US_PER_SEC ? 60000
				      : (int)(us / 1000 + 1);
}

static void go_round(struct parent *p, struct pollfd *fds)
{
	fds[0] = (struct pollfd){.fd = p->signal_fd, .events = POLLIN};
	for (int i = 0; i < p->n; i++)
		fds[i + 1] = (struct pollfd){.fd = p->children[i].fd,
					     .events = POLLIN};
	if (poll(fds, (nfds_t)p->n + 1, timeout_ms(p)) > 0) {
		for (int i = 0; i < p->n; i++) {
			struct child *c = &p->children[i];

			if (fds[i + 1].revents && child_hear(c))
				parent_child_ready(p, c);
		}
		if (fds[0].revents)
			take_signal(p);
	}
	parent_due(p);
}

enum rc supervise(const struct conf *conf, struct err *e)
{
	struct parent p = {
		.conf = conf,
		.lock_fd = -1,
		.spool_fd = -1,
		.signal_fd = -1,
		.started_us = clock_now_us(),
		.e = e,
	};
	struct pollfd *fds;

	buf_init(&p.url, 8192);
	p.rc = prepare(&p, e);
	if (!p.rc) {
		fds = xcalloc((size_t)p.n + 1, sizeof(*fds));
		p.watchdog_step = notify_watchdog_us();
		for (int i = 0; i <= p.workers; i++)
			parent_start_child(&p, &p.children[i]);
		while (!parent_done(&p))
			go_round(&p, fds);
		free(fds);
		log_line(LOG_INFO, "serve", "ended", "pid=%ld", (long)getpid());
	}
	release(&p);
	return p.rc;
}
