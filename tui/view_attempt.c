/* One attempt with all its fields, and how its cost comes about. */
#include "tui/view.h"

#include <inttypes.h>
#include <stdio.h>

#include "ledger/base/clock.h"
#include "ledger/cost.h"
#include "ledger/money.h"
#include "ledger/price.h"
#include "tui/reasons.h"

enum {
	MODEL,
	REQUESTED,
	PROVIDER,
	TIER,
	STATUS,
	FINISH,
	ERROR,
	COST,
	REPORTED,
	BUCKETS, /* USAGE_N columns in the order of enum usage_bucket */
	TOTAL = BUCKETS + USAGE_N,
	ARITHMETIC,
	PRICE,
	WAS,
	CHOICE,
	EVIDENCE,
	TASK,
	CLASS,
	AGENT,
	TEAM,
	STEP,
	NUMBER,
	ESCALATED,
	DECISION,
	STARTED,
	FIRST,
	ENDED,
	RECEIVED,
	TO_FIRST,
	TOOK,
	SOURCE,
	QUALITY,
	SERVICE,
	SENDER,
	NAMES,
	CORRECTIONS,
	DAY,
	ID,
	TASK_ID,
	STEP_ID,
	COLS
};

#define BUCKET(which, field, heading, text)                                    \
	[BUCKETS + (which)] = {.name = (field),                                \
			       .title = (heading),                             \
			       .help = (text),                                 \
			       .kind = CELL_INT}

