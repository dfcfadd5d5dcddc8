/* Langfuse: what its public interface gives for observations and for scores,
 * as pages ({"data": [...]}), arrays or JSON lines. Of the observations only
 * GENERATION and EMBEDDING are model calls; spans, agents, tools and traces
 * hold the same money again. usageDetails are disjoint buckets (also reasoning
 * beside output); promptTokens and completionTokens are what older versions
 * have. Scores are verdicts. A trace is a task. */
#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/import_records.h"
#include "ingest/litellm_usage.h"
#include "ingest/verdict.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"

struct obs {
	struct import_run *r;
	struct arena *a; /* until the next line */
	struct str sender;
	struct import_at at;
	const struct json *v;
	struct str trace, id;
	int64_t taken;
};

static struct str text(const struct obs *o, const char *key)
{
	struct str s = json_str(json_get(o->v, key), o->a);

	return s.len ? s : STR_NONE;
}

static uint32_t begin_task(struct obs *o)
{
	struct ev_task t;

	import_task_init(o->r, &t);
	t.ext_id = o->trace;
	t.agent = text(o, "traceName");
	t.attrs = import_facts(o->r,
			       (struct import_fact[]){
				       {"environment", text(o, "environment")},
				       {"session_id", text(o, "sessionId")},
				       {"user_id", text(o, "userId")},
				       {"version", text(o, "version")},
			       },
			       4);
	return import_task(o->r, &t);
}

/* ---- usage ---- */

/* The first of the names that a version of Langfuse or an integration gives
 * a bucket; NULL ends them. */
static int64_t bucket(const struct json *u, const char *const *names, bool *bad)
{
	for (; *names; names++) {
		const struct json *v = json_get(u, *names);

		if (json_present(v))
			return import_count(v, bad);
	}
	return USAGE_NONE;
}
#define BUCKET(u, bad, ...)                                                    \
	bucket(u, (const char *const[]){__VA_ARGS__, NULL}, bad)

static int64_t known(int64_t n)
{
	return n > 0 ? n : 0;
}

/* A total beside its parts by time to live is not a further bucket. */
static void read_writes(const struct json *u, struct usage *out,
			enum usage_quality *quality, bool *bad)
{
	int64_t all =
		BUCKET(u, bad, "input_cache_creation",
		       "cache_creation_input_tokens", "input_cache_write");
	int64_t w5m = BUCKET(u, bad, "input_cache_creation_5m");
	int64_t w1h = BUCKET(u, bad, "input_cache_creation_1h");

	if (known(w5m) + known(w1h) == 0 && all != USAGE_NONE) {
		w5m = all;
		if (all > 0)
			*quality = QUALITY_NO_TTL_SPLIT;
	}
	out->n[USAGE_CACHE_WRITE_5M] = w5m;
	out->n[USAGE_CACHE_WRITE_1H] = w1h;
}

static bool read_details(const struct json *u, struct usage *out,
			 enum usage_quality *quality, bool *bad)
{
	int64_t think;

	out->n[USAGE_UNCACHED_IN] =
		BUCKET(u, bad, "input", "input_tokens", "prompt_tokens",
		       "prompt_token_count");
	out->n[USAGE_OUTPUT] =
		BUCKET(u, bad, "output", "output_tokens", "completion_tokens",
		       "candidates_token_count");
	if (usage_missing(out))
		return false;
	*quality = QUALITY_EXACT;
	out->n[USAGE_CACHE_READ] =
		BUCKET(u, bad, "input_cached_tokens", "cache_read_input_tokens",
		       "input_cache_read");
	read_writes(u, out, quality, bad);
	think = BUCKET(u, bad, "output_reasoning_tokens", "output_reasoning",
		       "thoughts_token_count");
	out->n[USAGE_REASONING] = think;
	if (known(think) && out->n[USAGE_OUTPUT] <= INT64_MAX - think)
		out->n[USAGE_OUTPUT] = known(out->n[USAGE_OUTPUT]) + think;
	out->n[USAGE_AUDIO_IN] =
		BUCKET(u, bad, "input_audio_tokens", "input_audio");
	out->n[USAGE_AUDIO_OUT] =
		BUCKET(u, bad, "output_audio_tokens", "output_audio");
	out->n[USAGE_WEB_SEARCH] = BUCKET(u, bad, "web_search_requests");
	return true;
}

static void read_usage(struct obs *o, struct ev_attempt *a)
{
	const struct json *old = json_get(o->v, "usage");
	bool bad = false;

	if (!read_details(json_get(o->v, "usageDetails"), &a->usage,
			  &a->quality, &bad)) {
		a->usage.n[USAGE_UNCACHED_IN] =
			BUCKET(o->v, &bad, "promptTokens", "inputUsage");
		a->usage.n[USAGE_OUTPUT] =
			BUCKET(o->v, &bad, "completionTokens", "outputUsage");
		if (usage_missing(&a->usage)) {
			a->usage.n[USAGE_UNCACHED_IN] =
				BUCKET(old, &bad, "input", "promptTokens");
			a->usage.n[USAGE_OUTPUT] =
				BUCKET(old, &bad, "output", "completionTokens");
		}
		a->quality = usage_missing(&a->usage) ? QUALITY_MISSING
						      : QUALITY_CACHE_UNKNOWN;
	}
	if (bad)
		import_bad(o->r, o->at, "calls with bad token counts",
			   "a token count is not a whole number");
}

