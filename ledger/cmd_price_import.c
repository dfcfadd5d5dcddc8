/* aco price import, aco price diff. */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/alloc.h"
#include "ledger/cmd_price.h"
#include "ledger/db.h"
#include "ledger/grid.h"
#include "ledger/money.h"
#include "ledger/price_plan.h"
#include "ledger/price_store.h"

#define OUT_MAX ((size_t)256 << 20)

/* ---- the difference ---- */

/* "+25.0 %" into buf of 48 bytes, to a tenth, half-even; "" where there is no
 * such number. */
static const char *percent(int64_t from, int64_t to, char *buf)
{
	int64_t tenths;

	buf[0] = '\0';
	if (from == MONEY_NONE || to == MONEY_NONE || from <= 0 ||
	    !money_round(((__int128)to - from) * 1000, from, &tenths))
		return buf;
	snprintf(buf, 48, "%c%lld.%lld %%", tenths < 0 ? '-' : '+',
		 llabs(tenths / 10), llabs(tenths % 10));
	return buf;
}

static bool col_differs(const struct price_plan_row *r, int col)
{
	int64_t old = r->old ? r->old->v[col] : MONEY_NONE;

	return r->row->v[col] != old;
}

static const char *const change_names[PRICE_CHANGE_N] = {
	[PRICE_ROW_NEW] = "new",
	[PRICE_ROW_CHANGED] = "changed",
	[PRICE_ROW_SAME] = "same",
	[PRICE_ROW_AGAIN] = "again",
};

static void col_json(struct json_out *o, const struct price_plan_row *r,
		     int col)
{
	char text[MONEY_TEXT];

	json_out_obj(o, NULL);
	json_out_str(o, "column", str_from(price_cols[col].name));
	if (r->old && r->old->v[col] != MONEY_NONE)
		json_out_str(o, "now",
			     str_from(price_format(r->old, (enum price_col)col,
						   text)));
	else
		json_out_null(o, "now");
	if (r->row->v[col] != MONEY_NONE)
		json_out_str(o, "file",
			     str_from(price_format(r->row, (enum price_col)col,
						   text)));
	else
		json_out_null(o, "file");
	if (r->old && percent(r->old->v[col], r->row->v[col], text)[0]) {
		text[strlen(text) - 2] = '\0';
		json_out_str(o, "percent", str_from(text));
	} else {
		json_out_null(o, "percent");
	}
	json_out_end(o, '}');
}

static void row_json(struct json_out *o, const struct price_plan_row *r)
{
	char day[16];

	json_out_obj(o, NULL);
	json_out_i64(o, "line", r->line);
	json_out_str(o, "change", str_from(change_names[r->change]));
	json_out_str(o, "provider", r->row->provider);
	json_out_str(o, "model", r->row->model);
	if (r->row->valid_from == PRICE_NO_DATE)
		json_out_null(o, "valid_from");
	else
		json_out_str(o, "valid_from",
			     str_from(price_day(r->row->valid_from, "", day)));
	json_out_str(o, "utc_window", r->row->utc_window);
	if (r->hides)
		json_out_i64(o, "hides_price", r->hides->id);
	else
		json_out_null(o, "hides_price");
	json_out_arr(o, "columns");
	for (int i = 0; i < PRICE_COLS; i++) {
		if (col_differs(r, i))
			col_json(o, r, i);
	}
	json_out_end(o, ']');
	json_out_end(o, '}');
}

static void plan_json(struct json_out *o, const struct price_plan *p)
{
	for (int i = 0; i < PRICE_CHANGE_N; i++)
		json_out_i64(o, change_names[i], (int64_t)p->count[i]);
	json_out_i64(o, "without_valid_from", (int64_t)p->always);
	json_out_arr(o, "rows");
	for (size_t i = 0; i < p->n; i++) {
		if (p->rows[i].change == PRICE_ROW_NEW ||
		    p->rows[i].change == PRICE_ROW_CHANGED)
			row_json(o, &p->rows[i]);
	}
	json_out_end(o, ']');
}

static const struct grid_col diff_cols[] = {
	{"MODEL", false}, {"VALID FROM", false}, {"UTC WINDOW", false},
	{"WHAT", false},  {"NOW", true},         {"FILE", true},
	{"CHANGE", true}, {NULL, false},
};

static void diff_cells(struct grid *g, const struct price_plan_row *r, int col)
{
	char name[PRICE_PROVIDER_MAX + 300], text[MONEY_TEXT], day[16];

	snprintf(name, sizeof(name), "%.*s/%.*s", STR_ARG(r->row->provider),
		 STR_ARG(r->row->model));
	grid_cells(g, name);
	grid_cells(g, price_day(r->row->valid_from, "-", day));
	grid_cell(g, r->row->utc_window.len ? r->row->utc_window : STR("-"));
	grid_cells(g, price_cols[col].name);
	if (!r->old)
		grid_cells(g, "(no row)");
	else if (r->old->v[col] == MONEY_NONE)
		grid_cells(g, "unknown");
	else
		grid_cells(g, price_format(r->old, (enum price_col)col, text));
	if (r->row->v[col] == MONEY_NONE)
		grid_cells(g, "unknown");
	else
		grid_cells(g, price_format(r->row, (enum price_col)col, text));
	if (r->old && percent(r->old->v[col], r->row->v[col], text)[0])
		grid_cells(g, text);
	else
		grid_cells(g, "-");
}