static const struct column cols[COLS] = {
	[MODEL] = {.name = "model",
		   .title = "model",
		   .help = "the model that served",
		   .section = "ATTEMPT"},
	[REQUESTED] = {.name = "requested_model",
		       .title = "requested",
		       .help = "the model that was asked for"},
	[PROVIDER] = {.name = "provider",
		      .title = "provider",
		      .help = "whose model it is"},
	[TIER] = {.name = "tier",
		  .title = "tier",
		  .help = "1 cheapest to 5 most capable",
		  .kind = CELL_INT},
	[STATUS] = {.name = "status",
		    .title = "state",
		    .help = "ok, error, aborted or refused"},
	[FINISH] = {.name = "finish_reason",
		    .title = "finish",
		    .help = "why the model stopped, in its words"},
	[ERROR] = {.name = "error_class",
		   .title = "error",
		   .help = "what went wrong"},
	[COST] = {.name = "cost_usd",
		  .title = "cost",
		  .help = "computed from tokens and price, exact",
		  .kind = CELL_MONEY},
	[REPORTED] = {.name = "reported_cost_usd",
		      .title = "reported",
		      .help = "the sender's own figure, never added",
		      .kind = CELL_MONEY},
	[BUCKETS] = {.name = "uncached_in",
		     .title = "input",
		     .help = "input tokens that no cache held",
		     .kind = CELL_INT,
		     .section = "TOKENS"},
	BUCKET(USAGE_CACHE_READ, "cache_read", "cache read",
	       "input tokens read from a cache"),
	BUCKET(USAGE_CACHE_WRITE_5M, "cache_write_5m", "written 5m",
	       "input tokens written to a cache for five minutes"),
	BUCKET(USAGE_CACHE_WRITE_1H, "cache_write_1h", "written 1h",
	       "input tokens written to a cache for an hour"),
	BUCKET(USAGE_OUTPUT, "output", "output",
	       "output tokens, reasoning included"),
	BUCKET(USAGE_REASONING, "reasoning", "reasoning",
	       "the part of the output that was reasoning"),
	BUCKET(USAGE_AUDIO_IN, "audio_in", "audio in", "audio heard"),
	BUCKET(USAGE_AUDIO_OUT, "audio_out", "audio out", "audio spoken"),
	BUCKET(USAGE_WEB_SEARCH, "web_search", "searches",
	       "web searches that are billed"),
	BUCKET(USAGE_OTHER_TOOLS, "other_tools", "other tools",
	       "other tools that are billed"),
	[TOTAL] = {.name = "total",
		   .title = "total",
		   .help = "all tokens, each counted once",
		   .kind = CELL_INT},
	[ARITHMETIC] = {.name = "arithmetic",
			.title = "arithmetic",
			.help = "how the cost comes about",
			.kind = CELL_LINES,
			.section = "ARITHMETIC"},
	[PRICE] = {.name = "price_id",
		   .title = "price row",
		   .help = "the row that made the cost; Enter shows it",
		   .kind = CELL_ID},
	[WAS] = {.name = "corrected_from_usd",
		 .title = "before",
		 .help = "the cost before it was calculated anew",
		 .kind = CELL_MONEY},
	[CHOICE] = {.name = "choice",
		    .title = "choice",
		    .help = "why the router chose as it did",
		    .kind = CELL_LINES,
		    .section = "DECISION",
		    .aside = true},
	[EVIDENCE] = {.name = "evidence",
		      .title = "evidence",
		      .help = "what the router saw after it",
		      .kind = CELL_LINES,
		      .section = "EVIDENCE"},
	[TASK] = {.name = "task_ext_id",
		  .title = "task",
		  .help = "the name its sender gave it",
		  .section = "PLACE"},
	[CLASS] = {.name = "task_class",
		   .title = "class",
		   .help = "of the task"},
	[AGENT] = {.name = "agent",
		   .title = "agent",
		   .help = "who worked on it"},
	[TEAM] = {.name = "team",
		  .title = "team",
		  .help = "whose budget it is on"},
	[STEP] = {.name = "step",
		  .title = "step",
		  .help = "number, kind and tool of the step"},
	[NUMBER] = {.name = "attempt_no",
		    .title = "attempt",
		    .help = "which attempt at this step",
		    .kind = CELL_INT},
	[ESCALATED] = {.name = "escalated_from",
		       .title = "escalated",
		       .help = "the attempt of a lower tier before it",
		       .width = 36},
	[DECISION] = {.name = "decision_id",
		      .title = "decision",
		      .help = "of the router",
		      .width = 36},
	[STARTED] = {.name = "started_at",
		     .title = "started",
		     .help = "when it was sent",
		     .kind = CELL_TIME,
		     .section = "TIMES"},
	[FIRST] = {.name = "first_token_at",
		   .title = "first token",
		   .help = "when the answer began",
		   .kind = CELL_TIME},
	[ENDED] = {.name = "ended_at",
		   .title = "ended",
		   .help = "when the answer was whole",
		   .kind = CELL_TIME},
	[RECEIVED] = {.name = "received_at",
		      .title = "received",
		      .help = "when the ledger heard of it",
		      .kind = CELL_TIME},
	[TO_FIRST] = {.name = "time_to_first_token_us",
		      .title = "to first",
		      .help = "from start to the first token",
		      .kind = CELL_SPAN},
	[TOOK] = {.name = "duration_us",
		  .title = "took",
		  .help = "from start to end",
		  .kind = CELL_SPAN},
	[SOURCE] = {.name = "source",
		    .title = "source",
		    .help = "the best source that reported it",
		    .section = "RECORD"},
	[QUALITY] = {.name = "usage_quality",
		     .title = "usage",
		     .help = "how far its token counts can be trusted"},
	[SERVICE] = {.name = "service_tier",
		     .title = "service",
		     .help = "service tier, as the answer says"},
	[SENDER] = {.name = "sender",
		    .title = "sender",
		    .help = "who numbers the tasks"},
	[NAMES] = {.name = "names",
		   .title = "names",
		   .help = "identifiers it is known under",
		   .kind = CELL_INT},
	[CORRECTIONS] = {.name = "corrections",
			 .title = "corrected",
			 .help = "times its cost was calculated anew",
			 .kind = CELL_INT},
	[DAY] = {.name = "day",
		 .title = "day",
		 .help = "the partition that holds it",
		 .section = "IN THE LEDGER"},
	[ID] = {.name = "attempt_id",
		.title = "id",
		.help = "in the table attempt",
		.width = 36},
	[TASK_ID] = {.name = "task_id"},
	[STEP_ID] = {.name = "step_id"},
};

static bool attempt_args(const struct query_page *p, const struct context *c,
			 const struct table *t, struct db_args *a)
{
	(void)c;
	(void)t;
	query_attempt_args(a, p->at.attempt_day, p->at.attempt);
	return true;
}

static void fill_money(struct table *t, int col, int64_t pusd, const char *alt)
{
	if (pusd != MONEY_NONE)
		table_money(t, 0, col, pusd);
	else
		table_none(t, 0, col, alt);
}

/* ---- arithmetic ---- */

