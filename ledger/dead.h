/* Dead letters: rows that could not be taken, kept with the reason. One whose
 * body is an event can be given to the ledger again; what is taken then is
 * marked and waits no longer, what is refused once more stays, with the new
 * reason. */
#ifndef ACO_DEAD_H
#define ACO_DEAD_H

#include "ledger/ledger.h"

/* Which letters: of no ids, all that match. */
struct dead_filter {
	const struct uuid *ids;
	size_t n_ids;
	int64_t since_us;  /* received then or later; TIME_NONE: ever */
	struct str reason; /* text in the reason, whatever its case */
};

struct dead_counts {
	int64_t replayed;
	int64_t refused; /* once more */
	int64_t notes;   /* that hold no event */
};

/* A kill at any moment does no harm: what was taken is taken once, however
 * often it is replayed. */
enum rc dead_replay(struct ledger *l, const struct dead_filter *f,
		    struct dead_counts *counts, struct err *e) MUST_CHECK;
enum rc dead_drop(struct db *db, const struct dead_filter *f, int64_t *dropped,
		  struct err *e) MUST_CHECK;

/* What a reason means and what to do about it, in a person's words. */
struct dead_why {
	const char *means, *todo;
};
struct dead_why dead_explain(struct str reason, struct str sqlstate,
			     bool event);

#endif
