#include "ingest/openai_usage.h"

#include "ledger/base/json.h"
#include "ledger/money.h"

#define COUNT_MAX (INT64_C(1) << 53) /* sums of a few cannot overflow */

void openai_counts_init(struct openai_counts *c)
{
	*c = (struct openai_counts){
		.prompt = USAGE_NONE,
		.completion = USAGE_NONE,
		.total = USAGE_NONE,
		.cached = USAGE_NONE,
		.written = USAGE_NONE,
		.audio_in = USAGE_NONE,
		.reasoning = USAGE_NONE,
		.audio_out = USAGE_NONE,
		.searches = USAGE_NONE,
		.cost_pusd = MONEY_NONE,
	};
}

static void count(struct openai_counts *c, struct jpull *j, int64_t *out)
{
	struct str s;
	int64_t n;

	if (jpull_type(j) == JPULL_NULL) {
		jpull_skip(j);
		return;
	}
	if (jpull_number(j, &s) && json_text_i64(s, &n) && n >= 0 &&
	    n <= COUNT_MAX) {
		*out = n;
		c->seen = true;
	} else {
		c->bad = true;
	}
}

struct name {
	const char *name;
	size_t at;
};
#define AT(field) offsetof(struct openai_counts, field)

static const struct name top[] = {
	{"prompt_tokens", AT(prompt)},
	{"completion_tokens", AT(completion)},
	{"input_tokens", AT(prompt)},
	{"output_tokens", AT(completion)},
	{"total_tokens", AT(total)},
	{"prompt_cache_hit_tokens", AT(cached)}, /* DeepSeek */
	{"cached_tokens", AT(cached)},           /* Moonshot */
	{NULL, 0},
};

static const struct name of_input[] = {
	{"cached_tokens", AT(cached)},
	{"cache_write_tokens", AT(written)},
	{"audio_tokens", AT(audio_in)},
	{NULL, 0},
};

static const struct name of_output[] = {
	{"reasoning_tokens", AT(reasoning)},
	{"audio_tokens", AT(audio_out)},
	{NULL, 0},
};

static const struct name of_server[] = {
	{"web_search_requests", AT(searches)},
	{NULL, 0},
};

static const struct {
	const char *name;
	const struct name *names;
} inner[] = {
	{"prompt_tokens_details", of_input},
	{"input_tokens_details", of_input},
	{"completion_tokens_details", of_output},
	{"output_tokens_details", of_output},
	{"server_tool_use", of_server},
};

static bool read_name(struct openai_counts *c, struct jpull *j,
		      struct jpull_text key, const struct name *names)
{
	for (; names->name; names++) {
		if (!str_is(key.raw, names->name))
			continue;
		count(c, j, (int64_t *)(void *)((char *)c + names->at));
		return true;
	}
	return false;
}

static bool read_inner(struct openai_counts *c, struct jpull *j,
		       struct jpull_text key)
{
	struct jpull_text name;
	size_t i = 0;

	while (i < sizeof(inner) / sizeof(inner[0]) &&
	       !str_is(key.raw, inner[i].name))
		i++;
	if (i == sizeof(inner) / sizeof(inner[0]))
		return false;
	if (jpull_enter(j, '{')) {
		while (jpull_key(j, &name))
			if (!read_name(c, j, name, inner[i].names))
				jpull_skip(j);
	}
	return true;
}

bool openai_counts_read(struct openai_counts *c, struct jpull *j)
{
	struct jpull_text key;
	struct str s;

	if (!jpull_enter(j, '{'))
		return false;
	while (jpull_key(j, &key)) {
		if (read_name(c, j, key, top) || read_inner(c, j, key))
			continue;
		if (!str_is(key.raw, "cost"))
			jpull_skip(j);
		else if (jpull_number(j, &s) &&
			 !money_parse_pusd(s, &c->cost_pusd))
			c->bad = true;
	}
	return true;
}

/* ---- the buckets ---- */

static int64_t known(int64_t n)
{
	return n > 0 ? n : 0;
}

/* The prompt without its cached, written and spoken parts. */
static int64_t uncached(const struct openai_counts *c, enum usage_quality *q)
{
	int64_t parts = known(c->cached) + known(c->written);

	if (c->prompt == USAGE_NONE)
		return USAGE_NONE;
	if (parts + known(c->audio_in) <= c->prompt)
		return c->prompt - parts - known(c->audio_in);
	*q = QUALITY_INFERRED;
	return parts <= c->prompt ? c->prompt - parts : c->prompt;
}

/* The completion with its reasoning, which xAI leaves out, as the total or the
 * sizes show, and without what was spoken. */
static int64_t output(const struct openai_counts *c, enum usage_quality *q)
{
	int64_t think = known(c->reasoning), out = c->completion;

	if (out == USAGE_NONE)
		return c->prompt == USAGE_NONE ? USAGE_NONE : 0;
	if (think && c->total == known(c->prompt) + out + think) {
		out += think;
	} else if (think > out) {
		out += think;
		*q = QUALITY_INFERRED;
	}
	return out - think >= known(c->audio_out) ? out - known(c->audio_out)
						  : out;
}

enum usage_quality openai_usage(const struct openai_counts *c, struct usage *u)
{
	enum usage_quality q =
		c->cached == USAGE_NONE ? QUALITY_CACHE_UNKNOWN : QUALITY_EXACT;

	usage_init(u);
	if (c->prompt == USAGE_NONE && c->completion == USAGE_NONE)
		return QUALITY_MISSING;
	u->n[USAGE_UNCACHED_IN] = uncached(c, &q);
	u->n[USAGE_CACHE_READ] = c->cached;
	u->n[USAGE_CACHE_WRITE_5M] =
		c->cached == USAGE_NONE ? c->written : known(c->written);
	u->n[USAGE_OUTPUT] = output(c, &q);
	u->n[USAGE_REASONING] = c->reasoning;
	u->n[USAGE_AUDIO_IN] = c->audio_in;
	u->n[USAGE_AUDIO_OUT] = c->audio_out;
	u->n[USAGE_WEB_SEARCH] = c->searches;
	return q;
}
