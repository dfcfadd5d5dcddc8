/* The names of calls, built in one place, so that a transcript, an OTLP log, a
 * span and the gateway arrive at the same key for the same call.
 *
 * Ids that a provider makes unique ("msg_01XFDUDYJgAACzvnptvVoYEL") name a
 * call wherever they are seen. Ids that recur ("chatcmpl-1", "req_fake": small
 * servers and mocks) name it only within one session of one sender. */
#ifndef ACO_CALLNAME_H
#define ACO_CALLNAME_H

#include <stdbool.h>

#include "ledger/base/str.h"
#include "ledger/base/uuid.h"

/* Whether an id is unique by construction: after a prefix that ends in the
 * last '_' or '-' (hyphens of a UUID aside) it has at least 16 letters or
 * digits, letters and digits both, not all alike. */
bool callname_unique(struct str id);

/* A response's id, `provider` in the spelling of the price table ("anthropic",
 * "openai", "google"). */
struct uuid callname_response(const char *provider, struct str sender,
	struct str session, struct str id);
/* A request's id as the client or provider numbers it (Claude Code:
 * requestId, in transcripts and in api_request events). */
struct uuid callname_request(struct str sender, struct str session,
	struct str id);
/* A line, message or record of one session that has no id of the provider. */
struct uuid callname_line(struct str sender, struct str session,
	struct str name);

#endif
