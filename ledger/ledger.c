#include "ledger/ledger.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gen/sql.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/migrate.h"
#include "ledger/slot.h"
#include "ledger/writer.h"

#define ARGS_MAX  ((size_t)256 << 20)
#define COPY_MAX  ((size_t)512 << 20)
#define ATTRS_MAX ((size_t)512 << 20)

#define ANSWER_MS 10000

static void forget_names(struct ledger *l)
{
	names_release(&l->names);
	map_clear(&l->days);
	l->n_day_list = 0;
}

static enum rc price_version(struct ledger *l, int64_t *version, struct err *e)
{
	struct db_result *r = NULL;
	enum rc rc = db_run(l->db, &sql_price_version, NULL, &r, NULL, e);

	if (rc == RC_OK)
		*version = db_i64(r, 0, 0);
	db_result_free(r);
	return rc;
}

/* The version is asked for first: what is written in between is loaded now,
 * and once more at the next refresh. */
static enum rc load_prices(struct ledger *l, struct err *e)
{
	struct price_book *book = NULL;
	int64_t version = -1;
	enum rc rc = price_version(l, &version, e);

	if (rc || (l->book && version == l->price_version))
		return rc;
	if ((rc = price_book_load(&book, l->db, e)))
		return rc;
	price_book_free(l->book);
	l->book = book;
	l->price_version = version;
	return RC_OK;
}

void ledger_cut(struct ledger *l)
{
	db_close(l->db);
	l->db = NULL;
	l->state = W_IDLE;
	l->b = NULL;
}

enum rc ledger_reconnect(struct ledger *l, int stop_fd, struct err *e)
{
	enum rc rc;

	ledger_cut(l);
	/* It need not be the server that it was: after a failover the ids of
	 * the last names and prices may be others. */
	forget_names(l);
	price_book_free(l->book);
	l->book = NULL;
	if ((rc = db_open(&l->db, l->url, "writer", e)))
		return rc;
	db_limit(l->db, ANSWER_MS, stop_fd);
	if ((rc = db_run(l->db, &sql_append_session, NULL, NULL, NULL, e)) ||
	    (rc = migrate_check(l->db, e)) ||
	    (rc = slot_take(l->db, &l->slot, e)) || (rc = load_prices(l, e))) {
		ledger_cut(l);
		return rc;
	}
	return RC_OK;
}

enum rc ledger_refresh(struct ledger *l, struct err *e)
{
	if (l->state != W_IDLE)
		return err_set(e, RC_BUSY, "a batch is in flight");
	if (!ledger_connected(l))
		return err_set(e, RC_DOWN, "the database is not connected");
	forget_names(l);
	return load_prices(l, e);
}

struct ledger *ledger_new(const struct conf *conf, const char *url)
{
	struct ledger *l = xcalloc(1, sizeof(*l));

	l->conf = conf;
	l->url = xstrdup(url);
	names_init(&l->names);
	map_init(&l->days);
	map_init(&l->key_map);
	map_init(&l->step_map);
	map_init(&l->task_map);
	rollup_init(&l->rollup);
	arena_init(&l->arena, ATTRS_MAX);
	db_args_init(&l->args, ARGS_MAX);
	buf_init(&l->copy, COPY_MAX);
	return l;
}

enum rc ledger_open(struct ledger **out, const struct conf *conf,
		    const char *url, struct err *e)
{
	struct ledger *l = ledger_new(conf, url);
	enum rc rc = ledger_reconnect(l, -1, e);

	if (rc) {
		ledger_close(l);
		return rc;
	}
	db_limit(l->db, -1, -1);
	*out = l;
	return RC_OK;
}

/* Frees *array; what counted its elements and its room becomes 0. */
static void drop(void *array, size_t *n, size_t *cap)
{
	void *p;

	/* Points to a pointer of any type: go through bytes, as xgrow. */
	memcpy(&p, array, sizeof(p));
	free(p);
	p = NULL;
	memcpy(array, &p, sizeof(p));
	if (n)
		*n = 0;
	if (cap)
		*cap = 0;
}

