#include "ledger/evidence_run.h"

#include <ctype.h>
#include <math.h>

static void more(uint32_t *n, bool one)
{
	*n += one && *n < UINT32_MAX;
}

static void add_kind(struct evidence_run *r, enum step_kind kind)
{
	more(&r->kinds, true);
	more(&r->looked, kind == STEP_SEARCH || kind == STEP_READ);
	if (kind == STEP_EDIT) {
		more(&r->edits, true);
		more(&r->churn, r->after);
		r->after = 0;
	} else if (kind == STEP_VERIFY) {
		more(&r->verifies, true);
		r->after = r->edits > 0;
	}
}

void evidence_run_add(struct evidence_run *r, const struct run_step *s)
{
	more(&r->steps, true);
	if (s->kind_known)
		add_kind(r, s->kind);
	if (s->failed >= 0) {
		more(&r->judged, true);
		more(&r->failed, s->failed > 0);
		more(&r->streak, s->failed > 0);
	}
	if (s->failed <= 0) /* what is not known ends a row of failures */
		r->streak = 0;
	if (r->streak > r->longest)
		r->longest = r->streak;
	if (s->repeated >= 0) {
		more(&r->compared, true);
		more(&r->repeated, s->repeated > 0);
	}
	if (s->tokens >= 0 && s->tokens < 1e12) {
		more(&r->counted, true);
		r->tokens += s->tokens;
	}
}

static float share(uint32_t part, uint32_t of)
{
	return of ? (float)((double)part / (double)of) : NAN;
}

void evidence_run_values(const struct evidence_run *r, float *v)
{
	if (r->steps < 2)
		return;
	v[EVIDENCE_RUN_STEPS] = (float)r->steps;
	if (r->kinds) {
		v[EVIDENCE_RUN_LOOKED] = share(r->looked, r->kinds);
		v[EVIDENCE_RUN_EDITS] = (float)r->edits;
		v[EVIDENCE_RUN_CHURN] = (float)r->churn;
		v[EVIDENCE_RUN_VERIFIES] = (float)r->verifies;
		v[EVIDENCE_RUN_VERIFIED_LAST] =
			r->edits ? (float)(r->after != 0) : NAN;
	}
	if (r->judged) {
		v[EVIDENCE_RUN_FAILED] = share(r->failed, r->judged);
		v[EVIDENCE_RUN_FAILED_STREAK] = (float)r->longest;
	}
	if (r->compared)
		v[EVIDENCE_RUN_REPEATED] = share(r->repeated, r->compared);
	if (r->counted)
		v[EVIDENCE_RUN_STEP_TOKENS] =
			(float)(r->tokens / (double)r->counted);
}

/* ---- how it ended ---- */

#define SAID_MAX 200

/* Whether a word of `low` begins with that. */
static bool has_word(const char *low, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = low; (p = strstr(p, word)); p += n)
		if (p == low || !isalnum((unsigned char)p[-1]))
			return true;
	return false;
}

float evidence_run_ended(struct str said)
{
	/* What cuts off counts before what ends, and wherever it stands
	 * ("LimitsExceeded"). */
	static const char *const cut[] = {
		"error",     "limit",  "timeout",   "exceed",         "context",
		"exit_cost", "length", "max_",      "execution_time", "format",
		"abort",     "cancel", "interrupt", "crash",          "killed",
		"filter",    "overrun"};
	static const char *const own[] = {"submit", "end_turn", "completed",
					  "stop", "finish"};
	char low[SAID_MAX + 1];
	size_t n = said.len < SAID_MAX ? said.len : SAID_MAX;

	for (size_t i = 0; i < n; i++)
		low[i] = (char)tolower((unsigned char)said.p[i]);
	low[n] = '\0';
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++)
		if (strstr(low, cut[i]))
			return 0;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (has_word(low, own[i]))
			return 1;
	return NAN;
}

bool evidence_run_known(const float *v, int n)
{
	for (int i = EVIDENCE_RUN; v && i < n && i < EVIDENCE_N; i++)
		if (!isnan(v[i]))
			return true;
	return false;
}
