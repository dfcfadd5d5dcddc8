#include "tui/view_spend.h"

#include <stdio.h>

#include "ledger/base/clock.h"
#include "tui/chart.h"
#include "tui/fmt.h"

/* ---- rows ---- */

static void share_of_tasks(struct table *t, int r, int col, int64_t n,
			   const struct query_group *q)
{
	table_ratio(t, r, col,
		    (int64_t)query_ratio((__int128)n * 1000000, q->tasks));
}

static void fill_tasks(struct table *t, int r, int at,
		       const struct query_group *q)
{
	char low[FMT_TEXT], high[FMT_TEXT], text[FMT_TEXT];
	int64_t lo, hi;
	__int128 per;

	table_int(t, r, at + TASKS_STARTED, q->tasks);
	table_int(t, r, at + TASKS_JUDGED, q->judged);
	table_int(t, r, at + TASKS_ROUTED, q->routed);
	table_int(t, r, at + TASKS_ESCALATED_N, q->escalated);
	table_int(t, r, at + TASKS_ESCALATED_ROUTED_N, q->escalated_routed);
	if (q->tasks > 0) {
		share_of_tasks(t, r, at + TASKS_ESCALATED, q->escalated, q);
		share_of_tasks(t, r, at + TASKS_ESCALATED_OBSERVED,
			       q->escalated - q->escalated_routed, q);
		share_of_tasks(t, r, at + TASKS_ESCALATED_ROUTED,
			       q->escalated_routed, q);
	}
	if (query_cost_per_success(q, &per))
		table_money(t, r, at + TASKS_PER_SUCCESS, per);
	if (q->judged <= 0)
		return;
	table_ratio(t, r, at + TASKS_SUCCESS,
		    (int64_t)query_ratio(q->success_micro, q->judged));
	query_wilson(q->success_micro, q->judged, &lo, &hi);
	table_ratio(t, r, at + TASKS_LOW, lo);
	table_ratio(t, r, at + TASKS_HIGH, hi);
	snprintf(text, sizeof(text), "%.20s-%.20s",
		 fmt_percent(lo / 10000 * 10000, low),
		 fmt_percent((hi + 9999) / 10000 * 10000, high));
	table_text(t, r, at + TASKS_INTERVAL, str_from(text));
}

static void fill_calls(struct table *t, int r, int at,
		       const struct query_group *q)
{
	table_int(t, r, at + CALLS_ATTEMPTS, q->attempts);
	table_int(t, r, at + CALLS_ERRORS, q->errors);
	table_int(t, r, at + CALLS_UNPRICED, q->unpriced);
	if (q->unpriced > 0)
		table_tone(t, r, at + CALLS_UNPRICED, TONE_WARN);
	table_int(t, r, at + CALLS_IN, q->uncached_in);
	table_int(t, r, at + CALLS_CACHED, q->cache_read);
	table_int(t, r, at + CALLS_WRITTEN,
		  q->cache_write_5m + q->cache_write_1h);
	table_int(t, r, at + CALLS_WRITE_5M, q->cache_write_5m);
	table_int(t, r, at + CALLS_WRITE_1H, q->cache_write_1h);
	table_int(t, r, at + CALLS_OUT, q->output);
	table_int(t, r, at + CALLS_REASONING, q->reasoning);
	table_int(t, r, at + CALLS_ESCALATIONS, q->escalations);
}

/* How long the range is, as far as there is anything in it. */
static int64_t length_us(const struct context *c)
{
	int64_t since = c->span.since_us, until = c->span.until_us;

	if (c->span.all) {
		since = c->fresh.oldest_us;
		until = c->now_us;
	}
	until = until > c->now_us ? c->now_us : until;
	return since == TIME_NONE || until <= since ? 0 : until - since;
}

void spend_fill(struct table *t, int r, const struct spend_blocks *at,
		const struct context *c, const struct query_group *q)
{
	int64_t seconds = length_us(c) / US_PER_SEC;

	table_money(t, r, at->spend + SPEND_COST, q->cost_pusd);
	if (q->attempts > 0 && q->unpriced == q->attempts)
		table_none(t, r, at->spend + SPEND_COST, "unpriced");
	else if (seconds > 0)
		table_money(t, r, at->spend + SPEND_RATE,
			    q->cost_pusd * 3600 / seconds);
	if (at->calls >= 0)
		fill_calls(t, r, at->calls, q);
	if (at->tasks >= 0)
		fill_tasks(t, r, at->tasks, q);
}

