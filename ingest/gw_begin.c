/* An exchange's beginning: what is asked, who serves, whose money it is; and
 * what its client does meanwhile. */
#include <stddef.h>
#include <string.h>

#include "ingest/gw_int.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"

/* ---- the client ---- */

static void on_writable(struct http_req *r, void *arg)
{
	struct gw_call *c = arg;

	(void)r;
	gw_try_resume(&c->t);
}

static void on_gone(struct http_req *r, void *arg)
{
	struct gw_call *c = arg;

	c->gone = true;
	c->gone_until_us = clock_mono_us() + c->conf->read_on_us;
	if (c->state == GW_BUDGET || c->state == GW_PAUSE ||
	    c->state == GW_QUEUE) {
		if (http_broken(r))
			gw_call_over(c);
		return;
	}
	if (http_broken(r))
		gw_try_resume(&c->t);
	if (!c->conf->read_on_us && c->t.up)
		up_cancel(c->t.up);
}

/* ---- budgets ---- */

static void refuse_budget(struct gw_call *c, const struct budget_answer *a)
{
	struct buf text;
	struct err e;

	buf_init(&text, 1024);
	budget_say(a, &text);
	err_set(&e, RC_DENIED, "%s", buf_str(&text));
	buf_release(&text);
	if (c->r && a->scope)
		http_reply_header(c->r, "x-aco-budget", STR("refused"));
	stat_add(STAT_GW_BUDGET_REFUSED, 1);
	gw_call_refuse(c, a->rc == RC_DENIED ? 402 : 503,
		       a->rc != RC_DENIED            ? NULL
		       : c->protocol == GW_ANTHROPIC ? "billing_error"
						     : "insufficient_quota",
		       &e);
}

static void granted(struct gw_call *c, const struct budget_answer *a)
{
	c->soft_over = a->soft_over;
	c->unchecked = a->unchecked;
	gw_call_try(c);
}

static void on_budget(void *arg, enum budget_reply reply,
		      const struct budget_answer *a)
{
	struct gw_call *c = arg;

	if (reply == BUDGET_GRANTED) {
		granted(c, a);
		return;
	}
	c->budget = NULL;
	refuse_budget(c, a);
}

struct budget_subject gw_subject(const struct gw_call *c)
{
	const struct gw_who *w = &c->who;

	return (struct budget_subject){
		.key = c->key,
		.team = w->team.len ? w->team : STR("none"),
		.agent = w->agent.len ? w->agent : w->sender,
		.class_name =
			w->class_name.len ? w->class_name : STR("unattributed"),
		.task = w->session,
		.task_id = w->task_id,
	};
}

static void admit(struct gw_call *c)
{
	const struct budget_subject s = gw_subject(c);
	struct budget_answer a = {0};
	struct err e;

	if (!gw_worst(c, &c->worst_pusd)) {
		c->unpriced = true;
		stat_add(STAT_GW_UNPRICED_ASKED, 1);
		if (c->conf->refuse_unpriced) {
			err_set(&e, RC_DENIED,
				"model '%.*s' has no price, and models "
				"without one are refused here",
				STR_ARG(c->serve.len ? c->serve
						     : c->req.model));
			gw_call_refuse(c, 403, NULL, &e);
			return;
		}
	}
	switch (budget_reserve(c->g->w->budgets, &s, c->worst_pusd, on_budget,
			       c, &c->budget, &a)) {
	case BUDGET_GRANTED:
		granted(c, &a);
		break;
	case BUDGET_WAIT:
		gw_set_state(c, GW_BUDGET);
		break;
	case BUDGET_REFUSED:
		refuse_budget(c, &a);
		break;
	}
}

/* `auto` and `auto:CLASS`. */
static struct str asked_class(struct gw_call *c)
{
	struct str name = gw_conf_alias(c->conf, c->req.model);

	c->routed = str_is(name, "auto") || str_starts(name, "auto:");
	if (!c->routed || name.len < 6 || name.len > 200)
		return STR_NONE;
	return (struct str){name.p + 5, name.len - 5};
}

static struct gw_call *make(struct gateway *g, struct http_req *r,
			    enum wire wire, bool billed)
{
	const struct auth_key *key = worker_key(r);
	struct gw_call *c = pool_get(&g->spare);

	memset(c, 0, offsetof(struct gw_call, arms));
	c->g = g;
	c->r = r;
	c->wire = wire;
	c->billed = billed;
	c->arm = -1;
	c->conf = gw_conf_keep(g->conf);
	c->reg = gw_registry_keep(gw_models_now(g->models));
	c->protocol = gw_protocol_of(r, wire);
	arena_init(&c->a, GW_ARENA_BYTES);
	arena_lend(&c->a, c->first, sizeof(c->first));
	if (key)
		c->key = arena_str(&c->a, key->name);
	c->target = gw_target(c);
	c->began_us = c->ours_us = clock_mono_us();
	c->until_us = c->began_us + c->conf->call_us;
	c->next = g->calls;
	c->prev = &g->calls;
	if (c->next)
		c->next->prev = &c->next;
	g->calls = c;
	http_on(r, on_writable, on_gone, c);
	return c;
}

void gw_call_begin(struct gateway *g, struct http_req *r, enum wire wire,
		   bool billed)
{
	struct gw_call *c = make(g, r, wire, billed);
	struct err e = {"", ""};
	enum rc rc = RC_OK;

	if (wire == WIRE_OTHER) {
		c->provider = gw_conf_first(c->conf, c->protocol);
		gw_call_try(c);
		return;
	}
	stat_add(wire == WIRE_ANTHROPIC          ? STAT_GW_MESSAGES
		 : wire == WIRE_OPENAI_RESPONSES ? STAT_GW_RESPONSES
		 : wire == WIRE_OPENAI_CHAT      ? STAT_GW_CHAT
						 : STAT_GW_EMBEDDINGS,
		 1);
	rc = model_request_read(&c->req, wire, http_body(r), &c->a, &e);
	if (!rc && !intake_takes(g->w->intake))
		rc = err_set(&e, RC_BUSY, "too much waits to be written");
	if (!rc) {
		gw_who_read(c, worker_key(r), asked_class(c));
		rc = gw_route(c, &e);
	}
	if (rc)
		gw_call_refuse(c, rc == RC_BAD ? 400 : 503, NULL, &e);
	else if (billed)
		admit(c);
	else
		gw_call_try(c);
}
