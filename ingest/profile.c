#include "ingest/profile.h"

#include <stdlib.h>

#include "ledger/money.h"
#include "ledger/price.h"

enum input_means {
	INCLUSIVE, /* of cache reads and writes */
	EXCLUSIVE,
};

/* The first row that fits speaks. A NULL field fits everything; `below` is a
 * version that the sender's must precede, 0.N. */
static const struct profile {
	const char *scope; /* a prefix */
	int below_minor;   /* 0: any version */
	const char *provider;
	enum input_means input;
} profiles[] = {
	/* Claude Code passes on Anthropic's own counts. */
	{"com.anthropic.claude_code", 0, NULL, EXCLUSIVE},
	{"codex", 0, NULL, INCLUSIVE},
	/* Gemini CLI: prompt tokens hold the cached ones; thoughts and the
	 * tool's prompt stand beside. */
	{"gemini-cli", 0, NULL, INCLUSIVE},
	{"langfuse", 0, NULL, EXCLUSIVE},
	/* AI SDK 4 and 5, which leave the version empty. Version 7 with the
	 * same scope tells the uncached count. */
	{"ai", 0, "anthropic", EXCLUSIVE},
	{"ai", 0, NULL, INCLUSIVE},
	{"gen_ai", 0, NULL, INCLUSIVE},
	{"@traceloop/instrumentation-anthropic", 0, NULL, EXCLUSIVE},
	{"@traceloop/", 0, "anthropic", EXCLUSIVE},
	{"opentelemetry.instrumentation.genai", 0, NULL, INCLUSIVE},
	/* openllmetry in Python became inclusive with 0.45. */
	{"opentelemetry.instrumentation.", 45, "anthropic", EXCLUSIVE},
	{"openinference.", 0, NULL, INCLUSIVE},
	{"@arizeai/openinference", 0, NULL, INCLUSIVE},
	{"pydantic-ai", 0, NULL, INCLUSIVE},
	/* What the conventions ask for. */
	{NULL, 0, NULL, INCLUSIVE},
};

/* "ai" and "gen_ai" are whole names, not prefixes of other ones. */
static bool scope_fits(const char *want, struct str have)
{
	size_t n = strlen(want);

	if (!str_starts(have, want))
		return false;
	return have.len == n || strchr(".-/:_", have.p[n]) ||
	       strchr("./", want[n - 1]);
}

/* Whether a version is 0.MINOR with MINOR below the limit. */
static bool version_below(struct str v, int minor)
{
	int n = 0;

	if (v.len < 3 || v.p[0] != '0' || v.p[1] != '.')
		return false;
	for (size_t i = 2; i < v.len && v.p[i] >= '0' && v.p[i] <= '9'; i++) {
		n = n * 10 + (v.p[i] - '0');
		if (n > 9999)
			return false;
	}
	return n < minor;
}

static enum input_means means(const struct teller *t)
{
	for (const struct profile *p = profiles;; p++) {
		if (p->scope && !scope_fits(p->scope, t->scope))
			continue;
		if (p->provider && !str_is(t->provider, p->provider))
			continue;
		if (p->below_minor &&
		    !version_below(t->version, p->below_minor))
			continue;
		return p->input;
	}
}

static int64_t known(int64_t n)
{
	return n > 0 ? n : 0;
}

/* How the counts are to be read; *inferred: against the table. */
static enum input_means judge(const struct facts *f, const struct teller *t,
			      bool *inferred)
{
	enum input_means m = t->disjoint ? EXCLUSIVE : means(t);
	int64_t in = fact_n(f, FACT_INPUT);
	int64_t out = known(fact_n(f, FACT_OUTPUT));
	int64_t total = fact_n(f, FACT_TOTAL);
	int64_t cache = known(fact_n(f, FACT_CACHE_READ)) +
			known(fact_n(f, FACT_CACHE_WRITE));

	if (in == FACT_NONE || cache == 0 || m == EXCLUSIVE)
		return m;
	if (cache > in || (total != FACT_NONE && total != in + out &&
			   total == in + cache + out)) {
		*inferred = true;
		return EXCLUSIVE;
	}
	return m;
}

static void split_writes(const struct facts *f, struct usage *u)
{
	int64_t all = fact_n(f, FACT_CACHE_WRITE);
	int64_t w5 = fact_n(f, FACT_WRITE_5M), w1 = fact_n(f, FACT_WRITE_1H);

	if (w5 == FACT_NONE && w1 == FACT_NONE) {
		u->n[USAGE_CACHE_WRITE_5M] = all;
		return;
	}
	/* What the halves do not explain counts as 5 minutes. */
	if (all > known(w5) + known(w1))
		w5 = all - known(w1);
	u->n[USAGE_CACHE_WRITE_5M] = known(w5);
	u->n[USAGE_CACHE_WRITE_1H] = known(w1);
}

