/* Evaluations become outcomes: of the call that they name or stand in, else of
 * the task. What a judge wrote at length is not kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/meaning_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/map.h"
#include "ledger/verdict.h"

#define EVALS_MAX 64 /* of one span */

bool eval_from(struct meaning *m, const struct facts *f, int64_t at_us,
	       struct eval **list)
{
	struct eval *e;
	int n = 0;

	if (!fact_text(f, FACT_EVAL_NAME).len ||
	    (!fact_text(f, FACT_EVAL_SCORE).len &&
	     !fact_text(f, FACT_EVAL_LABEL).len))
		return false;
	for (e = *list; e; e = e->next)
		n++;
	e = n < EVALS_MAX ? arena_alloc(&m->arena, sizeof(*e)) : NULL;
	if (!e)
		return false;
	e->name = arena_str(&m->arena, fact_text(f, FACT_EVAL_NAME));
	e->score = arena_str(&m->arena, fact_text(f, FACT_EVAL_SCORE));
	e->label = arena_str(&m->arena, fact_text(f, FACT_EVAL_LABEL));
	e->source = arena_str(&m->arena, fact_text(f, FACT_EVAL_SOURCE));
	e->response_id = arena_str(&m->arena, fact_text(f, FACT_RESPONSE_ID));
	e->at_us = at_us;
	e->next = *list;
	*list = e;
	return true;
}

/* A score from 0 to 1 is a success; any other number is a label. */
static void read_score(const struct eval *e, struct ev_outcome *o)
{
	char text[40], *end;
	double d;

	o->success_micro = -1;
	o->label = verdict_status(e->label);
	if (!e->score.len || e->score.len >= sizeof(text))
		return;
	memcpy(text, e->score.p, e->score.len);
	text[e->score.len] = '\0';
	d = strtod(text, &end);
	if (*end || !isfinite(d))
		return;
	if (d >= 0 && d <= 1)
		o->success_micro = (int32_t)lround(d * 1e6);
	else if (!o->label.len)
		o->label = e->score;
}

/* The call that an evaluation is about, or NULL: the whole task. */
static struct kin_node *subject(struct meaning *m, const struct item *it,
				const struct eval *e)
{
	struct kin_node *n = NULL;

	if (it->has_span) {
		n = item_node(m, it);
		if (n && !n->is_call && !it->is_log)
			n = kin_parent(m->kin, n); /* a judge below a call */
		if (n && n->is_call)
			return n;
	}
	if (!e->response_id.len)
		return NULL;
	n = kin_response(m->kin,
			 map_hash(e->response_id.p, e->response_id.len) | 1);
	/* Ids recur: within the trace, or the very same sender. */
	if (n && it->has_trace && n->is_span &&
	    memcmp(n->id.trace, it->id.trace, 16) != 0)
		return NULL;
	return n;
}

static void dead_eval(struct meaning *m, const struct eval *e)
{
	(void)e;
	m->counts.ignored++;
	m->counts.warnings++;
}

static void judge(struct meaning *m, const struct item *it,
		  const struct eval *e)
{
	struct kin_node *n = subject(m, it, e);
	struct judged j;
	bool by_trace;

	if (!task_of(m, it, &j.t, &by_trace)) {
		if (!n || !n->task.len) {
			dead_eval(m, e); /* of nothing that has a name */
			return;
		}
		task_make(m, it, (enum sender)n->sender,
			  arena_str(&m->arena, kin_str(&n->task)), STR_NONE,
			  STR_NONE, &j.t);
	}
	if (n && (!n->task.len || !str_eq(kin_str(&n->task), j.t.ext_id) ||
		  !n->step.len))
		n = NULL;
	j.o = (struct ev_outcome){
		.source = e->source.len ? e->source : j.t.sender,
		.key = e->name,
		.step_key =
			n ? arena_str(&m->arena, kin_str(&n->step)) : STR_NONE,
		.at_us = e->at_us != TIME_NONE ? e->at_us : it->end_us,
	};
	read_score(e, &j.o);
	xgrow(&m->judged, &m->cap_judged, m->n_judged + 1, sizeof(*m->judged));
	m->judged[m->n_judged++] = j;
}

void meaning_eval(struct meaning *m, const struct item *it)
{
	for (const struct eval *e = it->evals; e; e = e->next)
		judge(m, it, e);
}
