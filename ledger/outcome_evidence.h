/* What a line of outcomes (outcome_line.h) tells of the reply, and of the run
 * that it is the verdict on, as evidence:
 *
 *   evidence     an object of values by their names (evidence.h); these count
 *                before everything else
 *   steps        an array of turns. Of each: kind (ours, or search read
 *                reproduce edit verify failed run write_script ...); or tool
 *                (a name, or names) and command, by which the kind is told as
 *                for the ledger's steps; failed, returncode or tool_error;
 *                arguments or command, by which repeats are known;
 *                output_tokens
 *   exit_status  how the run ended; steps_n or api_calls, patch_tokens,
 *                tool_seconds, output_tokens, total_tokens, latency_s,
 *                duration_s and log-probabilities as outcomes.schema.json has
 *                them
 *
 * Anything that is not as said here tells nothing; no line is refused for it.
 * Commands and arguments are compared and let go. */
#ifndef ACO_OUTCOME_EVIDENCE_H
#define ACO_OUTCOME_EVIDENCE_H

#include "ledger/base/arena.h"
#include "ledger/base/json.h"
#include "ledger/evidence.h"

/* Fills v[EVIDENCE_N], NaN what is not known; false: nothing is. The arena
 * takes texts for the time of the call. */
bool outcome_evidence(const struct json *line, struct arena *a, float *v);

#endif
