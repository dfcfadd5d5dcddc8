/* A small table of the ledger (keys, models) as a worker's loop has it in
 * memory. A thread of its own asks for changes each second, on a connection of
 * its own; what it found last also lies in a file of ACO_HOME (mode 0600), so
 * that a start with the database away knows it. The loop sees whole states only
 * and never waits for one: each is made by the thread and handed over. */
#ifndef ACO_TABLE_COPY_H
#define ACO_TABLE_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/base/buf.h"
#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/db.h"

struct conf;
struct table_copy;

struct table_kind {
	const char *name; /* "keys": of the file, of the connection, in the log
			   */
	size_t file_max;  /* bytes */
	/* On the thread, with table_ask(): the table as a new state in *out;
	 * NULL: nothing has changed (table_same() may tell). */
	enum rc (*read)(struct table_copy *t, void *arg, void **out,
			struct err *e);
	/* The file's content; and a state made of it, at start. */
	void (*print)(const void *state, struct buf *out);
	enum rc (*parse)(void **out, struct str text, struct err *e);
	void (*drop)(void *state);
};

/* Reads the file, starts the thread and gives it a second to read the table.
 * kind and arg must live until the end. */
enum rc table_copy_open(struct table_copy **out, const struct table_kind *kind,
			void *arg, const struct conf *conf, const char *url,
			struct err *e) MUST_CHECK;
/* NULL is fine. False: the thread is stuck in connecting, and keeps what it
 * stands on: arg may not be freed. */
bool table_copy_close(struct table_copy *t);
/* Look now, though not more often than five times a second. From any thread. */
void table_copy_hurry(struct table_copy *t);
/* The newest state, borrowed until the next call; NULL: none was ever read.
 * Only from one thread. */
void *table_copy_now(struct table_copy *t);

/* ---- for read(), on the thread ---- */
/* One statement without parameters. */
enum rc table_ask(struct table_copy *t, const struct sql_stmt *q,
		  db_done_fn *done, void *arg, struct err *e) MUST_CHECK;
struct db *table_db(struct table_copy *t); /* after table_ask() was RC_OK */
/* Whether it prints as what was read last did. */
bool table_same(struct table_copy *t, const void *state);

/* ---- the file ---- */
/* RC_OK with nothing added: there is none. RC_DENIED: others may write to it.
 */
enum rc table_file_read(const char *path, struct buf *out,
			struct err *e) MUST_CHECK;

#endif
