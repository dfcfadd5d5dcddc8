/* Sparklines: a series of amounts as one character each. */
#ifndef ACO_TUI_SPARK_H
#define ACO_TUI_SPARK_H

#include "ledger/base/buf.h"

#define SPARK_MAX 60

/* Amounts over equal stretches of time, the oldest first; all >= 0. */
struct series {
	int n;
	__int128 v[SPARK_MAX];
};

/* Append the series drawn in exactly `cols` columns; where there are more
 * points than columns, a column is the mean of its own. Nothing is a blank,
 * anything is at least the lowest mark, the greatest is the highest. */
void spark_draw(struct buf *out, const struct series *s, int cols);

/* The same in a word: "none", "steady", "rising" or "falling", by the later
 * half against the earlier one. For text without drawings. */
const char *spark_word(const struct series *s);

#endif
