/* One line of our own format for verdicts on (task, model[, run]), described by
 * ingest/outcomes.schema.json: what `aco import outcomes` and the router read.
 *
 * The identity of a trial is source, task_id, model, agent and whatever tells
 * repeats apart: run, trial, attempt, seed, strategy and agent_version, as far
 * as they are given. Prompts are handed over for their hash and features and
 * are not part of the trial; of steps[] only evidence is made
 * (outcome_evidence.h); fields that are not in the table are passed over. */
#ifndef ACO_OUTCOME_LINE_H
#define ACO_OUTCOME_LINE_H

#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/buf.h"
#include "ledger/base/json.h"
#include "ledger/event.h"

enum outcomes_use {
	OUTCOMES_HEAD,   /* a column of `trial` */
	OUTCOMES_REPEAT, /* tells repeats of a trial apart: a part of `run` */
	OUTCOMES_FACT,   /* kept in attrs */
	OUTCOMES_READ,   /* read for something else, not kept itself */
};

struct outcomes_field {
	const char *name;
	enum outcomes_use use;
};
/* Every field that is looked at; the name is NULL after the last. */
extern const struct outcomes_field outcomes_fields[];

#define OUTCOMES_FIELDS 55
#define OUTCOMES_SLOTS  256 /* a power of two, more than twice as many */

struct outcome_reader {
	struct arena *a;   /* for texts; its owner clears it between lines */
	struct str prompt; /* of the line read last; absent: none */
	/* Private: members of the line in the order of the table (NULL:
	 * absent), rows of the table by hash of the name (0: none). */
	const struct json *v[OUTCOMES_FIELDS];
	uint8_t slots[OUTCOMES_SLOTS];
	struct buf facts;
	float evidence[EVIDENCE_N];
};
void outcome_reader_init(struct outcome_reader *o, struct arena *a);
void outcome_reader_release(struct outcome_reader *o);

/* Read a line into a trial, whose texts last as long as the line, the arena
 * and the next call; features and prompt_hash stay absent. NULL, or what is
 * wrong with it. */
const char *outcome_read(struct outcome_reader *o, const struct json *line,
			 struct ev_trial *t);

#endif