static int64_t writes(const struct usage *u)
{
	return known(u->n[USAGE_CACHE_WRITE_5M]) +
	       known(u->n[USAGE_CACHE_WRITE_1H]);
}

static void split_input(const struct facts *f, enum input_means m,
			struct usage *u)
{
	int64_t in = fact_n(f, FACT_INPUT), audio = fact_n(f, FACT_AUDIO_IN);
	int64_t rest = in;

	u->n[USAGE_CACHE_READ] = fact_n(f, FACT_CACHE_READ);
	split_writes(f, u);
	if (in != FACT_NONE && m == INCLUSIVE) {
		rest -= known(u->n[USAGE_CACHE_READ]) + writes(u);
		if (rest < 0)
			rest = 0;
	}
	if (fact_n(f, FACT_NO_CACHE) != FACT_NONE)
		rest = fact_n(f, FACT_NO_CACHE);
	if (audio > 0) {
		u->n[USAGE_AUDIO_IN] = audio;
		if (m == INCLUSIVE && rest >= audio)
			rest -= audio;
	}
	u->n[USAGE_UNCACHED_IN] = rest;
}

static void split_output(const struct facts *f, enum input_means m,
			 struct usage *u, bool *inferred)
{
	int64_t out = fact_n(f, FACT_OUTPUT);
	int64_t think = fact_n(f, FACT_REASONING);
	int64_t beside = fact_n(f, FACT_THOUGHTS);
	int64_t total = fact_n(f, FACT_TOTAL);
	int64_t in = known(fact_n(f, FACT_INPUT));
	int64_t audio = fact_n(f, FACT_AUDIO_OUT);

	if (out == FACT_NONE && beside == FACT_NONE)
		return;
	/* The total tells that a sender counts reasoning beside output. */
	if (think > 0 && total != FACT_NONE && total != in + known(out) &&
	    total == in + known(out) + think) {
		beside = think;
		*inferred = true;
	}
	if (beside > 0) {
		out = known(out) + beside;
		think = beside;
	} else if (beside == 0 && think == FACT_NONE) {
		think = 0;
	}
	if (audio > 0) {
		u->n[USAGE_AUDIO_OUT] = audio;
		if (m == INCLUSIVE && out >= audio)
			out -= audio;
	}
	u->n[USAGE_OUTPUT] = out;
	if (think <= out)
		u->n[USAGE_REASONING] = think;
}

static bool anthropic_model(const struct teller *t)
{
	return str_is(t->provider, "anthropic") ||
	       str_contains(t->model, "claude");
}

/* Whether the model's cache writes cost something of their own. */
static bool writes_cost(const struct teller *t, const struct price_book *book)
{
	struct price_found found;

	return book && t->model.len &&
	       price_find(book, t->provider, t->model, t->at_us, &found) &&
	       found.row->v[PRICE_CACHE_WRITE_5M] != MONEY_NONE;
}

enum usage_quality profile_usage(const struct facts *f, const struct teller *t,
				 const struct price_book *book, struct usage *u)
{
	bool inferred = false;
	enum input_means m = judge(f, t, &inferred);

	usage_init(u);
	split_input(f, m, u);
	split_output(f, m, u, &inferred);
	u->n[USAGE_WEB_SEARCH] = fact_n(f, FACT_WEB_SEARCH);
	if (fact_n(f, FACT_INPUT) == FACT_NONE &&
	    fact_n(f, FACT_NO_CACHE) == FACT_NONE &&
	    u->n[USAGE_OUTPUT] == USAGE_NONE) {
		usage_init(u);
		return QUALITY_MISSING;
	}
	if (f->absurd && usage_missing(u))
		return QUALITY_MISSING;
	if (!t->no_caching && (u->n[USAGE_CACHE_READ] == USAGE_NONE ||
			       (u->n[USAGE_CACHE_WRITE_5M] == USAGE_NONE &&
				u->n[USAGE_CACHE_WRITE_1H] == USAGE_NONE &&
				writes_cost(t, book))))
		return QUALITY_CACHE_UNKNOWN;
	if (writes(u) > 0 && anthropic_model(t) &&
	    fact_n(f, FACT_WRITE_1H) == FACT_NONE)
		return QUALITY_NO_TTL_SPLIT;
	return inferred ? QUALITY_INFERRED : QUALITY_EXACT;
}
