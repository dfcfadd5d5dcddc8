/* Who serves a call. */
#include <stdio.h>
#include <string.h>

#include "ingest/bundle_watch.h"
#include "ingest/gw_int.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"

#define CACHE_US  (300 * US_PER_SEC) /* how long a prompt cache lives */
#define HOLD_GAIN 0.005 /* success that a stream is held for, at least */

/* ---- providers ---- */

const struct gw_provider *gw_model_provider(const struct gw_conf *conf,
					    const struct gw_model *m)
{
	const struct gw_provider *p = NULL;

	if (m->upstream.len) {
		p = gw_conf_provider(conf, m->upstream);
		return p && p->protocol == m->protocol ? p : NULL;
	}
	p = gw_conf_provider(conf, m->provider);
	return p && p->protocol == m->protocol
		       ? p
		       : gw_conf_first(conf, m->protocol);
}

const struct gw_provider *gw_serve(struct gw_call *c, const struct gw_model **m,
				   struct str *name)
{
	if (c->arm >= 0) {
		*m = c->arm_model[c->arm];
		*name = (*m)->name;
		return gw_model_provider(c->conf, *m);
	}
	*name = c->serve;
	*m = c->serve.len ? gw_registry_find(c->reg, c->protocol, c->serve)
			  : NULL;
	return c->provider;
}

/* "local/qwen" names its provider. */
static bool with_provider(const struct gw_conf *conf, struct str name,
			  enum gw_protocol protocol,
			  const struct gw_provider **p, struct str *model)
{
	const char *slash = name.len ? memchr(name.p, '/', name.len) : NULL;
	struct str first;

	if (!slash)
		return false;
	first = (struct str){name.p, (size_t)(slash - name.p)};
	*p = gw_conf_provider(conf, first);
	if (!*p || (*p)->protocol != protocol)
		return false;
	*model = (struct str){slash + 1, name.len - first.len - 1};
	return model->len > 0;
}

/* A model by its name, whatever the router thinks. */
static void serve_named(struct gw_call *c, struct str name)
{
	const struct gw_model *m;

	c->arm = -1;
	c->serve = name;
	if (with_provider(c->conf, name, c->protocol, &c->provider, &c->serve))
		return;
	m = gw_registry_find(c->reg, c->protocol, name);
	c->provider = m ? gw_model_provider(c->conf, m)
			: gw_conf_first(c->conf, c->protocol);
}

/* ---- arms ---- */

static unsigned needs(const struct gw_call *c)
{
	unsigned can = c->wire == WIRE_OPENAI_RESPONSES ? GW_CAN_RESPONSES
							: GW_CAN_CHAT;

	if (c->wire == WIRE_OPENAI_EMBEDDINGS)
		return GW_CAN_EMBEDDINGS;
	if (c->req.images > 0)
		can |= GW_CAN_VISION;
	if (c->req.tools > 0)
		can |= GW_CAN_TOOLS;
	if (c->req.logprobs)
		can |= GW_CAN_LOGPROBS;
	if (c->req.format != FORMAT_ANY)
		can |= GW_CAN_JSON;
	return can;
}

/* What leaving the model that served last costs: its cache is not there. */
static int64_t lost_cache(const struct gw_call *c, const struct gw_model *m)
{
	__int128 fusd;
	int64_t pusd;

	if (c->ask.cached_tokens <= 0 || m->in_fusd < 0 || m->cached_fusd < 0 ||
	    m->cached_fusd >= m->in_fusd)
		return 0;
	fusd = (__int128)c->ask.cached_tokens * (m->in_fusd - m->cached_fusd);
	return money_round_fusd(fusd, &pusd) ? pusd : 0;
}

/* What an arm without a price costs nobody knows, and it would look free: it is
 * not weighed while one with a price may serve. */
static void weigh_priced(struct gw_call *c)
{
	bool priced = false;

	for (int i = 0; i < c->ask.n_arms; i++)
		priced |= c->arms[i].allowed && c->arms[i].in_fusd >= 0 &&
			  c->arms[i].out_fusd >= 0;
	for (int i = 0; priced && i < c->ask.n_arms; i++)
		c->arms[i].allowed &=
			c->arms[i].in_fusd >= 0 && c->arms[i].out_fusd >= 0;
}

