/* What the tests of the ledger's writer share: random and plain reports, and
 * whether two ledgers are the same. */
#ifndef ACO_LEDGER_HELP_H
#define ACO_LEDGER_HELP_H

#include <stdint.h>

#include "ledger/base/clock.h"
#include "ledger/batch.h"
#include "ledger/ledger.h"
#include "ledger/money.h"

#define NOW      INT64_C(1795500000000000) /* 2026-11-24T05:20:00Z */
#define MIDNIGHT (NOW / US_PER_DAY * US_PER_DAY)

extern struct conf conf; /* of every ledger that open_ledger opens */

struct ledger *open_ledger(const char *url);
/* Append, and demand that it went well. */
struct ledger_counts append(struct ledger *l, const struct batch *b);

/* A task of the sender "test"; class_name NULL: not said. */
uint32_t add_task(struct batch *b, const char *id, const char *class_name);
/* A priced call of an hour ago, known as `name` (which must live on). */
struct ev_attempt call(uint32_t task, const char *name);
void add(struct batch *b, const struct ev_attempt *a);

/* A decision of the task, an hour ago; id is made of `name`. */
struct ev_decision decision(uint32_t task, const char *name);
void add_decision(struct batch *b, const struct ev_decision *d);

/* A number below n; each thread has a state of its own. */
extern _Thread_local uint32_t rng_state;
uint32_t draw(uint32_t n);
/* One random report: few calls, tasks and names, so that they collide. */
void add_random(struct batch *b);

/* Everything that must not depend on how the ledger got there: no arrival
 * times, no surrogate ids. To be freed. */
char *dump(struct db *db);
/* Fails with the first line in which two dumps differ. */
void same_dump(const char *want, const char *have, const char *what);

#endif
