#include "router/feature.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/base/map.h"
#include "ledger/hash.h"
#include "router/derive.h"
#include "router/feature_text.h"

/* Counts above 2^24 are not exact in float; texts are read no further than
 * that, and a length beyond it may round. */
static float count(uint64_t n)
{
	return (float)n;
}

static float share(uint64_t part, uint64_t whole)
{
	return whole ? (float)part / (float)whole : 0;
}

#define COUNT(field)                                                           \
	static float field##_count(const struct feature_in *in, int i)         \
	{                                                                      \
		(void)i;                                                       \
		return count(in->text->field);                                 \
	}
#define SHARE(field, whole)                                                    \
	static float field##_share(const struct feature_in *in, int i)         \
	{                                                                      \
		(void)i;                                                       \
		return share(in->text->field, in->text->whole);                \
	}

#define LIST_COUNT(name, list)                                                 \
	static float name##_words_count(const struct feature_in *in, int i)    \
	{                                                                      \
		(void)i;                                                       \
		return count(in->text->list_words[list]);                      \
	}
#define LIST_SHARE(name, list)                                                 \
	static float name##_words_share(const struct feature_in *in, int i)    \
	{                                                                      \
		(void)i;                                                       \
		return share(in->text->list_words[list], in->text->words);     \
	}
/* What is not known is -1. */
#define CONTEXT(field)                                                         \
	static float field##_context(const struct feature_in *in, int i)       \
	{                                                                      \
		(void)i;                                                       \
		return known(in->ctx->field);                                  \
	}

COUNT(bytes)
COUNT(lines)
COUNT(words)
COUNT(line_max)
COUNT(question)
COUNT(list_lines)
COUNT(choice_lines)
COUNT(heading_lines)
COUNT(fences)
COUNT(diff_lines)
COUNT(trace_lines)
COUNT(numbers)
COUNT(identifiers)
COUNT(urls)
COUNT(paths)
COUNT(errors)
COUNT(sentences)
COUNT(math)
COUNT(distinct_bits)
SHARE(digit, read)
SHARE(space, read)
SHARE(high, read)
SHARE(punct, read)
SHARE(bracket, read)
SHARE(operators, read)
SHARE(quote, read)
SHARE(indent_lines, lines)
SHARE(blank_lines, lines)
SHARE(quote_lines, lines)
SHARE(long_words, words)
SHARE(shouts, words)
SHARE(distinct_bits, words)
SHARE(latin, read)
SHARE(cyrillic, read)
SHARE(arabic, read)
SHARE(indic, read)
SHARE(east_asian, read)
SHARE(symbols, read)
LIST_COUNT(hard, TEXT_HARD)
LIST_COUNT(easy, TEXT_EASY)
LIST_COUNT(ask, TEXT_ASK)
LIST_COUNT(limit, TEXT_LIMIT)
LIST_COUNT(order, TEXT_ORDER)
LIST_COUNT(risk, TEXT_RISK)
LIST_SHARE(code, TEXT_CODE)

static float upper_share(const struct feature_in *in, int i)
{
	const struct text_stats *s = in->text;

	(void)i;
	return share(s->upper, s->upper + s->lower);
}

static float word_mean(const struct feature_in *in, int i)
{
	const struct text_stats *s = in->text;

	(void)i;
	return share(s->word_bytes, s->words);
}

static float line_mean(const struct feature_in *in, int i)
{
	const struct text_stats *s = in->text;

	(void)i;
	return share(s->word_bytes, s->lines);
}

static float sentence_mean(const struct feature_in *in, int i)
{
	const struct text_stats *s = in->text;

	(void)i;
	return share(s->words, s->sentences);
}

/* Shares of the words of each language, in the order of the lists. */
static float language_share(const struct feature_in *in, int i)
{
	return share(in->text->list_words[TEXT_PYTHON + i], in->text->words);
}

