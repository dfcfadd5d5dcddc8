/* The page: rows under their headings, or a record in one or two columns. */
#include "tui/screen.h"

#include <stdio.h>
#include <string.h>

#include "tui/screen_int.h"
#include "tui/text.h"

/* A record is drawn in two columns from this width on. */
#define TWO_COLUMNS 96
#define ASIDE_MIN   33

/* ---- lists ---- */

static void draw_heading(const struct page *p, const struct layout *l, int y)
{
	int x = 0;

	put_blanks(y, 0, COLS, ROLE_HEADING);
	for (int i = 0; i < l->n; i++) {
		const struct column *col = &p->view->cols[l->col[i]];
		bool sorted = l->col[i] == p->where.sort;
		char title[64];

		snprintf(title, sizeof(title), "%s%s",
			 table_title(&p->table, l->col[i]),
			 !sorted         ? ""
			 : p->where.desc ? text_glyph("▼", "v")
					 : text_glyph("▲", "^"));
		put_padded(y, x, l->width[i],
			   sorted ? ROLE_SORTED : ROLE_HEADING, title,
			   cell_is_right(col->kind) ? TEXT_RIGHT : TEXT_LEFT);
		x += l->width[i] + 1;
	}
	if (l->hidden > 0) {
		char more[24];
		int n = snprintf(more, sizeof(more), "+%d", l->hidden);

		if (x + n < COLS)
			put_text(y, COLS - n, n, ROLE_HEADING, more);
	}
}

static enum role cell_role(const struct column *col, const struct cell *c,
			   bool cursor)
{
	if (cursor)
		return ROLE_CURSOR;
	if (c->tone == TONE_PLAIN &&
	    (col->kind == CELL_SPARK || col->kind == CELL_BAR))
		return ROLE_SPARK;
	if (c->tone == TONE_PLAIN && !c->known)
		return ROLE_DIM;
	return crt_tone(c->tone);
}

static void draw_row(const struct top *t, const struct layout *l, int at, int y)
{
	const struct page *p = top_page_const(t);
	bool cursor = at == p->cursor;
	int row = p->table.shown[at], x = 0;
	struct show how = top_show(t, false);
	struct buf b;

	buf_init(&b, 8192);
	put_blanks(y, 0, COLS, cursor ? ROLE_CURSOR : ROLE_TEXT);
	for (int i = 0; i < l->n; i++) {
		const struct column *col = &p->view->cols[l->col[i]];
		const struct cell *c = table_get(&p->table, row, l->col[i]);

		buf_clear(&b);
		how.spark = l->width[i];
		if (i == 0)
			buf_adds(&b, layout_branch(&p->table, at,
						   p->view->layout == VIEW_TREE,
						   page_folded(p, row)));
		show_cell(&b, col, c, &how);
		put_padded(y, x, l->width[i], cell_role(col, c, cursor),
			   buf_str(&b), layout_align(col));
		x += l->width[i] + 1;
	}
	buf_release(&b);
}

void draw_list(const struct top *t, const struct areas *a)
{
	const struct page *p = top_page_const(t);
	struct layout l;

	layout_fit(&p->table, p->natural, COLS, p->scroll, p->where.sort, &l);
	draw_heading(p, &l, a->heading);
	for (int i = 0; i < a->rows && p->first + i < p->table.n_shown; i++)
		draw_row(t, &l, p->first + i, a->top + i);
}

void screen_at(const struct top *t, int y, int x, int *row, int *col)
{
	const struct page *p = top_page_const(t);
	struct areas a;
	struct layout l;
	int left = 0;

	*row = *col = -1;
	if (t->mode == MODE_HELP || p->view->layout == VIEW_RECORD)
		return;
	screen_areas(t, &a);
	if (y >= a.top && y < a.top + a.rows &&
	    p->first + y - a.top < p->table.n_shown)
		*row = p->first + y - a.top;
	if (y != a.heading)
		return;
	layout_fit(&p->table, p->natural, COLS, p->scroll, p->where.sort, &l);
	for (int i = 0; i < l.n; i++) {
		if (x >= left && x <= left + l.width[i])
			*col = l.col[i];
		left += l.width[i] + 1;
	}
}

/* ---- records ---- */

static int line_width(const struct lines *l, const struct line *line)
{
	if (line->kind == LINE_HEADING)
		return text_width(line->label);
	if (line->kind == LINE_FIELD)
		return l->label_width + 2 + text_width(line->text);
	return text_width(line->text);
}

/* Where the right half begins; 0: one column. */
static int split(const struct page *p, int width)
{
	int left = 0, right = 0;

	if (width < TWO_COLUMNS)
		return 0;
	for (size_t i = 0; i < p->lines.n; i++) {
		const struct line *line = &p->lines.v[i];
		int w = line_width(&p->lines, line);
		int *half = line->aside ? &right : &left;

		*half = w > *half ? w : *half;
	}
	if (right == 0)
		return 0;
	if (left + right + 3 <= width) {
		/* Nothing is cut; the halves need not touch. */
		int middle = width / 2;

		return left + 2 > middle ? left + 2 : middle;
	}
	/* The left half holds the arithmetic, which must not be cut; the right
	 * one needs room for a label and a time. */
	if (left + 2 + ASIDE_MIN > width)
		return width - ASIDE_MIN;
	return left + 2;
}

/* In one column the second half follows the first, after a blank line. */
static bool follows(const struct page *p, size_t i, bool two)
{
	return !two && i > 0 && p->lines.v[i].aside && !p->lines.v[i - 1].aside;
}

int record_height(const struct page *p, int width)
{
	int n[2] = {0, 0};
	bool two = split(p, width) > 0;

	for (size_t i = 0; i < p->lines.n; i++)
		n[two && p->lines.v[i].aside] += 1 + follows(p, i, two);
	return n[0] > n[1] ? n[0] : n[1];
}

static void draw_line(const struct lines *l, const struct line *line, int y,
		      int x, int cols)
{
	int label = l->label_width + 2;

	switch (line->kind) {
	case LINE_HEADING:
		put_text(y, x, cols, ROLE_SECTION, line->label);
		break;
	case LINE_FIELD:
		put_text(y, x, cols, ROLE_LABEL, line->label);
		put_text(y, x + label, cols - label,
			 line->tone == TONE_PLAIN ? ROLE_TEXT
						  : crt_tone(line->tone),
			 line->text);
		break;
	case LINE_TEXT:
		put_text(y, x, cols, crt_tone(line->tone), line->text);
		break;
	case LINE_BLANK:
		break;
	}
}

void draw_record(const struct top *t, const struct areas *a)
{
	const struct page *p = top_page_const(t);
	int middle = split(p, COLS);
	int at[2] = {-p->first, -p->first};

	for (size_t i = 0; i < p->lines.n; i++) {
		const struct line *line = &p->lines.v[i];
		bool right = middle > 0 && line->aside;
		int y;

		at[right] += follows(p, i, middle > 0);
		y = at[right]++;
		if (y < 0 || y >= a->rows)
			continue;
		if (right)
			draw_line(&p->lines, line, a->top + y, middle,
				  COLS - middle - 1);
		else
			draw_line(&p->lines, line, a->top + y, 1,
				  (middle > 0 ? middle : COLS) - 2);
	}
}
