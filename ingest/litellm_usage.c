#include "ingest/litellm_usage.h"

#include "ingest/import.h"

/* The objects in which a field may stand, each in up to N_PARTS parts, found
 * once: most of a record's time would go into looking for them. */
enum place {
	AT_USAGE,  /* the part itself */
	AT_INPUT,  /* prompt_tokens_details, input_tokens_details */
	AT_OUTPUT, /* completion_tokens_details, output_tokens_details */
	AT_WRITES, /* cache_creation, cache_creation_token_details */
	AT_SERVER, /* server_tool_use */
	PLACES_N
};
#define N_PARTS 4

struct places {
	const struct json *v[PLACES_N][N_PARTS];
	bool has_details; /* of the input, null included */
};

static void find_places(const struct litellm_parts *p, struct places *out)
{
	*out = (struct places){.v[AT_USAGE][0] = p->usage};
	for (size_t i = 0; i < N_PARTS; i++) {
		const struct json *u = i ? p->details[i - 1] : p->usage;
		const struct json *m;

		out->v[AT_USAGE][i] = u;
		for (m = json_first(u); json_is(u, JSON_OBJECT) && m;
		     m = json_next(u, m)) {
			if (str_is(m->key, "prompt_tokens_details") ||
			    str_is(m->key, "input_tokens_details")) {
				out->has_details = true;
				out->v[AT_INPUT][i] = m;
			} else if (str_is(m->key,
					  "completion_tokens_details") ||
				   str_is(m->key, "output_tokens_details")) {
				out->v[AT_OUTPUT][i] = m;
			} else if (str_is(m->key, "cache_creation")) {
				out->v[AT_WRITES][i] = m;
			} else if (str_is(m->key, "server_tool_use")) {
				out->v[AT_SERVER][i] = m;
			}
		}
		if (!out->v[AT_WRITES][i])
			out->v[AT_WRITES][i] =
				json_get(out->v[AT_INPUT][i],
					 "cache_creation_token_details");
	}
}

/* The first of the parts that has a value. */
static const struct json *find(const struct places *p, enum place at,
			       const char *key)
{
	const struct json *v = NULL;

	for (size_t i = 0; i < N_PARTS && !json_present(v); i++)
		if (p->v[at][i])
			v = json_get(p->v[at][i], key);
	return json_present(v) ? v : NULL;
}

/* Whether a key is there at all, null included. */
static bool says(const struct places *p, const char *key)
{
	for (size_t i = 0; i < N_PARTS; i++)
		if (p->v[AT_USAGE][i] && json_get(p->v[AT_USAGE][i], key))
			return true;
	return false;
}

/* A count that sums of a few cannot overflow. */
static int64_t small_count(const struct json *v, bool *bad)
{
	int64_t n = field_count(v, bad);

	if (n <= INT64_C(1) << 53)
		return n;
	*bad = true;
	return USAGE_NONE;
}

/* A name that a count may have, and where. */
struct name {
	enum place at;
	const char *key;
};

/* The count under the first of the names (a NULL key ends them) that is given;
 * of one that says 0 the later names are asked too. */
static int64_t count_at(const struct places *p, const struct name *names,
			bool *bad)
{
	int64_t n = USAGE_NONE;

	for (; names->key && n <= 0; names++) {
		const struct json *v = find(p, names->at, names->key);
		int64_t got = v ? small_count(v, bad) : USAGE_NONE;

		if (got != USAGE_NONE)
			n = got;
		else if (v && *bad)
			return USAGE_NONE;
	}
	return n;
}
#define COUNT(p, bad, ...)                                                     \
	count_at(p, (const struct name[]){__VA_ARGS__, {AT_USAGE, NULL}}, bad)

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

static void read_said(const struct places *p, struct said *s, bool *bad)
{
	s->prompt = COUNT(p, bad, {AT_USAGE, "prompt_tokens"},
			  {AT_USAGE, "input_tokens"});
	s->completion = COUNT(p, bad, {AT_USAGE, "completion_tokens"},
			      {AT_USAGE, "output_tokens"});
	s->total = COUNT(p, bad, {AT_USAGE, "total_tokens"});
	s->cached = COUNT(p, bad, {AT_INPUT, "cached_tokens"},
			  {AT_USAGE, "cache_read_input_tokens"},
			  {AT_USAGE, "cache_read_tokens"},
			  {AT_USAGE, "prompt_cache_hit_tokens"});
	s->written = COUNT(p, bad, {AT_USAGE, "cache_creation_input_tokens"},
			   {AT_INPUT, "cache_creation_tokens"},
			   {AT_INPUT, "cache_write_tokens"},
			   {AT_USAGE, "cache_write_tokens"});
	s->w5m = COUNT(p, bad, {AT_WRITES, "ephemeral_5m_input_tokens"});
	s->w1h = COUNT(p, bad, {AT_WRITES, "ephemeral_1h_input_tokens"});
	s->reasoning = COUNT(p, bad, {AT_OUTPUT, "reasoning_tokens"},
			     {AT_USAGE, "reasoning_tokens"});
	s->audio_in = COUNT(p, bad, {AT_INPUT, "audio_tokens"});
	s->audio_out = COUNT(p, bad, {AT_OUTPUT, "audio_tokens"});
	s->searches = COUNT(p, bad, {AT_SERVER, "web_search_requests"},
			    {AT_INPUT, "web_search_requests"});
	s->disjoint = !find(p, AT_USAGE, "prompt_tokens") && !p->has_details &&
		      find(p, AT_USAGE, "input_tokens") &&
		      (says(p, "cache_read_input_tokens") ||
		       says(p, "cache_creation_input_tokens"));
	s->cache_told =
		s->cached != USAGE_NONE || p->has_details || s->disjoint;
	s->openai_writes = find(p, AT_INPUT, "cache_write_tokens");
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
	struct places places;
	struct said s;

	usage_init(out);
	find_places(p, &places);
	read_said(&places, &s, bad);
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