static void add_arms(struct gw_call *c, const struct gw_last *last)
{
	unsigned need = needs(c);
	int64_t now = clock_mono_us();
	int n = 0;

	for (size_t i = 0; i < c->reg->n && n < ROUTE_ARMS_MAX; i++) {
		const struct gw_model *m = &c->reg->m[i];
		const struct gw_provider *p;
		struct gw_link *l;

		if (m->protocol != c->protocol || m->by_name_only)
			continue;
		p = gw_model_provider(c->conf, m);
		if (!p)
			continue;
		l = gw_link_of(c->g, p);
		c->arm_model[n] = m;
		c->arms[n++] = (struct route_arm){
			.model = m->name,
			.tier = m->tier,
			.in_fusd = m->in_fusd,
			.cached_fusd = m->cached_fusd,
			.out_fusd = m->out_fusd,
			.switch_pusd =
				str_is(m->name, last->model) || !*last->model
					? 0
					: lost_cache(c, m),
			.allowed = (need & ~m->can) == 0 &&
				   gw_link_ready(l, now) &&
				   !gw_queue_full(l, c),
		};
	}
	c->ask.arms = c->arms;
	c->ask.n_arms = n;
	weigh_priced(c);
}

static int arm_named(const struct gw_call *c, struct str name)
{
	for (int i = 0; i < c->ask.n_arms; i++) {
		if (str_eq(c->arms[i].model, name))
			return i;
	}
	return -1;
}

static int strongest(const struct gw_call *c)
{
	int best = -1;

	for (int i = 0; i < c->ask.n_arms; i++) {
		const struct route_arm *a = &c->arms[i], *b;

		if (!a->allowed)
			continue;
		b = best < 0 ? NULL : &c->arms[best];
		if (!b || a->tier > b->tier ||
		    (a->tier == b->tier && a->out_fusd > b->out_fusd))
			best = i;
	}
	return best;
}

/* ---- what the router is asked ---- */

static void pin(struct gw_call *c, const struct gw_last *last)
{
	struct str whose = c->req.opaque_model;

	c->ask.pinned = -1;
	if (!c->req.opaque)
		return;
	if (!whose.len)
		whose = str_from(last->model);
	c->ask.pinned = arm_named(c, whose);
	c->ask.pinned_why = c->req.opaque_why;
}

static int64_t cached_tokens(const struct gw_last *last)
{
	bool warm = *last->model && clock_now_us() - last->at_us < CACHE_US;

	return warm ? last->prompt_tokens : 0;
}

static void fill_features(struct gw_call *c, const struct gw_last *last)
{
	struct feature_ctx x;

	feature_ctx_init(&x);
	x.class_guessed = c->who.class_rank >= CLASS_GUESSED;
	x.step_kind = c->req.last_tool.len ? (int)c->who.kind : -1;
	x.step = last->steps + 1;
	x.tools_offered = c->req.tools;
	x.tools_used = c->req.tool_results;
	x.context_tokens = c->ask.prompt_tokens;
	x.context_before = *last->model ? last->prompt_tokens : -1;
	x.errors = c->req.tool_errors;
	x.repeats = c->req.repeats;
	x.cost_pusd = last->cost_pusd;
	c->ask.n_x = feature_vector_memo(
		c->g->texts, c->req.text.len ? c->req.text : c->req.task_text,
		&x, c->features);
	c->ask.x = c->features;
}

static void fill_ask(struct gw_call *c, const struct gw_last *last)
{
	const struct gw_conf *f = c->conf;

	c->ask = (struct route_ask){
		.class_name = c->who.class_name,
		.floor = gw_conf_floor(f, c->who.class_name),
		.floor_why = "route_floors",
		.prompt_tokens = meter_estimate((int64_t)c->req.body_bytes),
		.cached_tokens = cached_tokens(last),
		.max_output = c->req.max_output > 0 ? c->req.max_output : 0,
		.budget_left_pusd = -1,
		.goal = f->goal,
		.target = f->target,
		.explore = f->explore,
		.seed = gw_random(c->g),
		.tried = c->tried,
	};
	if (c->billed) {
		struct budget_subject s = gw_subject(c);

		c->ask.budget_left_pusd = budget_left(c->g->w->budgets, &s);
	}
	add_arms(c, last);
	pin(c, last);
	if (f->mode != GW_OFF)
		fill_features(c, last);
}

/* ---- what serves while the router does not ---- */

/* The protocol that a name of route_default belongs to, which no registry
 * tells. */
static bool default_fits(struct gw_call *c, struct str name)
{
	const struct gw_provider *p;
	const struct gw_model *m;
	struct str model, whose;
	bool named = with_provider(c->conf, name, c->protocol, &p, &model);

	m = gw_registry_find(c->reg, c->protocol, name);
	if (needs(c) & ~(m ? m->can : gw_can_guess(named ? model : name)))
		return false;
	if (named || m)
		return true;
	if (memchr(name.p, '/', name.len) ||
	    gw_registry_find(c->reg, GW_PROTOCOL_N, name))
		return false;
	whose = price_provider_of_model(c->reg->book, name);
	return str_is(whose, "anthropic") == (c->protocol == GW_ANTHROPIC);
}

