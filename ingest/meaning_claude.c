/* Claude Code: the log event api_request is the call; the span llm_request
 * tells the same one and meets it by the request id. Metrics repeat both. */
#include <string.h>

#include "ingest/callname.h"
#include "ingest/meaning_int.h"

#define SENDER STR("claude-code")

bool meaning_claude_log(struct str event)
{
	return str_is(event, "api_request") || str_is(event, "api_error") ||
	       str_is(event, "tool_result");
}

/* "SESSION", or "SESSION/AGENT" below it for a sub-agent, as transcripts have
 * it. */
static bool claude_task(struct meaning *m, const struct item *it,
			struct str *session, struct ev_task *t)
{
	struct str id = fact_text(&it->f, FACT_AGENT_ID);
	struct str up = fact_text(&it->f, FACT_PARENT_AGENT_ID);
	struct str name = fact_text(&it->f, FACT_AGENT);
	struct str ext, parent = STR_NONE, agent = SENDER;

	*session = task_session(m, it);
	ext = *session;
	if (!ext.len)
		return false;
	if (id.len) {
		parent = *session;
		if (up.len)
			parent = arena_strf(&m->arena, "%.*s/%.*s",
					    STR_ARG(*session), STR_ARG(up));
		ext = arena_strf(&m->arena, "%.*s/%.*s", STR_ARG(*session),
				 STR_ARG(id));
		if (!name.len)
			name = STR("subagent");
		agent = arena_strf(&m->arena, "claude-code:%.*s",
				   STR_ARG(name));
	}
	task_make(m, it, SENDER_CLAUDE, ext, parent, agent, t);
	return true;
}

/* A record's own name, for requests without an id. */
static struct uuid record_name(struct meaning *m, const struct item *it,
			       struct str session)
{
	struct str s =
		arena_strf(&m->arena, "%.*s %.*s %lld", STR_ARG(it->event),
			   STR_ARG(fact_text(&it->f, FACT_EVENT_TIME)),
			   (long long)fact_n(&it->f, FACT_SEQUENCE));

	return callname_line(SENDER, session, s);
}

static uint64_t owner_of(struct uuid name)
{
	uint64_t n;

	memcpy(&n, name.b, sizeof(n));
	return n;
}

/* False: the span of a call whose name another call has. */
static bool claude_names(struct meaning *m, const struct item *it,
			 struct str session, struct ev_attempt *a)
{
	struct str id = fact_text(&it->f, FACT_REQUEST_ID);
	struct uuid own, name;

	if (!it->is_log && !id.len)
		id = fact_text(&it->f, FACT_RESPONSE_ID);
	if (it->is_log)
		own = record_name(m, it, session);
	else
		own = callname_line(SENDER, hex_of(m, it->id.trace, 16),
				    hex_of(m, it->id.span, 8));
	if (!id.len) {
		call_key(a, own);
		return true;
	}
	name = callname_request(SENDER, session, id);
	/* Mocks give every call the same id: only the first has the name. */
	if (!callname_unique(id)) {
		uint64_t owner = owner_of(own);
		struct str kind = it->is_log ? it->event : STR("span");
		struct uuid slot =
			callname_line(SENDER, session,
				      arena_strf(&m->arena, "%.*s %.*s",
						 STR_ARG(kind), STR_ARG(id)));

		if (!kin_claim_name(m->kin, slot, owner)) {
			call_key(a, own);
			return it->is_log;
		}
	}
	call_key(a, name);
	return true;
}

static void claude_call(struct meaning *m, const struct item *it, bool failed)
{
	struct str session;
	struct kin_node *n;
	struct ev_attempt a;
	struct ev_task t;

	if (!claude_task(m, it, &session, &t)) {
		m->counts.ignored++;
		return;
	}
	call_fill(m, it, &a);
	if (str_starts(a.model, "claude-"))
		a.provider = STR("anthropic");
	a.rank = it->is_log ? RANK_CANONICAL : RANK_OTHER;
	if (failed && a.status == ATTEMPT_OK) {
		a.status = ATTEMPT_ERROR;
		a.error_class = STR("api_error");
	}
	if (!claude_names(m, it, session, &a)) {
		m->counts.ignored++;
		return;
	}
	n = it->is_log ? kin_record(m->kin, a.keys[0])
		       : kin_span(m->kin, &it->id, it->parent);
	/* The step is the call's own, as in transcripts. */
	call_add(m, it, &t, &a, n, thread_of(SENDER_CLAUDE, t.ext_id));
}

void meaning_claude(struct meaning *m, const struct item *it)
{
	struct str session;
	struct ev_task t;

	if (it->is_log && str_is(it->event, "api_request")) {
		claude_call(m, it, false);
	} else if (it->is_log && str_is(it->event, "api_error")) {
		claude_call(m, it, true);
	} else if (!it->is_log && role_bills(it->role)) {
		claude_call(m, it, call_failed(it));
	} else {
		m->counts.ignored++;
		/* Spans of tools repeat what tool_result says. */
		if (it->is_log && str_is(it->event, "tool_result") &&
		    claude_task(m, it, &session, &t))
			tool_add(m, it, thread_of(SENDER_CLAUDE, t.ext_id));
	}
}
