/* Between the files that draw: cells, and the parts of the screen. */
#ifndef ACO_TUI_SCREEN_INT_H
#define ACO_TUI_SCREEN_INT_H

#include "tui/crt.h"
#include "tui/text.h"
#include "tui/top.h"

/* First line of the page; above it stand the bar, the figures and, over a
 * list, the heading. */
#define BODY_TOP 2

/* Put clean text at (y, x), cut at `cols` columns; returns the columns used. */
int put_text(int y, int x, int cols, enum role role, const char *clean);
/* The same, filled up with blanks to `cols`. */
void put_padded(int y, int x, int cols, enum role role, const char *clean,
		enum text_align align);
void put_blanks(int y, int x, int cols, enum role role);

void draw_list(const struct top *t, int rows);
void draw_record(const struct top *t, int rows);
int record_height(const struct page *p, int width);

void draw_help(const struct top *t, int rows);
int help_height(const struct top *t);

#endif
