#include "tui/action.h"

#include <stdio.h>
#include <string.h>

#include <ncurses.h>

#include "ledger/base/alloc.h"
#include "tui/prompt.h"
#include "tui/screen.h"

#define CTRL(c) ((c)&0x1f)
#define ESC     27
#define WHEEL   3 /* rows a turn of the mouse wheel moves */

/* ---- moving ---- */

static unsigned scroll_by(struct top *t, int rows)
{
	struct page *p = top_page(t);

	if (t->mode == MODE_HELP)
		t->help_first += rows;
	else if (p->view->layout == VIEW_RECORD)
		p->first += rows;
	else
		page_move(p, p->cursor + rows);
	return REACT_DRAW;
}

static unsigned act_down(struct top *t)
{
	return scroll_by(t, 1);
}

static unsigned act_up(struct top *t)
{
	return scroll_by(t, -1);
}

static unsigned act_page_down(struct top *t)
{
	return scroll_by(t, screen_rows(t));
}

static unsigned act_page_up(struct top *t)
{
	return scroll_by(t, -screen_rows(t));
}

#define FAR (1 << 28)

static unsigned act_home(struct top *t)
{
	return scroll_by(t, -FAR);
}

static unsigned act_end(struct top *t)
{
	return scroll_by(t, FAR);
}

static unsigned act_right(struct top *t)
{
	struct page *p = top_page(t);
	struct layout l;
	int beside = 0;

	/* The last column may come to stand beside the first, not farther. */
	layout_fit(&p->table, p->natural, FAR, 0, -1, &l);
	beside = l.n - 2;
	layout_fit(&p->table, p->natural, COLS, p->scroll, p->where.sort, &l);
	if (p->scroll < beside && l.hidden > 0)
		p->scroll++;
	return REACT_DRAW;
}

static unsigned act_left(struct top *t)
{
	struct page *p = top_page(t);

	if (p->scroll > 0)
		p->scroll--;
	return REACT_DRAW;
}

/* ---- going in and out ---- */

static unsigned act_enter(struct top *t)
{
	struct page *p = top_page(t);
	int row = p->view->layout == VIEW_RECORD ? 0 : page_row(p);
	const struct view *to = NULL;
	struct place at = {0};

	if (row < 0 || (size_t)row >= p->table.n)
		return REACT_NONE;
	if (p->view->enter)
		to = p->view->enter(&p->table, row, &at);
	if (to) {
		top_push(t, to, &at);
		return REACT_GATHER;
	}
	if (p->table.rows[row].children > 0) {
		page_fold(p, row, !page_folded(p, row));
		return REACT_ARRANGE;
	}
	top_message(t, "there is nothing further in");
	return REACT_DRAW;
}

static unsigned act_out(struct top *t)
{
	if (top_pop(t))
		return REACT_GATHER;
	return REACT_QUIT;
}

static unsigned act_escape(struct top *t)
{
	struct page *p = top_page(t);
	struct err e;

	if (p->filter_text[0]) {
		if (page_filter(p, "", &e) != RC_OK)
			BUG("no filter is a filter");
		return REACT_ARRANGE;
	}
	if (top_pop(t))
		return REACT_GATHER;
	top_message(t, "this is the outermost screen: q quits");
	return REACT_DRAW;
}

static unsigned act_quit(struct top *t)
{
	(void)t;
	return REACT_QUIT;
}

/* ---- order, filter, folds, pages ---- */

static unsigned sorted(struct top *t)
{
	return top_page(t)->view->paged ? REACT_ARRANGE | REACT_GATHER
					: REACT_ARRANGE;
}

static unsigned act_sort_next(struct top *t)
{
	page_sort_step(top_page(t), 1);
	return sorted(t);
}

static unsigned act_sort_previous(struct top *t)
{
	page_sort_step(top_page(t), -1);
	return sorted(t);
}

static unsigned act_invert(struct top *t)
{
	struct page *p = top_page(t);

	p->where.desc = !p->where.desc;
	p->where.offset = 0;
	return sorted(t);
}