/* Counts grow with a text; what matters is about how often. Four steps from a
 * power of two to the next, by integers alone: 0 1 5 7 9 10 11 12 13 ... */
static float steps(uint32_t n)
{
	unsigned top;

	if (!n)
		return 0;
	top = 31U - (unsigned)__builtin_clz(n);
	return (float)(1 + 4 * top + (((uint64_t)n << 2) >> top & 3));
}

static float word_gram(const struct feature_in *in, int i)
{
	return steps(in->text->word_grams[i]);
}

static float char_gram(const struct feature_in *in, int i)
{
	return steps(in->text->char_grams[i]);
}

/* ---- where in its task ---- */

static float known(int64_t v)
{
	return v < 0 ? -1 : (float)v;
}

CONTEXT(class_guessed)
CONTEXT(step_kind)
CONTEXT(step)
CONTEXT(tools_offered)
CONTEXT(tools_used)
CONTEXT(context_tokens)
CONTEXT(errors)
CONTEXT(repeats)
CONTEXT(attempts)

static float context_growth(const struct feature_in *in, int i)
{
	const struct feature_ctx *c = in->ctx;

	(void)i;
	if (c->context_tokens < 0 || c->context_before < 0)
		return -1;
	return c->context_tokens > c->context_before
		       ? (float)(c->context_tokens - c->context_before)
		       : 0;
}

/* Tiers are bits 1 to 5. */
static unsigned tried(const struct feature_in *in)
{
	return in->ctx->tiers_tried & 0x3e;
}

static float tiers_tried(const struct feature_in *in, int i)
{
	(void)i;
	return (float)__builtin_popcount(tried(in));
}

static float tier_low(const struct feature_in *in, int i)
{
	(void)i;
	return tried(in) ? (float)__builtin_ctz(tried(in)) : 0;
}

static float tier_high(const struct feature_in *in, int i)
{
	(void)i;
	return tried(in) ? (float)(31 - __builtin_clz(tried(in))) : 0;
}

/* Micro-dollars. */
static float cost_context(const struct feature_in *in, int i)
{
	(void)i;
	return known(in->ctx->cost_pusd < 0 ? -1
					    : in->ctx->cost_pusd / 1000000);
}

