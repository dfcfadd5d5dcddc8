#include "tui/out.h"

#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/base/csv.h"
#include "ledger/base/json.h"
#include "tui/chart.h"
#include "tui/header.h"
#include "tui/text.h"

/* Wide enough for every column in full. */
#define PLAIN_WIDTH 100000
/* Lines of a picture among text. */
#define PICTURE_ROWS 14

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
		text_pad(out, table_title(&p->table, l->col[i]), l->width[i],
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
		text_pad(out, buf_str(&cell), l->width[i], layout_align(col));
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

static void text_notes(struct buf *out, const struct page *p)
{
	int label = 0;

	for (int i = 0; i < p->table.n_notes; i++) {
		int w = text_width(p->table.notes[i].label);

		label = w > label ? w : label;
	}
	for (int i = 0; i < p->table.n_notes; i++) {
		char clean[1024];

		text_pad(out, p->table.notes[i].label, label + 2, TEXT_LEFT);
		text_clean(str_from(p->table.notes[i].text), clean,
			   sizeof(clean));
		buf_adds(out, clean);
		end_line(out);
	}
	if (p->table.n_notes > 0)
		buf_addc(out, '\n');
}

static void text_pictures(struct buf *out, const struct page *p, bool plain,
			  int width)
{
	for (int i = 0; i < p->table.n_pictures; i++) {
		struct canvas c;

		buf_addc(out, '\n');
		if (plain) {
			picture_words(p->table.pictures[i], out);
			continue;
		}
		canvas_init(&c, width > 100 ? 100 : width - 2, PICTURE_ROWS);
		picture_draw(p->table.pictures[i], &c);
		for (int y = 0; y < c.h; y++) {
			canvas_row(&c, y, out);
			end_line(out);
		}
		canvas_release(&c);
	}
}

static void text_rows(struct buf *out, const struct page *p,
		      const struct show *how, int width)
{
	int natural[LAYOUT_COLS_MAX];
	struct layout l;

	layout_measure(&p->table, how, natural);
	layout_fit(&p->table, natural, width, 0, p->where.sort, &l);
	text_heading(out, p, &l);
	for (int i = 0; i < p->table.n_shown; i++)
		text_row(out, p, &l, i, how);
	if (p->table.more)
		buf_addf(out, "more than these %d rows are in the ledger\n",
			 p->table.n_shown);
}

static void text_page(struct buf *out, const struct top *t,
		      enum out_format format, int width)
{
	const struct page *p = top_page_const(t);
	struct show how = top_show(t, format == OUT_PLAIN);

	text_header(out, t);
	text_notes(out, p);
	if (p->table.n_shown == 0) {
		buf_adds(out, p->view->empty
				      ? p->view->empty(&p->where.at, &t->ctx)
				      : "Nothing here.");
		buf_addc(out, '\n');
	} else if (p->view->layout == VIEW_RECORD) {
		text_record(out, p);
	} else {
		text_rows(out, p, &how, width);
	}
	if (p->view->pictured || t->all_asks)
		text_pictures(out, p, format == OUT_PLAIN, width);
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
	case CELL_BAR:
		json_out_arr(o, col->name);
		for (int i = 0; i < 2; i++) {
			char micro[FMT_TEXT];

			json_out_raw(
				o, NULL,
				str_from(fmt_micro_exact(
					i ? c->v.bar.hi : c->v.bar.lo, micro)));
		}
		json_out_end(o, ']');
		break;
	case CELL_INT:
	case CELL_ID:
	case CELL_RATIO:
	case CELL_CHANGE:
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

static void json_router(struct json_out *o, const struct query_header *h)
{
	json_out_obj(o, "router");
	if (h->bundle_id)
		json_out_i64(o, "bundle_id", h->bundle_id);
	else
		json_out_null(o, "bundle_id");
	json_out_str(o, "version",
		     h->version[0] ? str_from(h->version) : STR_NONE);
	json_out_i64(o, "classes", h->classes);
	json_out_i64(o, "classes_learned", h->learned);
	if (h->live < 0)
		json_out_null(o, "live");
	else
		json_out_bool(o, "live", h->live == 1);
	json_out_bool(o, "drifted", h->drifted);
	json_out_end(o, '}');
}

static void json_health(struct json_out *o, const struct health *h)
{
	static const char *const states[] = {
		[DAEMON_NONE] = "none",
		[DAEMON_STARTING] = "starting",
		[DAEMON_READY] = "ready",
		[DAEMON_ENDING] = "ending",
	};

	json_out_obj(o, "daemon");
	json_out_str(o, "state",
		     h->looked ? str_from(states[h->daemon]) : STR_NONE);
	if (h->lag_us >= 0 && h->looked)
		json_out_i64(o, "lag_us", h->lag_us);
	else
		json_out_null(o, "lag_us");
	json_out_i64(o, "spool_records", h->spool_records);
	json_out_i64(o, "spool_bytes", h->spool_bytes);
	json_time(o, "spool_oldest_at",
		  h->looked ? h->spool_oldest_us : TIME_NONE);
	json_out_end(o, '}');
}

static void json_extras(struct json_out *o, const struct table *t)
{
	json_out_obj(o, "notes");
	for (int i = 0; i < t->n_notes; i++)
		json_out_str(o, t->notes[i].label, str_from(t->notes[i].text));
	json_out_end(o, '}');
	json_out_arr(o, "pictures");
	for (int i = 0; i < t->n_pictures; i++) {
		json_out_obj(o, NULL);
		picture_json(t->pictures[i], o);
		json_out_end(o, '}');
	}
	json_out_end(o, ']');
}

static void json_header(struct json_out *o, const struct top *t)
{
	__int128 projected;
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
	json_money(o, "today_usd", t->ctx.header.today_pusd);
	json_out_i64(o, "attempts", q->attempts);
	json_out_i64(o, "errors", q->errors);
	json_out_i64(o, "unpriced", q->unpriced);
	json_out_i64(o, "unattributed", q->unattributed);
	json_out_i64(o, "undated", q->undated);
	json_money(o, "undated_usd", q->undated_pusd);
	json_time(o, "newest_at", t->ctx.fresh.newest_us);
	if (t->ctx.header.has_budget)
		json_money(o, "today_budget_usd", t->ctx.header.budget_pusd);
	else
		json_out_null(o, "today_budget_usd");
	if (header_projected(t, &projected))
		json_money(o, "today_projected_usd", projected);
	else
		json_out_null(o, "today_projected_usd");
	if (t->ctx.before.until_us > 0)
		json_money(o, "before_usd", t->before.cost_pusd);
	json_out_end(o, '}');
	json_router(o, &t->ctx.header);
	json_health(o, &t->health);
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
	json_extras(&o, &p->table);
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
