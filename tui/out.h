/* The twins of the screen: the page at the top printed once, from the same
 * rows in the same order.
 *
 *   once   as on the screen, as wide as the terminal or COLUMNS says
 *   plain  for screen readers and logs: no drawings, no cut columns, words
 *          beside what colours say
 *   json   one object: what is shown, the header figures, the rows; money is
 *          a decimal string, times are RFC 3339; fields have the names of
 *          the public views
 *   csv    a heading and the rows, the same fields and values as JSON */
#ifndef ACO_TUI_OUT_H
#define ACO_TUI_OUT_H

#include "ledger/base/buf.h"
#include "tui/top.h"

enum out_format {
	OUT_ONCE,
	OUT_PLAIN,
	OUT_JSON,
	OUT_CSV
};

/* Append the page. `width`: columns for OUT_ONCE. `again`: this is not the
 * first of a series (CSV then has no heading). On a terminal, bytes of names
 * that could steer it are replaced in CSV; JSON escapes them always. */
void out_page(struct buf *out, const struct top *t, enum out_format format,
	      int width, bool again, bool terminal);

#endif
