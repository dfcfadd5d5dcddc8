/* What any model call says, whoever told it; and calls that two spans tell. */
#include <stdio.h>
#include <string.h>

#include "ingest/callname.h"
#include "ingest/meaning_int.h"
#include "ingest/profile.h"
#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "ledger/base/map.h"
#include "ledger/money.h"
#include "ledger/price.h"
#include "ledger/verdict.h"

/* ---- provider and model ---- */

static struct str provider_of_server(struct str host)
{
	static const struct {
		const char *part, *provider;
	} hosts[] = {
		{"api.anthropic.com", "anthropic"},
		{"openai.azure.com", "azure"},
		{"api.openai.com", "openai"},
		{"bedrock", "aws"},
		{"googleapis.com", "google"},
		{"api.mistral.ai", "mistral"},
		{"api.groq.com", "groq"},
		{"api.deepseek.com", "deepseek"},
		{"openrouter.ai", "openrouter"},
		{"api.x.ai", "x-ai"},
		{"api.cohere.", "cohere"},
		{"api.together.", "together"},
		{"api.perplexity.ai", "perplexity"},
		{"api.moonshot.", "moonshotai"},
	};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		if (str_contains(host, hosts[i].part))
			return str_from(hosts[i].provider);
	}
	return STR_NONE;
}

static bool has_model(const struct kin_node *n, const void *arg)
{
	(void)arg;
	return n->model.len > 0;
}

static void find_model(struct meaning *m, const struct item *it,
		       struct ev_attempt *a)
{
	struct str any = fact_text(&it->f, FACT_MODEL_ANY);
	struct kin_node *n;

	a->requested_model = fact_text(&it->f, FACT_MODEL_REQ);
	a->model = fact_text(&it->f, FACT_MODEL);
	if (!a->model.len)
		a->model = a->requested_model;
	if (!a->model.len || (it->is_log && any.len))
		a->model = any;
	if (!a->model.len && it->has_span) {
		n = item_node(m, it);
		n = n ? kin_up(m->kin, n, has_model, NULL) : NULL;
		if (n)
			a->model = arena_str(&m->arena, kin_str(&n->model));
	}
	if (!a->model.len)
		a->model = STR("unknown"); /* has no price, and is seen */
}

static void find_provider(struct meaning *m, const struct item *it,
			  struct ev_attempt *a)
{
	struct str said = fact_text(&it->f, FACT_PROVIDER);
	char buf[PRICE_PROVIDER_MAX];

	if (!said.len)
		said = provider_of_server(fact_text(&it->f, FACT_SERVER));
	if (said.len) {
		struct str c = price_provider(said, buf, sizeof(buf));

		a->provider = c.p == buf ? arena_str(&m->arena, c) : c;
	} else {
		a->provider = price_provider_of_model(m->book, a->model);
	}
}

/* ---- times ---- */

static void find_times(struct meaning *m, const struct item *it,
		       struct ev_attempt *a)
{
	int64_t ttft = fact_n(&it->f, FACT_TTFT_US);
	int64_t took = fact_n(&it->f, FACT_DURATION_US);

	a->started_us = it->start_us;
	a->ended_us = it->end_us;
	if (it->is_log) {
		a->started_us = a->ended_us;
		if (took != FACT_NONE && a->ended_us != TIME_NONE &&
		    took < US_PER_DAY)
			a->started_us = a->ended_us - took;
	}
	if (a->started_us != TIME_NONE && a->ended_us != TIME_NONE &&
	    a->ended_us < a->started_us) {
		a->ended_us = a->started_us;
		m->counts.warnings++; /* clocks that ran apart */
	}
	if (ttft != FACT_NONE && a->started_us != TIME_NONE &&
	    (a->ended_us == TIME_NONE || a->started_us + ttft <= a->ended_us))
		a->first_token_us = a->started_us + ttft;
}

/* ---- result ---- */

bool call_failed(const struct item *it)
{
	int64_t code = fact_n(&it->f, FACT_STATUS_CODE);

	return it->status == 2 || fact_n(&it->f, FACT_SUCCESS) == 0 ||
	       code >= 400 || str_is(fact_text(&it->f, FACT_LEVEL), "ERROR") ||
	       it->f.from[FACT_ERROR];
}

/* A short word; what providers write beyond that may quote a prompt. */
static struct str call_error(const struct item *it)
{
	static const char *const codes[] = {"http_400", "http_401", "http_403",
					    "http_404", "http_408", "http_413",
					    "http_429", "http_500", "http_502",
					    "http_503", "http_504", "http_529"};
	struct str s = fact_text(&it->f, FACT_ERROR);
	int64_t code = fact_n(&it->f, FACT_STATUS_CODE);
	char name[16];

	if (s.len)
		return verdict_error(s);
	snprintf(name, sizeof(name), "http_%d", (int)(code % 1000));
	for (size_t i = 0; code < 1000 && i < sizeof(codes) / sizeof(codes[0]);
	     i++) {
		if (!strcmp(name, codes[i]))
			return str_from(codes[i]);
	}
	return STR("error");
}

static bool is_abort(struct str s)
{
	static const char *const words[] = {
		"AbortError",     "APIUserAbortError", "CancelledError",
		"cancelled",      "canceled",          "aborted",
		"context_cancel", "Cancelled",         "Canceled"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_is(s, words[i]))
			return true;
	}
	return false;
}

