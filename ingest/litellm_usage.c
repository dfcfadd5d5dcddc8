#include "ingest/litellm_usage.h"

#include "ingest/import.h"

/* The first of the parts that has a value at `path`. */
static const struct json *find(const struct litellm_parts *p, const char *path)
{
	const struct json *v = json_path(p->usage, path);

	for (size_t i = 0; i < 3 && !json_present(v); i++)
		v = json_path(p->details[i], path);
	return json_present(v) ? v : NULL;
}

/* Whether a key is there at all, null included. */
static bool says(const struct litellm_parts *p, const char *key)
{
	bool there = json_get(p->usage, key);

	for (size_t i = 0; i < 3; i++)
		there = there || json_get(p->details[i], key);
	return there;
}

/* A count that sums of a few cannot overflow. */
static int64_t small_count(const struct json *v, bool *bad)
{
	int64_t n = import_count(v, bad);

	if (n <= INT64_C(1) << 53)
		return n;
	*bad = true;
	return USAGE_NONE;
}

/* The count at the first of `paths` (NULL ends them) that is given. */
static int64_t count_at(const struct litellm_parts *p, const char *const *paths,
			bool *bad)
{
	for (; *paths; paths++) {
		const struct json *v = find(p, *paths);

		if (v)
			return small_count(v, bad);
	}
	return USAGE_NONE;
}
#define COUNT(p, bad, ...)                                                     \
	count_at(p, (const char *const[]){__VA_ARGS__, NULL}, bad)

static int64_t known(int64_t n)
{
	return n > 0 ? n : 0;
}

/* What the parts say, before it is made disjoint. */
struct said {
	int64_t prompt, completion, total;
	int64_t cached, written, w5m, w1h;
	int64_t reasoning, audio_in, audio_out, searches;
	bool disjoint;      /* Anthropic's own names: prompt without cache */
	bool cache_told;    /* something is said about caching */
	bool openai_writes; /* writes that have one price, no time to live */
};

static void read_said(const struct litellm_parts *p, struct said *s, bool *bad)
{
	s->prompt = COUNT(p, bad, "prompt_tokens", "input_tokens");
	s->completion = COUNT(p, bad, "completion_tokens", "output_tokens");
	s->total = COUNT(p, bad, "total_tokens");
	s->cached = COUNT(p, bad, "prompt_tokens_details.cached_tokens",
			  "input_tokens_details.cached_tokens",
			  "cache_read_input_tokens", "cache_read_tokens",
			  "prompt_cache_hit_tokens");
	s->written = COUNT(p, bad, "cache_creation_input_tokens",
			   "prompt_tokens_details.cache_creation_tokens",
			   "prompt_tokens_details.cache_write_tokens",
			   "input_tokens_details.cache_write_tokens",
			   "cache_write_tokens");
	s->w5m = COUNT(p, bad, "cache_creation.ephemeral_5m_input_tokens",
		       "prompt_tokens_details.cache_creation_token_details."
		       "ephemeral_5m_input_tokens");
	s->w1h = COUNT(p, bad, "cache_creation.ephemeral_1h_input_tokens",
		       "prompt_tokens_details.cache_creation_token_details."
		       "ephemeral_1h_input_tokens");
	s->reasoning = COUNT(
		p, bad, "completion_tokens_details.reasoning_tokens",
		"output_tokens_details.reasoning_tokens", "reasoning_tokens");
	s->audio_in = COUNT(p, bad, "prompt_tokens_details.audio_tokens",
			    "input_tokens_details.audio_tokens");
	s->audio_out = COUNT(p, bad, "completion_tokens_details.audio_tokens",
			     "output_tokens_details.audio_tokens");
	s->searches = COUNT(p, bad, "server_tool_use.web_search_requests",
			    "prompt_tokens_details.web_search_requests");
	s->disjoint = !find(p, "prompt_tokens") && find(p, "input_tokens") &&
		      !find(p, "input_tokens_details") &&
		      (says(p, "cache_read_input_tokens") ||
		       says(p, "cache_creation_input_tokens"));
	s->cache_told = s->cached != USAGE_NONE ||
			says(p, "prompt_tokens_details") ||
			says(p, "input_tokens_details") || s->disjoint;
	s->openai_writes =
		find(p, "prompt_tokens_details.cache_write_tokens") ||
		find(p, "input_tokens_details.cache_write_tokens");
}

/* Cache writes by time to live; what has none is taken as 5 minutes. */
static void split_writes(const struct said *s, struct usage *u,
			 enum usage_quality *quality)
{
	int64_t split = known(s->w5m) + known(s->w1h);

