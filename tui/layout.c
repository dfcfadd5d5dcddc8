#include "tui/layout.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/base/alloc.h"

#define BRANCH_COLS 3  /* columns of what stands before a child's name */
#define FOLD_COLS   2  /* and before that of a row with children */
#define FIRST_MIN   12 /* the first column yields down to this */
#define MARK_COLS   4  /* room for how many columns are hidden */

static bool on_screen(const struct column *c)
{
	return c->title != NULL;
}

static bool yields(const struct column *c)
{
	return c->min > 0;
}

static int min(int a, int b)
{
	return a < b ? a : b;
}

static int max(int a, int b)
{
	return a > b ? a : b;
}

void layout_measure(const struct table *t, const struct show *how, int *natural)
{
	struct show h = *how;
	struct buf b;

	buf_init(&b, 8192);
	for (int c = 0; c < t->n_cols && c < LAYOUT_COLS_MAX; c++) {
		const struct column *col = &t->cols[c];
		int limit = how->plain ? INT_MAX : show_max_width(col);

		natural[c] = 0;
		if (!on_screen(col) || (col->compare && !how->compare))
			continue;
		/* Room for the mark of the sorted column. */
		natural[c] = text_width(table_title(t, c)) + 1;
		h.spark = show_max_width(col);
		for (int i = 0; i < t->n_shown; i++) {
			int row = t->shown[i];
			int branch = 0;

			if (c == 0 && t->rows[row].parent >= 0)
				branch = BRANCH_COLS;
			else if (c == 0 && t->rows[row].children > 0)
				branch = FOLD_COLS;

			buf_clear(&b);
			show_cell(&b, col, table_get(t, row, c), &h);
			natural[c] = max(natural[c],
					 text_width(buf_str(&b)) + branch);
		}
		natural[c] = min(natural[c],
				 max(limit, text_width(table_title(t, c)) + 1));
	}
	buf_release(&b);
}

static int total(const struct layout *l)
{
	int sum = l->n - 1;

	for (int i = 0; i < l->n; i++)
		sum += l->width[i];
	return sum;
}

/* The column to do without: the rightmost when the person chose where to
 * start, else the one that matters least. */
static int find_drop(const struct table *t, const struct layout *l, int keep,
		     bool scrolled)
{
	int worst = l->n - 1, most = -2;

	for (int i = l->n - 1; i > 0 && !scrolled; i--) {
		int drop = l->col[i] == keep ? -1 : t->cols[l->col[i]].drop;

		if (drop > most) {
			worst = i;
			most = drop;
		}
	}
	return worst;
}

static void drop_column(struct layout *l, int worst)
{
	for (int i = worst; i + 1 < l->n; i++) {
		l->col[i] = l->col[i + 1];
		l->width[i] = l->width[i + 1];
	}
	l->n--;
	l->hidden++;
}

/* A dropped column takes its place again. */
static void put_back(struct layout *l, int col, int width)
{
	int at = l->n++;

	while (at > 0 && l->col[at - 1] > col) {
		l->col[at] = l->col[at - 1];
		l->width[at] = l->width[at - 1];
		at--;
	}
	l->col[at] = col;
	l->width[at] = width;
	l->hidden--;
}

static bool is_shown(const struct layout *l, int col)
{
	for (int i = 0; i < l->n; i++)
		if (l->col[i] == col)
			return true;
	return false;
}

/* Wide columns may have gone for whose room a narrow one is enough: the one
 * that matters most among those that fit into `spare`; -1: none does. */
static int find_back(const struct table *t, const int *natural,
		     const struct layout *l, int spare)
{
	int best = -1;

	for (int c = 1; c < t->n_cols && c < LAYOUT_COLS_MAX; c++) {
		if (natural[c] == 0 || natural[c] + 1 > spare || is_shown(l, c))
			continue;
		if (best < 0 || t->cols[c].drop < t->cols[best].drop)
			best = c;
	}
	return best;
}

