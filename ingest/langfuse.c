#include "ingest/langfuse.h"

#include "ingest/callname.h"
#include "ingest/import.h"
#include "ingest/litellm_usage.h"
#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "ledger/verdict.h"

#define SENDER STR("langfuse")

const struct json *langfuse_get(const struct langfuse_view *o, const char *key)
{
	for (int i = o->n - 1; i >= 0; i--) {
		const struct json *v = json_get(o->v[i], key);

		if (json_present(v))
			return v;
	}
	return NULL;
}

struct str langfuse_text(const struct langfuse_view *o, const char *key,
			 struct arena *a)
{
	struct str s = json_str(langfuse_get(o, key), a);

	return s.len ? s : STR_NONE;
}

/* ---- usage ---- */

/* The first of the names that a version of Langfuse or an integration gives
 * a bucket; NULL ends them. */
static int64_t bucket(const struct json *u, const char *const *names, bool *bad)
{
	for (; *names; names++) {
		const struct json *v = json_get(u, *names);

		if (json_present(v))
			return field_count(v, bad);
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

/* The newer name of a flat count, or the older one. */
static int64_t flat(const struct langfuse_view *o, const char *key,
		    const char *older, bool *bad)
{
	const struct json *v = langfuse_get(o, key);

	return field_count(v ? v : langfuse_get(o, older), bad);
}

static void read_usage(const struct langfuse_view *o, struct ev_attempt *a,
		       bool *bad)
{
	const struct json *old = langfuse_get(o, "usage");

	if (read_details(langfuse_get(o, "usageDetails"), &a->usage,
			 &a->quality, bad))
		return;
	a->usage.n[USAGE_UNCACHED_IN] =
		flat(o, "promptTokens", "inputUsage", bad);
	a->usage.n[USAGE_OUTPUT] =
		flat(o, "completionTokens", "outputUsage", bad);
	if (usage_missing(&a->usage)) {
		a->usage.n[USAGE_UNCACHED_IN] =
			BUCKET(old, bad, "input", "promptTokens");
		a->usage.n[USAGE_OUTPUT] =
			BUCKET(old, bad, "output", "completionTokens");
	}
	a->quality = usage_missing(&a->usage) ? QUALITY_MISSING
					      : QUALITY_CACHE_UNKNOWN;
}

static int64_t cost_of(const struct langfuse_view *o)
{
	const struct json *const places[] = {
		json_get(langfuse_get(o, "costDetails"), "total"),
		langfuse_get(o, "totalCost"),
		langfuse_get(o, "calculatedTotalCost"),
		langfuse_get(o, "totalPrice"),
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int64_t pusd = field_usd(places[i]);

		if (pusd != MONEY_NONE)
			return pusd;
	}
	return MONEY_NONE;
}

bool langfuse_call(const struct langfuse_view *o, struct arena *a,
		   struct str *trace, struct ev_attempt *out, bool *bad_counts)
{
	struct str id = langfuse_text(o, "id", a);
	struct str model = langfuse_text(o, "model", a);

	*bad_counts = false;
	if (!id.len)
		return false;
	*trace = langfuse_text(o, "traceId", a);
	if (!trace->len)
		*trace = id;
	if (!model.len)
		model = langfuse_text(o, "providedModelName", a);
	litellm_model(model.len ? model : STR("unknown"), &out->provider,
		      &out->model);
	out->keys[out->n_keys++] = callname_line(SENDER, *trace, id);
	out->step_key = id;
	out->started_us = field_time(langfuse_get(o, "startTime"), a);
	out->first_token_us =
		field_time(langfuse_get(o, "completionStartTime"), a);
	out->ended_us = field_time(langfuse_get(o, "endTime"), a);
	read_usage(o, out, bad_counts);
	out->reported_cost_pusd = cost_of(o);
	/* Nobody's price table has a model of which nothing was counted. */
	if (out->reported_cost_pusd == 0 && out->quality == QUALITY_MISSING)
		out->reported_cost_pusd = MONEY_NONE;
	if (json_str_is(langfuse_get(o, "level"), "ERROR")) {
		out->status = ATTEMPT_ERROR;
		out->error_class =
			verdict_error(langfuse_text(o, "statusMessage", a));
	}
	return true;
}

const char *langfuse_score(const struct langfuse_view *o, struct arena *a,
			   struct str *trace, struct ev_outcome *out)
{
	const struct json *value = langfuse_get(o, "value");

	*out = (struct ev_outcome){
		.source = SENDER,
		.key = langfuse_text(o, "name", a),
		.step_key = langfuse_text(o, "observationId", a),
		.success_micro = -1,
		.label = verdict_status(langfuse_text(o, "stringValue", a)),
		.at_us = field_time(langfuse_get(o, "timestamp"), a),
	};
	*trace = langfuse_text(o, "traceId", a);
	if (!trace->len || !out->key.len)
		return "scores without a trace or a name";
	if (out->at_us == TIME_NONE)
		out->at_us = field_time(langfuse_get(o, "createdAt"), a);
	if (json_str_is(langfuse_get(o, "dataType"), "CATEGORICAL") ||
	    !json_is(value, JSON_NUMBER) ||
	    !verdict_micro(value, &out->success_micro)) {
		if (!out->label.len)
			out->label = verdict_status(json_str(value, a));
	}
	if (out->success_micro < 0 && !out->label.len)
		return "scores without a value";
	return NULL;
}
