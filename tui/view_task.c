/* One task: its steps in order, each with its attempts below it. */
#include "tui/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "ledger/money.h"
#include "tui/fmt.h"

/* Rows of one task that a screen holds; the longest sessions have a few
 * thousand calls. */
#define ROWS_MAX 10000

enum {
	STEP,
	MODEL,
	COST,
	STATUS,
	NOTE,
	IN,
	CACHED,
	WRITTEN,
	OUT,
	TIME,
	TIMELINE,
	MONEY,
	TIER,
	STARTED,
	TOOL,
	LEVEL,
	SEQ,
	KIND,
	NUMBER,
	FAILED,
	STEP_ID,
	ATTEMPT_DAY,
	ATTEMPT_ID,
	PROVIDER,
	WRITE_5M,
	WRITE_1H,
	REASONING,
	FINISH,
	ERROR,
	QUALITY,
	SOURCE,
	COLS
};

static const struct column cols[COLS] = {
	[STEP] = {.name = "name",
		  .title = "STEP",
		  .help = "steps by number and kind, attempts below them",
		  .width = 20},
	[MODEL] = {.name = "model",
		   .title = "MODEL",
		   .help = "the model that served; of a step, the last one",
		   .width = 26,
		   .drop = 2},
	[COST] = {.name = "cost_usd",
		  .title = "COST",
		  .help = "cost; of a step, of all its attempts",
		  .kind = CELL_MONEY},
	[STATUS] = {.name = "status",
		    .title = "STATE",
		    .help = "how it ended; of a step, its last attempt",
		    .width = 8,
		    .drop = 1},
	[NOTE] = {.name = "note",
		  .title = "NOTE",
		  .help = "escalation, error, unusual finish, failed tool",
		  .width = 18,
		  .prose = true,
		  .drop = 3},
	[IN] = {.name = "uncached_in",
		.title = "IN",
		.help = "input tokens that no cache held",
		.kind = CELL_INT,
		.drop = 8},
	[CACHED] = {.name = "cache_read",
		    .title = "CACHED",
		    .help = "input tokens read from a cache",
		    .kind = CELL_INT,
		    .drop = 12},
	[WRITTEN] = {.name = "cache_write",
		     .title = "WRITTEN",
		     .help = "input tokens written to a cache",
		     .kind = CELL_INT,
		     .drop = 13},
	[OUT] = {.name = "output",
		 .title = "OUT",
		 .help = "output tokens, reasoning included",
		 .kind = CELL_INT,
		 .drop = 4},
	[TIME] = {.name = "duration_us",
		  .title = "TIME",
		  .help = "from start to end",
		  .kind = CELL_SPAN,
		  .drop = 6},
	[TIMELINE] = {.name = "timeline",
		      .title = "TIMELINE",
		      .help = "when it ran, of the time of the whole task",
		      .kind = CELL_BAR,
		      .width = 24,
		      .drop = 6},
	[MONEY] = {.name = "cost_share",
		   .title = "MONEY",
		   .help = "its share of the cost of the task",
		   .kind = CELL_BAR,
		   .width = 10,
		   .drop = 7},
	[TIER] = {.name = "tier",
		  .title = "TIER",
		  .help = "of the model, 1 cheapest to 5 most capable",
		  .kind = CELL_INT,
		  .drop = 9},
	[STARTED] = {.name = "started_at",
		     .title = "STARTED",
		     .help = "start of the first attempt",
		     .kind = CELL_TIME,
		     .drop = 10},
	[TOOL] = {.name = "tool",
		  .title = "TOOL",
		  .help = "the tool that the turn called",
		  .width = 16,
		  .drop = 11},
	[LEVEL] = {.name = "level"},
	[SEQ] = {.name = "seq", .kind = CELL_INT},
	[KIND] = {.name = "kind"},
	[NUMBER] = {.name = "attempt_no", .kind = CELL_INT},
	[FAILED] = {.name = "failed", .kind = CELL_FLAG},
	[STEP_ID] = {.name = "step_id"},
	[ATTEMPT_DAY] = {.name = "day"},
	[ATTEMPT_ID] = {.name = "attempt_id"},
	[PROVIDER] = {.name = "provider"},
	[WRITE_5M] = {.name = "cache_write_5m", .kind = CELL_INT},
	[WRITE_1H] = {.name = "cache_write_1h", .kind = CELL_INT},
	[REASONING] = {.name = "reasoning", .kind = CELL_INT},
	[FINISH] = {.name = "finish_reason"},
	[ERROR] = {.name = "error_class"},
	[QUALITY] = {.name = "usage_quality"},
	[SOURCE] = {.name = "source"},
};

