#include "tui/health.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/spool.h"

#define EVERY_SECONDS 2
#define PAGE_MAX      (1 << 20)

/* Held by the thread and by the dashboard; the one that lets go last frees
 * it. */
struct health_job {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int holders;
	bool stop;
	uint64_t seq, read_seq;
	struct health last;
	struct conf conf; /* of its own: home and spool */
	char *spool;
};

bool health_gauge(const char *page, const char *name, double *out)
{
	size_t n = strlen(name);

	for (const char *s = page; s; s = strchr(s, '\n')) {
		char *end;

		s += *s == '\n';
		if (strncmp(s, name, n) || s[n] != ' ')
			continue;
		*out = strtod(s + n + 1, &end);
		return end != s + n + 1;
	}
	return false;
}

/* Spools lie in the folder itself and in one for each worker; spool_inspect
 * takes those that are not there as empty. */
static void look_at_spool(const struct health_job *j, struct health *h)
{
	struct err e;

	h->spool_oldest_us = TIME_NONE;
	for (int i = -1; i < 256; i++) {
		struct spool_state s;
		char path[4096];

		if (i < 0)
			snprintf(path, sizeof(path), "%s", j->spool);
		else
			snprintf(path, sizeof(path), "%s/%d", j->spool, i);
		if (i >= 0 && access(path, X_OK) != 0)
			break;
		if (spool_inspect(path, &s, &e) != RC_OK)
			continue;
		h->spool_records += s.records;
		h->spool_bytes += s.bytes;
		if (s.oldest_us != TIME_NONE &&
		    (h->spool_oldest_us == TIME_NONE ||
		     s.oldest_us < h->spool_oldest_us))
			h->spool_oldest_us = s.oldest_us;
	}
}

static void look_at_daemon(const struct health_job *j, struct health *h)
{
	struct daemon_info info;
	struct buf page;
	struct err e;
	int status = 0;
	double lag;

	if (daemon_look(&j->conf, &info, &e) != RC_OK)
		return;
	h->daemon = info.state;
	if (info.state != DAEMON_READY || info.tls)
		return;
	info.addresses[strcspn(info.addresses, ",")] = '\0';
	buf_init(&page, PAGE_MAX);
	if (daemon_ask(info.addresses, "/metrics", &status, &page, &e) ==
		    RC_OK &&
	    status == 200 &&
	    health_gauge(buf_str(&page), "aco_lag_seconds_max", &lag))
		h->lag_us = (int64_t)(lag * 1e6);
	buf_release(&page);
}

static void drop(struct health_job *j)
{
	bool last;

	pthread_mutex_lock(&j->lock);
	last = --j->holders == 0;
	pthread_mutex_unlock(&j->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&j->lock);
	pthread_cond_destroy(&j->changed);
	free(j->conf.home);
	free(j->spool);
	free(j);
}

static void *work(void *arg)
{
	struct health_job *j = arg;

	pthread_mutex_lock(&j->lock);
	while (!j->stop) {
		struct health h = {.lag_us = -1, .looked = true};
		struct timespec until;

		pthread_mutex_unlock(&j->lock);
		look_at_daemon(j, &h);
		look_at_spool(j, &h);
		pthread_mutex_lock(&j->lock);
		j->last = h;
		j->seq++;
		pthread_cond_broadcast(&j->changed);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += EVERY_SECONDS;
		while (!j->stop && pthread_cond_timedwait(&j->changed, &j->lock,
							  &until) == 0)
			;
	}
	pthread_mutex_unlock(&j->lock);
	drop(j);
	return NULL;
}

static void start_thread(struct health_job *j)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;

	/* Signals are for the screen, but a crash must find its handler. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, work, j))
		j->holders--;
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct health_job *health_new(const struct conf *conf)
{
	struct health_job *j = xcalloc(1, sizeof(*j));

	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->changed, NULL);
	j->holders = 2;
	j->conf.home = xstrdup(conf->home);
	j->spool = daemon_spool(conf);
	start_thread(j);
	return j;
}

void health_free(struct health_job *j)
{
	if (!j)
		return;
	pthread_mutex_lock(&j->lock);
	j->stop = true;
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
	drop(j);
}

bool health_read(struct health_job *j, struct health *out)
{
	bool news;

	if (!j)
		return false;
	pthread_mutex_lock(&j->lock);
	news = j->seq != j->read_seq;
	if (news) {
		*out = j->last;
		j->read_seq = j->seq;
	}
	pthread_mutex_unlock(&j->lock);
	return news;
}

void health_wait(struct health_job *j, int timeout_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	pthread_mutex_lock(&j->lock);
	while (j->seq == 0 &&
	       pthread_cond_timedwait(&j->changed, &j->lock, &until) == 0)
		;
	pthread_mutex_unlock(&j->lock);
}
