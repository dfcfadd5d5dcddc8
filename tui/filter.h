/* What `/` takes: words that every row shown must satisfy.
 *
 *   opus            any text of the row contains it, in either case
 *   "two words"     the same, with blanks in it
 *   !opus           does not
 *   cost>1          a column compared: = != > >= < <= and ~ (contains);
 *                   a column is named by its field name, its heading, or
 *                   the beginning of one
 *   time>90s  success<80%  output>=1.5M  started>2026-11-01  status!=ok
 *
 * A value that is not known satisfies no comparison but `!=`. */
#ifndef ACO_TUI_FILTER_H
#define ACO_TUI_FILTER_H

#include <stdbool.h>

#include "ledger/base/err.h"
#include "tui/table.h"

#define FILTER_TERMS 8
#define FILTER_TEXT  128

enum filter_op {
	FILTER_CONTAINS,
	FILTER_EQ,
	FILTER_NE,
	FILTER_GT,
	FILTER_GE,
	FILTER_LT,
	FILTER_LE,
};

struct filter_term {
	bool invert;
	int col; /* -1: any column with text */
	enum filter_op op;
	bool numeric; /* compare num, in natural units times 10^12 */
	__int128 num;
	char text[FILTER_TEXT];
};

struct filter {
	int n; /* 0 terms: everything passes */
	struct filter_term t[FILTER_TERMS];
};

/* RC_BAD says what is wrong, in a few words for the status line; *f is then
 * unchanged. */
enum rc filter_parse(struct filter *f, const char *text,
		     const struct column *cols, int n_cols,
		     struct err *e) MUST_CHECK;

/* A table_test whose argument is a struct filter. */
bool filter_match(const void *filter, const struct table *t, int row);

#endif
