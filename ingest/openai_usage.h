/* The usage object of OpenAI's interfaces and of those who speak like them,
 * read from bodies straight from a provider (litellm_usage.h is for what
 * benchmark agents write). Its prompt includes what was read from and written
 * to a cache; its completion includes reasoning, but for xAI. */
#ifndef ACO_OPENAI_USAGE_H
#define ACO_OPENAI_USAGE_H

#include <stdbool.h>

#include "ledger/base/jpull.h"
#include "ledger/cost.h"
#include "ledger/event.h"

/* As they are named, whatever was said last; USAGE_NONE: not said. */
struct openai_counts {
	int64_t prompt, completion, total, cached, written, audio_in;
	int64_t reasoning, audio_out, searches;
	int64_t cost_pusd; /* of OpenRouter; MONEY_NONE */
	bool seen;         /* an object with a count came */
	bool bad;          /* a count was negative or no whole number */
};
void openai_counts_init(struct openai_counts *c);
/* The reader stands at a usage object; null and anything else is skipped.
 * What it names and is not null overwrites. True: it was an object. */
bool openai_counts_read(struct openai_counts *c, struct jpull *j);
/* The disjoint buckets:
 *   exact          cached tokens are spelled out; no word about writes: none
 *   cache_unknown  nothing is said about caching
 *   inferred       counts that only fit when read in another way
 *   missing        neither prompt nor completion is given
 * Writes have one price and count as those of 5 minutes. */
enum usage_quality openai_usage(const struct openai_counts *c, struct usage *u);

#endif