void ledger_trim(struct ledger *l)
{
	if (l->state != W_IDLE)
		return;
	drop(&l->poison, &l->n_poison, &l->cap_poison);
	drop(&l->refused, NULL, &l->cap_refused);
	drop(&l->met, &l->n_met, &l->cap_met);
	drop(&l->taken, &l->n_taken, &l->cap_taken);
	drop(&l->lacking, &l->n_lacking, &l->cap_lacking);
	drop(&l->hunt, &l->n_hunt, &l->cap_hunt);
	drop(&l->rows, &l->n_rows, &l->cap_rows);
	drop(&l->key_row, &l->n_keys, &l->cap_keys);
	drop(&l->steps, &l->n_steps, &l->cap_steps);
	drop(&l->tasks, &l->n_tasks, &l->cap_tasks);
	drop(&l->old, &l->n_old, &l->cap_old);
	drop(&l->hits, &l->n_hits, &l->cap_hits);
	map_release(&l->key_map);
	map_release(&l->step_map);
	map_release(&l->task_map);
	rollup_release(&l->rollup);
	arena_release(&l->arena);
	db_args_release(&l->args);
	db_args_init(&l->args, ARGS_MAX);
	buf_release(&l->copy);
	buf_init(&l->copy, COPY_MAX);
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	ledger_cut(l);
	ledger_trim(l);
	price_book_free(l->book);
	names_release(&l->names);
	map_release(&l->days);
	free(l->day_list);
	free(l->url);
	free(l);
}

bool ledger_connected(const struct ledger *l)
{
	return l->db && !db_broken(l->db);
}

int ledger_fd(const struct ledger *l)
{
	return l->db ? db_fd(l->db) : -1;
}

short ledger_want(const struct ledger *l)
{
	return l->db ? db_want(l->db) : 0;
}

void ledger_io(struct ledger *l, short revents)
{
	if (l->db)
		db_io(l->db, revents);
}

struct db *ledger_db(struct ledger *l)
{
	return l->db;
}

/* ---- the blocking twin ---- */

struct waiting {
	bool done;
	enum rc rc;
	struct err err;
	struct ledger_counts counts;
};

static void wait_done(void *arg, enum rc rc, const struct err *e,
		      const struct ledger_counts *counts)
{
	struct waiting *w = arg;

	*w = (struct waiting){true, rc, *e, *counts};
}

static enum rc append_once(struct ledger *l, const struct batch *b,
			   struct ledger_counts *counts, struct err *e)
{
	struct waiting w = {0};
	enum rc rc;

	if (!ledger_connected(l)) {
		if ((rc = ledger_reconnect(l, -1, e)))
			return rc;
		db_limit(l->db, -1, -1);
	}
	if ((rc = ledger_append(l, b, wait_done, &w, e)))
		return rc;
	while (!w.done) {
		struct pollfd p = {.fd = ledger_fd(l),
				   .events = ledger_want(l)};

		if (poll(&p, 1, 1000) > 0)
			ledger_io(l, p.revents);
	}
	if (counts)
		*counts = w.counts;
	if (w.rc && e)
		*e = w.err;
	return w.rc;
}

static void sleep_ms(int64_t ms)
{
	struct timespec t = {ms / 1000, (ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

enum rc ledger_append_wait(struct ledger *l, const struct batch *b,
			   struct ledger_counts *counts, struct err *e)
{
	int64_t until = clock_mono_us() + l->conf->retry_seconds * US_PER_SEC;
	int64_t ms = 50;

	for (;;) {
		enum rc rc = append_once(l, b, counts, e);

		if (rc != RC_DOWN && rc != RC_BUSY)
			return rc;
		if (clock_mono_us() + ms * 1000 > until)
			return rc;
		log_line(LOG_WARN, "ledger", "append will be tried again",
			 "reason=%s", e ? log_quote(e->msg) : "-");
		/* Jitter from the clock: writers must not retry in step. */
		sleep_ms(ms / 2 + clock_mono_us() % (ms / 2));
		if (ms < 5000)
			ms *= 2;
	}
}