static void find_result(const struct item *it, struct ev_attempt *a)
{
	int64_t n = fact_n(&it->f, FACT_ATTEMPT);

	a->finish_reason = verdict_status(fact_text(&it->f, FACT_FINISH));
	if (call_failed(it)) {
		a->error_class = call_error(it);
		a->status = is_abort(a->error_class) ? ATTEMPT_ABORTED
						     : ATTEMPT_ERROR;
	} else if (str_is(a->finish_reason, "refusal")) {
		a->status = ATTEMPT_REFUSED;
	}
	if (n > 0 && n < 1000)
		a->attempt_no = (int16_t)n;
	a->service_tier = fact_text(&it->f, FACT_TIER);
	if (str_is(fact_text(&it->f, FACT_SPEED), "fast"))
		a->service_tier = STR("fast");
	/* A model that ended its turn spoke; a tool of the turn says more. */
	if (str_is(a->finish_reason, "stop") ||
	    str_is(a->finish_reason, "end_turn"))
		a->step_kind = STEP_COMMUNICATE;
}

/* ---- money ---- */

static int64_t reported(const struct item *it)
{
	int64_t micros = fact_n(&it->f, FACT_COST_MICROS);
	int64_t pusd = MONEY_NONE, exact = MONEY_NONE;
	struct str usd = fact_text(&it->f, FACT_COST);

	if (micros != FACT_NONE && micros < INT64_MAX / 1000000)
		pusd = micros * (PUSD_PER_USD / 1000000);
	if (usd.len && !money_parse_pusd(usd, &exact))
		exact = MONEY_NONE;
	if (pusd == MONEY_NONE)
		return exact;
	/* The same, said more exactly: 139.25 micro-dollars. */
	if (exact != MONEY_NONE && exact - pusd < 1000000 &&
	    pusd - exact < 1000000)
		return exact;
	return pusd;
}

void call_fill(struct meaning *m, const struct item *it, struct ev_attempt *a)
{
	struct teller t = {.scope = it->place->scope,
			   .version = it->place->version,
			   .disjoint = it->disjoint,
			   .no_caching = it->role == ROLE_EMBEDDING};

	ev_attempt_init(a);
	a->source = m->origin.source;
	a->origin = m->origin.peer;
	find_model(m, it, a);
	find_provider(m, it, a);
	find_times(m, it, a);
	t.provider = a->provider;
	t.model = a->model;
	t.at_us = a->started_us;
	switch (it->place->sender) {
	case SENDER_CODEX:
		t.scope = STR("codex");
		break;
	case SENDER_GEMINI:
		t.scope = STR("gemini-cli");
		break;
	case SENDER_CLAUDE:
		t.scope = STR("com.anthropic.claude_code");
		break;
	case SENDER_OTLP:
	case SENDER_LANGFUSE:
	case SENDER_N:
		break;
	}
	a->quality = profile_usage(&it->f, &t, m->book, &a->usage);
	a->reported_cost_pusd = reported(it);
	find_result(it, a);
}

/* ---- names ---- */

void call_key(struct ev_attempt *a, struct uuid key)
{
	for (int i = 0; i < a->n_keys; i++) {
		if (uuid_eq(a->keys[i], key))
			return;
	}
	if (a->n_keys < EV_KEYS_MAX)
		a->keys[a->n_keys++] = key;
}

bool call_response(const struct ev_attempt *a, struct str id, struct uuid *name)
{
	char provider[40];

	if (!a->provider.len || a->provider.len >= sizeof(provider) ||
	    !callname_unique(id) || callname_sample(id))
		return false;
	memcpy(provider, a->provider.p, a->provider.len);
	provider[a->provider.len] = '\0';
	*name = callname_response(provider, STR_NONE, STR_NONE, id);
	return true;
}

struct call *call_add(struct meaning *m, const struct item *it,
		      const struct ev_task *t, const struct ev_attempt *a,
		      struct kin_node *node, uint64_t thread)
{
	struct str id = fact_text(&it->f, FACT_RESPONSE_ID);
	struct call *c;

	xgrow(&m->calls, &m->cap_calls, m->n_calls + 1, sizeof(*m->calls));
	c = &m->calls[m->n_calls];
	*c = (struct call){*t, *a, node->seq};
	if (!c->a.step_key.len) { /* a step of its own, named as the call */
		char text[UUID_TEXT];

		uuid_format(a->keys[0], text);
		c->a.step_key = arena_str(&m->arena, str_from(text));
	}
	node->request = m->request;
	node->place_in_request = (uint32_t)m->n_calls++;
	node->sender = (uint8_t)it->place->sender;
	node->thread = thread;
	node->start_us = a->started_us;
	node->end_us = a->ended_us != TIME_NONE ? a->ended_us : a->started_us;
	node->key = a->keys[0];
	if (!usage_missing(&a->usage)) {
		node->prompt = usage_prompt_total(&a->usage);
		node->output = a->usage.n[USAGE_OUTPUT];
	}
	node->response = id.len ? map_hash(id.p, id.len) | 1 : 0;
	kin_put(&node->task, t->ext_id);
	kin_put(&node->step, c->a.step_key);
	kin_put(&node->model, a->model);
	node->step_kind = (uint8_t)a->step_kind;
	node->step_failed = a->step_failed;
	kin_call(m->kin, node);
	return c;
}

void tool_add(struct meaning *m, const struct item *it, uint64_t thread)
{
	struct kin_node *n = NULL;

	if (it->has_span && !it->is_log)
		n = item_node(m, it);
	xgrow(&m->tools, &m->cap_tools, m->n_tools + 1, sizeof(*m->tools));
	m->tools[m->n_tools++] = (struct tool_use){it, thread, n ? n->seq : 0};
}
