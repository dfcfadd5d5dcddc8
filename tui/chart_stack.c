/* Spend over time, stacked by tier: more ink is a dearer tier. */
#include <stdio.h>

#include "tui/chart.h"
#include "tui/fmt.h"
#include "tui/text.h"

#define LEFT 9 /* columns for the scale */

static const char *const shades[STACK_LAYERS] = {"─", "·", "░", "▒", "▓", "█"};
static const char *const digits[STACK_LAYERS] = {"-", "1", "2", "3", "4", "5"};

static const char *mark(int layer)
{
	return text_glyph(shades[layer], digits[layer]);
}

static __int128 total(const struct chart_stack *s, int slot)
{
	__int128 sum = 0;

	for (int l = 0; l < STACK_LAYERS; l++)
		sum += s->v[l][slot];
	return sum;
}

static __int128 of_layer(const struct chart_stack *s, int layer)
{
	__int128 sum = 0;

	for (int i = 0; i < s->slots; i++)
		sum += s->v[layer][i];
	return sum;
}

static void legend(const struct chart_stack *s, struct canvas *c)
{
	int x = c->w;

	for (int l = STACK_LAYERS - 1; l >= 0; l--) {
		char text[24];

		if (of_layer(s, l) == 0)
			continue;
		if (l > 0)
			snprintf(text, sizeof(text), "%s tier %d", mark(l), l);
		else
			snprintf(text, sizeof(text), "%s no tier", mark(l));
		x -= text_width(text);
		if (x < 28)
			return;
		canvas_text(c, 0, x, INK_TIER0 + (enum ink)l, text);
		x -= 2;
	}
}

/* One column of the picture: cells from the bottom, each with the layer that
 * lies at its middle. */
static void column(const struct chart_stack *s, struct canvas *c, int x,
		   int slot, int rows, __int128 max)
{
	__int128 sum = total(s, slot);
	int high = (int)((sum * rows * 2 / max + 1) / 2);

	if (sum > 0 && high == 0)
		high = 1;
	for (int i = 0; i < high; i++) {
		__int128 level = sum * (2 * i + 1) / (2 * high);
		int l = 0;

		for (__int128 upto = s->v[0][slot];
		     upto <= level && l + 1 < STACK_LAYERS;
		     upto += s->v[l][slot])
			l++;
		canvas_put(c, rows - i, x, INK_TIER0 + (enum ink)l, mark(l));
	}
}

static void axis(const struct chart_stack *s, struct canvas *c, int rows,
		 __int128 max)
{
	char text[FMT_TEXT];

	canvas_text_right(c, 1, LEFT - 1, INK_DIM, fmt_money(max, text));
	canvas_text_right(c, rows, LEFT - 1, INK_DIM, "$0");
	for (int y = 1; y <= rows; y++)
		canvas_put(c, y, LEFT - 1, INK_DIM, text_glyph("│", "|"));
	fmt_time(s->since_us, text);
	text[16] = '\0';
	canvas_text(c, rows + 1, LEFT, INK_DIM, text + 5);
	fmt_time(s->until_us, text);
	text[16] = '\0';
	if (c->w >= LEFT + 26)
		canvas_text_right(c, rows + 1, c->w, INK_DIM, text + 5);
}

void chart_stack_draw(const struct picture *p, struct canvas *c)
{
	const struct chart_stack *s = p->u.stack;
	int rows = c->h - 2, w = c->w - LEFT;
	__int128 max = 0;

	for (int i = 0; i < s->slots; i++)
		max = total(s, i) > max ? total(s, i) : max;
	if (max == 0) {
		chart_nothing(c, "nothing was spent");
		return;
	}
	legend(s, c);
	axis(s, c, rows, max);
	for (int x = 0; x < w; x++)
		column(s, c, LEFT + x, x * s->slots / w, rows, max);
}

void chart_stack_words(const struct picture *p, struct buf *out)
{
	const struct chart_stack *s = p->u.stack;
	char text[FMT_TEXT];

	for (int l = 0; l < STACK_LAYERS; l++) {
		if (of_layer(s, l) == 0)
			continue;
		if (l > 0)
			buf_addf(out, "  tier %d: ", l);
		else
			buf_adds(out, "  no tier: ");
		buf_addf(out, "%s\n", fmt_money(of_layer(s, l), text));
	}
}

void chart_stack_json(const struct picture *p, struct json_out *o)
{
	static const char *const names[STACK_LAYERS] = {
		"no_tier", "tier_1", "tier_2", "tier_3", "tier_4", "tier_5"};
	const struct chart_stack *s = p->u.stack;
	char text[FMT_TEXT];

	for (int l = 0; l < STACK_LAYERS; l++) {
		json_out_arr(o, names[l]);
		for (int i = 0; i < s->slots; i++)
			json_out_str(
				o, NULL,
				str_from(fmt_money_exact(s->v[l][i], text)));
		json_out_end(o, ']');
	}
}
