/* The dashboard's own connection to the ledger: opened by a thread, because
 * connecting may take seconds and keys must not wait; then driven
 * asynchronously by whoever polls. A connection that is lost is opened again,
 * at growing intervals, until it is there.
 *
 *	CONNECTING --opened--> READY <--> busy with one statement
 *	CONNECTING --refused--> WAITING --back-off over--> CONNECTING
 *	READY --lost--> WAITING */
#ifndef ACO_TUI_DATA_H
#define ACO_TUI_DATA_H

#include <poll.h>
#include <stdbool.h>

#include "ledger/base/conf.h"
#include "ledger/base/err.h"
#include "ledger/db.h"
#include "ledger/price.h"

enum data_state {
	DATA_CONNECTING,
	DATA_READY,
	DATA_WAITING
};

struct data;

/* Starts to connect at once. The URL is that of cluster_url(). */
enum rc data_new(struct data **out, const struct conf *conf,
		 struct err *e) MUST_CHECK;
/* Does not wait for a thread that is still connecting. */
void data_free(struct data *d);

enum data_state data_state(const struct data *d);
bool data_idle(const struct data *d); /* READY and no statement in flight */
/* Why there is no connection; empty before the first failure. */
const struct err *data_error(const struct data *d);
/* When the connection was lost, or the first attempt to get one failed
 * (clock_mono_us()); 0 while all is well. */
int64_t data_down_since_us(const struct data *d);
/* When the next attempt is made, in WAITING. */
int64_t data_retry_at_us(const struct data *d);

/* Run one statement; `done` is called from data_io(), also when it fails, and
 * may start the next one. */
enum rc data_start(struct data *d, const struct sql_stmt *stmt,
		   const struct db_args *args, db_done_fn *done, void *arg,
		   struct err *e) MUST_CHECK;
/* Several at once (db_start_many()); `each` and `done` are called from
 * data_io(). */
enum rc data_start_many(struct data *d, const struct db_call *calls, int n,
			db_each_fn *each, db_done_fn *done, void *arg,
			struct err *e) MUST_CHECK;
/* Ask the server to stop what is in flight. */
void data_cancel(struct data *d);

/* What to poll for, at most DATA_FDS; and what to do with the answer. Call
 * data_io() too when data_timeout_ms() has passed. */
#define DATA_FDS 2
int data_poll(const struct data *d, struct pollfd *p);
void data_io(struct data *d, const struct pollfd *p, int n);
int data_timeout_ms(const struct data *d); /* -1: nothing to wait for */

/* The price table. Reading it is begun by the first call, on a connection of
 * its own; NULL until it is there. After data_drop_book() it is read anew. */
const struct price_book *data_book(struct data *d);
void data_drop_book(struct data *d);
/* Whether a call of data_book() might still bring it. */
bool data_book_pending(const struct data *d);

#endif
