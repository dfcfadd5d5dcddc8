/* Rules that give a task its class, from the configuration:
 *
 *   class_rules = coding: service=claude-code | support: agent=help*, team=cs
 *
 * Rules are tried in order; all conditions of a rule must hold. A condition is
 * FIELD=PATTERN with '*' for any run of characters; fields are agent, team,
 * service, sender, model, tool, user, and any attribute of the resource by its
 * full name (deployment.environment=prod). Shipped rules come after those and
 * guess (CLASS_GUESSED). */
#ifndef ACO_CLASS_RULE_H
#define ACO_CLASS_RULE_H

#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/event.h"

struct class_rules;

enum rc class_rules_parse(struct class_rules **out, const char *text,
			  struct err *e) MUST_CHECK;
void class_rules_free(struct class_rules *r);

/* The value of a field of the thing at hand; absent: it has none. */
typedef struct str class_fact_fn(const void *arg, struct str field);
/* The class that the rules give, with who said so; absent: none. */
struct str class_rules_match(const struct class_rules *r, class_fact_fn *fact,
			     const void *arg, enum class_rank *rank);

#endif
