#include "router/certificate.h"

#include <stdio.h>

#include "ledger/base/arena.h"
#include "ledger/base/json.h"
#include "ledger/grid.h"

#define NODES_MAX  ((size_t)1 << 20)
#define ARENA_MAX  ((size_t)4 << 20)
#define CELL_BYTES 64

static void number(const struct json *v, const char *fmt, double scale,
		   char *out)
{
	double d;

	if (!json_double(v, &d)) {
		snprintf(out, CELL_BYTES, "-");
		return;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(out, CELL_BYTES, fmt, d * scale);
#pragma GCC diagnostic pop
}

static void cell(struct grid *g, const struct json *v, const char *fmt,
		 double scale)
{
	char text[CELL_BYTES];

	number(v, fmt, scale, text);
	grid_cells(g, text);
}

static const struct grid_col class_cols[] = {
	{"CLASS", false},   {"SERVES", false}, {"TASKS", true},
	{"STATIC %", true}, {"COST $", true},  {"LEARNED %", true},
	{"COST $", true},   {"GAIN PT", true}, {"AT LEAST", true},
	{"ECE", true},      {"WHY", false},    {NULL, false},
};

static void classes(const struct json *doc, struct arena *a, struct buf *out)
{
	const struct json *all = json_get(doc, "classes");
	struct grid g;

	grid_init(&g, class_cols);
	for (const struct json *c = json_first(all); c; c = json_next(all, c)) {
		grid_cell(&g, json_str(json_get(c, "name"), a));
		grid_cell(&g, json_str(json_get(c, "serves"), a));
		cell(&g, json_get(c, "tasks"), "%.0f", 1);
		cell(&g, json_path(c, "static.success"), "%.1f", 100);
		cell(&g, json_path(c, "static.cost_usd"), "%.4g", 1);
		cell(&g, json_path(c, "learned.success"), "%.1f", 100);
		cell(&g, json_path(c, "learned.cost_usd"), "%.4g", 1);
		cell(&g, json_get(c, "gain"), "%+.2f", 100);
		cell(&g, json_get(c, "gain_low"), "%+.2f", 100);
		cell(&g, json_get(c, "ece"), "%.3f", 1);
		grid_cell(&g, json_str(json_get(c, "why"), a));
	}
	grid_print(&g, out);
	grid_release(&g);
}

static void head(const struct json *doc, struct arena *a, struct buf *out)
{
	struct str at = json_str(json_get(doc, "trained_at"), a);
	char ece[CELL_BYTES], skill[CELL_BYTES], rows[CELL_BYTES];

	number(json_path(doc, "metrics.ece"), "%.4f", 1, ece);
	number(json_path(doc, "metrics.brier_skill"), "%.3f", 1, skill);
	number(json_path(doc, "metrics.rows"), "%.0f", 1, rows);
	if (at.len)
		buf_addf(out, "trained %.*s\n", STR_ARG(at));
	buf_addf(out,
		 "calibration: error %s, Brier skill %s against class rates, "
		 "on %s held-out verdicts\n",
		 ece, skill, rows);
}

static void gate(const struct json *doc, struct arena *a, struct buf *out)
{
	const struct json *g = json_get(doc, "gate");
	struct str reason = json_str(json_get(g, "reason"), a);
	char gain[CELL_BYTES], low[CELL_BYTES], now[CELL_BYTES],
		next[CELL_BYTES], saved[CELL_BYTES];

	if (!g)
		return;
	number(json_get(g, "gain"), "%+.2f", 100, gain);
	number(json_get(g, "gain_low"), "%+.2f", 100, low);
	number(json_path(g, "now.cost_usd"), "%.4g", 1, now);
	number(json_path(g, "next.cost_usd"), "%.4g", 1, next);
	buf_addf(out,
		 "gate: %s: %.*s; gain %s points, at least %s; a task costs "
		 "$%s, was $%s\n",
		 json_true(json_get(g, "passed")) ? "passed" : "refused",
		 STR_ARG(reason), gain, low, next, now);
	number(json_path(doc, "preview.saved_usd"), "%.4g", 1, saved);
	number(json_path(doc, "preview.low"), "%.4g", 1, low);
	number(json_path(doc, "preview.high"), "%.4g", 1, next);
	buf_addf(out, "a week of tasks would save $%s (%s to %s)\n", saved, low,
		 next);
}

/* A version that only differs from another by its calibrations. */
static void refreshed(const struct json *doc, struct buf *out)
{
	const struct json *c = json_get(doc, "calibration");
	char of[CELL_BYTES], was[CELL_BYTES], is[CELL_BYTES], n[CELL_BYTES];

	if (!c)
		return;
	number(json_get(c, "of"), "%.0f", 1, of);
	number(json_get(c, "ece_was"), "%.4f", 1, was);
	number(json_get(c, "ece"), "%.4f", 1, is);
	number(json_get(c, "judged"), "%.0f", 1, n);
	buf_addf(out,
		 "version %s with other calibrations: error %s, was %s, on %s "
		 "later verdicts\n",
		 of, is, was, n);
}

static void drift(const struct json *doc, struct arena *a, struct buf *out)
{
	const struct json *d = json_get(doc, "drift");
	struct str state = json_str(json_get(d, "state"), a);
	struct str why = json_str(json_get(d, "why"), a);

	if (state.len)
		buf_addf(out, "drift: %.*s%s%.*s\n", STR_ARG(state),
			 why.len ? ": " : "", STR_ARG(why));
}

enum rc certificate_text(struct str json, struct buf *out, struct err *e)
{
	struct json_doc d;
	struct arena a;
	enum rc rc;

	json_doc_init(&d, NODES_MAX);
	arena_init(&a, ARENA_MAX);
	rc = json_parse(&d, json, e);
	if (!rc && !json_is(&d.nodes[0], JSON_OBJECT))
		rc = err_set(e, RC_BAD, "the certificate is no object");
	if (!rc) {
		head(&d.nodes[0], &a, out);
		classes(&d.nodes[0], &a, out);
		gate(&d.nodes[0], &a, out);
		refreshed(&d.nodes[0], out);
		drift(&d.nodes[0], &a, out);
	}
	arena_release(&a);
	json_doc_release(&d);
	return rc;
}
