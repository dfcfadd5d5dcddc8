/* The thread that keeps a worker's keys fresh, and the look-up. The set is
 * replaced whole under the lock; a request copies what it needs of its key. */
#include "ingest/auth.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "gen/sql.h"
#include "ingest/auth_decide.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/conf.h"
#include "ledger/base/log.h"
#include "ledger/db.h"

#define REFRESH_MS 1000
#define HURRY_MS   200 /* at least between two looks */
#define QUERY_MS   5000
#define FIRST_MS   1000 /* that auth_open waits */
#define JOIN_MS    2000
#define NS_PER_MS  1000000L
#define MS_PER_SEC 1000

struct auth {
	enum auth_mode mode;
	char *url, *home, *path;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t cond;
	struct auth_set *set; /* NULL: never read */
	bool stop, hurry;
	int64_t looks; /* how often the database was asked */

	/* the thread's own */
	struct db *db;
	struct buf kept; /* the file's content as we last wrote it */
	bool down;       /* said so */
};

/* ---- the thread ---- */

static enum rc read_row(struct auth_set *s, const struct db_result *r, int row,
			struct err *e)
{
	struct auth_entry k = {
		.name = db_text(r, row, 0),
		.role = auth_role(db_text(r, row, 2)),
		.team = db_text(r, row, 3),
		.class_name = db_text(r, row, 4),
		.expires_us = db_time(r, row, 5),
	};
	struct str hash = db_text(r, row, 1);

	if (hash.len != AUTH_HASH_LEN)
		return err_set(e, RC_BAD, "hash of %zu bytes", hash.len);
	memcpy(k.hash, hash.p, AUTH_HASH_LEN);
	return auth_set_add(s, &k, e);
}

struct fetch {
	struct auth_set *set;
	struct db_status st;
	struct err *e;
};

static void on_rows(void *arg, const struct db_status *st,
		    const struct db_result *res)
{
	struct fetch *f = arg;
	char name[64];

	f->st = *st;
	for (int i = 0; !st->rc && res && i < db_rows(res); i++) {
		if (!read_row(f->set, res, i, f->e))
			continue;
		/* One that cannot be used does not lock out the others. */
		snprintf(name, sizeof(name), "%.*s",
			 STR_ARG(db_text(res, i, 0)));
		log_line(LOG_ERROR, "auth", "a key cannot be used",
			 "key=%s detail=%s", log_quote(name),
			 log_quote(f->e->msg));
	}
}

static bool stopping(struct auth *a)
{
	bool stop;

	pthread_mutex_lock(&a->lock);
	stop = a->stop;
	pthread_mutex_unlock(&a->lock);
	return stop;
}

/* Waits in slices, so that a server that hangs does not hold up our end. */
static enum rc wait_rows(struct auth *a, struct err *e)
{
	enum rc rc = RC_BUSY;

	for (int waited = 0; rc == RC_BUSY && waited < QUERY_MS;
	     waited += HURRY_MS) {
		if (stopping(a))
			return RC_BUSY;
		rc = db_wait(a->db, HURRY_MS, e);
	}
	return rc;
}

static enum rc fetch_keys(struct auth *a, struct auth_set *set, struct err *e)
{
	struct fetch f = {.set = set, .e = e};
	enum rc rc = RC_OK;

	if (a->db && db_broken(a->db)) {
		db_close(a->db);
		a->db = NULL;
	}
	if (!a->db)
		rc = db_open(&a->db, a->url, "auth", e);
	if (!rc)
		rc = db_start(a->db, &sql_auth_keys, NULL, on_rows, &f, e);
	if (!rc)
		rc = wait_rows(a, e);
	if (!rc && f.st.rc) {
		rc = f.st.rc;
		*e = f.st.err;
	}
	if (rc) { /* the statement in flight points at f */
		db_close(a->db);
		a->db = NULL;
	}
	return rc;
}

/* Only what changed is written. */
static void keep_file(struct auth *a, const struct auth_set *set)
{
	struct buf now;
	struct err e;

	buf_init(&now, (size_t)128 << 20);
	auth_set_print(set, &now);
	if (buf_ok(&now) && a->kept.p && a->kept.len == now.len &&
	    !memcmp(a->kept.p, now.p, now.len)) {
		buf_release(&now);
		return;
	}
	(void)mkdir(a->home, 0700);
	if (auth_file_write(a->path, set, &e)) {
		log_line(LOG_WARN, "auth", "the file of keys is not written",
			 "detail=%s", log_quote(e.msg));
		buf_release(&now);
		return;
	}
	buf_release(&a->kept);
	a->kept = now;
}

static void look(struct auth *a)
{
	struct auth_set *set = auth_set_new(), *old;
	struct err e = {"", ""};
	enum rc rc = fetch_keys(a, set, &e);

	if (rc) {
		auth_set_free(set);
		if (!a->down && !stopping(a))
			log_line(LOG_WARN, "auth", "keys cannot be read",
				 "detail=%s", log_quote(e.msg));
		a->down = true;
		return;
	}
	if (a->down)
		log_line(LOG_INFO, "auth", "keys are read again", "keys=%zu",
			 auth_set_size(set));
	a->down = false;
	keep_file(a, set);
	pthread_mutex_lock(&a->lock);
	old = a->set;
	a->set = set;
	pthread_mutex_unlock(&a->lock);
	auth_set_free(old);
}

