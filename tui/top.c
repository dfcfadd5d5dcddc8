#include "tui/top.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/clock.h"

void top_init(struct top *t, struct data *data, const struct range *range)
{
	memset(t, 0, sizeof(*t));
	t->data = data;
	t->interval_us = 2 * US_PER_SEC;
	t->ctx.range = *range;
	t->ctx.now_us = clock_now_us();
	t->ctx.fresh.oldest_us = TIME_NONE;
	t->ctx.budgets = &t->budgets;
	t->ctx.fresh.newest_us = TIME_NONE;
	t->page_rows = 1;
	for (int i = 0; i < GATHER_CALLS; i++)
		db_args_init(&t->gather.args[i], 1 << 16);
}

void top_release(struct top *t)
{
	while (t->depth > 0)
		page_close(&t->pages[--t->depth]);
	table_release(&t->gather.table);
	for (int i = 0; i < GATHER_CALLS; i++)
		db_args_release(&t->gather.args[i]);
	health_free(t->health_job);
}

struct page *top_page(struct top *t)
{
	return &t->pages[t->depth - 1];
}

const struct page *top_page_const(const struct top *t)
{
	return &t->pages[t->depth - 1];
}

int view_index(const struct view *v)
{
	int i = 0;

	while (views[i] != v)
		i++;
	return i;
}

static void keep(struct top *t, const struct page *p)
{
	struct kept *k = &t->kept[view_index(p->view)];

	k->there = true;
	k->sort = p->where.sort;
	k->desc = p->where.desc;
	k->pictures = p->pictures;
	memcpy(k->off, p->off, sizeof(k->off));
}

void top_keep(struct top *t)
{
	for (int i = 0; i < t->depth && t->interactive; i++)
		keep(t, &t->pages[i]);
}

/* What was done to this view before. */
static void restore(const struct top *t, struct page *p)
{
	const struct kept *k = &t->kept[view_index(p->view)];

	if (!t->interactive || !k->there)
		return;
	p->where.sort = k->sort;
	p->where.desc = k->desc;
	p->pictures = k->pictures;
	memcpy(p->off, k->off, sizeof(p->off));
}

void top_push(struct top *t, const struct view *view, const struct place *at)
{
	if (t->depth == TOP_PAGES) {
		top_message(t, "too many screens are open: go back first");
		return;
	}
	top_keep(t);
	page_open(&t->pages[t->depth], view, at);
	restore(t, &t->pages[t->depth]);
	t->depth++;
	t->want_gather = true;
	/* Prices may have been imported since they were read. */
	if (view->needs_book) {
		data_drop_book(t->data);
		t->ctx.book = NULL;
	}
}

void top_goto(struct top *t, const struct view *view, const struct place *at)
{
	top_keep(t);
	while (t->depth > 0)
		page_close(&t->pages[--t->depth]);
	top_push(t, view, at);
}

void top_replace(struct top *t, const struct view *view)
{
	struct page *p = top_page(t);
	struct page old;

	if (p->view == view)
		return;
	top_keep(t);
	old = *p;
	t->depth--;
	/* The names are the old page's until the new one has copied them. */
	top_push(t, view, &old.where.at);
	page_close(&old);
}

int top_pictures(const struct top *t)
{
	const struct page *p = top_page_const(t);

	if (t->all_asks)
		return 1;
	if (p->pictures >= 0)
		return p->pictures;
	return t->roomy ? 1 : 0;
}

bool top_pop(struct top *t)
{
	if (t->depth <= 1)
		return false;
	top_keep(t);
	page_close(&t->pages[--t->depth]);
	t->want_gather = true;
	return true;
}

void top_message(struct top *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->message, sizeof(t->message), fmt, ap);
	va_end(ap);
}

struct show top_show(const struct top *t, bool plain)
{
	const struct page *p = top_page_const(t);

	return (struct show){
		.now_us = t->ctx.now_us,
		.plain = plain,
		.full = p->view->layout == VIEW_RECORD,
		.compare = t->ctx.compare,
	};
}

void top_arrange(struct top *t)
{
	struct show how = top_show(t, false);

	page_arrange(top_page(t), &how);
}
