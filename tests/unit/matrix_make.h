/* Matrices made from a seed, for tests of what looks at outcomes. */
#ifndef ACO_MATRIX_MAKE_H
#define ACO_MATRIX_MAKE_H

#include "router/matrix.h"

struct make_opts {
	int tasks, arms, classes; /* arms at most 6 */
	int group_size;           /* tasks of a group */
	double judged;            /* share of groups that is marked */
	bool prompts; /* whose words tell a part of the difficulty */
	uint64_t seed;
	uint64_t verdicts; /* seed of the verdicts of judged tasks alone */
};
/* Arm "m0" is the cheapest and weakest; each next one costs three times as
 * much. Class c likes arm c % arms. */
void make_matrix(struct matrix *m, const struct make_opts *o);

#endif
