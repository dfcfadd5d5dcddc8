/* A decision of the router in words: for the attempt it led to and for its
 * own screen. Texts are appended line by line, not yet clean. */
#ifndef ACO_TUI_REASONS_H
#define ACO_TUI_REASONS_H

#include "ledger/base/buf.h"
#include "ledger/query_watch.h"

#define REASONS_TIERS 5

/* Lists by tier as the ledger gives them, "0.5 - 0.9": value i, from 0;
 * false: not known. */
bool reasons_p(struct str list, int i, double *p);
bool reasons_pusd(struct str list, int i, __int128 *pusd);

/* The arm that a plan begins with: "cascade(a -> b @0.8)" is "a"; and its tier,
 * 0: not known. */
struct str reasons_first(struct str plan);
int reasons_tier(const struct query_decision *d);

/* "cascade(2 -> 4): live, by the policy learned-3, propensity 98%" */
void reasons_headline(const struct query_decision *d, struct buf *out);
/* A line for each tier or arm: success with its interval, expected cost; the
 * one that the plan begins with is marked. */
void reasons_tiers(const struct query_decision *d, struct buf *out);
/* Rule, floor, budget, exploration, pins. */
void reasons_rules(const struct query_decision *d, struct buf *out);
/* What moved the probability, a line for each feature with a bar of +/-. */
void reasons_moved(const struct query_decision *d, struct buf *out);
/* All of it. */
void reasons_tell(const struct query_decision *d, struct buf *out);

/* Evidence (ledger/evidence.h) with its names, a line for each. */
void reasons_evidence(struct str list, struct buf *out);

#endif
