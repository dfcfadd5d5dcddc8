/* A menu over the page (struct pick in top.h): one choice, or many marks. */
#ifndef ACO_TUI_PICK_H
#define ACO_TUI_PICK_H

#include "tui/top.h"

unsigned pick_key(struct top *t, int key); /* reactions */
unsigned pick_click(struct top *t, int y, int x);

/* Where the menu lies on a screen of this size: its box, title and border
 * included, and how many items fit. */
struct pick_box {
	int y, x, w, h, rows;
};
struct pick_box pick_place(const struct pick *p, int lines, int cols);

#endif