/* The stored figure, recomputed with the prices of today: the same row must
 * give the same figure, and where another row fits by now it says so. */
static void explain(const struct query_attempt_full *f,
		    const struct price_book *book, struct buf *out)
{
	const struct query_attempt *a = &f->a;
	struct cost_context ctx = {
		.provider = a->provider,
		.model = a->model,
		.started_us = a->started_us,
		.service_tier = a->service_tier,
		.aggregate = f->aggregate,
	};
	struct cost k;

	cost_compute(book, &ctx, &a->usage, &k);
	if (k.state != COST_PRICED) {
		buf_addf(out, "not priced: %s", cost_state_text(k.state));
		return;
	}
	cost_explain(&ctx, &a->usage, &k, out);
	if (a->cost_pusd == MONEY_NONE)
		buf_adds(out, "\nThe ledger holds no cost: aco price recalc "
			      "writes this one.");
	else if (a->cost_pusd != k.cost_pusd || a->price_id != k.price_id)
		buf_addf(out,
			 "\nThe ledger's figure was made by price row %" PRId32
			 ", this by %" PRId32 ": see aco price recalc.",
			 a->price_id, k.price_id);
}

static void fill_arithmetic(struct table *t, const struct query_attempt_full *f,
			    const struct price_book *book)
{
	struct buf b;

	if (!book) {
		table_none(t, 0, ARITHMETIC, "reading the prices");
		return;
	}
	buf_init(&b, 1 << 16);
	explain(f, book, &b);
	table_text(t, 0, ARITHMETIC, str_from(buf_str(&b)));
	buf_release(&b);
}

/* ---- the record ---- */

static void fill_call(struct table *t, const struct query_attempt *a)
{
	table_text(t, 0, MODEL, a->model);
	table_text(t, 0, REQUESTED, a->requested_model);
	table_text(t, 0, PROVIDER, a->provider);
	if (a->tier > 0)
		table_int(t, 0, TIER, a->tier);
	table_text(t, 0, STATUS, a->status);
	if (!str_is(a->status, "ok"))
		table_tone(t, 0, STATUS, TONE_BAD);
	table_text(t, 0, FINISH, a->finish_reason);
	table_text(t, 0, ERROR, a->error_class);
	fill_money(t, COST, a->cost_pusd, "unpriced");
	if (a->cost_pusd == MONEY_NONE)
		table_tone(t, 0, COST, TONE_WARN);
	fill_money(t, REPORTED, a->reported_cost_pusd, NULL);
	for (int i = 0; i < USAGE_N; i++)
		if (a->usage.n[i] != USAGE_NONE)
			table_int(t, 0, BUCKETS + i, a->usage.n[i]);
	if (usage_missing(&a->usage))
		table_none(t, 0, TOTAL, "not reported");
	else
		table_int(t, 0, TOTAL, usage_total(&a->usage));
	if (a->price_id)
		table_int(t, 0, PRICE, a->price_id);
	else
		table_none(t, 0, PRICE, "none");
}

static void fill_times(struct table *t, const struct query_attempt *a)
{
	table_time(t, 0, STARTED, a->started_us);
	if (a->started_us == TIME_NONE) {
		table_none(t, 0, STARTED, "undated");
		table_tone(t, 0, STARTED, TONE_WARN);
	}
	table_time(t, 0, FIRST, a->first_token_us);
	table_time(t, 0, ENDED, a->ended_us);
	table_time(t, 0, RECEIVED, a->received_us);
	if (a->started_us == TIME_NONE)
		return;
	if (a->first_token_us != TIME_NONE)
		table_span(t, 0, TO_FIRST, a->first_token_us - a->started_us);
	if (a->ended_us != TIME_NONE)
		table_span(t, 0, TOOK, a->ended_us - a->started_us);
}

static void fill_place(struct table *t, const struct query_attempt_full *f)
{
	char step[96];
	int n = 0;

	if (f->step.seq > 0)
		n = snprintf(step, sizeof(step), "%" PRId32 " ", f->step.seq);
	snprintf(step + n, sizeof(step) - (size_t)n, "%.*s%s%.*s%s",
		 STR_ARG(f->step.kind), f->step.tool.p ? ", " : "",
		 STR_ARG(f->step.tool),
		 f->step.failed == 1 ? ", which failed" : "");
	table_text(t, 0, STEP, str_from(step));
	table_text(t, 0, TASK, f->task_ext_id);
	table_text(t, 0, CLASS, f->class_name);
	table_text(t, 0, AGENT, f->agent);
	table_text(t, 0, TEAM, f->team);
	table_int(t, 0, NUMBER, f->a.attempt_no);
	table_uuid(t, 0, ESCALATED, f->a.escalated_from);
	table_uuid(t, 0, DECISION, f->a.decision);
}

