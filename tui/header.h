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
	/* Where there is little room; no value: the long one. */
	char label_short[12], value_short[FMT_TEXT];
	enum tone tone;
	bool idle; /* says only that all is well */
	bool must; /* stays, however narrow it is */
};

/* In the order of their weight, spend first. Returns how many. */
int header_items(const struct top *t, struct header_item *items);

/* How much is said of each: all, short labels, short values too. */
enum header_words {
	HEADER_LONG,
	HEADER_LABELS,
	HEADER_SHORT
};
/* Which of them fit into `width`, two blanks between them: marks them in
 * `shown`. Where short values do not all fit either, what must stays, then what
 * is amiss goes before what is not, and what says only that all is well comes
 * last; each by its weight. */
enum header_words header_fit(const struct header_item *items, int n, int width,
			     bool *shown);
/* What an item says, with its label. */
const char *header_label(const struct header_item *i, enum header_words how);
const char *header_value(const struct header_item *i, enum header_words how);

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
