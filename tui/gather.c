/* A refresh: the totals for the header and the statements of the page at the
 * top, sent at once as far as they do not build on each other, into a table of
 * its own that replaces the page's when all is there. A page that was left
 * meanwhile is not touched. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/alloc.h"
#include "ledger/base/clock.h"
#include "tui/chart.h"
#include "tui/fmt.h"
#include "tui/top.h"

/* A refresh takes at most this share of the time: slow ones come rarely. */
#define SHARE 10
/* An answer that nobody waits for any more is stopped after this. */
#define CANCEL_US (US_PER_SEC / 2)
/* Pictures are read again after so long, or with the range. */
#define PICTURE_US (30 * US_PER_SEC)

/* Limits, today's spend, which router serves, and sums that do not follow from
 * the rows on the screen are read again after so long. */
#define HEADER_US (10 * US_PER_SEC)

/* Statements of every refresh, before those of the view. */
enum {
	ASK_HEADER = -4,
	ASK_BEFORE,
	ASK_TOTALS,
	ASK_FRESH
};

static void next(struct top *t);

static void start(struct top *t)
{
	struct gather *g = &t->gather;
	const struct view *v = top_page(t)->view;

	t->want_gather = false;
	t->ctx.now_us = clock_now_us();
	t->ctx.span = range_span(&t->ctx.range, t->ctx.now_us);
	if (!t->ctx.compare || !range_before(&t->ctx.span, &t->ctx.before))
		t->ctx.before = (struct query_span){0, 0, false};
	table_release(&g->table);
	table_init(&g->table, v->cols, v->n_cols);
	g->running = true;
	g->cancelled = false;
	g->pictures = PICTURES_UNDECIDED;
	g->ask = ASK_HEADER;
	g->again = false;
	g->owes = false;
	memset(g->kept, 0, sizeof(g->kept));
	g->page_id = top_page(t)->id;
	g->started_us = clock_mono_us();
	next(t);
}

static void end(struct top *t, const struct err *why)
{
	struct gather *g = &t->gather;

	g->running = false;
	g->ended_us = clock_mono_us();
	g->took_us = g->ended_us - g->started_us;
	g->failed = why != NULL;
	g->err = why ? *why : (struct err){"", ""};
	t->dirty = true;
}

static bool is_current(const struct top *t)
{
	return t->gather.page_id == top_page_const(t)->id;
}

/* ---- answers ---- */

/* Someone new should see data: when nothing happened lately, look at all there
 * is. Only until a range was found, or chosen. */
static bool widen(struct top *t)
{
	if (!t->range_is_auto || t->ctx.fresh.newest_us == TIME_NONE)
		return false;
	t->range_is_auto = false;
	if (t->ctx.totals.attempts > 0)
		return false;
	t->ctx.range = (struct range){.preset = RANGE_ALL};
	t->range_widened = true;
	return true;
}

/* What stands in the header is what the rows of a whole fleet add up to, not
 * what was so some seconds ago. */
static void sum_up(struct top *t, const struct db_result *res)
{
	const struct place *at = &top_page(t)->where.at;
	struct query_totals *sum = &t->ctx.totals;
	struct query_group q;

	if (at->class_id || at->agent_id || at->team_id || at->model_id ||
	    at->tier)
		return;
	sum->attempts = sum->errors = sum->unpriced = 0;
	sum->cost_pusd = 0;
	for (int i = 0; i < db_rows(res); i++) {
		query_group_row(res, i, &q);
		sum->attempts += q.attempts;
		sum->errors += q.errors;
		sum->unpriced += q.unpriced;
		sum->cost_pusd += q.cost_pusd;
	}
}

/* What was asked is kept with the answer. */
static void keep_answer(struct top *t, int ask, const struct db_result *res)
{
	struct kept_answer *k = &top_page(t)->answers[ask];
	const struct db_args *a = NULL;

	if (!(top_page(t)->view->asks[ask].how & ASK_SLOW))
		return;
	for (int i = 0; i < t->gather.n_flying; i++)
		if (t->gather.flying[i] == ask)
			a = &t->gather.args[i];
	if (!a)
		return;
	buf_release(&k->args);
	buf_init(&k->args, 1 << 16);
	buf_add(&k->args, a->data.p ? a->data.p : "", a->data.len);
	db_result_free(k->res);
	k->res = db_result_copy(res);
	k->read_us = clock_mono_us();
}

