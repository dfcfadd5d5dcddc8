/* The usage object of Anthropic's Messages API, wherever it is met: responses,
 * stream events, transcripts. Its buckets are disjoint. */
#ifndef ACO_ANTHROPIC_USAGE_H
#define ACO_ANTHROPIC_USAGE_H

#include <stdbool.h>

#include "ledger/base/json.h"
#include "ledger/event.h"

/* Fill *u. Cache writes without the 5-minute and 1-hour figures, or the part
 * that these do not explain, count as 5 minutes (no_ttl_split). Entries of
 * `iterations` that compacted the context are not in the totals and are added;
 * those of other models are left out, since nothing says whether the totals
 * hold them (inferred). *bad: some count is negative or no whole number. */
enum usage_quality anthropic_usage(const struct json *usage, struct usage *u,
				   bool *bad);

/* How the response says it was served: "fast" for speed, else service_tier;
 * absent: not said. Borrowed from the text of `usage`. */
struct str anthropic_tier(const struct json *usage);

#endif
