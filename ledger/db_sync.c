/* The blocking twins: the asynchronous calls, and poll(). */
#include "ledger/db_int.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

enum rc db_wait(struct db *db, int timeout_ms, struct err *e)
{
	int64_t until = clock_mono_us() + (int64_t)timeout_ms * 1000;

	while (db_busy(db)) {
		struct pollfd p = {.fd = db_fd(db), .events = db_want(db)};
		int64_t left = (until - clock_mono_us() + 999) / 1000;
		int n;

		if (timeout_ms >= 0 && left <= 0) {
			err_set(e, RC_BUSY,
				"the database has not answered in "
				"%d ms",
				timeout_ms);
			return RC_BUSY;
		}
		n = poll(&p, 1, timeout_ms < 0 ? -1 : (int)left);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			BUG("poll refuses a connection");
		if (n > 0)
			db_io(db, p.revents);
	}
	return RC_OK;
}

/* Whether the owner wants to stop. */
static bool told_to_stop(const struct db *db)
{
	struct pollfd p = {.fd = db_stop_fd(db), .events = POLLIN};

	return p.fd >= 0 && poll(&p, 1, 0) > 0;
}

/* Within the connection's limits; beyond, it is given up. */
static enum rc wait_limited(struct db *db, struct err *e)
{
	int64_t from = clock_mono_us();
	int limit = db_timeout_ms(db), stop = db_stop_fd(db);

	if (limit < 0 && stop < 0)
		return db_wait(db, -1, e);
	while (db_busy(db)) {
		struct pollfd p[2] = {{.fd = db_fd(db), .events = db_want(db)},
				      {.fd = stop, .events = POLLIN}};
		int64_t spent = (clock_mono_us() - from) / 1000;
		int n;

		if (told_to_stop(db) || (limit >= 0 && spent >= limit)) {
			db_abandon(db, limit >= 0 && spent >= limit
					       ? "no answer in time"
					       : "told to stop");
			break;
		}
		n = poll(p, stop < 0 ? 1 : 2,
			 limit < 0 ? -1 : (int)(limit - spent));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			BUG("poll refuses a connection");
		if (n > 0 && p[0].revents)
			db_io(db, p[0].revents);
	}
	return RC_OK;
}

struct waiter {
	struct db *db;
	struct db_status st;
	struct db_result *res;
};

static void on_done(void *arg, const struct db_status *st,
		    const struct db_result *res)
{
	struct waiter *w = arg;

	(void)res;
	w->st = *st;
	w->res = db_result_take(w->db);
}

/* `started` is what db_start said. */
static enum rc await(struct waiter *w, enum rc started, struct db_status *st,
		     struct db_result **res, struct err *e)
{
	enum rc rc = started ? started : wait_limited(w->db, e);

	if (!rc) {
		rc = w->st.rc;
		if (rc && e)
			*e = w->st.err;
	} else {
		w->st.rc = rc;
		if (e)
			w->st.err = *e;
	}
	if (st)
		*st = w->st;
	if (res && !rc)
		*res = w->res;
	else
		db_result_free(w->res);
	return rc;
}

enum rc db_run(struct db *db, const struct sql_stmt *stmt,
	       const struct db_args *args, struct db_result **res,
	       struct db_status *st, struct err *e)
{
	struct waiter w = {.db = db};

	if (res)
		*res = NULL;
	return await(&w, db_start(db, stmt, args, on_done, &w, e), st, res, e);
}

enum rc db_run_copy(struct db *db, const struct sql_stmt *stmt,
		    const struct buf *data, struct db_status *st, struct err *e)
{
	struct waiter w = {.db = db};

	return await(&w, db_start_copy(db, stmt, data, on_done, &w, e), st,
		     NULL, e);
}

enum rc db_stream(struct db *db, const struct sql_stmt *stmt,
		  const struct db_args *args, db_row_fn *row, void *arg,
		  struct err *e)
{
	struct waiter w = {.db = db};

	return await(&w,
		     db_start_rows(db, stmt, args, row, arg, on_done, &w, e),
		     NULL, NULL, e);
}

enum rc db_script(struct db *db, const char *sql, struct err *e)
{
	struct waiter w = {.db = db};

	return await(&w, db_start_script(db, sql, on_done, &w, e), NULL, NULL,
		     e);
}
