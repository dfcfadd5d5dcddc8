#include "tui/screen.h"

#include <stdio.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "tui/action.h"
#include "tui/header.h"
#include "tui/pick.h"
#include "tui/screen_int.h"
#include "tui/text.h"

/* From this size on pictures are shown without being asked for. */
#define ROOMY_ROWS 36
#define ROOMY_COLS 76

/* Lines below a list for what its row at the cursor says in full. */
#define DETAIL_ROWS 2

/* ---- cells ---- */

void put_blanks(int y, int x, int cols, enum role role)
{
	crt_set(role);
	for (int i = 0; i < cols; i++)
		mvaddch(y, x + i, ' ');
}

int put_text(int y, int x, int cols, enum role role, const char *clean)
{
	struct buf b;
	int used;

	buf_init(&b, 1 << 16);
	used = text_cut(&b, clean, cols);
	crt_set(role);
	mvaddstr(y, x, buf_str(&b));
	buf_release(&b);
	return used;
}

void put_padded(int y, int x, int cols, enum role role, const char *clean,
		enum text_align align)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	text_pad(&b, clean, cols, align);
	crt_set(role);
	mvaddstr(y, x, buf_str(&b));
	buf_release(&b);
}

/* ---- the line at the top ---- */

static void draw_bar(const struct top *t)
{
	const struct page *p = top_page_const(t);
	struct buf when, where;
	int room, right;

	buf_init(&when, 4096);
	buf_init(&where, 1 << 16);
	put_blanks(0, 0, COLS, ROLE_BAR);
	if (t->paused)
		buf_adds(&when, "PAUSED  ");
	header_time(t, COLS >= 100, &when);
	right = text_width(buf_str(&when));
	/* On a narrow screen the clock is the first to go. */
	if (right > COLS / 2) {
		char *gap = when.p ? strstr(when.p + (t->paused ? 8 : 0), "  ")
				   : NULL;

		if (gap)
			*gap = '\0';
		right = text_width(when.p ? when.p : "");
	}
	room = COLS - right - 3;
	header_crumbs(t, room, &where);
	if (p->follow)
		buf_adds(&where, "  FOLLOWING");
	if (p->filter_text[0] && t->mode != MODE_FILTER)
		buf_addf(&where, "  /%s", p->filter_text);
	put_text(0, 1, room, ROLE_BAR_NOW, buf_str(&where));
	put_text(0, COLS - right - 1, right, ROLE_BAR, when.p ? when.p : "");
	buf_release(&when);
	buf_release(&where);
}

/* ---- figures ---- */

static void draw_figures(const struct top *t)
{
	struct header_item items[HEADER_MAX];
	bool shown[HEADER_MAX];
	enum header_words how;
	struct buf trouble;
	int n, x = 1;

	buf_init(&trouble, 4096);
	if (header_trouble(t, &trouble)) {
		put_text(1, 1, COLS - 2, ROLE_BAD, buf_str(&trouble));
		buf_release(&trouble);
		return;
	}
	buf_release(&trouble);
	if (!top_page_const(t)->loaded && t->ctx.fresh.newest_us == TIME_NONE)
		return;
	n = header_items(t, items);
	how = header_fit(items, n, COLS - 2, shown);
	for (int i = 0; i < n; i++) {
		if (!shown[i])
			continue;
		x += put_text(1, x, COLS - x, ROLE_LABEL,
			      header_label(&items[i], how));
		x += 1;
		x += put_text(1, x, COLS - x,
			      items[i].tone == TONE_PLAIN
				      ? ROLE_FIGURE
				      : crt_tone(items[i].tone),
			      header_value(&items[i], how));
		x += 2;
	}
}

/* ---- the line at the bottom ---- */

/* Lines of a record that are below the screen, or above it where all of the
 * rest is seen. */
static void record_position(const struct top *t, char *out, size_t size)
{
	const struct page *p = top_page_const(t);
	int below = record_height(p, COLS) - p->first - screen_rows(t);

	*out = '\0';
	if (below > 0)
		snprintf(out, size, "%d more %s", below, text_glyph("↓", "v"));
	else if (p->first > 0)
		snprintf(out, size, "%d more %s", p->first,
			 text_glyph("↑", "^"));
}

static int draw_position(const struct top *t)
{
	const struct page *p = top_page_const(t);
	char text[64];
	int n;

	if (p->table.n_shown == 0 || t->mode == MODE_HELP)
		return 0;
	/* "+": the ledger has more; a filter sees only what was read. */
	if (p->view->layout == VIEW_RECORD)
		record_position(t, text, sizeof(text));
	else if (p->filter.n)
		snprintf(text, sizeof(text), "%d/%d of %zu%s", p->cursor + 1,
			 p->table.n_shown, p->table.n,
			 p->table.more ? "+" : "");
	else
		snprintf(text, sizeof(text), "%lld/%lld%s",
			 (long long)p->where.offset + p->cursor + 1,
			 (long long)p->where.offset + p->table.n_shown,
			 p->table.more ? "+" : "");
	n = text_width(text);
	if (n == 0 || n > COLS / 3)
		return 0;
	put_text(LINES - 1, COLS - n - 1, n, ROLE_DIM, text);
	return n + 1;
}

