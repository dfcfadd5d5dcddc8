/* What needs somebody: alerts, calls without a price or a class, failures, rows
 * that could not be taken, the spool, drift. The worst first. */
#include <stdio.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "tui/fmt.h"
#include "tui/health.h"
#include "tui/view.h"

enum {
	WEIGHT,
	KIND,
	SUBJECT,
	N,
	MONEY,
	AT,
	DETAIL,
	LEVEL,
	COLS
};

static const struct column cols[COLS] = {
	[WEIGHT] = {.name = "urgency",
		    .title = "PRIO",
		    .help = "act: now; soon: before it grows; know: when free",
		    .width = 8},
	[KIND] = {.name = "kind",
		  .title = "WHAT",
		  .help = "what it is about",
		  .width = 18,
		  .min = 13},
	[SUBJECT] = {.name = "subject",
		     .title = "OF",
		     .help = "whom or what it concerns",
		     .width = 32,
		     .min = 14,
		     .drop = 1},
	[N] = {.name = "n",
	       .title = "COUNT",
	       .help = "how many calls, rows or letters",
	       .kind = CELL_INT,
	       .drop = 3},
	[MONEY] = {.name = "amount_usd",
		   .title = "AMOUNT",
		   .help = "how much money it concerns",
		   .kind = CELL_MONEY,
		   .drop = 4},
	[AT] = {.name = "at",
		.title = "SINCE",
		.help = "when it began or was seen last",
		.kind = CELL_TIME,
		.drop = 5},
	[DETAIL] = {.name = "detail",
		    .title = "DETAIL",
		    .help = "what is known, and what to do",
		    .width = 64,
		    .prose = true,
		    .min = 16,
		    .drop = 2},
	[LEVEL] = {.name = "weight", .kind = CELL_INT},
};

static bool attention_args(const struct query_page *p, const struct context *c,
			   const struct table *t, struct db_args *a)
{
	(void)p;
	(void)t;
	query_attention_args(a, &c->span, c->now_us);
	return true;
}

static int add(struct table *t, int weight, struct str kind, struct str subject)
{
	static const char *const words[] = {"know", "soon", "act"};
	static const enum tone tones[] = {TONE_DIM, TONE_WARN, TONE_BAD};
	char key[256];
	int n = snprintf(key, sizeof(key), "%.*s/%.*s/%zu", STR_ARG(kind),
			 subject.len > 160 ? 160 : (int)subject.len,
			 subject.p ? subject.p : "", t->n);
	int r = table_add(t, key, (size_t)n < sizeof(key) ? (size_t)n : 0, -1);

	weight = weight < 1 || weight > 3 ? 1 : weight;
	table_text(t, r, WEIGHT, str_from(words[weight - 1]));
	table_tone(t, r, WEIGHT, tones[weight - 1]);
	table_text(t, r, KIND, kind);
	table_text(t, r, SUBJECT, subject);
	table_int(t, r, LEVEL, weight);
	return r;
}

/* The spool fills while the database is away, or the daemon is. */
static void fill_health(struct table *t, const struct context *c)
{
	const struct health *h = c->health;
	char text[128], age[FMT_TEXT];
	int r;

	if (!h || !h->looked || h->spool_records == 0)
		return;
	r = add(t, h->daemon == DAEMON_NONE ? 3 : 2, STR("spool"),
		STR("not yet in the ledger"));
	table_int(t, r, N, h->spool_records);
	table_time(t, r, AT, h->spool_oldest_us);
	snprintf(text, sizeof(text), "%lld bytes%s", (long long)h->spool_bytes,
		 h->daemon == DAEMON_NONE
			 ? "; no daemon runs here: start aco serve"
			 : "");
	table_text(t, r, DETAIL, str_from(text));
	if (h->lag_us < 60 * US_PER_SEC)
		return;
	r = add(t, 2, STR("lag"), STR("of the daemon"));
	snprintf(text, sizeof(text), "what it was told waits for %s",
		 fmt_span(h->lag_us, age));
	table_text(t, r, DETAIL, str_from(text));
}

static void attention_take(const struct context *c, struct table *t,
			   const struct db_result *res)
{
	struct query_attention q;

	for (int i = 0; i < db_rows(res); i++) {
		int r;

		query_attention_row(res, i, &q);
		r = add(t, q.weight, q.kind, q.subject);
		t->rows[r].at.class_id = q.class_id;
		if (q.class_id)
			t->rows[r].at.class_name = "unattributed";
		t->rows[r].at.bundle_id = q.bundle_id;
		t->rows[r].at.text = table_keep(t, q.subject);
		if (q.n >= 0)
			table_int(t, r, N, q.n);
		if (q.has_pusd)
			table_money(t, r, MONEY, q.pusd);
		table_time(t, r, AT, q.at_us);
		table_text(t, r, DETAIL, q.detail);
	}
	fill_health(t, c);
}

static const struct view *attention_enter(const struct table *t, int row,
					  struct place *to)
{
	const char *kind = table_get(t, row, KIND)->v.text;

	if (t->rows[row].at.class_id) {
		to->class_id = t->rows[row].at.class_id;
		to->class_name = t->rows[row].at.class_name;
		return &view_tasks;
	}
	if (t->rows[row].at.bundle_id) {
		to->bundle_id = t->rows[row].at.bundle_id;
		return &view_router;
	}
	if (!strcmp(kind, "dead letters"))
		return &view_dead;
	if (!strcmp(kind, "unpriced") || !strcmp(kind, "errors"))
		return &view_models;
	if (strstr(kind, "budget") || strstr(kind, "overrun"))
		return &view_budgets;
	return NULL;
}

static const char *attention_empty(const struct place *at,
				   const struct context *c)
{
	(void)at;
	(void)c;
	return "Nothing needs anybody.";
}

static const struct ask asks[] = {
	{&sql_query_attention, attention_args, attention_take, 0},
};

const struct view view_attention = {
	.name = "attention",
	.title = "attention",
	.about = "what needs somebody, the worst first",
	.layout = VIEW_LIST,
	.cols = cols,
	.n_cols = COLS,
	.sort = -1,
	.detail = DETAIL,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = attention_enter,
	.empty = attention_empty,
	.key = '8',
};
