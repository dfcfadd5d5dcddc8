/* The thread that keeps a worker's registry fresh. */
#include "ingest/gw_models.h"

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

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/db.h"

#define REFRESH_MS   1000
#define HURRY_MS     200
#define QUERY_MS     5000
#define FIRST_MS     1000 /* that gw_models_open waits */
#define JOIN_SECONDS 2
#define MS_PER_SEC   1000
#define NS_PER_MS    1000000L
#define FILE_MAX     ((size_t)16 << 20)

struct gw_models {
	char *url, *path;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool stop, hurry;
	int64_t looks;

	/* from the thread to the loop */
	_Atomic(struct gw_registry *) next;
	struct gw_registry *now; /* the loop's */

	/* the thread's own */
	struct db *db;
	struct buf kept;   /* the registry's text as it was read last */
	int64_t price_max; /* greatest id of the prices it has; -1: none */
	bool down;
};

/* ---- reading ---- */

static void read_row(struct gw_registry *r, const struct db_result *res,
		     int row)
{
	struct str bad, protocol = db_text(res, row, 3);
	struct gw_model m = {
		.provider = db_text(res, row, 0),
		.name = db_text(res, row, 1),
		.tier = (int)db_i64(res, row, 2),
		.upstream = db_text(res, row, 4),
		.can = db_text(res, row, 5).len
			       ? gw_can_parse(db_text(res, row, 5), &bad)
			       : gw_can_guess(db_text(res, row, 1)),
		.by_name_only = !db_bool(res, row, 6),
		.max_output = db_null(res, row, 7) ? 0 : db_i64(res, row, 7),
	};

	m.protocol = str_is(protocol, "anthropic") ||
				     (!protocol.len &&
				      str_is(m.provider, "anthropic"))
			     ? GW_ANTHROPIC
			     : GW_OPENAI;
	/* Without a price it has no tier of its own: the middle. */
	if (m.tier < 1 || m.tier > 5)
		m.tier = 3;
	gw_registry_add(r, &m);
}

struct fetch {
	struct gw_registry *reg; /* or NULL: a number is wanted */
	int64_t number;
	struct db_status st;
};

static void on_rows(void *arg, const struct db_status *st,
		    const struct db_result *res)
{
	struct fetch *f = arg;

	f->st = *st;
	if (st->rc || !res)
		return;
	if (!f->reg && db_rows(res))
		f->number = db_i64(res, 0, 0);
	for (int i = 0; f->reg && i < db_rows(res); i++)
		read_row(f->reg, res, i);
}

static bool stopping(struct gw_models *m)
{
	bool stop;

	pthread_mutex_lock(&m->lock);
	stop = m->stop;
	pthread_mutex_unlock(&m->lock);
	return stop;
}

static enum rc ask(struct gw_models *m, const struct sql_stmt *q,
		   struct fetch *f, struct err *e)
{
	enum rc rc = db_start(m->db, q, NULL, on_rows, f, e);

	if (rc)
		return rc;
	rc = RC_BUSY;
	/* In slices, so that a server that hangs does not hold up our end. */
	for (int ms = 0; rc == RC_BUSY && ms < QUERY_MS; ms += HURRY_MS) {
		if (stopping(m))
			break;
		rc = db_wait(m->db, HURRY_MS, e);
	}
	if (!rc && f->st.rc) {
		rc = f->st.rc;
		*e = f->st.err;
	}
	return rc;
}

static void cut(struct gw_models *m)
{
	db_close(m->db);
	m->db = NULL;
}

static enum rc fetch_all(struct gw_models *m, struct gw_registry *r,
			 int64_t *prices, struct err *e)
{
	struct fetch models = {.reg = r}, price = {.reg = NULL};
	enum rc rc = RC_OK;

	if (m->db && db_broken(m->db))
		cut(m);
	if (!m->db)
		rc = db_open(&m->db, m->url, "models", e);
	if (!rc)
		rc = ask(m, &sql_gw_models, &models, e);
	if (!rc)
		rc = ask(m, &sql_price_version, &price, e);
	if (rc)
		cut(m); /* what is in flight points at our stack */
	*prices = price.number;
	return rc;
}

/* ---- the file ---- */

static void write_file(const struct gw_models *m, const struct buf *text)
{
	char *tmp = xasprintf("%s.%ld", m->path, (long)getpid());
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 &&
		  write(fd, buf_str(text), text->len) == (ssize_t)text->len;

	if (fd >= 0)
		close(fd);
	if (!ok || rename(tmp, m->path)) {
		log_line(LOG_WARN, "models",
			 "the file of models is not written", "detail=%s",
			 log_quote(strerror(errno)));
		unlink(tmp);
	}
	free(tmp);
}

static struct gw_registry *read_file(const struct gw_models *m)
{
	int fd = open(m->path, O_RDONLY | O_CLOEXEC);
	struct gw_registry *r = NULL;
	struct err e;
	struct stat st;
	struct buf b;
	char *p;

	if (fd < 0)
		return NULL;
	buf_init(&b, FILE_MAX);
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (p = buf_reserve(&b, (size_t)st.st_size))) {
		ssize_t n = read(fd, p, (size_t)st.st_size);

		if (n > 0)
			buf_advance(&b, (size_t)n);
		if (gw_registry_parse(&r, (struct str){b.p, b.len}, &e)) {
			log_line(LOG_WARN, "models",
				 "the file of models is not used", "detail=%s",
				 log_quote(e.msg));
			r = NULL;
		}
	}
	close(fd);
	buf_release(&b);
	return r;
}

