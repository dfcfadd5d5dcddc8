/* An ACO_HOME of a test, and `aco up` and `aco down` in it. Each helper fails
 * the running test when something else happens than it says. */
#ifndef ACO_TEST_HOME_H
#define ACO_TEST_HOME_H

#include "ledger/base/conf.h"
#include "tests/int/harness.h"

struct home {
	const char *path;
	char *var; /* "ACO_HOME=..." */
	const char *env[4];
	struct harness_run how;
};

void home_at(struct home *h, const char *path);
/* A path that does not exist yet. */
void home_new(struct home *h);
/* A home whose cluster was made before and is down; whoever uses it leaves it
 * so. Making one takes seconds. */
void home_made(struct home *h);

void home_up(const struct home *h);
void home_down(const struct home *h);
/* `aco COMMAND` succeeds, and prints this on standard output. */
void home_says(const struct home *h, const char *command, const char *word);
/* `aco COMMAND` fails, and says why and what to do. */
void home_refuses(const struct home *h, const char *command, const char *why,
		  const char *advice);

/* A path in the home; lives until the end. */
const char *home_in(const struct home *h, const char *name);
struct conf home_conf(const struct home *h); /* borrows from h */
struct db *home_open(const struct home *h);
pid_t home_postmaster(const struct home *h);

bool is_root(void);
uid_t home_owner(void); /* of clusters that we make */
void assert_mode(const char *path, mode_t mode, uid_t uid);

#endif