static int64_t cost_of(const struct json *v)
{
	static const char *const paths[] = {"costDetails.total", "totalCost",
					    "calculatedTotalCost",
					    "totalPrice"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int64_t pusd = import_usd(json_path(v, paths[i]));

		if (pusd != MONEY_NONE)
			return pusd;
	}
	return MONEY_NONE;
}

/* ---- observations ---- */

static void read_generation(struct obs *o)
{
	struct str model = text(o, "model");
	struct ev_attempt a;

	if (!model.len)
		model = text(o, "providedModelName");
	import_attempt_init(o->r, &a);
	a.task = begin_task(o);
	litellm_model(model.len ? model : STR("unknown"), &a.provider,
		      &a.model);
	a.keys[a.n_keys++] = callname_line(o->sender, o->trace, o->id);
	a.step_key = o->id;
	a.started_us = import_time(json_get(o->v, "startTime"), o->a);
	a.first_token_us =
		import_time(json_get(o->v, "completionStartTime"), o->a);
	a.ended_us = import_time(json_get(o->v, "endTime"), o->a);
	read_usage(o, &a);
	a.reported_cost_pusd = cost_of(o->v);
	/* Nobody's price table has a model of which nothing was counted. */
	if (a.reported_cost_pusd == 0 && a.quality == QUALITY_MISSING)
		a.reported_cost_pusd = MONEY_NONE;
	if (json_str_is(json_get(o->v, "level"), "ERROR")) {
		a.status = ATTEMPT_ERROR;
		a.error_class = verdict_error(text(o, "statusMessage"));
	}
	import_attempt(o->r, &a, o->at);
}

static void read_observation(struct obs *o)
{
	if (!json_str_is(json_get(o->v, "type"), "GENERATION") &&
	    !json_str_is(json_get(o->v, "type"), "EMBEDDING")) {
		import_skip(o->r, "observations that are not model calls");
		return;
	}
	o->id = text(o, "id");
	o->trace = text(o, "traceId");
	if (!o->id.len) {
		import_bad(o->r, o->at, "records", "an observation has no id");
		return;
	}
	if (!o->trace.len)
		o->trace = o->id;
	read_generation(o);
}

/* ---- scores ---- */

/* A score from 0 to 1 is a success; another number, a category or a text is a
 * label. */
static void read_score(struct obs *o)
{
	const struct json *value = json_get(o->v, "value");
	struct ev_outcome v = {
		.source = o->sender,
		.key = text(o, "name"),
		.step_key = text(o, "observationId"),
		.success_micro = -1,
		.label = verdict_status(text(o, "stringValue")),
		.at_us = import_time(json_get(o->v, "timestamp"), o->a),
	};

	o->trace = text(o, "traceId");
	if (!o->trace.len || !v.key.len) {
		import_skip(o->r, "scores without a trace or a name");
		return;
	}
	if (v.at_us == TIME_NONE)
		v.at_us = import_time(json_get(o->v, "createdAt"), o->a);
	if (json_str_is(json_get(o->v, "dataType"), "CATEGORICAL") ||
	    !json_is(value, JSON_NUMBER) ||
	    !verdict_micro(value, &v.success_micro)) {
		if (!v.label.len)
			v.label = verdict_status(json_str(value, o->a));
	}
	if (v.success_micro < 0 && !v.label.len) {
		import_skip(o->r, "scores without a value");
		return;
	}
	v.task = begin_task(o);
	import_outcome(o->r, &v, o->at);
}

static void read_record(void *arg, const struct json *v, struct import_at at)
{
	struct obs *o = arg;

	o->v = v;
	o->at = at;
	if (json_get(v, "type")) {
		o->taken++;
		read_observation(o);
	} else if (json_get(v, "name") &&
		   (json_get(v, "value") || json_get(v, "stringValue"))) {
		o->taken++;
		read_score(o);
	} else {
		import_skip(o->r, "records that are neither calls nor scores");
	}
}

static enum rc parse(struct import_run *r, struct err *e)
{
	struct obs o = {
		.r = r, .a = import_scratch(r), .sender = STR("langfuse")};

	return import_records(r, read_record, &o, e);
}

static bool match(struct str path)
{
	return str_ends(path, ".json") || str_ends(path, ".jsonl") ||
	       str_ends(path, ".ndjson");
}

const struct import_kind import_langfuse = {
	.name = "langfuse",
	.summary = "observations and scores of Langfuse (JSON)",
	.sender = "langfuse",
	.rank = RANK_OTHER,
	.match = match,
	.parse = parse,
};
