/* The figures above every screen, as short texts that the terminal and the
 * text twins lay out each in their way. */
#ifndef ACO_TUI_HEADER_H
#define ACO_TUI_HEADER_H

#include "tui/fmt.h"
#include "tui/top.h"

#define HEADER_MAX 14

struct header_item {
	char label[24]; /* "spend 24h" */
	char value[2 * FMT_TEXT];
	char label_short[12]; /* where there is little room */
	enum tone tone;
};

/* In the order of their weight: what does not fit is left out from the end.
 * Spend, freshness and unpriced calls come first. Returns how many. */
int header_items(const struct top *t, struct header_item *items);

/* What will be spent today if it goes on like this; false: too early to say. */
bool header_projected(const struct top *t, __int128 *pusd);

/* Range and clock, "24h  12:00:04 UTC"; with `note`, also why the range was
 * widened. */
void header_time(const struct top *t, bool note, struct buf *out);

/* What is wrong with the connection or the last refresh, in one line; false
 * when all is well. */
bool header_trouble(const struct top *t, struct buf *out);

/* Breadcrumbs, clean: "fleet > coding > fix-flaky-test". At most `cols`
 * columns, cut at the left, where the least is lost. */
void header_crumbs(const struct top *t, int cols, struct buf *out);

#endif
