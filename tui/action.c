#include "tui/action.h"

#include <ncurses.h>
#include <string.h>

#include "tui/action_int.h"
#include "tui/command.h"
#include "tui/pick.h"
#include "tui/prompt.h"
#include "tui/screen.h"

#define WHEEL 3 /* rows a turn of the mouse wheel moves */

bool action_applies(const struct action *a, const struct top *t)
{
	unsigned layout = 1u << top_page_const(t)->view->layout;

	return a->layouts == 0 || (a->layouts & layout) != 0;
}

static const struct action *find(const struct top *t, int key)
{
	for (const struct action *a = actions; a->run; a++)
		for (int i = 0; i < ACTION_KEYS && a->keys[i]; i++)
			if (a->keys[i] == key && action_applies(a, t))
				return a;
	return NULL;
}

static bool moves(const struct action *a)
{
	return a->run == act_down || a->run == act_up ||
	       a->run == act_page_down || a->run == act_page_up ||
	       a->run == act_home || a->run == act_end;
}

/* On the help screen keys scroll; any other closes it. */
static unsigned help_key(struct top *t, const struct action *a)
{
	static unsigned (*const scrolls[])(struct top *) = {
		act_down, act_up, act_page_down, act_page_up, act_home, act_end,
	};

	for (size_t i = 0; a && i < sizeof(scrolls) / sizeof(scrolls[0]); i++)
		if (a->run == scrolls[i])
			return a->run(t);
	t->mode = MODE_PAGE;
	if (a && a->run == act_quit)
		return REACT_QUIT;
	return REACT_DRAW;
}

unsigned action_key(struct top *t, wint_t key, bool code)
{
	const struct action *a;

	if (code && key == KEY_RESIZE)
		return REACT_DRAW;
	if (code && key == KEY_MOUSE)
		return action_mouse(t);
	t->message[0] = '\0';
	if (t->mode == MODE_FILTER || t->mode == MODE_COMMAND)
		return prompt_key(t, key, code) | REACT_DRAW;
	/* KEY_ codes and characters share numbers above 0xff. */
	if (!code && key > 0xff)
		return REACT_DRAW;
	t->key = (int)key;
	if (t->mode == MODE_PICK)
		return pick_key(t, (int)key) | REACT_DRAW;
	a = find(t, (int)key);
	/* Who moves no longer wants to be moved. */
	if (t->mode == MODE_PAGE && a && moves(a))
		top_page(t)->follow = false;
	if (t->mode == MODE_HELP)
		return help_key(t, a);
	return a ? a->run(t) | REACT_DRAW : REACT_DRAW;
}

/* ---- mouse ---- */

/* A click on a breadcrumb goes back to it. */
static bool action_crumb(struct top *t, int x)
{
	int to = screen_crumb_at(t, x);

	if (to < 1 || to >= t->depth)
		return false;
	while (t->depth > to)
		top_pop(t);
	return true;
}

static unsigned click(struct top *t, int y, int x)
{
	struct page *p = top_page(t);
	int row, col;

	screen_at(t, y, x, &row, &col);
	if (col >= 0) {
		if (!page_sorts(p, col))
			return REACT_NONE;
		page_sort_by(p, col);
		return action_sorted(t);
	}
	if (y == 0 && action_crumb(t, x))
		return REACT_GATHER;
	if (row < 0)
		return REACT_NONE;
	p->follow = false;
	/* A click on the row under the cursor opens it. */
	if (row == p->cursor)
		return act_enter(t);
	page_move(p, row);
	return REACT_DRAW;
}

unsigned action_mouse(struct top *t)
{
	MEVENT m;

	if (getmouse(&m) != OK)
		return REACT_NONE;
	t->message[0] = '\0';
	if (m.bstate & BUTTON4_PRESSED)
		return action_scroll(t, -WHEEL) | REACT_DRAW;
	if (m.bstate & BUTTON5_PRESSED)
		return action_scroll(t, WHEEL) | REACT_DRAW;
	if (!(m.bstate & BUTTON1_PRESSED))
		return REACT_NONE;
	if (t->mode == MODE_HELP) {
		t->mode = MODE_PAGE;
		return REACT_DRAW;
	}
	if (t->mode == MODE_PICK)
		return pick_click(t, m.y, m.x) | REACT_DRAW;
	if (t->mode == MODE_FILTER || t->mode == MODE_COMMAND)
		prompt_close(t, t->mode == MODE_FILTER);
	return click(t, m.y, m.x) | REACT_DRAW;
}
