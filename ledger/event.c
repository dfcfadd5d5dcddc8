#include "ledger/event.h"

#include <math.h>

#include "ledger/base/clock.h"
#include "ledger/batch.h"
#include "ledger/hash.h"
#include "ledger/money.h"

const char *const step_kind_names[STEP_KIND_N] = {
	"plan",    "search", "read",        "edit",
	"execute", "verify", "communicate", "other"};
const char *const attempt_status_names[ATTEMPT_STATUS_N] = {
	"ok", "error", "aborted", "refused"};
const char *const usage_quality_names[QUALITY_N] = {
	"exact",     "inferred",  "no_ttl_split", "cache_unknown",
	"estimated", "aggregate", "missing"};

const char *const evidence_names[EVIDENCE_N] = {"finish",
						"refusal",
						"tool_json",
						"schema",
						"logprob_mean",
						"logprob_min",
						"logprob_p10",
						"entropy_mean",
						"entropy_max",
						"doubtful",
						"logprob_tokens",
						"output_tokens",
						"output_bytes",
						"repeated",
						"latency_s",
						"agreement",
						"run_steps",
						"run_looked",
						"run_failed",
						"run_failed_streak",
						"run_repeated",
						"run_edits",
						"run_churn",
						"run_verifies",
						"run_verified_last",
						"run_ended",
						"run_patch_tokens",
						"run_step_tokens",
						"run_tool_s"};

void ev_decision_init(struct ev_decision *d)
{
	*d = (struct ev_decision){
		.decided_us = TIME_NONE, .live = true, .propensity = 1};
	for (int i = 0; i < EV_TIERS; i++) {
		d->p_success[i] = d->p_low[i] = d->p_high[i] = NAN;
		d->expected_cost_pusd[i] = MONEY_NONE;
	}
}

void ev_attempt_init(struct ev_attempt *a)
{
	*a = (struct ev_attempt){
		.step_kind = STEP_OTHER,
		.step_failed = -1,
		.started_us = TIME_NONE,
		.first_token_us = TIME_NONE,
		.ended_us = TIME_NONE,
		.attempt_no = 1,
		.quality = QUALITY_EXACT,
		.reported_cost_pusd = MONEY_NONE,
		.status = ATTEMPT_OK,
		.rank = RANK_OTHER,
	};
	usage_init(&a->usage);
	for (int i = 0; i < EVIDENCE_N; i++)
		a->evidence[i] = NAN;
}

struct uuid ev_key(const char *kind, struct str scope, struct str name)
{
	return HASH_ID(STR("attempt"), str_from(kind), scope, name);
}

struct uuid task_id_of(struct str sender, struct str ext_id)
{
	return HASH_ID(STR("task"), sender, ext_id);
}

struct uuid step_id_of(struct uuid task, struct str step_key)
{
	struct str id = {(const char *)task.b, sizeof(task.b)};

	return HASH_ID(STR("step"), id, step_key);
}
