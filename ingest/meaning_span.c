/* Spans of senders that have no file of their own, and the tools that give
 * steps their kind. */
#include <string.h>

#include "ingest/callname.h"
#include "ingest/meaning_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/map.h"

static bool no_parent(const uint8_t id[8])
{
	static const uint8_t none[8];

	return !memcmp(id, none, 8);
}

/* A call is a step of its own, named by its span; version 7 of the AI SDK
 * wraps each turn in a span, whose child the call always is. */
static struct str step_of(struct meaning *m, const struct item *it)
{
	bool step = false;

	if (!no_parent(it->parent)) {
		struct kin_node *n = item_node(m, it);
		struct kin_node *up = n ? kin_parent(m->kin, n) : NULL;

		step = (up && up->role == ROLE_STEP) ||
		       str_is(it->place->scope, "gen_ai");
	}
	return hex_of(m, step ? it->parent : it->id.span, 8);
}

/* Exports of Langfuse name an observation by its trace and its span. */
static void span_names(struct meaning *m, const struct item *it,
		       struct ev_attempt *a)
{
	struct str trace = hex_of(m, it->id.trace, 16);
	struct str span = hex_of(m, it->id.span, 8);

	if (it->place->sender == SENDER_LANGFUSE)
		call_key(a, callname_line(STR("langfuse"), trace, span));
	call_key(a, callname_span(trace, span));
}

static uint64_t trace_thread(const struct item *it)
{
	return map_hash(it->id.trace, 16);
}

static void span_call(struct meaning *m, const struct item *it)
{
	struct kin_node *n = item_node(m, it);
	struct ev_attempt a;
	struct ev_task t;
	struct uuid name;
	bool by_trace;

	if (!n) /* of more spans than are remembered */
		n = kin_span(m->kin, &it->id, it->parent);
	if (!task_of(m, it, &t, &by_trace))
		return;
	n->role = (uint8_t)it->role;
	call_fill(m, it, &a);
	a.rank = RANK_OTHER;
	if (by_trace)
		a.who_rank = RANK_FALLBACK;
	a.step_key = step_of(m, it);
	span_names(m, it, &a);
	if (call_response(&a, fact_text(&it->f, FACT_RESPONSE_ID), &name))
		call_key(&a, name);
	n->by_trace = by_trace;
	call_add(m, it, &t, &a, n, trace_thread(it));
}

/* ---- sums of agents ---- */

struct search {
	const struct meaning *m;
	struct str task;
	bool found;
};

/* A call below: in this request, or one of another task, where the ledger
 * would not look for it. */
static bool bills_below(struct kin_node *x, void *arg)
{
	struct search *s = arg;

	if (!role_bills((enum role)x->role))
		return true;
	s->found = x->request == s->m->request ||
		   (x->is_call && !str_eq(kin_str(&x->task), s->task));
	return !s->found;
}

static void span_claim(struct meaning *m, const struct item *it,
		       const struct ev_task *t)
{
	struct kin_node *n = item_node(m, it);
	struct search s = {m, t->ext_id, false};
	struct item sum = *it;
	struct ev_attempt a;

	facts_fill(&sum.f, FACT_INPUT, fact_n(&it->f, FACT_SUM_INPUT));
	facts_fill(&sum.f, FACT_OUTPUT, fact_n(&it->f, FACT_SUM_OUTPUT));
	facts_fill(&sum.f, FACT_CACHE_READ, fact_n(&it->f, FACT_SUM_READ));
	if (!sum.f.from[FACT_INPUT] && !sum.f.from[FACT_OUTPUT])
		return;
	if (n)
		kin_down(m->kin, n, bills_below, &s);
	if (s.found)
		return;
	call_fill(m, &sum, &a);
	if (a.quality == QUALITY_MISSING)
		return;
	a.quality = QUALITY_AGGREGATE;
	a.rank = RANK_AGGREGATE;
	a.step_key = hex_of(m, it->id.span, 8);
	span_names(m, it, &a);
	xgrow(&m->claims, &m->cap_claims, m->n_claims + 1, sizeof(*m->claims));
	m->claims[m->n_claims++] = (struct call){*t, a, n ? n->seq : 0};
}

/* An agent's or workflow's run: what it says of its task, and of its sum. */
static void span_run(struct meaning *m, const struct item *it)
{
	struct ev_task t;
	bool by_trace;

	if (!task_of(m, it, &t, &by_trace))
		return;
	span_claim(m, it, &t);
	m->counts.ignored++;
	if (!it->f.from[FACT_AGENT] && !it->f.from[FACT_WORKFLOW] &&
	    !it->f.from[FACT_CLASS])
		return;
	xgrow(&m->tasks, &m->cap_tasks, m->n_tasks + 1, sizeof(*m->tasks));
	m->tasks[m->n_tasks++] = t;
}

void meaning_span(struct meaning *m, const struct item *it)
{
	if (it->is_log) {
		if (!it->evals && it->role != ROLE_JUDGE)
			m->counts.ignored++;
		return;
	}
	switch (it->role) {
	case ROLE_CALL:
	case ROLE_EMBEDDING:
		span_call(m, it);
		return;
	case ROLE_AGENT:
	case ROLE_WORKFLOW:
		span_run(m, it);
		return;
	case ROLE_TOOL:
		tool_add(m, it, trace_thread(it));
		break;
	case ROLE_NONE:
	case ROLE_STEP:
	case ROLE_JUDGE:
	case ROLE_PENDING:
	case ROLE_N:
		break;
	}
	m->counts.ignored++;
}