static bool rows_args(const struct query_page *p, const struct context *c,
		      const struct table *t, struct db_args *a)
{
	(void)c;
	query_of_task_args(a, p->at.task, t->since_us, t->until_us, ROWS_MAX);
	return t->bounded;
}

/* ---- steps ---- */

static void step_row(struct table *t, const struct query_step *s)
{
	int r = table_add(t, s->id.b, sizeof(s->id.b), -1);
	char name[64];

	if (s->seq > 0)
		snprintf(name, sizeof(name), "%" PRId32 " %.*s", s->seq,
			 STR_ARG(s->kind));
	else
		snprintf(name, sizeof(name), "%.*s", STR_ARG(s->kind));
	table_text(t, r, STEP, str_from(name));
	table_text(t, r, LEVEL, STR("step"));
	table_text(t, r, KIND, s->kind);
	table_text(t, r, TOOL, s->tool);
	table_time(t, r, STARTED, s->started_us);
	table_uuid(t, r, STEP_ID, s->id);
	if (s->seq > 0)
		table_int(t, r, SEQ, s->seq);
	if (s->failed >= 0)
		table_flag(t, r, FAILED, s->failed);
	if (s->failed == 1) {
		table_text(t, r, NOTE, STR("tool failed"));
		table_tone(t, r, NOTE, TONE_BAD);
	}
}

static void steps_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	struct query_step s;

	(void)c;
	t->more = t->more || db_rows(res) >= ROWS_MAX;
	for (int i = 0; i < db_rows(res); i++) {
		query_step_row(res, i, &s);
		step_row(t, &s);
	}
}

/* ---- attempts ---- */

static bool usual_finish(struct str s)
{
	return !s.p || str_is(s, "end_turn") || str_is(s, "stop") ||
	       str_is(s, "tool_use") || str_is(s, "tool_calls") ||
	       str_is(s, "stop_sequence");
}

/* Whether the reply that was not accepted came from a stronger model. */
static bool steps_down(struct table *t, const struct query_attempt *a)
{
	int from = table_find(
		t, table_key(a->escalated_from.b, sizeof(a->escalated_from.b)));
	const struct cell *tier = from < 0 ? NULL : table_get(t, from, TIER);

	return tier && tier->known && a->tier > 0 && a->tier < tier->v.i;
}

static void fill_note(struct table *t, int r, const struct query_attempt *a)
{
	if (a->error_class.p) {
		table_text(t, r, NOTE, a->error_class);
		table_tone(t, r, NOTE, TONE_BAD);
	} else if (!uuid_is_nil(a->escalated_from)) {
		table_text(t, r, NOTE,
			   steps_down(t, a) ? STR("weaker") : STR("escalated"));
		table_tone(t, r, NOTE, TONE_WARN);
	} else if (!usual_finish(a->finish_reason)) {
		table_text(t, r, NOTE, a->finish_reason);
		table_tone(t, r, NOTE, TONE_WARN);
	}
}

static void fill_int(struct table *t, int r, int col, int64_t n)
{
	if (n != USAGE_NONE)
		table_int(t, r, col, n);
}

/* a + b, not known when neither is. */
static int64_t add_known(int64_t a, int64_t b)
{
	if (a == USAGE_NONE)
		return b;
	return b == USAGE_NONE ? a : a + b;
}

