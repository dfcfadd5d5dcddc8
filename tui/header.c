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
	i->idle = n == 0;
	if (n > 0)
		i->tone = when_some;
}

/* A count and its share of all calls. */
static void share(struct header_item *i, int64_t n, int64_t all)
{
	char text[FMT_TEXT], part[FMT_TEXT];

	count(i, n, TONE_WARN);
	if (n > 0 && all > 0)
		snprintf(i->value, sizeof(i->value), "%.20s (%.20s)",
			 fmt_count(n, text),
			 fmt_percent((int64_t)query_ratio((__int128)n * 1000000,
							  all),
				     part));
	snprintf(i->value_short, sizeof(i->value_short), "%s",
		 fmt_count(n, text));
}

/* How long ago something last happened. */
static void freshness(const struct top *t, struct header_item *i)
{
	int64_t newest = t->ctx.fresh.newest_us;
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
		snprintf(i->value_short, sizeof(i->value_short), "%.20s", span);
	}
}

static void spend(const struct top *t, struct header_item *i)
{
	const struct query_totals *q = &t->ctx.totals;
	char text[FMT_TEXT], change[FMT_TEXT];

	fmt_money(q->cost_pusd, i->value);
	if (t->ctx.before.until_us == 0 || t->before.cost_pusd <= 0)
		return;
	snprintf(i->value, sizeof(i->value), "%.30s (%.20s)",
		 fmt_money(q->cost_pusd, text),
		 fmt_change((int64_t)((q->cost_pusd - t->before.cost_pusd) *
				      1000000 / t->before.cost_pusd),
			    change));
}

bool header_projected(const struct top *t, __int128 *pusd)
{
	int64_t midnight = fmt_midnight(t->ctx.now_us);

	return query_projected(t->ctx.header.today_pusd, midnight,
			       fmt_midnight(midnight + 36 * 3600 * US_PER_SEC),
			       t->ctx.now_us, pusd);
}

static void today(const struct top *t, struct header_item *items, int *n)
{
	const struct query_header *h = &t->ctx.header;
	struct header_item *i = item(items, n, "today", "today");
	char spent[FMT_TEXT], limit[FMT_TEXT];
	__int128 projected;

	fmt_money(t->ctx.header.today_pusd, i->value);
	if (h->has_budget) {
		snprintf(i->value, sizeof(i->value), "%.30s of %.30s",
			 fmt_money(t->ctx.header.today_pusd, spent),
			 fmt_money(h->budget_pusd, limit));
		snprintf(i->value_short, sizeof(i->value_short), "%.14s/%.14s",
			 spent, limit);
		if (t->ctx.header.today_pusd > h->budget_pusd)
			i->tone = TONE_BAD;
	}
	if (!header_projected(t, &projected))
		return;
	i = item(items, n, "by midnight", "proj");
	fmt_money(projected, i->value);
	if (h->has_budget && projected > h->budget_pusd)
		i->tone = TONE_WARN;
}

static void router(const struct top *t, struct header_item *i)
{
	const struct query_header *h = &t->ctx.header;
	const char *mode = h->live == 1 ? "" : h->live == 0 ? " shadow" : "";
	char version[48];

	if (h->bundle_id == 0) {
		snprintf(i->value, sizeof(i->value), "%s",
			 h->live == 1   ? "shipped"
			 : h->live == 0 ? "shipped shadow"
					: "off");
		return;
	}
	text_clean(str_from(h->version[0] ? h->version : "?"), version,
		   sizeof(version));
	snprintf(i->value, sizeof(i->value), "%.32s %d/%d%s%s", version,
		 (int)h->learned, (int)h->classes, mode,
		 h->drifted ? " drifted" : "");
	snprintf(i->value_short, sizeof(i->value_short), "%.18s%s",
		 h->drifted ? "drifted" : version, mode);
	i->tone = h->drifted ? TONE_WARN : TONE_PLAIN;
}

