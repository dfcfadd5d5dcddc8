#include "ingest/table_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/base/log.h"
#include "ledger/base/path.h"

#define REFRESH_MS   1000
#define HURRY_MS     200 /* at least between two looks */
#define QUERY_MS     5000
#define FIRST_MS     1000 /* that table_copy_open() waits */
#define JOIN_SECONDS 2
#define NS_PER_MS    1000000L
#define MS_PER_SEC   1000

struct table_copy {
	const struct table_kind *kind;
	void *arg;
	char *url, *home, *path;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t cond;
	bool stop, hurry;
	int64_t looks; /* how often the database was asked */

	/* from the thread to the loop */
	_Atomic(void *) next;
	void *now; /* the loop's */

	/* the thread's own */
	struct db *db;
	struct buf kept;      /* as it was printed last */
	bool printed;         /* it was */
	bool written;         /* and the file holds it */
	bool unwritten, down; /* said so */
};

/* ---- asking ---- */

static bool stopping(struct table_copy *t)
{
	bool stop;

	pthread_mutex_lock(&t->lock);
	stop = t->stop;
	pthread_mutex_unlock(&t->lock);
	return stop;
}

static void disconnect(struct table_copy *t)
{
	db_close(t->db);
	t->db = NULL;
}

struct asked {
	db_done_fn *done;
	void *arg;
	struct db_status st;
};

static void on_done(void *arg, const struct db_status *st,
		    const struct db_result *res)
{
	struct asked *q = arg;

	q->st = *st;
	q->done(q->arg, st, res);
}

/* In slices, so that a server that hangs does not hold up our end. */
static enum rc wait_for(struct table_copy *t, struct err *e)
{
	enum rc rc = RC_BUSY;

	for (int ms = 0; rc == RC_BUSY && ms < QUERY_MS; ms += HURRY_MS) {
		if (stopping(t))
			break;
		rc = db_wait(t->db, HURRY_MS, e);
	}
	return rc;
}

enum rc table_ask(struct table_copy *t, const struct sql_stmt *stmt,
		  db_done_fn *done, void *arg, struct err *e)
{
	struct asked q = {.done = done, .arg = arg};
	enum rc rc = RC_OK;

	if (t->db && db_broken(t->db))
		disconnect(t);
	if (!t->db)
		rc = db_open(&t->db, t->url, t->kind->name, e);
	if (!rc)
		rc = db_start(t->db, stmt, NULL, on_done, &q, e);
	if (!rc)
		rc = wait_for(t, e);
	if (!rc && q.st.rc) {
		rc = q.st.rc;
		*e = q.st.err;
	}
	if (rc) /* what is in flight points at our stack */
		disconnect(t);
	return rc;
}

struct db *table_db(struct table_copy *t)
{
	return t->db;
}

/* ---- the file ---- */

static enum rc read_all(int fd, const char *path, struct buf *b, struct err *e)
{
	ssize_t n = 1;

	while (n && buf_ok(b)) {
		char *p = buf_reserve(b, 65536);

		if (!p)
			break;
		n = read(fd, p, 65536);
		if (n < 0 && errno != EINTR)
			return path_errno(e, "reading", path);
		if (n < 0)
			n = 1;
		else
			buf_advance(b, (size_t)n);
	}
	return buf_ok(b) ? RC_OK : err_set(e, RC_BAD, "%s is too large", path);
}

enum rc table_file_read(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	enum rc rc;

	if (fd < 0)
		return errno == ENOENT ? RC_OK : path_errno(e, "opening", path);
	if (fstat(fd, &st))
		rc = path_errno(e, "looking at", path);
	else if (!S_ISREG(st.st_mode) || st.st_mode & 022 ||
		 (st.st_uid != geteuid() && st.st_uid != 0))
		rc = err_set(e, RC_DENIED,
			     "%s: others may write to it, so it is not read",
			     path);
	else
		rc = read_all(fd, path, out, e);
	close(fd);
	return rc;
}

static void read_file(struct table_copy *t)
{
	struct err e;
	struct buf b;
	enum rc rc;

	buf_init(&b, t->kind->file_max);
	rc = table_file_read(t->path, &b, &e);
	if (!rc && b.len)
		rc = t->kind->parse(&t->now, (struct str){b.p, b.len}, &e);
	if (rc) {
		t->now = NULL;
		log_line(LOG_WARN, t->kind->name, "the file is not used",
			 "file=%s detail=%s", log_quote(t->path),
			 log_quote(e.msg));
	}
	buf_release(&b);
}

bool table_same(struct table_copy *t, const void *state)
{
	struct buf now;
	bool same;

	buf_init(&now, t->kind->file_max);
	t->kind->print(state, &now);
	same = t->printed && buf_ok(&now) && t->kept.len == now.len &&
	       !memcmp(buf_str(&t->kept), buf_str(&now), now.len);
	buf_release(&now);
	return same;
}

/* A failure is said once, and mended as soon as that can be. */
static void write_file(struct table_copy *t)
{
	struct err e;

	(void)mkdir(t->home, 0700);
	if (!buf_ok(&t->kept))
		err_set(&e, RC_BUSY, "it would be too large");
	else if (!path_replace(t->path, buf_str(&t->kept), t->kept.len, 0600,
			       &e))
		t->written = true;
	if (!t->written && !t->unwritten)
		log_line(LOG_WARN, t->kind->name, "the file is not written",
			 "file=%s detail=%s", log_quote(t->path),
			 log_quote(e.msg));
	t->unwritten = !t->written;
}

