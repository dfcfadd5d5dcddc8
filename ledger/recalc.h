/* The past at today's prices: stored calls are priced anew, and where the cost
 * differs, a correction keeps both figures, and the call, its task and the
 * rollups move together. Running it again changes nothing.
 *
 * A call whose cost stays keeps its price row too: that row made the figure.
 * The tier of a call never changes. */
#ifndef ACO_RECALC_H
#define ACO_RECALC_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/base/arena.h"
#include "ledger/base/err.h"
#include "ledger/base/map.h"
#include "ledger/price.h"

struct db;

struct recalc_opts {
	int64_t since_us, until_us; /* of the start, or TIME_NONE */
	struct str model;           /* name or provider/name, or absent: all */
	struct str reason;          /* kept with each correction */
	bool dry_run;
	/* Called now and then with calls done of about so many; may be NULL. */
	void (*progress)(void *arg, int64_t done, int64_t of);
	void *arg;
};

/* Sums over the calls of a model whose cost changes. */
struct recalc_model {
	struct str provider, name;
	int64_t calls;
	int64_t priced, unpriced; /* got a cost; lost it */
	__int128 old_pusd, new_pusd;
};

struct recalc_sums {
	int64_t checked;
	struct recalc_model all;
	struct recalc_model *models; /* in the order in which they were met */
	size_t n, cap;
	struct map by_name;
	struct arena arena;
};
void recalc_sums_init(struct recalc_sums *s);
void recalc_sums_release(struct recalc_sums *s);

/* Reprice by the book; takes a slot of the rollups for this connection. After
 * an error what was committed is told by the sums, and running it again does
 * the rest. */
enum rc recalc_run(struct db *db, const struct price_book *book,
		   const struct recalc_opts *o, struct recalc_sums *sums,
		   struct err *e) MUST_CHECK;

#endif
