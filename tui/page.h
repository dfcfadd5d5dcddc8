/* One open screen: a view, where it looks, what the ledger said, and what the
 * person did to it (cursor, order, filter, folds). Pages form a stack, see
 * top.h. A page takes a fresh table without moving under the person's hands:
 * the cursor stays on the row it was on. */
#ifndef ACO_TUI_PAGE_H
#define ACO_TUI_PAGE_H

#include "tui/filter.h"
#include "tui/layout.h"
#include "tui/view.h"

#define PAGE_FILTER 256

/* What a slow ask (view.h) was answered. */
struct kept_answer {
	int64_t read_us;       /* monotonic */
	struct buf args;       /* what was asked */
	struct db_result *res; /* NULL: nothing yet */
};
#define PAGE_ASKS 12 /* of a view, at most */

struct page {
	const struct view *view;
	struct query_page where;
	char *class_name, *task_name, *name, *text; /* where.at points to them
						     */
	uint64_t id; /* tells pages apart over time */

	struct table table;
	bool loaded; /* the ledger answered at least once */

	int cursor;  /* index into table.shown */
	int first;   /* of the rows on the screen; of the lines in a record */
	int scroll;  /* columns moved to the left */
	bool at_key; /* cursor_key names the row that the cursor is on */
	uint64_t cursor_key;

	bool off[LAYOUT_COLS_MAX]; /* columns that are not wanted */
	int pictures; /* which comes first, from 1; 0: none; -1: as there is
			 room */
	struct kept_answer answers[PAGE_ASKS];
	int64_t pictured_us;   /* monotonic: when they were read */
	struct range pictured; /* and of which range */
	bool follow;           /* the cursor stays at the newest row */

	char filter_text[PAGE_FILTER];
	struct filter filter;

	bool unfolded;    /* no row is folded: for programs */
	uint64_t *turned; /* keys of rows folded other than by default */
	size_t n_turned, cap_turned;

	int natural[LAYOUT_COLS_MAX]; /* widths of columns */
	struct lines lines;           /* of a record */
};

void page_open(struct page *p, const struct view *view, const struct place *at);
void page_close(struct page *p);

/* Take the rows of *fresh, leaving the old ones in it. */
void page_take(struct page *p, struct table *fresh, const struct show *how);
/* Compute again what is shown, after the order, filter or folds changed. */
void page_arrange(struct page *p, const struct show *how);

/* Index of the row under the cursor, or -1. */
int page_row(const struct page *p);
/* Put the cursor on a row of those shown, as near as there is one. */
void page_move(struct page *p, int to);

/* RC_BAD leaves the filter as it was. */
enum rc page_filter(struct page *p, const char *text, struct err *e) MUST_CHECK;

/* Sort by the next (1) or previous (-1) column that is on the screen. */
void page_sort_step(struct page *p, int step);
void page_sort_by(struct page *p, int col);
/* Whether the rows can be in the order of this column. */
bool page_sorts(const struct page *p, int col);

/* A row with children is folded at first when it has just one. */
bool page_folded(const struct page *p, int row);
void page_fold(struct page *p, int row, bool folded);

#endif