static const struct feature table[] = {
	{"bytes", "length in bytes", 1, bytes_count, 1},
	{"lines", "lines with something on them", 1, lines_count, 1},
	{"words", "words", 1, words_count, 1},
	{"word_mean", "bytes a word", 1, word_mean, 1},
	{"line_mean", "bytes of words a line", 1, line_mean, 1},
	{"line_max", "bytes of the longest line", 1, line_max_count, 1},
	{"sentence_mean", "words a sentence", 1, sentence_mean, 1},
	{"sentences", "tokens that end a sentence", 1, sentences_count, 1},
	{"digit_share", "digits among bytes", 1, digit_share, 1},
	{"upper_share", "upper case among letters", 1, upper_share, 1},
	{"punct_share", "punctuation among bytes", 1, punct_share, 1},
	{"space_share", "white space among bytes", 1, space_share, 1},
	{"non_ascii_share", "non-ASCII among bytes", 1, high_share, 1},
	{"bracket_share", "brackets among bytes", 1, bracket_share, 1},
	{"operator_share", "operators among bytes", 1, operators_share, 1},
	{"quote_share", "quotes and back quotes among bytes", 1, quote_share,
	 1},
	{"indent_share", "indented among lines", 1, indent_lines_share, 1},
	{"blank_share", "blank lines a line", 1, blank_lines_share, 1},
	{"quoted_share", "quoted (>) among lines", 1, quote_lines_share, 1},
	{"code_fences", "fences of code", 1, fences_count, 1},
	{"diff_lines", "marks of a diff", 1, diff_lines_count, 1},
	{"trace_lines", "lines of a traceback", 1, trace_lines_count, 1},
	{"errors", "names of errors", 1, errors_count, 1},
	{"questions", "question marks", 1, question_count, 1},
	{"list_items", "lines that are list items", 1, list_lines_count, 1},
	{"choices", "lines that are choices", 1, choice_lines_count, 1},
	{"headings", "lines that are headings", 1, heading_lines_count, 1},
	{"numbers", "words of digits", 1, numbers_count, 1},
	{"identifiers", "identifiers and calls", 1, identifiers_count, 1},
	{"urls", "addresses", 1, urls_count, 1},
	{"paths", "paths of files", 1, paths_count, 1},
	{"math_marks", "dollar signs and backslashes", 1, math_count, 1},
	{"long_share", "words of ten bytes or more", 1, long_words_share, 1},
	{"shout_share", "words in capitals", 1, shouts_share, 1},
	{"distinct", "distinct words, to 4,096", 1, distinct_bits_count, 1},
	{"distinct_share", "distinct words a word", 1, distinct_bits_share, 1},
	{"code_share", "keywords of code among words", 1, code_words_share, 1},
	{"hard_words", "words of hard tasks", 1, hard_words_count, 1},
	{"easy_words", "words of easy tasks", 1, easy_words_count, 1},
	{"ask_words", "words that ask", 1, ask_words_count, 1},
	{"limit_words", "words that bind the answer", 1, limit_words_count, 1},
	{"order_words", "words that order steps", 1, order_words_count, 1},
	{"risk_words", "words of what is at stake", 1, risk_words_count, 1},
	{"latin_share", "accented Latin letters", 1, latin_share, 1},
	{"cyrillic_share", "Cyrillic and Greek", 1, cyrillic_share, 1},
	{"arabic_share", "Arabic and Hebrew", 1, arabic_share, 1},
	{"indic_share", "Indic scripts and Thai", 1, indic_share, 1},
	{"east_asian_share", "Chinese, Japanese, Korean", 1, east_asian_share,
	 1},
	{"symbol_share", "symbols and emoji", 1, symbols_share, 1},
	{"language", "words of each language among words", 1, language_share,
	 TEXT_LISTS - TEXT_PYTHON},
	{"class_guessed", "1: nobody said the class", 1, class_guessed_context,
	 1},
	{"step_kind", "kind of step, -1 unknown", 1, step_kind_context, 1},
	{"step", "position in the task, -1 unknown", 1, step_context, 1},
	{"tools_offered", "tools, -1 unknown", 1, tools_offered_context, 1},
	{"tools_used", "calls of tools so far, -1 unknown", 1,
	 tools_used_context, 1},
	{"context_tokens", "tokens of the prompt, -1 unknown", 1,
	 context_tokens_context, 1},
	{"context_growth", "tokens more than before, -1 unknown", 1,
	 context_growth, 1},
	{"step_errors", "failures so far", 1, errors_context, 1},
	{"step_repeats", "repeated calls so far", 1, repeats_context, 1},
	{"attempts", "attempts of this step so far", 1, attempts_context, 1},
	{"tiers_tried", "tiers tried for this step", 1, tiers_tried, 1},
	{"tier_low", "lowest of them, 0 none", 1, tier_low, 1},
	{"tier_high", "highest of them, 0 none", 1, tier_high, 1},
	{"cost_so_far", "of the task, micro-dollars", 1, cost_context, 1},
	{"word_gram", "words and pairs, hashed, in quarter powers of two", 1,
	 word_gram, TEXT_GRAMS},
	{"char_gram", "three bytes of a word, likewise", 1, char_gram,
	 TEXT_GRAMS},
};
#define TABLE_N ((int)(sizeof(table) / sizeof(table[0])))
#define FAMILIES                                                               \
	(TEXT_LISTS - TEXT_PYTHON + 2 * TEXT_GRAMS - 3) /* values more */
