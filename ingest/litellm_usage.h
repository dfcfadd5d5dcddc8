/* Token usage and model names as LiteLLM states them, which is how most
 * benchmark agents and its own logs do: OpenAI's field names, with Anthropic's
 * beside them, details that may be absent, null or in one of several places,
 * and a prompt count that includes what was read from and written to a cache
 * (in current versions). Not for bodies straight from a provider. */
#ifndef ACO_LITELLM_USAGE_H
#define ACO_LITELLM_USAGE_H

#include <stdbool.h>

#include "ledger/base/json.h"
#include "ledger/cost.h"
#include "ledger/event.h"

/* Where parts of one usage may stand: looked at in order, the first that has
 * a field wins. Any may be NULL. */
struct litellm_parts {
	const struct json *usage;      /* prompt_tokens ... */
	const struct json *details[3]; /* further objects with the rest */
};

/* The disjoint buckets, and how good they are:
 *   exact          cached tokens are spelled out (0 counts)
 *   cache_unknown  nothing is said about caching
 *   no_ttl_split   cache writes without their time to live, taken as 5 minutes
 *   inferred       counts that only fit when read in another way
 *   missing        neither prompt nor completion is given
 * A count that is negative, fractional or text sets *bad and counts as not
 * given. */
void litellm_usage(const struct litellm_parts *p, struct usage *out,
		   enum usage_quality *quality, bool *bad);

/* "anthropic/claude-x" is provider and model when the prefix is one of
 * LiteLLM's providers; "Qwen/Qwen3" is a model. provider absent: not said. */
void litellm_model(struct str full, struct str *provider, struct str *model);

/* The provider in the price table's spelling for names of calls
 * (callname_response): from `provider`, else from the bare model's name, else
 * "". */
const char *litellm_call_provider(struct str provider, struct str model);

#endif