static void fill_tokens(struct table *t, int r, const struct usage *u)
{
	const int64_t *n = u->n;

	fill_int(t, r, IN, n[USAGE_UNCACHED_IN]);
	fill_int(t, r, CACHED, n[USAGE_CACHE_READ]);
	fill_int(t, r, WRITTEN,
		 add_known(n[USAGE_CACHE_WRITE_5M], n[USAGE_CACHE_WRITE_1H]));
	fill_int(t, r, WRITE_5M, n[USAGE_CACHE_WRITE_5M]);
	fill_int(t, r, WRITE_1H, n[USAGE_CACHE_WRITE_1H]);
	fill_int(t, r, OUT, n[USAGE_OUTPUT]);
	fill_int(t, r, REASONING, n[USAGE_REASONING]);
}

static void fill_outcome(struct table *t, int r, const struct query_attempt *a)
{
	table_text(t, r, MODEL, a->model);
	table_text(t, r, STATUS, a->status);
	if (!str_is(a->status, "ok"))
		table_tone(t, r, STATUS, TONE_BAD);
	if (a->tier > 0)
		table_int(t, r, TIER, a->tier);
}

static int attempt_row(struct table *t, const struct query_attempt *a,
		       int parent)
{
	int r = table_add(t, a->id.b, sizeof(a->id.b), parent);
	char text[64];

	snprintf(text, sizeof(text), "attempt %d", a->attempt_no);
	table_text(t, r, STEP, str_from(text));
	table_text(t, r, LEVEL, STR("attempt"));
	table_int(t, r, NUMBER, a->attempt_no);
	fill_outcome(t, r, a);
	fill_note(t, r, a);
	fill_tokens(t, r, &a->usage);
	if (a->cost_pusd != MONEY_NONE)
		table_money(t, r, COST, a->cost_pusd);
	else
		table_none(t, r, COST, "unpriced");
	table_time(t, r, STARTED, a->started_us);
	if (a->started_us != TIME_NONE && a->ended_us != TIME_NONE)
		table_span(t, r, TIME, a->ended_us - a->started_us);
	table_uuid(t, r, STEP_ID, a->step);
	table_uuid(t, r, ATTEMPT_ID, a->id);
	table_text(t, r, ATTEMPT_DAY,
		   str_from(clock_format_day(a->day, text, sizeof(text))));
	table_text(t, r, PROVIDER, a->provider);
	table_text(t, r, FINISH, a->finish_reason);
	table_text(t, r, ERROR, a->error_class);
	table_text(t, r, QUALITY, a->quality);
	table_text(t, r, SOURCE, a->source);
	return r;
}

static void add_int(struct table *t, int to, int from, int col)
{
	const struct cell *c = table_get(t, from, col);

	if (c->known)
		table_int(t, to, col, table_get(t, to, col)->v.i + c->v.i);
}

/* What an attempt adds to its step: sums, and the last one's state. */
static void add_to_step(struct table *t, int step, int r,
			const struct query_attempt *a)
{
	static const int sums[] = {IN,       CACHED,   WRITTEN,  OUT,
				   WRITE_5M, WRITE_1H, REASONING};
	int64_t start = TIME_NONE;

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		add_int(t, step, r, sums[i]);
	if (a->cost_pusd != MONEY_NONE)
		table_money(t, step, COST,
			    table_get(t, step, COST)->v.money + a->cost_pusd);
	else if (!table_get(t, step, COST)->known)
		table_none(t, step, COST, "unpriced");
	fill_outcome(t, step, a);
	if (!table_get(t, step, NOTE)->known)
		fill_note(t, step, a);
	if (table_get(t, step, STARTED)->known)
		start = table_get(t, step, STARTED)->v.i;
	if (start != TIME_NONE && a->ended_us != TIME_NONE)
		table_span(t, step, TIME, a->ended_us - start);
	/* Enter on a step with one attempt goes to that attempt. */
	t->rows[step].at = t->rows[r].at;
}

