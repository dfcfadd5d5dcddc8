/* What senders call providers and models, and what these call themselves. */
#include <strings.h>

#include "ledger/price_book.h"

/* ---- providers ---- */

static const struct {
	const char *spelling, *name;
} providers[] = {
	{"anthropic", "anthropic"},
	{"anthropic_messages", "anthropic"},
	{"aws", "aws"},
	{"amazon", "aws"},
	{"amazon-bedrock", "aws"},
	{"amazon_bedrock", "aws"},
	{"amazon.bedrock", "aws"},
	{"aws-bedrock", "aws"},
	{"aws_bedrock", "aws"},
	{"aws.bedrock", "aws"},
	{"bedrock", "aws"},
	{"bedrock-converse", "aws"},
	{"bedrock_converse", "aws"},
	{"az.ai.inference", "azure"},
	{"az.ai.openai", "azure"},
	{"azure", "azure"},
	{"azure-openai", "azure"},
	{"azure_ai", "azure"},
	{"azure_openai", "azure"},
	{"azureopenai", "azure"},
	{"azure.ai.inference", "azure"},
	{"azure.ai.openai", "azure"},
	{"cerebras", "cerebras"},
	{"cohere", "cohere"},
	{"cohere_chat", "cohere"},
	{"cursor", "cursor"},
	{"deepseek", "deepseek"},
	{"fireworks", "fireworks"},
	{"fireworks-ai", "fireworks"},
	{"fireworks_ai", "fireworks"},
	{"gcp.gemini", "google"},
	{"gcp.gen_ai", "google"},
	{"gcp.vertex_ai", "google"},
	{"gemini", "google"},
	{"google", "google"},
	{"google-genai", "google"},
	{"google-gla", "google"},
	{"google-vertex", "google"},
	{"google-vertex-anthropic", "google"},
	{"google_ai_studio", "google"},
	{"google_genai", "google"},
	{"google_vertexai", "google"},
	{"googleai", "google"},
	{"vertex", "google"},
	{"vertex_ai", "google"},
	{"vertex_ai_beta", "google"},
	{"vertexai", "google"},
	{"github-copilot", "github-copilot"},
	{"github_copilot", "github-copilot"},
	{"groq", "groq"},
	{"huggingface", "huggingface"},
	{"ibm.watsonx.ai", "ibm"},
	{"watsonx", "ibm"},
	{"minimax", "minimax"},
	{"mistral", "mistral"},
	{"mistral-ai", "mistral"},
	{"mistral_ai", "mistral"},
	{"mistralai", "mistral"},
	{"moonshot", "moonshotai"},
	{"moonshot-ai", "moonshotai"},
	{"moonshot_ai", "moonshotai"},
	{"moonshotai", "moonshotai"},
	{"novita", "novita"},
	{"ollama", "ollama"},
	{"openai", "openai"},
	{"openrouter", "openrouter"},
	{"perplexity", "perplexity"},
	{"perplexity-ai", "perplexity"},
	{"together", "together"},
	{"together-ai", "together"},
	{"together_ai", "together"},
	{"togetherai", "together"},
	{"x-ai", "x-ai"},
	{"x_ai", "x-ai"},
	{"xai", "x-ai"},
	{"z-ai", "zai"},
	{"z.ai", "zai"},
	{"z_ai", "zai"},
	{"zai", "zai"},
	{"zhipuai", "zhipuai"},
};
#define N_PROVIDERS (sizeof(providers) / sizeof(providers[0]))

static const char *provider_of(struct str s)
{
	for (size_t i = 0; i < N_PROVIDERS; i++) {
		size_t n = strlen(providers[i].spelling);

		if (n == s.len && !strncasecmp(s.p, providers[i].spelling, n))
			return providers[i].name;
	}
	return NULL;
}

static size_t find(struct str s, char c)
{
	const char *p = s.len ? memchr(s.p, c, s.len) : NULL;

	return p ? (size_t)(p - s.p) : s.len;
}

struct str price_provider(struct str provider, char *buf, size_t size)
{
	struct str s = str_trim(provider);
	size_t dot = find(s, '.'), n = 0;
	const char *name;

