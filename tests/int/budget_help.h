/* A worker's budgets on a loop of its own, and requests that reserve. */
#ifndef ACO_BUDGET_HELP_H
#define ACO_BUDGET_HELP_H

#include "ingest/budgets.h"
#include "ledger/base/conf.h"

struct db;
struct loop;
struct loop_timer;
struct shared;

#define BW_MAX 256

struct bworld {
	struct conf conf;
	const char *url;
	struct db *db;
	struct loop *loop;
	struct loop_timer *timer;
	struct budgets *b;
	struct shared *shared; /* between processes */
	const char *team;      /* of the requests, or NULL */
	int granted, refused;
	struct budget_ticket *tickets[BW_MAX]; /* that were granted */
	struct budget_answer last;
};

void budget_add(struct db *db, const char *scope, const char *subject,
		const char *period, long long limit_pusd, bool hard);
/* Until a holder was found dead and its leases returned. */
void budget_wait_dead(struct db *db, int32_t holder);

void bworld_init(struct bworld *w, const char *name); /* a fresh database */
void bworld_open(struct bworld *w);
void bworld_close(struct bworld *w); /* but w->db, which the test closes */
void bworld_end(struct bworld *w);   /* budgets and loop alone */

/* One request of a key; its answer is counted. */
void bworld_ask(struct bworld *w, const char *key, int64_t worst_pusd);
/* Run until there are so many answers in all. */
void bworld_answers(struct bworld *w, int n);
void bworld_run_for(struct bworld *w, int ms);
/* Until SQL gives that number. */
void bworld_until(struct bworld *w, const char *sql, int64_t want);
/* Ask, now and then, until it is granted. */
void bworld_until_granted(struct bworld *w, const char *key, int64_t worst);
/* Until what was heard of the ledger is too old. */
void bworld_until_down(struct bworld *w);
/* budget_left() of a key. */
int64_t bworld_left(struct bworld *w, const char *key);
void bworld_settle_all(struct bworld *w, int64_t actual_pusd);

/* As process 0 or 1 of two: in each round `each` requests at once of worst
 * pusd on the key "kROUND"; what is granted is settled at full cost when all
 * have been answered. Returns the exit code. */
int bworld_strain(struct bworld *w, int process, int rounds, int each,
		  int64_t worst);
/* Both together were granted `most` at most in each round. */
void bworld_shared_check(struct bworld *w, int rounds, int most);

#endif