static void take(struct top *t, int ask, const struct db_result *res)
{
	struct gather *g = &t->gather;
	const struct view *v = top_page(t)->view;

	if (ask == ASK_HEADER) {
		query_header_row(res, 0, &t->ctx.header);
		t->header_us = clock_mono_us();
	} else if (ask == ASK_BEFORE) {
		query_totals_row(res, 0, &t->before);
	} else if (ask == ASK_TOTALS) {
		query_totals_row(res, 0, &t->ctx.totals);
		t->summed_us = clock_mono_us();
		t->summed = t->ctx.range;
		t->summed_compare = t->ctx.compare;
	} else if (ask == ASK_FRESH) {
		query_fresh_row(res, 0, &t->ctx.fresh);
		g->again = widen(t);
	} else {
		t->ctx.book = v->needs_book ? data_book(t->data) : NULL;
		v->asks[ask].take(&t->ctx, &g->table, res);
		keep_answer(t, ask, res);
		if (ask == 0 && v->sums)
			sum_up(t, res);
	}
}

static void on_each(void *arg, int i, const struct db_result *res)
{
	struct top *t = arg;
	struct gather *g = &t->gather;

	if (is_current(t) && !g->cancelled && !g->again)
		take(t, g->flying[i], res);
}

static void on_done(void *arg, const struct db_status *st,
		    const struct db_result *res)
{
	struct top *t = arg;

	(void)res;
	if (!is_current(t) || t->gather.cancelled) {
		end(t, NULL);
		t->want_gather = true;
	} else if (st->rc != RC_OK) {
		end(t, &st->err);
	} else if (t->gather.again) {
		start(t);
	} else {
		next(t);
	}
}

/* ---- questions ---- */

static bool same_range(const struct range *a, const struct range *b)
{
	return a->preset == b->preset && a->since_us == b->since_us &&
	       a->until_us == b->until_us;
}

/* Pictures show hours and days: they are read again after a while only. */
static bool keep_pictures(struct top *t)
{
	struct page *p = top_page(t);
	struct gather *g = &t->gather;
	int64_t now = clock_mono_us();

	if (g->pictures != PICTURES_UNDECIDED)
		return g->pictures == PICTURES_COPIED;
	if (p->loaded && p->table.n_pictures > 0 &&
	    now - p->pictured_us < PICTURE_US &&
	    same_range(&p->pictured, &t->ctx.range)) {
		for (int i = 0; i < p->table.n_pictures; i++)
			picture_copy(&g->table, p->table.pictures[i]);
		g->pictures = PICTURES_COPIED;
		return true;
	}
	p->pictured_us = now;
	p->pictured = t->ctx.range;
	g->pictures = PICTURES_READ;
	return false;
}

/* Whether the same was asked a moment ago. */
static bool asked_lately(const struct page *p, int ask, const struct db_args *a)
{
	const struct kept_answer *k = &p->answers[ask];

	return (p->view->asks[ask].how & ASK_SLOW) && k->res &&
	       clock_mono_us() - k->read_us < HEADER_US && buf_ok(&k->args) &&
	       k->args.len == a->data.len &&
	       memcmp(buf_str(&k->args), buf_str(&a->data), a->data.len) == 0;
}

/* What the page held before is good enough to build on. */
static bool is_known(const struct top *t)
{
	const struct page *p = top_page_const(t);

	return p->loaded && p->table.n > 0;
}

static bool summed_lately(const struct top *t)
{
	return t->summed_us && clock_mono_us() - t->summed_us < HEADER_US &&
	       same_range(&t->summed, &t->ctx.range) &&
	       t->summed_compare == t->ctx.compare;
}

