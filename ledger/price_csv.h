/* Reads price files (ledger/prices/README.md describes the columns). */
#ifndef ACO_PRICE_CSV_H
#define ACO_PRICE_CSV_H

#include "ledger/price.h"

/* Limits: a file of PRICE_CSV_MAX bytes, a line of PRICE_LINE_MAX. */
#define PRICE_CSV_MAX  ((size_t)64 << 20)
#define PRICE_LINE_MAX ((size_t)16 << 10)

/* Called for each row, in order; its strings live until the call returns.
 * The provider is canonical. `line` counts from 1. */
typedef enum rc price_csv_fn(void *arg, const struct price_row *row, int line,
			     struct err *e);

/* RC_BAD: "NAME:LINE: what is wrong"; rows before it were handed out. A call
 * that does not return RC_OK ends the reading, its message gets NAME:LINE. */
enum rc price_csv_read(struct str text, const char *name, price_csv_fn *fn,
		       void *arg, struct err *e) MUST_CHECK;

#endif
