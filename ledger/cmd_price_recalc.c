/* aco price recalc. */
#include <stdio.h>
#include <stdlib.h>

#include "ledger/base/progress.h"
#include "ledger/cmd_price.h"
#include "ledger/db.h"
#include "ledger/grid.h"
#include "ledger/money.h"
#include "ledger/recalc.h"

#define OUT_MAX ((size_t)16 << 20)

static void on_progress(void *arg, int64_t done, int64_t of)
{
	struct progress *p = arg;

	p->total = of;
	progress_update(p, done, done);
}

static void model_json(struct json_out *o, const struct recalc_model *m)
{
	char text[MONEY_TEXT];

	json_out_i64(o, "calls", m->calls);
	json_out_i64(o, "newly_priced", m->priced);
	json_out_i64(o, "newly_unpriced", m->unpriced);
	json_out_str(o, "old_usd",
		     str_from(money_format_sum(m->old_pusd, text)));
	json_out_str(o, "new_usd",
		     str_from(money_format_sum(m->new_pusd, text)));
	json_out_str(
		o, "change_usd",
		str_from(money_format_sum(m->new_pusd - m->old_pusd, text)));
}

static void sums_json(const struct price_cmd *c, const struct recalc_sums *s,
		      struct buf *out)
{
	struct json_out o;

	json_out_init(&o, out);
	json_out_obj(&o, NULL);
	json_out_bool(&o, "dry_run", c->dry_run);
	json_out_i64(&o, "checked", s->checked);
	model_json(&o, &s->all);
	json_out_arr(&o, "models");
	for (size_t i = 0; i < s->n; i++) {
		if (!s->models[i].calls)
			continue;
		json_out_obj(&o, NULL);
		json_out_str(&o, "provider", s->models[i].provider);
		json_out_str(&o, "model", s->models[i].name);
		model_json(&o, &s->models[i]);
		json_out_end(&o, '}');
	}
	json_out_end(&o, ']');
	json_out_end(&o, '}');
	buf_addc(out, '\n');
}

static const struct grid_col cols[] = {
	{"MODEL", false},  {"CALLS", true},   {"NEWLY PRICED", true},
	{"OLD USD", true}, {"NEW USD", true}, {"CHANGE USD", true},
	{NULL, false},
};

static void money_cell(struct grid *g, __int128 pusd)
{
	char text[MONEY_TEXT];

	grid_cells(g, money_format_sum(pusd, text));
}

static void model_cells(struct grid *g, const char *name,
			const struct recalc_model *m)
{
	char text[32];

	grid_cells(g, name);
	snprintf(text, sizeof(text), "%lld", (long long)m->calls);
	grid_cells(g, text);
	snprintf(text, sizeof(text), "%lld", (long long)m->priced);
	grid_cells(g, text);
	money_cell(g, m->old_pusd);
	money_cell(g, m->new_pusd);
	money_cell(g, m->new_pusd - m->old_pusd);
}

static void sums_plain(const struct price_cmd *c, const struct recalc_sums *s,
		       struct buf *out)
{
	struct grid g;

	grid_init(&g, cols);
	for (size_t i = 0; i < s->n; i++) {
		const struct recalc_model *m = &s->models[i];
		char name[PRICE_PROVIDER_MAX + 300];

		if (!m->calls)
			continue;
		snprintf(name, sizeof(name), "%.*s/%.*s", STR_ARG(m->provider),
			 STR_ARG(m->name));
		model_cells(&g, name, m);
	}
	if (s->all.calls)
		model_cells(&g, "total", &s->all);
	grid_print(&g, out);
	grid_release(&g);
	buf_addf(out, "%lld calls checked, %lld %s\n", (long long)s->checked,
		 (long long)s->all.calls,
		 c->dry_run ? "would cost something else; nothing was changed"
			    : "corrected");
}

/* Why, kept with each correction: the book by its newest row. */
static void reason(const struct price_book *b, char *buf, size_t size)
{
	size_t n;
	const struct price_row *r = price_book_rows(b, &n);

	snprintf(buf, size, "recalc: prices up to %d", n ? r[n - 1].id : 0);
}

static enum rc recalc(const struct price_cmd *c, struct recalc_sums *sums,
		      struct err *e)
{
	struct recalc_opts o = {.since_us = c->since_us,
				.until_us = c->until_us,
				.model = c->model,
				.dry_run = c->dry_run,
				.progress = on_progress};
	struct price_book *b = NULL;
	struct db *db = NULL;
	struct progress bar;
	char why[64];
	enum rc rc = price_cmd_open(c, &db, e);

	if (rc == RC_OK)
		rc = price_book_load(&b, db, e);
	if (rc == RC_OK) {
		reason(b, why, sizeof(why));
		o.reason = str_from(why);
		o.arg = &bar;
		progress_start(&bar, "recalc", 0);
		rc = recalc_run(db, b, &o, sums, e);
		progress_end(&bar);
	}
	price_book_free(b);
	db_close(db);
	return rc;
}

int price_cmd_recalc(const struct price_cmd *c)
{
	struct recalc_sums sums;
	struct err e = {0};
	struct buf out;
	enum rc rc;
	int code;

	recalc_sums_init(&sums);
	rc = recalc(c, &sums, &e);
	buf_init(&out, OUT_MAX);
	if (rc == RC_OK || sums.all.calls) {
		if (c->format == PRICE_JSON)
			sums_json(c, &sums, &out);
		else
			sums_plain(c, &sums, &out);
	}
	code = price_cmd_flush(&out);
	buf_release(&out);
	recalc_sums_release(&sums);
	return rc != RC_OK ? price_cmd_fail(rc, &e) : code;
}