	if (!s.len || !size)
		return STR_NONE;
	/* "openai.responses", "google.generative-ai.chat": provider and API. */
	name = provider_of(s);
	if (!name && dot)
		name = provider_of((struct str){s.p, dot});
	if (name)
		return str_from(name);
	for (; n < s.len && n < size; n++) {
		char c = s.p[n];

		buf[n] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	/* Not in the middle of a character. */
	while (n < s.len && n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return (struct str){buf, n};
}

bool price_provider_known(struct str canonical)
{
	for (size_t i = 0; i < N_PROVIDERS; i++) {
		if (str_is(canonical, providers[i].name))
			return true;
	}
	return false;
}

/* ---- models ---- */

static const char *const regions[] = {
	"us", "eu", "apac", "global", "jp", "au", "ca",
	"in", "sa", "me",   "us-gov", "uk", NULL,
};
static const char *const publishers[] = {
	"ai21",       "amazon", "anthropic", "cohere",  "deepseek",
	"google",     "meta",   "minimax",   "mistral", "moonshot",
	"moonshotai", "nvidia", "openai",    "qwen",    "stability",
	"twelvelabs", "writer", "zai",       NULL,
};

/* Length of "WORD." at the start of s for a word of the list, or 0. */
static size_t dotted(struct str s, const char *const *list)
{
	for (; *list; list++) {
		size_t n = strlen(*list);

		if (s.len > n + 1 && !memcmp(s.p, *list, n) && s.p[n] == '.')
			return n + 1;
	}
	return 0;
}

static struct str skip(struct str s, size_t n)
{
	return n ? (struct str){s.p + n, s.len - n} : s;
}

bool price_name_bedrock(struct str model)
{
	return dotted(skip(model, dotted(model, regions)), publishers) > 0;
}

/* Behind the last '/' of ARNs and of "publishers/google/models/NAME". */
static struct str strip_path(struct str s)
{
	size_t at = s.len;

	if (!str_starts(s, "arn:") && !str_starts(s, "models/") &&
	    !str_starts(s, "publishers/") && !str_starts(s, "projects/"))
		return s;
	while (at && s.p[at - 1] != '/')
		at--;
	return skip(s, at);
}

struct str price_strip_prefix(struct str provider, struct str model)
{
	struct str s = strip_path(model);
	size_t n = find(s, '/');
	const char *name;

	while (n && n < s.len) {
		name = provider_of((struct str){s.p, n});
		if (!name || !str_is(provider, name))
			break;
		s = skip(s, n + 1);
		n = find(s, '/');
	}
	if (str_is(provider, "aws"))
		return s;
	/* "us.anthropic.claude-...", sent under another provider's name. */
	n = dotted(s, regions);
	if (dotted(skip(s, n), publishers))
		s = skip(s, n + dotted(skip(s, n), publishers));
	return s;
}

static bool digits(struct str s, size_t at, size_t n)
{
	if (at + n > s.len)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return true;
}

/* Whether "20250929" or "2025-08-07" stands at s[at] and ends it. */
static bool date_at(struct str s, size_t at)
{
	if (!digits(s, at, 4) || s.p[at] != '2' || s.p[at + 1] != '0')
		return false;
	if (s.len - at == 8)
		return digits(s, at + 4, 4);
	return s.len - at == 10 && s.p[at + 4] == '-' && digits(s, at + 5, 2) &&
	       s.p[at + 7] == '-' && digits(s, at + 8, 2);
}

/* Length of the name without "-v1" or "-v1:0" at its end. */
static size_t before_revision(struct str s)
{
	size_t n = s.len;

	while (n && s.p[n - 1] >= '0' && s.p[n - 1] <= '9')
		n--;
	if (n < s.len && n && s.p[n - 1] == ':') {
		s.len = --n;
		while (n && s.p[n - 1] >= '0' && s.p[n - 1] <= '9')
			n--;
	}
	if (n == s.len || n < 2 || s.p[n - 1] != 'v' || s.p[n - 2] != '-')
		return 0;
	return n - 2;
}

struct str price_strip_suffix(struct str model)
{
	size_t n = before_revision(model);

	if (str_ends(model, ":beta"))
		return (struct str){model.p, model.len - 5};
	if (n)
		return (struct str){model.p, n};
	for (size_t len = 9; len <= 11 && len < model.len; len += 2) {
		n = model.len - len;
		if ((model.p[n] == '-' || model.p[n] == '@') &&
		    date_at(model, n + 1))
			return (struct str){model.p, n};
	}
	return model;
}
