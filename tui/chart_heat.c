/* Spend by hour of the day: a row each day, more ink is more money. */
#include <stdio.h>

#include "ledger/base/clock.h"
#include "tui/chart.h"
#include "tui/fmt.h"
#include "tui/text.h"

#define LEFT 7

static __int128 greatest(const struct chart_heat *h)
{
	__int128 max = 0;

	for (int d = 0; d < h->days; d++)
		for (int i = 0; i < 24; i++)
			max = h->v[d][i] > max ? h->v[d][i] : max;
	return max;
}

/* "11-24" of the day that lies `back` days before the last one. */
static void day_name(const struct chart_heat *h, int back, char *text)
{
	fmt_time(fmt_midnight(h->last_us) + US_PER_DAY / 2 - back * US_PER_DAY,
		 text);
	text[10] = '\0';
}

static void row(const struct chart_heat *h, struct canvas *c, int y, int day,
		int wide, __int128 max)
{
	static const char *const marks[] = {"·", "░", "▒", "▓", "█"};
	static const char *const ascii[] = {" ", ".", ":", "*", "#"};
	static const enum ink inks[] = {INK_DIM, INK_TIER2, INK_TIER3,
					INK_TIER4, INK_TIER5};
	char text[FMT_TEXT];

	day_name(h, h->days - 1 - day, text);
	canvas_text(c, y, 0, INK_DIM, text + 5);
	for (int i = 0; i < 24; i++) {
		__int128 v = h->v[day][i];
		int level = v > 0 ? 1 + (int)(v * 3 / max) : 0;

		for (int k = 0; k < wide; k++)
			canvas_put(c, y, LEFT + i * wide + k, inks[level],
				   level == 0 && k > 0
					   ? " "
					   : text_glyph(marks[level],
							ascii[level]));
	}
}

void chart_heat_draw(const struct picture *p, struct canvas *c)
{
	const struct chart_heat *h = p->u.heat;
	int rows = c->h - 2, wide = (c->w - LEFT) / 24;
	int first = h->days > rows ? h->days - rows : 0;
	__int128 max = greatest(h);
	char text[FMT_TEXT], scale[FMT_TEXT + 24];

	if (max == 0 || wide < 1) {
		chart_nothing(c, wide < 1 ? "too narrow" : "nothing was spent");
		return;
	}
	wide = wide > 3 ? 3 : wide;
	for (int d = first; d < h->days; d++)
		row(h, c, 1 + d - first, d, wide, max);
	for (int i = 0; i<24; i += wide> 1 ? 3 : 6) {
		snprintf(text, sizeof(text), "%02d", i);
		canvas_text(c, 1 + h->days - first, LEFT + i * wide, INK_DIM,
			    text);
	}
	snprintf(scale, sizeof(scale), "%s is %s", text_glyph("█", "#"),
		 fmt_money(max, text));
	if (c->w >= text_width(p->title) + text_width(scale) + 2)
		canvas_text_right(c, 0, c->w, INK_DIM, scale);
}

void chart_heat_words(const struct picture *p, struct buf *out)
{
	const struct chart_heat *h = p->u.heat;
	char text[FMT_TEXT];
	int day = 0, hour = 0;

	for (int d = 0; d < h->days; d++)
		for (int i = 0; i < 24; i++)
			if (h->v[d][i] > h->v[day][hour]) {
				day = d;
				hour = i;
			}
	if (h->days == 0 || h->v[day][hour] == 0) {
		buf_adds(out, "  nothing was spent\n");
		return;
	}
	day_name(h, h->days - 1 - day, text);
	buf_addf(out, "  most in the hour from %02d:00 of %s: ", hour, text);
	buf_addf(out, "%s\n", fmt_money(h->v[day][hour], text));
}

void chart_heat_json(const struct picture *p, struct json_out *o)
{
	const struct chart_heat *h = p->u.heat;
	char text[FMT_TEXT];

	json_out_obj(o, "days");
	for (int d = 0; d < h->days; d++) {
		day_name(h, h->days - 1 - d, text);
		json_out_arr(o, text);
		for (int i = 0; i < 24; i++)
			json_out_str(
				o, NULL,
				str_from(fmt_money_exact(h->v[d][i], text)));
		json_out_end(o, ']');
	}
	json_out_end(o, '}');
}
