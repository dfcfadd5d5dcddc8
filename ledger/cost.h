/* What one model call costs: disjoint token buckets times the price that was
 * valid when it started. Formula: the sum over buckets of tokens * price, in
 * femto-dollars, plus billed tools, with these rules: above the long-context
 * start (prompt_total > tier_start) the whole request takes the tier's prices;
 * a missing cache-read or 5-minute cache-write price is the input price; a
 * missing 1-hour price is twice the input price for Anthropic models and says
 * so; a reasoning price, where there is one, applies to the reasoning part of
 * the output; audio_out is not part of output, audio_in not of uncached_in. */
#ifndef ACO_COST_H
#define ACO_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/buf.h"
#include "ledger/base/str.h"

#define USAGE_NONE INT64_C(-1) /* the source did not say; costed as 0 */

enum usage_bucket {
	USAGE_UNCACHED_IN,
	USAGE_CACHE_READ,
	USAGE_CACHE_WRITE_5M,
	USAGE_CACHE_WRITE_1H,
	USAGE_OUTPUT,	 /* includes reasoning */
	USAGE_REASONING, /* a part of output */
	USAGE_AUDIO_IN,
	USAGE_AUDIO_OUT,
	USAGE_WEB_SEARCH,
	USAGE_OTHER_TOOLS,
	USAGE_N
};
extern const char *const usage_bucket_names[USAGE_N]; /* "uncached_in", ... */

struct usage {
	int64_t n[USAGE_N]; /* >= 0 or USAGE_NONE */
};
void usage_init(struct usage *u); /* all USAGE_NONE */
/* Whether input and output are both not reported. */
bool usage_missing(const struct usage *u);
/* uncached + cache read + cache writes: selects the long-context tier. */
int64_t usage_prompt_total(const struct usage *u);
/* All input and output tokens, reasoning counted once. */
int64_t usage_total(const struct usage *u);

struct price_book;
struct price_row;

enum cost_state {
	COST_PRICED,	  /* cost_pusd is exact */
	COST_NO_MODEL,	  /* no such model in the price table */
	COST_NO_PRICE,	  /* the model is there, but a price that is needed is
			     not (batch, flex, a date before its first row) */
	COST_NO_USAGE,	  /* tokens not reported: not 0, not known */
	COST_OVERFLOW,
};
const char *cost_state_text(enum cost_state s); /* a person's words */

struct cost {
	enum cost_state state;
	int64_t cost_pusd;	/* MONEY_NONE unless COST_PRICED */
	int32_t price_id;	/* 0 = none */
	const struct price_row *row; /* NULL = none; borrowed from the book */
	bool long_context;	/* the tier's prices were used */
	bool assumed_1h;	/* 1-hour price assumed */
};

/* How a call was billed, beside its tokens. */
struct cost_context {
	struct str provider;	 /* any spelling; normalised here; "" = by model */
	struct str model;	 /* as the provider named it */
	int64_t started_us;	 /* TIME_NONE: the newest price */
	struct str service_tier; /* as the response says: "", default, standard,
				    batch, flex, priority, fast, ... */
};
void cost_compute(const struct price_book *book, const struct cost_context *c,
	const struct usage *u, struct cost *out);

/* The arithmetic as text, a line a term and a total:
 *   uncached_in        350 x $3 /Mtok        = $0.00105  */
void cost_explain(const struct cost_context *c, const struct usage *u,
	const struct cost *k, struct buf *out);

#endif