static unsigned act_filter(struct top *t)
{
	prompt_open(t);
	return REACT_DRAW;
}

static unsigned fold_here(struct top *t, bool folded)
{
	struct page *p = top_page(t);
	int row = page_row(p);

	if (row < 0)
		return REACT_NONE;
	if (p->table.rows[row].parent >= 0)
		row = p->table.rows[row].parent;
	page_fold(p, row, folded);
	return REACT_ARRANGE;
}

static unsigned act_unfold(struct top *t)
{
	return fold_here(t, false);
}

static unsigned act_fold(struct top *t)
{
	return fold_here(t, true);
}

/* Unfold everything, or fold it when nothing is folded. */
static unsigned act_fold_all(struct top *t)
{
	struct page *p = top_page(t);
	bool any = false;

	for (size_t i = 0; i < p->table.n; i++)
		any = any ||
		      (p->table.rows[i].children > 0 && page_folded(p, (int)i));
	for (size_t i = 0; i < p->table.n; i++)
		page_fold(p, (int)i, !any);
	return REACT_ARRANGE;
}

static unsigned turn_page(struct top *t, int64_t offset)
{
	struct page *p = top_page(t);

	p->where.offset = offset;
	p->at_key = false;
	p->cursor = 0;
	return REACT_GATHER;
}

static unsigned act_next_page(struct top *t)
{
	struct page *p = top_page(t);

	if (!p->view->paged || !p->table.more) {
		top_message(t, "there are no more rows");
		return REACT_DRAW;
	}
	return turn_page(t, p->where.offset + VIEW_ROWS);
}

static unsigned act_previous_page(struct top *t)
{
	struct page *p = top_page(t);

	if (p->where.offset == 0) {
		top_message(t, "these are the first rows");
		return REACT_DRAW;
	}
	return turn_page(t, p->where.offset - VIEW_ROWS);
}

/* ---- time ---- */

static unsigned set_range(struct top *t, int step)
{
	t->ctx.range = range_step(&t->ctx.range, step);
	t->range_is_auto = false;
	t->range_widened = false;
	top_page(t)->where.offset = 0;
	return REACT_GATHER;
}

static unsigned act_range_next(struct top *t)
{
	return set_range(t, 1);
}

static unsigned act_range_previous(struct top *t)
{
	return set_range(t, -1);
}

static unsigned act_pause(struct top *t)
{
	t->paused = !t->paused;
	return t->paused ? REACT_DRAW : REACT_GATHER;
}

static unsigned act_refresh(struct top *t)
{
	(void)t;
	return REACT_GATHER | REACT_REPAINT;
}

static unsigned act_help(struct top *t)
{
	t->mode = MODE_HELP;
	t->help_first = 0;
	return REACT_DRAW;
}

/* ---- the table ---- */

#define LISTS (1u << VIEW_LIST | 1u << VIEW_TREE)
#define TREES (1u << VIEW_TREE)

/* The order is that of the help screen; what has a footer comes first there
 * and in the bottom line. */
