/* The price book: every version of every price, in memory, and how a model's
 * name as a client spells it finds its row. Names match exactly, after the
 * provider's prefix, dates and suffixes are taken off as the provider itself
 * spells them, or by the shipped match rules; never by a mere prefix. Of the
 * rows of a model that fit the time, the last in (id) order wins.
 *
 * A book does not change after it was made, but it remembers the names that
 * it resolved: a book belongs to one thread at a time. */
#ifndef ACO_PRICE_H
#define ACO_PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct db;
struct price_book;

/* ---- rows ---- */

#define PRICE_NO_DATE INT32_MIN

/* Numbers of a row; price_cols says how each is written. */
enum price_col {
	PRICE_INPUT,
	PRICE_OUTPUT,
	PRICE_CACHE_READ,
	PRICE_CACHE_WRITE_5M,
	PRICE_CACHE_WRITE_1H,
	PRICE_REASONING,
	PRICE_AUDIO_IN,
	PRICE_AUDIO_OUT,
	PRICE_TIER_START, /* the tier's prices apply above so many tokens */
	PRICE_TIER_INPUT,
	PRICE_TIER_OUTPUT,
	PRICE_TIER_CACHE_READ,
	PRICE_TIER_CACHE_WRITE_5M,
	PRICE_TIER_CACHE_WRITE_1H,
	PRICE_BATCH_INPUT,
	PRICE_BATCH_OUTPUT,
	PRICE_FLEX_INPUT,
	PRICE_FLEX_OUTPUT,
	PRICE_FLEX_CACHE_READ,
	PRICE_PRIORITY_INPUT,
	PRICE_PRIORITY_OUTPUT,
	PRICE_PRIORITY_CACHE_READ,
	PRICE_PER_REQUEST, /* pico-dollars */
	PRICE_WEB_SEARCH,  /* pico-dollars of one search */
	PRICE_CONTEXT_WINDOW,
	PRICE_MAX_OUTPUT,
	PRICE_COLS
};

enum price_unit {
	PRICE_MTOK, /* USD per Mtok in files, femto-dollars a token here */
	PRICE_USD,  /* USD in files, pico-dollars here */
	PRICE_USD_PER_1K, /* USD per 1,000 in files, pico-dollars of one here */
	PRICE_TOKENS,
};

extern const struct price_col_info {
	const char *name; /* column of price files and key in JSON */
	enum price_unit unit;
} price_cols[PRICE_COLS];

struct price_row {
	int32_t id;          /* of the table `price`; order of validity */
	int32_t older;       /* index of the model's row before, or -1 */
	int32_t source_date; /* day or PRICE_NO_DATE */
	int32_t valid_from;  /* first day or PRICE_NO_DATE: since ever */
	int32_t window_from, window_to; /* seconds of the UTC day, end not
					   included; -1: all day */
	struct str source, provider, model, mode, utc_window, deprecated;
	int64_t v[PRICE_COLS]; /* >= 0, or MONEY_NONE: not known */
};
/* No strings, no dates, no prices. */
void price_row_init(struct price_row *r);
/* "00:30:00Z-16:30:00Z" into the row's window; "" is all day. */
bool price_row_window(struct price_row *r, struct str text);
/* The number as price files write it, "" when not known; buf has MONEY_TEXT
 * bytes. */
char *price_format(const struct price_row *r, enum price_col col, char *buf);

/* ---- books ---- */

/* The shipped table, without a database: ids are 1..n in file order, as a
 * fresh database numbers them. */
enum rc price_book_builtin(struct price_book **out, struct err *e) MUST_CHECK;
/* Every row of the `price` table. */
enum rc price_book_load(struct price_book **out, struct db *db,
			struct err *e) MUST_CHECK;
/* A price file in memory, ids 1..n; `name` is for messages. */
enum rc price_book_csv(struct price_book **out, struct str csv,
		       const char *name, struct err *e) MUST_CHECK;
void price_book_free(struct price_book *b);

/* All rows, ascending by id. */
const struct price_row *price_book_rows(const struct price_book *b, size_t *n);

/* Put the shipped table's rows, which are not there yet, into `price`; run
 * after every migration. Idempotent. A model whose newest price was imported
 * from another source keeps it: a newer aco does not overrule a contract. */
enum rc price_seed(struct db *db, struct err *e) MUST_CHECK;

/* ---- names ---- */

#define PRICE_PROVIDER_MAX 64

/* Canonical provider ("google" for gcp.gemini, vertex_ai, ...); the text of an
 * unknown one, lower-cased, lives in `buf`. */
struct str price_provider(struct str provider, char *buf, size_t size);

/* Whether that canonical name is one of those that this program knows: a name
 * that a sender made up ("my-proxy") is not, and its models have no price. */
bool price_provider_known(struct str canonical);

/* The provider a bare model name belongs to, or STR_NONE: for senders that do
 * not name one. "openai/gpt-5" says it itself. */
struct str price_provider_of_model(const struct price_book *b,
				   struct str model);

enum price_how {
	PRICE_UNKNOWN,  /* no such model */
	PRICE_EXACT,    /* the very name */
	PRICE_STRIPPED, /* after taking off prefix, date or suffix */
	PRICE_RULE,     /* by a shipped match rule */
};
struct price_found {
	struct str provider; /* canonical; lives until the next look-up */
	enum price_how how;
	const struct price_row *newest; /* the model's last row, NULL = none */
	const struct price_row *row; /* the one that fits the time, or NULL */
};
/* `at_us` TIME_NONE: the newest price that is valid today and all day. True
 * when f->row is not NULL. */
bool price_find(const struct price_book *b, struct str provider,
		struct str model, int64_t at_us, struct price_found *f);

/* Tier 1..5 of a model by the five bands of blended price, 0 when unpriced.
 * Blended: three parts input, one part output, by the newest price that is
 * valid today. The bands are the quintiles of the 506 models that the shipped
 * table of 2026-09-23 priced then: up to $0.20, $0.70, $1.7625 and $6 per
 * Mtok, and above. They are constants: importing prices does not move them. */
int price_default_tier(const struct price_book *b, struct str provider,
		       struct str model);

#endif
