#include "tui/action_int.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tui/clip.h"
#include "tui/command.h"
#include "tui/fmt.h"
#include "tui/prompt.h"
#include "tui/save.h"
#include "tui/text.h"

/* ---- order, filter, commands ---- */

unsigned action_sorted(struct top *t)
{
	return top_page(t)->view->paged ? REACT_ARRANGE | REACT_GATHER
					: REACT_ARRANGE;
}

unsigned act_sort_next(struct top *t)
{
	page_sort_step(top_page(t), 1);
	return action_sorted(t);
}

unsigned act_sort_previous(struct top *t)
{
	page_sort_step(top_page(t), -1);
	return action_sorted(t);
}

unsigned act_invert(struct top *t)
{
	struct page *p = top_page(t);

	p->where.desc = !p->where.desc;
	p->where.offset = 0;
	return action_sorted(t);
}

unsigned act_filter(struct top *t)
{
	prompt_open(t, MODE_FILTER, NULL);
	return REACT_DRAW;
}

unsigned act_command(struct top *t)
{
	prompt_open(t, MODE_COMMAND, "");
	return REACT_DRAW;
}

unsigned act_search(struct top *t)
{
	prompt_open(t, MODE_COMMAND, "search ");
	return REACT_DRAW;
}

/* ---- menus ---- */

static void open_menu(struct top *t, const char *title, bool many,
		      unsigned (*chose)(struct top *t, int item))
{
	memset(&t->pick, 0, sizeof(t->pick));
	t->pick.title = title;
	t->pick.many = many;
	t->pick.chose = chose;
	t->mode = MODE_PICK;
}

static void add_item(struct top *t, const char *name, bool on)
{
	struct pick *p = &t->pick;

	if (p->n == PICK_MAX)
		return;
	if (on && !p->many)
		p->at = p->n;
	p->items[p->n] = name;
	p->on[p->n++] = on;
}

/* The n-th column that can be switched off. */
static int nth_column(const struct view *v, int n)
{
	for (int i = 1; i < v->n_cols && i < LAYOUT_COLS_MAX; i++)
		if (v->cols[i].title && n-- == 0)
			return i;
	return -1;
}

static unsigned chose_column(struct top *t, int item)
{
	struct page *p = top_page(t);
	int col = nth_column(p->view, item);

	if (col > 0)
		p->off[col] = !t->pick.on[item];
	return REACT_ARRANGE;
}

unsigned act_columns(struct top *t)
{
	struct page *p = top_page(t);
	int col;

	open_menu(t, "COLUMNS", true, chose_column);
	for (int i = 0; (col = nth_column(p->view, i)) > 0; i++)
		add_item(t, p->view->cols[col].title, !p->off[col]);
	return REACT_DRAW;
}

static unsigned chose_group(struct top *t, int item)
{
	top_replace(t, top_page(t)->view->groups[item]);
	return REACT_GATHER;
}

unsigned act_group(struct top *t)
{
	const struct view *v = top_page(t)->view;

	if (!v->groups) {
		top_message(t, "there is one way only to group these");
		return REACT_DRAW;
	}
	open_menu(t, "GROUP BY", false, chose_group);
	for (int i = 0; v->groups[i]; i++)
		add_item(t, v->groups[i]->title, v->groups[i] == v);
	return REACT_DRAW;
}

/* Off, then each picture first, then off again. */
unsigned act_pictures(struct top *t)
{
	struct page *p = top_page(t);
	int now = top_pictures(t);

	if (p->loaded && p->table.n_pictures == 0 && now > 0 &&
	    !t->gather.running) {
		top_message(t, "this screen has no pictures");
		p->pictures = 0;
		return REACT_DRAW;
	}
	p->pictures = now + 1;
	if (now > 0 && p->pictures > p->table.n_pictures)
		p->pictures = 0;
	return now == 0 ? REACT_GATHER : REACT_DRAW;
}

/* ---- time ---- */

static unsigned set_range(struct top *t, struct range r)
{
	t->ctx.range = r;
	t->range_is_auto = false;
	t->range_widened = false;
	top_page(t)->where.offset = 0;
	return REACT_GATHER;
}

