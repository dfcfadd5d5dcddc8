/* Counts over a text, taken in one pass, from which the text features are
 * made. No allocation, no locale, no state. */
#ifndef ACO_FEATURE_TEXT_H
#define ACO_FEATURE_TEXT_H

#include <stdint.h>

#include "ledger/base/str.h"

#define TEXT_READ_MAX   (256 * 1024)
#define TEXT_BLOOM_BITS 4096
#define TEXT_GRAM_READ  (32 * 1024) /* n-grams are of the first so many */
#define TEXT_GRAMS      32          /* buckets that they are hashed into */

/* Lists of words. */
enum text_list {
	TEXT_HARD,  /* of tasks that are likely hard */
	TEXT_EASY,  /* ... that are likely easy */
	TEXT_CODE,  /* keywords of any programming language */
	TEXT_ASK,   /* that ask */
	TEXT_LIMIT, /* that bind the answer */
	TEXT_ORDER, /* that put steps in an order */
	TEXT_RISK,  /* of what must not go wrong */
	/* words that are frequent in one language and not in others */
	TEXT_PYTHON,
	TEXT_SCRIPT, /* JavaScript, TypeScript */
	TEXT_SYSTEM, /* C, C++, Java, C#, Go, Rust */
	TEXT_SQL,
	TEXT_SHELL,
	TEXT_MARKUP, /* HTML, CSS */
	TEXT_ENGLISH,
	TEXT_GERMAN,
	TEXT_FRENCH,
	TEXT_SPANISH,
	TEXT_LISTS
};

struct text_stats {
	uint64_t bytes; /* of the whole text, read or not */
	uint64_t read;  /* bytes that the counts below are over */

	/* bytes by kind */
	uint64_t lower, upper, digit, space, high; /* high: not ASCII */
	uint64_t punct;     /* ASCII punctuation, brackets and operators too */
	uint64_t bracket;   /* ()[]{} */
	uint64_t operators; /* = < > + * & | % ^ ~ */
	uint64_t math;      /* $ and backslash */
	uint64_t quote;     /* " and ` */
	uint64_t question;  /* ? */

	/* lines */
	uint64_t lines; /* with something on them */
	uint64_t blank_lines;
	uint64_t line_max;      /* bytes */
	uint64_t indent_lines;  /* start with a tab or two blanks */
	uint64_t list_lines;    /* "- x", "* x", "1. x", "2) x" */
	uint64_t choice_lines;  /* "A. x", "(b) x", "C) x" */
	uint64_t heading_lines; /* "# x" to "###### x" */
	uint64_t quote_lines;   /* "> x" */
	uint64_t fences;        /* ``` or ~~~ at a line's start */
	uint64_t diff_lines;    /* "@@ ", "+++ ", "--- ", "diff " */
	uint64_t trace_lines;   /* of a traceback or a stack trace */

	/* tokens (between blanks) and words ([A-Za-z0-9_] or not ASCII) */
	uint64_t tokens, words, word_bytes;
	uint64_t long_words;  /* 10 bytes or more */
	uint64_t numbers;     /* words of digits only */
	uint64_t identifiers; /* snake_case, camelCase or a call: "f(" */
	uint64_t shouts;      /* two or more letters, all upper case */
	uint64_t urls, paths;
	uint64_t errors;        /* tokens such as "TypeError:" or "panic:" */
	uint64_t sentences;     /* tokens that end in . ! or ? */
	uint64_t distinct_bits; /* of TEXT_BLOOM_BITS, set by the words */

	/* characters by script, of what is not ASCII */
	uint64_t latin, cyrillic, arabic, indic, east_asian, symbols;

	/* words that are of a list; one more, which means nothing */
	uint64_t list_words[TEXT_LISTS + 1];

	/* hashed: words and pairs of words; three bytes within a word */
	uint32_t word_grams[TEXT_GRAMS], char_grams[TEXT_GRAMS];
};

void text_stats_read(struct text_stats *s, struct str text);

/* The word lists, for the schema's hash: list `i` as one text of words between
 * blanks, NULL after the last. */
const char *text_word_list(int i);

#endif
