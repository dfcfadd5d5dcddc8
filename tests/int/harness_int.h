/* Shared by harness.c (the cluster) and harness_run.c (processes, files). */
#ifndef ACO_HARNESS_INT_H
#define ACO_HARNESS_INT_H

#include "ledger/base/proc.h"
#include "tests/int/harness.h"

/* The folder of this test program, mode 0755. */
const char *harness_root(void);
/* A string that lives until the program ends. */
const char *harness_keep(char *s_owned);
/* User by name; fails the test when there is none. */
struct proc_user harness_user(const char *name);

/* Start the process that cleans up behind us, and the folder it watches. */
void guard_start(void);
/* Let it clean up, and wait for it. */
void guard_end(void);

#endif
