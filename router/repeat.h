/* Several replies of one model to one request. How much their fates are shared
 * is one number, the correlation of success between two of them: 1 where a
 * second reply is as good or bad as the first, 0 where each is a new chance.
 *
 * It is estimated from tasks that a model was run on more than once, tier by
 * tier, shrunk from class to class; where nothing was repeated it is not known
 * and nobody plans with it. Plans take the worst for granted: that wrong
 * replies agree with each other as good ones do. */
#ifndef ACO_REPEAT_H
#define ACO_REPEAT_H

#define REPEAT_MIN   30 /* cells of several runs, for any estimate */
#define REPEAT_CLASS 20 /* for a class to be planned for */
#define SAMPLES_MAX  3  /* of a plan */

/* What repeated cells of one arm come to; all are sums over cells. */
struct repeat_sum {
	double n;
	double good, square; /* share of good runs, and its square */
	double both;         /* chance that two different runs are good */
};
/* `good` of `runs` >= 2 runs of a task were good. */
void repeat_add(struct repeat_sum *s, int good, int runs);
/* Covariance within a task and variance over tasks, each summed over the
 * cells: their ratio is the correlation. Two arms' parts may be added, as each
 * is centred by itself. Fewer than two cells add nothing. */
void repeat_parts(const struct repeat_sum *s, double *shared, double *all);

/* For a chance p of success that varies over tasks as a beta distribution of
 * this correlation: P(two replies are good), P(three are). Each within 0..p. */
void repeat_moments(double p, double together, double *two, double *three);

#endif