/* ---- the waterfall ---- */

static void widen(int64_t *from, int64_t *to, int64_t start, int64_t end)
{
	if (*from == TIME_NONE || start < *from)
		*from = start;
	if (*to == TIME_NONE || end > *to)
		*to = end;
}

static int64_t end_of(const struct table *t, int r)
{
	const struct cell *took = table_get(t, r, TIME);

	return table_get(t, r, STARTED)->v.i + (took->known ? took->v.i : 0);
}

/* What the bars of time and money are shares of; the money. */
static __int128 waterfall(struct table *t)
{
	int64_t from = TIME_NONE, to = TIME_NONE;
	__int128 all = 0;

	for (size_t i = 0; i < t->n; i++) {
		int r = (int)i;

		if (table_get(t, r, STARTED)->known)
			widen(&from, &to, table_get(t, r, STARTED)->v.i,
			      end_of(t, r));
		if (t->rows[i].parent < 0 && table_get(t, r, COST)->known)
			all += table_get(t, r, COST)->v.money;
	}
	for (size_t i = 0; i < t->n; i++) {
		int r = (int)i;
		const struct cell *start = table_get(t, r, STARTED);
		const struct cell *cost = table_get(t, r, COST);

		if (start->known && to > from)
			table_bar(t, r, TIMELINE,
				  (int64_t)((__int128)(start->v.i - from) *
					    1000000 / (to - from)),
				  (int64_t)((__int128)(end_of(t, r) - from) *
					    1000000 / (to - from)));
		if (cost->known && all > 0)
			table_bar(t, r, MONEY, 0,
				  (int64_t)(cost->v.money * 1000000 / all));
	}
	return all;
}

/* ---- where the money went ---- */

#define WHY_MODELS 3 /* that are named */

struct share {
	const char *name;
	__int128 pusd;
};

/* Cost by model, the dearest first; returns how many models there are, of which
 * the first `max` are kept. */
static int by_model(const struct table *t, struct share *v, int max)
{
	int n = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct cell *cost = table_get(t, (int)i, COST);
		const struct cell *model = table_get(t, (int)i, MODEL);
		int k = 0;

		/* A step tells what its attempts do. */
		if (t->rows[i].children > 0 || !cost->known || !model->known)
			continue;
		while (k < n && strcmp(v[k].name, model->v.text) != 0)
			k++;
		if (k == n && n == max)
			return -1;
		if (k == n)
			v[n++] = (struct share){model->v.text, 0};
		v[k].pusd += cost->v.money;
		for (; k > 0 && v[k].pusd > v[k - 1].pusd; k--) {
			struct share swap = v[k];

			v[k] = v[k - 1];
			v[k - 1] = swap;
		}
	}
	return n;
}

/* The step that cost most, -1: none. */
static int dearest_step(const struct table *t)
{
	int best = -1;

	for (size_t i = 0; i < t->n; i++) {
		const struct cell *cost = table_get(t, (int)i, COST);

		if (t->rows[i].parent < 0 && cost->known &&
		    (best < 0 ||
		     cost->v.money > table_get(t, best, COST)->v.money))
			best = (int)i;
	}
	return best;
}

static const char *percent(__int128 part, __int128 all, char *text)
{
	return fmt_percent((int64_t)(part * 1000000 / all), text);
}

/* What a person asks first, above the rows that tell it in detail. */
static void tell_why(struct table *t, __int128 all)
{
	struct share v[64];
	char text[FMT_TEXT];
	int n = by_model(t, v, (int)(sizeof(v) / sizeof(v[0])));
	int step = dearest_step(t);
	struct buf b;

	if (all <= 0 || n < 1 || step < 0 || t->more)
		return;
	buf_init(&b, 4096);
	buf_addf(&b, "%s on step %.40s;",
		 percent(table_get(t, step, COST)->v.money, all, text),
		 table_get(t, step, STEP)->v.text);
	for (int i = 0; i < n && i < WHY_MODELS; i++)
		buf_addf(&b, "%s %s %.60s", i ? "," : "",
			 percent(v[i].pusd, all, text), v[i].name);
	if (n > WHY_MODELS)
		buf_addf(&b, ", %d more", n - WHY_MODELS);
	table_note(t, TONE_PLAIN, "why", "%s", buf_str(&b));
	buf_release(&b);
}

