#include "router/feature.h"

#include <stdio.h>

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
COUNT(hard_words)
COUNT(easy_words)
COUNT(ask_words)
COUNT(limit_words)
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
SHARE(code_words, words)
SHARE(distinct_bits, words)

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
};
#define TABLE_N ((int)(sizeof(table) / sizeof(table[0])))
_Static_assert(sizeof(table) / sizeof(table[0]) <= FEATURE_MAX,
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
		char version[16];
		int len = snprintf(version, sizeof(version), "%d",
				   rows[i].version);

		h = HASH_ID(((struct str){(const char *)h.b, sizeof(h.b)}),
			    str_from(rows[i].name),
			    ((struct str){version, (size_t)len}));
	}
	for (int i = 0; text_word_list(i); i++)
		h = HASH_ID(((struct str){(const char *)h.b, sizeof(h.b)}),
			    str_from(text_word_list(i)));
	return h;
}

struct uuid feature_schema(void)
{
	return feature_schema_of(table, TABLE_N);
}

int feature_count(void)
{
	return TABLE_N;
}

int feature_total(void)
{
	return TABLE_N + FEATURE_DERIVED;
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

int feature_vector(struct str text, const struct feature_ctx *ctx, float *out)
{
	struct text_stats s;
	struct feature_ctx first;
	const struct feature_in in = {&s, ctx ? ctx : &first};

	feature_ctx_init(&first);
	text_stats_read(&s, text);
	for (int i = 0; i < TABLE_N; i++)
		out[i] = table[i].extract(&in, 0);
	return TABLE_N;
}

int feature_text(struct str text, float *out)
{
	return feature_vector(text, NULL, out);
}
