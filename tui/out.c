#include "tui/out.h"

#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/base/csv.h"
#include "ledger/base/json.h"
#include "tui/header.h"
#include "tui/text.h"

/* Wide enough for every column in full. */
#define PLAIN_WIDTH 100000

/* ---- text ---- */

static void text_header(struct buf *out, const struct top *t)
{
	struct header_item items[HEADER_MAX];
	char day[FMT_TEXT];
	int n = header_items(t, items);

	buf_adds(out, "aco  ");
	header_crumbs(t, 4096, out);
	buf_addc(out, '\n');
	buf_adds(out, "range ");
	header_time(t, true, out);
	fmt_time(t->ctx.now_us, day);
	buf_addf(out, ", %.10s\n", day);
	for (int i = 0; i < n; i++)
		buf_addf(out, "%s%s %s", i ? ", " : "", items[i].label,
			 items[i].value);
	buf_addc(out, '\n');
	if (header_trouble(t, out))
		buf_addc(out, '\n');
	buf_addc(out, '\n');
}

/* Blanks at the ends of lines are noise. */
static void end_line(struct buf *out)
{
	while (out->len > 0 && out->p && out->p[out->len - 1] == ' ')
		out->p[--out->len] = '\0';
	buf_addc(out, '\n');
}

static void text_heading(struct buf *out, const struct page *p,
			 const struct layout *l)
{
	for (int i = 0; i < l->n; i++) {
		const struct column *col = &p->view->cols[l->col[i]];

		text_blanks(out, i > 0);
		text_pad(out, col->title, l->width[i],
			 cell_is_right(col->kind) ? TEXT_RIGHT : TEXT_LEFT);
	}
	end_line(out);
}

static const char *branch(const struct page *p, int at, bool plain)
{
	int row = p->table.shown[at];

	if (plain)
		return p->table.rows[row].parent >= 0 ? "  " : "";
	return layout_branch(&p->table, at, p->view->layout == VIEW_TREE,
			     page_folded(p, row));
}

static void text_row(struct buf *out, const struct page *p,
		     const struct layout *l, int at, const struct show *how)
{
	int row = p->table.shown[at];
	struct buf cell;

	buf_init(&cell, 8192);
	for (int i = 0; i < l->n; i++) {
		const struct column *col = &p->view->cols[l->col[i]];
		struct show h = *how;

		h.spark = l->width[i];
		buf_clear(&cell);
		if (i == 0)
			buf_adds(&cell, branch(p, at, how->plain));
		show_cell(&cell, col, table_get(&p->table, row, l->col[i]), &h);
		text_blanks(out, i > 0);
		text_pad(out, buf_str(&cell), l->width[i],
			 cell_is_right(col->kind) ? TEXT_RIGHT : TEXT_LEFT);
	}
	end_line(out);
	buf_release(&cell);
}

static void text_record(struct buf *out, const struct page *p)
{
	for (size_t i = 0; i < p->lines.n; i++) {
		const struct line *line = &p->lines.v[i];

		switch (line->kind) {
		case LINE_HEADING:
			if (i > 0)
				buf_addc(out, '\n');
			buf_adds(out, line->label);
			break;
		case LINE_FIELD:
			text_pad(out, line->label, p->lines.label_width + 2,
				 TEXT_LEFT);
			buf_adds(out, line->text);
			break;
		case LINE_TEXT:
			buf_adds(out, line->text);
			break;
		case LINE_BLANK:
			continue;
		}
		end_line(out);
	}
}

static void text_page(struct buf *out, const struct top *t,
		      enum out_format format, int width)
{
	const struct page *p = top_page_const(t);
	struct show how = top_show(t, format == OUT_PLAIN);
	int natural[LAYOUT_COLS_MAX];
	struct layout l;

	text_header(out, t);
	if (p->table.n_shown == 0) {
		buf_adds(out, p->view->empty
				      ? p->view->empty(&p->where.at, &t->ctx)
				      : "Nothing here.");
		buf_addc(out, '\n');
		return;
	}
	if (p->view->layout == VIEW_RECORD) {
		text_record(out, p);
		return;
	}
	layout_measure(&p->table, &how, natural);
	layout_fit(&p->table, natural, width, 0, p->where.sort, &l);
	text_heading(out, p, &l);
	for (int i = 0; i < p->table.n_shown; i++)
		text_row(out, p, &l, i, &how);
	if (p->table.more)
		buf_addf(out, "more than these %d rows are in the ledger\n",
			 p->table.n_shown);
}

/* ---- JSON ---- */