/* ---- statements ---- */

struct query_only spend_only(const struct place *at)
{
	return (struct query_only){at->class_id, at->agent_id, at->team_id,
				   at->model_id, at->tier};
}

void spend_args(struct db_args *a, const struct query_page *p,
		const struct query_span *span, enum query_dim dim)
{
	struct query_only only = spend_only(&p->at);

	query_group_args(a, span, dim, &only);
}

bool spend_trend_args(struct db_args *a, const struct query_page *p,
		      const struct context *c, enum query_dim dim)
{
	struct range_spark s =
		range_spark(&c->range, c->now_us, c->fresh.oldest_us);
	struct query_only only = spend_only(&p->at);

	query_spark_args(a, s.grain, s.since_us, s.until_us, s.slots, dim,
			 &only);
	return true;
}

void spend_before(struct table *t, int col, const struct db_result *res)
{
	struct query_group q;

	for (int i = 0; i < db_rows(res); i++) {
		const struct cell *now;
		int r;

		query_group_row(res, i, &q);
		r = table_find(t, table_key(&q.id, sizeof(q.id)));
		if (r < 0)
			continue;
		table_money(t, r, col + SPEND_BEFORE, q.cost_pusd);
		now = table_get(t, r, col + SPEND_COST);
		if (now->known && q.cost_pusd > 0)
			table_change(t, r, col + SPEND_CHANGE,
				     (int64_t)((now->v.money - q.cost_pusd) *
					       1000000 / q.cost_pusd));
	}
}

void spend_trend(struct table *t, int col, const struct context *c,
		 const struct db_result *res)
{
	struct range_spark s =
		range_spark(&c->range, c->now_us, c->fresh.oldest_us);
	struct query_spark q;

	for (size_t r = 0; r < t->n; r++)
		table_series(t, (int)r, col, s.slots);
	for (int i = 0; i < db_rows(res); i++) {
		struct series *v;
		int r;

		query_spark_row(res, i, &q);
		r = table_find(t, table_key(&q.id, sizeof(q.id)));
		if (r < 0)
			continue;
		v = table_series(t, r, col, s.slots);
		if (v && q.slot >= 0 && q.slot < v->n)
			v->v[q.slot] = q.cost_pusd;
	}
}

/* ---- budgets ---- */

#define BUDGETS_US (10 * US_PER_SEC)

bool spend_budget_args(const struct context *c, const struct table *t,
		       struct db_args *a)
{
	int64_t read = c->budgets->read_us;

	query_budgets_args(a, c->now_us);
	return t->n > 0 && c->header.has_any_budget &&
	       (read == 0 || clock_mono_us() - read >= BUDGETS_US);
}

void spend_budget_show(const struct context *c, struct table *t, int col,
		       enum query_dim dim)
{
	for (int i = 0; i < c->budgets->n; i++) {
		int32_t id = dim == QUERY_CLASS   ? c->budgets->v[i].class_id
			     : dim == QUERY_AGENT ? c->budgets->v[i].agent_id
						  : c->budgets->v[i].team_id;
		int64_t used = c->budgets->v[i].used;
		int r = id ? table_find(t, table_key(&id, sizeof(id))) : -1;

		if (r < 0 || (table_get(t, r, col)->known &&
			      table_get(t, r, col)->v.i >= used))
			continue;
		table_ratio(t, r, col, used);
		if (used >= 800000)
			table_tone(t, r, col,
				   used >= 1000000 ? TONE_BAD : TONE_WARN);
	}
}

void spend_budget_take(const struct context *c, struct table *t, int col,
		       enum query_dim dim, const struct db_result *res)
{
	struct budgets_kept *b = c->budgets;
	struct query_budget q;

	b->n = 0;
	b->read_us = clock_mono_us();
	for (int i = 0; i < db_rows(res) && b->n < BUDGETS_KEPT; i++) {
		query_budget_row(res, i, &q);
		if (!q.class_id && !q.agent_id && !q.team_id)
			continue;
		b->v[b->n].class_id = q.class_id;
		b->v[b->n].agent_id = q.agent_id;
		b->v[b->n].team_id = q.team_id;
		b->v[b->n++].used = query_budget_used(&q);
	}
	/* More than are kept are read each time. */
	if (b->n == BUDGETS_KEPT)
		b->read_us = 0;
	for (size_t r = 0; r < t->n; r++)
		table_none(t, (int)r, col, NULL);
	spend_budget_show(c, t, col, dim);
}