static void draw_keys(const struct top *t)
{
	int room = COLS - draw_position(t) - 1, x = 1;

	for (const struct action *a = actions; a->run; a++) {
		int need = a->footer ? text_width(a->keys_short) + 1 +
					       text_width(a->footer)
				     : 0;

		if (!a->footer || !action_applies(a, t) || x + need > room)
			continue;
		x += put_text(LINES - 1, x, room - x, ROLE_KEY, a->keys_short);
		x++;
		x += put_text(LINES - 1, x, room - x, ROLE_KEY_DOES, a->footer);
		x += 2;
	}
}

static void draw_prompt(const struct top *t)
{
	int x = 0;
	char clean[PAGE_FILTER];

	text_clean(str_from(t->prompt), clean, sizeof(clean));
	x += put_text(LINES - 1, 0, COLS, ROLE_KEY,
		      t->mode == MODE_COMMAND ? ":" : "/");
	/* Of a text that is too long its end is seen, where one types. */
	if (text_width(clean) > COLS - 2) {
		const char *tail = clean;

		while (text_width(tail) > COLS - 2)
			tail++;
		x += put_text(LINES - 1, x, COLS - x, ROLE_TEXT, tail);
	} else {
		x += put_text(LINES - 1, x, COLS - x, ROLE_TEXT, clean);
	}
	attrset(A_REVERSE);
	mvaddch(LINES - 1, x, ' ');
	x += 2;
	if (t->prompt_error[0] && COLS - x > 8)
		put_text(LINES - 1, x, COLS - x - 1, ROLE_BAD, t->prompt_error);
}

static void draw_bottom(const struct top *t)
{
	if (t->mode == MODE_FILTER || t->mode == MODE_COMMAND)
		draw_prompt(t);
	else if (t->message[0])
		put_text(LINES - 1, 1, COLS - 2, ROLE_MESSAGE, t->message);
	else
		draw_keys(t);
}

/* ---- the whole ---- */

/* Lines that were written, of at most `rows`. */
static int draw_paragraph(int y, int rows, const char *text)
{
	char line[512];
	int from = y;

	while (*text && rows-- > 0) {
		size_t n = strcspn(text, "\n");
		size_t keep = n < sizeof(line) ? n : sizeof(line) - 1;

		memcpy(line, text, keep);
		line[keep] = '\0';
		/* Break where it does not fit. */
		while (text_width(line) > COLS - 4 && strrchr(line, ' ')) {
			*strrchr(line, ' ') = '\0';
			n = strlen(line);
		}
		put_text(y++, 2, COLS - 3, ROLE_TEXT, line);
		text += n + (text[n] == '\n' || text[n] == ' ');
	}
	return y - from;
}

static void draw_detail(const struct page *p, const struct areas *a)
{
	const struct cell *c;
	struct layout l;
	char clean[512];

	if (a->detail == 0 || p->table.n_shown == 0)
		return;
	c = table_get(&p->table, p->table.shown[p->cursor], p->view->detail);
	if (!c->known)
		return;
	text_clean(str_from(c->v.text), clean, sizeof(clean));
	layout_fit(&p->table, p->natural, COLS, p->scroll, p->where.sort, &l);
	for (int i = 0; i < l.n; i++)
		if (l.col[i] == p->view->detail &&
		    l.width[i] >= text_width(clean))
			return;
	draw_paragraph(a->top + a->rows, a->detail, clean);
}

/* There are no rows yet. Why not is said in full: whoever begins has nothing
 * else to go by. */
static void draw_unread(const struct top *t, int rows)
{
	const struct err *e = data_error(t->data);
	char clean[512];
	int y = BODY_TOP + 1, end = BODY_TOP + rows;

	if (!data_down_since_us(t->data)) {
		draw_paragraph(y, rows, "Reading the ledger.");
		return;
	}
	y += draw_paragraph(y, end - y,
			    "Trying to reach the database. q quits.") +
	     1;
	/* What to do first: a small screen has no room for more. */
	text_clean(str_from(e->hint), clean, sizeof(clean));
	if (clean[0])
		y += draw_paragraph(y, end - y, clean) + 1;
	text_clean(str_from(e->msg), clean, sizeof(clean));
	draw_paragraph(y, end - y, clean);
}

static void draw_body(const struct top *t)
{
	const struct page *p = top_page_const(t);
	struct areas a;

	screen_areas(t, &a);
	if (t->mode == MODE_HELP) {
		draw_help(t, a.rows);
		return;
	}
	draw_notes(t, &a);
	if (!p->loaded) {
		draw_unread(t, a.rows);
	} else if (p->table.n == 0) {
		draw_paragraph(a.top, a.rows,
			       p->view->empty
				       ? p->view->empty(&p->where.at, &t->ctx)
				       : "Nothing here.");
	} else if (p->view->layout == VIEW_RECORD) {
		draw_record(t, &a);
	} else {
		draw_list(t, &a);
		draw_detail(p, &a);
		if (p->table.n_shown == 0)
			draw_paragraph(a.top, a.rows,
				       "No row passes the filter. Esc clears "
				       "it.");
	}
	draw_panel(t, &a);
	if (t->mode == MODE_PICK)
		draw_pick(t);
}

