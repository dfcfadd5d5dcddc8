#include "tui/action_int.h"

#include <ncurses.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "tui/screen.h"

/* ---- moving ---- */

unsigned action_scroll(struct top *t, int rows)
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

unsigned act_down(struct top *t)
{
	return action_scroll(t, 1);
}

unsigned act_up(struct top *t)
{
	return action_scroll(t, -1);
}

unsigned act_page_down(struct top *t)
{
	return action_scroll(t, screen_rows(t));
}

unsigned act_page_up(struct top *t)
{
	return action_scroll(t, -screen_rows(t));
}

#define FAR (1 << 28)

unsigned act_home(struct top *t)
{
	return action_scroll(t, -FAR);
}

unsigned act_end(struct top *t)
{
	return action_scroll(t, FAR);
}

unsigned act_right(struct top *t)
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

unsigned act_left(struct top *t)
{
	struct page *p = top_page(t);

	if (p->scroll > 0)
		p->scroll--;
	return REACT_DRAW;
}

/* ---- going in and out ---- */

unsigned act_enter(struct top *t)
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

unsigned act_out(struct top *t)
{
	if (top_pop(t))
		return REACT_GATHER;
	return REACT_QUIT;
}

unsigned act_escape(struct top *t)
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

unsigned act_quit(struct top *t)
{
	(void)t;
	return REACT_QUIT;
}

/* ---- folds, pages ---- */

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

unsigned act_unfold(struct top *t)
{
	return fold_here(t, false);
}

unsigned act_fold(struct top *t)
{
	return fold_here(t, true);
}

/* Unfold everything, or fold it when nothing is folded. */
unsigned act_fold_all(struct top *t)
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

unsigned act_next_page(struct top *t)
{
	struct page *p = top_page(t);

	if (!p->view->paged || !p->table.more) {
		top_message(t, "there are no more rows");
		return REACT_DRAW;
	}
	return turn_page(t, p->where.offset + VIEW_ROWS);
}

unsigned act_previous_page(struct top *t)
{
	struct page *p = top_page(t);

	if (p->where.offset == 0) {
		top_message(t, "these are the first rows");
		return REACT_DRAW;
	}
	return turn_page(t, p->where.offset - VIEW_ROWS);
}

/* ---- another screen ---- */

unsigned act_view(struct top *t)
{
	static const struct place anywhere;

	for (int i = 0; views[i]; i++) {
		if (views[i]->key != t->key)
			continue;
		top_goto(t, views[i], &anywhere);
		return REACT_GATHER;
	}
	return REACT_NONE;
}
