#include "ingest/import_report.h"

#include "ledger/base/buf.h"
#include "ledger/money.h"

#define REPORT_MAX ((size_t)64 << 10)

static void add(int64_t *sum, int64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = INT64_MAX;
}

void import_report_add(struct import_report *r, const struct ledger_counts *n)
{
	struct ledger_counts *c = &r->counts;

	add(&c->attempts_new, n->attempts_new);
	add(&c->attempts_merged, n->attempts_merged);
	add(&c->attempts_same, n->attempts_same);
	add(&c->tasks_new, n->tasks_new);
	add(&c->outcomes_new, n->outcomes_new);
	add(&c->outcomes_same, n->outcomes_same);
	add(&c->trials_new, n->trials_new);
	add(&c->trials_changed, n->trials_changed);
	add(&c->trials_same, n->trials_same);
	add(&c->dead, n->dead);
	add(&c->unpriced, n->unpriced);
	add(&c->cost_new_pusd, n->cost_new_pusd);
}

/* ---- for a person ---- */

/* "1,234,567" */
static void number(struct buf *b, int64_t v)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%lld", (long long)v);

	for (int i = 0; i < n; i++) {
		buf_addc(b, digits[i]);
		if (n - i > 1 && (n - i) % 3 == 1)
			buf_addc(b, ',');
	}
}

static void counted(struct buf *b, const char *before, int64_t n,
		    const char *after)
{
	buf_adds(b, before);
	number(b, n);
	buf_addc(b, ' ');
	buf_adds(b, after);
}

static void files_text(const struct import_report *r, struct buf *b)
{
	const struct import_totals *t = r->totals;

	counted(b, "files     ", t->files_read, "read");
	counted(b, ", ", t->files_unchanged, "unchanged");
	counted(b, ", ", t->files_failed, "failed");
	buf_addf(b, " (%.1f MB)\n", (double)t->bytes / 1e6);
	if (!r->interrupted)
		return;
	counted(b, "          interrupted: ",
		t->files_read + t->files_unchanged + t->files_failed, "of ");
	number(b, r->files);
	buf_adds(b, " files done\n");
}

static void rows_text(const struct import_report *r, struct buf *b)
{
	const struct ledger_counts *c = &r->counts;
	char money[MONEY_TEXT];

	counted(b, "calls     ", c->attempts_new, "new");
	counted(b, ", ", c->attempts_merged, "merged");
	counted(b, ", ", c->attempts_same + r->totals->known, "known\n");
	buf_addf(b, "cost      $%s new", money_format(c->cost_new_pusd, money));
	if (c->unpriced)
		counted(b, ", ", c->unpriced, "calls without a price");
	buf_addc(b, '\n');
	counted(b, "tasks     ", c->tasks_new, "new\n");
	if (c->outcomes_new || c->outcomes_same) {
		counted(b, "outcomes  ", c->outcomes_new, "new");
		counted(b, ", ", c->outcomes_same, "known\n");
	}
	if (c->trials_new || c->trials_changed || c->trials_same) {
		counted(b, "trials    ", c->trials_new, "new");
		counted(b, ", ", c->trials_changed, "changed");
		counted(b, ", ", c->trials_same, "known\n");
	}
}

static void dry_text(const struct import_report *r, struct buf *b)
{
	const struct import_totals *t = r->totals;

	counted(b, "found     ", t->attempts, "calls");
	counted(b, ", ", t->tasks, "tasks");
	counted(b, ", ", t->outcomes, "outcomes");
	counted(b, ", ", t->trials, "trials; nothing was written\n");
}

static void person(const struct import_report *r, struct buf *b)
{
	const struct import_totals *t = r->totals;
	int64_t dead = t->dead + r->counts.dead;

	files_text(r, b);
	if (r->dry_run)
		dry_text(r, b);
	else
		rows_text(r, b);
	for (int i = 0; i < t->n_reasons; i++) {
		counted(b, i ? "          " : "skipped   ", t->reasons[i].n,
			t->reasons[i].text);
		buf_addc(b, '\n');
	}
	if (dead)
		counted(b, "refused   ", dead,
			r->dry_run ? "rows\n" : "rows, kept as dead letters\n");
}

/* ---- JSON ---- */

static void files_json(const struct import_report *r, struct json_out *o)
{
	const struct import_totals *t = r->totals;

	json_out_obj(o, "files");
	json_out_i64(o, "found", r->files);
	json_out_i64(o, "read", t->files_read);
	json_out_i64(o, "unchanged", t->files_unchanged);
	json_out_i64(o, "failed", t->files_failed);
	json_out_i64(o, "bytes", t->bytes);
	json_out_end(o, '}');
}

static void rows_json(const struct import_report *r, struct json_out *o)
{
	const struct ledger_counts *c = &r->counts;
	const struct import_totals *t = r->totals;
	char money[MONEY_TEXT];

	json_out_obj(o, "attempts");
	json_out_i64(o, "read", t->attempts);
	json_out_i64(o, "new", c->attempts_new);
	json_out_i64(o, "merged", c->attempts_merged);
	json_out_i64(o, "same", c->attempts_same);
	json_out_i64(o, "known", t->known);
	json_out_i64(o, "unpriced", c->unpriced);
	json_out_end(o, '}');
	json_out_i64(o, "tasks_new", c->tasks_new);
	json_out_obj(o, "outcomes");
	json_out_i64(o, "read", t->outcomes);
	json_out_i64(o, "new", c->outcomes_new);
	json_out_i64(o, "same", c->outcomes_same);
	json_out_end(o, '}');
	json_out_obj(o, "trials");
	json_out_i64(o, "read", t->trials);
	json_out_i64(o, "new", c->trials_new);
	json_out_i64(o, "changed", c->trials_changed);
	json_out_i64(o, "same", c->trials_same);
	json_out_end(o, '}');
	json_out_str(o, "cost_new_usd",
		     str_from(money_format(c->cost_new_pusd, money)));
}

static void machine(const struct import_report *r, struct buf *b)
{
	const struct import_totals *t = r->totals;
	struct json_out o;

	json_out_init(&o, b);
	json_out_obj(&o, NULL);
	json_out_str(&o, "kind", str_from(r->kind));
	json_out_bool(&o, "dry_run", r->dry_run);
	json_out_bool(&o, "interrupted", r->interrupted);
	files_json(r, &o);
	rows_json(r, &o);
	json_out_i64(&o, "dead", t->dead + r->counts.dead);
	json_out_obj(&o, "skipped");
	for (int i = 0; i < t->n_reasons; i++)
		json_out_i64(&o, t->reasons[i].text, t->reasons[i].n);
	json_out_end(&o, '}');
	json_out_end(&o, '}');
	buf_addc(b, '\n');
}

void import_report_print(const struct import_report *r, bool json, FILE *out)
{
	struct buf b;

	buf_init(&b, REPORT_MAX);
	if (json)
		machine(r, &b);
	else
		person(r, &b);
	fputs(buf_str(&b), out);
	buf_release(&b);
}
