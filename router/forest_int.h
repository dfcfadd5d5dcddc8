/* How a packed forest lies in memory; for forest.c, forest_pack.c and tests. */
#ifndef ACO_FOREST_INT_H
#define ACO_FOREST_INT_H

#include "router/forest.h"

#define FOREST_MAGIC UINT32_C(0x31545346) /* "FST1" */

struct forest_head {
	uint32_t magic, kind, trees, depth, features;
	float base;
	uint64_t bytes; /* of all, a multiple of 64 */
	uint8_t zero[32];
};
_Static_assert(sizeof(struct forest_head) == 64, "a forest's head");

/* x < threshold goes to the left child. The row is laid out twice, once with a
 * missing value as minus infinity (it goes left) and once as infinity: slot is
 * twice the column, plus 1 when a missing value goes right. Thresholds are
 * finite, so no comparison sees a NaN. */
struct forest_node {
	float threshold;
	uint32_t slot;
};

/* Bytes of a packed forest. */
static inline uint64_t forest_bytes(uint64_t trees, uint32_t depth)
{
	uint64_t leaves = trees << depth;

	return (64 + leaves * (8 + 4 + 2) + 63) / 64 * 64;
}

#endif
