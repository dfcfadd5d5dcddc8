/* Draws struct top on the terminal: a line that says where we are, one of
 * figures, the page, and a line of keys. Draws from the model alone and keeps
 * nothing; ncurses sends only the cells that changed. */
#ifndef ACO_TUI_SCREEN_H
#define ACO_TUI_SCREEN_H

#include "tui/top.h"

/* The smallest screen that is drawn; below it a line says so. */
#define SCREEN_COLS_MIN 40
#define SCREEN_ROWS_MIN 12

void screen_draw(const struct top *t);

/* Rows of the table, or lines of a record or of the help, that fit. */
int screen_rows(const struct top *t);
/* Move the window over the rows so that the cursor is in it; the end of a
 * record or of the help is not scrolled past. Call before drawing. */
void screen_settle(struct top *t);

/* Which breadcrumb (1: the outermost) lies at this column of the first line;
 * 0: none. */
int screen_crumb_at(const struct top *t, int x);

/* What lies under a mouse: a row of those shown, the heading of a column, or
 * neither (both -1). */
void screen_at(const struct top *t, int y, int x, int *row, int *col);

#endif
