/* What a price file would do to a price book: each row of the file is new,
 * changes what is in force, or says what is known already.
 *
 * A row is compared with the newest one of the same model, valid_from and
 * utc_window, whoever said it. Rows are only ever added, and of a model's rows
 * the last one that fits counts; so when a row is added, the rows of its model
 * that stand behind it in the file are added behind it again. */
#ifndef ACO_PRICE_PLAN_H
#define ACO_PRICE_PLAN_H

#include "ledger/price.h"

enum price_change {
	PRICE_ROW_NEW,
	PRICE_ROW_CHANGED,
	PRICE_ROW_SAME,
	PRICE_ROW_AGAIN, /* the same, added again to stay last */
	PRICE_CHANGE_N
};

struct price_plan_row {
	const struct price_row *row; /* of the file */
	const struct price_row *old; /* of the book, NULL when new */
	enum price_change change;
	int line;
	bool twice; /* says what a row before it in the file says */
	/* A row of the book with a later valid_from that the new one would
	 * hide, or NULL. */
	const struct price_row *hides;
};

struct price_plan {
	struct price_book *file;
	struct price_plan_row *rows; /* in file order */
	size_t n;
	size_t count[PRICE_CHANGE_N];
	size_t always; /* rows to be added that have no valid_from */
};

struct price_plan_opts {
	struct str source;  /* instead of the file's, or absent */
	int32_t valid_from; /* of rows that name none, or PRICE_NO_DATE */
};

/* Read a price file ("-": standard input). RC_BAD: "FILE:LINE: what is wrong";
 * a row without a source, and two rows of the same model, valid_from and
 * utc_window with different prices, are mistakes too. */
enum rc price_plan_read(struct price_plan *p, const char *path,
			const struct price_plan_opts *o,
			struct err *e) MUST_CHECK;
/* Compare with the book, which must outlive the plan. */
void price_plan_compare(struct price_plan *p, const struct price_book *now);
/* Whether the row is one to be added. */
bool price_plan_adds(const struct price_plan_row *r);
void price_plan_release(struct price_plan *p);

#endif
