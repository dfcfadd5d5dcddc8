#include "tui/data.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/cluster.h"
#include "ledger/migrate.h"

#define BACKOFF_MIN_US (250 * 1000)
#define BACKOFF_MAX_US (5 * US_PER_SEC)

/* What a thread does for us. Both sides hold it; the one that lets go last
 * frees it. */
struct job {
	atomic_int holders;
	atomic_bool ready;
	int wake; /* eventfd; belongs to the job */
	char *url;
	bool want_book; /* else: a connection */

	/* the result, valid once ready */
	enum rc rc;
	struct err err;
	struct db *db;
	struct price_book *book;
};

struct data {
	enum data_state state;
	char *url;
	struct db *db;
	struct job *connect; /* in CONNECTING */
	struct err err;
	int64_t down_since_us;
	int64_t retry_at_us;
	int64_t backoff_us;

	struct job *reading; /* the price table */
	struct price_book *book;
	bool book_failed; /* not asked again on this connection */

	db_each_fn *each;
	db_done_fn *done;
	void *arg;
};

/* ---- jobs ---- */

static void job_drop(struct job *j)
{
	if (atomic_fetch_sub(&j->holders, 1) > 1)
		return;
	db_close(j->db);
	price_book_free(j->book);
	close(j->wake);
	free(j->url);
	free(j);
}

static void job_work(struct job *j)
{
	j->rc = db_open(&j->db, j->url, "top", &j->err);
	if (j->rc == RC_OK)
		j->rc = migrate_check(j->db, &j->err);
	if (j->rc == RC_OK && j->want_book)
		j->rc = price_book_load(&j->book, j->db, &j->err);
	if (j->rc != RC_OK || j->want_book) {
		db_close(j->db);
		j->db = NULL;
	}
}

static void *job_main(void *arg)
{
	struct job *j = arg;
	uint64_t one = 1;

	job_work(j);
	atomic_store(&j->ready, true);
	if (write(j->wake, &one, sizeof(one)) < 0)
		BUG("cannot wake the screen");
	job_drop(j);
	return NULL;
}

/* The thread takes no signals, those are for the screen; but a crash in it
 * must find the handler that gives the terminal back. */
static struct job *job_start(const char *url, bool want_book)
{
	struct job *j = xcalloc(1, sizeof(*j));
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;

	atomic_init(&j->holders, 2);
	j->url = xstrdup(url);
	j->want_book = want_book;
	j->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->wake < 0)
		BUG("no file descriptor left");
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, job_main, j))
		BUG("cannot start a thread");
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return j;
}

static bool job_ready(const struct job *j)
{
	return j && atomic_load(&j->ready);
}

/* ---- states ---- */

static void set_state(struct data *d, enum data_state to)
{
	static const unsigned from[] = {
		[DATA_CONNECTING] = 1u << DATA_WAITING,
		[DATA_READY] = 1u << DATA_CONNECTING,
		[DATA_WAITING] = 1u << DATA_CONNECTING | 1u << DATA_READY,
	};

	if (!(from[to] & 1u << d->state))
		BUG("impossible change of the dashboard's connection");
	d->state = to;
}

static void go_waiting(struct data *d, const struct err *why)
{
	int64_t now = clock_mono_us();

	db_close(d->db);
	d->db = NULL;
	d->err = *why;
	if (d->down_since_us == 0)
		d->down_since_us = now;
	d->retry_at_us = now + d->backoff_us;
	d->backoff_us *= 2;
	if (d->backoff_us > BACKOFF_MAX_US)
		d->backoff_us = BACKOFF_MAX_US;
	set_state(d, DATA_WAITING);
}

static void go_connecting(struct data *d)
{
	set_state(d, DATA_CONNECTING);
	d->connect = job_start(d->url, false);
}

static void on_connected(struct data *d)
{
	struct job *j = d->connect;

	d->connect = NULL;
	if (j->rc != RC_OK) {
		go_waiting(d, &j->err);
	} else {
		d->db = j->db;
		j->db = NULL;
		d->err = (struct err){"", ""};
		d->down_since_us = 0;
		d->backoff_us = BACKOFF_MIN_US;
		d->book_failed = false;
		set_state(d, DATA_READY);
	}
	job_drop(j);
}

static void on_book(struct data *d)
{
	struct job *j = d->reading;

	d->reading = NULL;
	d->book_failed = j->rc != RC_OK;
	price_book_free(d->book);
	d->book = j->book;
	j->book = NULL;
	job_drop(j);
}

enum rc data_new(struct data **out, const struct conf *conf, struct err *e)
{
	struct data *d;
	struct buf url;
	enum rc rc;

