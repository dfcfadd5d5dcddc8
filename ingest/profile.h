/* What a sender's counts mean: whether "input" includes what was read from and
 * written to a cache, and whether "output" includes the reasoning. One table
 * of senders, then arithmetic where the counts themselves say more. */
#ifndef ACO_PROFILE_H
#define ACO_PROFILE_H

#include "ingest/facts.h"
#include "ledger/event.h"

struct price_book;

/* Who said it. */
struct teller {
	struct str scope, version;
	struct str provider; /* in the spelling of the price table, or absent */
	struct str model;
	bool disjoint;   /* by its format: Langfuse's usage_details */
	bool no_caching; /* embeddings: nothing is cached */
	int64_t at_us;   /* for the price row */
};

/* Into disjoint buckets. Quality: missing without input and output; else
 * no_ttl_split for cache writes of Anthropic's models whose time to live is
 * not told (they count as 5 minutes); cache_unknown when reads are not told, or
 * writes although the model has a price for them; inferred when the counts
 * contradict the table; exact. `book` may be NULL: no model has a price for
 * writes. */
enum usage_quality profile_usage(const struct facts *f, const struct teller *t,
				 const struct price_book *book,
				 struct usage *out);

#endif
