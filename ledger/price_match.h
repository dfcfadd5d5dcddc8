/* The shipped match rules: which model of a provider another spelling means.
 * A rule chooses among models of its own provider only, and the first that
 * matches decides. Rules that look at a part of the name (starts_with,
 * contains) are held back where the rest of the name says that it is another
 * model: a further version ("-5" behind claude-sonnet-5), a size ("-lite"), a
 * modality ("-tts"). */
#ifndef ACO_PRICE_MATCH_H
#define ACO_PRICE_MATCH_H

#include "ledger/base/err.h"
#include "ledger/base/str.h"

struct price_rules;

enum rc price_rules_new(struct price_rules **out, struct str json,
			struct err *e) MUST_CHECK;
void price_rules_free(struct price_rules *r);

/* The id of the model that `name` means, or STR_NONE. */
struct str price_rules_model(const struct price_rules *r, struct str provider,
			     struct str name);
/* The provider whose models are named so, or STR_NONE. */
struct str price_rules_provider(const struct price_rules *r, struct str name);

#endif
