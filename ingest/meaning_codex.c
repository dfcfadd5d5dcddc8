/* Codex: the log event codex.sse_event of kind response.completed that has
 * counts is the call (another one has none). It has no id of the response: the
 * conversation, the tokens and the minute name it, as in rollouts. The span
 * handle_responses tells the same call and meets it by that. tool_token_count
 * is the total. */
#include <string.h>

#include "ingest/callname.h"
#include "ingest/meaning_int.h"

#define SENDER STR("codex")

bool meaning_codex_log(struct str event)
{
	return str_is(event, "codex.sse_event") ||
	       str_is(event, "codex.websocket_event") ||
	       str_is(event, "codex.api_request") ||
	       str_is(event, "codex.tool_result");
}

/* The trace's session is set by spans around the call, as a conversation or,
 * on the outermost, as a thread. */
static bool codex_task(struct meaning *m, const struct item *it,
		       struct ev_task *t)
{
	struct str ext = task_session(m, it);

	if (!ext.len)
		return false;
	task_make(m, it, SENDER_CODEX, ext, STR_NONE, SENDER, t);
	return true;
}

static struct uuid record_name(struct meaning *m, const struct item *it,
			       struct str session)
{
	struct str s = arena_strf(
		&m->arena, "%.*s %.*s %lld %lld", STR_ARG(it->event),
		STR_ARG(fact_text(&it->f, FACT_EVENT_TIME)),
		(long long)it->end_us, (long long)fact_n(&it->f, FACT_ATTEMPT));

	return callname_line(SENDER, session, s);
}

static void add(struct meaning *m, const struct item *it,
		const struct ev_task *t, struct ev_attempt *a)
{
	struct kin_node *n;

	if (str_starts(a->model, "gpt-") || str_starts(a->model, "codex-") ||
	    str_starts(a->model, "o"))
		a->provider = STR("openai");
	n = it->is_log ? kin_record(m->kin, a->keys[0])
		       : kin_span(m->kin, &it->id, it->parent);
	call_add(m, it, t, a, n, thread_of(SENDER_CODEX, t->ext_id));
}

static void completed(struct meaning *m, const struct item *it)
{
	struct item whole = *it;
	struct uuid vector[2], own;
	struct ev_attempt a;
	struct ev_task t;
	uint64_t owner;
	int n;

	facts_fill(&whole.f, FACT_TOTAL, fact_n(&it->f, FACT_TOOL_TOKENS));
	if (!codex_task(m, it, &t)) {
		m->counts.ignored++;
		return;
	}
	call_fill(m, &whole, &a);
	a.rank = it->is_log ? RANK_CANONICAL : RANK_OTHER;
	a.attempt_no = 1;
	n = callname_vector(SENDER, t.ext_id, &a.usage, a.ended_us, vector);
	if (it->is_log) {
		own = record_name(m, it, t.ext_id);
		memcpy(&owner, own.b, sizeof(owner));
		call_key(&a, own);
		/* The same counts twice within a minute: two calls. */
		for (int i = 0; i < n; i++) {
			if (kin_claim_name(m->kin, vector[i], owner))
				call_key(&a, vector[i]);
		}
	} else {
		for (int i = 0; i < n; i++)
			call_key(&a, vector[i]);
		if (!n) {
			m->counts.ignored++;
			return;
		}
	}
	add(m, it, &t, &a);
}

/* A request that was refused: an attempt without usage. Attempts are counted
 * from 0. */
static void failed(struct meaning *m, const struct item *it)
{
	int64_t no = fact_n(&it->f, FACT_ATTEMPT);
	struct ev_attempt a;
	struct ev_task t;

	if (!codex_task(m, it, &t)) {
		m->counts.ignored++;
		return;
	}
	call_fill(m, it, &a);
	a.rank = RANK_CANONICAL;
	a.status = ATTEMPT_ERROR;
	a.attempt_no = no >= 0 && no < 1000 ? (int16_t)(no + 1) : 1;
	call_key(&a, record_name(m, it, t.ext_id));
	add(m, it, &t, &a);
}

void meaning_codex(struct meaning *m, const struct item *it)
{
	bool counts = it->f.from[FACT_INPUT] || it->f.from[FACT_OUTPUT];
	struct ev_task t;

	if (!it->is_log) {
		if (role_bills(it->role) && counts)
			completed(m, it);
		else
			m->counts.ignored++;
	} else if (str_is(it->event, "codex.tool_result")) {
		m->counts.ignored++;
		if (codex_task(m, it, &t))
			tool_add(m, it, thread_of(SENDER_CODEX, t.ext_id));
	} else if (counts && str_is(fact_text(&it->f, FACT_EVENT_KIND),
				    "response.completed")) {
		completed(m, it);
	} else if (call_failed(it)) {
		failed(m, it);
	} else {
		m->counts.ignored++;
	}
}
