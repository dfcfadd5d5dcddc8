#include "ingest/role.h"

#include <ctype.h>

struct word {
	const char *word;
	enum role role;
};

/* gen_ai.operation.name, as the conventions and others write it. */
static const struct word operations[] = {
	{"chat", ROLE_CALL},
	{"text_completion", ROLE_CALL},
	{"completion", ROLE_CALL},
	{"generate", ROLE_CALL},
	{"generate_content", ROLE_CALL},
	{"responses", ROLE_CALL},
	{"generation", ROLE_CALL},
	{"llm", ROLE_CALL},
	{"llm_call", ROLE_CALL},
	{"llm_request", ROLE_CALL},
	{"embedding", ROLE_EMBEDDING},
	{"embeddings", ROLE_EMBEDDING},
	{"rerank", ROLE_EMBEDDING},
	{"invoke_agent", ROLE_AGENT},
	{"agent_call", ROLE_AGENT},
	{"invoke_workflow", ROLE_WORKFLOW},
	{"agent_step", ROLE_STEP},
	{"execute_tool", ROLE_TOOL},
	{"tool_call", ROLE_TOOL},
};
static const struct word oi_kinds[] = {
	{"llm", ROLE_CALL},           {"embedding", ROLE_EMBEDDING},
	{"reranker", ROLE_EMBEDDING}, {"tool", ROLE_TOOL},
	{"agent", ROLE_AGENT},        {"chain", ROLE_WORKFLOW},
	{"evaluator", ROLE_JUDGE},
};
static const struct word lf_types[] = {
	{"generation", ROLE_CALL}, {"embedding", ROLE_EMBEDDING},
	{"tool", ROLE_TOOL},       {"agent", ROLE_AGENT},
	{"chain", ROLE_WORKFLOW},  {"evaluator", ROLE_JUDGE},
};
static const struct word tl_kinds[] = {
	{"agent", ROLE_AGENT},
	{"workflow", ROLE_WORKFLOW},
	{"tool", ROLE_TOOL},
};
static const struct word llm_types[] = {
	{"chat", ROLE_CALL},
	{"completion", ROLE_CALL},
	{"rerank", ROLE_EMBEDDING},
	{"embedding", ROLE_EMBEDDING},
};
static const struct word span_types[] = {
	{"llm_request", ROLE_CALL},
	{"tool", ROLE_TOOL},
	{"interaction", ROLE_WORKFLOW},
};

static const struct table {
	enum fact fact;
	const struct word *words;
	size_t n;
} tables[] = {
#define TABLE(fact, words)                                                     \
	{                                                                      \
		fact, words, sizeof(words) / sizeof(words[0])                  \
	}
	TABLE(FACT_OPERATION, operations), TABLE(FACT_OI_KIND, oi_kinds),
	TABLE(FACT_LF_TYPE, lf_types),     TABLE(FACT_TL_KIND, tl_kinds),
	TABLE(FACT_LLM_TYPE, llm_types),   TABLE(FACT_SPAN_TYPE, span_types),
#undef TABLE
};

static bool same(struct str s, const char *lower)
{
	size_t i;

	for (i = 0; i < s.len && lower[i]; i++) {
		if (tolower((unsigned char)s.p[i]) != lower[i])
			return false;
	}
	return i == s.len && !lower[i];
}

static enum role look_up(const struct table *t, struct str s)
{
	for (size_t i = 0; i < t->n; i++) {
		if (same(s, t->words[i].word))
			return t->words[i].role;
	}
	return ROLE_NONE;
}

/* "ai.generateText.doGenerate" calls; "ai.generateText" is what is around. */
static enum role ai_role(struct str op)
{
	if (str_ends(op, ".doGenerate") || str_ends(op, ".doStream"))
		return ROLE_CALL;
	if (str_ends(op, ".doEmbed"))
		return ROLE_EMBEDDING;
	if (str_is(op, "ai.toolCall"))
		return ROLE_TOOL;
	return str_starts(op, "ai.") ? ROLE_AGENT : ROLE_NONE;
}

/* Codex names no operation: the span that carries the conventions' usage
 * beside its own is the call. */
static bool codex_call(const struct facts *f)
{
	return f->from[FACT_INPUT] && !f->from[FACT_OPERATION] &&
	       f->from[FACT_REASONING] && f->from[FACT_CACHE_WRITE];
}

enum role role_of(const struct facts *f)
{
	if (str_is(fact_text(f, FACT_LOGFIRE_TYPE), "pending_span"))
		return ROLE_PENDING;
	if (fact_text(f, FACT_AI_OPERATION).len) {
		enum role r = ai_role(fact_text(f, FACT_AI_OPERATION));

		if (r)
			return r;
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct str s = fact_text(f, tables[i].fact);
		enum role r = s.len ? look_up(&tables[i], s) : ROLE_NONE;

		if (r)
			return r;
	}
	if (f->from[FACT_OPERATION])
		return ROLE_NONE; /* retrieval, plan, create_agent, memory */
	if (fact_text(f, FACT_TOOL).len)
		return ROLE_TOOL;
	if (f->from[FACT_SUM_INPUT] || f->from[FACT_SUM_OUTPUT])
		return ROLE_AGENT;
	if (fact_text(f, FACT_EVAL_NAME).len)
		return ROLE_JUDGE;
	return codex_call(f) ? ROLE_CALL : ROLE_NONE;
}