	u->n[USAGE_CACHE_WRITE_5M] = s->w5m;
	u->n[USAGE_CACHE_WRITE_1H] = s->w1h;
	if (s->written == USAGE_NONE || s->written <= split)
		return;
	u->n[USAGE_CACHE_WRITE_5M] = known(s->w5m) + s->written - split;
	if (*quality == QUALITY_EXACT && !s->openai_writes)
		*quality = QUALITY_NO_TTL_SPLIT;
}

/* The prompt without its cached, written and audio parts. Old versions left
 * writes, or all of the cache, out of the prompt: seen by parts that do not
 * fit. */
static int64_t uncached(const struct said *s, int64_t written,
			enum usage_quality *quality)
{
	int64_t rest = s->prompt;

	if (rest == USAGE_NONE || s->disjoint)
		return rest;
	if (known(s->cached) + written <= rest) {
		rest -= known(s->cached) + written;
	} else {
		*quality = QUALITY_INFERRED;
		if (known(s->cached) <= rest)
			rest -= known(s->cached);
	}
	return rest >= known(s->audio_in) ? rest - known(s->audio_in) : rest;
}

/* The completion with its reasoning (xAI leaves it out, as the total or the
 * sizes show) and without its audio. */
static int64_t output(const struct said *s, enum usage_quality *quality)
{
	int64_t out = s->completion;
	int64_t think = known(s->reasoning);

	if (out == USAGE_NONE)
		return USAGE_NONE;
	if (think && s->total == known(s->prompt) + out + think) {
		out += think;
	} else if (think > out) {
		out += think;
		*quality = QUALITY_INFERRED;
	}
	return out - think >= known(s->audio_out) ? out - known(s->audio_out)
						  : out;
}

void litellm_usage(const struct litellm_parts *p, struct usage *out,
		   enum usage_quality *quality, bool *bad)
{
	struct said s;

	usage_init(out);
	read_said(p, &s, bad);
	if (s.prompt == USAGE_NONE && s.completion == USAGE_NONE) {
		*quality = QUALITY_MISSING;
		return;
	}
	*quality = s.cache_told ? QUALITY_EXACT : QUALITY_CACHE_UNKNOWN;
	split_writes(&s, out, quality);
	out->n[USAGE_UNCACHED_IN] =
		uncached(&s,
			 known(out->n[USAGE_CACHE_WRITE_5M]) +
				 known(out->n[USAGE_CACHE_WRITE_1H]),
			 quality);
	out->n[USAGE_CACHE_READ] = s.cached;
	out->n[USAGE_OUTPUT] = output(&s, quality);
	out->n[USAGE_REASONING] = s.reasoning;
	out->n[USAGE_AUDIO_IN] = s.audio_in;
	out->n[USAGE_AUDIO_OUT] = s.audio_out;
	out->n[USAGE_WEB_SEARCH] = s.searches;
}

/* ---- names ---- */

void litellm_model(struct str full, struct str *provider, struct str *model)
{
	static const char *const known_providers[] = {
		"ai21",        "anthropic",
		"azure",       "azure_ai",
		"bedrock",     "cerebras",
		"cohere",      "dashscope",
		"databricks",  "deepinfra",
		"deepseek",    "fireworks_ai",
		"gemini",      "github_copilot",
		"groq",        "hosted_vllm",
		"huggingface", "litellm_proxy",
		"lm_studio",   "minimax",
		"mistral",     "moonshot",
		"novita",      "nscale",
		"nvidia_nim",  "ollama",
		"ollama_chat", "openai",
		"openrouter",  "perplexity",
		"replicate",   "sambanova",
		"together_ai", "vertex_ai",
		"volcengine",  "watsonx",
		"xai",         "zai"};
	const char *slash = full.p ? memchr(full.p, '/', full.len) : NULL;
	struct str prefix;

	*provider = STR_NONE;
	*model = full;
	if (!slash)
		return;
	prefix = (struct str){full.p, (size_t)(slash - full.p)};
	for (size_t i = 0;
	     i < sizeof(known_providers) / sizeof(known_providers[0]); i++) {
		if (!str_is(prefix, known_providers[i]))
			continue;
		*provider = prefix;
		*model = (struct str){slash + 1, full.len - prefix.len - 1};
		return;
	}
}

const char *litellm_call_provider(struct str provider, struct str model)
{
	static const struct {
		const char *prefix, *name;
	} families[] = {
		{"claude", "anthropic"}, {"gpt-", "openai"},
		{"chatgpt", "openai"},   {"o1", "openai"},
		{"o3", "openai"},        {"o4", "openai"},
		{"gemini", "google"},
	};

	if (str_is(provider, "gemini") || str_is(provider, "vertex_ai"))
		return "google";
	if (str_is(provider, "anthropic"))
		return "anthropic";
	if (str_is(provider, "openai"))
		return "openai";
	for (size_t i = 0;
	     !provider.len && i < sizeof(families) / sizeof(families[0]); i++)
		if (str_starts(model, families[i].prefix))
			return families[i].name;
	return "";
}