#define VALUES (TABLE_N + FAMILIES)
_Static_assert(sizeof(table) / sizeof(table[0]) + FAMILIES <= FEATURE_MAX,
	       "more features than a vector has room for");

const struct feature *feature_table(int *n)
{
	*n = TABLE_N;
	return table;
}

/* A chain of hashes, so that the order counts. */
struct uuid feature_schema_of(const struct feature *rows, int n)
{
	struct uuid h = HASH_ID(STR("feature schema"));

	for (int i = 0; i < n; i++) {
		char version[32];
		int len = snprintf(version, sizeof(version), "%d %d",
				   rows[i].version, rows[i].width);

		h = HASH_ID(((struct str){(const char *)h.b, sizeof(h.b)}),
			    str_from(rows[i].name),
			    ((struct str){version, (size_t)len}));
	}
	for (int i = 0; text_word_list(i); i++)
		h = HASH_ID(((struct str){(const char *)h.b, sizeof(h.b)}),
			    str_from(text_word_list(i)));
	return h;
}

static struct uuid schema;
static pthread_once_t schema_once = PTHREAD_ONCE_INIT;

static void make_schema(void)
{
	schema = feature_schema_of(table, TABLE_N);
}

struct uuid feature_schema(void)
{
	pthread_once(&schema_once, make_schema);
	return schema;
}

int feature_count(void)
{
	return VALUES;
}

int feature_total(void)
{
	return VALUES + FEATURE_DERIVED;
}

const char *feature_name(int i, char buf[FEATURE_NAME])
{
	for (int k = 0; k < TABLE_N; k++) {
		if (i >= table[k].width) {
			i -= table[k].width;
			continue;
		}
		if (table[k].width == 1)
			snprintf(buf, FEATURE_NAME, "%s", table[k].name);
		else
			snprintf(buf, FEATURE_NAME, "%s.%d", table[k].name, i);
		return buf;
	}
	return derive_name(i, buf);
}

void feature_ctx_init(struct feature_ctx *c)
{
	*c = (struct feature_ctx){
		.step_kind = -1,
		.step = -1,
		.tools_offered = -1,
		.tools_used = -1,
		.context_tokens = -1,
		.context_before = -1,
	};
}

static int extract_all(const struct text_stats *s,
		       const struct feature_ctx *ctx, float *out)
{
	struct feature_ctx first;
	const struct feature_in in = {s, ctx ? ctx : &first};

	feature_ctx_init(&first);
	for (int i = 0; i < TABLE_N; i++) {
		for (int k = 0; k < table[i].width; k++)
			*out++ = table[i].extract(&in, k);
	}
	return VALUES;
}

int feature_vector(struct str text, const struct feature_ctx *ctx, float *out)
{
	struct text_stats s;

	text_stats_read(&s, text);
	return extract_all(&s, ctx, out);
}

#define MEMO_TEXTS 64

struct feature_memo {
	struct {
		uint64_t hash; /* seeded: nobody can aim at another's */
		size_t len;    /* 0: nothing here */
		struct text_stats s;
	} text[MEMO_TEXTS];
};

struct feature_memo *feature_memo_new(void)
{
	return xcalloc(1, sizeof(struct feature_memo));
}

void feature_memo_free(struct feature_memo *m)
{
	free(m);
}

int feature_vector_memo(struct feature_memo *m, struct str text,
			const struct feature_ctx *ctx, float *out)
{
	uint64_t hash;
	size_t at;

	if (!text.len)
		return feature_vector(text, ctx, out);
	hash = map_hash(text.p, text.len);
	at = (size_t)(hash % MEMO_TEXTS);
	if (m->text[at].hash != hash || m->text[at].len != text.len) {
		text_stats_read(&m->text[at].s, text);
		m->text[at].hash = hash;
		m->text[at].len = text.len;
	}
	return extract_all(&m->text[at].s, ctx, out);
}

int feature_text(struct str text, float *out)
{
	return feature_vector(text, NULL, out);
}