const struct action actions[] = {
	{{'\r', '\n', KEY_ENTER, 'l'},
	 "Enter, l",
	 "Enter",
	 "in",
	 "open what the cursor is on",
	 0,
	 act_enter},
	{{ESC},
	 "Esc",
	 "Esc",
	 "out",
	 "clear the filter, or go back",
	 0,
	 act_escape},
	{{'q', KEY_BACKSPACE, 127, CTRL('h')},
	 "q, Backspace",
	 "q",
	 "back",
	 "go back; on the outermost screen, quit",
	 0,
	 act_out},
	{{'/'},
	 "/",
	 "/",
	 "filter",
	 "show only rows that match",
	 LISTS,
	 act_filter},
	{{'s', '>'},
	 "s, >",
	 "s",
	 "sort",
	 "sort by the next column",
	 LISTS,
	 act_sort_next},
	{{'S', '<'},
	 "S, <",
	 "S",
	 NULL,
	 "sort by the column before",
	 LISTS,
	 act_sort_previous},
	{{'I'}, "I", "I", NULL, "turn the order round", LISTS, act_invert},
	{{'t'},
	 "t",
	 "t",
	 "range",
	 "longer range of time, after all: 15m",
	 0,
	 act_range_next},
	{{'T'}, "T", "T", NULL, "shorter range of time", 0, act_range_previous},
	{{' '},
	 "Space",
	 "Space",
	 "pause",
	 "stop refreshing, or go on",
	 0,
	 act_pause},
	{{'?', KEY_F(1)}, "?, F1", "?", "help", "this screen", 0, act_help},
	{{KEY_DOWN, 'j', CTRL('n')},
	 "Down, j",
	 "j",
	 NULL,
	 "next row",
	 0,
	 act_down},
	{{KEY_UP, 'k', CTRL('p')}, "Up, k", "k", NULL, "row before", 0, act_up},
	{{KEY_NPAGE, CTRL('f'), CTRL('d')},
	 "PgDn, ^F",
	 "PgDn",
	 NULL,
	 "next screenful",
	 0,
	 act_page_down},
	{{KEY_PPAGE, CTRL('b'), CTRL('u')},
	 "PgUp, ^B",
	 "PgUp",
	 NULL,
	 "screenful before",
	 0,
	 act_page_up},
	{{KEY_HOME, 'g'}, "Home, g", "g", NULL, "first row", 0, act_home},
	{{KEY_END, 'G'}, "End, G", "G", NULL, "last row", 0, act_end},
	{{KEY_RIGHT},
	 "Right",
	 "Right",
	 NULL,
	 "columns further right",
	 LISTS,
	 act_right},
	{{KEY_LEFT, 'h'},
	 "Left, h",
	 "Left",
	 NULL,
	 "columns further left",
	 LISTS,
	 act_left},
	{{'+', '='}, "+", "+", NULL, "unfold the step", TREES, act_unfold},
	{{'-'}, "-", "-", NULL, "fold the step", TREES, act_fold},
	{{'*'},
	 "*",
	 "*",
	 NULL,
	 "unfold or fold all steps",
	 TREES,
	 act_fold_all},
	{{']'}, "]", "]", NULL, "next 1000 rows", LISTS, act_next_page},
	{{'['}, "[", "[", NULL, "1000 rows before", LISTS, act_previous_page},
	{{'r', CTRL('l'), KEY_F(5)},
	 "r, ^L",
	 "r",
	 NULL,
	 "refresh and draw again",
	 0,
	 act_refresh},
	{{'Q'}, "Q", "Q", NULL, "quit at once", 0, act_quit},
	{{0}, NULL, NULL, NULL, NULL, 0, NULL},
};

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
	if (t->mode == MODE_FILTER)
		return prompt_key(t, key, code) | REACT_DRAW;
	/* KEY_ codes and characters share numbers above 0xff. */
	if (!code && key > 0xff)
		return REACT_DRAW;
	a = find(t, (int)key);
	if (t->mode == MODE_HELP)
		return help_key(t, a);
	return a ? a->run(t) | REACT_DRAW : REACT_DRAW;
}

/* ---- mouse ---- */

static unsigned click(struct top *t, int y, int x)
{
	struct page *p = top_page(t);
	int row, col;

	screen_at(t, y, x, &row, &col);
	if (col >= 0) {
		if (p->view->paged && p->view->cols[col].kind == CELL_SPARK)
			return REACT_NONE;
		page_sort_by(p, col);
		return sorted(t);
	}
	if (row < 0)
		return REACT_NONE;
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
		return scroll_by(t, -WHEEL) | REACT_DRAW;
	if (m.bstate & BUTTON5_PRESSED)
		return scroll_by(t, WHEEL) | REACT_DRAW;
	if (!(m.bstate & BUTTON1_PRESSED))
		return REACT_NONE;
	if (t->mode == MODE_HELP) {
		t->mode = MODE_PAGE;
		return REACT_DRAW;
	}
	if (t->mode == MODE_FILTER)
		prompt_close(t, true);
	return click(t, m.y, m.x) | REACT_DRAW;
}