/* Fill in the parameters of a statement; false: skip it. */
static bool args_of(struct top *t, int ask, struct db_args *a)
{
	struct page *p = top_page(t);
	struct query_span today = {
		.since_us = fmt_midnight(t->ctx.now_us),
		.until_us = t->ctx.now_us + 60 * US_PER_SEC,
	};

	switch (ask) {
	case ASK_HEADER:
		if (t->header_us && clock_mono_us() - t->header_us < HEADER_US)
			return false;
		query_header_args(a, clock_day(t->ctx.now_us) - 7, &today);
		return true;
	case ASK_BEFORE:
		query_totals_args(a, &t->ctx.before);
		return t->ctx.before.until_us > 0 && !summed_lately(t);
	case ASK_TOTALS:
		query_totals_args(a, &t->ctx.span);
		return !summed_lately(t);
	case ASK_FRESH:
		query_fresh_args(a, t->ctx.now_us - US_PER_DAY);
		return true;
	default:
		break;
	}
	if ((p->view->asks[ask].how & ASK_PICTURE) && top_pictures(t) > 0 &&
	    t->interactive && !p->loaded) {
		t->gather.owes = true;
		return false;
	}
	if ((p->view->asks[ask].how & ASK_PICTURE) &&
	    (top_pictures(t) == 0 || keep_pictures(t)))
		return false;
	if (!p->view->asks[ask].args(&p->where, &t->ctx,
				     is_known(t) ? &p->table : &t->gather.table,
				     a))
		return false;
	t->gather.kept[ask] = asked_lately(p, ask, a);
	return !t->gather.kept[ask];
}

static void finish(struct top *t)
{
	struct show how;

	const struct page *p = top_page_const(t);

	for (int i = 0; i < p->view->n_asks; i++)
		if (t->gather.kept[i])
			p->view->asks[i].take(&t->ctx, &t->gather.table,
					      p->answers[i].res);
	t->ctx.health = &t->health;
	end(t, NULL);
	how = top_show(t, false);
	page_take(top_page(t), &t->gather.table, &how);
	t->want_gather = t->want_gather || t->gather.owes;
}

static const struct sql_stmt *stmt_of(const struct view *v, int ask)
{
	if (ask == ASK_HEADER)
		return &sql_query_header;
	if (ask == ASK_FRESH)
		return &sql_query_fresh;
	return ask < 0 ? &sql_query_totals : v->asks[ask].stmt;
}

/* Start the statements that are due: those that are needed, up to one that must
 * wait for what they answer. */
static void next(struct top *t)
{
	struct gather *g = &t->gather;
	const struct view *v = top_page(t)->view;
	struct db_call calls[GATHER_CALLS] = {{NULL, NULL}};
	struct err e;

	g->n_flying = 0;
	for (; g->ask < v->n_asks && g->n_flying < GATHER_CALLS; g->ask++) {
		struct db_args *a = &g->args[g->n_flying];

		if (g->ask >= 0 && (v->asks[g->ask].how & ASK_WAITS) &&
		    g->n_flying > 0 && !is_known(t))
			break;
		db_args_clear(a);
		if (!args_of(t, g->ask, a))
			continue;
		calls[g->n_flying] = (struct db_call){stmt_of(v, g->ask), a};
		g->flying[g->n_flying++] = g->ask;
	}
	if (g->n_flying == 0)
		finish(t);
	else if (data_start_many(t->data, calls, g->n_flying, on_each, on_done,
				 t, &e) != RC_OK)
		end(t, &e);
}

/* ---- names ---- */

static void found(struct top *t, const struct db_result *res)
{
	const struct view *v = t->look_up.view;
	struct place at = {0};

	if (db_rows(res) == 0) {
		top_message(t, "there is no %s '%.80s'", t->look_up.kind,
			    t->look_up.name);
		return;
	}
	if (v == &view_task) {
		struct query_task q;

		query_task_row(res, 0, &q);
		at.task = q.id;
		at.task_name = t->look_up.name;
	} else {
		int32_t id = (int32_t)db_i64(res, 0, 0);
		char name[256];

		snprintf(name, sizeof(name), "%.*s",
			 STR_ARG(db_text(res, 0, 1)));
		if (!strcmp(t->look_up.kind, "class")) {
			at.class_id = id;
			at.class_name = name;
		} else if (!strcmp(t->look_up.kind, "agent")) {
			at.agent_id = id;
			at.name = name;
		} else {
			at.team_id = id;
			at.name = name;
		}
		top_push(t, v, &at);
		return;
	}
	top_push(t, v, &at);
}

