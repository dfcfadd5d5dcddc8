/* Verdicts as result files state them: a number, a boolean or a text. */
#ifndef ACO_VERDICT_H
#define ACO_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/json.h"

/* Success in millionths: true is 1, false is 0, a number from 0 to 1 is taken
 * exactly from its decimal text (rounded half-even at the sixth decimal), as
 * is a string of one. False for anything else: null, below 0, above 1. */
bool verdict_micro(const struct json *v, int32_t *micro);

/* The name at the head of a message such as "ValueError: bad x" or
 * "AgentStuckInLoop at step 3": letters, digits and "_.-", at most 64 bytes;
 * "error" when the text does not begin with one. Never free text. */
struct str verdict_error(struct str text);

/* A status that its tool chose from a list ("submitted (exit_cost)"): as it
 * is up to 64 bytes in one line, else its head as above. Absent stays so. */
struct str verdict_status(struct str text);

#endif