/* Only what changed is written. */
static void keep(struct table_copy *t, const void *state)
{
	if (table_same(t, state))
		return;
	buf_clear(&t->kept);
	t->kind->print(state, &t->kept);
	t->printed = true;
	t->written = false;
}

/* ---- the thread ---- */

static void hand_over(struct table_copy *t, void *state)
{
	void *old = atomic_exchange(&t->next, state);

	if (old)
		t->kind->drop(old);
}

static void look(struct table_copy *t)
{
	struct err e = {"", ""};
	void *state = NULL;
	enum rc rc = t->kind->read(t, t->arg, &state, &e);

	if (rc) {
		if (!t->down && !stopping(t))
			log_line(LOG_WARN, t->kind->name, "they cannot be read",
				 "detail=%s", log_quote(e.msg));
		t->down = true;
		return;
	}
	if (t->down)
		log_line(LOG_INFO, t->kind->name, "they are read again",
			 "changed=%s", state ? "yes" : "no");
	t->down = false;
	if (state)
		keep(t, state);
	/* First of all: who sees a change may stop us. */
	if (t->printed && !t->written)
		write_file(t);
	if (state)
		hand_over(t, state);
}

/* With the lock held; until the condition is signalled, at most so long. */
static void sleep_ms(struct table_copy *t, int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / MS_PER_SEC;
	at.tv_nsec += ms % MS_PER_SEC * NS_PER_MS;
	if (at.tv_nsec >= MS_PER_SEC * NS_PER_MS) {
		at.tv_sec++;
		at.tv_nsec -= MS_PER_SEC * NS_PER_MS;
	}
	pthread_cond_timedwait(&t->cond, &t->lock, &at);
}

static void pause_between(struct table_copy *t, int64_t since_us)
{
	for (;;) {
		int64_t ms = (clock_mono_us() - since_us) / 1000;
		int64_t least = t->hurry ? HURRY_MS : REFRESH_MS;

		if (t->stop || ms >= least)
			break;
		sleep_ms(t, least - ms);
	}
	t->hurry = false;
}

static void *run(void *arg)
{
	struct table_copy *t = arg;

	pthread_mutex_lock(&t->lock);
	while (!t->stop) {
		int64_t since_us = clock_mono_us();

		pthread_mutex_unlock(&t->lock);
		look(t);
		pthread_mutex_lock(&t->lock);
		t->looks++;
		pthread_cond_broadcast(&t->cond);
		pause_between(t, since_us);
	}
	pthread_mutex_unlock(&t->lock);
	disconnect(t);
	buf_release(&t->kept);
	return NULL;
}

/* ---- opening and closing ---- */

static void init_lock(struct table_copy *t)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->cond, &attr);
	pthread_condattr_destroy(&attr);
}

/* Signals are the loop's. */
static enum rc start_thread(struct table_copy *t, struct err *e)
{
	sigset_t all, before;
	int bad;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bad = pthread_create(&t->thread, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (bad)
		return err_set(e, RC_DOWN, "no thread for the %s: %s",
			       t->kind->name, strerror(bad));
	t->running = true;
	return RC_OK;
}

static void wait_first(struct table_copy *t)
{
	int64_t until_us = clock_mono_us() + FIRST_MS * 1000, left;

	pthread_mutex_lock(&t->lock);
	while (!t->looks && (left = (until_us - clock_mono_us()) / 1000) > 0)
		sleep_ms(t, left);
	pthread_mutex_unlock(&t->lock);
}

enum rc table_copy_open(struct table_copy **out, const struct table_kind *kind,
			void *arg, const struct conf *conf, const char *url,
			struct err *e)
{
	struct table_copy *t = xcalloc(1, sizeof(*t));
	enum rc rc;

	*out = NULL;
	t->kind = kind;
	t->arg = arg;
	init_lock(t);
	buf_init(&t->kept, kind->file_max);
	t->url = xstrdup(url);
	t->home = xstrdup(conf->home);
	t->path = xasprintf("%s/%s", conf->home, kind->name);
	read_file(t);
	rc = start_thread(t, e);
	if (rc) {
		table_copy_close(t);
		return rc;
	}
	wait_first(t);
	*out = t;
	return RC_OK;
}

bool table_copy_close(struct table_copy *t)
{
	struct timespec at;

	if (!t)
		return true;
	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_broadcast(&t->cond);
	pthread_mutex_unlock(&t->lock);
	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += JOIN_SECONDS;
	if (t->running && pthread_timedjoin_np(t->thread, NULL, &at))
		return false;
	hand_over(t, NULL);
	if (t->now)
		t->kind->drop(t->now);
	pthread_cond_destroy(&t->cond);
	pthread_mutex_destroy(&t->lock);
	buf_release(&t->kept);
	free(t->url);
	free(t->home);
	free(t->path);
	free(t);
	return true;
}

void table_copy_hurry(struct table_copy *t)
{
	pthread_mutex_lock(&t->lock);
	t->hurry = true;
	pthread_cond_broadcast(&t->cond);
	pthread_mutex_unlock(&t->lock);
}

void *table_copy_now(struct table_copy *t)
{
	void *next = NULL;

	if (atomic_load_explicit(&t->next, memory_order_relaxed))
		next = atomic_exchange(&t->next, NULL);
	if (next) {
		if (t->now)
			t->kind->drop(t->now);
		t->now = next;
	}
	return t->now;
}