/* ---- tools ---- */

static bool is_call(const struct kin_node *x, const void *arg)
{
	(void)arg;
	return x->is_call;
}

static bool is_step(const struct kin_node *x, const void *arg)
{
	(void)arg;
	return x->role == ROLE_STEP;
}

static bool first_call(struct kin_node *x, void *arg)
{
	struct kin_node **found = arg;

	if (x->is_call && (!*found || x->start_us < (*found)->start_us))
		*found = x;
	return true;
}

/* The call that caused a tool: an ancestor, the one of the same step, or the
 * latest that had ended when the tool began. */
static struct kin_node *cause(struct meaning *m, const struct tool_use *u)
{
	struct kin_node *n = kin_at(m->kin, u->node), *c = NULL, *step;
	int64_t start = u->it->start_us;

	if (n) {
		c = kin_up(m->kin, n, is_call, NULL);
		step = c ? NULL : kin_up(m->kin, n, is_step, NULL);
		if (step)
			kin_down(m->kin, step, first_call, &c);
	}
	if (!c && start == TIME_NONE && u->it->end_us != TIME_NONE) {
		start = u->it->end_us;
		if (fact_n(&u->it->f, FACT_DURATION_US) > 0)
			start -= fact_n(&u->it->f, FACT_DURATION_US);
	}
	if (!c && start != TIME_NONE)
		c = kin_before(m->kin, u->thread, start);
	return c;
}

static int tool_failed(const struct item *it)
{
	if (call_failed(it))
		return 1;
	return it->end_us != TIME_NONE ? 0 : -1;
}

static void give_step(struct ev_attempt *a, struct kin_node *n,
		      const struct item *it)
{
	struct str tool = fact_text(&it->f, FACT_TOOL);
	enum step_kind kind = step_kind_of(tool, it->command);
	int failed = tool_failed(it);

	if (!a->tool.len ||
	    step_kind_weight(kind) > step_kind_weight(a->step_kind)) {
		a->tool = tool;
		a->step_kind = kind;
	}
	if (failed > a->step_failed)
		a->step_failed = (int8_t)failed;
	n->step_kind = (uint8_t)a->step_kind;
	n->step_failed = a->step_failed;
	kin_put(&n->tool, a->tool);
}

/* A call that was handed over before, again, saying nothing new but what the
 * caller adds. NULL: too little of it is remembered. */
static struct call *hint(struct meaning *m, const struct kin_node *n)
{
	struct ev_attempt a;
	struct ev_task t;
	struct call *c;

	if (!n->task.len || !n->model.len || !n->step.len)
		return NULL;
	t = (struct ev_task){
		.sender = str_from(sender_names[n->sender]),
		.ext_id = arena_str(&m->arena, kin_str(&n->task)),
		.class_rank = CLASS_NOBODY,
		.rank = RANK_HINT,
	};
	ev_attempt_init(&a);
	a.source = m->origin.source;
	a.origin = m->origin.peer;
	a.model = arena_str(&m->arena, kin_str(&n->model));
	a.step_key = arena_str(&m->arena, kin_str(&n->step));
	a.started_us = n->start_us;
	a.ended_us = n->end_us;
	a.quality = QUALITY_MISSING;
	a.rank = RANK_HINT;
	call_key(&a, n->key);
	a.step_kind = (enum step_kind)n->step_kind;
	a.step_failed = n->step_failed;
	a.tool = arena_str(&m->arena, kin_str(&n->tool));
	xgrow(&m->calls, &m->cap_calls, m->n_calls + 1, sizeof(*m->calls));
	c = &m->calls[m->n_calls++];
	*c = (struct call){t, a, 0};
	return c;
}

void meaning_tools(struct meaning *m)
{
	for (size_t i = 0; i < m->n_tools; i++) {
		const struct tool_use *u = &m->tools[i];
		struct kin_node *n = cause(m, u);
		struct call *c;

		if (!n)
			continue;
		if (n->request == m->request && n->is_call &&
		    n->place_in_request < m->n_calls &&
		    m->calls[n->place_in_request].node == n->seq)
			c = &m->calls[n->place_in_request];
		else
			c = hint(m, n);
		if (c)
			give_step(&c->a, n, u->it);
	}
}

/* ---- sessions that came late ---- */

static void heal(struct kin_node *n, void *arg)
{
	struct meaning *m = arg;
	struct str session = kin_session(m->kin, n->id.trace);
	struct call *c;

	if (!n->by_trace || n->request == m->request || !session.len)
		return;
	n->by_trace = false;
	kin_put(&n->task, session);
	c = hint(m, n);
	if (c)
		c->a.who_rank = RANK_OTHER;
}

void meaning_heal(struct meaning *m)
{
	for (size_t i = 0; i < m->n_healed; i++)
		kin_calls(m->kin, map_hash(m->healed[i].trace, 16), heal, m);
}
