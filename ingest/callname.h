/* The names of calls, built in one place, so that a transcript, an OTLP log, a
 * span and the gateway arrive at the same key for the same call.
 *
 * Ids that a provider makes unique ("msg_01XFDUDYJgAACzvnptvVoYEL") name a
 * call wherever they are seen. Ids that recur ("chatcmpl-1", "req_fake": small
 * servers and mocks) name it only within one session of one sender. */
#ifndef ACO_CALLNAME_H
#define ACO_CALLNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/str.h"
#include "ledger/base/uuid.h"
#include "ledger/cost.h"

/* Whether an id is unique by construction: after a prefix of lower-case
 * letters ("msg_", "chatcmpl-") it has at least 16 letters and digits, both
 * kinds, at least six of them different. */
bool callname_unique(struct str id);

/* Ids that look unique but stand in the documentation of providers, so that
 * mocks and recorded answers give them to one call after the other. */
bool callname_sample(struct str id);

/* A response's id, `provider` in the spelling of the price table ("anthropic",
 * "openai", "google"). */
struct uuid callname_response(const char *provider, struct str sender,
			      struct str session, struct str id);
/* A request's id as the client or provider numbers it (Claude Code:
 * requestId, in transcripts and in api_request events). */
struct uuid callname_request(struct str sender, struct str session,
			     struct str id);
/* A span, by its ids in lower-case hex, 32 and 16 digits. */
struct uuid callname_span(struct str trace_hex, struct str span_hex);
/* An id that a client sent with its request; what it sent again under the
 * same id is another attempt (from 1). */
struct uuid callname_client(struct str sender, struct str session,
			    struct str id, int attempt_no);
/* A line, message or record of one session that has no id of the provider. */
struct uuid callname_line(struct str sender, struct str session,
			  struct str name);
/* For senders that number calls in one signal and not in the other (Codex,
 * Gemini CLI): the conversation, the token vector (whole prompt, cache read,
 * output with reasoning) and the minute in which the call ended. Two names,
 * in minutes that are half a minute apart: reports of one call that differ by
 * at most 30 s share one. Returns how many names: 2, or 0 without usage or
 * time. */
int callname_vector(struct str sender, struct str session,
		    const struct usage *u, int64_t ended_us,
		    struct uuid out[2]);

#endif
