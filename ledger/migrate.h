/* The schema's versions: sql/migrations, forward only, each in a transaction,
 * with checksums, under an advisory lock. */
#ifndef ACO_MIGRATE_H
#define ACO_MIGRATE_H

#include "ledger/base/err.h"

struct db;

/* Bring the database to this program's version, with the prices that it ships;
 * *applied may be NULL. A changed checksum of an applied file, or a database
 * newer than the program, is RC_BAD with advice. */
enum rc migrate_up(struct db *db, int *applied, struct err *e) MUST_CHECK;
/* RC_OK when the schema is exactly the one this program knows; RC_BAD with
 * advice (run aco up / install a newer aco) otherwise. Two statements. */
enum rc migrate_check(struct db *db, struct err *e) MUST_CHECK;

#endif
