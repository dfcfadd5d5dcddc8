/* Rules that give a task its class, from the configuration:
 *
 *   class_rules = coding: service=claude-code | support: agent=help*, team=cs
 *
 * Rules are tried in order; all conditions of a rule must hold. A condition is
 * FIELD=PATTERN with '*' for any run of characters, in any case of letters;
 * fields are agent, team, service, sender, model, tool, user, text, and any
 * attribute of the resource by its full name (deployment.environment=prod).
 * What a thing does not have, no pattern matches. A backslash takes the next
 * character as it is (\, \| \* \\).
 *
 * Shipped rules come after those and guess (CLASS_GUESSED), from the sender,
 * the tool and the text alone: see class_guess.c. */
#ifndef ACO_CLASS_RULE_H
#define ACO_CLASS_RULE_H

#include "ledger/base/err.h"
#include "ledger/base/str.h"
#include "ledger/event.h"

struct class_rules;

/* RC_BAD: msg says which rule and at which byte, and what is wrong there. The
 * empty text is no rules. */
enum rc class_rules_parse(struct class_rules **out, const char *text,
			  struct err *e) MUST_CHECK;
void class_rules_free(struct class_rules *r); /* NULL is fine */
/* The class of rule i, from 0; absent behind the last. r NULL: no rules. */
struct str class_rules_name(const struct class_rules *r, size_t i);

/* The value of a field of the thing at hand; absent: it has none. "text" is
 * what a person or program asked for, of which the beginning is enough. */
typedef struct str class_fact_fn(const void *arg, struct str field);
/* The class that the rules give, with who said so; absent: none, and *rank is
 * CLASS_NOBODY. Lives as long as the rules. r NULL: only the shipped ones. */
struct str class_rules_match(const struct class_rules *r, class_fact_fn *fact,
			     const void *arg, enum class_rank *rank);

/* The shipped rules alone; absent: no guess. The text is static. */
struct str class_guess(class_fact_fn *fact, const void *arg);
/* The same from a text alone. */
struct str class_guess_text(struct str text);

/* Whether all of `s` matches a pattern: '*' is any run of characters, a
 * backslash takes the next one as it is, ASCII letters match in any case. */
bool class_pattern_match(struct str pattern, struct str s);

#endif
