/* The one way into the ledger: ledger_append() commits a batch whole, in one
 * transaction with its rollups, or not at all. The same batch again changes
 * nothing. A connection belongs to one writer; each writer holds a slot of the
 * rollups by advisory lock. How it works: append.c. */
#ifndef ACO_LEDGER_H
#define ACO_LEDGER_H

#include <stdint.h>

#include "ledger/base/conf.h"
#include "ledger/base/err.h"
#include "ledger/event.h"

struct db;
struct ledger;

struct ledger_counts {
	int64_t attempts_new;    /* rows that were not there */
	int64_t attempts_merged; /* rows that learnt something */
	int64_t attempts_same;   /* rows that were there already */
	int64_t tasks_new;
	int64_t outcomes_new, outcomes_same;
	int64_t trials_new, trials_changed, trials_same;
	int64_t decisions_new, decisions_same; /* same: or told better */
	int64_t dead;          /* refused by the database, now dead letters */
	int64_t unpriced;      /* among attempts_new */
	int64_t cost_new_pusd; /* of attempts_new that are priced; at most
				  INT64_MAX */
};

/* Open a writer on `url`: connects, checks the schema's version, loads prices
 * and names, takes a slot. */
enum rc ledger_open(struct ledger **out, const struct conf *conf,
		    const char *url, struct err *e) MUST_CHECK;
void ledger_close(struct ledger *l);

/* The same in two steps, for a writer that outlives its connections. `conf`
 * may change between batches. */
struct ledger *ledger_new(const struct conf *conf, const char *url);
/* Connect, anew if need be; a batch in flight is dropped, and its `done` not
 * called. Prices and names are read afresh. Each statement of it waits at most
 * 10 s, and less when `stop_fd` can be read (-1: none); connecting itself may
 * take 10 s for each host. RC_BAD: the URL, or the schema's version. */
enum rc ledger_reconnect(struct ledger *l, int stop_fd,
			 struct err *e) MUST_CHECK;
/* Give up the connection and the batch in flight; its `done` is not called. */
void ledger_cut(struct ledger *l);
/* Between batches: see prices that were imported since, and forget names (a
 * model's tier may have been set). One cheap statement when nothing is new. */
enum rc ledger_refresh(struct ledger *l, struct err *e) MUST_CHECK;
/* Between batches: give back the memory that the largest of them took. */
void ledger_trim(struct ledger *l);
/* Whether there is a connection that is not known to be lost. */
bool ledger_connected(const struct ledger *l);

/* ---- asynchronous: one batch in flight ---- */
typedef void ledger_done_fn(void *arg, enum rc rc, const struct err *e,
			    const struct ledger_counts *counts);
/* The batch is borrowed until done. RC_BUSY: one is in flight. */
enum rc ledger_append(struct ledger *l, const struct batch *b,
		      ledger_done_fn *done, void *arg,
		      struct err *e) MUST_CHECK;
int ledger_fd(const struct ledger *l);
short ledger_want(const struct ledger *l);
void ledger_io(struct ledger *l, short revents);

/* ---- blocking twin: append, and retry with jitter (reconnecting) what a
 * retry may mend, for at most conf->retry_seconds ---- */
enum rc ledger_append_wait(struct ledger *l, const struct batch *b,
			   struct ledger_counts *counts,
			   struct err *e) MUST_CHECK;

/* ---- rows that the database refused, of the last batch ---- */
struct ledger_refusal {
	size_t unit; /* attempts, outcomes, trials, decisions of the batch, in
			that order */
	const char *sqlstate, *reason; /* until the next batch */
};
/* The i-th, or false. */
bool ledger_refused(const struct ledger *l, size_t i,
		    struct ledger_refusal *out);
/* They are told by ledger_refused() alone, and no letter of them is kept. */
void ledger_no_letters(struct ledger *l, bool on);

struct db *ledger_db(struct ledger *l); /* for look-ups between batches */

#endif