unsigned act_range_next(struct top *t)
{
	return set_range(t, range_step(&t->ctx.range, 1));
}

unsigned act_range_previous(struct top *t)
{
	return set_range(t, range_step(&t->ctx.range, -1));
}

unsigned act_yesterday(struct top *t)
{
	return set_range(t, range_yesterday(t->ctx.now_us));
}

unsigned act_compare(struct top *t)
{
	t->ctx.compare = !t->ctx.compare;
	if (t->ctx.compare)
		top_message(t, "compared with the period before");
	return REACT_ARRANGE | REACT_GATHER;
}

/* The newest comes first, and the cursor with it, until it is moved. */
unsigned act_follow(struct top *t)
{
	struct page *p = top_page(t);

	p->follow = !p->follow;
	if (!p->follow) {
		top_message(t, "the cursor stays where it is");
		return REACT_DRAW;
	}
	top_message(t, "following what is newest");
	if (p->view->newest > 0) {
		p->where.sort = p->view->newest;
		p->where.desc = true;
		p->where.offset = 0;
	}
	t->paused = false;
	return REACT_ARRANGE | REACT_GATHER;
}

unsigned act_pause(struct top *t)
{
	t->paused = !t->paused;
	return t->paused ? REACT_DRAW : REACT_GATHER;
}

unsigned act_refresh(struct top *t)
{
	(void)t;
	return REACT_GATHER | REACT_REPAINT;
}

/* ---- out of here ---- */

/* What a row is called elsewhere: its innermost id, else its name. */
static void id_of(const struct page *p, int row, struct buf *out)
{
	const struct place *at = &p->table.rows[row].at;
	const struct cell *first = table_get(&p->table, row, 0);
	char text[UUID_TEXT];

	if (!uuid_is_nil(at->attempt))
		buf_adds(out, uuid_format(at->attempt, text));
	else if (!uuid_is_nil(at->decision))
		buf_adds(out, uuid_format(at->decision, text));
	else if (!uuid_is_nil(at->task))
		buf_adds(out, uuid_format(at->task, text));
	else if (at->price_id)
		buf_addf(out, "%d", (int)at->price_id);
	else if (first->known)
		show_exact(out, &p->view->cols[0], first);
}

unsigned act_copy(struct top *t)
{
	const struct page *p = top_page(t);
	int row = p->view->layout == VIEW_RECORD ? 0 : page_row(p);
	struct buf id, seq;

	if (row < 0 || (size_t)row >= p->table.n)
		return REACT_NONE;
	buf_init(&id, 4096);
	buf_init(&seq, 16384);
	if (p->view->layout == VIEW_RECORD && p->view->needs == NEEDS_ATTEMPT) {
		char text[UUID_TEXT];

		buf_adds(&id, uuid_format(p->where.at.attempt, text));
	} else {
		id_of(p, row, &id);
	}
	if (id.len > 0 && buf_ok(&id)) {
		char clean[96];

		clip_sequence(&seq, buf_str(&id));
		if (write(STDOUT_FILENO, seq.p, seq.len) < 0)
			top_message(t, "the terminal does not take it");
		text_clean((struct str){id.p, id.len}, clean, sizeof(clean));
		top_message(t, "copied %s", clean);
	}
	buf_release(&id);
	buf_release(&seq);
	return REACT_DRAW;
}

static unsigned chose_format(struct top *t, int item)
{
	static const enum out_format formats[] = {OUT_CSV, OUT_JSON, OUT_PLAIN};

	return command_save(t, formats[item], NULL);
}

unsigned act_export(struct top *t)
{
	open_menu(t, "EXPORT AS", false, chose_format);
	add_item(t, "CSV", true);
	add_item(t, "JSON", false);
	add_item(t, "plain text", false);
	return REACT_DRAW;
}

unsigned act_help(struct top *t)
{
	t->mode = MODE_HELP;
	t->help_first = 0;
	return REACT_DRAW;
}
