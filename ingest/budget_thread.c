/* The thread that speaks to the ledger for the loop: it reads the budgets each
 * second, carries asks, and keeps the lock that says that we live. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ingest/budget_int.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/db.h"

#define BEAT_MS    500
#define HURRY_MS   10   /* at least between two beats */
#define ANSWER_MS  2500 /* of one statement; beyond, the connection is lost */
#define RECLAIM_US (2 * US_PER_SEC)
#define JOIN_US    (2 * US_PER_SEC)
#define NS_PER_US  1000
#define AGAIN_MS   300 /* after a connection failed */

struct talk {
	struct budgets *b;
	struct db *db;
	int32_t holder;
	bool held; /* our lock is taken on this connection */
	bool down; /* and said so */
	int hard;  /* some budget is: 0, 1; -1: not heard yet */
	int64_t reclaim_us;
	int64_t again_us; /* not before, after a failure */
};

void ask_list_init(struct ask_list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void ask_list_add(struct ask_list *l, struct ask *a)
{
	a->next = NULL;
	*l->last = a;
	l->last = &a->next;
}

void budget_thread_ask(struct budgets *b, struct ask *a)
{
	pthread_mutex_lock(&b->lock);
	ask_list_add(&b->todo, a);
	pthread_cond_signal(&b->cond);
	pthread_mutex_unlock(&b->lock);
}

/* ---- the connection ---- */

static enum rc be_connected(struct talk *t, struct err *e)
{
	enum rc rc = RC_OK;

	if (t->db && db_broken(t->db)) {
		db_close(t->db);
		t->db = NULL;
	}
	if (!t->db) {
		t->held = false;
		rc = db_open(&t->db, t->b->url, "budget", e);
		if (!rc)
			db_limit(t->db, ANSWER_MS, -1);
	}
	if (!rc && !t->held) {
		rc = budget_hold(t->db, &t->holder, e);
		t->held = !rc;
	}
	return rc;
}

/* What became of the last exchange, for the loop. */
static void note(struct talk *t, enum rc rc, int64_t sent_us,
		 const struct err *e)
{
	struct budgets *b = t->b;

	if (rc && !t->down)
		log_line(LOG_WARN, "budget", "the ledger cannot be asked",
			 "detail=%s", log_quote(e->msg));
	if (!rc && t->down)
		log_line(LOG_INFO, "budget", "the ledger answers again",
			 "holder=%d", t->holder);
	t->down = rc != RC_OK;
	if (rc)
		t->again_us = clock_mono_us() + AGAIN_MS * INT64_C(1000);
	pthread_mutex_lock(&b->lock);
	b->now.tried = true;
	b->now.connected = !rc;
	if (!rc)
		b->now.ok_us = sent_us;
	b->holder = t->holder;
	if (!b->orphan)
		loop_post(b->inbox);
	pthread_mutex_unlock(&b->lock);
}

/* ---- what a start without the ledger should know ---- */

bool budget_mark_read(const char *path)
{
	return access(path, F_OK) == 0;
}

static void budget_mark_write(const char *path, bool hard)
{
	int fd;

	if (!hard) {
		(void)unlink(path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

static void mark(struct talk *t, const struct budget_defs *d)
{
	int hard = 0;

	for (size_t i = 0; i < d->n; i++)
		hard |= d->defs[i].hard;
	if (hard != t->hard)
		budget_mark_write(t->b->path, hard);
	t->hard = hard;
}

/* ---- what it does ---- */

static void answer(struct talk *t, struct ask *a)
{
	enum rc rc;
	int64_t sent_us = clock_mono_us();
	struct err e = {"", ""};

	/* What waits hears soon that the ledger is away. */
	if (t->down && sent_us < t->again_us)
		a->rc = err_set(&e, RC_DOWN, "the database is away");
	else
		a->rc = be_connected(t, &e);
	if (!a->rc)
		a->rc = budget_lease(t->db, t->holder, &a->q, &a->a, &e);
	/* Someone has waited for a row as long as we may: once more. */
	if (a->rc && t->held && !db_broken(t->db))
		a->rc = budget_lease(t->db, t->holder, &a->q, &a->a, &e);
	rc = a->rc; /* the loop may free it */
	pthread_mutex_lock(&t->b->lock);
	ask_list_add(&t->b->done, a);
	pthread_cond_broadcast(&t->b->cond);
	pthread_mutex_unlock(&t->b->lock);
	note(t, rc, sent_us, &e);
}

static void beat(struct talk *t)
{
	int64_t sent_us = clock_mono_us(), dead = 0;
	struct budget_defs *defs = NULL;
	int32_t no[WANTED_MAX];
	int n = 0;
	struct err e = {"", ""};
	enum rc rc = be_connected(t, &e);

	if (!rc)
		rc = budget_load(t->db, &defs, &e);
	if (!rc)
		rc = budget_wanted(t->db, t->holder, no, WANTED_MAX, &n, &e);
	if (!rc && sent_us >= t->reclaim_us) {
		rc = budget_reclaim(t->db, t->holder, BUDGET_GRACE_US, &dead,
				    &e);
		t->reclaim_us = sent_us + RECLAIM_US;
	}
	if (n) {
		pthread_mutex_lock(&t->b->lock);
		memcpy(t->b->wanted, no, (size_t)n * sizeof(no[0]));
		t->b->n_wanted = n;
		pthread_mutex_unlock(&t->b->lock);
	}
	if (dead)
		log_line(LOG_INFO, "budget", "leases of dead holders returned",
			 "holders=%lld", (long long)dead);
	if (defs) {
		struct budget_defs *old;

		mark(t, defs);

		pthread_mutex_lock(&t->b->lock);
		old = t->b->news;
		t->b->news = defs;
		t->b->news_us = sent_us;
		pthread_mutex_unlock(&t->b->lock);
		budget_defs_free(old);
	}
	note(t, rc, sent_us, &e);
}

/* With the lock held. */
static void sleep_until(struct budgets *b, int64_t until_us)
{
	int64_t us = until_us - clock_mono_us();
	struct timespec ts;

	if (us <= 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	us += ts.tv_nsec / NS_PER_US;
	ts.tv_sec += us / US_PER_SEC;
	ts.tv_nsec = us % US_PER_SEC * NS_PER_US;
	pthread_cond_timedwait(&b->cond, &b->lock, &ts);
}

void budget_thread_wait(struct budgets *b, int64_t until_us)
{
	pthread_mutex_lock(&b->lock);
	while (!b->done.first && clock_mono_us() < until_us)
		sleep_until(b, until_us);
	pthread_mutex_unlock(&b->lock);
}

static struct ask *take(struct budgets *b)
{
	struct ask *a = b->todo.first;

	if (a) {
		b->todo.first = a->next;
		if (!a->next)
			b->todo.last = &b->todo.first;
	}
	return a;
}

static void *run(void *arg)
{
	struct talk t = {.b = arg, .hard = -1};
	struct budgets *b = arg;
	int64_t beat_us = 0, hurry_us = 0;

	pthread_mutex_lock(&b->lock);
	for (;;) {
		struct ask *a;

		if (clock_mono_us() >= (b->hurry ? hurry_us : beat_us)) {
			if (b->stop && !b->todo.first)
				break;
			b->hurry = false;
			pthread_mutex_unlock(&b->lock);
			beat(&t);
			hurry_us = clock_mono_us();
			beat_us = hurry_us +
				  (t.down ? AGAIN_MS : BEAT_MS) * INT64_C(1000);
			hurry_us += HURRY_MS * INT64_C(1000);
			pthread_mutex_lock(&b->lock);
		}
		a = take(b);
		if (!a && b->stop)
			break;
		if (!a) {
			sleep_until(b, b->hurry ? hurry_us : beat_us);
			continue;
		}
		pthread_mutex_unlock(&b->lock);
		answer(&t, a);
		pthread_mutex_lock(&b->lock);
	}
	pthread_mutex_unlock(&b->lock);
	db_close(t.db);
	return NULL;
}

/* Signals are the loop's. */
bool budget_thread_start(struct budgets *b)
{
	pthread_condattr_t attr;
	sigset_t all, before;

	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->cond, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	b->running = pthread_create(&b->thread, NULL, run, b) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return b->running;
}

void budget_thread_stop(struct budgets *b)
{
	struct timespec ts;

	if (!b->running)
		return;
	pthread_mutex_lock(&b->lock);
	b->stop = true;
	pthread_cond_signal(&b->cond);
	pthread_mutex_unlock(&b->lock);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += JOIN_US / US_PER_SEC;
	b->running = pthread_timedjoin_np(b->thread, NULL, &ts) != 0;
	pthread_mutex_lock(&b->lock);
	b->orphan = b->running;
	pthread_mutex_unlock(&b->lock);
}