static void spool(const struct top *t, struct header_item *items, int *n)
{
	const struct health *h = &t->health;
	struct header_item *i;
	char text[FMT_TEXT], age[FMT_TEXT];

	if (!h->looked)
		return;
	i = item(items, n, "spool", "spool");
	count(i, h->spool_records, TONE_WARN);
	if (h->spool_records > 0 && h->spool_oldest_us != TIME_NONE)
		snprintf(i->value, sizeof(i->value), "%.20s for %.20s",
			 fmt_count(h->spool_records, text),
			 fmt_span(t->ctx.now_us - h->spool_oldest_us, age));
	if (h->spool_records > 0 && h->daemon == DAEMON_NONE)
		i->tone = TONE_BAD;
	if (h->lag_us < 0)
		return;
	i = item(items, n, "lag", "lag");
	fmt_span(h->lag_us, i->value);
	i->idle = true;
	if (h->lag_us > 5 * US_PER_SEC) {
		i->tone = TONE_WARN;
		i->idle = false;
	}
}

int header_items(const struct top *t, struct header_item *items)
{
	const struct query_totals *q = &t->ctx.totals;
	struct header_item *i;
	int n = 0;

	if (t->label && *t->label) {
		i = item(items, &n, "ledger", "");
		text_clean(str_from(t->label), i->value, sizeof(i->value));
		i->tone = TONE_WARN;
		i->must = true;
	}
	i = item(items, &n, "spend", "spend");
	spend(t, i);
	i->must = true;
	i = item(items, &n, "newest", "new");
	freshness(t, i);
	i->must = true;
	today(t, items, &n);
	i = item(items, &n, "unpriced", "unpr");
	share(i, q->unpriced, q->attempts);
	i = item(items, &n, "unattributed", "unattr");
	share(i, q->unattributed, q->attempts);
	router(t, item(items, &n, "router", "router"));
	spool(t, items, &n);
	i = item(items, &n, "calls", "calls");
	count(i, q->attempts, TONE_PLAIN);
	i = item(items, &n, "failed", "failed");
	/* One in twenty, as for attention. */
	count(i, q->errors,
	      q->errors * 20 >= q->attempts ? TONE_WARN : TONE_PLAIN);
	if (q->undated > 0) {
		i = item(items, &n, "undated", "undated");
		count(i, q->undated, TONE_WARN);
	}
	return n;
}

const char *header_label(const struct header_item *i, enum header_words how)
{
	return how == HEADER_LONG ? i->label : i->label_short;
}

const char *header_value(const struct header_item *i, enum header_words how)
{
	return how == HEADER_SHORT && i->value_short[0] ? i->value_short
							: i->value;
}

static int item_width(const struct header_item *i, enum header_words how)
{
	return text_width(header_label(i, how)) + 1 +
	       text_width(header_value(i, how));
}

/* 0: stays, 1: amiss, 2: as it should be, 3: says no more than that. */
static int item_class(const struct header_item *i)
{
	if (i->must)
		return 0;
	if (i->tone == TONE_WARN || i->tone == TONE_BAD)
		return 1;
	return i->idle ? 3 : 2;
}

enum header_words header_fit(const struct header_item *items, int n, int width,
			     bool *shown)
{
	int total = 0;

	for (enum header_words how = HEADER_LONG; how <= HEADER_SHORT; how++) {
		total = -2;
		for (int i = 0; i < n; i++) {
			total += item_width(&items[i], how) + 2;
			shown[i] = true;
		}
		if (total <= width)
			return how;
	}
	memset(shown, 0, (size_t)n * sizeof(*shown));
	total = -2;
	for (int k = 0; k < 4 * n; k++) {
		const struct header_item *i = &items[k % n];
		int w = item_width(i, HEADER_SHORT) + 2;

		if (item_class(i) != k / n || total + w > width)
			continue;
		shown[k % n] = true;
		total += w;
	}
	return HEADER_SHORT;
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
	text_cut_middle(out, buf_str(&b), cols);
	buf_release(&b);
}
