/* Success over cost: single models, the hull of their mixtures, policies and
 * the oracle. */
#include <math.h>
#include <stdio.h>

#include "tui/chart.h"
#include "tui/text.h"

#define LEFT   6
#define LEGEND 30

struct box {
	double x0, x1, y0, y1;
	int rows, cols; /* cells */
};

/* Certificates may hold anything. */
static bool drawable(const struct chart_plane *d, int i)
{
	return d->v[i].cost_usd >= 0 && d->v[i].cost_usd < 1e9 &&
	       d->v[i].success >= 0 && d->v[i].success <= 1;
}

static bool bounds(const struct chart_plane *d, struct box *b)
{
	b->x0 = 0;
	b->x1 = 0;
	b->y0 = 1;
	b->y1 = 0;
	for (int i = 0; i < d->n; i++) {
		if (!drawable(d, i))
			continue;
		b->x1 = fmax(b->x1, d->v[i].cost_usd);
		b->y0 = fmin(b->y0, d->v[i].success);
		b->y1 = fmax(b->y1, d->v[i].success);
	}
	if (d->n == 0 || !(b->x1 > 0))
		return false;
	b->y0 = fmax(0, floor(b->y0 * 20 - 0.5) / 20);
	b->y1 = fmin(1, ceil(b->y1 * 20 + 0.5) / 20);
	b->x1 *= 1.05;
	return b->y1 > b->y0;
}

/* In dots, from the left and from the top. */
static int dot_x(const struct box *b, double cost)
{
	return 2 * LEFT +
	       (int)((cost - b->x0) / (b->x1 - b->x0) * (2 * b->cols - 1));
}

static int dot_y(const struct box *b, double success)
{
	return 4 +
	       (int)((b->y1 - success) / (b->y1 - b->y0) * (4 * b->rows - 1));
}

static const char *mark(const struct chart_plane *d, int i, char *buf)
{
	if (d->v[i].kind == 'o')
		return text_glyph("★", "O");
	if (d->v[i].kind == 'p')
		return text_glyph("◆", "P");
	buf[0] = (char)('a' + i % 26);
	buf[1] = '\0';
	return buf;
}

static enum ink ink_of(char kind)
{
	if (kind == 'o')
		return INK_GOOD;
	return kind == 'p' ? INK_WARN : INK_TEXT;
}

/* Neighbours on the hull are joined; they come in any order. */
static void hull(const struct chart_plane *d, const struct box *b,
		 struct canvas *c)
{
	for (int i = 0; i < d->n; i++) {
		int next = -1;

		if (d->v[i].kind != 'h' || !drawable(d, i))
			continue;
		for (int k = 0; k < d->n; k++)
			if (d->v[k].kind == 'h' && drawable(d, k) &&
			    d->v[k].cost_usd > d->v[i].cost_usd &&
			    (next < 0 ||
			     d->v[k].cost_usd < d->v[next].cost_usd))
				next = k;
		if (next >= 0)
			canvas_line(c, dot_y(b, d->v[i].success),
				    dot_x(b, d->v[i].cost_usd),
				    dot_y(b, d->v[next].success),
				    dot_x(b, d->v[next].cost_usd), INK_LINE);
	}
}

static void legend(const struct chart_plane *d, struct canvas *c, int x)
{
	int y = 1;

	for (int i = 0; i < d->n && y < c->h; i++) {
		char one[2], text[96];
		struct buf b;

		if (d->v[i].kind == 'h' || !drawable(d, i))
			continue;
		snprintf(text, sizeof(text), "%.40s %.1f%% $%.4g", d->v[i].name,
			 d->v[i].success * 100, d->v[i].cost_usd);
		buf_init(&b, 4096);
		text_cut(&b, text, c->w - x - 2);
		canvas_put(c, y, x, ink_of(d->v[i].kind), mark(d, i, one));
		canvas_text(c, y++, x + 2, INK_DIM, buf_str(&b));
		buf_release(&b);
	}
}

static void axes(const struct box *b, struct canvas *c)
{
	char text[32];

	for (int y = 1; y <= b->rows; y++)
		canvas_put(c, y, LEFT - 1, INK_DIM, text_glyph("│", "|"));
	snprintf(text, sizeof(text), "%.0f%%", b->y1 * 100);
	canvas_text_right(c, 1, LEFT - 1, INK_DIM, text);
	snprintf(text, sizeof(text), "%.0f%%", b->y0 * 100);
	canvas_text_right(c, b->rows, LEFT - 1, INK_DIM, text);
	canvas_text(c, b->rows + 1, LEFT, INK_DIM, "$0");
	snprintf(text, sizeof(text), "$%.3g a task", b->x1);
	canvas_text_right(c, b->rows + 1, LEFT + b->cols, INK_DIM, text);
}

void chart_plane_draw(const struct picture *p, struct canvas *c)
{
	const struct chart_plane *d = p->u.plane;
	bool beside = c->w >= 2 * LEGEND + LEFT;
	struct box b = {.rows = c->h - 2,
			.cols = c->w - LEFT - (beside ? LEGEND + 2 : 0)};

	if (!bounds(d, &b)) {
		chart_nothing(c, "not known yet");
		return;
	}
	axes(&b, c);
	hull(d, &b, c);
	for (int i = 0; i < d->n; i++) {
		char one[2];

		if (d->v[i].kind != 'h' && drawable(d, i))
			canvas_put(c, dot_y(&b, d->v[i].success) / 4,
				   dot_x(&b, d->v[i].cost_usd) / 2,
				   ink_of(d->v[i].kind), mark(d, i, one));
	}
	if (beside)
		legend(d, c, c->w - LEGEND);
}

static const char *kind_name(char kind)
{
	switch (kind) {
	case 'o':
		return "oracle";
	case 'p':
		return "policy";
	case 'h':
		return "hull";
	default:
		return "single";
	}
}

void chart_plane_words(const struct picture *p, struct buf *out)
{
	const struct chart_plane *d = p->u.plane;

	for (int i = 0; i < d->n; i++)
		buf_addf(out, "  %s %s: success %.1f%%, $%.6g a task\n",
			 kind_name(d->v[i].kind), d->v[i].name,
			 d->v[i].success * 100, d->v[i].cost_usd);
}

void chart_plane_json(const struct picture *p, struct json_out *o)
{
	const struct chart_plane *d = p->u.plane;

	json_out_arr(o, "points");
	for (int i = 0; i < d->n; i++) {
		char text[40];

		json_out_obj(o, NULL);
		json_out_str(o, "name", str_from(d->v[i].name));
		json_out_str(o, "kind", str_from(kind_name(d->v[i].kind)));
		snprintf(text, sizeof(text), "%.9g", d->v[i].cost_usd);
		json_out_raw(o, "cost_usd", str_from(text));
		snprintf(text, sizeof(text), "%.9g", d->v[i].success);
		json_out_raw(o, "success", str_from(text));
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}