	*out = NULL;
	buf_init(&url, 1 << 16);
	rc = cluster_url(conf, &url, e);
	if (rc == RC_OK) {
		d = xcalloc(1, sizeof(*d));
		d->url = xstrdup(buf_str(&url));
		d->backoff_us = BACKOFF_MIN_US;
		d->state = DATA_CONNECTING;
		d->connect = job_start(d->url, false);
		*out = d;
	}
	buf_release(&url);
	return rc;
}

void data_free(struct data *d)
{
	if (!d)
		return;
	if (d->connect)
		job_drop(d->connect);
	if (d->reading)
		job_drop(d->reading);
	db_close(d->db);
	price_book_free(d->book);
	free(d->url);
	free(d);
}

/* ---- what others see ---- */

enum data_state data_state(const struct data *d)
{
	return d->state;
}

bool data_idle(const struct data *d)
{
	return d->state == DATA_READY && !db_busy(d->db);
}

const struct err *data_error(const struct data *d)
{
	return &d->err;
}

int64_t data_down_since_us(const struct data *d)
{
	return d->down_since_us;
}

int64_t data_retry_at_us(const struct data *d)
{
	return d->retry_at_us;
}

/* ---- statements ---- */

static void on_done(void *arg, const struct db_status *st,
		    const struct db_result *res)
{
	struct data *d = arg;

	d->done(d->arg, st, res);
}

enum rc data_start(struct data *d, const struct sql_stmt *stmt,
		   const struct db_args *args, db_done_fn *done, void *arg,
		   struct err *e)
{
	if (d->state != DATA_READY)
		return err_set(e, RC_DOWN, "not connected");
	d->done = done;
	d->arg = arg;
	/* A connection that turns out to be broken is given up in data_io():
	 * this may be called from one of its own callbacks. */
	return db_start(d->db, stmt, args, on_done, d, e);
}

static void on_each(void *arg, int i, const struct db_result *res)
{
	struct data *d = arg;

	d->each(d->arg, i, res);
}

enum rc data_start_many(struct data *d, const struct db_call *calls, int n,
			db_each_fn *each, db_done_fn *done, void *arg,
			struct err *e)
{
	if (d->state != DATA_READY)
		return err_set(e, RC_DOWN, "not connected");
	d->each = each;
	d->done = done;
	d->arg = arg;
	return db_start_many(d->db, calls, n, on_each, on_done, d, e);
}

void data_cancel(struct data *d)
{
	if (d->state == DATA_READY)
		db_cancel(d->db);
}

int data_poll(const struct data *d, struct pollfd *p)
{
	int n = 0;

	if (d->state == DATA_CONNECTING)
		p[n++] = (struct pollfd){d->connect->wake, POLLIN, 0};
	if (d->state == DATA_READY)
		p[n++] = (struct pollfd){db_fd(d->db), db_want(d->db), 0};
	if (d->reading)
		p[n++] = (struct pollfd){d->reading->wake, POLLIN, 0};
	return n;
}

/* A connection can end while nothing is asked of it; then poll says so and
 * libpq sees the end of the stream. */
static void database_io(struct data *d, const struct pollfd *p, int n)
{
	struct err why;

	for (int i = 0; i < n; i++)
		if (p[i].fd == db_fd(d->db) && p[i].revents)
			db_io(d->db, p[i].revents);
	if (d->state == DATA_READY && db_broken(d->db)) {
		err_set(&why, RC_DOWN,
			"the connection to the database is lost");
		go_waiting(d, &why);
	}
}

void data_io(struct data *d, const struct pollfd *p, int n)
{
	if (d->state == DATA_READY)
		database_io(d, p, n);
	if (d->state == DATA_CONNECTING && job_ready(d->connect))
		on_connected(d);
	if (job_ready(d->reading))
		on_book(d);
	if (d->state == DATA_WAITING && clock_mono_us() >= d->retry_at_us)
		go_connecting(d);
}

int data_timeout_ms(const struct data *d)
{
	int64_t left;

	if (d->state == DATA_READY && db_broken(d->db))
		return 0;
	if (d->state != DATA_WAITING)
		return -1;
	left = d->retry_at_us - clock_mono_us();
	return left <= 0 ? 0 : (int)(left / 1000) + 1;
}

const struct price_book *data_book(struct data *d)
{
	if (!d->book && !d->reading && !d->book_failed)
		d->reading = job_start(d->url, true);
	return d->book;
}

void data_drop_book(struct data *d)
{
	price_book_free(d->book);
	d->book = NULL;
	d->book_failed = false;
}

bool data_book_pending(const struct data *d)
{
	return !d->book && !d->book_failed;
}
