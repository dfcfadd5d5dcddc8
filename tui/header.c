#include "tui/header.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ledger/base/clock.h"
#include "tui/text.h"

static struct header_item *item(struct header_item *items, int *n,
				const char *label, const char *brief)
{
	struct header_item *i = &items[(*n)++];

	memset(i, 0, sizeof(*i));
	snprintf(i->label, sizeof(i->label), "%s", label);
	snprintf(i->label_short, sizeof(i->label_short), "%s", brief);
	return i;
}

static void count(struct header_item *i, int64_t n, enum tone when_some)
{
	fmt_count(n, i->value);
	if (n > 0)
		i->tone = when_some;
}

/* How long ago something last happened. */
static void freshness(const struct top *t, struct header_item *i)
{
	int64_t newest = t->ctx.totals.newest_us;
	char span[FMT_TEXT];

	if (newest == TIME_NONE) {
		snprintf(i->value, sizeof(i->value), "nothing yet");
		i->tone = TONE_WARN;
	} else if (newest < US_PER_DAY) {
		snprintf(i->value, sizeof(i->value), "undated");
		i->tone = TONE_WARN;
	} else if (newest > t->ctx.now_us) {
		snprintf(i->value, sizeof(i->value), "now");
	} else {
		fmt_span(t->ctx.now_us - newest, span);
		snprintf(i->value, sizeof(i->value), "%.20s ago", span);
	}
}

int header_items(const struct top *t, struct header_item *items)
{
	const struct query_totals *q = &t->ctx.totals;
	struct header_item *i;
	int n = 0;

	i = item(items, &n, "spend", "spend");
	fmt_money(q->cost_pusd, i->value);
	i = item(items, &n, "newest", "new");
	freshness(t, i);
	i = item(items, &n, "unpriced", "unpr");
	count(i, q->unpriced, TONE_WARN);
	i = item(items, &n, "today", "today");
	fmt_money(q->today_pusd, i->value);
	i = item(items, &n, "unattributed", "unattr");
	count(i, q->unattributed, TONE_WARN);
	i = item(items, &n, "calls", "calls");
	count(i, q->attempts, TONE_PLAIN);
	i = item(items, &n, "failed", "failed");
	count(i, q->errors, TONE_WARN);
	if (q->undated > 0) {
		i = item(items, &n, "undated", "undated");
		count(i, q->undated, TONE_WARN);
	}
	return n;
}

void header_time(const struct top *t, bool note, struct buf *out)
{
	char text[FMT_TEXT], zone[FMT_TEXT];

	buf_adds(out, range_name(&t->ctx.range, text));
	if (note && t->range_widened && t->ctx.range.preset == RANGE_ALL)
		buf_adds(out, " (nothing in the last 24h)");
	fmt_time(t->ctx.now_us, text);
	buf_addf(out, "  %s %s", text + 11, fmt_zone(t->ctx.now_us, zone));
}

static void add_clean(struct buf *out, const char *s)
{
	char clean[1024];

	text_clean(str_from(s), clean, sizeof(clean));
	buf_adds(out, clean);
}

bool header_trouble(const struct top *t, struct buf *out)
{
	const struct err *e = data_error(t->data);
	int64_t since = data_down_since_us(t->data);
	char span[FMT_TEXT];

	if (since) {
		buf_addf(out, "no database for %s: ",
			 fmt_span(clock_mono_us() - since, span));
		add_clean(out, e->msg);
		if (e->hint[0]) {
			buf_adds(out, "; ");
			add_clean(out, e->hint);
		}
		return true;
	}
	if (t->gather.failed) {
		buf_adds(out, "cannot refresh: ");
		add_clean(out, t->gather.err.msg);
		return true;
	}
	return false;
}

static void crumb(const struct page *p, struct buf *out)
{
	add_clean(out, p->view->crumb ? p->view->crumb(&p->where.at)
				      : p->view->title);
}

void header_crumbs(const struct top *t, int cols, struct buf *out)
{
	const char *arrow = text_glyph(" › ", " > ");
	struct buf b;
	int from = 0;

	buf_init(&b, 1 << 16);
	for (; from < t->depth; from++) {
		buf_clear(&b);
		if (from > 0)
			buf_adds(&b, text_glyph("…", "~"));
		for (int i = from; i < t->depth; i++) {
			buf_adds(&b, i > 0 ? arrow : "");
			crumb(&t->pages[i], &b);
		}
		if (text_width(buf_str(&b)) <= cols)
			break;
	}
	text_cut(out, buf_str(&b), cols);
	buf_release(&b);
}
