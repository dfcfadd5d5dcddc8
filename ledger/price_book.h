/* The inside of a price book, for the files price_*.c alone. */
#ifndef ACO_PRICE_BOOK_H
#define ACO_PRICE_BOOK_H

#include "ledger/base/arena.h"
#include "ledger/base/map.h"
#include "ledger/price.h"
#include "ledger/price_match.h"

/* A model: its rows are a list from the newest to the oldest. */
struct price_model {
	struct str provider, name; /* canonical; without provider's prefix */
	int32_t newest;            /* index of a row */
};

struct price_cache;
struct price_book {
	struct arena arena;
	struct price_row *rows;
	size_t n_rows, cap_rows;
	struct price_model *models;
	size_t n_models, cap_models;
	struct map by_name;
	struct price_rules *rules;
	struct price_cache *cache;
};

/* An empty book with the shipped rules. */
enum rc price_book_new(struct price_book **out, struct err *e) MUST_CHECK;
/* Adds a copy of the row; ids must ascend. RC_BAD: the book is full. */
enum rc price_book_add(struct price_book *b, const struct price_row *row,
		       struct err *e) MUST_CHECK;
/* The model of exactly that name, or NULL. */
const struct price_model *price_book_model(const struct price_book *b,
					   struct str provider,
					   struct str name);

/* ---- price_name.c ---- */

#define PRICE_NAME_MAX 256 /* bytes; longer names have no price */

/* The model's name without what stands in front for its provider: "openai/",
 * "models/", "us.anthropic." (which is a name of its own at aws). */
struct str price_strip_prefix(struct str provider, struct str model);
/* One suffix less: ":beta", "-v1:0", "@20250929", "-20250929", "-2025-08-07";
 * the same text when there is none. */
struct str price_strip_suffix(struct str model);
/* Whether the name is spelled as Bedrock does: [region.]publisher.model */
bool price_name_bedrock(struct str model);

/* ---- price_data.c ---- */

struct str price_data_csv(void);
struct str price_data_rules(void);

#endif
