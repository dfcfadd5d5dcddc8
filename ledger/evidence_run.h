/* Evidence of a run, step by step: what an agent did, whether that failed, and
 * how it went on. The ledger's steps, files of traces and the gateway all count
 * here, so that a model learns and sees the same figures. Nothing of what was
 * written or answered is looked at. */
#ifndef ACO_EVIDENCE_RUN_H
#define ACO_EVIDENCE_RUN_H

#include "ledger/base/str.h"
#include "ledger/event.h"

/* One turn of the agent. */
struct run_step {
	enum step_kind kind;
	bool kind_known; /* else `kind` says nothing */
	int failed;      /* 1: its tool or command failed, 0 no, -1 unknown */
	int repeated;    /* 1: the same tool and arguments as in the step
			    before, 0 no, -1 unknown */
	double tokens;   /* of output; below 0 or NaN: unknown */
};

/* What is kept of a run: small, plain data without pointers, so that it may
 * lie in a file or in shared memory. All zero: no step yet. */
struct evidence_run {
	uint32_t steps;
	uint32_t kinds, looked, edits, churn, verifies;
	uint32_t judged, failed, streak, longest; /* by `failed` */
	uint32_t compared, repeated;
	uint32_t counted; /* steps with tokens */
	uint32_t after;   /* 1: verified since the last edit */
	double tokens;
};

/* The next step. Counts stop at UINT32_MAX. */
void evidence_run_add(struct evidence_run *r, const struct run_step *s);

/* Set those values of v[EVIDENCE_N] that the steps tell; the others stay. A run
 * of one step is a reply and no run: it tells nothing. Shares are of the steps
 * of which it is known. */
void evidence_run_values(const struct evidence_run *r, float *v);

/* What EVIDENCE_RUN_ENDED is where a harness or a provider says how it ended
 * ("submitted", "end_turn", "LimitsExceeded", "submitted (exit_context)"):
 * whoever was cut off by a limit or an error did not end itself, whatever was
 * submitted for it. NaN: the word is not known, or says that tools are to be
 * called. */
float evidence_run_ended(struct str said);

/* True: some value of a run is known. */
bool evidence_run_known(const float *v, int n);

#endif
