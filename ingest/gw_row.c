/* What is recorded: a row for each attempt, and the decision before it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ingest/callname.h"
#include "ingest/gw_int.h"
#include "ledger/base/clock.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"
#include "ledger/money.h"

#define REASONS_MAX 4096
#define PLAN_MAX    512
#define ARMS_TOLD   16

/* ---- money ---- */

static struct str provider_of(const struct gw_call *c)
{
	const struct gw_try *t = &c->t;

	if (t->model)
		return t->model->provider;
	if (price_provider_known(str_from(t->provider->name)))
		return str_from(t->provider->name);
	return STR_NONE;
}

static struct str model_of(const struct gw_call *c)
{
	return c->t.reply.model.len ? c->t.reply.model : c->t.name;
}

void gw_price(struct gw_call *c)
{
	struct gw_try *t = &c->t;
	const struct cost_context x = {
		.provider = provider_of(c),
		.model = model_of(c),
		.started_us = t->started_us,
		.service_tier = t->reply.service_tier,
	};
	struct cost k;

	cost_compute(c->reg->book, &x, &t->reply.usage, &k);
	t->priced = k.state == COST_PRICED;
	t->cost_pusd = t->priced ? k.cost_pusd : 0;
}

/* ---- names ---- */

static void add_key(struct ev_attempt *a, struct uuid key)
{
	if (a->n_keys < EV_KEYS_MAX)
		a->keys[a->n_keys++] = key;
}

/* Ids that are not unique by construction would make one row of two calls. So
 * would x-client-request-id: Codex has one for a whole session. */
static bool names_it(struct str id)
{
	return id.len && id.len <= 256 && str_utf8_ok(id) &&
	       callname_unique(id) && !callname_sample(id);
}

static void add_keys(struct gw_call *c, struct ev_attempt *a)
{
	const struct gw_who *w = &c->who;
	struct gw_try *t = &c->t;
	const char *provider = gw_protocol_names[c->protocol];
	struct str request = gw_head_find(
		t, c->protocol == GW_ANTHROPIC ? "request-id" : "x-request-id");
	struct uuid vector[2];
	int n = 0;

	add_key(a, t->id);
	if (names_it(t->reply.id))
		add_key(a, callname_response(provider, w->sender, w->session,
					     t->reply.id));
	if (names_it(request))
		add_key(a, callname_request(w->sender, w->session, request));
	if (str_is(w->sender, "codex") && t->reply.usage_seen)
		n = callname_vector(w->sender, w->session, &t->reply.usage,
				    t->ended_us, vector);
	for (int i = 0; i < n; i++)
		add_key(a, vector[i]);
}

/* ---- the row ---- */

static void fill_task(const struct gw_call *c, struct ev_task *t)
{
	const struct gw_who *w = &c->who;

	*t = (struct ev_task){
		.sender = w->sender,
		.ext_id = w->session,
		.team = w->team,
		.agent = w->agent,
		.class_name = w->class_name,
		.class_rank = w->class_name.len ? w->class_rank : CLASS_NOBODY,
		.rank = RANK_GATEWAY,
	};
}

static struct str short_text(struct str s)
{
	if (s.len > 200 || !str_utf8_ok(s))
		return STR_NONE;
	return s;
}

static void fill_result(const struct gw_call *c, struct ev_attempt *a)
{
	const struct gw_try *t = &c->t;

	a->status = t->reply.status;
	a->finish_reason = short_text(t->reply.finish_reason);
	a->error_class = short_text(t->reply.error_class);
	a->usage = t->reply.usage;
	a->quality = t->reply.quality;
	a->reported_cost_pusd = t->reply.reported_cost_pusd;
	if (t->whole && !t->error) {
		/* Of a run nothing is known here. */
		memcpy(a->evidence, t->reply.evidence,
		       EVIDENCE_RUN * sizeof(a->evidence[0]));
		a->n_evidence = EVIDENCE_RUN;
	}
}

