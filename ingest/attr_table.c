/* Every attribute that means something, one row each. Of the names of one
 * field the one that stands higher wins. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "ingest/facts.h"
#include "ledger/base/map.h"

enum conv {
	AS_IS,   /* texts, and counts as they are */
	FIRST,   /* the first of a list, also of one written as JSON */
	SECONDS, /* to microseconds */
	MILLIS,
	LENIENT, /* a number of no weight: absurd ones are not counted */
};

static const struct row {
	const char *name;
	enum fact fact;
	enum conv conv;
} rows[] = {
	{"gen_ai.operation.name", FACT_OPERATION, AS_IS},
	{"ai.operationId", FACT_AI_OPERATION, AS_IS},
	{"openinference.span.kind", FACT_OI_KIND, AS_IS},
	{"langfuse.observation.type", FACT_LF_TYPE, AS_IS},
	{"traceloop.span.kind", FACT_TL_KIND, AS_IS},
	{"llm.request.type", FACT_LLM_TYPE, AS_IS},
	{"span.type", FACT_SPAN_TYPE, AS_IS},
	{"logfire.span_type", FACT_LOGFIRE_TYPE, AS_IS},

	{"gen_ai.provider.name", FACT_PROVIDER, AS_IS},
	{"gen_ai.system", FACT_PROVIDER, AS_IS},
	{"llm.provider", FACT_PROVIDER, AS_IS},
	{"llm.system", FACT_PROVIDER, AS_IS},
	{"ai.model.provider", FACT_PROVIDER, AS_IS},
	{"server.address", FACT_SERVER, AS_IS},

	{"gen_ai.request.model", FACT_MODEL_REQ, AS_IS},
	{"llm.request.model_name", FACT_MODEL_REQ, AS_IS},
	{"ai.model.id", FACT_MODEL_REQ, AS_IS},
	{"gen_ai.response.model", FACT_MODEL, AS_IS},
	{"llm.response.model_name", FACT_MODEL, AS_IS},
	{"llm.model_name", FACT_MODEL, AS_IS},
	{"ai.response.model", FACT_MODEL, AS_IS},
	{"langfuse.observation.model.name", FACT_MODEL, AS_IS},
	{"embedding.model_name", FACT_MODEL, AS_IS},
	{"reranker.model_name", FACT_MODEL, AS_IS},
	{"model", FACT_MODEL_ANY, AS_IS},
	{"model_name", FACT_MODEL_ANY, AS_IS},

	{"gen_ai.response.id", FACT_RESPONSE_ID, AS_IS},
	{"ai.response.id", FACT_RESPONSE_ID, AS_IS},
	{"request_id", FACT_REQUEST_ID, AS_IS},

	{"gen_ai.conversation.id", FACT_SESSION, AS_IS},
	{"session.id", FACT_SESSION, AS_IS},
	{"langfuse.session.id", FACT_SESSION, AS_IS},
	{"ai.telemetry.metadata.sessionId", FACT_SESSION, AS_IS},
	{"traceloop.association.properties.session_id", FACT_SESSION, AS_IS},
	{"conversation.id", FACT_SESSION, AS_IS},
	{"thread.id", FACT_THREAD, AS_IS},
	{"user.id", FACT_USER, AS_IS},
	{"langfuse.user.id", FACT_USER, AS_IS},
	{"ai.telemetry.metadata.userId", FACT_USER, AS_IS},
	{"traceloop.association.properties.user_id", FACT_USER, AS_IS},
	{"user.email", FACT_USER, AS_IS},
	{"user.account_uuid", FACT_USER, AS_IS},

	{"gen_ai.agent.name", FACT_AGENT, AS_IS},
	{"agent.name", FACT_AGENT, AS_IS},
	{"agent_name", FACT_AGENT, AS_IS},
	{"langfuse.trace.name", FACT_AGENT, AS_IS},
	{"ai.telemetry.functionId", FACT_AGENT, AS_IS},
	{"graph.node.id", FACT_AGENT, AS_IS},
	{"agent_id", FACT_AGENT_ID, AS_IS},
	{"parent_agent_id", FACT_PARENT_AGENT_ID, AS_IS},
	{"traceloop.entity.name", FACT_ENTITY, AS_IS},
	{"gen_ai.workflow.name", FACT_WORKFLOW, AS_IS},
	{"traceloop.workflow.name", FACT_WORKFLOW, AS_IS},
	{"workflow.run_id", FACT_RUN, AS_IS},
	{"run.id", FACT_RUN, AS_IS},

	{"gen_ai.tool.name", FACT_TOOL, AS_IS},
	{"tool.name", FACT_TOOL, AS_IS},
	{"ai.toolCall.name", FACT_TOOL, AS_IS},
	{"tool_name", FACT_TOOL, AS_IS},
	{"function_name", FACT_TOOL, AS_IS},
	{"gen_ai.tool.call.id", FACT_TOOL_CALL, AS_IS},
	{"ai.toolCall.id", FACT_TOOL_CALL, AS_IS},
	{"tool_call.id", FACT_TOOL_CALL, AS_IS},
	{"tool_use_id", FACT_TOOL_CALL, AS_IS},
	{"call_id", FACT_TOOL_CALL, AS_IS},
	{"gen_ai.tool.call.arguments", FACT_TOOL_ARGS, AS_IS},
	{"ai.toolCall.args", FACT_TOOL_ARGS, AS_IS},
	{"tool.parameters", FACT_TOOL_ARGS, AS_IS},
	{"tool_parameters", FACT_TOOL_ARGS, AS_IS},
	{"tool_arguments", FACT_TOOL_ARGS, AS_IS},
	{"function_args", FACT_TOOL_ARGS, AS_IS},
	{"arguments", FACT_TOOL_ARGS, AS_IS},

	{"gen_ai.response.finish_reasons", FACT_FINISH, FIRST},
	{"llm.finish_reason", FACT_FINISH, FIRST},
	{"ai.response.finishReason", FACT_FINISH, FIRST},
	{"stop_reason", FACT_FINISH, FIRST},
	{"finish_reasons", FACT_FINISH, FIRST},
	{"gen_ai.completion.0.finish_reason", FACT_FINISH, FIRST},
	{"error.type", FACT_ERROR, AS_IS},
	{"error_type", FACT_ERROR, AS_IS},
	{"exception.type", FACT_ERROR, AS_IS},
	{"error.message", FACT_ERROR, AS_IS},
	{"error", FACT_ERROR, AS_IS},
	{"langfuse.observation.level", FACT_LEVEL, AS_IS},
	{"openai.response.service_tier", FACT_TIER, AS_IS},
	{"gen_ai.openai.response.service_tier", FACT_TIER, AS_IS},
	{"speed", FACT_SPEED, AS_IS},

	{"team.id", FACT_TEAM, AS_IS},
	{"team", FACT_TEAM, AS_IS},
	{"aco.class", FACT_CLASS, AS_IS},
	{"task.class", FACT_CLASS, AS_IS},
	{"service.name", FACT_SERVICE, AS_IS},
	{"service.version", FACT_SERVICE_VERSION, AS_IS},
	{"event.name", FACT_EVENT_NAME, AS_IS},
	{"event.kind", FACT_EVENT_KIND, AS_IS},
	{"event.timestamp", FACT_EVENT_TIME, AS_IS},
	{"ai.response.providerMetadata", FACT_METADATA, AS_IS},
	{"langfuse.observation.usage_details", FACT_USAGE_DETAILS, AS_IS},
	{"langfuse.observation.cost_details", FACT_COST_DETAILS, AS_IS},

	{"gen_ai.evaluation.name", FACT_EVAL_NAME, AS_IS},
	{"evaluation.name", FACT_EVAL_NAME, AS_IS},
	{"annotation.name", FACT_EVAL_NAME, AS_IS},
	{"langfuse.score.name", FACT_EVAL_NAME, AS_IS},
	{"gen_ai.evaluation.score.value", FACT_EVAL_SCORE, AS_IS},
	{"evaluation.score", FACT_EVAL_SCORE, AS_IS},
	{"annotation.score", FACT_EVAL_SCORE, AS_IS},
	{"langfuse.score.value", FACT_EVAL_SCORE, AS_IS},
	{"gen_ai.evaluation.score.label", FACT_EVAL_LABEL, AS_IS},
	{"evaluation.label", FACT_EVAL_LABEL, AS_IS},
	{"annotation.label", FACT_EVAL_LABEL, AS_IS},
	{"langfuse.score.string_value", FACT_EVAL_LABEL, AS_IS},
	{"evaluation.annotator_kind", FACT_EVAL_SOURCE, AS_IS},
	{"annotation.annotator_kind", FACT_EVAL_SOURCE, AS_IS},

	{"cost_usd", FACT_COST, AS_IS},
	{"llm.cost.total", FACT_COST, AS_IS},
	{"operation.cost", FACT_COST, AS_IS},
	{"gen_ai.usage.cost", FACT_COST, AS_IS},
	{"cost_usd_micros", FACT_COST_MICROS, LENIENT},

	{"gen_ai.usage.input_tokens", FACT_INPUT, AS_IS},
	{"gen_ai.usage.prompt_tokens", FACT_INPUT, AS_IS},
	{"llm.token_count.prompt", FACT_INPUT, AS_IS},
	{"ai.usage.inputTokens", FACT_INPUT, AS_IS},
	{"ai.usage.promptTokens", FACT_INPUT, AS_IS},
	{"ai.usage.tokens", FACT_INPUT, AS_IS},
	{"input_tokens", FACT_INPUT, AS_IS},
	{"input_token_count", FACT_INPUT, AS_IS},
	{"gen_ai.usage.output_tokens", FACT_OUTPUT, AS_IS},
	{"gen_ai.usage.completion_tokens", FACT_OUTPUT, AS_IS},
	{"llm.token_count.completion", FACT_OUTPUT, AS_IS},
	{"ai.usage.outputTokens", FACT_OUTPUT, AS_IS},
	{"ai.usage.completionTokens", FACT_OUTPUT, AS_IS},
	{"output_tokens", FACT_OUTPUT, AS_IS},
	{"output_token_count", FACT_OUTPUT, AS_IS},
	{"gen_ai.usage.cache_read.input_tokens", FACT_CACHE_READ, AS_IS},
	{"gen_ai.usage.cache_read_input_tokens", FACT_CACHE_READ, AS_IS},
	{"gen_ai.usage.details.cache_read_tokens", FACT_CACHE_READ, AS_IS},
	{"llm.token_count.prompt_details.cache_read", FACT_CACHE_READ, AS_IS},
	{"ai.usage.inputTokenDetails.cacheReadTokens", FACT_CACHE_READ, AS_IS},
	{"ai.usage.cachedInputTokens", FACT_CACHE_READ, AS_IS},
	{"cache_read_tokens", FACT_CACHE_READ, AS_IS},
	{"cached_token_count", FACT_CACHE_READ, AS_IS},
	{"cached_content_token_count", FACT_CACHE_READ, AS_IS},
	{"gen_ai.usage.input_tokens.cached", FACT_CACHE_READ, AS_IS},
	{"gen_ai.usage.cache_write.input_tokens", FACT_CACHE_WRITE, AS_IS},
	{"gen_ai.usage.cache_creation.input_tokens", FACT_CACHE_WRITE, AS_IS},
	{"gen_ai.usage.cache_creation_input_tokens", FACT_CACHE_WRITE, AS_IS},
	{"gen_ai.usage.details.cache_write_tokens", FACT_CACHE_WRITE, AS_IS},
	{"llm.token_count.prompt_details.cache_write", FACT_CACHE_WRITE, AS_IS},
	{"ai.usage.inputTokenDetails.cacheWriteTokens", FACT_CACHE_WRITE,
	 AS_IS},
	{"cache_creation_tokens", FACT_CACHE_WRITE, AS_IS},
	{"cache_write_token_count", FACT_CACHE_WRITE, AS_IS},
	{"gen_ai.usage.input_tokens.cache_write", FACT_CACHE_WRITE, AS_IS},
	{"ai.usage.inputTokenDetails.noCacheTokens", FACT_NO_CACHE, AS_IS},
	{"gen_ai.usage.reasoning.output_tokens", FACT_REASONING, AS_IS},
	{"gen_ai.usage.reasoning_tokens", FACT_REASONING, AS_IS},
	{"llm.usage.reasoning_tokens", FACT_REASONING, AS_IS},
	{"gen_ai.usage.details.reasoning_tokens", FACT_REASONING, AS_IS},
	{"llm.token_count.completion_details.reasoning", FACT_REASONING, AS_IS},
	{"ai.usage.outputTokenDetails.reasoningTokens", FACT_REASONING, AS_IS},
	{"ai.usage.reasoningTokens", FACT_REASONING, AS_IS},
	{"codex.usage.reasoning_output_tokens", FACT_REASONING, AS_IS},
	{"reasoning_token_count", FACT_REASONING, AS_IS},
	{"thoughts_token_count", FACT_THOUGHTS, AS_IS},
	{"tool_token_count", FACT_TOOL_TOKENS, AS_IS},
	{"gen_ai.usage.total_tokens", FACT_TOTAL, AS_IS},
	{"llm.usage.total_tokens", FACT_TOTAL, AS_IS},
	{"llm.token_count.total", FACT_TOTAL, AS_IS},
	{"ai.usage.totalTokens", FACT_TOTAL, AS_IS},
	{"total_token_count", FACT_TOTAL, AS_IS},
	{"llm.token_count.prompt_details.audio", FACT_AUDIO_IN, AS_IS},
	{"llm.token_count.completion_details.audio", FACT_AUDIO_OUT, AS_IS},
	{"gen_ai.aggregated_usage.input_tokens", FACT_SUM_INPUT, AS_IS},
	{"gen_ai.aggregated_usage.output_tokens", FACT_SUM_OUTPUT, AS_IS},
	{"gen_ai.aggregated_usage.cache_read.input_tokens", FACT_SUM_READ,
	 AS_IS},

	{"gen_ai.response.time_to_first_chunk", FACT_TTFT_US, SECONDS},
	{"gen_ai.client.operation.time_to_first_chunk", FACT_TTFT_US, SECONDS},
	{"ai.response.msToFirstChunk", FACT_TTFT_US, MILLIS},
	{"ttft_ms", FACT_TTFT_US, MILLIS},
	{"gen_ai.server.ttft", FACT_TTFT_US, SECONDS},
	{"duration_ms", FACT_DURATION_US, MILLIS},
	{"attempt", FACT_ATTEMPT, LENIENT},
	{"http.response.status_code", FACT_STATUS_CODE, LENIENT},
	{"status_code", FACT_STATUS_CODE, LENIENT},
	{"http.status_code", FACT_STATUS_CODE, LENIENT},
	{"event.sequence", FACT_SEQUENCE, LENIENT},
	{"success", FACT_SUCCESS, LENIENT},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

/* ---- look-up ---- */

#define SLOTS 1024 /* a power of two, some five times ROWS */

static struct slot {
	uint16_t row; /* + 1 */
	uint16_t len;
	uint32_t tag;
} slots[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_slots(void)
{
	for (size_t i = 0; i < ROWS; i++) {
		size_t len = strlen(rows[i].name);
		uint64_t h = map_hash(rows[i].name, len);
		size_t at = h & (SLOTS - 1);

		while (slots[at].row)
			at = (at + 1) & (SLOTS - 1);
		slots[at] = (struct slot){(uint16_t)(i + 1), (uint16_t)len,
					  (uint32_t)(h >> 32)};
	}
}

/* Row + 1, or 0. */
static uint16_t find_row(struct str key)
{
	uint64_t h;

	pthread_once(&once, fill_slots);
	if (key.len < 4 || key.len > 64)
		return 0;
	h = map_hash(key.p, key.len);
	for (size_t at = h & (SLOTS - 1); slots[at].row;
	     at = (at + 1) & (SLOTS - 1)) {
		const struct slot *s = &slots[at];

		if (s->tag == (uint32_t)(h >> 32) && s->len == key.len &&
		    !memcmp(rows[s->row - 1].name, key.p, key.len))
			return s->row;
	}
	return 0;
}

bool facts_wants(struct str key)
{
	return find_row(key) != 0;
}

/* ---- values ---- */

/* `["stop"]` written as text gives stop. */
static struct str first_of_json(struct str s)
{
	const char *from, *to;

	if (!s.len || s.p[0] != '[')
		return s;
	from = memchr(s.p, '"', s.len);
	if (!from)
		return STR_NONE;
	from++;
	to = memchr(from, '"', (size_t)(s.p + s.len - from));
	return to ? (struct str){from, (size_t)(to - from)} : STR_NONE;
}

static struct str number_text(const struct otlp_value *v, struct arena *a)
{
	if (v->type == OTLP_INT)
		return arena_strf(a, "%lld", (long long)v->i);
	/* Fifteen digits are what a decimal keeps through a double. */
	return arena_strf(a, "%.15g", v->d);
}

static struct str text_of(const struct row *r, const struct otlp_value *v,
			  struct arena *a)
{
	struct str s = STR_NONE;

	if (r->conv == FIRST && v->type == OTLP_ARRAY && v->n)
		v = &v->items[0];
	if (v->type == OTLP_STRING)
		s = r->conv == FIRST ? first_of_json(v->s) : v->s;
	else if (r->fact == FACT_COST || r->fact == FACT_EVAL_SCORE) {
		if (v->type == OTLP_INT || v->type == OTLP_DOUBLE)
			s = number_text(v, a);
		else if (v->type == OTLP_BOOL)
			s = v->b ? STR("1") : STR("0");
	}
	return s.len ? s : STR_NONE;
}

static bool time_of(const struct otlp_value *v, double unit, int64_t *out)
{
	double d;

	if (!otlp_f64(v, &d) || !isfinite(d) || d < 0 || d * unit > 1e15)
		return false;
	*out = (int64_t)llround(d * unit);
	return true;
}

static bool is_tokens(enum fact id)
{
	return id >= FACT_INPUT && id <= FACT_SUM_READ;
}

/* FACT_NONE when nothing is said; *absurd: something impossible is. */
static int64_t number_of(const struct row *r, const struct otlp_value *v,
			 bool *absurd)
{
	int64_t n = FACT_NONE;

	if (r->fact == FACT_SUCCESS) {
		if (v->type == OTLP_BOOL)
			return v->b;
		if (v->type == OTLP_STRING)
			return str_is(v->s, "true")    ? 1
			       : str_is(v->s, "false") ? 0
						       : FACT_NONE;
		return FACT_NONE;
	}
	if (r->conv == SECONDS || r->conv == MILLIS) {
		time_of(v, r->conv == SECONDS ? 1e6 : 1e3, &n);
		return n;
	}
	if (!otlp_i64(v, &n)) {
		*absurd = is_tokens(r->fact) && v->type != OTLP_ABSENT;
		return FACT_NONE;
	}
	if (n < 0 || (is_tokens(r->fact) && n > FACT_COUNT_MAX)) {
		*absurd = is_tokens(r->fact);
		return FACT_NONE;
	}
	return n;
}

/* ---- facts ---- */

void facts_init(struct facts *f)
{
	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < FACT_N - FACT_TEXTS; i++)
		f->n[i] = FACT_NONE;
}

static void add_one(struct facts *f, const struct otlp_attr *attr,
		    struct arena *a)
{
	uint16_t at = find_row(attr->key);
	const struct row *r;
	bool absurd = false;

	if (!at || attr->v.type == OTLP_ABSENT)
		return;
	r = &rows[at - 1];
	if (f->from[r->fact] && f->from[r->fact] < at)
		return;
	if (f->from[r->fact] == at)
		f->warnings++; /* a name twice: the last wins */
	if (r->fact < FACT_TEXTS) {
		struct str s = text_of(r, &attr->v, a);

		if (!s.p && f->from[r->fact] != at)
			return;
		f->text[r->fact] = s;
		f->from[r->fact] = s.p ? at : 0;
		return;
	}
	{
		int64_t n = number_of(r, &attr->v, &absurd);

		if (absurd) {
			f->absurd = true;
			f->warnings++;
		}
		if (n == FACT_NONE && f->from[r->fact] != at)
			return;
		f->n[r->fact - FACT_TEXTS] = n;
		f->from[r->fact] = n == FACT_NONE ? 0 : at;
	}
}

void facts_add(struct facts *f, const struct otlp_attrs *attrs, struct arena *a)
{
	for (size_t i = 0; i < attrs->n; i++)
		add_one(f, &attrs->p[i], a);
	f->dropped = f->dropped || attrs->dropped > 0;
}

void facts_keep(struct facts *f, struct arena *a)
{
	for (size_t i = 0; i < FACT_TEXTS; i++) {
		if (f->text[i].p)
			f->text[i] = arena_str(a, f->text[i]);
	}
}

void facts_fill(struct facts *f, enum fact id, int64_t n)
{
	if (n != FACT_NONE && f->n[id - FACT_TEXTS] == FACT_NONE) {
		f->n[id - FACT_TEXTS] = n;
		f->from[id] = UINT16_MAX;
	}
}

void facts_fill_text(struct facts *f, enum fact id, struct str s)
{
	if (s.len && !f->text[id].p) {
		f->text[id] = s;
		f->from[id] = UINT16_MAX;
	}
}
