/* Around the rows: notes above them, pictures below, a menu over them. */
#include <string.h>

#include "tui/chart.h"
#include "tui/pick.h"
#include "tui/screen_int.h"

/* Pictures stand beside each other where each gets so many columns. */
#define PICTURE_COLS 58

void draw_notes(const struct top *t, const struct areas *a)
{
	const struct table *table = &top_page_const(t)->table;
	int columns = COLS >= NOTES_BESIDE ? 2 : 1;
	int label = 0, width = COLS / columns;

	for (int i = 0; i < table->n_notes; i++) {
		int w = text_width(table->notes[i].label);

		label = w > label ? w : label;
	}
	for (int i = 0; i < table->n_notes && i < a->notes * columns; i++) {
		const struct note *n = &table->notes[i];
		int y = BODY_TOP + i % a->notes, x = 1 + i / a->notes * width;
		char clean[1024];

		text_clean(str_from(n->text), clean, sizeof(clean));
		put_text(y, x, label, ROLE_LABEL, n->label);
		put_text(y, x + label + 2, width - label - 4,
			 n->tone == TONE_PLAIN ? ROLE_TEXT : crt_tone(n->tone),
			 clean);
	}
}

static enum role ink_role(uint8_t ink)
{
	static const enum role roles[INK_N] = {
		[INK_NONE] = ROLE_TEXT,   [INK_TEXT] = ROLE_TEXT,
		[INK_DIM] = ROLE_DIM,     [INK_TITLE] = ROLE_SECTION,
		[INK_LINE] = ROLE_SPARK,  [INK_GOOD] = ROLE_GOOD,
		[INK_WARN] = ROLE_WARN,   [INK_BAD] = ROLE_BAD,
		[INK_TIER0] = ROLE_TIER0, [INK_TIER1] = ROLE_TIER1,
		[INK_TIER2] = ROLE_TIER2, [INK_TIER3] = ROLE_TIER3,
		[INK_TIER4] = ROLE_TIER4, [INK_TIER5] = ROLE_TIER5,
	};

	return roles[ink];
}

static void paint(const struct canvas *c, int top, int left)
{
	char buf[8];

	for (int y = 0; y < c->h; y++)
		for (int x = 0; x < c->w; x++) {
			const struct canvas_cell *cell =
				&c->cells[(size_t)y * (size_t)c->w + (size_t)x];

			if (!cell->glyph[0] && !cell->dots)
				continue;
			crt_set(ink_role(cell->ink));
			mvaddstr(top + y, left + x, canvas_glyph(cell, buf));
		}
}

void draw_panel(const struct top *t, const struct areas *a)
{
	const struct table *table = &top_page_const(t)->table;
	int first = top_pictures(t) - 1, n = table->n_pictures;
	int beside = COLS / PICTURE_COLS;

	if (a->panel == 0)
		return;
	beside = beside > n ? n : beside;
	beside = beside < 1 ? 1 : beside;
	for (int i = 0; i < beside; i++) {
		int x = 1 + i * (COLS / beside);
		struct canvas c;

		canvas_init(&c, COLS / beside - 3, a->panel - 1);
		picture_draw(table->pictures[(first + i) % n], &c);
		paint(&c, a->top + a->rows + 1, x);
		canvas_release(&c);
	}
}

void draw_pick(const struct top *t)
{
	const struct pick *p = &t->pick;
	struct pick_box b = pick_place(p, LINES, COLS);

	for (int y = 0; y < b.h; y++)
		put_blanks(b.y + y, b.x, b.w, ROLE_MENU);
	put_text(b.y, b.x + 2, b.w - 3, ROLE_MENU, p->title);
	for (int i = 0; i < b.rows && p->first + i < p->n; i++) {
		int item = p->first + i, y = b.y + 1 + i;
		enum role role = item == p->at ? ROLE_MENU_NOW : ROLE_MENU;
		const char *mark = p->many ? "[ ] " : "    ";

		if (p->on[item])
			mark = p->many ? "[x] " : text_glyph("  • ", "  * ");
		put_blanks(y, b.x, b.w, role);
		put_text(y, b.x + 2, 4, role, mark);
		put_text(y, b.x + 6, b.w - 7, role, p->items[item]);
	}
	put_text(b.y + b.h - 1, b.x + 2, b.w - 3, ROLE_MENU,
		 p->many ? "Space, Enter" : "Enter, Esc");
}