static void fill_attempt(struct gw_call *c, struct ev_attempt *a)
{
	const struct gw_try *t = &c->t;
	const struct gw_who *w = &c->who;

	ev_attempt_init(a);
	add_keys(c, a);
	a->step_key = w->step_key;
	a->step_kind = w->kind;
	a->started_us = t->started_us;
	a->first_token_us = t->first_us;
	a->ended_us = t->ended_us;
	a->provider = provider_of(c);
	a->requested_model = short_text(c->req.model);
	a->model = short_text(model_of(c));
	a->service_tier = short_text(t->reply.service_tier);
	a->attempt_no = (int16_t)(w->retry + t->no);
	a->decision_id = c->decision_id;
	a->escalated_from = c->escalated_from;
	a->source = STR("gateway");
	a->rank = RANK_GATEWAY;
	/* Its transcript knows tasks and steps better. */
	a->who_rank = w->known ? RANK_CANONICAL : 0;
	a->origin = STR("gateway");
	fill_result(c, a);
}

/* ---- the decision ---- */

static void put_share(struct json_out *o, const char *key, double v)
{
	char text[32];

	if (!isfinite(v))
		return;
	snprintf(text, sizeof(text), "%.4f", v);
	json_out_raw(o, key, str_from(text));
}

static void put_usd(struct json_out *o, const char *key, int64_t pusd)
{
	char text[MONEY_TEXT];

	if (pusd >= 0)
		json_out_raw(o, key, str_from(money_format(pusd, text)));
}

/* What was weighed: each arm with its tier and what it promised; those beyond
 * the first ARMS_TOLD only where the plan names them. */
