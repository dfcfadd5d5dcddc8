/* The usage object of Anthropic's Messages API, wherever it is met: responses,
 * stream events, transcripts. Its buckets are disjoint. */
#ifndef ACO_ANTHROPIC_USAGE_H
#define ACO_ANTHROPIC_USAGE_H

#include <stdbool.h>

#include "ledger/base/jpull.h"
#include "ledger/base/json.h"
#include "ledger/event.h"

/* Fill *u. Cache writes without the 5-minute and 1-hour figures, or the part
 * that these do not explain, count as 5 minutes (no_ttl_split). Entries of
 * `iterations` that compacted the context are not in the totals and are added;
 * those of other models are left out, since nothing says whether the totals
 * hold them (inferred). *bad: some count is negative or no whole number. */
enum usage_quality anthropic_usage(const struct json *usage, struct usage *u,
				   bool *bad);

/* The counts of one usage object or iteration, as it names them; USAGE_NONE:
 * not given. */
struct anthropic_counts {
	int64_t in, out, read, write, w5, w1, thinking, searches;
};

/* The same read piece by piece from a stream: message_start says it first,
 * each message_delta overwrites what it names and is not null. */
struct anthropic_said {
	struct anthropic_counts top;
	struct anthropic_counts more; /* of iterations that compacted */
	enum usage_quality more_quality;
	bool bad;
	bool fast;
	bool tier_said;
	struct str tier; /* borrowed from the last text read */
};
void anthropic_said_init(struct anthropic_said *s);
/* The reader stands at a usage object (anything else is skipped). */
void anthropic_said_read(struct anthropic_said *s, struct jpull *j);
enum usage_quality anthropic_said_usage(const struct anthropic_said *s,
					struct usage *u);

/* How the response says it was served: "fast" for speed, else service_tier;
 * absent: not said. Borrowed from the text of `usage`. */
struct str anthropic_tier(const struct json *usage);

#endif
