#include "tui/show.h"

#include <inttypes.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "tui/fmt.h"
#include "tui/text.h"

#define CLEAN_MAX 1024

static void show_text(struct buf *out, const char *s)
{
	char clean[CLEAN_MAX];

	text_clean(str_from(s), clean, sizeof(clean));
	buf_adds(out, clean);
}

/* A stretch of the whole, in halves of a column. */
static void draw_bar(struct buf *out, const struct cell *c, int cols)
{
	int lo = (int)((int64_t)c->v.bar.lo * cols * 2 / 1000000);
	int hi = (int)(((int64_t)c->v.bar.hi * cols * 2 + 999999) / 1000000);

	/* What is there is seen, even at the very end. */
	if (lo >= cols * 2)
		lo = cols * 2 - 1;
	hi = hi <= lo ? lo + 1 : hi;
	for (int x = 0; x < cols; x++) {
		bool left = lo <= 2 * x && hi > 2 * x;
		bool right = lo <= 2 * x + 1 && hi > 2 * x + 1;

		if (left && right)
			buf_adds(out, text_glyph("█", "#"));
		else if (left)
			buf_adds(out, text_glyph("▌", "#"));
		else if (right)
			buf_adds(out, text_glyph("▐", "#"));
		else
			buf_addc(out, ' ');
	}
}

static void show_bar(struct buf *out, const struct cell *c,
		     const struct show *how)
{
	char tmp[FMT_TEXT];

	if (!how->plain) {
		draw_bar(out, c, how->spark > 0 ? how->spark : 12);
		return;
	}
	if (c->v.bar.lo > 0)
		buf_addf(out, "%s to ", fmt_percent(c->v.bar.lo, tmp));
	buf_adds(out, fmt_percent(c->v.bar.hi, tmp));
}

void show_cell(struct buf *out, const struct column *col, const struct cell *c,
	       const struct show *how)
{
	char tmp[FMT_TEXT];

	if (!c->known) {
		if (c->alt)
			buf_adds(out, c->alt);
		else if (how->plain || !cell_is_text(col->kind))
			buf_addc(out, '-');
		return;
	}
	switch (col->kind) {
	case CELL_TEXT:
	case CELL_LINES:
		show_text(out, c->v.text);
		break;
	case CELL_INT:
		buf_adds(out, how->full ? fmt_digits(c->v.i, tmp)
					: fmt_count(c->v.i, tmp));
		break;
	case CELL_ID:
		buf_addf(out, "%" PRId64, c->v.i);
		break;
	case CELL_MONEY:
		if (how->full) {
			buf_addc(out, '$');
			buf_adds(out, fmt_money_exact(c->v.money, tmp));
		} else {
			buf_adds(out, fmt_money(c->v.money, tmp));
		}
		break;
	case CELL_RATIO:
		buf_adds(out, fmt_percent(c->v.i, tmp));
		break;
	case CELL_TIME:
		buf_adds(out,
			 how->full ? fmt_time(c->v.i, tmp)
				   : fmt_time_near(c->v.i, how->now_us, tmp));
		break;
	case CELL_SPAN:
		buf_adds(out, fmt_span(c->v.i, tmp));
		break;
	case CELL_FLAG:
		buf_adds(out, c->v.i ? "yes" : "no");
		break;
	case CELL_SPARK:
		if (how->plain)
			buf_adds(out, spark_word(c->v.series));
		else
			spark_draw(out, c->v.series, how->spark);
		break;
	case CELL_CHANGE:
		buf_adds(out, fmt_change(c->v.i, tmp));
		break;
	case CELL_BAR:
		show_bar(out, c, how);
		break;
	}
}

void show_exact(struct buf *out, const struct column *col, const struct cell *c)
{
	char tmp[FMT_TEXT];

	if (!c->known)
		return;
	switch (col->kind) {
	case CELL_TEXT:
	case CELL_LINES:
		buf_adds(out, c->v.text);
		break;
	case CELL_INT:
	case CELL_ID:
	case CELL_SPAN:
		buf_addf(out, "%" PRId64, c->v.i);
		break;
	case CELL_MONEY:
		buf_adds(out, fmt_money_exact(c->v.money, tmp));
		break;
	case CELL_RATIO:
		buf_adds(out, fmt_micro_exact(c->v.i, tmp));
		break;
	case CELL_TIME:
		buf_adds(out, clock_format(c->v.i, tmp, sizeof(tmp)));
		break;
	case CELL_FLAG:
		buf_adds(out, c->v.i ? "true" : "false");
		break;
	case CELL_SPARK:
		for (int i = 0; i < c->v.series->n; i++) {
			buf_adds(out, i ? " " : "");
			buf_adds(out, fmt_money_exact(c->v.series->v[i], tmp));
		}
		break;
	case CELL_CHANGE:
		buf_adds(out, fmt_micro_exact(c->v.i, tmp));
		break;
	case CELL_BAR:
		buf_addf(out, "%s ", fmt_micro_exact(c->v.bar.lo, tmp));
		buf_adds(out, fmt_micro_exact(c->v.bar.hi, tmp));
		break;
	}
}

int show_max_width(const struct column *col)
{
	if (col->width)
		return col->width;
	switch (col->kind) {
	case CELL_TEXT:
		return 24;
	case CELL_LINES:
		return 40;
	case CELL_TIME:
		return 16;
	case CELL_SPARK:
	case CELL_BAR:
		return 12;
	case CELL_CHANGE:
	case CELL_INT:
	case CELL_ID:
	case CELL_MONEY:
	case CELL_RATIO:
	case CELL_SPAN:
	case CELL_FLAG:
		break;
	}
	return 12;
}
