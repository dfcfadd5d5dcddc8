/* What the router promised against what came true: a point on the diagonal is
 * an honest one. */
#include <inttypes.h>
#include <stdio.h>

#include "tui/chart.h"
#include "tui/text.h"

#define LEFT 6

static int dot_x(int cols, double p)
{
	return 2 * LEFT + (int)(p * (2 * cols - 1));
}

static int dot_y(int rows, double v)
{
	return 4 + (int)((1 - v) * (4 * rows - 1));
}

void chart_reliability_draw(const struct picture *p, struct canvas *c)
{
	const struct chart_reliability *d = p->u.reliability;
	int rows = c->h - 2;
	int cols = c->w - LEFT < 3 * rows ? c->w - LEFT : 3 * rows;

	if (d->n == 0) {
		chart_nothing(c, "not measured yet");
		return;
	}
	canvas_text_right(c, 1, LEFT - 1, INK_DIM, "100%");
	canvas_text_right(c, rows, LEFT - 1, INK_DIM, "0%");
	for (int y = 1; y <= rows; y++)
		canvas_put(c, y, LEFT - 1, INK_DIM, text_glyph("│", "|"));
	canvas_text(c, rows + 1, LEFT, INK_DIM, "promised");
	canvas_text_right(c, rows + 1, LEFT + cols, INK_DIM, "100%");
	for (int i = 0; i < 2 * cols; i += 2)
		canvas_dot(c, dot_y(rows, (double)i / (2 * cols - 1)),
			   2 * LEFT + i, INK_DIM);
	for (int i = 0; i < d->n; i++) {
		if (!(d->p[i] >= 0 && d->p[i] <= 1 && d->observed[i] >= 0 &&
		      d->observed[i] <= 1))
			continue;
		canvas_put(c, dot_y(rows, d->observed[i]) / 4,
			   dot_x(cols, d->p[i]) / 2,
			   d->observed[i] + 0.1 < d->p[i] ? INK_BAD : INK_LINE,
			   text_glyph("●", "o"));
	}
}

void chart_reliability_words(const struct picture *p, struct buf *out)
{
	const struct chart_reliability *d = p->u.reliability;

	for (int i = 0; i < d->n; i++)
		buf_addf(out,
			 "  promised %.0f%%, came true %.0f%%, of %" PRId64
			 "\n",
			 d->p[i] * 100, d->observed[i] * 100, d->count[i]);
}

void chart_reliability_json(const struct picture *p, struct json_out *o)
{
	const struct chart_reliability *d = p->u.reliability;

	json_out_arr(o, "bins");
	for (int i = 0; i < d->n; i++) {
		char text[40];

		json_out_obj(o, NULL);
		snprintf(text, sizeof(text), "%.9g", d->p[i]);
		json_out_raw(o, "p", str_from(text));
		snprintf(text, sizeof(text), "%.9g", d->observed[i]);
		json_out_raw(o, "observed", str_from(text));
		json_out_i64(o, "n", d->count[i]);
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}
