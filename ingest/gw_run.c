/* What a task's steps tell, as far as they came through here: counted with what
 * served the task last, so that it is known without asking the ledger. A run is
 * the part of one model; another one that serves begins anew.
 *
 * Between two steps nobody knows how the run will end, and the accept model
 * learnt what runs looked like that had ended. So only a reply that ends one,
 * after tools were used, is judged by it. */
#include <math.h>

#include "ingest/gw_int.h"

static struct run_step step_of(const struct gw_call *c)
{
	const struct model_request *r = &c->req;
	const int64_t *n = c->t.reply.usage.n;
	bool tool = r->last_tool.len > 0;

	return (struct run_step){
		.kind = c->who.kind,
		.kind_known = tool,
		.failed = r->tool_results > 0 ? r->error_streak > 0 : -1,
		.repeated = tool ? r->repeats > 0 : -1,
		.tokens = n[USAGE_OUTPUT] == USAGE_NONE
				  ? -1
				  : (double)n[USAGE_OUTPUT],
	};
}

void gw_run_step(const struct gw_call *c, struct gw_last *last)
{
	struct run_step s = step_of(c);

	if (!str_eq(c->t.name, str_from(last->model)))
		last->run = (struct evidence_run){.steps = 0};
	evidence_run_add(&last->run, &s);
}

void gw_run_evidence(const struct gw_call *c, float *v)
{
	enum evidence_finish finish = FINISH_OTHER;
	struct gw_last last;

	if (!isnan(v[EVIDENCE_FINISH]))
		finish = (enum evidence_finish)(int)v[EVIDENCE_FINISH];
	if (!c->req.tool_results ||
	    (finish != FINISH_STOP && finish != FINISH_LENGTH))
		return;
	gw_session_get(c->g->sessions, c->who.task_id, &last);
	gw_run_step(c, &last);
	if (last.run.steps < 2)
		return;
	evidence_run_values(&last.run, v);
	v[EVIDENCE_RUN_ENDED] = finish == FINISH_STOP;
}
