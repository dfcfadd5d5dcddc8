#include "ledger/ledger.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/migrate.h"
#include "ledger/slot.h"
#include "ledger/writer.h"

#define ARGS_MAX  ((size_t)256 << 20)
#define COPY_MAX  ((size_t)512 << 20)
#define ATTRS_MAX ((size_t)512 << 20)

static enum rc connect_writer(struct ledger *l, struct err *e)
{
	enum rc rc;

	db_close(l->db);
	l->db = NULL;
	/* It need not be the server that it was: after a failover the ids of
	 * the last names may be others. */
	names_release(&l->names);
	map_clear(&l->days);
	l->n_day_list = 0;
	if ((rc = db_open(&l->db, l->url, "writer", e)) ||
	    (rc = migrate_check(l->db, e)) ||
	    (rc = slot_take(l->db, &l->slot, e))) {
		db_close(l->db);
		l->db = NULL;
		return rc;
	}
	return RC_OK;
}

enum rc ledger_open(struct ledger **out, const struct conf *conf,
		    const char *url, struct err *e)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	enum rc rc;

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
	if ((rc = connect_writer(l, e)) ||
	    (rc = price_book_load(&l->book, l->db, e))) {
		ledger_close(l);
		return rc;
	}
	*out = l;
	return RC_OK;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	db_close(l->db);
	price_book_free(l->book);
	names_release(&l->names);
	map_release(&l->days);
	map_release(&l->key_map);
	map_release(&l->step_map);
	map_release(&l->task_map);
	rollup_release(&l->rollup);
	arena_release(&l->arena);
	db_args_release(&l->args);
	buf_release(&l->copy);
	free(l->day_list);
	free(l->poison);
	free(l->refused);
	free(l->met);
	free(l->taken);
	free(l->lacking);
	free(l->hunt);
	free(l->rows);
	free(l->key_row);
	free(l->steps);
	free(l->tasks);
	free(l->old);
	free(l->hits);
	free(l->url);
	free(l);
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

const struct price_book *ledger_prices(const struct ledger *l)
{
	return l->book;
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

	if ((!l->db || db_broken(l->db)) && (rc = connect_writer(l, e)))
		return rc;
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
