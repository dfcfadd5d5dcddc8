/* A cell as text: short and harmless for people, exact for programs. */
#ifndef ACO_TUI_SHOW_H
#define ACO_TUI_SHOW_H

#include "ledger/base/buf.h"
#include "tui/table.h"

struct show {
	int64_t now_us;
	bool plain;   /* words instead of drawings */
	bool full;    /* all digits: records have the room */
	int spark;    /* columns of a sparkline or a bar */
	bool compare; /* the period before stands beside */
};

/* Append the cell as a person reads it, clean (tui/text.h), on one line. */
void show_cell(struct buf *out, const struct column *col, const struct cell *c,
	       const struct show *how);

/* Append the cell's exact value as programs read it: text as it came, money
 * and ratios as decimals, times as RFC 3339, flags as true and false, series
 * as decimals with blanks between them. Nothing for a value not known. */
void show_exact(struct buf *out, const struct column *col,
		const struct cell *c);

/* Widest a column of this kind gets on a screen. */
int show_max_width(const struct column *col);

#endif
