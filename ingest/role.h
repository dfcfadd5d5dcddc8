/* What a span is: a model call, which bills, or something around one. Decided
 * by what it says of itself, never by its name. */
#ifndef ACO_ROLE_H
#define ACO_ROLE_H

#include "ingest/facts.h"

enum role {
	ROLE_NONE, /* something else: HTTP, databases, functions */
	ROLE_CALL, /* a model call */
	ROLE_EMBEDDING,
	ROLE_AGENT,    /* an agent's run: its usage is a sum */
	ROLE_WORKFLOW, /* the same, one higher */
	ROLE_STEP,     /* one turn with its calls and tools */
	ROLE_TOOL,
	ROLE_JUDGE,   /* an evaluation */
	ROLE_PENDING, /* a placeholder that its real span will replace */
	ROLE_N
};

static inline bool role_bills(enum role r)
{
	return r == ROLE_CALL || r == ROLE_EMBEDDING;
}

enum role role_of(const struct facts *f);

#endif
