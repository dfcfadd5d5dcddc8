/* A small table for people on standard output: columns as wide as their
 * widest cell, texts to the left, numbers to the right. For commands whose
 * answer is a page or two; the dashboard has tables of its own. */
#ifndef ACO_GRID_H
#define ACO_GRID_H

#include "ledger/base/arena.h"
#include "ledger/base/buf.h"

#define GRID_COLS 16

struct grid_col {
	const char *title; /* NULL ends the list */
	bool right;
};

struct grid {
	const struct grid_col *cols;
	int n_cols;
	struct arena arena;
	struct str *cells; /* row by row, titles first */
	size_t n, cap;
};

/* `cols` is borrowed: at most GRID_COLS, ended by a NULL title. */
void grid_init(struct grid *g, const struct grid_col *cols);
void grid_release(struct grid *g);
/* The next cell, row by row. Control characters become '?'. */
void grid_cell(struct grid *g, struct str text);
void grid_cells(struct grid *g, const char *text); /* the same */
/* Append the table; nothing when it has no row. */
void grid_print(const struct grid *g, struct buf *out);
/* The same in so many columns of text (0: any): where it is wider, as several
 * tables one under the other, each of which begins with the first `keys`
 * columns (1 or more, fewer than there are). */
void grid_print_within(const struct grid *g, int keys, int columns,
		       struct buf *out);

#endif