/* ---- the thread ---- */

static void hand_over(struct gw_models *m, struct gw_registry *r)
{
	gw_registry_drop(atomic_exchange(&m->next, r));
}

static void look(struct gw_models *m)
{
	struct gw_registry *r = gw_registry_new();
	struct price_book *book = NULL;
	struct err e = {"", ""};
	int64_t prices;
	struct buf now;
	enum rc rc = fetch_all(m, r, &prices, &e);
	bool same;

	buf_init(&now, FILE_MAX);
	gw_registry_print(r, &now);
	same = !rc && m->kept.len == now.len &&
	       !memcmp(buf_str(&m->kept), buf_str(&now), now.len);
	if (!rc && !(same && prices == m->price_max))
		rc = price_book_load(&book, m->db, &e);
	if (rc || !book) {
		if (rc && !m->down && !stopping(m))
			log_line(LOG_WARN, "models", "models cannot be read",
				 "detail=%s", log_quote(e.msg));
		m->down = rc != RC_OK;
		gw_registry_drop(r);
		buf_release(&now);
		return;
	}
	m->down = false;
	m->price_max = prices;
	if (!same)
		write_file(m, &now);
	buf_release(&m->kept);
	m->kept = now;
	gw_registry_price(r, book);
	hand_over(m, r);
}

static void sleep_ms(struct gw_models *m, int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / MS_PER_SEC;
	t.tv_nsec += ms % MS_PER_SEC * NS_PER_MS;
	if (t.tv_nsec >= MS_PER_SEC * NS_PER_MS) {
		t.tv_sec++;
		t.tv_nsec -= MS_PER_SEC * NS_PER_MS;
	}
	pthread_cond_timedwait(&m->cond, &m->lock, &t);
}

static void *run(void *arg)
{
	struct gw_models *m = arg;

	pthread_mutex_lock(&m->lock);
	while (!m->stop) {
		int64_t due = clock_mono_us() + REFRESH_MS * 1000, left;

		m->hurry = false;
		pthread_mutex_unlock(&m->lock);
		look(m);
		pthread_mutex_lock(&m->lock);
		m->looks++;
		pthread_cond_broadcast(&m->cond);
		while (!m->stop && !m->hurry &&
		       (left = (due - clock_mono_us()) / 1000) > 0)
			sleep_ms(m, left);
	}
	pthread_mutex_unlock(&m->lock);
	cut(m);
	buf_release(&m->kept);
	return NULL;
}

/* ---- opening and closing ---- */

static enum rc start_thread(struct gw_models *m, struct err *e)
{
	sigset_t all, before;
	int bad;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bad = pthread_create(&m->thread, NULL, run, m);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (bad)
		return err_set(e, RC_DOWN, "no thread for the models: %s",
			       strerror(bad));
	m->running = true;
	return RC_OK;
}

static void wait_first(struct gw_models *m)
{
	int64_t until = clock_mono_us() + FIRST_MS * 1000, left;

	pthread_mutex_lock(&m->lock);
	while (!m->looks && (left = (until - clock_mono_us()) / 1000) > 0)
		sleep_ms(m, left);
	pthread_mutex_unlock(&m->lock);
}

enum rc gw_models_open(struct gw_models **out, const struct conf *conf,
		       const char *url, struct err *e)
{
	struct gw_models *m = xcalloc(1, sizeof(*m));
	struct price_book *book = NULL;
	pthread_condattr_t attr;
	enum rc rc;

	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&m->cond, &attr);
	pthread_condattr_destroy(&attr);
	m->price_max = -1;
	buf_init(&m->kept, FILE_MAX);
	m->url = xstrdup(url);
	m->path = xasprintf("%s/models", conf->home);
	m->now = read_file(m);
	if (!m->now)
		m->now = gw_registry_new();
	rc = price_book_builtin(&book, e);
	if (!rc) {
		gw_registry_price(m->now, book);
		rc = start_thread(m, e);
	}
	if (rc) {
		gw_models_close(m);
		return rc;
	}
	wait_first(m);
	*out = m;
	return RC_OK;
}

void gw_models_close(struct gw_models *m)
{
	struct timespec t;

	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	m->stop = true;
	pthread_cond_broadcast(&m->cond);
	pthread_mutex_unlock(&m->lock);
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += JOIN_SECONDS;
	/* Stuck in connecting: it keeps what it stands on. */
	if (m->running && pthread_timedjoin_np(m->thread, NULL, &t))
		return;
	hand_over(m, NULL);
	gw_registry_drop(m->now);
	pthread_cond_destroy(&m->cond);
	pthread_mutex_destroy(&m->lock);
	buf_release(&m->kept);
	free(m->url);
	free(m->path);
	free(m);
}

void gw_models_reload(struct gw_models *m)
{
	pthread_mutex_lock(&m->lock);
	m->hurry = true;
	pthread_cond_broadcast(&m->cond);
	pthread_mutex_unlock(&m->lock);
}

struct gw_registry *gw_models_now(struct gw_models *m)
{
	struct gw_registry *next = NULL;

	if (atomic_load_explicit(&m->next, memory_order_relaxed))
		next = atomic_exchange(&m->next, NULL);
	if (next) {
		gw_registry_drop(m->now);
		m->now = next;
	}
	return m->now;
}