static void json_cell(struct json_out *o, const struct column *col,
		      const struct cell *c)
{
	struct buf b;

	if (!c->known) {
		json_out_null(o, col->name);
		return;
	}
	buf_init(&b, 1 << 20);
	show_exact(&b, col, c);
	switch (col->kind) {
	case CELL_TEXT:
	case CELL_LINES:
	case CELL_MONEY:
	case CELL_TIME:
		json_out_str(o, col->name, (struct str){buf_str(&b), b.len});
		break;
	case CELL_INT:
	case CELL_ID:
	case CELL_RATIO:
	case CELL_SPAN:
	case CELL_FLAG:
		json_out_raw(o, col->name, (struct str){buf_str(&b), b.len});
		break;
	case CELL_SPARK:
		json_out_arr(o, col->name);
		for (int i = 0; i < c->v.series->n; i++) {
			char money[FMT_TEXT];

			json_out_str(o, NULL,
				     str_from(fmt_money_exact(c->v.series->v[i],
							      money)));
		}
		json_out_end(o, ']');
		break;
	}
	buf_release(&b);
}

static void json_time(struct json_out *o, const char *key, int64_t us)
{
	char text[FMT_TEXT];

	if (us == TIME_NONE)
		json_out_null(o, key);
	else
		json_out_str(o, key,
			     str_from(clock_format(us, text, sizeof(text))));
}

static void json_money(struct json_out *o, const char *key, __int128 pusd)
{
	char text[FMT_TEXT];

	json_out_str(o, key, str_from(fmt_money_exact(pusd, text)));
}

static void json_header(struct json_out *o, const struct top *t)
{
	const struct query_totals *q = &t->ctx.totals;
	char range[FMT_TEXT];

	json_out_str(o, "range", str_from(range_name(&t->ctx.range, range)));
	json_out_bool(o, "range_widened", t->range_widened);
	json_time(o, "since",
		  t->ctx.span.all ? TIME_NONE : t->ctx.span.since_us);
	json_time(o, "until",
		  t->ctx.span.all ? TIME_NONE : t->ctx.span.until_us);
	json_time(o, "at", t->ctx.now_us);
	json_out_obj(o, "totals");
	json_money(o, "cost_usd", q->cost_pusd);
	json_money(o, "today_usd", q->today_pusd);
	json_out_i64(o, "attempts", q->attempts);
	json_out_i64(o, "errors", q->errors);
	json_out_i64(o, "unpriced", q->unpriced);
	json_out_i64(o, "unattributed", q->unattributed);
	json_out_i64(o, "undated", q->undated);
	json_money(o, "undated_usd", q->undated_pusd);
	json_time(o, "newest_at", q->newest_us);
	json_out_end(o, '}');
}

static void json_page(struct buf *out, const struct top *t)
{
	const struct page *p = top_page_const(t);
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_str(&o, "view", str_from(p->view->name));
	json_header(&o, t);
	json_out_arr(&o, "rows");
	for (int i = 0; i < p->table.n_shown; i++) {
		json_out_obj(&o, NULL);
		for (int c = 0; c < p->view->n_cols; c++)
			json_cell(&o, &p->view->cols[c],
				  table_get(&p->table, p->table.shown[i], c));
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	json_out_bool(&o, "more", p->table.more);
	json_out_end(&o, '}');
	buf_addc(out, '\n');
}

/* ---- CSV ---- */

static void csv_cell(struct buf *out, const struct column *col,
		     const struct cell *c, bool terminal)
{
	char clean[4096];
	struct buf b;

	if (!c->known)
		return;
	buf_init(&b, 1 << 20);
	show_exact(&b, col, c);
	if (terminal && cell_is_text(col->kind)) {
		text_clean((struct str){buf_str(&b), b.len}, clean,
			   sizeof(clean));
		csv_field(out, str_from(clean));
	} else {
		csv_field(out, (struct str){buf_str(&b), b.len});
	}
	buf_release(&b);
}

static void csv_page(struct buf *out, const struct top *t, bool again,
		     bool terminal)
{
	const struct page *p = top_page_const(t);

	for (int c = 0; c < p->view->n_cols && !again; c++) {
		buf_adds(out, c ? "," : "");
		csv_field(out, str_from(p->view->cols[c].name));
	}
	if (!again)
		buf_adds(out, CSV_EOL);
	for (int i = 0; i < p->table.n_shown; i++) {
		for (int c = 0; c < p->view->n_cols; c++) {
			buf_adds(out, c ? "," : "");
			csv_cell(out, &p->view->cols[c],
				 table_get(&p->table, p->table.shown[i], c),
				 terminal);
		}
		buf_adds(out, CSV_EOL);
	}
}

void out_page(struct buf *out, const struct top *t, enum out_format format,
	      int width, bool again, bool terminal)
{
	switch (format) {
	case OUT_ONCE:
	case OUT_PLAIN:
		text_page(out, t, format,
			  format == OUT_PLAIN ? PLAIN_WIDTH : width);
		break;
	case OUT_JSON:
		json_page(out, t);
		break;
	case OUT_CSV:
		csv_page(out, t, again, terminal);
		break;
	}
}
