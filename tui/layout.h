/* How a table lies on a screen of some width: which columns fit, how wide
 * each is, and a record as lines. Knows nothing of the terminal; the screen
 * and the text twins draw the same layout. */
#ifndef ACO_TUI_LAYOUT_H
#define ACO_TUI_LAYOUT_H

#include "ledger/base/buf.h"
#include "tui/show.h"
#include "tui/table.h"
#include "tui/text.h"

#define LAYOUT_COLS_MAX 64

struct layout {
	int n;                      /* columns shown, from left to right */
	int col[LAYOUT_COLS_MAX];   /* index into the table's columns */
	int width[LAYOUT_COLS_MAX]; /* of each shown column */
	int hidden;                 /* columns that did not fit */
};

/* Natural width of each column (LAYOUT_COLS_MAX): its widest cell among the
 * shown rows or its heading, at most what its kind allows unless the text is
 * plain. 0 for columns that are for programs only. */
void layout_measure(const struct table *t, const struct show *how,
		    int *natural);

/* Fit the columns into `width`: the first one always stays, at the left; of
 * the others those with the highest `drop` go first, and last `keep`, the
 * sorted column (-1: none). Columns with a `min` yield down to it before any is
 * dropped; what is left over is given back from the left, and where there is
 * room still, to dropped ones that fit, the lowest `drop` first. With `scroll`
 * > 0 the columns beside the first start with the scroll-th, and as many as fit
 * are shown. One blank lies between columns. */
void layout_fit(const struct table *t, const int *natural, int width,
		int scroll, int keep, struct layout *out);

/* On which side the cells of a column stand, and how they are cut. */
enum text_align layout_align(const struct column *c);

/* What stands before the first column of row shown[i] in a tree: the state of
 * a fold, or a branch. Empty in lists. */
const char *layout_branch(const struct table *t, int i, bool tree, bool folded);

/* ---- records ---- */

enum line_kind {
	LINE_HEADING,
	LINE_FIELD,
	LINE_TEXT,
	LINE_BLANK
};
struct line {
	enum line_kind kind;
	bool aside; /* belongs to the right half */
	enum tone tone;
	const char *label; /* of a field; heading: its text */
	const char *text;  /* clean */
};
struct lines {
	struct line *v;
	size_t n, cap;
	struct arena arena;
	int label_width; /* widest label */
};
void lines_init(struct lines *l);
void lines_release(struct lines *l);
void lines_add(struct lines *l, const struct line *line); /* copies texts */
/* The first row of the table, a field a line; values that are not known and
 * have nothing to say are left out. */
void lines_record(struct lines *l, const struct table *t,
		  const struct show *how);

#endif