static void diff_grid(const struct price_plan *p, struct buf *out)
{
	struct grid g;

	grid_init(&g, diff_cols);
	for (size_t i = 0; i < p->n; i++) {
		const struct price_plan_row *r = &p->rows[i];

		for (int col = 0; col < PRICE_COLS; col++) {
			if (price_plan_adds(r) && col_differs(r, col))
				diff_cells(&g, r, col);
		}
	}
	grid_print(&g, out);
	grid_release(&g);
}

/* What an accountant wants to be told before it happens. */
static void warn(const struct price_plan *p)
{
	char day[16], later[16];

	for (size_t i = 0; i < p->n; i++) {
		const struct price_plan_row *r = &p->rows[i];

		if (!r->hides)
			continue;
		fprintf(stderr,
			"aco: warning: line %d (%.*s/%.*s from %s) hides "
			"price %d, which is valid from %s\n",
			r->line, STR_ARG(r->row->provider),
			STR_ARG(r->row->model),
			price_day(r->row->valid_from, "ever", day),
			r->hides->id,
			price_day(r->hides->valid_from, "ever", later));
	}
	if (p->count[PRICE_ROW_CHANGED] && p->always)
		fprintf(stderr,
			"aco: warning: %zu rows without valid_from apply to "
			"the past too\nhint: give them a first day with "
			"--valid-from\n",
			p->always);
}

static void summary(const struct price_plan *p, const char *path,
		    const char *what, struct buf *out)
{
	buf_addf(out, "%s: %zu new, %zu changed, %zu same%s", path,
		 p->count[PRICE_ROW_NEW], p->count[PRICE_ROW_CHANGED],
		 p->count[PRICE_ROW_SAME] + p->count[PRICE_ROW_AGAIN], what);
	if (p->count[PRICE_ROW_AGAIN])
		buf_addf(out, " (%zu of them added again to stay last)",
			 p->count[PRICE_ROW_AGAIN]);
	buf_addc(out, '\n');
}

static enum rc read_plan(const struct price_cmd *c, struct price_plan *p,
			 struct err *e)
{
	struct price_plan_opts o = {c->source, c->valid_from};

	return price_plan_read(p, c->words[0], &o, e);
}

int price_cmd_diff(const struct price_cmd *c)
{
	struct price_cmd read = *c;
	struct price_book *now = NULL;
	struct price_plan p;
	const char *origin;
	struct json_out o;
	struct err e = {0};
	struct buf out;
	enum rc rc;
	int code;

	/* Who says so makes no difference. */
	read.source = STR("file");
	rc = read_plan(&read, &p, &e);
	if (rc != RC_OK)
		return price_cmd_fail(rc, &e);
	rc = price_cmd_book(c, &now, &origin, &e);
	if (rc != RC_OK) {
		price_plan_release(&p);
		return price_cmd_fail(rc, &e);
	}
	buf_init(&out, OUT_MAX);
	price_plan_compare(&p, now);
	if (c->format == PRICE_JSON) {
		json_out_init(&o, &out);
		json_out_obj(&o, NULL);
		json_out_str(&o, "book", str_from(origin));
		json_out_str(&o, "file", str_from(c->words[0]));
		plan_json(&o, &p);
		json_out_end(&o, '}');
		buf_addc(&out, '\n');
	} else {
		diff_grid(&p, &out);
		summary(&p, c->words[0], "", &out);
		warn(&p);
	}
	code = price_cmd_flush(&out);
	buf_release(&out);
	price_plan_release(&p);
	price_book_free(now);
	return code;
}

/* ---- import ---- */

static enum rc store(struct db *db, const struct price_plan *p, struct err *e)
{
	const struct price_row **add = xcalloc(p->n + 1, sizeof(*add));
	size_t n = 0;
	enum rc rc;

	for (size_t i = 0; i < p->n; i++) {
		if (price_plan_adds(&p->rows[i]))
			add[n++] = p->rows[i].row;
	}
	rc = price_store_add(db, add, n, e);
	free(add);
	return rc;
}

/* Compare and add in one transaction, so that no other import comes between;
 * *now is kept, for the plan points into it. */
static enum rc import(const struct price_cmd *c, struct price_plan *p,
		      struct price_book **now, struct err *e)
{
	struct db *db = NULL;
	enum rc rc = price_cmd_open(c, &db, e);

	if (rc == RC_OK)
		rc = price_store_begin(db, now, e);
	if (rc == RC_OK) {
		price_plan_compare(p, *now);
		if (!c->dry_run)
			rc = store(db, p, e);
		rc = price_store_end(db, rc, e);
	}
	db_close(db);
	return rc;
}

int price_cmd_import(const struct price_cmd *c)
{
	struct price_book *now = NULL;
	struct price_plan p;
	struct json_out o;
	struct err e = {0};
	struct buf out;
	enum rc rc = read_plan(c, &p, &e);
	int code;

	if (rc == RC_OK)
		rc = import(c, &p, &now, &e);
	if (rc != RC_OK) {
		price_plan_release(&p);
		price_book_free(now);
		return price_cmd_fail(rc, &e);
	}
	buf_init(&out, OUT_MAX);
	if (c->format == PRICE_JSON) {
		json_out_init(&o, &out);
		json_out_obj(&o, NULL);
		json_out_str(&o, "file", str_from(c->words[0]));
		json_out_bool(&o, "dry_run", c->dry_run);
		plan_json(&o, &p);
		json_out_end(&o, '}');
		buf_addc(&out, '\n');
	} else {
		summary(&p, c->words[0],
			c->dry_run ? "; nothing was changed" : "", &out);
		warn(&p);
	}
	code = price_cmd_flush(&out);
	buf_release(&out);
	price_plan_release(&p);
	price_book_free(now);
	return code;
}
