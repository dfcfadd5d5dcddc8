/* The price book: every version of every price, in memory, and how a model's
 * name as a client spells it finds its row. Names match exactly, after the
 * provider's prefix, dates and suffixes are taken off as the provider itself
 * spells them, or by the shipped match rules; never by a mere prefix. Of the
 * rows of a model that fit the time, the last in (id) order wins. */
#ifndef ACO_PRICE_H
#define ACO_PRICE_H

#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct db;
struct price_book;

/* The shipped table, without a database: ids are 1..n in file order, as a
 * fresh database numbers them. */
enum rc price_book_builtin(struct price_book **out, struct err *e) MUST_CHECK;
/* Every row of the `price` table. */
enum rc price_book_load(struct price_book **out, struct db *db, struct err *e)
	MUST_CHECK;
void price_book_free(struct price_book *b);

/* Put the shipped table's rows, which are not there yet, into `price`; run
 * after every migration. Idempotent. */
enum rc price_seed(struct db *db, struct err *e) MUST_CHECK;

/* Canonical provider ("google" for gcp.gemini, vertex_ai, ...); the text of an
 * unknown one, lower-cased, lives in `buf`. */
struct str price_provider(struct str provider, char *buf, size_t size);

/* The provider a bare model name belongs to, or STR_NONE: for senders that do
 * not name one. */
struct str price_provider_of_model(const struct price_book *b,
	struct str model);

/* Tier 1..5 of a model by the five bands of blended price, 0 when unpriced. */
int price_default_tier(const struct price_book *b, struct str provider,
	struct str model);

#endif