static void fill_record(struct table *t, const struct query_attempt_full *f)
{
	char day[16];

	table_text(t, 0, SOURCE, f->a.source);
	table_text(t, 0, QUALITY, f->a.quality);
	if (!str_is(f->a.quality, "exact"))
		table_tone(t, 0, QUALITY, TONE_WARN);
	table_text(t, 0, SERVICE, f->a.service_tier);
	table_text(t, 0, SENDER, f->sender);
	table_int(t, 0, NAMES, f->names);
	table_int(t, 0, CORRECTIONS, f->corrections);
	table_text(t, 0, DAY,
		   str_from(clock_format_day(f->a.day, day, sizeof(day))));
	table_uuid(t, 0, ID, f->a.id);
	table_uuid(t, 0, TASK_ID, f->a.task);
	table_uuid(t, 0, STEP_ID, f->a.step);
}

static void fill_evidence(struct table *t, const struct query_attempt_full *f)
{
	struct buf b;

	if (f->corrected_from_pusd != MONEY_NONE)
		table_money(t, 0, WAS, f->corrected_from_pusd);
	if (!f->evidence.len)
		return;
	buf_init(&b, 1 << 16);
	reasons_evidence(f->evidence, &b);
	table_text(t, 0, EVIDENCE, str_from(buf_str(&b)));
	buf_release(&b);
}

static void attempt_take(const struct context *c, struct table *t,
			 const struct db_result *res)
{
	struct query_attempt_full f;

	if (db_rows(res) == 0)
		return;
	query_attempt_full_row(res, 0, &f);
	table_add(t, f.a.id.b, sizeof(f.a.id.b), -1);
	t->rows[0].at.price_id = f.a.price_id;
	t->rows[0].at.task = f.a.task;
	fill_call(t, &f.a);
	fill_arithmetic(t, &f, c->book);
	fill_times(t, &f.a);
	fill_place(t, &f);
	fill_record(t, &f);
	fill_evidence(t, &f);
	t->rows[0].at.decision = f.a.decision;
	t->rows[0].at.decision_day = f.a.day;
}

static bool decision_args(const struct query_page *p, const struct context *c,
			  const struct table *t, struct db_args *a)
{
	(void)p;
	(void)c;
	if (t->n == 0 || uuid_is_nil(t->rows[0].at.decision))
		return false;
	query_decision_args(a, t->rows[0].at.decision_day,
			    t->rows[0].at.decision);
	return true;
}

static void decision_take(const struct context *c, struct table *t,
			  const struct db_result *res)
{
	struct query_decision d;
	struct buf b;

	(void)c;
	if (db_rows(res) == 0)
		return;
	query_decision_row(res, 0, &d);
	buf_init(&b, 1 << 16);
	reasons_tell(&d, &b);
	table_text(t, 0, CHOICE, str_from(buf_str(&b)));
	buf_release(&b);
}

static const struct view *attempt_enter(const struct table *t, int row,
					struct place *to)
{
	if (!t->rows[row].at.price_id)
		return NULL;
	to->price_id = t->rows[row].at.price_id;
	return &view_price;
}

static const char *attempt_empty(const struct place *at,
				 const struct context *c)
{
	(void)at;
	(void)c;
	return "This attempt is not in the ledger any more.";
}

static const struct ask asks[] = {
	{&sql_query_attempt, attempt_args, attempt_take, 0},
	{&sql_query_decision, decision_args, decision_take, ASK_WAITS},
};

const struct view view_attempt = {
	.name = "attempt",
	.title = "attempt",
	.about = "one call of a model and how its cost comes about",
	.layout = VIEW_RECORD,
	.needs = NEEDS_ATTEMPT,
	.cols = cols,
	.n_cols = COLS,
	.sort = -1,
	.needs_book = true,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = attempt_enter,
	.empty = attempt_empty,
};