static void attempts_take(const struct context *c, struct table *t,
			  const struct db_result *res)
{
	struct query_attempt a;

	(void)c;
	t->more = t->more || db_rows(res) >= ROWS_MAX;
	for (int i = 0; i < db_rows(res); i++) {
		int step, r;

		query_attempt_row(res, i, &a);
		step = table_find(t, table_key(a.step.b, sizeof(a.step.b)));
		r = attempt_row(t, &a, step);
		t->rows[r].at.task = a.task;
		t->rows[r].at.attempt = a.id;
		t->rows[r].at.attempt_day = a.day;
		t->rows[r].at.price_id = a.price_id;
		if (step >= 0)
			add_to_step(t, step, r, &a);
	}
	tell_why(t, waterfall(t));
}

/* ---- the task as a whole ---- */

static bool about_args(const struct query_page *p, const struct context *c,
		       const struct table *t, struct db_args *a)
{
	char id[UUID_TEXT];

	(void)c;
	(void)t;
	query_task_args(a, str_from(uuid_format(p->at.task, id)));
	return true;
}

static void about_take(const struct context *c, struct table *t,
		       const struct db_result *res)
{
	char cost[FMT_TEXT], ok[FMT_TEXT] = "not judged", took[FMT_TEXT] = "-";
	struct query_task q;

	(void)c;
	if (db_rows(res) == 0)
		return;
	query_task_row(res, 0, &q);
	t->bounded = true;
	t->since_us = q.started_us;
	t->until_us = q.ended_us;
	if (q.success_micro >= 0)
		fmt_percent(q.success_micro, ok);
	if (q.started_us != TIME_NONE && q.ended_us != TIME_NONE)
		fmt_span(q.ended_us - q.started_us, took);
	table_note(t,
		   q.success_micro < 0         ? TONE_PLAIN
		   : q.success_micro >= 500000 ? TONE_GOOD
					       : TONE_BAD,
		   "task", "$%s, success %s, %s, %" PRId64 " calls",
		   fmt_money_exact(q.cost_pusd, cost), ok, took, q.attempts);
	table_note(t, TONE_PLAIN, "of", "%.*s%s, agent %.*s, team %.*s",
		   STR_ARG(q.class_name), q.class_guessed ? " (guessed)" : "",
		   STR_ARG(q.agent), STR_ARG(q.team));
}

static const struct view *task_enter(const struct table *t, int row,
				     struct place *to)
{
	if (t->rows[row].parent < 0 && t->rows[row].children > 1)
		return NULL;
	if (uuid_is_nil(t->rows[row].at.attempt))
		return NULL;
	*to = t->rows[row].at;
	return &view_attempt;
}

static const char *task_crumb(const struct place *at)
{
	return at->task_name ? at->task_name : "task";
}

static const struct ask asks[] = {
	{&sql_query_task, about_args, about_take, 0},
	{&sql_query_steps, rows_args, steps_take, ASK_WAITS},
	{&sql_query_attempts, rows_args, attempts_take, ASK_WAITS},
};

const struct view view_task = {
	.name = "task",
	.title = "task",
	.about = "the steps of a task with their attempts",
	.layout = VIEW_TREE,
	.needs = NEEDS_TASK,
	.cols = cols,
	.n_cols = COLS,
	.sort = -1,
	.asks = asks,
	.n_asks = sizeof(asks) / sizeof(asks[0]),
	.enter = task_enter,
	.crumb = task_crumb,
};
