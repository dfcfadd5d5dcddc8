/* How many tasks cost how much; each bin is twice as dear as the one before. */
#include <inttypes.h>
#include <stdio.h>

#include "tui/chart.h"
#include "tui/fmt.h"
#include "tui/text.h"

#define LEFT 7

static int64_t greatest(const struct chart_histogram *h)
{
	int64_t max = 0;

	for (int i = 0; i < h->bins; i++)
		max = h->n[i] > max ? h->n[i] : max;
	return max;
}

static void labels(const struct chart_histogram *h, struct canvas *c, int y,
		   int wide)
{
	int free_from = LEFT;

	for (int i = 0; i < h->bins; i++) {
		char text[FMT_TEXT];
		int x = LEFT + i * wide;

		if (x < free_from)
			continue;
		fmt_money(h->from_pusd[i], text);
		if (x + text_width(text) > c->w)
			break;
		free_from = canvas_text(c, y, x, INK_DIM, text) + 1;
	}
}

void chart_histogram_draw(const struct picture *p, struct canvas *c)
{
	const struct chart_histogram *h = p->u.histogram;
	int64_t max = greatest(h);
	int rows = c->h - 2, wide;
	char text[FMT_TEXT];

	if (max == 0) {
		chart_nothing(c, "no task has a cost");
		return;
	}
	wide = (c->w - LEFT) / h->bins;
	wide = wide > 6 ? 6 : wide;
	wide = wide < 1 ? 1 : wide;
	canvas_text_right(c, 1, LEFT - 1, INK_DIM, fmt_count(max, text));
	canvas_text_right(c, rows, LEFT - 1, INK_DIM, "0");
	for (int i = 0; i < h->bins; i++)
		for (int k = 0; k < (wide > 1 ? wide - 1 : 1); k++)
			canvas_bar(c, LEFT + i * wide + k, rows, rows, h->n[i],
				   max, INK_LINE);
	labels(h, c, rows + 1, wide);
}

void chart_histogram_words(const struct picture *p, struct buf *out)
{
	const struct chart_histogram *h = p->u.histogram;
	char text[FMT_TEXT];

	for (int i = 0; i < h->bins; i++)
		if (h->n[i] > 0)
			buf_addf(out, "  from %s: %" PRId64 "\n",
				 fmt_money(h->from_pusd[i], text), h->n[i]);
}

void chart_histogram_json(const struct picture *p, struct json_out *o)
{
	const struct chart_histogram *h = p->u.histogram;
	char text[FMT_TEXT];

	json_out_arr(o, "bins");
	for (int i = 0; i < h->bins; i++) {
		json_out_obj(o, NULL);
		json_out_str(o, "from_usd",
			     str_from(fmt_money_exact(h->from_pusd[i], text)));
		json_out_i64(o, "tasks", h->n[i]);
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}
