/* Between the files that draw: cells, and the parts of the screen. */
#ifndef ACO_TUI_SCREEN_INT_H
#define ACO_TUI_SCREEN_INT_H

#include "tui/crt.h"
#include "tui/text.h"
#include "tui/top.h"

/* First line of the page; above it stand the bar, the figures and, over a
 * list, the heading. */
#define BODY_TOP 2
/* Notes stand in two columns from this width on. */
#define NOTES_BESIDE 110

/* Put clean text at (y, x), cut at `cols` columns; returns the columns used. */
int put_text(int y, int x, int cols, enum role role, const char *clean);
/* The same, filled up with blanks to `cols`. */
void put_padded(int y, int x, int cols, enum role role, const char *clean,
		enum text_align align);
void put_blanks(int y, int x, int cols, enum role role);

/* How the lines between the figures and the keys are shared out. */
struct areas {
	int notes;   /* lines of notes, from BODY_TOP on */
	int heading; /* line of the heading; -1: none */
	int top;     /* first line of the rows, or of the record or help */
	int rows;
	int detail; /* lines for the text of the row at the cursor; 0: none */
	int panel;  /* lines of pictures, below the rows; 0: none */
};
void screen_areas(const struct top *t, struct areas *a);

void draw_list(const struct top *t, const struct areas *a);
void draw_record(const struct top *t, const struct areas *a);
void draw_notes(const struct top *t, const struct areas *a);
void draw_panel(const struct top *t, const struct areas *a);
void draw_pick(const struct top *t);
int record_height(const struct page *p, int width);

void draw_help(const struct top *t, int rows);
int help_height(const struct top *t);

#endif
