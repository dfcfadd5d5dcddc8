/* Gemini CLI: the log event gemini_cli.api_response is the call, since only it
 * has thoughts, cached and tool tokens. The event of the conventions that goes
 * with it has the response's id and the same time, by which they meet; it is
 * sent twice, and the first one, without usage, is the request. The span
 * llm_call has neither and only repeats. */
#include <string.h>

#include "ingest/callname.h"
#include "ingest/meaning_int.h"

#define SENDER STR("gemini-cli")

#define DETAILS "gen_ai.client.inference.operation.details"

bool meaning_gemini_log(struct str event)
{
	return str_is(event, "gemini_cli.api_response") ||
	       str_is(event, "gemini_cli.api_error") ||
	       str_is(event, "gemini_cli.tool_call") || str_is(event, DETAILS);
}

static bool gemini_task(struct meaning *m, const struct item *it,
			struct ev_task *t)
{
	struct str ext = task_session(m, it);

	if (!ext.len)
		return false;
	task_make(m, it, SENDER_GEMINI, ext, STR_NONE, SENDER, t);
	return true;
}

/* What both events of one answer share. */
static struct uuid moment_name(struct meaning *m, const struct item *it,
			       struct str session)
{
	struct str at = fact_text(&it->f, FACT_EVENT_TIME), s;

	if (at.len)
		s = arena_strf(&m->arena, "answer %.*s", STR_ARG(at));
	else
		s = arena_strf(&m->arena, "answer at %lld",
			       (long long)it->end_us);
	return callname_line(SENDER, session, s);
}

static void answer(struct meaning *m, const struct item *it)
{
	struct str id = fact_text(&it->f, FACT_RESPONSE_ID);
	bool canonical = !str_is(it->event, DETAILS);
	struct uuid vector[2], own;
	struct item whole = *it;
	struct ev_attempt a;
	struct ev_task t;
	uint64_t owner;
	int n;

	if (!gemini_task(m, it, &t)) {
		m->counts.ignored++;
		return;
	}
	/* The tool's prompt is paid like the rest of the input. */
	if (fact_n(&it->f, FACT_INPUT) != FACT_NONE &&
	    fact_n(&it->f, FACT_TOOL_TOKENS) > 0)
		whole.f.n[FACT_INPUT - FACT_TEXTS] +=
			fact_n(&it->f, FACT_TOOL_TOKENS);
	call_fill(m, &whole, &a);
	a.rank = canonical ? RANK_CANONICAL : RANK_OTHER;
	if (str_starts(a.model, "gemini"))
		a.provider = STR("google");
	if (str_is(it->event, "gemini_cli.api_error") &&
	    a.status == ATTEMPT_OK) {
		a.status = ATTEMPT_ERROR;
		a.error_class = STR("api_error");
	}
	own = moment_name(m, it, t.ext_id);
	memcpy(&owner, own.b, sizeof(owner));
	call_key(&a, own);
	if (canonical) {
		n = callname_vector(SENDER, t.ext_id, &a.usage, a.ended_us,
				    vector);
		for (int i = 0; i < n; i++) {
			if (kin_claim_name(m->kin, vector[i], owner))
				call_key(&a, vector[i]);
		}
	} else if (callname_sample(id)) {
		call_key(&a, callname_line(SENDER, t.ext_id, id));
	} else {
		call_key(&a, callname_response("google", SENDER, t.ext_id, id));
	}
	call_add(m, it, &t, &a, kin_record(m->kin, own),
		 thread_of(SENDER_GEMINI, t.ext_id));
}

void meaning_gemini(struct meaning *m, const struct item *it)
{
	struct ev_task t;

	if (it->is_log && str_is(it->event, "gemini_cli.tool_call")) {
		m->counts.ignored++;
		if (gemini_task(m, it, &t))
			tool_add(m, it, thread_of(SENDER_GEMINI, t.ext_id));
	} else if (it->is_log && (!str_is(it->event, DETAILS) ||
				  fact_text(&it->f, FACT_RESPONSE_ID).len)) {
		answer(m, it);
	} else {
		m->counts.ignored++;
	}
}
