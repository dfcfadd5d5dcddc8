/* What nearly every command begins with. */
#ifndef ACO_CONNECT_H
#define ACO_CONNECT_H

#include "ledger/base/conf.h"
#include "ledger/base/err.h"
#include "ledger/db.h"

/* A connection to the ledger of the configuration, whose schema is the one that
 * this program knows. `name` is what the server shows of us ("aco NAME"). *out
 * is NULL after a failure, and to be closed otherwise. */
enum rc connect_ledger(struct db **out, const struct conf *conf,
		       const char *name, struct err *e) MUST_CHECK;

#endif
