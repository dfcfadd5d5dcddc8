/* What was seen of one reply, and of the run that it ends, as numbers: the
 * gateway fills them in, the router's accept model reads them, the ledger keeps
 * those of a reply with the attempt (attempt.evidence); those of a run are made
 * from its steps (evidence_run.h). The order is part of stored rows and of
 * bundles: values are only ever added, at the end. NaN: not known. */
#ifndef ACO_EVIDENCE_H
#define ACO_EVIDENCE_H

enum evidence {
	EVIDENCE_FINISH,         /* enum evidence_finish */
	EVIDENCE_REFUSAL,        /* 1: the model refused, else 0 */
	EVIDENCE_TOOL_JSON,      /* share of tool calls with valid JSON */
	EVIDENCE_SCHEMA,         /* share of outputs valid by their schema, or
				    as JSON where JSON was asked for */
	EVIDENCE_LOGPROB_MEAN,   /* of the output tokens; natural log */
	EVIDENCE_LOGPROB_MIN,    /* the least of them */
	EVIDENCE_LOGPROB_P10,    /* their 10th percentile */
	EVIDENCE_ENTROPY_MEAN,   /* of the top log-probabilities, in nats */
	EVIDENCE_ENTROPY_MAX,    /* the greatest of a token */
	EVIDENCE_DOUBTFUL,       /* share of tokens with p < 0.5 */
	EVIDENCE_LOGPROB_TOKENS, /* tokens that came with log-probabilities */
	EVIDENCE_OUTPUT_TOKENS,
	EVIDENCE_OUTPUT_BYTES,
	EVIDENCE_REPEATED,  /* 1: the output repeats itself, else 0 */
	EVIDENCE_LATENCY_S, /* from the request to its last byte, seconds */
	EVIDENCE_AGREEMENT, /* share of samples that agree with this one */

	/* Of a whole run of an agent: known when it has ended. */
	EVIDENCE_RUN_STEPS,         /* turns that it took */
	EVIDENCE_RUN_LOOKED,        /* share of them that search or read */
	EVIDENCE_RUN_FAILED,        /* share whose tool or command failed */
	EVIDENCE_RUN_FAILED_STREAK, /* most failed ones in a row */
	EVIDENCE_RUN_REPEATED,      /* share that do what the one before did */
	EVIDENCE_RUN_EDITS,         /* steps that edit */
	EVIDENCE_RUN_CHURN,         /* times that it went back to editing after
				       it had verified */
	EVIDENCE_RUN_VERIFIES,      /* steps that verify: tests, builds */
	EVIDENCE_RUN_VERIFIED_LAST, /* 1: the last edit was verified, 0: it was
				       not; NaN: nothing was edited */
	EVIDENCE_RUN_ENDED,         /* 1: the agent ended it itself, 0: a limit
				       or an error did */
	EVIDENCE_RUN_PATCH_TOKENS,  /* of what it changed, about */
	EVIDENCE_RUN_STEP_TOKENS,   /* output tokens a step */
	EVIDENCE_RUN_TOOL_S,        /* seconds spent in its tools */
	EVIDENCE_N
};

#define EVIDENCE_RUN EVIDENCE_RUN_STEPS /* the first of a run's */

/* Values of EVIDENCE_FINISH. */
enum evidence_finish {
	FINISH_STOP,
	FINISH_TOOL_CALLS,
	FINISH_LENGTH,
	FINISH_FILTERED, /* content filter, refusal */
	FINISH_ERROR,
	FINISH_OTHER,
	FINISH_N
};

/* "finish", "refusal", "tool_json", ...: as they are called in JSON. */
extern const char *const evidence_names[EVIDENCE_N];

#endif