void layout_fit(const struct table *t, const int *natural, int width,
		int scroll, int keep, struct layout *out)
{
	bool scrolled = scroll > 0;
	int spare;

	memset(out, 0, sizeof(*out));
	for (int c = 0; c < t->n_cols && c < LAYOUT_COLS_MAX; c++) {
		if (natural[c] == 0)
			continue;
		if (out->n > 0 && scroll > 0) {
			scroll--;
			out->hidden++;
			continue;
		}
		out->col[out->n] = c;
		out->width[out->n++] = natural[c];
	}
	if (out->n == 0)
		return;
	out->width[0] = min(natural[out->col[0]], max(FIRST_MIN, width / 4));
	for (int i = 1; i < out->n; i++)
		if (yields(&t->cols[out->col[i]]))
			out->width[i] =
				min(out->width[i], t->cols[out->col[i]].min);
	while (out->n > 1 && total(out) > width)
		drop_column(out, find_drop(t, out, keep, scrolled));
	spare = width - total(out);
	for (int i = 0; i < out->n; i++) {
		int was = out->width[i];

		if (i > 0 && !yields(&t->cols[out->col[i]]))
			continue;
		out->width[i] = min(natural[out->col[i]], was + max(spare, 0));
		spare -= out->width[i] - was;
	}
	out->width[0] = max(1, out->width[0] + min(spare, 0));
	/* Those that stay away are counted beside the headings. */
	spare -= MARK_COLS;
	for (int c; !scrolled && out->hidden > 0 &&
		    (c = find_back(t, natural, out, spare)) >= 0;) {
		put_back(out, c, natural[c]);
		spare -= natural[c] + 1;
	}
}

enum text_align layout_align(const struct column *c)
{
	if (cell_is_right(c->kind))
		return TEXT_RIGHT;
	return c->kind == CELL_TEXT && !c->prose ? TEXT_NAME : TEXT_LEFT;
}

const char *layout_branch(const struct table *t, int i, bool tree, bool folded)
{
	int row = t->shown[i], parent = t->rows[row].parent;
	bool last;

	if (!tree)
		return "";
	if (parent < 0) {
		if (t->rows[row].children == 0)
			return "";
		return folded ? "+ " : "- ";
	}
	last = i + 1 >= t->n_shown || t->rows[t->shown[i + 1]].parent != parent;
	if (last)
		return text_glyph("└─ ", "`- ");
	return text_glyph("├─ ", "|- ");
}

/* ---- records ---- */

void lines_init(struct lines *l)
{
	memset(l, 0, sizeof(*l));
	arena_init(&l->arena, (size_t)4 << 20);
}

void lines_release(struct lines *l)
{
	arena_release(&l->arena);
	free(l->v);
	memset(l, 0, sizeof(*l));
}

static const char *keep(struct lines *l, const char *s)
{
	const char *copy = s ? arena_strdup(&l->arena, s, strlen(s)) : NULL;

	return copy ? copy : "";
}

void lines_add(struct lines *l, const struct line *line)
{
	struct line *at;

	xgrow(&l->v, &l->cap, l->n + 1, sizeof(*l->v));
	at = &l->v[l->n++];
	*at = *line;
	at->label = keep(l, line->label);
	at->text = keep(l, line->text);
	if (at->kind == LINE_FIELD)
		l->label_width = max(l->label_width, text_width(at->label));
}

/* Text of several lines, each clean and without indentation, which would cost
 * the room that its figures need. */
static void add_paragraph(struct lines *l, struct line line, const char *text)
{
	char clean[1024];

	line.kind = LINE_TEXT;
	while (*text) {
		size_t n;

		text += strspn(text, " ");
		n = strcspn(text, "\n");
		text_clean((struct str){text, n}, clean, sizeof(clean));
		line.text = clean;
		lines_add(l, &line);
		text += n + (text[n] == '\n');
	}
}

void lines_record(struct lines *l, const struct table *t,
		  const struct show *how)
{
	const char *section = NULL; /* to be written before the next field */
	bool aside = false;
	struct buf b;

	if (t->n == 0)
		return;
	buf_init(&b, 8192);
	for (int c = 0; c < t->n_cols; c++) {
		const struct column *col = &t->cols[c];
		const struct cell *cell = table_get(t, 0, c);
		struct line line = {LINE_FIELD, false, cell->tone, col->title,
				    NULL};

		aside = aside || col->aside;
		line.aside = aside;
		section = col->section ? col->section : section;
		if (!on_screen(col) || (!cell->known && !cell->alt))
			continue;
		if (section) {
			struct line head = {LINE_HEADING, aside, TONE_PLAIN,
					    section, NULL};

			if (l->n > 0 && l->v[l->n - 1].aside == aside)
				lines_add(l, &(struct line){LINE_BLANK, aside,
							    TONE_PLAIN, NULL,
							    NULL});
			lines_add(l, &head);
			section = NULL;
		}
		if (cell->known && col->kind == CELL_LINES) {
			add_paragraph(l, line, cell->v.text);
			continue;
		}
		buf_clear(&b);
		show_cell(&b, col, cell, how);
		line.text = buf_str(&b);
		lines_add(l, &line);
	}
	buf_release(&b);
}