/* With the lock held; until the condition is signalled, at most so long. */
static void sleep_ms(struct auth *a, int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / MS_PER_SEC;
	t.tv_nsec += ms % MS_PER_SEC * NS_PER_MS;
	if (t.tv_nsec >= MS_PER_SEC * NS_PER_MS) {
		t.tv_sec++;
		t.tv_nsec -= MS_PER_SEC * NS_PER_MS;
	}
	pthread_cond_timedwait(&a->cond, &a->lock, &t);
}

static void pause_between(struct auth *a, int64_t since_us)
{
	for (;;) {
		int64_t ms = (clock_mono_us() - since_us) / 1000;
		int least = a->hurry ? HURRY_MS : REFRESH_MS;

		if (a->stop || ms >= least)
			break;
		sleep_ms(a, (int)(least - ms));
	}
	a->hurry = false;
}

static void *run(void *arg)
{
	struct auth *a = arg;

	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		int64_t since_us = clock_mono_us();

		pthread_mutex_unlock(&a->lock);
		look(a);
		pthread_mutex_lock(&a->lock);
		a->looks++;
		pthread_cond_broadcast(&a->cond);
		pause_between(a, since_us);
	}
	pthread_mutex_unlock(&a->lock);
	db_close(a->db);
	buf_release(&a->kept);
	return NULL;
}

/* ---- opening and closing ---- */

static void init_lock(struct auth *a)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->cond, &attr);
	pthread_condattr_destroy(&attr);
}

/* Signals are the loop's. */
static enum rc start_thread(struct auth *a, struct err *e)
{
	sigset_t all, before;
	int bad;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bad = pthread_create(&a->thread, NULL, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (bad)
		return err_set(e, RC_DOWN, "no thread for the keys: %s",
			       strerror(bad));
	a->running = true;
	return RC_OK;
}

static void wait_first(struct auth *a)
{
	int64_t until_us = clock_mono_us() + FIRST_MS * 1000;

	pthread_mutex_lock(&a->lock);
	while (!a->looks) {
		int64_t left = (until_us - clock_mono_us()) / 1000;

		if (left <= 0)
			break;
		sleep_ms(a, (int)left);
	}
	pthread_mutex_unlock(&a->lock);
}

enum rc auth_open(struct auth **out, const struct conf *conf, const char *url,
		  struct err *e)
{
	struct auth *a = xcalloc(1, sizeof(*a));
	struct err why;
	enum rc rc;

	*out = NULL;
	init_lock(a);
	a->mode = !strcmp(conf->keys, "off")        ? AUTH_OFF
		  : !strcmp(conf->keys, "required") ? AUTH_REQUIRED
						    : AUTH_AUTO;
	a->url = xstrdup(url);
	a->home = xstrdup(conf->home);
	a->path = xasprintf("%s/keys", conf->home);
	if (a->mode == AUTH_OFF) {
		*out = a;
		return RC_OK;
	}
	if (auth_file_read(a->path, &a->set, &why))
		log_line(LOG_WARN, "auth", "the file of keys is not used",
			 "detail=%s", log_quote(why.msg));
	rc = start_thread(a, e);
	if (rc) {
		auth_close(a);
		return rc;
	}
	wait_first(a);
	*out = a;
	return RC_OK;
}

void auth_close(struct auth *a)
{
	struct timespec t;

	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
	if (a->running) {
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec += JOIN_MS / MS_PER_SEC;
		/* Stuck in connecting: it keeps what it stands on. */
		if (pthread_timedjoin_np(a->thread, NULL, &t))
			return;
	}
	auth_set_free(a->set);
	pthread_cond_destroy(&a->cond);
	pthread_mutex_destroy(&a->lock);
	free(a->url);
	free(a->home);
	free(a->path);
	free(a);
}

static void hurry(struct auth *a)
{
	a->hurry = true;
	pthread_cond_broadcast(&a->cond);
}

void auth_reload(struct auth *a)
{
	pthread_mutex_lock(&a->lock);
	hurry(a);
	pthread_mutex_unlock(&a->lock);
}

/* ---- looking up ---- */

static char *put(char *to, struct str *out, struct str s)
{
	*out = STR_NONE;
	if (!s.len)
		return to;
	memcpy(to, s.p, s.len);
	*out = (struct str){to, s.len};
	return to + s.len;
}

static struct auth_key *copy_key(const struct auth_entry *k)
{
	size_t n = k->name.len + k->team.len + k->class_name.len;
	struct auth_key *c = xcalloc(1, sizeof(*c) + n + 1);
	char *at = (char *)(c + 1);

	at = put(at, &c->name, k->name);
	at = put(at, &c->team, k->team);
	put(at, &c->class_name, k->class_name);
	c->role = k->role;
	return c;
}

int auth_check(struct auth *a, const struct auth_ask *ask,
	       struct auth_key **key, struct err *e)
{
	const struct auth_entry *k;
	int status;

	*key = NULL;
	pthread_mutex_lock(&a->lock);
	status = auth_decide(a->mode, a->set, ask, clock_now_us(), &k, e);
	if (k)
		*key = copy_key(k);
	if (status == 401 || status == 503) /* perhaps it is brand-new */
		hurry(a);
	pthread_mutex_unlock(&a->lock);
	return status;
}

void auth_release(struct auth_key *key)
{
	free(key);
}
