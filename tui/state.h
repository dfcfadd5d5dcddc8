/* What the dashboard remembers from one run to the next: the view, the range,
 * and what was done to each view. A file of lines, each a word and its values:
 *
 *	view tasks
 *	range 7d
 *	compare
 *	sort tasks cost_usd desc
 *	off tasks reasoning cache_write
 *	pictures fleet 1
 *
 * in $XDG_STATE_HOME/aco/top, or ~/.local/state/aco/top. Lines that make no
 * sense, or no longer do, are skipped. */
#ifndef ACO_TUI_STATE_H
#define ACO_TUI_STATE_H

#include "ledger/base/buf.h"
#include "tui/top.h"

/* The path, to be freed; NULL: there is no place for it. */
char *state_path(void);

/* Read text into t: range, compare, kept. Returns the view that was open last,
 * or NULL. */
const struct view *state_parse(struct top *t, struct str text);
/* Append what parse reads. */
void state_write(const struct top *t, struct buf *out);

/* The same with the file. What cannot be read or written is nobody's harm. */
const struct view *state_load(struct top *t);
void state_save(const struct top *t);

#endif