static void add_arms(const struct gw_call *c, struct json_out *o)
{
	const struct decision *d = &c->decision;

	json_out_arr(o, "arms");
	for (int i = 0; i < c->ask.n_arms; i++) {
		const struct route_arm_view *v = &d->view[i];
		const struct route_arm *arm = &c->arms[i];

		if ((i >= ARMS_TOLD && i != d->arm) || arm->model.len > 80)
			continue;
		json_out_obj(o, NULL);
		json_out_str(o, "model", arm->model);
		json_out_i64(o, "tier", arm->tier);
		put_share(o, "p", (double)v->p);
		put_share(o, "low", (double)v->low);
		put_share(o, "high", (double)v->high);
		put_usd(o, "usd", v->expected_cost_pusd);
		if (!arm->allowed || arm->tier < d->floor)
			json_out_str(o, "out",
				     arm->allowed ? STR("floor")
						  : STR("not allowed"));
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}

static void add_reasons(const struct gw_call *c, struct buf *b)
{
	const struct decision *d = &c->decision;
	struct json_out o;

	json_out_init(&o, b);
	json_out_obj(&o, NULL);
	json_out_str(&o, "mode", c->acts ? STR("live") : STR("shadow"));
	if (*d->bound_by)
		json_out_str(&o, "rule", str_from(d->bound_by));
	if (d->floor)
		json_out_i64(&o, "floor", d->floor);
	if (c->ask.pinned_why)
		json_out_str(&o, "pinned", str_from(c->ask.pinned_why));
	json_out_bool(&o, "explored", d->explored);
	json_out_str(&o, "step", str_from(step_kind_names[c->who.kind]));
	if (d->arm >= 0)
		json_out_str(&o, "arm", c->arms[d->arm].model);
	if (!c->acts)
		json_out_str(&o, "served", c->t.name);
	if (!uuid_is_nil(c->escalated_from)) {
		json_out_str(&o, "why",
			     c->steps_down
				     ? STR("not accepted, next one weaker")
				     : STR("not accepted"));
		put_share(&o, "p_accept", (double)d->p_accept);
	}
	json_out_str(&o, "kind", str_from(plan_kind_names[d->plan.kind]));
	put_share(&o, "success_per_usd", (double)d->lambda);
	put_usd(&o, "budget_usd", c->ask.budget_left_pusd);
	add_arms(c, &o);
	json_out_end(&o, '}');
}

/* By tier: that of the arm which is likeliest to succeed there. */
static void fill_tiers(const struct gw_call *c, struct ev_decision *v)
{
	v->n_tiers = EV_TIERS;
	for (int t = 0; t < EV_TIERS; t++) {
		v->p_success[t] = v->p_low[t] = v->p_high[t] = NAN;
		v->expected_cost_pusd[t] = MONEY_NONE;
	}
	for (int i = 0; i < c->ask.n_arms; i++) {
		const struct route_arm_view *a = &c->decision.view[i];
		int t = c->arms[i].tier - 1;

		if (!isfinite(a->p) || a->p <= v->p_success[t])
			continue;
		v->p_success[t] = a->p;
		v->p_low[t] = a->low;
		v->p_high[t] = a->high;
		v->expected_cost_pusd[t] = a->expected_cost_pusd;
	}
}

static void fill_decision(struct gw_call *c, struct ev_decision *v,
			  struct buf *plan, struct buf *reasons)
{
	static const char *const policies[] = {
		[POLICY_STRONGEST] = "strongest",
		[POLICY_STATIC] = "static",
		[POLICY_LEARNED] = "learned",
	};
	const struct decision *d = &c->decision;
	struct str names[ROUTE_ARMS_MAX];

	for (int i = 0; i < c->ask.n_arms; i++)
		names[i] = c->arms[i].model;
	plan_text(&d->plan, names, plan);
	add_reasons(c, reasons);
	ev_decision_init(v);
	v->id = c->decision_id;
	v->step_key = c->who.step_key;
	v->decided_us = c->t.started_us;
	v->bundle_id = c->bundle_id;
	v->policy = str_from(policies[d->policy]);
	v->plan = (struct str){buf_str(plan), plan->len};
	v->live = c->acts;
	v->propensity = d->propensity > 0 && d->propensity <= 1
				? (double)d->propensity
				: 1;
	v->feature_schema = feature_schema();
	v->features = c->features;
	v->n_features = c->ask.n_x;
	fill_tiers(c, v);
	v->bound_by = str_from(d->bound_by);
	v->reasons = (struct str){buf_str(reasons), reasons->len};
	v->origin = STR("gateway");
}

static enum rc tell_decision(struct gw_call *c, const struct sink *s,
			     const struct ev_task *task, struct err *e)
{
	struct buf plan, reasons;
	struct ev_decision v;
	enum rc rc;

	if (uuid_is_nil(c->decision_id) || c->decision_told)
		return RC_OK;
	buf_init(&plan, PLAN_MAX);
	buf_init(&reasons, REASONS_MAX);
	fill_decision(c, &v, &plan, &reasons);
	rc = s->decision(s->arg, task, &v, e);
	if (rc == RC_OK)
		c->decision_told = true;
	buf_release(&plan);
	buf_release(&reasons);
	return rc;
}

/* ---- telling ---- */

static void refused(const struct gw_call *c, const char *what,
		    const struct err *e)
{
	char id[UUID_TEXT];

	log_line(LOG_ERROR, "gateway", what, "attempt=%s err=%s",
		 uuid_format(c->t.id, id), log_quote(e->msg));
}

enum gw_told gw_row(struct gw_call *c, ticket_done_fn *done)
{
	struct ticket *t = intake_begin_reply(c->g->w->intake);
	const struct sink *s;
	struct err e = {"", ""};
	struct ev_attempt a;
	struct ev_task task;
	enum rc rc;

	if (!t)
		return GW_FULL;
	s = ticket_sink(t);
	fill_task(c, &task);
	fill_attempt(c, &a);
	rc = tell_decision(c, s, &task, &e);
	if (rc == RC_OK || rc == RC_BAD) {
		if (rc)
			refused(c, "a decision is not recorded", &e);
		rc = s->attempt(s->arg, &task, &a, &e);
	}
	if (rc == RC_BUSY || rc == RC_DOWN) { /* again: it is one row */
		ticket_cancel(t);
		return GW_FULL;
	}
	if (rc)
		refused(c, "a call is not recorded", &e);
	return ticket_commit_reply(t, done, c) ? GW_TOLD : GW_WAITS;
}
