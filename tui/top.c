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
	t->ctx.totals.oldest_us = TIME_NONE;
	t->ctx.totals.newest_us = TIME_NONE;
	t->page_rows = 1;
}

void top_release(struct top *t)
{
	while (t->depth > 0)
		page_close(&t->pages[--t->depth]);
	table_release(&t->gather.table);
}

struct page *top_page(struct top *t)
{
	return &t->pages[t->depth - 1];
}

const struct page *top_page_const(const struct top *t)
{
	return &t->pages[t->depth - 1];
}

void top_push(struct top *t, const struct view *view, const struct place *at)
{
	if (t->depth == TOP_PAGES) {
		top_message(t, "too many screens are open: go back first");
		return;
	}
	page_open(&t->pages[t->depth], view, at);
	t->depth++;
	t->want_gather = true;
	/* Prices may have been imported since they were read. */
	if (view->needs_book) {
		data_drop_book(t->data);
		t->ctx.book = NULL;
	}
}

bool top_pop(struct top *t)
{
	if (t->depth <= 1)
		return false;
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
	};
}

void top_arrange(struct top *t)
{
	struct show how = top_show(t, false);

	page_arrange(top_page(t), &how);
}
