/* The help screen, made from the tables of keys and columns. */
#include <stdio.h>

#include "tui/action.h"
#include "tui/command.h"
#include "tui/screen_int.h"
#include "tui/text.h"

#define LABEL 16

struct help {
	int y, first, rows; /* next line, and the window over all lines */
};

static void line(struct help *h, enum role role, const char *label,
		 const char *text)
{
	int y = h->y++ - h->first;

	if (y < 0 || y >= h->rows)
		return;
	put_text(BODY_TOP + y, 1, COLS - 2, role, label);
	if (text)
		put_text(BODY_TOP + y, 1 + LABEL, COLS - LABEL - 2, ROLE_TEXT,
			 text);
}

static void keys(struct help *h, const struct top *t)
{
	line(h, ROLE_SECTION, "KEYS", NULL);
	for (const struct action *a = actions; a->run; a++)
		if (action_applies(a, t))
			line(h, ROLE_KEY, a->keys_text, a->help);
	line(h, ROLE_KEY, "mouse",
	     "click a row, again to open it; a heading; the wheel");
}

static void columns(struct help *h, const struct view *v)
{
	line(h, ROLE_TEXT, "", NULL);
	line(h, ROLE_SECTION, v->layout == VIEW_RECORD ? "FIELDS" : "COLUMNS",
	     NULL);
	for (int i = 0; i < v->n_cols; i++)
		if (v->cols[i].title)
			line(h, ROLE_KEY, v->cols[i].title, v->cols[i].help);
}

static void screens(struct help *h)
{
	line(h, ROLE_TEXT, "", NULL);
	line(h, ROLE_SECTION, "SCREENS", NULL);
	for (int i = 0; views[i]; i++) {
		char label[32];

		if (views[i]->needs != NEEDS_NOTHING)
			continue;
		if (views[i]->key)
			snprintf(label, sizeof(label), "%c, :%s", views[i]->key,
				 views[i]->name);
		else
			snprintf(label, sizeof(label), ":%s", views[i]->name);
		line(h, ROLE_KEY, label, views[i]->about);
	}
}

static void typed(struct help *h)
{
	line(h, ROLE_TEXT, "", NULL);
	line(h, ROLE_SECTION, "COMMANDS, after :", NULL);
	for (const struct top_command *c = commands; c->name; c++) {
		char label[32];

		snprintf(label, sizeof(label), "%s%s%s", c->name,
			 c->args ? " " : "", c->args ? c->args : "");
		line(h, ROLE_KEY, label, c->help);
	}
}

static void filters(struct help *h)
{
	static const char *const lines[][2] = {
		{"opus", "rows that contain it"},
		{"!opus", "rows that do not"},
		{"\"two words\"", "the same, with blanks"},
		{"cost>1", "a column compared: = != > >= < <= ~"},
		{"time>90s", "durations: ms s m h d"},
		{"ok<80%", "shares"},
		{"out>=1.5M", "counts: k M G"},
		{"started>2026-11-01", "dates and times, UTC"},
	};

	line(h, ROLE_TEXT, "", NULL);
	line(h, ROLE_SECTION, "FILTER, words that all must hold", NULL);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		line(h, ROLE_KEY, lines[i][0], lines[i][1]);
}

static void all(struct help *h, const struct top *t)
{
	const struct view *v = top_page_const(t)->view;

	line(h, ROLE_SECTION, v->title, v->about);
	line(h, ROLE_TEXT, "", NULL);
	keys(h, t);
	screens(h);
	columns(h, v);
	typed(h);
	if (v->layout != VIEW_RECORD)
		filters(h);
}

void draw_help(const struct top *t, int rows)
{
	struct help h = {0, t->help_first, rows};

	all(&h, t);
}

int help_height(const struct top *t)
{
	struct help h = {0, 0, 0};

	all(&h, t);
	return h.y;
}
