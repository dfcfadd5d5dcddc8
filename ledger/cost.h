/* What one model call costs: disjoint token buckets times the price that was
 * valid when it started. Formula: the sum over buckets of tokens * price, in
 * femto-dollars, plus billed tools, with these rules: above the long-context
 * start (prompt_total > tier_start) the whole request takes the tier's prices;
 * a missing cache-read or 5-minute cache-write price is the input price; a
 * missing 1-hour price is twice the input price for Anthropic models and says
 * so; a reasoning price, where there is one, applies to the reasoning part of
 * the output; audio_out is not part of output, audio_in not of uncached_in, and
 * audio without a price of its own costs what text costs. A tier that lacks a
 * price which the standard row has (a flat cache-read price) takes that one.
 * Tokens and searches that are not there need no price.
 *
 * Service tiers, by the response's word: "", default, standard, auto,
 * on_demand and null are standard. batch, flex and priority have columns of
 * their own: a bucket that has none there is priced at that tier's input (or
 * output) price only where the standard row has no separate price either;
 * otherwise, and above the long-context start, there is no price. Batches at
 * Anthropic without batch columns cost half of every token price, as its price
 * list says; searches are not discounted. fast is the model NAME-fast if the
 * table has one. Anything else has no price.
 *
 * other_tools has no price in any table: it is counted, not priced. */
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
	USAGE_OUTPUT,    /* includes reasoning */
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
/* uncached + cache read + cache writes: selects the long-context tier. Sums
 * that int64 does not hold are INT64_MAX. */
int64_t usage_prompt_total(const struct usage *u);
/* All input and output tokens, reasoning counted once. */
int64_t usage_total(const struct usage *u);

struct price_book;
struct price_row;

enum cost_state {
	COST_PRICED,   /* cost_pusd is exact */
	COST_NO_MODEL, /* no such model in the price table */
	COST_NO_PRICE, /* the model is there, but a price that is needed is
			  not (batch, flex, a date before its first row) */
	COST_NO_USAGE, /* tokens not reported: not 0, not known */
	COST_OVERFLOW,
};
const char *cost_state_text(enum cost_state s); /* a person's words */

struct cost {
	enum cost_state state;
	int64_t cost_pusd;           /* MONEY_NONE unless COST_PRICED */
	int32_t price_id;            /* 0 = none */
	const struct price_row *row; /* NULL = none; borrowed from the book */
	bool long_context;           /* the tier's prices were used */
	bool assumed_1h;             /* 1-hour price assumed */
	const char *reason;          /* why it is not priced, "" when it is */
};

/* How a call was billed, beside its tokens. */
struct cost_context {
	struct str provider; /* any spelling; normalised here; "" = by model */
	struct str model;    /* as the provider named it */
	int64_t started_us;  /* TIME_NONE: the newest price */
	struct str service_tier; /* as the response says: "", default, standard,
				    batch, flex, priority, fast, ... */
	bool aggregate; /* the sum of several calls: long-context prices, which
			   go by the length of one prompt, do not apply */
};
void cost_compute(const struct price_book *book, const struct cost_context *c,
		  const struct usage *u, struct cost *out);

/* One summand. */
struct cost_term {
	const char *name; /* of usage_bucket_names; "per_request"; "text" is
			     the output without reasoning */
	int64_t count;
	int64_t price;      /* femto-dollars a token, or see per_use */
	bool per_use;       /* price is pico-dollars a use */
	bool halved;        /* and half of it counts */
	const char *note;   /* where the price is from if not its column, "" */
	__int128 half_fusd; /* exact amount in half femto-dollars */
};
#define COST_TERMS_MAX 16
/* The summands of k, which cost_compute() made from c and u; 0 unless priced.
 * Their sum / 2000, rounded half-even, is k->cost_pusd. */
int cost_terms(const struct cost_context *c, const struct usage *u,
	       const struct cost *k, struct cost_term terms[COST_TERMS_MAX]);
/* A term's amount as exact USD; buf has MONEY_TEXT bytes. */
char *cost_term_format(const struct cost_term *t, char *buf);

/* The arithmetic as text, a line a term and a total:
 *   uncached_in             350 x $3 /Mtok            = $0.00105
 * or the reason why there is no price. */
void cost_explain(const struct cost_context *c, const struct usage *u,
		  const struct cost *k, struct buf *out);

#endif
