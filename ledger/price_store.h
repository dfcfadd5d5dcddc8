/* Price rows in the database: written in file order, never changed. */
#ifndef ACO_PRICE_STORE_H
#define ACO_PRICE_STORE_H

#include "ledger/price.h"

/* Within a transaction, with the table locked (price_store_begin): adds the
 * rows in this order. Their ids are not used. */
enum rc price_store_add(struct db *db, const struct price_row *const *rows,
			size_t n, struct err *e) MUST_CHECK;

/* Open a transaction in which no one else writes prices, and read them all. */
enum rc price_store_begin(struct db *db, struct price_book **now,
			  struct err *e) MUST_CHECK;
/* Commit when rc is RC_OK, else roll back; the result, or rc. */
enum rc price_store_end(struct db *db, enum rc rc, struct err *e) MUST_CHECK;

#endif