static void on_found(void *arg, const struct db_status *st,
		     const struct db_result *res)
{
	struct top *t = arg;

	t->dirty = true;
	if (st->rc != RC_OK)
		top_message(t, "%.150s", st->err.msg);
	else
		found(t, res);
}

static void start_look_up(struct top *t)
{
	bool task = t->look_up.view == &view_task;
	struct db_args a;
	struct err e;

	t->look_up.wanted = false;
	db_args_init(&a, 1 << 16);
	if (task)
		query_task_args(&a, str_from(t->look_up.name));
	else
		query_find_args(&a, t->look_up.kind, str_from(t->look_up.name));
	if (data_start(t->data, task ? &sql_query_task : &sql_query_find, &a,
		       on_found, t, &e) != RC_OK)
		top_message(t, "%.150s", e.msg);
	db_args_release(&a);
}

/* ---- when ---- */

/* Monotonic time of the next refresh that nobody asked for. */
static int64_t due_us(const struct top *t)
{
	int64_t rest = t->gather.took_us * SHARE;

	return t->gather.ended_us +
	       (rest > t->interval_us ? rest : t->interval_us);
}

static void check_book(struct top *t)
{
	if (top_page(t)->view->needs_book && !t->ctx.book &&
	    top_page(t)->loaded && data_book(t->data))
		t->want_gather = true;
}

void gather_step(struct top *t)
{
	struct gather *g = &t->gather;
	int64_t now = clock_mono_us();

	if (g->running && data_state(t->data) != DATA_READY)
		end(t, data_error(t->data));
	if (g->running && !is_current(t) && !g->cancelled &&
	    now - g->started_us >= CANCEL_US) {
		g->cancelled = true;
		data_cancel(t->data);
	}
	check_book(t);
	if (health_read(t->health_job, &t->health))
		t->dirty = true;
	if (!g->running && data_idle(t->data) && t->look_up.wanted) {
		start_look_up(t);
		return;
	}
	if (!g->running && data_idle(t->data) &&
	    (t->want_gather || (!t->paused && now >= due_us(t))))
		start(t);
}

static int until_ms(int64_t us)
{
	int64_t left = us - clock_mono_us();

	return left <= 0 ? 0 : (int)(left / 1000) + 1;
}

int gather_timeout_ms(const struct top *t)
{
	const struct gather *g = &t->gather;

	if (g->running && !is_current(t) && !g->cancelled)
		return until_ms(g->started_us + CANCEL_US);
	if (g->running || !data_idle(t->data))
		return -1;
	if (t->want_gather)
		return 0;
	return t->paused ? -1 : until_ms(due_us(t));
}

/* ---- for --once ---- */

static bool waiting_for_book(struct top *t)
{
	return top_page(t)->view->needs_book && !data_book(t->data) &&
	       data_book_pending(t->data);
}

static void wait_step(struct top *t)
{
	struct pollfd p[DATA_FDS];
	int n = data_poll(t->data, p);

	if (poll(p, (nfds_t)n, 1000) < 0 && errno != EINTR)
		BUG("poll refuses a connection");
	data_io(t->data, p, n);
}

enum rc gather_wait(struct top *t, int timeout_ms, struct err *e)
{
	int64_t until = clock_mono_us() + (int64_t)timeout_ms * 1000;
	bool book = true; /* not needed, read, or in vain */

	t->want_gather = true;
	do {
		if (data_state(t->data) == DATA_READY) {
			book = !waiting_for_book(t);
			if (book)
				gather_step(t);
		}
		if (t->gather.running || !book ||
		    data_state(t->data) != DATA_READY)
			wait_step(t);
		if (data_state(t->data) == DATA_WAITING) {
			*e = *data_error(t->data);
			return RC_DOWN;
		}
		if (t->gather.failed) {
			*e = t->gather.err;
			return RC_DOWN;
		}
		if (clock_mono_us() > until)
			return err_set(e, RC_DOWN,
				       "the database has not answered in %d s",
				       timeout_ms / 1000);
	} while (t->want_gather || t->gather.running);
	return RC_OK;
}