static bool serve_default(struct gw_call *c)
{
	for (size_t i = 0; i < c->conf->n_defaults; i++) {
		struct str name = c->conf->defaults[i];
		int arm = arm_named(c, name);

		if (arm >= 0 && !c->arms[arm].allowed)
			continue;
		if (arm < 0 && !default_fits(c, name))
			continue;
		if (arm < 0)
			serve_named(c, name);
		c->arm = arm;
		return true;
	}
	c->arm = strongest(c);
	return c->arm >= 0;
}

/* The creator of what is opaque must serve, also one that is no arm. */
static bool serve_pinned(struct gw_call *c, const struct gw_last *last)
{
	struct str whose = c->req.opaque_model;

	if (!c->req.opaque)
		return false;
	if (!whose.len && *last->model)
		whose = arena_str(&c->a, str_from(last->model));
	if (!whose.len)
		return false;
	if (c->ask.pinned >= 0)
		c->arm = c->ask.pinned;
	else
		serve_named(c, whose);
	return true;
}

/* A name that a person may begin with. */
static const char *example(const struct gw_call *c)
{
	if (c->wire == WIRE_OPENAI_EMBEDDINGS)
		return "text-embedding-3-small --provider openai";
	return c->protocol == GW_ANTHROPIC ? "claude-haiku-4-5" : "gpt-5-mini";
}

/* Why nothing serves `auto`, and what to do. */
static enum rc nobody(const struct gw_call *c, struct err *e)
{
	unsigned need = needs(c);
	bool able = false;
	struct buf words;

	for (int i = 0; i < c->ask.n_arms; i++)
		able |= (need & ~c->arm_model[i]->can) == 0;
	if (able)
		return err_set(e, RC_DOWN,
			       "no model can serve '%.*s' now: the providers "
			       "of those that could are down or busy",
			       STR_ARG(c->req.model));
	if (!c->ask.n_arms) {
		err_set(e, RC_BAD,
			"no model may serve '%.*s': none that speaks the "
			"protocol %s is enabled",
			STR_ARG(c->req.model), gw_protocol_names[c->protocol]);
		err_hint(e, "run: aco model set %s --enable", example(c));
		return RC_BAD;
	}
	buf_init(&words, 256);
	gw_can_print(need, &words);
	err_set(e, RC_BAD,
		"no model may serve '%.*s': this call needs %s, and no enabled "
		"model of the protocol %s can that",
		STR_ARG(c->req.model), buf_str(&words),
		gw_protocol_names[c->protocol]);
	buf_release(&words);
	err_hint(e, "run: aco model set NAME --enable, --can if it was set");
	return RC_BAD;
}

/* Its provider is not in the configuration: no other one gets what is asked. */
static enum rc no_provider(const struct gw_call *c, struct err *e)
{
	const struct gw_model *m =
		gw_registry_find(c->reg, c->protocol, c->serve);

	err_set(e, RC_DOWN,
		"model '%.*s' is served by provider '%.*s', which is not "
		"configured here for that protocol",
		STR_ARG(c->serve), STR_ARG(m ? m->upstream : STR_NONE));
	err_hint(e, "providers = %.*s: url=..., or aco model set --upstream",
		 STR_ARG(m ? m->upstream : STR_NONE));
	return RC_DOWN;
}

/* A stream that is passed on as it comes cannot be judged: nothing is chosen
 * for what could come after it. Where streams may be held, those are for which
 * the judge's word may be worth the wait. */
static void decide(struct gw_call *c, const struct bundle *b)
{
	c->ask.stands = c->req.stream && !c->conf->hold_streams;
	router_decide(b, &c->ask, &c->decision);
	if (!c->req.stream || c->ask.stands)
		return;
	c->hold = c->decision.plan.kind == PLAN_CASCADE ||
		  (double)c->decision.judge_gain >= HOLD_GAIN;
	if (c->hold)
		return;
	c->ask.stands = true;
	router_decide(b, &c->ask, &c->decision);
}

static enum rc route_auto(struct gw_call *c, struct err *e)
{
	struct gw_last last;
	bool found;

