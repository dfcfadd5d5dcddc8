/* The ledger's sums against the rows that they sum. */
#ifndef ACO_TEST_SUMS_H
#define ACO_TEST_SUMS_H

struct db;

/* The rollups at each grain, and the tasks' own sums; every row has its
 * step and its names; every task is open or has its place by cost. Fails the
 * test when any of them differs. All tasks are settled afterwards. */
void check_sums(struct db *db);

#endif