static bool too_small(void)
{
	return COLS < SCREEN_COLS_MIN || LINES < SCREEN_ROWS_MIN;
}

static void draw_too_small(void)
{
	char text[64];

	snprintf(text, sizeof(text), "%dx%d is too small,", COLS, LINES);
	put_text(0, 0, COLS, ROLE_TEXT, text);
	snprintf(text, sizeof(text), "%dx%d is enough.", SCREEN_COLS_MIN,
		 SCREEN_ROWS_MIN);
	put_text(1, 0, COLS, ROLE_TEXT, text);
	put_text(2, 0, COLS, ROLE_TEXT, "q quits.");
}

void screen_draw(const struct top *t)
{
	erase();
	if (too_small()) {
		draw_too_small();
	} else {
		draw_bar(t);
		draw_figures(t);
		draw_body(t);
		draw_bottom(t);
	}
	attrset(A_NORMAL);
	move(LINES - 1, COLS - 1);
	refresh();
}

/* Lines for the pictures, of so many that are free: all that the few rows of
 * a list leave over, within bounds. */
static int panel_lines(const struct page *p, int free_lines, bool forced)
{
	int want = free_lines - p->table.n_shown - 1;
	int least = forced ? free_lines * 6 / 10 : 9;
	int most = free_lines * 7 / 10;

	want = want < least ? least : want;
	want = want > most ? most : want;
	want = want > 20 ? 20 : want;
	return want < 5 ? 0 : want;
}

void screen_areas(const struct top *t, struct areas *a)
{
	const struct page *p = top_page_const(t);
	bool help = t->mode == MODE_HELP;
	bool list = !help && p->view->layout != VIEW_RECORD;
	int left = LINES - BODY_TOP - 1;

	memset(a, 0, sizeof(*a));
	a->heading = -1;
	if (!help && p->table.n_notes > 0) {
		a->notes = p->table.n_notes;
		if (COLS >= NOTES_BESIDE)
			a->notes = (a->notes + 1) / 2;
		if (a->notes > left / 3)
			a->notes = left / 3;
		left -= a->notes;
	}
	if (list) {
		a->heading = BODY_TOP + a->notes;
		left--;
	}
	if (!help && top_pictures(t) > 0 && p->table.n_pictures > 0) {
		a->panel = panel_lines(p, left, p->pictures > 0);
		left -= a->panel;
	}
	if (list && p->view->detail && p->table.n_shown > 0 && left > 5) {
		a->detail = DETAIL_ROWS;
		left -= a->detail;
	}
	a->top = BODY_TOP + a->notes + list;
	a->rows = left < 1 ? 1 : left;
}

int screen_rows(const struct top *t)
{
	struct areas a;

	screen_areas(t, &a);
	return a.rows;
}

int screen_crumb_at(const struct top *t, int x)
{
	struct buf all, some;
	int at = 0;

	/* Only while they all fit does a column tell which one it is. */
	buf_init(&all, 1 << 16);
	header_crumbs(t, 4096, &all);
	for (int n = 1; n <= t->depth && !at; n++) {
		struct top part = *t;

		part.depth = n;
		buf_init(&some, 1 << 16);
		header_crumbs(&part, 4096, &some);
		if (x >= 1 && x <= text_width(buf_str(&some)))
			at = n;
		buf_release(&some);
	}
	if (text_width(buf_str(&all)) > COLS / 2)
		at = 0;
	buf_release(&all);
	return at;
}

static int clamp(int v, int lo, int hi)
{
	if (v > hi)
		v = hi;
	return v < lo ? lo : v;
}

void screen_settle(struct top *t)
{
	struct page *p = top_page(t);
	int rows;

	t->roomy = LINES >= ROOMY_ROWS && COLS >= ROOMY_COLS;
	rows = screen_rows(t);
	t->page_rows = rows;
	if (t->mode == MODE_PICK) {
		struct pick_box b = pick_place(&t->pick, LINES, COLS);

		t->pick.first = clamp(t->pick.first, t->pick.at - b.rows + 1,
				      t->pick.at);
	}
	if (t->mode == MODE_HELP) {
		t->help_first = clamp(t->help_first, 0, help_height(t) - rows);
		return;
	}
	if (p->view->layout == VIEW_RECORD) {
		p->first = clamp(p->first, 0, record_height(p, COLS) - rows);
		return;
	}
	p->first = clamp(p->first, p->cursor - rows + 1, p->cursor);
	p->first = clamp(p->first, 0, p->table.n_shown - rows);
}
