#include "tui/pick.h"

#include <string.h>

#include <ncurses.h>

#include "tui/action_int.h"
#include "tui/text.h"

static int widest(const struct pick *p)
{
	int w = text_width(p->title);

	for (int i = 0; i < p->n; i++) {
		int n = text_width(p->items[i]) + 4;

		w = n > w ? n : w;
	}
	return w;
}

struct pick_box pick_place(const struct pick *p, int lines, int cols)
{
	struct pick_box b = {.w = widest(p) + 4};

	b.rows = p->n < lines - 6 ? p->n : lines - 6;
	b.rows = b.rows < 1 ? 1 : b.rows;
	b.h = b.rows + 2;
	b.w = b.w > cols ? cols : b.w;
	b.y = 2 + (lines - 4 - b.h) / 2;
	b.x = (cols - b.w) / 2;
	return b;
}

static void move_to(struct pick *p, int at)
{
	p->at = at >= p->n ? p->n - 1 : at;
	p->at = p->at < 0 ? 0 : p->at;
}

static unsigned choose(struct top *t)
{
	struct pick *p = &t->pick;

	if (p->many) {
		p->on[p->at] = !p->on[p->at];
		return p->chose(t, p->at);
	}
	t->mode = MODE_PAGE;
	return p->chose(t, p->at);
}

unsigned pick_key(struct top *t, int key)
{
	struct pick *p = &t->pick;

	switch (key) {
	case KEY_DOWN:
	case 'j':
	case CTRL('n'):
	case '\t':
		move_to(p, p->at + 1);
		break;
	case KEY_UP:
	case 'k':
	case CTRL('p'):
		move_to(p, p->at - 1);
		break;
	case KEY_NPAGE:
		move_to(p, p->at + 10);
		break;
	case KEY_PPAGE:
		move_to(p, p->at - 10);
		break;
	case KEY_HOME:
		move_to(p, 0);
		break;
	case KEY_END:
		move_to(p, p->n);
		break;
	case ' ':
		return choose(t);
	case '\r':
	case '\n':
	case KEY_ENTER:
		if (!p->many)
			return choose(t);
		t->mode = MODE_PAGE;
		break;
	default:
		t->mode = MODE_PAGE;
		break;
	}
	return REACT_DRAW;
}

unsigned pick_click(struct top *t, int y, int x)
{
	struct pick *p = &t->pick;
	struct pick_box b = pick_place(p, LINES, COLS);
	int item = p->first + y - b.y - 1;

	if (x < b.x || x >= b.x + b.w || item < 0 || item >= p->n || y <= b.y ||
	    y > b.y + b.rows) {
		t->mode = MODE_PAGE;
		return REACT_DRAW;
	}
	p->at = item;
	return choose(t);
}
