/* A grid of cells that pictures are drawn into before they reach the terminal
 * or a line of text. Each cell holds one glyph of one column, or up to eight
 * braille dots (two across, four down), and the ink it is drawn with. In ASCII
 * mode (tui/text.h) dots become points and marks. What lies outside of the
 * grid is not drawn. */
#ifndef ACO_TUI_CANVAS_H
#define ACO_TUI_CANVAS_H

#include <stdint.h>

#include "ledger/base/buf.h"

enum ink {
	INK_NONE,
	INK_TEXT,
	INK_DIM,
	INK_TITLE,
	INK_LINE,
	INK_GOOD,
	INK_WARN,
	INK_BAD,
	INK_TIER0, /* and the five tiers after it */
	INK_TIER1,
	INK_TIER2,
	INK_TIER3,
	INK_TIER4,
	INK_TIER5,
	INK_N
};

struct canvas_cell {
	char glyph[8]; /* UTF-8 of one column; empty: a blank, or dots */
	uint8_t dots;  /* bits of U+2800 */
	uint8_t ink;
};

struct canvas {
	int w, h;
	struct canvas_cell *cells; /* h x w */
};

/* All blank; w and h are cut to 1..1000. */
void canvas_init(struct canvas *c, int w, int h);
void canvas_release(struct canvas *c);

void canvas_put(struct canvas *c, int y, int x, enum ink ink,
		const char *glyph);
/* Clean text from x on; characters that take two columns become '?'. Returns
 * the column after it. */
int canvas_text(struct canvas *c, int y, int x, enum ink ink, const char *text);
/* The same, ending at column x (exclusive). */
void canvas_text_right(struct canvas *c, int y, int x, enum ink ink,
		       const char *text);
/* Dots: y in 0..4h-1, x in 0..2w-1. */
void canvas_dot(struct canvas *c, int y, int x, enum ink ink);
void canvas_line(struct canvas *c, int y0, int x0, int y1, int x1,
		 enum ink ink);
/* An upright bar over `rows` rows that ends at row `bottom` (inclusive), n/d
 * of them high; eighths of a cell where there are such glyphs. */
void canvas_bar(struct canvas *c, int x, int bottom, int rows, __int128 n,
		__int128 d, enum ink ink);

/* What a cell looks like, and append a row of them without trailing blanks. */
const char *canvas_glyph(const struct canvas_cell *cell, char buf[8]);
void canvas_row(const struct canvas *c, int y, struct buf *out);

#endif
