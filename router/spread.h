/* How a feature lies over the tasks that a router learnt from, and whether the
 * requests of today still lie so: shares of at most SPREAD_BINS bins, compared
 * by the population stability index, sum of (now - then) * ln(now / then).
 * By custom below 0.1 is the same, above 0.25 another population.
 *
 * By chance alone the index of n values against bins of m values is about
 * (bins - 1) (1/n + 1/m), which is taken off. One feature that moved is no
 * drift: counters of a template move while the tasks are the same. */
#ifndef ACO_SPREAD_H
#define ACO_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPREAD_BINS   10
#define SPREAD_MOVED  0.25F /* index from which a feature has moved */
#define SPREAD_SHARE  0.2   /* of the features, from which it is drift */
#define SPREAD_ROWS   300   /* requests, fewer tell nothing */
#define SPREAD_LEARNT 200   /* tasks learnt from, fewer tell nothing */

/* Values below cut[0] are of bin 0, from cut[i] on of bin i + 1; what is not
 * finite counts as lowest. n bins, 0 or 1: it does not vary or is not known. */
struct spread {
	int32_t n;
	float rows; /* values it was made from */
	float cut[SPREAD_BINS - 1];
	float share[SPREAD_BINS]; /* sum 1 */
};

/* From n values, which are sorted. Bins are of about equal mass; a value that
 * many have gets a bin of its own. */
void spread_make(struct spread *s, float *v, size_t n);
/* The bin of a value, 0..n-1. */
int spread_bin(const struct spread *s, float v);
/* The index of counts by bin against it, chance taken off, never below 0; 0
 * where nothing is known. */
float spread_index(const struct spread *s, const uint32_t count[SPREAD_BINS]);

/* All features at once. */
struct spread_watch {
	const struct spread *s; /* [n], borrowed */
	int n;
	uint32_t rows;
	uint32_t (*count)[SPREAD_BINS]; /* [n] */
};
void spread_watch_init(struct spread_watch *w, const struct spread *s, int n);
void spread_watch_release(struct spread_watch *w);
/* A request's stored vector, of n values. */
void spread_watch_add(struct spread_watch *w, const float *x);

struct spread_verdict {
	bool enough;  /* rows on both sides to tell anything */
	bool drifted; /* SPREAD_SHARE of the features have moved */
	float mean;   /* index, over features that vary */
	int vary, moved;
	int worst; /* feature of the highest index; -1 none */
	float worst_index;
};
void spread_watch_tell(const struct spread_watch *w,
		       struct spread_verdict *out);

#endif