	gw_session_get(c->g->sessions, c->who.task_id, &last);
	fill_ask(c, &last);
	if (c->conf->mode != GW_OFF && c->ask.n_arms) {
		const struct bundle *b = bundle_watch_now(c->g->bundles);

		decide(c, b);
		c->bundle_id = bundle_id(b);
		c->decision_id = uuid_v7();
		c->acts = c->conf->mode == GW_LIVE && c->decision.arm >= 0;
	}
	if (c->acts && !(c->req.opaque && c->ask.pinned < 0)) {
		c->arm = c->decision.arm;
		return RC_OK;
	}
	c->acts = c->hold = false;
	found = serve_pinned(c, &last) || serve_default(c);
	if (!found)
		return nobody(c, e);
	return c->arm >= 0 || c->provider ? RC_OK : no_provider(c, e);
}

enum rc gw_route(struct gw_call *c, struct err *e)
{
	c->arm = -1;
	if (c->routed)
		return route_auto(c, e);
	serve_named(c, gw_conf_alias(c->conf, c->req.model));
	return c->provider ? RC_OK : no_provider(c, e);
}

/* ---- after an attempt ---- */

static void note_tried(struct gw_call *c)
{
	struct route_tried *x = &c->tried[c->n_tried];

	memcpy(c->evidence[c->n_tried], c->t.reply.evidence,
	       sizeof(c->evidence[0]));
	gw_run_evidence(c, c->evidence[c->n_tried]);
	*x = (struct route_tried){
		.arm = c->t.arm,
		.evidence = c->evidence[c->n_tried],
		.n_evidence = EVIDENCE_N,
		.cost_pusd = c->t.priced ? c->t.cost_pusd : 0,
	};
	c->n_tried++;
	c->ask.n_tried = c->n_tried;
}

bool gw_judge(struct gw_call *c)
{
	struct decision *d = &c->judged;

	if (!c->acts || c->t.arm < 0 || c->ask.pinned >= 0 ||
	    c->n_tried == ROUTE_TRIED_MAX)
		return true;
	note_tried(c);
	router_judge(bundle_watch_now(c->g->bundles), &c->ask, d);
	return d->accept || d->arm < 0 || d->arm == c->t.arm ||
	       !c->arms[d->arm].allowed || !gw_affords(c, d->arm);
}

/* The strongest one's reply was not accepted, and a weaker one may still do. */
static bool is_weaker(const struct gw_call *c, int arm)
{
	return c->arms[arm].tier < c->arms[c->t.arm].tier;
}

void gw_escalate(struct gw_call *c)
{
	c->steps_down = is_weaker(c, c->judged.arm);
	c->escalated_from = c->t.id;
	c->decision = c->judged;
	c->decision_id = uuid_v7();
	c->decision_told = false;
	c->arm = c->decision.arm;
}

/* Those of the plan first, then the nearest tier above, then below. */
static int distance(const struct gw_call *c, int arm)
{
	int step = c->arms[arm].tier - c->arms[c->t.arm].tier;

	for (int i = 0; c->acts && i < c->decision.plan.n; i++) {
		if (c->decision.plan.kind == PLAN_CASCADE &&
		    c->decision.plan.arm[i] == arm)
			return i - PLAN_ARMS_MAX;
	}
	return step >= 0 ? step : 10 - step;
}

static int nearest(const struct gw_call *c)
{
	int best = -1;

	for (int i = 0; i < c->ask.n_arms; i++) {
		if (!c->arms[i].allowed || c->arms[i].tier < c->ask.floor)
			continue;
		if (best < 0 || distance(c, i) < distance(c, best))
			best = i;
	}
	return best;
}

bool gw_fall_back(struct gw_call *c)
{
	int arm;

	if (c->t.arm < 0 || c->ask.pinned >= 0)
		return false;
	c->arms[c->t.arm].allowed = false;
	while ((arm = nearest(c)) >= 0 && !gw_affords(c, arm))
		c->arms[arm].allowed = false;
	if (arm >= 0)
		c->arm = arm;
	return arm >= 0;
}

static void note_served(struct gw_last *last, void *arg)
{
	const struct gw_call *c = arg;
	struct str name = c->t.name;

	gw_run_step(c, last);
	memset(last->model, 0, sizeof(last->model));
	memcpy(last->model, name.p, name.len);
	last->at_us = clock_now_us();
	last->prompt_tokens = usage_prompt_total(&c->t.reply.usage);
	last->cost_pusd += c->spent_pusd;
	last->steps++;
}

void gw_session_note(struct gw_call *c)
{
	if (!c->g->sessions ||
	    c->t.name.len >= sizeof(((struct gw_last *)NULL)->model))
		return;
	gw_session_change(c->g->sessions, c->who.task_id, note_served, c);
	gw_turn_note(c);
}