/* ---- pictures ---- */

bool spend_stack_args(const struct query_page *p, const struct context *c,
		      const struct table *t, struct db_args *a)
{
	return t->n > 0 && spend_trend_args(a, p, c, QUERY_TIER);
}

void spend_stack_take(const struct context *c, struct table *t,
		      const struct db_result *res)
{
	struct range_spark s =
		range_spark(&c->range, c->now_us, c->fresh.oldest_us);
	struct picture *p = picture_new(t, PICTURE_STACK, "SPEND BY TIER");
	struct query_spark q;

	if (!p)
		return;
	p->u.stack->slots = s.slots;
	p->u.stack->since_us = s.since_us;
	p->u.stack->until_us = s.until_us;
	for (int i = 0; i < db_rows(res); i++) {
		query_spark_row(res, i, &q);
		if (q.id >= 0 && q.id < STACK_LAYERS && q.slot >= 0 &&
		    q.slot < s.slots)
			p->u.stack->v[q.id][q.slot] = q.cost_pusd;
	}
}

/* Days of the range, at most a month and at least a week. */
static int heat_days(const struct context *c)
{
	int64_t days = length_us(c) / US_PER_DAY + 1;

	if (days < 7)
		return 7;
	return days > HEAT_DAYS ? HEAT_DAYS : (int)days;
}

static int64_t heat_last(const struct context *c)
{
	return c->span.all || c->span.until_us > c->now_us
		       ? c->now_us
		       : c->span.until_us - 1;
}

bool spend_heat_args(const struct query_page *p, const struct context *c,
		     const struct table *t, struct db_args *a)
{
	struct query_only only = spend_only(&p->at);
	int64_t last = heat_last(c);
	int64_t since = fmt_midnight(last) - (heat_days(c) - 1) * US_PER_DAY;

	query_heat_args(a, since - 2 * 3600 * US_PER_SEC,
			last + 3600 * US_PER_SEC, &only);
	return t->n > 0;
}

void spend_heat_take(const struct context *c, struct table *t,
		     const struct db_result *res)
{
	struct picture *p = picture_new(t, PICTURE_HEAT, "SPEND BY HOUR");
	int64_t last = heat_last(c), midnight = fmt_midnight(last);
	int days = heat_days(c);

	if (!p)
		return;
	p->u.heat->days = days;
	p->u.heat->last_us = last;
	for (int i = 0; i < db_rows(res); i++) {
		int64_t us, begun, back;
		__int128 cost;

		query_heat_row(res, i, &us, &cost);
		begun = fmt_midnight(us);
		/* Days have 23 to 25 hours where clocks are changed. */
		back = (midnight - begun + US_PER_DAY / 2) / US_PER_DAY;
		if (back < 0 || back >= days || us > last)
			continue;
		p->u.heat->v[days - 1 - back]
			    [(us - begun) / (3600 * US_PER_SEC) % 24] += cost;
	}
}

bool spend_hist_args(const struct query_page *p, const struct context *c,
		     const struct table *t, struct db_args *a)
{
	struct query_only only = spend_only(&p->at);

	query_histogram_args(a, &c->span, &only);
	return t->n > 0;
}

void spend_hist_take(const struct context *c, struct table *t,
		     const struct db_result *res)
{
	struct picture *p =
		picture_new(t, PICTURE_HISTOGRAM, "COST OF THE NEWEST TASKS");
	struct chart_histogram *h;
	int first = 0, bin, last;
	int64_t n;

	(void)c;
	if (!p || db_rows(res) == 0)
		return;
	h = p->u.histogram;
	query_histogram_row(res, db_rows(res) - 1, &last, &n);
	query_histogram_row(res, 0, &first, &n);
	/* What is cheaper than the bins reach counts with the cheapest. */
	if (last - first >= HIST_BINS)
		first = last - HIST_BINS + 1;
	h->bins = last - first + 1;
	for (int i = 0; i < h->bins; i++)
		h->from_pusd[i] = (__int128)1 << (first + i);
	for (int i = 0; i < db_rows(res); i++) {
		query_histogram_row(res, i, &bin, &n);
		h->n[bin < first ? 0 : bin - first] += n;
	}
}

/* ---- words ---- */

const char *spend_empty(const struct place *at, const struct context *c)
{
	(void)at;
	return view_nothing(c);
}

const char *spend_crumb(const struct place *at, const char *title)
{
	if (at->name)
		return at->name;
	return at->class_name ? at->class_name : title;
}
