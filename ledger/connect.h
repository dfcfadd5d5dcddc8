/* What nearly every command begins with: to reach the ledger that the
 * configuration names. *out is NULL after a failure, and to be closed
 * otherwise. */
#ifndef ACO_CONNECT_H
#define ACO_CONNECT_H

#include "ledger/base/conf.h"
#include "ledger/base/err.h"
#include "ledger/db.h"
#include "ledger/ledger.h"

/* A connection to the database, whatever its schema. `name` is what the server
 * shows of us ("aco NAME"). */
enum rc connect_database(struct db **out, const struct conf *conf,
			 const char *name, struct err *e) MUST_CHECK;

/* The same; and the schema is the one that this program knows. */
enum rc connect_ledger(struct db **out, const struct conf *conf,
		       const char *name, struct err *e) MUST_CHECK;

/* A writer: ledger_open() there. Closed by ledger_close(). */
enum rc connect_writer(struct ledger **out, const struct conf *conf,
		       struct err *e) MUST_CHECK;

#endif
