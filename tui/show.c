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
		return 12;
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
