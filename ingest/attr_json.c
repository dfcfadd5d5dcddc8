/* JSON inside attributes: what the AI SDK and Langfuse put there. */
#include <string.h>

#include "ingest/facts.h"
#include "ingest/import.h"
#include "ledger/base/json.h"

#define TEXT_MAX ((size_t)65536) /* longer ones hold log-probabilities */

static int64_t count(const struct json *v)
{
	int64_t n;

	if (!json_i64(v, &n) || n < 0 || n > FACT_COUNT_MAX)
		return FACT_NONE;
	return n;
}

static const struct json *parse(struct str s, struct json_doc *doc)
{
	struct err e;

	if (!s.len || s.len > TEXT_MAX || s.p[0] != '{' ||
	    json_parse(doc, s, &e) != RC_OK)
		return NULL;
	return &doc->nodes[0];
}

static void anthropic(struct facts *f, const struct json *v)
{
	const struct json *u = json_get(v, "usage");
	const struct json *split = json_get(u, "cache_creation");

	facts_fill(f, FACT_CACHE_READ,
		   count(json_get(v, "cacheReadInputTokens")));
	facts_fill(f, FACT_CACHE_READ,
		   count(json_get(u, "cache_read_input_tokens")));
	facts_fill(f, FACT_CACHE_WRITE,
		   count(json_get(v, "cacheCreationInputTokens")));
	facts_fill(f, FACT_CACHE_WRITE,
		   count(json_get(u, "cache_creation_input_tokens")));
	facts_fill(f, FACT_WRITE_5M,
		   count(json_get(split, "ephemeral_5m_input_tokens")));
	facts_fill(f, FACT_WRITE_1H,
		   count(json_get(split, "ephemeral_1h_input_tokens")));
	facts_fill(
		f, FACT_REASONING,
		count(json_path(u, "output_tokens_details.thinking_tokens")));
	facts_fill(f, FACT_WEB_SEARCH,
		   count(json_path(u, "server_tool_use.web_search_requests")));
}

static void openai(struct facts *f, const struct json *v)
{
	facts_fill(f, FACT_CACHE_READ,
		   count(json_get(v, "cachedPromptTokens")));
	facts_fill(f, FACT_CACHE_WRITE,
		   count(json_path(v, "usage.cacheWriteTokens")));
	facts_fill(f, FACT_REASONING, count(json_get(v, "reasoningTokens")));
}

/* The first of the names (a NULL ends them) that is a count. */
static int64_t first(const struct json *v, const char *const *names)
{
	int64_t n = FACT_NONE;

	for (; *names && n == FACT_NONE; names++)
		n = count(json_get(v, *names));
	return n;
}
#define FIRST(v, ...) first(v, (const char *const[]){__VA_ARGS__, NULL})

/* Disjoint buckets, reasoning beside output: as import_langfuse.c has it. */
static bool usage_details(struct facts *f, const struct json *u)
{
	int64_t in = FIRST(u, "input", "input_tokens", "prompt_tokens",
			   "prompt_token_count");
	int64_t out = FIRST(u, "output", "output_tokens", "completion_tokens",
			    "candidates_token_count");

	if (in == FACT_NONE && out == FACT_NONE)
		return false;
	facts_fill(f, FACT_INPUT, in);
	facts_fill(f, FACT_OUTPUT, out);
	facts_fill(f, FACT_CACHE_READ,
		   FIRST(u, "input_cached_tokens", "cache_read_input_tokens",
			 "input_cache_read"));
	facts_fill(f, FACT_CACHE_WRITE,
		   FIRST(u, "input_cache_creation",
			 "cache_creation_input_tokens", "input_cache_write"));
	facts_fill(f, FACT_WRITE_5M, FIRST(u, "input_cache_creation_5m"));
	facts_fill(f, FACT_WRITE_1H, FIRST(u, "input_cache_creation_1h"));
	facts_fill(f, FACT_THOUGHTS,
		   FIRST(u, "output_reasoning_tokens", "output_reasoning",
			 "thoughts_token_count"));
	facts_fill(f, FACT_AUDIO_IN,
		   FIRST(u, "input_audio_tokens", "input_audio"));
	facts_fill(f, FACT_AUDIO_OUT,
		   FIRST(u, "output_audio_tokens", "output_audio"));
	facts_fill(f, FACT_WEB_SEARCH, FIRST(u, "web_search_requests"));
	return true;
}

bool facts_json(struct facts *f, struct json_doc *doc, struct arena *a)
{
	const struct json *v;
	bool disjoint = false;

	v = parse(fact_text(f, FACT_METADATA), doc);
	if (v) {
		anthropic(f, json_get(v, "anthropic"));
		openai(f, json_get(v, "openai"));
	}
	v = parse(fact_text(f, FACT_USAGE_DETAILS), doc);
	if (v && !f->from[FACT_INPUT] && !f->from[FACT_OUTPUT])
		disjoint = usage_details(f, v);
	v = parse(fact_text(f, FACT_COST_DETAILS), doc);
	v = json_get(v, "total");
	if (json_is(v, JSON_NUMBER))
		facts_fill_text(f, FACT_COST, arena_str(a, v->text));
	return disjoint;
}

struct str facts_command(struct str args, struct json_doc *doc, struct arena *a)
{
	static const char *const names[] = {"command", "cmd", "full_command",
					    "bash_command", "script"};
	const struct json *v = parse(args, doc), *c = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !c; i++)
		c = json_get(v, names[i]);
	return json_is(c, JSON_STRING) ? json_str(c, a) : STR_NONE;
}
